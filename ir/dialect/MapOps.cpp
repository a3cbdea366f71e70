//===- MapOps.cpp - Elementwise operations: verifiers and folders ---------===//
#include "ir/dialect/Dialect.h"

#include "mlir/IR/Matchers.h"

using namespace mlir;
using namespace tenon;

/// Checks that two values are tensors of the same extents, or both single elements.
static LogicalResult sameExtents(Operation *op, Type a, Type b) {
  auto x = dyn_cast<RankedTensorType>(a), y = dyn_cast<RankedTensorType>(b);
  if (bool(x) != bool(y) || (x && !(dimsOf(x) == dimsOf(y))))
    return op->emitOpError("extents of ") << a << " and " << b << " differ";
  return success();
}

LogicalResult CompareOp::verify() {
  if (getLhs().getType() != getRhs().getType())
    return emitOpError("compares values of one type, not ")
           << getLhs().getType() << " and " << getRhs().getType();
  return sameExtents(*this, getLhs().getType(), getType());
}
LogicalResult IsFiniteOp::verify() { return sameExtents(*this, getOperand().getType(), getType()); }
LogicalResult SelectOp::verify() { return sameExtents(*this, getCondition().getType(), getType()); }
LogicalResult ConvertOp::verify() { return sameExtents(*this, getOperand().getType(), getType()); }

//===----------------------------------------------------------------------===//
// Folding: only what is exact for every value, NaN and -0 included
//===----------------------------------------------------------------------===//

/// True if the attribute is this number everywhere.
static bool isNumber(Attribute attribute, double number) {
  if (auto splat = dyn_cast_or_null<SplatElementsAttr>(attribute))
    attribute = splat.getSplatValue<Attribute>();
  if (auto real = dyn_cast_or_null<FloatAttr>(attribute))
    return real.getValue().convertToDouble() == number &&
           (number != 0 || !real.getValue().isNegative());
  if (auto integer = dyn_cast_or_null<IntegerAttr>(attribute)) {
    bool isUnsigned = integer.getType().isInteger(1) || integer.getType().isUnsignedInteger();
    const APInt &value = integer.getValue();
    return (isUnsigned ? double(value.getZExtValue()) : double(value.getSExtValue())) == number;
  }
  return false;
}

OpFoldResult MulOp::fold(FoldAdaptor adaptor) {
  if (isNumber(adaptor.getRhs(), 1))
    return getLhs();
  if (isNumber(adaptor.getLhs(), 1))
    return getRhs();
  return {};
}
OpFoldResult SubOp::fold(FoldAdaptor adaptor) {
  return isNumber(adaptor.getRhs(), 0) ? OpFoldResult(getLhs()) : OpFoldResult();
}
OpFoldResult DivOp::fold(FoldAdaptor adaptor) {
  return isNumber(adaptor.getRhs(), 1) ? OpFoldResult(getLhs()) : OpFoldResult();
}
OpFoldResult AddOp::fold(FoldAdaptor adaptor) {
  // x + 0 is x for integers; for reals -0 + 0 is 0.
  if (isReal(getType()))
    return {};
  if (isNumber(adaptor.getRhs(), 0))
    return getLhs();
  return isNumber(adaptor.getLhs(), 0) ? OpFoldResult(getRhs()) : OpFoldResult();
}
OpFoldResult NegOp::fold(FoldAdaptor) {
  auto inner = getOperand().getDefiningOp<NegOp>();
  return inner ? OpFoldResult(inner.getOperand()) : OpFoldResult();
}
OpFoldResult NotOp::fold(FoldAdaptor) {
  auto inner = getOperand().getDefiningOp<NotOp>();
  return inner ? OpFoldResult(inner.getOperand()) : OpFoldResult();
}
OpFoldResult SelectOp::fold(FoldAdaptor adaptor) {
  if (getIfTrue() == getIfFalse())
    return getIfTrue();
  Attribute condition = adaptor.getCondition();
  if (auto splat = dyn_cast_or_null<SplatElementsAttr>(condition))
    condition = splat.getSplatValue<Attribute>();
  if (auto known = dyn_cast_or_null<IntegerAttr>(condition))
    return known.getValue().isZero() ? getIfFalse() : getIfTrue();
  return {};
}
OpFoldResult ConvertOp::fold(FoldAdaptor) {
  return getOperand().getType() == getType() ? OpFoldResult(getOperand()) : OpFoldResult();
}
OpFoldResult AndOp::fold(FoldAdaptor adaptor) {
  if (getLhs() == getRhs() || isNumber(adaptor.getRhs(), 1))
    return getLhs();
  return {};
}
OpFoldResult OrOp::fold(FoldAdaptor adaptor) {
  if (getLhs() == getRhs() || isNumber(adaptor.getRhs(), 0))
    return getLhs();
  return {};
}
