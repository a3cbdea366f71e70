//===- FunctionRules.cpp - Elementary functions of reals ------------------===//
#include "ir/eval/Evaluation.h"

#include <cmath>

using namespace tenon;

using Numbers = llvm::ArrayRef<Number>;

/// The function as the C library computes it in f64.
template <double (*function)(double)> static Number real(const MapCall &, Numbers x) {
  return Number::ofReal(function(x[0].real));
}

static double sigmoid(double a) { return 1 / (1 + std::exp(-a)); }
static double softplus(double a) {
  return a > 0 ? a + std::log1p(std::exp(-a)) : std::log1p(std::exp(a));
}
static double roundHalfToEven(double a) {
  double below = std::floor(a), rest = a - below;
  bool up = rest > 0.5 || (rest == 0.5 && std::fmod(below, 2) != 0);
  return std::copysign(up ? below + 1 : below, a);
}
static Number same(const MapCall &, Numbers x) { return x[0]; }

void tenon::addFunctionRules(MapRules &rules) {
  rules[ExpOp::getOperationName()] = real<std::exp>;
  rules[Expm1Op::getOperationName()] = real<std::expm1>;
  rules[LogOp::getOperationName()] = real<std::log>;
  rules[Log1pOp::getOperationName()] = real<std::log1p>;
  rules[SqrtOp::getOperationName()] = real<std::sqrt>;
  rules[SinOp::getOperationName()] = real<std::sin>;
  rules[CosOp::getOperationName()] = real<std::cos>;
  rules[TanhOp::getOperationName()] = real<std::tanh>;
  rules[SoftplusOp::getOperationName()] = real<softplus>;
  rules[SigmoidOp::getOperationName()] = real<sigmoid>;
  rules[ErfOp::getOperationName()] = real<std::erf>;
  rules[FloorOp::getOperationName()] = real<std::floor>;
  rules[RoundOp::getOperationName()] = real<roundHalfToEven>;
  rules[StopGradientOp::getOperationName()] = same;
}
