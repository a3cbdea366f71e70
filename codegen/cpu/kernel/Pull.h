//===- Pull.h - Elements of a kernel's values, on demand --------*- C++ -*-===//
#pragma once

#include "codegen/cpu/kernel/Index.h"
#include "codegen/cpu/kernel/Place.h"

#include <functional>
#include <memory>
#include <vector>

namespace tenon::cpu {

using Place = PlaceOf<Index>;

/// Lanes that may be read; null for all. Chained to the mask that it was made from, of which it is
/// a part.
struct Mask {
  Value *lanes = nullptr;
  const Mask *outer = nullptr;
};

/// Emits the elements of values at a place: asks the op that makes the value, which asks for its
/// operands where it needs them, down to loads. A value whose place is the same for all lanes is a
/// scalar, any other a vector. An element asked for twice is emitted once for every scope.
class Pull {
public:
  Pull(Emission &e, unsigned lanes) : e(e), math(e, lanes), move(math) {}

  Emission &e;
  IndexMath math;
  Movement<IndexMath> move;

  /// The element at `place`, in its register type. Lanes outside the mask are anything.
  Value *element(m::Value value, const Place &place, const Mask *mask = nullptr);
  /// The same, as a vector even where it is a scalar.
  Value *lanesOf(m::Value value, const Place &place, const Mask *mask = nullptr);

  /// Answers a value from outside: a contraction whose loops are somebody else's.
  using Source = std::function<Value *(const Place &, const Mask *)>;
  void bind(m::Value value, Source source) { bound[value] = std::move(source); }
  /// Forgets what was emitted for bound values and everything above.
  void forget() { memo.clear(); }

  /// A mask for part of `outer`'s lanes; null `lanes` gives `outer` itself.
  const Mask *mask(Value *lanes, const Mask *outer = nullptr);

  /// Elements from memory, widened to their register type; a scalar where the offset is uniform.
  Value *load(Value *pointer, m::Type element, const Index &offset, const Mask *mask,
              llvm::function_ref<void(Value *)> mark);
  /// Elements that lie `stride` apart.
  Value *loadApart(llvm::Type *type, Value *first, int64_t stride, const Mask *mask,
                   llvm::function_ref<void(Value *)> mark);
  /// Writes to memory, rounding; a scalar value where the offset is uniform.
  void store(Value *value, Value *pointer, m::Type element, const Index &offset, const Mask *mask,
             llvm::function_ref<void(Value *)> mark);
  /// Writes an element of a result.
  void storeResult(Value *value, unsigned output, const Place &place, const Mask *mask);

  /// The first op that couldn't be emitted; the code is then good for nothing.
  m::Operation *unknown = nullptr;

private:
  Value *compute(m::Value value, const Place &place, const Mask *mask);
  Value *computeOp(m::Operation *op, const Place &place, const Mask *mask);
  Value *pad(PadOp op, const Place &place, const Mask *mask);
  Value *concat(ConcatOp op, const Place &place, const Mask *mask);
  Value *gather(GatherOp op, const Place &place, const Mask *mask);
  Value *constant(ConstantOp op, const Place &place, const Mask *mask);
  Value *where(Value *uniformly, Value *lanes, const Mask *mask, m::Type element, bool isUniform,
               llvm::function_ref<Value *(const Mask *)> then,
               llvm::function_ref<Value *()> otherwise);
  Value *compare(llvm::CmpInst::Predicate predicate, const Index &a, const Dim &d);

  struct Known {
    Place place;
    const Mask *mask;
    unsigned scope;
    Value *value;
  };
  llvm::DenseMap<m::Value, std::vector<Known>> memo;
  llvm::DenseMap<m::Value, Source> bound;
  std::vector<std::unique_ptr<Mask>> masks;
};

/// Elements `at` (row-major, i64 scalar or vector) of a draw; `parameter(i)` gives its operands.
Value *emitDraw(Emission &e, DrawOp op, Value *at, llvm::function_ref<Value *(m::Value)> scalar);

/// Makes the check of a kernel at a place of its condition.
void emitCheck(Pull &pull, CheckOp check, const Place &place, const Mask *mask);

} // namespace tenon::cpu
