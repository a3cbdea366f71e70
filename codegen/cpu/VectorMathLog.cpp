//===- VectorMathLog.cpp - log and log1p ----------------------------------===//
#include "codegen/cpu/VectorMathEmitter.h"
#include "codegen/cpu/VectorMathTables.h"

#include <limits>

using namespace tenon;
using namespace llvm;
using namespace tenon::mathtables;

static constexpr double infinity = std::numeric_limits<double>::infinity();
static constexpr double notANumber = std::numeric_limits<double>::quiet_NaN();

MathEmitter::Split MathEmitter::split(Value *x) {
  uint64_t rootHalf = isDouble ? 0x3fe6a09e667f3bcd : 0x3f3504f3;
  Value *all = bits(x);
  Value *exponent = b_.CreateAShr(b_.CreateSub(all, integer(rootHalf)), integer(mantissaBits()));
  Value *mantissa = b_.CreateSub(all, b_.CreateShl(exponent, integer(mantissaBits())));
  return {real(mantissa), exponent};
}

// e ln2 + f is formed without error, the rest is small against it.
Value *MathEmitter::logReduced(Value *f, Value *exponent, Value *low) {
  Value *e = b_.CreateSIToFP(exponent, type);
  const double *ln2 = isDouble ? ln2F64 : ln2F32;
  Value *eLow = mul(e, constant(ln2[1]));
  if (low)
    eLow = add(eLow, low);
  Value *rest;
  if (isDouble) {
    // f - f^2/2 + s (f^2/2 + s^2 P(s^2)) with s = f / (2 + f).
    Value *s = div(f, add(f, constant(2)));
    Value *z = mul(s, s);
    Value *half = mul(mul(f, f), constant(0.5));
    Value *tail = fma(polynomial(z, logAtanhF64), z, half);
    rest = sub(fma(s, tail, eLow), half);
  } else {
    Value *square = mul(f, f);
    Value *tail = fma(polynomial(f, logF32), f, constant(-0.5));
    rest = fma(square, tail, eLow);
  }
  Pair sum = fastTwoSum(mul(e, constant(ln2[0])), f);
  return add(sum.high, add(sum.low, rest));
}

Value *MathEmitter::log(Value *x) {
  double least = isDouble ? 0x1p-1022 : 0x1p-126;
  Split parts = split(x);
  Value *result = logReduced(sub(parts.mantissa, constant(1)), parts.exponent);
  result = select(below(x, infinity), result, add(x, constant(infinity)));
  Value *outside =
      select(b_.CreateFCmpOLE(x, constant(-least)), constant(notANumber), constant(-infinity));
  return select(below(x, least), outside, result);
}

// With u = 1 + x = m 2^e: f = m - 1 = x 2^-e + (2^-e - 1) is computed from x itself and with its
// error, so that what rounding u lost isn't missed.
Value *MathEmitter::log1p(Value *x) {
  Value *u = add(x, constant(1));
  Split parts = split(u);
  uint64_t one = uint64_t(isDouble ? 1023 : 127) << mantissaBits();
  Value *scale =
      real(b_.CreateSub(integer(one), b_.CreateShl(parts.exponent, integer(mantissaBits()))));
  Pair sum = twoSum(mul(x, scale), sub(scale, constant(1)));
  // The scale is no normal number for the largest x, where the 1 has no weight.
  Value *large = b_.CreateICmpSGT(parts.exponent, integer(64));
  Value *f = select(large, sub(parts.mantissa, constant(1)), sum.high);
  Value *low = select(large, constant(0), fma(b_.CreateFNeg(sum.low), f, sum.low)); // / (1 + f)
  Value *result = logReduced(f, parts.exponent, low);
  result = select(below(x, infinity), result, add(x, constant(infinity)));
  Value *outside = select(below(x, -1), constant(notANumber), constant(-infinity));
  result = select(b_.CreateFCmpOLE(x, constant(-1)), outside, result);
  return withSignOf(result, x);
}
