//===- CustomGradientTest.cpp - Functions with a derivative of their own --===//
#include "tests/numerics/TenonFunction.h"

#include <cmath>

using namespace tenon;
using namespace tenon::test;

/// `twice`: a sine whose derivative claims to be two cosines, so that it shows which one is used.
static const std::string twice = R"(
@custom_gradient(twice_back)
fn twice(x: f64[...]) -> f64[...] = sin(x)
fn twice_back(x: f64[...], y: f64[...], dy: f64[...]) -> f64[...] = 2.0 * cos(x) * dy
)";

TEST(CustomGradient, plain_calls_run_the_body) {
  Numbers x = numbers(4), expected;
  for (double v : x)
    expected.push_back(std::sin(v));
  expectNear(evaluate(twice + "fn f(x: f64[n]) -> f64[n] = twice(x)", "f", {{"x", {{4}, x}}}),
             expected);
}

TEST(CustomGradient, first_order_is_back_and_its_transpose) {
  const std::string text = twice + R"(
fn total(x: f64[n]) -> f64 = sum(twice(x) ** 2)
fn reverse(x: f64[n]) -> f64[n] = grad(total)(x)
fn forward(x: f64[n], t: f64[n]) -> f64 = jvp(total)(x, t)
)";
  Numbers x = numbers(4), t = numbers(4, 1), expected;
  double along = 0;
  for (size_t i = 0; i < x.size(); ++i) {
    expected.push_back(4 * std::sin(x[i]) * std::cos(x[i]));
    along += expected[i] * t[i];
  }
  expectNear(evaluate(text, "reverse", {{"x", {{4}, x}}}), expected);
  expectNear(evaluate(text, "forward", {{"x", {{4}, x}}, {"t", {{4}, t}}}), {along});
}

TEST(CustomGradient, higher_orders_go_through_back) {
  // The first derivative is 2 cos; those after it are plain ones of `back`.
  const std::string text = twice + R"(
fn f(x: f64) -> f64 = twice(x)
fn d(x: f64) -> f64 = jvp(f)(x, 1.0)
fn reverse_reverse(x: f64) -> f64 = grad(grad(f))(x)
fn forward_reverse(x: f64) -> f64 = jvp(grad(f))(x, 1.0)
fn reverse_forward(x: f64) -> f64 = grad(d)(x)
fn forward_forward(x: f64) -> f64 = jvp(d)(x, 1.0)
fn by_hessian(x: f64) -> f64 = hessian(f)(x)
fn third(x: f64) -> f64 = grad(grad(grad(f)))(x)
)";
  Givens at = {{"x", {{}, {0.4}}}};
  for (const char *order :
       {"reverse_reverse", "forward_reverse", "reverse_forward", "forward_forward", "by_hessian"}) {
    SCOPED_TRACE(order);
    expectNear(evaluate(text, order, at, Way::Interpreted), {-2 * std::sin(0.4)});
  }
  expectNear(evaluate(text, "third", at, Way::Interpreted), {-2 * std::cos(0.4)});
}

TEST(CustomGradient, straight_through_rounding) {
  const std::string text = R"(
@custom_gradient(round_through_back)
fn round_through(x: f32[...]) -> f32[...] = round(x)
fn round_through_back(x: f32[...], y: f32[...], dy: f32[...]) -> f32[...] = dy
fn f(x: f32[n]) -> f32 = sum(round_through(x) ** 2)
fn g(x: f32[n]) -> (f32, f32[n]) = value_and_grad(f)(x)
)";
  TenonFunction g(text, "g");
  auto got = g.run({{"x", {{3}, {0.4, 1.6, -2.7}, TENON_F32}}});
  expectNear(got["0"], {4 + 9});
  expectNear(got["1"], {0, 4, -6});
}

/// Trees, whole numbers and fixed arguments among the parameters; several results.
TEST(CustomGradient, of_trees_integers_and_fixed_arguments) {
  const std::string text = R"(
type Pair[n] = { a: f64[n], b: f64 }
@custom_gradient(mix_back)
fn mix(p: Pair[n], at: i32, k: int, x: f64[n]) -> (f64[n], f64) = (p.a * x, p.b * x[at] * k)
fn mix_back(p: Pair[n], at: i32, k: int, x: f64[n], r: (f64[n], f64), d: (f64[n], f64)) {
  let (da, db) = d
  let dx[i] = da[i] * p.a[i] + (if i == at { db * p.b * k } else { 0.0 })
  ({ a: da * x, b: 10.0 * db * x[at] * k }, dx)
}
fn f(p: Pair[n], x: f64[n], at: i32) -> f64 {
  let (u, v) = mix(p, at, 3, x)
  sum(u ** 2) + sin(v)
}
fn g(p: Pair[n], x: f64[n], at: i32) = grad(f, wrt = (p, x))(p, x, at)
)";
  Numbers a = numbers(3), x = numbers(3, 1);
  double b = 0.6;
  TenonFunction g(text, "g");
  auto got =
      g.run({{"p.a", {{3}, a}}, {"p.b", {{}, {b}}}, {"x", {{3}, x}}, {"at", {{}, {1}, TENON_I32}}});
  double outer = std::cos(b * x[1] * 3);
  Numbers da, dx;
  for (int i = 0; i < 3; ++i) {
    da.push_back(2 * a[i] * x[i] * x[i]);
    dx.push_back(2 * a[i] * x[i] * a[i] + (i == 1 ? outer * b * 3 : 0));
  }
  expectNear(got["0.a"], da);
  expectNear(got["0.b"], {10 * outer * x[1] * 3});
  expectNear(got["1"], dx);
}

TEST(CustomGradient, inside_scans_branches_and_index_notation) {
  const std::string text = twice + R"(
fn f(x: f64[n]) -> f64 {
  scan h = 0.5 over v in x { if v > 0.0 { twice(h * v) } else { h + twice(v) } }
  let each[i] = twice(x[i] * h)
  sum(each)
}
fn g(x: f64[n]) -> f64[n] = grad(f)(x)
fn d(x: f64[n], t: f64[n]) -> f64 = jvp(f)(x, t)
fn h(x: f64[n]) -> f64[n, n] = hessian(f)(x)
)";
  // The same with a sine that is derived by the compiler, for the same claimed derivative.
  const std::string same = R"(
fn twice(x: f64[...]) -> f64[...] = 2.0 * sin(x) + stop_gradient(-sin(x))
)" + text.substr(twice.size());
  Givens at = {{"x", {{4}, numbers(4)}}, {"t", {{4}, numbers(4, 1)}}};
  for (const char *function : {"g", "d", "h"}) {
    SCOPED_TRACE(function);
    expectNear(evaluate(text, function, at), evaluate(same, function, at, Way::Interpreted));
  }
}

TEST(CustomGradient, of_a_member_and_in_training) {
  const std::string text = twice + R"(
model Net(d: int) {
  param w: f64[d] = zeros()
  fn call(x: f64[d]) -> f64 = sum(twice(w * x))
}
model Holder {
  net = Net(3)
  fn g(x: f64[3]) = grad(loss, wrt = m)(net, x)
}
fn loss(m: model, x: f64[3]) -> f64 = m(x)
)";
  TenonFunction g(text, "Holder.g");
  Numbers w = numbers(3), x = numbers(3, 1), expected;
  for (int i = 0; i < 3; ++i)
    expected.push_back(2 * std::cos(w[i] * x[i]) * x[i]);
  auto got = g.run({{"net.w", {{3}, w}}, {"x", {{3}, x}}});
  ASSERT_EQ(got.size(), 1u);
  expectNear(got.begin()->second, expected);
}
