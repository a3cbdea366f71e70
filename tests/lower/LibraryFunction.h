// A function of a program from its text to numbers, by the reference interpreter.
#pragma once

#include "frontend/check/Check.h"
#include "frontend/lower/Lower.h"
#include "ir/eval/Interpreter.h"

#include <gtest/gtest.h>

#include <cmath>

namespace tenon::test {

using Numbers = std::vector<double>;

/// One function of a program, lowered; arguments are given by name.
class Compiled {
public:
  Compiled(const std::string &text, const std::string &function) : modules_(sources_, engine_) {
    check::CheckOptions options;
    options.real = check::DType::F64;
    check::Module *module = modules_.loadText("test.tn", text);
    auto program = module
                       ? check::elaborateFunction(modules_, *module, function, {}, engine_, options)
                       : std::nullopt;
    errors = renderAll(sources_, engine_);
    if (!program)
      return;
    entry_ = program->entries[0];
    module_ = lower(*program, sources_, context_);
  }

  struct Input {
    std::vector<int64_t> shape;
    Numbers elements;
  };
  /// Results by name; the message of a check that failed under "failed".
  std::map<std::string, Numbers> run(std::map<std::string, Input> inputs) {
    std::map<std::string, Numbers> results;
    if (!module_) {
      ADD_FAILURE() << errors;
      return results;
    }
    auto function = *module_->getOps<mlir::func::FuncOp>().begin();
    std::vector<HostTensor> arguments;
    for (auto [i, argument] : llvm::enumerate(entry_.arguments)) {
      auto found = inputs.find(argument.name);
      if (found == inputs.end()) {
        ADD_FAILURE() << "no value for " << argument.name;
        return results;
      }
      tenon_dtype dtype = dtypeOf(function.getArgumentTypes()[i]);
      arguments.push_back(
          HostTensor::ofNumbers(dtype, found->second.shape, found->second.elements));
    }
    auto outputs = interpret(function, arguments);
    if (!outputs) {
      llvm::handleAllErrors(
          outputs.takeError(), [&](const CheckFailure &failure) { failed = failure.message; },
          [&](const llvm::ErrorInfoBase &other) { ADD_FAILURE() << other.message(); });
      return results;
    }
    for (auto [result, tensor] : llvm::zip(entry_.results, *outputs))
      results[result.name] = tensor.numbers();
    return results;
  }

  std::string errors;
  std::string failed;

private:
  SourceManager sources_;
  DiagnosticEngine engine_;
  check::Modules modules_;
  mlir::MLIRContext context_;
  check::Entry entry_;
  mlir::OwningOpRef<mlir::ModuleOp> module_;
};

/// Distinct small numbers of both signs.
inline Numbers numbers(size_t count, double phase = 0) {
  Numbers result;
  for (size_t i = 0; i < count; ++i)
    result.push_back(std::sin(1.7 * double(i) + phase));
  return result;
}

inline void expectNear(const Numbers &actual, const Numbers &expected, double tolerance = 1e-12) {
  ASSERT_EQ(actual.size(), expected.size());
  for (size_t i = 0; i < actual.size(); ++i)
    EXPECT_NEAR(actual[i], expected[i], tolerance) << "element " << i;
}

} // namespace tenon::test
