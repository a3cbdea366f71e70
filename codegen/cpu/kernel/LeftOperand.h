//===- LeftOperand.h - The left side of a matrix product --------*- C++ -*-===//
#pragma once

#include "codegen/cpu/kernel/MatrixProduct.h"
#include "codegen/cpu/kernel/Pull.h"
#include "codegen/cpu/kernel/Survey.h"

namespace tenon::cpu {

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
  /// True if its elements needn't be widened before they are multiplied.
  bool isStoredAsSummed() const;
  bool isReadInPlace();
  bool isReadInSegments();
  PlaceOf<LaneStride> surveyPlace(const LaneStride &row, const LaneStride &k);
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
  /// A place of batch, m and n; `row` counts all rows, or windows with `inWindow` in them.
  Place domain(const Place &batch, const Index &row);
  Place domain(const Place &batch, Value *window, int64_t inWindow);
  /// Numbers from one tile's place in scratch to the next.
  int64_t tileNumbers() const { return (tile.kStretch + kLanes) * tile.height; }

  static constexpr unsigned kLanes = 16;
  /// Shorter ones aren't worth a loop of their own.
  static constexpr int64_t kShortestSegment = 4;
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
