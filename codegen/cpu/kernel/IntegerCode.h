//===- IntegerCode.h - Division and powers of whole numbers -----*- C++ -*-===//
#pragma once

#include "codegen/cpu/kernel/Emission.h"

namespace tenon::cpu {

struct Division {
  Value *quotient, *remainder;
};

/// Rounds down; by zero both are 0; the smallest number by -1 wraps.
Division emitFloorDivision(Emission &e, Value *a, Value *c, bool isUnsigned);

/// a to the power c, wrapping; a negative exponent gives 1 / a^-c rounded down (0 for a = 0).
Value *emitIntegerPower(Emission &e, Value *a, Value *c, bool isUnsigned);

} // namespace tenon::cpu
