//===- VectorMathPow.cpp - Powers -----------------------------------------===//
#include "codegen/cpu/VectorMathEmitter.h"
#include "codegen/cpu/VectorMathTables.h"

#include <limits>

using namespace tenon;
using namespace llvm;
using namespace tenon::mathtables;

static constexpr double infinity = std::numeric_limits<double>::infinity();
/// Beyond this the exponential of an f64 is 0 or infinite.
static constexpr double largeLog = 800;

// log m = 2 s (1 + z (1/3 + z P(z))) with s = (m - 1) / (m + 1) and z = s^2. s, z, the bracket and
// the sum are pairs; P's share is 2^-12 of the whole, so f64 is enough for it.
MathEmitter::Pair MathEmitter::logPair(Value *x) {
  Split parts = split(x);
  Value *f = sub(parts.mantissa, constant(1));
  Pair denominator = fastTwoSum(constant(2), f);
  Value *reciprocal = div(constant(1), denominator.high);
  Value *s = mul(f, reciprocal);
  Pair back = twoProduct(s, denominator.high);
  Value *missing = sub(sub(sub(f, back.high), back.low), mul(s, denominator.low));
  Pair root = fastTwoSum(s, mul(missing, reciprocal));

  Pair z = twoProduct(root.high, root.high);
  z.low = add(z.low, mul(add(root.high, root.high), root.low));
  Pair bracket = fastTwoSum(constant(third[0]), mul(z.high, polynomial(z.high, powLogF64)));
  bracket.low = add(bracket.low, constant(third[1]));
  Pair t = twoProduct(z.high, bracket.high);
  t.low = add(t.low, add(mul(z.high, bracket.low), mul(z.low, bracket.high)));
  Pair tail = twoProduct(root.high, t.high);
  tail.low = add(tail.low, add(mul(root.high, t.low), mul(root.low, t.high)));

  Value *e = b_.CreateSIToFP(parts.exponent, type);
  Pair sum = fastTwoSum(mul(e, constant(ln2F64[0])), add(root.high, root.high));
  Pair whole = twoSum(sum.high, add(tail.high, tail.high));
  Value *low = add(add(sum.low, whole.low), add(root.low, root.low));
  low = add(low, add(tail.low, tail.low));
  low = add(low, mul(e, constant(ln2F64[1])));
  return fastTwoSum(whole.high, low);
}

Value *MathEmitter::powLogLimit(Value *magnitude, Value *y, Value *logarithm) {
  Value *limit = withSignOf(constant(largeLog), y);
  logarithm = select(below(magnitude, 0x1p-1022), b_.CreateFNeg(limit), logarithm);
  return select(b_.CreateFCmpOEQ(magnitude, constant(infinity)), limit, logarithm);
}

Value *MathEmitter::powSpecial(Value *x, Value *y, Value *power) {
  // Whole and odd are asked of y itself; every f64 from 2^53 on is even.
  Value *whole = b_.CreateFCmpOEQ(floor(y), y);
  Value *half = mul(y, constant(0.5));
  Value *odd = b_.CreateAnd(whole, b_.CreateFCmpONE(floor(half), half));
  Value *result = select(odd, withSignOf(power, x), power);
  Value *negative = b_.CreateAnd(below(x, 0), above(x, -infinity));
  Value *undefined = b_.CreateAnd(negative, b_.CreateNot(whole));
  undefined = b_.CreateOr(undefined, b_.CreateFCmpUNO(x, y));
  result = select(undefined, constant(std::numeric_limits<double>::quiet_NaN()), result);
  Value *isOne = b_.CreateOr(b_.CreateFCmpOEQ(y, constant(0)), b_.CreateFCmpOEQ(x, constant(1)));
  return select(isOne, constant(1), result);
}

Value *MathEmitter::pow(Value *x, Value *y) {
  Value *magnitude = abs(x);
  Pair logarithm = logPair(magnitude);
  // Far beyond what any base but 1 can be raised to; keeps the product finite.
  Value *exponent = atLeast(atMost(y, 0x1p900), -0x1p900);
  Pair product = twoProduct(logarithm.high, exponent);
  product.low = add(product.low, mul(logarithm.low, exponent));
  Value *high = powLogLimit(magnitude, y, product.high);
  high = atLeast(atMost(high, largeLog), -largeLog);
  Value *low = select(below(abs(high), largeLog), product.low, constant(0));

  Reduced reduced = reduceExp(high);
  Value *q = polynomial(reduced.r, expF64);
  Value *square = mul(reduced.r, reduced.r);
  // exp(r + low) = exp(r) + low exp(r).
  low = mul(low, add(fma(square, q, reduced.r), constant(1)));
  Value *p = add(add(reduced.r, fma(square, q, low)), constant(1));
  // Two factors, since 2^n alone needn't be a number. What is no normal number in the end is
  // flushed by the last product.
  Value *n = b_.CreateAShr(reduced.exponent, integer(52));
  Value *first = b_.CreateAShr(n, integer(1)), *second = b_.CreateSub(n, first);
  auto scale = [&](Value *by) { return powerOfTwo(b_.CreateShl(by, integer(52)), 0); };
  Value *power = mul(mul(p, scale(first)), scale(second));
  return powSpecial(x, y, power);
}

Value *MathEmitter::powSingle(Value *x, Value *y) {
  Type *wide = b_.getDoubleTy();
  if (auto *vector = dyn_cast<FixedVectorType>(type))
    wide = FixedVectorType::get(wide, vector->getNumElements());
  MathEmitter in64(b_, target, wide);
  x = b_.CreateFPExt(x, wide);
  y = b_.CreateFPExt(y, wide);
  Value *magnitude = in64.abs(x);
  Split parts = in64.split(magnitude);
  Value *logarithm = in64.logReduced(in64.sub(parts.mantissa, in64.constant(1)), parts.exponent);
  // An infinite exponent would make NaN of the logarithm 0.
  Value *exponent = in64.atLeast(in64.atMost(y, 0x1p200), -0x1p200);
  logarithm = in64.powLogLimit(magnitude, y, in64.mul(logarithm, exponent));
  // Past any exponential of an f32, within those of an f64.
  logarithm = in64.atLeast(in64.atMost(logarithm, 200), -200);
  Value *power = in64.expInRange(logarithm);
  return b_.CreateFPTrunc(in64.powSpecial(x, y, power), type);
}
