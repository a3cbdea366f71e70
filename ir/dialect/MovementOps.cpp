//===- MovementOps.cpp - Moving elements: verifiers and folders -----------===//
#include "ir/dialect/Dialect.h"

using namespace mlir;
using namespace tenon;

static RankedTensorType tensor(Value value) { return cast<RankedTensorType>(value.getType()); }

static LogicalResult sameElement(Operation *op, Type a, Type b) {
  if (elementOf(a) != elementOf(b))
    return op->emitOpError("moves elements of ") << elementOf(a) << " to " << elementOf(b);
  return success();
}

//===----------------------------------------------------------------------===//
// Constants
//===----------------------------------------------------------------------===//

OpFoldResult ConstantOp::fold(FoldAdaptor) { return getValue(); }

bool ConstantOp::isBuildableWith(Attribute value, Type type) {
  auto typed = dyn_cast<TypedAttr>(value);
  return typed && typed.getType() == type;
}

LogicalResult DimensionOp::verify() {
  if (getDimension().size() != 1)
    return emitOpError("is one extent, not ") << getDimension().size();
  auto type = dyn_cast<RankedTensorType>(getType());
  if ((type && type.getRank() != 0) || elementOf(getType()).isInteger(1))
    return emitOpError("is a single number");
  return success();
}

LogicalResult IotaOp::verify() {
  auto type = cast<RankedTensorType>(getType());
  if (int64_t(getAxis()) < 0 || int64_t(getAxis()) >= type.getRank())
    return emitOpError("axis ") << getAxis() << " is not one of " << type;
  if (type.getElementType().isInteger(1))
    return emitOpError("counts in numbers");
  return success();
}

//===----------------------------------------------------------------------===//
// Views
//===----------------------------------------------------------------------===//

LogicalResult BroadcastOp::verify() {
  auto from = dimsOf(tensor(getOperand())), to = dimsOf(cast<RankedTensorType>(getType()));
  if (getAxes().size() != from.size())
    return emitOpError("names ") << getAxes().size() << " axes for an operand of rank "
                                 << from.size();
  int64_t last = -1;
  for (auto [axis, extent] : llvm::zip(getAxes(), from)) {
    if (axis <= last || axis >= int64_t(to.size()))
      return emitOpError("axes must ascend and be axes of the result");
    if (!(to[axis] == extent))
      return emitOpError("extent ")
             << extent.str() << " goes to axis " << axis << " of extent " << to[axis].str();
    last = axis;
  }
  return sameElement(*this, getOperand().getType(), getType());
}
OpFoldResult BroadcastOp::fold(FoldAdaptor) {
  if (getOperand().getType() == getType())
    return getOperand();
  if (auto inner = getOperand().getDefiningOp<BroadcastOp>()) {
    SmallVector<int64_t> axes;
    for (int64_t axis : inner.getAxes())
      axes.push_back(getAxes()[axis]);
    getOperandMutable().assign(inner.getOperand());
    setAxes(axes);
    return getResult();
  }
  return {};
}

LogicalResult ReshapeOp::verify() {
  Dim before = elementsOf(tensor(getOperand())),
      after = elementsOf(cast<RankedTensorType>(getType()));
  if (!(before == after))
    return emitOpError("makes ") << after.str() << " elements of " << before.str();
  return sameElement(*this, getOperand().getType(), getType());
}
OpFoldResult ReshapeOp::fold(FoldAdaptor) {
  if (getOperand().getType() == getType())
    return getOperand();
  if (auto inner = getOperand().getDefiningOp<ReshapeOp>()) {
    getOperandMutable().assign(inner.getOperand());
    return getResult();
  }
  return {};
}

LogicalResult TransposeOp::verify() {
  auto from = dimsOf(tensor(getOperand())), to = dimsOf(cast<RankedTensorType>(getType()));
  llvm::SmallBitVector seen(from.size());
  if (getPermutation().size() != from.size() || to.size() != from.size())
    return emitOpError("needs a permutation of ") << from.size() << " axes";
  for (auto [i, axis] : llvm::enumerate(getPermutation())) {
    if (axis < 0 || axis >= int64_t(from.size()) || seen[axis])
      return emitOpError("needs a permutation of ") << from.size() << " axes";
    seen.set(axis);
    if (!(to[i] == from[axis]))
      return emitOpError("axis ") << i << " has extent " << to[i].str() << " for "
                                  << from[axis].str();
  }
  return sameElement(*this, getOperand().getType(), getType());
}
OpFoldResult TransposeOp::fold(FoldAdaptor) {
  if (llvm::equal(getPermutation(), llvm::seq<int64_t>(0, getPermutation().size())))
    return getOperand();
  if (auto inner = getOperand().getDefiningOp<TransposeOp>()) {
    SmallVector<int64_t> permutation;
    for (int64_t axis : getPermutation())
      permutation.push_back(inner.getPermutation()[axis]);
    getOperandMutable().assign(inner.getOperand());
    setPermutation(permutation);
    return getResult();
  }
  return {};
}

/// `part` at offset + i * stride lies in `whole` unless that is provably false.
static LogicalResult liesInside(Operation *op, RankedTensorType part, RankedTensorType whole,
                                DimsAttr offsets, ArrayRef<int64_t> strides) {
  auto small = dimsOf(part), large = dimsOf(whole), from = offsets.getDims();
  if (small.size() != large.size() || from.size() != small.size() || strides.size() != small.size())
    return op->emitOpError("needs an offset and a stride for each axis");
  for (size_t i = 0; i < small.size(); ++i) {
    if (strides[i] < 1)
      return op->emitOpError("strides are positive");
    if (!small[i].isConstant(0) && (Dim(-1) - from[i]).isNonNegative())
      return op->emitOpError("axis ") << i << ": offset " << from[i].str() << " is negative";
    Dim last = from[i] + (small[i] - Dim(1)) * Dim(strides[i]);
    if (!small[i].isConstant(0) && (last - large[i]).isNonNegative(1))
      return op->emitOpError("axis ")
             << i << ": " << last.str() << " is outside an extent of " << large[i].str();
  }
  return sameElement(op, part, whole);
}

LogicalResult SliceOp::verify() {
  return liesInside(*this, cast<RankedTensorType>(getType()), tensor(getOperand()), getOffsets(),
                    getStrides());
}
OpFoldResult SliceOp::fold(FoldAdaptor) {
  return getOperand().getType() == getType() ? OpFoldResult(getOperand()) : OpFoldResult();
}
LogicalResult PadOp::verify() {
  if (elementOf(getValue().getType()) != elementOf(getType()))
    return emitOpError("pads ") << getType() << " with " << getValue().getType();
  return liesInside(*this, tensor(getOperand()), cast<RankedTensorType>(getType()), getOffsets(),
                    getStrides());
}

LogicalResult ConcatOp::verify() {
  auto to = cast<RankedTensorType>(getType());
  auto dims = dimsOf(to);
  int64_t axis = getAxis();
  if (getInputs().empty() || axis < 0 || axis >= to.getRank())
    return emitOpError("needs operands and one of their axes");
  Dim sum;
  for (Value input : getInputs()) {
    auto part = dimsOf(tensor(input));
    if (part.size() != dims.size())
      return emitOpError("joins tensors of one rank");
    for (size_t i = 0; i < dims.size(); ++i)
      if (int64_t(i) != axis && !(part[i] == dims[i]))
        return emitOpError("axis ")
               << i << " has extents " << part[i].str() << " and " << dims[i].str();
    sum = sum + part[axis];
    if (failed(sameElement(*this, input.getType(), getType())))
      return failure();
  }
  if (!(sum == dims[axis]))
    return emitOpError("parts add up to ") << sum.str() << ", not " << dims[axis].str();
  return success();
}

//===----------------------------------------------------------------------===//
// Tables
//===----------------------------------------------------------------------===//

/// rows[i..., r...] for a table [n, r...] and indices [i...].
static LogicalResult rowsOfTable(Operation *op, RankedTensorType table, RankedTensorType indices,
                                 RankedTensorType rows) {
  if (table.getRank() < 1)
    return op->emitOpError("needs a table of rows");
  SmallVector<Dim> expected = dimsOf(indices);
  llvm::append_range(expected, ArrayRef<Dim>(dimsOf(table)).drop_front());
  if (!(dimsOf(rows) == expected))
    return op->emitOpError("rows of ") << table << " at " << indices << " are not " << rows;
  return sameElement(op, table, rows);
}
LogicalResult GatherOp::verify() {
  return rowsOfTable(*this, tensor(getTable()), tensor(getIndices()),
                     cast<RankedTensorType>(getType()));
}
LogicalResult ScatterAddOp::verify() {
  return rowsOfTable(*this, cast<RankedTensorType>(getType()), tensor(getIndices()),
                     tensor(getUpdates()));
}

//===----------------------------------------------------------------------===//
// Order
//===----------------------------------------------------------------------===//

LogicalResult ArgsortOp::verify() {
  auto from = tensor(getOperand()), to = cast<RankedTensorType>(getType());
  if (from.getRank() < 1)
    return emitOpError("needs an axis to sort along");
  if (!to.getElementType().isInteger(32) || !(dimsOf(from) == dimsOf(to)))
    return emitOpError("gives i32 places in the operand's shape");
  return success();
}
