#include "tests/runtime/FakeProgram.h"

#include "runtime/core/Philox.h"

#include <cmath>
#include <cstring>

using namespace tenon;

namespace fake {

std::function<int64_t(int64_t step)> onStep;

namespace {

constexpr int kInputs = 4;
constexpr uint64_t kDropout = 77, kInit = 78;
constexpr float kRate = 0.2f, kMomentum = 0.9f, kKeep = 0.9f;

constexpr int64_t kBatch = TENON_DIM_SYMBOL(0);
const int64_t kWeights[] = {kInputs}, kRows[] = {kBatch, kInputs}, kVector[] = {kBatch};
const int64_t kPair[] = {2}, kWide[] = {5};
const char *const kSymbols[] = {"batch"};

const tenon_binding kInitIn[] = {{"seed", "seed", TENON_I64, 0, nullptr, -1}};
#define KEPT(role, name, rank, dims, alias) {name, role, TENON_F32, rank, dims, alias}
const tenon_binding kInitOut[] = {KEPT("parameter", "dense.weights", 1, kWeights, -1),
                                  KEPT("parameter", "dense.bias", 0, nullptr, -1),
                                  KEPT("state", "mean", 1, kWeights, -1),
                                  KEPT("optimizer", "velocity/dense.weights", 1, kWeights, -1)};
const tenon_binding kWideOut[] = {KEPT("parameter", "dense.weights", 1, kWide, -1),
                                  KEPT("parameter", "dense.offset", 0, nullptr, -1),
                                  KEPT("state", "mean", 1, kWeights, -1),
                                  KEPT("optimizer", "velocity/dense.weights", 1, kWeights, -1)};
const tenon_binding kResetOut[] = {KEPT("metric", "seen.count", 1, kPair, -1)};

const tenon_binding kTrainIn[] = {KEPT("parameter", "dense.weights", 1, kWeights, -1),
                                  KEPT("parameter", "dense.bias", 0, nullptr, -1),
                                  KEPT("state", "mean", 1, kWeights, -1),
                                  KEPT("optimizer", "velocity/dense.weights", 1, kWeights, -1),
                                  KEPT("metric", "seen.count", 1, kPair, -1),
                                  KEPT("field", "x", 2, kRows, -1),
                                  KEPT("field", "label", 1, kVector, -1),
                                  {"seed", "seed", TENON_I64, 0, nullptr, -1},
                                  {"step", "step", TENON_I64, 0, nullptr, -1},
                                  {"steps", "steps", TENON_I32, 0, nullptr, -1}};
// `mean` has no alias: its next value comes in memory of its own.
const tenon_binding kTrainOut[] = {KEPT("parameter", "dense.weights", 1, kWeights, 0),
                                   KEPT("parameter", "dense.bias", 0, nullptr, 1),
                                   KEPT("state", "mean", 1, kWeights, -1),
                                   KEPT("optimizer", "velocity/dense.weights", 1, kWeights, 3),
                                   KEPT("metric", "seen.count", 1, kPair, 4),
                                   KEPT("loss", "loss", 0, nullptr, -1),
                                   KEPT("metric_value", "accuracy", 0, nullptr, -1),
                                   KEPT("metric_value", "seen", 0, nullptr, -1)};

const tenon_binding kEvaluateIn[] = {
    KEPT("parameter", "dense.weights", 1, kWeights, -1),
    KEPT("parameter", "dense.bias", 0, nullptr, -1), KEPT("metric", "seen.count", 1, kPair, -1),
    KEPT("field", "x", 2, kRows, -1), KEPT("field", "label", 1, kVector, -1)};
const tenon_binding kEvaluateOut[] = {
    KEPT("metric", "seen.count", 1, kPair, 2), KEPT("loss", "loss", 0, nullptr, -1),
    KEPT("metric_value", "accuracy", 0, nullptr, -1), KEPT("metric_value", "seen", 0, nullptr, -1)};

const tenon_binding kPredictIn[] = {KEPT("parameter", "dense.weights", 1, kWeights, -1),
                                    KEPT("parameter", "dense.bias", 0, nullptr, -1),
                                    KEPT("field", "x", 2, kRows, -1)};
const tenon_binding kPredictOut[] = {KEPT("result", "result", 1, kVector, -1)};

const tenon_check_info kChecks[] = {{"a label is outside 0 to 1", "fake.tn:9:3"},
                                    {"the loss is not finite", "fake.tn:10:3"}};

template <typename T> T *in(const tenon_frame *frame, int i) {
  return static_cast<T *>(frame->inputs[i]);
}
float *out(const tenon_frame *frame, int i) { return static_cast<float *>(frame->outputs[i]); }

void copyDims(int32_t count, const tenon_binding *outputs, int64_t batch, int64_t *dims) {
  for (int32_t i = 0; i < count; ++i)
    for (int32_t k = 0; k < outputs[i].rank; ++k)
      *dims++ = outputs[i].dims[k] == kBatch ? batch : outputs[i].dims[k];
}

float probability(const float *weights, float bias, const float *x) {
  float sum = bias;
  for (int k = 0; k < kInputs; ++k)
    sum += weights[k] * x[k];
  return 1 / (1 + std::exp(-sum));
}

float crossEntropy(float p, float label) {
  p = std::fmin(std::fmax(p, 1e-7f), 1 - 1e-7f);
  return -(label * std::log(p) + (1 - label) * std::log(1 - p));
}

void initPlan(const int64_t *, int64_t *arena, int64_t *dims) {
  *arena = 0;
  copyDims(4, kInitOut, 0, dims);
}
void widePlan(const int64_t *, int64_t *arena, int64_t *dims) {
  *arena = 0;
  copyDims(4, kWideOut, 0, dims);
}
void initBody(const tenon_frame *frame, int32_t thread, int32_t) {
  if (thread != 0)
    return;
  uint64_t seed = uint64_t(*in<int64_t>(frame, 0));
  for (int k = 0; k < kInputs; ++k) {
    out(frame, 0)[k] = uniformF32(drawBits(seed, 0, kInit, 0, uint64_t(k))) - 0.5f;
    out(frame, 2)[k] = out(frame, 3)[k] = 0;
  }
  *out(frame, 1) = 0;
}

void resetPlan(const int64_t *, int64_t *arena, int64_t *dims) {
  *arena = 0;
  copyDims(1, kResetOut, 0, dims);
}
void resetBody(const tenon_frame *frame, int32_t thread, int32_t) {
  if (thread == 0)
    out(frame, 0)[0] = out(frame, 0)[1] = 0;
}

void trainPlan(const int64_t *symbols, int64_t *arena, int64_t *dims) {
  *arena = (symbols[0] * (kInputs + 1) * 4 + 63) / 64 * 64;
  copyDims(8, kTrainOut, symbols[0], dims);
}

/// Rows are dealt out to threads; thread 0 then adds up in the order of rows.
void trainBody(const tenon_frame *frame, int32_t thread, int32_t threads) {
  int64_t n = frame->symbols[0], lo = n * thread / threads, hi = n * (thread + 1) / threads;
  auto *x = in<float>(frame, 5), *label = in<float>(frame, 6);
  uint64_t seed = uint64_t(*in<int64_t>(frame, 7)), step = uint64_t(*in<int64_t>(frame, 8));
  auto *masked = reinterpret_cast<float *>(frame->arena), *p = masked + n * kInputs;
  if (thread == 0 && onStep)
    if (int64_t check = onStep(int64_t(step)); check >= 0)
      tenon_check_failed(frame, check, 0);
  for (int64_t i = lo; i < hi; ++i) {
    if (!(label[i] >= 0 && label[i] <= 1))
      tenon_check_failed(frame, 0, i);
    for (int k = 0; k < kInputs; ++k) {
      int64_t at = i * kInputs + k;
      bool kept = uniformF32(drawBits(seed, step, kDropout, 0, uint64_t(at))) < kKeep;
      masked[at] = kept ? x[at] / kKeep : 0;
    }
    p[i] = probability(in<float>(frame, 0), *in<float>(frame, 1), masked + i * kInputs);
  }
  tenon_barrier(frame);
  if (thread != 0 || __atomic_load_n(frame->check, __ATOMIC_RELAXED) != INT64_MAX)
    return;
  float loss = 0, right = 0, mean[kInputs] = {}, gradient[kInputs + 1] = {};
  for (int64_t i = 0; i < n; ++i) {
    loss += crossEntropy(p[i], label[i]);
    right += (p[i] > 0.5f) == (label[i] > 0.5f);
    for (int k = 0; k < kInputs; ++k) {
      gradient[k] += (p[i] - label[i]) * masked[i * kInputs + k] / float(n);
      mean[k] += x[i * kInputs + k] / float(n);
    }
    gradient[kInputs] += (p[i] - label[i]) / float(n);
  }
  float rate = kRate * (1 - float(step) / float(*in<int32_t>(frame, 9)));
  for (int k = 0; k < kInputs; ++k) {
    out(frame, 2)[k] = 0.9f * in<float>(frame, 2)[k] + 0.1f * mean[k];
    out(frame, 3)[k] = kMomentum * in<float>(frame, 3)[k] - rate * gradient[k];
    out(frame, 0)[k] = in<float>(frame, 0)[k] + out(frame, 3)[k];
  }
  *out(frame, 1) = *in<float>(frame, 1) - rate * gradient[kInputs];
  out(frame, 4)[0] = in<float>(frame, 4)[0] + float(n);
  out(frame, 4)[1] = in<float>(frame, 4)[1] + right;
  *out(frame, 5) = loss / float(n);
  *out(frame, 6) = right / float(n);
  *out(frame, 7) = out(frame, 4)[1] / out(frame, 4)[0];
}

void evaluatePlan(const int64_t *symbols, int64_t *arena, int64_t *dims) {
  *arena = 0;
  copyDims(4, kEvaluateOut, symbols[0], dims);
}
void evaluateBody(const tenon_frame *frame, int32_t thread, int32_t) {
  if (thread != 0)
    return;
  int64_t n = frame->symbols[0];
  auto *x = in<float>(frame, 3), *label = in<float>(frame, 4);
  float loss = 0, right = 0;
  for (int64_t i = 0; i < n; ++i) {
    if (!(label[i] >= 0 && label[i] <= 1)) {
      tenon_check_failed(frame, 0, i);
      return;
    }
    float p = probability(in<float>(frame, 0), *in<float>(frame, 1), x + i * kInputs);
    loss += crossEntropy(p, label[i]);
    right += (p > 0.5f) == (label[i] > 0.5f);
  }
  out(frame, 0)[0] = in<float>(frame, 2)[0] + float(n);
  out(frame, 0)[1] = in<float>(frame, 2)[1] + right;
  *out(frame, 1) = loss / float(n);
  *out(frame, 2) = right / float(n);
  *out(frame, 3) = out(frame, 0)[1] / out(frame, 0)[0];
}

void predictPlan(const int64_t *symbols, int64_t *arena, int64_t *dims) {
  *arena = 0;
  dims[0] = symbols[0];
}
void predictBody(const tenon_frame *frame, int32_t thread, int32_t) {
  if (thread != 0)
    return;
  for (int64_t i = 0; i < frame->symbols[0]; ++i)
    out(frame, 0)[i] =
        probability(in<float>(frame, 0), *in<float>(frame, 1), in<float>(frame, 2) + i * kInputs);
}

template <size_t I, size_t O>
tenon_entry entry(const char *name, int32_t symbols, const tenon_binding (&inputs)[I],
                  const tenon_binding (&outputs)[O], int32_t checks,
                  void (*plan)(const int64_t *, int64_t *, int64_t *),
                  void (*body)(const tenon_frame *, int32_t, int32_t)) {
  return {sizeof(tenon_entry),
          name,
          symbols,
          kSymbols,
          int32_t(I),
          inputs,
          int32_t(O),
          outputs,
          checks,
          kChecks,
          0,
          plan,
          body,
          nullptr,
          0,
          nullptr};
}

const tenon_entry kReset = {sizeof(tenon_entry),
                            "reset_metrics",
                            0,
                            kSymbols,
                            0,
                            nullptr,
                            1,
                            kResetOut,
                            0,
                            kChecks,
                            0,
                            resetPlan,
                            resetBody,
                            nullptr,
                            0,
                            nullptr};
const tenon_entry kTrain = entry("train_step", 1, kTrainIn, kTrainOut, 2, trainPlan, trainBody);
const tenon_entry kEvaluate =
    entry("evaluate_step", 1, kEvaluateIn, kEvaluateOut, 2, evaluatePlan, evaluateBody);
const tenon_entry kPredict =
    entry("predict", 1, kPredictIn, kPredictOut, 0, predictPlan, predictBody);
const tenon_entry kEntries[] = {entry("init", 0, kInitIn, kInitOut, 0, initPlan, initBody), kReset,
                                kTrain, kEvaluate, kPredict};
const tenon_entry kWideEntries[] = {entry("init", 0, kInitIn, kWideOut, 0, widePlan, initBody),
                                    kReset, kTrain, kEvaluate, kPredict};
const tenon_program kProgram = {sizeof(tenon_program), TENON_ABI_VERSION, "fma", 5, kEntries};
const tenon_program kWideProgram = {sizeof(tenon_program), TENON_ABI_VERSION, "fma", 5,
                                    kWideEntries};

} // namespace

const tenon_program &program(bool wide) { return wide ? kWideProgram : kProgram; }

train::Training training() {
  train::Training training;
  training.model = "Logistic";
  training.metrics = {"accuracy", "seen"};
  training.metricHasState = {false, true};
  training.predictFields = {"x"};
  training.epochs = 3;
  training.batch = 16;
  data::Field x{"x", "f32", {{4, ""}}, {"x1", "x4"}, {}, {{"normalise", {}, ""}}, "fake.tn:4:3"};
  data::Field label{"label", "f32", {}, {"label"}, {}, {}, "fake.tn:5:3"};
  training.dataset = {"Data",
                      {{"csv", "a.csv", "", {}, "fake.tn:3:8"}},
                      {{"train", 0.8, "fake.tn:6:9"}, {"test", 0.2, "fake.tn:6:20"}},
                      {x, label},
                      "fake.tn:2:1"};
  return training;
}

std::string csv(int rows) {
  std::string text = "text,x1,x2,x3,x4,label\n";
  for (int i = 0; i < rows; ++i) {
    float x[4], sum = 0;
    for (int k = 0; k < 4; ++k) {
      x[k] = uniformF32(drawBits(1, 2, 3, 4, uint64_t(i * 4 + k))) * 4 - 2;
      sum += x[k] * float(k - 1);
    }
    text += (i == 0 ? "\"a, \"\"b\"\"\nc\"" : "t" + std::to_string(i));
    for (float value : x)
      text += "," + std::to_string(value);
    text += sum > 0.3f ? ",1\n" : ",0\n";
  }
  return text;
}

} // namespace fake
