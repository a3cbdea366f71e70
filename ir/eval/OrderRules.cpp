//===- OrderRules.cpp - Sorting -------------------------------------------===//
#include "ir/eval/Evaluation.h"

#include <algorithm>
#include <cmath>
#include <numeric>

using namespace mlir;
using namespace tenon;

/// Whether `a` comes before `b`; NaN comes after everything, and equal ones before neither.
static bool comesBefore(Number a, Number b, bool isReal, bool descending) {
  if (!isReal)
    return descending ? a.integer > b.integer : a.integer < b.integer;
  if (std::isnan(a.real) || std::isnan(b.real))
    return !std::isnan(a.real);
  return descending ? a.real > b.real : a.real < b.real;
}

static llvm::Error evaluateArgsort(Operation *op, Evaluation &run) {
  auto sort = cast<ArgsortOp>(op);
  const HostTensor &operand = run.get(sort.getOperand());
  auto result = run.zeros(sort.getType(), op);
  if (!result)
    return result.takeError();
  bool isReal = isRealDtype(operand.dtype());
  int64_t length = operand.shape().back();
  std::vector<int64_t> order(size_t(std::max<int64_t>(length, 0)));
  for (int64_t row = 0; length > 0 && row < operand.size() / length; ++row) {
    auto element = [&](int64_t place) { return operand.at(row * length + place); };
    std::iota(order.begin(), order.end(), 0);
    std::sort(order.begin(), order.end(), [&](int64_t a, int64_t b) {
      bool before = comesBefore(element(a), element(b), isReal, sort.getDescending());
      bool after = comesBefore(element(b), element(a), isReal, sort.getDescending());
      return before || (!after && a < b);
    });
    for (int64_t k = 0; k < length; ++k)
      result->set(row * length + k, Number::ofInteger(order[size_t(k)]));
  }
  run.set(sort.getResult(), std::move(*result));
  return llvm::Error::success();
}

void tenon::addOrderRules(OpRules &rules) {
  rules[ArgsortOp::getOperationName()] = evaluateArgsort;
}
