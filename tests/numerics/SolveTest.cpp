//===- SolveTest.cpp - Linear equations -----------------------------------===//
#include "tests/numerics/TenonFunction.h"

#include <cmath>

using namespace tenon;
using namespace tenon::test;

static const std::string text = R"(
fn vector(a: f64[n, n], b: f64[n]) -> f64[n] = solve(a, b)
fn columns(a: f64[n, n], b: f64[n, m]) -> f64[n, m] = solve(a, b)
fn each(a: f64[k, n, n], b: f64[k, n]) -> f64[k, n] {
  let x[i] = solve(a[i], b[i])
  x
}
fn loss(a: f64[n, n], b: f64[n]) -> f64 = sum(sin(solve(a, b)))
fn loss_of_columns(a: f64[n, n], b: f64[n, m]) -> f64 = sum(solve(a, b) ** 2)
fn g(a: f64[n, n], b: f64[n]) = grad(loss, wrt = (a, b))(a, b)
fn g_columns(a: f64[n, n], b: f64[n, m]) = grad(loss_of_columns, wrt = (a, b))(a, b)
fn g_a(a: f64[n, n], b: f64[n]) -> f64[n, n] = grad(loss, wrt = a)(a, b)
fn along(a: f64[n, n], b: f64[n], t: f64[n, n]) -> f64 = jvp(loss, wrt = a)(a, b, t)
fn h_a(a: f64[n, n], b: f64[n]) -> f64[n, n, n, n] = hessian(loss, wrt = a)(a, b)
fn g_each(a: f64[k, n, n], b: f64[k, n]) -> f64[k, n, n] {
  let d[i] = grad(loss, wrt = a)(a[i], b[i])
  d
}
)";

/// A matrix that needs exchanges: its first element is 0.
static Numbers matrix(int64_t n, double phase = 0) {
  Numbers a = numbers(size_t(n * n), phase);
  for (int64_t i = 0; i < n; ++i)
    a[i * n + (i + 1) % n] += 2;
  if (n > 1)
    a[0] = 0;
  return a;
}

static Numbers product(const Numbers &a, const Numbers &x, int64_t n, int64_t m) {
  Numbers b(size_t(n * m));
  for (int64_t i = 0; i < n; ++i)
    for (int64_t k = 0; k < n; ++k)
      for (int64_t j = 0; j < m; ++j)
        b[i * m + j] += a[i * n + k] * x[k * m + j];
  return b;
}

TEST(Solve, gives_back_what_was_multiplied) {
  TenonFunction vector(text, "vector"), columns(text, "columns");
  for (int64_t n : {1, 2, 3, 8, 17}) {
    SCOPED_TRACE(n);
    Numbers a = matrix(n), x = numbers(size_t(n), 1), wide = numbers(size_t(n * 3), 2);
    expectNear(vector({{"a", {{n, n}, a}}, {"b", {{n}, product(a, x, n, 1)}}}), x);
    expectNear(columns({{"a", {{n, n}, a}}, {"b", {{n, 3}, product(a, wide, n, 3)}}}), wide);
  }
  EXPECT_EQ(vector({{"a", {{0, 0}, {}}}, {"b", {{0}, {}}}}), Numbers());
}

TEST(Solve, of_a_singular_matrix_is_not_finite) {
  Numbers x = evaluate(text, "vector", {{"a", {{2, 2}, {1, 2, 2, 4}}}, {"b", {{2}, {1, 3}}}},
                       Way::Interpreted);
  for (double each : x)
    EXPECT_FALSE(std::isfinite(each)) << each;
}

TEST(Solve, for_each_index) {
  Numbers a = matrix(3), more = matrix(3, 1), x = numbers(3, 1), y = numbers(3, 2);
  Numbers b = product(a, x, 3, 1), other = product(more, y, 3, 1);
  a.insert(a.end(), more.begin(), more.end());
  b.insert(b.end(), other.begin(), other.end());
  x.insert(x.end(), y.begin(), y.end());
  Givens at = {{"a", {{2, 3, 3}, a}}, {"b", {{2, 3}, b}}};
  expectNear(evaluate(text, "each", at, Way::Interpreted), x);
  Numbers both = evaluate(text, "g_each", at);
  Numbers first = evaluate(text, "g_a",
                           {{"a", {{3, 3}, Numbers(a.begin(), a.begin() + 9)}},
                            {"b", {{3}, Numbers(b.begin(), b.begin() + 3)}}});
  expectNear(Numbers(both.begin(), both.begin() + 9), first);
}

TEST(Solve, gradient) {
  Givens at = {{"a", {{3, 3}, matrix(3)}}, {"b", {{3}, numbers(3, 1)}}};
  TenonFunction loss(text, "loss", Way::Interpreted), gradient(text, "g");
  auto f = [&](const Givens &point) { return loss(point); };
  auto got = gradient.run(at);
  expectNear(got["0"], differences(f, at, "a"), 1e-8);
  expectNear(got["1"], differences(f, at, "b"), 1e-8);
}

TEST(Solve, gradient_of_columns) {
  Givens at = {{"a", {{3, 3}, matrix(3)}}, {"b", {{3, 2}, numbers(6, 1)}}};
  TenonFunction loss(text, "loss_of_columns", Way::Interpreted);
  TenonFunction gradient(text, "g_columns", Way::Interpreted);
  auto f = [&](const Givens &point) { return loss(point); };
  auto got = gradient.run(at);
  expectNear(got["0"], differences(f, at, "a"), 1e-8);
  expectNear(got["1"], differences(f, at, "b"), 1e-8);
}

TEST(Solve, forward_and_second_order) {
  Givens at = {
      {"a", {{3, 3}, matrix(3)}}, {"b", {{3}, numbers(3, 1)}}, {"t", {{3, 3}, numbers(9, 2)}}};
  TenonFunction gradient(text, "g_a", Way::Interpreted);
  Numbers g = gradient(at);
  double along = 0;
  for (size_t i = 0; i < g.size(); ++i)
    along += g[i] * at["t"].elements[i];
  expectNear(evaluate(text, "along", at, Way::Interpreted), {along});
  expectNear(evaluate(text, "h_a", at),
             differences([&](const Givens &point) { return gradient(point); }, at, "a"), 1e-8);
}
