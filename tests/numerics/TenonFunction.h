//===- TenonFunction.h - Functions of a program, run both ways --*- C++ -*-===//
#pragma once

#include "frontend/check/Check.h"
#include "tests/codegen/JitProgram.h"

#include <gtest/gtest.h>

#include <functional>

namespace tenon::test {

using Numbers = std::vector<double>;

/// An argument: f64, or what `dtype` says.
struct Given {
  std::vector<int64_t> shape;
  Numbers elements;
  tenon_dtype dtype = TENON_F64;
};
using Givens = std::map<std::string, Given>;

/// By the interpreter alone, where compiling would take most of the time and show nothing new.
enum class Way { Compiled, Interpreted };

/// One function of a program. Every run of a compiled one compares the machine code, with 1, 2 and
/// 3 threads, with the interpreter.
class TenonFunction {
public:
  TenonFunction(const std::string &text, const std::string &function, Way way = Way::Compiled);

  /// The results by name; a single one is called "result". Seed and step are 0 unless given.
  std::map<std::string, Numbers> run(const Givens &inputs, Tolerance tolerance = {1e-11, 1e-11});
  /// The only result.
  Numbers operator()(const Givens &inputs) { return run(inputs)["result"]; }

  /// What the machine code, with one thread, says of a call that fails; empty if it doesn't.
  std::string failure(const Givens &inputs);

  /// What the checker says, empty if nothing.
  std::string errors;

private:
  Tensors arguments(const Givens &inputs);

  std::string name_;
  std::vector<std::string> argumentNames_, resultNames_;
  std::unique_ptr<JitProgram> program_;
  std::unique_ptr<mlir::MLIRContext> context_;
  mlir::OwningOpRef<mlir::ModuleOp> interpreted_;
};

/// The named result of the function in `text` for these inputs.
Numbers evaluate(const std::string &text, const std::string &function, const Givens &inputs,
                 Way way = Way::Compiled);

/// The derivative of `f` by all elements of input `name`, by differences: one row for each element.
Numbers differences(const std::function<Numbers(const Givens &)> &f, Givens inputs,
                    const std::string &name);

/// Distinct small numbers of both signs.
Numbers numbers(size_t count, double phase = 0);
void expectNear(const Numbers &actual, const Numbers &expected, double tolerance = 1e-10);

} // namespace tenon::test
