// The standard library from its text to numbers: what layers, losses and metrics compute, in f64,
// against the same formulas written in C++.
#include "tests/lower/LibraryFunction.h"

#include <functional>

namespace {

using namespace tenon;
using namespace tenon::test;

double sigmoid(double x) { return 1 / (1 + std::exp(-x)); }

//===----------------------------------------------------------------------===//
// The prelude
//===----------------------------------------------------------------------===//

TEST(Prelude, Activations) {
  const Numbers x = {-3, -0.5, 0, 0.25, 2};
  const std::pair<const char *, std::function<double(double)>> cases[] = {
      {"relu", [](double v) { return std::max(v, 0.0); }},
      {"gelu", [](double v) { return v / 2 * (1 + std::erf(v / std::sqrt(2.0))); }},
      {"silu", [](double v) { return v * sigmoid(v); }},
      {"softplus", [](double v) { return std::log1p(std::exp(v)); }},
      {"identity", [](double v) { return v; }},
  };
  for (auto &[name, formula] : cases) {
    Compiled f(std::string("fn f(x: f64[n]) -> f64[n] = ") + name + "(x)\n", "f");
    Numbers expected;
    for (double v : x)
      expected.push_back(formula(v));
    expectNear(f.run({{"x", {{5}, x}}})["result"], expected);
  }
}

TEST(Prelude, SoftmaxOfEveryRow) {
  Compiled f("fn f(x: f64[b, n]) -> f64[b, n] = softmax(x)\n", "f");
  Numbers y =
      f.run({{"x", {{2, 3}, {1000, 1000, 1000, 0, std::log(2.0), std::log(5.0)}}}})["result"];
  expectNear(y, {1.0 / 3, 1.0 / 3, 1.0 / 3, 0.125, 0.25, 0.625});
}

TEST(Prelude, ShapesAndWindows) {
  const Numbers x = numbers(24);
  Compiled last("fn f(x: f64[b, t, n]) -> f64[b, n] = last(x)\n", "f");
  expectNear(last.run({{"x", {{2, 4, 3}, x}}})["result"],
             {x[9], x[10], x[11], x[21], x[22], x[23]});
  Compiled squeeze("fn f(x: f64[b, 1]) -> f64[b] = squeeze(x)\n", "f");
  expectNear(squeeze.run({{"x", {{3, 1}, {1, 2, 3}}}})["result"], {1, 2, 3});
  Compiled flatten("fn f(x: f64[b, 3, 4]) -> f64[b, 12] = flatten(x)\n", "f");
  expectNear(flatten.run({{"x", {{2, 3, 4}, x}}})["result"], x);
  Compiled pool("fn f(x: f64[b, h, w, c]) = max_pool(x, 2)\n", "f");
  Numbers expected;
  for (int i = 0; i < 2; ++i)
    for (int j = 0; j < 3; ++j)
      expected.push_back(std::max({x[12 * i + 2 * j], x[12 * i + 2 * j + 1], x[12 * i + 6 + 2 * j],
                                   x[12 * i + 7 + 2 * j]}));
  expectNear(pool.run({{"x", {{1, 4, 6, 1}, x}}})["result"], expected);
}

TEST(Prelude, OrthonormalRowsAreThat) {
  Compiled f("fn f(x: f64[r, c]) -> f64[r, c] = orthonormal_rows(x)\n", "f");
  Numbers q = f.run({{"x", {{3, 5}, numbers(15)}}})["result"];
  ASSERT_EQ(q.size(), 15u);
  for (int a = 0; a < 3; ++a)
    for (int b = 0; b < 3; ++b) {
      double product = 0;
      for (int j = 0; j < 5; ++j)
        product += q[5 * a + j] * q[5 * b + j];
      EXPECT_NEAR(product, a == b, 1e-14);
    }
}

//===----------------------------------------------------------------------===//
// Layers
//===----------------------------------------------------------------------===//

TEST(Layers, Dense) {
  Compiled f("import nn\nmodel M {\n  d = nn.Dense(3, 2, activation = tanh)\n"
             "  fn call(x: f64[b, 3]) -> f64[b, 2] = d(x)\n}\n",
             "M.call");
  Numbers x = numbers(6), k = numbers(6, 1), bias = {0.5, -0.25};
  Numbers expected;
  for (int b = 0; b < 2; ++b)
    for (int o = 0; o < 2; ++o) {
      double sum = bias[o];
      for (int i = 0; i < 3; ++i)
        sum += x[3 * b + i] * k[2 * i + o];
      expected.push_back(std::tanh(sum));
    }
  expectNear(
      f.run({{"x", {{2, 3}, x}}, {"d.kernel", {{3, 2}, k}}, {"d.bias", {{2}, bias}}})["result"],
      expected);
}

TEST(Layers, EmbeddingReadsRowsAndChecksThem) {
  Compiled f("import nn\nmodel M {\n  e = nn.Embedding(4, 2)\n"
             "  fn call(x: i32[b, t]) -> f64[b, t, 2] = e(x)\n}\n",
             "M.call");
  Numbers table = numbers(8);
  expectNear(f.run({{"x", {{1, 3}, {3, 0, 3}}}, {"e.table", {{4, 2}, table}}})["result"],
             {table[6], table[7], table[0], table[1], table[6], table[7]});
  f.run({{"x", {{1, 1}, {4}}}, {"e.table", {{4, 2}, table}}});
  EXPECT_EQ(f.failed, "index out of range");
}

TEST(Layers, Lstm) {
  Compiled f("import nn\nmodel M {\n  l = nn.LSTM(2, 3, dropout = 0.5, recurrent_dropout = 0.5)\n"
             "  fn call(x: f64[b, t, 2]) -> f64[b, t, 3] = l(x)\n}\n",
             "M.call");
  constexpr int batch = 2, time = 4, inputs = 2, units = 3;
  Numbers x = numbers(batch * time * inputs), k = numbers(inputs * 4 * units, 1),
          r = numbers(units * 4 * units, 2), bias = numbers(4 * units, 3);
  Numbers expected(batch * time * units);
  for (int b = 0; b < batch; ++b) {
    Numbers h(units), c(units);
    for (int t = 0; t < time; ++t) {
      auto gate = [&](int g, int u) {
        double z = bias[g * units + u];
        for (int i = 0; i < inputs; ++i)
          z += x[(b * time + t) * inputs + i] * k[(i * 4 + g) * units + u];
        for (int j = 0; j < units; ++j)
          z += h[j] * r[(j * 4 + g) * units + u];
        return z;
      };
      Numbers next(units);
      for (int u = 0; u < units; ++u) {
        c[u] = sigmoid(gate(1, u)) * c[u] + sigmoid(gate(0, u)) * std::tanh(gate(2, u));
        next[u] = sigmoid(gate(3, u)) * std::tanh(c[u]);
      }
      h = next;
      for (int u = 0; u < units; ++u)
        expected[(b * time + t) * units + u] = h[u];
    }
  }
  expectNear(f.run({{"x", {{batch, time, inputs}, x}},
                    {"l.kernel", {{inputs, 4, units}, k}},
                    {"l.recurrent", {{units, 4, units}, r}},
                    {"l.bias", {{4, units}, bias}}})["result"],
             expected);
}

TEST(Layers, Gru) {
  Compiled f("import nn\nmodel M {\n  g = nn.GRU(2, 3)\n"
             "  fn call(x: f64[b, t, 2]) -> f64[b, t, 3] = g(x)\n}\n",
             "M.call");
  constexpr int time = 3, inputs = 2, units = 3;
  Numbers x = numbers(time * inputs), k = numbers(inputs * 3 * units, 1),
          r = numbers(units * 3 * units, 2), bias = numbers(3 * units, 3),
          recurrentBias = numbers(3 * units, 4);
  Numbers expected, h(units);
  for (int t = 0; t < time; ++t) {
    Numbers next(units);
    for (int u = 0; u < units; ++u) {
      double a[3], s[3];
      for (int g = 0; g < 3; ++g) {
        a[g] = bias[g * units + u];
        s[g] = recurrentBias[g * units + u];
        for (int i = 0; i < inputs; ++i)
          a[g] += x[t * inputs + i] * k[(i * 3 + g) * units + u];
        for (int j = 0; j < units; ++j)
          s[g] += h[j] * r[(j * 3 + g) * units + u];
      }
      double update = sigmoid(a[0] + s[0]), reset = sigmoid(a[1] + s[1]);
      next[u] = update * h[u] + (1 - update) * std::tanh(a[2] + reset * s[2]);
    }
    h = next;
    expected.insert(expected.end(), h.begin(), h.end());
  }
  expectNear(f.run({{"x", {{1, time, inputs}, x}},
                    {"g.cell.kernel", {{inputs, 3, units}, k}},
                    {"g.cell.recurrent", {{units, 3, units}, r}},
                    {"g.cell.bias", {{3, units}, bias}},
                    {"g.cell.recurrent_bias", {{3, units}, recurrentBias}}})["result"],
             expected);
}

TEST(Layers, LayerNorm) {
  Compiled f("import nn\nmodel M {\n  n = nn.LayerNorm(3)\n"
             "  fn call(x: f64[b, t, 3]) -> f64[b, t, 3] = n(x)\n}\n",
             "M.call");
  Numbers x = numbers(12), scale = {1, 2, 3}, shift = {0.5, 0, -0.5}, expected;
  for (int row = 0; row < 4; ++row) {
    double mean = 0, variance = 0;
    for (int i = 0; i < 3; ++i)
      mean += x[3 * row + i] / 3;
    for (int i = 0; i < 3; ++i)
      variance += std::pow(x[3 * row + i] - mean, 2) / 3;
    for (int i = 0; i < 3; ++i)
      expected.push_back(scale[i] * (x[3 * row + i] - mean) / std::sqrt(variance + 1e-3) +
                         shift[i]);
  }
  expectNear(
      f.run(
          {{"x", {{2, 2, 3}, x}}, {"n.scale", {{3}, scale}}, {"n.shift", {{3}, shift}}})["result"],
      expected);
}

TEST(Layers, DropoutIsNothingOutsideTraining) {
  Compiled f(
      "import nn\nmodel M {\n  d = nn.Dropout(0.5)\n  fn call(x: f64[n]) -> f64[n] = d(x)\n}\n",
      "M.call");
  expectNear(f.run({{"x", {{4}, {1, 2, 3, 4}}}})["result"], {1, 2, 3, 4});
}

//===----------------------------------------------------------------------===//
// Losses and metrics
//===----------------------------------------------------------------------===//

TEST(Losses, BinaryCrossEntropy) {
  Compiled f(
      "import losses\nfn f(p: f64[b], y: f64[b]) -> f64 = losses.binary_cross_entropy(p, y)\n",
      "f");
  double expected = -(std::log(0.9) + std::log(0.75) + std::log(0.5)) / 3;
  expectNear(f.run({{"p", {{3}, {0.9, 0.25, 0.5}}}, {"y", {{3}, {1, 0, 1}}}})["result"],
             {expected});
  f.run({{"p", {{1}, {0.5}}}, {"y", {{1}, {2}}}});
  EXPECT_EQ(f.failed, "a label of binary_cross_entropy is not between 0 and 1");
  Compiled weighted("import losses\nfn f(p: f64[b], y: f64[b], w: f64[b]) -> f64 = "
                    "losses.binary_cross_entropy(p, y, weight = w)\n",
                    "f");
  expectNear(weighted.run(
                 {{"p", {{2}, {0.9, 0.25}}}, {"y", {{2}, {1, 0}}}, {"w", {{2}, {2, 4}}}})["result"],
             {-(2 * std::log(0.9) + 4 * std::log(0.75)) / 2});
}

TEST(Losses, OfClasses) {
  Compiled dense("import losses\nfn f(p: f64[b, c], y: f64[b, c]) -> f64 = "
                 "losses.categorical_cross_entropy(p, y)\n",
                 "f");
  Numbers p = {0.2, 0.3, 0.5, 0.7, 0.2, 0.1};
  expectNear(dense.run({{"p", {{2, 3}, p}}, {"y", {{2, 3}, {0, 0, 1, 1, 0, 0}}}})["result"],
             {-(std::log(0.5) + std::log(0.7)) / 2});
  Compiled sparse("import losses\nfn f(x: f64[b, c], y: i32[b]) -> f64 = "
                  "losses.sparse_cross_entropy(x, y)\n",
                  "f");
  Numbers logits;
  for (double each : p)
    logits.push_back(std::log(each) + 7);
  expectNear(sparse.run({{"x", {{2, 3}, logits}}, {"y", {{2}, {2, -1}}}})["result"],
             {-std::log(0.5)});
}

TEST(Losses, OfClassesThatCountDifferently) {
  Numbers p = {0.2, 0.3, 0.5, 0.7, 0.2, 0.1}, w = {3, 1, 0.5};
  double expected = -(0.5 * std::log(0.5) + 3 * std::log(0.7)) / 2;
  Compiled dense("import losses\nfn f(p: f64[b, c], y: f64[b, c], w: f64[c]) -> f64 = "
                 "losses.categorical_cross_entropy(p, y, weights = w)\n",
                 "f");
  expectNear(
      dense.run(
          {{"p", {{2, 3}, p}}, {"y", {{2, 3}, {0, 0, 1, 1, 0, 0}}}, {"w", {{3}, w}}})["result"],
      {expected});
  Compiled sparse("import losses\nfn f(x: f64[b, c], y: i32[b], w: f64[c]) -> f64 = "
                  "losses.sparse_cross_entropy(x, y, weights = w)\n",
                  "f");
  Numbers logits;
  for (double each : {0.2, 0.3, 0.5, 0.7, 0.2, 0.1, 0.2, 0.2, 0.6})
    logits.push_back(std::log(each) - 3);
  expectNear(
      sparse.run({{"x", {{3, 3}, logits}}, {"y", {{3}, {2, 0, -1}}}, {"w", {{3}, w}}})["result"],
      {expected});
}

TEST(Losses, OfNumbers) {
  Numbers p = {1, 2, 4}, y = {0, 2, 1};
  Compiled square(
      "import losses\nfn f(p: f64[b], y: f64[b]) -> f64 = losses.mean_squared_error(p, y)\n", "f");
  expectNear(square.run({{"p", {{3}, p}}, {"y", {{3}, y}}})["result"], {10.0 / 3});
  Compiled absolute(
      "import losses\nfn f(p: f64[b], y: f64[b]) -> f64 = losses.mean_absolute_error(p, y)\n", "f");
  expectNear(absolute.run({{"p", {{3}, p}}, {"y", {{3}, y}}})["result"], {4.0 / 3});
}

TEST(Metrics, Accuracies) {
  Compiled binary(
      "import metrics\nfn f(p: f64[b], y: f64[b]) -> f64 = metrics.binary_accuracy(p, y)\n", "f");
  expectNear(binary.run({{"p", {{4}, {0.9, 0.5, 0.4, 0.6}}}, {"y", {{4}, {1, 1, 0, 0}}}})["result"],
             {0.5});
  Numbers p = {0.2, 0.3, 0.5, 0.7, 0.2, 0.1, 0.1, 0.5, 0.4};
  Compiled dense(
      "import metrics\nfn f(p: f64[b, c], y: f64[b, c]) -> f64 = metrics.accuracy(p, y)\n", "f");
  expectNear(
      dense.run({{"p", {{3, 3}, p}}, {"y", {{3, 3}, {0, 0, 1, 0, 1, 0, 0, 1, 0}}}})["result"],
      {2.0 / 3});
  Compiled sparse(
      "import metrics\nfn f(p: f64[b, c], y: i32[b]) -> f64 = metrics.sparse_accuracy(p, y)\n",
      "f");
  expectNear(sparse.run({{"p", {{3, 3}, p}}, {"y", {{3}, {2, 1, -1}}}})["result"], {0.5});
  Compiled top("import metrics\nfn f(p: f64[b, c], y: f64[b, c]) -> f64 = metrics.top_k(p, y, 2)\n",
               "f");
  expectNear(top.run({{"p", {{3, 3}, p}}, {"y", {{3, 3}, {1, 0, 0, 0, 1, 0, 0, 0, 1}}}})["result"],
             {2.0 / 3});
}

TEST(Metrics, CountOverBatches) {
  auto model = [](const std::string &metric) {
    return "import metrics\nmodel M {\n  m = metrics." + metric +
           "()\n  fn call(p: f64[b], y: f64[b]) -> f32 = m(p, y)\n}\n";
  };
  Numbers p = {0.9, 0.8, 0.3, 0.6}, y = {1, 0, 1, 1};
  Compiled precision(model("Precision"), "M.call");
  auto first = precision.run(
      {{"p", {{4}, p}}, {"y", {{4}, y}}, {"m.found", {{}, {3}}}, {"m.claimed", {{}, {4}}}});
  expectNear(first["result"], {5.0 / 7}, 1e-7);
  expectNear(first["m.found"], {5});
  expectNear(first["m.claimed"], {7});
  Compiled recall(model("Recall"), "M.call");
  auto second = recall.run(
      {{"p", {{4}, p}}, {"y", {{4}, y}}, {"m.found", {{}, {0}}}, {"m.there", {{}, {0}}}});
  expectNear(second["result"], {2.0 / 3}, 1e-7);
}

TEST(Metrics, AreaUnderTheCurveCountsOrderedPairs) {
  Compiled auc("import metrics\nmodel M {\n  m = metrics.AUC()\n"
               "  fn call(p: f64[b], y: f64[b]) -> f32 = m(p, y)\n}\n",
               "M.call");
  Numbers p = {0.9, 0.8, 0.3, 0.6, 0.1}, y = {1, 0, 1, 1, 0}, none(200);
  // Pairs of a positive and a negative in the right order: 4 of 6.
  auto results = auc.run({{"p", {{5}, p}},
                          {"y", {{5}, y}},
                          {"m.positive", {{200}, none}},
                          {"m.negative", {{200}, none}}});
  expectNear(results["result"], {4.0 / 6}, 1e-6);
}

} // namespace
