//===- ReverseIf.cpp - Reverse mode through an if -------------------------===//
//
// Each region is derived where it stands and taken apart. The `if` that replaces the old one also
// gives the residuals of the region that ran, of the other one zeros; residuals of equal type from
// the two regions share a result, and what the op gives anyway is read from there. A second `if` on
// the same condition holds the reverse.
//
//===----------------------------------------------------------------------===//
#include "ir/dialect/Derivatives.h"
#include "passes/differentiate/Residuals.h"
#include "passes/differentiate/Reverse.h"

using namespace mlir;
using namespace tenon;

namespace {
/// One region while it is taken apart.
struct Side {
  Region *region;
  JointBlock joint;
  Separation parts;
  /// Of the wanted values, null where zero.
  SmallVector<Value> cotangents;
  /// For each saved value the result of the new `if` that holds it.
  SmallVector<unsigned> holders;
};

class IfReverse {
public:
  IfReverse(IfOp branch, ArrayRef<Value> cotangents, ReverseState &state)
      : branch(branch), given(cotangents), state(state) {
    sides[0].region = &branch.getThenRegion();
    sides[1].region = &branch.getElseRegion();
  }
  LogicalResult run();

private:
  void findActive();
  LogicalResult deriveSide(Side &side);
  void placeResiduals();
  void buildReverse(IfOp forward);
  void fillReverse(Side &side, Region &target, IfOp forward, ArrayRef<unsigned> wantedResults);
  void completeForward(IfOp forward);

  IfOp branch;
  ArrayRef<Value> given;
  ReverseState &state;
  Side sides[2];
  /// Results with a cotangent, and captured values that get one.
  SmallVector<unsigned> active;
  SmallVector<Value> wanted;
  SmallVector<Type> addedTypes;
};
} // namespace

void IfReverse::findActive() {
  ValueSet useful;
  for (auto [i, cotangent] : llvm::enumerate(given))
    if (cotangent) {
      active.push_back(i);
      useful.insert(branch.getResult(i));
    }
  addUseful(branch, useful);
  for (Value value : capturedValues(branch))
    if (state.varied.contains(value) && useful.contains(value))
      wanted.push_back(value);
}

LogicalResult IfReverse::deriveSide(Side &side) {
  Block &block = side.region->front();
  side.joint.block = &block;
  SmallVector<std::pair<Value, Value>> seeds;
  for (unsigned i : active) {
    Value yield = block.getTerminator()->getOperand(i);
    // The regions take no arguments; these stand for the cotangents until the region is taken
    // apart.
    side.joint.cotangents.push_back(block.addArgument(yield.getType(), yield.getLoc()));
    seeds.push_back({yield, side.joint.cotangents.back()});
  }
  auto cotangents = deriveReverse(block, seeds, wanted, state.options);
  if (failed(cotangents))
    return failure();
  side.cotangents = *cotangents;
  for (Value value : side.cotangents)
    if (value)
      side.joint.outputs.push_back(value);
  llvm::append_range(side.joint.kept, block.getTerminator()->getOperands());
  side.parts = separate(side.joint);
  return success();
}

/// Residuals of the two regions that have one type share a place.
void IfReverse::placeResiduals() {
  const unsigned first = branch.getNumResults();
  for (Side &side : sides) {
    auto yields = side.region->front().getTerminator()->getOperands();
    SmallVector<bool> taken(addedTypes.size());
    for (Value residual : side.parts.saved) {
      if (auto found = llvm::find(yields, residual); found != yields.end()) {
        side.holders.push_back(std::distance(yields.begin(), found));
        continue;
      }
      unsigned slot = 0;
      while (slot < addedTypes.size() && (taken[slot] || addedTypes[slot] != residual.getType()))
        ++slot;
      if (slot == addedTypes.size()) {
        addedTypes.push_back(residual.getType());
        taken.push_back(false);
      }
      taken[slot] = true;
      side.holders.push_back(first + slot);
    }
  }
}

void IfReverse::buildReverse(IfOp forward) {
  SmallVector<unsigned> results;
  SmallVector<Type> types;
  for (auto [i, value] : llvm::enumerate(wanted))
    if (sides[0].cotangents[i] || sides[1].cotangents[i]) {
      results.push_back(i);
      types.push_back(value.getType());
    }
  if (results.empty())
    return;
  auto reverse = IfOp::create(state.builder, branch.getLoc(), types, branch.getCondition());
  fillReverse(sides[0], reverse.getThenRegion(), forward, results);
  fillReverse(sides[1], reverse.getElseRegion(), forward, results);
  for (auto [i, result] : llvm::zip(results, reverse.getResults()))
    state.accumulate(branch.getLoc(), wanted[i], result);
}

void IfReverse::fillReverse(Side &side, Region &target, IfOp forward,
                            ArrayRef<unsigned> wantedResults) {
  IRMapping mapping;
  for (auto [argument, i] : llvm::zip(side.joint.cotangents, active))
    mapping.map(argument, given[i]);
  for (auto [residual, holder] : llvm::zip(side.parts.saved, side.holders))
    mapping.map(residual, forward.getResult(holder));
  OpBuilder builder(branch.getContext());
  builder.createBlock(&target);
  cloneSecondPart(builder, side.parts, mapping);
  SmallVector<Value> yields;
  for (unsigned i : wantedResults) {
    Value cotangent = side.cotangents[i];
    yields.push_back(cotangent ? mapping.lookupOrDefault(cotangent)
                               : filled(builder, branch.getLoc(), wanted[i].getType(), 0));
  }
  YieldOp::create(builder, branch.getLoc(), yields);
}

/// Moves the first parts into the new `if` and lets them yield the residuals.
void IfReverse::completeForward(IfOp forward) {
  Region *targets[] = {&forward.getThenRegion(), &forward.getElseRegion()};
  for (auto [side, target] : llvm::zip(sides, targets)) {
    eraseReverse(side.joint, side.parts);
    Block &block = side.region->front();
    block.eraseArguments(0, block.getNumArguments());
    target->takeBody(*side.region);
    Operation *yield = block.getTerminator();
    OpBuilder builder(yield);
    SmallVector<Value> residuals(addedTypes.size());
    for (auto [residual, holder] : llvm::zip(side.parts.saved, side.holders))
      if (holder >= branch.getNumResults())
        residuals[holder - branch.getNumResults()] = residual;
    for (auto [residual, type] : llvm::zip(residuals, addedTypes))
      if (!residual)
        residual = filled(builder, branch.getLoc(), type, 0);
    yield->insertOperands(yield->getNumOperands(), residuals);
  }
}

LogicalResult IfReverse::run() {
  findActive();
  for (Side &side : sides)
    if (failed(deriveSide(side)))
      return failure();
  placeResiduals();
  OpBuilder builder(branch);
  SmallVector<Type> types(branch.getResultTypes());
  llvm::append_range(types, addedTypes);
  auto forward = IfOp::create(builder, branch.getLoc(), types, branch.getCondition());
  forward->setDiscardableAttrs(branch->getDiscardableAttrDictionary());
  buildReverse(forward);
  completeForward(forward);
  branch->replaceAllUsesWith(forward.getResults().take_front(branch.getNumResults()));
  branch.erase();
  return success();
}

LogicalResult tenon::reverseIf(IfOp branch, ArrayRef<Value> cotangents, ReverseState &state) {
  return IfReverse(branch, cotangents, state).run();
}
