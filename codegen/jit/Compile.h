//===- Compile.h - From the graph IR to machine code ------------*- C++ -*-===//
#pragma once

#include "codegen/cpu/TargetInfo.h"
#include "codegen/jit/Cache.h"
#include "codegen/jit/Image.h"
#include "passes/Passes.h"

#include "mlir/IR/BuiltinOps.h"

namespace tenon {

struct CompileOptions {
  TargetInfo target = TargetInfo::host();
  /// Kernels are compiled by this many threads.
  unsigned threads = 1;
  /// Kernels that were compiled before are taken from here; null compiles all.
  const DiskCache *cache = nullptr;
  GraphOptions graph;
};

/// What compiling did, for people and benchmarks.
struct CompileReport {
  unsigned kernels = 0;  // in the program
  unsigned distinct = 0; // after equal ones became one
  unsigned cached = 0;   // of these, found on disk
  double passSeconds = 0, kernelSeconds = 0;
};

/// What of a kernel to show instead of compiling it to machine code.
enum class CodeText { Llvm, Assembly };

/// Compiles every function of `module`: graph passes, fusion, memory, kernels (in parallel), and
/// the driver of each function. The module is changed on the way to its last form. Errors are those
/// of a broken invariant (with the op and its place), never a user's.
llvm::Expected<ProgramImage> compile(mlir::ModuleOp module, const CompileOptions &options,
                                     CompileReport *report = nullptr);

/// The key under which a cache keeps a whole program's image: `identity` is everything that decides
/// the module (source bytes, signature, options); build and target are added.
std::string programKey(std::string_view identity, const TargetInfo &target);

/// The passes only: the module as `inspect --stage kernels` shows it.
llvm::Error runPasses(mlir::ModuleOp module, const GraphOptions &options = {});

/// The code of every kernel and driver as text.
llvm::Expected<std::string> printCode(mlir::ModuleOp module, const CompileOptions &options,
                                      CodeText kind);

} // namespace tenon
