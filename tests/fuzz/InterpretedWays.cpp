//===- InterpretedWays.cpp - Interpreting what passes make of a program ---===//
#include "tests/fuzz/Ways.h"

#include "passes/Passes.h"

#include "mlir/IR/Diagnostics.h"
#include "mlir/Pass/PassManager.h"

using namespace mlir;
using namespace tenon;
using namespace tenon::fuzz;

/// Shows what an overwritten argument would give: every read of a donated argument behind the op
/// that commits to its memory reads that op's result instead.
static void shareMemory(func::FuncOp function) {
  Block &body = function.front();
  for (OpOperand &returned : body.getTerminator()->getOpOperands()) {
    auto alias =
        function.getResultAttrOfType<IntegerAttr>(returned.getOperandNumber(), "tenon.alias");
    Operation *writer = returned.get().getDefiningOp();
    if (!alias || !writer || !writer->hasAttr("commit"))
      continue;
    function.getArgument(unsigned(alias.getInt()))
        .replaceUsesWithIf(returned.get(), [&](OpOperand &use) {
          return writer->isBeforeInBlock(body.findAncestorOpInBlock(*use.getOwner()));
        });
  }
}

/// Interprets what passes make of the module.
static Outcome afterPasses(ModuleOp module, ArrayRef<HostTensor> inputs,
                           llvm::function_ref<void(OpPassManager &)> build) {
  std::string messages;
  ScopedDiagnosticHandler handler(module.getContext(), [&](Diagnostic &diagnostic) {
    messages += diagnostic.str() + "\n";
    return success();
  });
  PassManager manager(module.getContext());
  build(manager);
  if (failed(manager.run(module))) {
    Outcome outcome;
    outcome.error = "passes failed: " + messages;
    return outcome;
  }
  func::FuncOp function = *module.getOps<func::FuncOp>().begin();
  shareMemory(function);
  return interpreted(function, inputs);
}

static Outcome wide(ModuleOp module, ArrayRef<HostTensor> inputs) {
  return interpreted(*module.getOps<func::FuncOp>().begin(), inputs, /*wide=*/true);
}
static Outcome graph(ModuleOp module, ArrayRef<HostTensor> inputs) {
  return afterPasses(module, inputs,
                     [](mlir::OpPassManager &manager) { buildGraphPipeline(manager); });
}
static Outcome kernels(ModuleOp module, ArrayRef<HostTensor> inputs) {
  return afterPasses(module, inputs, [](OpPassManager &manager) {
    buildGraphPipeline(manager);
    buildKernelPipeline(manager);
  });
}

/// What one pass alone makes of the module.
static Way alone(const char *name, std::unique_ptr<Pass> (*create)()) {
  auto run = [create](ModuleOp module, ArrayRef<HostTensor> inputs) {
    return afterPasses(module, inputs, [&](OpPassManager &manager) {
      manager.addNestedPass<func::FuncOp>(create());
    });
  };
  return {name, 25, true, run};
}

std::vector<Way> tenon::fuzz::allWays() {
  return {{"wide", 300, true, wide},
          {"graph", 300, true, graph},
          {"kernels", 300, true, kernels},
          alone("simplify", createSimplify),
          alone("stabilize", createStabilize),
          alone("split_contractions", createSplitContractions),
          alone("hoist_invariants", createHoistInvariants),
          alone("gather_results", createGatherResults),
          alone("gather_accumulated", createGatherAccumulated),
          alone("expand_maps", createExpandMaps),
          alone("form_updates", createFormUpdates),
          alone("form_kernels", createFormKernels)};
}
