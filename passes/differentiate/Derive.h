//===- Derive.h - Derivatives of blocks -------------------------*- C++ -*-===//
//
// Null stands for a zero tangent or cotangent throughout.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "passes/differentiate/Activity.h"

namespace tenon {

/// What the user says about derivatives.
struct DeriveOptions {
  /// Bytes that a loop may keep for its reverse; beyond that it is run in segments. 0: no limit.
  int64_t budget = 0;
  /// What named dimensions are taken to be, where that decides.
  llvm::StringMap<int64_t> extents;
};

/// From values to their tangents (or cotangents); a value that isn't there has none.
using TangentMap = llvm::DenseMap<Value, Value>;

/// Puts after each op of `block` what computes its results' tangents, and adds these to the map.
/// Loops and ifs are replaced by ones that give tangents as well.
mlir::LogicalResult deriveForward(Block &block, TangentMap &tangents);

/// Puts at the end of `block` (before its terminator) what computes the cotangents of `wanted`
/// values from those of others in `seeds`. Loops and ifs are replaced by ones that also give what
/// their reverse needs.
mlir::FailureOr<SmallVector<Value>> deriveReverse(Block &block,
                                                  ArrayRef<std::pair<Value, Value>> seeds,
                                                  ArrayRef<Value> wanted,
                                                  const DeriveOptions &options);

/// Puts the op's region and its reverse in front of it, and answers what the op's results are, null
/// where one is zero. The op is left empty, to be replaced and erased.
mlir::FailureOr<SmallVector<Value>> expandVjp(VjpOp op, const DeriveOptions &options);

} // namespace tenon
