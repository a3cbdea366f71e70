//===- NestedGradientTest.cpp - Derivatives by trees, for indices, nested -===//
#include "tests/numerics/TenonFunction.h"

#include <cmath>

using namespace tenon;
using namespace tenon::test;

TEST(Gradient, by_tuples_records_and_lists) {
  const std::string text = R"(
type Layer = { w: f64[2], b: f64 }
fn f(layers: [Layer], pair: (f64, f64[2]), x: f64[2]) -> f64 {
  let (s, v) = pair
  let total = s
  for layer in layers { total = total + layer.b * sum(layer.w * x) }
  total * sum(v ** 2)
}
fn g(a: Layer, b: Layer, s: f64, v: f64[2], x: f64[2]) = grad(f, wrt = (layers, pair))([a, b], (s, v), x)
fn d(a: Layer, b: Layer, s: f64, v: f64[2], x: f64[2]) -> f64 =
  jvp(f, wrt = (layers, pair))([a, b], (s, v), x, ([a, b], (s, v)))
)";
  Numbers w = {1, 2}, u = {-1, 3}, x = {0.5, 2}, v = {1, -2};
  Givens at = {{"a.w", {{2}, w}},  {"a.b", {{}, {3}}}, {"b.w", {{2}, u}}, {"b.b", {{}, {-1}}},
               {"s", {{}, {0.5}}}, {"v", {{2}, v}},    {"x", {{2}, x}}};
  double wx = 4.5, ux = 5.5, total = 0.5 + 3 * wx - ux, square = 5;
  TenonFunction g(text, "g");
  auto got = g.run(at);
  EXPECT_EQ(got.size(), 6u);
  expectNear(got["0.0.w"], {3 * x[0] * square, 3 * x[1] * square});
  expectNear(got["0.0.b"], {wx * square});
  expectNear(got["0.1.w"], {-x[0] * square, -x[1] * square});
  expectNear(got["0.1.b"], {ux * square});
  expectNear(got["1.0"], {square});
  expectNear(got["1.1"], {2 * total * v[0], 2 * total * v[1]});
  // Along the point itself: 2 (3 wx - ux) + s, times the square, and twice the value.
  expectNear(evaluate(text, "d", at), {(2 * (3 * wx - ux) + 0.5) * square + 2 * total * square});
}

TEST(Gradient, vjp_of_a_tree_takes_its_cotangent) {
  const std::string text = R"(
fn f(x: f64[2]) -> { a: f64, b: f64[2] } = { a: x[0] * x[1], b: x ** 2 }
fn g(x: f64[2], da: f64, db: f64[2]) -> f64[2] = vjp(f)(x, { a: da, b: db })
)";
  expectNear(
      evaluate(text, "g", {{"x", {{2}, {2, 3}}}, {"da", {{}, {10}}}, {"db", {{2}, {1, 100}}}}),
      {30 + 4, 20 + 600});
}

/// Its numbers take their dtype from the result.
TEST(Gradient, vjp_of_a_cotangent_without_a_dtype) {
  const std::string text = R"(
fn f(x: f64[2]) -> f64[2] = x ** 2
fn g(x: f64[2]) -> f64[2] = vjp(f)(x, ones(2))
fn total(x: f64[2]) -> f64 = sum(x ** 2)
fn h(x: f64[2]) -> f64[2] = vjp(total)(x, (max[k: 3] (0.5)))
)";
  expectNear(evaluate(text, "g", {{"x", {{2}, {2, 3}}}}), {4, 6});
  expectNear(evaluate(text, "h", {{"x", {{2}, {2, 3}}}}), {2, 3});
}

TEST(Gradient, for_each_row) {
  const std::string text = R"(
fn error(w: f64[d], x: f64[d], y: f64) -> f64 = (sum(w * x) - y) ** 2
fn rows(w: f64[d], x: f64[n, d], y: f64[n]) -> f64[n, d] {
  let g[i] = grad(error, wrt = w)(w, x[i], y[i])
  g
}
fn values(w: f64[d], x: f64[n, d], y: f64[n]) -> f64[n] {
  let v[i] = jvp(error, wrt = w)(w, x[i], y[i], x[i])
  v
}
fn norms(w: f64[d], x: f64[n, d], y: f64[n]) -> f64 {
  let g[i] = grad(error, wrt = w)(w, x[i], y[i])
  sum(g ** 2)
}
fn second(w: f64[d], x: f64[n, d], y: f64[n]) -> f64[d] = grad(norms, wrt = w)(w, x, y)
)";
  const int n = 3, d = 2;
  Numbers w = numbers(d), x = numbers(n * d, 1), y = numbers(n, 2), rows, along, second(d);
  for (int i = 0; i < n; ++i) {
    double e = w[0] * x[i * d] + w[1] * x[i * d + 1] - y[i];
    double square = x[i * d] * x[i * d] + x[i * d + 1] * x[i * d + 1];
    along.push_back(2 * e * square);
    for (int j = 0; j < d; ++j) {
      rows.push_back(2 * e * x[i * d + j]);
      second[j] += 8 * e * square * x[i * d + j];
    }
  }
  Givens at = {{"w", {{d}, w}}, {"x", {{n, d}, x}}, {"y", {{n}, y}}};
  expectNear(evaluate(text, "rows", at), rows);
  expectNear(evaluate(text, "values", at), along);
  expectNear(evaluate(text, "second", at), second);
}

/// All eight ways to derive three times, of functions whose parts are nested scans, branches,
/// contractions and gathers.
class ThirdOrder : public testing::TestWithParam<std::pair<const char *, const char *>> {};

TEST_P(ThirdOrder, is_the_same_in_all_modes) {
  const std::string f = GetParam().second;
  std::string text = f;
  for (int ways = 0; ways < 8; ++ways) {
    std::string inner = "f";
    for (int order = 0; order < 3; ++order) {
      std::string name = "d" + std::to_string(ways) + std::to_string(order);
      text += "fn " + name + "(x: f64) -> f64 = " +
              (ways >> order & 1 ? "jvp(" + inner + ")(x, 1.0)\n" : "grad(" + inner + ")(x)\n");
      inner = name;
    }
  }
  Givens at = {{"x", {{}, {0.6}}}};
  Numbers expected;
  {
    TenonFunction second(text, "d01", Way::Interpreted);
    expected = differences([&](const Givens &point) { return second(point); }, at, "x");
  }
  for (int ways = 0; ways < 8; ++ways) {
    SCOPED_TRACE(ways);
    // One of the eight as machine code, too.
    Way way = ways == 5 ? Way::Compiled : Way::Interpreted;
    expectNear(evaluate(text, "d" + std::to_string(ways) + "2", at, way), expected, 1e-7);
  }
}

INSTANTIATE_TEST_SUITE_P(
    Functions, ThirdOrder,
    testing::Values(std::pair("maps",
                              "fn f(x: f64) -> f64 = sin(x) * x ** 3 + exp(x / (1.0 + x))\n"),
                    std::pair("scan", R"(
fn f(x: f64) -> f64 {
  scan (h, k) = (x, 1.0) over at in iota(4) {
    (tanh(h * x) + k, if at % 2 == 0 { k * x } else { k - h })
  }
  h * k
}
)"),
                    std::pair("scan_in_scan", R"(
fn f(x: f64) -> f64 {
  scan h = x over at in iota(3) {
    scan g = h over bt in iota(2) { sin(g * x) + x }
    g * h
  }
  h
}
)"),
                    std::pair("contraction", R"(
fn f(x: f64) -> f64 {
  let a[i: 3, j: 3] = sin(x * f64(i + 2 * j))
  let b[i, k] = sum[j] a[i, j] * a[j, k]
  let order = argsort(b[0])
  logsumexp[i] b[order[i], i]
}
)"),
                    std::pair("solve", R"(
fn f(x: f64) -> f64 {
  let a[i: 2, j: 2] = if i == j { 2.0 + x } else { x * x }
  let b[i: 2] = sin(x + f64(i))
  sum(solve(a, b))
}
)")),
    [](const auto &info) { return std::string(info.param.first); });
