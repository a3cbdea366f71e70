//===- EntryPlan.h - What the driver of an entry needs to know --*- C++ -*-===//
#pragma once

#include "codegen/cpu/KernelEmitter.h"
#include "passes/memory/MemoryPlan.h"
#include "passes/schedule/RowPartition.h"

#include <optional>
#include <string>
#include <vector>

namespace tenon {

/// An argument or result of a compiled function, as the C ABI tells it.
struct BindingInfo {
  std::string name, role;
  int32_t dtype = 0; // tenon_dtype
  std::vector<Dim> dims;
  int32_t alias = -1;
};

struct CheckInfo {
  std::string message, location;
};

/// What a program keeps of a function besides its code; goes into the cache as it is.
struct EntryInfo {
  std::string name;
  std::vector<std::string> symbols;
  std::vector<BindingInfo> inputs, outputs;
  std::vector<CheckInfo> checks;
  std::vector<std::string> grown; // places of the loops whose memory grows
  int64_t scratchBytes = 0;
  /// Functions of the C ABI: `body`, `plan`, `input_dims`.
  std::string bodySymbol, planSymbol, inputDimsSymbol;
};

/// A function after all passes, with its memory laid out and its kernels described.
struct EntryPlan {
  mlir::func::FuncOp function;
  EntryInfo info;
  MemoryPlan memory;
  /// All named dimensions: those of `info`, then the steps of loops, which code gives their values.
  std::vector<std::string> names;
  llvm::DenseMap<mlir::Operation *, RowPartition> rows; // scans without barriers
  /// In program order.
  std::vector<std::pair<KernelOp, KernelRequest>> kernels;
};

/// Reads the function's attributes, numbers its checks (`tenon.check_index`), plans its memory and
/// the layout of every kernel's operands and results.
llvm::Expected<EntryPlan> planEntry(mlir::func::FuncOp function, const TargetInfo &target);

} // namespace tenon
