//===- HoistInvariants.cpp - Contractions that don't wait for the carry ---===//
//
//   scan h over x { h = f(x_t @ w, h) }  =  z = x @ w; scan h over z { h = f(z_t, h) }
//
// A contraction in a scan's body whose operands depend on slices and outer values only is computed
// for all iterations before the scan, as one large contraction; the scan runs over its result. Maps
// between the slices and the contraction go with it.
//
//===----------------------------------------------------------------------===//
#include "passes/Passes.h"
#include "passes/fuse/ContractionShape.h"
#include "passes/loops/ChangeScan.h"
#include "passes/loops/Stacker.h"

namespace tenon {
#define GEN_PASS_DEF_HOISTINVARIANTS
#include "passes/Passes.h.inc"
} // namespace tenon

using namespace mlir;
using namespace tenon;

namespace {
struct HoistInvariants : tenon::impl::HoistInvariantsBase<HoistInvariants> {
  void runOnOperation() override {
    SmallVector<ScanOp> scans;
    getOperation().walk<WalkOrder::PostOrder>([&](ScanOp scan) { scans.push_back(scan); });
    for (ScanOp scan : scans)
      hoist(scan);
  }

  void hoist(ScanOp scan) {
    Stacker stacker(scan);
    SmallVector<ContractOp> hoisted;
    for (auto contract : scan.getBody().front().getOps<ContractOp>())
      if (classifyContraction(contract) && stacker.canStack(contract.getResult()))
        hoisted.push_back(contract);
    if (hoisted.empty())
      return;

    OpBuilder builder(scan);
    ScanChange change(scan);
    for (ContractOp contract : hoisted)
      change.inputs.push_back({stacker.stackInFront(builder, contract.getResult()), 0});
    IRRewriter rewriter(&getContext());
    Repetition changed = changeScan(rewriter, scan, change);
    auto slices = changed.getSliceArguments().take_back(hoisted.size());
    for (auto [contract, slice] : llvm::zip(hoisted, slices)) {
      contract.replaceAllUsesWith(Value(slice));
      contract.erase();
    }
  }
};
} // namespace
