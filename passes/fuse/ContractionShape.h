//===- ContractionShape.h - Which contractions are matrix products -*- C++ -*-===//
#pragma once

#include "ir/dialect/Dialect.h"

#include <optional>

namespace tenon {

/// A sum of products of two operands seen as batched matrix products
/// result[batch, m, n] = sum over k of lhs[batch, m, k] * rhs[batch, k, n].
/// Each group lists loops of the contraction; `batch`, `m` and `n` in the order of the result's
/// axes, `k` in that of the left operand's, so that its innermost elements lie side by side. `rhs`
/// is the operand that has the result's innermost unshared axis.
struct ContractionShape {
  unsigned lhs = 0, rhs = 1;
  llvm::SmallVector<unsigned> batch, m, n, k;

  /// The product of the extents of some loops.
  static Dim extent(ContractOp op, llvm::ArrayRef<unsigned> loops);
};

/// Answers how `op` is a batched matrix product of real numbers; nullopt if it isn't one: another
/// combiner or body, a result map that isn't a permutation, a loop that only one operand reduces.
std::optional<ContractionShape> classifyContraction(ContractOp op);

/// True if a reduction is one that the kernel of its operand's product can make: of one operand,
/// whose elements are joined in one round into a list of loops.
bool canFold(ContractOp reduction);

/// How many neighbouring rows of a product a reduction over the loops `reduced` joins; nullopt if
/// they are too many for a register tile of every target, or not known.
std::optional<int64_t> foldedRows(llvm::ArrayRef<Dim> extents, llvm::ArrayRef<unsigned> reduced);

/// True if `reduction` reads a tensor that is laid out as the product's result and joins in it what
/// all steps of the product's last rows' loops lead to.
bool joinsRows(ContractOp reduction, ContractOp product);

/// True if packing and register tiling pay: not where a side is known to be narrower than a vector.
bool isWorthTiling(ContractOp op, const ContractionShape &shape);

} // namespace tenon
