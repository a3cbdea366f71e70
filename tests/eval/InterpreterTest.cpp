//===- InterpreterTest.cpp - Inputs, named dimensions, comparison ---------===//
#include "ir/eval/Interpreter.h"

#include "mlir/IR/BuiltinOps.h"
#include "mlir/Parser/Parser.h"

#include <gtest/gtest.h>

#include <limits>

using namespace tenon;

namespace {

class InterpreterTest : public testing::Test {
protected:
  InterpreterTest() { context.loadDialect<TenonDialect, mlir::func::FuncDialect>(); }

  mlir::func::FuncOp parse(llvm::StringRef text) {
    module = mlir::parseSourceString<mlir::ModuleOp>(text, &context);
    EXPECT_TRUE(module);
    return *module->getOps<mlir::func::FuncOp>().begin();
  }
  std::string errorOf(mlir::func::FuncOp function, llvm::ArrayRef<HostTensor> inputs,
                      const EvalOptions &options = {}) {
    auto results = interpret(function, inputs, options);
    EXPECT_FALSE(bool(results));
    return results ? "" : llvm::toString(results.takeError());
  }

  mlir::MLIRContext context;
  mlir::OwningOpRef<mlir::ModuleOp> module;
};

HostTensor reals(std::vector<int64_t> shape, std::vector<double> values) {
  return HostTensor::ofNumbers(TENON_F32, std::move(shape), values);
}

constexpr const char *kRows = R"(
  func.func @rows(%x: tensor<?x?xf32, #tenon.dims<n, 2*m + 1>>, %b: tensor<?xf32, #tenon.dims<2*m + 1>>)
      -> tensor<?x?xf32, #tenon.dims<n, 2*m + 1>> {
    %c = tenon.broadcast %b axes [1] : tensor<?xf32, #tenon.dims<2*m + 1>>
      -> tensor<?x?xf32, #tenon.dims<n, 2*m + 1>>
    %r = tenon.add %x, %c : tensor<?x?xf32, #tenon.dims<n, 2*m + 1>>
    return %r : tensor<?x?xf32, #tenon.dims<n, 2*m + 1>>
  })";

TEST_F(InterpreterTest, solvesNamedDimensions) {
  auto function = parse(kRows);
  auto results = interpret(function, {reals({2, 3}, {1, 2, 3, 4, 5, 6}), reals({3}, {10, 20, 30})});
  ASSERT_TRUE(bool(results)) << llvm::toString(results.takeError());
  EXPECT_EQ(difference((*results)[0], reals({2, 3}, {11, 22, 33, 14, 25, 36})), "");

  auto symbols = solveSymbols(function, {reals({0, 7}, {}), HostTensor(TENON_F32, {7})});
  ASSERT_TRUE(bool(symbols));
  EXPECT_EQ(symbols->lookup("n"), 0);
  EXPECT_EQ(symbols->lookup("m"), 3);
}

/// A quotient and what comes of it move; what is exact, and the same numbers, stay the same.
TEST_F(InterpreterTest, noiseMovesWhatIsRounded) {
  auto function = parse(R"(
  func.func @f(%x: tensor<6xf32>, %y: tensor<6xf32>) -> (tensor<6xf32>, tensor<6xf32>, tensor<6xf32>) {
    %q = tenon.div %x, %y : tensor<6xf32>
    %again = tenon.div %x, %y : tensor<6xf32>
    %none = tenon.sub %q, %again : tensor<6xf32>
    %same = tenon.add %x, %none : tensor<6xf32>
    return %q, %none, %same : tensor<6xf32>, tensor<6xf32>, tensor<6xf32>
  })");
  HostTensor x = reals({6}, {1, 2, 3, 4, 5, 6}), y = reals({6}, {7, 11, 13, 17, 19, 23});
  auto plain = interpret(function, {x, y});
  ASSERT_TRUE(bool(plain));
  EvalOptions options;
  options.noise = 1;
  auto one = interpret(function, {x, y}, options);
  options.noise = 2;
  auto two = interpret(function, {x, y}, options);
  ASSERT_TRUE(bool(one) && bool(two));
  EXPECT_NE(difference((*one)[0], (*plain)[0]), "");
  EXPECT_NE(difference((*one)[0], (*two)[0]), "");
  EXPECT_EQ(difference((*one)[0], (*plain)[0], {5 * 0x1p-23, 0}), "");
  EXPECT_EQ(difference((*one)[1], reals({6}, {0, 0, 0, 0, 0, 0})), "");
  EXPECT_EQ(difference((*one)[2], x), "");
}

TEST_F(InterpreterTest, namesTheArgumentThatDoesNotFit) {
  auto function = parse(kRows);
  HostTensor x(TENON_F32, {2, 3});
  EXPECT_NE(errorOf(function, {x}).find("takes 2 arguments, not 1"), std::string::npos);
  EXPECT_NE(errorOf(function, {x, x}).find("argument 1 has rank 1"), std::string::npos);
  EXPECT_NE(errorOf(function, {x, HostTensor(TENON_F32, {5})})
                .find("axis 0 of argument 1 has the extent '2*m + 1' with m = 1, which is not 5"),
            std::string::npos);
  // No whole number and no natural number solves it.
  HostTensor even(TENON_F32, {2, 4}), none(TENON_F32, {2, 0});
  EXPECT_NE(errorOf(function, {even, HostTensor(TENON_F32, {4})}).find("which is not 4"),
            std::string::npos);
  EXPECT_NE(errorOf(function, {none, HostTensor(TENON_F32, {0})}).find("which is not 0"),
            std::string::npos);
  EXPECT_NE(errorOf(function, {x, HostTensor(TENON_F64, {3})}).find("is of f32, not f64"),
            std::string::npos);
}

TEST_F(InterpreterTest, takesSymbolsFromItsOptions) {
  auto function = parse(R"(
    func.func @f(%x: tensor<?xf32, #tenon.dims<n*m>>) -> tensor<?x?xf32, #tenon.dims<n, m>> {
      %r = tenon.reshape %x : tensor<?xf32, #tenon.dims<n*m>> -> tensor<?x?xf32, #tenon.dims<n, m>>
      return %r : tensor<?x?xf32, #tenon.dims<n, m>>
    })");
  HostTensor x(TENON_F32, {6});
  EXPECT_NE(errorOf(function, {x}).find("'m*n'"), std::string::npos);
  EvalOptions options;
  options.symbols["n"] = 2;
  auto results = interpret(function, {x}, options);
  ASSERT_TRUE(bool(results)) << llvm::toString(results.takeError());
  EXPECT_EQ((*results)[0].shape(), (std::vector<int64_t>{2, 3}));
}

TEST_F(InterpreterTest, wideRunsTakeAndGiveF64) {
  auto function = parse(R"(
    func.func @f(%x: tensor<f32>) -> tensor<f32> {
      %r = tenon.mul %x, %x : tensor<f32>
      return %r : tensor<f32>
    })");
  EvalOptions options;
  options.wide = true;
  auto results = interpret(function, {HostTensor::scalar(TENON_F64, 1.0 + 0x1p-40)}, options);
  ASSERT_TRUE(bool(results));
  EXPECT_EQ((*results)[0], HostTensor::scalar(TENON_F64, (1.0 + 0x1p-40) * (1.0 + 0x1p-40)));
}

TEST_F(InterpreterTest, reportsWhereACheckFailed) {
  auto function = parse(R"(
    func.func @f(%c: tensor<2x2xi1>) {
      tenon.check %c, "all of them" : tensor<2x2xi1> loc("net.tn":3:5)
      return
    })");
  auto results = interpret(function, {HostTensor::ofNumbers(TENON_BOOL, {2, 2}, {1, 1, 0, 0})});
  ASSERT_FALSE(bool(results));
  llvm::handleAllErrors(results.takeError(), [](const CheckFailure &failure) {
    EXPECT_EQ(failure.message, "all of them");
    EXPECT_EQ(failure.index, 2);
    auto place = mlir::dyn_cast<mlir::FileLineColLoc>(failure.location);
    ASSERT_TRUE(place);
    EXPECT_EQ(place.getLine(), 3u);
  });
}

TEST(HostTensorTest, roundsToItsDtype) {
  EXPECT_EQ(HostTensor::ofNumbers(TENON_BF16, {3}, {257, 0x1p130, 3.5}).numbers(),
            (std::vector<double>{256, std::numeric_limits<double>::infinity(), 3.5}));
  EXPECT_EQ(HostTensor::ofNumbers(TENON_F16, {2}, {65520, 0x1p-25}).numbers(),
            (std::vector<double>{std::numeric_limits<double>::infinity(), 0}));
  EXPECT_EQ(HostTensor::ofNumbers(TENON_U8, {2}, {-1, 256}).numbers(),
            (std::vector<double>{255, 0}));
}

TEST(HostTensorTest, saysWhatDiffers) {
  double nan = std::numeric_limits<double>::quiet_NaN();
  EXPECT_EQ(difference(reals({2}, {1, nan}), reals({2}, {1, nan})), "");
  EXPECT_EQ(difference(reals({2}, {1, 2}), reals({2}, {1, 3})),
            "element 1 of f32[2] is 2 instead of 3");
  EXPECT_EQ(difference(reals({2}, {1, 2}), reals({1, 2}, {1, 2})), "f32[2] instead of f32[1, 2]");
  EXPECT_EQ(difference(reals({}, {100}), reals({}, {101}), {0.01, 0}), "");
  EXPECT_NE(difference(reals({}, {100}), reals({}, {102}), {0.01, 0}), "");
  EXPECT_NE(difference(reals({}, {nan}), reals({}, {1}), {1, 1}), "");
  EXPECT_NE(difference(HostTensor::scalar(TENON_I32, 1), HostTensor::scalar(TENON_I64, 1)), "");
}

} // namespace
