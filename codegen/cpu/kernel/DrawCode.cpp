//===- DrawCode.cpp - Random numbers, bit for bit those of Philox.h -------===//
#include "codegen/cpu/VectorMath.h"
#include "codegen/cpu/kernel/MapCode.h"
#include "codegen/cpu/kernel/Pull.h"

#include "runtime/core/Philox.h"

#include <numbers>

namespace tenon::cpu {

namespace {

/// Philox4x32-10 on lanes of u32. Products are taken in lanes of 64 bits.
class PhiloxCode {
public:
  PhiloxCode(Emission &e, Value *element) : b(e.b), wide(element->getType()) {
    narrow = wide->getWithNewType(b.getInt32Ty());
  }

  std::array<Value *, 4> words(Value *element, Value *seed, Value *step, uint64_t stream,
                               Value *iteration) {
    Value *mixed = splitmix(b.CreateXor(seed, b.getInt64(splitmix64(stream))));
    Value *key0 = low(mixed);
    Value *key1 = b.CreateXor(high(mixed), high(step));
    std::array<Value *, 4> counter = {b.CreateTrunc(element, narrow),
                                      b.CreateTrunc(b.CreateLShr(element, 32), narrow),
                                      like(iteration), like(low(step))};
    for (int round = 0; round < 10; ++round) {
      Value *product0 = product(counter[0], kPhiloxMultiplier0);
      Value *product1 = product(counter[2], kPhiloxMultiplier1);
      auto upper = [&](Value *p) { return b.CreateTrunc(b.CreateLShr(p, 32), narrow); };
      counter = {b.CreateXor(b.CreateXor(upper(product1), counter[1]), like(key0)),
                 b.CreateTrunc(product1, narrow),
                 b.CreateXor(b.CreateXor(upper(product0), counter[3]), like(key1)),
                 b.CreateTrunc(product0, narrow)};
      key0 = b.CreateAdd(key0, b.getInt32(kPhiloxWeyl0));
      key1 = b.CreateAdd(key1, b.getInt32(kPhiloxWeyl1));
    }
    return counter;
  }

  Value *like(Value *scalar) {
    auto *vector = llvm::dyn_cast<llvm::FixedVectorType>(wide);
    return vector ? b.CreateVectorSplat(vector->getNumElements(), scalar) : scalar;
  }

private:
  Value *low(Value *x) { return b.CreateTrunc(x, b.getInt32Ty()); }
  Value *high(Value *x) { return b.CreateTrunc(b.CreateLShr(x, 32), b.getInt32Ty()); }
  Value *product(Value *x, uint32_t multiplier) {
    return b.CreateMul(b.CreateZExt(x, wide), llvm::ConstantInt::get(wide, multiplier));
  }
  Value *splitmix(Value *x) {
    Value *z = b.CreateAdd(x, b.getInt64(0x9E3779B97F4A7C15u));
    z = b.CreateMul(b.CreateXor(z, b.CreateLShr(z, 30)), b.getInt64(0xBF58476D1CE4E5B9u));
    z = b.CreateMul(b.CreateXor(z, b.CreateLShr(z, 27)), b.getInt64(0x94D049BB133111EBu));
    return b.CreateXor(z, b.CreateLShr(z, 31));
  }

  llvm::IRBuilder<> &b;
  llvm::Type *wide, *narrow;
};

/// From words to values.
class DrawCode {
public:
  DrawCode(Emission &e, llvm::Type *element, Value *like) : e(e), b(e.b) {
    real = like->getType()->getWithNewType(element);
  }

  Value *uniform(const std::array<Value *, 4> &w) {
    if (real->getScalarType()->isFloatTy())
      return scaled(b.CreateLShr(w[0], 8), 0x1p-24);
    Value *upper = b.CreateFMul(toReal(b.CreateLShr(w[0], 5)), number(0x1p26));
    return b.CreateFMul(b.CreateFAdd(upper, toReal(b.CreateLShr(w[1], 6))), number(0x1p-53));
  }
  Value *uniform(const std::array<Value *, 4> &w, Value *low, Value *high) {
    return b.CreateFAdd(low, b.CreateFMul(b.CreateFSub(high, low), uniform(w)));
  }
  Value *normal(const std::array<Value *, 4> &w, Value *mean, Value *scale) {
    auto *one = llvm::ConstantInt::get(w[0]->getType(), 1);
    Value *u1 = scaled(b.CreateAdd(b.CreateLShr(w[0], 8), one), 0x1p-24);
    Value *u2 = scaled(b.CreateLShr(w[1], 8), 0x1p-24);
    Value *radius = b.CreateFMul(number(-2), emitMath(b, e.target, MathFunction::Log, u1));
    radius = emitMath(b, e.target, MathFunction::Sqrt, radius);
    Value *angle = b.CreateFMul(number(2 * std::numbers::pi), u2);
    Value *standard = b.CreateFMul(radius, emitMath(b, e.target, MathFunction::Cos, angle));
    return b.CreateFAdd(mean, b.CreateFMul(scale, standard));
  }
  Value *number(double x) { return llvm::ConstantFP::get(real, x); }

private:
  // Below 2^31, so that the signed conversion, the cheaper one, is exact.
  Value *toReal(Value *word) { return b.CreateSIToFP(word, real); }
  Value *scaled(Value *word, double unit) { return b.CreateFMul(toReal(word), number(unit)); }

  Emission &e;
  llvm::IRBuilder<> &b;
  llvm::Type *real;
};

} // namespace

Value *emitDraw(Emission &e, DrawOp op, Value *at, llvm::function_ref<Value *(m::Value)> scalar) {
  auto &b = e.b;
  m::Type element = elementOf(op.getType());
  Value *mix = b.getInt32(0);
  for (m::Value iteration : op.getIterations()) {
    Value *folded = b.CreateMul(mix, b.getInt32(kIterationMultiplier));
    folded = b.CreateAdd(folded, b.CreateTrunc(scalar(iteration), b.getInt32Ty()));
    mix = b.CreateAdd(folded, b.getInt32(1));
  }
  PhiloxCode philox(e, at);
  auto words =
      philox.words(at, scalar(op.getSeed()), scalar(op.getStep()), uint64_t(op.getStream()), mix);
  Values parameters;
  for (m::Value parameter : op.getParameters())
    parameters.push_back(philox.like(scalar(parameter)));

  if (op.getDistribution() == Distribution::integers) {
    auto wide = [&](Value *x) {
      llvm::Type *type = x->getType()->getWithNewType(b.getInt64Ty());
      return element.isUnsignedInteger() ? b.CreateZExt(x, type) : b.CreateSExt(x, type);
    };
    Value *low = wide(parameters[0]);
    Value *span = b.CreateSub(wide(parameters[1]), low);
    Value *word = b.CreateZExt(words[0], span->getType());
    // The product of a word and a span of 2^32 still fits 64 bits.
    Value *drawn = b.CreateAdd(low, b.CreateLShr(b.CreateMul(word, span), 32));
    return b.CreateTrunc(drawn, drawn->getType()->getWithNewType(e.registerType(element)));
  }
  bool isBernoulli = op.getDistribution() == Distribution::bernoulli;
  DrawCode code(e, isReal(element) ? e.registerType(element) : b.getFloatTy(), at);
  if (isBernoulli) {
    Value *chosen = b.CreateFCmpOLT(code.uniform(words), parameters[0]);
    if (element.isInteger(1))
      return chosen;
    return b.CreateSelect(chosen, code.number(1), code.number(0));
  }
  Value *drawn = op.getDistribution() == Distribution::uniform
                     ? code.uniform(words, parameters[0], parameters[1])
                     : code.normal(words, parameters[0], parameters[1]);
  return e.rounded(drawn, element);
}

} // namespace tenon::cpu
