//===- Body.cpp - Blocks, kernels, and where threads meet -----------------===//
#include "codegen/cpu/driver/Body.h"

#include "codegen/cpu/DimCode.h"
#include "codegen/cpu/StepWork.h"

namespace tenon::driver {

BodyEmitter::BodyEmitter(const EntryPlan &plan, llvm::ArrayRef<EmittedKernel> kernels,
                         llvm::Module &module)
    : plan(plan), module(module), context(module.getContext()), b(context) {
  for (size_t i = 0; i < kernels.size(); ++i) {
    emitted[plan.kernels[i].first] = &kernels[i];
    mostPointers = std::max<size_t>(mostPointers, plan.kernels[i].second.inputs.size() +
                                                      plan.kernels[i].second.outputs.size());
  }
  ptr = llvm::PointerType::get(context, 0);
  i64 = llvm::Type::getInt64Ty(context);
  i32 = llvm::Type::getInt32Ty(context);
}

void BodyEmitter::emit() {
  auto *type = llvm::FunctionType::get(llvm::Type::getVoidTy(context), {ptr, i32, i32}, false);
  function =
      llvm::Function::Create(type, llvm::Function::ExternalLinkage, plan.info.bodySymbol, module);
  b.SetInsertPoint(BasicBlock::Create(context, "entry", function));
  frame = function->getArg(0);
  thread = b.CreateSExt(function->getArg(1), i64, "thread");
  threads = b.CreateSExt(function->getArg(2), i64, "threads");
  symbols = frameField(Symbols, "symbols");
  if (plan.names.size() > plan.info.symbols.size())
    symbols = ownSymbols();
  arena = frameField(Arena, "arena");
  pointers = b.CreateAlloca(ptr, b.getInt64(std::max<size_t>(mostPointers, 1)), "pointers");
  scratch = b.CreateGEP(b.getInt8Ty(), arena,
                        b.CreateAdd(dim(plan.memory.arenaBytes),
                                    b.CreateMul(thread, b.getInt64(plan.info.scratchBytes))),
                        "scratch");
  Value *inputs = frameField(Inputs, "inputs");
  m::Block &body = plan.function->getRegion(0).front();
  for (auto argument : body.getArguments()) {
    Value *slot = b.CreateConstInBoundsGEP1_64(ptr, inputs, argument.getArgNumber());
    place[argument] = b.CreateLoad(ptr, slot, "in");
  }
  bindOutputs(body);
  emitBlock(body);
  b.CreateRetVoid();
}

Value *BodyEmitter::frameField(FrameField field, const char *name) {
  return b.CreateLoad(ptr, b.CreateConstInBoundsGEP1_64(ptr, frame, field), name);
}
Value *BodyEmitter::dim(const Dim &d) { return emitDim(b, d, symbols, plan.names); }

/// The named dimensions in memory of the thread's own, where loops add their steps.
Value *BodyEmitter::ownSymbols() {
  Value *own = b.CreateAlloca(i64, b.getInt64(plan.names.size()), "own_symbols");
  for (size_t i = 0; i < plan.info.symbols.size(); ++i)
    b.CreateStore(b.CreateLoad(i64, b.CreateConstInBoundsGEP1_64(i64, symbols, i)),
                  b.CreateConstInBoundsGEP1_64(i64, own, i));
  return own;
}

/// An alloca in the entry block, so that loops don't grow the stack.
Value *BodyEmitter::slot(llvm::Type *type, const char *name) {
  llvm::IRBuilder<> atEntry(&function->getEntryBlock(), function->getEntryBlock().begin());
  return atEntry.CreateAlloca(type, nullptr, name);
}

/// All threads return where `condition` holds, which is the same for all.
void BodyEmitter::returnIf(Value *condition, const char *name) {
  auto *stop = BasicBlock::Create(context, name, function);
  auto *go = BasicBlock::Create(context, "go_on", function);
  b.CreateCondBr(condition, stop, go);
  b.SetInsertPoint(stop);
  b.CreateRetVoid();
  b.SetInsertPoint(go);
}

//===----------------------------------------------------------------------===//
// Threads
//===----------------------------------------------------------------------===//

std::set<int> BodyEmitter::memoryOf(m::Value value) {
  if (auto known = memory.find(value); known != memory.end())
    return known->second;
  std::set<int> result;
  if (auto buffer = plan.memory.bufferOf.find(value); buffer != plan.memory.bufferOf.end())
    result.insert(plan.memory.buffers[buffer->second].slot);
  return memory[value] = result;
}

void BodyEmitter::beforeAccess(llvm::ArrayRef<m::Value> reads, llvm::ArrayRef<m::Value> writes) {
  if (withoutBarriers)
    return;
  bool hazard = false;
  for (m::Value value : reads)
    for (int id : memoryOf(value))
      hazard |= written.count(id) > 0;
  for (m::Value value : writes)
    for (int id : memoryOf(value))
      hazard |= written.count(id) || readSince.count(id);
  if (hazard)
    barrier();
  for (m::Value value : reads)
    for (int id : memoryOf(value))
      readSince.insert(id);
  for (m::Value value : writes)
    for (int id : memoryOf(value))
      written.insert(id);
}

void BodyEmitter::barrier() {
  if (alone) {
    auto *several = BasicBlock::Create(context, "several", function);
    auto *after = BasicBlock::Create(context, "met", function);
    b.CreateCondBr(alone, after, several);
    b.SetInsertPoint(several);
    meet();
    b.CreateBr(after);
    b.SetInsertPoint(after);
  } else {
    meet();
  }
  written.clear();
  readSince.clear();
}

void BodyEmitter::meet() {
  auto *type = llvm::FunctionType::get(llvm::Type::getVoidTy(context), {ptr}, false);
  b.CreateCall(module.getOrInsertFunction("tenon_barrier", type), {frame});
}

void BodyEmitter::barrierIfPending() {
  if (!written.empty() || !readSince.empty())
    barrier();
}

/// This thread's part of [0, tasks), in whole grains.
std::pair<Value *, Value *> BodyEmitter::share(Value *tasks, int64_t grain) {
  Value *size = b.getInt64(std::max<int64_t>(grain, 1));
  Value *grains = b.CreateUDiv(b.CreateAdd(tasks, b.CreateSub(size, b.getInt64(1))), size);
  auto cut = [&](Value *t) {
    Value *at = b.CreateMul(b.CreateUDiv(b.CreateMul(grains, t), threads), size);
    return b.CreateBinaryIntrinsic(llvm::Intrinsic::smin, at, tasks);
  };
  Value *lo = cut(thread);
  return {lo, cut(b.CreateAdd(thread, b.getInt64(1)))};
}

/// This thread's part of a kernel.
std::pair<Value *, Value *> BodyEmitter::shareOf(KernelOp kernel, const EmittedKernel &code) {
  Value *tasks = dim(code.tasks);
  auto [lo, hi] = share(tasks, code.grain);
  Value *stays = staysWithFirst(kernel);
  for (m::Value result : kernel.getResults())
    for (int slot : memoryOf(result))
      if (stays)
        writtenByFirst[slot] = stays;
      else
        writtenByFirst.erase(slot);
  if (!stays)
    return {lo, hi};
  Value *isFirst = b.CreateICmpEQ(thread, b.getInt64(0));
  Value *whole = b.CreateSelect(isFirst, tasks, b.getInt64(0));
  return {b.CreateSelect(stays, b.getInt64(0), lo), b.CreateSelect(stays, whole, hi)};
}

/// What the first thread alone has written, if it is little, lies in that thread's cache: fetching
/// it takes the others longer than a kernel that does little with it. Answers where the first
/// thread runs the kernel by itself, an i1; null: nowhere.
Value *BodyEmitter::staysWithFirst(KernelOp kernel) {
  /// A line of the cache is fetched from another's in the time of some hundred additions.
  constexpr int64_t littleWork = 16; // for an element fetched
  constexpr int64_t fewElements = 1 << 17;
  Value *isFirsts = nullptr;
  Dim fetched(0);
  for (m::Value input : kernel.getInputs())
    for (int slot : memoryOf(input))
      if (auto found = writtenByFirst.find(slot); found != writtenByFirst.end()) {
        isFirsts = isFirsts ? b.CreateAnd(isFirsts, found->second) : found->second;
        fetched = fetched + elementsOf(m::cast<m::RankedTensorType>(input.getType()));
        break;
      }
  if (!isFirsts)
    return nullptr;
  Value *isLittle = b.CreateICmpSLE(dim(workOf(kernel)), dim(fetched * Dim(littleWork)));
  Value *areFew = b.CreateICmpSLE(dim(fetched), b.getInt64(fewElements));
  return b.CreateAnd(isFirsts, b.CreateAnd(isLittle, areFew));
}

//===----------------------------------------------------------------------===//
// Blocks
//===----------------------------------------------------------------------===//

void BodyEmitter::emitBlock(m::Block &block) {
  for (m::Operation &op : block) {
    if (op.hasAttr("commit"))
      stopIfCheckFailed();
    if (!withoutBarriers)
      ensureResults(op);
    if (auto kernel = m::dyn_cast<KernelOp>(op))
      emitKernel(kernel);
    else if (auto reshape = m::dyn_cast<ReshapeOp>(op))
      emitAlias(reshape);
    else if (auto loop = m::dyn_cast<Repetition>(op))
      emitLoop(loop);
    else if (auto branch = m::dyn_cast<IfOp>(op))
      emitIf(branch);
    else
      assert(op.hasTrait<m::OpTrait::IsTerminator>() && "an op that fusion left over");
  }
}

void BodyEmitter::stopIfCheckFailed() {
  if (committed || plan.info.checks.empty())
    return;
  committed = true;
  barrier();
  Value *record = frameField(Check, "check");
  Value *first = b.CreateLoad(i64, record);
  returnIf(b.CreateICmpNE(first, b.getInt64(INT64_MAX)), "check_failed");
}

void BodyEmitter::emitAlias(ReshapeOp reshape) {
  memory[reshape.getResult()] = memoryOf(reshape.getOperand());
  if (!place.contains(reshape.getResult()))
    place[reshape.getResult()] = pointerOf(reshape.getOperand());
}

llvm::FunctionCallee BodyEmitter::kernelCallee(const std::string &symbol) {
  auto *type = llvm::FunctionType::get(llvm::Type::getVoidTy(context),
                                       {ptr, ptr, ptr, i64, i64, ptr}, false);
  return module.getOrInsertFunction(symbol, type);
}

void BodyEmitter::emitKernel(KernelOp kernel) {
  const EmittedKernel &code = *emitted.at(kernel);
  beforeAccess(llvm::to_vector(kernel.getInputs()),
               llvm::to_vector_of<m::Value>(kernel.getResults()));
  unsigned next = 0;
  auto pass = [&](m::Value value) {
    b.CreateStore(pointerOf(value), b.CreateConstInBoundsGEP1_64(ptr, pointers, next++));
  };
  for (m::Value input : kernel.getInputs())
    pass(input);
  for (m::Value result : kernel.getResults())
    pass(result);
  Value *lo = rowsFrom, *hi = rowsTo;
  if (!withoutBarriers)
    std::tie(lo, hi) = shareOf(kernel, code);
  auto *call = BasicBlock::Create(context, kernel.getSymName().str(), function);
  auto *after = BasicBlock::Create(context, "after", function);
  b.CreateCondBr(b.CreateICmpSLT(lo, hi), call, after);
  b.SetInsertPoint(call);
  b.CreateCall(kernelCallee(code.symbol), {frame, symbols, pointers, lo, hi, scratch});
  b.CreateBr(after);
  b.SetInsertPoint(after);
}

void BodyEmitter::emitIf(IfOp branch) {
  barrierIfPending();
  Value *condition = b.CreateLoad(b.getInt8Ty(), pointerOf(branch.getCondition()));
  condition = b.CreateICmpNE(condition, b.getInt8(0));
  std::set<int> read = withoutBarriers ? std::set<int>() : memoryOf(branch.getCondition());
  llvm::SmallVector<Value *> results;
  for (m::Value result : branch.getResults())
    results.push_back(pointerOf(result));
  auto *yes = BasicBlock::Create(context, "then", function);
  auto *no = BasicBlock::Create(context, "else", function);
  auto *after = BasicBlock::Create(context, "end_if", function);
  b.CreateCondBr(condition, yes, no);
  for (auto [region, start] :
       {std::pair(&branch.getThenRegion(), yes), std::pair(&branch.getElseRegion(), no)}) {
    b.SetInsertPoint(start);
    m::Block &block = region->front();
    for (auto [yield, result, pointer] :
         llvm::zip(block.getTerminator()->getOperands(), branch.getResults(), results)) {
      place[yield] = pointer;
      memory[yield] = memoryOf(result);
    }
    // Another thread may not have read the condition yet when this one writes what comes after it.
    readSince = read;
    emitBlock(block);
    if (!written.empty() || !llvm::includes(read, readSince))
      barrier();
    writtenByFirst.clear();
    b.CreateBr(after);
  }
  b.SetInsertPoint(after);
  readSince = read;
  for (auto [result, pointer] : llvm::zip(branch.getResults(), results))
    place[result] = pointer;
}

} // namespace tenon::driver
