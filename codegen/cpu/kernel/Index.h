//===- Index.h - A place along an axis, for all lanes at once ---*- C++ -*-===//
#pragma once

#include "codegen/cpu/kernel/Emission.h"

namespace tenon::cpu {

/// A whole number for each lane: the same in all (`base` alone), `base + lane * stride`, or any
/// (`lanes`, a vector of i64). So it is known without looking at numbers how memory is read.
struct Index {
  Value *base = nullptr, *stride = nullptr;
  Value *lanes = nullptr;
  /// A power of two that is known to divide `base`.
  unsigned multiple = 1;

  static Index uniform(Value *base) { return {base, nullptr, nullptr, 1}; }
  static Index strided(Value *base, Value *stride, unsigned multiple = 1) {
    return {base, stride, nullptr, multiple};
  }
  static Index vector(Value *lanes) { return {nullptr, nullptr, lanes, 1}; }

  bool isUniform() const { return !stride && !lanes; }
  bool isContiguous() const;
  bool isZero() const;
  bool operator==(const Index &other) const {
    return base == other.base && stride == other.stride && lanes == other.lanes;
  }
};

/// Arithmetic on indices; the same calculation is emitted once for every scope.
class IndexMath {
public:
  using Index = cpu::Index;

  IndexMath(Emission &e, unsigned lanes) : e(e), lanes(lanes) {}

  Index constant(const Dim &d) { return Index::uniform(e.dim(d)); }
  Index add(const Index &a, const Index &c);
  Index scale(const Index &a, const Dim &factor);
  /// Round down; the divisor is positive.
  Index floorDiv(const Index &a, const Dim &divisor);
  Index mod(const Index &a, const Dim &divisor);
  /// Quotient and remainder of an index that isn't negative by a positive extent.
  std::pair<Index, Index> divide(const Index &a, const Dim &extent);

  /// One i64 for each lane.
  Value *vector(const Index &a);
  /// The element `lane` of a register type, converted from i64; a scalar where `a` is uniform.
  Value *convert(const Index &a, llvm::Type *element, bool isReal);
  /// 0, 1, 2, … of an integer type.
  Value *laneNumbers(llvm::Type *element);
  Value *splat(Value *scalar);
  /// Lanes below `count` (i64).
  Value *below(Value *count);

  Emission &e;
  const unsigned lanes;

private:
  enum class Op { Add, Mul, Div, Rem, SignedDiv, SignedRem, Splat, Vector };
  Value *once(Op op, Value *a, Value *c, llvm::function_ref<Value *()> make);
  /// Rounded down, or what that leaves; by something positive.
  Value *floorDivide(Value *x, Value *by, bool quotient);
  Value *add(Value *a, Value *c);
  Value *mul(Value *a, Value *c);
  std::pair<Index, Index> divideLanes(const Index &a, const Dim &by);
  Index floorOperation(const Index &a, const Dim &divisor, bool quotient);

  struct Known {
    Value *value;
    unsigned scope;
  };
  std::map<std::tuple<Op, Value *, Value *>, Known> known;
};

} // namespace tenon::cpu
