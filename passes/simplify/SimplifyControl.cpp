//===- SimplifyControl.cpp - Rewrites of loops and ifs --------------------===//
//
//   scan, loop:
//         carried values, slices and stacked results that nobody needs are dropped
//         a carried value that its body hands on unchanged is its initial value
//         a tensor that is run over twice along one axis is run over once
//         a slice of a broadcast along that axis is the broadcast's operand
//         a slice of a transpose is a transpose of a slice
//         stacking the same value twice stacks it once
//         stacking a value from outside is a broadcast; stacking a slice is its tensor
//         arithmetic on values from outside moves in front; broadcasts of them move inside
//   loop: the name of its steps is dropped where nobody uses it
//   if:   of a constant is its branch; results that nobody needs are dropped;
//         a result that both branches take from outside is that value
//
//===----------------------------------------------------------------------===//
#include "ir/dialect/NamedDims.h"
#include "passes/loops/ChangeScan.h"
#include "passes/simplify/Patterns.h"
#include "passes/simplify/Splat.h"

using namespace mlir;
using namespace tenon;

namespace {

//===----------------------------------------------------------------------===//
// Scan: what nobody needs
//===----------------------------------------------------------------------===//

/// The carried values that decide about a result in use, about an effect, or about another step.
llvm::SmallBitVector neededCarries(Repetition scan) {
  Block &body = scan.getBodyBlock();
  llvm::SmallBitVector needed(scan.getNumCarried());
  llvm::DenseSet<Value> seen;
  SmallVector<Value> work;
  for (auto [k, result] : llvm::enumerate(scan.getCarriedResults()))
    if (!result.use_empty() || (k == 0 && isa<LoopOp>(scan))) {
      needed.set(k);
      work.push_back(scan.getCarriedYields()[k]);
    }
  for (auto [result, yield] : llvm::zip(scan.getStackedResults(), scan.getStackedYields()))
    if (!result.use_empty())
      work.push_back(yield);
  auto addOperands = [&](Operation *op) {
    op->walk([&](Operation *inner) { llvm::append_range(work, inner->getOperands()); });
  };
  for (Operation &op : body.without_terminator())
    if (!isMemoryEffectFree(&op))
      addOperands(&op);
  while (!work.empty()) {
    Value value = work.pop_back_val();
    if (!seen.insert(value).second)
      continue;
    for (auto [k, argument] : llvm::enumerate(scan.getCarriedArguments()))
      if (value == argument && !needed[k]) {
        needed.set(k);
        work.push_back(scan.getCarriedYields()[k]);
      }
    if (Operation *op = value.getDefiningOp();
        op && body.getParent()->isAncestor(op->getParentRegion()))
      addOperands(op);
  }
  return needed;
}

struct DropUnneeded : OpInterfaceRewritePattern<Repetition> {
  using OpInterfaceRewritePattern::OpInterfaceRewritePattern;
  LogicalResult matchAndRewrite(Repetition scan, PatternRewriter &rewriter) const override {
    ScanChange change(scan);
    change.dropCarried = ~neededCarries(scan);
    for (auto [k, argument] : llvm::enumerate(scan.getSliceArguments()))
      change.dropInputs[k] = argument.use_empty();
    for (auto [k, result] : llvm::enumerate(scan.getStackedResults()))
      change.dropStacked[k] = result.use_empty();
    if (change.empty())
      return rewriter.notifyMatchFailure(scan, "everything is needed");
    changeScan(rewriter, scan, change);
    return success();
  }
};

struct ForwardInvariantCarry : OpInterfaceRewritePattern<Repetition> {
  using OpInterfaceRewritePattern::OpInterfaceRewritePattern;
  LogicalResult matchAndRewrite(Repetition scan, PatternRewriter &rewriter) const override {
    bool changed = false;
    for (auto [argument, init, yield, result] :
         llvm::zip(scan.getCarriedArguments(), scan.getInit(), scan.getCarriedYields(),
                   scan.getCarriedResults())) {
      if ((yield != argument && yield != init) || (argument.use_empty() && result.use_empty()))
        continue;
      bool isUsed = !result.use_empty() || llvm::any_of(argument.getUsers(), [&](Operation *user) {
        return user != scan.getBodyBlock().getTerminator();
      });
      if (!isUsed && yield == init)
        continue;
      rewriter.replaceAllUsesWith(argument, init);
      rewriter.replaceAllUsesWith(result, init);
      changed = true;
    }
    return changed ? success() : rewriter.notifyMatchFailure(scan, "all carried values change");
  }
};

//===----------------------------------------------------------------------===//
// Scan: what comes in and what goes out
//===----------------------------------------------------------------------===//

struct SimplifyInputs : OpRewritePattern<ScanOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(ScanOp scan, PatternRewriter &rewriter) const override {
    bool changed = false;
    for (unsigned k = 0; k < scan.getInputs().size(); ++k) {
      BlockArgument slice = scan.getSliceArguments()[k];
      if (slice.use_empty())
        continue;
      for (unsigned j = 0; j < k; ++j)
        if (scan.getInputs()[j] == scan.getInputs()[k] &&
            scan.getInputAxes()[j] == scan.getInputAxes()[k]) {
          rewriter.replaceAllUsesWith(slice, scan.getSliceArguments()[j]);
          changed = true;
          break;
        }
      if (!slice.use_empty() && sliceOfBroadcast(scan, k, rewriter))
        changed = true;
    }
    return changed ? success() : rewriter.notifyMatchFailure(scan, "all slices are distinct");
  }

private:
  static bool sliceOfBroadcast(ScanOp scan, unsigned k, PatternRewriter &rewriter) {
    auto broadcast = scan.getInputs()[k].getDefiningOp<BroadcastOp>();
    int64_t along = scan.getInputAxes()[k];
    if (!broadcast || llvm::is_contained(broadcast.getAxes(), along))
      return false;
    SmallVector<int64_t> axes;
    for (int64_t axis : broadcast.getAxes())
      axes.push_back(axis > along ? axis - 1 : axis);
    BlockArgument slice = scan.getSliceArguments()[k];
    rewriter.setInsertionPointToStart(&scan.getBody().front());
    Value same = BroadcastOp::create(rewriter, broadcast.getLoc(), slice.getType(),
                                     broadcast.getOperand(), axes);
    rewriter.replaceAllUsesWith(slice, same);
    return true;
  }
};

struct SliceOfTranspose : OpRewritePattern<ScanOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(ScanOp scan, PatternRewriter &rewriter) const override {
    for (unsigned k = 0; k < scan.getInputs().size(); ++k) {
      auto transpose = scan.getInputs()[k].getDefiningOp<TransposeOp>();
      BlockArgument slice = scan.getSliceArguments()[k];
      if (!transpose || slice.use_empty())
        continue;
      int64_t axis = transpose.getPermutation()[scan.getInputAxes()[k]];
      SmallVector<int64_t> rest;
      for (auto [i, from] : llvm::enumerate(transpose.getPermutation()))
        if (int64_t(i) != scan.getInputAxes()[k])
          rest.push_back(from > axis ? from - 1 : from);
      ScanChange change(scan);
      change.inputs.push_back({transpose.getOperand(), axis});
      unsigned position = k;
      Repetition changed = changeScan(rewriter, scan, change);
      Value now = changed.getSliceArguments().back();
      rewriter.setInsertionPointToStart(&changed.getBodyBlock());
      BlockArgument old = changed.getSliceArguments()[position];
      if (!llvm::is_sorted(rest))
        now = TransposeOp::create(rewriter, transpose.getLoc(), old.getType(), now, rest);
      rewriter.replaceAllUsesWith(old, now);
      return success();
    }
    return rewriter.notifyMatchFailure(scan, "runs over no transpose");
  }
};

/// `value` with axis `from` at place `to`.
Value moveAxis(OpBuilder &builder, Location loc, Value value, int64_t from, int64_t to) {
  if (from == to)
    return value;
  auto type = cast<RankedTensorType>(value.getType());
  SmallVector<int64_t> permutation = llvm::to_vector(llvm::seq<int64_t>(0, type.getRank()));
  permutation.erase(permutation.begin() + from);
  permutation.insert(permutation.begin() + to, from);
  auto extents = dimsOf(type);
  SmallVector<Dim> dims;
  for (int64_t axis : permutation)
    dims.push_back(extents[axis]);
  auto moved = tensorType(type.getContext(), dims, type.getElementType());
  return TransposeOp::create(builder, loc, moved, value, permutation);
}

struct SimplifyStacked : OpInterfaceRewritePattern<Repetition> {
  using OpInterfaceRewritePattern::OpInterfaceRewritePattern;
  LogicalResult matchAndRewrite(Repetition scan, PatternRewriter &rewriter) const override {
    bool changed = false;
    for (unsigned k = 0; k < scan.getStackedResults().size(); ++k) {
      Value result = scan.getStackedResults()[k], yield = scan.getStackedYields()[k];
      if (result.use_empty())
        continue;
      rewriter.setInsertionPointAfter(scan);
      if (Value same = elsewhere(scan, k, yield, rewriter)) {
        rewriter.replaceAllUsesWith(result, same);
        changed = true;
      }
    }
    return changed ? success() : rewriter.notifyMatchFailure(scan, "all stacks are needed");
  }

private:
  static Value elsewhere(Repetition scan, unsigned k, Value yield, PatternRewriter &rewriter) {
    int64_t axis = scan.getStackAxes()[k];
    Location loc = scan.getLoc();
    auto type = cast<RankedTensorType>(scan.getStackedResults()[k].getType());
    for (unsigned j = 0; j < k; ++j)
      if (scan.getStackedYields()[j] == yield)
        return moveAxis(rewriter, loc, scan.getStackedResults()[j], scan.getStackAxes()[j], axis);
    for (auto [j, slice] : llvm::enumerate(scan.getSliceArguments()))
      if (slice == yield)
        return moveAxis(rewriter, loc, scan.getInputs()[j], scan.getSliceAxes()[j], axis);
    if (!isOutside(yield, scan))
      return {};
    SmallVector<int64_t> axes = llvm::to_vector(llvm::seq<int64_t>(0, type.getRank()));
    axes.erase(axes.begin() + axis);
    return BroadcastOp::create(rewriter, loc, type, yield, axes);
  }
};

//===----------------------------------------------------------------------===//
// Scan: what doesn't change
//===----------------------------------------------------------------------===//

bool isView(Operation *op) {
  return isa<BroadcastOp, ReshapeOp, TransposeOp, SliceOp, ConstantOp, DimensionOp, IotaOp>(op);
}

struct HoistArithmetic : OpInterfaceRewritePattern<Repetition> {
  using OpInterfaceRewritePattern::OpInterfaceRewritePattern;
  LogicalResult matchAndRewrite(Repetition scan, PatternRewriter &rewriter) const override {
    llvm::DenseSet<Operation *> views;
    SmallVector<Operation *> hoisted;
    BoundDims bound(scan.getBodyBlock(), BoundDims::Depth::Nested);
    for (Operation &op : scan.getBodyBlock().without_terminator()) {
      if ((op.getNumRegions() > 0 && !isa<ContractOp>(op)) || !bound.usedBy(&op).empty())
        continue;
      bool isInvariant = isMemoryEffectFree(&op) && llvm::all_of(op.getOperands(), [&](Value v) {
                           return isOutside(v, scan) || views.contains(v.getDefiningOp()) ||
                                  llvm::is_contained(hoisted, v.getDefiningOp());
                         });
      if (!isInvariant)
        continue;
      if (isView(&op))
        views.insert(&op);
      else
        hoisted.push_back(&op);
    }
    if (hoisted.empty())
      return rewriter.notifyMatchFailure(scan, "nothing is invariant");
    for (Operation *op : hoisted)
      bringOut(op, scan, rewriter);
    return success();
  }

private:
  static void bringOut(Operation *op, Repetition scan, PatternRewriter &rewriter) {
    for (OpOperand &operand : op->getOpOperands())
      if (!isOutside(operand.get(), scan)) {
        Value copy = copyOut(operand.get(), scan, rewriter);
        rewriter.modifyOpInPlace(op, [&] { operand.set(copy); });
      }
    rewriter.moveOpBefore(op, scan);
  }
  static Value copyOut(Value view, Repetition scan, PatternRewriter &rewriter) {
    if (isOutside(view, scan))
      return view;
    Operation *op = view.getDefiningOp();
    IRMapping mapping;
    for (Value operand : op->getOperands())
      mapping.map(operand, copyOut(operand, scan, rewriter));
    rewriter.setInsertionPoint(scan);
    return rewriter.clone(*op, mapping)->getResult(0);
  }
};

/// A broadcast takes no room inside, and much outside.
struct SinkBroadcast : OpRewritePattern<BroadcastOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(BroadcastOp op, PatternRewriter &rewriter) const override {
    llvm::SmallSetVector<Block *, 4> blocks;
    for (Operation *user : op->getUsers())
      if (user->getBlock() != op->getBlock() && !user->getParentOfType<KernelOp>())
        blocks.insert(user->getBlock());
    if (blocks.empty())
      return rewriter.notifyMatchFailure(op, "no nested region uses it");
    for (Block *block : blocks) {
      rewriter.setInsertionPointToStart(block);
      Value copy = rewriter.clone(*op)->getResult(0);
      rewriter.replaceUsesWithIf(op.getResult(), copy, [&](OpOperand &use) {
        return use.getOwner()->getBlock() == block;
      });
    }
    return success();
  }
};

//===----------------------------------------------------------------------===//
// Loop
//===----------------------------------------------------------------------===//

/// A loop that names its steps is kept for them alone.
struct DropUnusedSteps : OpRewritePattern<LoopOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(LoopOp loop, PatternRewriter &rewriter) const override {
    if (!loop.getSteps() || !loop.getStackedResults().empty())
      return rewriter.notifyMatchFailure(loop, "its steps have no name, or results along them");
    bool isUsed = false;
    BoundDims bound(*loop->getBlock(), BoundDims::Depth::Block);
    for (Operation *op = loop->getNextNode(); op && !isUsed; op = op->getNextNode())
      isUsed = llvm::is_contained(bound.usedBy(op), loop);
    if (isUsed)
      return rewriter.notifyMatchFailure(loop, "its steps are used");
    rewriter.modifyOpInPlace(loop, [&] { loop.removeStepsAttr(); });
    return success();
  }
};

//===----------------------------------------------------------------------===//
// If
//===----------------------------------------------------------------------===//

struct IfOfConstant : OpRewritePattern<IfOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(IfOp op, PatternRewriter &rewriter) const override {
    TypedAttr known = splatOf(op.getCondition());
    if (!known)
      return rewriter.notifyMatchFailure(op, "the condition isn't a constant");
    bool chosen = !cast<IntegerAttr>(known).getValue().isZero();
    Block &block = (chosen ? op.getThenRegion() : op.getElseRegion()).front();
    Operation *terminator = block.getTerminator();
    SmallVector<Value> values(terminator->getOperands());
    rewriter.inlineBlockBefore(&block, op);
    rewriter.eraseOp(terminator);
    rewriter.replaceOp(op, values);
    return success();
  }
};

struct SimplifyIfResults : OpRewritePattern<IfOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(IfOp op, PatternRewriter &rewriter) const override {
    Operation *yieldThen = op.getThenRegion().front().getTerminator();
    Operation *yieldElse = op.getElseRegion().front().getTerminator();
    bool changed = false;
    for (auto [i, result] : llvm::enumerate(op.getResults())) {
      Value value = yieldThen->getOperand(i);
      if (!result.use_empty() && value == yieldElse->getOperand(i)) {
        rewriter.replaceAllUsesWith(result, value);
        changed = true;
      }
    }
    SmallVector<Value> kept;
    SmallVector<Value> thenValues, elseValues;
    for (auto [i, result] : llvm::enumerate(op.getResults()))
      if (!result.use_empty()) {
        kept.push_back(result);
        thenValues.push_back(yieldThen->getOperand(i));
        elseValues.push_back(yieldElse->getOperand(i));
      }
    if (kept.size() == op.getNumResults())
      return changed ? success() : rewriter.notifyMatchFailure(op, "every result is needed");
    rewriter.modifyOpInPlace(yieldThen, [&] { yieldThen->setOperands(thenValues); });
    rewriter.modifyOpInPlace(yieldElse, [&] { yieldElse->setOperands(elseValues); });
    rewriter.setInsertionPoint(op);
    auto smaller =
        IfOp::create(rewriter, op.getLoc(), ValueRange(kept).getTypes(), op.getCondition());
    rewriter.inlineRegionBefore(op.getThenRegion(), smaller.getThenRegion(),
                                smaller.getThenRegion().begin());
    rewriter.inlineRegionBefore(op.getElseRegion(), smaller.getElseRegion(),
                                smaller.getElseRegion().begin());
    for (auto [old, now] : llvm::zip(kept, smaller.getResults()))
      rewriter.replaceAllUsesWith(old, now);
    rewriter.eraseOp(op);
    return success();
  }
};

} // namespace

void tenon::addControlSimplifications(RewritePatternSet &patterns) {
  patterns
      .add<DropUnneeded, ForwardInvariantCarry, SimplifyInputs, SliceOfTranspose, SimplifyStacked,
           HoistArithmetic, SinkBroadcast, DropUnusedSteps, IfOfConstant, SimplifyIfResults>(
          patterns.getContext());
}
