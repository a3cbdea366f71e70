//===- SortKernel.cpp - The order of rows ---------------------------------===//
//
// A task is a row. Each element becomes a record: its value as a natural number of the same order,
// and below it its place, so that no two records are equal and the order is the stable one. A short
// row is sorted by insertion, a longer one by its digits from the lowest (256 at a time), where a
// digit that all records share costs nothing. The second result holds two rows of records.
//
//===----------------------------------------------------------------------===//
#include "codegen/cpu/kernel/ElementLoops.h"
#include "codegen/cpu/kernel/Kernels.h"

namespace tenon::cpu {

namespace {

/// Rows up to this long are sorted by insertion.
constexpr int64_t shortRow = 40;
constexpr int64_t digits = 256;
constexpr unsigned placeBits = 32;

class SortKernel {
public:
  SortKernel(Emission &e, ArgsortOp op)
      : e(e), b(e.b), op(op), element(elementOf(op.getOperand().getType())),
        extents(dimsOf(m::cast<RankedTensorType>(op.getType()))), pull(e, 2) {
    llvm::Type *value = e.registerType(element);
    keyBits = std::max<unsigned>(value->getScalarSizeInBits(), 8);
    record = b.getIntNTy(keyBits <= 32 ? 64 : 128);
    place = b.getInt32Ty();
  }

  llvm::Expected<EmittedKernel> emit() {
    if (e.request.partitionAxis)
      return cannot(op, "the partition of a sort");
    Dim rows(1);
    for (const Dim &extent : llvm::ArrayRef(extents).drop_back())
      rows = rows * extent;
    length = e.dim(extents.back());
    makeCounters();
    Value *isShort = b.CreateICmpSLE(length, e.number(shortRow));
    e.loop(e.lo, e.hi, e.number(1), [&](Value *row) {
      Value *first =
          at(e.outputPointer(1), b.CreateNSWMul(row, b.CreateNSWMul(length, e.number(2))));
      fill(row, first);
      Values sorted = e.branch(
          isShort,
          [&]() -> Values {
            insertEach(first);
            return {first};
          },
          [&]() -> Values { return {sortDigits(first)}; });
      handOut(row, sorted[0]);
    });
    if (auto error = finish(pull))
      return std::move(error);
    return EmittedKernel{"", rows, 1, 0};
  }

private:
  //===--------------------------------------------------------------------===//
  // Records
  //===--------------------------------------------------------------------===//

  Value *at(Value *records, Value *index) { return b.CreateGEP(record, records, index); }
  Value *load(Value *records, Value *index) {
    return memory(b.CreateAlignedLoad(record, at(records, index), llvm::Align(8)));
  }
  void store(Value *value, Value *records, Value *index) {
    memory(b.CreateAlignedStore(value, at(records, index), llvm::Align(8)));
  }
  template <typename Access> Access *memory(Access *access) {
    e.markStore(access, 1);
    return access;
  }

  /// The bits of a value as a natural number that is ordered as the values are, NaN last.
  Value *key(Value *value) {
    auto *type = b.getIntNTy(keyBits);
    bool isFloat = isReal(element);
    auto *top = llvm::ConstantInt::get(type, llvm::APInt::getSignMask(keyBits));
    Value *isNaN = nullptr, *bits = nullptr;
    if (isFloat) {
      bits = b.CreateBitCast(value, type);
      auto &format = value->getType()->getFltSemantics();
      auto *infinity = llvm::ConstantInt::get(type, llvm::APFloat::getInf(format).bitcastToAPInt());
      isNaN = b.CreateICmpUGT(b.CreateAnd(bits, b.CreateNot(top)), infinity);
      // The two zeros are one number.
      bits = b.CreateSelect(b.CreateICmpEQ(bits, top), llvm::Constant::getNullValue(type), bits);
      Value *sign = b.CreateAShr(bits, keyBits - 1);
      bits = b.CreateXor(bits, b.CreateOr(sign, top));
    } else {
      bits = b.CreateZExt(value, type);
      if (!element.isInteger(1) && !element.isUnsignedInteger())
        bits = b.CreateXor(bits, top);
    }
    if (op.getDescending())
      bits = b.CreateNot(bits);
    return isFloat ? b.CreateSelect(isNaN, llvm::Constant::getAllOnesValue(type), bits) : bits;
  }

  Place placeOf(Value *row, Value *index) {
    Place place;
    if (extents.size() > 1)
      place.append(Index::uniform(row), extents.size() - 1);
    place.append(Index::uniform(index));
    return place;
  }

  void fill(Value *row, Value *records) {
    e.loop(e.number(0), length, e.number(1), [&](Value *i) {
      Value *number = key(pull.element(op.getOperand(), placeOf(row, i)));
      Value *high = b.CreateShl(b.CreateZExt(number, record), placeBits);
      store(b.CreateOr(high, b.CreateZExtOrTrunc(i, record)), records, i);
    });
  }

  void handOut(Value *row, Value *records) {
    e.loop(e.number(0), length, e.number(1), [&](Value *i) {
      pull.storeResult(b.CreateTrunc(load(records, i), place), 0, placeOf(row, i), nullptr);
    });
  }

  //===--------------------------------------------------------------------===//
  // Short rows
  //===--------------------------------------------------------------------===//

  void insertEach(Value *records) {
    e.loop(e.number(1), length, e.number(1), [&](Value *i) {
      Value *inserted = load(records, i);
      store(inserted, records, shiftLarger(records, inserted, i));
    });
  }

  /// Moves the records before `i` that are larger than `inserted` up by one; answers the gap.
  Value *shiftLarger(Value *records, Value *inserted, Value *i) {
    auto &context = b.getContext();
    auto *before = b.GetInsertBlock();
    auto *test = BasicBlock::Create(context, "test", e.function);
    auto *compare = BasicBlock::Create(context, "compare", e.function);
    auto *shift = BasicBlock::Create(context, "shift", e.function);
    auto *done = BasicBlock::Create(context, "gap", e.function);
    b.CreateBr(test);
    b.SetInsertPoint(test);
    auto *gap = b.CreatePHI(b.getInt64Ty(), 2, "gap");
    gap->addIncoming(i, before);
    b.CreateCondBr(b.CreateICmpSGT(gap, e.number(0)), compare, done);
    b.SetInsertPoint(compare);
    Value *below = b.CreateNSWSub(gap, e.number(1));
    Value *other = load(records, below);
    b.CreateCondBr(b.CreateICmpUGT(other, inserted), shift, done);
    b.SetInsertPoint(shift);
    store(other, records, gap);
    gap->addIncoming(below, shift);
    b.CreateBr(test);
    b.SetInsertPoint(done);
    return gap;
  }

  //===--------------------------------------------------------------------===//
  // Digits
  //===--------------------------------------------------------------------===//

  int64_t passes() const { return keyBits / 8; }

  void makeCounters() {
    auto &entry = e.function->getEntryBlock();
    llvm::IRBuilder<> atEntry(&entry, entry.begin());
    counters =
        atEntry.CreateAlloca(llvm::ArrayType::get(place, passes() * digits), nullptr, "counters");
  }
  Value *counter(Value *ofPass, Value *digit) {
    return b.CreateGEP(place, counters, b.CreateNSWAdd(ofPass, digit));
  }
  Value *addTo(Value *counter, Value *amount) {
    Value *old = b.CreateLoad(place, counter);
    b.CreateStore(b.CreateAdd(old, amount), counter);
    return old;
  }
  Value *digit(Value *of, Value *shift) {
    Value *low = b.CreateLShr(of, b.CreateZExt(shift, record));
    return b.CreateAnd(b.CreateTrunc(low, b.getInt64Ty()), digits - 1);
  }

  void countDigits(Value *records) {
    auto *block = llvm::FixedVectorType::get(place, 8);
    e.loop(e.number(0), e.number(passes() * digits), e.number(8), [&](Value *i) {
      b.CreateAlignedStore(llvm::Constant::getNullValue(block), b.CreateGEP(place, counters, i),
                           llvm::Align(4));
    });
    e.loop(e.number(0), length, e.number(1), [&](Value *i) {
      Value *each = load(records, i);
      for (int64_t pass = 0; pass < passes(); ++pass)
        addTo(counter(e.number(pass * digits), digit(each, e.number(placeBits + 8 * pass))),
              b.getInt32(1));
    });
  }

  /// Answers where the sorted records are: in `first` or in the row behind it.
  Value *sortDigits(Value *first) {
    countDigits(first);
    Value *second = at(first, length);
    Values last =
        e.loop(e.number(0), e.number(passes()), e.number(1), {first, second},
               [&](Value *pass, llvm::ArrayRef<Value *> carried) -> Values {
                 Value *from = carried[0], *to = carried[1];
                 Value *shift =
                     b.CreateNSWAdd(b.CreateNSWMul(pass, e.number(8)), e.number(placeBits));
                 Value *ofPass = b.CreateNSWMul(pass, e.number(digits));
                 Value *share =
                     b.CreateLoad(place, counter(ofPass, digit(load(from, e.number(0)), shift)));
                 Value *isShared = b.CreateICmpEQ(b.CreateZExt(share, b.getInt64Ty()), length);
                 return e.branch(
                     isShared, [&]() -> Values { return {from, to}; },
                     [&]() -> Values {
                       distribute(from, to, shift, ofPass);
                       return {to, from};
                     });
               });
    return last[0];
  }

  void distribute(Value *from, Value *to, Value *shift, Value *ofPass) {
    // The counts become the first places.
    e.loop(e.number(0), e.number(digits), e.number(1), {b.getInt32(0)},
           [&](Value *i, llvm::ArrayRef<Value *> sum) -> Values {
             Value *slot = counter(ofPass, i);
             Value *count = b.CreateLoad(place, slot);
             b.CreateStore(sum[0], slot);
             return {b.CreateAdd(sum[0], count)};
           });
    e.loop(e.number(0), length, e.number(1), [&](Value *i) {
      Value *each = load(from, i);
      Value *target = addTo(counter(ofPass, digit(each, shift)), b.getInt32(1));
      store(each, to, b.CreateZExt(target, b.getInt64Ty()));
    });
  }

  Emission &e;
  llvm::IRBuilder<> &b;
  ArgsortOp op;
  m::Type element;
  llvm::SmallVector<Dim> extents;
  Pull pull;
  unsigned keyBits;
  llvm::Type *record, *place;
  Value *length = nullptr, *counters = nullptr;
};

} // namespace

llvm::Expected<EmittedKernel> emitSortKernel(Emission &e, ArgsortOp sort) {
  return SortKernel(e, sort).emit();
}

} // namespace tenon::cpu
