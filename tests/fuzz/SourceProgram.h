//===- SourceProgram.h - Small .tn programs by chance -----------*- C++ -*-===//
#pragma once

#include "tests/fuzz/Rng.h"

#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

namespace tenon::fuzz {

/// The pattern with each `$` replaced by the next of `parts`.
std::string filled(std::string_view pattern, std::initializer_list<std::string> parts);

/// A program of the language with a function `fuzzed`, alone or in a model, that takes x: f64[n],
/// y: f64[n, m], z: f64[m], p: Pair[n, m] (a record of an f64[n] and an f64[n, m]), s: f64 and
/// ids: i32[n]. It has functions that call each other, index notation, whole numbers, orders,
/// trees, control flow, models, random draws, and derivatives, own ones among them, up to the third
/// order. It checks without a message, and no result grows without bound: what might is squashed by
/// `tanh`. One of four computes in f32 instead of f64.
class SourceProgram {
public:
  explicit SourceProgram(uint64_t seed);

  const std::string &text() const { return out; }
  /// What to elaborate: "fuzzed", or "Net.fuzzed".
  const std::string &entry() const { return entryName; }

private:
  using Shape = std::vector<std::string>; ///< "n", "m" or a number
  struct Variable {
    std::string name;
    Shape shape;
  };
  struct Function {
    std::string name;
    std::string result; ///< "f64", "f64[n]" or "Pair[n, m]"
    int order;          ///< of the derivatives in it
    bool draws;
  };
  /// What is visible at a place.
  struct Scope {
    std::vector<Variable> tensors; ///< of f64
    std::vector<Variable> wholes;  ///< of i32
    std::vector<std::string> pairs;
    std::string indent = "  ";
    int order = 0; ///< of the derivatives that may be taken here
    int depth = 0; ///< of control flow
    bool mayDraw = false;
    bool inModel = false; ///< the members of `Net` are in reach
  };
  struct Index {
    std::string name, extent;
  };
  using Indices = std::vector<Index>;

  // SourceProgram.cpp
  Scope parameters() const;
  void function(const std::string &name, const std::string &result, int order);
  void fuzzed(const std::string &indent, bool inModel);
  void statements(Scope &scope, int count);
  void statement(Scope &scope);
  std::string define(Scope &scope, const Shape &shape, const std::string &value);
  void nest(Scope &scope);
  void tree(Scope &scope);
  void line(const Scope &scope, const std::string &text) { out += scope.indent + text + "\n"; }
  /// With a sign that keeps it apart from the dtypes: `i_32`.
  std::string fresh(const char *stem) { return std::string(stem) + "_" + std::to_string(names++); }
  static Scope inner(const Scope &scope);
  Shape anyShape();

  // SourceHelpers.cpp
  void helpers();
  void scalarFunction(const std::string &name);
  void ownDerivative(const std::string &name);
  /// An expression of these names, element by element, bounded where they are.
  std::string pointwise(const std::vector<std::string> &names, int depth);

  // SourceControl.cpp
  void scan(Scope &scope);
  void walk(Scope &scope);
  void loop(Scope &scope);
  void unrolled(Scope &scope);
  void listed(Scope &scope);
  void local(Scope &scope);

  // SourceDerivatives.cpp
  void derivative(Scope &scope);
  void scalarDerivative(Scope &scope, const Function &function);
  void energy(Scope &scope);
  void elementDerivative(Scope &scope);
  std::string arguments(const Scope &scope);

  // SourceModels.cpp
  void models();
  void member(Scope &scope);
  void setState(Scope &scope);
  void modelGradient(Scope &scope);

  // SourceWhole.cpp
  /// A whole number at these indices.
  std::string whole(const Scope &scope, const Indices &indices, int depth);
  std::string wholeCondition(const Scope &scope, const Indices &indices);
  void wholeNest(Scope &scope);
  void ordered(Scope &scope);
  void draw(Scope &scope);

  // SourceExpressions.cpp
  /// A scalar at these indices.
  std::string element(const Scope &scope, const Indices &indices, int depth);
  std::string leaf(const Scope &scope, const Indices &indices);
  std::string read(const Variable &variable, const Indices &indices);
  std::string reduction(const Scope &scope, Indices indices, int depth);
  std::string indexCondition(const Indices &indices);
  std::string elsewhere(const Scope &scope, const Indices &indices);
  std::string bounded();
  std::string number();

  // SourceTensors.cpp
  /// A whole tensor of this shape.
  std::string tensor(const Scope &scope, const Shape &shape, int depth);
  std::string scalar(const Scope &scope, int depth);
  std::string moved(const Scope &scope, const Shape &shape, int depth);
  std::string pair(const Scope &scope, int depth);
  /// A truth value known when it runs.
  std::string condition(const Scope &scope);
  std::vector<std::string> ofShape(const Scope &scope, const Shape &shape) const;
  static std::string joined(const Shape &shape);

  Rng rng;
  std::string out, entryName;
  int names = 0;
  std::vector<Function> functions;
  std::vector<std::string> scalars; ///< functions of two f64, whose result is an f64
  std::vector<std::string> owned;   ///< functions of two f64[...] with derivatives of their own
};

} // namespace tenon::fuzz
