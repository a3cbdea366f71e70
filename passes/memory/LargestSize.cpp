//===- LargestSize.cpp - What a size comes to at most ---------------------===//
//
// Interval arithmetic on polynomials whose atoms aren't negative.
//
//===----------------------------------------------------------------------===//
#include "passes/memory/LargestSize.h"

using namespace tenon;

namespace {
struct Range {
  Dim least, most;
};

class Estimate {
public:
  explicit Estimate(const DimBounds &bounds) : bounds(bounds) {}

  std::optional<Range> of(const Dim &dim) const {
    Range sum;
    for (auto &[monomial, coefficient] : dim.terms()) {
      Range term{Dim(1), Dim(1)};
      for (auto &factor : monomial) {
        auto part = of(*factor);
        if (!part)
          return std::nullopt;
        term = {term.least * part->least, term.most * part->most};
      }
      if (coefficient < 0)
        std::swap(term.least, term.most);
      sum = {sum.least + Dim(coefficient) * term.least, sum.most + Dim(coefficient) * term.most};
    }
    return sum;
  }

private:
  std::optional<Range> of(const Dim::Atom &atom) const {
    if (atom.kind == Dim::AtomKind::Symbol) {
      auto found = bounds.find(atom.name);
      if (found == bounds.end())
        return Range{Dim::symbol(atom.name), Dim::symbol(atom.name)};
      if (!found->second)
        return std::nullopt;
      return Range{Dim(0), Dim::max(*found->second, Dim(0))};
    }
    auto left = of(atom.left), right = of(atom.right);
    if (!left || !right)
      return std::nullopt;
    if (atom.kind == Dim::AtomKind::Max)
      return Range{positive(Dim::max(left->least, right->least)),
                   Dim::max(left->most, right->most)};
    if (atom.kind == Dim::AtomKind::Min)
      return Range{positive(Dim::min(left->least, right->least)),
                   Dim::min(left->most, right->most)};
    // Rounding down keeps the order, by a divisor that doesn't change.
    auto least = Dim::floorDiv(left->least, right->most);
    auto most = Dim::floorDiv(left->most, right->least);
    if (!(right->least == right->most) || !least || !most)
      return std::nullopt;
    return Range{positive(*least), *most};
  }
  static Dim positive(const Dim &dim) { return dim.isNonNegative() ? dim : Dim::max(dim, Dim(0)); }

  const DimBounds &bounds;
};
} // namespace

std::optional<Dim> tenon::largestSize(const Dim &size, const DimBounds &bounds) {
  for (const std::string &name : size.symbols())
    if (bounds.contains(name)) {
      auto range = Estimate(bounds).of(size);
      return range ? std::optional(range->most) : std::nullopt;
    }
  return size;
}
