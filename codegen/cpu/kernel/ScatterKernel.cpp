//===- ScatterKernel.cpp - Adding rows into tables ------------------------===//
//
// A task is a row of the tables: whoever owns rows walks all updates in order and adds those that
// fall on them, so no two threads add to one row and the order of additions is that of the updates.
// Which updates these are is noted for a block of them before any is added: whether a row is one's
// own is as good as random, and a branch on it would be mispredicted half of the time. Tables whose
// updates fall on the same rows share the walk.
//
//===----------------------------------------------------------------------===//
#include "codegen/cpu/kernel/Kernels.h"
#include "codegen/cpu/kernel/ScatterTable.h"

namespace tenon::cpu {

namespace {

class ScatterKernel {
public:
  explicit ScatterKernel(Emission &e) : e(e), b(e.b), index(e, indexLanes) {}

  llvm::Expected<EmittedKernel> emit() {
    if (auto error = findTables())
      return std::move(error);
    if (e.request.partitionAxis.value_or(0) != 0)
      return cannot(e.request.op, "the partition of a scatter along another axis than its rows");
    llvm::SmallVector<ScatterTable *> inRegisters, inMemory;
    scratchBytes = 2 * noteBytes;
    for (auto &table : tables) {
      (table->isSummedInRegisters() ? inRegisters : inMemory).push_back(table.get());
      scratchBytes = table->takeRoom(scratchBytes);
    }
    e.loop(e.lo, e.hi, e.number(1), [&](Value *row) {
      for (ScatterTable *table : inMemory)
        table->clear(row);
      for (ScatterTable *table : inRegisters)
        table->addUp(row, [&](Value *start, auto term) {
          return joinUpdatesOf(row, start, term, Place(), 0);
        });
    });
    if (!inMemory.empty())
      eachOwnUpdate([&](const Place &update, Value *row) {
        for (ScatterTable *table : inMemory)
          table->add(update, row);
      });
    e.loop(e.lo, e.hi, e.number(1), [&](Value *row) {
      for (ScatterTable *table : inMemory)
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
      tables.push_back(std::make_unique<ScatterTable>(e, op, i));
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
  std::vector<std::unique_ptr<ScatterTable>> tables;
  m::Value indices;
  Dim rows;
  llvm::SmallVector<Dim> extents; // of the indices
  int64_t scratchBytes = 0;
  Pull index;
};

} // namespace

llvm::Expected<EmittedKernel> emitScatterKernel(Emission &e) { return ScatterKernel(e).emit(); }

} // namespace tenon::cpu
