//===- ContractParts.h - A contraction as lists to change -------*- C++ -*-===//
#pragma once

#include "ir/dialect/Dialect.h"

#include <array>
#include <optional>

namespace tenon {

/// What a `contract` is made of, without its body. Maps have as many dims as there are extents.
struct ContractParts {
  Combiner combiner = Combiner::sum;
  llvm::SmallVector<mlir::Value> inputs;
  llvm::SmallVector<mlir::AffineMap> maps; // one for each input
  mlir::AffineMap result;
  llvm::SmallVector<Dim> extents;
  DimsAttr symbols;
  mlir::RankedTensorType type;

  static ContractParts of(ContractOp op);

  /// The contraction with a copy of `body`, whose arguments are the elements of `inputs`.
  ContractOp create(mlir::OpBuilder &builder, mlir::Location loc, mlir::Block &body) const;
  /// The contraction of the product of all inputs (of one input: the input).
  ContractOp createProduct(mlir::OpBuilder &builder, mlir::Location loc) const;

  /// Replaces loops by expressions in `newExtents.size()` loops.
  void replaceLoops(llvm::ArrayRef<mlir::AffineExpr> replacements, llvm::ArrayRef<Dim> newExtents);
  /// Takes out loops that no map mentions any more.
  void dropLoops(const llvm::SmallBitVector &dropped);
  /// Puts a loop before all others.
  void prependLoop(const Dim &extent);
  /// The loops that `map` mentions.
  static llvm::SmallBitVector loopsOf(mlir::AffineMap map);

private:
  ContractOp createEmpty(mlir::OpBuilder &builder, mlir::Location loc) const;
};

/// The sums below `op`, but for those in kernels.
llvm::SmallVector<ContractOp> sumsBelow(mlir::Operation *op);

/// Whether what a contraction sums is rounded to its result's type alone. Narrow reals are summed
/// in f32: joined, divided or reordered, their sums would be rounded at other places.
bool isSummedInItsType(ContractOp op);

/// The factors of an outer product: each lacks axes of the product, and together they have all.
/// nullopt if `product` isn't one of real numbers.
std::optional<std::array<BroadcastOp, 2>> outerFactors(MulOp product);

/// How a map reads an axis when it does so in steps of one loop: offset + stride * loop. No loop:
/// the place is the offset.
struct AxisRead {
  int64_t offset = 0, stride = 0;
  std::optional<unsigned> loop;
  /// nullopt if the expression has several loops, symbols or divisions, or a stride below 1.
  static std::optional<AxisRead> of(mlir::AffineExpr expr);
};

/// How `map` reads a tensor, if it is a strided read of distinct loops.
std::optional<llvm::SmallVector<AxisRead>> stridedReads(mlir::AffineMap map);

/// The tensor whose element at the point `loops` (extents `dims`) is the element of `value` at the
/// place that `reads` gives, made by movement ops. `loops` holds every loop of `reads`.
mlir::Value readAsTensor(mlir::OpBuilder &builder, mlir::Location loc, mlir::Value value,
                         llvm::ArrayRef<AxisRead> reads, llvm::ArrayRef<unsigned> loops,
                         llvm::ArrayRef<Dim> dims);

} // namespace tenon
