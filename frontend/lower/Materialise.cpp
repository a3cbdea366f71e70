//===- Materialise.cpp - From nodes to tensors ----------------------------===//
#include "frontend/lower/EntryLowering.h"

using namespace mlir;
using namespace tenon;
using namespace tenon::lowering;

// Regions are built from front to back, so a value is in sight where its block is around us.
bool EntryLowering::isUsable(Value value) const {
  return value && value.getParentRegion()->isAncestor(builder.getInsertionBlock()->getParent());
}

Value EntryLowering::materialise(Node *node) {
  if (isUsable(node->materialised))
    return node->materialised;
  SmallVector<Dim> dims = extentsOf(node->loops);
  llvm::append_range(dims, node->own);
  RankedTensorType type = tensorType(context(), dims, node->element);
  switch (node->kind) {
  case Node::Kind::Element:
    node->materialised = readElement(node);
    break;
  case Node::Kind::Index:
    node->materialised = IotaOp::create(builder, node->location, type, 0);
    break;
  case Node::Kind::Map: {
    SmallVector<Value> operands;
    for (Node *operand : node->operands)
      operands.push_back(materialise(operand, node->loops));
    node->materialised = createMap(builder, node->location, node->map, operands, type);
    break;
  }
  }
  return node->materialised;
}

Value EntryLowering::materialise(Node *node, const Loops &loops) {
  Value value = materialise(node);
  if (loops == node->loops)
    return value;
  SmallVector<int64_t> axes;
  for (auto [axis, loop] : llvm::enumerate(loops))
    if (llvm::is_contained(node->loops, loop))
      axes.push_back(int64_t(axis));
  assert(axes.size() == node->loops.size() && "loops don't include the node's");
  for (size_t own = 0; own < node->own.size(); ++own)
    axes.push_back(int64_t(loops.size() + own));
  SmallVector<Dim> dims = extentsOf(loops);
  llvm::append_range(dims, node->own);
  return BroadcastOp::create(builder, node->location, tensorType(context(), dims, node->element),
                             value, axes);
}

Node *EntryLowering::spread(Node *scalar, ArrayRef<Dim> own) {
  assert(scalar->own.empty());
  if (own.empty())
    return scalar;
  Value value = materialise(scalar);
  SmallVector<Dim> dims = extentsOf(scalar->loops);
  llvm::append_range(dims, own);
  auto axes = llvm::to_vector(llvm::seq<int64_t>(0, scalar->loops.size()));
  return elementNode(BroadcastOp::create(builder, scalar->location,
                                         tensorType(context(), dims, scalar->element), value, axes),
                     scalar->loops);
}

SmallVector<Value> EntryLowering::materialiseAll(ArrayRef<check::ValueId> ids, const Loops &loops) {
  SmallVector<Value> tensors;
  for (check::ValueId id : ids)
    tensors.push_back(materialise(node(id), loops));
  return tensors;
}

//===----------------------------------------------------------------------===//
// Reading elements
//===----------------------------------------------------------------------===//

namespace {
/// A read that is a part of the tensor with its axes in another order: every axis is walked by one
/// loop with a positive stride, kept whole, or fixed.
struct Part {
  SmallVector<Dim> offsets, extents; // one for each axis of the tensor
  SmallVector<int64_t> strides;
  SmallVector<int64_t> order; // axes of the result among those that aren't fixed
  bool isWhole = true, isFixedSomewhere = false;
};
} // namespace

/// The axis of the node's result that a position walks along, -1 if it is fixed, nullopt if it is
/// no part.
static std::optional<int64_t> resultAxis(const Node &node, const Position &position) {
  if (position.ownAxis >= 0)
    return int64_t(node.loops.size()) + position.ownAxis;
  if (position.terms.empty())
    return -1;
  if (position.terms.size() > 1 || position.terms[0].second < 1)
    return std::nullopt;
  return llvm::find(node.loops, position.terms[0].first) - node.loops.begin();
}

static std::optional<Part> asPart(const Node &node, ArrayRef<Dim> extents) {
  Part part;
  SmallVector<Dim> dims = dimsOf(cast<RankedTensorType>(node.tensor.getType()));
  SmallVector<int64_t> walked; // the result's axis of each axis that isn't fixed
  for (auto [axis, position] : llvm::enumerate(node.positions)) {
    auto target = resultAxis(node, position);
    if (!target || (*target >= 0 && llvm::is_contained(walked, *target)))
      return std::nullopt;
    Dim extent = *target < 0 ? Dim(1) : extents[*target];
    int64_t stride = position.terms.empty() ? 1 : position.terms[0].second;
    part.isWhole &= position.offset == Dim(0) && stride == 1 && extent == dims[axis];
    part.isFixedSomewhere |= *target < 0;
    part.offsets.push_back(position.offset);
    part.extents.push_back(extent);
    part.strides.push_back(stride);
    if (*target >= 0)
      walked.push_back(*target);
  }
  if (walked.size() != extents.size())
    return std::nullopt;
  part.order.resize(walked.size());
  for (auto [place, target] : llvm::enumerate(walked))
    part.order[target] = int64_t(place);
  return part;
}

Value EntryLowering::readElement(Node *read) {
  const Node &node = *read;
  SmallVector<Dim> dims = extentsOf(node.loops);
  llvm::append_range(dims, node.own);
  auto part = asPart(node, dims);
  if (!part)
    return readByContraction(read);

  Value value = node.tensor;
  auto typeOf = [&](ArrayRef<Dim> dims) { return tensorType(context(), dims, node.element); };
  if (!part->isWhole)
    value = SliceOp::create(builder, node.location, typeOf(part->extents), value,
                            DimsAttr::get(context(), ArrayRef<Dim>(part->offsets)), part->strides);
  SmallVector<Dim> walked(part->order.size());
  for (auto [axis, place] : llvm::enumerate(part->order))
    walked[place] = dims[axis];
  if (part->isFixedSomewhere)
    value = ReshapeOp::create(builder, node.location, typeOf(walked), value);
  if (!llvm::is_sorted(part->order))
    value = TransposeOp::create(builder, node.location, typeOf(dims), value, part->order);
  return value;
}

// A contraction without a reduced loop reads at any affine place.
Value EntryLowering::readByContraction(Node *node) {
  Combiner combiner = node->element.isInteger(1) ? Combiner::any : Combiner::sum;
  return contract(node->location, combiner, node, {})->tensor;
}
