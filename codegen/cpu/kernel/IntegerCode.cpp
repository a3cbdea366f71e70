//===- IntegerCode.cpp - Division and powers of whole numbers -------------===//
#include "codegen/cpu/kernel/IntegerCode.h"

namespace tenon::cpu {

using llvm::Constant;
using llvm::ConstantInt;

/// a / c towards zero for a divisor that is neither 0 nor, with the smallest dividend, -1.
/// Processors don't divide vectors of whole numbers; quotients of 32 bits are exact in f64.
static Value *truncatedQuotient(Emission &e, Value *a, Value *c, bool isUnsigned) {
  auto &b = e.b;
  llvm::Type *type = a->getType();
  if (!type->isVectorTy() || type->getScalarSizeInBits() > 32 || llvm::isa<Constant>(c))
    return isUnsigned ? b.CreateUDiv(a, c) : b.CreateSDiv(a, c);
  auto *i32 = type->getWithNewType(b.getInt32Ty());
  auto *f64 = type->getWithNewType(b.getDoubleTy());
  auto real = [&](Value *x) {
    return b.CreateSIToFP(isUnsigned ? b.CreateZExtOrTrunc(x, i32) : b.CreateSExtOrTrunc(x, i32),
                          f64);
  };
  Value *quotient = b.CreateFPToSI(b.CreateFDiv(real(a), real(c)), i32);
  return b.CreateTrunc(quotient, type);
}

Division emitFloorDivision(Emission &e, Value *a, Value *c, bool isUnsigned) {
  auto &b = e.b;
  llvm::Type *type = a->getType();
  auto *zero = Constant::getNullValue(type);
  auto *one = ConstantInt::get(type, 1);
  Value *byZero = b.CreateICmpEQ(c, zero);
  Value *unsafe = byZero;
  if (!isUnsigned) {
    auto *least =
        ConstantInt::get(type, llvm::APInt::getSignedMinValue(type->getScalarSizeInBits()));
    Value *overflows =
        b.CreateAnd(b.CreateICmpEQ(a, least), b.CreateICmpEQ(c, Constant::getAllOnesValue(type)));
    unsafe = b.CreateOr(byZero, overflows);
  }
  // By 1 instead of -1 the smallest number stays itself, as the wrapped result should.
  Value *divisor = b.CreateSelect(unsafe, one, c);
  Value *quotient = truncatedQuotient(e, a, divisor, isUnsigned);
  Value *rest = b.CreateSub(a, b.CreateMul(quotient, divisor));
  if (!isUnsigned) {
    Value *below =
        b.CreateAnd(b.CreateICmpNE(rest, zero), b.CreateICmpSLT(b.CreateXor(rest, divisor), zero));
    quotient = b.CreateSub(quotient, b.CreateZExt(below, type));
    rest = b.CreateSelect(below, b.CreateAdd(rest, divisor), rest);
  }
  return {b.CreateSelect(byZero, zero, quotient), b.CreateSelect(unsafe, zero, rest)};
}

Value *emitIntegerPower(Emission &e, Value *a, Value *c, bool isUnsigned) {
  auto &b = e.b;
  llvm::Type *type = a->getType();
  auto *zero = Constant::getNullValue(type);
  auto *one = ConstantInt::get(type, 1);
  // Squares for as many bits as the exponent has.
  Values last =
      e.loop(e.number(0), e.number(type->getScalarSizeInBits()), e.number(1), {one, a, c},
             [&](Value *, llvm::ArrayRef<Value *> carried) -> Values {
               Value *odd = b.CreateICmpNE(b.CreateAnd(carried[2], one), zero);
               Value *product =
                   b.CreateSelect(odd, b.CreateMul(carried[0], carried[1]), carried[0]);
               return {product, b.CreateMul(carried[1], carried[1]), b.CreateLShr(carried[2], one)};
             });
  if (isUnsigned)
    return last[0];
  auto *minusOne = Constant::getAllOnesValue(type);
  Value *odd = b.CreateICmpNE(b.CreateAnd(c, one), zero);
  Value *ofNegative = b.CreateSelect(odd, minusOne, zero);
  Value *ofMinusOne = b.CreateSelect(odd, minusOne, one);
  Value *reciprocal = b.CreateSelect(b.CreateICmpSLT(a, zero), ofNegative, zero);
  reciprocal = b.CreateSelect(b.CreateICmpEQ(a, minusOne), ofMinusOne, reciprocal);
  reciprocal = b.CreateSelect(b.CreateICmpEQ(a, one), one, reciprocal);
  return b.CreateSelect(b.CreateICmpSLT(c, zero), reciprocal, last[0]);
}

} // namespace tenon::cpu
