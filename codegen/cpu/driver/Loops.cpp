//===- Loops.cpp - Scans and loops ----------------------------------------===//
#include "codegen/cpu/StepWork.h"
#include "codegen/cpu/driver/Body.h"
#include "passes/schedule/InPlace.h"

namespace tenon::driver {

void BodyEmitter::emitLoop(Repetition loop) {
  barrierIfPending();
  auto outside = std::tuple(alone, thread, threads);
  LoopCode code = planLoop(loop);
  if (code.isOther) {
    auto *mine = BasicBlock::Create(context, "scan_of_mine", function);
    b.CreateCondBr(code.isOther, code.skip, mine);
    b.SetInsertPoint(mine);
  }
  copyInPlace(loop, code.initial);
  emitHead(code);
  emitStep(code);
  b.SetInsertPoint(code.after);
  std::tie(alone, thread, threads) = outside;
  bindResults(code);
  writtenByFirst.clear();
  if (code.isOther)
    bindAfterSkipping(code);
  barrier();
  if (code.isSmall)
    for (m::Value result : loop->getResults())
      for (int slot : memoryOf(result))
        writtenByFirst[slot] = code.isSmall;
}

BodyEmitter::LoopCode BodyEmitter::planLoop(Repetition loop) {
  LoopCode code;
  code.loop = loop;
  code.byRows = plan.rows.contains(loop);
  code.isOpen = m::isa<LoopOp>(loop);
  code.steps = mostSteps(loop);
  if (code.byRows)
    std::tie(rowsFrom, rowsTo) = share(dim(plan.rows.lookup(loop).rows), 1);
  else
    oneThreadIfSmall(code);
  code.head = BasicBlock::Create(context, code.isOpen ? "loop" : "scan", function);
  code.inside = BasicBlock::Create(context, code.isOpen ? "loop_body" : "scan_body", function);
  code.after = BasicBlock::Create(context, code.isOpen ? "loop_end" : "scan_end", function);
  if (code.isOther)
    code.skip = BasicBlock::Create(context, "scan_of_another", function);
  for (auto [k, init, result] : llvm::enumerate(loop.getInit(), loop.getCarriedResults())) {
    unsigned buffer = plan.memory.bufferOf.lookup(result);
    Value *first = bufferPointer(buffer);
    bool stays = isUpdatedInPlace(loop, k);
    code.halves.push_back({first, stays ? first : bufferPointer(buffer + 1)});
    code.initial.push_back(stays ? first : pointerOf(init));
  }
  return code;
}

/// Where each step begins: its number, the carried values, and whether it is made.
void BodyEmitter::emitHead(LoopCode &code) {
  auto *before = b.GetInsertBlock();
  b.CreateBr(code.head);
  b.SetInsertPoint(code.head);
  code.i = b.CreatePHI(i64, 2, "i");
  code.i->addIncoming(b.getInt64(0), before);
  for (Value *start : code.initial) {
    code.current.push_back(b.CreatePHI(ptr, 2, "carried"));
    code.current.back()->addIncoming(start, before);
  }
  Value *inTime = b.CreateICmpSLT(code.i, code.steps);
  if (code.isOpen) {
    auto *allowed = BasicBlock::Create(context, "step_allowed", function);
    b.CreateCondBr(inTime, allowed, code.after);
    b.SetInsertPoint(allowed);
    inTime = b.CreateICmpNE(b.CreateLoad(b.getInt8Ty(), code.current[0]), b.getInt8(0));
  }
  b.CreateCondBr(inTime, code.inside, code.after);
}

void BodyEmitter::emitStep(LoopCode &code) {
  Repetition loop = code.loop;
  b.SetInsertPoint(code.inside);
  Value *counter = slot(i64, "iteration");
  b.CreateStore(code.i, counter);
  place[loop.getIteration()] = counter;
  Value *ordinal = b.CreateAdd(code.i, b.getInt64(1));
  if (code.isOpen)
    ensureStacks(loop, ordinal);
  bindBody(loop, code.current, loop.isReversed() ? b.CreateSub(code.steps, ordinal) : code.i);
  llvm::SmallVector<Value *> next;
  Value *isOdd = b.CreateTrunc(code.i, b.getInt1Ty());
  for (auto [half, yield] : llvm::zip(code.halves, loop.getCarriedYields())) {
    next.push_back(b.CreateSelect(isOdd, half.second, half.first, "next"));
    place[yield] = next.back();
  }
  bool outer = withoutBarriers;
  withoutBarriers = code.byRows;
  emitBlock(loop.getBodyBlock());
  withoutBarriers = outer;
  if (!code.byRows)
    barrier();
  if (code.isOpen)
    stopIfAsked();
  code.i->addIncoming(ordinal, b.GetInsertBlock());
  for (auto [phi, value] : llvm::zip(code.current, next))
    phi->addIncoming(value, b.GetInsertBlock());
  b.CreateBr(code.head);
}

void BodyEmitter::bindResults(const LoopCode &code) {
  Repetition loop = code.loop;
  for (auto [result, phi] : llvm::zip(loop.getCarriedResults(), code.current))
    place[result] = phi;
  if (auto open = m::dyn_cast<LoopOp>(loop.getOperation()); open && open.getSteps()) {
    size_t name = llvm::find(plan.names, open.getSteps()->str()) - plan.names.begin();
    b.CreateStore(code.i, b.CreateConstInBoundsGEP1_64(i64, symbols, name));
  }
}

/// The steps of a scan, or the most that a loop may make.
Value *BodyEmitter::mostSteps(Repetition loop) {
  auto open = m::dyn_cast<LoopOp>(loop.getOperation());
  if (!open)
    return dim(loop.getExtentDim());
  Value *most = open.getBoundDim() ? dim(*open.getBoundDim()) : b.getInt64(INT64_MAX);
  if (!open.getLimit())
    return most;
  Value *limit = b.CreateLoad(i64, pointerOf(open.getLimit()), "limit");
  return b.CreateBinaryIntrinsic(llvm::Intrinsic::smin, most, limit);
}

/// Where the steps of a scan are small, what follows is emitted for one thread alone that doesn't
/// wait: `alone`, `thread` and `threads` change; the others skip the scan.
void BodyEmitter::oneThreadIfSmall(LoopCode &code) {
  auto scan = m::dyn_cast<ScanOp>(code.loop.getOperation());
  auto work = scan ? stepWorkBeyondMeeting(scan) : std::nullopt;
  if (!work || withoutBarriers || plan.memory.grown > 0)
    return; // no room can be asked for by one thread
  if (auto number = work->constant(); number && *number >= 0)
    return;
  code.isSmall = b.CreateICmpSLT(dim(*work), b.getInt64(0), "small_steps");
  code.isOther = b.CreateAnd(code.isSmall, b.CreateICmpNE(thread, b.getInt64(0)), "is_other");
  alone = alone ? b.CreateOr(alone, code.isSmall) : code.isSmall;
  threads = b.CreateSelect(code.isSmall, b.getInt64(1), threads);
}

/// In front of what follows a scan that some threads skip: they find its results where the last
/// step of an even or odd number of steps put them.
void BodyEmitter::bindAfterSkipping(const LoopCode &code) {
  Repetition loop = code.loop;
  b.SetInsertPoint(code.skip);
  llvm::SmallVector<Value *> last;
  Value *isOdd = b.CreateTrunc(code.steps, b.getInt1Ty());
  Value *isNone = b.CreateICmpSLE(code.steps, b.getInt64(0));
  for (auto [start, half] : llvm::zip(code.initial, code.halves))
    last.push_back(b.CreateSelect(isNone, start, b.CreateSelect(isOdd, half.first, half.second)));
  b.CreateBr(code.after);
  b.SetInsertPoint(code.after);
  for (auto [result, skipped] : llvm::zip(loop.getCarriedResults(), last)) {
    auto *either = b.CreatePHI(ptr, 2, "result");
    either->addIncoming(place[result], code.head);
    either->addIncoming(skipped, code.skip);
    place[result] = either;
  }
}

/// A loop may have no end; an interrupt and a failed check are one.
void BodyEmitter::stopIfAsked() {
  auto *type = llvm::FunctionType::get(i32, {ptr}, false);
  Value *asked = b.CreateCall(module.getOrInsertFunction("tenon_must_stop", type), {frame});
  returnIf(b.CreateICmpNE(asked, b.getInt32(0)), "stopped");
}

/// The slots of a carried value's own memory.
std::set<int> BodyEmitter::halvesOf(Repetition loop, unsigned carried) {
  unsigned buffer = plan.memory.bufferOf.lookup(loop.getCarriedResults()[carried]);
  std::set<int> slots{int(plan.memory.buffers[buffer].slot)};
  if (!isUpdatedInPlace(loop, carried))
    slots.insert(int(plan.memory.buffers[buffer + 1].slot));
  return slots;
}

/// The initial value of what is updated in place is somebody else's, and may be read again.
void BodyEmitter::copyInPlace(Repetition loop, llvm::ArrayRef<Value *> to) {
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
void BodyEmitter::copyShare(m::Value value, Value *to) {
  Dim bytes(elementBytes(value.getType()));
  for (const Dim &extent : dimsOf(m::cast<m::RankedTensorType>(value.getType())))
    bytes = bytes * extent;
  auto [lo, hi] = share(dim(bytes), 64);
  auto at = [&](Value *pointer) { return b.CreateGEP(b.getInt8Ty(), pointer, lo); };
  b.CreateMemCpy(at(to), llvm::Align(1), at(pointerOf(value)), llvm::Align(1), b.CreateSub(hi, lo));
}

void BodyEmitter::bindBody(Repetition loop, llvm::ArrayRef<llvm::PHINode *> current, Value *t) {
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

} // namespace tenon::driver
