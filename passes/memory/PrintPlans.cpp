//===- PrintPlans.cpp - Memory and schedule as text, for people and tests -===//
#include "passes/Passes.h"
#include "passes/memory/MemoryPlan.h"
#include "passes/schedule/RowPartition.h"

#include "llvm/Support/raw_ostream.h"

namespace tenon {
#define GEN_PASS_DEF_PRINTPLANS
#include "passes/Passes.h.inc"
} // namespace tenon

using namespace mlir;
using namespace tenon;

namespace {
struct PrintPlans : tenon::impl::PrintPlansBase<PrintPlans> {
  void runOnOperation() override {
    auto unpacked = [](KernelOp kernel) {
      return bufferBytes(cast<RankedTensorType>(kernel.getResult(0).getType()));
    };
    llvm::outs() << "@" << getOperation().getName() << "\n"
                 << planMemory(getOperation(), unpacked).describe();
    getOperation().walk([](ScanOp scan) {
      auto partition = partitionRows(scan);
      llvm::outs() << "scan of " << scan.getExtentDim().str()
                   << (scan.getReverse() ? ", reverse" : "") << ": ";
      if (partition)
        llvm::outs() << "threads share " << partition->rows.str() << " rows\n";
      else
        llvm::outs() << "threads meet at every kernel\n";
    });
    markAllAnalysesPreserved();
  }
};
} // namespace
