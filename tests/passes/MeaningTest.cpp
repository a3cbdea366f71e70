//===- MeaningTest.cpp - Passes don't change what functions compute -------===//
//
// Every function of the IR tests in this folder but those of errors, on random inputs, in f64:
// interpreted as it stands (derivatives taken first), and after each pass and each pipeline.
//
//===----------------------------------------------------------------------===//
#include "ir/dialect/NamedDims.h"
#include "ir/eval/Interpreter.h"
#include "passes/Passes.h"

#include "mlir/Parser/Parser.h"
#include "mlir/Pass/PassManager.h"
#include "mlir/Pass/PassRegistry.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Path.h"

#include <gtest/gtest.h>

#include <random>

using namespace mlir;
using namespace tenon;

namespace {

/// Values of every named dimension.
constexpr int64_t namedExtent = 3;

std::vector<std::string> filesUnderTest() {
  std::vector<std::string> files;
  std::error_code error;
  std::string folder = std::string(getenv("TENON_SOURCE_DIR")) + "/tests/passes";
  for (llvm::sys::fs::directory_iterator it(folder, error), end; it != end && !error;
       it.increment(error))
    if (StringRef(it->path()).ends_with(".mlir") && !StringRef(it->path()).ends_with("errors.mlir"))
      files.push_back(it->path());
  llvm::sort(files);
  return files;
}

HostTensor randomTensor(RankedTensorType type, std::mt19937 &random) {
  std::vector<int64_t> shape;
  int64_t size = 1;
  for (const Dim &dim : dimsOf(type)) {
    shape.push_back(*dim.evaluate([](const std::string &) { return namedExtent; }));
    size *= shape.back();
  }
  std::vector<double> values;
  for (int64_t i = 0; i < size; ++i)
    values.push_back(isReal(type) ? std::uniform_real_distribution(-1.0, 1.0)(random)
                                  : double(std::uniform_int_distribution(0, 3)(random)));
  return HostTensor::ofNumbers(dtypeOf(type.getElementType()), shape, values);
}

std::vector<HostTensor> randomInputs(func::FuncOp function) {
  std::mt19937 random(17);
  std::vector<HostTensor> inputs;
  for (Type type : function.getArgumentTypes())
    inputs.push_back(randomTensor(cast<RankedTensorType>(type), random));
  return inputs;
}

class Meaning {
public:
  explicit Meaning(const std::string &path) : path(path) {
    context.loadDialect<TenonDialect, func::FuncDialect>();
    registerTenonPasses();
  }

  OwningOpRef<ModuleOp> after(const std::string &pipeline) {
    auto module = parseSourceFile<ModuleOp>(path, &context);
    if (!module) {
      ADD_FAILURE() << path << " doesn't parse";
      return module;
    }
    PassManager manager(&context);
    EXPECT_TRUE(succeeded(parsePassPipeline(pipeline, manager)));
    EXPECT_TRUE(succeeded(manager.run(*module))) << pipeline;
    return module;
  }

  void compare(const std::string &pipeline) {
    auto before = after("func.func(differentiate)"), now = after(pipeline);
    if (!before || !now)
      return;
    for (auto function : before->getOps<func::FuncOp>()) {
      SCOPED_TRACE(path + " @" + function.getName().str() + " " + pipeline);
      auto changed = now->lookupSymbol<func::FuncOp>(function.getName());
      ASSERT_TRUE(changed);
      EvalOptions options;
      options.wide = true;
      // The steps of a loop get their own number when it has run.
      forEachNamedDim(function, [&](StringRef name) { options.symbols[name] = namedExtent; });
      for (Type type : function.getArgumentTypes())
        forEachNamedDim(type, [&](StringRef name) { options.symbols[name] = namedExtent; });
      auto inputs = randomInputs(function);
      auto expected = interpret(function, inputs, options);
      auto actual = interpret(changed, inputs, options);
      ASSERT_TRUE(bool(expected)) << llvm::toString(expected.takeError());
      ASSERT_TRUE(bool(actual)) << llvm::toString(actual.takeError());
      ASSERT_EQ(actual->size(), expected->size());
      for (size_t i = 0; i < expected->size(); ++i)
        EXPECT_EQ(difference((*actual)[i], (*expected)[i], {1e-9, 1e-9}), "") << "result " << i;
    }
  }

private:
  std::string path;
  MLIRContext context;
};

class PassMeaning : public testing::TestWithParam<std::string> {};

TEST_P(PassMeaning, survives) {
  for (const char *pipeline :
       {"func.func(simplify,differentiate)", "func.func(stabilize,differentiate)",
        "func.func(differentiate,split-contractions)", "func.func(differentiate,gather-results)",
        "func.func(differentiate,hoist-invariants)", "func.func(differentiate,gather-accumulated)",
        "func.func(differentiate,expand-maps)", "func.func(differentiate,form-kernels)",
        "tenon-graph", "tenon-graph,tenon-kernels"})
    Meaning(GetParam()).compare(pipeline);
}

INSTANTIATE_TEST_SUITE_P(Files, PassMeaning, testing::ValuesIn(filesUnderTest()),
                         [](const testing::TestParamInfo<std::string> &info) {
                           return llvm::sys::path::stem(info.param).str();
                         });

} // namespace
