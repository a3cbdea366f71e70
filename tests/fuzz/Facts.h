//===- Facts.h - What is known of a random program's values -----*- C++ -*-===//
#pragma once

#include "ir/eval/HostTensor.h"

#include <algorithm>
#include <cmath>

namespace tenon::fuzz {

/// Bounds that hold for all elements of a value, carried along while a program is made, so that a
/// comparison of two ways to compute it knows how far they may be apart.
struct Facts {
  /// No element is larger in magnitude.
  double bound = 0;
  /// How far two right ways to compute an element may be apart; 0 means not a bit.
  double error = 0;
  /// Neither infinite nor NaN.
  bool isFinite = true;
  /// A multiple of 1/4 below 2^10 in magnitude: few enough bits that a quotient isn't a near miss.
  bool isCoarse = false;

  bool isExact() const { return error == 0; }
};

/// The relative error of one rounding.
inline double unitOf(tenon_dtype dtype) {
  switch (dtype) {
  case TENON_F16:
    return 0x1p-11;
  case TENON_BF16:
    return 0x1p-8;
  case TENON_F32:
    return 0x1p-24;
  default:
    return dtype == TENON_F64 ? 0x1p-53 : 0;
  }
}

/// Larger values aren't used further: cancellation would leave nothing to compare.
inline double largestUsed(tenon_dtype dtype) { return dtype == TENON_F16 ? 1e4 : 1e7; }

inline Facts joined(Facts a, Facts b) {
  return {std::max(a.bound, b.bound), std::max(a.error, b.error), a.isFinite && b.isFinite,
          a.isCoarse && b.isCoarse};
}

/// One rounded operation with a result of this size, whose operands' errors add up to `error`.
/// A single operation on exact operands is exact itself, except in f16 and bf16, which a kernel may
/// keep in f32.
inline Facts rounded(tenon_dtype dtype, double bound, double error, bool isFinite) {
  bool isHalf = dtype == TENON_F16 || dtype == TENON_BF16;
  if (error > 0 || isHalf)
    error += 2 * unitOf(dtype) * bound;
  return {bound, error, isFinite, false};
}

/// A function that libraries compute to within a few units: never the same bits everywhere.
inline Facts approximated(tenon_dtype dtype, double bound, double error, bool isFinite) {
  return {bound, error + 16 * unitOf(dtype) * std::max(bound, 1.0), isFinite, false};
}

} // namespace tenon::fuzz
