//===- Optimize.cpp - LLVM IR to machine code -----------------------------===//
//
// Emitted code is in SSA form, vectorised and unrolled where that pays, so the pipeline is short:
// it removes what emission repeats (index arithmetic, loads of sizes), moves it out of loops and
// leaves the rest to the code generator. LLVM's own vectorisers and unroller would find nothing and
// take most of the time.
//
//===----------------------------------------------------------------------===//
#include "codegen/cpu/Optimize.h"

#include "llvm/ADT/SmallVector.h"
#include "llvm/Analysis/CGSCCPassManager.h"
#include "llvm/Analysis/LoopAnalysisManager.h"
#include "llvm/IR/LegacyPassManager.h"
#include "llvm/IR/Module.h"
#include "llvm/IR/Verifier.h"
#include "llvm/Passes/PassBuilder.h"
#include "llvm/Support/raw_ostream.h"
#include "llvm/Target/TargetMachine.h"
#include "llvm/Transforms/InstCombine/InstCombine.h"
#include "llvm/Transforms/Scalar/EarlyCSE.h"
#include "llvm/Transforms/Scalar/LICM.h"
#include "llvm/Transforms/Scalar/LoopPassManager.h"
#include "llvm/Transforms/Scalar/SimplifyCFG.h"

using namespace tenon;
using namespace llvm;

/// What holds for all compiled code: it never unwinds, and denormals are flushed by the processor,
/// so folding a constant must flush them as well.
static void addAttributes(Module &module) {
  for (Function &function : module) {
    function.addFnAttr(Attribute::NoUnwind);
    if (function.isDeclaration())
      continue;
    function.addFnAttr("denormal-fp-math", "preserve-sign,preserve-sign");
    function.addFnAttr("no-trapping-math", "true");
    function.addFnAttr("frame-pointer", "none");
  }
}

static void runPasses(Module &module, TargetMachine &machine) {
  LoopAnalysisManager loops;
  FunctionAnalysisManager functions;
  CGSCCAnalysisManager callGraph;
  ModuleAnalysisManager modules;
  PassBuilder builder(&machine);
  builder.registerModuleAnalyses(modules);
  builder.registerCGSCCAnalyses(callGraph);
  builder.registerFunctionAnalyses(functions);
  builder.registerLoopAnalyses(loops);
  builder.crossRegisterProxies(loops, functions, callGraph, modules);

  FunctionPassManager passes;
  passes.addPass(SimplifyCFGPass());
  passes.addPass(EarlyCSEPass(/*UseMemorySSA=*/false));
  passes.addPass(InstCombinePass());
  LoopPassManager loopPasses;
  loopPasses.addPass(LICMPass(LICMOptions()));
  passes.addPass(createFunctionToLoopPassAdaptor(std::move(loopPasses), /*UseMemorySSA=*/true));
  passes.addPass(EarlyCSEPass(/*UseMemorySSA=*/false));
  passes.addPass(SimplifyCFGPass());
  for (Function &function : module)
    if (!function.isDeclaration())
      passes.run(function, functions);
}

Error tenon::optimize(Module &module, const TargetInfo &target) {
  auto machine = target.machine();
  if (!machine)
    return machine.takeError();
  module.setTargetTriple((*machine)->getTargetTriple());
  module.setDataLayout((*machine)->createDataLayout());
  addAttributes(module);
  std::string problem;
  raw_string_ostream stream(problem);
  if (verifyModule(module, &stream))
    return createStringError("emitted code isn't valid: " + problem);
  runPasses(module, **machine);
  return Error::success();
}

static Expected<std::string> emit(Module &module, const TargetInfo &target, CodeGenFileType type) {
  auto machine = target.machine();
  if (!machine)
    return machine.takeError();
  SmallVector<char, 0> bytes;
  raw_svector_ostream stream(bytes);
  legacy::PassManager passes;
  if ((*machine)->addPassesToEmitFile(passes, stream, nullptr, type, /*DisableVerify=*/true))
    return createStringError("LLVM can't write such a file for " + target.triple);
  passes.run(module);
  return std::string(bytes.begin(), bytes.end());
}

Expected<std::string> tenon::emitObject(Module &module, const TargetInfo &target) {
  return emit(module, target, CodeGenFileType::ObjectFile);
}

Expected<std::string> tenon::emitAssembly(Module &module, const TargetInfo &target) {
  return emit(module, target, CodeGenFileType::AssemblyFile);
}
