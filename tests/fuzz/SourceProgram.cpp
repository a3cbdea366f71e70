//===- SourceProgram.cpp - Statements of a random program -----------------===//
#include "tests/fuzz/SourceProgram.h"

using namespace tenon::fuzz;

namespace {
const char *const kParameters = "(x: f64[n], y: f64[n, m], z: f64[m], p: Pair[n, m], s: f64) -> ";
} // namespace

SourceProgram::SourceProgram(uint64_t seed) : rng(seed) {
  out = "type Pair[a, b] = { p: f64[a], q: f64[a, b] }\n\n";
  static const char *const results[] = {"f64", "f64", "f64[n]", "Pair[n, m]"};
  int count = int(rng.between(1, 3));
  function("f0", "f64", 0);
  for (int i = 1; i <= count; ++i)
    function("f" + std::to_string(i), rng.oneOf(results, std::size(results)), i > 2 ? 2 : i);
  entry();
}

SourceProgram::Scope SourceProgram::inner(const Scope &scope) const {
  Scope result = scope;
  result.indent += "  ";
  ++result.depth;
  return result;
}

void SourceProgram::function(const std::string &name, const std::string &result, int order) {
  out += "fn " + name + kParameters + result + " {\n";
  Scope scope{{{"x", {"n"}}, {"y", {"n", "m"}}, {"z", {"m"}}, {"s", {}}}, {"p"}, "  ", false, 0};
  statements(scope, int(rng.between(1, 3)), order);
  if (result == "f64")
    line(scope, "tanh(" + tensor(scope, {}, 3) + " + sum(" + tensor(scope, {"n"}, 1) + "))");
  else if (result == "f64[n]")
    line(scope, "tanh(" + tensor(scope, {"n"}, 3) + ")");
  else
    line(scope, "tanh(" + pair(scope, 2) + ")");
  out += "}\n\n";
  functions.push_back({name, result, order});
}

void SourceProgram::entry() {
  out += "fn fuzzed(x: f64[n], y: f64[n, m], z: f64[m], p: Pair[n, m], s: f64, ids: i32[n]) {\n";
  Scope scope{{{"x", {"n"}}, {"y", {"n", "m"}}, {"z", {"m"}}, {"s", {}}}, {"p"}, "  ", true, 0};
  line(scope, "let picked[i] = z[ids[i]]");
  scope.tensors.push_back({"picked", {"n"}});
  line(scope, "let counted[j: m] = sum[i] if ids[i] == j { x[i] } else { 0.0 }");
  scope.tensors.push_back({"counted", {"m"}});
  statements(scope, int(rng.between(3, 6)), 3);
  line(scope, "(" + tensor(scope, {}, 2) + ", " + tensor(scope, {"n"}, 1) + ", " +
                  tensor(scope, {"n", "m"}, 1) + ", " + pair(scope, 1) + ")");
  out += "}\n";
}

void SourceProgram::statements(Scope &scope, int count, int order) {
  for (int i = 0; i < count; ++i)
    statement(scope, order);
}

void SourceProgram::statement(Scope &scope, int order) {
  static const std::vector<Shape> shapes = {{}, {"n"}, {"n", "m"}, {"m"}};
  switch (rng.below(scope.depth < 2 ? 12 : 6)) {
  case 0:
  case 1:
    return nest(scope);
  case 2:
  case 3: {
    const Shape &shape = shapes[size_t(rng.below(4))];
    return define(scope, shape, tensor(scope, shape, 2));
  }
  case 4:
    return tree(scope);
  case 5:
    return scope.mayDraw ? draw(scope) : unrolled(scope);
  case 6:
  case 7:
    return scan(scope, order);
  case 8:
    return loop(scope, order);
  case 9:
    return local(scope);
  default:
    return order > 0 ? derivative(scope, order) : nest(scope);
  }
}

void SourceProgram::define(Scope &scope, const Shape &shape, const std::string &value) {
  std::string name = fresh("v");
  line(scope, "let " + name + " = " + value);
  scope.tensors.push_back({name, shape});
}

void SourceProgram::nest(Scope &scope) {
  std::string name = fresh("v");
  Shape shape = rng.chance(40) ? Shape{"n", "m"} : rng.chance(50) ? Shape{"n"} : Shape{"m"};
  std::vector<Index> indices;
  std::string head;
  for (const std::string &dim : shape) {
    indices.push_back({fresh("i"), dim});
    head += (head.empty() ? "" : ", ") + indices.back().name + ": " + dim;
  }
  line(scope, "let " + name + "[" + head + "] = tanh(" + element(scope, indices, 3) + ")");
  scope.tensors.push_back({name, shape});
}

//===----------------------------------------------------------------------===//
// Control flow
//===----------------------------------------------------------------------===//

void SourceProgram::scan(Scope &scope, int order) {
  std::string carried = fresh("c"), tree = fresh("t"), row = fresh("r"), one = fresh("e");
  bool withTree = rng.chance(40), stacks = rng.chance(70);
  std::string stacked = fresh("v");
  std::string state = withTree ? "(" + carried + ", " + tree + ")" : carried;
  std::string first = tensor(scope, {"m"}, 1);
  if (withTree)
    first = "(" + first + ", " + pair(scope, 1) + ")";
  line(scope, (stacks ? "let " + stacked + " = " : std::string()) + "scan " + state + " = " +
                  first + " over (" + row + ", " + one + ") in (" + tensor(scope, {"n", "m"}, 0) +
                  ", " + tensor(scope, {"n"}, 0) + ") along n {");
  Scope body = inner(scope);
  body.tensors.insert(body.tensors.end(), {{carried, {"m"}}, {row, {"m"}}, {one, {}}});
  if (withTree)
    body.pairs.push_back(tree);
  statements(body, int(rng.between(1, 2)), order);
  std::string next = "tanh(" + tensor(body, {"m"}, 2) + " + " + row + ")";
  if (withTree)
    next = "(" + next + ", tanh(" + pair(body, 1) + "))";
  line(body, next + (stacks ? " yield " + tensor(body, {}, 2) : std::string()));
  line(scope, "}");
  scope.tensors.push_back({carried, {"m"}});
  if (withTree)
    scope.pairs.push_back(tree);
  if (stacks)
    scope.tensors.push_back({stacked, {"n"}});
}

void SourceProgram::loop(Scope &scope, int order) {
  std::string carried = fresh("c"), count = fresh("k");
  Shape shape = rng.chance(50) ? Shape{"n"} : Shape{"n", "m"};
  std::string most = std::to_string(rng.between(1, 4));
  line(scope, "loop (" + carried + ", " + count + ") = (" + tensor(scope, shape, 1) +
                  ", 0) while " + count + " < " + most + " and sum(abs(" + carried + ")) > " +
                  number() + (rng.chance(70) ? " at most " + most + " {" : " {"));
  Scope body = inner(scope);
  body.tensors.push_back({carried, shape});
  statements(body, int(rng.between(1, 2)), order);
  line(body, "(tanh(" + tensor(body, shape, 2) + "), " + count + " + 1)");
  line(scope, "}");
  scope.tensors.push_back({carried, shape});
}

void SourceProgram::unrolled(Scope &scope) {
  std::string name = fresh("v"), parts = fresh("l"), step = fresh("i");
  if (rng.chance(50)) {
    line(scope, "let " + name + " = " + tensor(scope, {"n"}, 1));
    line(scope, "for " + step + " in 0.." + std::to_string(rng.between(1, 3)) + " {");
    Scope body = inner(scope);
    body.tensors.push_back({name, {"n"}});
    line(body, name + " = tanh(" + tensor(body, {"n"}, 2) + " + " + step + " * " + number() + ")");
    line(scope, "}");
  } else {
    line(scope, "let " + parts + " = for (" + step + ", w" + step + ") in enumerate([" +
                    tensor(scope, {"n"}, 1) + ", " + tensor(scope, {"n"}, 1) + "]) { yield (" +
                    number() + " + " + step + ") * w" + step + " }");
    line(scope, "let " + parts + " = stack(" + parts + ")");
    line(scope,
         "let " + name + "[" + step + "] = tanh(sum[part: 2] " + parts + "[part, " + step + "])");
  }
  scope.tensors.push_back({name, {"n"}});
}

void SourceProgram::tree(Scope &scope) {
  std::string name = fresh("t");
  if (rng.chance(60)) {
    line(scope, "let " + name + " = " + pair(scope, 2));
    scope.pairs.push_back(name);
    return;
  }
  std::string left = fresh("v"), right = fresh("v");
  line(scope, "let (" + left + ", (" + name + ", " + right + ")) = (" + tensor(scope, {"m"}, 1) +
                  ", (" + pair(scope, 1) + ", " + tensor(scope, {}, 1) + "))");
  scope.tensors.insert(scope.tensors.end(), {{left, {"m"}}, {right, {}}});
  scope.pairs.push_back(name);
}

/// A function in a function, which sees what is around it, applied to every element.
void SourceProgram::local(Scope &scope) {
  std::string name = fresh("g"), argument = fresh("a"), result = fresh("v"), index = fresh("i");
  Scope body = scope;
  body.tensors.push_back({argument, {}});
  line(scope, "let " + name + "(" + argument + ": f64) -> f64 = tanh(" + tensor(body, {}, 2) +
                  " + " + argument + ")");
  line(scope, "let " + result + "[" + index + ": n] = " + name + "(" +
                  element(scope, {{index, "n"}}, 1) + ")");
  scope.tensors.push_back({result, {"n"}});
}

void SourceProgram::draw(Scope &scope) {
  static const char *const draws[] = {"random.uniform(n)", "0.3 * tanh(random.normal(n))",
                                      "random.bernoulli(n, p = 0.6)"};
  std::string name = fresh("v");
  line(scope, "let " + name + ": f64[n] = " + rng.oneOf(draws, std::size(draws)));
  scope.tensors.push_back({name, {"n"}});
}

//===----------------------------------------------------------------------===//
// Derivatives
//===----------------------------------------------------------------------===//

std::string SourceProgram::arguments(const Scope &scope) {
  return tensor(scope, {"n"}, 1) + ", " + tensor(scope, {"n", "m"}, 1) + ", " +
         tensor(scope, {"m"}, 1) + ", " + pair(scope, 1) + ", " + tensor(scope, {}, 1);
}

void SourceProgram::derivative(Scope &scope, int order) {
  std::vector<Function> usable;
  for (const Function &function : functions)
    if (function.order < order)
      usable.push_back(function);
  Function of = rng.oneOf(usable);
  std::string name = fresh("v"), tree = fresh("t"), given = arguments(scope);
  if (of.result != "f64") {
    std::string tangent = tensor(scope, {"n"}, 1);
    if (of.result == "f64[n]") {
      line(scope, "let " + name + " = tanh(vjp(" + of.name + ", wrt = y)(" + given + ", " +
                      tangent + "))");
      scope.tensors.push_back({name, {"n", "m"}});
    } else {
      line(scope, "let " + tree + " = tanh(jvp(" + of.name + ", wrt = x)(" + given + ", " +
                      tangent + "))");
      scope.pairs.push_back(tree);
    }
    return;
  }
  switch (rng.below(5)) {
  case 0:
    line(scope, "let " + name + " = tanh(grad(" + of.name + ", wrt = x)(" + given + "))");
    scope.tensors.push_back({name, {"n"}});
    break;
  case 1:
    line(scope,
         "let (" + name + ", " + tree + ") = grad(" + of.name + ", wrt = (y, p))(" + given + ")");
    line(scope, "let " + tree + " = tanh(" + tree + ")");
    line(scope, "let " + name + " = tanh(" + name + ")");
    scope.tensors.push_back({name, {"n", "m"}});
    scope.pairs.push_back(tree);
    break;
  case 2: {
    std::string value = fresh("v");
    line(scope, "let (" + value + ", " + name + ") = value_and_grad(" + of.name + ", wrt = z)(" +
                    given + ")");
    line(scope, "let " + name + " = tanh(" + name + ")");
    scope.tensors.insert(scope.tensors.end(), {{value, {}}, {name, {"m"}}});
    break;
  }
  case 3:
    line(scope, "let " + name + " = tanh(jvp(" + of.name + ", wrt = p)(" + given + ", " +
                    pair(scope, 1) + "))");
    scope.tensors.push_back({name, {}});
    break;
  default: {
    std::string index = fresh("i");
    line(scope, "let " + name + " = tanh(hessian(" + of.name + ", wrt = z)(" + given + "))");
    line(scope, "let " + name + "[" + index + ": m] = sum[j] " + name + "[" + index + ", j]");
    scope.tensors.push_back({name, {"m"}});
    break;
  }
  }
}
