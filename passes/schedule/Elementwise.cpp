//===- Elementwise.cpp - How a kernel reads its operands ------------------===//
#include "passes/schedule/Elementwise.h"

#include "passes/schedule/InPlace.h"

using namespace mlir;
using namespace tenon;

/// True if a reduction joins what the kernel makes of its product.
static bool hasFold(KernelOp kernel) {
  auto contractions = kernel.getBody().front().getOps<ContractOp>();
  return llvm::range_size(contractions) > 1;
}

/// True if a result's element may come from anywhere.
static bool isRowless(KernelOp kernel) {
  return kernel.getKind() == KernelKind::pack || kernel.getKind() == KernelKind::scatter ||
         kernel.getKind() == KernelKind::sort || hasFold(kernel);
}

bool tenon::readsOnlyElementwise(KernelOp kernel, unsigned index) {
  if (isRowless(kernel))
    return false;
  Block &body = kernel.getBody().front();
  SmallVector<Value> work{body.getArgument(index)};
  llvm::DenseSet<Value> seen;
  while (!work.empty()) {
    Value value = work.pop_back_val();
    if (!seen.insert(value).second)
      continue;
    for (Operation *user : value.getUsers()) {
      if (isa<YieldOp, CheckOp>(user))
        continue;
      if (!isa<MapOp>(user))
        return false;
      work.push_back(user->getResult(0));
    }
  }
  return true;
}

//===----------------------------------------------------------------------===//
// Rows
//===----------------------------------------------------------------------===//

namespace {

/// The axis of `from` that runs in step with axis `axis` of `to` when both hold the same elements
/// in row-major order: equal extents with equal products before them.
std::optional<unsigned> sameAxis(RankedTensorType to, unsigned axis, RankedTensorType from) {
  auto target = dimsOf(to), source = dimsOf(from);
  Dim before(1);
  for (unsigned i = 0; i < axis; ++i)
    before = before * target[i];
  Dim product(1);
  for (unsigned i = 0; i < source.size(); ++i) {
    if (product == before && source[i] == target[axis])
      return i;
    product = product * source[i];
  }
  return std::nullopt;
}

/// Walks a kernel from its yields to its arguments with the axis that stands for the row.
class RowWalk {
public:
  explicit RowWalk(KernelOp kernel) : kernel(kernel) {
    reads.operands.resize(kernel.getInputs().size());
  }

  std::optional<RowReads> run(unsigned axis) {
    Block &body = kernel.getBody().front();
    std::optional<Dim> extent;
    for (Value yield : body.getTerminator()->getOperands()) {
      auto dims = dimsOf(cast<RankedTensorType>(yield.getType()));
      if (axis >= dims.size() || (extent && !(*extent == dims[axis])))
        return std::nullopt;
      extent = dims[axis];
      visit(yield, axis);
    }
    return possible ? std::optional(reads) : std::nullopt;
  }

private:
  void whole(Value value) {
    if (!seenWhole.insert(value).second)
      return;
    if (auto argument = dyn_cast<BlockArgument>(value)) {
      reads.operands[argument.getArgNumber()] = {RowReads::Whole, 0, true};
      wholeArguments.insert(argument.getArgNumber());
      return;
    }
    for (Value operand : value.getDefiningOp()->getOperands())
      whole(operand);
  }

  void visit(Value value, unsigned axis) {
    if (!seen.insert({value, axis}).second)
      return;
    if (auto argument = dyn_cast<BlockArgument>(value)) {
      auto &operand = reads.operands[argument.getArgNumber()];
      if (wholeArguments.contains(argument.getArgNumber()))
        return;
      if (operand.read && operand.axis != axis)
        return whole(value);
      operand = {RowReads::Row, axis, true};
      return;
    }
    Operation *op = value.getDefiningOp();
    if (isa<ConstantOp, DimensionOp, IotaOp, DrawOp>(op)) {
      for (Value operand : op->getOperands())
        whole(operand);
      return;
    }
    if (isa<MapOp>(op)) {
      for (Value operand : op->getOperands())
        visit(operand, axis);
      return;
    }
    follow(op, axis);
  }

  void follow(Operation *op, unsigned axis) {
    if (auto broadcast = dyn_cast<BroadcastOp>(op)) {
      auto at = llvm::find(broadcast.getAxes(), int64_t(axis));
      if (at == broadcast.getAxes().end())
        return whole(broadcast.getOperand());
      return visit(broadcast.getOperand(), at - broadcast.getAxes().begin());
    }
    if (auto transpose = dyn_cast<TransposeOp>(op))
      return visit(transpose.getOperand(), transpose.getPermutation()[axis]);
    if (auto reshape = dyn_cast<ReshapeOp>(op)) {
      auto from = cast<RankedTensorType>(reshape.getOperand().getType());
      if (auto same = sameAxis(cast<RankedTensorType>(reshape.getType()), axis, from))
        return visit(reshape.getOperand(), *same);
      return whole(reshape.getOperand());
    }
    if (auto slice = dyn_cast<SliceOp>(op)) {
      bool inStep =
          slice.getOffsets().getDims()[axis].isConstant(0) && slice.getStrides()[axis] == 1;
      return inStep ? visit(slice.getOperand(), axis) : whole(slice.getOperand());
    }
    if (auto pad = dyn_cast<PadOp>(op)) {
      whole(pad.getValue());
      bool inStep = pad.getOffsets().getDims()[axis].isConstant(0) && pad.getStrides()[axis] == 1;
      return inStep ? visit(pad.getOperand(), axis) : whole(pad.getOperand());
    }
    if (auto concat = dyn_cast<ConcatOp>(op)) {
      for (Value input : concat.getInputs())
        concat.getAxis() == axis ? whole(input) : visit(input, axis);
      return;
    }
    if (auto gather = dyn_cast<GatherOp>(op)) {
      whole(gather.getTable());
      unsigned rank = cast<RankedTensorType>(gather.getIndices().getType()).getRank();
      return axis < rank ? visit(gather.getIndices(), axis) : whole(gather.getIndices());
    }
    if (auto contract = dyn_cast<ContractOp>(op))
      return followContract(contract, axis);
    possible = false;
  }

  void followContract(ContractOp contract, unsigned axis) {
    auto loop = dyn_cast<AffineDimExpr>(contract.getResultMap().getResult(axis));
    if (!loop) {
      possible = false;
      return;
    }
    for (auto [i, input] : llvm::enumerate(contract.getInputs())) {
      AffineMap map = contract.getInputMap(i);
      std::optional<unsigned> at;
      bool alone = true;
      for (auto [position, expr] : llvm::enumerate(map.getResults())) {
        if (expr == loop)
          at = position;
        else if (expr.isFunctionOfDim(loop.getPosition()))
          alone = false;
      }
      at &&alone ? visit(input, *at) : whole(input);
    }
  }

  KernelOp kernel;
  RowReads reads;
  llvm::DenseSet<std::pair<Value, unsigned>> seen;
  llvm::DenseSet<Value> seenWhole;
  llvm::DenseSet<unsigned> wholeArguments;
  bool possible = true;
};

} // namespace

std::optional<RowReads> tenon::readsByRow(KernelOp kernel, unsigned axis) {
  if (isRowless(kernel))
    return std::nullopt;
  // The one row that is written is nobody's share.
  if (updatedAxis(kernel) == axis)
    return std::nullopt;
  return RowWalk(kernel).run(axis);
}
