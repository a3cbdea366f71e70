//===- ChangeScan.h - A loop with other operands and results ----*- C++ -*-===//
#pragma once

#include "ir/dialect/Dialect.h"

#include "mlir/IR/PatternMatch.h"

namespace tenon {

/// What is taken out of a scan or loop and what is added behind the rest. The first carried value
/// of a loop stays.
struct ScanChange {
  explicit ScanChange(Repetition scan);

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
Repetition changeScan(mlir::RewriterBase &rewriter, Repetition scan, const ScanChange &change);

/// True if `value` is the same in every iteration without a look into the body.
bool isOutside(mlir::Value value, Repetition scan);

} // namespace tenon
