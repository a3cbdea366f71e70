//===- VectorMathEmitter.h - Formulas of elementary functions ---*- C++ -*-===//
//
// The functions of VectorMath.h for one type, f32 or f64 or a vector of either. Operations are
// rounded one by one, in the order written; nothing depends on the number of lanes.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "codegen/cpu/VectorMath.h"

namespace tenon {

class MathEmitter {
public:
  using Value = llvm::Value;
  MathEmitter(llvm::IRBuilderBase &builder, const TargetInfo &target, llvm::Type *type);

  Value *exp(Value *x);
  Value *expm1(Value *x);
  Value *log(Value *x);
  Value *log1p(Value *x);
  Value *tanh(Value *x);
  Value *sigmoid(Value *x);
  Value *erf(Value *x);
  /// Of f64. `quarterTurns` is 0 for the sine and 1 for the cosine.
  Value *sine(Value *x, unsigned quarterTurns);
  /// The same of f32, computed in f64.
  Value *sineSingle(Value *x, unsigned quarterTurns);
  /// Of f64.
  Value *pow(Value *x, Value *y);
  /// Of f32, computed in f64.
  Value *powSingle(Value *x, Value *y);

  // The same lanes as integers of the same width, and constants.
  llvm::Type *integerType() const { return integers; }
  Value *constant(double value) const;
  Value *integer(uint64_t value) const;

private:
  /// x = n ln2 + r with |r| <= ln2 / 2, where n << mantissaBits is `exponent`.
  struct Reduced {
    Value *r, *exponent;
  };
  /// An unevaluated sum, |low| at most half an ulp of high.
  struct Pair {
    Value *high, *low;
  };

  // Arithmetic
  Value *add(Value *a, Value *b) { return b_.CreateFAdd(a, b); }
  Value *sub(Value *a, Value *b) { return b_.CreateFSub(a, b); }
  Value *mul(Value *a, Value *b) { return b_.CreateFMul(a, b); }
  Value *div(Value *a, Value *b) { return b_.CreateFDiv(a, b); }
  Value *fma(Value *a, Value *b, Value *c) { return emitFma(b_, target, a, b, c); }
  Value *abs(Value *x) { return b_.CreateUnaryIntrinsic(llvm::Intrinsic::fabs, x); }
  Value *floor(Value *x) { return b_.CreateUnaryIntrinsic(llvm::Intrinsic::floor, x); }
  Value *withSignOf(Value *magnitude, Value *sign) { return b_.CreateCopySign(magnitude, sign); }
  Value *select(Value *c, Value *a, Value *b) { return b_.CreateSelect(c, a, b); }
  /// The smaller of x and the number `most`; NaN for NaN.
  Value *atMost(Value *x, double most);
  Value *atLeast(Value *x, double least);
  Value *below(Value *x, double bound) { return b_.CreateFCmpOLT(x, constant(bound)); }
  Value *above(Value *x, double bound) { return b_.CreateFCmpOGT(x, constant(bound)); }
  Value *bits(Value *x) { return b_.CreateBitCast(x, integers); }
  Value *real(Value *x) { return b_.CreateBitCast(x, type); }
  /// c[0] + x (c[1] + x (c[2] + ...)).
  Value *polynomial(Value *x, llvm::ArrayRef<double> c);

  // Sums and products without error
  Pair twoSum(Value *a, Value *b);
  /// |a| >= |b|, or a is 0.
  Pair fastTwoSum(Value *a, Value *b);
  Pair twoProduct(Value *a, Value *b);
  /// a / b to little more than half an ulp.
  Value *quotient(Pair a, Pair b);

  // Parts of functions
  Reduced reduceExp(Value *x);
  /// exp(r) and exp(r) - 1 for |r| <= ln2 / 2.
  Value *expReduced(Value *r);
  Value *expm1Reduced(Value *r);
  /// 2^(n + shift) for -125 <= n + shift <= 127 (f64: -1021, 1023).
  Value *powerOfTwo(Value *exponent, int shift);
  /// exp(x) for x in [-87, 88] (f64: [-708, 709]); NaN for NaN.
  Value *expInRange(Value *x);
  /// log(2^e (1 + f)) + low for 1 + f in [sqrt(1/2), sqrt(2)] and a small low, or null for none.
  Value *logReduced(Value *f, Value *e, Value *low = nullptr);
  struct Split {
    Value *mantissa, *exponent; // in [sqrt(1/2), sqrt(2)), a whole number as a signed integer
  };
  Split split(Value *x);
  /// log of a positive normal f64 to about 2^-64 of itself.
  Pair logPair(Value *x);
  /// Zeros, infinities, negative bases and NaN of pow, around the power of |x|.
  Value *powSpecial(Value *x, Value *y, Value *power);
  /// x's power's logarithm where |x| is 0 or infinite.
  Value *powLogLimit(Value *magnitude, Value *y, Value *logarithm);

  struct Angle {
    Value *quadrant, *high, *low; // x = quadrant pi/2 + high + low
  };
  /// For |x| < 2^20.
  Angle reduceAngle(Value *x);
  /// Replaces the lanes of `angle` where |x| is larger.
  Angle reduceHugeLanes(Value *x, Angle angle);
  /// A function of the module: { i64, double, double } of a double.
  llvm::Function *hugeAngleFunction();

  unsigned mantissaBits() const { return isDouble ? 52 : 23; }

  llvm::IRBuilderBase &b_;
  const TargetInfo &target;
  llvm::Type *type, *integers;
  bool isDouble;
};

} // namespace tenon
