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

void tenon::buildGraphPipeline(OpPassManager &manager, const GraphOptions &options) {
  auto &functions = manager.nest<func::FuncOp>();
  auto simplify = [&] {
    functions.addPass(createSimplify());
    functions.addPass(createCSEPass());
    functions.addPass(createSimplify());
  };
  // 1. First of all, because the rules of the others look for few forms.
  simplify();
  // 2. Before differentiation, so that derivatives come out of the stable formulas.
  functions.addPass(createStabilize());
  // 3. Contractions of two operands, which hoisting recognises.
  functions.addPass(createSplitContractions());
  functions.addPass(createSimplify());
  // 4. Before differentiation too: what has left a scan has its derivative outside as well, and
  //    nothing of it is saved step by step.
  functions.addPass(createHoistInvariants());
  simplify();
  // 5. Derivatives become plain ops, so that everything after applies to them too.
  DifferentiateOptions derivatives;
  derivatives.budget = options.budget;
  derivatives.extents.assign(options.extents.begin(), options.extents.end());
  functions.addPass(createDifferentiate(derivatives));
  simplify();
  functions.addPass(createStabilize());
  // 6. Derivatives of contractions have more operands than two again.
  functions.addPass(createSplitContractions());
  functions.addPass(createSimplify());
  //    Of these some sum what others have: they are all there now, and equal ones are one.
  functions.addPass(createCSEPass());
  functions.addPass(createReuseProducts());
  // 7. What the loops move around should have its last form; but products of two operands first,
  //    because only they can be padded with zeros.
  functions.addPass(createGatherResults());
  functions.addPass(createSimplify());
  // 8. In front of the reverse scans, then behind them: what is hoisted needn't be gathered.
  functions.addPass(createHoistInvariants());
  functions.addPass(createGatherAccumulated());
  // 9. When the gradients that scans added up are products of all iterations; both of a product's
  //    derivatives then need the same sums.
  functions.addPass(createSumRowsFirst());
  // 10. One name for equal values, so that fusion sees who shares what.
  simplify();
}

void tenon::buildKernelPipeline(OpPassManager &manager) {
  auto &functions = manager.nest<func::FuncOp>();
  // 1. Before the grouping, which weighs what code will be made of.
  functions.addPass(createExpandMaps());
  // 2. Before the grouping as well: it would compute the row's select in whoever reads it.
  functions.addPass(createFormUpdates());
  // 3. Before the grouping, which can then put a pooling into the kernel of its product.
  functions.addPass(createSplitWindows());
  // 4. Groups of ops become kernels.
  functions.addPass(createFormKernels());
  // 5. Right operands of contractions get kernels of their own, out of scans where possible; it
  //    needs to know which contraction is which kernel.
  functions.addPass(createPackOperands());
  // 6. Operands that two contractions pack alike are packed once.
  functions.addPass(createCSEPass());
  // 7. Last, because from here on a kernel's results are places in memory.
  functions.addPass(createAssignDestinations());
}

void tenon::registerTenonPasses() {
  registerGraphPasses();
  PassPipelineRegistration<>("tenon-graph", "differentiate and simplify",
                             [](OpPassManager &manager) { buildGraphPipeline(manager); });
  PassPipelineRegistration<>("tenon-kernels", "fuse, pack, assign destinations",
                             buildKernelPipeline);
}
