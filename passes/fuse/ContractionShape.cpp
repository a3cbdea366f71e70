//===- ContractionShape.cpp - Which contractions are matrix products ------===//
#include "passes/fuse/ContractionShape.h"

using namespace mlir;
using namespace tenon;

Dim ContractionShape::extent(ContractOp op, ArrayRef<unsigned> loops) {
  auto extents = op.getExtentDims();
  Dim product(1);
  for (unsigned loop : loops)
    product = product * extents[loop];
  return product;
}

/// The loops a map mentions.
static llvm::SmallBitVector loopsOf(AffineMap map) {
  llvm::SmallBitVector loops(map.getNumDims());
  for (AffineExpr expr : map.getResults())
    for (unsigned d = 0; d < map.getNumDims(); ++d)
      if (expr.isFunctionOfDim(d))
        loops.set(d);
  return loops;
}

/// True if every axis of the result is a loop of its own, all of it.
static bool isListOfLoops(ContractOp op) {
  llvm::SmallBitVector seen(op.getExtents().size());
  auto extents = op.getExtentDims(), dims = dimsOf(op.getResult().getType());
  for (auto [dim, expr] : llvm::zip(dims, op.getResultMap().getResults())) {
    auto loop = dyn_cast<AffineDimExpr>(expr);
    if (!loop || seen[loop.getPosition()] || !(dim == extents[loop.getPosition()]))
      return false;
    seen.set(loop.getPosition());
  }
  return true;
}

std::optional<ContractionShape> tenon::classifyContraction(ContractOp op) {
  if (op.getInputs().size() != 2 || !op.isSumOfProducts() ||
      !isa<FloatType>(cast<RankedTensorType>(op.getResult().getType()).getElementType()))
    return std::nullopt;
  AffineMap result = op.getResultMap();
  if (!isListOfLoops(op))
    return std::nullopt;

  auto first = loopsOf(op.getInputMap(0)), second = loopsOf(op.getInputMap(1));
  // The right operand holds the innermost result axis that only one operand has.
  ContractionShape shape;
  for (AffineExpr expr : llvm::reverse(result.getResults())) {
    unsigned loop = cast<AffineDimExpr>(expr).getPosition();
    if (first[loop] == second[loop])
      continue;
    if (first[loop])
      std::swap(shape.lhs, shape.rhs);
    break;
  }
  auto &left = shape.lhs == 0 ? first : second;
  auto &right = shape.lhs == 0 ? second : first;
  for (AffineExpr expr : result.getResults()) {
    unsigned loop = cast<AffineDimExpr>(expr).getPosition();
    if (left[loop] && right[loop])
      shape.batch.push_back(loop);
    else if (left[loop])
      shape.m.push_back(loop);
    else if (right[loop])
      shape.n.push_back(loop);
    else
      return std::nullopt;
  }
  for (unsigned loop : op.getReducedLoops()) {
    if (!left[loop] || !right[loop])
      return std::nullopt;
    shape.k.push_back(loop);
  }
  AffineMap leftMap = op.getInputMap(shape.lhs);
  auto axisOf = [&](unsigned loop) {
    return llvm::find_if(leftMap.getResults(),
                         [&](AffineExpr place) { return place.isFunctionOfDim(loop); }) -
           leftMap.getResults().begin();
  };
  llvm::sort(shape.k, [&](unsigned a, unsigned b) {
    return std::pair(axisOf(a), a) < std::pair(axisOf(b), b);
  });
  return shape;
}

//===----------------------------------------------------------------------===//
// Reductions in a product's kernel
//===----------------------------------------------------------------------===//

bool tenon::canFold(ContractOp reduction) {
  switch (reduction.getCombiner()) {
  case Combiner::argmax:
  case Combiner::argmin:
  case Combiner::logsumexp:
    return false;
  default:
    return reduction.getInputs().size() == 1 && isListOfLoops(reduction);
  }
}

std::optional<int64_t> tenon::foldedRows(ArrayRef<Dim> extents, ArrayRef<unsigned> reduced) {
  constexpr int64_t fewestRowsOfTile = 4;
  int64_t rows = 1;
  for (unsigned loop : reduced) {
    auto extent = extents[loop].constant();
    if (!extent || *extent < 1 || *extent > fewestRowsOfTile)
      return std::nullopt;
    rows *= *extent;
  }
  return rows > 1 && rows <= fewestRowsOfTile ? std::optional(rows) : std::nullopt;
}

bool tenon::joinsRows(ContractOp reduction, ContractOp product) {
  auto shape = classifyContraction(product);
  auto reduced = reduction.getReducedLoops();
  AffineMap map = reduction.getInputMap(0), result = product.getResultMap();
  if (!shape || !canFold(reduction) || reduced.size() >= shape->m.size() ||
      !foldedRows(reduction.getExtentDims(), reduced) ||
      map.getNumResults() != result.getNumResults() ||
      map.getNumResults() != reduction.getResultMap().getNumResults() + reduced.size())
    return false;
  // Axis by axis: the result's loops in order, and the reduced ones where the last rows are.
  unsigned firstFolded = shape->m[shape->m.size() - reduced.size()];
  unsigned nextResult = 0, nextReduced = 0;
  auto extents = reduction.getExtentDims(), all = product.getExtentDims();
  for (auto [place, axis] : llvm::zip(map.getResults(), result.getResults())) {
    unsigned loop = cast<AffineDimExpr>(axis).getPosition();
    bool isFolded = nextReduced > 0 ? nextReduced < reduced.size() : loop == firstFolded;
    AffineExpr expected = isFolded ? getAffineDimExpr(reduced[nextReduced++], map.getContext())
                                   : reduction.getResultMap().getResult(nextResult++);
    // Every row has its place in a window: those that no window reads would be joined as well.
    if (place != expected || !(extents[cast<AffineDimExpr>(place).getPosition()] == all[loop]))
      return false;
  }
  return nextReduced == reduced.size();
}

bool tenon::isWorthTiling(ContractOp op, const ContractionShape &shape) {
  auto narrow = [&](ArrayRef<unsigned> loops, int64_t least) {
    auto extent = ContractionShape::extent(op, loops).constant();
    return extent && *extent < least;
  };
  return !narrow(shape.n, 8) && !narrow(shape.m, 3) && !narrow(shape.k, 2);
}
