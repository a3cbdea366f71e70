//===- SourceProgram.h - Small .tn programs by chance -----------*- C++ -*-===//
#pragma once

#include "tests/fuzz/Rng.h"

#include <string>
#include <vector>

namespace tenon::fuzz {

/// A program of the language whose function `fuzzed` takes x: f64[n], y: f64[n, m], z: f64[m],
/// p: Pair[n, m] (a record of an f64[n] and an f64[n, m]), s: f64 and ids: i32[n] with values in
/// [0, m). It has functions that call each other, index notation, trees, control flow, random draws
/// and derivatives up to the third order. It checks without a message, every read lies inside, and
/// its results are finite for finite arguments: what grows is squashed by `tanh`.
class SourceProgram {
public:
  explicit SourceProgram(uint64_t seed);

  const std::string &text() const { return out; }

private:
  using Shape = std::vector<std::string>; ///< "n", "m" or a number
  struct Variable {
    std::string name;
    Shape shape;
  };
  /// What is visible at a place.
  struct Scope {
    std::vector<Variable> tensors; ///< of f64
    std::vector<std::string> pairs;
    std::string indent;
    bool mayDraw = true;
    int depth = 0; ///< of control flow
  };
  struct Function {
    std::string name;
    std::string result; ///< "f64", "f64[n]" or "Pair[n, m]"
    int order;          ///< of the derivatives in it
  };
  struct Index {
    std::string name, extent;
  };

  // SourceProgram.cpp
  void function(const std::string &name, const std::string &result, int order);
  void entry();
  void statements(Scope &scope, int count, int order);
  void statement(Scope &scope, int order);
  void define(Scope &scope, const Shape &shape, const std::string &value);
  void nest(Scope &scope);
  void scan(Scope &scope, int order);
  void loop(Scope &scope, int order);
  void unrolled(Scope &scope);
  void tree(Scope &scope);
  void local(Scope &scope);
  void derivative(Scope &scope, int order);
  void draw(Scope &scope);
  void line(const Scope &scope, const std::string &text) { out += scope.indent + text + "\n"; }
  std::string fresh(const char *stem) { return stem + std::to_string(names++); }
  Scope inner(const Scope &scope) const;
  std::string arguments(const Scope &scope);

  // SourceExpressions.cpp
  /// A scalar at these indices.
  std::string element(const Scope &scope, std::vector<Index> indices, int depth);
  std::string leaf(const Scope &scope, const std::vector<Index> &indices);
  std::string reduction(const Scope &scope, std::vector<Index> indices, int depth);
  std::string indexCondition(const std::vector<Index> &indices);
  /// A whole tensor of this shape.
  std::string tensor(const Scope &scope, const Shape &shape, int depth);
  std::string pair(const Scope &scope, int depth);
  /// A truth value known when it runs.
  std::string condition(const Scope &scope);
  std::string number();
  std::vector<std::string> ofShape(const Scope &scope, const Shape &shape) const;

  Rng rng;
  std::string out;
  int names = 0;
  std::vector<Function> functions;
};

} // namespace tenon::fuzz
