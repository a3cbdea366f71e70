//===- GradTest.cpp - Derivatives against differences and each other ------===//
//
// One random direction each. In f64: jvp against differences of the function, vjp against jvp by
// the dot-product identity, and of the second order jvp_vjp against differences of vjp; vjp_vjp and
// vjp_jvp are the same numbers (second derivatives commute), and jvp_jvp is the same form applied
// to the direction twice. In f32: the dot-product identity.
//
//===----------------------------------------------------------------------===//
#include "tests/grad/Program.h"

#include <gtest/gtest.h>

#include <cmath>

using namespace tenon;
using namespace tenon::grad;

namespace tenon::grad {
void PrintTo(const Row &row, std::ostream *out) { *out << row.name; }
void PrintTo(const Point &point, std::ostream *out) { *out << point.row.name; }
} // namespace tenon::grad

namespace {
mlir::MLIRContext &context() {
  static auto *context = [] {
    auto *made = new mlir::MLIRContext(mlir::MLIRContext::Threading::DISABLED);
    made->loadDialect<TenonDialect, mlir::func::FuncDialect>();
    return made;
  }();
  return *context;
}

Tensors joined(std::initializer_list<Tensors> lists) {
  Tensors all;
  for (const Tensors &list : lists)
    all.insert(all.end(), list.begin(), list.end());
  return all;
}

double dot(const Tensors &a, const Tensors &b) {
  double sum = 0;
  EXPECT_EQ(a.size(), b.size());
  for (size_t i = 0; i < std::min(a.size(), b.size()); ++i)
    for (int64_t j = 0; j < a[i].size(); ++j)
      sum += a[i].number(j) * b[i].number(j);
  return sum;
}

/// a + factor * b
Tensors moved(Tensors a, double factor, const Tensors &b) {
  for (size_t i = 0; i < a.size(); ++i)
    for (int64_t j = 0; j < a[i].size(); ++j)
      a[i].set(j, Number::ofReal(a[i].number(j) + factor * b[i].number(j)));
  return a;
}

/// The derivative of `f` at `x` along `t` by a difference of fourth order.
Tensors difference(const std::function<Tensors(const Tensors &)> &f, const Tensors &x,
                   const Tensors &t) {
  const double h = 1e-3;
  Tensors sum = f(moved(x, h, t));
  for (HostTensor &tensor : sum)
    for (int64_t j = 0; j < tensor.size(); ++j)
      tensor.set(j, Number::ofReal(tensor.number(j) * 8 / (12 * h)));
  sum = moved(sum, -8 / (12 * h), f(moved(x, -h, t)));
  sum = moved(sum, -1 / (12 * h), f(moved(x, 2 * h, t)));
  return moved(sum, 1 / (12 * h), f(moved(x, -2 * h, t)));
}

void expectNear(const Tensors &actual, const Tensors &expected, double tolerance,
                const char *what) {
  ASSERT_EQ(actual.size(), expected.size()) << what;
  for (size_t i = 0; i < actual.size(); ++i)
    EXPECT_EQ(tenon::difference(actual[i], expected[i], {tolerance, tolerance}), "")
        << what << ", value " << i;
}

std::vector<Row> allRows() {
  std::vector<Row> rows;
  for (auto &list : {mapRows(), contractRows(), movementRows(), controlRows(), loopRows()})
    rows.insert(rows.end(), list.begin(), list.end());
  return rows;
}

uint64_t seedOf(const Row &row) {
  uint64_t hash = 1469598103934665603u;
  for (char c : row.name)
    hash = (hash ^ uint8_t(c)) * 1099511628211u;
  return hash;
}

/// The table's and random rows that `fits` accepts.
std::vector<Row> rowsThat(bool (*fits)(const Row &)) {
  std::vector<Row> rows = allRows();
  for (const Row &row : randomRows(40))
    rows.push_back(row);
  std::erase_if(rows, [&](const Row &row) { return !fits(row); });
  return rows;
}

bool isAny(const Row &) { return true; }
bool isOfSecondOrder(const Row &row) { return row.order >= 2; }
bool hasLoop(const Row &row) {
  return row.body.find("tenon.scan") != std::string::npos ||
         row.body.find("tenon.loop") != std::string::npos;
}

class Derivative : public testing::TestWithParam<Row> {};
class SecondDerivative : public Derivative {};
class LoopDerivative : public Derivative {};
} // namespace

TEST_P(Derivative, FirstOrder) {
  const Row &row = GetParam();
  Program program(context(), row, "f64");
  ASSERT_TRUE(program.isValid());
  const uint64_t seed = seedOf(row);
  Tensors x = program.point(seed), t = program.random(program.inputs, -1, 1, seed + 1),
          c = program.random(program.results, -1, 1, seed + 2);
  Tensors tangents = program.call("jvp", joined({x, t}));
  auto f = [&](const Tensors &at) { return program.call("f", at); };
  expectNear(tangents, difference(f, x, t), row.tolerance, "jvp against differences");
  Tensors cotangents = program.call("vjp", joined({x, c}));
  double forward = dot(c, tangents), backward = dot(cotangents, t);
  EXPECT_NEAR(forward, backward, 1e-11 * (1 + std::abs(forward)));
}

TEST_P(SecondDerivative, ByAllModes) {
  const Row &row = GetParam();
  Program program(context(), row, "f64");
  ASSERT_TRUE(program.isValid());
  const uint64_t seed = seedOf(row);
  Tensors x = program.point(seed), t = program.random(program.inputs, -1, 1, seed + 1),
          c = program.random(program.results, -1, 1, seed + 2);
  Tensors product = program.call("jvp_vjp", joined({x, c, t}));
  auto gradient = [&](const Tensors &at) { return program.call("vjp", joined({at, c})); };
  expectNear(product, difference(gradient, x, t), row.tolerance, "jvp_vjp against differences");
  expectNear(program.call("vjp_vjp", joined({x, c, t})), product, 1e-10, "vjp_vjp, jvp_vjp");
  expectNear(program.call("vjp_jvp", joined({x, c, t})), product, 1e-10, "vjp_jvp, jvp_vjp");
  double twice = dot(c, program.call("jvp_jvp", joined({x, t})));
  EXPECT_NEAR(twice, dot(product, t), 1e-10 * (1 + std::abs(twice)));
}

TEST_P(Derivative, FirstOrderInF32) {
  const Row &row = GetParam();
  Program program(context(), row, "f32");
  ASSERT_TRUE(program.isValid());
  const uint64_t seed = seedOf(row);
  Tensors x = program.point(seed), t = program.random(program.inputs, -1, 1, seed + 1),
          c = program.random(program.results, -1, 1, seed + 2);
  double forward = dot(c, program.call("jvp", joined({x, t})));
  double backward = dot(program.call("vjp", joined({x, c})), t);
  EXPECT_NEAR(forward, backward, 2e-4 * (1 + std::abs(forward)));
}

/// Simplification, hoisting and gathering change no derivative.
TEST_P(Derivative, ThroughTheGraphPipeline) {
  const Row &row = GetParam();
  Program plain(context(), row, "f64"), whole(context(), row, "f64", true);
  ASSERT_TRUE(plain.isValid() && whole.isValid());
  const uint64_t seed = seedOf(row);
  Tensors x = plain.point(seed), t = plain.random(plain.inputs, -1, 1, seed + 1),
          c = plain.random(plain.results, -1, 1, seed + 2);
  auto compare = [&](const char *function, const Tensors &arguments) {
    expectNear(whole.call(function, arguments), plain.call(function, arguments), 1e-11, function);
  };
  compare("f", x);
  compare("vjp", joined({x, c}));
  compare("jvp", joined({x, t}));
  compare("jvp_vjp", joined({x, c, t}));
  compare("vjp_vjp", joined({x, c, t}));
}

/// Loops that are run again in segments have the same derivatives.
TEST_P(LoopDerivative, InSegments) {
  const Row &row = GetParam();
  constexpr int64_t hardlyAnything = 1;
  Program plain(context(), row, "f64");
  const uint64_t seed = seedOf(row);
  for (bool wholePipeline : {false, true}) {
    Program cut(context(), row, "f64", wholePipeline, hardlyAnything);
    ASSERT_TRUE(plain.isValid() && cut.isValid());
    Tensors x = plain.point(seed), t = plain.random(plain.inputs, -1, 1, seed + 1),
            c = plain.random(plain.results, -1, 1, seed + 2);
    for (const char *order : {"vjp", "vjp_vjp", "jvp_vjp"}) {
      Tensors arguments = order == std::string("vjp") ? joined({x, c}) : joined({x, c, t});
      expectNear(cut.call(order, arguments), plain.call(order, arguments), 1e-11, order);
    }
  }
}

static std::string nameOf(const testing::TestParamInfo<Row> &info) { return info.param.name; }
INSTANTIATE_TEST_SUITE_P(Rows, Derivative, testing::ValuesIn(rowsThat(isAny)), nameOf);
INSTANTIATE_TEST_SUITE_P(Rows, SecondDerivative, testing::ValuesIn(rowsThat(isOfSecondOrder)),
                         nameOf);
INSTANTIATE_TEST_SUITE_P(Rows, LoopDerivative, testing::ValuesIn(rowsThat(hasLoop)), nameOf);

//===----------------------------------------------------------------------===//
// Points that need care
//===----------------------------------------------------------------------===//

namespace {
class AtPoint : public testing::TestWithParam<Point> {};
} // namespace

TEST_P(AtPoint, Cotangents) {
  const auto &[row, expected] = GetParam();
  Program program(context(), row, "f64");
  ASSERT_TRUE(program.isValid());
  Tensors x = program.point(0);
  Tensors cotangents = program.call("vjp", joined({x, program.random(program.results, 1, 1, 0)}));
  ASSERT_EQ(cotangents.size(), expected.size());
  for (size_t i = 0; i < expected.size(); ++i)
    EXPECT_EQ(tenon::difference(cotangents[i],
                                HostTensor::ofNumbers(x[i].dtype(), x[i].shape(), expected[i]),
                                {1e-14, 1e-14}),
              "")
        << "input " << i;
}

INSTANTIATE_TEST_SUITE_P(Points, AtPoint, testing::ValuesIn(points()),
                         [](const auto &info) { return info.param.row.name; });

//===----------------------------------------------------------------------===//
// Completeness
//===----------------------------------------------------------------------===//

/// Every op with a derivative is in the table; those without one are named here.
TEST(Table, HasEveryDifferentiableOp) {
  const std::vector<std::string> none = {"tenon.constant", "tenon.dimension", "tenon.iota",
                                         "tenon.compare",  "tenon.and",       "tenon.or",
                                         "tenon.not",      "tenon.is_finite"};
  std::string text;
  for (const Row &row : allRows())
    text += row.body;
  size_t count = 0;
  for (mlir::RegisteredOperationName name : context().getRegisteredOperationsByDialect("tenon")) {
    std::string op = name.getStringRef().str();
    bool isControl = op == "tenon.scan" || op == "tenon.loop" || op == "tenon.if" ||
                     op == "tenon.vjp" || op == "tenon.jvp" || op == "tenon.custom_gradient";
    if (!isControl && !name.hasInterface<Differentiable>())
      continue;
    ++count;
    if (std::find(none.begin(), none.end(), op) == none.end())
      EXPECT_NE(text.find(op + " "), std::string::npos) << op << " has no row";
  }
  EXPECT_GT(count, 40u);
}
