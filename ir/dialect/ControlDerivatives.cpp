//===- ControlDerivatives.cpp - Derivatives of draws ----------------------===//
#include "ir/dialect/Derivatives.h"

using namespace mlir;
using namespace tenon;

/// The same numbers drawn from the standard distribution (0 to 1; mean 0, scale 1), of which the
/// draw is an affine function of its parameters.
static Value standardDraw(OpBuilder &builder, DrawOp draw) {
  auto scalar = RankedTensorType::get({}, elementOf(draw.getType()));
  Value parameters[] = {filled(builder, draw.getLoc(), scalar, 0),
                        filled(builder, draw.getLoc(), scalar, 1)};
  return DrawOp::create(builder, draw.getLoc(), draw.getType(), draw.getDistribution(), parameters,
                        draw.getSeed(), draw.getStep(), draw.getStream(), draw.getIterations());
}

/// d draw / d parameter `index`, null for 0: uniform is low + (high - low) * u, normal is
/// mean + scale * z. What bernoulli and integers give are no functions of their parameters.
static Value parameterPartial(OpBuilder &builder, DrawOp draw, unsigned index) {
  Location loc = draw.getLoc();
  Type type = draw.getType();
  switch (draw.getDistribution()) {
  case Distribution::uniform: {
    Value u = standardDraw(builder, draw);
    return index == 1 ? u : SubOp::create(builder, loc, type, filled(builder, loc, type, 1), u);
  }
  case Distribution::normal:
    return index == 0 ? filled(builder, loc, type, 1) : standardDraw(builder, draw);
  case Distribution::bernoulli:
  case Distribution::integers:
    return {};
  }
  llvm_unreachable("all distributions are covered");
}

SmallVector<Value> DrawOp::vjp(OpBuilder &builder, ArrayRef<Value> cotangents,
                               ArrayRef<bool> needed) {
  SmallVector<Value> result((*this)->getNumOperands());
  for (auto [i, parameter] : llvm::enumerate(getParameters())) {
    if (!needed[i])
      continue;
    Value partial = parameterPartial(builder, *this, i);
    if (Value scaled = scaledTangent(builder, getLoc(), cotangents[0], partial))
      result[i] =
          sumOverOthers(builder, getLoc(), scaled, {}, cast<RankedTensorType>(parameter.getType()));
  }
  return result;
}

SmallVector<Value> DrawOp::jvp(OpBuilder &builder, ArrayRef<Value> tangents) {
  Value sum;
  for (unsigned i = 0, e = getParameters().size(); i < e; ++i) {
    if (!tangents[i])
      continue;
    Value partial = parameterPartial(builder, *this, i);
    if (!partial)
      continue;
    Value everywhere =
        BroadcastOp::create(builder, getLoc(), getType(), tangents[i], ArrayRef<int64_t>{});
    sum =
        addTangents(builder, getLoc(), sum, scaledTangent(builder, getLoc(), everywhere, partial));
  }
  return {sum};
}
