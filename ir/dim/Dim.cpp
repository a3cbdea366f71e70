//===- Dim.cpp - Whole-number expressions over named dimensions -----------===//
#include "ir/dim/Dim.h"

#include <algorithm>
#include <cctype>
#include <limits>

using namespace tenon;

//===----------------------------------------------------------------------===//
// Order and equality
//===----------------------------------------------------------------------===//

static int compare(const Dim &a, const Dim &b);

static int compare(const Dim::Atom &a, const Dim::Atom &b) {
  if (&a == &b)
    return 0;
  if (a.kind != b.kind)
    return a.kind < b.kind ? -1 : 1;
  if (a.kind == Dim::AtomKind::Symbol)
    return a.name.compare(b.name);
  if (int c = compare(a.left, b.left))
    return c;
  return compare(a.right, b.right);
}

static int compare(const Dim::Monomial &a, const Dim::Monomial &b) {
  // Higher degree first, so that a polynomial prints as people write it.
  if (a.size() != b.size())
    return a.size() > b.size() ? -1 : 1;
  for (size_t i = 0; i < a.size(); ++i)
    if (int c = compare(*a[i], *b[i]))
      return c;
  return 0;
}

static int compare(const Dim &a, const Dim &b) {
  auto x = a.terms().begin(), y = b.terms().begin();
  for (; x != a.terms().end() && y != b.terms().end(); ++x, ++y) {
    if (int c = compare(x->first, y->first))
      return c;
    if (x->second != y->second)
      return x->second < y->second ? -1 : 1;
  }
  if (x == a.terms().end())
    return y == b.terms().end() ? 0 : -1;
  return 1;
}

bool Dim::MonomialLess::operator()(const Monomial &a, const Monomial &b) const {
  return compare(a, b) < 0;
}
bool Dim::operator==(const Dim &other) const {
  return state_ == other.state_ && compare(*this, other) == 0;
}
bool Dim::operator<(const Dim &other) const { return compare(*this, other) < 0; }

//===----------------------------------------------------------------------===//
// Arithmetic
//===----------------------------------------------------------------------===//

static size_t sizeOf(const Dim::Monomial &monomial) {
  size_t size = 1;
  for (auto &factor : monomial)
    size += factor->size();
  return size;
}

Dim::Dim(int64_t value) {
  if (value)
    add({}, value);
}

Dim Dim::symbol(std::string name) {
  Dim result;
  result.add({std::make_shared<const Atom>(Atom{AtomKind::Symbol, std::move(name), {}, {}})}, 1);
  return result;
}

Dim Dim::atom(AtomKind kind, const Dim &a, const Dim &b) {
  Dim result;
  result.join(a);
  result.join(b);
  if (result.isTooLarge())
    return result;
  result.add({std::make_shared<const Atom>(Atom{kind, {}, a, b})}, 1);
  return result;
}

void Dim::add(const Monomial &monomial, int64_t coefficient) {
  if (isTooLarge())
    return;
  auto [place, isNew] = terms_.try_emplace(monomial, coefficient);
  if (isNew)
    size_ += sizeOf(monomial);
  else if (__builtin_add_overflow(place->second, coefficient, &place->second))
    state_ = State::Overflow;
  if (place->second == 0) {
    size_ -= sizeOf(monomial);
    terms_.erase(place);
  }
  if (size_ > maximalSize)
    giveUp();
}

void Dim::giveUp() {
  *this = Dim();
  state_ = State::TooLarge;
}

void Dim::join(const Dim &other) {
  if (other.isTooLarge())
    giveUp();
  else if (!other.isValid() && !isTooLarge())
    state_ = State::Overflow;
}

void Dim::accumulate(const Dim &other) {
  join(other);
  for (auto &[monomial, coefficient] : other.terms_)
    add(monomial, coefficient);
}

Dim Dim::operator+(const Dim &other) const {
  Dim result = *this;
  result.accumulate(other);
  return result;
}

Dim Dim::operator-(const Dim &other) const { return *this + other * Dim(-1); }

Dim Dim::operator*(const Dim &other) const {
  Dim result;
  result.join(*this);
  result.join(other);
  // What the product has before terms meet.
  if (terms_.size() * other.size_ + other.terms_.size() * size_ > 4 * maximalSize)
    result.giveUp();
  if (result.isTooLarge())
    return result;
  for (auto &[m1, c1] : terms_)
    for (auto &[m2, c2] : other.terms_) {
      Monomial product;
      std::merge(m1.begin(), m1.end(), m2.begin(), m2.end(), std::back_inserter(product),
                 [](auto &a, auto &b) { return compare(*a, *b) < 0; });
      int64_t coefficient;
      if (__builtin_mul_overflow(c1, c2, &coefficient) && !result.isTooLarge())
        result.state_ = State::Overflow;
      result.add(product, coefficient);
    }
  return result;
}

/// Of numbers whose quotient exists and fits.
static int64_t floorDivide(int64_t a, int64_t b) {
  int64_t q = a / b;
  return q - ((a % b != 0 && (a < 0) != (b < 0)) ? 1 : 0);
}

std::optional<Dim> Dim::floorDiv(const Dim &a, const Dim &b) {
  if (b.isConstant(0))
    return std::nullopt;
  if (b.isConstant(1))
    return a;
  if (a == b)
    return Dim(1);
  auto divisor = b.constant();
  constexpr int64_t least = std::numeric_limits<int64_t>::min();
  if (divisor && *divisor < 0 && *divisor != least)
    return floorDiv(-a, Dim(-*divisor));
  if (auto dividend = a.constant(); dividend && divisor)
    return Dim(floorDivide(*dividend, *divisor));
  if (divisor && *divisor > 0) {
    // Multiples of the divisor leave the division: (6*n + 3) / 2 = 3*n + 3/2.
    Dim whole, rest;
    for (auto &[monomial, coefficient] : a.terms_) {
      int64_t q =
          monomial.empty() || coefficient % *divisor == 0 ? floorDivide(coefficient, *divisor) : 0;
      int64_t remainder = q == 0 && !monomial.empty() ? coefficient : coefficient % *divisor;
      whole.add(monomial, q);
      rest.add(monomial, monomial.empty() && remainder < 0 ? remainder + *divisor : remainder);
    }
    whole.join(a);
    if (auto c = rest.constant())
      return whole + Dim(floorDivide(*c, *divisor));
    return whole + atom(AtomKind::FloorDiv, rest, b);
  }
  // A single-term divisor that divides every term: (batch*heads*4) / heads.
  if (b.terms_.size() == 1) {
    auto &[monomial, coefficient] = *b.terms_.begin();
    Dim quotient;
    bool exact = !a.terms_.empty();
    for (auto &[m, c] : a.terms_) {
      Monomial left = m;
      for (auto &factor : monomial) {
        auto at = std::find_if(left.begin(), left.end(),
                               [&](auto &f) { return compare(*f, *factor) == 0; });
        if (at == left.end()) {
          exact = false;
          break;
        }
        left.erase(at);
      }
      // The one quotient of two numbers that doesn't fit, -2^63 / -1, stays a division.
      if (!exact || (coefficient == -1 && c == std::numeric_limits<int64_t>::min()) ||
          c % coefficient != 0) {
        exact = false;
        break;
      }
      quotient.add(left, c / coefficient);
    }
    if (exact)
      return quotient;
  }
  return atom(AtomKind::FloorDiv, a, b);
}

std::optional<Dim> Dim::mod(const Dim &a, const Dim &b) {
  auto quotient = floorDiv(a, b);
  if (!quotient)
    return std::nullopt;
  return a - b * *quotient;
}

Dim Dim::max(const Dim &a, const Dim &b) {
  if ((a - b).isNonNegative())
    return a;
  if ((b - a).isNonNegative())
    return b;
  return a < b ? atom(AtomKind::Max, a, b) : atom(AtomKind::Max, b, a);
}

Dim Dim::min(const Dim &a, const Dim &b) {
  if ((a - b).isNonNegative())
    return b;
  if ((b - a).isNonNegative())
    return a;
  return a < b ? atom(AtomKind::Min, a, b) : atom(AtomKind::Min, b, a);
}

//===----------------------------------------------------------------------===//
// Questions
//===----------------------------------------------------------------------===//

std::optional<int64_t> Dim::constant() const {
  if (terms_.empty())
    return 0;
  if (terms_.size() == 1 && terms_.begin()->first.empty())
    return terms_.begin()->second;
  return std::nullopt;
}

std::optional<std::string> Dim::symbolName() const {
  if (terms_.size() != 1 || terms_.begin()->second != 1)
    return std::nullopt;
  const Monomial &monomial = terms_.begin()->first;
  if (monomial.size() != 1 || monomial[0]->kind != AtomKind::Symbol)
    return std::nullopt;
  return monomial[0]->name;
}

std::vector<std::string> Dim::symbols() const {
  std::vector<std::string> names;
  for (auto &[monomial, coefficient] : terms_)
    for (auto &factor : monomial) {
      if (factor->kind == AtomKind::Symbol) {
        names.push_back(factor->name);
        continue;
      }
      for (const Dim *side : {&factor->left, &factor->right})
        for (auto &name : side->symbols())
          names.push_back(name);
    }
  std::sort(names.begin(), names.end());
  names.erase(std::unique(names.begin(), names.end()), names.end());
  return names;
}

Dim Dim::substitute(const std::function<std::optional<Dim>(const std::string &)> &find) const {
  Dim result;
  result.join(*this);
  for (auto &[monomial, coefficient] : terms_) {
    Dim term(coefficient);
    Monomial kept;
    for (auto &factor : monomial) {
      if (factor->kind == AtomKind::Symbol) {
        if (auto value = find(factor->name))
          term = term * *value;
        else
          kept.push_back(factor);
        continue;
      }
      // What doesn't change is kept as it is: made anew, maxima in maxima would ask all of their
      // inner ones again, at each level.
      Dim l = factor->left.substitute(find), r = factor->right.substitute(find);
      if (l == factor->left && r == factor->right)
        kept.push_back(factor);
      else if (factor->kind == AtomKind::FloorDiv)
        term = term * floorDiv(l, r).value_or(atom(factor->kind, l, r));
      else
        term = term * (factor->kind == AtomKind::Max ? max(l, r) : min(l, r));
    }
    Dim rest;
    rest.add(kept, 1);
    result.accumulate(term * rest);
  }
  return result;
}

std::optional<int64_t>
Dim::evaluate(const std::function<std::optional<int64_t>(const std::string &)> &value) const {
  if (!isValid())
    return std::nullopt;
  int64_t sum = 0;
  for (auto &[monomial, coefficient] : terms_) {
    int64_t term = coefficient;
    for (auto &factor : monomial) {
      std::optional<int64_t> number;
      if (factor->kind == AtomKind::Symbol) {
        number = value(factor->name);
      } else {
        auto l = factor->left.evaluate(value), r = factor->right.evaluate(value);
        constexpr int64_t least = std::numeric_limits<int64_t>::min();
        if (!l || !r ||
            (factor->kind == AtomKind::FloorDiv && (*r == 0 || (*r == -1 && *l == least))))
          return std::nullopt;
        number = factor->kind == AtomKind::Max   ? std::max(*l, *r)
                 : factor->kind == AtomKind::Min ? std::min(*l, *r)
                                                 : floorDivide(*l, *r);
      }
      if (!number || __builtin_mul_overflow(term, *number, &term))
        return std::nullopt;
    }
    if (__builtin_add_overflow(sum, term, &sum))
      return std::nullopt;
  }
  return sum;
}

std::optional<Dim> Dim::solveFor(const std::string &name, const Dim &value) const {
  int64_t coefficient = 0;
  Dim rest;
  for (auto &[monomial, c] : terms_) {
    if (monomial.size() == 1 && monomial[0]->kind == AtomKind::Symbol &&
        monomial[0]->name == name) {
      coefficient = c;
      continue;
    }
    rest.add(monomial, c);
  }
  auto others = rest.symbols();
  if ((coefficient != 1 && coefficient != -1) ||
      std::find(others.begin(), others.end(), name) != others.end())
    return std::nullopt;
  return coefficient == 1 ? value - rest : rest - value;
}

bool Dim::isNonNegative(int64_t least) const {
  if (!isValid())
    return false;
  // Each name as `least` plus something >= 0: if no coefficient is negative then, neither is the
  // sum. Floor divisions of non-negative parts, maxima and minima count as one more such name.
  if (least != 0) {
    Dim shifted = substitute(
        [&](const std::string &name) -> std::optional<Dim> { return symbol(name) + Dim(least); });
    return shifted.isNonNegative();
  }
  for (auto &[monomial, coefficient] : terms_) {
    if (coefficient < 0)
      return false;
    for (auto &factor : monomial) {
      bool ok = true;
      if (factor->kind == AtomKind::FloorDiv)
        ok = factor->left.isNonNegative() && (factor->right - Dim(1)).isNonNegative();
      else if (factor->kind == AtomKind::Max)
        ok = factor->left.isNonNegative() || factor->right.isNonNegative();
      else if (factor->kind == AtomKind::Min)
        ok = factor->left.isNonNegative() && factor->right.isNonNegative();
      if (!ok)
        return false;
    }
  }
  return true;
}

size_t Dim::hash() const { return std::hash<std::string>{}(str()); }

//===----------------------------------------------------------------------===//
// Text
//===----------------------------------------------------------------------===//

static std::string print(const Dim::Atom &atom) {
  switch (atom.kind) {
  case Dim::AtomKind::Symbol:
    return atom.name;
  case Dim::AtomKind::Max:
    return "max(" + atom.left.str() + ", " + atom.right.str() + ")";
  case Dim::AtomKind::Min:
    return "min(" + atom.left.str() + ", " + atom.right.str() + ")";
  case Dim::AtomKind::FloorDiv:
    break;
  }
  auto side = [](const Dim &d) {
    std::string text = d.str();
    return d.constant().value_or(-1) >= 0 || d.symbolName() ? text : "(" + text + ")";
  };
  return "(" + side(atom.left) + " floordiv " + side(atom.right) + ")";
}

std::string Dim::str() const {
  if (!isValid())
    return isTooLarge() ? "<too large>" : "<overflow>";
  if (terms_.empty())
    return "0";
  std::string text;
  for (auto &[monomial, coefficient] : terms_) {
    bool negative = coefficient < 0;
    if (text.empty())
      text += negative ? "-" : "";
    else
      text += negative ? " - " : " + ";
    std::string size = std::to_string(coefficient);
    if (negative)
      size.erase(0, 1);
    if (monomial.empty()) {
      text += size;
      continue;
    }
    if (size != "1")
      text += size + "*";
    for (size_t i = 0; i < monomial.size(); ++i)
      text += (i ? "*" : "") + print(*monomial[i]);
  }
  return text;
}

namespace {
/// Recursive descent over the text that `str` writes.
class DimParser {
public:
  explicit DimParser(std::string_view text) : text(text) {}

  std::optional<Dim> parse() {
    auto result = sum();
    skip();
    return ok && at == text.size() ? std::optional(result) : std::nullopt;
  }

private:
  void skip() {
    while (at < text.size() && text[at] == ' ')
      ++at;
  }
  bool eat(std::string_view token) {
    skip();
    if (text.substr(at, token.size()) != token)
      return false;
    at += token.size();
    return true;
  }
  void expect(std::string_view token) { ok &= eat(token); }

  Dim sum() {
    Dim result = eat("-") ? -quotient() : quotient();
    while (ok) {
      if (eat("+"))
        result = result + quotient();
      else if (eat("-"))
        result = result - quotient();
      else
        break;
    }
    return result;
  }
  Dim quotient() {
    Dim result = product();
    while (ok && eat("floordiv")) {
      auto q = Dim::floorDiv(result, product());
      ok &= q.has_value();
      result = q.value_or(Dim());
    }
    return result;
  }
  Dim product() {
    Dim result = primary();
    while (ok && eat("*"))
      result = result * primary();
    return result;
  }
  Dim primary() {
    skip();
    if (++depth > 64) {
      ok = false;
      return {};
    }
    Dim result;
    size_t start = at;
    while (at < text.size() && (std::isalnum(static_cast<unsigned char>(text[at])) ||
                                text[at] == '_' || text[at] == '.' || text[at] == '$'))
      ++at;
    std::string_view word = text.substr(start, at - start);
    if (word.empty()) {
      expect("(");
      result = ok ? sum() : Dim();
      expect(")");
    } else if (std::isdigit(static_cast<unsigned char>(word[0]))) {
      int64_t value = 0;
      for (char c : word)
        ok &= std::isdigit(static_cast<unsigned char>(c)) &&
              !__builtin_mul_overflow(value, int64_t(10), &value) &&
              !__builtin_add_overflow(value, int64_t(c - '0'), &value);
      result = Dim(value);
    } else if ((word == "max" || word == "min") && eat("(")) {
      Dim a = sum();
      expect(",");
      Dim b = sum();
      expect(")");
      result = word == "max" ? Dim::max(a, b) : Dim::min(a, b);
    } else {
      result = Dim::symbol(std::string(word));
    }
    --depth;
    return result;
  }

  std::string_view text;
  size_t at = 0;
  int depth = 0;
  bool ok = true;
};
} // namespace

std::optional<Dim> Dim::parse(std::string_view text) { return DimParser(text).parse(); }
