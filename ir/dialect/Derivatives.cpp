//===- Derivatives.cpp - What rules of differentiation are built from -----===//
#include "ir/dialect/Derivatives.h"

#include "mlir/IR/Matchers.h"

using namespace mlir;
using namespace tenon;

Value tenon::filled(OpBuilder &builder, Location loc, Type type, double number) {
  Type element = elementOf(type);
  TypedAttr scalar = isa<FloatType>(element) ? TypedAttr(builder.getFloatAttr(element, number))
                                             : builder.getIntegerAttr(element, int64_t(number));
  auto tensor = dyn_cast<RankedTensorType>(type);
  if (!tensor)
    return ConstantOp::create(builder, loc, scalar);
  auto rank0 = RankedTensorType::get({}, element);
  Value value = ConstantOp::create(builder, loc, DenseElementsAttr::get(rank0, Attribute(scalar)));
  if (tensor.getRank() == 0)
    return value;
  return BroadcastOp::create(builder, loc, tensor, value, ArrayRef<int64_t>{});
}

std::optional<double> tenon::knownNumber(Value value) {
  while (auto broadcast = value.getDefiningOp<BroadcastOp>())
    value = broadcast.getOperand();
  auto constant = value.getDefiningOp<ConstantOp>();
  if (!constant)
    return std::nullopt;
  Attribute attribute = constant.getValue();
  if (auto splat = dyn_cast<SplatElementsAttr>(attribute))
    attribute = splat.getSplatValue<Attribute>();
  if (auto real = dyn_cast<FloatAttr>(attribute))
    return real.getValueAsDouble();
  return std::nullopt;
}

MaskedTangent::MaskedTangent(Value tangent) : value(tangent) {
  auto select = tangent.getDefiningOp<SelectOp>();
  if (!select)
    return;
  bool isZeroElse = knownNumber(select.getIfFalse()) == 0.0;
  if (!isZeroElse && knownNumber(select.getIfTrue()) != 0.0)
    return;
  choice = select;
  keepsWhenTrue = isZeroElse;
  value = isZeroElse ? select.getIfTrue() : select.getIfFalse();
}

Value MaskedTangent::apply(OpBuilder &builder, Location loc, Value condition, Value scaled) const {
  Value zero = filled(builder, loc, scaled.getType(), 0);
  return keepsWhenTrue ? SelectOp::create(builder, loc, scaled.getType(), condition, scaled, zero)
                       : SelectOp::create(builder, loc, scaled.getType(), condition, zero, scaled);
}

Value tenon::addTangents(OpBuilder &builder, Location loc, Value a, Value b) {
  if (!a || !b)
    return a ? a : b;
  MaskedTangent x(a), y(b);
  if (x.choice && y.choice && x.choice.getCondition() == y.choice.getCondition() &&
      x.keepsWhenTrue == y.keepsWhenTrue) {
    Value sum = AddOp::create(builder, loc, a.getType(), x.value, y.value);
    return x.apply(builder, loc, x.choice.getCondition(), sum);
  }
  return AddOp::create(builder, loc, a.getType(), a, b);
}

Value tenon::scaledTangent(OpBuilder &builder, Location loc, Value tangent, Value partial) {
  if (!tangent || !partial)
    return {};
  Type type = tangent.getType();
  if (auto number = knownNumber(partial)) {
    if (*number == 0)
      return {};
    if (*number == 1)
      return tangent;
    if (*number == -1)
      return NegOp::create(builder, loc, type, tangent);
  }
  if (auto quotient = partial.getDefiningOp<DivOp>(); quotient && knownNumber(quotient.getLhs()))
    if (Value above = scaledTangent(builder, loc, tangent, quotient.getLhs()))
      return DivOp::create(builder, loc, type, above, quotient.getRhs());
  if (auto choice = partial.getDefiningOp<SelectOp>()) {
    Value yes = scaledTangent(builder, loc, tangent, choice.getIfTrue());
    Value no = scaledTangent(builder, loc, tangent, choice.getIfFalse());
    if (!yes && !no)
      return {};
    yes = yes ? yes : filled(builder, loc, type, 0);
    no = no ? no : filled(builder, loc, type, 0);
    return SelectOp::create(builder, loc, type, choice.getCondition(), yes, no);
  }
  return MulOp::create(builder, loc, type, tangent, partial);
}

Value tenon::sumOverOthers(OpBuilder &builder, Location loc, Value value, ArrayRef<int64_t> axes,
                           RankedTensorType result) {
  auto type = cast<RankedTensorType>(value.getType());
  unsigned rank = type.getRank();
  if (axes.size() == rank)
    return value;
  MLIRContext *context = builder.getContext();
  SmallVector<AffineExpr> kept;
  for (int64_t axis : axes)
    kept.push_back(builder.getAffineDimExpr(axis));
  AffineMap maps[] = {AffineMap::getMultiDimIdentityMap(rank, context),
                      AffineMap::get(rank, 0, kept, context)};
  auto sum = ContractOp::create(builder, loc, result, value, Combiner::sum,
                                DimsAttr::get(context, dimsOf(type)),
                                builder.getAffineMapArrayAttr(maps), DimsAttr());
  OpBuilder::InsertionGuard guard(builder);
  Block *body = builder.createBlock(&sum.getBody());
  YieldOp::create(builder, loc, ValueRange(body->addArgument(type.getElementType(), loc)));
  return sum;
}

void tenon::eraseIfUnused(Operation *op, Operation *keep) {
  if (!op || op == keep || !op->use_empty() || op->hasTrait<OpTrait::IsTerminator>() ||
      !isMemoryEffectFree(op))
    return;
  SmallVector<Value> operands(op->getOperands());
  op->erase();
  llvm::SmallPtrSet<Operation *, 4> producers;
  for (Value operand : operands)
    producers.insert(operand.getDefiningOp());
  for (Operation *producer : producers)
    eraseIfUnused(producer, keep);
}
