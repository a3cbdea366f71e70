//===- Residuals.h - What a reverse pass saves and recomputes ---*- C++ -*-===//
#pragma once

#include "passes/differentiate/Activity.h"

#include "mlir/IR/IRMapping.h"

namespace tenon {

/// A block that holds a computation and, after it, its reverse: ops that depend on arguments which
/// only the reverse will have (cotangents). It is to be taken apart into two blocks, where the
/// second gets from the first the values that are `saved`, and computes again what else it needs.
struct JointBlock {
  Block *block;
  /// Arguments of the reverse alone.
  SmallVector<Value> cotangents;
  /// Arguments that the reverse has anyway.
  SmallVector<Value> given;
  /// What the reverse is to compute.
  SmallVector<Value> outputs;
  /// Values that are written to memory whether or not the reverse uses them.
  SmallVector<Value> kept;
  /// Ops that depend on no argument are free: they don't belong into the block (a scan's body).
  bool invariantsAreFree = false;
};

/// The parts of a joint block.
struct Separation {
  /// Values of the first part, by a minimum cut of what saving and recomputing cost.
  SmallVector<Value> saved;
  /// Ops of the second part in order: the reverse, and what is recomputed.
  SmallVector<mlir::Operation *> second;
  /// Ops that depend on cotangents, in order.
  SmallVector<mlir::Operation *> reverse;
};

/// Decides, and says so in remarks of the category `differentiate` at the place of each value.
Separation separate(const JointBlock &joint);

/// Clones the second part; `mapping` has its arguments and the saved values, and gets the clones.
void cloneSecondPart(mlir::OpBuilder &builder, const Separation &parts, mlir::IRMapping &mapping);
/// Leaves in the block its first part: without the reverse and what only that used.
void eraseReverse(const JointBlock &joint, const Separation &parts);

} // namespace tenon
