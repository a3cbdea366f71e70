//===- SourceHelpers.cpp - Small functions that a random program calls ----===//
#include "tests/fuzz/SourceProgram.h"

using namespace tenon::fuzz;

void SourceProgram::helpers() {
  out += filled(R"(fn between(a: tree, b: like a, part: f64) -> like a = a + part * (b - a)

fn twice(f: fn(f64[...]) -> f64[...], x: f64[...]) -> f64[...] = f(f(x))

fn scaled(k: f64) -> fn(f64) -> f64 {
  let g(v: f64) -> f64 = sin(k * v)
  g
}

fn shaped(x: f64[...], mode: "plain" | "steep" | "flat" = "plain") -> f64[...] {
  if mode == "plain" { $ } else if mode == "steep" { $ } else { $ }
}

)",
                {pointwise({"x"}, 1), pointwise({"x"}, 2), pointwise({"x"}, 2)});
  for (const char *name : {"g0", "g1"})
    scalarFunction(name);
  ownDerivative("o0");
}

/// Of two scalars, with a loop or scan of its own or none: in index notation each element has its
/// own.
void SourceProgram::scalarFunction(const std::string &name) {
  out += filled("fn $(a: f64, b: f64) -> f64 {\n", {name});
  switch (rng.below(4)) {
  case 0:
    out +=
        filled("  loop (a, k) = (a, 0) while abs(a) > $ and k < $$ {\n    (tanh($), k + 1)\n  }\n",
               {number(), std::to_string(rng.between(1, 3)), rng.chance(50) ? " at most 3" : "",
                pointwise({"a", "b"}, 2)});
    break;
  case 1:
    out += filled("  scan a = a over k in iota(3) { if k == $ { a * b } else { tanh($) } }\n",
                  {std::to_string(rng.below(3)), pointwise({"a", "b"}, 2)});
    break;
  case 2:
    out += filled("  let a = if a > $ * b { $ } else { $ }\n",
                  {number(), pointwise({"a", "b"}, 2), pointwise({"a", "b"}, 2)});
    break;
  default:
    break;
  }
  out += filled("  tanh($)\n}\n\n", {pointwise({"a", "b"}, 2)});
  scalars.push_back(name);
}

/// With a derivative that isn't the one of its body, so that it shows which is used. `back` is
/// linear in the cotangent.
void SourceProgram::ownDerivative(const std::string &name) {
  static const char *const head = "a: f64[...], b: f64[...]";
  std::string again = rng.chance(30) ? filled("cos($(a, b)) * ", {name}) : "";
  out += filled("@custom_gradient($_back)\nfn $($) -> f64[...] = tanh($)\n",
                {name, name, head, pointwise({"a", "b"}, 2)});
  out += filled("fn $_back($, r: f64[...], dr: f64[...]) = ($dr * $, $ * dr)\n\n",
                {name, head, again, pointwise({"a", "r"}, 1), pointwise({"b", "r"}, 1)});
  owned.push_back(name);
}

std::string SourceProgram::pointwise(const std::vector<std::string> &names, int depth) {
  if (depth <= 0)
    return rng.oneOf(names);
  auto part = [&] { return pointwise(names, depth - 1); };
  switch (rng.below(8)) {
  case 0:
    return filled("($ + $)", {part(), part()});
  case 1:
    return filled("($ - $ * $)", {part(), number(), part()});
  case 2:
    return filled("$ * $", {part(), part()});
  case 3:
    return filled("sin($)", {part()});
  case 4:
    return filled("($ |> tanh)", {part()});
  case 5:
    return filled("$ / (1.5 + $ ** 2)", {part(), part()});
  case 6:
    return filled("exp(-abs($))", {part()});
  default:
    return filled("$ * stop_gradient($)", {part(), part()});
  }
}
