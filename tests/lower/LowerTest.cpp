// Lowered entries compute what the checked program says: the graph, run by the interpreter, against
// the operations run one by one.
#include "RandomEntry.h"

#include "frontend/diagnostics/Source.h"
#include "frontend/lower/Lower.h"
#include "ir/eval/Interpreter.h"

#include "mlir/IR/Verifier.h"

#include <gtest/gtest.h>

namespace {

using namespace tenon;
using namespace tenon::test;

tenon_dtype dtypeOf(DType dtype) {
  switch (dtype) {
  case DType::I32:
    return TENON_I32;
  case DType::Bool:
    return TENON_BOOL;
  default:
    return TENON_F64;
  }
}

struct Lowered {
  mlir::MLIRContext context;
  SourceManager sources;
  mlir::OwningOpRef<mlir::ModuleOp> module;

  explicit Lowered(const Entry &entry) {
    Program program;
    program.entries.push_back(entry);
    module = lower(program, sources, context);
  }
  std::string text() {
    std::string out;
    llvm::raw_string_ostream stream(out);
    module->print(stream);
    return out;
  }
  /// The results, or the message of the check that failed; any other error fails the test.
  std::optional<std::vector<HostTensor>> run(const Entry &entry,
                                             const std::vector<Array> &arguments,
                                             const std::map<std::string, int64_t> &symbols) {
    std::vector<HostTensor> inputs;
    for (size_t i = 0; i < arguments.size(); ++i)
      inputs.push_back(HostTensor::ofNumbers(dtypeOf(entry.type(entry.arguments[i].value).dtype),
                                             arguments[i].shape, arguments[i].elements));
    EvalOptions options;
    for (auto &[name, value] : symbols)
      options.symbols[name] = value;
    auto function = *module->getOps<mlir::func::FuncOp>().begin();
    auto results = interpret(function, inputs, options);
    if (results)
      return std::move(*results);
    bool isCheck = results.errorIsA<CheckFailure>();
    std::string message = llvm::toString(results.takeError());
    EXPECT_TRUE(isCheck) << message;
    return std::nullopt;
  }
};

/// Empty if lowered and checked program agree for these sizes.
std::string compare(Lowered &lowered, RandomEntry &program,
                    const std::map<std::string, int64_t> &symbols, bool &completed) {
  std::vector<Array> arguments = program.arguments(symbols);
  auto actual = lowered.run(program.entry(), arguments, symbols);
  std::vector<Array> expected;
  try {
    expected = run(program.entry(), arguments, symbols);
  } catch (const CheckFailed &failed) {
    return actual ? "a check should have failed: " + std::string(failed.what()) : "";
  }
  // Reads that depend on no loop are made once, before; so a nest of no elements may still fail.
  bool empty = symbols.at("n") == 0 || symbols.at("m") == 0;
  if (!actual)
    return empty ? "" : "no check should have failed";
  completed = true;
  for (size_t i = 0; i < expected.size(); ++i) {
    HostTensor tensor = HostTensor::ofNumbers(TENON_F64, expected[i].shape, expected[i].elements);
    if (std::string text = difference((*actual)[i], tensor, {1e-12, 1e-12}); !text.empty())
      return "result " + std::to_string(i) + ": " + text;
  }
  return "";
}

TEST(Lower, RandomEntriesComputeTheSame) {
  size_t completed = 0;
  size_t rounds = 400;
  if (const char *text = std::getenv("TENON_FUZZ_ROUNDS"))
    rounds = std::strtoul(text, nullptr, 10);
  for (uint32_t seed = 0; seed < rounds; ++seed) {
    RandomEntry program(seed);
    Lowered lowered(program.entry());
    ASSERT_TRUE(mlir::succeeded(mlir::verify(*lowered.module))) << "seed " << seed;
    for (auto [n, m] : {std::pair(3, 2), std::pair(1, 4), std::pair(2, 0), std::pair(0, 1)}) {
      bool whole = false;
      std::string difference = compare(lowered, program, {{"n", n}, {"m", m}}, whole);
      EXPECT_EQ(difference, "") << "seed " << seed << ", n = " << n << ", m = " << m << "\n"
                                << lowered.text();
      completed += whole;
      if (!difference.empty())
        return;
    }
  }
  // Else the comparison would say little.
  EXPECT_GT(completed, rounds);
}

} // namespace
