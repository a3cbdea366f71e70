//===- RandomProgram.h - Small well-typed functions by chance ---*- C++ -*-===//
#pragma once

#include "ir/dialect/Dialect.h"
#include "ir/eval/HostTensor.h"

#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/OwningOpRef.h"

#include <vector>

namespace tenon::fuzz {

struct ProgramOptions {
  /// Ops at the outermost level. A program of fewer ops is the beginning of the one with more.
  int ops = 14;
  /// Contractions whose result map isn't injective.
  bool scatteredResults = true;
};

/// A function with inputs for it.
struct RandomProgram {
  mlir::OwningOpRef<mlir::ModuleOp> module;
  std::vector<HostTensor> inputs;
  /// For each result: how far two right ways to compute an element may be apart.
  std::vector<double> errors;

  mlir::func::FuncOp function() const { return *module.get().getOps<mlir::func::FuncOp>().begin(); }
};

/// The program of this seed. It verifies; it reads nothing outside its operands; a check in it may
/// fail. Results may alias arguments (`tenon.alias`).
RandomProgram makeProgram(mlir::MLIRContext &context, uint64_t seed,
                          const ProgramOptions &options = {});

} // namespace tenon::fuzz
