#include "tests/grad/Program.h"

#include "passes/Passes.h"

#include "mlir/Parser/Parser.h"
#include "mlir/Pass/PassManager.h"
#include "llvm/ADT/StringExtras.h"

#include <gtest/gtest.h>

#include <random>

using namespace mlir;
using namespace tenon;
using namespace tenon::grad;

namespace {
using Texts = std::vector<std::string>;

Texts numbered(const std::string &prefix, size_t count) {
  Texts names;
  for (size_t i = 0; i < count; ++i)
    names.push_back(prefix + std::to_string(i));
  return names;
}

/// "%p: T, ..."
std::string typed(const Texts &names, const Texts &types) {
  std::string text;
  for (size_t i = 0; i < names.size(); ++i)
    text += (i ? ", " : "") + names[i] + ": " + types[i];
  return text;
}
std::string joined(const Texts &texts) { return llvm::join(texts, ", "); }
Texts operator+(Texts a, const Texts &b) {
  a.insert(a.end(), b.begin(), b.end());
  return a;
}

/// The functions of a row as text.
class Writer {
public:
  Writer(const Row &row, const Texts &results, std::string ops, std::string yields)
      : x(row.types), y(results), ops(std::move(ops)), yields(std::move(yields)) {
    for (const Held &one : row.held)
      k.push_back(one.type);
  }

  std::string module() const {
    return plain() + function("vjp", "ct", y, "", x, vjp("%in", "%ct", body(), y, x)) +
           function("jvp", "ta", x, "", y, jvp("%in", "%ta", body(), y)) +
           function("jvp_vjp", "ct", y, "ta", x,
                    jvp("%in", "%ta", inner("%pt", vjp("%pt", "%ct", body(), y, x), x), x)) +
           function("vjp_vjp", "ct", y, "ta", x,
                    vjp("%in", "%ta", inner("%pt", vjp("%pt", "%ct", body(), y, x), x), x, x)) +
           function("vjp_jvp", "ct", y, "ta", x,
                    vjp("%in", "%ct", inner("%pt", jvp("%pt", "%ta", body(), y), y), y, x)) +
           function("jvp_jvp", "ta", x, "", y,
                    jvp("%in", "%ta", inner("%pt", jvp("%pt", "%ta", body(), y), y), y));
  }

private:
  struct Derived {
    std::string text;
    size_t skipped;
  };
  std::string plain() const {
    return "func.func @f(" + typed(numbered("%x", x.size()) + numbered("%k", k.size()), x + k) +
           ") -> (" + joined(y) + ") {\n" + ops + "return " + yields + " : " + joined(y) + "\n}\n";
  }
  std::string body() const {
    return "{\n^bb0(" + typed(numbered("%x", x.size()), x) + "):\n" + ops + "tenon.yield " +
           yields + " : " + joined(y) + "\n}";
  }
  /// A region over `names` that yields what `derived` adds to the values themselves.
  std::string inner(const std::string &names, const Derived &derived, const Texts &types) const {
    return "{\n^bb0(" + typed(numbered(names, x.size()), x) +
           "):\n%qq:" + std::to_string(derived.skipped + types.size()) + " = " + derived.text +
           "tenon.yield " + picked("%qq", derived.skipped, types.size()) + " : " + joined(types) +
           "\n}";
  }
  static std::string picked(const std::string &name, size_t from, size_t count) {
    Texts names;
    for (size_t i = 0; i < count; ++i)
      names.push_back(name + "#" + std::to_string(from + i));
    return joined(names);
  }
  Derived vjp(const std::string &at, const std::string &with, const std::string &region,
              const Texts &from, const Texts &to) const {
    return {"tenon.vjp (" + joined(numbered(at, x.size())) + ") cotangents (" +
                joined(numbered(with, from.size())) + ") " + region + " : (" + joined(x) + "), (" +
                joined(from) + ") -> (" + joined(from + to) + ")\n",
            from.size()};
  }
  Derived jvp(const std::string &at, const std::string &with, const std::string &region,
              const Texts &to) const {
    return {"tenon.jvp (" + joined(numbered(at, x.size())) + ") tangents (" +
                joined(numbered(with, x.size())) + ") " + region + " : (" + joined(x) + "), (" +
                joined(x) + ") -> (" + joined(to + to) + ")\n",
            to.size()};
  }
  std::string function(const std::string &name, const std::string &first, const Texts &firstTypes,
                       const std::string &second, const Texts &secondTypes,
                       const Derived &derived) const {
    bool two = !second.empty();
    Texts names = numbered("%in", x.size()) + numbered("%k", k.size()) +
                  numbered("%" + first, firstTypes.size()) +
                  (two ? numbered("%" + second, secondTypes.size()) : Texts());
    Texts types = x + k + firstTypes + (two ? secondTypes : Texts());
    // Of the first order the results are of the other side's types.
    const Texts &to = two ? x : secondTypes;
    return "func.func @" + name + "(" + typed(names, types) + ") -> (" + joined(to) +
           ") {\n%res:" + std::to_string(derived.skipped + to.size()) + " = " + derived.text +
           "return " + picked("%res", derived.skipped, to.size()) + " : " + joined(to) + "\n}\n";
  }

  Texts x, y, k;
  std::string ops, yields;
};

std::string replaced(std::string text, const std::string &element) {
  // `F` alone or after an extent, as in tensor<2xF>.
  for (size_t at = 0; (at = text.find('F', at)) != std::string::npos; ++at) {
    bool isWord = (at > 0 && text[at - 1] != 'x' && isalnum(text[at - 1])) ||
                  (at + 1 < text.size() && isalnum(text[at + 1]));
    if (!isWord)
      text.replace(at, 1, element);
  }
  return text;
}

/// Splits "T, U<a, b>" at its outer commas.
Texts splitTypes(const std::string &text) {
  Texts types(1);
  int depth = 0;
  for (char c : text) {
    depth += c == '<' ? 1 : c == '>' ? -1 : 0;
    if (c == ',' && depth == 0)
      types.emplace_back();
    else if (c != '\n' && !(c == ' ' && types.back().empty()))
      types.back() += c;
  }
  return types;
}
} // namespace

Program::Program(MLIRContext &context, const Row &given, const std::string &element,
                 bool wholePipeline, int64_t budget)
    : row(given) {
  for (std::string &type : row.types)
    type = replaced(type, element);
  for (Held &one : row.held)
    one.type = replaced(one.type, element);
  std::string body = replaced(row.body, element);
  size_t yield = body.rfind("tenon.yield ");
  size_t colon = body.find(" : ", yield);
  std::string yields = body.substr(yield + 12, colon - yield - 12);
  Writer writer(row, splitTypes(body.substr(colon + 3)), body.substr(0, yield), yields);
  std::string text = writer.module();
  module = parseSourceString<ModuleOp>(text, &context);
  if (!module) {
    ADD_FAILURE() << row.name << " doesn't parse:\n" << text;
    return;
  }
  PassManager manager(&context);
  if (wholePipeline)
    buildGraphPipeline(manager, {budget, {}});
  else
    manager.addNestedPass<func::FuncOp>(createDifferentiate({budget, {}}));
  if (failed(manager.run(*module))) {
    ADD_FAILURE() << row.name << " isn't differentiated";
    module = {};
    return;
  }
  auto function = module->lookupSymbol<func::FuncOp>("f");
  for (auto [i, type] : llvm::enumerate(function.getArgumentTypes())) {
    auto tensor = cast<RankedTensorType>(type);
    if (i < row.types.size())
      inputs.push_back(tensor);
    else
      held.push_back(HostTensor::ofNumbers(dtypeOf(tensor), shapeOf(tensor),
                                           row.held[i - row.types.size()].values));
  }
  for (Type type : function.getResultTypes())
    results.push_back(cast<RankedTensorType>(type));
}

std::vector<int64_t> Program::shapeOf(RankedTensorType type) const {
  std::vector<int64_t> shape;
  for (const Dim &dim : dimsOf(type))
    shape.push_back(
        dim.evaluate([&](const std::string &name) { return std::optional(row.symbols.at(name)); })
            .value());
  return shape;
}

Tensors Program::call(const std::string &name, Tensors arguments) const {
  arguments.insert(arguments.begin() + long(inputs.size()), held.begin(), held.end());
  EvalOptions options;
  for (auto &[symbol, value] : row.symbols)
    options.symbols[symbol] = value;
  auto result = interpret(module->lookupSymbol<func::FuncOp>(name), arguments, options);
  if (!result) {
    ADD_FAILURE() << row.name << " @" << name << ": " << llvm::toString(result.takeError());
    return {};
  }
  return *result;
}

Tensors Program::random(const std::vector<RankedTensorType> &types, double low, double high,
                        uint64_t seed) const {
  std::mt19937_64 generator(seed);
  Tensors tensors;
  for (RankedTensorType type : types) {
    HostTensor tensor(dtypeOf(type), shapeOf(type));
    for (int64_t i = 0; i < tensor.size(); ++i)
      tensor.set(i, Number::ofReal(low + (high - low) * double(generator() >> 11) * 0x1p-53));
    tensors.push_back(std::move(tensor));
  }
  return tensors;
}

Tensors Program::point(uint64_t seed) const {
  Tensors tensors = random(inputs, row.low, row.high, seed);
  for (size_t i = 0; i < row.at.size(); ++i)
    if (!row.at[i].empty())
      tensors[i] = HostTensor::ofNumbers(tensors[i].dtype(), tensors[i].shape(), row.at[i]);
  return tensors;
}
