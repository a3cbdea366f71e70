//===- SimplifyScatter.cpp - Rewrites of sums into tables -----------------===//
//
//   scatter_add(diagonal(v), at) [w, r] = 0 + (if w == at[r] { v[r] } else { 0 })
//
// where diagonal(v)[i, r] is v[r] if the axes i are axes of r as well, else 0: what the derivative
// of picking one element of each row, y[r, at[r]], adds up. Rows outside the table count as its
// first or last.
//
//===----------------------------------------------------------------------===//
#include "passes/simplify/ContractParts.h"
#include "passes/simplify/Patterns.h"
#include "passes/simplify/Splat.h"

#include "mlir/IR/PatternMatch.h"

using namespace mlir;
using namespace tenon;

namespace {

struct ScatterOfDiagonal : OpRewritePattern<ScatterAddOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(ScatterAddOp op, PatternRewriter &rewriter) const override {
    auto contract = op.getUpdates().getDefiningOp<ContractOp>();
    if (!contract || contract.getCombiner() != Combiner::sum)
      return rewriter.notifyMatchFailure(op, "the updates aren't a sum");
    unsigned rank = cast<RankedTensorType>(op.getIndices().getType()).getRank();
    auto axes = axesOfIndices(contract, rank);
    if (!axes)
      return rewriter.notifyMatchFailure(op, "an index isn't a place in its row");

    ContractParts parts = ContractParts::of(contract);
    auto dims = dimsOf(parts.type);
    parts.type = tensorType(op.getContext(), ArrayRef<Dim>(dims).drop_front(rank),
                            parts.type.getElementType());
    parts.result = AffineMap::get(parts.result.getNumDims(), parts.result.getNumSymbols(),
                                  parts.result.getResults().drop_front(rank), op.getContext());
    Location loc = op.getLoc();
    Value value = parts.create(rewriter, contract.getLoc(), contract.getBody().front());
    auto type = cast<RankedTensorType>(op.getType());
    SmallVector<int64_t> inRow = llvm::to_vector(llvm::seq<int64_t>(1, type.getRank()));
    Value everywhere = BroadcastOp::create(rewriter, loc, type, value, inRow);
    Value nothing = splat(rewriter, loc, type, 0.0);
    Value picked =
        SelectOp::create(rewriter, loc, type, isPicked(rewriter, op, *axes), everywhere, nothing);
    rewriter.replaceOpWithNewOp<AddOp>(op, type, nothing, picked);
    return success();
  }

private:
  /// The axis of a row that each axis of the indices is; nullopt where one is none.
  static std::optional<SmallVector<unsigned>> axesOfIndices(ContractOp updates, unsigned rank) {
    auto places = updates.getResultMap().getResults();
    auto extents = updates.getExtentDims(),
         dims = dimsOf(cast<RankedTensorType>(updates.getType()));
    SmallVector<unsigned> axes;
    for (unsigned i = 0; i < rank; ++i) {
      auto loop = dyn_cast<AffineDimExpr>(places[i]);
      auto *same = llvm::find(places.drop_front(rank), places[i]);
      unsigned axis = same - places.drop_front(rank).begin();
      // Of equal extents, so that every place of the row has its index.
      if (!loop || same == places.end() || !(extents[loop.getPosition()] == dims[i]) ||
          !(dims[i] == dims[rank + axis]) || llvm::is_contained(axes, axis))
        return std::nullopt;
      axes.push_back(axis);
    }
    return axes;
  }

  /// Whether an element of the table lies in the row that its place in the row picks.
  static Value isPicked(PatternRewriter &rewriter, ScatterAddOp op, ArrayRef<unsigned> axes) {
    Location loc = op.getLoc();
    auto dims = dimsOf(cast<RankedTensorType>(op.getType()));
    auto number = rewriter.getI64Type();
    auto ofType = [&](ArrayRef<Dim> extents, Type element) {
      return tensorType(op.getContext(), extents, element);
    };
    auto indexDims = dimsOf(cast<RankedTensorType>(op.getIndices().getType()));
    auto indexType = ofType(indexDims, number);
    Value at = ConvertOp::create(rewriter, loc, indexType, op.getIndices());
    Value last = DimensionOp::create(rewriter, loc, ofType({}, number),
                                     DimsAttr::get(op.getContext(), dims[0] - Dim(1)));
    last = BroadcastOp::create(rewriter, loc, indexType, last, ArrayRef<int64_t>());
    at = MinOp::create(rewriter, loc, indexType, at, last);
    at = MaxOp::create(rewriter, loc, indexType, at, splat(rewriter, loc, indexType, 0.0));
    SmallVector<AxisRead> reads;
    for (unsigned axis : axes)
      reads.push_back({0, 1, axis + 1});
    auto loops = llvm::to_vector(llvm::seq<unsigned>(0, dims.size()));
    at = readAsTensor(rewriter, loc, at, reads, loops, dims);
    Value rows = IotaOp::create(rewriter, loc, ofType(dims[0], number), 0);
    rows = BroadcastOp::create(rewriter, loc, ofType(dims, number), rows, ArrayRef<int64_t>{0});
    return CompareOp::create(rewriter, loc, ofType(dims, rewriter.getI1Type()), Predicate::eq, rows,
                             at);
  }
};

} // namespace

void tenon::addScatterSimplifications(RewritePatternSet &patterns) {
  patterns.add<ScatterOfDiagonal>(patterns.getContext());
}
