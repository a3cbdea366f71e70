//===- LanguageTest.cpp - Random programs of the language, run twice ------===//
//
// What a random `.tn` program gives in the interpreter, its derivatives made plain ops, and as
// machine code on one thread and on two, which must agree to the bit with each other. Every program
// must check without a message, and be the same one in the layout of `tenon fmt`, which must stay
// as it is. TENON_FUZZ_PROGRAMS and TENON_FUZZ_SEED run more and others; TENON_FUZZ_PRINT=1 prints
// them.
//
//===----------------------------------------------------------------------===//
#include "tests/codegen/JitProgram.h"
#include "tests/fuzz/Settings.h"
#include "tests/fuzz/SourceProgram.h"

#include "frontend/check/Check.h"
#include "frontend/format/Format.h"
#include "frontend/lower/Lower.h"

#include "mlir/IR/Verifier.h"

#include <gtest/gtest.h>

#include <cmath>

using namespace tenon;
using namespace tenon::fuzz;

namespace {

/// The named dimensions' values.
using Sizes = std::pair<int64_t, int64_t>;

/// A checked and lowered program.
struct Lowered {
  std::string trouble; ///< what kept it from being one; empty if nothing did
  std::string graph;
  std::optional<check::Program> program;
};

Lowered lowered(const std::string &text, const std::string &entry) {
  SourceManager sources;
  DiagnosticEngine engine;
  check::Modules modules(sources, engine);
  check::Module *file = modules.loadText("fuzzed.tn", text);
  Lowered result;
  if (file)
    result.program = check::elaborateFunction(modules, *file, entry, {}, engine);
  if (!result.program || engine.hasErrors())
    return {renderAll(sources, engine), "", std::nullopt};
  auto context = test::makeContext();
  auto module = lower(*result.program, sources, *context);
  if (failed(mlir::verify(*module)))
    result.trouble = "the lowered module is no module";
  llvm::raw_string_ostream(result.graph) << *module;
  return result;
}

/// Empty, or what `tenon fmt` does wrong.
std::string troubleInLayout(const std::string &text, const SourceProgram &source,
                            const std::string &graph) {
  auto formatted = [](const std::string &before) {
    SourceManager sources;
    DiagnosticEngine engine;
    return format::format(sources, sources.add("fuzzed.tn", before), engine).value_or("");
  };
  std::string once = formatted(text);
  if (formatted(once) != once)
    return "formatted twice it isn't what it is formatted once:\n" + once;
  if (!format::sameMeaning(text, once) || lowered(once, source.entry()).graph != graph)
    return "formatted it is another program:\n" + once;
  return "";
}

HostTensor argument(const check::Entry &entry, const check::Argument &one, Sizes sizes,
                    uint64_t seed) {
  for (char letter : one.name)
    seed = 31 * seed + uint64_t(letter);
  Rng rng(seed);
  const check::TensorType &type = entry.type(one.value);
  std::vector<int64_t> shape;
  int64_t count = 1;
  for (const Dim &dim : type.dims) {
    shape.push_back(*dim.evaluate(
        [&](const std::string &name) { return name == "n" ? sizes.first : sizes.second; }));
    count *= shape.back();
  }
  bool isReal = type.dtype == check::DType::F64 || type.dtype == check::DType::F32;
  std::vector<double> values;
  for (int64_t i = 0; i < count; ++i)
    values.push_back(isReal ? double(rng.between(-1000, 1000)) / 1000 + 1e-5
                            : double(rng.between(0, 5)));
  tenon_dtype dtype = type.dtype == check::DType::F64   ? TENON_F64
                      : type.dtype == check::DType::F32 ? TENON_F32
                      : type.dtype == check::DType::I64 ? TENON_I64
                                                        : TENON_I32;
  return HostTensor::ofNumbers(dtype, shape, values);
}

/// As large as its largest element allows; more is for `Roundings` to explain.
Tolerance tolerance(const HostTensor &expected) {
  double largest = 1;
  for (double value : expected.numbers())
    if (std::isfinite(value))
      largest = std::max(largest, std::abs(value));
  return {0, (expected.dtype() == TENON_F32 ? 1e-5 : 1e-9) * largest};
}

/// What rounding can do to a result of the interpreter: where it may decide a comparison, or is all
/// that a difference of equals leaves, a way to compute it that rounds otherwise gives another
/// number and is right, too. `EvalOptions::noise` shows it.
class Roundings {
public:
  Roundings(const test::JitProgram &program, const std::string &entry, const test::Tensors &inputs,
            const test::Tensors &expected)
      : expected(expected) {
    for (uint64_t noise = 1; noise <= 12; ++noise) {
      EvalOptions options;
      options.noise = noise;
      auto results = program.expected(entry, inputs, options);
      if (results)
        runs.push_back(std::move(*results));
      else
        llvm::consumeError(results.takeError());
    }
  }
  /// True if the result moves by a good part of its distance from this one.
  bool explain(size_t result, const HostTensor &actual) const {
    double apart = distance(actual, expected[result]), moved = 0;
    for (const test::Tensors &run : runs)
      moved = std::max(moved, distance(run[result], expected[result]));
    return runs.size() < 12 || apart <= 16 * moved;
  }

private:
  /// Infinite where one is infinite, NaN or another whole number.
  static double distance(const HostTensor &a, const HostTensor &b) {
    double largest = 0;
    for (int64_t i = 0; i < b.size(); ++i) {
      double x = a.number(i), y = b.number(i);
      if (x == y || (std::isnan(x) && std::isnan(y)))
        continue;
      bool isFinite = isRealDtype(b.dtype()) && std::isfinite(x) && std::isfinite(y);
      largest = std::max(largest, isFinite ? std::abs(x - y) : HUGE_VAL);
    }
    return largest;
  }

  const test::Tensors &expected;
  std::vector<test::Tensors> runs;
};

/// Runs programs and counts results that only rounding decides.
class Comparison {
public:
  /// Empty, or what went wrong.
  std::string trouble(const SourceProgram &source, uint64_t seed);

  int64_t results = 0, decidedByRounding = 0, failed = 0;

private:
  std::string troubleAt(const test::JitProgram &compiled, const check::Entry &entry,
                        const test::Tensors &inputs);
};

std::string Comparison::trouble(const SourceProgram &source, uint64_t seed) {
  Lowered made = lowered(source.text(), source.entry());
  if (!made.trouble.empty())
    return made.trouble;
  if (std::string wrong = troubleInLayout(source.text(), source, made.graph); !wrong.empty())
    return wrong;
  test::JitProgram compiled(made.graph);
  if (!compiled.isValid())
    return "it doesn't compile";
  // None, one, a few, more than a vector's lanes.
  static constexpr Sizes others[] = {{1, 4}, {2, 1}, {1, 1},  {0, 2},
                                     {4, 0}, {5, 3}, {17, 9}, {40, 3}};
  const check::Entry &entry = made.program->entries[0];
  for (auto sizes : {Sizes(3, 2), others[seed % std::size(others)]}) {
    test::Tensors inputs;
    for (const check::Argument &one : entry.arguments)
      inputs.push_back(argument(entry, one, sizes, seed));
    if (std::string wrong = troubleAt(compiled, entry, inputs); !wrong.empty())
      return "for n = " + std::to_string(sizes.first) + ", m = " + std::to_string(sizes.second) +
             ": " + wrong;
  }
  return "";
}

std::string Comparison::troubleAt(const test::JitProgram &compiled, const check::Entry &entry,
                                  const test::Tensors &inputs) {
  auto expected = compiled.expected(entry.name, inputs);
  auto one = compiled.actual(entry.name, inputs, 1), two = compiled.actual(entry.name, inputs, 2);
  if (!expected && !one && !two && expected.errorIsA<CheckFailure>()) {
    // Which of several checks fails first isn't said.
    for (auto *outcome : {&expected, &one, &two})
      llvm::consumeError(outcome->takeError());
    ++failed;
    return "";
  }
  for (auto *outcome : {&expected, &one, &two})
    if (!*outcome)
      return llvm::toString(outcome->takeError());
  if (*one != *two)
    return "two threads give other bits than one";
  std::optional<Roundings> roundings;
  for (size_t i = 0; i < expected->size(); ++i, ++results) {
    std::string text = difference((*one)[i], (*expected)[i], tolerance((*expected)[i]));
    if (text.empty())
      continue;
    if (!roundings)
      roundings.emplace(compiled, entry.name, inputs, *expected);
    if (!roundings->explain(i, (*one)[i]))
      return "result " + std::to_string(i) + ": " + text;
    ++decidedByRounding;
  }
  return "";
}

TEST(Language, RandomProgramsAgreeWithTheInterpreter) {
  auto programs = uint64_t(setting("TENON_FUZZ_PROGRAMS", 12));
  auto first = uint64_t(setting("TENON_FUZZ_SEED", 1));
  Comparison comparison;
  for (uint64_t seed = first, failures = 0; seed < first + programs && failures < 5; ++seed) {
    SourceProgram source(seed);
    if (setting("TENON_FUZZ_PRINT", 0))
      llvm::errs() << "// seed " << seed << "\n" << source.text() << "\n";
    std::string wrong = comparison.trouble(source, seed);
    if (wrong.empty())
      continue;
    ++failures;
    ADD_FAILURE() << "TENON_FUZZ_SEED=" << seed << " TENON_FUZZ_PROGRAMS=1\n"
                  << source.text() << "\n"
                  << wrong;
  }
  RecordProperty("results", int(comparison.results));
  RecordProperty("decided_by_rounding", int(comparison.decidedByRounding));
  RecordProperty("failed_calls", int(comparison.failed));
  EXPECT_LE(comparison.decidedByRounding, comparison.results / 20)
      << "too many results were compared in vain";
  EXPECT_LE(comparison.failed, int64_t(programs) / 5) << "too many programs come to no end";
}

} // namespace
