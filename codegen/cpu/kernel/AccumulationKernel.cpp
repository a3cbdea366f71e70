//===- AccumulationKernel.cpp - Contractions that write all over ----------===//
//
// Where the result's map isn't a list of loops, points of the domain are added to wherever the map
// says. The sums live in the result's own memory: it is set to the neutral value, the loops run in
// order and join their values one by one, and maps on the result are computed at the end. A loop
// that is an axis of the result by itself can't bring two points to one element, so such loops may
// be lanes or be split among threads.
//
//===----------------------------------------------------------------------===//
#include "codegen/cpu/kernel/CombineCode.h"
#include "codegen/cpu/kernel/ElementLoops.h"
#include "codegen/cpu/kernel/Kernels.h"

namespace tenon::cpu {

namespace {

class AccumulationKernel {
public:
  AccumulationKernel(Emission &e, ContractOp contract)
      : e(e), b(e.b), contract(contract), combine(e, contract), values(e.request.op),
        extents(contract.getExtentDims()), resultMap(contract.getResultMap()),
        type(m::cast<RankedTensorType>(contract.getResult().getType())) {
    if (auto list = contract.getSymbols())
      symbols = list->getDims();
    for (unsigned loop = 0; loop < extents.size(); ++loop)
      position.push_back(loop);
  }

  llvm::Expected<EmittedKernel> emit() {
    if (auto error = findSums())
      return std::move(error);
    chooseLoops();
    if (e.request.partitionAxis && splitAxis != e.request.partitionAxis)
      return cannot(contract, "the partition along an axis of the result that isn't one loop");
    unsigned lanes = vectorLanes(e.request, e.target);
    lanes = laneLoop ? narrowedLanes(lanes, extents[*laneLoop]) : lanes;
    Pull pull(e, lanes);
    bindSums(pull);
    eachElement(pull, [&](const Place &place, Value *mask) {
      pull.storeResult(combine.neutral(1)[0], sums, place, pull.mask(mask));
    });
    llvm::SmallVector<Index> at(extents.size());
    nest(pull, at, 0);
    if (values.all.size() > 1)
      eachElement(
          pull, [&](const Place &place, Value *mask) { emitElements(pull, values, place, mask); });
    if (combine.unknown)
      return cannot(combine.unknown, "no code for this op in a contraction");
    if (auto error = finish(pull))
      return std::move(error);
    return EmittedKernel{"", splitAxis ? dimsOf(type)[*splitAxis] : Dim(1), 1, 0};
  }

private:
  /// The result that is the contraction itself.
  llvm::Error findSums() {
    auto *found = llvm::find(values.yields, contract.getResult());
    m::Type element = type.getElementType();
    bool isNarrow = element.isF16() || element.isBF16();
    Combiner c = contract.getCombiner();
    if (combine.isArg() || c == Combiner::logsumexp)
      return cannot(contract, "this combiner with a result map that isn't a list of loops");
    if (isNarrow && (c == Combiner::sum || c == Combiner::prod))
      return cannot(contract, "sums of f16 or bf16 with a result map that isn't a list of loops");
    if (found == values.yields.end())
      return cannot(contract,
                    "a result map that isn't a list of loops, of a value that isn't stored");
    sums = found - values.yields.begin();
    return llvm::Error::success();
  }

  /// The loop that axis `axis` of the result is, if no other axis depends on it.
  std::optional<unsigned> ownLoop(unsigned axis) {
    auto loop = m::dyn_cast<m::AffineDimExpr>(resultMap.getResult(axis));
    if (!loop)
      return std::nullopt;
    for (auto [other, expr] : llvm::enumerate(resultMap.getResults()))
      if (other != axis && expr.isFunctionOfDim(loop.getPosition()))
        return std::nullopt;
    return loop.getPosition();
  }

  void chooseLoops() {
    for (unsigned axis = 0; axis < resultMap.getNumResults(); ++axis) {
      auto own = ownLoop(axis);
      if (!own)
        continue;
      bool wanted = !e.request.partitionAxis || axis == e.request.partitionAxis;
      if (!splitLoop && wanted && dimsOf(type)[axis] == extents[*own]) {
        splitLoop = own;
        splitAxis = axis;
      } else {
        laneLoop = own;
      }
    }
  }

  void bindSums(Pull &pull) {
    pull.bind(contract.getResult(), [&](const Place &place, const Mask *mask) {
      const BufferLayout &layout = e.request.outputs[sums];
      return pull.load(e.outputPointer(sums), type.getElementType(),
                       pull.move.offset(layout, place), mask,
                       [&](Value *access) { e.markStore(access, sums); });
    });
  }

  /// Runs over this task's elements of the result.
  void eachElement(Pull &pull, ElementLoops::Body body) {
    llvm::SmallVector<LoopGroup> groups;
    for (auto [axis, extent] : llvm::enumerate(dimsOf(type)))
      groups.push_back({unsigned(axis), 1, extent});
    ElementLoops loops(groups, splitAxis, pull.math.lanes, 1);
    auto range = std::pair(e.lo, e.hi);
    if (!splitAxis)
      std::tie(e.lo, e.hi) = std::pair((Value *)e.number(0), e.dim(loops.tasks));
    loops.emit(e, pull.math, body);
    std::tie(e.lo, e.hi) = range;
  }

  /// The split loop first, then the others in order, the lanes last.
  void nest(Pull &pull, llvm::SmallVector<Index> at, unsigned depth) {
    llvm::SmallVector<unsigned> order;
    if (splitLoop)
      order.push_back(*splitLoop);
    for (unsigned loop = 0; loop < extents.size(); ++loop)
      if (loop != splitLoop && loop != laneLoop)
        order.push_back(loop);
    if (laneLoop)
      order.push_back(*laneLoop);
    if (depth == order.size())
      return add(pull, at, nullptr);
    unsigned loop = order[depth];
    bool isSplit = loop == splitLoop, isLane = loop == laneLoop;
    Value *from = isSplit ? e.lo : e.number(0), *to = isSplit ? e.hi : e.dim(extents[loop]);
    e.loop(from, to, e.number(isLane ? pull.math.lanes : 1), [&](Value *i) {
      at[loop] = isLane ? Index::strided(i, e.number(1), pull.math.lanes) : Index::uniform(i);
      if (isLane)
        add(pull, at, pull.mask(pull.math.below(b.CreateSub(to, i))));
      else
        nest(pull, at, depth + 1);
    });
  }

  void add(Pull &pull, llvm::ArrayRef<Index> at, const Mask *mask) {
    Place domain;
    for (const Index &index : at)
      domain.append(index);
    Values elements;
    for (auto [i, input] : llvm::enumerate(contract.getInputs())) {
      auto operand = m::cast<RankedTensorType>(input.getType());
      elements.push_back(pull.element(
          input,
          pull.move.affine(contract.getInputMap(i), symbols, position, extents, operand, domain),
          mask));
    }
    Place place = pull.move.affine(resultMap, symbols, position, extents, type, domain);
    Value *before = pull.load(e.outputPointer(sums), type.getElementType(),
                              pull.move.offset(e.request.outputs[sums], place), mask,
                              [&](Value *access) { e.markStore(access, sums); });
    pull.storeResult(combine.step(before, elements, e.number(0), nullptr)[0], sums, place, mask);
  }

  Emission &e;
  llvm::IRBuilder<> &b;
  ContractOp contract;
  CombineCode combine;
  KernelValues values;
  llvm::SmallVector<Dim> extents, symbols;
  llvm::SmallVector<unsigned> position;
  m::AffineMap resultMap;
  RankedTensorType type;
  unsigned sums = 0;
  std::optional<unsigned> splitLoop, splitAxis, laneLoop;
};

} // namespace

llvm::Expected<EmittedKernel> emitAccumulationKernel(Emission &e, ContractOp contract) {
  return AccumulationKernel(e, contract).emit();
}

} // namespace tenon::cpu
