//===- LanguageTest.cpp - Random programs of the language, run twice ------===//
//
// What a random `.tn` program gives in the interpreter, its derivatives made plain ops, and as
// machine code on one thread and on two, which must agree to the bit with each other. Every program
// must check without a message. TENON_FUZZ_PROGRAMS and TENON_FUZZ_SEED run more and others;
// TENON_FUZZ_PRINT=1 prints them.
//
//===----------------------------------------------------------------------===//
#include "tests/codegen/JitProgram.h"
#include "tests/fuzz/SourceProgram.h"

#include "frontend/check/Check.h"
#include "frontend/lower/Lower.h"

#include "mlir/IR/Verifier.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstdlib>

using namespace tenon;
using namespace tenon::fuzz;

namespace {

int64_t setting(const char *name, int64_t otherwise) {
  const char *text = std::getenv(name);
  return text ? std::atoll(text) : otherwise;
}

/// Arguments of `fuzzed` for these sizes, by name.
HostTensor argument(const std::string &name, int64_t n, int64_t m, uint64_t seed) {
  for (char letter : name)
    seed = 31 * seed + uint64_t(letter);
  Rng rng(seed);
  std::vector<int64_t> shape;
  if (name == "x" || name == "p.p" || name == "ids")
    shape = {n};
  if (name == "y" || name == "p.q")
    shape = {n, m};
  if (name == "z")
    shape = {m};
  if (name == "seed" || name == "step")
    return HostTensor::scalar(TENON_I64, double(seed % 1000));
  tenon_dtype dtype = name == "ids" ? TENON_I32 : TENON_F64;
  HostTensor tensor(dtype, shape);
  std::vector<double> values;
  for (int64_t i = 0; i < tensor.size(); ++i)
    values.push_back(dtype == TENON_I32 ? double(rng.below(m))
                                        : double(rng.between(-1000, 1000)) / 1000 + 1e-5);
  return HostTensor::ofNumbers(dtype, shape, values);
}

/// As large as its largest element allows.
Tolerance tolerance(const HostTensor &expected) {
  double largest = 1;
  for (double value : expected.numbers())
    if (std::isfinite(value))
      largest = std::max(largest, std::abs(value));
  return {0, 1e-9 * largest};
}

/// Empty, or what went wrong.
std::string trouble(const std::string &text, uint64_t seed) {
  SourceManager sources;
  DiagnosticEngine engine;
  check::Modules modules(sources, engine);
  check::Module *file = modules.loadText("fuzzed.tn", text);
  auto program =
      file ? check::elaborateFunction(modules, *file, "fuzzed", {}, engine) : std::nullopt;
  if (!program)
    return renderAll(sources, engine);
  auto context = test::makeContext();
  auto module = lower(*program, sources, *context);
  if (failed(mlir::verify(*module)))
    return "the lowered module is no module";
  std::string graph;
  llvm::raw_string_ostream(graph) << *module;
  test::JitProgram compiled(graph);
  if (!compiled.isValid())
    return "it doesn't compile";
  for (auto [n, m] : {std::pair<int64_t, int64_t>(3, 2), {1, 4}}) {
    test::Tensors inputs;
    for (const check::Argument &one : program->entries[0].arguments)
      inputs.push_back(argument(one.name, n, m, seed));
    auto expected = compiled.expected("fuzzed", inputs);
    auto one = compiled.actual("fuzzed", inputs, 1), two = compiled.actual("fuzzed", inputs, 2);
    for (auto *outcome : {&expected, &one, &two})
      if (!*outcome)
        return llvm::toString(outcome->takeError());
    if (*one != *two)
      return "two threads give other bits than one";
    for (size_t i = 0; i < expected->size(); ++i) {
      std::string text = difference((*one)[i], (*expected)[i], tolerance((*expected)[i]));
      if (!text.empty())
        return "result " + std::to_string(i) + " for n = " + std::to_string(n) +
               ", m = " + std::to_string(m) + ": " + text;
    }
  }
  return "";
}

TEST(Language, RandomProgramsAgreeWithTheInterpreter) {
  auto programs = uint64_t(setting("TENON_FUZZ_PROGRAMS", 12));
  auto first = uint64_t(setting("TENON_FUZZ_SEED", 1));
  for (uint64_t seed = first, failures = 0; seed < first + programs && failures < 5; ++seed) {
    std::string text = SourceProgram(seed).text();
    if (setting("TENON_FUZZ_PRINT", 0))
      llvm::errs() << "// seed " << seed << "\n" << text << "\n";
    std::string wrong = trouble(text, seed);
    if (wrong.empty())
      continue;
    ++failures;
    ADD_FAILURE() << "TENON_FUZZ_SEED=" << seed << " TENON_FUZZ_PROGRAMS=1\n"
                  << text << "\n"
                  << wrong;
  }
}

} // namespace
