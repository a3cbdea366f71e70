//===- LoopSum.cpp - Places that are sums of loops ------------------------===//
#include "passes/simplify/LoopSum.h"

using namespace mlir;
using namespace tenon;

std::optional<LoopSum> LoopSum::of(AffineExpr expr, const ContractParts &parts) {
  LoopSum sum;
  sum.coefficients.resize(parts.extents.size());
  if (!sum.add(expr, 1, parts))
    return std::nullopt;
  return sum;
}

SmallVector<unsigned> LoopSum::loops() const {
  SmallVector<unsigned> result;
  for (unsigned d = 0; d < coefficients.size(); ++d)
    if (coefficients[d] != 0)
      result.push_back(d);
  return result;
}

std::pair<Dim, Dim> LoopSum::range(ArrayRef<Dim> extents) const {
  Dim least = constant, largest = constant;
  for (unsigned d : loops()) {
    Dim last = (extents[d] - Dim(1)) * Dim(coefficients[d]);
    Dim &end = coefficients[d] < 0 ? least : largest;
    end = end + last;
  }
  return {least, largest};
}

bool LoopSum::add(AffineExpr expr, int64_t factor, const ContractParts &parts) {
  if (auto number = dyn_cast<AffineConstantExpr>(expr)) {
    constant = constant + Dim(factor * number.getValue());
    return true;
  }
  if (auto symbol = dyn_cast<AffineSymbolExpr>(expr)) {
    constant = constant + Dim(factor) * parts.symbols.getDims()[symbol.getPosition()];
    return true;
  }
  if (auto loop = dyn_cast<AffineDimExpr>(expr)) {
    coefficients[loop.getPosition()] += factor;
    return true;
  }
  auto binary = dyn_cast<AffineBinaryOpExpr>(expr);
  if (!binary)
    return false;
  if (binary.getKind() == AffineExprKind::Add)
    return add(binary.getLHS(), factor, parts) && add(binary.getRHS(), factor, parts);
  auto number = dyn_cast<AffineConstantExpr>(binary.getRHS());
  return binary.getKind() == AffineExprKind::Mul && number &&
         add(binary.getLHS(), factor * number.getValue(), parts);
}
