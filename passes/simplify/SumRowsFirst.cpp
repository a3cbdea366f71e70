//===- SumRowsFirst.cpp - Sums for each row of a table before products ----===//
//
// Where many places name few rows, what meets the same row is added up before it is multiplied:
//
//   sum[n, ..] b[n, j] * gather(table, at)[n, i]       = sum[w, ..] s[w, j] * table[w, i]
//   scatter_add(sum[j] b[n, j] * k[j, i], at)[w, i]    = sum[j] s[w, j] * k[j, i]
//
// with s = scatter_add(b, at): the derivatives of a product of a table's rows, for the other factor
// and for the table. As many rows as places are left of the product's size. Only where the numbers
// of both are known and there are at most half as many rows. Real sums are reordered by this.
//
//===----------------------------------------------------------------------===//
#include "passes/Passes.h"
#include "passes/simplify/ContractParts.h"

namespace tenon {
#define GEN_PASS_DEF_SUMROWSFIRST
#include "passes/Passes.h.inc"
} // namespace tenon

using namespace mlir;
using namespace tenon;

namespace {

SmallVector<Dim> extentsOf(Value value) { return dimsOf(cast<RankedTensorType>(value.getType())); }

bool areFewRows(const Dim &rows, Value indices) {
  Dim places(1);
  for (const Dim &extent : extentsOf(indices))
    places = places * extent;
  auto few = rows.constant(), many = places.constant();
  return few && many && 2 * *few <= *many;
}

bool isProductOfTwo(ContractOp op) {
  return op.getInputs().size() == 2 && op.isSumOfProducts() && !op.getSymbols() &&
         isReal(elementOf(op.getType())) && isSummedInItsType(op);
}

/// The loops that the first `count` axes of a tensor are, each all of its loop's places and no part
/// of another axis; nullopt if one isn't.
std::optional<SmallVector<unsigned>> leadingLoops(AffineMap map, unsigned count, ArrayRef<Dim> dims,
                                                  ArrayRef<Dim> extents) {
  SmallVector<unsigned> loops;
  for (unsigned i = 0; i < count; ++i) {
    auto loop = dyn_cast<AffineDimExpr>(map.getResult(i));
    if (!loop || !(dims[i] == extents[loop.getPosition()]) ||
        llvm::count_if(map.getResults(), [&](AffineExpr other) {
          return other.isFunctionOfDim(loop.getPosition());
        }) != 1)
      return std::nullopt;
    loops.push_back(loop.getPosition());
  }
  return loops;
}

/// The axis of `operand` that each of `loops` is; nullopt as in `leadingLoops`.
std::optional<SmallVector<int64_t>> axesOf(ArrayRef<unsigned> loops, AffineMap map, Value operand,
                                           ArrayRef<Dim> extents) {
  SmallVector<int64_t> axes;
  for (unsigned loop : loops) {
    std::optional<int64_t> axis;
    for (auto [i, expr] : llvm::enumerate(map.getResults())) {
      if (!expr.isFunctionOfDim(loop))
        continue;
      if (axis || !isa<AffineDimExpr>(expr) || !(extentsOf(operand)[i] == extents[loop]))
        return std::nullopt;
      axis = int64_t(i);
    }
    if (!axis)
      return std::nullopt;
    axes.push_back(*axis);
  }
  return axes;
}

bool mentions(AffineMap map, ArrayRef<unsigned> loops) {
  return llvm::any_of(loops, [&](unsigned loop) { return map.isFunctionOfDim(loop); });
}

/// `map` with loop `row` for the results at `axes`, which come first.
AffineMap byRow(AffineMap map, ArrayRef<int64_t> axes, AffineExpr row) {
  SmallVector<AffineExpr> places{row};
  for (auto [i, expr] : llvm::enumerate(map.getResults()))
    if (!llvm::is_contained(axes, int64_t(i)))
      places.push_back(expr);
  return AffineMap::get(map.getNumDims(), 0, places, map.getContext());
}

/// The sums of `operand` over the places with the same row; its axes `axes` are those of `indices`.
Value summedByRow(OpBuilder &builder, Location loc, Value operand, ArrayRef<int64_t> axes,
                  Value indices, const Dim &rows) {
  auto dims = extentsOf(operand);
  SmallVector<int64_t> order(axes);
  SmallVector<Dim> moved, summed{rows};
  for (int64_t axis = 0; axis < int64_t(dims.size()); ++axis)
    if (!llvm::is_contained(axes, axis)) {
      order.push_back(axis);
      summed.push_back(dims[axis]);
    }
  for (int64_t axis : order)
    moved.push_back(dims[axis]);
  Type element = elementOf(operand.getType());
  if (!llvm::is_sorted(order))
    operand = TransposeOp::create(builder, loc, tensorType(builder.getContext(), moved, element),
                                  operand, order);
  return ScatterAddOp::create(builder, loc, tensorType(builder.getContext(), summed, element),
                              operand, indices);
}

struct SumRowsFirst : tenon::impl::SumRowsFirstBase<SumRowsFirst> {
  void runOnOperation() override {
    SmallVector<ContractOp> contractions;
    SmallVector<ScatterAddOp> scatters;
    getOperation().walk([&](Operation *op) {
      if (auto contract = dyn_cast<ContractOp>(op); contract && isProductOfTwo(contract))
        contractions.push_back(contract);
      if (auto scatter = dyn_cast<ScatterAddOp>(op))
        scatters.push_back(scatter);
    });
    for (ScatterAddOp scatter : scatters)
      multiplyAfterwards(scatter);
    for (ContractOp contract : contractions)
      if (!contract->use_empty() && !multiplyRows(contract, 0))
        multiplyRows(contract, 1);
  }

  /// The first equation, for a gather as operand `side`. Answers whether it applied.
  bool multiplyRows(ContractOp op, unsigned side) {
    auto gather = op.getInputs()[side].getDefiningOp<GatherOp>();
    if (!gather)
      return false;
    Value indices = gather.getIndices(), other = op.getInputs()[1 - side];
    Dim rows = extentsOf(gather.getTable())[0];
    auto extents = op.getExtentDims();
    unsigned rank = extentsOf(indices).size();
    auto loops = leadingLoops(op.getInputMap(side), rank, extentsOf(gather), extents);
    if (!loops || mentions(op.getResultMap(), *loops) || !areFewRows(rows, indices))
      return false;
    auto axes = axesOf(*loops, op.getInputMap(1 - side), other, extents);
    if (!axes)
      return false;
    OpBuilder builder(op);
    ContractParts parts = ContractParts::of(op);
    parts.prependLoop(rows);
    auto row = getAffineDimExpr(0, op.getContext());
    auto leading = llvm::to_vector(llvm::seq<int64_t>(0, rank));
    parts.inputs[side] = gather.getTable();
    parts.maps[side] = byRow(parts.maps[side], leading, row);
    parts.inputs[1 - side] = summedByRow(builder, op.getLoc(), other, *axes, indices, rows);
    parts.maps[1 - side] = byRow(parts.maps[1 - side], *axes, row);
    replace(builder, op, op, parts, *loops);
    return true;
  }

  /// The second equation.
  void multiplyAfterwards(ScatterAddOp scatter) {
    auto op = scatter.getUpdates().getDefiningOp<ContractOp>();
    Value indices = scatter.getIndices();
    Dim rows = extentsOf(scatter)[0];
    if (!op || !op->hasOneUse() || !isProductOfTwo(op) || !areFewRows(rows, indices))
      return;
    auto extents = op.getExtentDims();
    unsigned rank = extentsOf(indices).size();
    auto loops = leadingLoops(op.getResultMap(), rank, extentsOf(op), extents);
    if (!loops)
      return;
    for (unsigned side : {0, 1}) {
      if (mentions(op.getInputMap(1 - side), *loops))
        continue;
      auto axes = axesOf(*loops, op.getInputMap(side), op.getInputs()[side], extents);
      if (!axes)
        return;
      OpBuilder builder(scatter);
      ContractParts parts = ContractParts::of(op);
      parts.prependLoop(rows);
      auto row = getAffineDimExpr(0, op.getContext());
      parts.inputs[side] =
          summedByRow(builder, scatter.getLoc(), op.getInputs()[side], *axes, indices, rows);
      parts.maps[side] = byRow(parts.maps[side], *axes, row);
      parts.result = byRow(parts.result, llvm::to_vector(llvm::seq<int64_t>(0, rank)), row);
      parts.type = cast<RankedTensorType>(scatter.getType());
      return replace(builder, scatter, op, parts, *loops);
    }
  }

  /// Puts the contraction `parts` in the place of `old`, without the loops of the indices.
  static void replace(OpBuilder &builder, Operation *old, ContractOp model, ContractParts &parts,
                      ArrayRef<unsigned> loops) {
    llvm::SmallBitVector dropped(parts.extents.size());
    for (unsigned loop : loops)
      dropped.set(loop + 1);
    parts.dropLoops(dropped);
    old->replaceAllUsesWith(parts.create(builder, old->getLoc(), model.getBody().front()));
    old->erase();
  }
};

} // namespace
