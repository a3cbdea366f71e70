//===- Stacker.cpp - Values of a scan's body, for all iterations ----------===//
#include "passes/loops/Stacker.h"

#include "passes/loops/ChangeScan.h"
#include "passes/simplify/ContractParts.h"
#include "passes/simplify/Splat.h"

using namespace mlir;
using namespace tenon;

static RankedTensorType tensor(Value value) { return cast<RankedTensorType>(value.getType()); }

//===----------------------------------------------------------------------===//
// What can be had outside
//===----------------------------------------------------------------------===//

bool Stacker::hasStackedForm(Operation *op) {
  return isa<MapOp, BroadcastOp, ReshapeOp, TransposeOp, SliceOp, PadOp, ConcatOp, GatherOp,
             ContractOp>(op);
}

bool Stacker::canStack(Value value) {
  if (isOutside(value, scan) || known.contains(value))
    return true;
  if (auto argument = dyn_cast<BlockArgument>(value))
    return argument.getOwner() == &scan.getBody().front() &&
           !llvm::is_contained(scan.getCarriedArguments(), argument);
  if (auto found = stackable.find(value); found != stackable.end())
    return found->second;
  Operation *op = value.getDefiningOp();
  bool possible = op->getBlock() == &scan.getBody().front() &&
                  llvm::all_of(op->getOperands(), [&](Value v) { return canStack(v); });
  // The steps of a loop in the body have no number outside.
  if (bound.areIn(value.getType()) || !bound.usedBy(op).empty())
    possible = false;
  // What needs no operands is the same in all iterations.
  if (op->getNumOperands() > 0)
    possible = possible && hasStackedForm(op);
  // A table or a padding value that changes has no stacked form.
  auto changes = [&](Value v) { return !isOutside(v, scan); };
  if (auto gather = dyn_cast<GatherOp>(op))
    possible = possible && !changes(gather.getTable());
  if (auto pad = dyn_cast<PadOp>(op))
    possible = possible && (!changes(pad.getValue()) || splatOf(pad.getValue()));
  return stackable[value] = possible;
}

//===----------------------------------------------------------------------===//
// Bringing values outside
//===----------------------------------------------------------------------===//

Stacked Stacker::stack(OpBuilder &builder, Value value) {
  if (auto found = known.find(value); found != known.end())
    return found->second;
  if (isOutside(value, scan))
    return {value, std::nullopt};
  Stacked result;
  if (value == scan.getIteration()) {
    Location loc = scan.getLoc();
    auto type = tensorType(value.getContext(), scan.getExtentDim(), builder.getI64Type());
    Value count = IotaOp::create(builder, loc, type, 0);
    if (scan.getReverse()) {
      auto scalar = RankedTensorType::get({}, builder.getI64Type());
      auto last = DimsAttr::get(value.getContext(), ArrayRef<Dim>(scan.getExtentDim() - Dim(1)));
      Value from = DimensionOp::create(builder, loc, scalar, last);
      from = BroadcastOp::create(builder, loc, type, from, ArrayRef<int64_t>());
      count = SubOp::create(builder, loc, type, from, count);
    }
    result = {count, 0};
  } else if (auto argument = dyn_cast<BlockArgument>(value)) {
    unsigned k = argument.getArgNumber() - 1 - scan.getNumCarried();
    result = {scan.getInputs()[k], scan.getInputAxes()[k]};
  } else {
    Operation *op = value.getDefiningOp();
    bool varies = false;
    IRMapping outside;
    for (Value operand : op->getOperands()) {
      Stacked stacked = stack(builder, operand);
      varies |= stacked.axis.has_value();
      outside.map(operand, stacked.value);
    }
    if (varies)
      result = {stackOp(builder, op), 0};
    else
      result = {builder.clone(*op, outside)->getResult(0), std::nullopt};
  }
  return known[value] = result;
}

Value Stacker::stackInFront(OpBuilder &builder, Value value) {
  Stacked stacked = stack(builder, value);
  auto slice = tensor(value);
  auto type = ScanOp::stackedType(slice, 0, scan.getExtentDim());
  if (!stacked.axis) {
    auto axes = llvm::to_vector(llvm::seq<int64_t>(1, slice.getRank() + 1));
    return BroadcastOp::create(builder, value.getLoc(), type, stacked.value, axes);
  }
  if (*stacked.axis == 0)
    return stacked.value;
  auto permutation = llvm::to_vector(llvm::seq<int64_t>(0, slice.getRank() + 1));
  permutation.erase(permutation.begin() + *stacked.axis);
  permutation.insert(permutation.begin(), *stacked.axis);
  return TransposeOp::create(builder, value.getLoc(), type, stacked.value, permutation);
}

/// Places of axes with one more in front.
static SmallVector<int64_t> withFront(ArrayRef<int64_t> axes, int64_t front) {
  SmallVector<int64_t> result{front};
  for (int64_t axis : axes)
    result.push_back(axis + 1);
  return result;
}

static DimsAttr withFront(DimsAttr dims, const Dim &front) {
  SmallVector<Dim> result{front};
  llvm::append_range(result, dims.getDims());
  return DimsAttr::get(dims.getContext(), result);
}

Value Stacker::stackOp(OpBuilder &builder, Operation *op) {
  if (auto contract = dyn_cast<ContractOp>(op))
    return stackContract(builder, contract, /*sums=*/false);
  Location loc = op->getLoc();
  auto type = ScanOp::stackedType(tensor(op->getResult(0)), 0, scan.getExtentDim());
  if (auto gather = dyn_cast<GatherOp>(op))
    return GatherOp::create(builder, loc, type, stack(builder, gather.getTable()).value,
                            stackInFront(builder, gather.getIndices()));
  if (auto pad = dyn_cast<PadOp>(op)) {
    SmallVector<int64_t> strides{1};
    llvm::append_range(strides, pad.getStrides());
    return PadOp::create(builder, loc, type, stackInFront(builder, pad.getOperand()),
                         stack(builder, pad.getValue()).value, withFront(pad.getOffsets(), Dim(0)),
                         strides);
  }

  SmallVector<Value> operands;
  for (Value operand : op->getOperands())
    operands.push_back(stackInFront(builder, operand));
  if (auto broadcast = dyn_cast<BroadcastOp>(op))
    return BroadcastOp::create(builder, loc, type, operands[0], withFront(broadcast.getAxes(), 0));
  if (isa<ReshapeOp>(op))
    return ReshapeOp::create(builder, loc, type, operands[0]);
  if (auto transpose = dyn_cast<TransposeOp>(op))
    return TransposeOp::create(builder, loc, type, operands[0],
                               withFront(transpose.getPermutation(), 0));
  if (auto slice = dyn_cast<SliceOp>(op)) {
    SmallVector<int64_t> strides{1};
    llvm::append_range(strides, slice.getStrides());
    return SliceOp::create(builder, loc, type, operands[0], withFront(slice.getOffsets(), Dim(0)),
                           strides);
  }
  if (auto concat = dyn_cast<ConcatOp>(op))
    return ConcatOp::create(builder, loc, type, operands, concat.getAxis() + 1);
  return mapOver(builder, cast<MapOp>(op).getOperation(), operands, dimsOf(type));
}

Value Stacker::sumOverIterations(OpBuilder &builder, ContractOp contract) {
  return stackContract(builder, contract, /*sums=*/true);
}

/// One more loop in front; it stands where each operand has the iterations. The result has it in
/// front, or, if the contraction `sums`, not at all.
Value Stacker::stackContract(OpBuilder &builder, ContractOp op, bool sums) {
  ContractParts parts = ContractParts::of(op);
  parts.prependLoop(scan.getExtentDim());
  AffineExpr iteration = getAffineDimExpr(0, op.getContext());
  auto insert = [&](AffineMap map, int64_t axis) {
    SmallVector<AffineExpr> places(map.getResults());
    places.insert(places.begin() + axis, iteration);
    return AffineMap::get(map.getNumDims(), map.getNumSymbols(), places, op.getContext());
  };
  for (auto [input, map] : llvm::zip(parts.inputs, parts.maps)) {
    Stacked stacked = stack(builder, input);
    input = stacked.value;
    if (stacked.axis)
      map = insert(map, *stacked.axis);
  }
  if (!sums) {
    parts.result = insert(parts.result, 0);
    parts.type = ScanOp::stackedType(parts.type, 0, scan.getExtentDim());
  }
  return parts.create(builder, op.getLoc(), op.getBody().front());
}
