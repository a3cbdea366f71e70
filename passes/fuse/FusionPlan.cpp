//===- FusionPlan.cpp - Which ops of a block become one kernel ------------===//
#include "passes/fuse/FusionPlan.h"

#include "ir/dialect/NamedDims.h"
#include "passes/fuse/ContractionShape.h"
#include "passes/fuse/StoredValues.h"

using namespace mlir;
using namespace tenon;

namespace {
class Planner {
public:
  explicit Planner(Block &block)
      : block(block), bound(block, BoundDims::Depth::Block), stored(storedValues(block)) {}

  FusionPlan run() {
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

  /// True if `value` is computed where it is read instead of loaded.
  bool isInlined(Value value) const { return tenon::isInlined(value, block, stored); }

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
  SmallVector<FusionGroup> groups;
  SmallVector<bool> alive;
  SmallVector<Reads> reads;
  SmallVector<Operation *> stays;
  llvm::DenseMap<Value, unsigned> producer;
  SmallVector<llvm::SmallDenseSet<unsigned, 4>> inputs;
};
} // namespace

FusionPlan tenon::planFusion(Block &block) { return Planner(block).run(); }
