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

  /// `places` have the same lanes, in neighbouring places of the outer groups.
  using TileBody = llvm::function_ref<void(llvm::ArrayRef<Place> places, Value *mask)>;
  /// The same for `count` places at a time, and for one at a time what is left.
  void emitTiles(Emission &e, IndexMath &math, unsigned count, TileBody body);
  /// True if there are outer groups, every place of which is a task.
  bool canTile() const;

private:
  void emitTasks(Emission &e, IndexMath &math, Body body);
  bool hasBlocks() const;
  Values outerExtents(Emission &e) const;
  Values startOf(Emission &e, llvm::ArrayRef<Value *> extents) const;
  static Values nextOf(Emission &e, llvm::ArrayRef<Value *> at, llvm::ArrayRef<Value *> extents);
  Place outerPlace(llvm::ArrayRef<Value *> at) const;
  void emitNest(Emission &e, IndexMath &math, Place place, Body body);
  void emitLanes(Emission &e, IndexMath &math, llvm::ArrayRef<Place> outer, Value *from, Value *to,
                 bool isWhole, TileBody body);
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
