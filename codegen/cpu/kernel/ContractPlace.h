//===- ContractPlace.h - The loops of a contraction as axes -----*- C++ -*-===//
#pragma once

#include "codegen/cpu/kernel/Place.h"

namespace tenon::cpu {

/// The domain of a contraction whose result map is a list of loops: the result's axes first, in
/// their order, then the reduced loops, ascending.
class ContractPlace {
public:
  explicit ContractPlace(ContractOp op)
      : op(op), reduced(op.getReducedLoops()), position(op.getExtents().size()) {
    auto all = op.getExtentDims();
    for (m::AffineExpr expr : op.getResultMap().getResults()) {
      position[m::cast<m::AffineDimExpr>(expr).getPosition()] = extents.size();
      extents.push_back(all[m::cast<m::AffineDimExpr>(expr).getPosition()]);
    }
    for (unsigned loop : reduced) {
      position[loop] = extents.size();
      extents.push_back(all[loop]);
    }
    if (auto list = op.getSymbols())
      symbols = list->getDims();
  }

  /// True if the result map is a list of different loops that covers the whole result.
  static bool fits(ContractOp op) {
    auto all = op.getExtentDims();
    auto dims = dimsOf(m::cast<RankedTensorType>(op.getResult().getType()));
    llvm::SmallBitVector seen(all.size());
    for (auto [dim, expr] : llvm::zip(dims, op.getResultMap().getResults())) {
      auto loop = m::dyn_cast<m::AffineDimExpr>(expr);
      if (!loop || seen[loop.getPosition()] || !(dim == all[loop.getPosition()]))
        return false;
      seen.set(loop.getPosition());
    }
    return true;
  }

  template <class Math>
  typename Movement<Math>::Place operand(Movement<Math> &move, unsigned index,
                                         const typename Movement<Math>::Place &domain) {
    return move.affine(op.getInputMap(index), symbols, position, extents,
                       m::cast<RankedTensorType>(op.getInputs()[index].getType()), domain);
  }

  ContractOp op;
  llvm::SmallVector<unsigned> reduced, position;
  llvm::SmallVector<Dim> extents, symbols;
};

} // namespace tenon::cpu
