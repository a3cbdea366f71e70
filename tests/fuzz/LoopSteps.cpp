//===- LoopSteps.cpp - Random loops that data ends ------------------------===//
//
// How many steps a loop makes depends on whole numbers and truth values only, which all ways to
// compute a program agree on.
//
//===----------------------------------------------------------------------===//
#include "tests/fuzz/ProgramBuilder.h"

#include "ir/eval/Interpreter.h"

using namespace mlir;
using namespace tenon;
using namespace tenon::fuzz;

void ProgramBuilder::addLoop() {
  constexpr double limit = 4;
  constexpr int64_t mostSteps = 6;
  if (depth >= 2)
    return;
  Location loc = builder.getUnknownLoc();
  SmallVector<Value> init{valueOf({}, TENON_BOOL)};
  for (int64_t i = rng.between(1, 3); i > 0; --i)
    if (Value value = pick([&](Value v) { return isUsable(v) && count(dimsOf(typeOf(v))) <= 512; }))
      init.push_back(clamped(value, limit));
  Value end = constant({}, TENON_I64, double(rng.between(0, mostSteps)));
  DimsAttr bound;
  Value most;
  if (rng.chance(40))
    bound = DimsAttr::get(&context, ArrayRef<Dim>(rng.oneOf(extents)));
  else if (rng.chance(40))
    most = constant({}, TENON_I64, double(rng.between(-1, mostSteps)));

  // As in a scan: a step's error isn't known before it is written.
  double blur = 64 * unitOf(mainReal) * limit;
  for (Value value : init)
    blur = std::max(blur, factsOf(value).error);
  auto draft = LoopOp::create(builder, loc, init, bound, most, StringAttr(), ArrayRef<Type>());
  auto outerScope = scope;
  OpBuilder::InsertPoint outer = builder.saveInsertionPoint();
  builder.setInsertionPointToEnd(&draft.getBody().front());
  ++depth;
  iterations.push_back(draft.getIteration());
  enter(draft.getIteration(), {double(mostSteps), 0, true, false});
  for (BlockArgument carried : draft.getCarriedArguments().drop_front())
    enter(carried, {limit, isRealDtype(dtype(carried)) ? blur : 0, true, false});
  for (int64_t i = rng.between(1, 4); i > 0; --i)
    step();

  auto truth = RankedTensorType::get({}, builder.getI1Type());
  Value one = constant({}, TENON_I64, 1);
  Value ordinal = AddOp::create(builder, loc, one.getType(), draft.getIteration(), one);
  Value more = CompareOp::create(builder, loc, truth, Predicate::lt, ordinal, end);
  SmallVector<Value> yields;
  double worst = blur;
  for (Value value : ArrayRef(init).drop_front()) {
    yields.push_back(clamped(yieldOf(typeOf(value)), limit));
    worst = std::max(worst, factsOf(yields.back()).error);
  }
  if (Value also =
          pick([&](Value v) { return dtype(v) == TENON_BOOL && typeOf(v).getRank() == 0; });
      also && rng.chance(50))
    more = AndOp::create(builder, loc, truth, more, also);
  yields.insert(yields.begin(), more);
  Value kept = rng.chance(60) && init.size() > 1 ? yields.back() : Value();
  if (kept)
    yields.push_back(kept);
  YieldOp::create(builder, loc, yields);
  iterations.pop_back();
  --depth;
  scope = outerScope;
  builder.restoreInsertionPoint(outer);

  SmallVector<Type> slices;
  if (kept)
    slices.push_back(kept.getType());
  auto name = builder.getStringAttr("steps." + std::to_string(namedSteps++));
  auto loop = LoopOp::create(builder, loc, init, bound, most, kept ? name : StringAttr(), slices);
  loop.getBody().takeBody(draft.getBody());
  draft.erase();
  double magnified = std::pow(std::max(worst / blur, 1.0), double(mostSteps));
  auto factsAfter = [&](Value before, Value yield) {
    Facts x = joined(factsOf(before), factsOf(yield));
    return Facts{x.bound, x.error * magnified, true, false};
  };
  for (size_t i = 1; i < init.size(); ++i)
    enter(loop.getResult(unsigned(i)), factsAfter(init[i], yields[i]));
  if (kept)
    addWalkBack(loop, init.back(), factsAfter(init.back(), kept));
}

/// The first of the slices that a loop has stacked, or `otherwise`, by a scan along its steps.
void ProgramBuilder::addWalkBack(LoopOp loop, Value otherwise, Facts facts) {
  Location loc = builder.getUnknownLoc();
  Value stack = loop.getStackedResults().front();
  auto scan =
      ScanOp::create(builder, loc, ValueRange(otherwise), ValueRange(stack), loop.getExtentDim(),
                     ArrayRef<int64_t>(0), ArrayRef<Type>(), ArrayRef<int64_t>(), /*reverse=*/true);
  OpBuilder inside = OpBuilder::atBlockEnd(&scan.getBody().front());
  YieldOp::create(inside, loc, ValueRange(scan.getSliceArguments().front()));
  enter(scan.getResult(0), facts);
}
