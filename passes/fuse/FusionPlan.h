//===- FusionPlan.h - Which ops of a block become one kernel ----*- C++ -*-===//
#pragma once

#include "passes/fuse/StoredValues.h"

#include <string>

namespace tenon {

/// One kernel to be: what it yields, which generator makes it, and the op that decides its loops.
struct FusionGroup {
  KernelKind kind = KernelKind::map;
  /// The `contract`, `scatter_add` or `argsort` of the kernel; null for maps.
  mlir::Operation *heavy = nullptr;
  /// A reduction of what the kernel makes of its product; null if there is none.
  mlir::Operation *fold = nullptr;
  /// Values written to memory, all of one shape; those of scatters have equally many rows.
  llvm::SmallVector<mlir::Value> yields;
  /// Checks made in the kernel.
  llvm::SmallVector<mlir::Operation *> checks;
};

/// The partition of a block's ops into kernels. Ops that are in no group stay as they are: control
/// flow, terminators, and reshapes of stored values, which are other names for the same memory.
struct FusionPlan {
  llvm::SmallVector<FusionGroup> groups;
  /// Values that live in memory: yields of groups, stored reshapes, results of control flow.
  llvm::DenseSet<mlir::Value> stored;
};

/// Plans the fusion of one block by a cost model; changes nothing.
///
/// `storedValues` says what has memory; everything else is computed inside its readers. Groups of
/// one shape then join where one reads the other element by element or both read the same tensor,
/// maps join the contraction that feeds them, reductions of neighbouring rows join the product that
/// they alone read, and scatters at the same indices join each other, as long as no dependence
/// leaves the group and comes back.
FusionPlan planFusion(mlir::Block &block);

} // namespace tenon
