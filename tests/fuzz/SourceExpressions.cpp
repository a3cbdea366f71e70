//===- SourceExpressions.cpp - Expressions of a random program ------------===//
#include "tests/fuzz/SourceProgram.h"

#include <algorithm>

using namespace tenon::fuzz;

namespace {
const char *const kBounded[] = {"tanh", "sin", "cos", "sigmoid", "erf", "softplus"};
} // namespace

std::string SourceProgram::number() {
  // Few decimals, no whole numbers: no sum of these meets a comparison's bound.
  return "0." + std::to_string(rng.between(1, 9)) + std::to_string(rng.between(1, 9)) + "7";
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

//===----------------------------------------------------------------------===//
// At indices
//===----------------------------------------------------------------------===//

std::string SourceProgram::leaf(const Scope &scope, const std::vector<Index> &indices) {
  // A tensor all of whose dimensions are ranges of indices here.
  std::vector<std::string> reads;
  auto add = [&](const std::string &name, const Shape &shape) {
    std::string places;
    for (const std::string &dim : shape) {
      std::vector<std::string> fitting;
      for (const Index &index : indices)
        if (index.extent == dim)
          fitting.push_back(index.name);
      if (fitting.empty())
        return;
      places += (places.empty() ? "" : ", ") + rng.oneOf(fitting);
    }
    reads.push_back(shape.empty() ? name : name + "[" + places + "]");
  };
  for (const Variable &variable : scope.tensors)
    add(variable.name, variable.shape);
  for (const std::string &name : scope.pairs) {
    add(name + ".p", {"n"});
    add(name + ".q", {"n", "m"});
  }
  if (reads.empty() || rng.chance(15))
    return number();
  std::string read = rng.oneOf(reads);
  size_t bracket = read.find('[');
  if (bracket == std::string::npos || rng.chance(75))
    return read;
  // Its neighbour along the last index, and something else outside.
  const char *shift = rng.chance(50) ? " - 1] else " : " + 1] else ";
  return "(" + read.substr(0, read.size() - 1) + shift + number() + ")";
}

std::string SourceProgram::indexCondition(const std::vector<Index> &indices) {
  const Index &index = indices[size_t(rng.below(int64_t(indices.size())))];
  switch (rng.below(3)) {
  case 0:
    return index.name + " % 2 == " + std::to_string(rng.below(2));
  case 1:
    return index.name + " < " + std::to_string(rng.between(1, 2));
  default:
    return index.name + " + 1 == " + index.extent;
  }
}

std::string SourceProgram::reduction(const Scope &scope, std::vector<Index> indices, int depth) {
  static const char *const words[] = {"sum", "sum", "mean", "max", "min", "logsumexp", "prod"};
  Index index{fresh("k"), rng.chance(50) ? "m" : "n"};
  std::string word = rng.oneOf(words, std::size(words));
  indices.push_back(index);
  std::string body = element(scope, indices, depth - 1);
  return "(" + word + "[" + index.name + ": " + index.extent + "] (" + body + "))";
}

std::string SourceProgram::element(const Scope &scope, std::vector<Index> indices, int depth) {
  if (depth <= 0)
    return leaf(scope, indices);
  auto part = [&] { return element(scope, indices, depth - 1); };
  switch (rng.below(9)) {
  case 0:
    return "(" + part() + " + " + part() + ")";
  case 1:
    return "(" + part() + " - " + part() + ")";
  case 2:
  case 3:
    return part() + " * " + part();
  case 4:
    return std::string(rng.oneOf(kBounded, std::size(kBounded))) + "(" + part() + ")";
  case 5:
    if (!indices.empty())
      return "(if " + indexCondition(indices) + " { " + part() + " } else { " + part() + " })";
    return "exp(-abs(" + part() + "))";
  case 6:
    return "(if " + part() + " > " + number() + " { " + part() + " } else { " + part() + " })";
  case 7:
    return part() + " / (1.5 + " + part() + " ** 2)";
  default:
    return reduction(scope, indices, std::min(depth, 2));
  }
}

//===----------------------------------------------------------------------===//
// Whole tensors and trees
//===----------------------------------------------------------------------===//

std::string SourceProgram::condition(const Scope &scope) {
  std::string left = tensor(scope, {}, 1), text = left + " > " + number();
  switch (rng.below(4)) {
  case 0:
    return "not (" + text + ")";
  case 1:
    return "(" + text + " or " + tensor(scope, {}, 0) + " < -" + number() + ")";
  default:
    return text;
  }
}

std::string SourceProgram::tensor(const Scope &scope, const Shape &shape, int depth) {
  std::vector<std::string> known = ofShape(scope, shape);
  if (depth <= 0 || rng.chance(15)) {
    if (known.empty())
      return shape.empty() ? number()
                           : "full(" + number() + ", " + shape[0] +
                                 (shape.size() > 1 ? ", " + shape[1] : "") + ")";
    return rng.oneOf(known);
  }
  auto part = [&] { return tensor(scope, shape, depth - 1); };
  switch (rng.below(shape.empty() ? 10 : 7)) {
  case 0:
    return "(" + part() + " + " + part() + ")";
  case 1:
    return "(" + part() + " - " + number() + " * " + part() + ")";
  case 2:
    return "(" + tensor(scope, {}, 0) + " * " + part() + ")";
  case 3:
    return std::string(rng.oneOf(kBounded, std::size(kBounded))) + "(" + part() + ")";
  case 4:
    return "(if " + condition(scope) + " { " + part() + " } else { " + part() + " })";
  case 5:
    return std::string(rng.chance(50) ? "max(" : "min(") + part() + ", " + part() + ")";
  case 6:
    if (shape.size() == 2)
      return "softmax(" + part() + ")";
    if (shape == Shape{"n"} && !ofShape(scope, {"n", "m"}).empty())
      return rng.oneOf(ofShape(scope, {"n", "m"})) + "[:, 0]";
    return "relu(" + part() + ")";
  case 7:
    return "tanh(sum(" + tensor(scope, {rng.chance(50) ? "n" : "m"}, depth - 1) + "))";
  case 8:
    return "tanh(sum(" + pair(scope, depth - 1) + "))";
  default:
    return reduction(scope, {}, depth);
  }
}

std::string SourceProgram::pair(const Scope &scope, int depth) {
  auto known = [&] { return scope.pairs.empty() ? std::string() : rng.oneOf(scope.pairs); };
  auto made = [&] {
    return "{ p: " + tensor(scope, {"n"}, std::max(depth - 1, 0)) +
           ", q: " + tensor(scope, {"n", "m"}, std::max(depth - 1, 0)) + " }";
  };
  if (scope.pairs.empty())
    return made();
  switch (depth <= 0 ? 0 : rng.below(5)) {
  case 0:
    return known();
  case 1:
    return "(" + known() + " + " + number() + " * " + known() + ")";
  case 2:
    return std::string("tanh(") + known() + ")";
  case 3:
    return "map(" + std::string(rng.oneOf(kBounded, std::size(kBounded))) + ", " + known() + ")";
  default:
    return made();
  }
}
