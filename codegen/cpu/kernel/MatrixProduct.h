//===- MatrixProduct.h - A contraction as a matrix product ------*- C++ -*-===//
#pragma once

#include "codegen/cpu/kernel/Place.h"

#include "passes/fuse/ContractionShape.h"

namespace tenon::cpu {

/// A contraction as a matrix product, its loops in the order batch, m, n, k. The loop of the
/// partition comes first in m if it is there. The last loops of m may be windows, whose rows `fold`
/// joins.
class MatrixProduct {
public:
  MatrixProduct(ContractOp contract, ContractOp fold, std::optional<unsigned> partitionAxis);

  ContractOp contract, fold;
  unsigned lhs;
  llvm::SmallVector<unsigned> batch, m, n, k;
  /// Loops of a window, the last of m, and how many rows they are; 0 and 1 without `fold`.
  unsigned windowLoops = 0;
  int64_t windowRows = 1;
  llvm::SmallVector<Dim> extents; // of each loop
  llvm::SmallVector<Dim> symbols;
  /// The domain: extents in the order batch, m, n, k, and where each loop is among them.
  llvm::SmallVector<Dim> domain;
  llvm::SmallVector<unsigned> position;
  unsigned partitionLoop = ~0u;
  bool isPartitionedByColumn = false;

  Dim extent(llvm::ArrayRef<unsigned> loops) const;

  /// The element of the result at a place of batch, m and n.
  template <class Math>
  PlaceOf<typename Math::Index> resultPlace(Movement<Math> &move,
                                            const PlaceOf<typename Math::Index> &place) {
    llvm::SmallVector<AxisSource<typename Math::Index>> sources;
    for (mlir::AffineExpr expr : contract.getResultMap().getResults())
      sources.push_back({int(position[mlir::cast<mlir::AffineDimExpr>(expr).getPosition()])});
    return move.assemble(place, domain, sources);
  }
  /// The element of the fold's result at a place of batch, the loops of m before the windows, and
  /// n.
  template <class Math>
  PlaceOf<typename Math::Index> foldPlace(Movement<Math> &move,
                                          const PlaceOf<typename Math::Index> &place) {
    unsigned firstWindow = batch.size() + m.size() - windowLoops;
    auto remaining = domain;
    remaining.erase(remaining.begin() + firstWindow, remaining.begin() + firstWindow + windowLoops);
    llvm::SmallVector<AxisSource<typename Math::Index>> sources;
    for (mlir::AffineExpr expr : contract.getResultMap().getResults()) {
      unsigned axis = position[mlir::cast<mlir::AffineDimExpr>(expr).getPosition()];
      if (axis < firstWindow)
        sources.push_back({int(axis)});
      else if (axis >= firstWindow + windowLoops)
        sources.push_back({int(axis - windowLoops)});
    }
    return move.assemble(place, remaining, sources);
  }
  /// The element of the left operand at a place of batch, m, n and k.
  template <class Math>
  PlaceOf<typename Math::Index> leftPlace(Movement<Math> &move,
                                          const PlaceOf<typename Math::Index> &place) {
    mlir::Value operand = contract.getInputs()[lhs];
    return move.affine(contract.getInputMap(lhs), symbols, position, domain,
                       mlir::cast<RankedTensorType>(operand.getType()), place);
  }
};

/// Sizes of tiles and blocks.
struct Tile {
  Tile(const TargetInfo &target, const MatrixProduct &product, bool isPartitioned);

  unsigned elementBytes, width;
  /// Rows of a tile, and of the low one for the last few rows.
  unsigned height, lowHeight;
  /// Rows and panels of a block; rows are whole tiles.
  int64_t blockRows, blockPanels = 8;
  /// Rows of a panel that a tile goes through at once.
  int64_t kStretch = 384;
};

} // namespace tenon::cpu
