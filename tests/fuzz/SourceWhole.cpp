//===- SourceWhole.cpp - Whole numbers, orders and draws ------------------===//
#include "tests/fuzz/SourceProgram.h"

using namespace tenon::fuzz;

std::string SourceProgram::whole(const Scope &scope, const Indices &indices, int depth) {
  auto digit = [&] { return std::to_string(rng.between(1, 5)); };
  if (depth <= 0) {
    std::vector<std::string> reads;
    for (const Index &index : indices)
      reads.push_back(index.name);
    for (const Variable &variable : scope.wholes)
      if (std::string text = read(variable, indices); !text.empty())
        reads.push_back(text);
    // With a dtype, without which a quotient is no whole number where a real one is wanted.
    return reads.empty() || rng.chance(20) ? filled("i32($)", {digit()}) : rng.oneOf(reads);
  }
  auto part = [&] { return whole(scope, indices, depth - 1); };
  switch (rng.below(10)) {
  case 0:
    return filled("($ + $)", {part(), part()});
  case 1:
    return filled("($ - $)", {part(), part()});
  case 2:
    return filled("(($ % 100) * $)", {part(), part()});
  case 3:
    return filled(rng.chance(50) ? "($ / $)" : "($ / -$)", {part(), digit()});
  case 4:
    return filled(rng.chance(50) ? "($ % $)" : "($ % -$)", {part(), digit()});
  case 5:
    return filled("max($, $)", {part(), part()});
  case 6:
    return filled("(if $ { $ } else { $ })", {wholeCondition(scope, indices), part(), part()});
  case 7:
    return filled("i32($($))", {rng.chance(50) ? "i64" : rng.chance(50) ? "u8" : "i8", part()});
  case 8: {
    static const char *const words[] = {"sum", "max", "min", "prod"};
    Indices inside = indices;
    inside.push_back({fresh("k"), rng.chance(50) ? "m" : "3"});
    return filled("($[$: $] ($))", {rng.oneOf(words, std::size(words)), inside.back().name,
                                    inside.back().extent, whole(scope, inside, depth - 1)});
  }
  default:
    return filled("($ / (1 + abs($) % 3))", {part(), part()});
  }
}

std::string SourceProgram::wholeCondition(const Scope &scope, const Indices &indices) {
  static const char *const comparisons[] = {" < ", " == ", " >= ", " != "};
  return whole(scope, indices, 1) + rng.oneOf(comparisons, std::size(comparisons)) +
         whole(scope, indices, 0);
}

void SourceProgram::wholeNest(Scope &scope) {
  Shape shape = rng.chance(60) ? Shape{"n"} : Shape{"m"};
  Indices indices = {{"i", shape[0]}};
  std::string name = fresh("w");
  switch (rng.below(4)) {
  case 0:
    // Of a real number that both ways know exactly.
    line(scope, filled("let $[i: $] = i32($(4.0 * $)) + $",
                       {name, shape[0], rng.chance(50) ? "round" : "floor",
                        shape[0] == "n" ? "x[i]" : "z[i]", whole(scope, indices, 1)}));
    break;
  case 1:
    line(scope, filled("let $ = iota($) % $", {name, shape[0], std::to_string(rng.between(1, 4))}));
    break;
  default:
    line(scope, filled("let $[i: $] = $", {name, shape[0], whole(scope, indices, 3)}));
  }
  scope.wholes.push_back({name, shape});
}

/// Sorted, picked by rank, or added up along the way.
void SourceProgram::ordered(Scope &scope) {
  std::string name = fresh("v"), places = fresh("w");
  std::string of = tensor(scope, {"n"}, 1);
  switch (rng.below(6)) {
  case 0:
    define(scope, {"n"}, filled(rng.chance(50) ? "sort($)" : "sort($, descending = true)", {of}));
    return;
  case 1:
    line(scope, filled("let $ = argsort($)", {places, tensor(scope, {"n", "m"}, 1)}));
    line(scope, filled("let $[i, j] = y[i, $[i, j]]", {name, places}));
    scope.tensors.push_back({name, {"n", "m"}});
    return;
  case 2:
    line(scope, filled("let ($, $) = top_k($, 2)", {name, places, tensor(scope, {"n", "3"}, 1)}));
    line(scope,
         filled("let $[i: n] = $[i, 0] - $[i, 1] * f64($[i, 0])", {name, name, name, places}));
    scope.tensors.push_back({name, {"n"}});
    return;
  case 3:
    define(scope, {"n", "m"},
           filled(rng.chance(50) ? "tanh(cumulative_sum($))" : "cumulative_max($, axis = 0)",
                  {tensor(scope, {"n", "m"}, 1)}));
    return;
  case 4:
    define(scope, {"n"}, filled("cumulative_product(tanh($))", {of}));
    return;
  default: {
    // A matrix that is far from singular.
    std::string matrix = fresh("v");
    line(scope, filled("let $[i: m, j: m] = (if i == j { 4.0 } else { 0.0 }) + tanh($)",
                       {matrix, element(scope, {{"i", "m"}, {"j", "m"}}, 1)}));
    define(scope, {"m"}, filled("tanh(solve($, $))", {matrix, tensor(scope, {"m"}, 1)}));
  }
  }
}

void SourceProgram::draw(Scope &scope) {
  static const char *const draws[] = {"random.uniform(n)", "0.3 * tanh(random.normal(n))",
                                      "random.bernoulli(n, p = 0.6)"};
  std::string name = fresh("v");
  switch (rng.below(5)) {
  case 0:
    line(scope, filled("let $ = random.integers(-2, 4, n)", {name}));
    scope.wholes.push_back({name, {"n"}});
    return;
  case 1:
    line(scope, filled("let $ = random.categorical($)", {name, tensor(scope, {"n", "3"}, 1)}));
    scope.wholes.push_back({name, {"n"}});
    return;
  case 2:
    line(scope, filled("let $ = random.uniform(shape($), low = -1.0)", {name, "y"}));
    scope.tensors.push_back({name, {"n", "m"}});
    return;
  default:
    line(scope, filled("let $: f64[n] = $", {name, rng.oneOf(draws, std::size(draws))}));
    scope.tensors.push_back({name, {"n"}});
  }
}
