//===- Survey.cpp - How a kernel would read memory ------------------------===//
#include "codegen/cpu/kernel/Survey.h"

#include "codegen/cpu/kernel/ContractPlace.h"

namespace tenon::cpu {

LaneStride SurveyMath::add(const LaneStride &a, const LaneStride &c) {
  if (a.kind == LaneStride::Uniform)
    return c;
  if (c.kind == LaneStride::Uniform)
    return a;
  if (a.kind == LaneStride::Any || c.kind == LaneStride::Any)
    return {LaneStride::Any, {}};
  return {LaneStride::Strided, a.stride + c.stride};
}

LaneStride SurveyMath::scale(const LaneStride &a, const Dim &factor) {
  if (factor.isConstant(0))
    return {};
  return a.kind == LaneStride::Strided ? LaneStride{a.kind, a.stride * factor} : a;
}

LaneStride SurveyMath::divided(const LaneStride &a) {
  ++(a.isUniform() ? divisions : laneDivisions);
  return a.isUniform() ? a : LaneStride{LaneStride::Any, {}};
}

std::pair<LaneStride, LaneStride> SurveyMath::divide(const LaneStride &a, const Dim &extent) {
  if (extent.isConstant(1))
    return {a, {}};
  auto constant = extent.constant();
  if (isAligned && a.kind == LaneStride::Strided && a.stride.isConstant(1) && constant &&
      *constant % 64 == 0) {
    ++divisions;
    return {{}, a};
  }
  LaneStride part = divided(a);
  return {part, part};
}

namespace {

class Surveyor {
public:
  Surveyor(const KernelRequest &request, std::optional<SurveyedContraction> contraction)
      : request(request), contraction(std::move(contraction)) {}

  using Place = PlaceOf<LaneStride>;

  /// Answers whether all lanes have one value.
  bool visit(m::Value value, const Place &place) {
    auto &before = seen[value];
    for (auto &[known, uniform] : before)
      if (known == place)
        return uniform;
    bool uniform = follow(value, place);
    seen[value].push_back({place, uniform});
    return uniform;
  }

  void store(const BufferLayout &output, const Place &place) {
    load(Movement<SurveyMath>(math).offset(output, place));
  }

  AccessCosts costs;
  SurveyMath math;

private:
  bool follow(m::Value value, const Place &place) {
    Movement<SurveyMath> move(math);
    if (auto argument = m::dyn_cast<m::BlockArgument>(value))
      return load(move.offset(request.inputs[argument.getArgNumber()], place));
    m::Operation *op = value.getDefiningOp();
    if (contraction && op == contraction->op)
      return followContraction(place);
    if (m::isa<MapOp>(op)) {
      bool uniform = true;
      for (m::Value operand : op->getOperands())
        uniform &= visit(operand, place);
      costs.work += uniform ? 0 : workOf(op);
      return uniform;
    }
    if (auto broadcast = m::dyn_cast<BroadcastOp>(op))
      return visit(broadcast.getOperand(), move.broadcast(broadcast, place));
    if (auto transpose = m::dyn_cast<TransposeOp>(op))
      return visit(transpose.getOperand(), move.transpose(transpose, place));
    if (auto reshape = m::dyn_cast<ReshapeOp>(op))
      return visit(reshape.getOperand(), move.reshape(reshape, place));
    if (auto slice = m::dyn_cast<SliceOp>(op))
      return visit(slice.getOperand(), move.slice(slice, place));
    return followChoice(op, place);
  }

  /// Ops that read one place or another.
  bool followChoice(m::Operation *op, const Place &place) {
    Movement<SurveyMath> move(math);
    auto extents = Movement<SurveyMath>::dims(op);
    if (auto pad = m::dyn_cast<PadOp>(op)) {
      auto moved = move.withAxis(place, extents, [&](unsigned i) -> std::optional<LaneStride> {
        if (!move.isPadded(pad, i))
          return std::nullopt;
        auto at = move.axis(place, extents, i);
        return pad.getStrides()[i] == 1 ? at : math.floorDiv(at, Dim(pad.getStrides()[i]));
      });
      visit(pad.getOperand(), moved);
      costs.work += 2;
      return place.isUniform();
    }
    if (auto concat = m::dyn_cast<ConcatOp>(op)) {
      auto moved = move.withAxis(place, extents, [&](unsigned i) -> std::optional<LaneStride> {
        return i == concat.getAxis() ? std::optional(move.axis(place, extents, i)) : std::nullopt;
      });
      for (m::Value input : concat.getInputs())
        visit(input, moved);
      costs.work += 2;
      return place.isUniform();
    }
    if (auto gather = m::dyn_cast<GatherOp>(op)) {
      bool uniform = visit(gather.getIndices(), move.gatherIndices(gather, place));
      LaneStride row = uniform ? LaneStride{} : LaneStride{LaneStride::Any, {}};
      return visit(gather.getTable(), move.gatherTable(gather, place, row));
    }
    if (m::isa<DrawOp>(op)) {
      move.linear(place, extents, 0, extents.size());
      costs.work += 40;
      return place.isUniform();
    }
    if (auto iota = m::dyn_cast<IotaOp>(op))
      return move.axis(place, extents, iota.getAxis()).isUniform();
    return true;
  }

  bool followContraction(const Place &place) {
    Place domain = place;
    unsigned next = 0;
    for (unsigned count : contraction->groups)
      domain.append(contraction->reduced[next++], count);
    ContractPlace axes(contraction->op);
    Movement<SurveyMath> move(math);
    for (auto [i, input] : llvm::enumerate(contraction->op.getInputs()))
      visit(input, axes.operand(move, i, domain));
    for (m::Operation &op : contraction->op.getBody().front().without_terminator())
      costs.work += workOf(&op);
    costs.work += contraction->op.getCombiner() == Combiner::logsumexp ? 15 : 1;
    return domain.isUniform();
  }

  bool load(const LaneStride &offset) {
    if (offset.isUniform())
      ++costs.uniform;
    else if (offset.kind == LaneStride::Strided && offset.stride.isConstant(1))
      ++costs.contiguous;
    else
      ++costs.scattered;
    return offset.isUniform();
  }

  static int workOf(m::Operation *op) {
    if (m::isa<ExpOp, Expm1Op, LogOp, Log1pOp, TanhOp, SigmoidOp, ErfOp, SinOp, CosOp, PowOp>(op))
      return 15;
    return m::isa<DivOp, RemOp, SqrtOp>(op) ? 4 : 1;
  }

  const KernelRequest &request;
  std::optional<SurveyedContraction> contraction;
  llvm::DenseMap<m::Value, llvm::SmallVector<std::pair<Place, bool>, 1>> seen;
};

} // namespace

AccessCosts surveyAccess(const KernelRequest &request, llvm::ArrayRef<m::Value> values,
                         const PlaceOf<LaneStride> &place,
                         std::optional<SurveyedContraction> contraction, bool writes) {
  Surveyor surveyor(request, std::move(contraction));
  for (m::Value value : values)
    surveyor.visit(value, place);
  for (const BufferLayout &output : writes ? request.outputs : decltype(request.outputs)())
    surveyor.store(output, place);
  surveyor.costs.divisions = surveyor.math.divisions;
  surveyor.costs.laneDivisions = surveyor.math.laneDivisions;
  return surveyor.costs;
}

PlaceOf<LaneStride> surveyPlace(llvm::ArrayRef<LoopGroup> groups, unsigned lane) {
  PlaceOf<LaneStride> place;
  for (auto [i, group] : llvm::enumerate(groups))
    place.append(i == lane ? LaneStride{LaneStride::Strided, Dim(1)} : LaneStride{}, group.count);
  return place;
}

llvm::SmallVector<LoopGroup>
mergeAxes(llvm::ArrayRef<Dim> extents,
          llvm::function_ref<AccessCosts(llvm::ArrayRef<LoopGroup>)> survey,
          llvm::function_ref<bool(unsigned)> border) {
  llvm::SmallVector<LoopGroup> groups;
  for (auto [axis, extent] : llvm::enumerate(extents))
    groups.push_back({unsigned(axis), 1, extent});
  if (groups.size() < 2)
    return groups;
  AccessCosts before = survey(groups);
  for (unsigned i = groups.size() - 1; i > 0; --i) {
    if (border(groups[i].first))
      continue;
    auto merged = groups;
    merged[i - 1].count += merged[i].count;
    merged[i - 1].extent = merged[i - 1].extent * merged[i].extent;
    merged.erase(merged.begin() + i);
    AccessCosts after = survey(merged);
    if (after.divisions > before.divisions || after.laneDivisions > before.laneDivisions ||
        after.scattered > before.scattered)
      continue;
    groups = merged;
    before = after;
  }
  return groups;
}

} // namespace tenon::cpu
