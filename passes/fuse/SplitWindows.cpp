//===- SplitWindows.cpp - Products whose results are pooled ---------------===//
//
// A pooling reads the result of a convolution in windows that don't overlap:
//
//   pooled[b, y, x, c] = max over i, j of f(product[b, 2 y + i, 2 x + j, c])
//
// If nothing else reads it, the product is computed window by window, its result [b, y, x, i, j,
// c]. The pooling then joins results that lie side by side, which the product's kernel can do
// before it stores anything.
//
//===----------------------------------------------------------------------===//
#include "passes/Passes.h"
#include "passes/fuse/ContractionShape.h"
#include "passes/simplify/LoopSum.h"

#include <map>

namespace tenon {
#define GEN_PASS_DEF_SPLITWINDOWS
#include "passes/Passes.h.inc"
} // namespace tenon

using namespace mlir;
using namespace tenon;

namespace {

/// A reduction over windows of a product's result, and the maps in between.
class Windows {
public:
  /// nullopt if `pooling` isn't one of a product that it alone reads.
  static std::optional<Windows> find(ContractOp pooling) {
    Windows windows(pooling);
    if (!windows.isPooling() || !windows.findProduct(pooling.getInputs()[0]) ||
        !windows.hasOneReader() || !windows.placeAxes())
      return std::nullopt;
    return windows;
  }

  void split() {
    OpBuilder builder(pooling);
    copies[result] = splitProduct(builder);
    ContractParts parts = ContractParts::of(pooling);
    parts.inputs[0] = byWindow(pooling.getInputs()[0], builder);
    SmallVector<AffineExpr> places(dims.size());
    for (auto [loop, axis] : axisOf)
      places[axis] = builder.getAffineDimExpr(loop);
    parts.maps[0] = AffineMap::get(parts.extents.size(), 0, places, builder.getContext());
    ContractOp joined = parts.create(builder, pooling.getLoc(), pooling.getBody().front());
    pooling.replaceAllUsesWith(joined.getResult());
  }

private:
  explicit Windows(ContractOp pooling) : pooling(pooling) {}

  /// An axis as the pooling reads it: stride * loop + loop in the window; no loop: of extent 1.
  struct Axis {
    std::optional<unsigned> loop, inWindow;
    int64_t stride = 1;
  };

  //===--------------------------------------------------------------------===//
  // Finding
  //===--------------------------------------------------------------------===//

  bool isPooling() {
    if (pooling.getInputs().size() != 1 || pooling.getSymbols() || !canFold(pooling))
      return false;
    auto parts = ContractParts::of(pooling);
    auto reduced = pooling.getReducedLoops();
    for (AffineExpr expr : pooling.getInputMap(0).getResults()) {
      auto sum = LoopSum::of(expr, parts);
      if (!sum || !sum->constant.isConstant(0))
        return false;
      auto loops = sum->loops();
      Axis axis;
      if (loops.size() == 2) {
        if (llvm::is_contained(reduced, loops[0]))
          std::swap(loops[0], loops[1]);
        axis.inWindow = loops[1];
        if (sum->coefficients[loops[1]] != 1)
          return false;
      }
      if (loops.size() > 2)
        return false;
      if (!loops.empty()) {
        axis.loop = loops[0];
        axis.stride = sum->coefficients[loops[0]];
        productAxes.push_back(axis);
      }
      axes.push_back(axis);
    }
    return true;
  }

  /// Follows maps from the pooling's operand to the one product.
  bool findProduct(Value value) {
    Operation *op = value.getDefiningOp();
    if (auto broadcast = dyn_cast_or_null<BroadcastOp>(op))
      return llvm::all_of(broadcast.getAxes(),
                          [&](int64_t axis) { return axes[axis].loop && !axes[axis].inWindow; });
    if (!op || op->getBlock() != pooling->getBlock())
      return false;
    if (isa<ReshapeOp, ContractOp>(op)) {
      bool isOther = result && result != value;
      result = value;
      return !isOther && isProduct(value);
    }
    between.insert(op);
    return isa<MapOp>(op) &&
           llvm::all_of(op->getOperands(), [&](Value operand) { return findProduct(operand); });
  }

  /// The result of a product, or that with the axes of extent 1 that it lacks.
  bool isProduct(Value value) {
    auto read = dimsOf(cast<RankedTensorType>(value.getType()));
    if (auto reshape = value.getDefiningOp<ReshapeOp>()) {
      between.insert(reshape);
      value = reshape.getOperand();
      for (int axis = axes.size() - 1; axis >= 0; --axis)
        if (!axes[axis].loop)
          read.erase(read.begin() + axis);
    }
    product = value.getDefiningOp<ContractOp>();
    return product && product->getBlock() == pooling->getBlock() && !product.getSymbols() &&
           read.size() == productAxes.size() &&
           dimsOf(cast<RankedTensorType>(product.getType())) == read;
  }

  bool hasOneReader() {
    if (!product)
      return false;
    auto isInside = [&](Operation *user) { return user == pooling || between.contains(user); };
    return llvm::all_of(product->getUsers(), isInside) && llvm::all_of(between, [&](Operation *op) {
             return llvm::all_of(op->getUsers(), isInside);
           });
  }

  /// Gives every loop of the pooling its axis: rows of the product, the windows, columns. False if
  /// windows overlap, or something of this order doesn't hold.
  bool placeAxes() {
    auto shape = classifyContraction(product);
    if (!shape || !isWorthTiling(product, *shape))
      return false;
    auto extents = pooling.getExtentDims();
    SmallVector<unsigned> rows, windows, columns;
    llvm::SmallBitVector seen(extents.size());
    auto take = [&](unsigned loop, SmallVector<unsigned> &into) {
      bool isNew = !seen[loop];
      seen.set(loop);
      into.push_back(loop);
      return isNew;
    };
    for (auto [axis, expr] : llvm::zip(productAxes, product.getResultMap().getResults())) {
      bool isColumn = llvm::is_contained(shape->n, cast<AffineDimExpr>(expr).getPosition());
      if ((isColumn && axis.inWindow) || (!isColumn && !columns.empty()) ||
          (!axis.inWindow && axis.stride != 1) || !take(*axis.loop, isColumn ? columns : rows))
        return false;
      if (!axis.inWindow)
        continue;
      auto size = extents[*axis.inWindow].constant();
      if (!size || *size > axis.stride || !take(*axis.inWindow, windows))
        return false;
    }
    // The pooling's result has the same order, without the windows.
    SmallVector<unsigned> kept(rows);
    llvm::append_range(kept, columns);
    if (!seen.all() || !foldedRows(extents, windows) ||
        kept.size() != pooling.getResultMap().getNumResults())
      return false;
    for (auto [loop, expr] : llvm::zip(kept, pooling.getResultMap().getResults()))
      if (expr != getAffineDimExpr(loop, pooling.getContext()))
        return false;
    for (auto *loops : {&rows, &windows, &columns})
      for (unsigned loop : *loops) {
        axisOf[loop] = dims.size();
        dims.push_back(extents[loop]);
      }
    return true;
  }

  //===--------------------------------------------------------------------===//
  // Splitting
  //===--------------------------------------------------------------------===//

  RankedTensorType typeOf(Value whole) {
    return tensorType(pooling.getContext(), dims, elementOf(whole.getType()));
  }

  /// Its loops: the new axes, then those that were reduced.
  Value splitProduct(OpBuilder &builder) {
    ContractParts parts = ContractParts::of(product);
    SmallVector<AffineExpr> replacements(parts.extents.size());
    for (auto [axis, expr] : llvm::zip(productAxes, parts.result.getResults())) {
      AffineExpr place = builder.getAffineDimExpr(axisOf.at(*axis.loop)) * axis.stride;
      if (axis.inWindow)
        place = place + builder.getAffineDimExpr(axisOf.at(*axis.inWindow));
      replacements[cast<AffineDimExpr>(expr).getPosition()] = place;
    }
    SmallVector<Dim> extents = dims;
    for (unsigned loop : product.getReducedLoops()) {
      replacements[loop] = builder.getAffineDimExpr(extents.size());
      extents.push_back(parts.extents[loop]);
    }
    parts.replaceLoops(replacements, extents);
    parts.result = builder.getMultiDimIdentityMap(extents.size()).getMajorSubMap(dims.size());
    parts.type = typeOf(product.getResult());
    return parts.createProduct(builder, product.getLoc());
  }

  /// A value between the product and the pooling, its windows side by side.
  Value byWindow(Value value, OpBuilder &builder) {
    if (auto known = copies.find(value); known != copies.end())
      return known->second;
    Operation *op = value.getDefiningOp();
    if (auto broadcast = dyn_cast<BroadcastOp>(op)) {
      SmallVector<int64_t> moved;
      for (int64_t axis : broadcast.getAxes())
        moved.push_back(axisOf.at(*axes[axis].loop));
      return copies[value] = BroadcastOp::create(builder, op->getLoc(), typeOf(value),
                                                 broadcast.getOperand(), moved);
    }
    IRMapping mapping;
    for (Value operand : op->getOperands())
      mapping.map(operand, byWindow(operand, builder));
    Operation *copy = builder.clone(*op, mapping);
    copy->getResult(0).setType(typeOf(value));
    return copies[value] = copy->getResult(0);
  }

  ContractOp pooling, product;
  /// The product's result as the maps read it.
  Value result;
  /// Of the pooling's operand, and of the product's result.
  SmallVector<Axis> axes, productAxes;
  llvm::SetVector<Operation *> between;
  /// The new product's axes, and where the pooling's loops are among them.
  SmallVector<Dim> dims;
  std::map<unsigned, unsigned> axisOf;
  llvm::DenseMap<Value, Value> copies;
};

struct SplitWindows : tenon::impl::SplitWindowsBase<SplitWindows> {
  void runOnOperation() override {
    SmallVector<ContractOp> reductions;
    getOperation().walk([&](ContractOp op) {
      if (op.getInputs().size() == 1)
        reductions.push_back(op);
    });
    for (ContractOp pooling : reductions)
      if (auto windows = Windows::find(pooling))
        windows->split();
    eraseDead();
  }

  /// What was split has no readers left.
  void eraseDead() {
    SmallVector<Operation *> ops;
    getOperation().walk<WalkOrder::PreOrder>([&](Operation *op) { ops.push_back(op); });
    for (Operation *op : llvm::reverse(ops))
      if (isOpTriviallyDead(op))
        op->erase();
  }
};

} // namespace
