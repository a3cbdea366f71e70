//===- ScatterKernel.cpp - Adding rows into tables ------------------------===//
//
// A task is a row of the tables: whoever owns rows walks all updates in order and adds those that
// fall on them, so no two threads add to one row and the order of additions is that of the updates.
// Which updates these are is noted for a block of them before any is added: whether a row is one's
// own is as good as random, and a branch on it would be mispredicted half of the time. Tables whose
// updates fall on the same rows share the walk.
//
// What is stored through a mask has to reach the cache before it can be loaded again, and the next
// update may be for the same row. So rows that don't fill vectors are added up with room behind
// them, in memory of the thread's own, if that holds them, and are moved to the table at the end.
//
//===----------------------------------------------------------------------===//
#include "codegen/cpu/kernel/ElementLoops.h"
#include "codegen/cpu/kernel/Kernels.h"

namespace tenon::cpu {

namespace {

Place behind(const Place &front, const Place &inRow) {
  Place place = front;
  for (auto &group : inRow.groups)
    place.append(group.at, group.count);
  return place;
}

//===----------------------------------------------------------------------===//
// One table
//===----------------------------------------------------------------------===//

class Table {
public:
  Table(Emission &e, ScatterAddOp op, unsigned output)
      : op(op), e(e), b(e.b), output(output), type(m::cast<RankedTensorType>(op.getType())),
        element(type.getElementType()), groups(loopsInRow()), pull(e, lanesInRow()),
        sums(e.request.outputs[output]) {}

  /// Sums of narrow reals would be rounded after every addition in memory of their own type.
  bool isSummedInRegisters() const {
    return e.memoryType(element) != e.registerType(element) && !element.isInteger(1);
  }

  /// Takes room for the sums at `used` of the scratch memory, if that is where they are better
  /// made and there is enough; answers what is used then.
  int64_t takeRoom(int64_t used) {
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

  void clear(Value *row) {
    elements([&](const Place &inRow, const Mask *mask) {
      storeSum(zero(), behind(at(row), inRow), mask);
    });
  }

  void add(const Place &update, Value *row) {
    elements([&](const Place &inRow, const Mask *mask) {
      Place place = behind(at(row), inRow);
      Value *term = pull.element(op.getUpdates(), behind(update, inRow), mask);
      storeSum(sum(loadSum(place, mask), term), place, mask);
    });
  }

  /// Puts the sums of a row into the table.
  void moveOut(Value *row) {
    if (!room)
      return;
    elements([&](const Place &inRow, const Mask *mask) {
      Place place = behind(at(row), inRow);
      pull.storeResult(loadSum(place, mask), output, place, mask);
    });
  }

  /// Stores the sums over all updates that `add` answers for, each made in one go.
  /// `walk(start, term)` joins the terms of the updates that fall on the row.
  using Walk = llvm::function_ref<Value *(Value *start,
                                          llvm::function_ref<Value *(Value *, const Place &)>)>;
  void addUp(Value *row, Walk walk) {
    elements([&](const Place &inRow, const Mask *mask) {
      Value *start = inRow.isUniform() ? zero() : pull.math.splat(zero());
      Value *total = walk(start, [&](Value *before, const Place &update) {
        return sum(before, pull.element(op.getUpdates(), behind(update, inRow), mask));
      });
      pull.storeResult(e.rounded(total, element), output, behind(at(row), inRow), mask);
    });
  }

  ScatterAddOp op;
  const Pull &reader() const { return pull; }

private:
  /// Up to so many elements of a row's innermost loop are added one by one: always, and where they
  /// don't fill a vector for which there is no room.
  static constexpr int64_t fewElements = 2, fewElementsWithoutRoom = 4;
  /// Loops of so few steps are written out.
  static constexpr int64_t fewSteps = 4;
  /// Scratch memory that a kernel may take: most of the first-level cache.
  static constexpr int64_t mostScratch = 24 << 10;

  /// True if a row's innermost loop is worth vectors and doesn't fill them.
  bool leavesLanes() {
    if (groups.empty())
      return false;
    auto constant = groups.back().extent.constant();
    return constant && *constant > fewElements && *constant % pull.math.lanes != 0;
  }
  /// The table with every run of the innermost loop rounded up to whole vectors.
  BufferLayout withRoom() {
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

  Value *loadSum(const Place &place, const Mask *mask) {
    return pull.load(room ? room : e.outputPointer(output), element, pull.move.offset(sums, place),
                     room ? nullptr : mask, marked());
  }
  void storeSum(Value *value, const Place &place, const Mask *mask) {
    if (!room)
      return pull.storeResult(value, output, place, mask);
    pull.store(value, room, element, pull.move.offset(sums, place), nullptr, marked());
  }
  std::function<void(Value *)> marked() {
    return [this](Value *access) { room ? e.markScratch(access) : e.markStore(access, output); };
  }

  unsigned indexRank() { return m::cast<RankedTensorType>(op.getIndices().getType()).getRank(); }
  Place at(Value *row) {
    Place front;
    front.append(Index::uniform(row));
    return front;
  }

  /// The axes of a row as loops, `first` counting from the row's.
  llvm::SmallVector<LoopGroup> loopsInRow() {
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
      AccessCosts costs =
          surveyAccess(e.request, op.getUpdates(), behindFront(indexRank()), std::nullopt,
                       /*writes=*/false);
      costs.divisions += own.divisions;
      costs.laneDivisions += own.laneDivisions;
      return costs;
    };
    return mergeAxes(extents, survey, [](unsigned) { return false; });
  }
  unsigned lanesInRow() {
    return groups.empty() ? 2 // of which none is used
                          : narrowedLanes(vectorLanes(e.request, e.target), groups.back().extent);
  }

  /// Runs over all elements of a row.
  void elements(llvm::function_ref<void(const Place &inRow, const Mask *mask)> body) {
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

  Value *zero() { return llvm::Constant::getNullValue(e.registerType(element)); }
  Value *sum(Value *a, Value *c) {
    if (a->getType()->isVectorTy() && !c->getType()->isVectorTy())
      c = pull.math.splat(c);
    return isReal(element) ? b.CreateFAdd(a, c) : b.CreateAdd(a, c);
  }

  Emission &e;
  llvm::IRBuilder<> &b;
  unsigned output;
  RankedTensorType type;
  m::Type element;
  llvm::SmallVector<LoopGroup> groups;
  Pull pull;
  /// Where the sums are made: in the table itself, or at `room`.
  BufferLayout sums;
  Value *room = nullptr;
};

//===----------------------------------------------------------------------===//
// The walk
//===----------------------------------------------------------------------===//

class ScatterKernel {
public:
  explicit ScatterKernel(Emission &e) : e(e), b(e.b), index(e, indexLanes) {}

  llvm::Expected<EmittedKernel> emit() {
    if (auto error = findTables())
      return std::move(error);
    if (e.request.partitionAxis.value_or(0) != 0)
      return cannot(e.request.op, "the partition of a scatter along another axis than its rows");
    llvm::SmallVector<Table *> inRegisters, inMemory;
    scratchBytes = 2 * noteBytes;
    for (auto &table : tables) {
      (table->isSummedInRegisters() ? inRegisters : inMemory).push_back(table.get());
      scratchBytes = table->takeRoom(scratchBytes);
    }
    e.loop(e.lo, e.hi, e.number(1), [&](Value *row) {
      for (Table *table : inMemory)
        table->clear(row);
      for (Table *table : inRegisters)
        table->addUp(row, [&](Value *start, auto term) {
          return joinUpdatesOf(row, start, term, Place(), 0);
        });
    });
    if (!inMemory.empty())
      eachOwnUpdate([&](const Place &update, Value *row) {
        for (Table *table : inMemory)
          table->add(update, row);
      });
    e.loop(e.lo, e.hi, e.number(1), [&](Value *row) {
      for (Table *table : inMemory)
        table->moveOut(row);
    });
    for (auto &table : tables)
      if (auto error = finish(table->reader()))
        return std::move(error);
    if (auto error = finish(index))
      return std::move(error);
    return EmittedKernel{"", rows, 1, scratchBytes};
  }

private:
  /// Updates that are looked through at a time: their places fit the first-level cache.
  static constexpr int64_t block = 512;
  /// Indices that are looked at together.
  static constexpr unsigned indexLanes = 16;

  llvm::Error findTables() {
    KernelValues values(e.request.op);
    for (auto [i, yield] : llvm::enumerate(values.yields)) {
      auto op = yield.getDefiningOp<ScatterAddOp>();
      if (!op || !values.checks.empty())
        return cannot(e.request.op, "maps on the result of scatter_add");
      Dim extent = dimsOf(m::cast<RankedTensorType>(op.getType()))[0];
      if (tables.empty()) {
        indices = op.getIndices();
        rows = extent;
      } else if (op.getIndices() != indices || !(extent == rows)) {
        return cannot(op, "another scatter_add at other rows in one kernel");
      }
      tables.push_back(std::make_unique<Table>(e, op, i));
    }
    extents = dimsOf(m::cast<RankedTensorType>(indices.getType()));
    return llvm::Error::success();
  }

  /// Runs over all updates in order that fall on rows of this task, with the row of each.
  using OnUpdate = llvm::function_ref<void(const Place &update, Value *row)>;
  void eachOwnUpdate(OnUpdate body) {
    auto nest = [&](auto &self, const Place &front, unsigned axis) -> void {
      if (extents.empty()) // one update
        return e.when(isOwn(rowOf(front)), [&] { body(front, rowOf(front)); });
      Value *extent = e.dim(extents[axis]);
      if (axis + 1 == extents.size())
        return eachOwnInLine(front, extent, body);
      e.loop(e.number(0), extent, e.number(1), [&](Value *i) {
        Place inner = front;
        inner.append(Index::uniform(i));
        self(self, inner, axis + 1);
      });
    };
    nest(nest, Place(), 0);
  }

  /// The same for the updates front[0], front[1], ... front[extent - 1].
  void eachOwnInLine(const Place &front, Value *extent, OnUpdate body) {
    e.loop(e.number(0), extent, e.number(block), [&](Value *from) {
      Value *to = b.CreateBinaryIntrinsic(llvm::Intrinsic::smin, b.CreateAdd(from, e.number(block)),
                                          extent);
      // Other levels have no instruction that puts chosen lanes side by side.
      Value *count = e.target.level == TargetInfo::Level::Avx512 ? noteLanes(front, from, to)
                                                                 : noteEach(front, from, to);
      e.loop(e.number(0), count, e.number(1), [&](Value *k) {
        auto noted = [&](Note what) {
          auto *load = b.CreateLoad(b.getInt32Ty(), note(what, k));
          e.markScratch(load);
          return b.CreateZExt(load, b.getInt64Ty());
        };
        Place update = front;
        update.append(Index::uniform(b.CreateAdd(from, noted(Past))));
        body(update, hasNarrowIndices() ? noted(Row) : rowOf(update));
      });
    });
  }

  /// What is noted of an own update: how far it is behind the block's first, and its row, if that
  /// fits.
  enum Note { Past, Row };
  static constexpr int64_t noteBytes = (block + indexLanes) * 4;
  Value *note(Note what, Value *k) {
    Value *start = b.CreateConstInBoundsGEP1_64(b.getInt8Ty(), e.scratch, what * noteBytes);
    return b.CreateInBoundsGEP(b.getInt32Ty(), start, k);
  }
  bool hasNarrowIndices() const {
    return elementOf(indices.getType()).getIntOrFloatBitWidth() <= 32;
  }
  void takeNote(Note what, Value *k, Value *number) {
    llvm::Type *narrow = number->getType()->getWithNewType(b.getInt32Ty());
    number = b.CreateTrunc(number, narrow);
    e.markScratch(b.CreateAlignedStore(number, note(what, k), llvm::Align(4)));
  }

  /// Notes the own updates among [from, to); answers how many there are.
  Value *noteEach(const Place &front, Value *from, Value *to) {
    return e.loop(from, to, e.number(1), e.number(0),
                  [&](Value *i, llvm::ArrayRef<Value *> count) -> Values {
                    Place update = front;
                    update.append(Index::uniform(i));
                    Value *row = rowOf(update);
                    takeNote(Past, count[0], b.CreateSub(i, from));
                    if (hasNarrowIndices())
                      takeNote(Row, count[0], row);
                    return {b.CreateAdd(count[0], b.CreateZExt(isOwn(row), b.getInt64Ty()))};
                  })[0];
  }
  Value *noteLanes(const Place &front, Value *from, Value *to) {
    return e.loop(from, to, e.number(indexLanes), e.number(0),
                  [&](Value *i, llvm::ArrayRef<Value *> count) -> Values {
                    Value *lanes = index.math.below(b.CreateSub(to, i));
                    Place updates = front;
                    updates.append(Index::strided(i, e.number(1), indexLanes));
                    Value *row = rowOf(updates, index.mask(lanes));
                    row = row->getType()->isVectorTy() ? row : index.math.splat(row);
                    Value *own = b.CreateAnd(isOwn(row), lanes);
                    Value *past = index.math.vector(
                        Index::strided(b.CreateSub(i, from), e.number(1), indexLanes));
                    takeNote(Past, count[0], compressed(past, own));
                    if (hasNarrowIndices())
                      takeNote(Row, count[0], compressed(row, own));
                    Value *bits = b.CreateBitCast(own, b.getIntNTy(indexLanes));
                    Value *found = b.CreateUnaryIntrinsic(llvm::Intrinsic::ctpop, bits);
                    return {b.CreateAdd(count[0], b.CreateZExt(found, b.getInt64Ty()))};
                  })[0];
  }
  /// The lanes of `numbers` that `chosen` holds for, side by side, as i32.
  Value *compressed(Value *numbers, Value *chosen) {
    llvm::Type *narrow = numbers->getType()->getWithNewType(b.getInt32Ty());
    return b.CreateIntrinsic(
        llvm::Intrinsic::experimental_vector_compress, {narrow},
        {b.CreateTrunc(numbers, narrow), chosen, llvm::PoisonValue::get(narrow)});
  }

  /// What the updates of one row are joined to, from those at `front` on.
  Value *joinUpdatesOf(Value *row, Value *start,
                       llvm::function_ref<Value *(Value *, const Place &)> join, const Place &front,
                       unsigned axis) {
    if (axis == extents.size())
      return e.branch(
          b.CreateICmpEQ(rowOf(front), row), [&]() -> Values { return {join(start, front)}; },
          [&]() -> Values { return {start}; })[0];
    return e.loop(e.number(0), e.dim(extents[axis]), e.number(1), start,
                  [&](Value *i, llvm::ArrayRef<Value *> carried) -> Values {
                    Place update = front;
                    update.append(Index::uniform(i));
                    return {joinUpdatesOf(row, carried[0], join, update, axis + 1)};
                  })[0];
  }

  /// The table's row that an update falls on, or those of several.
  Value *rowOf(const Place &update, const Mask *mask = nullptr) {
    Value *row = index.element(indices, update, mask);
    llvm::Type *wide = row->getType()->getWithNewType(b.getInt64Ty());
    row = elementOf(indices.getType()).isUnsignedInteger() ? b.CreateZExt(row, wide)
                                                           : b.CreateSExt(row, wide);
    Value *last = b.CreateSub(e.dim(rows), e.number(1));
    row = b.CreateBinaryIntrinsic(llvm::Intrinsic::smin, row, like(row, last));
    return b.CreateBinaryIntrinsic(llvm::Intrinsic::smax, row, like(row, e.number(0)));
  }
  Value *isOwn(Value *row) {
    return b.CreateAnd(b.CreateICmpSGE(row, like(row, e.lo)),
                       b.CreateICmpSLT(row, like(row, e.hi)));
  }
  Value *like(Value *row, Value *scalar) {
    return row->getType()->isVectorTy() ? index.math.splat(scalar) : scalar;
  }

  Emission &e;
  llvm::IRBuilder<> &b;
  std::vector<std::unique_ptr<Table>> tables;
  m::Value indices;
  Dim rows;
  llvm::SmallVector<Dim> extents; // of the indices
  int64_t scratchBytes = 0;
  Pull index;
};

} // namespace

llvm::Expected<EmittedKernel> emitScatterKernel(Emission &e) { return ScatterKernel(e).emit(); }

} // namespace tenon::cpu
