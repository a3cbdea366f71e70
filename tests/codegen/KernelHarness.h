//===- KernelHarness.h - Kernels run in this process ------------*- C++ -*-===//
#pragma once

#include "codegen/cpu/KernelEmitter.h"
#include "codegen/cpu/Optimize.h"
#include "ir/eval/Interpreter.h"
#include "runtime/core/FloatMode.h"

#include "mlir/IR/OwningOpRef.h"
#include "llvm/ExecutionEngine/Orc/LLJIT.h"

#include <map>
#include <memory>

namespace tenon::test {

/// The levels that this machine can run.
std::vector<TargetInfo> runnableTargets();

struct KernelOptions {
  /// The axis of all results that every kernel is told to partition.
  std::optional<unsigned> partitionAxis;
  /// Extra elements at the end of each row (stretch of the innermost axis) of inputs and results.
  int64_t padding = 0;
};

/// What came out of a run, and what it took.
struct KernelRun {
  std::vector<HostTensor> results;
  /// "map", "pack", "contraction", … in order.
  std::vector<std::string> kinds;
  /// Lowest (check, element) reported, if any.
  std::optional<std::pair<int64_t, int64_t>> failedCheck;
};

/// A function of the graph IR, fused into kernels and compiled.
class KernelProgram {
public:
  /// `text` is a function of plain ops, or of kernels if it has some.
  static llvm::Expected<std::unique_ptr<KernelProgram>>
  compile(llvm::StringRef text, const TargetInfo &target, const KernelOptions &options = {});
  ~KernelProgram();

  /// Every kernel's tasks are cut into `parts`, run last part first.
  llvm::Expected<KernelRun> run(llvm::ArrayRef<HostTensor> inputs, int parts = 1);
  /// The reference.
  llvm::Expected<std::vector<HostTensor>> interpret(llvm::ArrayRef<HostTensor> inputs,
                                                    const EvalOptions &options = {});
  /// Runs the kernels again on the memory of the last run; answers the processor's seconds it took.
  double seconds(int times);
  double compileSeconds = 0;

private:
  struct Buffer;
  struct Step;
  KernelProgram() = default;
  llvm::Error compileKernels(const TargetInfo &target);
  void runOnce();

  std::unique_ptr<mlir::MLIRContext> context;
  mlir::OwningOpRef<mlir::ModuleOp> source, module;
  KernelOptions options;
  std::unique_ptr<llvm::orc::LLJIT> jit;
  std::vector<Step> steps;
  std::vector<std::string> symbols;
  std::vector<int64_t> symbolValues;
  std::map<void *, std::unique_ptr<Buffer>> buffers;
  std::vector<uint8_t> scratch;
};

} // namespace tenon::test
