//===- JitLoopTest.cpp - Loops that data ends, as machine code ------------===//
#include "tests/codegen/JitProgram.h"

#include <gtest/gtest.h>

using namespace tenon;
using namespace tenon::test;

namespace {

/// Rows that are halved until the largest is small, and the gradient of their sum by start and
/// factor.
std::string halving(const std::string &bound) {
  std::string text = R"mlir(
!v = tensor<?x5xf64, #tenon.dims<n, 5>>
func.func @halving(%x: !v, %w: tensor<f64>, %most: tensor<i64>) -> (tensor<f64>, !v, tensor<f64>)
    attributes {tenon.symbols = ["n"]} {
  %one = tenon.constant dense<1.0> : tensor<f64>
  %loss, %dx, %dw = tenon.vjp (%x, %w) cotangents (%one) {
  ^bb0(%xv: !v, %wv: tensor<f64>):
    %yes = tenon.constant dense<true> : tensor<i1>
    %r:2 = tenon.loop init(%yes, %xv) BOUND {
    ^bb0(%i: tensor<i64>, %go: tensor<i1>, %h: !v):
      %wb = tenon.broadcast %wv axes [] : tensor<f64> -> !v
      %p = tenon.mul %h, %wb : !v
      %s = tenon.sin %p : !v
      %largest = tenon.contract max over <n, 5> (%s)
          maps [affine_map<(a, b) -> (a, b)>, affine_map<(a, b) -> ()>] {
      ^bb1(%e: f64):
        %a = tenon.abs %e : f64
        tenon.yield %a : f64
      } : (!v) -> tensor<f64>
      %small = tenon.constant dense<0.01> : tensor<f64>
      %more = tenon.compare gt %largest, %small : tensor<f64> -> tensor<i1>
      tenon.yield %more, %s : tensor<i1>, !v
    } : (tensor<i1>, !v) -> (tensor<i1>, !v)
    %l = tenon.contract sum over <n, 5> (%r#1)
        maps [affine_map<(a, b) -> (a, b)>, affine_map<(a, b) -> ()>] {
    ^bb1(%e: f64):
      tenon.yield %e : f64
    } : (!v) -> tensor<f64>
    tenon.yield %l : tensor<f64>
  } : (!v, tensor<f64>), (tensor<f64>) -> (tensor<f64>, !v, tensor<f64>)
  return %loss, %dx, %dw : tensor<f64>, !v, tensor<f64>
}
)mlir";
  text.replace(text.find("BOUND"), 5, bound);
  return text;
}

class Halving : public testing::TestWithParam<const char *> {};

TEST_P(Halving, and_its_gradients) {
  JitProgram program(halving(GetParam()));
  ASSERT_TRUE(program.isValid());
  for (int64_t n : {1, 4, 37})
    for (int64_t most : {-1, 0, 1, 4, 1000}) {
      Tensors inputs = program.randomInputs("halving", {{"n", n}}, uint64_t(n));
      inputs[1] = HostTensor::scalar(TENON_F64, 0.55);
      inputs[2].set(0, Number::ofInteger(most));
      program.check("halving", inputs, {1e-12, 1e-12});
    }
}

INSTANTIATE_TEST_SUITE_P(Bounds, Halving,
                         testing::Values("", "at_most <12>", "at_most <2>", "at_most <n + 3>",
                                         "limit %most"));

// A loop with another number of steps for each row of a scan: values along them are made anew.
const char *nested = R"mlir(
func.func @nested(%x: tensor<?xf64, #tenon.dims<n>>) -> (tensor<f64>, tensor<?xf64, #tenon.dims<n>>)
    attributes {tenon.symbols = ["n"]} {
  %one = tenon.constant dense<1.0> : tensor<f64>
  %sum, %dx = tenon.vjp (%x) cotangents (%one) {
  ^bb0(%xv: tensor<?xf64, #tenon.dims<n>>):
    %two = tenon.constant dense<2.0> : tensor<f64>
    %s = tenon.scan extent <n> init(%two) over(%xv) axes [0] {
    ^bb0(%t: tensor<i64>, %h: tensor<f64>, %a: tensor<f64>):
      %yes = tenon.constant dense<true> : tensor<i1>
      %r:2 = tenon.loop init(%yes, %h) {
      ^bb0(%i: tensor<i64>, %go: tensor<i1>, %v: tensor<f64>):
        %aa = tenon.mul %a, %a : tensor<f64>
        %b = tenon.add %aa, %one : tensor<f64>
        %q = tenon.div %b, %v : tensor<f64>
        %p = tenon.add %q, %v : tensor<f64>
        %half = tenon.constant dense<0.5> : tensor<f64>
        %m = tenon.mul %p, %half : tensor<f64>
        %mm = tenon.mul %m, %m : tensor<f64>
        %d = tenon.sub %mm, %b : tensor<f64>
        %near = tenon.constant dense<1.0e-4> : tensor<f64>
        %more = tenon.compare gt %d, %near : tensor<f64> -> tensor<i1>
        %zero = tenon.constant dense<0.0> : tensor<f64>
        %ok = tenon.compare gt %m, %zero : tensor<f64> -> tensor<i1>
        tenon.check %ok, "positive" : tensor<i1>
        tenon.yield %more, %m : tensor<i1>, tensor<f64>
      } : (tensor<i1>, tensor<f64>) -> (tensor<i1>, tensor<f64>)
      %n = tenon.add %r#1, %a : tensor<f64>
      tenon.yield %n : tensor<f64>
    } : (tensor<f64>, tensor<?xf64, #tenon.dims<n>>) -> tensor<f64>
    tenon.yield %s : tensor<f64>
  } : (tensor<?xf64, #tenon.dims<n>>), (tensor<f64>) -> (tensor<f64>, tensor<?xf64, #tenon.dims<n>>)
  return %sum, %dx : tensor<f64>, tensor<?xf64, #tenon.dims<n>>
}
)mlir";

TEST(JitLoop, in_a_scan) {
  JitProgram program(nested);
  ASSERT_TRUE(program.isValid());
  for (int64_t n : {0, 1, 5, 40})
    program.check("nested", program.randomInputs("nested", {{"n", n}}, uint64_t(n)),
                  {1e-12, 1e-12});
}

// The rows meet only in the sum behind the loop, and what it stacks is longer than at first.
const char *longTape = R"mlir(
func.func @long(%x: tensor<64xf32>) -> tensor<64xf32> {
  %one = tenon.constant dense<1.0> : tensor<64xf32>
  %y, %dx = tenon.vjp (%x) cotangents (%one) {
  ^bb0(%xv: tensor<64xf32>):
    %yes = tenon.constant dense<true> : tensor<i1>
    %r:2 = tenon.loop init(%yes, %xv) {
    ^bb0(%i: tensor<i64>, %go: tensor<i1>, %v: tensor<64xf32>):
      %s = tenon.sin %v : tensor<64xf32>
      %t = tenon.add %s, %xv : tensor<64xf32>
      %end = tenon.constant dense<3000> : tensor<i64>
      %more = tenon.compare lt %i, %end : tensor<i64> -> tensor<i1>
      tenon.yield %more, %t : tensor<i1>, tensor<64xf32>
    } : (tensor<i1>, tensor<64xf32>) -> (tensor<i1>, tensor<64xf32>)
    tenon.yield %r#1 : tensor<64xf32>
  } : (tensor<64xf32>), (tensor<64xf32>) -> (tensor<64xf32>, tensor<64xf32>)
  return %dx : tensor<64xf32>
}
)mlir";

TEST(JitLoop, keeps_thousands_of_steps) {
  JitProgram program(longTape);
  ASSERT_TRUE(program.isValid());
  program.check("long", program.randomInputs("long", {}, 1), {2e-4, 2e-4});
}

// A check that fails in a loop ends it, though the loop alone would never end.
const char *failing = R"mlir(
func.func @failing(%x: tensor<f32>) -> tensor<f32> {
  %yes = tenon.constant dense<true> : tensor<i1>
  %r:2 = tenon.loop init(%yes, %x) {
  ^bb0(%i: tensor<i64>, %go: tensor<i1>, %v: tensor<f32>):
    %s = tenon.add %v, %x : tensor<f32>
    %ten = tenon.constant dense<10.0> : tensor<f32>
    %ok = tenon.compare lt %s, %ten : tensor<f32> -> tensor<i1>
    tenon.check %ok, "too large" : tensor<i1>
    tenon.yield %go, %s : tensor<i1>, tensor<f32>
  } : (tensor<i1>, tensor<f32>) -> (tensor<i1>, tensor<f32>)
  return %r#1 : tensor<f32>
}
)mlir";

TEST(JitLoop, ends_where_a_check_fails) {
  JitProgram program(failing);
  ASSERT_TRUE(program.isValid());
  for (int threads : {1, 2, 3}) {
    auto result = program.actual("failing", {HostTensor::scalar(TENON_F32, 1)}, threads);
    ASSERT_FALSE(bool(result));
    EXPECT_NE(llvm::toString(result.takeError()).find("too large"), std::string::npos);
  }
}

} // namespace
