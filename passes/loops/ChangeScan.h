//===- ChangeScan.h - A scan with other operands and results ----*- C++ -*-===//
#pragma once

#include "ir/dialect/Dialect.h"

#include "mlir/IR/PatternMatch.h"

namespace tenon {

/// What is taken out of a scan and what is added behind the rest.
struct ScanChange {
  explicit ScanChange(ScanOp scan);

  /// By position. A dropped carried value is replaced by its initial value in the body; its result
  /// and the slices of a dropped input must be unused.
  llvm::SmallBitVector dropCarried, dropInputs, dropStacked;
  struct Along {
    mlir::Value value;
    int64_t axis;
  };
  llvm::SmallVector<Along> inputs;  // values from outside to run over
  llvm::SmallVector<Along> stacked; // values of the body to stack

  bool empty() const;
};

/// Builds the changed scan in place of `scan`, whose body it takes over. Its last slice arguments
/// and last results are the added ones.
ScanOp changeScan(mlir::RewriterBase &rewriter, ScanOp scan, const ScanChange &change);

/// True if `value` is the same in every iteration without a look into the body.
bool isOutside(mlir::Value value, ScanOp scan);

} // namespace tenon
