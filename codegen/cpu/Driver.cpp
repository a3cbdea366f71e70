//===- Driver.cpp - The function that runs an entry's kernels -------------===//
#include "codegen/cpu/Driver.h"

#include "codegen/cpu/DimCode.h"
#include "codegen/cpu/StepWork.h"
#include "passes/schedule/InPlace.h"
#include "runtime/core/abi.h"

#include "llvm/IR/IRBuilder.h"
#include "llvm/IR/Module.h"

#include <set>

namespace tenon {
namespace m = mlir;

namespace {
using llvm::BasicBlock;
using llvm::Value;

/// Places of `tenon_frame`'s members; all are 8 bytes wide.
enum FrameField { Inputs, Outputs, Arena, Symbols, Check, CheckWhere, Gang, Grown };

class BodyEmitter {
public:
  BodyEmitter(const EntryPlan &plan, llvm::ArrayRef<EmittedKernel> kernels, llvm::Module &module)
      : plan(plan), module(module), context(module.getContext()), b(context) {
    for (size_t i = 0; i < kernels.size(); ++i) {
      emitted[plan.kernels[i].first] = &kernels[i];
      request[plan.kernels[i].first] = &plan.kernels[i].second;
      mostPointers = std::max<size_t>(mostPointers, plan.kernels[i].second.inputs.size() +
                                                        plan.kernels[i].second.outputs.size());
    }
    ptr = llvm::PointerType::get(context, 0);
    i64 = llvm::Type::getInt64Ty(context);
    i32 = llvm::Type::getInt32Ty(context);
  }

  void emit() {
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

private:
  //===--------------------------------------------------------------------===//
  // Small things
  //===--------------------------------------------------------------------===//

  Value *frameField(FrameField field, const char *name) {
    return b.CreateLoad(ptr, b.CreateConstInBoundsGEP1_64(ptr, frame, field), name);
  }
  Value *dim(const Dim &d) { return emitDim(b, d, symbols, plan.names); }

  /// The named dimensions in memory of the thread's own, where loops add their steps.
  Value *ownSymbols() {
    Value *own = b.CreateAlloca(i64, b.getInt64(plan.names.size()), "own_symbols");
    for (size_t i = 0; i < plan.info.symbols.size(); ++i)
      b.CreateStore(b.CreateLoad(i64, b.CreateConstInBoundsGEP1_64(i64, symbols, i)),
                    b.CreateConstInBoundsGEP1_64(i64, own, i));
    return own;
  }

  llvm::FunctionCallee kernelCallee(const std::string &symbol) {
    auto *type = llvm::FunctionType::get(llvm::Type::getVoidTy(context),
                                         {ptr, ptr, ptr, i64, i64, ptr}, false);
    return module.getOrInsertFunction(symbol, type);
  }
  void barrier() {
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
  void meet() {
    auto *type = llvm::FunctionType::get(llvm::Type::getVoidTy(context), {ptr}, false);
    b.CreateCall(module.getOrInsertFunction("tenon_barrier", type), {frame});
  }
  void barrierIfPending() {
    if (!written.empty() || !readSince.empty())
      barrier();
  }
  static int64_t elementBytes(m::Type type) {
    m::Type element = m::cast<m::RankedTensorType>(type).getElementType();
    return element.isInteger(1) ? 1 : element.getIntOrFloatBitWidth() / 8;
  }

  /// An alloca in the entry block, so that loops don't grow the stack.
  Value *slot(llvm::Type *type, const char *name) {
    llvm::IRBuilder<> atEntry(&function->getEntryBlock(), function->getEntryBlock().begin());
    return atEntry.CreateAlloca(type, nullptr, name);
  }

  Value *bufferPointer(unsigned buffer) {
    const ArenaSlot &s = plan.memory.slots[plan.memory.buffers[buffer].slot];
    if (s.grown >= 0)
      return b.CreateLoad(ptr, grownMember(s.grown, 0), plan.memory.buffers[buffer].name);
    return b.CreateGEP(b.getInt8Ty(), arena, dim(s.offset), plan.memory.buffers[buffer].name);
  }

  //===--------------------------------------------------------------------===//
  // Memory that grows
  //===--------------------------------------------------------------------===//

  /// The address of a `tenon_grown`'s member.
  Value *grownMember(int grown, int member) {
    return b.CreateConstInBoundsGEP1_64(i64, frameField(Grown, "grown"), 2 * grown + member);
  }

  /// All threads return where `condition` holds, which is the same for all.
  void returnIf(Value *condition, const char *name) {
    auto *stop = BasicBlock::Create(context, name, function);
    auto *go = BasicBlock::Create(context, "go_on", function);
    b.CreateCondBr(condition, stop, go);
    b.SetInsertPoint(stop);
    b.CreateRetVoid();
    b.SetInsertPoint(go);
  }

  /// At least `bytes` for a memory that grows. Every thread sees the same capacity: it changes only
  /// between the two barriers.
  void ensure(int grown, Value *bytes) {
    auto tooSmall = [&] {
      return b.CreateICmpSLT(b.CreateLoad(i64, grownMember(grown, 1), "capacity"), bytes);
    };
    auto *more = BasicBlock::Create(context, "grow", function);
    auto *first = BasicBlock::Create(context, "first_thread", function);
    auto *grew = BasicBlock::Create(context, "grew", function);
    auto *after = BasicBlock::Create(context, "has_room", function);
    b.CreateCondBr(tooSmall(), more, after);
    b.SetInsertPoint(more);
    meet();
    b.CreateCondBr(b.CreateICmpEQ(thread, b.getInt64(0)), first, grew);
    b.SetInsertPoint(first);
    auto *type = llvm::FunctionType::get(llvm::Type::getVoidTy(context), {ptr, i32, i64}, false);
    b.CreateCall(module.getOrInsertFunction("tenon_grow", type), {frame, b.getInt32(grown), bytes});
    b.CreateBr(grew);
    b.SetInsertPoint(grew);
    meet();
    returnIf(tooSmall(), "exhausted");
    b.CreateBr(after);
    b.SetInsertPoint(after);
  }

  void ensureBuffer(unsigned buffer) {
    const ArenaSlot &s = plan.memory.slots[plan.memory.buffers[buffer].slot];
    if (s.grown >= 0)
      ensure(s.grown, dim(s.bytes));
  }

  /// Room for the results of an op, but for what a loop stacks. Threads that don't meet in a scan
  /// can't wait for room there.
  void ensureResults(m::Operation &op) {
    if (plan.memory.grown == 0)
      return;
    auto loop = m::dyn_cast<Repetition>(op);
    for (auto result : op.getResults()) {
      auto buffer = plan.memory.bufferOf.find(result);
      bool isCarried = loop && result.getResultNumber() < loop.getNumCarried();
      if (buffer == plan.memory.bufferOf.end() || (m::isa<LoopOp>(op) && !isCarried))
        continue;
      ensureBuffer(buffer->second);
      if (isCarried && !isUpdatedInPlace(loop, result.getResultNumber()))
        ensureBuffer(buffer->second + 1);
    }
    if (plan.rows.contains(&op))
      for (m::Operation &inner : loop.getBodyBlock())
        ensureResults(inner);
  }

  //===--------------------------------------------------------------------===//
  // Who owns which memory: for hazards between threads
  //===--------------------------------------------------------------------===//

  // Slots of the arena count from 0, arguments from `firstArgument`, results of the function that
  // have memory of their own from `firstResult`.
  static constexpr int firstArgument = 1 << 20, firstResult = 1 << 21;

  std::set<int> memoryOf(m::Value value) {
    if (auto known = memory.find(value); known != memory.end())
      return known->second;
    std::set<int> result;
    if (auto buffer = plan.memory.bufferOf.find(value); buffer != plan.memory.bufferOf.end())
      result.insert(plan.memory.buffers[buffer->second].slot);
    return memory[value] = result;
  }

  void beforeAccess(llvm::ArrayRef<m::Value> reads, llvm::ArrayRef<m::Value> writes) {
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

  //===--------------------------------------------------------------------===//
  // Blocks
  //===--------------------------------------------------------------------===//

  /// Results of the function are written where the caller wants them.
  void bindOutputs(m::Block &body) {
    for (auto argument : body.getArguments())
      memory[argument] = {firstArgument + int(argument.getArgNumber())};
    Value *outputs = frameField(Outputs, "outputs");
    for (m::OpOperand &operand : body.getTerminator()->getOpOperands()) {
      unsigned i = operand.getOperandNumber();
      m::Value value = operand.get();
      while (auto reshape = value.getDefiningOp<ReshapeOp>())
        value = reshape.getOperand();
      place[value] = b.CreateLoad(ptr, b.CreateConstInBoundsGEP1_64(ptr, outputs, i), "out");
      int alias = plan.info.outputs[i].alias;
      memory[value] = {alias >= 0 ? firstArgument + alias : firstResult + int(i)};
    }
  }

  Value *pointerOf(m::Value value) {
    auto known = place.find(value);
    if (known != place.end())
      return known->second;
    auto buffer = plan.memory.bufferOf.find(value);
    assert(buffer != plan.memory.bufferOf.end() && "a value without memory");
    return bufferPointer(buffer->second);
  }

  void emitBlock(m::Block &block) {
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

  void stopIfCheckFailed() {
    if (committed || plan.info.checks.empty())
      return;
    committed = true;
    barrier();
    Value *record = frameField(Check, "check");
    Value *first = b.CreateLoad(i64, record);
    returnIf(b.CreateICmpNE(first, b.getInt64(INT64_MAX)), "check_failed");
  }

  void emitAlias(ReshapeOp reshape) {
    memory[reshape.getResult()] = memoryOf(reshape.getOperand());
    if (!place.contains(reshape.getResult()))
      place[reshape.getResult()] = pointerOf(reshape.getOperand());
  }

  void emitKernel(KernelOp kernel) {
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
      std::tie(lo, hi) = share(dim(code.tasks), code.grain);
    auto *call = BasicBlock::Create(context, kernel.getSymName().str(), function);
    auto *after = BasicBlock::Create(context, "after", function);
    b.CreateCondBr(b.CreateICmpSLT(lo, hi), call, after);
    b.SetInsertPoint(call);
    b.CreateCall(kernelCallee(code.symbol), {frame, symbols, pointers, lo, hi, scratch});
    b.CreateBr(after);
    b.SetInsertPoint(after);
  }

  /// This thread's part of [0, tasks), in whole grains.
  std::pair<Value *, Value *> share(Value *tasks, int64_t grain) {
    Value *size = b.getInt64(std::max<int64_t>(grain, 1));
    Value *grains = b.CreateUDiv(b.CreateAdd(tasks, b.CreateSub(size, b.getInt64(1))), size);
    auto cut = [&](Value *t) {
      Value *at = b.CreateMul(b.CreateUDiv(b.CreateMul(grains, t), threads), size);
      return b.CreateBinaryIntrinsic(llvm::Intrinsic::smin, at, tasks);
    };
    Value *lo = cut(thread);
    return {lo, cut(b.CreateAdd(thread, b.getInt64(1)))};
  }

  //===--------------------------------------------------------------------===//
  // Control
  //===--------------------------------------------------------------------===//

  /// The start of slice `index` of an axis of `value`.
  Value *slicePointer(m::Value value, int64_t axis, Value *index) {
    auto type = m::cast<m::RankedTensorType>(value.getType());
    auto dims = dimsOf(type);
    // The strides of a slice of a slice are those of the outer tensor's memory.
    Value *stride = strideOf(value, axis);
    Value *bytes = b.CreateMul(b.CreateMul(index, stride), b.getInt64(elementBytes(type)));
    return b.CreateGEP(b.getInt8Ty(), pointerOf(value), bytes, "slice");
  }
  Value *strideOf(m::Value value, int64_t axis) {
    if (auto known = outerStrides.find(value); known != outerStrides.end())
      return dim(known->second[axis]);
    Dim stride(1);
    auto dims = dimsOf(m::cast<m::RankedTensorType>(value.getType()));
    for (size_t i = axis + 1; i < dims.size(); ++i)
      stride = stride * dims[i];
    return dim(stride);
  }
  void rememberStrides(m::Value slice, m::Value whole, int64_t axis) {
    llvm::SmallVector<Dim> strides;
    if (auto known = outerStrides.find(whole); known != outerStrides.end()) {
      strides = known->second;
    } else {
      auto dims = dimsOf(m::cast<m::RankedTensorType>(whole.getType()));
      strides.resize(dims.size());
      Dim stride(1);
      for (int i = dims.size() - 1; i >= 0; --i) {
        strides[i] = stride;
        stride = stride * dims[i];
      }
    }
    strides.erase(strides.begin() + axis);
    outerStrides[slice] = strides;
  }

  /// The steps of a scan, or the most that a loop may make.
  Value *mostSteps(Repetition loop) {
    auto open = m::dyn_cast<LoopOp>(loop.getOperation());
    if (!open)
      return dim(loop.getExtentDim());
    Value *most = open.getBoundDim() ? dim(*open.getBoundDim()) : b.getInt64(INT64_MAX);
    if (!open.getLimit())
      return most;
    Value *limit = b.CreateLoad(i64, pointerOf(open.getLimit()), "limit");
    return b.CreateBinaryIntrinsic(llvm::Intrinsic::smin, most, limit);
  }

  void emitLoop(Repetition loop) {
    barrierIfPending();
    m::Block &body = loop.getBodyBlock();
    bool byRows = plan.rows.contains(loop), isOpen = m::isa<LoopOp>(loop);
    Value *steps = mostSteps(loop);
    auto outside = std::tuple(alone, thread, threads);
    Value *isOther = byRows ? nullptr : oneThreadIfSmall(loop);
    if (byRows)
      std::tie(rowsFrom, rowsTo) = share(dim(plan.rows.lookup(loop).rows), 1);
    Value *counter = slot(i64, "iteration");

    auto *head = BasicBlock::Create(context, isOpen ? "loop" : "scan", function);
    auto *inside = BasicBlock::Create(context, isOpen ? "loop_body" : "scan_body", function);
    auto *after = BasicBlock::Create(context, isOpen ? "loop_end" : "scan_end", function);
    llvm::SmallVector<std::pair<Value *, Value *>> halves;
    llvm::SmallVector<Value *> initial;
    for (auto [k, init, result] : llvm::enumerate(loop.getInit(), loop.getCarriedResults())) {
      unsigned buffer = plan.memory.bufferOf.lookup(result);
      Value *first = bufferPointer(buffer);
      if (isUpdatedInPlace(loop, k)) {
        halves.push_back({first, first});
        initial.push_back(first);
      } else {
        halves.push_back({first, bufferPointer(buffer + 1)});
        initial.push_back(pointerOf(init));
      }
    }
    auto *skip = isOther ? BasicBlock::Create(context, "scan_of_another", function) : nullptr;
    if (isOther) {
      auto *mine = BasicBlock::Create(context, "scan_of_mine", function);
      b.CreateCondBr(isOther, skip, mine);
      b.SetInsertPoint(mine);
    }
    copyInPlace(loop, initial);
    auto *before = b.GetInsertBlock();
    b.CreateBr(head);

    b.SetInsertPoint(head);
    auto *i = b.CreatePHI(i64, 2, "i");
    i->addIncoming(b.getInt64(0), before);
    llvm::SmallVector<llvm::PHINode *> current;
    for (Value *start : initial) {
      current.push_back(b.CreatePHI(ptr, 2, "carried"));
      current.back()->addIncoming(start, before);
    }
    Value *inTime = b.CreateICmpSLT(i, steps);
    if (isOpen) {
      auto *allowed = BasicBlock::Create(context, "step_allowed", function);
      b.CreateCondBr(inTime, allowed, after);
      b.SetInsertPoint(allowed);
      inTime = b.CreateICmpNE(b.CreateLoad(b.getInt8Ty(), current[0]), b.getInt8(0));
    }
    b.CreateCondBr(inTime, inside, after);

    b.SetInsertPoint(inside);
    b.CreateStore(i, counter);
    place[loop.getIteration()] = counter;
    Value *ordinal = b.CreateAdd(i, b.getInt64(1));
    if (isOpen)
      ensureStacks(loop, ordinal);
    Value *t = loop.isReversed() ? b.CreateSub(steps, ordinal) : i;
    bindBody(loop, current, t);
    llvm::SmallVector<Value *> next;
    Value *isOdd = b.CreateTrunc(i, b.getInt1Ty());
    for (unsigned k = 0; k < loop.getNumCarried(); ++k) {
      next.push_back(b.CreateSelect(isOdd, halves[k].second, halves[k].first, "next"));
      place[loop.getCarriedYields()[k]] = next.back();
    }
    bool outer = withoutBarriers;
    withoutBarriers = byRows;
    emitBlock(body);
    withoutBarriers = outer;
    if (!byRows)
      barrier();
    if (isOpen)
      stopIfAsked();
    i->addIncoming(ordinal, b.GetInsertBlock());
    for (auto [phi, value] : llvm::zip(current, next))
      phi->addIncoming(value, b.GetInsertBlock());
    b.CreateBr(head);

    b.SetInsertPoint(after);
    std::tie(alone, thread, threads) = outside;
    for (auto [result, phi] : llvm::zip(loop.getCarriedResults(), current))
      place[result] = phi;
    if (auto open = m::dyn_cast<LoopOp>(loop.getOperation()); open && open.getSteps()) {
      size_t name = llvm::find(plan.names, open.getSteps()->str()) - plan.names.begin();
      b.CreateStore(i, b.CreateConstInBoundsGEP1_64(i64, symbols, name));
    }
    if (isOther)
      bindAfterSkipping(loop, skip, head, steps, initial, halves);
    barrier();
  }

  /// Where the steps of a scan are small, what follows is emitted for one thread alone that doesn't
  /// wait: `alone`, `thread` and `threads` change. Answers whether this is another thread, which
  /// skips the scan; null if all run it in any case.
  Value *oneThreadIfSmall(Repetition loop) {
    auto scan = m::dyn_cast<ScanOp>(loop.getOperation());
    auto work = scan ? stepWorkBeyondMeeting(scan) : std::nullopt;
    if (!work || withoutBarriers || plan.memory.grown > 0)
      return nullptr; // no room can be asked for by one thread
    if (auto number = work->constant(); number && *number >= 0)
      return nullptr;
    Value *isSmall = b.CreateICmpSLT(dim(*work), b.getInt64(0), "small_steps");
    Value *isOther = b.CreateAnd(isSmall, b.CreateICmpNE(thread, b.getInt64(0)), "is_other");
    alone = alone ? b.CreateOr(alone, isSmall) : isSmall;
    threads = b.CreateSelect(isSmall, b.getInt64(1), threads);
    return isOther;
  }

  /// In front of what follows a scan that some threads skip: they find its results where the last
  /// step of an even or odd number of steps put them.
  void bindAfterSkipping(Repetition loop, BasicBlock *skip, BasicBlock *head, Value *steps,
                         llvm::ArrayRef<Value *> initial,
                         llvm::ArrayRef<std::pair<Value *, Value *>> halves) {
    BasicBlock *after = b.GetInsertBlock();
    b.SetInsertPoint(skip);
    llvm::SmallVector<Value *> last;
    Value *isOdd = b.CreateTrunc(steps, b.getInt1Ty());
    Value *isNone = b.CreateICmpSLE(steps, b.getInt64(0));
    for (auto [start, half] : llvm::zip(initial, halves))
      last.push_back(b.CreateSelect(isNone, start, b.CreateSelect(isOdd, half.first, half.second)));
    b.CreateBr(after);
    b.SetInsertPoint(after);
    for (auto [result, skipped] : llvm::zip(loop.getCarriedResults(), last)) {
      auto *either = b.CreatePHI(ptr, 2, "result");
      either->addIncoming(place[result], head);
      either->addIncoming(skipped, skip);
      place[result] = either;
    }
  }

  /// Room for the slices of step number `ordinal`, counted from 1.
  void ensureStacks(Repetition loop, Value *ordinal) {
    for (auto [yield, result] : llvm::zip(loop.getStackedYields(), loop.getStackedResults())) {
      unsigned buffer = plan.memory.bufferOf.lookup(result);
      const ArenaSlot &s = plan.memory.slots[plan.memory.buffers[buffer].slot];
      if (s.grown < 0)
        continue;
      auto slice = m::cast<m::RankedTensorType>(yield.getType());
      Value *bytes = b.CreateMul(dim(elementsOf(slice)), b.getInt64(elementBytes(slice)));
      ensure(s.grown, b.CreateMul(ordinal, bytes));
    }
  }

  /// A loop may have no end; an interrupt and a failed check are one.
  void stopIfAsked() {
    auto *type = llvm::FunctionType::get(i32, {ptr}, false);
    Value *asked = b.CreateCall(module.getOrInsertFunction("tenon_must_stop", type), {frame});
    returnIf(b.CreateICmpNE(asked, b.getInt32(0)), "stopped");
  }

  /// The slots of a carried value's own memory.
  std::set<int> halvesOf(Repetition loop, unsigned carried) {
    unsigned buffer = plan.memory.bufferOf.lookup(loop.getCarriedResults()[carried]);
    std::set<int> slots{int(plan.memory.buffers[buffer].slot)};
    if (!isUpdatedInPlace(loop, carried))
      slots.insert(int(plan.memory.buffers[buffer + 1].slot));
    return slots;
  }

  /// The initial value of what is updated in place is somebody else's, and may be read again.
  void copyInPlace(Repetition loop, llvm::ArrayRef<Value *> to) {
    bool any = false;
    for (unsigned k = 0; k < loop.getNumCarried(); ++k)
      if (isUpdatedInPlace(loop, k)) {
        copyShare(loop.getInit()[k], to[k]);
        any = true;
      }
    if (any)
      barrier();
  }

  /// This thread's part of a copy of `value`, which is dense.
  void copyShare(m::Value value, Value *to) {
    Dim bytes(elementBytes(value.getType()));
    for (const Dim &extent : dimsOf(m::cast<m::RankedTensorType>(value.getType())))
      bytes = bytes * extent;
    auto [lo, hi] = share(dim(bytes), 64);
    auto at = [&](Value *pointer) { return b.CreateGEP(b.getInt8Ty(), pointer, lo); };
    b.CreateMemCpy(at(to), llvm::Align(1), at(pointerOf(value)), llvm::Align(1),
                   b.CreateSub(hi, lo));
  }

  void bindBody(Repetition loop, llvm::ArrayRef<llvm::PHINode *> current, Value *t) {
    for (auto [k, argument, phi, result, init] : llvm::enumerate(
             loop.getCarriedArguments(), current, loop.getCarriedResults(), loop.getInit())) {
      place[argument] = phi;
      // Before the first iteration it is the initial value's memory, later either half.
      std::set<int> ids = halvesOf(loop, k);
      memory[loop.getCarriedYields()[k]] = ids;
      if (!isUpdatedInPlace(loop, k))
        ids.merge(std::set<int>(memoryOf(init)));
      memory[argument] = memory[result] = ids;
    }
    for (auto [argument, input, axis] :
         llvm::zip(loop.getSliceArguments(), loop.getInputs(), loop.getSliceAxes())) {
      place[argument] = slicePointer(input, axis, t);
      memory[argument] = memoryOf(input);
      rememberStrides(argument, input, axis);
    }
    for (auto [yield, result, axis] :
         llvm::zip(loop.getStackedYields(), loop.getStackedResults(), loop.getStackAxes())) {
      place[yield] = slicePointer(result, axis, t);
      memory[yield] = memoryOf(result);
      rememberStrides(yield, result, axis);
    }
  }

  void emitIf(IfOp branch) {
    barrierIfPending();
    Value *condition = b.CreateLoad(b.getInt8Ty(), pointerOf(branch.getCondition()));
    condition = b.CreateICmpNE(condition, b.getInt8(0));
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
      emitBlock(block);
      barrierIfPending();
      b.CreateBr(after);
    }
    b.SetInsertPoint(after);
    for (auto [result, pointer] : llvm::zip(branch.getResults(), results))
      place[result] = pointer;
  }

  const EntryPlan &plan;
  llvm::Module &module;
  llvm::LLVMContext &context;
  llvm::IRBuilder<> b;
  llvm::Type *ptr, *i64, *i32;
  llvm::Function *function = nullptr;
  Value *frame = nullptr, *thread = nullptr, *threads = nullptr, *symbols = nullptr;
  Value *arena = nullptr, *scratch = nullptr, *pointers = nullptr;
  Value *rowsFrom = nullptr, *rowsTo = nullptr;
  size_t mostPointers = 0;
  Value *alone = nullptr; // an i1: one thread runs this and waits for none; null: never
  bool withoutBarriers = false, committed = false;
  llvm::DenseMap<m::Operation *, const EmittedKernel *> emitted;
  llvm::DenseMap<m::Operation *, const KernelRequest *> request;
  llvm::DenseMap<m::Value, Value *> place;
  llvm::DenseMap<m::Value, std::set<int>> memory;
  llvm::DenseMap<m::Value, llvm::SmallVector<Dim>> outerStrides;
  std::set<int> written, readSince;
};

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
  BodyEmitter(plan, kernels, module).emit();
  emitPlan(plan, module);
  emitInputDims(plan, module);
}

} // namespace tenon
