// The functions that attribute a prediction, by the interpreter in f64: their gradients against
// differences of `predict` with the same points, and the places that points come from.
#include "frontend/check/Check.h"
#include "frontend/lower/Lower.h"
#include "ir/eval/Interpreter.h"
#include "passes/Passes.h"

#include "mlir/Pass/PassManager.h"

#include <gtest/gtest.h>

#include <cmath>
#include <random>

namespace {

using namespace tenon;
using mlir::func::FuncOp;
using Tensors = std::map<std::string, HostTensor>;

constexpr int64_t kBatch = 2;

/// A model's `predict`, before and after the pass.
class Attributed {
public:
  explicit Attributed(const std::string &model) : modules_(sources_, engine_) {
    std::string text = "import losses, nn, optim\n"
                       "dataset Rows {\n  from csv(\"rows.csv\")\n"
                       "  words: i32[4] = columns(\"a\", \"d\")\n"
                       "  kind: i32 = column(\"kind\")\n"
                       "  x: f32[3] = columns(\"x\", \"z\")\n  y: f32 = column(\"y\")\n}\n" +
                       model +
                       "train Net on Rows {\n  loss = mean(y)\n  optimizer = optim.SGD()\n}\n";
    check::Module *file = modules_.loadText("test.tn", text);
    auto program = check::elaborateTraining(modules_, *file, engine_, {});
    EXPECT_EQ(renderAll(sources_, engine_), "");
    if (!program)
      return;
    module_ = lower(*program, sources_, context_);
    mlir::PassManager manager(&context_);
    manager.addPass(createAttributePrediction());
    buildGraphPipeline(manager);
    EXPECT_TRUE(mlir::succeeded(manager.run(*module_)));
  }

  FuncOp find(const char *name) { return module_ ? module_->lookupSymbol<FuncOp>(name) : nullptr; }

  /// Results by name.
  Tensors run(FuncOp function, const Tensors &given) {
    std::vector<HostTensor> inputs;
    for (unsigned i = 0; i < function.getNumArguments(); ++i) {
      auto name = function.getArgAttrOfType<mlir::StringAttr>(i, "tenon.name").str();
      EXPECT_TRUE(given.count(name)) << name;
      inputs.push_back(given.count(name) ? given.at(name) : HostTensor());
    }
    EvalOptions options;
    options.wide = true;
    auto outputs = interpret(function, inputs, options);
    Tensors results;
    if (!outputs) {
      ADD_FAILURE() << llvm::toString(outputs.takeError());
      return results;
    }
    for (unsigned i = 0; i < function.getNumResults(); ++i)
      results.emplace(function.getResultAttrOfType<mlir::StringAttr>(i, "tenon.name").str(),
                      (*outputs)[i]);
    return results;
  }

  /// A value for every argument of these roles.
  void fill(FuncOp function, Tensors &values) {
    for (unsigned i = 0; i < function.getNumArguments(); ++i) {
      auto name = function.getArgAttrOfType<mlir::StringAttr>(i, "tenon.name").str();
      auto type = mlir::cast<mlir::RankedTensorType>(function.getArgument(i).getType());
      std::vector<int64_t> shape;
      for (const Dim &dim : dimsOf(type))
        shape.push_back(dim.constant().value_or(dim == Dim::symbol("time") ? 4 : kBatch));
      int64_t count = 1;
      for (int64_t extent : shape)
        count *= extent;
      std::vector<double> numbers;
      for (int64_t j = 0; j < count; ++j)
        numbers.push_back(name.ends_with("#places") ? double(j)
                          : isReal(type) ? std::uniform_real_distribution(-1.0, 1.0)(random_)
                                         : double(std::uniform_int_distribution(0, 4)(random_)));
      tenon_dtype dtype = isReal(type) ? TENON_F64 : dtypeOf(type.getElementType());
      values.emplace(name, HostTensor::ofNumbers(dtype, shape, numbers));
    }
  }

private:
  std::mt19937 random_{23};
  SourceManager sources_;
  DiagnosticEngine engine_;
  check::Modules modules_;
  mlir::MLIRContext context_;
  mlir::OwningOpRef<mlir::ModuleOp> module_;
};

struct Row {
  const char *name;
  const char *predict; ///< members of the model
  /// Names of points, with the places of their elements in a batch of two rows of four words;
  /// empty: not looked at.
  std::map<std::string, std::vector<double>> points;
  std::vector<std::string> held;
};

void PrintTo(const Row &row, std::ostream *out) { *out << row.name; }

const Row kRows[] = {
    {"numbers",
     "fn predict(x: f32[batch, 3]) -> f32[batch] {\n"
     "  let y[b] = sum[i] sin(x[b, i]) * x[b, 0]\n  y\n}",
     {},
     {}},
    {"words",
     "table = nn.Embedding(5, 2)\n"
     "fn predict(words: i32[batch, time]) -> f32[batch] {\n"
     "  let v = table(words)\n  let y[b] = sum[t, d] v[b, t, d] ** 3\n  y\n}",
     {{"words#0", {0, 1, 2, 3, 4, 5, 6, 7}}},
     {}},
    {"words_in_reverse",
     "table = nn.Embedding(5, 2)\n"
     "fn predict(words: i32[batch, 4]) -> f32[batch] {\n"
     "  let turned[b, t: 4] = words[b, 3 - t]\n"
     "  let v = table(turned)\n  let y[b] = sum[t, d] v[b, t, d] ** 2\n  y\n}",
     {{"words#0", {3, 2, 1, 0, 7, 6, 5, 4}}},
     {}},
    {"words_and_what_came_before",
     "table = nn.Embedding(5, 2)\n"
     "fn predict(words: i32[batch, 4]) -> f32[batch] {\n"
     "  let before[b, t: 4] = words[b, t - 1] else 0\n"
     "  let v = table(words)\n  let w = table(before)\n"
     "  let y[b] = sum[t, d] exp(v[b, t, d]) * w[b, t, d]\n  y\n}",
     {},
     {}},
    {"padding_is_masked",
     "table = nn.Embedding(5, 2)\n"
     "fn predict(words: i32[batch, 4]) -> f32[batch] {\n"
     "  let v = table(words)\n"
     "  let kept[b, t, d] = if words[b, t] == 0 { 0.0 } else { v[b, t, d] }\n"
     "  let y[b] = sum[t, d] kept[b, t, d] ** 2\n  y\n}",
     {{"words#0", {0, 1, 2, 3, 4, 5, 6, 7}}},
     {"words"}},
    {"two_fields_of_words",
     "table = nn.Embedding(5, 3)\n"
     "fn predict(words: i32[batch, 4], kind: i32[batch]) -> f32[batch, 3] {\n"
     "  let v = table(words)\n  let w = table(kind)\n"
     "  let y[b, d] = tanh(sum[t] v[b, t, d] * w[b, d])\n  y\n}",
     {{"words#0", {0, 1, 2, 3, 4, 5, 6, 7}}, {"kind#0", {0, 1}}},
     {}},
    {"whole_numbers_converted",
     "fn predict(words: i32[batch, 4], x: f32[batch, 3]) -> f32[batch] {\n"
     "  let v = f32(words) / 4.0\n"
     "  let y[b] = (sum[t] v[b, t] ** 2) * (sum[i] x[b, i])\n  y\n}",
     {{"words#0", {0, 1, 2, 3, 4, 5, 6, 7}}},
     {}},
    {"a_loop_over_words",
     "table = nn.Embedding(5, 4)\nrnn = nn.GRU(4, 3)\n"
     "fn predict(words: i32[batch, time]) -> f32[batch, 3] =\n"
     "  words |> table |> rnn |> last",
     {{"words#0", {0, 1, 2, 3, 4, 5, 6, 7}}},
     {}},
    {"words_that_only_choose",
     "fn predict(kind: i32[batch], x: f32[batch, 3]) -> f32[batch] {\n"
     "  let y[b] = x[b, kind[b] % 3] ** 2\n  y\n}",
     {},
     {"kind"}},
};

class Gradients : public testing::TestWithParam<Row> {};

TEST_P(Gradients, agree_with_differences) {
  const Row &row = GetParam();
  Attributed model("model Net {\nparam unused: f32 = 0.0\n" + std::string(row.predict) + "\n}\n");
  FuncOp points = model.find("attribution_points"), gradient = model.find("attribution_gradient");
  ASSERT_TRUE(points && gradient);
  Tensors values;
  model.fill(points, values);
  Tensors found = model.run(points, values);
  for (const auto &[name, places] : row.points) {
    ASSERT_TRUE(found.count(name + "#place")) << name;
    const HostTensor &traced = found.at(name + "#place");
    ASSERT_EQ(traced.size(), int64_t(places.size()));
    for (size_t i = 0; i < places.size(); ++i)
      EXPECT_EQ(traced.number(int64_t(i)), places[i]) << name << " " << i;
  }
  values.merge(found);
  model.fill(gradient, values); // the cotangent
  Tensors results = model.run(gradient, values);
  // With the points at what they are, it is the prediction.
  Tensors plain = model.run(model.find("predict"), values);
  for (auto &[name, result] : plain)
    for (int64_t i = 0; i < result.size(); ++i)
      EXPECT_NEAR(results.at(name).number(i), result.number(i), 1e-12) << name;

  const HostTensor &cotangent = values.at("prediction#cotangent");
  auto weighed = [&](const Tensors &at) {
    HostTensor result = model.run(gradient, at).at("result");
    double sum = 0;
    for (int64_t i = 0; i < result.size(); ++i)
      sum += cotangent.number(i) * result.number(i);
    return sum;
  };
  size_t derivatives = 0;
  for (auto &[name, given] : results) {
    if (!name.ends_with("#gradient"))
      continue;
    ++derivatives;
    std::string input = name.substr(0, name.size() - std::string("#gradient").size());
    for (int64_t i = 0; i < given.size(); ++i) {
      constexpr double h = 1e-4;
      Tensors up = values, down = values;
      up.at(input).set(i, Number::ofReal(values.at(input).number(i) + h));
      down.at(input).set(i, Number::ofReal(values.at(input).number(i) - h));
      EXPECT_NEAR(given.number(i), (weighed(up) - weighed(down)) / (2 * h), 1e-6)
          << name << " " << i;
    }
  }
  EXPECT_GT(derivatives, 0u);
  std::vector<std::string> held;
  for (unsigned i = 0; i < gradient.getNumArguments(); ++i)
    if (gradient.getArgAttrOfType<mlir::StringAttr>(i, "tenon.role").str() == "held")
      held.push_back(gradient.getArgAttrOfType<mlir::StringAttr>(i, "tenon.name").str());
  EXPECT_EQ(held, row.held);
}

INSTANTIATE_TEST_SUITE_P(Attribution, Gradients, testing::ValuesIn(kRows),
                         [](const auto &info) { return std::string(info.param.name); });

TEST(Attribution, what_comes_before_the_first_word_has_no_place) {
  Attributed model("model Net {\ntable = nn.Embedding(5, 2)\n"
                   "fn predict(words: i32[batch, 4]) -> f32[batch] {\n"
                   "  let before[b, t: 4] = words[b, t - 1] else 0\n"
                   "  let v = table(before)\n  let y[b] = sum[t, d] v[b, t, d]\n  y\n}\n}\n");
  FuncOp points = model.find("attribution_points");
  ASSERT_TRUE(points);
  Tensors values;
  model.fill(points, values);
  Tensors found = model.run(points, values);
  ASSERT_TRUE(found.count("words#0#place"));
  const double places[] = {-1, 0, 1, 2, -1, 4, 5, 6};
  for (int64_t i = 0; i < 8; ++i)
    EXPECT_EQ(found.at("words#0#place").number(i), places[i]) << i;
}

TEST(Attribution, whole_numbers_have_no_gradient) {
  Attributed model("model Net {\nparam w: f32 = 1.0\n"
                   "fn predict(x: f32[batch, 3]) -> i32[batch] {\n"
                   "  let y[b] = argmax[i] w * x[b, i]\n  y\n}\n}\n");
  EXPECT_TRUE(model.find("predict"));
  EXPECT_FALSE(model.find("attribution_gradient"));
}

} // namespace
