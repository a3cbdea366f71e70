//===- MapSteps.cpp - Random elementwise ops ------------------------------===//
#include "tests/fuzz/ProgramBuilder.h"

#include "ir/eval/Interpreter.h"

using namespace mlir;
using namespace tenon;
using namespace tenon::fuzz;

static bool isNumber(tenon_dtype dtype) { return dtype != TENON_BOOL; }

/// a op b of one type: add, sub, mul, max or min.
void ProgramBuilder::addBinary() {
  int64_t kind = rng.below(5);
  bool isOrder = kind >= 3; // max and min also take NaN
  Value a = pick([&](Value v) { return isNumber(dtype(v)) && (isOrder || isUsable(v)); });
  if (!a)
    return;
  tenon_dtype type = dtype(a);
  Value b = rng.chance(15) ? constant(dimsOf(typeOf(a)), type, double(rng.between(-2, 3)))
                           : valueOf(dimsOf(typeOf(a)), type);
  Facts x = factsOf(a), y = factsOf(b);
  bool isFinite = x.isFinite && y.isFinite;
  Facts joint = joined(x, y);
  switch (kind) {
  case 0:
    enter(create<AddOp>(a, b), rounded(type, x.bound + y.bound, x.error + y.error, isFinite));
    return;
  case 1:
    enter(create<SubOp>(a, b), rounded(type, x.bound + y.bound, x.error + y.error, isFinite));
    return;
  case 2:
    enter(create<MulOp>(a, b),
          rounded(type, x.bound * y.bound, x.bound * y.error + y.bound * x.error, isFinite));
    return;
  case 3:
    enter(create<MaxOp>(a, b), joint);
    return;
  default:
    enter(create<MinOp>(a, b), joint);
    return;
  }
}

/// Quotients, remainders and powers, of reals with operands that keep them tame.
void ProgramBuilder::addQuotient() {
  Value a = pick([&](Value v) { return isNumber(dtype(v)) && isUsable(v); });
  if (!a)
    return;
  tenon_dtype type = dtype(a);
  auto dims = dimsOf(typeOf(a));
  Facts x = factsOf(a);
  int64_t kind = rng.below(3);
  if (!isRealDtype(type)) {
    Value b = valueOf(dims, type);
    Value result = kind == 0   ? create<DivOp>(a, b)
                   : kind == 1 ? create<RemOp>(a, b)
                               : create<PowOp>(a, b);
    enter(result, {0x1p63, 0, true, false});
    return;
  }
  Value one = constant(dims, type, 1);
  if (kind == 0) {
    // a / (1 + |b|)
    Value b = valueOf(dims, type);
    Facts y = factsOf(b);
    Value divisor = create<AddOp>(create<AbsOp>(b), one);
    enter(create<DivOp>(a, divisor),
          rounded(type, x.bound, x.error + x.bound * (y.error + 2 * unitOf(type) * y.bound), true));
  } else if (kind == 1 && x.isCoarse) {
    Value divisor = constant(dims, type, double(rng.between(1, 12)) / (rng.chance(50) ? 4 : -4));
    enter(create<RemOp>(a, divisor), {3, 0, true, true});
  } else if (x.bound <= 8) {
    // (|a| + 1) ** c
    double exponent = double(rng.between(-8, 8)) / 4, bound = std::pow(x.bound + 1, 2);
    Value base = create<AddOp>(create<AbsOp>(a), one);
    enter(create<PowOp>(base, constant(dims, type, exponent)),
          approximated(type, bound, 2 * bound * (x.error + unitOf(type) * x.bound), true));
  }
}

void ProgramBuilder::addUnary() {
  Value a = pick([&](Value v) { return isNumber(dtype(v)) && isUsable(v); });
  if (!a)
    return;
  tenon_dtype type = dtype(a);
  Facts x = factsOf(a);
  if (!isRealDtype(type)) {
    enter(rng.chance(50) ? create<NegOp>(a) : create<AbsOp>(a), x);
    return;
  }
  auto dims = dimsOf(typeOf(a));
  auto shifted = [&] { return create<AddOp>(create<AbsOp>(a), constant(dims, type, 1)); };
  double shiftError = x.error + unitOf(type) * (x.bound + 1);
  switch (rng.below(13)) {
  case 0:
    enter(create<NegOp>(a), x);
    return;
  case 1:
    enter(create<AbsOp>(a), x);
    return;
  case 2:
    if (x.bound <= 6)
      enter(create<ExpOp>(a),
            approximated(type, std::exp(x.bound), std::exp(x.bound) * x.error, true));
    return;
  case 3:
    if (x.bound <= 6)
      enter(create<Expm1Op>(a),
            approximated(type, std::exp(x.bound), std::exp(x.bound) * x.error, true));
    return;
  case 4:
    enter(create<TanhOp>(a), approximated(type, 1, x.error, true));
    return;
  case 5:
    enter(create<SigmoidOp>(a), approximated(type, 1, x.error, true));
    return;
  case 6:
    enter(create<ErfOp>(a), approximated(type, 1, 1.2 * x.error, true));
    return;
  case 7:
    if (x.bound <= 1000)
      enter(create<SinOp>(a), approximated(type, 1, x.error, true));
    return;
  case 8:
    if (x.bound <= 1000)
      enter(create<CosOp>(a), approximated(type, 1, x.error, true));
    return;
  case 9:
    enter(create<SqrtOp>(shifted()), approximated(type, std::sqrt(x.bound + 1), shiftError, true));
    return;
  case 10:
    enter(create<LogOp>(shifted()), approximated(type, std::log(x.bound + 1), shiftError, true));
    return;
  case 11:
    enter(create<Log1pOp>(create<AbsOp>(a)),
          approximated(type, std::log(x.bound + 1), x.error, true));
    return;
  default:
    enter(create<StopGradientOp>(a), x);
    return;
  }
}

/// Steps of a staircase: only where the operand is the same number everywhere.
void ProgramBuilder::addWhole() {
  Value a =
      pick([&](Value v) { return isRealDtype(dtype(v)) && factsOf(v).isExact() && isUsable(v); });
  if (!a)
    return;
  Facts x = factsOf(a);
  Facts whole = {x.bound + 1, 0, true, x.bound < 512};
  switch (rng.below(3)) {
  case 0:
    enter(create<FloorOp>(a), whole);
    return;
  case 1:
    enter(create<RoundOp>(a), whole);
    return;
  default:
    enter(create<SignOp>(a), {1, 0, true, true});
    return;
  }
}

void ProgramBuilder::addLogic() {
  static constexpr Predicate predicates[] = {Predicate::eq, Predicate::ne, Predicate::lt,
                                             Predicate::le, Predicate::gt, Predicate::ge};
  auto isTruth = [&](Value v) { return dtype(v) == TENON_BOOL; };
  int64_t kind = rng.below(8);
  if (kind < 3) {
    auto isExact = [&](Value v) { return factsOf(v).isExact() && isNumber(dtype(v)); };
    Value a = pick(isExact);
    Value b = a ? pick([&](Value v) { return isExact(v) && v.getType() == a.getType(); }) : Value();
    if (b)
      enter(create<CompareOp>(tensor(dimsOf(typeOf(a)), TENON_BOOL),
                              rng.oneOf(predicates, std::size(predicates)), a, b),
            {1, 0, true, false});
    return;
  }
  if (kind < 6) {
    Value a = pick([](Value) { return true; });
    Value b = pick([&](Value v) { return v.getType() == a.getType(); });
    Value c = valueOf(dimsOf(typeOf(a)), TENON_BOOL);
    enter(create<SelectOp>(c, a, b), joined(factsOf(a), factsOf(b)));
    return;
  }
  Value a = pick(isTruth);
  if (kind == 6) {
    Value real = pick([&](Value v) { return isRealDtype(dtype(v)); });
    if (real)
      enter(create<IsFiniteOp>(tensor(dimsOf(typeOf(real)), TENON_BOOL), real),
            {1, 0, true, false});
  } else if (a) {
    Value b = valueOf(dimsOf(typeOf(a)), TENON_BOOL);
    int64_t which = rng.below(3);
    enter(which == 0   ? create<AndOp>(a, b)
          : which == 1 ? create<OrOp>(a, b)
                       : create<NotOp>(a),
          {1, 0, true, false});
  }
}

void ProgramBuilder::addConvert() {
  Value a = pick([](Value) { return true; });
  tenon_dtype from = dtype(a), to = rng.chance(50) ? mainReal : randomDtype();
  Facts x = factsOf(a);
  bool isReal = isRealDtype(from);
  // A step function of a number that isn't exact, or a number that doesn't fit.
  if (!isRealDtype(to) && isReal && !x.isExact())
    return;
  if (isRealDtype(to) && x.bound > largestUsed(to))
    return;
  Facts facts = {isReal && !isRealDtype(to) ? 0x1p63 : x.bound, x.error, x.isFinite, false};
  if (isRealDtype(to)) {
    bool isWiden = isReal && unitOf(to) <= unitOf(from);
    facts.isCoarse = (x.isCoarse || !isReal) && x.bound < 64;
    if (!isWiden && !facts.isCoarse)
      facts.error += unitOf(to) * x.bound;
  }
  enter(create<ConvertOp>(tensor(dimsOf(typeOf(a)), to), a), facts);
}

/// min(max(a, -limit), limit): what a loop may carry round and round.
Value ProgramBuilder::clamped(Value value, double limit) {
  if (!isRealDtype(dtype(value)))
    return value;
  auto dims = dimsOf(typeOf(value));
  Facts x = factsOf(value);
  Value low = constant(dims, dtype(value), -limit), high = constant(dims, dtype(value), limit);
  Value result = create<MinOp>(create<MaxOp>(value, low), high);
  facts[result] = {limit, x.error, x.isFinite, false};
  return result;
}
