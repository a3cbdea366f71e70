//===- CombineCode.h - How a reduction joins values -------------*- C++ -*-===//
#pragma once

#include "codegen/cpu/kernel/Pull.h"

namespace tenon::cpu {

/// Code of a contraction's body and combiner. An accumulator is one value, or two (the best value
/// and where it is, -1 before the first), each a scalar or a vector.
class CombineCode {
public:
  CombineCode(Emission &e, ContractOp op);

  /// logsumexp takes two rounds over the elements: the maximum, then the sum of exponentials.
  unsigned rounds() const { return combiner == Combiner::logsumexp ? 2 : 1; }
  /// Starts a round; `previous` is what the round before came to.
  void startRound(unsigned round, Value *previous);

  /// `lanes` 1: a scalar.
  Values neutral(unsigned lanes);
  /// Joins the body's value for these elements of the operands. `at` is the place in the reduced
  /// loop of argmax and argmin (i64). Lanes outside the mask stay as they are.
  Values step(llvm::ArrayRef<Value *> accumulator, llvm::ArrayRef<Value *> elements, Value *at,
              Value *mask);
  Values join(llvm::ArrayRef<Value *> a, llvm::ArrayRef<Value *> c);
  /// The lanes of an accumulator as one: lane i with lane i + n/2, and so on down.
  Values joinLanes(Values accumulator);
  /// The element of the result, in its register type.
  Value *finish(llvm::ArrayRef<Value *> accumulator);

  bool isArg() const { return combiner == Combiner::argmax || combiner == Combiner::argmin; }
  /// The first op of the body that has no code.
  m::Operation *unknown = nullptr;

private:
  Value *body(llvm::ArrayRef<Value *> elements);
  Value *joinValues(Value *a, Value *c);
  Values joinPlaces(Value *best, Value *bestAt, Value *value, Value *at);
  Value *neutralNumber();

  Emission &e;
  ContractOp op;
  Combiner combiner;
  m::Type element;
  bool isChain;
  unsigned round = 0;
  Value *maximum = nullptr;
};

} // namespace tenon::cpu
