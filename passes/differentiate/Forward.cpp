//===- Forward.cpp - Forward mode over a block ----------------------------===//
#include "ir/dialect/Derivatives.h"
#include "passes/differentiate/CustomGradient.h"

using namespace mlir;
using namespace tenon;

/// The tangent, or a tensor of zeros at `builder` where it is null.
static Value tangentOrZero(OpBuilder &builder, Value value, const TangentMap &tangents) {
  if (Value tangent = tangents.lookup(value))
    return tangent;
  return filled(builder, value.getLoc(), value.getType(), 0);
}

/// Values inside `op` and of its results that get a tangent.
static ValueSet variedIn(Operation *op, const TangentMap &tangents) {
  ValueSet varied;
  for (Value value : usedValues(op))
    if (tangents.lookup(value))
      varied.insert(value);
  addVaried(op, varied);
  return varied;
}

namespace {
/// Replaces a scan by one that carries, slices and stacks tangents behind the values themselves.
class ScanForward {
public:
  ScanForward(ScanOp scan, TangentMap &tangents) : scan(scan), tangents(tangents) {}
  LogicalResult run();

private:
  void findActive();
  ScanOp build();
  void moveBody(ScanOp target);
  void extendYields(ScanOp target);

  ScanOp scan;
  TangentMap &tangents;
  SmallVector<unsigned> carried, sliced, stacked;
};
} // namespace

void ScanForward::findActive() {
  ValueSet varied = variedIn(scan, tangents);
  for (auto [i, argument] : llvm::enumerate(scan.getCarriedArguments()))
    if (varied.contains(argument) || varied.contains(scan.getCarriedYields()[i]))
      carried.push_back(i);
  for (auto [i, input] : llvm::enumerate(scan.getInputs()))
    if (tangents.lookup(input))
      sliced.push_back(i);
  for (auto [i, yield] : llvm::enumerate(scan.getStackedYields()))
    if (varied.contains(yield))
      stacked.push_back(i);
}

ScanOp ScanForward::build() {
  OpBuilder builder(scan);
  SmallVector<Value> init(scan.getInit()), inputs(scan.getInputs());
  SmallVector<int64_t> inputAxes(scan.getInputAxes()), outputAxes(scan.getOutputAxes());
  SmallVector<Type> slices;
  for (Value yield : scan.getStackedYields())
    slices.push_back(yield.getType());
  for (unsigned i : carried)
    init.push_back(tangentOrZero(builder, scan.getInit()[i], tangents));
  for (unsigned i : sliced) {
    inputs.push_back(tangents.lookup(scan.getInputs()[i]));
    inputAxes.push_back(scan.getInputAxes()[i]);
  }
  for (unsigned i : stacked) {
    slices.push_back(slices[i]);
    outputAxes.push_back(scan.getOutputAxes()[i]);
  }
  auto target = ScanOp::create(builder, scan.getLoc(), init, inputs, scan.getExtentDim(), inputAxes,
                               slices, outputAxes, scan.getReverse());
  target->setDiscardableAttrs(scan->getDiscardableAttrDictionary());
  return target;
}

void ScanForward::moveBody(ScanOp target) {
  unsigned count = scan.getNumCarried();
  scan.getIteration().replaceAllUsesWith(target.getIteration());
  auto values = target.getCarriedArguments(), slices = target.getSliceArguments();
  for (auto [from, to] : llvm::zip(scan.getCarriedArguments(), values))
    from.replaceAllUsesWith(to);
  for (auto [from, to] : llvm::zip(scan.getSliceArguments(), slices))
    from.replaceAllUsesWith(to);
  for (auto [i, tangent] : llvm::zip(carried, values.drop_front(count)))
    tangents[values[i]] = tangent;
  for (auto [i, tangent] : llvm::zip(sliced, slices.drop_front(scan.getInputs().size())))
    tangents[slices[i]] = tangent;
  Block &to = target.getBody().front();
  to.getOperations().splice(to.end(), scan.getBody().front().getOperations());
}

void ScanForward::extendYields(ScanOp target) {
  Operation *yield = target.getBody().front().getTerminator();
  OpBuilder builder(yield);
  unsigned count = scan.getNumCarried();
  ValueRange old = yield->getOperands();
  SmallVector<Value> values(old.take_front(count));
  for (unsigned i : carried)
    values.push_back(tangentOrZero(builder, old[i], tangents));
  llvm::append_range(values, old.drop_front(count));
  for (unsigned i : stacked)
    values.push_back(tangentOrZero(builder, old[count + i], tangents));
  yield->setOperands(values);
}

LogicalResult ScanForward::run() {
  findActive();
  ScanOp target = build();
  moveBody(target);
  if (failed(deriveForward(target.getBody().front(), tangents)))
    return failure();
  extendYields(target);

  auto values = target.getCarriedResults(), stacks = target.getStackedResults();
  for (auto [from, to] : llvm::zip(scan.getCarriedResults(), values))
    from.replaceAllUsesWith(to);
  for (auto [from, to] : llvm::zip(scan.getStackedResults(), stacks))
    from.replaceAllUsesWith(to);
  for (auto [i, tangent] : llvm::zip(carried, values.drop_front(scan.getNumCarried())))
    tangents[values[i]] = tangent;
  for (auto [i, tangent] : llvm::zip(stacked, stacks.drop_front(scan.getOutputAxes().size())))
    tangents[stacks[i]] = tangent;
  scan.erase();
  return success();
}

static LogicalResult forwardIf(IfOp branch, TangentMap &tangents) {
  ValueSet varied = variedIn(branch, tangents);
  SmallVector<unsigned> active;
  SmallVector<Type> types(branch.getResultTypes());
  for (auto [i, result] : llvm::enumerate(branch.getResults()))
    if (varied.contains(result)) {
      active.push_back(i);
      types.push_back(result.getType());
    }
  OpBuilder builder(branch);
  auto target = IfOp::create(builder, branch.getLoc(), types, branch.getCondition());
  target->setDiscardableAttrs(branch->getDiscardableAttrDictionary());
  target.getThenRegion().takeBody(branch.getThenRegion());
  target.getElseRegion().takeBody(branch.getElseRegion());
  for (Region *region : {&target.getThenRegion(), &target.getElseRegion()}) {
    if (failed(deriveForward(region->front(), tangents)))
      return failure();
    Operation *yield = region->front().getTerminator();
    builder.setInsertionPoint(yield);
    SmallVector<Value> values;
    for (unsigned i : active)
      values.push_back(tangentOrZero(builder, yield->getOperand(i), tangents));
    yield->insertOperands(yield->getNumOperands(), values);
  }
  unsigned count = branch.getNumResults();
  branch->replaceAllUsesWith(target.getResults().take_front(count));
  for (auto [i, tangent] : llvm::zip(active, target.getResults().drop_front(count)))
    tangents[target.getResult(i)] = tangent;
  branch.erase();
  return success();
}

static LogicalResult forwardOp(Operation *op, TangentMap &tangents) {
  if (auto scan = dyn_cast<ScanOp>(op))
    return ScanForward(scan, tangents).run();
  if (auto branch = dyn_cast<IfOp>(op))
    return forwardIf(branch, tangents);
  if (auto custom = dyn_cast<CustomGradientOp>(op))
    return forwardCustom(custom, tangents);
  if (llvm::none_of(op->getResults(), [](Value result) { return isReal(result.getType()); }))
    return success();
  auto rule = dyn_cast<Differentiable>(op);
  if (!rule)
    return op->emitOpError("has no derivative");
  SmallVector<Value> incoming;
  for (Value operand : op->getOperands())
    incoming.push_back(tangents.lookup(operand));
  OpBuilder builder(op->getContext());
  builder.setInsertionPointAfter(op);
  for (auto [result, tangent] : llvm::zip_equal(op->getResults(), rule.jvp(builder, incoming)))
    if (tangent)
      tangents[result] = tangent;
  return success();
}

LogicalResult tenon::deriveForward(Block &block, TangentMap &tangents) {
  SmallVector<Operation *> ops;
  for (Operation &op : block)
    if (!op.hasTrait<OpTrait::IsTerminator>())
      ops.push_back(&op);
  for (Operation *op : ops) {
    bool hasTangent =
        llvm::any_of(usedValues(op), [&](Value value) { return bool(tangents.lookup(value)); });
    if (hasTangent && failed(forwardOp(op, tangents)))
      return failure();
  }
  return success();
}
