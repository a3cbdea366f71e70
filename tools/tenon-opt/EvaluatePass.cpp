//===- EvaluatePass.cpp - Prints what functions compute -------------------===//
#include "tools/tenon-opt/EvaluatePass.h"

#include "ir/eval/Interpreter.h"

#include "mlir/IR/BuiltinOps.h"
#include "mlir/Pass/Pass.h"

using namespace mlir;
using namespace tenon;

namespace {
struct EvaluatePass : PassWrapper<EvaluatePass, OperationPass<ModuleOp>> {
  MLIR_DEFINE_EXPLICIT_INTERNAL_INLINE_TYPE_ID(EvaluatePass)
  EvaluatePass() = default;
  EvaluatePass(const EvaluatePass &other) : PassWrapper(other) {}

  StringRef getArgument() const override { return "evaluate"; }
  StringRef getDescription() const override { return "prints what functions compute"; }

  void runOnOperation() override {
    EvalOptions options;
    options.wide = wide;
    options.fusedChains = !unfused;
    for (const std::string &entry : symbols) {
      auto [name, text] = StringRef(entry).split('=');
      int64_t value;
      if (text.getAsInteger(10, value)) {
        getOperation()->emitError("'") << entry << "' is not of the form name=number";
        return signalPassFailure();
      }
      options.symbols[name] = value;
    }
    for (auto function : getOperation().getOps<func::FuncOp>())
      evaluate(function, options);
  }

  void evaluate(func::FuncOp function, const EvalOptions &options) {
    auto results = interpret(function, {}, options);
    if (results) {
      llvm::outs() << "@" << function.getName() << "\n";
      for (const HostTensor &result : *results)
        llvm::outs() << result.str() << "\n";
      return;
    }
    signalPassFailure();
    llvm::handleAllErrors(
        results.takeError(),
        [](const CheckFailure &failure) {
          emitError(failure.location)
              << "check failed: " << failure.message << " (element " << failure.index << ")";
        },
        [&](const llvm::ErrorInfoBase &error) { emitError(function.getLoc()) << error.message(); });
  }

  Option<bool> wide{*this, "wide", llvm::cl::desc("real numbers in f64")};
  Option<bool> unfused{*this, "unfused", llvm::cl::desc("round products before adding them")};
  ListOption<std::string> symbols{*this, "symbols", llvm::cl::desc("values of named dimensions")};
};
} // namespace

void registerEvaluatePass() { PassRegistration<EvaluatePass>(); }
