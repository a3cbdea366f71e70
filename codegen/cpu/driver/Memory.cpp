//===- Memory.cpp - Where the values of an entry are ----------------------===//
#include "codegen/cpu/driver/Body.h"
#include "passes/schedule/InPlace.h"

namespace tenon::driver {

int64_t BodyEmitter::elementBytes(m::Type type) {
  m::Type element = m::cast<m::RankedTensorType>(type).getElementType();
  return element.isInteger(1) ? 1 : element.getIntOrFloatBitWidth() / 8;
}

Value *BodyEmitter::bufferPointer(unsigned buffer) {
  const ArenaSlot &s = plan.memory.slots[plan.memory.buffers[buffer].slot];
  if (s.grown >= 0)
    return b.CreateLoad(ptr, grownMember(s.grown, 0), plan.memory.buffers[buffer].name);
  return b.CreateGEP(b.getInt8Ty(), arena, dim(s.offset), plan.memory.buffers[buffer].name);
}

Value *BodyEmitter::pointerOf(m::Value value) {
  auto known = place.find(value);
  if (known != place.end())
    return known->second;
  auto buffer = plan.memory.bufferOf.find(value);
  assert(buffer != plan.memory.bufferOf.end() && "a value without memory");
  return bufferPointer(buffer->second);
}

/// Results of the function are written where the caller wants them.
void BodyEmitter::bindOutputs(m::Block &body) {
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

/// The start of slice `index` of an axis of `value`.
Value *BodyEmitter::slicePointer(m::Value value, int64_t axis, Value *index) {
  auto type = m::cast<m::RankedTensorType>(value.getType());
  auto dims = dimsOf(type);
  // The strides of a slice of a slice are those of the outer tensor's memory.
  Value *stride = strideOf(value, axis);
  Value *bytes = b.CreateMul(b.CreateMul(index, stride), b.getInt64(elementBytes(type)));
  return b.CreateGEP(b.getInt8Ty(), pointerOf(value), bytes, "slice");
}

Value *BodyEmitter::strideOf(m::Value value, int64_t axis) {
  if (auto known = outerStrides.find(value); known != outerStrides.end())
    return dim(known->second[axis]);
  Dim stride(1);
  auto dims = dimsOf(m::cast<m::RankedTensorType>(value.getType()));
  for (size_t i = axis + 1; i < dims.size(); ++i)
    stride = stride * dims[i];
  return dim(stride);
}

void BodyEmitter::rememberStrides(m::Value slice, m::Value whole, int64_t axis) {
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

//===----------------------------------------------------------------------===//
// Memory that grows
//===----------------------------------------------------------------------===//

/// The address of a `tenon_grown`'s member.
Value *BodyEmitter::grownMember(int grown, int member) {
  return b.CreateConstInBoundsGEP1_64(i64, frameField(Grown, "grown"), 2 * grown + member);
}

/// At least `bytes` for a memory that grows. Every thread sees the same capacity: it changes only
/// between the two barriers.
void BodyEmitter::ensure(int grown, Value *bytes) {
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

void BodyEmitter::ensureBuffer(unsigned buffer) {
  const ArenaSlot &s = plan.memory.slots[plan.memory.buffers[buffer].slot];
  if (s.grown >= 0)
    ensure(s.grown, dim(s.bytes));
}

/// Room for the results of an op, but for what a loop stacks. Threads that don't meet in a scan
/// can't wait for room there.
void BodyEmitter::ensureResults(m::Operation &op) {
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

/// Room for the slices of step number `ordinal`, counted from 1.
void BodyEmitter::ensureStacks(Repetition loop, Value *ordinal) {
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

} // namespace tenon::driver
