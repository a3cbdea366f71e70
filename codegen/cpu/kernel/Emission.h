//===- Emission.h - The function being emitted ------------------*- C++ -*-===//
#pragma once

#include "codegen/cpu/KernelEmitter.h"
#include "codegen/cpu/TargetInfo.h"

#include "llvm/ADT/STLFunctionalExtras.h"
#include "llvm/IR/IRBuilder.h"
#include "llvm/IR/Module.h"

namespace tenon::cpu {
namespace m = mlir;
using llvm::BasicBlock;
using llvm::Value;
using Values = llvm::SmallVector<Value *, 4>;

/// A kernel's LLVM function while it is written: its arguments, extents, loops and branches.
///
/// Code is written in nested scopes (a loop's body, a branch). Whoever remembers a value for use
/// further down stores the scope with it: it may be used again while that scope is open.
class Emission {
public:
  Emission(const KernelRequest &request, const TargetInfo &target, llvm::Module &module,
           llvm::StringRef symbol);

  const KernelRequest &request;
  const TargetInfo &target;
  llvm::Module &module;
  llvm::IRBuilder<> b;
  llvm::Function *function = nullptr;
  Value *frame = nullptr, *symbols = nullptr, *lo = nullptr, *hi = nullptr, *scratch = nullptr;

  /// An extent as an i64, computed once at the function's entry.
  Value *dim(const Dim &d);
  Value *inputPointer(unsigned index) { return pointers[index]; }
  Value *outputPointer(unsigned index) { return pointers[request.inputs.size() + index]; }
  Value *number(int64_t n) { return b.getInt64(n); }

  //===--------------------------------------------------------------------===//
  // Element types
  //===--------------------------------------------------------------------===//

  /// How an element lies in memory: a bool in a byte.
  llvm::Type *memoryType(m::Type element);
  /// What it is computed in: f16 and bf16 in f32, a bool as i1.
  llvm::Type *registerType(m::Type element);
  static unsigned memoryBytes(m::Type element);
  /// Between the two; `narrow` rounds.
  Value *widen(Value *memory, m::Type element);
  Value *narrow(Value *value, m::Type element);
  /// A value of f16 or bf16 computed in f32, rounded to what its type can hold.
  Value *rounded(Value *value, m::Type element);

  //===--------------------------------------------------------------------===//
  // Loops and branches
  //===--------------------------------------------------------------------===//

  using Body = llvm::function_ref<void(Value *index)>;
  using CarryingBody = llvm::function_ref<Values(Value *index, llvm::ArrayRef<Value *> carried)>;
  /// for (index = from; index < to; index += step). Signed, i64.
  void loop(Value *from, Value *to, Value *step, Body body);
  /// The same with values carried from one iteration to the next; answers the last ones.
  Values loop(Value *from, Value *to, Value *step, llvm::ArrayRef<Value *> initial,
              CarryingBody body);
  /// The values of the branch taken. `condition` is an i1; a constant one writes one branch only.
  Values branch(Value *condition, llvm::function_ref<Values()> then,
                llvm::function_ref<Values()> otherwise);
  void when(Value *condition, llvm::function_ref<void()> then);

  unsigned scope() const { return open.back(); }
  bool isOpen(unsigned scope) const { return llvm::is_contained(open, scope); }

  //===--------------------------------------------------------------------===//
  // Memory
  //===--------------------------------------------------------------------===//

  /// What the kernel may assume of memory it reads and writes: an input shares its place with a
  /// result only where every element is read before it is written.
  void markLoad(Value *access, unsigned input);
  void markStore(Value *access, unsigned output);
  void markScratch(Value *access);

private:
  class Scope;
  void setAliases(Value *access, llvm::ArrayRef<llvm::Metadata *> own, unsigned exceptOutput,
                  bool exceptScratch);

  BasicBlock *entry = nullptr;
  llvm::SmallVector<Value *> pointers;
  std::map<std::string, Value *> dims;
  llvm::SmallVector<unsigned> open{0};
  unsigned lastScope = 0;
  llvm::SmallVector<llvm::Metadata *> outputScopes;
  llvm::Metadata *scratchScope = nullptr;
  llvm::SmallVector<bool> mayShare;
};

} // namespace tenon::cpu
