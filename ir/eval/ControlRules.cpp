//===- ControlRules.cpp - Loops, branches, checks and kernels -------------===//
#include "ir/eval/Evaluation.h"

using namespace mlir;
using namespace tenon;

//===----------------------------------------------------------------------===//
// Scan
//===----------------------------------------------------------------------===//

/// Where the elements of slice `position` along `axis` are in the whole tensor, in order.
static SmallVector<int64_t> slicePlaces(const HostTensor &slice, const HostTensor &whole,
                                        int64_t axis, int64_t position) {
  SmallVector<int64_t> places;
  forEachIndex(slice.shape(), [&](ArrayRef<int64_t> index) {
    SmallVector<int64_t> at(index);
    at.insert(at.begin() + axis, position);
    places.push_back(*placeOf(at, whole.shape()));
    return true;
  });
  return places;
}

/// Sets the body's arguments for one iteration, but for the carried values.
static llvm::Error enterIteration(ScanOp scan, int64_t iteration, int64_t position,
                                  Evaluation &run) {
  HostTensor count(TENON_I64, {});
  count.set(0, Number::ofInteger(iteration));
  run.set(scan.getIteration(), std::move(count));
  for (auto [argument, input, axis] :
       llvm::zip(scan.getSliceArguments(), scan.getInputs(), scan.getInputAxes())) {
    auto slice = run.zeros(argument.getType(), scan);
    if (!slice)
      return slice.takeError();
    const HostTensor &whole = run.get(input);
    for (auto [i, place] : llvm::enumerate(slicePlaces(*slice, whole, axis, position)))
      slice->set(int64_t(i), whole.at(place));
    run.set(argument, std::move(*slice));
  }
  return llvm::Error::success();
}

static llvm::Error evaluateScan(Operation *op, Evaluation &run) {
  auto scan = cast<ScanOp>(op);
  auto extent = run.extent(scan.getExtentDim(), op);
  if (!extent)
    return extent.takeError();
  std::vector<HostTensor> carried, stacked;
  for (Value init : scan.getInit())
    carried.push_back(run.get(init));
  for (OpResult result : scan.getStackedResults()) {
    auto tensor = run.zeros(result.getType(), op);
    if (!tensor)
      return tensor.takeError();
    stacked.push_back(std::move(*tensor));
  }
  for (int64_t iteration = 0; iteration < *extent; ++iteration) {
    int64_t position = scan.getReverse() ? *extent - 1 - iteration : iteration;
    for (auto [argument, value] : llvm::zip(scan.getCarriedArguments(), carried))
      run.set(argument, value);
    if (auto error = enterIteration(scan, iteration, position, run))
      return error;
    auto yields = run.run(scan.getBody().front());
    if (!yields)
      return yields.takeError();
    for (size_t i = 0; i < carried.size(); ++i)
      carried[i] = (*yields)[i];
    for (auto [i, whole, axis] : llvm::enumerate(stacked, scan.getOutputAxes())) {
      const HostTensor &slice = (*yields)[carried.size() + i];
      for (auto [k, place] : llvm::enumerate(slicePlaces(slice, whole, axis, position)))
        whole.set(place, slice.at(int64_t(k)));
    }
  }
  for (auto [result, value] : llvm::zip(scan.getCarriedResults(), carried))
    run.set(result, value);
  for (auto [result, value] : llvm::zip(scan.getStackedResults(), stacked))
    run.set(result, value);
  return llvm::Error::success();
}

//===----------------------------------------------------------------------===//
// Loop
//===----------------------------------------------------------------------===//

/// The most steps that a loop may make.
static llvm::Expected<int64_t> mostSteps(LoopOp loop, Evaluation &run) {
  int64_t most = INT64_MAX;
  if (auto bound = loop.getBoundDim()) {
    auto number = run.extent(*bound, loop);
    if (!number)
      return number.takeError();
    most = *number;
  }
  return loop.getLimit() ? std::min(most, run.get(loop.getLimit()).at(0).integer) : most;
}

static llvm::Error evaluateLoop(Operation *op, Evaluation &run) {
  auto loop = cast<LoopOp>(op);
  auto most = mostSteps(loop, run);
  if (!most)
    return most.takeError();
  std::vector<HostTensor> carried;
  std::vector<std::vector<HostTensor>> slices(loop.getStackedResults().size());
  for (Value init : loop.getInit())
    carried.push_back(run.get(init));
  int64_t steps = 0;
  for (; steps < *most && carried[0].at(0).integer; ++steps) {
    HostTensor count(TENON_I64, {});
    count.set(0, Number::ofInteger(steps));
    run.set(loop.getIteration(), std::move(count));
    for (auto [argument, value] : llvm::zip(loop.getCarriedArguments(), carried))
      run.set(argument, value);
    auto yields = run.run(loop.getBody().front());
    if (!yields)
      return yields.takeError();
    for (size_t i = 0; i < carried.size(); ++i)
      carried[i] = (*yields)[i];
    for (size_t i = 0; i < slices.size(); ++i)
      slices[i].push_back((*yields)[carried.size() + i]);
  }
  if (auto name = loop.getSteps())
    run.setSymbol(*name, steps);
  for (auto [result, value] : llvm::zip(loop.getCarriedResults(), carried))
    run.set(result, value);
  for (auto [result, list] : llvm::zip(loop.getStackedResults(), slices)) {
    auto whole = run.zeros(result.getType(), op);
    if (!whole)
      return whole.takeError();
    int64_t place = 0;
    for (const HostTensor &slice : list)
      for (int64_t i = 0; i < slice.size(); ++i)
        whole->set(place++, slice.at(i));
    run.set(result, std::move(*whole));
  }
  return llvm::Error::success();
}

//===----------------------------------------------------------------------===//
// Regions that run once
//===----------------------------------------------------------------------===//

static llvm::Error runOnce(Operation *op, Block &block, Evaluation &run) {
  auto yields = run.run(block);
  if (!yields)
    return yields.takeError();
  for (auto [result, value] : llvm::zip(op->getResults(), *yields))
    run.set(result, value);
  return llvm::Error::success();
}

static llvm::Error evaluateIf(Operation *op, Evaluation &run) {
  auto branch = cast<IfOp>(op);
  bool isTrue = run.get(branch.getCondition()).at(0).integer;
  Region &region = isTrue ? branch.getThenRegion() : branch.getElseRegion();
  return runOnce(op, region.front(), run);
}

static llvm::Error runWithInputs(Operation *op, ValueRange inputs, Block &body, Evaluation &run) {
  for (auto [argument, input] : llvm::zip(body.getArguments(), inputs)) {
    HostTensor operand = run.get(input);
    run.set(argument, std::move(operand));
  }
  return runOnce(op, body, run);
}

static llvm::Error evaluateCustomGradient(Operation *op, Evaluation &run) {
  auto custom = cast<CustomGradientOp>(op);
  return runWithInputs(op, custom.getInputs(), custom.getBody().front(), run);
}

static llvm::Error evaluateKernel(Operation *op, Evaluation &run) {
  auto kernel = cast<KernelOp>(op);
  return runWithInputs(op, kernel.getInputs(), kernel.getBody().front(), run);
}

//===----------------------------------------------------------------------===//
// Checks
//===----------------------------------------------------------------------===//

static llvm::Error evaluateCheck(Operation *op, Evaluation &run) {
  auto check = cast<CheckOp>(op);
  const HostTensor &condition = run.get(check.getCondition());
  for (int64_t i = 0; i < condition.size(); ++i)
    if (!condition.at(i).integer)
      return llvm::make_error<CheckFailure>(check.getMessage().str(), op->getLoc(), i);
  return llvm::Error::success();
}

void tenon::addControlRules(OpRules &rules) {
  rules[ScanOp::getOperationName()] = evaluateScan;
  rules[LoopOp::getOperationName()] = evaluateLoop;
  rules[IfOp::getOperationName()] = evaluateIf;
  rules[CustomGradientOp::getOperationName()] = evaluateCustomGradient;
  rules[KernelOp::getOperationName()] = evaluateKernel;
  rules[CheckOp::getOperationName()] = evaluateCheck;
}
