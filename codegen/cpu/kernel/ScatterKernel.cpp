//===- ScatterKernel.cpp - Adding rows into a table -----------------------===//
//
// A task is a row of the table: whoever owns rows walks all updates in order and adds those that
// fall on them, so no two threads add to one row and the order of additions is that of the updates.
// Which updates these are is noted for a block of them before any is added: whether a row is one's
// own is as good as random, and a branch on it would be mispredicted half of the time.
//
//===----------------------------------------------------------------------===//
#include "codegen/cpu/kernel/ElementLoops.h"
#include "codegen/cpu/kernel/Kernels.h"

namespace tenon::cpu {

namespace {

class ScatterKernel {
public:
  ScatterKernel(Emission &e, ScatterAddOp op)
      : e(e), b(e.b), op(op), type(m::cast<RankedTensorType>(op.getType())), extents(dimsOf(type)),
        element(type.getElementType()), pull(e, lanesFor(e, Movement<IndexMath>::dims(op))) {
    updates = dimsOf(m::cast<RankedTensorType>(op.getUpdates().getType()));
    indexRank = m::cast<RankedTensorType>(op.getIndices().getType()).getRank();
  }

  llvm::Expected<EmittedKernel> emit() {
    KernelValues values(e.request.op);
    if (values.all.size() != 1 || values.all[0] != op.getResult())
      return cannot(op, "maps on the result of scatter_add");
    if (e.request.partitionAxis.value_or(0) != 0)
      return cannot(op, "the partition of a scatter along another axis than its rows");
    // Sums of narrow reals would be rounded after every addition in memory of their own type.
    if (e.memoryType(element) != e.registerType(element) && !element.isInteger(1))
      emitRowByRow();
    else
      emitByUpdates();
    if (auto error = finish(pull))
      return std::move(error);
    return EmittedKernel{"", extents[0], 1, scratchBytes};
  }

private:
  /// Updates that are looked through at a time: their places fit the first-level cache.
  static constexpr int64_t block = 512;

  static unsigned lanesFor(Emission &e, llvm::ArrayRef<Dim> extents) {
    unsigned lanes = vectorLanes(e.request, e.target);
    return extents.size() < 2 ? 2 : narrowedLanes(lanes, extents.back());
  }

  /// Runs over all elements of a row.
  void elements(llvm::function_ref<void(const Place &inRow, Value *mask)> body) {
    auto nest = [&](auto &self, const Place &place, unsigned axis) -> void {
      if (axis == extents.size())
        return body(place, nullptr);
      Value *extent = e.dim(extents[axis]);
      bool isLane = axis + 1 == extents.size();
      unsigned step = isLane ? pull.math.lanes : 1;
      e.loop(e.number(0), extent, e.number(step), [&](Value *i) {
        Place inner = place;
        inner.append(isLane ? Index::strided(i, e.number(1), step) : Index::uniform(i));
        if (isLane)
          return body(inner, isMultipleOf(extents[axis], step)
                                 ? nullptr
                                 : pull.math.below(b.CreateSub(extent, i)));
        self(self, inner, axis + 1);
      });
    };
    nest(nest, Place(), 1);
  }
  Place behind(const Place &front, const Place &inRow) {
    Place place = front;
    for (auto &group : inRow.groups)
      place.append(group.at, group.count);
    return place;
  }

  /// Runs over all updates in order that fall on rows of this task, with the row of each.
  void eachOwnUpdate(llvm::function_ref<void(const Place &update, Value *row)> body) {
    auto nest = [&](auto &self, const Place &front, unsigned axis) -> void {
      if (axis + 1 < indexRank)
        return e.loop(e.number(0), e.dim(updates[axis]), e.number(1), [&](Value *i) {
          Place inner = front;
          inner.append(Index::uniform(i));
          self(self, inner, axis + 1);
        });
      if (axis == indexRank) // one update
        return e.when(isOwn(rowOf(front)), [&] { body(front, rowOf(front)); });
      eachOwnInLine(front, e.dim(updates[axis]), body);
    };
    nest(nest, Place(), 0);
  }

  /// The same for the updates front[0], front[1], ... front[extent - 1].
  void eachOwnInLine(const Place &front, Value *extent,
                     llvm::function_ref<void(const Place &update, Value *row)> body) {
    scratchBytes = block * 8;
    auto at = [&](Value *i) {
      Place update = front;
      update.append(Index::uniform(i));
      return update;
    };
    auto note = [&](Value *k) { return b.CreateInBoundsGEP(b.getInt64Ty(), e.scratch, k); };
    e.loop(e.number(0), extent, e.number(block), [&](Value *from) {
      Value *to = b.CreateBinaryIntrinsic(llvm::Intrinsic::smin, b.CreateAdd(from, e.number(block)),
                                          extent);
      Value *count = e.loop(
          from, to, e.number(1), e.number(0),
          [&](Value *i, llvm::ArrayRef<Value *> carried) -> Values {
            e.markScratch(b.CreateStore(i, note(carried[0])));
            return {b.CreateAdd(carried[0], b.CreateZExt(isOwn(rowOf(at(i))), b.getInt64Ty()))};
          })[0];
      e.loop(e.number(0), count, e.number(1), [&](Value *k) {
        auto *i = b.CreateLoad(b.getInt64Ty(), note(k));
        e.markScratch(i);
        body(at(i), rowOf(at(i)));
      });
    });
  }

  Value *isOwn(Value *row) {
    return b.CreateAnd(b.CreateICmpSGE(row, e.lo), b.CreateICmpSLT(row, e.hi));
  }
  /// The table's row that an update falls on.
  Value *rowOf(const Place &update) { return clamp(pull.element(op.getIndices(), update)); }

  Value *zero() { return llvm::Constant::getNullValue(e.registerType(element)); }
  Value *sum(Value *a, Value *c) {
    if (a->getType()->isVectorTy() && !c->getType()->isVectorTy())
      c = pull.math.splat(c);
    return isReal(element) ? b.CreateFAdd(a, c) : b.CreateAdd(a, c);
  }

  void emitByUpdates() {
    e.loop(e.lo, e.hi, e.number(1), [&](Value *row) {
      Place front;
      front.append(Index::uniform(row));
      elements([&](const Place &inRow, Value *mask) {
        pull.storeResult(zero(), 0, behind(front, inRow), pull.mask(mask));
      });
    });
    const BufferLayout &layout = e.request.outputs[0];
    eachOwnUpdate([&](const Place &update, Value *row) {
      Place front;
      front.append(Index::uniform(row));
      elements([&](const Place &inRow, Value *lanes) {
        const Mask *mask = pull.mask(lanes);
        Place place = behind(front, inRow);
        Value *before = pull.load(e.outputPointer(0), element, pull.move.offset(layout, place),
                                  mask, [&](Value *access) { e.markStore(access, 0); });
        Value *term = pull.element(op.getUpdates(), behind(update, inRow), mask);
        pull.storeResult(sum(before, term), 0, place, mask);
      });
    });
  }

  void emitRowByRow() {
    e.loop(e.lo, e.hi, e.number(1), [&](Value *row) {
      Place front;
      front.append(Index::uniform(row));
      elements([&](const Place &inRow, Value *lanes) {
        const Mask *mask = pull.mask(lanes);
        Value *start = inRow.isUniform() ? zero() : pull.math.splat(zero());
        Value *total = sumOf(row, inRow, start, mask, Place(), 0);
        pull.storeResult(e.rounded(total, element), 0, behind(front, inRow), mask);
      });
    });
  }

  /// What all updates of one row add up to, for some elements of it.
  Value *sumOf(Value *row, const Place &inRow, Value *start, const Mask *mask, const Place &at,
               unsigned axis) {
    return e.loop(e.number(0), e.dim(updates[axis]), e.number(1), start,
                  [&](Value *i, llvm::ArrayRef<Value *> carried) -> Values {
                    Place update = at;
                    update.append(Index::uniform(i));
                    if (axis + 1 < indexRank)
                      return {sumOf(row, inRow, carried[0], mask, update, axis + 1)};
                    Value *target = rowOf(update);
                    return e.branch(
                        b.CreateICmpEQ(target, row),
                        [&]() -> Values {
                          Value *term = pull.element(op.getUpdates(), behind(update, inRow), mask);
                          return {sum(carried[0], term)};
                        },
                        [&]() -> Values { return {carried[0]}; });
                  })[0];
  }
  Value *clamp(Value *row) {
    bool natural = elementOf(op.getIndices().getType()).isUnsignedInteger();
    row = natural ? b.CreateZExt(row, b.getInt64Ty()) : b.CreateSExt(row, b.getInt64Ty());
    row = b.CreateBinaryIntrinsic(llvm::Intrinsic::smin, row,
                                  b.CreateSub(e.dim(extents[0]), e.number(1)));
    return b.CreateBinaryIntrinsic(llvm::Intrinsic::smax, row, e.number(0));
  }

  Emission &e;
  llvm::IRBuilder<> &b;
  ScatterAddOp op;
  RankedTensorType type;
  llvm::SmallVector<Dim> extents, updates;
  m::Type element;
  unsigned indexRank;
  int64_t scratchBytes = 0;
  Pull pull;
};

} // namespace

llvm::Expected<EmittedKernel> emitScatterKernel(Emission &e, ScatterAddOp scatter) {
  return ScatterKernel(e, scatter).emit();
}

} // namespace tenon::cpu
