//===- SimplifyMovement.cpp - Rewrites of operations that move elements ---===//
//
//   transpose(broadcast(x)) = broadcast(transpose(x))
//   slice(broadcast(x)) = broadcast(slice(x))      slice(transpose(x)) = transpose(slice(x))
//   slice(slice(x)) = slice(x)                     slice(pad(x)) = slice(x)   within x
//   slice(concat(.., x, ..)) = slice(x)            within x
//   slice(reshape(x)) = reshape(slice(x))          of axes of extent 1 that come or go
//   reshape(broadcast(number)) = broadcast(number)
//   pad(x, v) = x   of the same extents
//   concat(x) = x                                  concat(concat(a, b), c) = concat(a, b, c)
//   concat(x[0:n], x[n:m]) = x[0:m]
//   pad(a, 0) + pad(b, 0) = concat(a + 0, b + 0)   where they lie side by side and fill the result
//                                                  (adding 0 keeps the sum's sign of zero)
//
//===----------------------------------------------------------------------===//
#include "passes/simplify/Patterns.h"
#include "passes/simplify/Splat.h"

#include "mlir/IR/PatternMatch.h"

using namespace mlir;
using namespace tenon;

namespace {

SmallVector<Dim> extentsOf(Value value) { return dimsOf(cast<RankedTensorType>(value.getType())); }
Type elementTypeOf(Value value) { return elementOf(value.getType()); }

struct TransposeBroadcast : OpRewritePattern<TransposeOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(TransposeOp op, PatternRewriter &rewriter) const override {
    auto broadcast = op.getOperand().getDefiningOp<BroadcastOp>();
    if (!broadcast)
      return rewriter.notifyMatchFailure(op, "not of a broadcast");
    SmallVector<int64_t> permutation, axes;
    SmallVector<Dim> dims;
    auto extents = extentsOf(broadcast.getOperand());
    for (auto [i, axis] : llvm::enumerate(op.getPermutation())) {
      auto at = llvm::find(broadcast.getAxes(), axis);
      if (at == broadcast.getAxes().end())
        continue;
      permutation.push_back(at - broadcast.getAxes().begin());
      dims.push_back(extents[permutation.back()]);
      axes.push_back(i);
    }
    auto type = tensorType(op.getContext(), dims, elementTypeOf(op));
    Value inner = broadcast.getOperand();
    if (!llvm::is_sorted(permutation))
      inner = TransposeOp::create(rewriter, op.getLoc(), type, inner, permutation);
    rewriter.replaceOpWithNewOp<BroadcastOp>(op, op.getType(), inner, axes);
    return success();
  }
};

struct ReshapeOfNumber : OpRewritePattern<ReshapeOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(ReshapeOp op, PatternRewriter &rewriter) const override {
    auto broadcast = op.getOperand().getDefiningOp<BroadcastOp>();
    if (!broadcast || !broadcast.getAxes().empty())
      return rewriter.notifyMatchFailure(op, "not of a broadcast number");
    rewriter.replaceOpWithNewOp<BroadcastOp>(op, op.getType(), broadcast.getOperand(),
                                             ArrayRef<int64_t>());
    return success();
  }
};

//===----------------------------------------------------------------------===//
// Slices
//===----------------------------------------------------------------------===//

struct SliceBroadcast : OpRewritePattern<SliceOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(SliceOp op, PatternRewriter &rewriter) const override {
    auto broadcast = op.getOperand().getDefiningOp<BroadcastOp>();
    if (!broadcast)
      return rewriter.notifyMatchFailure(op, "not of a broadcast");
    SmallVector<Dim> offsets, dims;
    SmallVector<int64_t> strides;
    auto from = op.getOffsets().getDims(), extents = extentsOf(op);
    for (int64_t axis : broadcast.getAxes()) {
      offsets.push_back(from[axis]);
      strides.push_back(op.getStrides()[axis]);
      dims.push_back(extents[axis]);
    }
    auto type = tensorType(op.getContext(), dims, elementTypeOf(op));
    Value part = SliceOp::create(rewriter, op.getLoc(), type, broadcast.getOperand(),
                                 DimsAttr::get(op.getContext(), offsets), strides);
    rewriter.replaceOpWithNewOp<BroadcastOp>(op, op.getType(), part, broadcast.getAxes());
    return success();
  }
};

struct SliceTranspose : OpRewritePattern<SliceOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(SliceOp op, PatternRewriter &rewriter) const override {
    auto transpose = op.getOperand().getDefiningOp<TransposeOp>();
    if (!transpose)
      return rewriter.notifyMatchFailure(op, "not of a transpose");
    auto from = op.getOffsets().getDims(), extents = extentsOf(op);
    SmallVector<Dim> offsets(from.size()), dims(from.size());
    SmallVector<int64_t> strides(from.size());
    for (auto [i, axis] : llvm::enumerate(transpose.getPermutation())) {
      offsets[axis] = from[i];
      dims[axis] = extents[i];
      strides[axis] = op.getStrides()[i];
    }
    auto type = tensorType(op.getContext(), dims, elementTypeOf(op));
    Value part = SliceOp::create(rewriter, op.getLoc(), type, transpose.getOperand(),
                                 DimsAttr::get(op.getContext(), offsets), strides);
    rewriter.replaceOpWithNewOp<TransposeOp>(op, op.getType(), part, transpose.getPermutation());
    return success();
  }
};

struct SliceSlice : OpRewritePattern<SliceOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(SliceOp op, PatternRewriter &rewriter) const override {
    auto inner = op.getOperand().getDefiningOp<SliceOp>();
    if (!inner)
      return rewriter.notifyMatchFailure(op, "not of a slice");
    auto first = inner.getOffsets().getDims(), second = op.getOffsets().getDims();
    SmallVector<Dim> offsets;
    SmallVector<int64_t> strides;
    for (size_t i = 0; i < first.size(); ++i) {
      offsets.push_back(first[i] + Dim(inner.getStrides()[i]) * second[i]);
      strides.push_back(inner.getStrides()[i] * op.getStrides()[i]);
    }
    rewriter.replaceOpWithNewOp<SliceOp>(op, op.getType(), inner.getOperand(),
                                         DimsAttr::get(op.getContext(), offsets), strides);
    return success();
  }
};

/// The part of an axis that `op` reads lies in [from, from + extent): its offset from there.
std::optional<Dim> offsetWithin(SliceOp op, unsigned axis, const Dim &from, const Dim &extent) {
  Dim offset = op.getOffsets().getDims()[axis] - from;
  Dim last = offset + (extentsOf(op)[axis] - Dim(1)) * Dim(op.getStrides()[axis]);
  if (!offset.isNonNegative() || !(extent - Dim(1) - last).isNonNegative())
    return std::nullopt;
  return offset;
}

struct SlicePad : OpRewritePattern<SliceOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(SliceOp op, PatternRewriter &rewriter) const override {
    auto pad = op.getOperand().getDefiningOp<PadOp>();
    if (!pad || llvm::any_of(pad.getStrides(), [](int64_t s) { return s != 1; }))
      return rewriter.notifyMatchFailure(op, "not of a pad without gaps");
    SmallVector<Dim> offsets;
    auto inner = extentsOf(pad.getOperand()), at = pad.getOffsets().getDims();
    for (size_t i = 0; i < inner.size(); ++i) {
      auto offset = offsetWithin(op, i, at[i], inner[i]);
      if (!offset)
        return rewriter.notifyMatchFailure(op, "reads padding");
      offsets.push_back(*offset);
    }
    rewriter.replaceOpWithNewOp<SliceOp>(op, op.getType(), pad.getOperand(),
                                         DimsAttr::get(op.getContext(), offsets), op.getStrides());
    return success();
  }
};

struct SliceConcat : OpRewritePattern<SliceOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(SliceOp op, PatternRewriter &rewriter) const override {
    auto concat = op.getOperand().getDefiningOp<ConcatOp>();
    if (!concat)
      return rewriter.notifyMatchFailure(op, "not of a concat");
    unsigned axis = concat.getAxis();
    Dim from;
    for (Value part : concat.getInputs()) {
      Dim extent = extentsOf(part)[axis];
      if (auto offset = offsetWithin(op, axis, from, extent)) {
        auto offsets = op.getOffsets().getDims();
        offsets[axis] = *offset;
        rewriter.replaceOpWithNewOp<SliceOp>(
            op, op.getType(), part, DimsAttr::get(op.getContext(), offsets), op.getStrides());
        return success();
      }
      from = from + extent;
    }
    return rewriter.notifyMatchFailure(op, "reads several parts");
  }
};

struct SliceReshape : OpRewritePattern<SliceOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(SliceOp op, PatternRewriter &rewriter) const override {
    auto reshape = op.getOperand().getDefiningOp<ReshapeOp>();
    if (!reshape)
      return rewriter.notifyMatchFailure(op, "not of a reshape");
    auto from = extentsOf(reshape.getOperand()), to = extentsOf(reshape), part = extentsOf(op);
    SmallVector<Dim> offsets, dims;
    SmallVector<int64_t> strides;
    size_t j = 0;
    auto isUnit = [&](size_t axis) { return to[axis].isConstant(1) && part[axis].isConstant(1); };
    for (const Dim &extent : from) {
      while (j < to.size() && isUnit(j) && !extent.isConstant(1))
        ++j;
      bool isSame = j < to.size() && to[j] == extent;
      if (!isSame && !extent.isConstant(1))
        return rewriter.notifyMatchFailure(op, "of a reshape that joins or cuts axes");
      offsets.push_back(isSame ? op.getOffsets().getDims()[j] : Dim(0));
      strides.push_back(isSame ? op.getStrides()[j] : 1);
      dims.push_back(isSame ? part[j] : Dim(1));
      j += isSame;
    }
    for (; j < to.size(); ++j)
      if (!isUnit(j))
        return rewriter.notifyMatchFailure(op, "of a reshape that cuts an axis");
    auto type = tensorType(op.getContext(), dims, elementTypeOf(op));
    Value slice = SliceOp::create(rewriter, op.getLoc(), type, reshape.getOperand(),
                                  DimsAttr::get(op.getContext(), offsets), strides);
    rewriter.replaceOpWithNewOp<ReshapeOp>(op, op.getType(), slice);
    return success();
  }
};

//===----------------------------------------------------------------------===//
// Pads and concats
//===----------------------------------------------------------------------===//

struct EmptyPad : OpRewritePattern<PadOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(PadOp op, PatternRewriter &rewriter) const override {
    if (op.getOperand().getType() != op.getType())
      return rewriter.notifyMatchFailure(op, "adds elements");
    rewriter.replaceOp(op, op.getOperand());
    return success();
  }
};

struct FlattenConcat : OpRewritePattern<ConcatOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(ConcatOp op, PatternRewriter &rewriter) const override {
    if (op.getInputs().size() == 1) {
      rewriter.replaceOp(op, op.getInputs()[0]);
      return success();
    }
    SmallVector<Value> parts;
    for (Value input : op.getInputs()) {
      auto inner = input.getDefiningOp<ConcatOp>();
      if (inner && inner.getAxis() == op.getAxis())
        llvm::append_range(parts, inner.getInputs());
      else
        parts.push_back(input);
    }
    if (parts.size() == op.getInputs().size())
      return rewriter.notifyMatchFailure(op, "no concat inside");
    rewriter.replaceOpWithNewOp<ConcatOp>(op, op.getType(), parts, op.getAxis());
    return success();
  }
};

/// Two parts of one tensor, the second where the first ends.
struct ConcatSlices : OpRewritePattern<ConcatOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(ConcatOp op, PatternRewriter &rewriter) const override {
    SmallVector<Value> parts(op.getInputs());
    for (size_t i = 0; i + 1 < parts.size(); ++i)
      if (Value joined = join(op, parts[i], parts[i + 1], rewriter)) {
        parts[i] = joined;
        parts.erase(parts.begin() + i + 1);
        rewriter.replaceOpWithNewOp<ConcatOp>(op, op.getType(), parts, op.getAxis());
        return success();
      }
    return rewriter.notifyMatchFailure(op, "no neighbours in one tensor");
  }

private:
  static Value join(ConcatOp op, Value left, Value right, PatternRewriter &rewriter) {
    auto a = left.getDefiningOp<SliceOp>(), b = right.getDefiningOp<SliceOp>();
    if (!a || !b || a.getOperand() != b.getOperand() || a.getStrides() != b.getStrides())
      return {};
    unsigned axis = op.getAxis();
    auto first = a.getOffsets().getDims(), second = b.getOffsets().getDims();
    auto dims = extentsOf(a);
    Dim end = first[axis] + dims[axis] * Dim(a.getStrides()[axis]);
    second[axis] = second[axis] - end + first[axis];
    if (first != second)
      return {};
    dims[axis] = dims[axis] + extentsOf(b)[axis];
    auto type = tensorType(op.getContext(), dims, elementTypeOf(op));
    return SliceOp::create(rewriter, op.getLoc(), type, a.getOperand(), a.getOffsets(),
                           a.getStrides());
  }
};

/// A sum of tensors each of which is zero outside its own part of one axis.
struct AddPads : OpRewritePattern<AddOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(AddOp op, PatternRewriter &rewriter) const override {
    auto type = dyn_cast<RankedTensorType>(op.getType());
    if (!type || isInnerSum(op))
      return rewriter.notifyMatchFailure(op, "not the last addition of tensors");
    SmallVector<Value> terms, parts;
    collect(op, terms);
    llvm::MapVector<unsigned, SmallVector<PadOp>> byAxis;
    for (Value term : terms)
      if (auto axis = paddedAxis(term))
        byAxis[*axis].push_back(term.getDefiningOp<PadOp>());
    for (auto &[axis, pads] : byAxis) {
      Value whole = joined(op, axis, pads, rewriter);
      if (!whole)
        continue;
      for (PadOp pad : pads)
        llvm::erase(terms, pad.getResult());
      for (Value term : terms)
        whole = AddOp::create(rewriter, op.getLoc(), type, whole, term);
      rewriter.replaceOp(op, whole);
      return success();
    }
    return rewriter.notifyMatchFailure(op, "no pads that fill an axis");
  }

private:
  static bool isInnerSum(AddOp op) {
    return op->hasOneUse() && isa<AddOp>(*op->getUsers().begin());
  }
  static void collect(AddOp sum, SmallVector<Value> &terms) {
    for (Value term : {sum.getLhs(), sum.getRhs()})
      if (auto inner = term.getDefiningOp<AddOp>(); inner && inner->hasOneUse())
        collect(inner, terms);
      else
        terms.push_back(term);
  }
  /// The one axis along which a value is padded with zeros, without gaps.
  static std::optional<unsigned> paddedAxis(Value value) {
    auto pad = value.getDefiningOp<PadOp>();
    if (!pad || !(isSplat(pad.getValue(), 0) || isNegativeZero(pad.getValue())) ||
        llvm::any_of(pad.getStrides(), [](int64_t s) { return s != 1; }))
      return std::nullopt;
    auto small = extentsOf(pad.getOperand()), large = extentsOf(pad);
    std::optional<unsigned> axis;
    for (size_t i = 0; i < small.size(); ++i) {
      if (small[i] == large[i])
        continue;
      if (axis)
        return std::nullopt;
      axis = i;
    }
    return axis;
  }
  static Value joined(AddOp op, unsigned axis, SmallVector<PadOp> &pads,
                      PatternRewriter &rewriter) {
    Dim at;
    SmallVector<PadOp> order;
    while (order.size() < pads.size()) {
      auto next = llvm::find_if(pads, [&](PadOp pad) {
        return pad.getOffsets().getDims()[axis] == at && !llvm::is_contained(order, pad);
      });
      if (next == pads.end())
        return {};
      order.push_back(*next);
      at = at + extentsOf(next->getOperand())[axis];
    }
    if (!(at == extentsOf(op)[axis]))
      return {};
    SmallVector<Value> parts;
    for (PadOp pad : order) {
      Value part = pad.getOperand();
      if (isReal(part.getType()) &&
          !llvm::all_of(order, [](PadOp p) { return isNegativeZero(p.getValue()); }))
        part = AddOp::create(rewriter, op.getLoc(), part.getType(), part,
                             splat(rewriter, op.getLoc(), part.getType(), 0.0));
      parts.push_back(part);
    }
    return ConcatOp::create(rewriter, op.getLoc(), op.getType(), parts, axis);
  }
};

} // namespace

void tenon::addMovementSimplifications(RewritePatternSet &patterns) {
  patterns.add<TransposeBroadcast, ReshapeOfNumber, SliceBroadcast, SliceTranspose, SliceSlice,
               SlicePad, SliceConcat, SliceReshape, EmptyPad, FlattenConcat, ConcatSlices, AddPads>(
      patterns.getContext());
}
