//===- TableRules.cpp - Rows of tables ------------------------------------===//
#include "ir/eval/Evaluation.h"

#include <algorithm>

using namespace mlir;
using namespace tenon;

/// The row nearest to `index`; the table has one at least.
static int64_t nearestRow(Number index, const std::vector<int64_t> &table) {
  return std::clamp<int64_t>(index.integer, 0, table[0] - 1);
}
static int64_t rowSize(const std::vector<int64_t> &table) {
  return countOf(ArrayRef<int64_t>(table).drop_front());
}

static llvm::Error evaluateGather(Operation *op, Evaluation &run) {
  auto gather = cast<GatherOp>(op);
  const HostTensor &table = run.get(gather.getTable()), &indices = run.get(gather.getIndices());
  auto result = run.zeros(gather.getType(), op);
  if (!result)
    return result.takeError();
  int64_t size = rowSize(table.shape());
  for (int64_t i = 0; table.shape()[0] > 0 && i < indices.size(); ++i) {
    int64_t row = nearestRow(indices.at(i), table.shape());
    for (int64_t k = 0; k < size; ++k)
      result->set(i * size + k, table.at(row * size + k));
  }
  run.set(gather.getResult(), std::move(*result));
  return llvm::Error::success();
}

static llvm::Error evaluateScatterAdd(Operation *op, Evaluation &run) {
  auto scatter = cast<ScatterAddOp>(op);
  const HostTensor &updates = run.get(scatter.getUpdates());
  const HostTensor &indices = run.get(scatter.getIndices());
  auto result = run.zeros(scatter.getType(), op);
  if (!result)
    return result.takeError();
  // Sums of f16 and bf16 accumulate in f32.
  tenon_dtype dtype = dtypeOf(scatter.getType());
  tenon_dtype sumDtype = dtype == TENON_F16 || dtype == TENON_BF16 ? TENON_F32 : dtype;
  std::vector<Number> sums(size_t(result->size()));
  int64_t size = rowSize(result->shape());
  for (int64_t i = 0; result->shape()[0] > 0 && i < indices.size(); ++i) {
    int64_t row = nearestRow(indices.at(i), result->shape());
    for (int64_t k = 0; k < size; ++k) {
      Number &sum = sums[size_t(row * size + k)];
      Number update = updates.at(i * size + k);
      sum = run.round(sumDtype, {sum.real + update.real,
                                 int64_t(uint64_t(sum.integer) + uint64_t(update.integer))});
    }
  }
  for (int64_t i = 0; i < result->size(); ++i)
    result->set(i, sums[size_t(i)]);
  run.set(scatter.getResult(), std::move(*result));
  return llvm::Error::success();
}

void tenon::addTableRules(OpRules &rules) {
  rules[GatherOp::getOperationName()] = evaluateGather;
  rules[ScatterAddOp::getOperationName()] = evaluateScatterAdd;
}
