//===- DifferentialTest.cpp - Random programs, computed in several ways ---===//
//
// Every program is interpreted as it was made; each other way to compute it must agree, within what
// rounding allows. TENON_FUZZ_PROGRAMS sets how many programs, TENON_FUZZ_SEED the first seed,
// TENON_FUZZ_OPS the ops of each. A failure prints the seed and the shortest beginning of the
// program that still fails. TENON_FUZZ_PRINT=1 prints the programs.
//
//===----------------------------------------------------------------------===//
#include "tests/fuzz/Settings.h"
#include "tests/fuzz/Ways.h"

#include "mlir/IR/MLIRContext.h"
#include "mlir/IR/Verifier.h"

#include <gtest/gtest.h>

using namespace tenon;
using namespace tenon::fuzz;

namespace {

/// Empty if the way agrees with the interpreter on this program, else what differs.
std::string disagreement(const RandomProgram &program, const Way &way) {
  Outcome expected = interpreted(program.function(), program.inputs);
  auto copy = mlir::OwningOpRef<mlir::ModuleOp>(program.module.get().clone());
  Outcome actual = way.run(*copy, program.inputs);
  std::string text = compare(actual, expected, program.errors);
  if (!text.empty()) {
    llvm::raw_string_ostream out(text);
    out << "\n--- afterwards\n" << *copy;
  }
  return text;
}

class Differential : public testing::TestWithParam<Way> {};

TEST_P(Differential, agreesWithTheInterpreter) {
  Way way = GetParam();
  mlir::MLIRContext context(mlir::MLIRContext::Threading::DISABLED);
  context.loadDialect<TenonDialect, mlir::func::FuncDialect>();
  int64_t programs = setting("TENON_FUZZ_PROGRAMS", way.programs);
  uint64_t first = uint64_t(setting("TENON_FUZZ_SEED", 1));
  ProgramOptions options;
  options.ops = int(setting("TENON_FUZZ_OPS", options.ops));
  options.scatteredResults = way.scatteredResults;
  int failures = 0;
  for (uint64_t seed = first; seed < first + uint64_t(programs) && failures < 5; ++seed) {
    RandomProgram program = makeProgram(context, seed, options);
    ASSERT_TRUE(succeeded(mlir::verify(*program.module))) << "seed " << seed;
    if (setting("TENON_FUZZ_PRINT", 0))
      llvm::errs() << "// seed " << seed << "\n" << *program.module << "\n";
    if (disagreement(program, way).empty())
      continue;
    ++failures;
    ProgramOptions fewer = options;
    std::string text;
    for (fewer.ops = 0; text.empty() && fewer.ops <= options.ops; ++fewer.ops) {
      program = makeProgram(context, seed, fewer);
      text = disagreement(program, way);
    }
    std::string ir;
    llvm::raw_string_ostream(ir) << *program.module;
    ADD_FAILURE() << way.name << ", TENON_FUZZ_SEED=" << seed << " TENON_FUZZ_OPS=" << fewer.ops - 1
                  << ":\n"
                  << ir << "--- " << text;
  }
}

INSTANTIATE_TEST_SUITE_P(Ways, Differential, testing::ValuesIn(allWays()),
                         [](const auto &info) { return info.param.name; });

} // namespace
