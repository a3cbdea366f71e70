//===- SourceDerivatives.cpp - Derivatives that a random program takes ----===//
#include "tests/fuzz/SourceProgram.h"

using namespace tenon::fuzz;

std::string SourceProgram::arguments(const Scope &scope) {
  return filled("$, $, $, $, $", {tensor(scope, {"n"}, 1), tensor(scope, {"n", "m"}, 1),
                                  tensor(scope, {"m"}, 1), pair(scope, 1), tensor(scope, {}, 1)});
}

/// Of a function of the program.
void SourceProgram::derivative(Scope &scope) {
  std::vector<Function> usable;
  for (const Function &function : functions)
    if (function.order < scope.order && (scope.mayDraw || !function.draws))
      usable.push_back(function);
  if (usable.empty())
    return nest(scope);
  Function of = rng.oneOf(usable);
  if (of.result == "f64")
    return scalarDerivative(scope, of);
  std::string given = arguments(scope), seed = tensor(scope, {"n"}, 1);
  if (of.result == "f64[n]") {
    define(scope, {"n", "m"}, filled("tanh(vjp($, wrt = y)($, $))", {of.name, given, seed}));
    return;
  }
  std::string tree = fresh("t");
  if (rng.chance(50))
    line(scope, filled("let $ = tanh(jvp($, wrt = x)($, $))", {tree, of.name, given, seed}));
  else
    line(scope, filled("let ($, _) = tanh(vjp($, wrt = (p, s))($, $))",
                       {tree, of.name, given, pair(scope, 1)}));
  scope.pairs.push_back(tree);
}

void SourceProgram::scalarDerivative(Scope &scope, const Function &function) {
  const std::string &of = function.name;
  std::string name = fresh("v"), tree = fresh("t"), given = arguments(scope);
  // A Hessian has a direction for each index, and draws have none.
  switch (rng.below(function.draws ? 4 : 5)) {
  case 0:
    define(scope, {"n"}, filled("tanh(grad($, wrt = x)($))", {of, given}));
    return;
  case 1:
    line(scope, filled("let ($, $) = tanh(grad($, wrt = (y, p))($))", {name, tree, of, given}));
    scope.tensors.push_back({name, {"n", "m"}});
    scope.pairs.push_back(tree);
    return;
  case 2: {
    std::string value = fresh("v");
    line(scope, filled("let ($, $) = value_and_grad($, wrt = z)($)", {value, name, of, given}));
    line(scope, filled("let $ = tanh($)", {name, name}));
    scope.tensors.insert(scope.tensors.end(), {{value, {}}, {name, {"m"}}});
    return;
  }
  case 3:
    define(scope, {}, filled("tanh(jvp($, wrt = p)($, $))", {of, given, pair(scope, 1)}));
    return;
  default:
    line(scope, filled("let $ = tanh(hessian($, wrt = z)($))", {name, of, given}));
    line(scope, filled("let $[i] = sum[j] $[i, j]", {name, name}));
    scope.tensors.push_back({name, {"m"}});
  }
}

/// Of a local function of f64[n], which sees what is around it.
void SourceProgram::energy(Scope &scope) {
  std::string name = fresh("u"), argument = fresh("a"), outer = fresh("u");
  int64_t kind = rng.below(scope.order > 1 ? 7 : 4);
  line(scope, filled("let $($: f64[n]) -> f64 {", {name, argument}));
  Scope body = inner(scope);
  body.order -= kind < 4 ? 1 : 2;
  if (kind == 6) // a Hessian: each index has its own
    body.mayDraw = body.inModel = false;
  body.tensors.push_back({argument, {"n"}});
  statements(body, int(rng.between(1, 2)));
  line(body, filled("tanh(sum($) + $)", {tensor(body, {"n"}, 3), tensor(body, {}, 1)}));
  line(scope, "}");
  std::string at = tensor(scope, {"n"}, 1);
  auto alongAnother = [&](const char *derivative) {
    line(scope, filled(derivative, {outer, name, tensor(scope, {"n"}, 0)}));
  };
  switch (kind) {
  case 0:
  case 1:
    define(scope, {"n"}, filled("tanh(grad($)($))", {name, at}));
    return;
  case 2:
    define(scope, {}, filled("tanh(jvp($)($, $))", {name, at, tensor(scope, {"n"}, 1)}));
    return;
  case 3:
    define(scope, {"n"}, filled("tanh(vjp($)($, $))", {name, at, tensor(scope, {}, 1)}));
    return;
  case 4:
    alongAnother("let $(a: f64[n]) = sum(grad($)(a) * $)");
    break;
  case 5:
    alongAnother("let $(a: f64[n]) = jvp($)(a, $)");
    break;
  default:
    define(scope, {"n", "n"}, filled("tanh(hessian($)($))", {name, at}));
    return;
  }
  define(scope, {"n"}, filled("tanh(grad($)($))", {outer, at}));
}

/// One derivative for each index.
void SourceProgram::elementDerivative(Scope &scope) {
  std::string name = fresh("v");
  Indices indices = {{"i", "n"}};
  auto at = [&] { return filled("tanh($)", {element(scope, indices, 1)}); };
  std::string of = rng.oneOf(scalars);
  switch (rng.below(3)) {
  case 0:
    line(scope, filled("let $[i: n] = tanh(grad($, wrt = a)($, $))", {name, of, at(), at()}));
    break;
  case 1:
    line(scope,
         filled("let $[i: n] = tanh(jvp($, wrt = b)($, $, $))", {name, of, at(), at(), at()}));
    break;
  default:
    line(scope, filled("let $[i: n] = tanh(hessian($, wrt = a)($, $))", {name, of, at(), at()}));
  }
  scope.tensors.push_back({name, {"n"}});
}
