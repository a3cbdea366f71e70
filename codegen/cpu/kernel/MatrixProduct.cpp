//===- MatrixProduct.cpp - A contraction as a matrix product --------------===//
#include "codegen/cpu/kernel/MatrixProduct.h"

#include "codegen/cpu/kernel/Panels.h"

namespace tenon::cpu {

MatrixProduct::MatrixProduct(ContractOp contract, ContractOp fold,
                             std::optional<unsigned> partitionAxis)
    : contract(contract), fold(fold), extents(contract.getExtentDims()),
      position(extents.size(), 0) {
  ContractionShape shape = *classifyContraction(contract);
  lhs = shape.lhs;
  batch = shape.batch;
  m = shape.m;
  n = shape.n;
  k = shape.k;
  if (auto list = contract.getSymbols())
    symbols = list->getDims();
  if (fold) {
    auto reduced = fold.getReducedLoops();
    windowLoops = reduced.size();
    windowRows = *foldedRows(fold.getExtentDims(), reduced);
  }
  if (partitionAxis) {
    auto axis = contract.getResultMap().getResult(*partitionAxis);
    partitionLoop = mlir::cast<mlir::AffineDimExpr>(axis).getPosition();
    isPartitionedByColumn = llvm::is_contained(n, partitionLoop);
    if (auto *at = llvm::find(m, partitionLoop); at != m.end())
      std::rotate(m.begin(), at, at + 1);
  }
  for (auto *group : {&batch, &m, &n, &k})
    for (unsigned loop : *group) {
      position[loop] = domain.size();
      domain.push_back(extents[loop]);
    }
}

Dim MatrixProduct::extent(llvm::ArrayRef<unsigned> loops) const {
  Dim result(1);
  for (unsigned loop : loops)
    result = result * extents[loop];
  return result;
}

Tile::Tile(const TargetInfo &target, const MatrixProduct &product, bool isPartitioned) {
  ContractOp contract = product.contract;
  elementBytes = sumBytes(elementOf(contract.getResult().getType()));
  width = panelWidth(target, elementBytes);
  bool isWide = target.level == TargetInfo::Level::Avx512;
  height = isWide ? 12 : target.level == TargetInfo::Level::Avx2 ? 6 : 4;
  height = height / product.windowRows * product.windowRows; // windows aren't cut
  lowHeight = isWide ? 4 : 2;
  if (isPartitioned) {
    // Threads get powers of two of rows more often than multiples of 12 or 6.
    height = isWide ? 8 : 4;
  } else if (auto rows = product.extent(product.m).constant(); rows && *rows > 0) {
    int64_t tiles = llvm::divideCeil(*rows, height);
    height = llvm::divideCeil(*rows / product.windowRows, tiles) * product.windowRows;
    int64_t rest = *rows % height;
    if (rest == 0 || rest > lowHeight)
      lowHeight = height;
  }
  lowHeight = product.windowRows > 1 ? height : std::min(lowHeight, height);
  blockRows = height * llvm::divideCeil(96, height);
  // Some work for every thread, where the sizes tell.
  auto rows = product.extent(product.m).constant(), columns = product.extent(product.n).constant();
  if (!rows || !columns)
    return;
  constexpr int64_t enough = 8;
  auto across = [&] { return llvm::divideCeil(*columns, int64_t(blockPanels) * width); };
  while (llvm::divideCeil(*rows, blockRows) * across() < enough && blockPanels > 2)
    blockPanels /= 2;
  int64_t down = llvm::divideCeil(enough, std::max<int64_t>(across(), 1));
  int64_t tilesOfBlock = std::max<int64_t>(llvm::divideCeil(*rows, height) / down, 1);
  blockRows = std::min(blockRows, tilesOfBlock * height);
}

} // namespace tenon::cpu
