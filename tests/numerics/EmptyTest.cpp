//===- EmptyTest.cpp - Dimensions of 0 ------------------------------------===//
#include "tests/numerics/TenonFunction.h"

using namespace tenon;
using namespace tenon::test;

TEST(Empty, argmax_of_nothing_is_an_error) {
  const std::string text = R"(
fn largest(x: f64[n]) -> i32 = argmax[i] x[i]
fn each(x: f64[m, n]) -> i32[m] {
  let y[j] = argmin[i] x[j, i]
  y
}
)";
  TenonFunction largest(text, "largest"), each(text, "each");
  EXPECT_NE(largest.failure({{"x", {{0}, {}}}}).find("argmax of nothing"), std::string::npos);
  EXPECT_NE(each.failure({{"x", {{2, 0}, {}}}}).find("argmax of nothing"), std::string::npos);
  expectNear(each({{"x", {{2, 3}, {2, 1, 3, 0, 5, 6}}}}), {1, 0});
  // No rows: none of them is empty.
  expectNear(each({{"x", {{0, 0}, {}}}}), {});
}

/// What uses no index is made once, before the loops; not so where it would fail for nothing.
TEST(Empty, a_branch_that_is_not_taken_fails_nowhere) {
  const std::string text = R"(
fn walked(x: f64[n], at: i32) -> f64 {
  scan s = 0.0 over k in iota(2) { s + x[at + k] }
  s
}
fn f(x: f64[n], y: f64[m], at: i32) -> f64[m] {
  let z[j] = if y[j] > 9.0 { (sum[k: 2] x[at + k]) + walked(x, at) } else { y[j] }
  z
}
fn g(x: f64[n], y: f64[m]) -> f64[m] {
  let z[j] = if y[j] > 9.0 { f64(argmax[i] (x[i])) } else { y[j] }
  z
}
)";
  TenonFunction f(text, "f"), g(text, "g");
  auto givens = [](double y) {
    return Givens{{"x", {{3}, {1, 2, 3}}}, {"y", {{2}, {1, y}}}, {"at", {{}, {2}, TENON_I32}}};
  };
  expectNear(f(givens(2)), {1, 2});
  EXPECT_NE(f.failure(givens(10)).find("index out of range"), std::string::npos);
  expectNear(g({{"x", {{0}, {}}}, {"y", {{2}, {1, 2}}}}), {1, 2});
  EXPECT_NE(g.failure({{"x", {{0}, {}}}, {"y", {{2}, {1, 10}}}}).find("argmax of nothing"),
            std::string::npos);
}

TEST(Empty, argmax_of_nothing_in_a_branch_that_is_not_taken) {
  const std::string text = R"(
fn f(x: f64[n], y: f64[m]) -> f64[m] {
  let z[j] = if n > 0 { x[argmax[i] (x[i] * y[j])] * y[j] } else { y[j] }
  z
}
)";
  expectNear(evaluate(text, "f", {{"x", {{0}, {}}}, {"y", {{2}, {1, 2}}}}), {1, 2});
  expectNear(evaluate(text, "f", {{"x", {{2}, {3, 4}}}, {"y", {{2}, {1, 2}}}}), {4, 8});
}
