//===- VectorMathExp.cpp - exp and the functions made of it ---------------===//
#include "codegen/cpu/VectorMathEmitter.h"
#include "codegen/cpu/VectorMathTables.h"

#include <limits>

using namespace tenon;
using namespace llvm;
using namespace tenon::mathtables;

static constexpr double log2e = 0x1.71547652b82fep+0;

// Adding 1.5 * 2^mantissaBits rounds to a whole number and leaves it in the low bits.
MathEmitter::Reduced MathEmitter::reduceExp(Value *x) {
  Value *magic = constant(isDouble ? 0x1.8p52 : 0x1.8p23);
  Value *shifted = fma(x, constant(isDouble ? log2e : double(float(log2e))), magic);
  Value *n = sub(shifted, magic);
  const double *ln2 = isDouble ? ln2F64 : ln2F32;
  Value *r = fma(n, constant(-ln2[0]), x);
  r = fma(n, constant(-ln2[1]), r);
  return {r, b_.CreateShl(bits(shifted), integer(mantissaBits()))};
}

Value *MathEmitter::expm1Reduced(Value *r) {
  Value *q = isDouble ? polynomial(r, expF64) : polynomial(r, expF32);
  return fma(mul(r, r), q, r);
}

Value *MathEmitter::powerOfTwo(Value *exponent, int shift) {
  uint64_t bias = (isDouble ? 1023 : 127) + shift;
  return real(b_.CreateAdd(exponent, integer(bias << mantissaBits())));
}

// 1 + r is formed without error, so that only the last addition rounds at full size.
Value *MathEmitter::expReduced(Value *r) {
  Value *q = isDouble ? polynomial(r, expF64) : polynomial(r, expF32);
  Pair sum = fastTwoSum(constant(1), r);
  return add(sum.high, fma(mul(r, r), q, sum.low));
}

Value *MathEmitter::expInRange(Value *x) {
  Reduced reduced = reduceExp(x);
  Value *p = expReduced(reduced.r);
  return mul(p, powerOfTwo(reduced.exponent, 0));
}

Value *MathEmitter::exp(Value *x) {
  const double *range = isDouble ? expRangeF64 : expRangeF32;
  Reduced reduced = reduceExp(x);
  Value *p = expReduced(reduced.r);
  // In the range the exponent field neither overflows nor falls to zero.
  Value *scaled = real(b_.CreateAdd(bits(p), reduced.exponent));
  Value *infinity = constant(std::numeric_limits<double>::infinity());
  Value *result =
      select(b_.CreateFCmpOLE(x, constant(range[1])), scaled, add(x, infinity)); // NaN stays NaN
  return select(below(x, range[0]), constant(0), result);
}

Value *MathEmitter::expm1(Value *x) {
  const double *range = isDouble ? expRangeF64 : expRangeF32;
  Reduced reduced = reduceExp(atLeast(x, isDouble ? -60 : -30));
  // (2^n (1 + p) - 1) as twice its half, since 2^128 isn't a number.
  Value *half = powerOfTwo(reduced.exponent, -1);
  Value *reducedResult = expm1Reduced(reduced.r);
  Value *result = fma(half, reducedResult, sub(half, constant(0.5)));
  result = add(result, result);
  // Where n is 0, without halves that would be flushed.
  result = select(below(abs(x), 0.34), reducedResult, result);
  Value *infinity = constant(std::numeric_limits<double>::infinity());
  result = select(b_.CreateFCmpOLE(x, constant(range[1])), result, add(x, infinity));
  return withSignOf(result, x);
}

// f32: an odd polynomial near 0, else 1 - 2 / (exp(2a) + 1). f64: the polynomial would be long, so
// (exp(2a) - 1) / (exp(2a) + 1), whose difference and quotient are formed with their errors.
Value *MathEmitter::tanh(Value *x) {
  Value *magnitude = abs(x);
  if (isDouble) {
    Value *a = atMost(magnitude, 20);
    Reduced reduced = reduceExp(add(a, a));
    Value *scale = powerOfTwo(reduced.exponent, 0);
    Value *q = polynomial(reduced.r, expF64);
    Pair em1 = fastTwoSum(reduced.r, mul(mul(reduced.r, reduced.r), q));
    Pair scaled = twoSum(sub(scale, constant(1)), mul(scale, em1.high));
    Value *low = add(scaled.low, mul(scale, em1.low));
    Pair denominator = twoSum(scaled.high, constant(2));
    denominator.low = add(denominator.low, low);
    return withSignOf(quotient({scaled.high, low}, denominator), x);
  }
  Value *a = atMost(magnitude, 10);
  Value *e = expInRange(add(a, a));
  Value *large = sub(constant(1), div(constant(2), add(e, constant(1))));
  Value *z = mul(a, a);
  Value *small = fma(mul(a, z), polynomial(z, tanhF32), a);
  return withSignOf(select(below(a, 0.55), small, large), x);
}

// With e = exp(-|x|): 1 / (1 + e) or e / (1 + e), so that nothing overflows.
Value *MathEmitter::sigmoid(Value *x) {
  double most = -(isDouble ? expRangeF64 : expRangeF32)[0];
  Value *magnitude = abs(x);
  Value *e = expInRange(b_.CreateFNeg(atMost(magnitude, most)));
  e = select(above(magnitude, most), constant(0), e);
  Value *top = select(below(x, 0), e, constant(1));
  return quotient({top, constant(0)}, fastTwoSum(constant(1), e));
}

// Near 0 x + x P(x^2); else 1 - t exp(P(t) - a^2) with t = 1 / (1 + a / 2).
Value *MathEmitter::erf(Value *x) {
  Value *a = atMost(abs(x), 6);
  Value *z = mul(a, a);
  Value *small = fma(a, isDouble ? polynomial(z, erfF64) : polynomial(z, erfF32), a);
  // The product above would be flushed for the smallest.
  Value *larger = mul(a, constant(0x1p30));
  Value *tiny = fma(larger, constant(isDouble ? erfF64[0] : erfF32[0]), larger);
  small = select(below(a, 0x1p-60), mul(tiny, constant(0x1p-30)), small);

  Value *t = div(constant(1), fma(a, constant(0.5), constant(1)));
  Value *u = sub(t, constant(isDouble ? 0.47 : double(0.47f)));
  Value *p = isDouble ? polynomial(u, erfcF64) : polynomial(u, erfcF32);
  Value *complement = mul(t, expInRange(fma(b_.CreateFNeg(a), a, p)));
  Value *large = sub(constant(1), complement);
  return withSignOf(select(below(a, 0.9), small, large), x);
}
