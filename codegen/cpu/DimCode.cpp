//===- DimCode.cpp - Extents as LLVM values -------------------------------===//
#include "codegen/cpu/DimCode.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/IR/Intrinsics.h"

#include <cassert>

using namespace llvm;
using namespace tenon;

static Value *emitAtom(IRBuilderBase &builder, const Dim::Atom &atom, Value *symbols,
                       ArrayRef<std::string> names) {
  Type *i64 = builder.getInt64Ty();
  if (atom.kind == Dim::AtomKind::Symbol) {
    auto at = llvm::find(names, atom.name);
    assert(at != names.end() && "a named dimension that the entry doesn't have");
    return builder.CreateLoad(
        i64, builder.CreateConstInBoundsGEP1_64(i64, symbols, at - names.begin()), atom.name);
  }
  Value *left = emitDim(builder, atom.left, symbols, names);
  Value *right = emitDim(builder, atom.right, symbols, names);
  if (atom.kind == Dim::AtomKind::Max)
    return builder.CreateBinaryIntrinsic(Intrinsic::smax, left, right);
  if (atom.kind == Dim::AtomKind::Min)
    return builder.CreateBinaryIntrinsic(Intrinsic::smin, left, right);
  // Rounds down; a zero divisor gives what dividing by 1 gives instead of a trap.
  Value *zero = builder.getInt64(0);
  right = builder.CreateSelect(builder.CreateICmpEQ(right, zero), builder.getInt64(1), right);
  Value *quotient = builder.CreateSDiv(left, right);
  Value *rest = builder.CreateSub(left, builder.CreateMul(quotient, right));
  Value *inexact = builder.CreateICmpNE(rest, zero);
  Value *signs = builder.CreateICmpSLT(builder.CreateXor(rest, right), zero);
  return builder.CreateSub(quotient, builder.CreateZExt(builder.CreateAnd(inexact, signs), i64));
}

Value *tenon::emitDim(IRBuilderBase &builder, const Dim &dim, Value *symbols,
                      ArrayRef<std::string> names) {
  if (auto constant = dim.constant())
    return builder.getInt64(*constant);
  Value *sum = nullptr;
  for (auto &[monomial, coefficient] : dim.terms()) {
    Value *term = nullptr;
    for (auto &factor : monomial) {
      Value *value = emitAtom(builder, *factor, symbols, names);
      term = term ? builder.CreateNSWMul(term, value) : value;
    }
    Value *number = builder.getInt64(coefficient);
    term = !term ? number : coefficient == 1 ? term : builder.CreateNSWMul(term, number);
    sum = sum ? builder.CreateNSWAdd(sum, term) : term;
  }
  return sum;
}
