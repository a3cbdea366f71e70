// A train block from its text to the graph: which functions there are, what they take and give, and
// that equal calls are one value.
#include "frontend/check/Check.h"
#include "frontend/lower/Lower.h"
#include "ir/eval/Interpreter.h"

#include "mlir/IR/Verifier.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstdlib>

namespace {

using namespace tenon;

const char *const program = R"(
import nn, losses, metrics, optim

dataset Reviews {
  from csv("reviews.csv")
  tokens: i32[6] = column("text") |> tokenize(vocabulary = 20) |> pad(6)
  label:  f32    = column("label")
  split train 0.8, test 0.2
}

model Classifier {
  embedding = nn.Embedding(20, 4)
  lstm      = nn.LSTM(4, 3, dropout = 0.2, recurrent_dropout = 0.2)
  output    = nn.Dense(3, 1)

  fn predict(tokens: i32[batch, time]) -> f32[batch] {
    tokens |> embedding |> lstm |> last |> output |> squeeze |> sigmoid
  }
}

train Classifier on Reviews {
  loss      = losses.binary_cross_entropy(predict(tokens), label)
  optimizer = optim.Adam(learning_rate = 1e-3)
  metrics   = { accuracy: metrics.binary_accuracy(predict(tokens), label), recall: metrics.Recall()(predict(tokens), label) }
  epochs    = 3
  batch     = 2
}
)";

class TrainBlock : public testing::Test {
protected:
  TrainBlock() : modules_(sources_, engine_) {
    check::Module *file = modules_.loadText("test.tn", program);
    checked = check::elaborateTraining(modules_, *file, engine_);
    errors = renderAll(sources_, engine_);
    if (checked)
      module = lower(*checked, sources_, context_);
  }

  mlir::func::FuncOp function(llvm::StringRef name) {
    return module->lookupSymbol<mlir::func::FuncOp>(name);
  }
  template <typename Op> size_t count(llvm::StringRef name) {
    size_t total = 0;
    function(name).walk([&](Op) { ++total; });
    return total;
  }
  /// "parameter lstm.kernel tensor<4x4x3xf32>", in order.
  static std::string describe(mlir::func::FuncOp function, bool results) {
    std::string text;
    llvm::raw_string_ostream out(text);
    unsigned many = results ? function.getNumResults() : function.getNumArguments();
    for (unsigned i = 0; i < many; ++i) {
      auto attr = [&](llvm::StringRef name) {
        return results ? function.getResultAttr(i, name) : function.getArgAttr(i, name);
      };
      out << llvm::cast<mlir::StringAttr>(attr("tenon.role")).getValue() << " "
          << llvm::cast<mlir::StringAttr>(attr("tenon.name")).getValue() << " "
          << (results ? function.getResultTypes()[i] : function.getArgumentTypes()[i]);
      if (mlir::Attribute alias = results ? attr("tenon.alias") : mlir::Attribute())
        out << " alias " << llvm::cast<mlir::IntegerAttr>(alias).getInt();
      out << "\n";
    }
    return text;
  }

private:
  SourceManager sources_;
  DiagnosticEngine engine_;
  check::Modules modules_;
  mlir::MLIRContext context_;

protected:
  std::optional<check::Program> checked;
  mlir::OwningOpRef<mlir::ModuleOp> module;
  std::string errors;
};

TEST_F(TrainBlock, LowersToVerifiedFunctions) {
  ASSERT_EQ(errors, "");
  ASSERT_TRUE(module);
  EXPECT_TRUE(mlir::succeeded(mlir::verify(*module)));
  for (const char *name : {"init", "train_step", "evaluate_step", "reset_metrics", "predict"})
    EXPECT_TRUE(function(name)) << name;
}

TEST_F(TrainBlock, EqualCallsAreOneValue) {
  ASSERT_TRUE(module) << errors;
  // The loss and both metrics call `predict`: one forward pass, one mask for inputs and for state.
  EXPECT_EQ(count<ScanOp>("train_step"), 1u);
  EXPECT_EQ(count<DrawOp>("train_step"), 2u);
  EXPECT_EQ(count<VjpOp>("train_step"), 1u);
  EXPECT_EQ(count<ScanOp>("evaluate_step"), 1u);
  EXPECT_EQ(count<DrawOp>("evaluate_step"), 0u);
}

TEST_F(TrainBlock, StepTakesAndGivesEveryVariable) {
  ASSERT_TRUE(module) << errors;
  std::string step = describe(function("train_step"), true);
  for (const char *line :
       {"loss loss tensor<f32>\n", "metric_value accuracy tensor<f32>\n",
        "metric_value recall tensor<f32>\n", "parameter lstm.kernel tensor<4x4x3xf32> alias ",
        "parameter embedding.table tensor<20x4xf32> alias ",
        "optimizer first/lstm.kernel tensor<4x4x3xf32> alias ",
        "optimizer second/output.bias tensor<1xf32> alias ",
        "metric recall.found tensor<i32> alias "})
    EXPECT_NE(step.find(line), std::string::npos) << line << "in\n" << step;
  auto train = function("train_step");
  for (unsigned i = 0; i < train.getNumResults(); ++i)
    if (auto alias = train.getResultAttrOfType<mlir::IntegerAttr>(i, "tenon.alias")) {
      auto argument = unsigned(alias.getInt());
      EXPECT_EQ(train.getResultAttr(i, "tenon.name"), train.getArgAttr(argument, "tenon.name"));
      EXPECT_EQ(train.getResultTypes()[i], train.getArgumentTypes()[argument]);
    }
  std::string arguments = describe(train, false);
  for (const char *line : {"field tokens tensor<?x6xi32, #tenon.dims<batch, 6>>\n",
                           "field label tensor<?xf32, #tenon.dims<batch>>\n",
                           "seed seed tensor<i64>\n", "step step tensor<i64>\n"})
    EXPECT_NE(arguments.find(line), std::string::npos) << line << "in\n" << arguments;
  EXPECT_EQ(describe(function("predict"), true),
            "result result tensor<?xf32, #tenon.dims<batch>>\n");
}

TEST_F(TrainBlock, InitialValuesAreAsKerasHasThem) {
  ASSERT_TRUE(module) << errors;
  auto init = function("init");
  std::vector<HostTensor> inputs;
  for (unsigned i = 0; i < init.getNumArguments(); ++i)
    inputs.push_back(HostTensor::scalar(TENON_I64, 7));
  auto outputs = interpret(init, inputs);
  ASSERT_TRUE(bool(outputs)) << llvm::toString(outputs.takeError());
  std::map<std::string, std::vector<double>> values;
  for (unsigned i = 0; i < init.getNumResults(); ++i)
    values[init.getResultAttrOfType<mlir::StringAttr>(i, "tenon.name").str()] =
        (*outputs)[i].numbers();

  auto largest = [&](const std::string &name) {
    double top = 0;
    for (double value : values.at(name))
      top = std::max(top, std::fabs(value));
    return top;
  };
  // The largest of many uniform numbers lies a little below the bound.
  auto expectUniform = [&](const std::string &name, double bound) {
    EXPECT_LE(largest(name), bound) << name;
    EXPECT_GT(largest(name), 0.8 * bound) << name;
  };
  expectUniform("embedding.table", 0.05);
  expectUniform("lstm.kernel", std::sqrt(6.0 / (4 + 12)));
  EXPECT_EQ(values.at("lstm.bias"), (std::vector<double>{0, 0, 0, 1, 1, 1, 0, 0, 0, 0, 0, 0}));
  EXPECT_EQ(values.at("output.bias"), std::vector<double>{0});
  EXPECT_EQ(largest("first/lstm.kernel"), 0);
  const std::vector<double> &q = values.at("lstm.recurrent");
  ASSERT_EQ(q.size(), 36u);
  for (int a = 0; a < 3; ++a)
    for (int b = 0; b < 3; ++b) {
      double product = 0;
      for (int j = 0; j < 12; ++j)
        product += q[12 * a + j] * q[12 * b + j];
      EXPECT_NEAR(product, a == b, 1e-6);
    }
}

TEST_F(TrainBlock, ChecksThatTheLossIsFinite) {
  ASSERT_TRUE(module) << errors;
  size_t found = 0;
  function("train_step").walk([&](CheckOp check) {
    found += check.getMessage() == "the loss is not finite";
  });
  EXPECT_EQ(found, 1u);
}

} // namespace
