//===- FormKernels.cpp - Puts the planned groups into kernel ops ----------===//
//
// Every op of a function that computes tensors ends in a `tenon.kernel`. What decides the groups is
// in FusionPlan.cpp; here they are only carried out, the innermost blocks first.
//
//===----------------------------------------------------------------------===//
#include "ir/dialect/Derivatives.h"
#include "ir/dialect/NamedDims.h"
#include "ir/graph/Graph.h"
#include "passes/Passes.h"
#include "passes/fuse/FusionPlan.h"

#include "mlir/Analysis/TopologicalSortUtils.h"
#include "mlir/Transforms/RegionUtils.h"

namespace tenon {
#define GEN_PASS_DEF_FORMKERNELS
#include "passes/Passes.h.inc"
} // namespace tenon

using namespace mlir;
using namespace tenon;

namespace {

/// Two rows of records for each row that is sorted: an element and its place, in one or two words.
RankedTensorType sortWorkspace(ArgsortOp sort) {
  Type element = elementOf(sort.getOperand().getType());
  auto dims = dimsOf(cast<RankedTensorType>(sort.getType()));
  dims.back() = dims.back() * Dim(element.getIntOrFloatBitWidth() <= 32 ? 2 : 4);
  return tensorType(sort.getContext(), dims, IntegerType::get(sort.getContext(), 64));
}

/// Builds the kernel of one group in front of the block's terminator.
class KernelBuilder {
public:
  KernelBuilder(Block &block, const FusionPlan &plan, const FusionGroup &group)
      : block(block), plan(plan), group(group) {}

  KernelOp build() {
    for (Value yield : group.yields)
      collect(yield, /*isRoot=*/true);
    for (Operation *check : group.checks)
      collect(check->getOperand(0), /*isRoot=*/false);

    SmallVector<Location> locations;
    for (Value yield : group.yields)
      locations.push_back(yield.getLoc());
    for (Operation *check : group.checks)
      locations.push_back(check->getLoc());
    OpBuilder builder(block.getTerminator());
    Location loc = builder.getFusedLoc(locations);
    SmallVector<Value> inputs(operands.begin(), operands.end());
    SmallVector<Type> types(ValueRange(group.yields).getTypes());
    if (group.kind == KernelKind::sort)
      types.push_back(sortWorkspace(cast<ArgsortOp>(group.heavy)));
    auto kernel = KernelOp::create(builder, loc, types, inputs, group.kind, name());
    Block *body =
        kernel.getBody().empty() ? &kernel.getBody().emplaceBlock() : &kernel.getBody().front();
    IRMapping mapping;
    for (Value input : inputs)
      mapping.map(input, body->addArgument(input.getType(), input.getLoc()));
    builder.setInsertionPointToStart(body);
    for (Operation *op : ops)
      builder.clone(*op, mapping);
    for (Operation *check : group.checks)
      builder.clone(*check, mapping);
    SmallVector<Value> yields;
    for (Value yield : group.yields)
      yields.push_back(mapping.lookup(yield));
    if (group.kind == KernelKind::sort)
      yields.push_back(filled(builder, loc, types.back(), 0));
    YieldOp::create(builder, loc, yields);
    return kernel;
  }

private:
  /// Lists what computes `value` inside the kernel, operands first.
  void collect(Value value, bool isRoot) {
    Operation *op = value.getDefiningOp();
    bool inside =
        isRoot || isFreeExpression(value) || (op && op->getBlock() == &block && isOwn(value, op));
    if (!inside) {
      operands.insert(value);
      return;
    }
    if (!seen.insert(op).second)
      return;
    for (Value operand : op->getOperands())
      collect(operand, /*isRoot=*/false);
    ops.push_back(op);
  }
  bool isOwn(Value value, Operation *op) {
    if (op == group.heavy || op == group.fold || llvm::is_contained(group.yields, value))
      return true;
    return isFusible(op) && !plan.stored.contains(value);
  }

  /// "add_sigmoid_mul": what is in it, in short.
  std::string name() {
    std::string text;
    StringRef last;
    int parts = 0;
    if (group.heavy) {
      text = group.heavy->getName().stripDialect();
      ++parts;
    }
    for (Operation *op : llvm::reverse(ops)) {
      StringRef part = op->getName().stripDialect();
      if (!isa<MapOp, GatherOp, DrawOp, ConcatOp>(op) || part == last)
        continue;
      if (parts++ == 3)
        break;
      text += (text.empty() ? "" : "_") + part.str();
      last = part;
    }
    if (text.empty())
      text = ops.empty() ? "check" : ops.back()->getName().stripDialect().str();
    return text;
  }

  Block &block;
  const FusionPlan &plan;
  const FusionGroup &group;
  llvm::SetVector<Value> operands;
  llvm::DenseSet<Operation *> seen;
  SmallVector<Operation *> ops;
};

/// Every op after what it uses: the values, and the loops that bind its named dimensions.
void sortByUse(Block &block) {
  BoundDims bound(block, BoundDims::Depth::Block);
  if (bound.empty()) {
    mlir::sortTopologically(&block);
    return;
  }
  SmallVector<Operation *> ops;
  llvm::DenseMap<Operation *, int> places;
  for (Operation &op : block.without_terminator()) {
    places[&op] = int(ops.size());
    ops.push_back(&op);
  }
  // Edges lead to what is used and the order is taken from its end, so that ops without a reason to
  // move stay in their order.
  std::vector<graph::Edge> edges;
  for (auto [i, op] : llvm::enumerate(ops)) {
    auto need = [&, to = int(i)](Operation *from) {
      if (from && from->getBlock() == &block)
        edges.push_back({to, places.lookup(from)});
    };
    llvm::SetVector<Value> captured;
    getUsedValuesDefinedAbove(op->getRegions(), captured);
    for (Value value : captured)
      need(value.getDefiningOp());
    for (Value operand : op->getOperands())
      need(operand.getDefiningOp());
    llvm::for_each(bound.usedBy(op), need);
  }
  auto order = graph::topologicalOrder(int(ops.size()), edges);
  assert(order && "fusion makes no circles");
  for (int place : llvm::reverse(*order))
    ops[place]->moveBefore(block.getTerminator());
}

struct FormKernels : tenon::impl::FormKernelsBase<FormKernels> {
  void runOnOperation() override {
    SmallVector<Block *> blocks;
    getOperation().walk<WalkOrder::PostOrder>([&](Operation *op) {
      if (isa<KernelOp, ContractOp>(op))
        return;
      for (Region &region : op->getRegions())
        for (Block &block : region)
          blocks.push_back(&block);
    });
    for (Block *block : blocks)
      if (!block->empty())
        form(*block);
  }

  void form(Block &block) {
    FusionPlan plan = planFusion(block);
    SmallVector<std::pair<Value, Value>> replacements;
    SmallVector<KernelOp> kernels;
    for (const FusionGroup &group : plan.groups)
      kernels.push_back(KernelBuilder(block, plan, group).build());
    for (auto [group, kernel] : llvm::zip(plan.groups, kernels))
      for (auto [yield, result] : llvm::zip(group.yields, kernel.getResults()))
        yield.replaceAllUsesWith(result);
    for (const FusionGroup &group : plan.groups)
      for (Operation *check : group.checks)
        check->erase();
    eraseDead(block);
    sortByUse(block);
  }

  void eraseDead(Block &block) {
    bool changed = true;
    while (changed) {
      changed = false;
      for (Operation &op : llvm::make_early_inc_range(llvm::reverse(block)))
        if (op.use_empty() && (isFusible(&op) || isa<ContractOp, ScatterAddOp, ArgsortOp>(op))) {
          op.erase();
          changed = true;
        }
    }
  }
};

} // namespace
