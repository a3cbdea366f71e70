//===- Cost.cpp - What saving and recomputing a value costs ---------------===//
#include "passes/differentiate/Cost.h"

#include "llvm/ADT/TypeSwitch.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace tenon;

namespace {
// Of one element, in quarters of a byte moved. A map is fused with its neighbours and costs its
// arithmetic alone; an elementary function is 20 to 40 vector instructions.
constexpr int64_t cheap = 2;
constexpr int64_t division = 16;
constexpr int64_t elementary = 96;
constexpr int64_t moved = 4;
constexpr int64_t philox = 16;
// Of a vector of f32, on the widest machine.
constexpr int64_t lanes = 16;
} // namespace

static int64_t nominal(const Dim &dim) {
  auto value = dim.evaluate([](const std::string &) { return std::optional(nominalExtent); });
  // Beyond 2^40 elements everything is equally dear, and sums of costs stay far from overflow.
  return std::clamp<int64_t>(value.value_or(1), 1, int64_t(1) << 40);
}

static int64_t elements(Type type) {
  auto tensor = dyn_cast<RankedTensorType>(type);
  return tensor ? nominal(elementsOf(tensor)) : 1;
}

int64_t tenon::savingCost(Value value) {
  unsigned bits = elementOf(value.getType()).getIntOrFloatBitWidth();
  return 2 * 4 * elements(value.getType()) * ((bits + 7) / 8);
}

static int64_t blockCost(Block &block) {
  int64_t sum = 0;
  for (Operation &op : block.without_terminator())
    sum += recomputingCost(&op);
  return sum;
}

/// Of one element of the result.
static int64_t mapCost(Operation *op) {
  bool isRealMap = isReal(op->getResult(0).getType());
  if (isa<DivOp, RemOp, SqrtOp>(op))
    return division;
  if (isa<ExpOp, Expm1Op, LogOp, Log1pOp, SinOp, CosOp, TanhOp, SigmoidOp, SoftplusOp, ErfOp>(op) ||
      (isa<PowOp>(op) && isRealMap))
    return elementary;
  return cheap;
}

static int64_t drawCost(DrawOp draw) {
  return draw.getDistribution() == Distribution::normal ? elementary + philox : philox;
}

/// Points of the iteration space, with the lanes of vectors along its longest extent that are left
/// empty: a small product takes more time than its arithmetic.
static int64_t computedPoints(ContractOp contract) {
  Dim points(1);
  int64_t longest = 1;
  for (const Dim &extent : contract.getExtentDims()) {
    points = points * extent;
    longest = std::max(longest, nominal(extent));
  }
  return nominal(points) / longest * int64_t(llvm::alignTo(longest, lanes));
}

int64_t tenon::recomputingCost(Operation *op) {
  int64_t size = op->getNumResults() == 0 ? 0 : elements(op->getResult(0).getType());
  return llvm::TypeSwitch<Operation *, int64_t>(op)
      .Case<ConstantOp, DimensionOp, IotaOp, BroadcastOp, ReshapeOp>([](auto) { return 0; })
      .Case([&](DrawOp draw) { return size * drawCost(draw); })
      .Case([&](GatherOp) { return size * 2 * moved; })
      .Case([&](ScatterAddOp scatter) {
        return size * moved + elements(scatter.getUpdates().getType()) * 4 * moved;
      })
      .Case([&](ContractOp contract) {
        int64_t body = blockCost(contract.getBody().front());
        return computedPoints(contract) *
               (body + cheap + (contract.getCombiner() == Combiner::logsumexp ? elementary : 0));
      })
      .Case([&](ScanOp scan) {
        return nominal(scan.getExtentDim()) * blockCost(scan.getBody().front());
      })
      .Case([&](LoopOp loop) {
        int64_t steps = loop.getBoundDim() ? nominal(*loop.getBoundDim()) : nominalExtent;
        return std::min(steps, nominalExtent) * blockCost(loop.getBody().front());
      })
      .Case([&](CustomGradientOp custom) { return blockCost(custom.getBody().front()); })
      .Case([&](ArgsortOp sort) {
        int64_t row = nominal(dimsOf(sort.getType()).back());
        return size * moved * (4 + 2 * int64_t(llvm::Log2_64_Ceil(uint64_t(row))));
      })
      .Case([&](IfOp branch) {
        return std::max(blockCost(branch.getThenRegion().front()),
                        blockCost(branch.getElseRegion().front()));
      })
      .Case([&](MapOp map) { return size * mapCost(map); })
      .Default([&](Operation *) { return size * moved; });
}
