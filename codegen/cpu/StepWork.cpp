//===- StepWork.cpp - How much a step of a scan computes ------------------===//
#include "codegen/cpu/StepWork.h"

using namespace mlir;
using namespace tenon;

/// Elements that are computed while two threads meet and see what each other wrote: about 0.3 µs.
static constexpr int64_t meeting = 2048;

Dim tenon::workOf(KernelOp kernel) {
  Dim work(0);
  for (Value result : kernel.getResults())
    work = work + elementsOf(cast<RankedTensorType>(result.getType()));
  kernel.walk([&](Operation *op) {
    if (auto contract = dyn_cast<ContractOp>(op)) {
      Dim points(1);
      for (const Dim &extent : contract.getExtentDims())
        points = points * extent;
      work = work + points;
    }
    if (auto scatter = dyn_cast<ScatterAddOp>(op))
      work = work + elementsOf(cast<RankedTensorType>(scatter.getUpdates().getType()));
  });
  return work;
}

/// Of one pass through a block.
static std::optional<Dim> workOfPass(Block &block) {
  Dim work(0);
  for (Operation &op : block) {
    if (op.hasAttr("commit") || isa<LoopOp>(op))
      return std::nullopt;
    if (auto kernel = dyn_cast<KernelOp>(op)) {
      work = work + workOf(kernel) - Dim(meeting);
      continue;
    }
    for (Region &region : op.getRegions()) {
      auto inner = workOfPass(region.front());
      if (!inner)
        return std::nullopt;
      auto scan = dyn_cast<ScanOp>(op);
      work = work + (scan ? *inner * scan.getExtentDim() : *inner);
    }
  }
  return work;
}

std::optional<Dim> tenon::stepWorkBeyondMeeting(ScanOp scan) {
  return workOfPass(scan.getBody().front());
}
