//===- SequenceTest.cpp - Running totals, order, categorical draws --------===//
#include "tests/numerics/TenonFunction.h"

#include <algorithm>
#include <cmath>
#include <numeric>

using namespace tenon;
using namespace tenon::test;

//===----------------------------------------------------------------------===//
// Running totals
//===----------------------------------------------------------------------===//

TEST(Cumulative, along_the_last_dimension) {
  Numbers x = numbers(12), sums, products, tops;
  for (int i = 0; i < 12; ++i) {
    bool isFirst = i % 4 == 0;
    sums.push_back(x[i] + (isFirst ? 0 : sums.back()));
    products.push_back(x[i] * (isFirst ? 1 : products.back()));
    tops.push_back(isFirst ? x[i] : std::max(tops.back(), x[i]));
  }
  const std::string head = "fn f(x: f64[a, b]) -> f64[a, b] = ";
  Givens at = {{"x", {{3, 4}, x}}};
  expectNear(evaluate(head + "cumulative_sum(x)", "f", at), sums);
  expectNear(evaluate(head + "cumulative_product(x)", "f", at), products);
  expectNear(evaluate(head + "cumulative_max(x)", "f", at), tops);
}

TEST(Cumulative, along_any_dimension_of_any_numbers) {
  const std::string text = R"(
fn first(x: i32[a, b, c]) -> i32[a, b, c] = cumulative_sum(x, axis = 0)
fn middle(x: i32[a, b, c]) -> i32[a, b, c] = cumulative_sum(x, axis = 1)
fn before_last(x: i32[a, b, c]) -> i32[a, b, c] = cumulative_sum(x, axis = -2)
fn top(x: i32[n]) -> i32[n] = cumulative_max(x)
)";
  Given x = {{2, 3, 2}, {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12}, TENON_I32};
  expectNear(evaluate(text, "first", {{"x", x}}), {1, 2, 3, 4, 5, 6, 8, 10, 12, 14, 16, 18});
  Numbers middle = {1, 2, 4, 6, 9, 12, 7, 8, 16, 18, 27, 30};
  expectNear(evaluate(text, "middle", {{"x", x}}), middle);
  expectNear(evaluate(text, "before_last", {{"x", x}}), middle);
  expectNear(evaluate(text, "top", {{"x", {{4}, {-5, -7, -2, -3}, TENON_I32}}}), {-5, -5, -2, -2});
  expectNear(evaluate(text, "top", {{"x", {{0}, {}, TENON_I32}}}), {});
}

/// A product's gradient never divides, and ties of a maximum go to the first.
TEST(Cumulative, gradients) {
  const std::string text = R"(
fn sums(x: f64[n], c: f64[n]) -> f64 = sum(c * cumulative_sum(x))
fn products(x: f64[n], c: f64[n]) -> f64 = sum(c * cumulative_product(x))
fn tops(x: f64[n], c: f64[n]) -> f64 = sum(c * cumulative_max(x))
fn g_sums(x: f64[n], c: f64[n]) -> f64[n] = grad(sums, wrt = x)(x, c)
fn g_products(x: f64[n], c: f64[n]) -> f64[n] = grad(products, wrt = x)(x, c)
fn g_tops(x: f64[n], c: f64[n]) -> f64[n] = grad(tops, wrt = x)(x, c)
fn h_products(x: f64[n], c: f64[n]) -> f64[n, n] = hessian(products, wrt = x)(x, c)
)";
  Given c = {{4}, {1, 10, 100, 1000}};
  expectNear(evaluate(text, "g_sums", {{"x", {{4}, numbers(4)}}, {"c", c}}),
             {1111, 1110, 1100, 1000});
  // x = (2, 0, 3, 0): d/dx_1 of 2 x_1 * 10 + 6 x_1 * 100 + 6 x_1 * 0.
  Givens zeros = {{"x", {{4}, {2, 0, 3, 0}}}, {"c", c}};
  expectNear(evaluate(text, "g_products", zeros), {1, 620, 0, 0});
  Numbers second = evaluate(text, "h_products", zeros);
  expectNear(Numbers(second.begin(), second.begin() + 4), {0, 310, 0, 0});
  EXPECT_DOUBLE_EQ(second[1 * 4 + 3], 6000);
  expectNear(evaluate(text, "g_tops", {{"x", {{4}, {1, 3, 3, 2}}}, {"c", c}}), {1, 1110, 0, 0});
}

//===----------------------------------------------------------------------===//
// Order
//===----------------------------------------------------------------------===//

TEST(Order, sorts_each_row_stably) {
  const std::string text = R"(
fn up(x: f32[..., n]) -> (f32[..., n], i32[..., n]) = (sort(x), argsort(x))
fn down(x: f32[..., n]) -> (f32[..., n], i32[..., n]) = (sort(x, descending = true), argsort(x, descending = true))
fn rows_up(x: f32[b, n]) = up(x)
fn rows_down(x: f32[b, n]) = down(x)
)";
  TenonFunction up(text, "rows_up"), down(text, "rows_down");
  // Short rows are sorted by insertion, long ones by digits.
  for (int64_t n : {0, 1, 7, 200}) {
    SCOPED_TRACE(n);
    Numbers x;
    for (int64_t i = 0; i < 3 * n; ++i)
      x.push_back(double((i * 7919) % 41) - 20); // many ties
    auto sorted = [&](bool isDown, size_t what) {
      Numbers values, places;
      for (int64_t row = 0; row < 3; ++row) {
        std::vector<int64_t> order(size_t(n), 0);
        std::iota(order.begin(), order.end(), 0);
        auto at = [&](int64_t i) { return x[size_t(row * n + i)]; };
        std::sort(order.begin(), order.end(), [&](int64_t a, int64_t b) {
          if (at(a) != at(b))
            return isDown ? at(a) > at(b) : at(a) < at(b);
          return a < b;
        });
        for (int64_t i : order) {
          values.push_back(at(i));
          places.push_back(double(i));
        }
      }
      return what == 0 ? values : places;
    };
    Givens at = {{"x", {{3, n}, x, TENON_F32}}};
    auto ups = up.run(at), downs = down.run(at);
    expectNear(ups["0"], sorted(false, 0));
    expectNear(ups["1"], sorted(false, 1));
    expectNear(downs["0"], sorted(true, 0));
    expectNear(downs["1"], sorted(true, 1));
  }
}

TEST(Order, top_k_and_gradients_that_go_where_values_came_from) {
  const std::string text = R"(
fn best(x: f64[b, n]) = top_k(x, 2)
fn weighed(x: f64[n], c: f64[n]) -> f64 = sum(c * sort(x))
fn g(x: f64[n], c: f64[n]) -> f64[n] = grad(weighed, wrt = x)(x, c)
fn along(x: f64[n], c: f64[n], t: f64[n]) -> f64 = jvp(weighed, wrt = x)(x, c, t)
fn squares(x: f64[n]) -> f64 {
  let (values, ids) = top_k(x, 2)
  sum(values ** 3)
}
fn h(x: f64[n]) -> f64[n, n] = hessian(squares)(x)
)";
  TenonFunction best(text, "best");
  auto got = best.run({{"x", {{2, 4}, {1, 9, 4, 9, -1, -2, -3, -4}}}});
  expectNear(got["0"], {9, 9, -1, -2});
  expectNear(got["1"], {1, 3, 0, 1});
  Givens at = {{"x", {{4}, {0.3, -2, 5, 0.1}}},
               {"c", {{4}, {1, 10, 100, 1000}}},
               {"t", {{4}, {1, 1, 2, 3}}}};
  expectNear(evaluate(text, "g", at), {100, 1, 1000, 10});
  expectNear(evaluate(text, "along", at), {100 + 1 + 2000 + 30});
  Numbers expected(16);
  expected[0] = 6 * 0.3;
  expected[2 * 4 + 2] = 6 * 5;
  expectNear(evaluate(text, "h", at), expected);
}

TEST(Order, for_each_index_in_scans_and_after_arithmetic) {
  const std::string text = R"(
fn scanned(x: f64[b, n]) -> f64[b, n] {
  scan over row in x { yield sort(-row) }
}
fn f(x: f64[b, n]) -> f64[b, n] {
  let y[i] = sort(-x[i])
  y
}
)";
  Givens at = {{"x", {{2, 3}, {1, 3, 2, -1, 0, 5}}}};
  for (const char *function : {"f", "scanned"})
    expectNear(evaluate(text, function, at), {-3, -2, -1, -5, 0, 1});
}

//===----------------------------------------------------------------------===//
// Categorical draws
//===----------------------------------------------------------------------===//

TEST(Categorical, draws_by_probability) {
  const std::string text = R"(
fn f(logits: f64[b, n]) -> i32[b] = random.categorical(logits)
)";
  const int64_t b = 20000, n = 4;
  const double inf = INFINITY;
  Numbers one = {std::log(0.1), -inf, std::log(0.6) + 0.0, std::log(0.3)}, logits;
  for (int64_t i = 0; i < b; ++i)
    for (double each : one)
      logits.push_back(each + 5); // a shift changes nothing
  Numbers ids = evaluate(text, "f", {{"logits", {{b, n}, logits}}});
  Numbers count(n);
  for (double id : ids)
    ++count[size_t(id)];
  EXPECT_EQ(count[1], 0);
  const double p[] = {0.1, 0, 0.6, 0.3};
  for (int c : {0, 2, 3})
    EXPECT_NEAR(count[c] / b, p[c], 5 * std::sqrt(p[c] * (1 - p[c]) / b));
}

TEST(Categorical, is_a_function_of_seed_step_and_element) {
  const std::string text = R"(
fn two(logits: f32[b, n]) -> (i32[b], i32[b]) = (random.categorical(logits), random.categorical(logits))
)";
  TenonFunction two(text, "two");
  auto draws = [&](double seed, double step) {
    return two.run({{"logits", {{64, 8}, Numbers(64 * 8), TENON_F32}},
                    {"seed", {{}, {seed}, TENON_I64}},
                    {"step", {{}, {step}, TENON_I64}}});
  };
  auto first = draws(1, 2);
  EXPECT_EQ(first, draws(1, 2));
  EXPECT_NE(first["0"], first["1"]);
  EXPECT_NE(first["0"], draws(1, 3)["0"]);
  EXPECT_NE(first["0"], draws(2, 2)["0"]);
}
