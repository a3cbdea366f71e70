//===- ScatterTable.cpp - A table that rows are added into ----------------===//
#include "codegen/cpu/kernel/ScatterTable.h"

namespace tenon::cpu {

/// Up to so many elements of a row's innermost loop are added one by one: always, and where they
/// don't fill a vector for which there is no room.
static constexpr int64_t fewElements = 2, fewElementsWithoutRoom = 4;
/// Loops of so few steps are written out.
static constexpr int64_t fewSteps = 4;
/// Scratch memory that a kernel may take: most of the first-level cache.
static constexpr int64_t mostScratch = 24 << 10;

static Place at(Value *row) {
  Place front;
  front.append(Index::uniform(row));
  return front;
}

static Place behind(const Place &front, const Place &inRow) {
  Place place = front;
  for (auto &group : inRow.groups)
    place.append(group.at, group.count);
  return place;
}

ScatterTable::ScatterTable(Emission &e, ScatterAddOp op, unsigned output)
    : e(e), b(e.b), op(op), output(output), type(m::cast<RankedTensorType>(op.getType())),
      element(type.getElementType()), groups(loopsInRow()), pull(e, lanesInRow()),
      sums(e.request.outputs[output]) {}

bool ScatterTable::isSummedInRegisters() const {
  return e.memoryType(element) != e.registerType(element) && !element.isInteger(1);
}

//===----------------------------------------------------------------------===//
// The loops of a row
//===----------------------------------------------------------------------===//

/// The axes of a row as loops, `first` counting from the row's.
llvm::SmallVector<LoopGroup> ScatterTable::loopsInRow() {
  auto extents = dimsOf(type);
  extents.erase(extents.begin());
  if (extents.empty())
    return {};
  auto survey = [&](llvm::ArrayRef<LoopGroup> groups) {
    auto behindFront = [&](unsigned axes) {
      PlaceOf<LaneStride> place;
      for (unsigned axis = 0; axis < axes; ++axis)
        place.append({});
      for (auto &group : surveyPlace(groups, groups.size() - 1).groups)
        place.append(group.at, group.count);
      return place;
    };
    SurveyMath own;
    Movement<SurveyMath>(own).offset(e.request.outputs[output], behindFront(1));
    AccessCosts costs = surveyAccess(
        e.request, op.getUpdates(),
        behindFront(m::cast<RankedTensorType>(op.getIndices().getType()).getRank()), std::nullopt,
        /*writes=*/false);
    costs.divisions += own.divisions;
    costs.laneDivisions += own.laneDivisions;
    return costs;
  };
  return mergeAxes(extents, survey, [](unsigned) { return false; });
}

unsigned ScatterTable::lanesInRow() {
  return groups.empty() ? 2 // of which none is used
                        : narrowedLanes(vectorLanes(e.request, e.target), groups.back().extent);
}

/// Runs over all elements of a row.
void ScatterTable::elements(llvm::function_ref<void(const Place &inRow, const Mask *mask)> body) {
  auto nest = [&](auto &self, const Place &place, unsigned depth) -> void {
    if (depth == groups.size())
      return body(place, nullptr);
    const LoopGroup &group = groups[depth];
    auto inner = [&](const Index &at) {
      Place next = place;
      next.append(at, group.count);
      return next;
    };
    bool isLane = depth + 1 == groups.size();
    auto constant = group.extent.constant();
    int64_t few = !isLane                  ? fewSteps
                  : leavesLanes() && !room ? fewElementsWithoutRoom
                                           : fewElements;
    if (constant && *constant <= few) {
      for (int64_t i = 0; i < *constant; ++i)
        self(self, inner(Index::uniform(e.number(i))), depth + 1);
      return;
    }
    Value *extent = e.dim(group.extent);
    if (!isLane)
      return e.loop(e.number(0), extent, e.number(1),
                    [&](Value *i) { self(self, inner(Index::uniform(i)), depth + 1); });
    Value *lanes = e.number(pull.math.lanes);
    Value *rest = b.CreateURem(extent, lanes), *whole = b.CreateSub(extent, rest);
    auto at = [&](Value *i) { return inner(Index::strided(i, e.number(1), pull.math.lanes)); };
    e.loop(e.number(0), whole, lanes, [&](Value *i) { body(at(i), nullptr); });
    if (!isMultipleOf(group.extent, pull.math.lanes))
      e.when(b.CreateICmpSGT(rest, e.number(0)),
             [&] { body(at(whole), pull.mask(pull.math.below(rest))); });
  };
  nest(nest, Place(), 0);
}

//===----------------------------------------------------------------------===//
// Room for the sums
//===----------------------------------------------------------------------===//

/// True if a row's innermost loop is worth vectors and doesn't fill them.
bool ScatterTable::leavesLanes() const {
  if (groups.empty())
    return false;
  auto constant = groups.back().extent.constant();
  return constant && *constant > fewElements && *constant % pull.math.lanes != 0;
}

/// The table with every run of the innermost loop rounded up to whole vectors.
BufferLayout ScatterTable::withRoom() const {
  BufferLayout layout = e.request.outputs[output];
  auto extents = dimsOf(type);
  Dim stride(1);
  for (int axis = extents.size() - 1; axis >= 0; --axis) {
    layout.strides[axis] = stride;
    stride = stride * extents[axis];
    bool startsLanes = !groups.empty() && axis == int(groups.back().first) + 1;
    if (auto run = stride.constant(); run && startsLanes)
      stride = Dim(llvm::alignTo(*run, pull.math.lanes));
  }
  return layout;
}

int64_t ScatterTable::takeRoom(int64_t used) {
  BufferLayout roomy = withRoom();
  auto size = (roomy.strides[0] * dimsOf(type)[0]).constant();
  if (isSummedInRegisters() || !leavesLanes() || !size)
    return used;
  int64_t end = llvm::alignTo(used + *size * e.memoryBytes(element), 64);
  if (end > mostScratch)
    return used;
  sums = roomy;
  room = e.b.CreateConstInBoundsGEP1_64(b.getInt8Ty(), e.scratch, used);
  return end;
}

Value *ScatterTable::loadSum(const Place &place, const Mask *mask) {
  return pull.load(room ? room : e.outputPointer(output), element, pull.move.offset(sums, place),
                   room ? nullptr : mask, marked());
}

void ScatterTable::storeSum(Value *value, const Place &place, const Mask *mask) {
  if (!room)
    return pull.storeResult(value, output, place, mask);
  pull.store(value, room, element, pull.move.offset(sums, place), nullptr, marked());
}

std::function<void(Value *)> ScatterTable::marked() {
  return [this](Value *access) { room ? e.markScratch(access) : e.markStore(access, output); };
}

//===----------------------------------------------------------------------===//
// Sums
//===----------------------------------------------------------------------===//

Value *ScatterTable::zero() { return llvm::Constant::getNullValue(e.registerType(element)); }

Value *ScatterTable::sum(Value *a, Value *c) {
  if (a->getType()->isVectorTy() && !c->getType()->isVectorTy())
    c = pull.math.splat(c);
  return isReal(element) ? b.CreateFAdd(a, c) : b.CreateAdd(a, c);
}

void ScatterTable::clear(Value *row) {
  elements([&](const Place &inRow, const Mask *mask) {
    storeSum(zero(), behind(at(row), inRow), mask);
  });
}

void ScatterTable::add(const Place &update, Value *row) {
  elements([&](const Place &inRow, const Mask *mask) {
    Place place = behind(at(row), inRow);
    Value *term = pull.element(op.getUpdates(), behind(update, inRow), mask);
    storeSum(sum(loadSum(place, mask), term), place, mask);
  });
}

void ScatterTable::moveOut(Value *row) {
  if (!room)
    return;
  elements([&](const Place &inRow, const Mask *mask) {
    Place place = behind(at(row), inRow);
    pull.storeResult(loadSum(place, mask), output, place, mask);
  });
}

void ScatterTable::addUp(Value *row, Walk walk) {
  elements([&](const Place &inRow, const Mask *mask) {
    Value *start = inRow.isUniform() ? zero() : pull.math.splat(zero());
    Value *total = walk(start, [&](Value *before, const Place &update) {
      return sum(before, pull.element(op.getUpdates(), behind(update, inRow), mask));
    });
    pull.storeResult(e.rounded(total, element), output, behind(at(row), inRow), mask);
  });
}

} // namespace tenon::cpu
