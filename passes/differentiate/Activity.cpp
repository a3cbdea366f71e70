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

static void addVariedScan(ScanOp scan, ValueSet &values) {
  for (auto [init, argument] : llvm::zip(scan.getInit(), scan.getCarriedArguments()))
    follow(init, argument, values);
  for (auto [input, argument] : llvm::zip(scan.getInputs(), scan.getSliceArguments()))
    follow(input, argument, values);
  bool changed = true;
  while (changed) {
    addVaried(scan.getBody().front(), values);
    changed = false;
    for (auto [yield, argument] : llvm::zip(scan.getCarriedYields(), scan.getCarriedArguments()))
      changed |= follow(yield, argument, values);
  }
  for (auto [argument, result] : llvm::zip(scan.getCarriedArguments(), scan.getCarriedResults()))
    follow(argument, result, values);
  Operation *yields = scan.getBody().front().getTerminator();
  for (auto [yield, result] : llvm::zip(yields->getOperands(), scan.getResults()))
    follow(yield, result, values);
}

void tenon::addVaried(Operation *op, ValueSet &values) {
  if (auto scan = dyn_cast<ScanOp>(op))
    return addVariedScan(scan, values);
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

static void addUsefulScan(ScanOp scan, ValueSet &values) {
  Operation *yields = scan.getBody().front().getTerminator();
  for (auto [result, yield] : llvm::zip(scan.getResults(), yields->getOperands()))
    follow(result, yield, values);
  bool changed = true;
  while (changed) {
    addUseful(scan.getBody().front(), values);
    changed = false;
    for (auto [argument, yield] : llvm::zip(scan.getCarriedArguments(), scan.getCarriedYields()))
      changed |= follow(argument, yield, values);
  }
  for (auto [argument, init] : llvm::zip(scan.getCarriedArguments(), scan.getInit()))
    follow(argument, init, values);
  for (auto [argument, input] : llvm::zip(scan.getSliceArguments(), scan.getInputs()))
    follow(argument, input, values);
}

void tenon::addUseful(Operation *op, ValueSet &values) {
  if (auto scan = dyn_cast<ScanOp>(op))
    return addUsefulScan(scan, values);
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
