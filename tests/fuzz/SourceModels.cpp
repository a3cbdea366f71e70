//===- SourceModels.cpp - Models of a random program ----------------------===//
#include "tests/fuzz/SourceProgram.h"

using namespace tenon::fuzz;

/// The models, and the head of `Net`, whose other members are in reach of its `fuzzed`.
void SourceProgram::models() {
  out += filled(R"(model Cell(width: int, gain = 0.5, act = tanh) {
  param w: f64[width, width] = random.normal(scale = 0.3)
  param b: f64[width]        = zeros()
  state seen: f64[width]     = zeros()

  fn call(x: f64[..., width]) -> f64[..., width] {
    let y[..., o] = b[o] + gain * (sum[i] x[..., i] * w[i, o])
    $
    act(y)
  }
}

model Residual(inner: model) {
  param rate: f64 = 0.5

  fn call(x: f64[..., width]) -> f64[..., width] = x + rate * inner(x)
}

fn energy(net: model, x: f64[b, 3]) -> f64 {
  let h = net(x)
  $
  tanh(sum(h ** 2) + $)
}

)",
                {rng.chance(50) ? "set seen[o] = tanh(seen[o] + b[o])" : "",
                 rng.chance(50) ? "scan c = zeros(3) over row in h { tanh(c + net(row)) }"
                                : "let c = net(h[-1]) - stop_gradient(h[-1])",
                 rng.chance(50) ? "sum(c)" : "sum(net) * sum(c)"});
  out += filled(R"(model Net {
  cells   = for i in 0..2 { yield Cell(3, gain = 0.3 + 0.1 * i) }
  wrapped = Residual($)
  param scale: f64[3] = ones()
  state total: f64    = 0.0
  state count: i32    = 0
  state table: f64[3] = zeros()

)",
                {rng.chance(50) ? "Cell(3, act = sin)" : "Residual(Cell(3))"});
}

/// A statement that uses members of `Net`.
void SourceProgram::member(Scope &scope) {
  Shape shape = rng.chance(70) ? Shape{"n", "3"} : Shape{"3"};
  std::string at = tensor(scope, shape, 1);
  switch (rng.below(6)) {
  case 0: {
    std::string name = define(scope, shape, at);
    line(scope, filled("for cell in cells { $ = cell($) }", {name, name}));
    return;
  }
  case 1:
    define(scope, shape, filled("($ |> cells[0] |> wrapped)", {at}));
    return;
  case 2: {
    std::string name = fresh("v");
    line(scope, filled("let $[i: n, j] = tanh(scale[j] * $)",
                       {name, element(scope, {{"i", "n"}, {"j", "3"}}, 2)}));
    scope.tensors.push_back({name, {"n", "3"}});
    return;
  }
  case 3:
    if (scope.order > 0)
      return modelGradient(scope);
    [[fallthrough]];
  default:
    return setState(scope);
  }
}

void SourceProgram::setState(Scope &scope) {
  std::string next = filled("tanh(total + $)", {tensor(scope, {}, 2)});
  switch (rng.below(4)) {
  case 0:
    line(scope, "set total = " + next);
    break;
  case 1:
    line(scope,
         filled("if $ { set total = $ } else { set count = count + 1 }", {condition(scope), next}));
    break;
  case 2:
    line(scope, filled("set count = count * 2 + $ % 5", {whole(scope, {}, 2)}));
    break;
  default:
    line(scope, filled("set table[k] = tanh(table[k] + $)", {element(scope, {{"k", "3"}}, 2)}));
  }
  scope.tensors.push_back({"total", {}});
  scope.tensors.push_back({"table", {"3"}});
  scope.wholes.push_back({"count", {}});
}

/// By all parameters of a model.
void SourceProgram::modelGradient(Scope &scope) {
  std::string value = fresh("v"), slope = fresh("d"), of = rng.chance(50) ? "wrapped" : "cells[1]";
  line(scope, filled("let ($, $) = value_and_grad(energy, wrt = net)($, $)",
                     {value, slope, of, tensor(scope, {"n", "3"}, 1)}));
  scope.tensors.push_back({value, {}});
  if (rng.chance(50))
    define(scope, {}, filled("tanh(sum($))", {slope}));
  else
    define(scope, {}, filled("tanh(sum($ - $ * $))", {of, number(), slope}));
}
