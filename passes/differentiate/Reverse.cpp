//===- Reverse.cpp - Reverse mode over a block ----------------------------===//
#include "passes/differentiate/CustomGradient.h"

#include "ir/dialect/Derivatives.h"

using namespace mlir;
using namespace tenon;

void ReverseState::accumulate(Location loc, Value value, Value cotangent) {
  if (!cotangent)
    return;
  Value &sum = cotangents[value];
  sum = addTangents(builder, loc, sum, cotangent);
}

static LogicalResult reverseOp(Operation *op, ArrayRef<Value> cotangents, ReverseState &state) {
  if (auto loop = dyn_cast<Repetition>(op))
    return reverseLoop(loop, cotangents, state);
  if (auto branch = dyn_cast<IfOp>(op))
    return reverseIf(branch, cotangents, state);
  if (auto custom = dyn_cast<CustomGradientOp>(op)) {
    reverseCustom(custom, cotangents, state);
    return success();
  }
  auto rule = dyn_cast<Differentiable>(op);
  if (!rule)
    return op->emitOpError("has no derivative");
  SmallVector<bool> needed;
  for (Value operand : op->getOperands())
    needed.push_back(state.varied.contains(operand));
  auto parts = rule.vjp(state.builder, cotangents, needed);
  for (auto [operand, part, isNeeded] : llvm::zip_equal(op->getOperands(), parts, needed))
    if (isNeeded)
      state.accumulate(op->getLoc(), operand, part);
  return success();
}

LogicalResult tenon::reverseOps(ArrayRef<Operation *> ops, ReverseState &state) {
  for (Operation *op : llvm::reverse(ops)) {
    SmallVector<Value> cotangents;
    for (Value result : op->getResults())
      cotangents.push_back(state.varied.contains(result) ? state.cotangents.lookup(result)
                                                         : Value());
    if (llvm::any_of(cotangents, [](Value v) { return bool(v); }) &&
        failed(reverseOp(op, cotangents, state)))
      return failure();
  }
  return success();
}

FailureOr<SmallVector<Value>> tenon::deriveReverse(Block &block,
                                                   ArrayRef<std::pair<Value, Value>> seeds,
                                                   ArrayRef<Value> wanted,
                                                   const DeriveOptions &options) {
  Operation *terminator = block.mightHaveTerminator() ? block.getTerminator() : nullptr;
  ReverseState state(terminator ? OpBuilder(terminator) : OpBuilder::atBlockEnd(&block), options);
  state.varied.insert(wanted.begin(), wanted.end());
  addVaried(block, state.varied);
  for (auto [value, cotangent] : seeds)
    if (state.varied.contains(value))
      state.accumulate(cotangent.getLoc(), value, cotangent);

  SmallVector<Operation *> ops;
  for (Operation &op : block)
    if (&op != terminator)
      ops.push_back(&op);
  if (failed(reverseOps(ops, state)))
    return failure();
  SmallVector<Value> result;
  for (Value value : wanted)
    result.push_back(state.cotangents.lookup(value));
  return result;
}
