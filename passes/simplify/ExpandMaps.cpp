//===- ExpandMaps.cpp - Maps in terms of those that code exists for -------===//
//
//   softplus(x) = max(x, 0) + log1p(exp(-|x|))
//   a - softplus(x) = (a - max(x, 0)) - log1p(exp(-|x|))
//   softplus(x) - a = (max(x, 0) - a) + log1p(exp(-|x|))
//
// The last two keep the digits of the small part where a is near max(x, 0): the loss of a
// confident, right prediction.
//
//===----------------------------------------------------------------------===//
#include "passes/Passes.h"
#include "passes/simplify/Splat.h"

#include "mlir/Transforms/GreedyPatternRewriteDriver.h"

namespace tenon {
#define GEN_PASS_DEF_EXPANDMAPS
#include "passes/Passes.h.inc"
} // namespace tenon

using namespace mlir;
using namespace tenon;

namespace {

/// max(x, 0) and log1p(exp(-|x|)), which add up to softplus(x).
std::pair<Value, Value> partsOf(SoftplusOp op, PatternRewriter &rewriter) {
  Location loc = op.getLoc();
  Type type = op.getType();
  Value x = op.getOperand();
  Value large = MaxOp::create(rewriter, loc, type, x, splat(rewriter, loc, type, 0.0));
  Value size = NegOp::create(rewriter, loc, type, AbsOp::create(rewriter, loc, type, x));
  Value small = Log1pOp::create(rewriter, loc, type, ExpOp::create(rewriter, loc, type, size));
  return {large, small};
}

struct ExpandSoftplus : OpRewritePattern<SoftplusOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(SoftplusOp op, PatternRewriter &rewriter) const override {
    auto [large, small] = partsOf(op, rewriter);
    rewriter.replaceOpWithNewOp<AddOp>(op, op.getType(), large, small);
    return success();
  }
};

struct ExpandDifference : OpRewritePattern<SubOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(SubOp op, PatternRewriter &rewriter) const override {
    Type type = op.getType();
    if (auto softplus = op.getRhs().getDefiningOp<SoftplusOp>()) {
      auto [large, small] = partsOf(softplus, rewriter);
      Value rest = SubOp::create(rewriter, op.getLoc(), type, op.getLhs(), large);
      rewriter.replaceOpWithNewOp<SubOp>(op, type, rest, small);
      return success();
    }
    if (auto softplus = op.getLhs().getDefiningOp<SoftplusOp>()) {
      auto [large, small] = partsOf(softplus, rewriter);
      Value rest = SubOp::create(rewriter, op.getLoc(), type, large, op.getRhs());
      rewriter.replaceOpWithNewOp<AddOp>(op, type, rest, small);
      return success();
    }
    return rewriter.notifyMatchFailure(op, "no softplus");
  }
};

struct ExpandMaps : tenon::impl::ExpandMapsBase<ExpandMaps> {
  void runOnOperation() override {
    // Differences first: afterwards no softplus is left to see in them.
    for (bool differences : {true, false}) {
      RewritePatternSet patterns(&getContext());
      if (differences)
        patterns.add<ExpandDifference>(&getContext());
      else
        patterns.add<ExpandSoftplus>(&getContext());
      GreedyRewriteConfig config;
      config.setRegionSimplificationLevel(GreedySimplifyRegionLevel::Disabled);
      if (failed(applyPatternsGreedily(getOperation(), std::move(patterns), config)))
        return signalPassFailure();
    }
  }
};

} // namespace
