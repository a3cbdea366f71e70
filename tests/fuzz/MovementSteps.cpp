//===- MovementSteps.cpp - Random movements of elements -------------------===//
#include "tests/fuzz/ProgramBuilder.h"

#include "ir/eval/Interpreter.h"

using namespace mlir;
using namespace tenon;
using namespace tenon::fuzz;

static bool anyValue(Value) { return true; }

/// `rank` numbers in another order.
static SmallVector<int64_t> shuffled(Rng &rng, int64_t rank) {
  SmallVector<int64_t> order = llvm::to_vector(llvm::seq<int64_t>(0, rank));
  for (int64_t i = rank - 1; i > 0; --i)
    std::swap(order[i], order[rng.below(i + 1)]);
  return order;
}

void ProgramBuilder::addBroadcast() {
  Value a = pick([&](Value v) { return typeOf(v).getRank() < 3; });
  if (!a)
    return;
  Dims dims;
  SmallVector<int64_t> axes;
  auto from = dimsOf(typeOf(a));
  for (size_t i = 0; i <= from.size(); ++i) {
    if (rng.chance(45) && dims.size() < 4)
      dims.push_back(rng.oneOf(extents));
    if (i < from.size()) {
      axes.push_back(int64_t(dims.size()));
      dims.push_back(from[i]);
    }
  }
  if (count(dims) <= 4096)
    enter(create<BroadcastOp>(tensor(dims, dtype(a)), a, axes), factsOf(a));
}

/// Joins two axes, splits one by a factor, or puts in an axis of 1.
void ProgramBuilder::addReshape() {
  Value a = pick(anyValue);
  Dims dims(dimsOf(typeOf(a)));
  int64_t rank = int64_t(dims.size()), kind = rng.below(3);
  if (kind == 0 && rank >= 2) {
    int64_t at = rng.below(rank - 1);
    dims[at] = dims[at] * dims[at + 1];
    dims.erase(dims.begin() + at + 1);
  } else if (kind == 1 && rank >= 1 && rank < 4) {
    int64_t at = rng.below(rank);
    auto number = dims[at].constant();
    int64_t factor = rng.between(2, 4);
    if (!number || *number % factor != 0 || *number == 0)
      return;
    dims[at] = Dim(*number / factor);
    dims.insert(dims.begin() + at + rng.below(2), Dim(factor));
  } else {
    dims.insert(dims.begin() + rng.below(rank + 1), Dim(1));
  }
  enter(create<ReshapeOp>(tensor(dims, dtype(a)), a), factsOf(a));
}

void ProgramBuilder::addTranspose() {
  Value a = pick([&](Value v) { return typeOf(v).getRank() >= 2; });
  if (!a)
    return;
  auto from = dimsOf(typeOf(a));
  auto permutation = shuffled(rng, int64_t(from.size()));
  Dims dims;
  for (int64_t axis : permutation)
    dims.push_back(from[axis]);
  enter(create<TransposeOp>(tensor(dims, dtype(a)), a, permutation), factsOf(a));
}

/// A part of each axis; of a dynamic one all, or what is left behind a fixed number known to be
/// there.
void ProgramBuilder::addSlice() {
  Value a = pick([&](Value v) { return typeOf(v).getRank() >= 1; });
  if (!a)
    return;
  Dims dims, offsets;
  SmallVector<int64_t> strides;
  for (const Dim &dim : dimsOf(typeOf(a))) {
    auto number = dim.constant();
    int64_t spare = 0; // dim - spare is never negative
    while (!number && spare < 3 && (dim - Dim(spare + 1)).isNonNegative())
      ++spare;
    if (number && *number > 0) {
      int64_t offset = rng.below(*number), stride = rng.between(1, 3);
      int64_t most = (*number - offset + stride - 1) / stride;
      dims.push_back(Dim(rng.chance(50) ? most : rng.between(1, most)));
      offsets.push_back(Dim(offset));
      strides.push_back(stride);
    } else {
      int64_t offset = rng.between(0, spare);
      dims.push_back(dim - Dim(offset));
      offsets.push_back(Dim(offset));
      strides.push_back(1);
    }
  }
  enter(create<SliceOp>(tensor(dims, dtype(a)), a,
                        DimsAttr::get(&context, dims.empty() ? Dims() : offsets), strides),
        factsOf(a));
}

void ProgramBuilder::addPad() {
  Value a = pick([&](Value v) { return typeOf(v).getRank() >= 1; });
  if (!a)
    return;
  Dims dims, offsets;
  SmallVector<int64_t> strides;
  for (const Dim &dim : dimsOf(typeOf(a))) {
    int64_t low = rng.below(3), high = rng.below(3), stride = rng.chance(70) ? 1 : 2;
    // The last element is at low + (dim - 1) * stride.
    dims.push_back(Dim(low) + dim * Dim(stride) + Dim(high));
    offsets.push_back(Dim(low));
    strides.push_back(stride);
  }
  if (count(dims) > 4096)
    return;
  Value value = constant({}, dtype(a), dtype(a) == TENON_BOOL ? rng.below(2) : rng.between(-1, 2));
  enter(create<PadOp>(tensor(dims, dtype(a)), a, value, DimsAttr::get(&context, offsets), strides),
        joined(factsOf(a), factsOf(value)));
}

void ProgramBuilder::addConcat() {
  Value a = pick([&](Value v) { return typeOf(v).getRank() >= 1; });
  if (!a)
    return;
  auto from = dimsOf(typeOf(a));
  int64_t axis = rng.below(int64_t(from.size()));
  auto fits = [&](Value v) {
    auto dims = dimsOf(typeOf(v));
    if (dtype(v) != dtype(a) || dims.size() != from.size())
      return false;
    dims[axis] = from[axis];
    return dims == from;
  };
  SmallVector<Value> parts{a};
  Facts facts = factsOf(a);
  Dims dims(from);
  for (int64_t i = rng.between(1, 2); i > 0; --i) {
    Value part = pick(fits);
    parts.push_back(part);
    facts = joined(facts, factsOf(part));
    dims[axis] = dims[axis] + dimsOf(typeOf(part))[axis];
  }
  if (rng.chance(50))
    std::swap(parts.front(), parts.back());
  if (count(dims) <= 4096)
    enter(create<ConcatOp>(tensor(dims, dtype(a)), parts, axis), facts);
}

/// Values from nothing: a count, an extent, a constant.
void ProgramBuilder::addSource() {
  tenon_dtype type = randomDtype();
  Dims dims = randomDims(3);
  int64_t kind = rng.below(3);
  if (kind == 0 && type != TENON_BOOL && !dims.empty()) {
    int64_t axis = rng.below(int64_t(dims.size()));
    enter(create<IotaOp>(tensor(dims, type), axis),
          {double(extent(dims[axis])), 0, true, extent(dims[axis]) < 128});
  } else if (kind == 1 && type != TENON_BOOL) {
    Dim dim = rng.oneOf(extents) + Dim(rng.below(3));
    enter(create<DimensionOp>(tensor({}, type), DimsAttr::get(&context, ArrayRef<Dim>(dim))),
          {double(extent(dim)), 0, true, true});
  } else {
    Value value = constant(dims, type, type == TENON_BOOL ? rng.below(2) : rng.between(-3, 3));
    enter(value, factsOf(value));
  }
}

//===----------------------------------------------------------------------===//
// Tables
//===----------------------------------------------------------------------===//

static bool isInteger(tenon_dtype dtype) { return dtype != TENON_BOOL && !isRealDtype(dtype); }

void ProgramBuilder::addGather() {
  Value table = pick([&](Value v) { return typeOf(v).getRank() >= 1; });
  Value indices = pick([&](Value v) { return isInteger(dtype(v)); });
  if (!table)
    return;
  if (!indices)
    indices = argument(randomDims(2), TENON_I32);
  Dims dims(dimsOf(typeOf(indices)));
  llvm::append_range(dims, ArrayRef<Dim>(dimsOf(typeOf(table))).drop_front());
  if (dims.size() > 4 || count(dims) > 4096)
    return;
  Facts facts = factsOf(table);
  enter(create<GatherOp>(tensor(dims, dtype(table)), table, indices), facts);
}

void ProgramBuilder::addScatter() {
  Value updates = pick(
      [&](Value v) { return typeOf(v).getRank() >= 1 && dtype(v) != TENON_BOOL && isUsable(v); });
  if (!updates)
    return;
  auto from = dimsOf(typeOf(updates));
  int64_t rank = rng.between(1, std::min<int64_t>(2, int64_t(from.size())));
  Dims prefix(ArrayRef<Dim>(from).take_front(rank));
  static constexpr tenon_dtype types[] = {TENON_I32, TENON_I32, TENON_I64, TENON_U8, TENON_I8};
  Value indices = valueOf(prefix, rng.oneOf(types, std::size(types)));
  Dims dims{rng.oneOf(extents)};
  llvm::append_range(dims, ArrayRef<Dim>(from).drop_front(rank));
  tenon_dtype type = dtype(updates);
  Facts x = factsOf(updates);
  double terms = double(count(prefix));
  if (count(dims) <= 4096)
    enter(create<ScatterAddOp>(tensor(dims, type), updates, indices),
          {x.bound * terms, terms * x.error + 2 * terms * unitOf(type) * x.bound * terms, true,
           false});
}

/// Of exact elements: others might come in another order each way.
void ProgramBuilder::addArgsort() {
  Value a = pick([&](Value v) { return typeOf(v).getRank() >= 1 && factsOf(v).isExact(); });
  if (!a)
    return;
  Dims dims(dimsOf(typeOf(a)));
  double last = double(extent(dims.back()));
  enter(create<ArgsortOp>(tensor(dims, TENON_I32), a, rng.chance(50)),
        {last, 0, true, last < 1024});
}
