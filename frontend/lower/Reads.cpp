//===- Reads.cpp - Elements of tensors in index notation ------------------===//
//
// A read at places affine in the loops becomes an Element of the tensor, widened where it may fall
// outside. Where a place depends on data, the rows are gathered first and the rest is read as
// before. What isn't proved inside is checked, under the conditions around it.
//
//===----------------------------------------------------------------------===//
#include "frontend/lower/EntryLowering.h"

using namespace mlir;
using namespace tenon;
using namespace tenon::lowering;
using check::MapKind;
using check::ReadAttr;
using check::ReadPosition;

static SmallVector<Dim> dimsOfTensor(const Node *node) {
  return dimsOf(cast<RankedTensorType>(node->tensor.getType()));
}

static bool isData(const ReadPosition &position) {
  return position.kind == ReadPosition::Kind::Index && !position.affine;
}

/// The place of the axis of `node`'s own in its tensor.
static unsigned tensorAxis(const Node *node, int ownAxis) {
  for (auto [axis, position] : llvm::enumerate(node->positions))
    if (position.ownAxis == ownAxis)
      return axis;
  llvm_unreachable("every axis of its own is read whole");
}

void EntryLowering::lowerRead(const check::Op &op) {
  const auto &read = op.as<ReadAttr>();
  Location at = place(op.range);
  Node *table = node(op.operands[0]);
  Node *fallback = read.hasFallback ? node(op.operands[1]) : nullptr;
  if (table->kind != Node::Kind::Element)
    table = elementNode(materialise(table), table->loops);

  // axisOf[i]: the axis of the table's own at which position i stands; -1 if it has been gathered.
  SmallVector<int> axisOf;
  for (size_t i = 0; i < read.positions.size(); ++i)
    axisOf.push_back(int(i));
  Node *inside = nullptr; // all positions that need it are inside
  auto needs = [&](Node *one) {
    inside = inside ? mapNode(at, MapKind::And, {inside, one}, builder.getI1Type()) : one;
  };
  for (auto [i, position] : llvm::enumerate(read.positions))
    if (isData(position) && !position.inside && !position.guarded)
      needs(insideNode(node(position.value), table->own[i]));
  bool filled = fallback && !inside && fallback->isConstant();
  if (llvm::any_of(read.positions, isData))
    table = gatherRows(table, read, axisOf);

  auto *result = make(at);
  *result = *table;
  result->location = at;
  result->materialised = {};
  result->own.clear();
  for (auto [i, position] : llvm::enumerate(read.positions)) {
    if (axisOf[i] < 0)
      continue;
    if (position.kind == ReadPosition::Kind::Whole) {
      Position &kept = result->positions[tensorAxis(table, axisOf[i])];
      kept.ownAxis = int(result->own.size());
      result->own.push_back(table->own[axisOf[i]]);
    }
  }
  SmallVector<Dim> dims = dimsOfTensor(table);
  for (auto [i, position] : llvm::enumerate(read.positions)) {
    if (axisOf[i] < 0 || position.kind == ReadPosition::Kind::Whole)
      continue;
    unsigned axis = tensorAxis(table, axisOf[i]);
    Position target;
    target.offset = position.affine->offset;
    Loops loops;
    for (auto [index, coefficient] : position.affine->terms) {
      target.terms.push_back({indices.lookup(index), coefficient});
      loops = unite(loops, {indices.lookup(index)});
    }
    llvm::sort(target.terms);
    if (!position.inside) {
      if (!filled && !position.guarded)
        needs(insideNode(indexNode(at, target), dims[axis]));
      widen(result, axis, target, filled ? fallback : nullptr);
    }
    result->positions[axis] = target;
    result->loops = unite(result->loops, loops);
  }

  if (fallback && !filled && inside)
    result = mapNode(at, MapKind::Select, {spread(inside, result->own), result, fallback},
                     result->element);
  else if (inside)
    require(at, inside, "index out of range");
  bind(op.results[0], result);
}

//===----------------------------------------------------------------------===//
// Places that may be outside
//===----------------------------------------------------------------------===//

Node *EntryLowering::insideNode(Node *index, const Dim &extent) {
  Location at = index->location;
  Type boolean = builder.getI1Type();
  Node *zero = constantNode(at, index->element, 0, 0);
  Node *end = dimensionNode(at, index->element, extent);
  return mapNode(at, MapKind::And,
                 {mapNode(at, MapKind::GreaterEqual, {index, zero}, boolean),
                  mapNode(at, MapKind::Less, {index, end}, boolean)},
                 boolean);
}

Node *EntryLowering::indexNode(Location at, const Position &position) {
  Type i32 = builder.getI32Type();
  Node *sum = dimensionNode(at, i32, position.offset);
  for (auto [loop, coefficient] : position.terms) {
    Node *term = make(at);
    term->kind = Node::Kind::Index;
    term->loops = {loop};
    term->element = i32;
    if (coefficient != 1)
      term = mapNode(at, MapKind::Mul, {term, constantNode(at, i32, coefficient, 0)}, i32);
    sum = mapNode(at, MapKind::Add, {sum, term}, i32);
  }
  return sum;
}

/// Pads axis `axis` of the tensor that `read` reads, so that all of `target`'s places are inside,
/// and moves `target` along. What is added is `fill`, or zero.
void EntryLowering::widen(Node *read, unsigned axis, Position &target, Node *fill) {
  SmallVector<Dim> dims = dimsOfTensor(read);
  Dim lowest = target.offset, highest = target.offset;
  for (auto [loop, coefficient] : target.terms) {
    Dim reach = Dim(coefficient) * (extents[loop] - Dim(1));
    (coefficient < 0 ? lowest : highest) = (coefficient < 0 ? lowest : highest) + reach;
  }
  Dim before = Dim::max(Dim(0), -lowest);
  Dim after = Dim::max(Dim(0), highest - dims[axis] + Dim(1));
  if (before == Dim(0) && after == Dim(0))
    return;
  SmallVector<Dim> offsets(dims.size());
  offsets[axis] = before;
  dims[axis] = dims[axis] + before + after;
  Value value =
      fill ? materialise(fill) : materialise(constantNode(read->location, read->element, 0, 0));
  read->tensor = PadOp::create(
      builder, read->location, tensorType(context(), dims, read->element), read->tensor, value,
      DimsAttr::get(context(), ArrayRef<Dim>(offsets)), SmallVector<int64_t>(dims.size(), 1));
  target.offset = target.offset + before;
}

//===----------------------------------------------------------------------===//
// Places that depend on data
//===----------------------------------------------------------------------===//

/// One gather of the rows at all positions that depend on data. The result's own axes are the ones
/// that remain; `axisOf` says where they went.
Node *EntryLowering::gatherRows(Node *table, const ReadAttr &read, SmallVectorImpl<int> &axisOf) {
  Location at = table->location;
  // A table that is another one for each combination of loops has these as positions as well.
  SmallVector<Node *> places;
  SmallVector<int64_t> order; // axes of the materialised table: gathered ones first
  SmallVector<Dim> counts, rest;
  for (auto [axis, loop] : llvm::enumerate(table->loops)) {
    places.push_back(indexNode(at, Position::loop(loop)));
    order.push_back(int64_t(axis));
    counts.push_back(extents[loop]);
  }
  size_t loops = table->loops.size();
  for (auto [i, position] : llvm::enumerate(read.positions))
    if (isData(position)) {
      places.push_back(node(position.value));
      order.push_back(int64_t(loops + i));
      counts.push_back(table->own[i]);
      axisOf[i] = -1;
    }
  for (auto [i, position] : llvm::enumerate(read.positions))
    if (!isData(position)) {
      axisOf[i] = int(rest.size());
      order.push_back(int64_t(loops + i));
      rest.push_back(table->own[i]);
    }

  Value rows = materialise(table);
  SmallVector<Dim> dims = counts;
  llvm::append_range(dims, rest);
  if (!llvm::is_sorted(order))
    rows =
        TransposeOp::create(builder, at, tensorType(context(), dims, table->element), rows, order);
  Node *index = places[0];
  if (places.size() > 1) {
    // One number for all positions; each is brought inside by itself first.
    Type i64 = builder.getI64Type();
    Dim total(1);
    index = nullptr;
    for (auto [one, count] : llvm::zip(places, counts)) {
      Node *extent = dimensionNode(at, i64, count);
      Node *last = dimensionNode(at, i64, count - Dim(1));
      Node *wide = mapNode(at, MapKind::Convert, {one}, i64);
      wide = mapNode(at, MapKind::Min, {wide, last}, i64);
      wide = mapNode(at, MapKind::Max, {wide, constantNode(at, i64, 0, 0)}, i64);
      index = index ? mapNode(at, MapKind::Add,
                              {mapNode(at, MapKind::Mul, {index, extent}, i64), wide}, i64)
                    : wide;
      total = total * count;
    }
    SmallVector<Dim> flat{total};
    llvm::append_range(flat, rest);
    rows = ReshapeOp::create(builder, at, tensorType(context(), flat, table->element), rows);
  }
  SmallVector<Dim> gathered = extentsOf(index->loops);
  llvm::append_range(gathered, rest);
  Value result = GatherOp::create(builder, at, tensorType(context(), gathered, table->element),
                                  rows, materialise(index));
  return elementNode(result, index->loops);
}
