//===- SourceTensors.cpp - Whole tensors and trees of a random program ----===//
#include "tests/fuzz/SourceProgram.h"

#include <algorithm>

using namespace tenon::fuzz;

std::string SourceProgram::joined(const Shape &shape) {
  std::string text;
  for (const std::string &dim : shape)
    text += (text.empty() ? "" : ", ") + dim;
  return text;
}

std::vector<std::string> SourceProgram::ofShape(const Scope &scope, const Shape &shape) const {
  std::vector<std::string> found;
  for (const Variable &variable : scope.tensors)
    if (variable.shape == shape)
      found.push_back(variable.name);
  for (const std::string &name : scope.pairs) {
    if (shape == Shape{"n"})
      found.push_back(name + ".p");
    if (shape == Shape{"n", "m"})
      found.push_back(name + ".q");
  }
  return found;
}

std::string SourceProgram::condition(const Scope &scope) {
  std::string text = filled("$ > $", {tensor(scope, {}, 1), number()});
  switch (rng.below(6)) {
  case 0:
    return filled("not ($)", {text});
  case 1:
    return filled("($ or $ < -$)", {text, tensor(scope, {}, 0), number()});
  case 2:
    return filled("($ and $)", {text, wholeCondition(scope, {})});
  case 3:
    return wholeCondition(scope, {});
  default:
    return text;
  }
}

std::string SourceProgram::tensor(const Scope &scope, const Shape &shape, int depth) {
  std::vector<std::string> known = ofShape(scope, shape);
  if (depth <= 0 || rng.chance(15)) {
    if (known.empty())
      return shape.empty() ? number() : filled("full($, $)", {number(), joined(shape)});
    return rng.oneOf(known);
  }
  auto part = [&] { return tensor(scope, shape, depth - 1); };
  switch (rng.below(10)) {
  case 0:
    return filled("($ + $)", {part(), part()});
  case 1:
    return filled("($ - $ * $)", {part(), number(), part()});
  case 2:
    return filled("($ * $)", {tensor(scope, {}, 0), part()});
  case 3:
    return filled("$($)", {bounded(), part()});
  case 4:
    return filled("(if $ { $ } else { $ })", {condition(scope), part(), part()});
  case 5:
    return filled(rng.chance(50) ? "max($, $)" : "min($, $)", {part(), part()});
  case 6:
    return filled("$($, $)", {rng.oneOf(owned), part(), part()});
  case 7: {
    static const char *const modes[] = {"", ", \"steep\"", ", mode = \"flat\""};
    return filled("shaped($$)", {part(), rng.oneOf(modes, std::size(modes))});
  }
  default:
    return shape.empty() ? scalar(scope, depth) : moved(scope, shape, depth);
  }
}

std::string SourceProgram::scalar(const Scope &scope, int depth) {
  switch (rng.below(4)) {
  case 0:
    return filled("tanh(sum($))", {tensor(scope, {rng.chance(50) ? "n" : "m"}, depth - 1)});
  case 1:
    return filled("tanh(sum($))", {pair(scope, depth - 1)});
  case 2:
    return filled("0.1 * f64($)", {whole(scope, {}, 2)});
  default:
    return reduction(scope, {}, depth);
  }
}

/// Taken apart and put together, converted, held constant.
std::string SourceProgram::moved(const Scope &scope, const Shape &shape, int depth) {
  auto part = [&] { return tensor(scope, shape, depth - 1); };
  switch (rng.below(11)) {
  case 0:
    return filled("softmax($)", {part()});
  case 9:
    return filled("gelu($ |> silu)", {part()});
  case 1:
    if (shape == Shape{"n"})
      return filled("stack($, $, axis = -1)[:, $]", {part(), part(), std::to_string(rng.below(2))});
    return filled("relu($)", {part()});
  case 2:
    return filled("stop_gradient($)", {part()});
  case 3:
    return filled("f64(tanh($($)))", {rng.chance(70)   ? "f32"
                                      : rng.chance(50) ? "f16"
                                                       : "bf16",
                                      part()});
  case 4:
    return filled("concat($, $)[1:-1]",
                  {tensor(scope, shape, depth - 1), filled("full($, $)", {number(), joined([&] {
                                                                            Shape two = shape;
                                                                            two[0] = "2";
                                                                            return two;
                                                                          }())})});
  case 5:
    return filled("reshape(reshape($, $), $)",
                  {part(), shape.size() == 2 ? shape[0] + " * " + shape[1] : "1, " + shape[0],
                   joined(shape)});
  case 6:
    return filled("stack($, $)[$]", {part(), part(), std::to_string(rng.below(2))});
  case 7:
    return filled("($ |> sin |> shaped(\"steep\"))", {part()});
  case 8:
    if (shape.size() == 2) {
      Shape inside = {rng.chance(50) ? "m" : "3"};
      return filled("($ @ $)", {tensor(scope, {shape[0], inside[0]}, depth - 1),
                                tensor(scope, {inside[0], shape[1]}, depth - 1)});
    }
    return filled("cumulative_sum($)", {part()});
  default:
    return filled("map($, $)", {bounded(), part()});
  }
}

std::string SourceProgram::pair(const Scope &scope, int depth) {
  auto known = [&] { return rng.oneOf(scope.pairs); };
  auto made = [&] {
    return filled("{ p: $, q: $ }", {tensor(scope, {"n"}, std::max(depth - 1, 0)),
                                     tensor(scope, {"n", "m"}, std::max(depth - 1, 0))});
  };
  if (scope.pairs.empty())
    return made();
  switch (depth <= 0 ? 0 : rng.below(6)) {
  case 0:
    return known();
  case 1:
    return filled("($ + $ * $)", {known(), number(), known()});
  case 2:
    return filled("tanh($)", {known()});
  case 3:
    return filled("map($, $)", {bounded(), known()});
  case 4:
    return filled("between($, $, $)", {known(), known(), tensor(scope, {}, 0)});
  default:
    return made();
  }
}
