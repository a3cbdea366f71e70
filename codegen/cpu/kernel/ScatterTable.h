//===- ScatterTable.h - A table that rows are added into --------*- C++ -*-===//
#pragma once

#include "codegen/cpu/kernel/ElementLoops.h"

namespace tenon::cpu {

/// A result of a scatter kernel: code that adds an update to one of its rows.
///
/// What is stored through a mask has to reach the cache before it can be loaded again, and the next
/// update may be for the same row. So rows that don't fill vectors are added up with room behind
/// them, in memory of the thread's own, if that holds them, and are moved to the table at the end.
class ScatterTable {
public:
  ScatterTable(Emission &e, ScatterAddOp op, unsigned output);

  /// Sums of narrow reals would be rounded after every addition in memory of their own type.
  bool isSummedInRegisters() const;

  /// Takes room for the sums at `used` of the scratch memory, if that is where they are better
  /// made and there is enough; answers what is used then.
  int64_t takeRoom(int64_t used);

  void clear(Value *row);
  void add(const Place &update, Value *row);
  /// Puts the sums of a row into the table.
  void moveOut(Value *row);

  /// Stores the sums over all updates that `add` answers for, each made in one go.
  /// `walk(start, term)` joins the terms of the updates that fall on the row.
  using Walk = llvm::function_ref<Value *(Value *start,
                                          llvm::function_ref<Value *(Value *, const Place &)>)>;
  void addUp(Value *row, Walk walk);

  const Pull &reader() const { return pull; }

private:
  llvm::SmallVector<LoopGroup> loopsInRow();
  unsigned lanesInRow();
  bool leavesLanes() const;
  BufferLayout withRoom() const;
  Value *loadSum(const Place &place, const Mask *mask);
  void storeSum(Value *value, const Place &place, const Mask *mask);
  std::function<void(Value *)> marked();
  void elements(llvm::function_ref<void(const Place &inRow, const Mask *mask)> body);
  Value *zero();
  Value *sum(Value *a, Value *c);

  Emission &e;
  llvm::IRBuilder<> &b;
  ScatterAddOp op;
  unsigned output;
  RankedTensorType type;
  m::Type element;
  llvm::SmallVector<LoopGroup> groups; ///< the loops of a row
  Pull pull;
  /// Where the sums are made: in the table itself, or at `room`.
  BufferLayout sums;
  Value *room = nullptr;
};

} // namespace tenon::cpu
