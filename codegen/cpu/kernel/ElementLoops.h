//===- ElementLoops.h - Loops over the elements of the results --*- C++ -*-===//
#pragma once

#include "codegen/cpu/kernel/Pull.h"
#include "codegen/cpu/kernel/Survey.h"

namespace tenon::cpu {

/// The loops over all elements of a kernel's results, vectors of neighbours along the innermost
/// group, and how they are cut into tasks.
class ElementLoops {
public:
  /// `lanes` 1: one element at a time. `work` is the price of an element in additions; tasks are
  /// cut so that a grain is worth handing to a thread.
  ElementLoops(llvm::ArrayRef<LoopGroup> groups, std::optional<unsigned> partitionAxis,
               unsigned lanes, int64_t work);

  Dim tasks;
  int64_t grain = 1;

  /// `mask` is null where all lanes are elements.
  using Body = llvm::function_ref<void(const Place &place, Value *mask)>;
  void emit(Emission &e, IndexMath &math, Body body);

private:
  void emitFlat(Emission &e, IndexMath &math, Body body);
  void emitTasks(Emission &e, IndexMath &math, Body body);
  void emitNest(Emission &e, IndexMath &math, Place place, Body body);
  void emitLanes(Emission &e, IndexMath &math, const Place &outer, Value *from, Value *to,
                 bool isWhole, Body body);
  bool isPartition(const LoopGroup &group) const {
    return partitionAxis && group.first == *partitionAxis;
  }

  llvm::SmallVector<LoopGroup> groups;
  std::optional<unsigned> partitionAxis;
  unsigned lanes;
  /// Elements of the innermost group in one task.
  int64_t block = 4096;
};

/// True if `dim` is a multiple of `factor` for all values of the named dimensions.
bool isMultipleOf(const Dim &dim, int64_t factor);

/// Lanes for a kernel's vectors: what fills a register with its elements.
unsigned vectorLanes(const KernelRequest &request, const TargetInfo &target);
/// Not more lanes than an axis has elements.
unsigned narrowedLanes(unsigned lanes, const Dim &extent);

} // namespace tenon::cpu
