//===- CustomGradient.h - Derivatives that the program gives ----*- C++ -*-===//
#pragma once

#include "passes/differentiate/Reverse.h"

namespace tenon {

/// Puts `back` at the end of the block. `cotangents`: of the op's results.
void reverseCustom(CustomGradientOp op, ArrayRef<Value> cotangents, ReverseState &state);

/// Puts the transpose of `back` behind the op: `back` is linear in the cotangents, so its own
/// cotangent at zero, for the inputs' tangents, is the results' tangent.
mlir::LogicalResult forwardCustom(CustomGradientOp op, TangentMap &tangents);

} // namespace tenon
