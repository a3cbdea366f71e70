//===- Ways.cpp - Outcomes and when they agree ----------------------------===//
#include "tests/fuzz/Ways.h"

#include "ir/eval/Interpreter.h"

using namespace mlir;
using namespace tenon;
using namespace tenon::fuzz;

Outcome tenon::fuzz::interpreted(func::FuncOp function, ArrayRef<HostTensor> inputs, bool wide) {
  EvalOptions options;
  options.wide = wide;
  auto results = interpret(function, inputs, options);
  Outcome outcome;
  if (results) {
    outcome.results = std::move(*results);
    return outcome;
  }
  llvm::handleAllErrors(
      results.takeError(),
      [&](const CheckFailure &failure) {
        outcome.failedCheck = failure.message + " at " + std::to_string(failure.index);
      },
      [&](const llvm::ErrorInfoBase &error) { outcome.error = error.message(); });
  return outcome;
}

std::string tenon::fuzz::compare(const Outcome &actual, const Outcome &expected,
                                 ArrayRef<double> errors) {
  for (const Outcome *outcome : {&expected, &actual})
    if (!outcome->error.empty())
      return outcome->error;
  if (actual.failedCheck != expected.failedCheck)
    return "failed check '" + actual.failedCheck + "' instead of '" + expected.failedCheck + "'";
  for (size_t i = 0; i < expected.results.size(); ++i) {
    std::string text = difference(actual.results[i], expected.results[i], {0, 2 * errors[i]});
    if (!text.empty())
      return "result " + std::to_string(i) + ": " + text + " (may differ by " +
             std::to_string(2 * errors[i]) + ")\nactual " + actual.results[i].str() +
             "\nexpected " + expected.results[i].str();
  }
  return "";
}
