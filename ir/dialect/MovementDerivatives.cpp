//===- MovementDerivatives.cpp - Derivatives of moving elements -----------===//
#include "ir/dialect/Derivatives.h"

using namespace mlir;
using namespace tenon;

static RankedTensorType tensor(Value value) { return cast<RankedTensorType>(value.getType()); }

//===----------------------------------------------------------------------===//
// Without real operands
//===----------------------------------------------------------------------===//

#define NO_DERIVATIVE(OP)                                                                          \
  SmallVector<Value> OP::vjp(OpBuilder &, ArrayRef<Value>, ArrayRef<bool>) {                       \
    return SmallVector<Value>((*this)->getNumOperands());                                          \
  }                                                                                                \
  SmallVector<Value> OP::jvp(OpBuilder &, ArrayRef<Value>) { return {Value()}; }

NO_DERIVATIVE(ConstantOp)
NO_DERIVATIVE(DimensionOp)
NO_DERIVATIVE(IotaOp)

#undef NO_DERIVATIVE

//===----------------------------------------------------------------------===//
// Views
//===----------------------------------------------------------------------===//

SmallVector<Value> BroadcastOp::vjp(OpBuilder &builder, ArrayRef<Value> cotangents,
                                    ArrayRef<bool>) {
  return {sumOverOthers(builder, getLoc(), cotangents[0], getAxes(), tensor(getOperand()))};
}
SmallVector<Value> BroadcastOp::jvp(OpBuilder &builder, ArrayRef<Value> tangents) {
  return {BroadcastOp::create(builder, getLoc(), getType(), tangents[0], getAxes())};
}

SmallVector<Value> ReshapeOp::vjp(OpBuilder &builder, ArrayRef<Value> cotangents, ArrayRef<bool>) {
  return {ReshapeOp::create(builder, getLoc(), getOperand().getType(), cotangents[0])};
}
SmallVector<Value> ReshapeOp::jvp(OpBuilder &builder, ArrayRef<Value> tangents) {
  return {ReshapeOp::create(builder, getLoc(), getType(), tangents[0])};
}

SmallVector<Value> TransposeOp::vjp(OpBuilder &builder, ArrayRef<Value> cotangents,
                                    ArrayRef<bool>) {
  SmallVector<int64_t> inverse(getPermutation().size());
  for (auto [i, axis] : llvm::enumerate(getPermutation()))
    inverse[axis] = i;
  return {TransposeOp::create(builder, getLoc(), getOperand().getType(), cotangents[0], inverse)};
}
SmallVector<Value> TransposeOp::jvp(OpBuilder &builder, ArrayRef<Value> tangents) {
  return {TransposeOp::create(builder, getLoc(), getType(), tangents[0], getPermutation())};
}

SmallVector<Value> SliceOp::vjp(OpBuilder &builder, ArrayRef<Value> cotangents, ArrayRef<bool>) {
  auto scalar = RankedTensorType::get({}, elementOf(getType()));
  Value zero = filled(builder, getLoc(), scalar, 0);
  return {PadOp::create(builder, getLoc(), getOperand().getType(), cotangents[0], zero,
                        getOffsets(), getStrides())};
}
SmallVector<Value> SliceOp::jvp(OpBuilder &builder, ArrayRef<Value> tangents) {
  return {SliceOp::create(builder, getLoc(), getType(), tangents[0], getOffsets(), getStrides())};
}

SmallVector<Value> PadOp::vjp(OpBuilder &builder, ArrayRef<Value> cotangents,
                              ArrayRef<bool> needed) {
  Location loc = getLoc();
  SmallVector<Value> result(2);
  if (needed[0])
    result[0] = SliceOp::create(builder, loc, getOperand().getType(), cotangents[0], getOffsets(),
                                getStrides());
  if (needed[1]) {
    auto type = cast<RankedTensorType>(getType());
    Type truth = builder.getI1Type();
    Value inside = filled(builder, loc, withElement(tensor(getOperand()), truth), 0);
    Value outside = filled(builder, loc, RankedTensorType::get({}, truth), 1);
    Value around = PadOp::create(builder, loc, withElement(type, truth), inside, outside,
                                 getOffsets(), getStrides());
    Value kept =
        SelectOp::create(builder, loc, type, around, cotangents[0], filled(builder, loc, type, 0));
    result[1] = sumOverOthers(builder, loc, kept, {}, tensor(getValue()));
  }
  return result;
}
SmallVector<Value> PadOp::jvp(OpBuilder &builder, ArrayRef<Value> tangents) {
  SmallVector<Value> known(tangents);
  for (auto [tangent, operand] : llvm::zip(known, getOperands()))
    if (!tangent)
      tangent = filled(builder, getLoc(), operand.getType(), 0);
  return {
      PadOp::create(builder, getLoc(), getType(), known[0], known[1], getOffsets(), getStrides())};
}

SmallVector<Value> ConcatOp::vjp(OpBuilder &builder, ArrayRef<Value> cotangents,
                                 ArrayRef<bool> needed) {
  SmallVector<Value> result;
  SmallVector<Dim> offsets(cast<RankedTensorType>(getType()).getRank());
  SmallVector<int64_t> strides(offsets.size(), 1);
  for (auto [input, isNeeded] : llvm::zip(getInputs(), needed)) {
    Value part;
    if (isNeeded)
      part = SliceOp::create(builder, getLoc(), input.getType(), cotangents[0],
                             DimsAttr::get(getContext(), offsets), strides);
    result.push_back(part);
    offsets[getAxis()] = offsets[getAxis()] + dimsOf(tensor(input))[getAxis()];
  }
  return result;
}
SmallVector<Value> ConcatOp::jvp(OpBuilder &builder, ArrayRef<Value> tangents) {
  SmallVector<Value> parts(tangents);
  for (auto [part, input] : llvm::zip(parts, getInputs()))
    if (!part)
      part = filled(builder, getLoc(), input.getType(), 0);
  return {ConcatOp::create(builder, getLoc(), getType(), parts, getAxis())};
}

//===----------------------------------------------------------------------===//
// Tables
//===----------------------------------------------------------------------===//

SmallVector<Value> GatherOp::vjp(OpBuilder &builder, ArrayRef<Value> cotangents, ArrayRef<bool>) {
  return {
      ScatterAddOp::create(builder, getLoc(), getTable().getType(), cotangents[0], getIndices()),
      Value()};
}
SmallVector<Value> GatherOp::jvp(OpBuilder &builder, ArrayRef<Value> tangents) {
  return {GatherOp::create(builder, getLoc(), getType(), tangents[0], getIndices())};
}

SmallVector<Value> ScatterAddOp::vjp(OpBuilder &builder, ArrayRef<Value> cotangents,
                                     ArrayRef<bool>) {
  return {GatherOp::create(builder, getLoc(), getUpdates().getType(), cotangents[0], getIndices()),
          Value()};
}
SmallVector<Value> ScatterAddOp::jvp(OpBuilder &builder, ArrayRef<Value> tangents) {
  return {ScatterAddOp::create(builder, getLoc(), getType(), tangents[0], getIndices())};
}

//===----------------------------------------------------------------------===//
// Order
//===----------------------------------------------------------------------===//

// Places are whole numbers, which carry no tangent.
SmallVector<Value> ArgsortOp::vjp(OpBuilder &, ArrayRef<Value>, ArrayRef<bool>) {
  return {Value()};
}
SmallVector<Value> ArgsortOp::jvp(OpBuilder &, ArrayRef<Value>) { return {Value()}; }
