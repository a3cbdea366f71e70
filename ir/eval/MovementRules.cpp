//===- MovementRules.cpp - Moving elements without computing --------------===//
#include "ir/eval/Evaluation.h"

using namespace mlir;
using namespace tenon;

/// A result whose element at each index is what `element` answers.
static llvm::Error fill(Operation *op, Evaluation &run,
                        llvm::function_ref<Number(ArrayRef<int64_t>)> element) {
  auto result = run.zeros(op->getResult(0).getType(), op);
  if (!result)
    return result.takeError();
  tenon_dtype dtype = dtypeOf(op->getResult(0).getType());
  int64_t place = 0;
  forEachIndex(result->shape(), [&](ArrayRef<int64_t> index) {
    result->set(place++, run.round(dtype, element(index)));
    return true;
  });
  run.set(op->getResult(0), std::move(*result));
  return llvm::Error::success();
}

static llvm::Error evaluateConstant(Operation *op, Evaluation &run) {
  auto constant = cast<ConstantOp>(op);
  int64_t place = 0;
  return fill(op, run,
              [&](ArrayRef<int64_t>) { return attributeNumber(constant.getValue(), place++); });
}

static llvm::Error evaluateDimension(Operation *op, Evaluation &run) {
  auto extent = run.extent(cast<DimensionOp>(op).getDimension().getDims()[0], op);
  if (!extent)
    return extent.takeError();
  return fill(op, run, [&](ArrayRef<int64_t>) { return Number{double(*extent), *extent}; });
}

static llvm::Error evaluateIota(Operation *op, Evaluation &run) {
  int64_t axis = int64_t(cast<IotaOp>(op).getAxis());
  return fill(op, run,
              [&](ArrayRef<int64_t> index) { return Number{double(index[axis]), index[axis]}; });
}

static llvm::Error evaluateBroadcast(Operation *op, Evaluation &run) {
  auto broadcast = cast<BroadcastOp>(op);
  const HostTensor &operand = run.get(broadcast.getOperand());
  return fill(op, run, [&](ArrayRef<int64_t> index) {
    SmallVector<int64_t> from;
    for (int64_t axis : broadcast.getAxes())
      from.push_back(index[axis]);
    return operand.at(*placeOf(from, operand.shape()));
  });
}

static llvm::Error evaluateReshape(Operation *op, Evaluation &run) {
  const HostTensor &operand = run.get(op->getOperand(0));
  auto shape = run.shapeOf(op->getResult(0).getType(), op);
  if (!shape)
    return shape.takeError();
  if (countOf(*shape) != operand.size())
    return errorAt(op, "changes the number of elements");
  run.set(op->getResult(0), operand.reshaped(std::move(*shape)));
  return llvm::Error::success();
}

static llvm::Error evaluateTranspose(Operation *op, Evaluation &run) {
  auto transpose = cast<TransposeOp>(op);
  const HostTensor &operand = run.get(transpose.getOperand());
  return fill(op, run, [&](ArrayRef<int64_t> index) {
    SmallVector<int64_t> from(index.size());
    for (auto [i, axis] : llvm::enumerate(transpose.getPermutation()))
      from[axis] = index[i];
    return operand.at(*placeOf(from, operand.shape()));
  });
}

/// offset + index * stride, axis by axis.
static SmallVector<int64_t> stridedIndex(ArrayRef<int64_t> index, ArrayRef<int64_t> offsets,
                                         ArrayRef<int64_t> strides) {
  SmallVector<int64_t> result;
  for (auto [i, offset, stride] : llvm::zip_equal(index, offsets, strides))
    result.push_back(offset + i * stride);
  return result;
}

static llvm::Error evaluateSlice(Operation *op, Evaluation &run) {
  auto slice = cast<SliceOp>(op);
  const HostTensor &operand = run.get(slice.getOperand());
  auto offsets = run.extents(slice.getOffsets().getDims(), op);
  if (!offsets)
    return offsets.takeError();
  bool isInside = true;
  if (auto error = fill(op, run, [&](ArrayRef<int64_t> index) {
        auto place = placeOf(stridedIndex(index, *offsets, slice.getStrides()), operand.shape());
        isInside &= place.has_value();
        return place ? operand.at(*place) : Number();
      }))
    return error;
  return isInside ? llvm::Error::success() : errorAt(op, "reads outside of its operand");
}

static llvm::Error evaluatePad(Operation *op, Evaluation &run) {
  auto pad = cast<PadOp>(op);
  const HostTensor &operand = run.get(pad.getOperand());
  auto result = run.zeros(pad.getType(), op);
  auto offsets = run.extents(pad.getOffsets().getDims(), op);
  if (!result || !offsets)
    return llvm::joinErrors(result.takeError(), offsets.takeError());
  for (int64_t i = 0; i < result->size(); ++i)
    result->set(i, run.get(pad.getValue()).at(0));
  int64_t from = 0;
  bool isInside = true;
  forEachIndex(operand.shape(), [&](ArrayRef<int64_t> index) {
    auto place = placeOf(stridedIndex(index, *offsets, pad.getStrides()), result->shape());
    if (place)
      result->set(*place, operand.at(from++));
    return isInside = place.has_value();
  });
  if (!isInside)
    return errorAt(op, "puts its operand outside of its result");
  run.set(pad.getResult(), std::move(*result));
  return llvm::Error::success();
}

static llvm::Error evaluateConcat(Operation *op, Evaluation &run) {
  auto concat = cast<ConcatOp>(op);
  size_t axis = size_t(concat.getAxis());
  return fill(op, run, [&](ArrayRef<int64_t> index) {
    SmallVector<int64_t> from(index);
    for (Value input : concat.getInputs()) {
      const HostTensor &part = run.get(input);
      if (from[axis] < part.shape()[axis])
        return part.at(*placeOf(from, part.shape()));
      from[axis] -= part.shape()[axis];
    }
    llvm_unreachable("the parts add up to the result");
  });
}

void tenon::addMovementRules(OpRules &rules) {
  rules[ConstantOp::getOperationName()] = evaluateConstant;
  rules[DimensionOp::getOperationName()] = evaluateDimension;
  rules[IotaOp::getOperationName()] = evaluateIota;
  rules[BroadcastOp::getOperationName()] = evaluateBroadcast;
  rules[ReshapeOp::getOperationName()] = evaluateReshape;
  rules[TransposeOp::getOperationName()] = evaluateTranspose;
  rules[SliceOp::getOperationName()] = evaluateSlice;
  rules[PadOp::getOperationName()] = evaluatePad;
  rules[ConcatOp::getOperationName()] = evaluateConcat;
}
