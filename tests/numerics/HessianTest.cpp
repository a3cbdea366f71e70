//===- HessianTest.cpp - Second derivatives -------------------------------===//
#include "tests/numerics/TenonFunction.h"

#include <cmath>

using namespace tenon;
using namespace tenon::test;

TEST(Hessian, of_a_polynomial) {
  const std::string text = R"(
fn p(x: f64[n]) -> f64 {
  let pairs[i: n - 1] = x[i] * x[i + 1] ** 2
  sum(x ** 3) + sum(pairs)
}
fn h(x: f64[n]) -> f64[n, n] = hessian(p)(x)
)";
  for (int64_t n : {1, 2, 5}) {
    Numbers x = numbers(size_t(n)), expected(size_t(n * n));
    for (int64_t i = 0; i < n; ++i) {
      expected[i * n + i] = 6 * x[i] + (i > 0 ? 2 * x[i - 1] : 0);
      if (i + 1 < n)
        expected[i * n + i + 1] = expected[(i + 1) * n + i] = 2 * x[i + 1];
    }
    expectNear(evaluate(text, "h", {{"x", {{n}, x}}}), expected);
  }
}

/// X^T D X + I with D the diagonal of p (1 - p).
TEST(Hessian, of_a_logistic_regression_is_exactly_symmetric) {
  const std::string text = R"(
fn logistic(w: f64[d], x: f64[n, d], y: f64[n]) -> f64 {
  let margin[i] = (2.0 * y[i] - 1.0) * sum[j] x[i, j] * w[j]
  sum(softplus(-margin)) + 0.5 * sum(w ** 2)
}
fn h(w: f64[d], x: f64[n, d], y: f64[n]) -> f64[d, d] = hessian(logistic, wrt = w)(w, x, y)
)";
  const int64_t n = 7, d = 4;
  Numbers w = numbers(d, 1), x = numbers(n * d, 2), y = {0, 1, 1, 0, 1, 0, 0};
  Numbers got = evaluate(text, "h", {{"w", {{d}, w}}, {"x", {{n, d}, x}}, {"y", {{n}, y}}});
  Numbers expected(d * d);
  for (int64_t i = 0; i < n; ++i) {
    double z = 0;
    for (int64_t j = 0; j < d; ++j)
      z += x[i * d + j] * w[j];
    double p = 1 / (1 + std::exp(-z));
    for (int64_t a = 0; a < d; ++a)
      for (int64_t b = 0; b < d; ++b)
        expected[a * d + b] += p * (1 - p) * x[i * d + a] * x[i * d + b];
  }
  for (int64_t a = 0; a < d; ++a)
    expected[a * d + a] += 1;
  expectNear(got, expected);
  for (int64_t a = 0; a < d; ++a)
    for (int64_t b = 0; b < d; ++b)
      EXPECT_EQ(got[a * d + b], got[b * d + a]);
}

TEST(Hessian, has_the_structure_of_trees_twice) {
  const std::string text = R"(
type Line = { w: f64[2, 3], b: f64[2] }
fn error(line: Line, s: f64, x: f64[3]) -> f64 {
  let y[i] = tanh(line.b[i] + sum[j] line.w[i, j] * x[j])
  s ** 2 * sum(y ** 2) + exp(s * sum(line.b))
}
fn g(line: Line, s: f64, x: f64[3]) = grad(error, wrt = (line, s))(line, s, x)
fn h(line: Line, s: f64, x: f64[3]) = hessian(error, wrt = (line, s))(line, s, x)
)";
  Givens at = {{"line.w", {{2, 3}, numbers(6)}},
               {"line.b", {{2}, numbers(2, 1)}},
               {"s", {{}, {0.7}}},
               {"x", {{3}, numbers(3, 2)}}};
  TenonFunction gradient(text, "g", Way::Interpreted), hessian(text, "h");
  auto blocks = hessian.run(at);
  const std::pair<const char *, const char *> leaves[] = {
      {"0.w", "line.w"}, {"0.b", "line.b"}, {"1", "s"}};
  EXPECT_EQ(blocks.size(), 9u);
  for (auto [row, input] : leaves)
    for (auto [column, unused] : leaves) {
      auto part = [&, column = column](const Givens &point) { return gradient.run(point)[column]; };
      SCOPED_TRACE(std::string(row) + " by " + column);
      expectNear(blocks[std::string(row) + "." + column], differences(part, at, input), 1e-8);
    }
}

TEST(Hessian, goes_through_scans_branches_and_calls) {
  const std::string text = R"(
fn step(h: f64[2], v: f64[2]) -> f64[2] = if sum(h) > 0.0 { tanh(h * v + v) } else { sin(h - v) * v }
fn f(x: f64[4, 2]) -> f64 {
  scan h = zeros(2) over v in x { step(h, v) }
  sum(h ** 2)
}
fn g(x: f64[4, 2]) -> f64[4, 2] = grad(f)(x)
fn h(x: f64[4, 2]) -> f64[4, 2, 4, 2] = hessian(f)(x)
)";
  Givens at = {{"x", {{4, 2}, numbers(8, 3)}}};
  TenonFunction gradient(text, "g", Way::Interpreted);
  expectNear(evaluate(text, "h", at),
             differences([&](const Givens &p) { return gradient(p); }, at, "x"), 1e-8);
}

TEST(Hessian, under_an_index_and_derived_again) {
  const std::string text = R"(
fn f(x: f64[2]) -> f64 = sin(x[0]) * x[1] ** 2
fn each(x: f64[n, 2]) -> f64[n, 2, 2] {
  let h[i] = hessian(f)(x[i])
  h
}
fn trace(x: f64[2]) -> f64 {
  let h = hessian(f)(x)
  h[0, 0] + h[1, 1]
}
fn third(x: f64[2]) -> f64[2] = grad(trace)(x)
)";
  Numbers x = numbers(6), expected;
  for (int i = 0; i < 3; ++i) {
    double a = x[2 * i], b = x[2 * i + 1];
    for (double each :
         {-std::sin(a) * b * b, 2 * std::cos(a) * b, 2 * std::cos(a) * b, 2 * std::sin(a)})
      expected.push_back(each);
  }
  expectNear(evaluate(text, "each", {{"x", {{3, 2}, x}}}), expected);
  double a = 0.3, b = -1.2;
  expectNear(evaluate(text, "third", {{"x", {{2}, {a, b}}}}),
             {-std::cos(a) * b * b + 2 * std::cos(a), -2 * std::sin(a) * b});
}
