//===- Activity.cpp - Which values derivatives flow through ---------------===//
#include "passes/differentiate/Activity.h"

#include "mlir/Transforms/RegionUtils.h"

using namespace mlir;
using namespace tenon;

/// True if the derivative of `op` is zero wherever it exists.
static bool isStep(Operation *op) {
  if (auto draw = dyn_cast<DrawOp>(op))
    return draw.getDistribution() == Distribution::bernoulli ||
           draw.getDistribution() == Distribution::integers;
  return isa<StopGradientOp, FloorOp, RoundOp, SignOp>(op);
}

/// Adds `to` if `from` is in the set and `to` is of real numbers; true if it is new.
static bool follow(Value from, Value to, ValueSet &values) {
  return values.contains(from) && isReal(to.getType()) && values.insert(to).second;
}

//===----------------------------------------------------------------------===//
// Forward: what depends on the inputs
//===----------------------------------------------------------------------===//

static void addVariedLoop(Repetition loop, ValueSet &values) {
  for (auto [init, argument] : llvm::zip(loop.getInit(), loop.getCarriedArguments()))
    follow(init, argument, values);
  for (auto [input, argument] : llvm::zip(loop.getInputs(), loop.getSliceArguments()))
    follow(input, argument, values);
  bool changed = true;
  while (changed) {
    addVaried(loop.getBodyBlock(), values);
    changed = false;
    for (auto [yield, argument] : llvm::zip(loop.getCarriedYields(), loop.getCarriedArguments()))
      changed |= follow(yield, argument, values);
  }
  for (auto [argument, result] : llvm::zip(loop.getCarriedArguments(), loop.getCarriedResults()))
    follow(argument, result, values);
  Operation *yields = loop.getBodyBlock().getTerminator();
  for (auto [yield, result] : llvm::zip(yields->getOperands(), loop->getResults()))
    follow(yield, result, values);
}

void tenon::addVaried(Operation *op, ValueSet &values) {
  if (auto loop = dyn_cast<Repetition>(op))
    return addVariedLoop(loop, values);
  if (auto branch = dyn_cast<IfOp>(op)) {
    for (Region *region : {&branch.getThenRegion(), &branch.getElseRegion()}) {
      addVaried(region->front(), values);
      Operation *yield = region->front().getTerminator();
      for (auto [from, to] : llvm::zip(yield->getOperands(), op->getResults()))
        follow(from, to, values);
    }
    return;
  }
  if (isStep(op))
    return;
  for (Value operand : op->getOperands())
    for (Value result : op->getResults())
      follow(operand, result, values);
}

void tenon::addVaried(Block &block, ValueSet &values) {
  for (Operation &op : block)
    addVaried(&op, values);
}

//===----------------------------------------------------------------------===//
// Backward: what the outputs depend on
//===----------------------------------------------------------------------===//

static void addUsefulLoop(Repetition loop, ValueSet &values) {
  Operation *yields = loop.getBodyBlock().getTerminator();
  for (auto [result, yield] : llvm::zip(loop->getResults(), yields->getOperands()))
    follow(result, yield, values);
  bool changed = true;
  while (changed) {
    addUseful(loop.getBodyBlock(), values);
    changed = false;
    for (auto [argument, yield] : llvm::zip(loop.getCarriedArguments(), loop.getCarriedYields()))
      changed |= follow(argument, yield, values);
  }
  for (auto [argument, init] : llvm::zip(loop.getCarriedArguments(), loop.getInit()))
    follow(argument, init, values);
  for (auto [argument, input] : llvm::zip(loop.getSliceArguments(), loop.getInputs()))
    follow(argument, input, values);
}

void tenon::addUseful(Operation *op, ValueSet &values) {
  if (auto loop = dyn_cast<Repetition>(op))
    return addUsefulLoop(loop, values);
  if (auto branch = dyn_cast<IfOp>(op)) {
    for (Region *region : {&branch.getThenRegion(), &branch.getElseRegion()}) {
      Operation *yield = region->front().getTerminator();
      for (auto [result, from] : llvm::zip(op->getResults(), yield->getOperands()))
        follow(result, from, values);
      addUseful(region->front(), values);
    }
    return;
  }
  if (isStep(op))
    return;
  for (Value result : op->getResults())
    for (Value operand : op->getOperands())
      follow(result, operand, values);
}

void tenon::addUseful(Block &block, ValueSet &values) {
  for (Operation &op : llvm::reverse(block))
    addUseful(&op, values);
}

SmallVector<Value> tenon::capturedValues(Operation *op) {
  llvm::SetVector<Value> captured;
  getUsedValuesDefinedAbove(op->getRegions(), captured);
  return captured.takeVector();
}

SmallVector<Value> tenon::usedValues(Operation *op) {
  SmallVector<Value> used = capturedValues(op);
  llvm::append_range(used, op->getOperands());
  return used;
}
