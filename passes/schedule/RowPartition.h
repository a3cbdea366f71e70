//===- RowPartition.h - Scans whose rows don't meet -------------*- C++ -*-===//
#pragma once

#include "ir/dialect/Dialect.h"

#include <optional>

namespace tenon {

/// A scan that threads can run from its first iteration to its last without waiting for each other:
/// every kernel of the body computes the places [lo, hi) of one axis of its results from the same
/// places of what the body carries and computes.
struct RowPartition {
  /// Extent of the rows.
  Dim rows;
  /// The axis of each kernel's results that is the row.
  llvm::DenseMap<mlir::Operation *, unsigned> axis;
};

/// Finds the rows of a scan whose body is kernels and reshapes only (usually the batch).
std::optional<RowPartition> partitionRows(ScanOp scan);

} // namespace tenon
