//===- ContractDerivatives.cpp - Derivatives of contractions --------------===//
//
// Write the op as y[R] = combine over E of f(x_0[A_0], x_1[A_1], ...). The cotangent of x_k is a
// sum over the same loops whose result goes to A_k and whose body is w * df/dx_k, and the tangent
// of y is a sum to R with the body w * df/dx_k * dx_k, where the weight w is
//
//   sum                 1
//   max, min            1 at the first of the largest (smallest), else 0
//   logsumexp           exp(f - y)
//   prod                the product of the other values, zeros included
//
// Of a sum of products this is the same op with its maps exchanged.
//
//===----------------------------------------------------------------------===//
#include "ir/dialect/Derivatives.h"

#include "mlir/IR/IRMapping.h"

using namespace mlir;
using namespace tenon;

static RankedTensorType tensor(Value value) { return cast<RankedTensorType>(value.getType()); }

//===----------------------------------------------------------------------===//
// Building contractions over the loops of another
//===----------------------------------------------------------------------===//

namespace {
/// An operand and the place of its element in the loops.
struct Read {
  Value tensor;
  AffineMap map;
};

/// A contraction over the loops of `like` in the making: reads, then the body over their elements.
class Nest {
public:
  Nest(OpBuilder &builder, ContractOp like) : builder(builder), like(like) {
    for (auto [i, input] : llvm::enumerate(like.getInputs()))
      originals.push_back({input, like.getInputMap(i)});
  }

  using Body =
      llvm::function_ref<Value(OpBuilder &, ArrayRef<Value> originals, ArrayRef<Value> extras)>;

  /// combine over E of body(elements of the operands of `like`, elements of `extras`) at `place`.
  /// Operands that the body doesn't use are left out. Null if the body gives null (zero).
  Value build(Combiner combiner, ArrayRef<Read> extras, AffineMap place, RankedTensorType result,
              Body body);

private:
  static void dropUnused(ContractOp op);
  OpBuilder &builder;
  ContractOp like;
  SmallVector<Read> originals;
};
} // namespace

Value Nest::build(Combiner combiner, ArrayRef<Read> extras, AffineMap place,
                  RankedTensorType result, Body body) {
  Location loc = like.getLoc();
  SmallVector<Read> reads(extras);
  llvm::append_range(reads, originals);
  SmallVector<Value> operands;
  SmallVector<AffineMap> maps;
  for (const Read &read : reads) {
    operands.push_back(read.tensor);
    maps.push_back(read.map);
  }
  maps.push_back(place);
  auto op = ContractOp::create(builder, loc, result, operands, combiner, like.getExtents(),
                               builder.getAffineMapArrayAttr(maps), like.getSymbolsAttr());
  OpBuilder::InsertionGuard guard(builder);
  Block *block = builder.createBlock(&op.getBody());
  SmallVector<Value> elements;
  for (Value operand : operands)
    elements.push_back(block->addArgument(elementOf(operand.getType()), loc));
  ArrayRef<Value> all(elements);
  Value value = body(builder, all.drop_front(extras.size()), all.take_front(extras.size()));
  if (!value) {
    op.erase();
    return {};
  }
  YieldOp::create(builder, loc, ValueRange(value));
  dropUnused(op);
  return op;
}

void Nest::dropUnused(ContractOp op) {
  Block &block = op.getBody().front();
  for (Operation &inner : llvm::make_early_inc_range(llvm::reverse(block)))
    if (inner.use_empty() && !inner.hasTrait<OpTrait::IsTerminator>())
      inner.erase();
  SmallVector<Attribute> maps(op.getMaps().getValue());
  for (int64_t i = int64_t(block.getNumArguments()) - 1; i >= 0; --i) {
    if (!block.getArgument(i).use_empty())
      continue;
    block.eraseArgument(i);
    op->eraseOperand(i);
    maps.erase(maps.begin() + i);
  }
  op.setMapsAttr(ArrayAttr::get(op.getContext(), maps));
}

//===----------------------------------------------------------------------===//
// The body and its derivative
//===----------------------------------------------------------------------===//

namespace {
/// A copy of a contraction's body over given elements, with the derivatives of its value.
class BodyCopy {
public:
  BodyCopy(OpBuilder &builder, ContractOp op, ArrayRef<Value> elements)
      : builder(builder), block(op.getBody().front()) {
    for (auto [argument, element] : llvm::zip(block.getArguments(), elements))
      copies.map(argument, element);
    for (Operation &inner : block.without_terminator())
      builder.clone(inner, copies);
  }

  Value value() const { return copies.lookup(block.getTerminator()->getOperand(0)); }

  /// The cotangent of element `index`, given the value's; null where it is zero.
  Value cotangent(unsigned index, Value ofValue) {
    auto dependent = dependentOn(index);
    llvm::DenseMap<Value, Value> cotangents;
    cotangents[block.getTerminator()->getOperand(0)] = ofValue;
    for (Operation &inner : llvm::reverse(block.without_terminator())) {
      Value incoming = cotangents.lookup(inner.getResult(0));
      if (!incoming || !dependent.contains(inner.getResult(0)))
        continue;
      SmallVector<bool> needed;
      for (Value operand : inner.getOperands())
        needed.push_back(dependent.contains(operand));
      auto parts = cast<Differentiable>(copyOf(inner)).vjp(builder, incoming, needed);
      for (auto [i, operand] : llvm::enumerate(inner.getOperands()))
        if (needed[i])
          cotangents[operand] =
              addTangents(builder, inner.getLoc(), cotangents.lookup(operand), parts[i]);
    }
    return cotangents.lookup(block.getArgument(index));
  }

  /// The tangent of the value, given that of element `index`.
  Value tangent(unsigned index, Value ofElement) {
    llvm::DenseMap<Value, Value> tangents;
    tangents[block.getArgument(index)] = ofElement;
    for (Operation &inner : block.without_terminator()) {
      SmallVector<Value> incoming;
      for (Value operand : inner.getOperands())
        incoming.push_back(tangents.lookup(operand));
      if (llvm::any_of(incoming, [](Value v) { return bool(v); }) &&
          isReal(inner.getResult(0).getType()))
        tangents[inner.getResult(0)] =
            cast<Differentiable>(copyOf(inner)).jvp(builder, incoming)[0];
    }
    return tangents.lookup(block.getTerminator()->getOperand(0));
  }

private:
  Operation *copyOf(Operation &inner) const {
    return copies.lookup(inner.getResult(0)).getDefiningOp();
  }
  llvm::DenseSet<Value> dependentOn(unsigned index) const {
    llvm::DenseSet<Value> dependent{block.getArgument(index)};
    for (Operation &inner : block.without_terminator())
      if (isReal(inner.getResult(0).getType()) &&
          llvm::any_of(inner.getOperands(), [&](Value v) { return dependent.contains(v); }))
        dependent.insert(inner.getResult(0));
    return dependent;
  }

  OpBuilder &builder;
  Block &block;
  IRMapping copies;
};
} // namespace

//===----------------------------------------------------------------------===//
// Weights
//===----------------------------------------------------------------------===//

namespace {
/// The weight of each value: tensors that it is computed from, and its use in a body.
struct Weight {
  SmallVector<Read> reads;
  /// weight * tangent from the elements of `reads` and the value f.
  std::function<Value(OpBuilder &, ArrayRef<Value> reads, Value f, Value tangent)> apply;
};
} // namespace

static AffineMap loopMap(ContractOp op, unsigned loop) {
  return AffineMap::get(op.getExtents().size(), op.getResultMap().getNumSymbols(),
                        getAffineDimExpr(loop, op.getContext()), op.getContext());
}

namespace {
/// Numbers the points of the reduced loops in row-major order.
class PointNumber {
public:
  PointNumber(OpBuilder &builder, ContractOp op) : loc(op.getLoc()) {
    Dim points(1);
    for (unsigned loop : op.getReducedLoops()) {
      extents.push_back(op.getExtentDims()[loop]);
      points = points * extents.back();
    }
    bool isSmall = points.constant().value_or(std::numeric_limits<int64_t>::max()) <
                   std::numeric_limits<int32_t>::max();
    type = isSmall ? builder.getI32Type() : builder.getI64Type();
    for (auto [loop, extent] : llvm::zip(op.getReducedLoops(), extents)) {
      auto counts = tensorType(op.getContext(), extent, type);
      reads.push_back({IotaOp::create(builder, loc, counts, 0), loopMap(op, loop)});
    }
  }

  /// From elements of `reads`.
  Value number(OpBuilder &b, ArrayRef<Value> counters) const {
    Value sum = counters[0];
    for (size_t i = 1; i < extents.size(); ++i) {
      auto extent = DimsAttr::get(b.getContext(), ArrayRef<Dim>(extents[i]));
      sum = MulOp::create(b, loc, type, sum, DimensionOp::create(b, loc, type, extent));
      sum = AddOp::create(b, loc, type, sum, counters[i]);
    }
    return sum;
  }
  /// Larger than every number.
  Value never(OpBuilder &b) const {
    int64_t largest = type.getWidth() == 32 ? std::numeric_limits<int32_t>::max()
                                            : std::numeric_limits<int64_t>::max();
    return ConstantOp::create(b, loc, TypedAttr(b.getIntegerAttr(type, largest)));
  }

  IntegerType type;
  SmallVector<Read> reads;

private:
  Location loc;
  SmallVector<Dim> extents;
};
} // namespace

/// The number of the point where the result's value stands first (of NaN: where a NaN does).
static Value firstPoint(OpBuilder &builder, ContractOp op, const PointNumber &points) {
  Location loc = op.getLoc();
  SmallVector<Read> reads(points.reads);
  reads.push_back({op.getResult(), op.getResultMap()});
  auto body = [&](OpBuilder &b, ArrayRef<Value> elements, ArrayRef<Value> extras) -> Value {
    Type truth = b.getI1Type();
    Value f = BodyCopy(b, op, elements).value();
    Value same = CompareOp::create(b, loc, truth, Predicate::eq, f, extras.back());
    Value nan = CompareOp::create(b, loc, truth, Predicate::ne, f, f);
    return SelectOp::create(b, loc, points.type, OrOp::create(b, loc, truth, same, nan),
                            points.number(b, extras.drop_back()), points.never(b));
  };
  return Nest(builder, op)
      .build(Combiner::min, reads, op.getResultMap(),
             withElement(tensor(op.getResult()), points.type), body);
}

static Weight extremeWeight(OpBuilder &builder, ContractOp op) {
  PointNumber points(builder, op);
  Weight weight;
  weight.reads = points.reads;
  weight.reads.push_back({firstPoint(builder, op, points), op.getResultMap()});
  weight.apply = [points, loc = op.getLoc()](OpBuilder &b, ArrayRef<Value> reads, Value,
                                             Value tangent) -> Value {
    Value number = points.number(b, reads.drop_back());
    Value isFirst = CompareOp::create(b, loc, b.getI1Type(), Predicate::eq, number, reads.back());
    return SelectOp::create(b, loc, tangent.getType(), isFirst, tangent,
                            filled(b, loc, tangent.getType(), 0));
  };
  return weight;
}

/// exp(f - y); 0 for f = -inf, also where y is -inf.
static Weight softmaxWeight(ContractOp op) {
  Weight weight;
  weight.reads.push_back({op.getResult(), op.getResultMap()});
  weight.apply = [loc = op.getLoc()](OpBuilder &b, ArrayRef<Value> reads, Value f, Value tangent) {
    Type type = f.getType();
    Value infinite = filled(b, loc, type, -std::numeric_limits<double>::infinity());
    Value nothing = CompareOp::create(b, loc, b.getI1Type(), Predicate::eq, f, infinite);
    Value share = ExpOp::create(b, loc, type, SubOp::create(b, loc, type, f, reads[0]));
    Value zero = filled(b, loc, type, 0);
    return SelectOp::create(b, loc, type, nothing, zero,
                            MulOp::create(b, loc, type, tangent, share));
  };
  return weight;
}

/// The products of all values before (after, if `reverse`) each along axis `axis` of `values`.
static Value runningProduct(OpBuilder &builder, Location loc, Value values, int64_t axis,
                            bool reverse) {
  auto type = tensor(values);
  auto slice = ScanOp::sliceType(type, axis);
  Value one = filled(builder, loc, slice, 1);
  auto scan = ScanOp::create(builder, loc, one, values, dimsOf(type)[axis], axis, Type(slice), axis,
                             reverse);
  OpBuilder::InsertionGuard guard(builder);
  builder.setInsertionPointToEnd(&scan.getBody().front());
  Value before = scan.getCarriedArguments()[0];
  Value next = MulOp::create(builder, loc, slice, before, scan.getSliceArguments()[0]);
  YieldOp::create(builder, loc, ValueRange{next, before});
  return scan.getStackedResults()[0];
}

/// The product of all other values: of those before it times those after it.
static Weight productWeight(OpBuilder &builder, ContractOp op) {
  Location loc = op.getLoc();
  AffineMap place = op.getResultMap();
  auto extents = op.getExtentDims();
  SmallVector<Dim> grouped, spread;
  SmallVector<AffineExpr> order(place.getResults());
  for (AffineExpr kept : place.getResults())
    grouped.push_back(extents[cast<AffineDimExpr>(kept).getPosition()]);
  Dim count(1);
  spread = grouped;
  for (unsigned loop : op.getReducedLoops()) {
    order.push_back(getAffineDimExpr(loop, op.getContext()));
    spread.push_back(extents[loop]);
    count = count * extents[loop];
  }
  grouped.push_back(count);
  Type element = elementOf(op.getType());
  AffineMap everywhere =
      AffineMap::get(extents.size(), place.getNumSymbols(), order, op.getContext());
  auto spreadType = tensorType(op.getContext(), spread, element);
  Value values = Nest(builder, op)
                     .build(Combiner::sum, {}, everywhere, spreadType,
                            [&](OpBuilder &b, ArrayRef<Value> elements, ArrayRef<Value>) {
                              return BodyCopy(b, op, elements).value();
                            });
  auto groupedType = tensorType(op.getContext(), grouped, element);
  Value rows = ReshapeOp::create(builder, loc, groupedType, values);
  int64_t axis = int64_t(grouped.size()) - 1;
  Value others =
      MulOp::create(builder, loc, groupedType, runningProduct(builder, loc, rows, axis, false),
                    runningProduct(builder, loc, rows, axis, true));
  Weight weight;
  weight.reads.push_back({ReshapeOp::create(builder, loc, spreadType, others), everywhere});
  weight.apply = [loc](OpBuilder &b, ArrayRef<Value> reads, Value, Value tangent) {
    return MulOp::create(b, loc, tangent.getType(), tangent, reads[0]);
  };
  return weight;
}

/// nullopt for combiners whose results carry no derivative.
static std::optional<Weight> weightOf(OpBuilder &builder, ContractOp op) {
  Weight one;
  one.apply = [](OpBuilder &, ArrayRef<Value>, Value, Value tangent) { return tangent; };
  if (!isReal(op.getType()))
    return std::nullopt;
  switch (op.getCombiner()) {
  case Combiner::sum:
    return one;
  case Combiner::max:
  case Combiner::min:
    return op.getReducedLoops().empty() ? one : extremeWeight(builder, op);
  case Combiner::logsumexp:
    return softmaxWeight(op);
  case Combiner::prod:
    return productWeight(builder, op);
  default:
    return std::nullopt;
  }
}

//===----------------------------------------------------------------------===//
// The rules
//===----------------------------------------------------------------------===//

SmallVector<Value> ContractOp::vjp(OpBuilder &builder, ArrayRef<Value> cotangents,
                                   ArrayRef<bool> needed) {
  SmallVector<Value> result(getInputs().size());
  auto weight = weightOf(builder, *this);
  if (!weight)
    return result;
  // A product of operands stays one: it has no partial derivatives that are infinite by themselves.
  MaskedTangent incoming(cotangents[0]);
  bool isMasked = incoming.choice && !isSumOfProducts();
  SmallVector<Read> extras{{isMasked ? incoming.value : cotangents[0], getResultMap()}};
  if (isMasked)
    extras.push_back({incoming.choice.getCondition(), getResultMap()});
  const size_t first = extras.size();
  llvm::append_range(extras, weight->reads);
  for (auto [i, input] : llvm::enumerate(getInputs())) {
    if (!needed[i])
      continue;
    auto body = [&, i = i](OpBuilder &b, ArrayRef<Value> elements,
                           ArrayRef<Value> extras) -> Value {
      BodyCopy copy(b, *this, elements);
      Value part = copy.cotangent(i, extras[0]);
      if (!part)
        return {};
      part = weight->apply(b, extras.drop_front(first), copy.value(), part);
      return isMasked ? incoming.apply(b, getLoc(), extras[1], part) : part;
    };
    result[i] =
        Nest(builder, *this).build(Combiner::sum, extras, getInputMap(i), tensor(input), body);
  }
  return result;
}

SmallVector<Value> ContractOp::jvp(OpBuilder &builder, ArrayRef<Value> tangents) {
  auto weight = weightOf(builder, *this);
  if (!weight)
    return {Value()};
  Value sum;
  for (unsigned i = 0, e = getInputs().size(); i < e; ++i) {
    if (!tangents[i])
      continue;
    SmallVector<Read> extras{{tangents[i], getInputMap(i)}};
    llvm::append_range(extras, weight->reads);
    auto body = [&](OpBuilder &b, ArrayRef<Value> elements, ArrayRef<Value> extras) -> Value {
      BodyCopy copy(b, *this, elements);
      Value part = copy.tangent(i, extras[0]);
      if (!part)
        return {};
      return weight->apply(b, extras.drop_front(), copy.value(), part);
    };
    Value term = Nest(builder, *this)
                     .build(Combiner::sum, extras, getResultMap(), tensor(getResult()), body);
    sum = addTangents(builder, getLoc(), sum, term);
  }
  return {sum};
}
