//===- DrawRules.cpp - Random numbers as functions of operands ------------===//
#include "ir/eval/Evaluation.h"
#include "runtime/core/Philox.h"

#include <cmath>
#include <numbers>

using namespace mlir;
using namespace tenon;

namespace {
/// Computes one element from its words. Real numbers are rounded after each operation to f64, or to
/// f32 for it and the narrower types.
class Drawer {
public:
  Drawer(tenon_dtype dtype, const Evaluation &run)
      : isDouble(dtype == TENON_F64), dtype(isDouble ? TENON_F64 : TENON_F32), run(run) {}

  double uniform(const PhiloxBlock &words) const {
    return isDouble ? uniformF64(words) : uniformF32(words);
  }
  double uniform(const PhiloxBlock &words, double low, double high) const {
    return rounded(low + rounded(rounded(high - low) * uniform(words)));
  }
  double normal(const PhiloxBlock &words, double mean, double scale) const {
    auto [u1, u2] = normalUniforms(words);
    double radius = rounded(std::sqrt(rounded(-2 * rounded(std::log(double(u1))))));
    double angle = rounded(rounded(2 * std::numbers::pi) * u2);
    double standard = rounded(radius * rounded(std::cos(angle)));
    return rounded(mean + rounded(scale * standard));
  }

private:
  double rounded(double value) const { return run.round(dtype, Number::ofReal(value)).real; }

  bool isDouble;
  tenon_dtype dtype;
  const Evaluation &run;
};
} // namespace

static llvm::Error evaluateDraw(Operation *op, Evaluation &run) {
  auto draw = cast<DrawOp>(op);
  auto result = run.zeros(draw.getType(), op);
  if (!result)
    return result.takeError();
  auto integer = [&](Value value) { return run.get(value).at(0).integer; };
  uint64_t seed = uint64_t(integer(draw.getSeed())), step = uint64_t(integer(draw.getStep()));
  uint32_t mix = 0;
  for (Value iteration : draw.getIterations())
    mix = mixIteration(mix, uint64_t(integer(iteration)));
  SmallVector<Number> p;
  for (Value parameter : draw.getParameters())
    p.push_back(run.get(parameter).at(0));
  if (draw.getDistribution() == Distribution::integers) {
    uint64_t span = uint64_t(p[1].integer) - uint64_t(p[0].integer);
    if (p[1].integer <= p[0].integer || span > uint64_t(1) << 32)
      return errorAt(op, "draws integers from an empty range or one above 2^32");
  }

  tenon_dtype dtype = dtypeOf(draw.getType());
  Drawer drawer(dtype, run);
  for (int64_t i = 0; i < result->size(); ++i) {
    PhiloxBlock words = drawBits(seed, step, uint64_t(draw.getStream()), mix, uint64_t(i));
    Number value;
    switch (draw.getDistribution()) {
    case Distribution::uniform:
      value = Number::ofReal(drawer.uniform(words, p[0].real, p[1].real));
      break;
    case Distribution::normal:
      value = Number::ofReal(drawer.normal(words, p[0].real, p[1].real));
      break;
    case Distribution::bernoulli:
      value = Number::ofReal(drawer.uniform(words) < p[0].real ? 1 : 0);
      break;
    case Distribution::integers:
      value = Number::ofInteger(drawInteger(words, p[0].integer, p[1].integer));
      break;
    }
    result->set(i, run.round(dtype, value));
  }
  run.set(draw.getResult(), std::move(*result));
  return llvm::Error::success();
}

void tenon::addDrawRules(OpRules &rules) { rules[DrawOp::getOperationName()] = evaluateDraw; }
