//===- LeftOperand.h - The left side of a matrix product --------*- C++ -*-===//
#pragma once

#include "codegen/cpu/kernel/Pull.h"
#include "codegen/cpu/kernel/Survey.h"

#include "passes/fuse/ContractionShape.h"

namespace tenon::cpu {

/// A contraction as a matrix product, its loops in the order batch, m, n, k. The loop of the
/// partition comes first in m if it is there.
class MatrixProduct {
public:
  MatrixProduct(ContractOp contract, std::optional<unsigned> partitionAxis);

  ContractOp contract;
  unsigned lhs;
  llvm::SmallVector<unsigned> batch, m, n, k;
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

/// Where the rows of a tile are read: element (r, k) at `base[r] + k * stride`, in numbers.
struct LeftRows {
  Values base;
  Value *stride;
};

/// Reads or computes the left operand. Where its elements are only moved, it is read where it lies,
/// in segments: stretches of k, as long as its innermost loops, in which elements are evenly
/// spaced. A convolution's left operand has one for each row of a window.

class LeftOperand {
public:
  LeftOperand(Emission &e, MatrixProduct &product, const Tile &tile);

  /// Computes the rows of a block into `scratch`, where they aren't read as they are.
  void pack(Value *scratch, const Place &batch, Value *fromRow, Value *toRow, Value *fromK,
            Value *toK);
  /// The rows of the tile at `row`; those at and beyond `toRow` are any memory that can be read.
  LeftRows rows(Value *scratch, const Place &batch, Value *fromRow, Value *row, Value *toRow,
                Value *fromK);
  /// Emits `body` for all k in [fromK, toK), counted from `fromK`, carrying values through; `body`
  /// gets k and a reader of element k of row r.
  Values eachK(const LeftRows &rows, Value *fromK, Value *toK, llvm::ArrayRef<Value *> start,
               llvm::function_ref<Values(Value *k, llvm::function_ref<Value *(unsigned r)> element,
                                         llvm::ArrayRef<Value *> carried)>
                   body);
  int64_t scratchBytes() const;

  Pull &reader() { return *pull; }

private:
  void chooseWay();
  bool isReadInPlace(unsigned firstOfSegment);
  /// With `k` along the loops of k from number `first` on.
  PlaceOf<LaneStride> surveyPlace(const LaneStride &row, const LaneStride &k, unsigned first = 0);
  Value *element(const LeftRows &rows, unsigned r, Value *k);
  /// The offset of the operand's element at a place of the product; it is read where it lies.
  Value *offsetOf(const Place &place);
  /// How far segment number `outer` is behind the first.
  Value *segmentOffset(Value *outer);
  /// Lanes along the rows of a tile, or along k.
  void packAlongRows(Value *to, const Place &batch, Value *row, Value *toRow, Value *fromK,
                     Value *toK);
  void packAlongK(Value *to, const Place &batch, Value *row, Value *toRow, Value *fromK,
                  Value *toK);
  Place domain(const Place &batch, const Index &row);
  /// Numbers from one tile's place in scratch to the next.
  int64_t tileNumbers() const { return (tile.kStretch + kLanes) * tile.height; }

  static constexpr unsigned kLanes = 16;
  /// Shorter ones aren't worth a loop of their own.
  static constexpr int64_t kShortestSegment = 8;
  std::unique_ptr<Pull> pull;
  Emission &e;
  llvm::IRBuilder<> &b;
  MatrixProduct &product;
  const Tile &tile;
  m::Value operand;
  llvm::Type *number;
  /// Set if it is read where it lies.
  std::optional<unsigned> input;
  Dim inputStride;
  /// The loops of k before this one lead from segment to segment.
  unsigned firstOfSegment = 0;
  bool alongRows = false;
  /// True if vectors along k run through all its loops as one.
  bool isOneLoop = false;
};

} // namespace tenon::cpu
