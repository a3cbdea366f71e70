//===- ContractParts.cpp - A contraction as lists to change ---------------===//
#include "passes/simplify/ContractParts.h"

using namespace mlir;
using namespace tenon;

ContractParts ContractParts::of(ContractOp op) {
  ContractParts parts;
  parts.combiner = op.getCombiner();
  parts.inputs.assign(op.getInputs().begin(), op.getInputs().end());
  for (unsigned i = 0; i < parts.inputs.size(); ++i)
    parts.maps.push_back(op.getInputMap(i));
  parts.result = op.getResultMap();
  parts.extents = op.getExtentDims();
  parts.symbols = op.getSymbolsAttr();
  parts.type = cast<RankedTensorType>(op.getType());
  return parts;
}

ContractOp ContractParts::createEmpty(OpBuilder &builder, Location loc) const {
  SmallVector<AffineMap> all(maps);
  all.push_back(result);
  auto op = ContractOp::create(builder, loc, type, inputs, combiner,
                               DimsAttr::get(type.getContext(), extents),
                               builder.getAffineMapArrayAttr(all), symbols);
  if (op.getBody().empty())
    op.getBody().emplaceBlock();
  for (Value input : inputs)
    op.getBody().front().addArgument(elementOf(input.getType()), loc);
  return op;
}

ContractOp ContractParts::create(OpBuilder &builder, Location loc, Block &body) const {
  ContractOp op = createEmpty(builder, loc);
  IRMapping mapping;
  mapping.map(body.getArguments(), op.getBody().front().getArguments());
  OpBuilder::InsertionGuard guard(builder);
  builder.setInsertionPointToStart(&op.getBody().front());
  for (Operation &inner : body)
    builder.clone(inner, mapping);
  return op;
}

ContractOp ContractParts::createProduct(OpBuilder &builder, Location loc) const {
  ContractOp op = createEmpty(builder, loc);
  OpBuilder::InsertionGuard guard(builder);
  builder.setInsertionPointToStart(&op.getBody().front());
  Value product;
  for (BlockArgument factor : op.getBody().front().getArguments())
    product = product ? MulOp::create(builder, loc, factor.getType(), product, factor).getResult()
                      : Value(factor);
  YieldOp::create(builder, loc, product);
  return op;
}

//===----------------------------------------------------------------------===//
// Loops
//===----------------------------------------------------------------------===//

llvm::SmallBitVector ContractParts::loopsOf(AffineMap map) {
  llvm::SmallBitVector loops(map.getNumDims());
  for (AffineExpr expr : map.getResults())
    for (unsigned d = 0; d < map.getNumDims(); ++d)
      if (expr.isFunctionOfDim(d))
        loops.set(d);
  return loops;
}

void ContractParts::replaceLoops(ArrayRef<AffineExpr> replacements, ArrayRef<Dim> newExtents) {
  auto replace = [&](AffineMap &map) {
    SmallVector<AffineExpr> symbolsKept;
    for (unsigned s = 0; s < map.getNumSymbols(); ++s)
      symbolsKept.push_back(getAffineSymbolExpr(s, map.getContext()));
    map = map.replaceDimsAndSymbols(replacements, symbolsKept, newExtents.size(),
                                    map.getNumSymbols());
  };
  for (AffineMap &map : maps)
    replace(map);
  replace(result);
  extents.assign(newExtents.begin(), newExtents.end());
}

void ContractParts::dropLoops(const llvm::SmallBitVector &dropped) {
  MLIRContext *context = result.getContext();
  SmallVector<AffineExpr> replacements;
  SmallVector<Dim> kept;
  for (unsigned d = 0; d < extents.size(); ++d) {
    if (dropped[d]) {
      replacements.push_back(getAffineConstantExpr(0, context));
      continue;
    }
    replacements.push_back(getAffineDimExpr(kept.size(), context));
    kept.push_back(extents[d]);
  }
  replaceLoops(replacements, kept);
}

void ContractParts::prependLoop(const Dim &extent) {
  MLIRContext *context = result.getContext();
  SmallVector<AffineExpr> replacements;
  for (unsigned d = 0; d < extents.size(); ++d)
    replacements.push_back(getAffineDimExpr(d + 1, context));
  SmallVector<Dim> longer{extent};
  llvm::append_range(longer, extents);
  replaceLoops(replacements, longer);
}

SmallVector<ContractOp> tenon::sumsBelow(Operation *op) {
  SmallVector<ContractOp> sums;
  op->walk([&](ContractOp contract) {
    if (contract.getCombiner() == Combiner::sum && !contract->getParentOfType<KernelOp>())
      sums.push_back(contract);
  });
  return sums;
}

bool tenon::isSummedInItsType(ContractOp op) {
  return elementOf(op.getType()).getIntOrFloatBitWidth() >= 32;
}

std::optional<std::array<BroadcastOp, 2>> tenon::outerFactors(MulOp product) {
  auto type = dyn_cast<RankedTensorType>(product.getType());
  if (!type || !isReal(type))
    return std::nullopt;
  std::array<BroadcastOp, 2> factors{product.getLhs().getDefiningOp<BroadcastOp>(),
                                     product.getRhs().getDefiningOp<BroadcastOp>()};
  llvm::SmallBitVector covered(unsigned(type.getRank()));
  for (BroadcastOp factor : factors) {
    if (!factor || int64_t(factor.getAxes().size()) == type.getRank())
      return std::nullopt;
    for (int64_t axis : factor.getAxes())
      covered.set(unsigned(axis));
  }
  return covered.all() ? std::optional(factors) : std::nullopt;
}

//===----------------------------------------------------------------------===//
// Reading by movement ops
//===----------------------------------------------------------------------===//

std::optional<AxisRead> AxisRead::of(AffineExpr expr) {
  if (auto constant = dyn_cast<AffineConstantExpr>(expr))
    return AxisRead{constant.getValue(), 0, std::nullopt};
  if (auto loop = dyn_cast<AffineDimExpr>(expr))
    return AxisRead{0, 1, loop.getPosition()};
  auto binary = dyn_cast<AffineBinaryOpExpr>(expr);
  if (!binary)
    return std::nullopt;
  auto left = of(binary.getLHS()), right = of(binary.getRHS());
  if (!left || !right || right->loop)
    return std::nullopt;
  if (binary.getKind() == AffineExprKind::Add)
    return AxisRead{left->offset + right->offset, left->stride, left->loop};
  if (binary.getKind() == AffineExprKind::Mul && right->offset >= 1)
    return AxisRead{left->offset * right->offset, left->stride * right->offset, left->loop};
  return std::nullopt;
}

std::optional<SmallVector<AxisRead>> tenon::stridedReads(AffineMap map) {
  SmallVector<AxisRead> reads;
  llvm::SmallBitVector seen(map.getNumDims());
  for (AffineExpr expr : map.getResults()) {
    auto read = AxisRead::of(expr);
    if (!read || read->offset < 0 || (read->loop && seen[*read->loop]))
      return std::nullopt;
    if (read->loop)
      seen.set(*read->loop);
    reads.push_back(*read);
  }
  return reads;
}

Value tenon::readAsTensor(OpBuilder &builder, Location loc, Value value, ArrayRef<AxisRead> reads,
                          ArrayRef<unsigned> loops, ArrayRef<Dim> dims) {
  MLIRContext *context = value.getContext();
  Type element = elementOf(value.getType());
  auto place = [&](unsigned loop) -> int64_t { return llvm::find(loops, loop) - loops.begin(); };

  // The part that is read, then without the axes of which it is one place.
  SmallVector<Dim> offsets, extents, kept;
  SmallVector<int64_t> strides, places;
  for (const AxisRead &read : reads) {
    offsets.push_back(Dim(read.offset));
    strides.push_back(std::max<int64_t>(read.stride, 1));
    extents.push_back(read.loop ? dims[place(*read.loop)] : Dim(1));
    if (!read.loop)
      continue;
    kept.push_back(extents.back());
    places.push_back(place(*read.loop));
  }
  auto part = tensorType(context, extents, element);
  if (part != value.getType())
    value = SliceOp::create(builder, loc, part, value, DimsAttr::get(context, offsets), strides);
  if (kept.size() != extents.size())
    value = ReshapeOp::create(builder, loc, tensorType(context, kept, element), value);

  // Axes in the order of the result, then the missing ones.
  SmallVector<int64_t> order = llvm::to_vector(llvm::seq<int64_t>(0, places.size()));
  llvm::sort(order, [&](int64_t a, int64_t b) { return places[a] < places[b]; });
  if (!llvm::is_sorted(places)) {
    SmallVector<Dim> sorted;
    for (int64_t axis : order)
      sorted.push_back(kept[axis]);
    value = TransposeOp::create(builder, loc, tensorType(context, sorted, element), value, order);
    llvm::sort(places);
  }
  auto full = tensorType(context, dims, element);
  if (full == value.getType())
    return value;
  return BroadcastOp::create(builder, loc, full, value, places);
}
