//===- DimFacts.cpp - What is known about whole numbers -------------------===//
//
// A goal `g >= 0` is proved by subtracting multiples of known inequalities until no term is
// negative: each step picks the first negative term and a fact whose own negative term divides it.
// Floor divisions, maxima and minima bring their defining inequalities along:
//
//   q = a floordiv b:   a - b*q >= 0,   b*q + b - 1 - a >= 0
//   m = max(a, b):      m - a >= 0,     m - b >= 0
//   m = min(a, b):      a - m >= 0,     b - m >= 0
//
//===----------------------------------------------------------------------===//
#include "ir/dim/DimFacts.h"

#include <algorithm>

using namespace tenon;

using AtomPtr = std::shared_ptr<const Dim::Atom>;

static Dim asDim(const AtomPtr &atom) {
  switch (atom->kind) {
  case Dim::AtomKind::Symbol:
    return Dim::symbol(atom->name);
  case Dim::AtomKind::Max:
    return Dim::max(atom->left, atom->right);
  case Dim::AtomKind::Min:
    return Dim::min(atom->left, atom->right);
  case Dim::AtomKind::FloorDiv:
    break;
  }
  return Dim::floorDiv(atom->left, atom->right).value_or(Dim());
}

static Dim product(const Dim::Monomial &monomial) {
  Dim result(1);
  for (const AtomPtr &factor : monomial)
    result = result * asDim(factor);
  return result;
}

/// `monomial / divisor`, if every factor of the divisor is in it.
static std::optional<Dim::Monomial> quotient(Dim::Monomial monomial, const Dim::Monomial &divisor) {
  for (const AtomPtr &factor : divisor) {
    auto at = std::find_if(monomial.begin(), monomial.end(), [&](const AtomPtr &other) {
      Dim::MonomialLess less;
      return other == factor || (!less({other}, {factor}) && !less({factor}, {other}));
    });
    if (at == monomial.end())
      return std::nullopt;
    monomial.erase(at);
  }
  return monomial;
}

//===----------------------------------------------------------------------===//
// Assuming
//===----------------------------------------------------------------------===//

Dim DimFacts::reduced(Dim dim) const {
  if (replaced_.empty() || dim.constant())
    return dim;
  std::vector<std::string> names = dim.symbols();
  for (auto &[name, by] : replaced_) {
    if (!std::binary_search(names.begin(), names.end(), name))
      continue;
    dim = dim.substitute([&](const std::string &other) -> std::optional<Dim> {
      return other == name ? std::optional(by) : std::nullopt;
    });
    names = dim.symbols();
  }
  return dim;
}

void DimFacts::replace(const std::string &name, const Dim &by) {
  if (replaced_.size() >= mostFacts)
    return;
  replaced_.emplace_back(name, by);
  if (!by.isNonNegative())
    know(by);
}

void DimFacts::know(const Dim &notNegative) {
  if (inequalities_.size() < mostFacts)
    inequalities_.push_back(notNegative);
}

void DimFacts::assumeNotLess(const Dim &a, const Dim &b) {
  Dim difference = reduced(a - b);
  if (difference.isValid() && !difference.isNonNegative())
    know(difference);
}

/// Solves `sum == value` for a name in it that `value` doesn't contain.
static std::optional<std::pair<std::string, Dim>> solved(const Dim &sum, const Dim &value) {
  auto taken = value.symbols();
  for (auto &[monomial, coefficient] : sum.terms()) {
    if (monomial.size() != 1 || monomial[0]->kind != Dim::AtomKind::Symbol ||
        std::find(taken.begin(), taken.end(), monomial[0]->name) != taken.end())
      continue;
    if (auto solution = sum.solveFor(monomial[0]->name, value))
      return std::pair(monomial[0]->name, *solution);
  }
  return std::nullopt;
}

/// `p - q * (p floordiv q) == 0`: p is q times a new name.
bool DimFacts::assumeMultiple(const Dim &difference) {
  for (auto &[monomial, coefficient] : difference.terms())
    for (const AtomPtr &factor : monomial) {
      if (factor->kind != Dim::AtomKind::FloorDiv)
        continue;
      const Dim &p = factor->left, &q = factor->right;
      Dim remainder = p - q * asDim(factor);
      if (!(remainder == difference) && !(-remainder == difference))
        continue;
      std::string name = "%q" + std::to_string(quotients_++);
      Dim times = Dim::symbol(name);
      if (!provesNotLess(p, Dim(0)))
        times = times - Dim::symbol(name + "-");
      if (auto solution = solved(p, q * times)) {
        replace(solution->first, solution->second);
        return true;
      }
    }
  return false;
}

void DimFacts::assumeEqual(const Dim &a, const Dim &b) {
  Dim difference = reduced(a - b);
  if (!difference.isValid() || difference.constant())
    return;
  if (assumeMultiple(difference))
    return;
  if (auto solution = solved(difference, Dim(0))) {
    replace(solution->first, solution->second);
    return;
  }
  know(difference);
  know(-difference);
}

void DimFacts::shrink(Size size) {
  replaced_.resize(size.replaced);
  inequalities_.resize(size.inequalities);
}

//===----------------------------------------------------------------------===//
// Proving
//===----------------------------------------------------------------------===//

/// What defines the floor divisions, maxima and minima in a sum, each >= 0.
static void defining(const Dim &dim, std::vector<Dim> &out, unsigned depth) {
  for (auto &[monomial, coefficient] : dim.terms())
    for (const AtomPtr &factor : monomial) {
      if (factor->kind == Dim::AtomKind::Symbol)
        continue;
      const Dim &a = factor->left, &b = factor->right;
      Dim whole = asDim(factor);
      if (factor->kind == Dim::AtomKind::FloorDiv) {
        if (b.isNonNegative()) {
          out.push_back(a - b * whole);
          out.push_back(b * whole + b - Dim(1) - a);
        }
      } else {
        bool isMax = factor->kind == Dim::AtomKind::Max;
        out.push_back(isMax ? whole - a : a - whole);
        out.push_back(isMax ? whole - b : b - whole);
      }
      if (depth) {
        defining(a, out, depth - 1);
        defining(b, out, depth - 1);
      }
    }
}

namespace {
/// `dim >= 0`, by subtracting multiples of the facts.
class Search {
public:
  /// The more facts, those about nested quotients above all, the less is tried with them: what such
  /// formulas say is seldom proved, and takes long to multiply.
  explicit Search(std::vector<Dim> known)
      : facts(std::move(known)), mostWork(400'000 / (1 + facts.size() * facts.size())) {}

  bool proves(const Dim &dim, unsigned depth) {
    if (dim.isNonNegative())
      return true;
    if (!dim.isValid() || !depth || !steps || work > mostWork)
      return false;
    --steps;
    work += facts.size() / 2;
    auto negative = std::find_if(dim.terms().begin(), dim.terms().end(),
                                 [](auto &term) { return term.second < 0; });
    // A floor division that may be negative has no term to get rid of.
    if (negative == dim.terms().end())
      return false;
    // Facts about the term itself come before multiples of those about its factors.
    for (bool multiplied : {false, true})
      for (const Dim &fact : facts)
        for (auto &[monomial, coefficient] : fact.terms()) {
          auto times = coefficient < 0 ? quotient(negative->first, monomial) : std::nullopt;
          if (!times || times->empty() == multiplied)
            continue;
          if (!attempts)
            return false;
          --attempts;
          work += 16 + (dim.size() + fact.size()) / 4;
          Dim factor = product(*times);
          if (factor.isNonNegative() &&
              without(dim, -negative->second, factor * fact, -coefficient, depth))
            return true;
        }
    return false;
  }

  uint64_t work = 0;

private:
  /// Whether `dim` is proved where a term that lacks `lacking` is made up for by a fact that has
  /// `each` of it: all of it at once, or a part where another fact has the rest. Of whole numbers
  /// s * dim >= 1 - s is as good as dim >= 0.
  bool without(const Dim &dim, int64_t lacking, const Dim &fact, int64_t each, unsigned depth) {
    auto part = [&] { return lacking > each && proves(dim - fact, depth - 1); };
    if (lacking % each == 0)
      return proves(dim - Dim(lacking / each) * fact, depth - 1) || part();
    return part() || proves(dim * Dim(each) + Dim(each - 1) - Dim(lacking) * fact, depth - 1);
  }

  std::vector<Dim> facts;
  uint64_t mostWork;
  unsigned steps = 200, attempts = 2000;
};
} // namespace

/// The sum with an atom replaced.
static Dim replaced(const Dim &dim, const AtomPtr &atom, const Dim &by) {
  Dim result;
  for (auto &[monomial, coefficient] : dim.terms()) {
    Dim term(coefficient);
    for (const AtomPtr &factor : monomial)
      term = term * (asDim(factor) == asDim(atom) ? by : asDim(factor));
    result = result + term;
  }
  return result;
}

bool DimFacts::provesEqual(const Dim &a, const Dim &b) const {
  Dim left = reduced(a - b);
  if (left.isConstant(0) || inequalities_.empty())
    return left.isConstant(0) && left.isValid();
  return provesNotLess(a, b) && provesNotLess(b, a);
}

bool DimFacts::provesNotLess(const Dim &a, const Dim &b) const {
  return provesNonNegative(reduced(a - b), 3);
}

bool DimFacts::provesNonNegative(const Dim &difference, unsigned splits) const {
  if (difference.isNonNegative())
    return true;
  std::vector<Dim> known, definitions;
  for (const Dim &fact : inequalities_)
    known.push_back(reduced(fact));
  defining(difference, definitions, 2);
  for (const Dim &fact : known)
    defining(fact, definitions, 2);
  known.insert(known.end(), definitions.begin(), definitions.end());
  work_ += 6 * inequalities_.size() + 20 * definitions.size();
  Search search(std::move(known));
  bool proved = search.proves(difference, 6);
  work_ += search.work;
  if (proved)
    return true;
  // A maximum or minimum is one of the two.
  for (auto &[monomial, coefficient] : difference.terms())
    for (const AtomPtr &factor : monomial)
      if (splits && (factor->kind == Dim::AtomKind::Max || factor->kind == Dim::AtomKind::Min))
        return provesNonNegative(replaced(difference, factor, factor->left), splits - 1) &&
               provesNonNegative(replaced(difference, factor, factor->right), splits - 1);
  return false;
}
