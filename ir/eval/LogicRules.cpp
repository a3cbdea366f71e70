//===- LogicRules.cpp - Truth values and conversion -----------------------===//
#include "ir/eval/Evaluation.h"

#include <cmath>
#include <limits>

using namespace tenon;

using Numbers = llvm::ArrayRef<Number>;

static Number truth(bool value) { return Number::ofInteger(value); }

template <typename T> static bool holds(Predicate predicate, T a, T b) {
  switch (predicate) {
  case Predicate::eq:
    return a == b;
  case Predicate::ne:
    return a != b;
  case Predicate::lt:
    return a < b;
  case Predicate::le:
    return a <= b;
  case Predicate::gt:
    return a > b;
  case Predicate::ge:
    return a >= b;
  }
  llvm_unreachable("a predicate");
}
static Number compare(const MapCall &call, Numbers x) {
  Predicate predicate = mlir::cast<CompareOp>(call.op).getPredicate();
  return truth(isRealDtype(call.from) ? holds(predicate, x[0].real, x[1].real)
                                      : holds(predicate, x[0].integer, x[1].integer));
}
static Number both(const MapCall &, Numbers x) { return truth(x[0].integer && x[1].integer); }
static Number either(const MapCall &, Numbers x) { return truth(x[0].integer || x[1].integer); }
static Number otherTruth(const MapCall &, Numbers x) { return truth(!x[0].integer); }
static Number isFinite(const MapCall &, Numbers x) { return truth(std::isfinite(x[0].real)); }
static Number select(const MapCall &, Numbers x) { return x[0].integer ? x[1] : x[2]; }

/// The least and greatest value of an integer dtype.
static std::pair<int64_t, int64_t> range(tenon_dtype dtype) {
  switch (dtype) {
  case TENON_I8:
    return {INT8_MIN, INT8_MAX};
  case TENON_U8:
    return {0, UINT8_MAX};
  case TENON_I32:
    return {INT32_MIN, INT32_MAX};
  default:
    return {INT64_MIN, INT64_MAX};
  }
}
static int64_t saturate(tenon_dtype dtype, double value) {
  auto [least, greatest] = range(dtype);
  if (std::isnan(value))
    return 0;
  double whole = std::trunc(value);
  // Doubles at or beyond the ends; double(INT64_MAX) is 2^63, the first that doesn't fit.
  if (whole <= double(least))
    return least;
  return whole >= double(greatest) ? greatest : int64_t(whole);
}

static Number convert(const MapCall &call, Numbers x) {
  bool fromReal = isRealDtype(call.from);
  if (call.to == TENON_BOOL)
    return truth(fromReal ? x[0].real != 0 : x[0].integer != 0);
  if (fromReal)
    return call.isReal() ? x[0] : Number::ofInteger(saturate(call.to, x[0].real));
  if (!call.isReal())
    return x[0];
  // Beyond a double's bits f32 and narrower are rounded from the integer, not from a rounded
  // double.
  bool isExact = std::abs(double(x[0].integer)) < 0x1p53;
  return Number::ofReal(isExact || call.to == TENON_F64 ? double(x[0].integer)
                                                        : double(float(x[0].integer)));
}

void tenon::addLogicRules(MapRules &rules) {
  rules[CompareOp::getOperationName()] = compare;
  rules[AndOp::getOperationName()] = both;
  rules[OrOp::getOperationName()] = either;
  rules[NotOp::getOperationName()] = otherTruth;
  rules[IsFiniteOp::getOperationName()] = isFinite;
  rules[SelectOp::getOperationName()] = select;
  rules[ConvertOp::getOperationName()] = convert;
}
