//===- SimplifyContract.cpp - Rewrites of contractions --------------------===//
//
//   contract(transpose(x)) = contract(x)      the maps do what the movement did: transposes,
//                                             broadcasts, slices, reshapes that add or drop
//                                             axes of extent 1
//   transpose(contract(x)) = contract(x)      likewise; and slice(contract(x)), of fewer elements
//   contract(x, x) = contract(x)              of equal maps, outside a sum of products
//   sum[i: 1] f(i) = f(0)
//   sum[i: n] x = n * x    max[i: n] x = x    for an n known to be at least 1 (the product is
//                                             rounded once, the sum n times)
//   contract over loops of the result that no operand knows = broadcast(contract)
//   contract without a reduced loop = maps of moved operands   (a sum of one term is the term)
//
//===----------------------------------------------------------------------===//
#include "passes/simplify/ContractParts.h"
#include "passes/simplify/Patterns.h"
#include "passes/simplify/Splat.h"

#include "mlir/IR/PatternMatch.h"

using namespace mlir;
using namespace tenon;

namespace {

SmallVector<Dim> extentsOf(Value value) { return dimsOf(cast<RankedTensorType>(value.getType())); }

/// The places to read the operand of a movement op at, for reading its result at `places`; failure
/// where that isn't affine.
FailureOr<SmallVector<AffineExpr>> behind(Operation *op, ArrayRef<AffineExpr> places) {
  MLIRContext *context = op->getContext();
  SmallVector<AffineExpr> result;
  if (auto broadcast = dyn_cast<BroadcastOp>(op)) {
    for (int64_t axis : broadcast.getAxes())
      result.push_back(places[axis]);
    return result;
  }
  if (auto transpose = dyn_cast<TransposeOp>(op)) {
    result.resize(places.size());
    for (auto [i, axis] : llvm::enumerate(transpose.getPermutation()))
      result[axis] = places[i];
    return result;
  }
  if (auto slice = dyn_cast<SliceOp>(op)) {
    for (auto [place, offset, stride] :
         llvm::zip(places, slice.getOffsets().getDims(), slice.getStrides())) {
      auto number = offset.constant();
      if (!number)
        return failure();
      result.push_back(place * stride + *number);
    }
    return result;
  }
  if (auto reshape = dyn_cast<ReshapeOp>(op)) {
    auto from = extentsOf(reshape.getOperand()), to = extentsOf(reshape);
    size_t j = 0;
    for (const Dim &extent : from) {
      while (j < to.size() && to[j].isConstant(1) && !extent.isConstant(1))
        ++j;
      if (j < to.size() && to[j] == extent)
        result.push_back(places[j++]);
      else if (extent.isConstant(1))
        result.push_back(getAffineConstantExpr(0, context));
      else
        return failure();
    }
    for (; j < to.size(); ++j)
      if (!to[j].isConstant(1))
        return failure();
    return result;
  }
  return failure();
}

/// One use, but for those of ops that nobody reads and that are about to go.
bool hasOneReader(Value value) {
  return llvm::range_size(llvm::make_filter_range(value.getUses(), [](OpOperand &use) {
           return !isOpTriviallyDead(use.getOwner());
         })) == 1;
}

/// True if the elements that a slice leaves out needn't be computed at all.
bool isSliceOfOwnResult(Operation *op) {
  auto slice = dyn_cast<SliceOp>(op);
  Value whole = slice ? slice.getOperand() : Value();
  while (whole && hasOneReader(whole) && isa_and_nonnull<ReshapeOp, SliceOp>(whole.getDefiningOp()))
    whole = whole.getDefiningOp()->getOperand(0);
  return whole && hasOneReader(whole) && whole.getDefiningOp<ContractOp>();
}

struct AbsorbMovement : OpRewritePattern<ContractOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(ContractOp op, PatternRewriter &rewriter) const override {
    ContractParts parts = ContractParts::of(op);
    bool changed = false;
    for (auto [input, map] : llvm::zip(parts.inputs, parts.maps)) {
      Operation *movement = input.getDefiningOp();
      if (!movement || isSliceOfOwnResult(movement))
        continue;
      auto places = behind(movement, map.getResults());
      if (failed(places))
        continue;
      input = movement->getOperand(0);
      map = AffineMap::get(map.getNumDims(), map.getNumSymbols(), *places, op.getContext());
      changed = true;
    }
    if (!changed)
      return rewriter.notifyMatchFailure(op, "no operand is a movement that a map can do");
    rewriter.replaceOp(op, parts.create(rewriter, op.getLoc(), op.getBody().front()));
    return success();
  }
};

struct AbsorbTransposeOfResult : OpRewritePattern<TransposeOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(TransposeOp op, PatternRewriter &rewriter) const override {
    auto contract = op.getOperand().getDefiningOp<ContractOp>();
    if (!contract || !contract->hasOneUse())
      return rewriter.notifyMatchFailure(op, "not the only reader of a contraction");
    ContractParts parts = ContractParts::of(contract);
    SmallVector<AffineExpr> places;
    for (int64_t axis : op.getPermutation())
      places.push_back(parts.result.getResult(axis));
    parts.result = AffineMap::get(parts.result.getNumDims(), parts.result.getNumSymbols(), places,
                                  op.getContext());
    parts.type = cast<RankedTensorType>(op.getType());
    rewriter.replaceOp(op, parts.create(rewriter, contract.getLoc(), contract.getBody().front()));
    return success();
  }
};

/// What nobody reads of a result needn't be computed: the gradient of a padded operand's pads.
struct AbsorbSliceOfResult : OpRewritePattern<SliceOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(SliceOp op, PatternRewriter &rewriter) const override {
    auto contract = op.getOperand().getDefiningOp<ContractOp>();
    if (!contract || !hasOneReader(contract))
      return rewriter.notifyMatchFailure(op, "not the only reader of a contraction");
    ContractParts parts = ContractParts::of(contract);
    SmallVector<AffineExpr> places;
    for (unsigned loop = 0; loop < parts.extents.size(); ++loop)
      places.push_back(rewriter.getAffineDimExpr(loop));
    auto extents = parts.extents;
    auto whole = dimsOf(parts.type), part = extentsOf(op);
    auto offsets = op.getOffsets().getDims();
    llvm::SmallBitVector seen(extents.size());
    for (unsigned axis = 0; axis < whole.size(); ++axis) {
      auto expr = dyn_cast<AffineDimExpr>(parts.result.getResult(axis));
      bool isOwnLoop =
          expr && !seen[expr.getPosition()] && parts.extents[expr.getPosition()] == whole[axis];
      if (expr)
        seen.set(expr.getPosition());
      auto offset = offsets[axis].constant();
      int64_t stride = op.getStrides()[axis];
      if (offset == 0 && stride == 1 && whole[axis] == part[axis])
        continue;
      if (!isOwnLoop || !offset)
        return rewriter.notifyMatchFailure(op, "not a part of the contraction's loops");
      places[expr.getPosition()] = expr * stride + *offset;
      extents[expr.getPosition()] = part[axis];
    }
    AffineMap result = parts.result;
    parts.replaceLoops(places, extents);
    parts.result = result;
    parts.type = cast<RankedTensorType>(op.getType());
    rewriter.replaceOp(op, parts.create(rewriter, contract.getLoc(), contract.getBody().front()));
    return success();
  }
};

/// Operands that the body doesn't read, and operands that are read twice alike.
struct DropInputs : OpRewritePattern<ContractOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(ContractOp op, PatternRewriter &rewriter) const override {
    Block &body = op.getBody().front();
    SmallVector<unsigned> source;
    bool isProduct = op.isSumOfProducts();
    for (unsigned i = 0; i < op.getInputs().size(); ++i) {
      source.push_back(i);
      for (unsigned j = 0; j < i && !isProduct; ++j)
        if (op.getInputs()[j] == op.getInputs()[i] && op.getInputMap(j) == op.getInputMap(i)) {
          source[i] = source[j];
          break;
        }
    }
    auto isNeeded = [&](unsigned i) { return source[i] == i && !body.getArgument(i).use_empty(); };
    auto all = llvm::seq<unsigned>(0, source.size());
    bool merges = llvm::any_of(
        all, [&](unsigned i) { return source[i] != i && !body.getArgument(i).use_empty(); });
    if (merges) {
      rewriter.modifyOpInPlace(op, [&] {
        for (unsigned i : all)
          if (source[i] != i)
            body.getArgument(i).replaceAllUsesWith(body.getArgument(source[i]));
      });
      return success();
    }
    if (llvm::all_of(all, isNeeded))
      return rewriter.notifyMatchFailure(op, "all operands are needed");
    rewriter.modifyOpInPlace(op, [&] {
      SmallVector<Attribute> maps(op.getMaps().getValue());
      for (unsigned i = source.size(); i-- > 0;) {
        if (isNeeded(i))
          continue;
        body.eraseArgument(i);
        op.getInputsMutable().erase(i);
        maps.erase(maps.begin() + i);
      }
      op.setMapsAttr(rewriter.getArrayAttr(maps));
    });
    return success();
  }
};

/// Loops of one step, and axes of one element of the result, which a reshape puts back.
struct DropUnitLoops : OpRewritePattern<ContractOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(ContractOp op, PatternRewriter &rewriter) const override {
    if (op.getCombiner() == Combiner::argmax || op.getCombiner() == Combiner::argmin)
      return rewriter.notifyMatchFailure(op, "the loop's index is the result");
    ContractParts parts = ContractParts::of(op);
    llvm::SmallBitVector dropped(parts.extents.size());
    SmallVector<AffineExpr> loops;
    for (auto [loop, extent] : llvm::enumerate(parts.extents)) {
      loops.push_back(getAffineDimExpr(loop, op.getContext()));
      if (!extent.isConstant(1))
        continue;
      dropped.set(loop);
      loops.back() = getAffineConstantExpr(0, op.getContext());
    }
    bool hasUnitAxis =
        llvm::any_of(llvm::zip(parts.result.getResults(), dimsOf(parts.type)),
                     [](auto axis) { return isUnit(std::get<0>(axis), std::get<1>(axis)); });
    if (dropped.none() && !hasUnitAxis)
      return rewriter.notifyMatchFailure(op, "no loop or axis of one step");
    parts.replaceLoops(loops, SmallVector<Dim>(parts.extents));
    parts.dropLoops(dropped);
    SmallVector<AffineExpr> places;
    SmallVector<Dim> dims;
    for (auto [place, dim] : llvm::zip(parts.result.getResults(), dimsOf(parts.type))) {
      if (isUnit(place, dim))
        continue;
      places.push_back(place);
      dims.push_back(dim);
    }
    parts.result = AffineMap::get(parts.result.getNumDims(), parts.result.getNumSymbols(), places,
                                  op.getContext());
    parts.type = tensorType(op.getContext(), dims, parts.type.getElementType());
    Value result = parts.create(rewriter, op.getLoc(), op.getBody().front());
    if (result.getType() != op.getType())
      result = ReshapeOp::create(rewriter, op.getLoc(), op.getType(), result);
    rewriter.replaceOp(op, result);
    return success();
  }
  static bool isUnit(AffineExpr place, const Dim &dim) { return dim.isConstant(1) && place == 0; }
};

/// Reduced loops in which the body doesn't change.
struct DropConstantLoops : OpRewritePattern<ContractOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(ContractOp op, PatternRewriter &rewriter) const override {
    Combiner c = op.getCombiner();
    bool repeats =
        c == Combiner::max || c == Combiner::min || c == Combiner::any || c == Combiner::all;
    if (!repeats && c != Combiner::sum)
      return rewriter.notifyMatchFailure(op, "repetition has no closed form");
    ContractParts parts = ContractParts::of(op);
    llvm::SmallBitVector mentioned(parts.extents.size());
    for (AffineMap map : parts.maps)
      mentioned |= ContractParts::loopsOf(map);
    llvm::SmallBitVector dropped(parts.extents.size());
    int64_t times = 1;
    for (unsigned loop : op.getReducedLoops()) {
      auto extent = parts.extents[loop].constant();
      if (mentioned[loop] || !extent || *extent < 1)
        continue;
      dropped.set(loop);
      times *= *extent;
    }
    if (dropped.none())
      return rewriter.notifyMatchFailure(op, "every reduced loop matters");
    parts.dropLoops(dropped);
    Value result = parts.create(rewriter, op.getLoc(), op.getBody().front());
    if (c == Combiner::sum)
      result = MulOp::create(rewriter, op.getLoc(), op.getType(), result,
                             splat(rewriter, op.getLoc(), op.getType(), double(times)));
    rewriter.replaceOp(op, result);
    return success();
  }
};

/// Loops of the result that no operand knows.
struct RepeatResult : OpRewritePattern<ContractOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(ContractOp op, PatternRewriter &rewriter) const override {
    ContractParts parts = ContractParts::of(op);
    llvm::SmallBitVector mentioned(parts.extents.size()), dropped(parts.extents.size());
    for (AffineMap map : parts.maps)
      mentioned |= ContractParts::loopsOf(map);
    auto dims = dimsOf(parts.type);
    SmallVector<int64_t> kept;
    SmallVector<Dim> keptDims;
    SmallVector<AffineExpr> places;
    for (auto [axis, expr] : llvm::enumerate(parts.result.getResults())) {
      auto loop = dyn_cast<AffineDimExpr>(expr);
      bool isRepeated = loop && !mentioned[loop.getPosition()] &&
                        parts.extents[loop.getPosition()] == dims[axis] &&
                        llvm::count_if(parts.result.getResults(), [&](AffineExpr place) {
                          return place.isFunctionOfDim(loop.getPosition());
                        }) == 1;
      if (isRepeated) {
        dropped.set(loop.getPosition());
        continue;
      }
      kept.push_back(int64_t(axis));
      keptDims.push_back(dims[axis]);
      places.push_back(expr);
    }
    if (dropped.none())
      return rewriter.notifyMatchFailure(op, "every loop of the result matters");
    parts.result = AffineMap::get(parts.result.getNumDims(), parts.result.getNumSymbols(), places,
                                  op.getContext());
    parts.type = tensorType(op.getContext(), keptDims, parts.type.getElementType());
    parts.dropLoops(dropped);
    Value once = parts.create(rewriter, op.getLoc(), op.getBody().front());
    rewriter.replaceOpWithNewOp<BroadcastOp>(op, op.getType(), once, kept);
    return success();
  }
};

/// No loop is reduced: the body on whole tensors.
struct ContractToMaps : OpRewritePattern<ContractOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(ContractOp op, PatternRewriter &rewriter) const override {
    AffineMap result = op.getResultMap();
    if (!result.isPermutation())
      return rewriter.notifyMatchFailure(op, "reduces, or fills only a part of the result");
    ContractParts parts = ContractParts::of(op);
    auto dims = dimsOf(parts.type);
    SmallVector<unsigned> loops;
    for (auto [expr, extent] : llvm::zip(result.getResults(), dims)) {
      loops.push_back(cast<AffineDimExpr>(expr).getPosition());
      if (!(parts.extents[loops.back()] == extent))
        return rewriter.notifyMatchFailure(op, "fills only a part of the result");
    }
    SmallVector<SmallVector<AxisRead>> reads;
    for (AffineMap map : parts.maps) {
      auto strided = stridedReads(map);
      if (!strided)
        return rewriter.notifyMatchFailure(op, "an operand isn't read in steps");
      reads.push_back(*strided);
    }
    SmallVector<Value> operands;
    for (auto [input, read] : llvm::zip(parts.inputs, reads))
      operands.push_back(readAsTensor(rewriter, op.getLoc(), input, read, loops, dims));
    IRMapping mapping;
    Block &body = op.getBody().front();
    mapping.map(body.getArguments(), operands);
    auto tensor = [&](Type element) { return tensorType(op.getContext(), dims, element); };
    for (Operation &inner : body.without_terminator()) {
      Value old = inner.getResult(0), now;
      auto scalar = RankedTensorType::get({}, old.getType());
      if (auto constant = dyn_cast<ConstantOp>(inner)) {
        now = splat(rewriter, op.getLoc(), tensor(old.getType()), constant.getValue());
      } else if (auto dimension = dyn_cast<DimensionOp>(inner)) {
        now = DimensionOp::create(rewriter, op.getLoc(), scalar, dimension.getDimension());
        now = BroadcastOp::create(rewriter, op.getLoc(), tensor(old.getType()), now,
                                  ArrayRef<int64_t>());
      } else {
        SmallVector<Value> values;
        for (Value operand : inner.getOperands())
          values.push_back(mapping.lookup(operand));
        now = mapOver(rewriter, &inner, values, dims);
      }
      mapping.map(old, now);
    }
    rewriter.replaceOp(op, mapping.lookup(body.getTerminator()->getOperand(0)));
    return success();
  }
};

} // namespace

void tenon::addContractSimplifications(RewritePatternSet &patterns) {
  patterns.add<AbsorbMovement, AbsorbTransposeOfResult, AbsorbSliceOfResult, DropInputs,
               DropUnitLoops, DropConstantLoops, RepeatResult, ContractToMaps>(
      patterns.getContext());
}
