//===- Emission.cpp - The function being emitted --------------------------===//
#include "codegen/cpu/kernel/Emission.h"

#include "codegen/cpu/DimCode.h"
#include "codegen/cpu/VectorMath.h"
#include "passes/schedule/Elementwise.h"

#include "llvm/IR/MDBuilder.h"

namespace tenon::cpu {

Emission::Emission(const KernelRequest &request, const TargetInfo &target, llvm::Module &module,
                   llvm::StringRef symbol)
    : request(request), target(target), module(module), b(module.getContext()) {
  auto *ptr = b.getPtrTy();
  auto *i64 = b.getInt64Ty();
  auto *type = llvm::FunctionType::get(b.getVoidTy(), {ptr, ptr, ptr, i64, i64, ptr}, false);
  function = llvm::Function::Create(type, llvm::Function::ExternalLinkage, symbol, module);
  function->addFnAttr(llvm::Attribute::NoUnwind);
  const char *names[] = {"frame", "symbols", "pointers", "lo", "hi", "scratch"};
  for (auto &argument : function->args())
    argument.setName(names[argument.getArgNo()]);
  frame = function->getArg(0);
  symbols = function->getArg(1);
  lo = function->getArg(3);
  hi = function->getArg(4);
  scratch = function->getArg(5);
  function->addParamAttr(5, llvm::Attribute::getWithAlignment(b.getContext(), llvm::Align(64)));

  entry = BasicBlock::Create(b.getContext(), "entry", function);
  auto *start = BasicBlock::Create(b.getContext(), "start", function);
  b.SetInsertPoint(entry);
  unsigned count = request.inputs.size() + request.outputs.size();
  for (unsigned i = 0; i < count; ++i)
    pointers.push_back(
        b.CreateLoad(ptr, b.CreateConstInBoundsGEP1_64(ptr, function->getArg(2), i), "buffer"));
  b.CreateBr(start);
  b.SetInsertPoint(start);

  llvm::MDBuilder metadata(b.getContext());
  auto *domain = metadata.createAnonymousAliasScopeDomain("kernel");
  for (unsigned i = 0; i < request.outputs.size(); ++i)
    outputScopes.push_back(metadata.createAnonymousAliasScope(domain, "output"));
  scratchScope = metadata.createAnonymousAliasScope(domain, "scratch");
  for (unsigned i = 0; i < request.inputs.size(); ++i)
    mayShare.push_back(readsOnlyElementwise(request.op, i));
}

Value *Emission::dim(const Dim &d) {
  if (auto constant = d.constant())
    return number(*constant);
  Value *&known = dims[d.str()];
  if (!known) {
    llvm::IRBuilder<> atEntry(entry->getTerminator());
    known = emitDim(atEntry, d, symbols, request.symbols);
  }
  return known;
}

//===----------------------------------------------------------------------===//
// Element types
//===----------------------------------------------------------------------===//

llvm::Type *Emission::memoryType(m::Type element) {
  if (element.isInteger(1))
    return b.getInt8Ty();
  // As bits: vectors of small reals aren't legal everywhere.
  if (element.isF16() || element.isBF16())
    return b.getInt16Ty();
  return registerType(element);
}

llvm::Type *Emission::registerType(m::Type element) {
  if (element.isF64())
    return b.getDoubleTy();
  if (m::isa<m::FloatType>(element))
    return b.getFloatTy();
  return b.getIntNTy(element.getIntOrFloatBitWidth());
}

unsigned Emission::memoryBytes(m::Type element) {
  return std::max(1u, element.getIntOrFloatBitWidth() / 8);
}

static llvm::Type *smallReal(llvm::IRBuilderBase &b, m::Type element) {
  return element.isF16() ? b.getHalfTy() : element.isBF16() ? b.getBFloatTy() : nullptr;
}

Value *Emission::widen(Value *memory, m::Type element) {
  if (element.isInteger(1))
    return b.CreateICmpNE(memory, llvm::Constant::getNullValue(memory->getType()));
  if (llvm::Type *small = smallReal(b, element))
    return emitWiden(b, target, b.CreateBitCast(memory, memory->getType()->getWithNewType(small)));
  return memory;
}

Value *Emission::narrow(Value *value, m::Type element) {
  if (element.isInteger(1))
    return b.CreateZExt(value, value->getType()->getWithNewType(b.getInt8Ty()));
  if (llvm::Type *small = smallReal(b, element))
    return b.CreateBitCast(emitNarrow(b, target, value, small),
                           value->getType()->getWithNewType(b.getInt16Ty()));
  return value;
}

Value *Emission::rounded(Value *value, m::Type element) {
  return element.isF16() || element.isBF16() ? widen(narrow(value, element), element) : value;
}

//===----------------------------------------------------------------------===//
// Loops and branches
//===----------------------------------------------------------------------===//

class Emission::Scope {
public:
  explicit Scope(Emission &e) : e(e) { e.open.push_back(++e.lastScope); }
  ~Scope() { e.open.pop_back(); }

private:
  Emission &e;
};

void Emission::loop(Value *from, Value *to, Value *step, Body body) {
  loop(from, to, step, {}, [&](Value *index, llvm::ArrayRef<Value *>) {
    body(index);
    return Values();
  });
}

Values Emission::loop(Value *from, Value *to, Value *step, llvm::ArrayRef<Value *> initial,
                      CarryingBody body) {
  auto *before = b.GetInsertBlock();
  auto *inside = BasicBlock::Create(b.getContext(), "loop", function);
  auto *after = BasicBlock::Create(b.getContext(), "done", function);
  b.CreateCondBr(b.CreateICmpSLT(from, to), inside, after);

  b.SetInsertPoint(inside);
  auto *index = b.CreatePHI(b.getInt64Ty(), 2, "i");
  index->addIncoming(from, before);
  llvm::SmallVector<llvm::PHINode *> carried;
  for (Value *value : initial) {
    carried.push_back(b.CreatePHI(value->getType(), 2, "carried"));
    carried.back()->addIncoming(value, before);
  }
  Values next;
  {
    Scope scope(*this);
    next = body(index, Values(carried.begin(), carried.end()));
  }
  auto *last = b.GetInsertBlock();
  Value *following = b.CreateNSWAdd(index, step);
  index->addIncoming(following, last);
  for (auto [phi, value] : llvm::zip_equal(carried, next))
    phi->addIncoming(value, last);
  b.CreateCondBr(b.CreateICmpSLT(following, to), inside, after);

  b.SetInsertPoint(after);
  Values results;
  for (auto [start, value] : llvm::zip_equal(initial, next)) {
    auto *phi = b.CreatePHI(value->getType(), 2, "final");
    phi->addIncoming(start, before);
    phi->addIncoming(value, last);
    results.push_back(phi);
  }
  return results;
}

Values Emission::branch(Value *condition, llvm::function_ref<Values()> then,
                        llvm::function_ref<Values()> otherwise) {
  if (auto *known = llvm::dyn_cast<llvm::ConstantInt>(condition))
    return known->isOne() ? then() : otherwise();
  auto *yes = BasicBlock::Create(b.getContext(), "then", function);
  auto *no = BasicBlock::Create(b.getContext(), "else", function);
  auto *after = BasicBlock::Create(b.getContext(), "join", function);
  b.CreateCondBr(condition, yes, no);
  auto side = [&](BasicBlock *block, llvm::function_ref<Values()> body) {
    b.SetInsertPoint(block);
    Scope scope(*this);
    Values values = body();
    BasicBlock *end = b.GetInsertBlock();
    b.CreateBr(after);
    return std::pair(values, end);
  };
  auto [left, leftEnd] = side(yes, then);
  auto [right, rightEnd] = side(no, otherwise);
  b.SetInsertPoint(after);
  Values results;
  for (auto [a, c] : llvm::zip_equal(left, right)) {
    auto *phi = b.CreatePHI(a->getType(), 2);
    phi->addIncoming(a, leftEnd);
    phi->addIncoming(c, rightEnd);
    results.push_back(phi);
  }
  return results;
}

void Emission::when(Value *condition, llvm::function_ref<void()> then) {
  branch(
      condition,
      [&] {
        then();
        return Values();
      },
      [] { return Values(); });
}

//===----------------------------------------------------------------------===//
// Memory
//===----------------------------------------------------------------------===//

void Emission::setAliases(Value *access, llvm::ArrayRef<llvm::Metadata *> own,
                          unsigned exceptOutput, bool exceptScratch) {
  auto *instruction = llvm::dyn_cast<llvm::Instruction>(access);
  if (!instruction)
    return;
  llvm::SmallVector<llvm::Metadata *> others;
  for (auto [i, scope] : llvm::enumerate(outputScopes))
    if (i != exceptOutput)
      others.push_back(scope);
  if (!exceptScratch)
    others.push_back(scratchScope);
  auto &context = b.getContext();
  if (!own.empty())
    instruction->setMetadata(llvm::LLVMContext::MD_alias_scope, llvm::MDNode::get(context, own));
  if (!others.empty())
    instruction->setMetadata(llvm::LLVMContext::MD_noalias, llvm::MDNode::get(context, others));
}

void Emission::markLoad(Value *access, unsigned input) {
  if (!mayShare[input])
    setAliases(access, {}, ~0u, false);
}
void Emission::markStore(Value *access, unsigned output) {
  setAliases(access, outputScopes[output], output, false);
}
void Emission::markScratch(Value *access) { setAliases(access, scratchScope, ~0u, true); }

} // namespace tenon::cpu
