//===- ReductionKernel.cpp - Any contraction, and maps on its result ------===//
//
// Two shapes. Columns: a vector of neighbouring results, each element's terms joined in ascending
// order. Rows: one result at a time, its terms in 16 lanes, lane l taking every 16th of the
// innermost reduced loop from l on, the lanes joined by a fixed tree at the end. Which of the two,
// and so the order of a sum, follows from shapes and layouts alone.
//
//===----------------------------------------------------------------------===//
#include "codegen/cpu/kernel/CombineCode.h"
#include "codegen/cpu/kernel/ContractPlace.h"
#include "codegen/cpu/kernel/ElementLoops.h"
#include "codegen/cpu/kernel/Kernels.h"

namespace tenon::cpu {

namespace {

constexpr unsigned rowLanes = 16;

class ReductionKernel {
public:
  ReductionKernel(Emission &e, ContractOp contract)
      : e(e), contract(contract), axes(contract), combine(e, contract), values(e.request.op) {}

  llvm::Expected<EmittedKernel> emit() {
    resultAxes = axes.extents.size() - axes.reduced.size();
    chooseShape();
    unsigned lanes = byRows ? rowLanes : columnLanes();
    ElementLoops loops(results, e.request.partitionAxis, byRows ? 1 : lanes, work());
    Pull pull(e, lanes);
    pull.bind(contract.getResult(), [&](const Place &place, const Mask *) -> Value * {
      if (current && place == *current)
        return result;
      if (!pull.unknown)
        pull.unknown = contract;
      return llvm::Constant::getNullValue(e.registerType(elementOf(contract.getType())));
    });
    auto body = [&](llvm::ArrayRef<Place> places, Value *mask) {
      for (auto [place, value] : llvm::zip(places, reduce(pull, places, mask))) {
        current = place;
        result = value;
        emitElements(pull, values, place, mask);
        current.reset();
      }
    };
    if (unsigned count = tileRows(lanes); count > 1 && loops.canTile())
      loops.emitTiles(e, pull.math, count, body);
    else
      loops.emit(e, pull.math, [&](const Place &place, Value *mask) { body(place, mask); });
    if (combine.unknown)
      return cannot(combine.unknown, "no code for this op in a contraction");
    if (auto error = finish(pull))
      return std::move(error);
    return EmittedKernel{"", loops.tasks, loops.grain, 0};
  }

private:
  /// Of a lane, in additions; and of terms.
  static constexpr int muchWork = 20;
  static constexpr int64_t longChain = 64;

  //===--------------------------------------------------------------------===//
  // The shape
  //===--------------------------------------------------------------------===//

  struct Shape {
    llvm::SmallVector<LoopGroup> results, reduced;
    AccessCosts costs;
  };

  /// Of all that the kernel computes, or of some values.
  AccessCosts survey(llvm::ArrayRef<LoopGroup> results, llvm::ArrayRef<LoopGroup> reduced,
                     bool byRows) {
    return survey(results, reduced, byRows, values.all, true);
  }
  AccessCosts survey(llvm::ArrayRef<LoopGroup> results, llvm::ArrayRef<LoopGroup> reduced,
                     bool byRows, llvm::ArrayRef<m::Value> surveyed, bool writes) {
    SurveyedContraction inside{contract, {}, {}};
    for (auto [i, group] : llvm::enumerate(reduced)) {
      bool isLane = byRows && i + 1 == reduced.size();
      inside.reduced.push_back(isLane ? LaneStride{LaneStride::Strided, Dim(1)} : LaneStride{});
      inside.groups.push_back(group.count);
    }
    return surveyAccess(e.request, surveyed,
                        surveyPlace(results, byRows ? ~0u : results.size() - 1), inside, writes);
  }

  Shape planShape(bool byRows) {
    Shape shape;
    auto extents = llvm::ArrayRef(axes.extents);
    for (unsigned i = resultAxes; i < extents.size(); ++i)
      shape.reduced.push_back({i, 1, extents[i]});
    shape.results = mergeAxes(
        extents.take_front(resultAxes),
        [&](llvm::ArrayRef<LoopGroup> groups) { return survey(groups, shape.reduced, byRows); },
        [&](unsigned axis) { return e.request.isBorder(axis); });
    // The place in its loop is what argmax answers, so that stays one loop.
    auto merged = mergeAxes(
        extents.drop_front(resultAxes),
        [&](llvm::ArrayRef<LoopGroup> groups) { return survey(shape.results, groups, byRows); },
        [](unsigned) { return false; });
    shape.reduced.assign(merged.begin(), merged.end());
    shape.costs = survey(shape.results, shape.reduced, byRows);
    return shape;
  }

  void chooseShape() {
    Shape columns = planShape(false), rows = planShape(true);
    auto lanesOf = [](llvm::ArrayRef<LoopGroup> groups, int64_t most) -> int64_t {
      if (groups.empty())
        return 1;
      return std::clamp<int64_t>(groups.back().extent.constant().value_or(most), 1, most);
    };
    int64_t across = lanesOf(columns.results, 64), along = lanesOf(rows.reduced, rowLanes);
    byRows = columns.results.empty() ||
             (!rows.reduced.empty() && rows.costs.total() * across < columns.costs.total() * along);
    Shape &chosen = byRows ? rows : columns;
    results = chosen.results;
    reduced = chosen.reduced;
    costs = chosen.costs;
    termCosts = survey(results, reduced, byRows, {contract.getResult()}, false);
  }

  /// Several registers of columns at once, so that a walk down them takes whole stretches of cache
  /// lines; not where each lane is much work, be it for a term or, of few terms, at the end.
  unsigned columnLanes() {
    unsigned lanes = vectorLanes(e.request, e.target);
    if (termCosts.work < muchWork && (costs.work < muchWork || terms() >= longChain))
      lanes *= 4;
    return narrowedLanes(lanes, results.back().extent);
  }

  /// Rows of columns to take together: each is one chain of terms, so that a register of them alone
  /// waits for every addition. Not where the chains are short or a term is much work.
  unsigned tileRows(unsigned lanes) {
    unsigned registers = std::max(1u, lanes / vectorLanes(e.request, e.target));
    if (byRows || combine.rounds() > 1 || costs.work >= muchWork || terms() < longChain)
      return 1;
    return std::max(1u, 4 / registers);
  }

  /// How many are joined, where that is known; 64 for an unknown extent.
  int64_t terms() {
    int64_t terms = 1;
    for (const LoopGroup &group : reduced)
      terms = std::min<int64_t>(1 << 20,
                                terms * std::max<int64_t>(1, group.extent.constant().value_or(64)));
    return terms;
  }

  int64_t work() { return terms() * std::max(1, costs.total()); }

  //===--------------------------------------------------------------------===//
  // The loops
  //===--------------------------------------------------------------------===//

  /// What the contraction is at each of the places. Several have one round.
  Values reduce(Pull &pull, llvm::ArrayRef<Place> places, Value *mask) {
    Value *previous = nullptr;
    Values last, results;
    for (unsigned round = 0; round < combine.rounds(); ++round) {
      combine.startRound(round, previous);
      bool isScalar = byRows ? reduced.empty() : false;
      Values neutral = combine.neutral(isScalar ? 1 : pull.math.lanes), start;
      for (size_t i = 0; i < places.size(); ++i)
        start.append(neutral);
      last = nest(pull, llvm::SmallVector<Place>(places), 0, start, mask, nullptr);
      if (byRows)
        last = combine.joinLanes(last);
      previous = last[0];
    }
    size_t each = last.size() / places.size();
    for (size_t i = 0; i < places.size(); ++i)
      results.push_back(combine.finish(Values(llvm::ArrayRef(last).slice(i * each, each))));
    return results;
  }

  Values nest(Pull &pull, llvm::ArrayRef<Place> domains, unsigned depth, Values accumulators,
              Value *mask, Value *at) {
    if (depth == reduced.size()) {
      const Mask *readable = pull.mask(mask);
      size_t each = accumulators.size() / domains.size();
      Values next;
      for (auto [k, domain] : llvm::enumerate(domains)) {
        Values elements;
        for (auto [i, input] : llvm::enumerate(contract.getInputs()))
          elements.push_back(pull.element(input, axes.operand(pull.move, i, domain), readable));
        // In columns, lanes outside the mask are never stored.
        next.append(combine.step(Values(llvm::ArrayRef(accumulators).slice(k * each, each)),
                                 elements, at ? at : e.number(0), byRows ? mask : nullptr));
      }
      return next;
    }
    const LoopGroup &group = reduced[depth];
    Value *end = e.dim(group.extent);
    bool isLane = byRows && depth + 1 == reduced.size();
    unsigned step = isLane ? rowLanes : 1;
    return e.loop(e.number(0), end, e.number(step), accumulators,
                  [&](Value *i, llvm::ArrayRef<Value *> carried) {
                    Index index =
                        isLane ? Index::strided(i, e.number(1), rowLanes) : Index::uniform(i);
                    llvm::SmallVector<Place> inner(domains);
                    for (Place &domain : inner)
                      domain.append(index, group.count);
                    Value *lanes = mask;
                    if (isLane && !isMultipleOf(group.extent, rowLanes))
                      lanes = pull.math.below(e.b.CreateSub(end, i));
                    Value *number = isLane ? pull.math.vector(index) : i;
                    return nest(pull, inner, depth + 1, Values(carried), lanes, number);
                  });
  }

  Emission &e;
  ContractOp contract;
  ContractPlace axes;
  CombineCode combine;
  KernelValues values;
  unsigned resultAxes = 0;
  bool byRows = false;
  llvm::SmallVector<LoopGroup> results, reduced;
  AccessCosts costs, termCosts; ///< of an element, and of one of its terms
  std::optional<Place> current;
  Value *result = nullptr;
};

} // namespace

llvm::Expected<EmittedKernel> emitReductionKernel(Emission &e, ContractOp contract) {
  return ReductionKernel(e, contract).emit();
}

} // namespace tenon::cpu
