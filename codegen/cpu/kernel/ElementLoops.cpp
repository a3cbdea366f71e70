//===- ElementLoops.cpp - Loops over the elements of the results ----------===//
#include "codegen/cpu/kernel/ElementLoops.h"

#include "llvm/Support/MathExtras.h"

namespace tenon::cpu {

bool isMultipleOf(const Dim &dim, int64_t factor) {
  return llvm::all_of(dim.terms(), [&](auto &term) { return term.second % factor == 0; });
}

unsigned vectorLanes(const KernelRequest &request, const TargetInfo &target) {
  unsigned narrowest = 8;
  auto note = [&](const BufferLayout &buffer) {
    if (buffer.type.getRank() > 0)
      narrowest =
          std::min(narrowest, std::max(4u, Emission::memoryBytes(buffer.type.getElementType())));
  };
  llvm::for_each(request.inputs, note);
  llvm::for_each(request.outputs, note);
  return target.lanes(narrowest);
}

unsigned narrowedLanes(unsigned lanes, const Dim &extent) {
  auto constant = extent.constant();
  if (!constant || *constant >= int64_t(lanes))
    return lanes;
  if (*constant <= 1)
    return 1;
  return std::max<unsigned>(2, llvm::PowerOf2Ceil(std::max<int64_t>(*constant, 1)));
}

ElementLoops::ElementLoops(llvm::ArrayRef<LoopGroup> groups, std::optional<unsigned> partitionAxis,
                           unsigned lanes, int64_t work)
    : groups(groups), partitionAxis(partitionAxis), lanes(lanes) {
  int64_t worthwhile = std::max<int64_t>(1, (1 << 14) / std::max<int64_t>(work, 1));
  if (partitionAxis) {
    for (const LoopGroup &group : groups)
      if (isPartition(group))
        tasks = group.extent;
    return;
  }
  if (groups.empty()) {
    tasks = Dim(1);
    return;
  }
  if (groups.size() == 1 && lanes > 1) {
    tasks = groups[0].extent;
    grain = llvm::alignTo(worthwhile, 64);
    return;
  }
  tasks = Dim(1);
  Dim inner = groups.back().extent;
  for (const LoopGroup &group : this->groups)
    if (lanes == 1 || group.first != groups.back().first)
      tasks = tasks * group.extent;
  if (lanes == 1) {
    grain = worthwhile;
    return;
  }
  auto constant = inner.constant();
  if (!constant || *constant > block)
    tasks = tasks * *Dim::floorDiv(inner + Dim(block - 1), Dim(block));
  int64_t elements = constant ? std::min(std::max<int64_t>(*constant, 1), block) : 256;
  grain = std::max<int64_t>(1, worthwhile / elements);
}

void ElementLoops::emit(Emission &e, IndexMath &math, Body body) {
  auto one = [&](llvm::ArrayRef<Place> places, Value *mask) { body(places[0], mask); };
  if (partitionAxis)
    return emitNest(e, math, Place(), body);
  if (groups.empty())
    return body(Place(), nullptr);
  if (groups.size() == 1 && lanes > 1)
    return emitLanes(e, math, Place(), e.lo, e.hi, true, one);
  emitTasks(e, math, body);
}

/// Vectors from `from` to `to`; `isWhole` says that both lie on a vector's border, or at the
/// group's end.
void ElementLoops::emitLanes(Emission &e, IndexMath &math, llvm::ArrayRef<Place> outer, Value *from,
                             Value *to, bool isWhole, TileBody body) {
  const LoopGroup &group = groups.back();
  bool isFull = isWhole && isMultipleOf(group.extent, lanes);
  e.loop(from, to, e.number(lanes), [&](Value *i) {
    llvm::SmallVector<Place> places(outer);
    for (Place &place : places)
      place.append(Index::strided(i, e.number(1), isWhole ? lanes : 1), group.count);
    body(places, isFull ? nullptr : math.below(e.b.CreateSub(to, i)));
  });
}

//===----------------------------------------------------------------------===//
// Tasks: places of the outer groups (of all groups, without lanes) and blocks of the innermost.
// The first task's place is found by division, the others by counting on.
//===----------------------------------------------------------------------===//

bool ElementLoops::hasBlocks() const {
  auto inner = groups.back().extent.constant();
  return lanes > 1 && (!inner || *inner > block);
}

bool ElementLoops::canTile() const {
  return !partitionAxis && lanes > 1 && groups.size() > 1 && !hasBlocks();
}

Values ElementLoops::outerExtents(Emission &e) const {
  Values extents;
  for (const LoopGroup &group : llvm::ArrayRef(groups).drop_back(lanes > 1))
    extents.push_back(e.dim(group.extent));
  return extents;
}

Values ElementLoops::startOf(Emission &e, llvm::ArrayRef<Value *> extents) const {
  Values start(extents.size());
  Value *rest = e.lo;
  for (int i = extents.size() - 1; i > 0; --i) {
    start[i] = e.b.CreateURem(rest, extents[i]);
    rest = e.b.CreateUDiv(rest, extents[i]);
  }
  start[0] = rest;
  return start;
}

Values ElementLoops::nextOf(Emission &e, llvm::ArrayRef<Value *> at,
                            llvm::ArrayRef<Value *> extents) {
  auto &b = e.b;
  Values next(at.size());
  Value *carry = e.number(1);
  for (int i = at.size() - 1; i >= 0; --i) {
    Value *more = b.CreateAdd(at[i], carry);
    Value *wraps = i > 0 ? b.CreateICmpEQ(more, extents[i]) : b.getFalse();
    next[i] = b.CreateSelect(wraps, e.number(0), more);
    carry = b.CreateZExt(wraps, b.getInt64Ty());
  }
  return next;
}

Place ElementLoops::outerPlace(llvm::ArrayRef<Value *> at) const {
  Place place;
  for (auto [group, index] : llvm::zip(llvm::ArrayRef(groups).drop_back(lanes > 1), at))
    place.append(Index::uniform(index), group.count);
  return place;
}

void ElementLoops::emitTasks(Emission &e, IndexMath &math, Body body) {
  auto &b = e.b;
  Values extents = outerExtents(e);
  if (hasBlocks())
    extents.push_back(e.dim(*Dim::floorDiv(groups.back().extent + Dim(block - 1), Dim(block))));
  e.loop(e.lo, e.hi, e.number(1), startOf(e, extents), [&](Value *, llvm::ArrayRef<Value *> at) {
    Place place = outerPlace(at);
    if (lanes == 1) {
      body(place, nullptr);
    } else {
      Value *from = e.number(0), *to = e.dim(groups.back().extent);
      if (hasBlocks()) {
        from = b.CreateNSWMul(at.back(), e.number(block));
        to = b.CreateBinaryIntrinsic(llvm::Intrinsic::smin, to,
                                     b.CreateNSWAdd(from, e.number(block)));
      }
      emitLanes(e, math, place, from, to, true,
                [&](llvm::ArrayRef<Place> places, Value *mask) { body(places[0], mask); });
    }
    return nextOf(e, at, extents);
  });
}

void ElementLoops::emitTiles(Emission &e, IndexMath &math, unsigned count, TileBody body) {
  assert(canTile() && "only tasks of whole rows can be taken together");
  auto &b = e.b;
  Values extents = outerExtents(e);
  auto tiles = [&](Value *from, Value *to, unsigned size, llvm::ArrayRef<Value *> start) {
    return e.loop(from, to, e.number(size), start, [&](Value *, llvm::ArrayRef<Value *> carried) {
      Values at(carried);
      llvm::SmallVector<Place> places;
      for (unsigned i = 0; i < size; ++i) {
        places.push_back(outerPlace(at));
        at = nextOf(e, at, extents);
      }
      emitLanes(e, math, places, e.number(0), e.dim(groups.back().extent), true, body);
      return at;
    });
  };
  Value *rest = b.CreateURem(b.CreateSub(e.hi, e.lo), e.number(count));
  Value *whole = b.CreateSub(e.hi, rest);
  Values at = tiles(e.lo, whole, count, startOf(e, extents));
  tiles(whole, e.hi, 1, at);
}

/// One loop for each group, the partitioned one over the tasks.
void ElementLoops::emitNest(Emission &e, IndexMath &math, Place place, Body body) {
  unsigned depth = place.groups.size();
  if (depth == groups.size())
    return body(place, nullptr);
  const LoopGroup &group = groups[depth];
  Value *from = e.number(0), *to = e.dim(group.extent);
  if (isPartition(group)) {
    from = e.lo;
    to = e.hi;
  }
  if (depth + 1 == groups.size() && lanes > 1)
    return emitLanes(e, math, place, from, to, !isPartition(group),
                     [&](llvm::ArrayRef<Place> places, Value *mask) { body(places[0], mask); });
  e.loop(from, to, e.number(1), [&](Value *i) {
    Place inner = place;
    inner.append(Index::uniform(i), group.count);
    emitNest(e, math, inner, body);
  });
}

} // namespace tenon::cpu
