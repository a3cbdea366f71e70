//===- ControlSteps.cpp - Random loops, branches, draws and checks --------===//
#include "tests/fuzz/ProgramBuilder.h"

#include "ir/eval/Interpreter.h"

using namespace mlir;
using namespace tenon;
using namespace tenon::fuzz;

/// A value of this type at the end of a region.
Value ProgramBuilder::yieldOf(RankedTensorType type) {
  if (Value value = pick([&](Value v) { return v.getType() == type && isUsable(v); }))
    return value;
  return argument(dimsOf(type), dtypeOf(type));
}

//===----------------------------------------------------------------------===//
// Scan
//===----------------------------------------------------------------------===//

void ProgramBuilder::addScan() {
  constexpr double limit = 4;
  if (depth >= 2)
    return;
  Dim along = rng.oneOf(extents);
  double steps = double(extent(along));
  SmallVector<Value> init, inputs;
  SmallVector<int64_t> axes;
  for (int64_t i = rng.between(0, 2); i > 0; --i) {
    Value value = pick([&](Value v) { return isUsable(v) && count(dimsOf(typeOf(v))) <= 512; });
    if (value)
      init.push_back(clamped(value, limit));
  }
  for (int64_t i = rng.between(0, 2); i > 0; --i) {
    Dims dims = randomDims(2);
    int64_t axis = rng.below(int64_t(dims.size()) + 1);
    dims.insert(dims.begin() + axis, along);
    if (count(dims) > 2048)
      continue;
    inputs.push_back(valueOf(dims, randomDtype()));
    axes.push_back(axis);
  }

  // What a step adds to the error isn't known before it is written: each is taken to come in with
  // `blur`, and the whole loop's error follows from how much a step magnifies it.
  double blur = 64 * unitOf(mainReal) * limit;
  for (Value value : init)
    blur = std::max(blur, factsOf(value).error);
  bool isReverse = rng.chance(30);
  auto draft = ScanOp::create(builder, builder.getUnknownLoc(), init, inputs, along, axes,
                              ArrayRef<Type>(), ArrayRef<int64_t>(), isReverse);
  auto outerScope = scope;
  OpBuilder::InsertPoint outer = builder.saveInsertionPoint();
  builder.setInsertionPointToEnd(&draft.getBody().front());
  ++depth;
  iterations.push_back(draft.getIteration());
  enter(draft.getIteration(), {steps, 0, true, false});
  for (BlockArgument carried : draft.getCarriedArguments())
    enter(carried, {limit, isRealDtype(dtype(carried)) ? blur : 0, true, false});
  for (auto [slice, whole] : llvm::zip(draft.getSliceArguments(), inputs))
    enter(slice, factsOf(whole));
  for (int64_t i = rng.between(1, 5); i > 0; --i)
    step();

  SmallVector<Value> yields;
  SmallVector<Type> slices;
  SmallVector<int64_t> outputAxes;
  double worst = blur;
  for (Value value : init) {
    yields.push_back(clamped(yieldOf(typeOf(value)), limit));
    worst = std::max(worst, factsOf(yields.back()).error);
  }
  for (int64_t i = rng.between(init.empty() ? 1 : 0, 2); i > 0; --i) {
    Value value = pick([&](Value v) { return isUsable(v) && count(dimsOf(typeOf(v))) <= 512; });
    if (!value)
      continue;
    yields.push_back(value);
    slices.push_back(value.getType());
    outputAxes.push_back(rng.below(typeOf(value).getRank() + 1));
  }
  YieldOp::create(builder, builder.getUnknownLoc(), yields);
  iterations.pop_back();
  --depth;
  scope = outerScope;
  builder.restoreInsertionPoint(outer);

  auto scan = ScanOp::create(builder, builder.getUnknownLoc(), init, inputs, along, axes, slices,
                             outputAxes, isReverse);
  scan.getBody().takeBody(draft.getBody());
  draft.erase();
  double magnified = init.empty() ? 1 : std::pow(std::max(worst / blur, 1.0), steps);
  for (auto [result, yield] : llvm::zip(scan.getResults(), yields)) {
    Facts x = factsOf(yield);
    enter(result, {x.bound, x.error * magnified, true, false});
  }
}

//===----------------------------------------------------------------------===//
// If
//===----------------------------------------------------------------------===//

void ProgramBuilder::addIf() {
  if (depth >= 2)
    return;
  Value condition = valueOf({}, TENON_BOOL);
  SmallVector<Type> types;
  for (int64_t i = rng.between(1, 2); i > 0; --i)
    if (Value value = pick([&](Value v) { return isUsable(v); }))
      types.push_back(value.getType());
  if (types.empty())
    return;
  auto branch = IfOp::create(builder, builder.getUnknownLoc(), types, condition);
  SmallVector<Facts> known(types.size(), Facts{0, 0, true, true});
  auto outerScope = scope;
  OpBuilder::InsertPoint outer = builder.saveInsertionPoint();
  ++depth;
  for (Region *region : {&branch.getThenRegion(), &branch.getElseRegion()}) {
    Block &block = region->empty() ? region->emplaceBlock() : region->front();
    builder.setInsertionPointToEnd(&block);
    for (int64_t i = rng.between(0, 3); i > 0; --i)
      step();
    SmallVector<Value> yields;
    for (auto [type, facts] : llvm::zip(types, known)) {
      yields.push_back(yieldOf(cast<RankedTensorType>(type)));
      facts = joined(facts, factsOf(yields.back()));
    }
    YieldOp::create(builder, builder.getUnknownLoc(), yields);
    scope = outerScope;
  }
  --depth;
  builder.restoreInsertionPoint(outer);
  for (auto [result, facts] : llvm::zip(branch.getResults(), known))
    enter(result, facts);
}

//===----------------------------------------------------------------------===//
// Draws and checks
//===----------------------------------------------------------------------===//

void ProgramBuilder::addDraw() {
  Dims dims = randomDims(3);
  Value seed = valueOf({}, TENON_I64), step = valueOf({}, TENON_I64);
  int64_t stream = rng.between(1, 1000), kind = rng.below(4);
  auto draw = [&](Distribution distribution, tenon_dtype type, ValueRange parameters, Facts facts) {
    enter(create<DrawOp>(tensor(dims, type), distribution, parameters, seed, step, uint64_t(stream),
                         iterations),
          facts);
  };
  double unit = unitOf(mainReal);
  auto real = [&](double number) { return constant({}, mainReal, number); };
  switch (kind) {
  case 0:
    return draw(Distribution::uniform, mainReal, {real(-1), real(2)}, {2, 8 * unit, true, false});
  case 1:
    // The uniforms' logarithm and cosine near a zero lose digits of the angle.
    return draw(Distribution::normal, mainReal, {real(1), real(0.5)},
                {5, 64 * std::max(unit, 0x1p-24 * 0.25), true, false});
  case 2:
    return draw(Distribution::bernoulli, mainReal, {real(0.25)}, {1, 0, true, true});
  default:
    return draw(Distribution::integers, TENON_I32,
                {constant({}, TENON_I32, -4), constant({}, TENON_I32, 9)}, {9, 0, true, false});
  }
}

/// One check at most, at the outermost level: kernels may meet several in another order.
void ProgramBuilder::addCheck() {
  if (depth > 0 || hasCheck)
    return;
  Value condition = pick([&](Value v) { return dtype(v) == TENON_BOOL; });
  if (!condition)
    return;
  if (rng.chance(60))
    condition = create<OrOp>(condition, constant(dimsOf(typeOf(condition)), TENON_BOOL, 1));
  CheckOp::create(builder, builder.getUnknownLoc(), condition,
                  builder.getStringAttr("a condition"));
  hasCheck = true;
}
