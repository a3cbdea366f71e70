//===- Maps.cpp - Which op of the dialect an elementwise operation is -----===//
#include "frontend/lower/Nodes.h"

using namespace mlir;
using namespace tenon;
using namespace tenon::lowering;

namespace {
template <typename Op> Value unary(OpBuilder &builder, Location at, ValueRange v, Type type) {
  return Op::create(builder, at, type, v[0]);
}
template <typename Op> Value binary(OpBuilder &builder, Location at, ValueRange v, Type type) {
  return Op::create(builder, at, type, v[0], v[1]);
}
template <Predicate predicate>
Value compare(OpBuilder &builder, Location at, ValueRange v, Type type) {
  return CompareOp::create(builder, at, type, predicate, v[0], v[1]);
}
Value select(OpBuilder &builder, Location at, ValueRange v, Type type) {
  return SelectOp::create(builder, at, type, v[0], v[1], v[2]);
}
Value convert(OpBuilder &builder, Location at, ValueRange v, Type type) {
  return v[0].getType() == type ? v[0] : unary<ConvertOp>(builder, at, v, type);
}
} // namespace

Value lowering::createMap(OpBuilder &builder, Location location, check::MapKind kind,
                          ValueRange operands, Type result) {
  using Make = Value (*)(OpBuilder &, Location, ValueRange, Type);
  // In the order of check::MapKind.
  static constexpr Make table[] = {
      binary<AddOp>,
      binary<SubOp>,
      binary<MulOp>,
      binary<DivOp>,
      binary<RemOp>,
      binary<MaxOp>,
      binary<MinOp>,
      binary<PowOp>,
      unary<NegOp>,
      unary<AbsOp>,
      unary<SignOp>,
      unary<ExpOp>,
      unary<Expm1Op>,
      unary<LogOp>,
      unary<Log1pOp>,
      unary<SqrtOp>,
      unary<SinOp>,
      unary<CosOp>,
      unary<TanhOp>,
      unary<SigmoidOp>,
      unary<ErfOp>,
      unary<FloorOp>,
      unary<RoundOp>,
      unary<StopGradientOp>,
      compare<Predicate::eq>,
      compare<Predicate::ne>,
      compare<Predicate::lt>,
      compare<Predicate::le>,
      compare<Predicate::gt>,
      compare<Predicate::ge>,
      binary<AndOp>,
      binary<OrOp>,
      unary<NotOp>,
      unary<IsFiniteOp>,
      select,
      convert,
  };
  static_assert(std::size(table) == size_t(check::MapKind::Convert) + 1);
  return table[size_t(kind)](builder, location, operands, result);
}
