//===- Simplify.cpp - Applies the rewrites until none fits ----------------===//
#include "passes/Passes.h"
#include "passes/simplify/Patterns.h"

#include "mlir/Transforms/GreedyPatternRewriteDriver.h"

namespace tenon {
#define GEN_PASS_DEF_SIMPLIFY
#include "passes/Passes.h.inc"
} // namespace tenon

using namespace mlir;

namespace {
struct Simplify : tenon::impl::SimplifyBase<Simplify> {
  void runOnOperation() override {
    RewritePatternSet patterns(&getContext());
    tenon::addMapSimplifications(patterns);
    tenon::addMovementSimplifications(patterns);
    tenon::addContractSimplifications(patterns);
    tenon::addScatterSimplifications(patterns);
    tenon::addControlSimplifications(patterns);
    GreedyRewriteConfig config;
    config.setRegionSimplificationLevel(GreedySimplifyRegionLevel::Disabled)
        .setMaxIterations(GreedyRewriteConfig::kNoLimit);
    if (failed(applyPatternsGreedily(getOperation(), std::move(patterns), config))) {
      getOperation()->emitError("simplification doesn't come to an end");
      signalPassFailure();
    }
  }
};
} // namespace
