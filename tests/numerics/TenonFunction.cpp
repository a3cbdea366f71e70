//===- TenonFunction.cpp - Functions of a program, run both ways ----------===//
#include "tests/numerics/TenonFunction.h"

#include "frontend/lower/Lower.h"
#include "passes/Passes.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Pass/PassManager.h"

#include <cmath>

using namespace tenon;
using namespace tenon::test;

TenonFunction::TenonFunction(const std::string &text, const std::string &function, Way way)
    : name_(function) {
  SourceManager sources;
  DiagnosticEngine engine;
  check::Modules modules(sources, engine);
  check::CheckOptions options;
  options.real = check::DType::F64;
  check::Module *module = modules.loadText("test.tn", text);
  auto program = module ? check::elaborateFunction(modules, *module, function, {}, engine, options)
                        : std::nullopt;
  errors = renderAll(sources, engine);
  if (!program)
    return;
  for (const check::Argument &argument : program->entries[0].arguments)
    argumentNames_.push_back(argument.name);
  for (const check::Result &result : program->entries[0].results)
    resultNames_.push_back(result.name);
  context_ = makeContext();
  interpreted_ = lower(*program, sources, *context_);
  if (way == Way::Compiled) {
    std::string graph;
    llvm::raw_string_ostream stream(graph);
    interpreted_->print(stream);
    program_ = std::make_unique<JitProgram>(graph);
    return;
  }
  mlir::PassManager manager(context_.get());
  manager.addNestedPass<mlir::func::FuncOp>(createDifferentiate());
  if (mlir::failed(manager.run(*interpreted_)))
    ADD_FAILURE() << "no plain derivatives";
}

Tensors TenonFunction::arguments(const Givens &inputs) {
  Tensors tensors;
  for (const std::string &name : argumentNames_) {
    auto found = inputs.find(name);
    if (found == inputs.end() && (name == "seed" || name == "step")) {
      tensors.push_back(HostTensor::scalar(TENON_I64, 0));
      continue;
    }
    if (found == inputs.end()) {
      ADD_FAILURE() << "no value for " << name;
      return {};
    }
    tensors.push_back(
        HostTensor::ofNumbers(found->second.dtype, found->second.shape, found->second.elements));
  }
  return tensors;
}

std::map<std::string, Numbers> TenonFunction::run(const Givens &inputs, Tolerance tolerance) {
  std::map<std::string, Numbers> results;
  if (!interpreted_) {
    ADD_FAILURE() << errors;
    return results;
  }
  Tensors tensors = arguments(inputs);
  if (tensors.size() != argumentNames_.size())
    return results;
  if (program_)
    program_->check(name_, tensors, tolerance);
  auto outputs = program_ ? program_->actual(name_, tensors, 1)
                          : interpret(*interpreted_->getOps<mlir::func::FuncOp>().begin(), tensors);
  if (!outputs) {
    ADD_FAILURE() << llvm::toString(outputs.takeError());
    return results;
  }
  for (auto [name, tensor] : llvm::zip_equal(resultNames_, *outputs))
    results[name] = tensor.numbers();
  return results;
}

std::string TenonFunction::failure(const Givens &inputs) {
  auto outputs = program_->actual(name_, arguments(inputs), 1);
  return outputs ? "" : llvm::toString(outputs.takeError());
}

Numbers test::evaluate(const std::string &text, const std::string &function, const Givens &inputs,
                       Way way) {
  return TenonFunction(text, function, way)(inputs);
}

Numbers test::differences(const std::function<Numbers(const Givens &)> &f, Givens inputs,
                          const std::string &name) {
  const double h = 1e-4;
  Numbers rows;
  for (double &element : inputs[name].elements) {
    double at = element;
    auto moved = [&](double by) {
      element = at + by;
      return f(inputs);
    };
    Numbers one = moved(h), minusOne = moved(-h), two = moved(2 * h), minusTwo = moved(-2 * h);
    element = at;
    for (size_t i = 0; i < one.size(); ++i)
      rows.push_back((8 * (one[i] - minusOne[i]) - (two[i] - minusTwo[i])) / (12 * h));
  }
  return rows;
}

Numbers test::numbers(size_t count, double phase) {
  Numbers result;
  for (size_t i = 0; i < count; ++i)
    result.push_back(std::sin(1.7 * double(i) + phase));
  return result;
}

void test::expectNear(const Numbers &actual, const Numbers &expected, double tolerance) {
  ASSERT_EQ(actual.size(), expected.size());
  for (size_t i = 0; i < actual.size(); ++i)
    EXPECT_NEAR(actual[i], expected[i], tolerance * (1 + std::abs(expected[i]))) << "element " << i;
}
