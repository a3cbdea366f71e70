//===- ArithmeticRules.cpp - Arithmetic on integers and reals -------------===//
#include "ir/eval/Evaluation.h"

#include <cmath>
#include <limits>

using namespace tenon;

using Numbers = llvm::ArrayRef<Number>;

/// A rule with a formula for reals and one for integers modulo 2^64.
template <auto realRule, auto integerRule> static Number binary(const MapCall &call, Numbers x) {
  if (call.isReal())
    return Number::ofReal(realRule(x[0].real, x[1].real));
  return Number::ofInteger(integerRule(x[0].integer, x[1].integer));
}
template <auto realRule, auto integerRule> static Number unary(const MapCall &call, Numbers x) {
  return call.isReal() ? Number::ofReal(realRule(x[0].real))
                       : Number::ofInteger(integerRule(x[0].integer));
}

static int64_t wrappingAdd(int64_t a, int64_t b) { return int64_t(uint64_t(a) + uint64_t(b)); }
static int64_t wrappingSub(int64_t a, int64_t b) { return int64_t(uint64_t(a) - uint64_t(b)); }
static int64_t wrappingMul(int64_t a, int64_t b) { return int64_t(uint64_t(a) * uint64_t(b)); }
static int64_t wrappingNeg(int64_t a) { return wrappingSub(0, a); }

static double addReals(double a, double b) { return a + b; }
static double subReals(double a, double b) { return a - b; }
static double mulReals(double a, double b) { return a * b; }
static double divReals(double a, double b) { return a / b; }
static double negReal(double a) { return -a; }

static int64_t floorDivide(int64_t a, int64_t b) {
  if (b == 0)
    return 0;
  if (b == -1)
    return wrappingNeg(a);
  int64_t quotient = a / b;
  return a % b != 0 && (a < 0) != (b < 0) ? quotient - 1 : quotient;
}
static int64_t floorRemainder(int64_t a, int64_t b) {
  return b == 0 ? 0 : wrappingSub(a, wrappingMul(b, floorDivide(a, b)));
}
static double floorRemainderReal(double a, double b) {
  double remainder = std::fmod(a, b);
  return remainder != 0 && (remainder < 0) != (b < 0) ? remainder + b : remainder;
}

static double maxReal(double a, double b) {
  if (std::isnan(a) || std::isnan(b))
    return std::numeric_limits<double>::quiet_NaN();
  return b > a ? b : a;
}
static double minReal(double a, double b) { return -maxReal(-a, -b); }
static int64_t maxInteger(int64_t a, int64_t b) { return b > a ? b : a; }
static int64_t minInteger(int64_t a, int64_t b) { return b < a ? b : a; }

static int64_t powInteger(int64_t base, int64_t exponent) {
  if (exponent < 0) {
    // 1 / base^-exponent rounded down: a magnitude above 1 leaves 0 or just below it.
    if (base == 0 || base == 1)
      return base;
    bool isNegative = base < 0 && exponent % 2 != 0;
    if (base == -1)
      return isNegative ? -1 : 1;
    return isNegative ? -1 : 0;
  }
  int64_t power = 1;
  for (uint64_t rest = uint64_t(exponent); rest; rest >>= 1) {
    if (rest & 1)
      power = wrappingMul(power, base);
    base = wrappingMul(base, base);
  }
  return power;
}
static double powReal(double a, double b) { return std::pow(a, b); }

static double absReal(double a) { return std::fabs(a); }
static int64_t absInteger(int64_t a) { return a < 0 ? wrappingNeg(a) : a; }
static double signReal(double a) {
  if (std::isnan(a))
    return a;
  return a > 0 ? 1 : a < 0 ? -1 : 0;
}
static int64_t signInteger(int64_t a) { return a > 0 ? 1 : a < 0 ? -1 : 0; }

void tenon::addArithmeticRules(MapRules &rules) {
  rules[AddOp::getOperationName()] = binary<addReals, wrappingAdd>;
  rules[SubOp::getOperationName()] = binary<subReals, wrappingSub>;
  rules[MulOp::getOperationName()] = binary<mulReals, wrappingMul>;
  rules[DivOp::getOperationName()] = binary<divReals, floorDivide>;
  rules[RemOp::getOperationName()] = binary<floorRemainderReal, floorRemainder>;
  rules[MaxOp::getOperationName()] = binary<maxReal, maxInteger>;
  rules[MinOp::getOperationName()] = binary<minReal, minInteger>;
  rules[PowOp::getOperationName()] = binary<powReal, powInteger>;
  rules[NegOp::getOperationName()] = unary<negReal, wrappingNeg>;
  rules[AbsOp::getOperationName()] = unary<absReal, absInteger>;
  rules[SignOp::getOperationName()] = unary<signReal, signInteger>;
}
