// Training steps from text to numbers, by the interpreter: every optimizer against its formula, and
// a recurrent classifier's gradient against differences of its loss.
#include "frontend/check/Check.h"
#include "frontend/lower/Lower.h"
#include "ir/eval/Interpreter.h"
#include "passes/Passes.h"

#include "mlir/Pass/PassManager.h"

#include <gtest/gtest.h>

#include <cmath>
#include <functional>

namespace {

using namespace tenon;
using Tensors = std::map<std::string, HostTensor>;

/// A program's entries as graphs without derivatives; real numbers are computed in f64.
class Steps {
public:
  explicit Steps(const std::string &text, check::DType real = check::DType::F32)
      : modules_(sources_, engine_) {
    check::Module *file = modules_.loadText("test.tn", text);
    check::CheckOptions options;
    options.real = real;
    auto program = check::elaborateTraining(modules_, *file, engine_, options);
    EXPECT_EQ(renderAll(sources_, engine_), "");
    if (!program)
      return;
    module_ = lower(*program, sources_, context_);
    mlir::PassManager manager(&context_);
    buildGraphPipeline(manager);
    if (mlir::failed(manager.run(*module_)))
      ADD_FAILURE() << "the graph pipeline failed";
  }

  /// Runs an entry on the tensors of these names and gives its results, which replace those of the
  /// same names.
  bool run(const char *name, Tensors &tensors) {
    auto function = module_ ? module_->lookupSymbol<mlir::func::FuncOp>(name) : nullptr;
    if (!function)
      return false;
    std::vector<HostTensor> inputs;
    for (unsigned i = 0; i < function.getNumArguments(); ++i) {
      auto argument = function.getArgAttrOfType<mlir::StringAttr>(i, "tenon.name").str();
      if (!tensors.count(argument)) {
        ADD_FAILURE() << "no value for " << argument;
        return false;
      }
      inputs.push_back(tensors.at(argument));
    }
    EvalOptions options;
    options.wide = true;
    auto outputs = interpret(function, inputs, options);
    if (!outputs) {
      ADD_FAILURE() << llvm::toString(outputs.takeError());
      return false;
    }
    for (unsigned i = 0; i < function.getNumResults(); ++i)
      tensors.insert_or_assign(
          function.getResultAttrOfType<mlir::StringAttr>(i, "tenon.name").str(), (*outputs)[i]);
    return true;
  }

private:
  SourceManager sources_;
  DiagnosticEngine engine_;
  check::Modules modules_;
  mlir::MLIRContext context_;
  mlir::OwningOpRef<mlir::ModuleOp> module_;
};

HostTensor reals(std::vector<int64_t> shape, const std::vector<double> &values) {
  return HostTensor::ofNumbers(TENON_F64, std::move(shape), values);
}

void setStep(Tensors &tensors, int step) {
  tensors.insert_or_assign("seed", HostTensor::scalar(TENON_I64, 1));
  tensors.insert_or_assign("step", HostTensor::scalar(TENON_I64, step));
  tensors.insert_or_assign("steps", HostTensor::scalar(TENON_I32, 100));
}

//===----------------------------------------------------------------------===//
// Optimizers
//===----------------------------------------------------------------------===//

/// One number's memory in an optimizer.
struct Memory {
  double first = 0, second = 0;
};
/// The next value of a parameter from its value, gradient, memory and the step, from 1.
using Update = std::function<double(double, double, Memory &, int)>;

/// Three steps of fitting y = a x + b, in the program and by `update`.
void expectUpdates(const std::string &optimizer, Memory start, const Update &update) {
  Steps steps(
      "import optim\n"
      "dataset Points {\n  from csv(\"points.csv\")\n  x: f32 = column(\"x\")\n"
      "  y: f32 = column(\"y\")\n  split train 1.0\n}\n"
      "model Line {\n  param a: float = 0.5\n  param b: float = -0.25\n"
      "  fn call(x: f64[batch]) -> f64[batch] = a * x + b\n}\n"
      "train Line on Points {\n  loss = mean((call(f64(x)) - f64(y)) ** 2)\n  optimizer = optim." +
          optimizer + "\n}\n",
      check::DType::F64);
  const std::vector<double> x = {1, 2, -1, 0.5}, y = {1, 0.5, -2, 3};
  Tensors tensors{{"x", reals({4}, x)}, {"y", reals({4}, y)}};
  setStep(tensors, 0);
  ASSERT_TRUE(steps.run("init", tensors));
  double value[2] = {0.5, -0.25};
  Memory memory[2] = {start, start};
  for (int step = 0; step < 3; ++step) {
    setStep(tensors, step);
    ASSERT_TRUE(steps.run("train_step", tensors));
    double loss = 0, gradient[2] = {0, 0};
    for (size_t i = 0; i < x.size(); ++i) {
      double error = value[0] * x[i] + value[1] - y[i];
      loss += error * error / 4;
      gradient[0] += 2 * error * x[i] / 4;
      gradient[1] += 2 * error / 4;
    }
    EXPECT_NEAR(tensors.at("loss").number(0), loss, 1e-12) << optimizer;
    for (int k = 0; k < 2; ++k)
      value[k] = update(value[k], gradient[k], memory[k], step + 1);
    EXPECT_NEAR(tensors.at("a").number(0), value[0], 1e-12) << optimizer << ", step " << step;
    EXPECT_NEAR(tensors.at("b").number(0), value[1], 1e-12) << optimizer << ", step " << step;
  }
}

TEST(Optimizers, Sgd) {
  expectUpdates("SGD(learning_rate = 0.1, momentum = 0.9)", {},
                [](double w, double g, Memory &memory, int) {
                  memory.first = 0.9 * memory.first - 0.1 * g;
                  return w + memory.first;
                });
}

double adam(double w, double g, Memory &memory, int step, double rate) {
  memory.first = 0.9 * memory.first + 0.1 * g;
  memory.second = 0.999 * memory.second + 0.001 * g * g;
  double first = memory.first / (1 - std::pow(0.9, step));
  double second = memory.second / (1 - std::pow(0.999, step));
  return w - rate * first / (std::sqrt(second) + 1e-8);
}

TEST(Optimizers, Adam) {
  expectUpdates("Adam(learning_rate = 0.1)", {}, [](double w, double g, Memory &memory, int step) {
    return adam(w, g, memory, step, 0.1);
  });
}

TEST(Optimizers, AdamW) {
  expectUpdates("AdamW(learning_rate = 0.1, weight_decay = 0.05)", {},
                [](double w, double g, Memory &memory, int step) {
                  return adam(w * (1 - 0.1 * 0.05), g, memory, step, 0.1);
                });
}

TEST(Optimizers, Adagrad) {
  expectUpdates("Adagrad(learning_rate = 0.1)", {0.1, 0},
                [](double w, double g, Memory &memory, int) {
                  memory.first += g * g;
                  return w - 0.1 * g / std::sqrt(memory.first + 1e-7);
                });
}

TEST(Optimizers, FollowASchedule) {
  const double pi = 3.14159265358979323846;
  expectUpdates("SGD(learning_rate = 0.1, schedule = optim.cosine(warmup = 2))", {},
                [&](double w, double g, Memory &, int step) {
                  double factor =
                      step <= 2 ? step / 2.0 : 0.5 * (1 + std::cos(pi * (step - 3) / 98.0));
                  return w - 0.1 * factor * g;
                });
}

//===----------------------------------------------------------------------===//
// Gradients
//===----------------------------------------------------------------------===//

TEST(Gradients, OfARecurrentClassifierAreDifferencesOfItsLoss) {
  // With velocity 0 and rate 1, SGD's step is the gradient itself.
  Steps steps(R"(
import nn, losses, optim
dataset Reviews {
  from csv("reviews.csv")
  tokens: i32[3] = column("text") |> tokenize(vocabulary = 5) |> pad(3)
  label:  f32    = column("label")
  split train 1.0
}
model Classifier {
  embedding = nn.Embedding(5, 2)
  lstm      = nn.LSTM(2, 2)
  gru       = nn.GRU(2, 2)
  norm      = nn.LayerNorm(2)
  output    = nn.Dense(2, 1)
  fn predict(tokens: i32[batch, time]) -> f32[batch] {
    tokens |> embedding |> lstm |> gru |> norm |> last |> output |> squeeze |> sigmoid
  }
}
train Classifier on Reviews {
  loss      = losses.binary_cross_entropy(predict(tokens), label)
  optimizer = optim.SGD(learning_rate = 1.0)
}
)");
  Tensors start{{"tokens", HostTensor::ofNumbers(TENON_I32, {2, 3}, {1, 4, 0, 3, 3, 2})},
                {"label", reals({2}, {1, 0})}};
  setStep(start, 0);
  ASSERT_TRUE(steps.run("init", start));
  Tensors stepped = start;
  ASSERT_TRUE(steps.run("train_step", stepped));
  auto loss = [&](const Tensors &at) {
    Tensors tensors = at;
    return steps.run("evaluate_step", tensors) ? tensors.at("loss").number(0) : NAN;
  };
  EXPECT_NEAR(stepped.at("loss").number(0), loss(start), 1e-12);
  constexpr double h = 1e-5;
  for (const char *name :
       {"embedding.table", "lstm.kernel", "lstm.recurrent", "lstm.bias", "gru.cell.kernel",
        "gru.cell.recurrent", "gru.cell.bias", "gru.cell.recurrent_bias", "norm.scale",
        "norm.shift", "output.kernel", "output.bias"}) {
    const HostTensor &value = start.at(name);
    for (int64_t i = 0; i < value.size(); i += std::max<int64_t>(1, value.size() / 3)) {
      auto moved = [&](double by) {
        Tensors tensors = start;
        tensors.at(name).set(i, Number::ofReal(value.number(i) + by));
        return loss(tensors);
      };
      double difference = (moved(h) - moved(-h)) / (2 * h);
      double gradient = value.number(i) - stepped.at(name).number(i);
      EXPECT_NEAR(gradient, difference, 1e-7 + 1e-6 * std::fabs(difference)) << name << " " << i;
    }
  }
}

} // namespace
