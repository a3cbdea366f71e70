//===- JitProgram.cpp - Text to a program that runs, beside the oracle ----===//
#include "tests/codegen/JitProgram.h"

#include "passes/Passes.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Parser/Parser.h"
#include "mlir/Pass/PassManager.h"

#include <gtest/gtest.h>

#include <random>

using namespace tenon;
using namespace tenon::test;

std::unique_ptr<mlir::MLIRContext> test::makeContext() {
  auto context = std::make_unique<mlir::MLIRContext>(mlir::MLIRContext::Threading::DISABLED);
  context->loadDialect<TenonDialect, mlir::func::FuncDialect>();
  return context;
}

JitProgram::JitProgram(llvm::StringRef text, const CompileOptions &options)
    : context(makeContext()) {
  auto module = mlir::parseSourceString<mlir::ModuleOp>(text, context.get());
  if (!module) {
    ADD_FAILURE() << "the text isn't a module";
    return;
  }
  oracle = module->clone();
  mlir::PassManager manager(context.get());
  manager.addNestedPass<mlir::func::FuncOp>(createDifferentiate());
  if (mlir::failed(manager.run(*oracle))) {
    ADD_FAILURE() << "the module has no plain derivatives";
    return;
  }
  auto image = compile(*module, options);
  if (!image) {
    ADD_FAILURE() << llvm::toString(image.takeError());
    return;
  }
  auto program = LoadedProgram::load(std::move(*image));
  if (!program)
    ADD_FAILURE() << llvm::toString(program.takeError());
  else
    loaded = std::move(*program);
}

JitProgram::~JitProgram() = default;

mlir::func::FuncOp JitProgram::function(llvm::StringRef name) const {
  return mlir::ModuleOp(*oracle).lookupSymbol<mlir::func::FuncOp>(name);
}

llvm::Expected<Tensors> JitProgram::expected(llvm::StringRef name, const Tensors &inputs,
                                             const EvalOptions &options) const {
  return interpret(function(name), inputs, options);
}

llvm::Expected<Tensors> JitProgram::actual(llvm::StringRef name, Tensors inputs,
                                           int threads) const {
  const tenon_entry *entry = tenon_find(loaded->program(), name.str().c_str());
  if (!entry)
    return llvm::createStringError("no such entry");
  tenon_context *run = nullptr;
  if (tenon_context_create(nullptr, threads, &run) != TENON_OK)
    return llvm::createStringError("no context");
  std::unique_ptr<tenon_context, void (*)(tenon_context *)> owner(run, tenon_context_destroy);
  std::vector<tenon_tensor> in, out;
  for (HostTensor &input : inputs)
    in.push_back(input.view());
  std::vector<int64_t> dims(entry->n_outputs * TENON_MAX_RANK + 1);
  if (tenon_infer(run, entry, in.data(), dims.data()) != TENON_OK)
    return llvm::createStringError(tenon_context_message(run));
  Tensors results;
  const int64_t *next = dims.data();
  for (int i = 0; i < entry->n_outputs; ++i) {
    int rank = entry->outputs[i].rank;
    results.emplace_back(tenon_dtype(entry->outputs[i].dtype),
                         std::vector<int64_t>(next, next + rank));
    next += rank;
  }
  for (int i = 0; i < entry->n_outputs; ++i) {
    out.push_back(results[i].view());
    if (int alias = entry->outputs[i].alias; alias >= 0) // donated: in place
      out.back().data = in[alias].data;
  }
  if (tenon_call(run, entry, in.data(), out.data()) != TENON_OK)
    return llvm::createStringError(tenon_context_message(run));
  for (int i = 0; i < entry->n_outputs; ++i)
    if (entry->outputs[i].alias >= 0)
      std::memcpy(results[i].data(), out[i].data, results[i].byteSize());
  return results;
}

void JitProgram::check(llvm::StringRef name, const Tensors &inputs, Tolerance tolerance) const {
  ASSERT_TRUE(isValid());
  auto want = expected(name, inputs);
  ASSERT_TRUE(bool(want)) << llvm::toString(want.takeError());
  Tensors first;
  for (int threads : {1, 2, 3}) {
    auto got = actual(name, inputs, threads);
    ASSERT_TRUE(bool(got)) << name.str() << ": " << llvm::toString(got.takeError());
    ASSERT_EQ(got->size(), want->size());
    for (size_t i = 0; i < got->size(); ++i) {
      EXPECT_EQ(difference((*got)[i], (*want)[i], tolerance), "")
          << name.str() << ", result " << i << ", " << threads << " threads";
      if (threads > 1)
        EXPECT_TRUE((*got)[i] == first[i])
            << name.str() << ", result " << i << ": other bits with " << threads << " threads";
    }
    if (threads == 1)
      first = *got;
  }
}

Tensors JitProgram::randomInputs(llvm::StringRef name, const llvm::StringMap<int64_t> &symbols,
                                 uint64_t seed) const {
  std::mt19937_64 random(seed);
  std::uniform_real_distribution<double> unit(-1, 1);
  Tensors inputs;
  for (mlir::Type type : function(name).getArgumentTypes()) {
    std::vector<int64_t> shape;
    for (const Dim &dim : dimsOf(mlir::cast<mlir::RankedTensorType>(type)))
      shape.push_back(*dim.evaluate([&](const std::string &symbol) -> std::optional<int64_t> {
        return symbols.lookup(symbol);
      }));
    HostTensor tensor(dtypeOf(mlir::cast<mlir::RankedTensorType>(type).getElementType()), shape);
    bool real = isRealDtype(tensor.dtype());
    for (int64_t i = 0; i < tensor.size(); ++i)
      tensor.set(i, real ? Number::ofReal(unit(random)) : Number::ofInteger(random() % 4));
    inputs.push_back(std::move(tensor));
  }
  return inputs;
}
