//===- Reverse.h - The state of deriving one block in reverse ---*- C++ -*-===//
#pragma once

#include "passes/differentiate/Derive.h"

namespace tenon {

/// What the rules for control flow share with the walk over a block.
struct ReverseState {
  ReverseState(mlir::OpBuilder builder, const DeriveOptions &options)
      : builder(std::move(builder)), options(options) {}

  /// At the block's end, where the reverse grows.
  mlir::OpBuilder builder;
  /// Values that depend on the wanted ones.
  ValueSet varied;
  TangentMap cotangents;
  const DeriveOptions &options;

  void accumulate(mlir::Location loc, Value value, Value cotangent);
};

/// The reverse of `ops`, the last one first. It may itself stand behind them, never among them.
mlir::LogicalResult reverseOps(ArrayRef<mlir::Operation *> ops, ReverseState &state);

/// Replace the op by one that also gives the residuals, append its reverse, and add to the
/// cotangents of its operands and captured values. `cotangents`: of the op's results.
mlir::LogicalResult reverseLoop(Repetition loop, ArrayRef<Value> cotangents, ReverseState &state);
mlir::LogicalResult reverseIf(IfOp branch, ArrayRef<Value> cotangents, ReverseState &state);

} // namespace tenon
