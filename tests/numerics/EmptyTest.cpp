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
