//===- ReverseLoop.cpp - Reverse mode through a scan or loop --------------===//
//
// The body is derived where it stands; what comes out is taken apart into the body of the loop that
// replaces the old one, which also stacks the residuals, and the body of a scan in the other
// direction. That one carries the cotangents of the carried values, and a sum for each captured
// value, to which an iteration adds its part as `sum + part`.
//
// The reverse of a `loop` is a scan as well: the number of steps that were made is a dimension
// then.
//
//===----------------------------------------------------------------------===//
#include "ir/dialect/Derivatives.h"
#include "passes/differentiate/Cost.h"
#include "passes/differentiate/Residuals.h"
#include "passes/differentiate/Reverse.h"
#include "passes/differentiate/Segments.h"

#include <cmath>

using namespace mlir;
using namespace tenon;

namespace {
/// A value whose cotangent the reverse of the body computes.
struct Wanted {
  Value value;
  /// In the joint body; null if it is zero.
  Value cotangent;
};

/// A value of the body that the reverse gets as slices of one of the loop's results.
struct Residual {
  Value value;
  unsigned result;
  int64_t axis;
};

class LoopReverse {
public:
  LoopReverse(Repetition loop, ArrayRef<Value> cotangents, ReverseState &state)
      : loop(loop), given(cotangents), state(state), body(loop.getBodyBlock()),
        yields(body.getTerminator()) {}
  LogicalResult run() { return failed(derive()) ? failure() : finish(); }

  /// Derives the body and takes it apart; what is kept is known then.
  LogicalResult derive();
  /// Bytes of one step's residuals, beyond what the loop stacks anyway, and of its carried values.
  Dim keptBytes() const;
  Dim carriedBytes() const;
  LogicalResult finish();

private:
  void findActive();
  LogicalResult deriveBody();
  void placeResiduals();
  Repetition buildForward();
  ScanOp buildReverse(Repetition forward);
  void fillReverse(ScanOp reverse, IRMapping &mapping);
  void addResults(ScanOp reverse);
  Value zero(Type type) { return filled(state.builder, loop.getLoc(), type, 0); }
  bool isNeededInReverse(Value argument) const;

  Repetition loop;
  ArrayRef<Value> given;
  ReverseState &state;
  Block &body;
  Operation *yields;

  ValueSet useful;
  /// Carried values with a cotangent, and stacked results with one.
  SmallVector<unsigned> carried, stacked;
  SmallVector<Wanted> carriedWanted, sliceWanted, capturedWanted;
  SmallVector<unsigned> slices;
  JointBlock joint;
  Separation parts;
  SmallVector<Residual> residuals;
  /// Residuals that the loop doesn't stack anyway.
  SmallVector<Value> added;
};
} // namespace

/// Which values get a cotangent at some iteration.
void LoopReverse::findActive() {
  for (auto [result, cotangent] : llvm::zip(loop->getResults(), given))
    if (cotangent)
      useful.insert(result);
  addUseful(loop, useful);
  auto isActive = [&](Value v) { return state.varied.contains(v) && useful.contains(v); };
  unsigned count = loop.getNumCarried();
  for (unsigned i = 0; i < count; ++i)
    if (isActive(loop.getCarriedArguments()[i]) || isActive(yields->getOperand(i)))
      carried.push_back(i);
  for (unsigned i = count; i < loop->getNumResults(); ++i)
    if (given[i] && isActive(yields->getOperand(i)))
      stacked.push_back(i);
  for (auto [i, argument] : llvm::enumerate(loop.getSliceArguments()))
    if (isActive(argument)) {
      slices.push_back(i);
      sliceWanted.push_back({argument, {}});
    }
  for (unsigned i : carried)
    carriedWanted.push_back({loop.getCarriedArguments()[i], {}});
  for (Value value : capturedValues(loop))
    if (isActive(value))
      capturedWanted.push_back({value, {}});
}

LogicalResult LoopReverse::deriveBody() {
  joint.block = &body;
  joint.invariantsAreFree = true;
  joint.given.push_back(loop.getIteration());
  llvm::append_range(joint.given, loop.getSliceArguments());
  SmallVector<std::pair<Value, Value>> seeds;
  for (ArrayRef<unsigned> list : {ArrayRef(carried), ArrayRef(stacked)})
    for (unsigned i : list) {
      Value yield = yields->getOperand(i);
      joint.cotangents.push_back(body.addArgument(yield.getType(), yield.getLoc()));
      seeds.push_back({yield, joint.cotangents.back()});
    }
  SmallVector<Wanted *> wanted;
  for (auto *list : {&carriedWanted, &sliceWanted, &capturedWanted})
    for (Wanted &one : *list)
      if (state.varied.contains(one.value))
        wanted.push_back(&one);
  SmallVector<Value> values;
  for (Wanted *one : wanted)
    values.push_back(one->value);
  auto results = deriveReverse(body, seeds, values, state.options);
  if (failed(results))
    return failure();
  for (auto [one, result] : llvm::zip(wanted, *results)) {
    one->cotangent = result;
    if (result)
      joint.outputs.push_back(result);
  }
  llvm::erase_if(capturedWanted, [](const Wanted &one) { return !one.cotangent; });
  llvm::append_range(joint.kept, loop.getStackedYields());
  parts = separate(joint);
  return success();
}

void LoopReverse::placeResiduals() {
  auto stackedYields = loop.getStackedYields();
  for (Value value : parts.saved) {
    auto found = llvm::find(stackedYields, value);
    if (found != stackedYields.end()) {
      unsigned i = std::distance(stackedYields.begin(), found);
      residuals.push_back({value, loop.getNumCarried() + i, loop.getStackAxes()[i]});
    } else {
      residuals.push_back({value, unsigned(loop->getNumResults() + added.size()), 0});
      added.push_back(value);
    }
  }
}

/// The loop that also stacks the residuals, without a body yet.
Repetition LoopReverse::buildForward() {
  OpBuilder builder(loop);
  SmallVector<Type> sliceTypes;
  for (Value yield : loop.getStackedYields())
    sliceTypes.push_back(yield.getType());
  SmallVector<int64_t> axes(loop.getStackAxes());
  for (Value residual : added) {
    sliceTypes.push_back(residual.getType());
    axes.push_back(0);
  }
  return loop.rebuild(builder, loop.getInit(), loop.getInputs(), loop.getSliceAxes(), sliceTypes,
                      axes);
}

bool LoopReverse::isNeededInReverse(Value argument) const {
  return llvm::is_contained(joint.outputs, argument) ||
         llvm::any_of(parts.second,
                      [&](Operation *op) { return llvm::is_contained(usedValues(op), argument); });
}

ScanOp LoopReverse::buildReverse(Repetition forward) {
  SmallVector<Value> init, inputs, fromInputs;
  SmallVector<int64_t> inputAxes, outputAxes;
  SmallVector<Type> sliceTypes;
  for (unsigned i : carried)
    init.push_back(given[i] ? given[i] : zero(loop->getResult(i).getType()));
  for (const Wanted &captured : capturedWanted)
    init.push_back(zero(captured.value.getType()));

  for (unsigned i : stacked) {
    inputs.push_back(given[i]);
    inputAxes.push_back(loop.getStackAxes()[i - loop.getNumCarried()]);
    fromInputs.push_back(joint.cotangents[carried.size() + inputs.size() - 1]);
  }
  for (const Residual &residual : residuals) {
    inputs.push_back(forward->getResult(residual.result));
    inputAxes.push_back(residual.axis);
    fromInputs.push_back(residual.value);
  }
  for (auto [argument, input, axis] :
       llvm::zip(loop.getSliceArguments(), loop.getInputs(), loop.getSliceAxes()))
    if (isNeededInReverse(argument)) {
      inputs.push_back(input);
      inputAxes.push_back(axis);
      fromInputs.push_back(argument);
    }

  for (auto [i, slice] : llvm::zip(slices, sliceWanted))
    if (slice.cotangent) {
      sliceTypes.push_back(slice.value.getType());
      outputAxes.push_back(loop.getSliceAxes()[i]);
    }
  auto reverse = ScanOp::create(state.builder, loop.getLoc(), init, inputs, loop.getExtentDim(),
                                inputAxes, sliceTypes, outputAxes, !loop.isReversed());
  IRMapping mapping;
  for (unsigned i = 0; i < carried.size(); ++i)
    mapping.map(joint.cotangents[i], reverse.getCarriedArguments()[i]);
  for (auto [from, argument] : llvm::zip(fromInputs, reverse.getSliceArguments()))
    mapping.map(from, argument);
  fillReverse(reverse, mapping);
  return reverse;
}

void LoopReverse::fillReverse(ScanOp reverse, IRMapping &mapping) {
  Location loc = loop.getLoc();
  auto builder = OpBuilder::atBlockEnd(&reverse.getBody().front());
  if (isNeededInReverse(loop.getIteration())) {
    Type type = loop.getIteration().getType();
    auto last = DimsAttr::get(loop.getContext(), ArrayRef<Dim>(loop.getExtentDim() - Dim(1)));
    mapping.map(loop.getIteration(),
                SubOp::create(builder, loc, type, DimensionOp::create(builder, loc, type, last),
                              reverse.getIteration()));
  }
  cloneSecondPart(builder, parts, mapping);

  SmallVector<Value> next;
  for (const Wanted &one : carriedWanted)
    next.push_back(one.cotangent ? mapping.lookupOrDefault(one.cotangent)
                                 : filled(builder, loc, one.value.getType(), 0));
  auto sums = reverse.getCarriedArguments().drop_front(carried.size());
  for (auto [one, sum] : llvm::zip(capturedWanted, sums))
    next.push_back(
        addTangents(builder, one.cotangent.getLoc(), sum, mapping.lookupOrDefault(one.cotangent)));
  for (const Wanted &one : sliceWanted)
    if (one.cotangent)
      next.push_back(mapping.lookupOrDefault(one.cotangent));
  YieldOp::create(builder, loc, next);
}

/// Hands the results of the reverse to what the loop was given.
void LoopReverse::addResults(ScanOp reverse) {
  Location loc = loop.getLoc();
  ValueRange results = reverse.getResults();
  auto add = [&](Value to, Value cotangent) {
    if (state.varied.contains(to))
      state.accumulate(loc, to, cotangent);
  };
  for (auto [i, result] : llvm::zip(carried, results))
    add(loop.getInit()[i], result);
  results = results.drop_front(carried.size());
  for (auto [one, result] : llvm::zip(capturedWanted, results))
    add(one.value, result);
  results = results.drop_front(capturedWanted.size());
  for (auto [i, one] : llvm::zip(slices, sliceWanted))
    if (one.cotangent) {
      add(loop.getInputs()[i], results.front());
      results = results.drop_front();
    }
}

LogicalResult LoopReverse::derive() {
  if (auto named = dyn_cast<LoopOp>(loop.getOperation()))
    named.nameSteps();
  findActive();
  if (failed(deriveBody()))
    return failure();
  placeResiduals();
  return success();
}

static Dim bytesOf(Value value) {
  auto type = cast<RankedTensorType>(value.getType());
  unsigned bits = type.getElementType().getIntOrFloatBitWidth();
  return elementsOf(type) * Dim((bits + 7) / 8);
}

Dim LoopReverse::keptBytes() const {
  Dim sum;
  for (Value value : added)
    sum = sum + bytesOf(value);
  return sum;
}

Dim LoopReverse::carriedBytes() const {
  Dim sum;
  for (Value value : Repetition(loop).getInit())
    sum = sum + bytesOf(value);
  return sum;
}

LogicalResult LoopReverse::finish() {
  Repetition forward = buildForward();
  ScanOp reverse = buildReverse(forward);
  addResults(reverse);

  eraseReverse(joint, parts);
  body.eraseArguments(body.getNumArguments() - joint.cotangents.size(), joint.cotangents.size());
  Block &target = forward.getBodyBlock();
  for (auto [from, to] : llvm::zip_equal(body.getArguments(), target.getArguments())) {
    llvm::replace(added, from, to);
    from.replaceAllUsesWith(to);
  }
  target.getOperations().splice(target.end(), body.getOperations());
  yields->insertOperands(yields->getNumOperands(), added);
  loop->replaceAllUsesWith(forward->getResults().take_front(loop->getNumResults()));
  loop->erase();
  return success();
}

//===----------------------------------------------------------------------===//
// Segments
//===----------------------------------------------------------------------===//

/// The length of segments with which a loop keeps least, if it keeps more than the budget without.
static std::optional<int64_t> segmentLength(Repetition loop, const LoopReverse &whole,
                                            const DeriveOptions &options) {
  // A loop without a bound is taken to make that many steps.
  constexpr int64_t manySteps = 4096;
  auto number = [&](const Dim &dim) {
    return dim
        .evaluate([&](const std::string &name) {
          auto known = options.extents.find(name);
          return std::optional(known == options.extents.end() ? nominalExtent : known->second);
        })
        .value_or(INT64_MAX);
  };
  int64_t steps = manySteps;
  if (auto open = dyn_cast<LoopOp>(loop.getOperation()); open && open.getBoundDim())
    steps = number(*open.getBoundDim());
  else if (!open)
    steps = number(loop.getExtentDim());
  double kept = double(number(whole.keptBytes())), carried = double(number(whole.carriedBytes()));
  if (steps < 4 || kept * double(steps) <= double(options.budget) || kept == 0)
    return std::nullopt;
  double least = std::ceil(std::sqrt(double(steps) * carried / kept));
  int64_t length = std::clamp<int64_t>(int64_t(least), 2, steps / 2);
  // A scan without a rest needs no copies of its inputs' parts.
  for (int64_t away = 0; away <= length / 2; ++away)
    for (int64_t near : {length + away, length - away})
      if (near >= 2 && steps % near == 0)
        return near;
  return length;
}

/// The reverse of a loop in segments; what `loop` computes has the cotangents `cotangents`.
static LogicalResult reverseInSegments(Repetition loop, int64_t length, ArrayRef<Value> cotangents,
                                       ReverseState &state) {
  SmallVector<Value> results;
  SmallVector<Operation *> made = splitIntoSegments(loop, length, results);
  // Ops that have been erased may have stood at the same addresses.
  for (Operation *op : made)
    for (Value result : op->getResults()) {
      state.cotangents.erase(result);
      state.varied.erase(result);
    }
  for (Operation *op : made)
    addVaried(op, state.varied);
  for (auto [result, cotangent] : llvm::zip_equal(results, cotangents))
    if (cotangent && state.varied.contains(result))
      state.accumulate(result.getLoc(), result, cotangent);
  return reverseOps(made, state);
}

LogicalResult tenon::reverseLoop(Repetition loop, ArrayRef<Value> cotangents, ReverseState &state) {
  LoopReverse whole(loop, cotangents, state);
  if (state.options.budget <= 0 || isSegment(loop) || !canSplit(loop))
    return whole.run();
  OpBuilder builder(loop);
  auto spare = cast<Repetition>(builder.clone(*loop));
  if (failed(whole.derive()))
    return failure();
  auto length = segmentLength(spare, whole, state.options);
  if (!length) {
    spare->erase();
    return whole.finish();
  }
  loop->replaceAllUsesWith(spare->getResults());
  loop->erase();
  return reverseInSegments(spare, *length, cotangents, state);
}
