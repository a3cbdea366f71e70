//===- Builder.cpp - Makes the operations of an entry ---------------------===//
#include "frontend/check/Builder.h"

#include "frontend/check/Limits.h"

#include <algorithm>

using namespace tenon;
using namespace tenon::check;

//===----------------------------------------------------------------------===//
// Dtypes
//===----------------------------------------------------------------------===//

Dt DtypeTable::fresh(bool real) {
  nodes_.push_back({-1, real, false, std::nullopt});
  return Dt::var(static_cast<int>(nodes_.size()) - 1);
}

Dt DtypeTable::freshAny() {
  nodes_.push_back({-1, false, true, std::nullopt});
  return Dt::var(static_cast<int>(nodes_.size()) - 1);
}

int DtypeTable::root(int variable) const {
  while (nodes_[variable].parent >= 0)
    variable = nodes_[variable].parent;
  return variable;
}

Dt DtypeTable::find(Dt dtype) const {
  if (dtype.variable < 0)
    return dtype;
  int at = root(dtype.variable);
  return nodes_[at].dtype ? Dt(*nodes_[at].dtype) : Dt::var(at);
}

bool DtypeTable::unify(Dt a, Dt b) {
  a = find(a), b = find(b);
  if (a.variable < 0 && b.variable < 0)
    return a.fixed == b.fixed;
  if (a.variable < 0)
    std::swap(a, b);
  Node &node = nodes_[a.variable];
  if (b.variable < 0) {
    if ((b.fixed == DType::Bool && !node.any) || (node.real && !isReal(b.fixed)))
      return false;
    node.dtype = b.fixed;
    return true;
  }
  if (a.variable == b.variable)
    return true;
  nodes_[b.variable].real |= node.real;
  nodes_[b.variable].any &= node.any;
  node.parent = b.variable;
  return true;
}

bool DtypeTable::mustBeReal(Dt dtype) const {
  dtype = find(dtype);
  return dtype.variable < 0 ? isReal(dtype.fixed) : nodes_[dtype.variable].real;
}

DType DtypeTable::resolve(Dt dtype, DType real) const {
  dtype = find(dtype);
  if (dtype.variable < 0)
    return dtype.fixed;
  return nodes_[dtype.variable].real ? real : DType::I32;
}

//===----------------------------------------------------------------------===//
// Values and operations
//===----------------------------------------------------------------------===//

ValueId Builder::newValue(Dt dtype, const std::vector<Axis> &axes, size_t depth) {
  uncountable_ |= axes.size() > CheckLimits::rank || !isCountable(axes);
  TensorType type;
  for (const Axis &axis : axes)
    type.dims.push_back(axis.dim);
  entry_.values.push_back(std::move(type));
  valueTypes_.push_back(dtype);
  depths_.push_back(depth);
  return static_cast<ValueId>(entry_.values.size() - 1);
}

Tensor Builder::argument(Dt dtype, std::vector<Axis> axes) {
  Tensor tensor{newValue(dtype, axes, frames_.size()), dtype, std::move(axes)};
  frames_.back().region.arguments.push_back(tensor.id);
  return tensor;
}

Tensor Builder::entryArgument(Dt dtype, std::vector<Axis> axes) {
  ValueId id = newValue(dtype, axes, 1);
  frames_.front().region.arguments.push_back(id);
  return {id, dtype, std::move(axes)};
}

Tensor Builder::argumentAt(size_t depth, Dt dtype) {
  Tensor tensor{newValue(dtype, {}, depth), dtype, {}};
  frames_[depth - 1].region.arguments.push_back(tensor.id);
  return tensor;
}

Tensor Builder::result(Dt dtype, std::vector<Axis> axes) {
  ValueId id = newValue(dtype, axes, frames_.size());
  return {id, dtype, std::move(axes)};
}

Tensor Builder::emit(OpKind kind, std::vector<ValueId> operands, Dt dtype, std::vector<Axis> axes,
                     SourceRange range, decltype(Op::attr) attr, std::vector<Region> regions) {
  Op op;
  op.kind = kind;
  op.operands = std::move(operands);
  op.attr = std::move(attr);
  op.regions = std::move(regions);
  op.range = range;
  Tensor tensor = result(dtype, std::move(axes));
  op.results.push_back(tensor.id);
  append(std::move(op));
  return tensor;
}

Tensor Builder::emitMap(MapKind map, std::vector<ValueId> operands, Dt dtype,
                        std::vector<Axis> axes, SourceRange range) {
  Op op;
  op.kind = OpKind::Map;
  op.map = map;
  op.operands = std::move(operands);
  op.range = range;
  Tensor tensor = result(dtype, std::move(axes));
  op.results.push_back(tensor.id);
  append(std::move(op));
  return tensor;
}

/// True if it, or what it is made of, can end the run with an error.
static bool mayFail(const Op &op) {
  if (op.kind == OpKind::Read || op.kind == OpKind::Check)
    return true;
  if (op.kind == OpKind::Reduce) {
    Combiner combiner = op.as<LoopsAttr>().combiner;
    if (combiner == Combiner::ArgMax || combiner == Combiner::ArgMin) // of nothing
      return true;
  }
  return std::any_of(op.regions.begin(), op.regions.end(), [](const Region &region) {
    return std::any_of(region.ops.begin(), region.ops.end(), mayFail);
  });
}

size_t Builder::target(const Op &op, size_t used) const {
  size_t best = frames_.size();
  if (op.kind == OpKind::Check)
    return best;
  // Out of a branch it would fail where the branch isn't taken.
  bool guarded = mayFail(op);
  for (size_t at = frames_.size(); at > 1 && used < at; --at) {
    Frame frame = frames_[at - 1].frame;
    if (frame == Frame::Nest)
      best = at - 1;
    else if (frame != Frame::Branch || guarded)
      break;
  }
  return best;
}

size_t Builder::deepestUse(const Op &op, size_t limit) const {
  size_t used = 1;
  auto use = [&](ValueId value) {
    if (value != kNoValue && depths_[value] <= limit)
      used = std::max(used, depths_[value]);
  };
  for (ValueId operand : op.operands)
    use(operand);
  if (const auto *read = std::get_if<ReadAttr>(&op.attr))
    for (const ReadPosition &position : read->positions) {
      use(position.value);
      if (position.affine)
        for (auto &[index, coefficient] : position.affine->terms)
          use(index);
    }
  if (const auto *draw = std::get_if<DrawAttr>(&op.attr))
    for (ValueId iteration : draw->iterations)
      use(iteration);
  for (const Region &region : op.regions) {
    for (const Op &inner : region.ops)
      used = std::max(used, deepestUse(inner, limit));
    for (ValueId result : region.results)
      use(result);
  }
  return used;
}

void Builder::append(Op op) {
  ++operations_;
  // Outside nests nothing moves, and the walk over an operation's regions is spared.
  size_t place = inNest() ? target(op, deepestUse(op, frames_.size())) : frames_.size();
  for (ValueId result : op.results)
    depths_[result] = place;
  frames_[place - 1].region.ops.push_back(std::move(op));
}

//===----------------------------------------------------------------------===//
// Regions
//===----------------------------------------------------------------------===//

void Builder::open(Frame frame) { frames_.push_back({frame, {}}); }

Region Builder::close(std::vector<ValueId> results) {
  Region region = std::move(frames_.back().region);
  frames_.pop_back();
  region.results = std::move(results);
  return region;
}

bool Builder::usesIndex(ValueId value) const {
  for (size_t at = depths_[value]; at >= 1; --at) {
    if (frames_[at - 1].frame == Frame::Nest)
      return true;
    if (frames_[at - 1].frame == Frame::Body)
      return false;
  }
  return false;
}

bool Builder::inNest() const {
  return std::any_of(frames_.begin(), frames_.end(),
                     [](const OpenRegion &open) { return open.frame == Frame::Nest; });
}

void Builder::finish(DType real, const std::function<Dim(const Dim &)> &resolve) {
  for (size_t i = 0; i < valueTypes_.size(); ++i) {
    entry_.values[i].dtype = dtypes_.resolve(valueTypes_[i], real);
    for (Dim &dim : entry_.values[i].dims)
      dim = resolve(dim);
  }
  entry_.body.ops = std::move(frames_.front().region.ops);
  entry_.body.arguments = std::move(frames_.front().region.arguments);
}
