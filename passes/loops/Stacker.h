//===- Stacker.h - Values of a scan's body, for all iterations --*- C++ -*-===//
#pragma once

#include "ir/dialect/NamedDims.h"

#include "llvm/ADT/MapVector.h"

namespace tenon {

/// What a value of a scan's body is in all iterations, outside of the scan.
struct Stacked {
  mlir::Value value;
  std::optional<int64_t> axis; // of the iterations, in the order of the slices; none: always equal
};

/// Computes values of a scan's body for all iterations at once, in front of the scan or behind it.
///
/// Slices are the tensors they come from, the iteration is an iota, values from outside are
/// themselves, and an op on these is the same op with one more axis in front. Other values are
/// leaves: whoever uses the class says what they are.
class Stacker {
public:
  explicit Stacker(ScanOp scan)
      : scan(scan), bound(scan.getBodyBlock(), BoundDims::Depth::Nested) {}

  /// True if `value` depends on neither carried values nor leaves.
  bool canStack(mlir::Value value);
  /// True if `op` has a form with one more axis, provided that its operands can be had.
  static bool hasStackedForm(mlir::Operation *op);

  /// Says what `value` is outside; it needn't be stackable then.
  void setLeaf(mlir::Value value, Stacked stacked) { known[value] = stacked; }
  /// `value` outside. Every value it depends on must be stackable or a leaf.
  Stacked stack(mlir::OpBuilder &builder, mlir::Value value);
  /// The same with the iterations as axis 0, repeated if they don't differ.
  mlir::Value stackInFront(mlir::OpBuilder &builder, mlir::Value value);
  /// The sum of `contract` (a sum) over all iterations: one contraction.
  mlir::Value sumOverIterations(mlir::OpBuilder &builder, ContractOp contract);

private:
  mlir::Value stackOp(mlir::OpBuilder &builder, mlir::Operation *op);
  mlir::Value stackContract(mlir::OpBuilder &builder, ContractOp op, bool sums);

  ScanOp scan;
  BoundDims bound;
  llvm::DenseMap<mlir::Value, Stacked> known;
  llvm::DenseMap<mlir::Value, bool> stackable;
};

} // namespace tenon
