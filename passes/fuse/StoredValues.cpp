//===- StoredValues.cpp - Which values of a block are in memory -----------===//
#include "passes/fuse/StoredValues.h"

#include "passes/fuse/ContractionShape.h"

using namespace mlir;
using namespace tenon;

//===----------------------------------------------------------------------===//
// What ops are and cost
//===----------------------------------------------------------------------===//

bool tenon::isHeavy(Operation *op) { return isa<ContractOp, ScatterAddOp, ArgsortOp>(op); }

static bool isIndexing(Operation *op) {
  return isa<BroadcastOp, ReshapeOp, TransposeOp, SliceOp, PadOp, ConcatOp>(op);
}

bool tenon::isFusible(Operation *op) {
  return isIndexing(op) || isa<MapOp, GatherOp, DrawOp, ConstantOp, DimensionOp, IotaOp>(op);
}

bool tenon::isFreeExpression(Value value) {
  Operation *op = value.getDefiningOp();
  if (!op)
    return false;
  if (isa<ConstantOp, DimensionOp, IotaOp>(op))
    return true;
  return isa<BroadcastOp, ReshapeOp>(op) && isFreeExpression(op->getOperand(0));
}

/// Arithmetic of one element, in units of an addition.
static int elementCost(Operation *op) {
  if (isa<ExpOp, Expm1Op, LogOp, Log1pOp, SinOp, CosOp>(op))
    return 14;
  if (isa<TanhOp, SigmoidOp, SoftplusOp, ErfOp, PowOp>(op))
    return 20;
  if (isa<DrawOp>(op))
    return 40;
  if (isa<DivOp, RemOp, SqrtOp>(op))
    return 4;
  // A row of a table is loaded as any other is; single elements are fetched one by one.
  if (auto gather = dyn_cast<GatherOp>(op))
    return cast<RankedTensorType>(gather.getTable().getType()).getRank() > 1 ? 1 : 2;
  if (isa<ConcatOp, PadOp>(op))
    return 2;
  return isIndexing(op) || isa<ConstantOp, DimensionOp, IotaOp>(op) ? 0 : 1;
}

KernelKind tenon::kindOf(Operation *heavy) {
  if (isa<ScatterAddOp>(heavy))
    return KernelKind::scatter;
  if (isa<ArgsortOp>(heavy))
    return KernelKind::sort;
  auto contract = cast<ContractOp>(heavy);
  auto shape = classifyContraction(contract);
  return shape && isWorthTiling(contract, *shape) ? KernelKind::contraction : KernelKind::reduction;
}

bool tenon::isInlined(Value value, Block &block, const llvm::DenseSet<Value> &stored) {
  if (isFreeExpression(value))
    return true;
  Operation *op = value.getDefiningOp();
  return op && op->getBlock() == &block && isFusible(op) && !stored.contains(value);
}

//===----------------------------------------------------------------------===//
// The choice
//===----------------------------------------------------------------------===//

namespace {
class Chooser {
public:
  explicit Chooser(Block &block) : block(block) {}

  /// Users first, so that an op knows which of its readers are stored.
  llvm::DenseSet<Value> choose() {
    for (Operation &op : llvm::reverse(block)) {
      if (isHeavy(&op)) {
        stored.insert(op.getResult(0));
        continue;
      }
      if (!isFusible(&op))
        continue;
      Value value = op.getResult(0);
      bool outside = false, repeated = false, inWindows = false;
      int readers = 0;
      for (OpOperand &use : value.getUses()) {
        Operation *user = use.getOwner();
        ++readers;
        bool inNested = user->getBlock() != &block;
        bool renamed = isa<ReshapeOp>(user) && stored.contains(user->getResult(0)) &&
                       !isFreeExpression(value) && isa<func::FuncOp>(block.getParentOp());
        bool isComputed = isFusible(user) || isHeavy(user) || isa<CheckOp>(user);
        // Kernels of nested blocks hold such an expression, and what a region hands out is computed
        // there; the first state of a loop is memory wherever the loop stands.
        if (inNested && isFreeExpression(value))
          isComputed = !isa<Repetition>(user);
        else if (inNested)
          isComputed = false;
        outside |= renamed || !isComputed;
        repeated |= repeats(use);
        inWindows |= isReadInWindows(use);
      }
      if (outside) {
        stored.insert(value);
        continue;
      }
      // A repetition is never worth its memory: its operand is.
      if (isFreeExpression(value) || isRepetition(&op))
        continue;
      int price = cost(value);
      costs.clear();
      bool isWorthMemory = !isIndexing(&op) || price > 8 || inWindows;
      if (isWorthMemory &&
          ((repeated && price > repeatLimit) || (readers > 1 && price > recomputeLimitOf(value))))
        stored.insert(value);
    }
    return stored;
  }

private:
  /// Cheaper values than this are computed again rather than stored, and those of large tensors if
  /// one other of that size has to be read for it: a store and a load take longer than arithmetic.
  static constexpr int recomputeLimit = 3, recomputeLimitOfLarge = 10;
  /// The same for values that a broadcast repeats many times.
  static constexpr int repeatLimit = 2;
  /// Elements (of the axes whose extents are known) from which on a tensor isn't in a cache.
  static constexpr int64_t large = 1 << 14;

  bool here(Operation *op) const { return op && op->getBlock() == &block; }
  int cost(Value value) {
    auto known = costs.find(value);
    if (known != costs.end())
      return known->second;
    int total = 1;
    Operation *op = value.getDefiningOp();
    if (op && isFusible(op) && (here(op) || isFreeExpression(value)) && !stored.contains(value)) {
      total = elementCost(op);
      for (Value operand : op->getOperands())
        total += cost(operand);
      // What is dear and repeated will be stored, and then read.
      if (isRepetition(op) && total > repeatLimit)
        total = 1;
    }
    return costs[value] = std::min(total, 1000);
  }

  static bool isLarge(Value value) {
    int64_t elements = 1;
    for (const Dim &extent : dimsOf(cast<RankedTensorType>(value.getType())))
      elements *= std::min<int64_t>(large, extent.constant().value_or(1));
    return elements >= large;
  }
  /// The large tensors that are read where `value` is computed by its readers.
  void addLargeOperands(Value value, llvm::DenseSet<Value> &operands) {
    for (Value operand : value.getDefiningOp()->getOperands()) {
      if (isInlined(operand, block, stored))
        addLargeOperands(operand, operands);
      else if (isLarge(operand))
        operands.insert(operand);
    }
  }
  int recomputeLimitOf(Value value) {
    if (!isLarge(value))
      return recomputeLimit;
    llvm::DenseSet<Value> operands;
    addLargeOperands(value, operands);
    return operands.size() <= 1 ? recomputeLimitOfLarge : recomputeLimit;
  }

  static bool isRepetition(Operation *op) {
    auto broadcast = dyn_cast<BroadcastOp>(op);
    return broadcast && broadcast.getType() != broadcast.getOperand().getType();
  }

  /// True if several loops lead to one element, as those of a convolution's windows do.
  static bool readsWindows(AffineMap map) {
    return llvm::any_of(map.getResults(), [&](AffineExpr place) {
      unsigned loops = 0;
      for (unsigned d = 0; d < map.getNumDims(); ++d)
        loops += place.isFunctionOfDim(d);
      return loops > 1;
    });
  }

  static bool isReadInWindows(OpOperand &use) {
    auto contract = dyn_cast<ContractOp>(use.getOwner());
    return contract && readsWindows(contract.getInputMap(use.getOperandNumber())) &&
           kindOf(contract) == KernelKind::contraction;
  }

  /// True if reading `value` through `use` evaluates its elements several times.
  static bool repeats(OpOperand &use) {
    Operation *user = use.getOwner();
    if (isa<BroadcastOp>(user))
      return isRepetition(user);
    if (auto gather = dyn_cast<GatherOp>(user))
      return use.getOperandNumber() == 0 ||
             cast<RankedTensorType>(gather.getTable().getType()).getRank() > 1;
    if (isa<ScatterAddOp>(user))
      return use.getOperandNumber() == 1;
    if (auto contract = dyn_cast<ContractOp>(user)) {
      // Packing touches each element of both operands once, but for those in several windows.
      if (kindOf(contract) == KernelKind::contraction)
        return isReadInWindows(use);
      AffineMap map = contract.getInputMap(use.getOperandNumber());
      for (unsigned d = 0; d < map.getNumDims(); ++d)
        if (!llvm::any_of(map.getResults(), [&](AffineExpr e) { return e.isFunctionOfDim(d); }) &&
            !contract.getExtentDims()[d].isConstant(1))
          return true;
    }
    return false;
  }

  Block &block;
  llvm::DenseSet<Value> stored;
  llvm::DenseMap<Value, int> costs;
};
} // namespace

llvm::DenseSet<Value> tenon::storedValues(Block &block) { return Chooser(block).choose(); }
