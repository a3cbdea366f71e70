//===- LoopSum.h - Places that are sums of loops ----------------*- C++ -*-===//
#pragma once

#include "passes/simplify/ContractParts.h"

namespace tenon {

/// A place in an axis: constant + the sum of coefficients[d] * loop d.
struct LoopSum {
  Dim constant;
  llvm::SmallVector<int64_t> coefficients;

  /// nullopt if the expression has divisions.
  static std::optional<LoopSum> of(mlir::AffineExpr expr, const ContractParts &parts);
  /// Those with a coefficient.
  llvm::SmallVector<unsigned> loops() const;
  /// The least and the largest value over loops of these extents, none of them 0.
  std::pair<Dim, Dim> range(llvm::ArrayRef<Dim> extents) const;

private:
  bool add(mlir::AffineExpr expr, int64_t factor, const ContractParts &parts);
};

} // namespace tenon
