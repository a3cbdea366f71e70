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
/// Replaces a scan or loop by one that carries, slices and stacks tangents behind the values
/// themselves.
class LoopForward {
public:
  LoopForward(Repetition loop, TangentMap &tangents) : loop(loop), tangents(tangents) {}
  LogicalResult run();

private:
  void findActive();
  Repetition build();
  void moveBody(Repetition target);
  void extendYields(Repetition target);

  Repetition loop;
  TangentMap &tangents;
  SmallVector<unsigned> carried, sliced, stacked;
};
} // namespace

void LoopForward::findActive() {
  ValueSet varied = variedIn(loop, tangents);
  for (auto [i, argument] : llvm::enumerate(loop.getCarriedArguments()))
    if (varied.contains(argument) || varied.contains(loop.getCarriedYields()[i]))
      carried.push_back(i);
  for (auto [i, input] : llvm::enumerate(loop.getInputs()))
    if (tangents.lookup(input))
      sliced.push_back(i);
  for (auto [i, yield] : llvm::enumerate(loop.getStackedYields()))
    if (varied.contains(yield))
      stacked.push_back(i);
}

Repetition LoopForward::build() {
  OpBuilder builder(loop);
  SmallVector<Value> init(loop.getInit()), inputs(loop.getInputs());
  SmallVector<int64_t> inputAxes(loop.getSliceAxes()), outputAxes(loop.getStackAxes());
  SmallVector<Type> slices;
  for (Value yield : loop.getStackedYields())
    slices.push_back(yield.getType());
  for (unsigned i : carried)
    init.push_back(tangentOrZero(builder, loop.getInit()[i], tangents));
  for (unsigned i : sliced) {
    inputs.push_back(tangents.lookup(loop.getInputs()[i]));
    inputAxes.push_back(loop.getSliceAxes()[i]);
  }
  for (unsigned i : stacked) {
    slices.push_back(slices[i]);
    outputAxes.push_back(loop.getStackAxes()[i]);
  }
  return loop.rebuild(builder, init, inputs, inputAxes, slices, outputAxes);
}

void LoopForward::moveBody(Repetition target) {
  unsigned count = loop.getNumCarried();
  loop.getIteration().replaceAllUsesWith(target.getIteration());
  auto values = target.getCarriedArguments(), slices = target.getSliceArguments();
  for (auto [from, to] : llvm::zip(loop.getCarriedArguments(), values))
    from.replaceAllUsesWith(to);
  for (auto [from, to] : llvm::zip(loop.getSliceArguments(), slices))
    from.replaceAllUsesWith(to);
  for (auto [i, tangent] : llvm::zip(carried, values.drop_front(count)))
    tangents[values[i]] = tangent;
  for (auto [i, tangent] : llvm::zip(sliced, slices.drop_front(loop.getInputs().size())))
    tangents[slices[i]] = tangent;
  Block &to = target.getBodyBlock();
  to.getOperations().splice(to.end(), loop.getBodyBlock().getOperations());
}

void LoopForward::extendYields(Repetition target) {
  Operation *yield = target.getBodyBlock().getTerminator();
  OpBuilder builder(yield);
  unsigned count = loop.getNumCarried();
  ValueRange old = yield->getOperands();
  SmallVector<Value> values(old.take_front(count));
  for (unsigned i : carried)
    values.push_back(tangentOrZero(builder, old[i], tangents));
  llvm::append_range(values, old.drop_front(count));
  for (unsigned i : stacked)
    values.push_back(tangentOrZero(builder, old[count + i], tangents));
  yield->setOperands(values);
}

LogicalResult LoopForward::run() {
  findActive();
  Repetition target = build();
  moveBody(target);
  if (failed(deriveForward(target.getBodyBlock(), tangents)))
    return failure();
  extendYields(target);

  auto values = target.getCarriedResults(), stacks = target.getStackedResults();
  for (auto [from, to] : llvm::zip(loop.getCarriedResults(), values))
    from.replaceAllUsesWith(to);
  for (auto [from, to] : llvm::zip(loop.getStackedResults(), stacks))
    from.replaceAllUsesWith(to);
  for (auto [i, tangent] : llvm::zip(carried, values.drop_front(loop.getNumCarried())))
    tangents[values[i]] = tangent;
  for (auto [i, tangent] : llvm::zip(stacked, stacks.drop_front(loop.getStackedResults().size())))
    tangents[stacks[i]] = tangent;
  loop->erase();
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
  if (auto loop = dyn_cast<Repetition>(op))
    return LoopForward(loop, tangents).run();
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
