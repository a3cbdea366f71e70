//===- MathHarness.h - Elementary functions run in this process -*- C++ -*-===//
#pragma once

#include "codegen/cpu/Optimize.h"
#include "codegen/cpu/VectorMath.h"
#include "runtime/core/FloatMode.h"

#include "llvm/ExecutionEngine/Orc/LLJIT.h"
#include "llvm/IR/Module.h"
#include "llvm/Support/TargetSelect.h"

#include <gtest/gtest.h>

namespace tenon::test {

using Emit = std::function<llvm::Value *(llvm::IRBuilderBase &, const TargetInfo &,
                                         llvm::ArrayRef<llvm::Value *>)>;

/// The levels that this machine can run.
inline std::vector<TargetInfo> runnableTargets() {
  std::vector<TargetInfo> targets;
  for (auto level :
       {TargetInfo::Level::Baseline, TargetInfo::Level::Avx2, TargetInfo::Level::Avx512})
    if (auto target = TargetInfo::host().lowered(level))
      targets.push_back(*target);
    else
      llvm::consumeError(target.takeError());
  return targets;
}

/// out[i] = f(in[0][i], in[1][i]) for i < n, a multiple of `lanes`, as compiled code.
class MathLoop {
public:
  MathLoop(const TargetInfo &target, unsigned lanes, llvm::Type::TypeID from, llvm::Type::TypeID to,
           unsigned operands, const Emit &emit) {
    if (auto error = load(target, lanes, from, to, operands, emit))
      ADD_FAILURE() << llvm::toString(std::move(error));
  }

  template <class In, class Out>
  std::vector<Out> operator()(const std::vector<In> &x, const std::vector<In> &y = {}) const {
    std::vector<Out> result(x.size());
    FloatMode mode;
    function(x.data(), y.data(), result.data(), x.size());
    return result;
  }
  bool ok() const { return function; }

private:
  using Function = void(const void *, const void *, void *, int64_t);

  llvm::Error load(const TargetInfo &target, unsigned lanes, llvm::Type::TypeID from,
                   llvm::Type::TypeID to, unsigned operands, const Emit &emit) {
    // Machine code only, so nothing but the object itself is linked.
    llvm::InitializeNativeTarget();
    auto made = llvm::orc::LLJITBuilder()
                    .setPlatformSetUp(llvm::orc::setUpInactivePlatform)
                    .setLinkProcessSymbolsByDefault(false)
                    .create();
    if (!made)
      return made.takeError();
    jit = std::move(*made);
    llvm::LLVMContext context;
    llvm::Module module("math", context);
    build(module, target, lanes, type(context, from), type(context, to), operands, emit);
    if (auto error = optimize(module, target))
      return error;
    auto object = emitObject(module, target);
    if (!object)
      return object.takeError();
    if (auto error = jit->addObjectFile(llvm::MemoryBuffer::getMemBufferCopy(*object)))
      return error;
    // Nothing of the process is linked, so a call of a library doesn't link.
    auto symbol = jit->lookup("loop");
    if (!symbol)
      return symbol.takeError();
    function = symbol->toPtr<Function *>();
    return llvm::Error::success();
  }

  static llvm::Type *type(llvm::LLVMContext &context, llvm::Type::TypeID id) {
    return llvm::Type::getPrimitiveType(context, id);
  }

  static void build(llvm::Module &module, const TargetInfo &target, unsigned lanes,
                    llvm::Type *from, llvm::Type *to, unsigned operands, const Emit &emit) {
    auto &context = module.getContext();
    auto *ptr = llvm::PointerType::get(context, 0);
    auto *i64 = llvm::Type::getInt64Ty(context);
    auto *function = llvm::Function::Create(
        llvm::FunctionType::get(llvm::Type::getVoidTy(context), {ptr, ptr, ptr, i64}, false),
        llvm::Function::ExternalLinkage, "loop", module);
    auto *entry = llvm::BasicBlock::Create(context, "entry", function);
    auto *body = llvm::BasicBlock::Create(context, "body", function);
    auto *done = llvm::BasicBlock::Create(context, "done", function);
    llvm::IRBuilder<> b(entry);
    b.CreateBr(body);
    b.SetInsertPoint(body);
    auto *i = b.CreatePHI(i64, 2);
    i->addIncoming(b.getInt64(0), entry);
    auto shape = [&](llvm::Type *element) -> llvm::Type * {
      return lanes > 1 ? llvm::FixedVectorType::get(element, lanes) : element;
    };
    llvm::SmallVector<llvm::Value *> values;
    for (unsigned k = 0; k < operands; ++k)
      values.push_back(b.CreateAlignedLoad(shape(from), b.CreateGEP(from, function->getArg(k), i),
                                           llvm::Align(1)));
    b.CreateAlignedStore(emit(b, target, values), b.CreateGEP(to, function->getArg(2), i),
                         llvm::Align(1));
    auto *next = b.CreateAdd(i, b.getInt64(lanes));
    i->addIncoming(next, b.GetInsertBlock());
    b.CreateCondBr(b.CreateICmpSLT(next, function->getArg(3)), body, done);
    b.SetInsertPoint(done);
    b.CreateRetVoid();
  }

  std::unique_ptr<llvm::orc::LLJIT> jit;
  Function *function = nullptr;
};

} // namespace tenon::test
