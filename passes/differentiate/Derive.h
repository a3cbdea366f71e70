//===- Derive.h - Derivatives of blocks -------------------------*- C++ -*-===//
//
// Null stands for a zero tangent or cotangent throughout.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "passes/differentiate/Activity.h"

namespace tenon {

/// From values to their tangents (or cotangents); a value that isn't there has none.
using TangentMap = llvm::DenseMap<Value, Value>;

/// Puts after each op of `block` what computes its results' tangents, and adds these to the map.
/// Scans and ifs are replaced by ones that give tangents as well.
mlir::LogicalResult deriveForward(Block &block, TangentMap &tangents);

/// Puts at the end of `block` (before its terminator) what computes the cotangents of `wanted`
/// values from those of others in `seeds`. Scans and ifs are replaced by ones that also give what
/// their reverse needs.
mlir::FailureOr<SmallVector<Value>>
deriveReverse(Block &block, ArrayRef<std::pair<Value, Value>> seeds, ArrayRef<Value> wanted);

/// Puts the op's region and its reverse in front of it, and answers what the op's results are, null
/// where one is zero. The op is left empty, to be replaced and erased.
mlir::FailureOr<SmallVector<Value>> expandVjp(VjpOp op);

} // namespace tenon
