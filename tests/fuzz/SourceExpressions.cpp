//===- SourceExpressions.cpp - Index notation of a random program ---------===//
#include "tests/fuzz/SourceProgram.h"

#include <algorithm>

using namespace tenon::fuzz;

/// A function that keeps what is bounded so.
std::string SourceProgram::bounded() {
  static const char *const names[] = {"tanh", "sin", "cos", "sigmoid", "erf", "softplus"};
  return rng.oneOf(names, std::size(names));
}

std::string SourceProgram::number() {
  // Few decimals, no whole numbers: no sum of these meets a comparison's bound.
  return filled("0.$$7", {std::to_string(rng.between(1, 9)), std::to_string(rng.between(1, 9))});
}

/// An element at indices whose ranges are the variable's dimensions; empty if there are none.
std::string SourceProgram::read(const Variable &variable, const Indices &indices) {
  std::string places;
  for (const std::string &dim : variable.shape) {
    std::vector<std::string> fitting;
    for (const Index &index : indices)
      if (index.extent == dim)
        fitting.push_back(index.name);
    if (fitting.empty())
      return "";
    std::string place = rng.oneOf(fitting);
    if (rng.chance(6)) // the mirror image
      place = filled("$ - 1 - $", {dim, place});
    places += (places.empty() ? "" : ", ") + place;
  }
  return variable.shape.empty() ? variable.name : variable.name + "[" + places + "]";
}

std::string SourceProgram::leaf(const Scope &scope, const Indices &indices) {
  std::vector<std::string> reads;
  auto add = [&](const Variable &variable) {
    if (std::string text = read(variable, indices); !text.empty())
      reads.push_back(text);
  };
  for (const Variable &variable : scope.tensors)
    add(variable);
  for (const std::string &name : scope.pairs) {
    add({name + ".p", {"n"}});
    add({name + ".q", {"n", "m"}});
  }
  if (reads.empty() || rng.chance(12))
    return rng.chance(70) ? number() : filled("0.2 * f64($)", {whole(scope, indices, 1)});
  std::string text = rng.oneOf(reads);
  if (text.back() != ']' || rng.chance(75))
    return text;
  // Its neighbour along the last index, and something else outside.
  return filled("($$] else $)",
                {text.substr(0, text.size() - 1), rng.chance(50) ? " - 1" : " + 1", number()});
}

/// An element at a place that data decides, or of a window.
std::string SourceProgram::elsewhere(const Scope &scope, const Indices &indices) {
  std::vector<std::string> known = ofShape(scope, rng.chance(50) ? Shape{"n"} : Shape{"m"});
  if (known.empty())
    return number();
  std::string of = rng.oneOf(known);
  if (indices.empty() || rng.chance(50))
    return filled("($[$] else $)", {of, whole(scope, indices, 1), leaf(scope, indices)});
  auto index = [&] { return indices[size_t(rng.below(int64_t(indices.size())))].name; };
  return filled("($[$ * $ + $ - 1] else $)",
                {of, std::to_string(rng.between(1, 3)), index(), index(), number()});
}

std::string SourceProgram::indexCondition(const Indices &indices) {
  const Index &index = indices[size_t(rng.below(int64_t(indices.size())))];
  switch (rng.below(3)) {
  case 0:
    return filled("$ % 2 == $", {index.name, std::to_string(rng.below(2))});
  case 1:
    return filled("$ < $", {index.name, std::to_string(rng.between(1, 2))});
  default:
    return filled("$ + 1 == $", {index.name, index.extent});
  }
}

std::string SourceProgram::reduction(const Scope &scope, Indices indices, int depth) {
  static const char *const words[] = {"sum", "sum",       "mean", "max",
                                      "min", "logsumexp", "prod", "argmax"};
  static const char *const extents[] = {"n", "m", "3"};
  std::string head, word = rng.oneOf(words, std::size(words));
  for (int i = word != "argmax" && rng.chance(20) ? 2 : 1; i > 0; --i) {
    indices.push_back({fresh("k"), rng.oneOf(extents, std::size(extents))});
    head += (head.empty() ? "" : ", ") + indices.back().name + ": " + indices.back().extent;
  }
  if (rng.chance(10)) {
    std::string body = filled("$ > $", {element(scope, indices, depth - 1), number()});
    return filled("(if $[$] ($) { $ } else { 1.0 })",
                  {rng.chance(50) ? "any" : "all", head, body, number()});
  }
  std::string body = element(scope, indices, depth - 1);
  if (word == "argmax") // of nothing it would be an error
    return filled("(if $ > 0 { 0.1 * f64($[$] ($)) } else { 0.5 })",
                  {indices.back().extent, rng.chance(50) ? "argmax" : "argmin", head, body});
  return filled("($[$] ($))", {word, head, body});
}

std::string SourceProgram::element(const Scope &scope, const Indices &indices, int depth) {
  if (depth <= 0)
    return leaf(scope, indices);
  auto part = [&] { return element(scope, indices, depth - 1); };
  switch (rng.below(14)) {
  case 0:
    return filled("($ + $)", {part(), part()});
  case 1:
    return filled("($ - $)", {part(), part()});
  case 2:
  case 3:
    return filled("$ * $", {part(), part()});
  case 4:
    return filled("$($)", {bounded(), part()});
  case 5:
    if (!indices.empty())
      return filled("(if $ { $ } else { $ })",
                    {rng.chance(50) ? indexCondition(indices) : wholeCondition(scope, indices),
                     part(), part()});
    return filled("exp(-abs($))", {part()});
  case 6:
    return filled("(if $ > $ { $ } else { $ })", {part(), number(), part(), part()});
  case 7:
    return filled("$ / (1.5 + $ ** 2)", {part(), part()});
  case 8:
    return elsewhere(scope, indices);
  case 9:
    return filled(rng.chance(50) ? "log(1.5 + $ ** 2)" : "(1.2 + $ ** 2) ** -0.7", {part()});
  case 10:
    return filled(rng.chance(50) ? "($ % $)" : "floor($ / $)", {part(), number()});
  case 11:
    return filled("$($, $)", {rng.chance(70) ? rng.oneOf(scalars) : rng.oneOf(owned),
                              filled("tanh($)", {part()}), leaf(scope, indices)});
  default:
    return reduction(scope, indices, std::min(depth, 2));
  }
}
