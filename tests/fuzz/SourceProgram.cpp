//===- SourceProgram.cpp - Functions and statements of a random program ---===//
#include "tests/fuzz/SourceProgram.h"

using namespace tenon::fuzz;

static const char *const kParameters = "x: f64[n], y: f64[n, m], z: f64[m], p: Pair[n, m], s: f64";

std::string tenon::fuzz::filled(std::string_view pattern,
                                std::initializer_list<std::string> parts) {
  std::string text;
  const std::string *next = parts.begin();
  for (char letter : pattern)
    if (letter == '$')
      text += *next++;
    else
      text += letter;
  assert(next == parts.end() && "as many parts as places");
  return text;
}

//===----------------------------------------------------------------------===//
// Functions
//===----------------------------------------------------------------------===//

SourceProgram::SourceProgram(uint64_t seed) : rng(splitmix64(seed)) {
  out = "type Pair[a, b] = { p: f64[a], q: f64[a, b] }\n\n";
  helpers();
  static const char *const results[] = {"f64", "f64", "f64[n]", "Pair[n, m]"};
  int count = int(rng.between(1, 3));
  function("f0", "f64", 0);
  for (int i = 1; i <= count; ++i)
    function("f" + std::to_string(i), rng.oneOf(results, std::size(results)), i > 2 ? 2 : i);
  if (rng.chance(40)) {
    models();
    fuzzed("  ", /*inModel=*/true);
    out += "}\n";
    entryName = "Net.fuzzed";
  } else {
    fuzzed("", /*inModel=*/false);
    entryName = "fuzzed";
  }
  if (rng.chance(25))
    for (size_t at = 0; (at = out.find("f64", at)) != std::string::npos; ++at)
      out.replace(at, 3, "f32");
}

SourceProgram::Scope SourceProgram::inner(const Scope &scope) {
  Scope result = scope;
  result.indent += "  ";
  ++result.depth;
  return result;
}

SourceProgram::Scope SourceProgram::parameters() const {
  Scope scope;
  scope.tensors = {{"x", {"n"}}, {"y", {"n", "m"}}, {"z", {"m"}}, {"s", {}}};
  scope.pairs = {"p"};
  return scope;
}

void SourceProgram::function(const std::string &name, const std::string &result, int order) {
  out += filled("fn $($) -> $ {\n", {name, kParameters, result});
  Scope scope = parameters();
  scope.order = order;
  scope.mayDraw = rng.chance(25);
  statements(scope, int(rng.between(1, 3)));
  if (result == "f64")
    line(scope, filled("tanh($ + sum($))", {tensor(scope, {}, 3), tensor(scope, {"n"}, 1)}));
  else if (result == "f64[n]")
    line(scope, filled("tanh($)", {tensor(scope, {"n"}, 3)}));
  else
    line(scope, filled("tanh($)", {pair(scope, 2)}));
  out += "}\n\n";
  functions.push_back({name, result, order, scope.mayDraw});
}

void SourceProgram::fuzzed(const std::string &indent, bool inModel) {
  out += filled("$fn fuzzed($, ids: i32[n]) {\n", {indent, kParameters});
  Scope scope = parameters();
  scope.wholes = {{"ids", {"n"}}};
  scope.indent = indent + "  ";
  scope.order = 3;
  scope.mayDraw = true;
  scope.inModel = inModel;
  line(scope, "let picked[i] = z[ids[i]] else s");
  scope.tensors.push_back({"picked", {"n"}});
  line(scope, "let counted[j: m] = sum[i] if ids[i] == j { x[i] } else { 0.0 }");
  scope.tensors.push_back({"counted", {"m"}});
  statements(scope, int(rng.between(3, 6)));
  wholeNest(scope);
  line(scope, filled("($, $, $, $, $)",
                     {tensor(scope, {}, 2), tensor(scope, {"n"}, 1), tensor(scope, {"n", "m"}, 1),
                      pair(scope, 1), rng.oneOf(scope.wholes).name}));
  out += indent + "}\n";
}

//===----------------------------------------------------------------------===//
// Statements
//===----------------------------------------------------------------------===//

void SourceProgram::statements(Scope &scope, int count) {
  for (int i = 0; i < count; ++i)
    statement(scope);
}

void SourceProgram::statement(Scope &scope) {
  using Way = void (SourceProgram::*)(Scope &);
  struct Choice {
    int weight;
    Way add;
    bool isPossible;
  };
  bool isShallow = scope.depth < 2, mayDerive = scope.order > 0;
  const Choice choices[] = {
      {5, &SourceProgram::nest, true},
      {3, &SourceProgram::tree, true},
      {2, &SourceProgram::wholeNest, true},
      {2, &SourceProgram::ordered, true},
      {2, &SourceProgram::draw, scope.mayDraw},
      {2, &SourceProgram::unrolled, true},
      {1, &SourceProgram::listed, true},
      {3, &SourceProgram::scan, isShallow},
      {1, &SourceProgram::walk, isShallow},
      {2, &SourceProgram::loop, isShallow},
      {2, &SourceProgram::local, true},
      {4, &SourceProgram::derivative, isShallow && mayDerive},
      {2, &SourceProgram::energy, isShallow && mayDerive},
      {1, &SourceProgram::elementDerivative, mayDerive},
      {5, &SourceProgram::member, scope.inModel},
  };
  if (rng.chance(20)) {
    Shape shape = anyShape();
    define(scope, shape, tensor(scope, shape, 2));
    return;
  }
  int total = 0;
  for (const Choice &choice : choices)
    total += choice.isPossible ? choice.weight : 0;
  int64_t at = rng.below(total);
  for (const Choice &choice : choices)
    if (choice.isPossible && (at -= choice.weight) < 0)
      return (this->*choice.add)(scope);
}

SourceProgram::Shape SourceProgram::anyShape() {
  static const std::vector<Shape> shapes = {{},         {"n"},      {"n", "m"}, {"m"},
                                            {"m", "n"}, {"m", "m"}, {"n", "3"}, {"3"}};
  // The first four, which most expressions ask for, more often.
  return shapes[size_t(rng.below(rng.chance(70) ? 4 : int64_t(shapes.size())))];
}

std::string SourceProgram::define(Scope &scope, const Shape &shape, const std::string &value) {
  std::string name = fresh("v");
  line(scope, filled("let $ = $", {name, value}));
  scope.tensors.push_back({name, shape});
  return name;
}

void SourceProgram::nest(Scope &scope) {
  Shape shape = anyShape();
  std::string name = fresh("v");
  if (shape.empty() || (shape.size() == 1 && rng.chance(20))) {
    // Whatever is in front.
    std::string of = tensor(scope, {"n", "m"}, 1), held = define(scope, {"n", "m"}, of);
    line(scope, filled("let $[..., j] = tanh($[..., j] * $)", {name, held, element(scope, {}, 1)}));
    scope.tensors.push_back({name, {"n", "m"}});
    return;
  }
  Indices indices;
  std::string head;
  for (const std::string &dim : shape) {
    indices.push_back({fresh("i"), dim});
    head += (head.empty() ? "" : ", ") + indices.back().name + ": " + dim;
  }
  line(scope, filled("let $[$] = tanh($)", {name, head, element(scope, indices, 3)}));
  scope.tensors.push_back({name, shape});
}

void SourceProgram::tree(Scope &scope) {
  std::string name = fresh("t"), left = fresh("v"), right = fresh("v");
  switch (rng.below(5)) {
  case 0:
  case 1:
    line(scope, filled("let $ = $", {name, pair(scope, 2)}));
    break;
  case 2:
    line(scope, filled("let ($, ($, $)) = ($, ($, $))", {left, name, right, tensor(scope, {"m"}, 1),
                                                         pair(scope, 1), tensor(scope, {}, 1)}));
    scope.tensors.insert(scope.tensors.end(), {{left, {"m"}}, {right, {}}});
    break;
  case 3:
    // Trees of one structure, part by part.
    line(scope, filled("let ($, $) = between(($, $), ($, $), $)",
                       {left, name, tensor(scope, {"n"}, 1), pair(scope, 1),
                        tensor(scope, {"n"}, 1), pair(scope, 1), tensor(scope, {}, 1)}));
    scope.tensors.push_back({left, {"n"}});
    break;
  default:
    line(scope, filled("let $ = { a: [$, $], b: $ }",
                       {right, tensor(scope, {"n"}, 1), tensor(scope, {"n"}, 1), pair(scope, 1)}));
    line(scope, filled("let $ = map(tanh, $)", {right, right}));
    line(scope, filled("let $ = $.b + $ * $.b", {name, right, number(), right}));
    line(scope, filled("let $ = $.a[-1] * tanh(sum($))", {left, right, right}));
    scope.tensors.push_back({left, {"n"}});
  }
  scope.pairs.push_back(name);
}
