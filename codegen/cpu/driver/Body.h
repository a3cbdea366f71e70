//===- Body.h - The function that runs an entry's kernels -------*- C++ -*-===//
#pragma once

#include "codegen/cpu/EntryPlan.h"

#include "llvm/IR/IRBuilder.h"
#include "llvm/IR/Module.h"

#include <set>

namespace tenon::driver {
namespace m = mlir;
using llvm::BasicBlock;
using llvm::Value;

/// Places of `tenon_frame`'s members; all are 8 bytes wide.
enum FrameField { Inputs, Outputs, Arena, Symbols, Check, CheckWhere, Gang, Grown };

/// Writes the body of an entry: `void body(frame, i32 thread, i32 threads)`, run by every thread.
/// Blocks and kernels are in Body.cpp, scans and loops in Loops.cpp, memory in Memory.cpp.
class BodyEmitter {
public:
  BodyEmitter(const EntryPlan &plan, llvm::ArrayRef<EmittedKernel> kernels, llvm::Module &module);

  void emit();

private:
  Value *frameField(FrameField field, const char *name);
  Value *dim(const Dim &d);
  Value *ownSymbols();
  Value *slot(llvm::Type *type, const char *name);
  void returnIf(Value *condition, const char *name);

  //===--------------------------------------------------------------------===//
  // Where values are
  //===--------------------------------------------------------------------===//

  static int64_t elementBytes(m::Type type);
  Value *bufferPointer(unsigned buffer);
  Value *pointerOf(m::Value value);
  void bindOutputs(m::Block &body);
  Value *slicePointer(m::Value value, int64_t axis, Value *index);
  Value *strideOf(m::Value value, int64_t axis);
  void rememberStrides(m::Value slice, m::Value whole, int64_t axis);

  Value *grownMember(int grown, int member);
  void ensure(int grown, Value *bytes);
  void ensureBuffer(unsigned buffer);
  void ensureResults(m::Operation &op);
  void ensureStacks(Repetition loop, Value *ordinal);

  //===--------------------------------------------------------------------===//
  // Threads
  //===--------------------------------------------------------------------===//

  // Slots of the arena count from 0, arguments from `firstArgument`, results of the function that
  // have memory of their own from `firstResult`.
  static constexpr int firstArgument = 1 << 20, firstResult = 1 << 21;

  std::set<int> memoryOf(m::Value value);
  void beforeAccess(llvm::ArrayRef<m::Value> reads, llvm::ArrayRef<m::Value> writes);
  void barrier();
  void meet();
  void barrierIfPending();
  std::pair<Value *, Value *> share(Value *tasks, int64_t grain);
  std::pair<Value *, Value *> shareOf(KernelOp kernel, const EmittedKernel &code);
  Value *staysWithFirst(KernelOp kernel);

  //===--------------------------------------------------------------------===//
  // Blocks
  //===--------------------------------------------------------------------===//

  void emitBlock(m::Block &block);
  void stopIfCheckFailed();
  void emitAlias(ReshapeOp reshape);
  llvm::FunctionCallee kernelCallee(const std::string &symbol);
  void emitKernel(KernelOp kernel);
  void emitIf(IfOp branch);

  //===--------------------------------------------------------------------===//
  // Scans and loops
  //===--------------------------------------------------------------------===//

  /// A scan or loop while it is written.
  struct LoopCode {
    Repetition loop;
    bool byRows = false, isOpen = false;
    Value *steps = nullptr;   // of a scan; the most that a loop may make
    Value *isSmall = nullptr; // an i1: the first thread alone runs the scan; null: all run it
    Value *isOther = nullptr; // an i1: this thread skips the scan; null: none does
    BasicBlock *head = nullptr, *inside = nullptr, *after = nullptr, *skip = nullptr;
    /// Of each carried value: the memory it starts in, and the two that steps write in turn.
    llvm::SmallVector<Value *> initial;
    llvm::SmallVector<std::pair<Value *, Value *>> halves;
    llvm::PHINode *i = nullptr;
    llvm::SmallVector<llvm::PHINode *> current;
  };

  void emitLoop(Repetition loop);
  LoopCode planLoop(Repetition loop);
  Value *mostSteps(Repetition loop);
  void oneThreadIfSmall(LoopCode &code);
  void emitHead(LoopCode &code);
  void emitStep(LoopCode &code);
  void bindBody(Repetition loop, llvm::ArrayRef<llvm::PHINode *> current, Value *t);
  void bindResults(const LoopCode &code);
  void bindAfterSkipping(const LoopCode &code);
  void stopIfAsked();
  std::set<int> halvesOf(Repetition loop, unsigned carried);
  void copyInPlace(Repetition loop, llvm::ArrayRef<Value *> to);
  void copyShare(m::Value value, Value *to);

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
  llvm::DenseMap<m::Value, Value *> place;
  llvm::DenseMap<m::Value, std::set<int>> memory;
  llvm::DenseMap<m::Value, llvm::SmallVector<Dim>> outerStrides;
  std::set<int> written, readSince;
  /// Slots that the first thread alone has written where the i1 holds.
  std::map<int, Value *> writtenByFirst;
};

} // namespace tenon::driver
