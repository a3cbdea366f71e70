//===- Driver.cpp - The functions of an entry -----------------------------===//
#include "codegen/cpu/Driver.h"

#include "codegen/cpu/DimCode.h"
#include "codegen/cpu/driver/Body.h"

namespace tenon {

namespace {
using llvm::BasicBlock;
using llvm::Value;

llvm::Function *makeSizeFunction(llvm::Module &module, const std::string &symbol,
                                 unsigned pointers) {
  auto &context = module.getContext();
  llvm::SmallVector<llvm::Type *> types(pointers, llvm::PointerType::get(context, 0));
  auto *type = llvm::FunctionType::get(llvm::Type::getVoidTy(context), types, false);
  return llvm::Function::Create(type, llvm::Function::ExternalLinkage, symbol, module);
}

/// Stores all extents of `bindings`, one after the other.
void emitExtents(llvm::IRBuilder<> &b, const EntryInfo &info, llvm::ArrayRef<BindingInfo> bindings,
                 Value *symbols, Value *to) {
  unsigned next = 0;
  for (const BindingInfo &binding : bindings)
    for (const Dim &extent : binding.dims)
      b.CreateStore(emitDim(b, extent, symbols, info.symbols),
                    b.CreateConstInBoundsGEP1_64(b.getInt64Ty(), to, next++));
}

/// `void plan(const i64 *symbols, i64 *arenaBytes, i64 *outputDims)`.
void emitPlan(const EntryPlan &plan, llvm::Module &module) {
  auto *function = makeSizeFunction(module, plan.info.planSymbol, 3);
  llvm::IRBuilder<> b(BasicBlock::Create(module.getContext(), "entry", function));
  Value *symbols = function->getArg(0);
  b.CreateStore(emitDim(b, plan.memory.arenaBytes, symbols, plan.info.symbols),
                function->getArg(1));
  emitExtents(b, plan.info, plan.info.outputs, symbols, function->getArg(2));
  b.CreateRetVoid();
}

/// `void inputDims(const i64 *symbols, i64 *inputDims)`.
void emitInputDims(const EntryPlan &plan, llvm::Module &module) {
  auto *function = makeSizeFunction(module, plan.info.inputDimsSymbol, 2);
  llvm::IRBuilder<> b(BasicBlock::Create(module.getContext(), "entry", function));
  emitExtents(b, plan.info, plan.info.inputs, function->getArg(0), function->getArg(1));
  b.CreateRetVoid();
}

} // namespace

void emitDriver(const EntryPlan &plan, llvm::ArrayRef<EmittedKernel> kernels,
                llvm::Module &module) {
  driver::BodyEmitter(plan, kernels, module).emit();
  emitPlan(plan, module);
  emitInputDims(plan, module);
}

} // namespace tenon
