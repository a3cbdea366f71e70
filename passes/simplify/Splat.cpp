//===- Splat.cpp - Values that are one number everywhere ------------------===//
#include "passes/simplify/Splat.h"

using namespace mlir;
using namespace tenon;

TypedAttr tenon::splatOf(Value value) {
  while (Operation *op = value.getDefiningOp()) {
    if (auto constant = dyn_cast<ConstantOp>(op)) {
      Attribute attribute = constant.getValue();
      if (auto elements = dyn_cast<SplatElementsAttr>(attribute))
        attribute = elements.getSplatValue<Attribute>();
      if (isa<FloatAttr, IntegerAttr>(attribute))
        return cast<TypedAttr>(attribute);
      return {};
    }
    if (!isa<BroadcastOp, ReshapeOp, TransposeOp, SliceOp>(op))
      return {};
    value = op->getOperand(0);
  }
  return {};
}

bool tenon::isSplat(Value value, double number) {
  TypedAttr attribute = splatOf(value);
  if (auto real = dyn_cast_or_null<FloatAttr>(attribute))
    return real.getValueAsDouble() == number && (number != 0 || !real.getValue().isNegative());
  if (auto integer = dyn_cast_or_null<IntegerAttr>(attribute)) {
    const APInt &bits = integer.getValue();
    bool isSigned = bits.getBitWidth() > 1 && !integer.getType().isUnsignedInteger();
    return (isSigned ? bits.getSExtValue() : int64_t(bits.getZExtValue())) == number;
  }
  return false;
}

bool tenon::isNegativeZero(Value value) {
  auto real = dyn_cast_or_null<FloatAttr>(splatOf(value));
  return real && real.getValue().isNegZero();
}

Value tenon::splat(OpBuilder &builder, Location loc, Type type, TypedAttr number) {
  auto tensor = dyn_cast<RankedTensorType>(type);
  if (!tensor)
    return ConstantOp::create(builder, loc, number);
  auto scalar = RankedTensorType::get({}, tensor.getElementType());
  Value constant =
      ConstantOp::create(builder, loc, cast<TypedAttr>(DenseElementsAttr::get(scalar, number)));
  if (tensor.getRank() == 0)
    return constant;
  return BroadcastOp::create(builder, loc, tensor, constant, ArrayRef<int64_t>());
}

Value tenon::splat(OpBuilder &builder, Location loc, Type type, double number) {
  Type element = elementOf(type);
  if (isa<FloatType>(element))
    return splat(builder, loc, type, cast<TypedAttr>(FloatAttr::get(element, number)));
  return splat(builder, loc, type, cast<TypedAttr>(IntegerAttr::get(element, int64_t(number))));
}

Value tenon::mapOver(OpBuilder &builder, Operation *op, ArrayRef<Value> operands,
                     ArrayRef<Dim> dims) {
  IRMapping mapping;
  for (auto [old, now] : llvm::zip(op->getOperands(), operands))
    mapping.map(old, now);
  Operation *copy = builder.clone(*op, mapping);
  Type element = elementOf(op->getResult(0).getType());
  copy->getResult(0).setType(tensorType(op->getContext(), dims, element));
  return copy->getResult(0);
}
