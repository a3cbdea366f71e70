//===- Repetitions.cpp - What scans and loops share, and loops ------------===//
#include "ir/dialect/Dialect.h"

#include "llvm/ADT/StringSet.h"

using namespace mlir;
using namespace tenon;

/// The region of a scan or loop against its operands and results.
static LogicalResult verifyBody(Repetition op) {
  Block &body = op.getBodyBlock();
  auto i64 = RankedTensorType::get({}, IntegerType::get(op.getContext(), 64));
  if (body.getNumArguments() != 1 + op.getInit().size() + op.getInputs().size() ||
      body.getArgument(0).getType() != i64)
    return op.emitOpError("the body takes the iteration, the carried values and the slices");
  for (auto [argument, init] : llvm::zip(op.getCarriedArguments(), op.getInit()))
    if (argument.getType() != init.getType())
      return op.emitOpError("carries ") << init.getType() << " as " << argument.getType();
  for (auto [argument, input, axis] :
       llvm::zip(op.getSliceArguments(), op.getInputs(), op.getSliceAxes()))
    if (argument.getType() != ScanOp::sliceType(cast<RankedTensorType>(input.getType()), axis))
      return op.emitOpError("slices ") << input.getType() << " to " << argument.getType();
  auto yield = dyn_cast<YieldOp>(body.getTerminator());
  if (!yield || yield.getNumOperands() != op->getNumResults())
    return op.emitOpError("the body yields the next carried values and the stacked slices");
  for (auto [value, result] : llvm::zip(op.getCarriedYields(), op.getCarriedResults()))
    if (value.getType() != result.getType())
      return op.emitOpError("carries ") << result.getType() << " but yields " << value.getType();
  for (auto [value, result, axis] :
       llvm::zip(op.getStackedYields(), op.getStackedResults(), op.getStackAxes())) {
    auto slice = cast<RankedTensorType>(value.getType());
    if (axis < 0 || axis > slice.getRank() ||
        ScanOp::stackedType(slice, axis, op.getExtentDim()) != result.getType())
      return op.emitOpError("stacks ") << slice << " to " << result.getType();
  }
  return success();
}

//===----------------------------------------------------------------------===//
// Scan
//===----------------------------------------------------------------------===//

LogicalResult ScanOp::verifyRegions() { return verifyBody(*this); }

SmallVector<int64_t> ScanOp::getSliceAxes() { return SmallVector<int64_t>(getInputAxes()); }
SmallVector<int64_t> ScanOp::getStackAxes() { return SmallVector<int64_t>(getOutputAxes()); }
Dim ScanOp::getExtentDim() { return getExtent().getDims()[0]; }
bool ScanOp::isReversed() { return getReverse(); }

Repetition ScanOp::rebuild(OpBuilder &builder, ValueRange init, ValueRange inputs,
                           ArrayRef<int64_t> sliceAxes, ArrayRef<Type> stackedSlices,
                           ArrayRef<int64_t> stackAxes) {
  auto scan = ScanOp::create(builder, getLoc(), init, inputs, getExtentDim(), sliceAxes,
                             stackedSlices, stackAxes, getReverse());
  scan->setDiscardableAttrs((*this)->getDiscardableAttrDictionary());
  return scan;
}

//===----------------------------------------------------------------------===//
// Loop
//===----------------------------------------------------------------------===//

void LoopOp::build(OpBuilder &builder, OperationState &state, ValueRange init, DimsAttr bound,
                   Value limit, StringAttr steps, ArrayRef<Type> stackedSlices) {
  state.addOperands(init);
  if (limit)
    state.addOperands(limit);
  auto &properties = state.getOrAddProperties<Properties>();
  properties.bound = bound;
  properties.steps = steps;
  properties.operandSegmentSizes = {int32_t(init.size()), limit ? 1 : 0};
  state.addTypes(init.getTypes());
  for (Type slice : stackedSlices)
    state.addTypes(
        ScanOp::stackedType(cast<RankedTensorType>(slice), 0, Dim::symbol(steps.getValue().str())));

  OpBuilder::InsertionGuard guard(builder);
  Block *body = builder.createBlock(state.addRegion());
  body->addArgument(RankedTensorType::get({}, builder.getI64Type()), state.location);
  for (Value value : init)
    body->addArgument(value.getType(), value.getLoc());
}

LogicalResult LoopOp::verify() {
  auto boolean = RankedTensorType::get({}, IntegerType::get(getContext(), 1));
  if (getInit().empty() || getInit()[0].getType() != boolean)
    return emitOpError("carries first whether another step is made");
  if (getBound() && getBound()->size() != 1)
    return emitOpError("has one bound");
  if (getNumResults() < getInit().size())
    return emitOpError("gives the carried values");
  if (getNumResults() > getInit().size() && !getSteps())
    return emitOpError("stacks results along its steps, which need a name");
  return success();
}

LogicalResult LoopOp::verifyRegions() { return verifyBody(*this); }

OperandRange LoopOp::getInputs() { return (*this)->getOperands().take_front(0); }
SmallVector<int64_t> LoopOp::getSliceAxes() { return {}; }
SmallVector<int64_t> LoopOp::getStackAxes() {
  return SmallVector<int64_t>(getNumResults() - getInit().size(), 0);
}
Dim LoopOp::getExtentDim() { return Dim::symbol(getSteps()->str()); }
bool LoopOp::isReversed() { return false; }

Repetition LoopOp::rebuild(OpBuilder &builder, ValueRange init, ValueRange inputs,
                           ArrayRef<int64_t> sliceAxes, ArrayRef<Type> stackedSlices,
                           ArrayRef<int64_t> stackAxes) {
  assert(inputs.empty() && llvm::all_of(stackAxes, [](int64_t axis) { return axis == 0; }) &&
         "a loop runs over nothing and stacks along axis 0");
  auto loop = LoopOp::create(builder, getLoc(), init, getBoundAttr(), getLimit(), getStepsAttr(),
                             stackedSlices);
  loop->setDiscardableAttrs((*this)->getDiscardableAttrDictionary());
  return loop;
}

void LoopOp::nameSteps() {
  if (getSteps())
    return;
  llvm::StringSet<llvm::MallocAllocator> taken;
  (*this)->getParentOfType<func::FuncOp>()->walk([&](LoopOp other) {
    if (auto name = other.getSteps())
      taken.insert(*name);
  });
  unsigned number = 0;
  while (taken.contains("steps." + std::to_string(number)))
    ++number;
  setSteps("steps." + std::to_string(number));
}

namespace {
/// A named dimension: a loop that gives it a number has an effect beyond its results.
struct NamedDimension : SideEffects::Resource::Base<NamedDimension> {
  StringRef getName() final { return "NamedDimension"; }
};
} // namespace

void LoopOp::getEffects(
    SmallVectorImpl<SideEffects::EffectInstance<MemoryEffects::Effect>> &effects) {
  if (getSteps())
    effects.emplace_back(MemoryEffects::Write::get(), NamedDimension::get());
}
