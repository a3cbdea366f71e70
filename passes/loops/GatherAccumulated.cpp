//===- GatherAccumulated.cpp - What a scan only adds up or hands out ------===//
//
//   scan acc { acc = acc + contract(a_t, b_t) }      =  init + contract over t of (a, b)
//   scan acc { acc = acc + broadcast(a_t) * broadcast(b_t) }
//                                                    =  init + contract over t of (a, b)
//                                                       where neither has all axes of acc
//   scan acc { acc = acc + scatter_add(u_t at i_t) } =  init + scatter_add(u at i)
//   scan acc { acc = acc + v_t }                     =  init + sum[t] v    where v is stacked
//   anyway scan ... stack { yield contract(a_t, w) }        =  contract(a, w) after the scan
//
// where a, b, u, i are stacked results of the scan if it computes them itself, else what they are
// made from. Views between the contraction and the sum, or between a stacked value and its use,
// move along. The order of a sum over iterations is that of the slices.
//
//===----------------------------------------------------------------------===//
#include "passes/Passes.h"
#include "passes/fuse/ContractionShape.h"
#include "passes/loops/ChangeScan.h"
#include "passes/loops/Stacker.h"
#include "passes/schedule/InPlace.h"
#include "passes/simplify/ContractParts.h"
#include "passes/simplify/Splat.h"

namespace tenon {
#define GEN_PASS_DEF_GATHERACCUMULATED
#include "passes/Passes.h.inc"
} // namespace tenon

using namespace mlir;
using namespace tenon;

namespace {

/// What leaves the scan, by position, and what the scan must stack for it.
struct GatherPlan {
  SmallVector<unsigned> carried, stacked;
  llvm::SetVector<Value> leaves;
};

bool isHeavy(Operation *op) {
  if (isa_and_nonnull<ScatterAddOp>(op))
    return true;
  auto contract = dyn_cast_or_null<ContractOp>(op);
  return contract && classifyContraction(contract);
}

bool isZero(Value value) { return isSplat(value, 0) || isNegativeZero(value); }

/// The terms that `yield` adds to `carried`, which is used for nothing else; empty if it isn't so.
SmallVector<Value> accumulatedTerms(Value yield, BlockArgument carried) {
  auto sum = yield.getDefiningOp<AddOp>();
  if (!sum || !sum->hasOneUse() || !carried.hasOneUse() || sum->getBlock() != carried.getOwner())
    return {};
  Value a = sum.getLhs(), b = sum.getRhs();
  if (a == carried)
    return {b};
  if (b == carried)
    return {a};
  for (auto [inner, other] : {std::pair(a, b), std::pair(b, a)})
    if (auto terms = accumulatedTerms(inner, carried); !terms.empty()) {
      terms.push_back(other);
      return terms;
    }
  return {};
}

/// An outer product as a contraction that reduces nothing.
ContractOp contractionOf(OpBuilder &builder, MulOp product, ArrayRef<BroadcastOp> factors) {
  ContractParts parts;
  parts.type = cast<RankedTensorType>(product.getType());
  parts.extents = dimsOf(parts.type);
  auto loops = unsigned(parts.extents.size());
  parts.result = builder.getMultiDimIdentityMap(loops);
  for (BroadcastOp factor : factors) {
    SmallVector<AffineExpr> places;
    for (int64_t axis : factor.getAxes())
      places.push_back(builder.getAffineDimExpr(unsigned(axis)));
    parts.inputs.push_back(factor.getOperand());
    parts.maps.push_back(AffineMap::get(loops, 0, places, builder.getContext()));
  }
  return parts.createProduct(builder, product.getLoc());
}

/// Writes the outer products in a sum as contractions. (Where they aren't gathered after all,
/// simplification writes them as products again.)
void contractOuterProducts(IRRewriter &rewriter, Value term) {
  Operation *op = term.getDefiningOp();
  if (!op || !op->hasOneUse())
    return;
  if (isa<AddOp, NegOp>(op))
    for (Value operand : op->getOperands())
      contractOuterProducts(rewriter, operand);
  if (auto product = dyn_cast<MulOp>(op)) {
    rewriter.setInsertionPoint(product);
    if (auto factors = outerFactors(product))
      rewriter.replaceOp(product, contractionOf(rewriter, product, *factors));
  }
}

//===----------------------------------------------------------------------===//
// Planning
//===----------------------------------------------------------------------===//

class Planner {
public:
  explicit Planner(ScanOp scan) : scan(scan), stacker(scan) {}

  GatherPlan run() {
    planStacked();
    planCarried(/*heavy=*/true);
    planCarried(/*heavy=*/false);
    return plan;
  }

private:
  bool isLocal(Operation *op) { return op && op->getBlock() == &scan.getBody().front(); }

  void planCarried(bool heavy) {
    for (unsigned k = 0; k < scan.getNumCarried(); ++k) {
      if (llvm::is_contained(plan.carried, k) || !isReal(scan.getInit()[k].getType()))
        continue;
      auto terms = accumulatedTerms(scan.getCarriedYields()[k], scan.getCarriedArguments()[k]);
      if (terms.empty())
        continue;
      llvm::SetVector<Value> leaves;
      bool hasHeavy = false;
      for (Value term : terms)
        leavesOfSum(term, leaves, hasHeavy);
      if (anyTable(leaves))
        continue;
      if (hasHeavy != heavy || (!heavy && !llvm::all_of(leaves, [&](Value v) {
            return plan.leaves.contains(v) || llvm::is_contained(scan.getStackedYields(), v);
          })))
        continue;
      plan.carried.push_back(k);
      plan.leaves.insert_range(leaves);
    }
  }

  /// True for a state of which each iteration changes one row: to stack it would copy all of it.
  bool anyTable(const llvm::SetVector<Value> &leaves) {
    for (unsigned k = 0; k < scan.getNumCarried(); ++k)
      if (matchRowUpdate(scan, k) && (leaves.contains(scan.getCarriedYields()[k]) ||
                                      leaves.contains(scan.getCarriedArguments()[k])))
        return true;
    return false;
  }

  /// What the sum of `term` over the iterations needs.
  void leavesOfSum(Value term, llvm::SetVector<Value> &leaves, bool &hasHeavy) {
    Operation *op = term.getDefiningOp();
    if (isLocal(op) && op->hasOneUse()) {
      hasHeavy |= isHeavy(op);
      if (isa<AddOp, NegOp, ReshapeOp, TransposeOp, SliceOp, BroadcastOp>(op) ||
          (isa<PadOp>(op) && isZero(op->getOperand(1)))) {
        for (Value operand : op->getOperands().take_front(isa<AddOp>(op) ? 2 : 1))
          leavesOfSum(operand, leaves, hasHeavy);
        return;
      }
      auto contract = dyn_cast<ContractOp>(op);
      if ((contract && contract.getCombiner() == Combiner::sum) || isa<ScatterAddOp>(op)) {
        for (Value operand : op->getOperands())
          leavesOf(operand, leaves);
        return;
      }
    }
    leavesOf(term, leaves);
  }

  /// What having `value` for all iterations needs.
  void leavesOf(Value value, llvm::SetVector<Value> &leaves) {
    if (stacker.canStack(value))
      return;
    Operation *op = value.getDefiningOp();
    bool isView = isLocal(op) && (isa<ConcatOp, ReshapeOp, TransposeOp, BroadcastOp>(op) ||
                                  (isa<PadOp>(op) && isZero(op->getOperand(1))));
    if (!isView) {
      leaves.insert(value);
      return;
    }
    for (Value operand : op->getOperands())
      leavesOf(operand, leaves);
  }

  void planStacked() {
    for (auto [k, yield] : llvm::enumerate(scan.getStackedYields())) {
      llvm::SetVector<Value> leaves;
      if (!isLocal(yield.getDefiningOp()) || !leavesOfChain(yield, leaves) || anyTable(leaves))
        continue;
      plan.stacked.push_back(k);
      plan.leaves.insert_range(leaves);
    }
  }

  /// True if a contraction leads to `value` by ops that nothing else needs; `leaves` receives what
  /// these ops read.
  bool leavesOfChain(Value value, llvm::SetVector<Value> &leaves) {
    Operation *op = value.getDefiningOp();
    if (!isLocal(op) || !op->hasOneUse() || !Stacker::hasStackedForm(op) ||
        isa<GatherOp, PadOp>(op))
      return false;
    if (isHeavy(op)) {
      for (Value operand : op->getOperands())
        leavesOf(operand, leaves);
      return true;
    }
    bool leads = false;
    llvm::SetVector<Value> others, inner;
    for (Value operand : op->getOperands()) {
      if (leavesOfChain(operand, inner))
        leads = true;
      else
        leavesOf(operand, others);
    }
    if (leads) {
      leaves.insert_range(inner);
      leaves.insert_range(others);
    }
    return leads;
  }

  ScanOp scan;
  Stacker stacker;
  GatherPlan plan;
};

//===----------------------------------------------------------------------===//
// Carrying the plan out
//===----------------------------------------------------------------------===//

struct GatherAccumulated : tenon::impl::GatherAccumulatedBase<GatherAccumulated> {
  void runOnOperation() override {
    SmallVector<ScanOp> scans;
    getOperation().walk<WalkOrder::PostOrder>([&](ScanOp scan) { scans.push_back(scan); });
    for (ScanOp scan : scans)
      gather(scan);
  }

  void gather(ScanOp scan) {
    IRRewriter rewriter(&getContext());
    for (unsigned k = 0; k < scan.getNumCarried(); ++k)
      for (Value term : accumulatedTerms(scan.getCarriedYields()[k], scan.getCarriedArguments()[k]))
        contractOuterProducts(rewriter, term);
    GatherPlan plan = Planner(scan).run();
    if (plan.carried.empty() && plan.stacked.empty())
      return;
    ScanChange change(scan);
    for (Value leaf : plan.leaves)
      if (!llvm::is_contained(scan.getStackedYields(), leaf))
        change.stacked.push_back({leaf, 0});
    scan = cast<ScanOp>(changeScan(rewriter, scan, change).getOperation());

    Stacker stacker(scan);
    for (unsigned k = 0; k < scan.getOutputAxes().size(); ++k)
      if (!llvm::is_contained(plan.stacked, k))
        stacker.setLeaf(scan.getStackedYields()[k],
                        {scan.getStackedResults()[k], scan.getOutputAxes()[k]});
    OpBuilder builder(&getContext());
    builder.setInsertionPointAfter(scan);
    for (unsigned k : plan.stacked)
      gatherStacked(builder, scan, stacker, k);
    for (unsigned k : plan.carried)
      gatherCarried(builder, scan, stacker, k);
  }

  void gatherStacked(OpBuilder &builder, ScanOp scan, Stacker &stacker, unsigned k) {
    Value result = scan.getStackedResults()[k];
    Value all = stacker.stackInFront(builder, scan.getStackedYields()[k]);
    int64_t axis = scan.getOutputAxes()[k];
    if (axis != 0) {
      auto rank = cast<RankedTensorType>(result.getType()).getRank();
      auto permutation = llvm::to_vector(llvm::seq<int64_t>(1, rank));
      permutation.insert(permutation.begin() + axis, 0);
      all = TransposeOp::create(builder, scan.getLoc(), result.getType(), all, permutation);
    }
    result.replaceAllUsesWith(all);
  }

  void gatherCarried(OpBuilder &builder, ScanOp scan, Stacker &stacker, unsigned k) {
    Value init = scan.getInit()[k], result = scan.getCarriedResults()[k];
    Value total = isZero(init) ? Value() : init;
    for (Value term : accumulatedTerms(scan.getCarriedYields()[k], scan.getCarriedArguments()[k])) {
      Value sum = sumOf(builder, scan, stacker, term);
      total = total ? AddOp::create(builder, scan.getLoc(), init.getType(), total, sum).getResult()
                    : sum;
    }
    result.replaceAllUsesWith(total);
  }

  /// The sum of `term` over all iterations, by the same steps as `Planner::leavesOfSum`.
  Value sumOf(OpBuilder &builder, ScanOp scan, Stacker &stacker, Value term) {
    Operation *op = term.getDefiningOp();
    Location loc = term.getLoc();
    if (op && op->getBlock() == &scan.getBody().front() && op->hasOneUse()) {
      if (isa<AddOp, NegOp, ReshapeOp, TransposeOp, SliceOp, BroadcastOp>(op) ||
          (isa<PadOp>(op) && isZero(op->getOperand(1)))) {
        IRMapping mapping;
        for (Value operand : op->getOperands().take_front(isa<AddOp>(op) ? 2 : 1))
          mapping.map(operand, sumOf(builder, scan, stacker, operand));
        if (isa<PadOp>(op))
          mapping.map(op->getOperand(1), stacker.stack(builder, op->getOperand(1)).value);
        return builder.clone(*op, mapping)->getResult(0);
      }
      auto contract = dyn_cast<ContractOp>(op);
      if (contract && contract.getCombiner() == Combiner::sum)
        return stacker.sumOverIterations(builder, contract);
      if (auto scatter = dyn_cast<ScatterAddOp>(op))
        return ScatterAddOp::create(builder, loc, scatter.getType(),
                                    stacker.stackInFront(builder, scatter.getUpdates()),
                                    stacker.stackInFront(builder, scatter.getIndices()));
    }
    return sumOfAny(builder, stacker, term);
  }

  static Value sumOfAny(OpBuilder &builder, Stacker &stacker, Value term) {
    Value all = stacker.stackInFront(builder, term);
    auto dims = dimsOf(cast<RankedTensorType>(all.getType()));
    MLIRContext *context = term.getContext();
    AffineMap everywhere = AffineMap::getMultiDimIdentityMap(dims.size(), context);
    auto sum = ContractOp::create(
        builder, term.getLoc(), term.getType(), all, Combiner::sum, DimsAttr::get(context, dims),
        builder.getAffineMapArrayAttr({everywhere, everywhere.dropResult(0)}), DimsAttr());
    Block *body = sum.getBody().empty() ? &sum.getBody().emplaceBlock() : &sum.getBody().front();
    BlockArgument element = body->addArgument(elementOf(term.getType()), term.getLoc());
    OpBuilder inside = OpBuilder::atBlockEnd(body);
    YieldOp::create(inside, term.getLoc(), ValueRange(element));
    return sum;
  }
};

} // namespace
