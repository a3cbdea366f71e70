//===- ChangeScan.cpp - A loop with other operands and results ------------===//
#include "passes/loops/ChangeScan.h"

using namespace mlir;
using namespace tenon;

ScanChange::ScanChange(Repetition scan)
    : dropCarried(scan.getNumCarried()), dropInputs(scan.getInputs().size()),
      dropStacked(scan.getStackedResults().size()) {}

bool ScanChange::empty() const {
  return dropCarried.none() && dropInputs.none() && dropStacked.none() && inputs.empty() &&
         stacked.empty();
}

bool tenon::isOutside(Value value, Repetition scan) {
  return !scan->getRegion(0).isAncestor(value.getParentRegion());
}

Repetition tenon::changeScan(RewriterBase &rewriter, Repetition scan, const ScanChange &change) {
  SmallVector<Value> init, inputs, yields;
  SmallVector<int64_t> inputAxes, outputAxes;
  SmallVector<Type> slices;
  SmallVector<Value> oldResults;
  for (unsigned k = 0; k < scan.getNumCarried(); ++k) {
    if (change.dropCarried[k])
      continue;
    init.push_back(scan.getInit()[k]);
    yields.push_back(scan.getCarriedYields()[k]);
    oldResults.push_back(scan.getCarriedResults()[k]);
  }
  for (unsigned k = 0; k < scan.getInputs().size(); ++k) {
    if (change.dropInputs[k])
      continue;
    inputs.push_back(scan.getInputs()[k]);
    inputAxes.push_back(scan.getSliceAxes()[k]);
  }
  for (const auto &added : change.inputs) {
    inputs.push_back(added.value);
    inputAxes.push_back(added.axis);
  }
  auto stack = [&](Value yield, int64_t axis) {
    yields.push_back(yield);
    outputAxes.push_back(axis);
    slices.push_back(yield.getType());
  };
  for (unsigned k = 0; k < scan.getStackedResults().size(); ++k) {
    if (change.dropStacked[k])
      continue;
    stack(scan.getStackedYields()[k], scan.getStackAxes()[k]);
    oldResults.push_back(scan.getStackedResults()[k]);
  }
  for (const auto &added : change.stacked)
    stack(added.value, added.axis);

  rewriter.setInsertionPoint(scan);
  Repetition changed = scan.rebuild(rewriter, init, inputs, inputAxes, slices, outputAxes);

  SmallVector<Value> arguments{changed.getIteration()};
  auto carried = changed.getCarriedArguments().begin();
  for (unsigned k = 0; k < scan.getNumCarried(); ++k)
    arguments.push_back(change.dropCarried[k] ? Value(scan.getInit()[k]) : Value(*carried++));
  auto slice = changed.getSliceArguments().begin();
  for (unsigned k = 0; k < scan.getInputs().size(); ++k)
    arguments.push_back(change.dropInputs[k] ? Value() : Value(*slice++));

  Operation *terminator = scan.getBodyBlock().getTerminator();
  rewriter.modifyOpInPlace(terminator, [&] { terminator->setOperands(yields); });
  rewriter.mergeBlocks(&scan.getBodyBlock(), &changed.getBodyBlock(), arguments);
  for (auto [old, now] : llvm::zip(oldResults, changed->getResults()))
    rewriter.replaceAllUsesWith(old, now);
  rewriter.eraseOp(scan);
  return changed;
}
