//===- ReverseScan.cpp - Reverse mode through a scan ----------------------===//
//
// The body is derived where it stands; what comes out is taken apart into the body of the scan that
// replaces the old one, which also stacks the residuals, and the body of a scan in the other
// direction. That one carries the cotangents of the carried values, and a sum for each captured
// value, to which an iteration adds its part as `sum + part`.
//
//===----------------------------------------------------------------------===//
#include "ir/dialect/Derivatives.h"
#include "passes/differentiate/Residuals.h"
#include "passes/differentiate/Reverse.h"

using namespace mlir;
using namespace tenon;

namespace {
/// A value whose cotangent the reverse of the body computes.
struct Wanted {
  Value value;
  /// In the joint body; null if it is zero.
  Value cotangent;
};

/// A value of the body that the reverse gets as slices of one of the scan's results.
struct Residual {
  Value value;
  unsigned result;
  int64_t axis;
};

class ScanReverse {
public:
  ScanReverse(ScanOp scan, ArrayRef<Value> cotangents, ReverseState &state)
      : scan(scan), given(cotangents), state(state), body(scan.getBody().front()),
        yields(body.getTerminator()) {}
  LogicalResult run();

private:
  void findActive();
  LogicalResult deriveBody();
  void placeResiduals();
  ScanOp buildForward();
  ScanOp buildReverse(ScanOp forward);
  void fillReverse(ScanOp reverse, IRMapping &mapping);
  void addResults(ScanOp reverse);
  Value zero(Type type) { return filled(state.builder, scan.getLoc(), type, 0); }
  bool isNeededInReverse(Value argument) const;

  ScanOp scan;
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
  /// Residuals that the scan doesn't stack anyway.
  SmallVector<Value> added;
};
} // namespace

/// Which values get a cotangent at some iteration.
void ScanReverse::findActive() {
  for (auto [result, cotangent] : llvm::zip(scan.getResults(), given))
    if (cotangent)
      useful.insert(result);
  addUseful(scan, useful);
  auto isActive = [&](Value v) { return state.varied.contains(v) && useful.contains(v); };
  unsigned count = scan.getNumCarried();
  for (unsigned i = 0; i < count; ++i)
    if (isActive(scan.getCarriedArguments()[i]) || isActive(yields->getOperand(i)))
      carried.push_back(i);
  for (unsigned i = count; i < scan.getNumResults(); ++i)
    if (given[i] && isActive(yields->getOperand(i)))
      stacked.push_back(i);
  for (auto [i, argument] : llvm::enumerate(scan.getSliceArguments()))
    if (isActive(argument)) {
      slices.push_back(i);
      sliceWanted.push_back({argument, {}});
    }
  for (unsigned i : carried)
    carriedWanted.push_back({scan.getCarriedArguments()[i], {}});
  for (Value value : capturedValues(scan))
    if (isActive(value))
      capturedWanted.push_back({value, {}});
}

LogicalResult ScanReverse::deriveBody() {
  joint.block = &body;
  joint.invariantsAreFree = true;
  joint.given.push_back(scan.getIteration());
  llvm::append_range(joint.given, scan.getSliceArguments());
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
  auto results = deriveReverse(body, seeds, values);
  if (failed(results))
    return failure();
  for (auto [one, result] : llvm::zip(wanted, *results)) {
    one->cotangent = result;
    if (result)
      joint.outputs.push_back(result);
  }
  llvm::erase_if(capturedWanted, [](const Wanted &one) { return !one.cotangent; });
  llvm::append_range(joint.kept, scan.getStackedYields());
  parts = separate(joint);
  return success();
}

void ScanReverse::placeResiduals() {
  auto stackedYields = scan.getStackedYields();
  for (Value value : parts.saved) {
    auto found = llvm::find(stackedYields, value);
    if (found != stackedYields.end()) {
      unsigned i = std::distance(stackedYields.begin(), found);
      residuals.push_back({value, scan.getNumCarried() + i, scan.getOutputAxes()[i]});
    } else {
      residuals.push_back({value, unsigned(scan.getNumResults() + added.size()), 0});
      added.push_back(value);
    }
  }
}

/// The scan that also stacks the residuals, without a body yet.
ScanOp ScanReverse::buildForward() {
  OpBuilder builder(scan);
  SmallVector<Type> sliceTypes;
  for (Value yield : scan.getStackedYields())
    sliceTypes.push_back(yield.getType());
  SmallVector<int64_t> axes(scan.getOutputAxes());
  for (Value residual : added) {
    sliceTypes.push_back(residual.getType());
    axes.push_back(0);
  }
  auto forward =
      ScanOp::create(builder, scan.getLoc(), scan.getInit(), scan.getInputs(), scan.getExtentDim(),
                     scan.getInputAxes(), sliceTypes, axes, scan.getReverse());
  forward->setDiscardableAttrs(scan->getDiscardableAttrDictionary());
  return forward;
}

bool ScanReverse::isNeededInReverse(Value argument) const {
  return llvm::is_contained(joint.outputs, argument) ||
         llvm::any_of(parts.second,
                      [&](Operation *op) { return llvm::is_contained(usedValues(op), argument); });
}

ScanOp ScanReverse::buildReverse(ScanOp forward) {
  SmallVector<Value> init, inputs, fromInputs;
  SmallVector<int64_t> inputAxes, outputAxes;
  SmallVector<Type> sliceTypes;
  for (unsigned i : carried)
    init.push_back(given[i] ? given[i] : zero(scan.getResult(i).getType()));
  for (const Wanted &captured : capturedWanted)
    init.push_back(zero(captured.value.getType()));

  for (unsigned i : stacked) {
    inputs.push_back(given[i]);
    inputAxes.push_back(scan.getOutputAxes()[i - scan.getNumCarried()]);
    fromInputs.push_back(joint.cotangents[carried.size() + inputs.size() - 1]);
  }
  for (const Residual &residual : residuals) {
    inputs.push_back(forward.getResult(residual.result));
    inputAxes.push_back(residual.axis);
    fromInputs.push_back(residual.value);
  }
  for (auto [argument, input, axis] :
       llvm::zip(scan.getSliceArguments(), scan.getInputs(), scan.getInputAxes()))
    if (isNeededInReverse(argument)) {
      inputs.push_back(input);
      inputAxes.push_back(axis);
      fromInputs.push_back(argument);
    }

  for (auto [i, slice] : llvm::zip(slices, sliceWanted))
    if (slice.cotangent) {
      sliceTypes.push_back(slice.value.getType());
      outputAxes.push_back(scan.getInputAxes()[i]);
    }
  auto reverse = ScanOp::create(state.builder, scan.getLoc(), init, inputs, scan.getExtentDim(),
                                inputAxes, sliceTypes, outputAxes, !scan.getReverse());
  IRMapping mapping;
  for (unsigned i = 0; i < carried.size(); ++i)
    mapping.map(joint.cotangents[i], reverse.getCarriedArguments()[i]);
  for (auto [from, argument] : llvm::zip(fromInputs, reverse.getSliceArguments()))
    mapping.map(from, argument);
  fillReverse(reverse, mapping);
  return reverse;
}

void ScanReverse::fillReverse(ScanOp reverse, IRMapping &mapping) {
  Location loc = scan.getLoc();
  auto builder = OpBuilder::atBlockEnd(&reverse.getBody().front());
  if (isNeededInReverse(scan.getIteration())) {
    Type type = scan.getIteration().getType();
    auto last = DimsAttr::get(scan.getContext(), ArrayRef<Dim>(scan.getExtentDim() - Dim(1)));
    mapping.map(scan.getIteration(),
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

/// Hands the results of the reverse to what the scan was given.
void ScanReverse::addResults(ScanOp reverse) {
  Location loc = scan.getLoc();
  ValueRange results = reverse.getResults();
  auto add = [&](Value to, Value cotangent) {
    if (state.varied.contains(to))
      state.accumulate(loc, to, cotangent);
  };
  for (auto [i, result] : llvm::zip(carried, results))
    add(scan.getInit()[i], result);
  results = results.drop_front(carried.size());
  for (auto [one, result] : llvm::zip(capturedWanted, results))
    add(one.value, result);
  results = results.drop_front(capturedWanted.size());
  for (auto [i, one] : llvm::zip(slices, sliceWanted))
    if (one.cotangent) {
      add(scan.getInputs()[i], results.front());
      results = results.drop_front();
    }
}

LogicalResult ScanReverse::run() {
  findActive();
  if (failed(deriveBody()))
    return failure();
  placeResiduals();
  ScanOp forward = buildForward();
  ScanOp reverse = buildReverse(forward);
  addResults(reverse);

  eraseReverse(joint, parts);
  body.eraseArguments(body.getNumArguments() - joint.cotangents.size(), joint.cotangents.size());
  Block &target = forward.getBody().front();
  for (auto [from, to] : llvm::zip_equal(body.getArguments(), target.getArguments())) {
    llvm::replace(added, from, to);
    from.replaceAllUsesWith(to);
  }
  target.getOperations().splice(target.end(), body.getOperations());
  yields->insertOperands(yields->getNumOperands(), added);
  scan->replaceAllUsesWith(forward.getResults().take_front(scan.getNumResults()));
  scan.erase();
  return success();
}

LogicalResult tenon::reverseScan(ScanOp scan, ArrayRef<Value> cotangents, ReverseState &state) {
  return ScanReverse(scan, cotangents, state).run();
}
