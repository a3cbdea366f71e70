//===- CheckTest.cpp - What programs become -------------------------------===//
#include "frontend/std/Library.h"
#include "tests/check/Harness.h"

#include <gtest/gtest.h>

#include <functional>

using namespace tenon;
using namespace tenon::check;

namespace {
/// One function of a program; a failed test if it doesn't check.
Program elaborate(const std::string &text, const std::string &function,
                  const FunctionInputs &inputs = {}, const CheckOptions &options = {}) {
  auto checking = Checking::text(text);
  auto program = elaborateFunction(checking->modules, *checking->module, function, inputs,
                                   checking->engine, options);
  EXPECT_TRUE(program.has_value()) << checking->diagnostics();
  return program ? *program : Program{{Entry{}}, std::nullopt};
}

void visit(const Region &region, const std::function<void(const Op &)> &each) {
  for (const Op &op : region.ops) {
    each(op);
    for (const Region &inner : op.regions)
      visit(inner, each);
  }
}

std::vector<const Op *> find(const Entry &entry, OpKind kind) {
  std::vector<const Op *> found;
  visit(entry.body, [&](const Op &op) {
    if (op.kind == kind)
      found.push_back(&op);
  });
  return found;
}

std::string resultType(const Entry &entry, size_t i = 0) {
  return i < entry.results.size() ? entry.type(entry.results[i].value).str() : "none";
}
} // namespace

//===----------------------------------------------------------------------===//
// Index notation
//===----------------------------------------------------------------------===//

TEST(Indices, RangesComeFromPositions) {
  Program program = elaborate(R"(
fn valid(x: f32[h, w], k: f32[3, 3]) -> f32[h - 2, w - 2] {
  let y[i, j] = sum[r, s] x[i + r, j + s] * k[r, s]
  y
}
)",
                              "valid");
  const Entry &entry = program.entries[0];
  EXPECT_EQ(resultType(entry), "f32[h - 2, w - 2]");
  for (const Op *read : find(entry, OpKind::Read))
    for (const ReadPosition &position : read->as<ReadAttr>().positions)
      EXPECT_TRUE(position.inside);
}

TEST(Indices, PoolingTakesTheLargestRangeThatStaysInside) {
  Program program = elaborate(R"(
fn pool(x: f32[b, 9, 8, c]) -> f32[b, 4, 4, c] {
  let p[b, h, w, c] = max[r: 2, s: 2] x[b, 2*h + r, 2*w + s, c]
  p
}
)",
                              "pool");
  EXPECT_EQ(resultType(program.entries[0]), "f32[b, 4, 4, c]");
}

TEST(Indices, PlacesThatAreNotProvedAreMarked) {
  Program program = elaborate(R"(
fn embed(table: f32[words, width], ids: i32[n]) -> f32[n, width] {
  let y[i, d] = table[ids[i], d]
  y
}
fn shift(x: f32[n]) -> f32[n] {
  let y[t] = x[t - 1] else 0.0
  let z[t: n] = y[t]
  z
}
)",
                              "embed");
  auto reads = find(program.entries[0], OpKind::Read);
  ASSERT_EQ(reads.size(), 2u);
  const ReadAttr &table = reads[1]->as<ReadAttr>();
  EXPECT_FALSE(table.positions[0].inside);
  EXPECT_FALSE(table.positions[0].affine.has_value());
  EXPECT_TRUE(table.positions[1].inside);
}

TEST(Indices, AGuardedReadKeepsItsFallback) {
  Program program = elaborate(R"(
fn shift(x: f32[n]) -> f32[n] {
  let y[t: n] = x[t - 1] else 0.0
  y
}
)",
                              "shift");
  auto reads = find(program.entries[0], OpKind::Read);
  ASSERT_EQ(reads.size(), 1u);
  EXPECT_TRUE(reads[0]->as<ReadAttr>().hasFallback);
  EXPECT_FALSE(reads[0]->as<ReadAttr>().positions[0].inside);
}

TEST(Indices, ACallWithoutAnIndexIsMadeBefore) {
  Program program = elaborate(R"(
fn weights(x: f32[n, m]) -> f32[n] {
  let y[i] = softmax(x)[i, 0] + sum[j] softmax(x)[i, j]
  y
}
)",
                              "weights");
  // The inner softmax's exponentials are at the top, not in the nest.
  size_t nested = 0;
  const Op &nest = program.entries[0].body.ops.back();
  ASSERT_EQ(nest.kind, OpKind::Nest);
  visit(nest.regions[0],
        [&](const Op &op) { nested += op.kind == OpKind::Map && op.map == MapKind::Exp; });
  EXPECT_EQ(nested, 0u);
}

TEST(Indices, AllLeadingDimensions) {
  FunctionInputs inputs;
  inputs.tensors["x"] = {DType::F64, {Dim(2), Dim::symbol("time"), Dim(8)}};
  Program program = elaborate(R"(
fn norm(x: float[..., n]) -> float[..., n] {
  let m[...] = mean[i] x[..., i]
  let y[..., i] = x[..., i] - m[...]
  y
}
)",
                              "norm", inputs);
  EXPECT_EQ(resultType(program.entries[0]), "f64[2, time, 8]");
}

TEST(Inputs, OfRecordsSayWhatTheirDimensionsAre) {
  FunctionInputs inputs;
  inputs.tensors["w.kernel"] = {DType::F64, {Dim(3), Dim(4)}};
  inputs.tensors["w.parts.0"] = {DType::F64, {Dim(4)}};
  inputs.tensors["x"] = {DType::F64, {Dim(7), Dim(3)}};
  Program program = elaborate(R"(
type Weights[n, m, k] = { kernel: float[n, m], parts: (float[m], float[m, k]) }
fn apply(w: Weights[n, m, k], x: float[..., n]) -> float[..., m] {
  let (bias, unused) = w.parts
  let y[..., o] = sum[i] x[..., i] * w.kernel[i, o] + bias[o]
  y
}
)",
                              "apply", inputs);
  EXPECT_EQ(resultType(program.entries[0]), "f64[7, 4]");
}

//===----------------------------------------------------------------------===//
// Numbers without a dtype
//===----------------------------------------------------------------------===//

TEST(Numbers, TakeTheDtypeOfWhatTheyMeetLater) {
  Program program = elaborate(R"(
fn counts(label: i32[n], x: f64[n], like_this: f64[k]) -> f64[k] {
  let total[c: k] = sum[i] if label[i] == c { x[i] } else { 0.0 }
  let count[c: k] = sum[i] if label[i] == c { 1.0 } else { 0.0 }
  total / max(count, 1.0) + 0.0 * like_this
}
)",
                              "counts");
  for (const Op *op : find(program.entries[0], OpKind::Reduce))
    EXPECT_EQ(program.entries[0].type(op->results[0]).dtype, DType::F64);
}

TEST(Numbers, WithoutAnythingToMeet) {
  Program program = elaborate("fn pair() = (1, 0.5)\n", "pair");
  EXPECT_EQ(resultType(program.entries[0], 0), "i32");
  EXPECT_EQ(resultType(program.entries[0], 1), "f32");
  CheckOptions options;
  options.real = DType::F64;
  program = elaborate("fn pair() = (1, 0.5)\n", "pair", {}, options);
  EXPECT_EQ(resultType(program.entries[0], 1), "f64");
}

TEST(Numbers, AreScalarsWhereLeadingDimensionsAreOpen) {
  Program program = elaborate(R"(
fn f(x: f64[n]) -> f64[n] = x / (1.5 + softplus(0.25))
)",
                              "f");
  EXPECT_EQ(resultType(program.entries[0]), "f64[n]");
}

TEST(Numbers, AScansStateBecomesWhatItIsAddedTo) {
  Program program = elaborate(R"(
fn total(x: f64[n]) -> f64 {
  scan s = 0.0 over each in x {
    s + each
  }
  s
}
)",
                              "total");
  EXPECT_EQ(resultType(program.entries[0]), "f64");
}

//===----------------------------------------------------------------------===//
// Control flow, derivatives, draws
//===----------------------------------------------------------------------===//

TEST(Control, AScanGoesAlongTheDimensionOfThatName) {
  Program program = elaborate(R"(
import nn

model Tagger {
  lstm = nn.LSTM(8, 8)
  fn call(x: f32[batch, 8, 8]) -> f32[batch, 8, 8] = lstm(x)
}
)",
                              "Tagger.call");
  for (const Op *scan : find(program.entries[0], OpKind::Scan))
    EXPECT_EQ(scan->as<ScanAttr>().inputAxes[0], 1);
  EXPECT_EQ(resultType(program.entries[0]), "f32[batch, 8, 8]");
}

TEST(Control, AScanCarriesTheStatesItsBodySets) {
  Program program = elaborate(R"(
model Counter {
  state seen: i32 = 0
  fn call(x: f32[n]) -> f32[n] {
    scan over each in x {
      set seen = seen + 1
      yield 2.0 * each
    }
  }
}
)",
                              "Counter.call");
  const Entry &entry = program.entries[0];
  auto scans = find(entry, OpKind::Scan);
  ASSERT_EQ(scans.size(), 1u);
  EXPECT_EQ(scans[0]->as<ScanAttr>().carried, 1u);
  ASSERT_EQ(entry.results.size(), 2u);
  EXPECT_EQ(entry.results[1].name, "seen");
  EXPECT_TRUE(entry.results[1].alias.has_value());
}

TEST(Control, AFixedConditionKeepsOneBranch) {
  FunctionInputs inputs;
  inputs.numbers["n"] = 3;
  Program program = elaborate(R"(
fn choose(x: f32[k], n: int) {
  if n > 2 { x } else { sum(x) }
}
)",
                              "choose", inputs);
  EXPECT_TRUE(find(program.entries[0], OpKind::If).empty());
  EXPECT_EQ(resultType(program.entries[0]), "f32[k]");
}

TEST(Gradients, HaveTheStructureOfWhatIsDerivedBy) {
  Program program = elaborate(R"(
fn loss(w: f32[n, m], b: f32[m], x: f32[n]) -> f32 = sum((x @ w + b) ** 2)
fn slopes(w: f32[n, m], b: f32[m], x: f32[n]) = value_and_grad(loss, wrt = (w, b))(w, b, x)
)",
                              "slopes");
  const Entry &entry = program.entries[0];
  ASSERT_EQ(entry.results.size(), 3u);
  EXPECT_EQ(entry.results[0].name, "0");
  EXPECT_EQ(entry.results[2].name, "1.1");
  EXPECT_EQ(resultType(entry, 1), "f32[n, m]");
  EXPECT_EQ(resultType(entry, 2), "f32[m]");
}

TEST(Gradients, Nest) {
  Program program = elaborate(R"(
fn f(x: f64) -> f64 = sin(x) * x
fn curve(x: f64) -> f64 = grad(grad(f))(x)
)",
                              "curve");
  auto outer = find(program.entries[0], OpKind::Vjp);
  ASSERT_EQ(outer.size(), 2u);
  EXPECT_EQ(resultType(program.entries[0]), "f64");
}

TEST(Draws, AreNamedByPathOrdinalAndLoops) {
  Program program = elaborate(R"(
fn walk(x: f32[n, d]) -> f32[d] {
  let start = random.normal(d)
  scan s = start over row in x {
    s + row * random.uniform(d)
  }
  s
}
)",
                              "walk");
  auto draws = find(program.entries[0], OpKind::Draw);
  ASSERT_EQ(draws.size(), 2u);
  EXPECT_EQ(draws[0]->as<DrawAttr>().stream, "walk#0");
  EXPECT_TRUE(draws[0]->as<DrawAttr>().iterations.empty());
  EXPECT_EQ(draws[1]->as<DrawAttr>().stream, "walk#1");
  EXPECT_EQ(draws[1]->as<DrawAttr>().iterations.size(), 1u);
  EXPECT_NE(program.entries[0].argumentOf(Role::Seed), kNoValue);
}

//===----------------------------------------------------------------------===//
// Training
//===----------------------------------------------------------------------===//

static const char *const classifier = R"(
import nn, losses, metrics, optim

dataset Reviews {
  from csv("reviews.csv")
  tokens: i32[10] = column("text") |> tokenize(vocabulary = 50) |> pad(10)
  label:  f32     = column("label")
  split train 0.8, test 0.2
}

model SentimentClassifier {
  embedding = nn.Embedding(50, 4)
  lstm      = nn.LSTM(4, 6, dropout = 0.2, recurrent_dropout = 0.2)
  output    = nn.Dense(_, 1)

  fn predict(tokens: i32[batch, time]) -> f32[batch] {
    tokens |> embedding |> lstm |> last |> output |> squeeze |> sigmoid
  }
}

train SentimentClassifier on Reviews {
  loss      = losses.binary_cross_entropy(predict(tokens), label)
  optimizer = optim.Adam(learning_rate = 1e-3)
  metrics   = { accuracy: metrics.binary_accuracy(predict(tokens), label),
                recall: metrics.Recall()(predict(tokens), label) }
  predicts  = label
  epochs    = 3
  batch     = 16
}
)";

TEST(Training, ATextClassifier) {
  auto checking = Checking::text(classifier);
  auto program = elaborateTraining(checking->modules, *checking->module, checking->engine);
  ASSERT_TRUE(program) << checking->diagnostics();
  const Entry *step = program->find("train_step");
  ASSERT_TRUE(step && program->find("init") && program->find("evaluate_step") &&
              program->find("reset_metrics") && program->find("predict"));
  // The loss and both metrics share one forward pass and one dropout mask for each place.
  EXPECT_EQ(find(*step, OpKind::Scan).size(), 1u);
  EXPECT_EQ(find(*step, OpKind::Draw).size(), 2u);
  EXPECT_TRUE(find(*program->find("evaluate_step"), OpKind::Draw).empty());
  EXPECT_EQ(program->find("predict")->symbols, std::vector<std::string>{"batch"});

  const Training &training = *program->training;
  EXPECT_EQ(training.epochs, 3);
  EXPECT_EQ(training.batch, 16);
  EXPECT_EQ(training.predicts, "label");
  EXPECT_EQ(training.predictFields, std::vector<std::string>{"tokens"});
  EXPECT_EQ(training.metrics, (std::vector<std::string>{"accuracy", "recall"}));
  EXPECT_EQ(training.metricHasState, (std::vector<bool>{false, true}));
  EXPECT_EQ(training.dataset.fields.size(), 2u);
  std::map<std::string, std::string> types;
  for (const Variable &variable : training.variables)
    types[variable.name] = variable.type.str();
  EXPECT_EQ(types["lstm.kernel"], "f32[4, 4, 6]");
  EXPECT_EQ(types["output.kernel"], "f32[6, 1]"); // `_` is worked out from the first use
  EXPECT_EQ(types["second/output.kernel"], "f32[6, 1]");
  EXPECT_EQ(types["recall.found"], "i32");
}

TEST(Training, EveryNextValueTakesThePlaceOfTheOld) {
  auto checking = Checking::text(classifier);
  auto program = elaborateTraining(checking->modules, *checking->module, checking->engine);
  ASSERT_TRUE(program);
  const Entry &step = *program->find("train_step");
  size_t aliases = 0;
  for (const check::Result &result : step.results)
    if (result.alias) {
      ++aliases;
      EXPECT_EQ(step.arguments[*result.alias].name, result.name);
      EXPECT_EQ(step.type(step.arguments[*result.alias].value), step.type(result.value));
    }
  EXPECT_EQ(aliases, program->training->variables.size());
}

TEST(Training, TheSameProgramBecomesTheSameText) {
  std::string texts[2];
  for (std::string &text : texts) {
    auto checking = Checking::text(classifier);
    auto program = elaborateTraining(checking->modules, *checking->module, checking->engine);
    ASSERT_TRUE(program);
    for (const Entry &entry : program->entries)
      text += print(entry);
  }
  EXPECT_EQ(texts[0], texts[1]);
}

//===----------------------------------------------------------------------===//
// Whole files
//===----------------------------------------------------------------------===//

TEST(Files, TheLibraryChecksByItself) {
  for (std::string_view name : libraryNames()) {
    auto checking = Checking::text(std::string(*libraryText(name)));
    checkFile(checking->modules, *checking->module, checking->engine);
    EXPECT_EQ(checking->diagnostics(), "") << name;
  }
}

TEST(Files, AWholeProgramChecks) {
  auto checking = Checking::text(classifier);
  EXPECT_TRUE(checkFile(checking->modules, *checking->module, checking->engine))
      << checking->diagnostics();
}

TEST(Files, AnUnknownFunctionOffersTheNearest) {
  auto checking = Checking::text("fn double(x: f32) -> f32 = 2.0 * x\n");
  EXPECT_FALSE(
      elaborateFunction(checking->modules, *checking->module, "doubel", {}, checking->engine));
  EXPECT_NE(checking->diagnostics().find("did you mean `double`?"), std::string::npos);
}

TEST(Files, AParameterThatCannotComeFromOutside) {
  auto checking = Checking::text("fn f(x: f32[n], count: int) -> f32[n] = x\n");
  EXPECT_FALSE(elaborateFunction(checking->modules, *checking->module, "f", {}, checking->engine));
  EXPECT_NE(checking->diagnostics().find("[E0320]"), std::string::npos);
}

TEST(Files, WhatIsGivenIsAParameter) {
  auto says = [](const std::string &program, const std::string &function,
                 const FunctionInputs &inputs) {
    auto checking = Checking::text(program);
    elaborateFunction(checking->modules, *checking->module, function, inputs, checking->engine);
    return checking->diagnostics();
  };
  TensorType number{DType::F32, {}};
  std::string plain = "fn f(x: f32, count: int, kind: \"a\" | \"b\") -> f32 = x * count\n";
  EXPECT_EQ(says(plain, "f", {{{"x", number}}, {{"count", 2}}, {{"kind", "b"}}}), "");
  std::string unknown = says(plain, "f", {{{"x", number}}, {{"cuont", 2}, {"count", 2}}, {}});
  EXPECT_NE(unknown.find("[E0310]: `f` has no parameter `cuont`"), std::string::npos) << unknown;
  EXPECT_NE(unknown.find("did you mean `count`?"), std::string::npos);
  EXPECT_NE(says(plain, "f", {{{"velocity", number}}, {{"count", 2}}, {}})
                .find("it takes `x`, `count`, `kind`"),
            std::string::npos);
  EXPECT_NE(says(plain, "f", {{}, {{"count", 2}}, {{"knid", "b"}}}).find("did you mean `kind`?"),
            std::string::npos);
  EXPECT_NE(says("fn f() -> f32 = 1.0\n", "f", {{{"x", number}}, {}, {}}).find("it takes nothing"),
            std::string::npos);

  std::string tree = "fn f(cache: { key: f32, value: f32 }) -> f32 = cache.key\n";
  EXPECT_EQ(says(tree, "f", {{{"cache.key", number}}, {}, {}}), "");
  EXPECT_NE(says(tree, "f", {{{"cache.kye", number}}, {}, {}}).find("did you mean `cache.key`?"),
            std::string::npos);

  std::string model = "model M {\n  param rate: f32 = 1.0\n  fn f(x: f32) -> f32 = rate * x\n}\n";
  EXPECT_EQ(says(model, "M.f", {{{"x", number}, {"rate", number}}, {}, {}}), "");
  EXPECT_NE(says(model, "M.f", {{{"rat", number}}, {}, {}}).find("did you mean `rate`?"),
            std::string::npos);
}

TEST(Files, LeadingDimensionsNeedAnInput) {
  auto checking = Checking::text("fn f(x: f32[..., n]) -> f32[..., n] = x\n");
  EXPECT_FALSE(elaborateFunction(checking->modules, *checking->module, "f", {}, checking->engine));
  EXPECT_NE(checking->diagnostics().find("[E0320]"), std::string::npos);
}
