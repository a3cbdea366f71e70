//===- MemoryPlan.cpp - Where every value of a function lives -------------===//
#include "passes/memory/MemoryPlan.h"

#include "passes/memory/LargestSize.h"
#include "passes/schedule/InPlace.h"
#include "passes/schedule/RowPartition.h"

#include "llvm/Support/Format.h"
#include "llvm/Support/raw_ostream.h"

#include <map>

using namespace mlir;
using namespace tenon;

static Dim roundedUp(const Dim &bytes) {
  return *Dim::floorDiv(bytes + Dim(63), Dim(64)) * Dim(64);
}

Dim tenon::bufferBytes(RankedTensorType type) {
  Type element = type.getElementType();
  int64_t width = element.isInteger(1) ? 1 : element.getIntOrFloatBitWidth() / 8;
  Dim bytes(width);
  for (const Dim &extent : dimsOf(type))
    bytes = bytes * extent;
  return roundedUp(bytes);
}

namespace {

class Planner {
public:
  Planner(func::FuncOp function, llvm::function_ref<Dim(KernelOp)> packedBytes)
      : function(function), packedBytes(packedBytes) {}

  MemoryPlan run() {
    function->walk([&](LoopOp loop) {
      if (auto steps = loop.getSteps())
        bounds[*steps] = loop.getBoundDim();
    });
    number();
    collect();
    place();
    layOut();
    return std::move(plan);
  }

private:
  /// Program points: pre-order, and the point after an op's regions.
  void number() {
    int next = 0;
    function->walk([&](Operation *op, const WalkStage &stage) {
      if (op->getParentOfType<KernelOp>())
        return;
      if (stage.isBeforeAllRegions())
        begin[op] = next++;
      if (stage.isAfterAllRegions())
        end[op] = next++;
    });
  }

  void collect() {
    function->walk<WalkOrder::PreOrder>([&](Operation *op) {
      if (auto kernel = dyn_cast<KernelOp>(op)) {
        for (Value result : kernel.getResults())
          if (!hasDestination(result))
            own(result, begin[op],
                kernel.getKind() == KernelKind::pack
                    ? packedBytes(kernel)
                    : bufferBytes(cast<RankedTensorType>(result.getType())));
        return WalkResult::skip();
      }
      if (auto loop = dyn_cast<Repetition>(op))
        collectLoop(loop);
      else if (auto branch = dyn_cast<IfOp>(op))
        for (Value result : branch.getResults())
          if (!hasDestination(result))
            own(result, begin[op], bufferBytes(cast<RankedTensorType>(result.getType())));
      return WalkResult::advance();
    });
  }

  void collectLoop(Repetition loop) {
    for (auto [i, result] : llvm::enumerate(loop.getCarriedResults())) {
      Dim bytes = bufferBytes(cast<RankedTensorType>(result.getType()));
      int halves = isUpdatedInPlace(loop, i) ? 1 : 2;
      for (int half = 0; half < halves; ++half) {
        own(result, begin[loop], bytes);
        auto &buffer = plan.buffers.back();
        buffer.lastUse = std::max(buffer.lastUse, end[loop]);
      }
      plan.bufferOf[result] = plan.buffers.size() - halves;
    }
    for (Value result : loop.getStackedResults())
      if (!hasDestination(result)) {
        own(result, begin[loop], bufferBytes(cast<RankedTensorType>(result.getType())));
        auto &buffer = plan.buffers.back();
        buffer.lastUse = std::max(buffer.lastUse, end[loop]);
      }
  }

  /// True if the value is written straight into somebody else's memory.
  static bool hasDestination(Value value) {
    for (OpOperand &use : value.getUses()) {
      if (isa<func::ReturnOp>(use.getOwner()))
        return true;
      if (isa<YieldOp>(use.getOwner()) && isa<Repetition, IfOp>(use.getOwner()->getParentOp()))
        return true;
      if (auto reshape = dyn_cast<ReshapeOp>(use.getOwner()))
        if (hasDestination(reshape.getResult()))
          return true;
    }
    return false;
  }

  void own(Value value, int from, const Dim &bytes) {
    ArenaBuffer buffer;
    auto most = largestSize(bytes, bounds);
    buffer.bytes = most.value_or(bytes);
    buffer.grows = !most;
    buffer.firstUse = from;
    buffer.lastUse = std::max(from, lastUse(value));
    // Threads that run a scan without waiting for each other are at different kernels of it: no
    // buffer of the body may take another's place.
    if (auto scan = dyn_cast<ScanOp>(value.getParentBlock()->getParentOp());
        scan && rowwise(scan)) {
      buffer.firstUse = begin[scan];
      buffer.lastUse = end[scan];
    }
    if (auto kernel = value.getDefiningOp<KernelOp>())
      buffer.name = kernel.getSymName().str();
    else
      buffer.name = value.getDefiningOp()->getName().stripDialect().str();
    plan.bufferOf[value] = plan.buffers.size();
    plan.buffers.push_back(buffer);
  }

  /// The last program point at which the memory of `value` is read.
  int lastUse(Value value) {
    int last = 0;
    Block *home = value.getParentBlock();
    for (OpOperand &use : value.getUses()) {
      Operation *user = home->findAncestorOpInBlock(*use.getOwner());
      last = std::max(last, end[user]);
      if (auto reshape = dyn_cast<ReshapeOp>(use.getOwner()))
        last = std::max(last, lastUse(reshape.getResult()));
      // A loop that makes no step hands its initial value on in place.
      if (auto loop = dyn_cast<Repetition>(use.getOwner());
          loop && use.getOperandNumber() < loop.getNumCarried())
        last = std::max(last, lastUse(loop.getCarriedResults()[use.getOperandNumber()]));
    }
    return last;
  }

  /// Best fit among the slots that are free for a buffer's whole life and provably large enough.
  void place() {
    std::vector<unsigned> order(plan.buffers.size());
    for (unsigned i = 0; i < order.size(); ++i)
      order[i] = i;
    // Larger buffers choose first, so that small ones fill what they leave.
    // Sizes with names are compared by what they come to for large names.
    auto weight = [](const Dim &bytes) {
      return bytes.evaluate([](const std::string &) { return 1 << 10; }).value_or(INT64_MAX);
    };
    llvm::sort(order, [&](unsigned a, unsigned b) {
      int64_t x = weight(plan.buffers[a].bytes), y = weight(plan.buffers[b].bytes);
      return x != y ? x > y : a < b;
    });
    std::vector<std::vector<unsigned>> users;
    for (unsigned i : order) {
      ArenaBuffer &buffer = plan.buffers[i];
      if (buffer.grows) {
        buffer.slot = plan.slots.size();
        plan.slots.push_back({buffer.bytes, Dim(), plan.grown++});
        users.push_back({i});
        continue;
      }
      int best = -1;
      for (unsigned s = 0; s < plan.slots.size(); ++s) {
        bool isFree = llvm::all_of(users[s], [&](unsigned other) {
          return plan.buffers[other].lastUse < buffer.firstUse ||
                 buffer.lastUse < plan.buffers[other].firstUse;
        });
        if (plan.slots[s].grown >= 0 || !isFree ||
            !(plan.slots[s].bytes - buffer.bytes).isNonNegative())
          continue;
        if (best < 0 || (plan.slots[best].bytes - plan.slots[s].bytes).isNonNegative())
          best = s;
      }
      if (best < 0) {
        best = plan.slots.size();
        plan.slots.push_back({buffer.bytes, Dim()});
        users.emplace_back();
      }
      buffer.slot = best;
      users[best].push_back(i);
    }
  }

  void layOut() {
    Dim offset;
    for (ArenaSlot &slot : plan.slots) {
      if (slot.grown >= 0)
        continue;
      slot.offset = offset;
      offset = offset + slot.bytes;
    }
    plan.arenaBytes = offset;
  }

  bool rowwise(ScanOp scan) {
    auto [place, isNew] = rowwiseScans.try_emplace(scan, false);
    if (isNew)
      place->second = partitionRows(scan).has_value();
    return place->second;
  }

  func::FuncOp function;
  llvm::function_ref<Dim(KernelOp)> packedBytes;
  llvm::DenseMap<Operation *, int> begin, end;
  llvm::DenseMap<Operation *, bool> rowwiseScans;
  DimBounds bounds; // of the steps of loops
  MemoryPlan plan;
};

} // namespace

MemoryPlan tenon::planMemory(func::FuncOp function, llvm::function_ref<Dim(KernelOp)> packedBytes) {
  return Planner(function, packedBytes).run();
}

std::optional<int64_t> MemoryPlan::largestLiveSet(int64_t named) const {
  std::map<int, int64_t> change;
  for (const ArenaBuffer &buffer : buffers) {
    if (buffer.grows)
      continue;
    auto bytes = buffer.bytes.evaluate([&](const std::string &) { return named; });
    if (!bytes)
      return std::nullopt;
    change[buffer.firstUse] += *bytes;
    change[buffer.lastUse + 1] -= *bytes;
  }
  int64_t live = 0, largest = 0;
  for (auto &[point, delta] : change)
    largest = std::max(largest, live += delta);
  return largest;
}

std::string MemoryPlan::describe() const {
  std::string text;
  llvm::raw_string_ostream out(text);
  size_t growing = llvm::count_if(buffers, [](const ArenaBuffer &b) { return b.grows; });
  out << "arena: " << arenaBytes.str() << " bytes in " << slots.size() - grown << " slots for "
      << buffers.size() - growing << " buffers";
  constexpr int64_t named = 32;
  auto arena = arenaBytes.evaluate([&](const std::string &) { return named; });
  auto live = largestLiveSet(named);
  if (arena && live)
    out << "; " << *arena << " for a largest live set of " << *live
        << (arenaBytes.constant() ? "" : " where every named dimension is 32");
  out << "\n";
  for (unsigned s = 0; s < slots.size(); ++s) {
    out << "slot " << s << (slots[s].grown < 0 ? " at " + slots[s].offset.str() : ", grows") << ", "
        << slots[s].bytes.str() << " bytes\n";
    for (const ArenaBuffer &buffer : buffers)
      if (buffer.slot == s)
        out << "  " << llvm::left_justify(buffer.name, 32) << " live " << buffer.firstUse << ".."
            << buffer.lastUse << ", " << buffer.bytes.str() << " bytes\n";
  }
  return text;
}
