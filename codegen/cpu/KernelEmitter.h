//===- KernelEmitter.h - Machine code for one kernel ------------*- C++ -*-===//
#pragma once

#include "ir/dialect/Dialect.h"

#include "llvm/Support/Error.h"

#include <optional>
#include <string>

namespace llvm {
class Module;
}

namespace tenon {
struct TargetInfo;

/// A tensor in memory: element i is at sum of i[k] * strides[k], in elements.
struct BufferLayout {
  RankedTensorType type;
  SmallVector<Dim> strides;
};

/// What a kernel is compiled from.
struct KernelRequest {
  KernelOp op;
  SmallVector<BufferLayout> inputs, outputs;
  /// The axis of the results whose places are the kernel's tasks, one each; if absent the emitter
  /// chooses the tasks.
  std::optional<unsigned> partitionAxis;
  /// True if the result's memory is the first operand's: an update kernel writes its row alone.
  bool inPlace = false;
  /// True if no loop may run over both axis `axis` - 1 and `axis` of the results: a task is one
  /// place of the partition's axis alone.
  bool isBorder(unsigned axis) const {
    return partitionAxis && (axis == *partitionAxis || axis == *partitionAxis + 1);
  }
  /// The named dimensions, in the order of the `symbols` argument.
  SmallVector<std::string> symbols;
};

/// A function `void symbol(ptr frame, ptr symbols, ptr pointers, i64 lo, i64 hi, ptr scratch)`.
///
/// `pointers` are the inputs' data, then the outputs'. It computes the tasks [lo, hi) of [0,
/// tasks); tasks may run in any order and at the same time, and give the same bits however they are
/// shared. Ranges start and end at multiples of `grain`, but for the end of the whole. `scratch` is
/// 64-byte aligned memory of the thread's own, of `scratchBytes`; its contents mean nothing between
/// calls.
struct EmittedKernel {
  std::string symbol;
  Dim tasks;
  int64_t grain = 1;
  int64_t scratchBytes = 0;
};

/// Emits a kernel into `module`. An error names the op that no generator can do.
llvm::Expected<EmittedKernel> emitKernel(const KernelRequest &request, const TargetInfo &target,
                                         llvm::Module &module);

/// Canonical text: two requests with equal keys have the same code. Names of ops' values, of the
/// kernel and source locations don't enter.
std::string kernelKey(const KernelRequest &request, const TargetInfo &target);

/// The bytes of a `pack` kernel's result in panels; a multiple of 64.
Dim packedBytes(KernelOp pack, const TargetInfo &target);

} // namespace tenon
