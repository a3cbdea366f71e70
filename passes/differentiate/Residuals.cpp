//===- Residuals.cpp - What a reverse pass saves and recomputes -----------===//
//
// The network of the cut: every value of the first part is two nodes with an edge of what saving it
// costs; every op is a node which the source reaches at the cost of computing it again, and which
// leads to its results. Unlimited edges lead from values to the ops that use them and from values
// the reverse uses to the sink. On the sink's side is what the reverse has; a value that is there
// only with its second node is saved, an op that is there is computed again.
//
// A value along the steps of a loop in the block can't be saved, since another run of the block may
// make another number of steps: such a loop is run again, and whatever uses the number of its steps
// needs the loop.
//
//===----------------------------------------------------------------------===//
#include "passes/differentiate/Residuals.h"

#include "ir/dialect/NamedDims.h"
#include "ir/graph/Graph.h"
#include "passes/differentiate/Cost.h"
#include "passes/differentiate/Segments.h"

#include "mlir/IR/Remarks.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"

using namespace mlir;
using namespace tenon;

namespace {
class CutNetwork {
public:
  CutNetwork(const JointBlock &joint, const BoundDims &bound);

  ArrayRef<Operation *> reverse() const { return reverseOps; }
  /// The values to save, in the order of the block.
  SmallVector<Value> saved() const;

private:
  struct ValueNodes {
    int computed, available;
  };
  void classify();
  void addValue(Value value);
  void addOp(Operation *op);
  void require(Value value);
  void requireLoops(Operation *op, int user);
  void connect(int from, int to, int64_t capacity) { edges.push_back({from, to, capacity}); }

  static constexpr int source = 0, sink = 1;
  const JointBlock &joint;
  const BoundDims &bound;
  SmallVector<Operation *> reverseOps;
  ValueSet inReverse, invariant;
  llvm::DenseMap<Value, ValueNodes> nodes;
  llvm::DenseMap<Operation *, int> opNodes;
  SmallVector<Value> values;
  std::vector<graph::CapacityEdge> edges;
  int count = 2;
};
} // namespace

CutNetwork::CutNetwork(const JointBlock &joint, const BoundDims &bound)
    : joint(joint), bound(bound) {
  classify();
  ValueSet given(joint.given.begin(), joint.given.end());
  for (BlockArgument argument : joint.block->getArguments())
    if (!given.contains(argument) && !inReverse.contains(argument)) {
      addValue(argument);
      connect(source, nodes[argument].computed, graph::unlimited);
    }
  llvm::SmallPtrSet<Operation *, 16> isReverse(reverseOps.begin(), reverseOps.end());
  for (Operation &op : joint.block->without_terminator()) {
    if (!isReverse.contains(&op)) {
      addOp(&op);
      continue;
    }
    llvm::for_each(usedValues(&op), [&](Value value) { require(value); });
    requireLoops(&op, sink);
  }
  llvm::for_each(joint.outputs, [&](Value value) { require(value); });
}

/// Finds the reverse, and the values that no argument leads to.
void CutNetwork::classify() {
  inReverse.insert(joint.cotangents.begin(), joint.cotangents.end());
  for (Operation &op : joint.block->without_terminator()) {
    auto used = usedValues(&op);
    if (llvm::any_of(used, [&](Value value) { return inReverse.contains(value); })) {
      reverseOps.push_back(&op);
      inReverse.insert(op.result_begin(), op.result_end());
      continue;
    }
    bool isInvariant = llvm::all_of(used, [&](Value value) {
      return value.getParentBlock() != joint.block || invariant.contains(value);
    });
    if (isInvariant && joint.invariantsAreFree)
      invariant.insert(op.result_begin(), op.result_end());
  }
}

void CutNetwork::addValue(Value value) {
  nodes[value] = {count, count + 1};
  values.push_back(value);
  // What is written anyway is only read once more.
  bool isKept = llvm::is_contained(joint.kept, value);
  auto loop = value.getDefiningOp<Repetition>();
  bool isOfSegment =
      loop && isSegment(loop) && cast<OpResult>(value).getResultNumber() >= loop.getNumCarried();
  bool isSavable = !isOfSegment && !bound.areIn(value.getType());
  connect(count, count + 1, isSavable ? savingCost(value) / (isKept ? 2 : 1) : graph::unlimited);
  count += 2;
}

void CutNetwork::addOp(Operation *op) {
  int node = count++;
  opNodes[op] = node;
  bool isFree = op->getNumResults() > 0 && invariant.contains(op->getResult(0));
  // Checks in a region are left out of its copy.
  bool isRepeatable = !isa<CheckOp>(op);
  connect(source, node, isRepeatable ? (isFree ? 0 : recomputingCost(op)) : graph::unlimited);
  for (Value operand : usedValues(op))
    if (auto it = nodes.find(operand); it != nodes.end())
      connect(it->second.available, node, graph::unlimited);
  requireLoops(op, node);
  for (Value result : op->getResults()) {
    addValue(result);
    connect(node, nodes[result].computed, graph::unlimited);
  }
}

/// `user` on the sink's side has the loops there whose steps `op` uses.
void CutNetwork::requireLoops(Operation *op, int user) {
  for (Operation *loop : bound.usedBy(op))
    connect(opNodes.lookup(loop), user, graph::unlimited);
}

void CutNetwork::require(Value value) {
  if (auto it = nodes.find(value); it != nodes.end())
    connect(it->second.available, sink, graph::unlimited);
}

SmallVector<Value> CutNetwork::saved() const {
  auto cut = graph::minimumCut(count, edges, source, sink);
  SmallVector<Value> result;
  for (Value value : values) {
    auto [computed, available] = nodes.lookup(value);
    if (cut.onSourceSide[computed] && !cut.onSourceSide[available])
      result.push_back(value);
  }
  return result;
}

static void report(const Separation &parts) {
  auto say = [](Value value, StringRef name, StringRef what) {
    std::string text;
    llvm::raw_string_ostream(text) << what << value.getType();
    remark::analysis(value.getLoc(), remark::RemarkOpts::name(name).category("differentiate"))
        << text;
  };
  for (Value value : parts.saved)
    say(value, "saved", "saved for the derivative: ");
  llvm::SmallPtrSet<Operation *, 16> reverse(parts.reverse.begin(), parts.reverse.end());
  for (Operation *op : parts.second)
    if (!reverse.contains(op) && recomputingCost(op) > 0)
      say(op->getResult(0), "recomputed", "computed again for the derivative: ");
}

Separation tenon::separate(const JointBlock &joint) {
  BoundDims bound(*joint.block, BoundDims::Depth::Block);
  CutNetwork network(joint, bound);
  Separation parts;
  parts.saved = network.saved();
  llvm::append_range(parts.reverse, network.reverse());

  ValueSet have(parts.saved.begin(), parts.saved.end());
  ValueSet needed(joint.outputs.begin(), joint.outputs.end());
  llvm::SmallPtrSet<Operation *, 4> loops;
  for (Operation &op : llvm::reverse(joint.block->without_terminator())) {
    bool isNeeded = loops.contains(&op) || llvm::any_of(op.getResults(), [&](Value result) {
                      return needed.contains(result) && !have.contains(result);
                    });
    if (!isNeeded)
      continue;
    parts.second.push_back(&op);
    for (Value value : usedValues(&op))
      needed.insert(value);
    auto used = bound.usedBy(&op);
    loops.insert(used.begin(), used.end());
  }
  std::reverse(parts.second.begin(), parts.second.end());
  report(parts);
  return parts;
}

void tenon::cloneSecondPart(OpBuilder &builder, const Separation &parts, IRMapping &mapping) {
  ValueSet saved(parts.saved.begin(), parts.saved.end());
  SmallVector<Operation *> copies;
  for (Operation *op : parts.second) {
    SmallVector<std::pair<Value, Value>> kept;
    for (Value result : op->getResults())
      if (saved.contains(result))
        kept.push_back({result, mapping.lookup(result)});
    copies.push_back(builder.clone(*op, mapping));
    copies.back()->walk([](CheckOp check) { check.erase(); });
    for (auto [result, residual] : kept)
      mapping.map(result, residual);
  }
  renameBoundDims(copies);
}

void tenon::eraseReverse(const JointBlock &joint, const Separation &parts) {
  for (Operation *op : llvm::reverse(parts.reverse))
    op->erase();
  ValueSet saved(parts.saved.begin(), parts.saved.end());
  for (Operation &op : llvm::make_early_inc_range(llvm::reverse(*joint.block))) {
    bool isSaved = llvm::any_of(op.getResults(), [&](Value v) { return saved.contains(v); });
    if (!isSaved && op.use_empty() && !op.hasTrait<OpTrait::IsTerminator>() &&
        isMemoryEffectFree(&op))
      op.erase();
  }
}
