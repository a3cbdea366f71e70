//===- FusionPlan.cpp - Which ops of a block become one kernel ------------===//
#include "passes/fuse/FusionPlan.h"

#include "ir/dialect/NamedDims.h"
#include "passes/fuse/ContractionShape.h"

using namespace mlir;
using namespace tenon;

//===----------------------------------------------------------------------===//
// What ops are and cost
//===----------------------------------------------------------------------===//

static bool isHeavy(Operation *op) { return isa<ContractOp, ScatterAddOp, ArgsortOp>(op); }

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

//===----------------------------------------------------------------------===//
// The planner
//===----------------------------------------------------------------------===//

namespace {
class Planner {
public:
  explicit Planner(Block &block) : block(block), bound(block, BoundDims::Depth::Block) {}

  FusionPlan run() {
    chooseStored();
    makeGroups();
    joinFolds();
    joinEpilogues();
    joinScatters();
    joinMaps();
    dropUnreadYields();
    FusionPlan plan;
    plan.stored = stored;
    for (unsigned i = 0; i < groups.size(); ++i)
      if (alive[i])
        plan.groups.push_back(groups[i]);
    return plan;
  }

private:
  /// A kernel may write this many results before registers and pages run short.
  static constexpr unsigned maxYields = 24;
  /// Cheaper values than this are computed again rather than stored, and those of large tensors if
  /// one other of that size has to be read for it: a store and a load take longer than arithmetic.
  static constexpr int recomputeLimit = 3, recomputeLimitOfLarge = 10;
  /// Elements (of the axes whose extents are known) from which on a tensor isn't in a cache.
  static constexpr int64_t large = 1 << 14;
  /// The same for values that a broadcast repeats many times.
  static constexpr int repeatLimit = 2;

  bool here(Operation *op) const { return op && op->getBlock() == &block; }
  /// True if `value` is computed where it is read instead of loaded.
  bool isInlined(Value value) const {
    if (isFreeExpression(value))
      return true;
    Operation *op = value.getDefiningOp();
    return here(op) && isFusible(op) && !stored.contains(value);
  }
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
      Operation *op = operand.getDefiningOp();
      if (op && isFusible(op) && here(op) && !stored.contains(operand))
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

  /// Users first, so that an op knows which of its readers are stored.
  void chooseStored() {
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
    costs.clear();
  }

  /// A reshape of a stored value that is itself stored is another name for the same memory; but not
  /// in a scan, where slices have strides.
  bool isAlias(Value value) const {
    return isa<func::FuncOp>(block.getParentOp()) && value.getDefiningOp<ReshapeOp>() &&
           !isInlined(value.getDefiningOp()->getOperand(0));
  }

  void makeGroups() {
    for (Operation &op : block) {
      FusionGroup group;
      if (auto check = dyn_cast<CheckOp>(op)) {
        group.checks.push_back(check);
      } else if (isHeavy(&op) || (isFusible(&op) && stored.contains(op.getResult(0)))) {
        if (isa<ReshapeOp>(op) && isAlias(op.getResult(0)))
          continue;
        group.yields.push_back(op.getResult(0));
        if (isHeavy(&op)) {
          group.heavy = &op;
          group.kind = kindOf(&op);
        }
      } else {
        continue;
      }
      groups.push_back(group);
    }
    alive.assign(groups.size(), true);
    rebuildEdges();
  }

  static KernelKind kindOf(Operation *heavy) {
    if (isa<ScatterAddOp>(heavy))
      return KernelKind::scatter;
    if (isa<ArgsortOp>(heavy))
      return KernelKind::sort;
    auto contract = cast<ContractOp>(heavy);
    auto shape = classifyContraction(contract);
    return shape && isWorthTiling(contract, *shape) ? KernelKind::contraction
                                                    : KernelKind::reduction;
  }

  //===--------------------------------------------------------------------===//
  // The graph of groups and of the ops that stay
  //===--------------------------------------------------------------------===//

  struct Reads {
    llvm::SetVector<Value> all;
    llvm::DenseSet<Value> elsewhere; // read at another place than the element being computed
    llvm::DenseSet<Operation *> inside;
  };

  /// What a group loads, and how.
  Reads readsOf(const FusionGroup &group) {
    Reads reads;
    llvm::DenseSet<std::pair<Value, unsigned>> seen;
    SmallVector<std::pair<Value, bool>> work;
    auto visit = [&](Operation *op, bool identity) {
      reads.inside.insert(op);
      bool keeps = identity && isa<MapOp>(op);
      for (Value operand : op->getOperands())
        work.push_back({operand, keeps});
    };
    for (Value yield : group.yields)
      visit(yield.getDefiningOp(), true);
    for (Operation *check : group.checks)
      work.push_back({check->getOperand(0), true});
    llvm::DenseSet<Value> own(group.yields.begin(), group.yields.end());
    while (!work.empty()) {
      auto [value, identity] = work.pop_back_val();
      if (!seen.insert({value, identity}).second)
        continue;
      Operation *op = value.getDefiningOp();
      if (op && (op == group.heavy || op == group.fold)) {
        if (reads.inside.insert(op).second)
          for (Value operand : op->getOperands())
            work.push_back({operand, false});
        if (!identity)
          reads.elsewhere.insert(value);
        continue;
      }
      if (isInlined(value) || (own.contains(value) && identity)) {
        visit(value.getDefiningOp(), identity);
        continue;
      }
      reads.all.insert(value);
      if (!identity)
        reads.elsewhere.insert(value);
    }
    return reads;
  }

  /// Nodes are groups, then the ops that stay in the block.
  void rebuildEdges() {
    producer.clear();
    stays.clear();
    for (unsigned g = 0; g < groups.size(); ++g)
      if (alive[g])
        for (Value yield : groups[g].yields)
          producer[yield] = g;
    llvm::DenseMap<Operation *, unsigned> loops;
    unsigned next = groups.size();
    for (Operation &op : block) {
      bool isStoredAlias =
          isa<ReshapeOp>(op) && stored.contains(op.getResult(0)) && isAlias(op.getResult(0));
      if (isHeavy(&op) || isa<CheckOp>(op) || (isFusible(&op) && !isStoredAlias))
        continue;
      for (Value result : op.getResults())
        producer[result] = next;
      stays.push_back(&op);
      loops[&op] = next;
      ++next;
    }
    auto addLoops = [&](Operation *user, unsigned node) {
      for (Operation *loop : bound.usedBy(user))
        inputs[node].insert(loops.lookup(loop));
    };
    inputs.assign(next, {});
    reads.assign(groups.size(), {});
    for (unsigned g = 0; g < groups.size(); ++g) {
      if (!alive[g])
        continue;
      reads[g] = readsOf(groups[g]);
      for (Value value : reads[g].all)
        if (auto p = producer.find(value); p != producer.end() && p->second != g)
          inputs[g].insert(p->second);
      for (Operation *op : reads[g].inside)
        addLoops(op, g);
    }
    for (unsigned i = 0; i < stays.size(); ++i) {
      stays[i]->walk([&](Operation *inner) {
        for (Value operand : inner->getOperands())
          addStoredInputs(operand, groups.size() + i);
      });
      addLoops(stays[i], groups.size() + i);
    }
  }
  void addStoredInputs(Value value, unsigned node) {
    auto p = producer.find(value);
    if (p != producer.end() && p->second != node)
      inputs[node].insert(p->second);
  }

  /// True if `from` needs, directly or not, a value of `to`, by a way with a node in between when
  /// `indirect`.
  bool depends(unsigned from, unsigned to, bool indirect) {
    llvm::DenseSet<unsigned> seen;
    SmallVector<unsigned> work;
    for (unsigned node : inputs[from])
      if (node != to)
        work.push_back(node);
      else if (!indirect)
        return true;
    while (!work.empty()) {
      unsigned node = work.pop_back_val();
      if (!seen.insert(node).second)
        continue;
      for (unsigned input : inputs[node]) {
        if (input == to)
          return true;
        work.push_back(input);
      }
    }
    return false;
  }

  //===--------------------------------------------------------------------===//
  // Joining
  //===--------------------------------------------------------------------===//

  RankedTensorType domain(const FusionGroup &group) {
    Value value = group.yields.empty() ? group.checks.front()->getOperand(0) : group.yields.front();
    return cast<RankedTensorType>(value.getType());
  }
  bool sameDomain(const FusionGroup &a, const FusionGroup &b) {
    return dimsOf(domain(a)) == dimsOf(domain(b));
  }
  bool readsAlongside(unsigned reader, unsigned written) {
    for (Value yield : groups[written].yields)
      if (reads[reader].elsewhere.contains(yield))
        return false;
    return true;
  }
  bool canJoin(unsigned a, unsigned b) {
    return sameDomain(groups[a], groups[b]) &&
           groups[a].yields.size() + groups[b].yields.size() <= maxYields && readsAlongside(a, b) &&
           readsAlongside(b, a) && !depends(a, b, true) && !depends(b, a, true);
  }
  void join(unsigned into, unsigned from) {
    llvm::append_range(groups[into].yields, groups[from].yields);
    llvm::append_range(groups[into].checks, groups[from].checks);
    alive[from] = false;
    rebuildEdges();
  }

  /// Reductions of neighbouring rows of a product are made where those are computed.
  void joinFolds() {
    for (unsigned g = 0; g < groups.size(); ++g)
      for (unsigned r = 0; r < groups.size(); ++r)
        if (alive[g] && alive[r] && canFold(groups[g], r) && !depends(r, g, true)) {
          stored.erase(groups[g].heavy->getResult(0));
          groups[g].fold = groups[r].heavy;
          groups[g].yields = groups[r].yields;
          alive[r] = false;
          rebuildEdges();
        }
  }
  bool canFold(const FusionGroup &product, unsigned r) {
    auto reduction = dyn_cast_or_null<ContractOp>(groups[r].heavy);
    return product.kind == KernelKind::contraction && !product.fold && reduction &&
           groups[r].kind == KernelKind::reduction &&
           joinsRows(reduction, cast<ContractOp>(product.heavy)) &&
           leadsOnlyTo(product.heavy->getResult(0), reduction, r);
  }
  /// True if maps inside group `r` are all that is between `value` and `reduction`.
  bool leadsOnlyTo(Value value, Operation *reduction, unsigned r) {
    return llvm::all_of(value.getUsers(), [&](Operation *user) {
      return user == reduction || (isa<MapOp>(user) && reads[r].inside.contains(user) &&
                                   leadsOnlyTo(user->getResult(0), reduction, r));
    });
  }

  /// Maps over a contraction's result are computed where it is stored.
  void joinEpilogues() {
    for (unsigned g = 0; g < groups.size(); ++g) {
      if (!alive[g] || !groups[g].heavy || groups[g].kind == KernelKind::scatter ||
          groups[g].kind == KernelKind::sort)
        continue;
      for (unsigned m = 0; m < groups.size(); ++m) {
        if (!alive[m] || m == g || groups[m].heavy || !inputs[m].contains(g) || !canJoin(g, m))
          continue;
        join(g, m);
        m = -1u;
      }
    }
  }

  /// Updates of the same rows of several tables are looked for once.
  void joinScatters() {
    for (unsigned a = 0; a < groups.size(); ++a)
      for (unsigned b = a + 1; b < groups.size(); ++b)
        if (alive[a] && alive[b] && canShareWalk(groups[a], groups[b]) && !depends(a, b, false) &&
            !depends(b, a, false))
          join(a, b);
  }
  static bool canShareWalk(const FusionGroup &a, const FusionGroup &b) {
    if (a.kind != KernelKind::scatter || b.kind != KernelKind::scatter ||
        a.yields.size() + b.yields.size() > maxYields)
      return false;
    auto first = cast<ScatterAddOp>(a.heavy), second = cast<ScatterAddOp>(b.heavy);
    auto rows = [](ScatterAddOp op) { return dimsOf(cast<RankedTensorType>(op.getType()))[0]; };
    return first.getIndices() == second.getIndices() && rows(first) == rows(second);
  }

  bool related(unsigned a, unsigned b) {
    if (inputs[a].contains(b) || inputs[b].contains(a))
      return true;
    for (Value value : reads[a].all)
      if (cast<RankedTensorType>(value.getType()).getRank() > 0 && reads[b].all.contains(value))
        return true;
    return llvm::any_of(reads[a].inside, [&](Operation *op) {
      return !isFreeExpression(op->getResult(0)) && reads[b].inside.contains(op);
    });
  }

  void joinMaps() {
    for (unsigned a = 0; a < groups.size(); ++a) {
      if (!alive[a] || groups[a].kind != KernelKind::map)
        continue;
      for (unsigned b = a + 1; b < groups.size(); ++b) {
        if (!alive[b] || groups[b].kind != KernelKind::map || !related(a, b) || !canJoin(a, b))
          continue;
        join(a, b);
        b = a;
      }
    }
  }

  /// A value that only its own kernel reads needs no memory.
  void dropUnreadYields() {
    for (unsigned g = 0; g < groups.size(); ++g) {
      if (!alive[g])
        continue;
      llvm::erase_if(groups[g].yields, [&](Value yield) {
        if (groups[g].yields.size() + groups[g].checks.size() < 2)
          return false;
        bool isOwnAlone = llvm::all_of(yield.getUsers(), [&](Operation *user) {
          return user->getBlock() == &block && reads[g].inside.contains(user) && onlyIn(user, g);
        });
        if (isOwnAlone)
          stored.erase(yield);
        return isOwnAlone;
      });
    }
  }
  /// True if no other group computes `op` for itself.
  bool onlyIn(Operation *op, unsigned group) {
    for (unsigned g = 0; g < groups.size(); ++g)
      if (alive[g] && g != group && reads[g].inside.contains(op))
        return false;
    return true;
  }

  Block &block;
  BoundDims bound;
  llvm::DenseSet<Value> stored;
  llvm::DenseMap<Value, int> costs;
  SmallVector<FusionGroup> groups;
  SmallVector<bool> alive;
  SmallVector<Reads> reads;
  SmallVector<Operation *> stays;
  llvm::DenseMap<Value, unsigned> producer;
  SmallVector<llvm::SmallDenseSet<unsigned, 4>> inputs;
};
} // namespace

FusionPlan tenon::planFusion(Block &block) { return Planner(block).run(); }
