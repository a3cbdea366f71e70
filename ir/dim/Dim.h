//===- Dim.h - Whole-number expressions over named dimensions ---*- C++ -*-===//
//
// The extents of tensors. A `Dim` is kept in normal form, a polynomial with integer coefficients
// over atoms, so that two expressions that are equal as polynomials are the same value and print
// the same text. An atom is a named dimension, or a floor division, maximum or minimum whose
// arguments are normal forms themselves. A formula that outgrows `maximalSize`, as products of sums
// and quotients of quotients soon do, is given up. No dependency on LLVM or MLIR.
//
//===----------------------------------------------------------------------===//
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace tenon {

class Dim {
public:
  /// What an atom is: a name, or an operation that a polynomial can't express.
  enum class AtomKind { Symbol, FloorDiv, Max, Min };
  struct Atom;
  /// Sorted factors, repeated for powers; empty is 1.
  using Monomial = std::vector<std::shared_ptr<const Atom>>;
  struct MonomialLess {
    bool operator()(const Monomial &a, const Monomial &b) const;
  };
  using Terms = std::map<Monomial, int64_t, MonomialLess>;

  /// Zero.
  Dim() = default;
  Dim(int64_t value);
  static Dim symbol(std::string name);
  /// Reads the text that `str` writes: `2*batch*heads + time - 1`, `(n - 3) floordiv 2`,
  /// `max(a, b)`. nullopt if the text isn't an expression.
  static std::optional<Dim> parse(std::string_view text);

  Dim operator+(const Dim &other) const;
  Dim operator-(const Dim &other) const;
  Dim operator*(const Dim &other) const;
  Dim operator-() const { return Dim(0) - *this; }
  /// Rounds down. Division by the constant 0 gives nullopt.
  static std::optional<Dim> floorDiv(const Dim &a, const Dim &b);
  /// Takes the divisor's sign: a - b * floorDiv(a, b).
  static std::optional<Dim> mod(const Dim &a, const Dim &b);
  static Dim max(const Dim &a, const Dim &b);
  static Dim min(const Dim &a, const Dim &b);

  bool operator==(const Dim &other) const;
  bool operator<(const Dim &other) const;

  std::optional<int64_t> constant() const;
  bool isConstant(int64_t value) const { return constant() == value; }
  /// The name, if this is one named dimension and nothing else.
  std::optional<std::string> symbolName() const;
  /// Names in it, in order of name, each once.
  std::vector<std::string> symbols() const;
  const Terms &terms() const { return terms_; }

  /// Replaces named dimensions; names that `find` answers with nullopt stay.
  Dim substitute(const std::function<std::optional<Dim>(const std::string &)> &find) const;
  /// The number for these values of the names; nullopt if a name has none, a divisor is 0 or the
  /// result doesn't fit 64 bits.
  std::optional<int64_t>
  evaluate(const std::function<std::optional<int64_t>(const std::string &)> &value) const;
  /// The extent that solves `this == value` for `name`, where this is linear in it with coefficient
  /// 1 or -1 and it occurs in no other atom.
  std::optional<Dim> solveFor(const std::string &name, const Dim &value) const;
  /// True if it is >= 0 whenever every named dimension is >= `least`. False means "not proved".
  bool isNonNegative(int64_t least = 0) const;
  /// True if no arithmetic in building this overflowed 64 bits or made too large a formula.
  bool isValid() const { return state_ == State::Exact; }
  /// True if it was given up as a formula, and not for an overflow.
  bool isTooLarge() const { return state_ == State::TooLarge; }
  /// How many terms and factors are written in it, those within its atoms included.
  size_t size() const { return size_; }
  static constexpr size_t maximalSize = size_t(1) << 16;

  std::string str() const;
  size_t hash() const;

private:
  static Dim atom(AtomKind kind, const Dim &a, const Dim &b);
  void add(const Monomial &monomial, int64_t coefficient);
  /// The worse of the two states, and nothing else where the formula is too large.
  void join(const Dim &other);
  void giveUp();
  void accumulate(const Dim &other);

  enum class State : uint8_t { Exact, Overflow, TooLarge };
  Terms terms_;
  size_t size_ = 0;
  State state_ = State::Exact;
};

struct Dim::Atom {
  AtomKind kind;
  std::string name; // Symbol
  Dim left, right;  // the others

  size_t size() const { return 1 + left.size() + right.size(); }
};

} // namespace tenon
