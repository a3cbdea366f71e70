//===- Pipelines.cpp - The order of passes, and why -----------------------===//
#include "passes/Passes.h"

#include "mlir/Pass/PassManager.h"
#include "mlir/Pass/PassRegistry.h"
#include "mlir/Transforms/Passes.h"

using namespace mlir;
using namespace tenon;

namespace tenon {
#define GEN_PASS_REGISTRATION
#include "passes/Passes.h.inc"
} // namespace tenon

void tenon::buildGraphPipeline(OpPassManager &manager) {
  // 1. Derivatives become plain ops, so that everything after applies to them too.
  manager.addNestedPass<func::FuncOp>(createDifferentiate());
  // 2. One name for equal values, so that fusion sees who shares what.
  manager.addPass(createCanonicalizerPass());
  manager.addPass(createCSEPass());
}

void tenon::buildKernelPipeline(OpPassManager &manager) {
  auto &functions = manager.nest<func::FuncOp>();
  // 1. Groups of ops become kernels.
  functions.addPass(createFormKernels());
  // 2. Right operands of contractions get kernels of their own, out of scans where possible; it
  //    needs to know which contraction is which kernel.
  functions.addPass(createPackOperands());
  // 3. Operands that two contractions pack alike are packed once.
  functions.addPass(createCSEPass());
  // 4. Last, because from here on a kernel's results are places in memory.
  functions.addPass(createAssignDestinations());
}

void tenon::registerTenonPasses() {
  registerGraphPasses();
  PassPipelineRegistration<>("tenon-graph", "differentiate and simplify", buildGraphPipeline);
  PassPipelineRegistration<>("tenon-kernels", "fuse, pack, assign destinations",
                             buildKernelPipeline);
}
