//===- DimFacts.h - What is known about whole numbers -----------*- C++ -*-===//
//
// Proofs about dimensions: from what a program requires, from the conditions around a place and
// from the ranges of its indices. "Not proved" is always a possible answer; "proved" is always
// right for numbers that stay within 64 bits. Every name stands for a number >= 0, every divisor
// for one >= 1.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "ir/dim/Dim.h"

#include <utility>

namespace tenon {

/// Bounded: of more than `mostFacts` the later ones are forgotten, and no proof looks at them
/// longer than a fixed number of steps. What isn't proved for that counts as unknown.
class DimFacts {
public:
  static constexpr size_t mostFacts = 128;

  /// a >= b from here on.
  void assumeNotLess(const Dim &a, const Dim &b);
  /// a == b from here on. Where it can be solved for a name, that name is replaced in what is
  /// asked. `a == b * (a floordiv b)` makes `a` a multiple of `b`.
  void assumeEqual(const Dim &a, const Dim &b);

  bool provesEqual(const Dim &a, const Dim &b) const;
  bool provesNotLess(const Dim &a, const Dim &b) const;

  /// Facts are forgotten again down to an earlier `size`.
  struct Size {
    size_t replaced, inequalities;
  };
  Size size() const { return {replaced_.size(), inequalities_.size()}; }
  void shrink(Size size);
  /// The time that proofs have taken since the beginning, in units of about 200 ns.
  uint64_t work() const { return work_; }
  bool empty() const { return replaced_.empty() && inequalities_.empty(); }

private:
  Dim reduced(Dim dim) const;
  bool provesNonNegative(const Dim &difference, unsigned splits) const;
  /// Replaces a name; what is known of it (it is >= 0) stays known of its replacement.
  void replace(const std::string &name, const Dim &by);
  void know(const Dim &notNegative);
  bool assumeMultiple(const Dim &difference);

  std::vector<std::pair<std::string, Dim>> replaced_; ///< each in terms of those that follow
  std::vector<Dim> inequalities_;                     ///< each >= 0
  unsigned quotients_ = 0;
  mutable uint64_t work_ = 0;
};

} // namespace tenon
