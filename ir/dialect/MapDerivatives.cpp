//===- MapDerivatives.cpp - Partial derivatives of elementwise operations -===//
#include "ir/dialect/Derivatives.h"

#include <numbers>

using namespace mlir;
using namespace tenon;

namespace {
/// Formulas over values of one real type.
class Formula {
public:
  Formula(OpBuilder &builder, Operation *op)
      : builder(builder), loc(op->getLoc()), type(op->getResult(0).getType()) {}

  Value number(double value) const { return filled(builder, loc, type, value); }
  Value add(Value a, Value b) const { return AddOp::create(builder, loc, type, a, b); }
  Value sub(Value a, Value b) const { return SubOp::create(builder, loc, type, a, b); }
  Value mul(Value a, Value b) const { return MulOp::create(builder, loc, type, a, b); }
  Value div(Value a, Value b) const { return DivOp::create(builder, loc, type, a, b); }
  Value neg(Value a) const { return NegOp::create(builder, loc, type, a); }
  template <typename OpTy> Value of(Value a) const { return OpTy::create(builder, loc, type, a); }
  Value pow(Value a, Value b) const { return PowOp::create(builder, loc, type, a, b); }
  Value compare(Predicate predicate, Value a, Value b) const {
    return CompareOp::create(builder, loc, truth(), predicate, a, b);
  }
  Value choose(Value condition, Value yes, Value no) const {
    return SelectOp::create(builder, loc, type, condition, yes, no);
  }
  /// 1 where the comparison holds, 0 elsewhere.
  Value indicator(Predicate predicate, Value a, Value b) const {
    return choose(compare(predicate, a, b), number(1), number(0));
  }

private:
  Type truth() const {
    auto tensor = dyn_cast<RankedTensorType>(type);
    Type element = builder.getI1Type();
    return tensor ? Type(withElement(tensor, element)) : element;
  }
  OpBuilder &builder;
  Location loc;
  Type type;
};
} // namespace

//===----------------------------------------------------------------------===//
// Arithmetic. Integers have no partial derivatives.
//===----------------------------------------------------------------------===//

#define PARTIAL(OP)                                                                                \
  static Value partialOf(OP op, const Formula &f, unsigned index);                                 \
  Value OP::partial(OpBuilder &builder, unsigned index) {                                          \
    return isReal(getType()) ? partialOf(*this, Formula(builder, *this), index) : Value();         \
  }                                                                                                \
  static Value partialOf([[maybe_unused]] OP op, [[maybe_unused]] const Formula &f,                \
                         [[maybe_unused]] unsigned index)

PARTIAL(AddOp) { return f.number(1); }
PARTIAL(SubOp) { return f.number(index == 0 ? 1 : -1); }
PARTIAL(MulOp) { return index == 0 ? op.getRhs() : op.getLhs(); }
PARTIAL(DivOp) {
  return index == 0 ? f.div(f.number(1), op.getRhs()) : f.neg(f.div(op.getResult(), op.getRhs()));
}
PARTIAL(RemOp) {
  // a - b * floor(a / b), whose floor is constant almost everywhere.
  return index == 0 ? f.number(1) : f.neg(f.of<FloorOp>(f.div(op.getLhs(), op.getRhs())));
}
static bool isConstant(Value value) {
  auto broadcast = value.getDefiningOp<BroadcastOp>();
  return (broadcast ? broadcast.getOperand() : value).getDefiningOp<ConstantOp>() != nullptr;
}
/// Which of max(a, b) or min(a, b) counts: at a tie, `a`. Where `a` is known, the result tells as
/// well as `b` does that `a` isn't it, and the result is what a next layer keeps anyway.
template <typename OpTy>
static Value chosen(OpTy op, const Formula &f, Predicate a, Predicate b, unsigned index) {
  if (index == 0)
    return f.indicator(a, op.getLhs(), op.getRhs());
  return f.indicator(b, op.getLhs(), isConstant(op.getLhs()) ? op.getResult() : op.getRhs());
}
PARTIAL(MaxOp) { return chosen(op, f, Predicate::ge, Predicate::lt, index); }
PARTIAL(MinOp) { return chosen(op, f, Predicate::le, Predicate::gt, index); }
PARTIAL(PowOp) {
  Value base = op.getLhs(), exponent = op.getRhs(), zero = f.number(0), one = f.number(1);
  if (index == 0) {
    // x^0 is 1 for x = 0 too, so its slope is 0 there and not 0 * inf.
    Value slope = f.mul(exponent, f.pow(base, f.sub(exponent, one)));
    return f.choose(f.compare(Predicate::eq, exponent, zero), zero, slope);
  }
  // 0^y is 0 for every y > 0, so its slope is 0 and not 0 * -inf.
  Value isZero = f.compare(Predicate::eq, base, zero);
  return f.choose(isZero, zero, f.mul(op.getResult(), f.of<LogOp>(f.choose(isZero, one, base))));
}
PARTIAL(NegOp) { return f.number(-1); }
PARTIAL(AbsOp) { return f.of<SignOp>(op.getOperand()); }
PARTIAL(SignOp) { return {}; }

//===----------------------------------------------------------------------===//
// Elementary functions
//===----------------------------------------------------------------------===//

PARTIAL(ExpOp) { return op.getResult(); }
PARTIAL(Expm1Op) { return f.add(op.getResult(), f.number(1)); }
PARTIAL(LogOp) { return f.div(f.number(1), op.getOperand()); }
PARTIAL(Log1pOp) { return f.div(f.number(1), f.add(op.getOperand(), f.number(1))); }
PARTIAL(SqrtOp) { return f.div(f.number(0.5), op.getResult()); }
PARTIAL(SinOp) { return f.of<CosOp>(op.getOperand()); }
PARTIAL(CosOp) { return f.neg(f.of<SinOp>(op.getOperand())); }
PARTIAL(TanhOp) { return f.sub(f.number(1), f.mul(op.getResult(), op.getResult())); }
PARTIAL(SoftplusOp) { return f.of<SigmoidOp>(op.getOperand()); }
PARTIAL(SigmoidOp) { return f.mul(op.getResult(), f.sub(f.number(1), op.getResult())); }
PARTIAL(ErfOp) {
  Value square = f.mul(op.getOperand(), op.getOperand());
  return f.mul(f.number(2 * std::numbers::inv_sqrtpi), f.of<ExpOp>(f.neg(square)));
}
PARTIAL(FloorOp) { return {}; }
PARTIAL(RoundOp) { return {}; }
PARTIAL(StopGradientOp) { return {}; }

//===----------------------------------------------------------------------===//
// Truth values and conversion
//===----------------------------------------------------------------------===//

PARTIAL(CompareOp) { return {}; }
PARTIAL(AndOp) { return {}; }
PARTIAL(OrOp) { return {}; }
PARTIAL(NotOp) { return {}; }
PARTIAL(IsFiniteOp) { return {}; }
PARTIAL(SelectOp) {
  if (index == 0)
    return {};
  return f.choose(op.getCondition(), f.number(index == 1), f.number(index == 2));
}
PARTIAL(ConvertOp) { return isReal(op.getOperand().getType()) ? f.number(1) : Value(); }

#undef PARTIAL

//===----------------------------------------------------------------------===//
// Cotangents and tangents from partial derivatives
//===----------------------------------------------------------------------===//

static Value convertedTo(OpBuilder &builder, Location loc, Value value, Type type) {
  return !value || value.getType() == type ? value : ConvertOp::create(builder, loc, type, value);
}

static SmallVector<Value> mapVjp(Operation *op, OpBuilder &builder, ArrayRef<Value> cotangents,
                                 ArrayRef<bool> needed) {
  Location loc = op->getLoc();
  SmallVector<Value> result(op->getNumOperands());
  MaskedTangent incoming(cotangents[0]);
  for (auto [i, operand] : llvm::enumerate(op->getOperands())) {
    if (!needed[i] || !isReal(operand.getType()))
      continue;
    Value partial = cast<MapOp>(op).partial(builder, i);
    Value scaled = scaledTangent(builder, loc, incoming.value, partial);
    if (partial)
      eraseIfUnused(partial.getDefiningOp(), op);
    bool isMasked = incoming.choice && scaled;
    if (isMasked && scaled == incoming.value)
      scaled = cotangents[0];
    else if (isMasked)
      scaled = incoming.apply(builder, loc, incoming.choice.getCondition(), scaled);
    result[i] = convertedTo(builder, loc, scaled, operand.getType());
  }
  return result;
}

static SmallVector<Value> mapJvp(Operation *op, OpBuilder &builder, ArrayRef<Value> tangents) {
  Type type = op->getResult(0).getType();
  Value sum;
  for (auto [i, tangent] : llvm::enumerate(tangents)) {
    if (!tangent)
      continue;
    Value partial = cast<MapOp>(op).partial(builder, i);
    if (!partial)
      continue;
    Value same = convertedTo(builder, op->getLoc(), tangent, type);
    sum = addTangents(builder, op->getLoc(), sum,
                      scaledTangent(builder, op->getLoc(), same, partial));
    eraseIfUnused(partial.getDefiningOp(), op);
  }
  return {sum};
}

#define FROM_PARTIALS(OP)                                                                          \
  SmallVector<Value> OP::vjp(OpBuilder &builder, ArrayRef<Value> cotangents,                       \
                             ArrayRef<bool> needed) {                                              \
    return mapVjp(*this, builder, cotangents, needed);                                             \
  }                                                                                                \
  SmallVector<Value> OP::jvp(OpBuilder &builder, ArrayRef<Value> tangents) {                       \
    return mapJvp(*this, builder, tangents);                                                       \
  }

FROM_PARTIALS(AddOp)
FROM_PARTIALS(SubOp)
FROM_PARTIALS(MulOp)
FROM_PARTIALS(DivOp)
FROM_PARTIALS(RemOp)
FROM_PARTIALS(MaxOp)
FROM_PARTIALS(MinOp)
FROM_PARTIALS(PowOp)
FROM_PARTIALS(NegOp)
FROM_PARTIALS(AbsOp)
FROM_PARTIALS(SignOp)
FROM_PARTIALS(ExpOp)
FROM_PARTIALS(Expm1Op)
FROM_PARTIALS(LogOp)
FROM_PARTIALS(Log1pOp)
FROM_PARTIALS(SqrtOp)
FROM_PARTIALS(SinOp)
FROM_PARTIALS(CosOp)
FROM_PARTIALS(TanhOp)
FROM_PARTIALS(SoftplusOp)
FROM_PARTIALS(SigmoidOp)
FROM_PARTIALS(ErfOp)
FROM_PARTIALS(FloorOp)
FROM_PARTIALS(RoundOp)
FROM_PARTIALS(StopGradientOp)
FROM_PARTIALS(CompareOp)
FROM_PARTIALS(AndOp)
FROM_PARTIALS(OrOp)
FROM_PARTIALS(NotOp)
FROM_PARTIALS(IsFiniteOp)
FROM_PARTIALS(ConvertOp)

#undef FROM_PARTIALS

SmallVector<Value> SelectOp::vjp(OpBuilder &builder, ArrayRef<Value> cotangents,
                                 ArrayRef<bool> needed) {
  return mapVjp(*this, builder, cotangents, needed);
}
SmallVector<Value> SelectOp::jvp(OpBuilder &builder, ArrayRef<Value> tangents) {
  if (!tangents[1] || !tangents[2])
    return mapJvp(*this, builder, tangents);
  return {SelectOp::create(builder, getLoc(), getType(), getCondition(), tangents[1], tangents[2])};
}
