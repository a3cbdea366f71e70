//===- Passes.h - Graph to graph transformations ----------------*- C++ -*-===//
#pragma once

#include "ir/dialect/Dialect.h"

#include "mlir/Pass/Pass.h"

namespace mlir {
class OpPassManager;
}

namespace tenon {

#define GEN_PASS_DECL
#include "passes/Passes.h.inc"

/// What decides about derivatives besides the program.
struct GraphOptions {
  /// Bytes that each loop may keep for its reverse; 0: no limit.
  int64_t budget = 0;
  /// What named dimensions are taken to be where that decides about segments: "n=100".
  llvm::SmallVector<std::string> extents;
};

/// From what the frontend writes to plain ops: differentiates, simplifies, moves work out of scans.
void buildGraphPipeline(mlir::OpPassManager &manager, const GraphOptions &options = {});
/// From plain ops to kernels, each result with its writer.
void buildKernelPipeline(mlir::OpPassManager &manager);

/// Makes all passes and pipelines known by name (for `tenon-opt`).
void registerTenonPasses();

} // namespace tenon
