//===- Index.cpp - A place along an axis, for all lanes at once -----------===//
#include "codegen/cpu/kernel/Index.h"

namespace tenon::cpu {

static std::optional<int64_t> constantOf(Value *value) {
  auto *number = llvm::dyn_cast_or_null<llvm::ConstantInt>(value);
  return number ? std::optional(number->getSExtValue()) : std::nullopt;
}

static unsigned multipleOf(const Index &a) {
  auto number = constantOf(a.base);
  if (!number)
    return a.multiple;
  return *number % 1024 == 0 ? 1024 : unsigned(*number & -*number);
}

bool Index::isContiguous() const { return stride && constantOf(stride) == 1; }
bool Index::isZero() const { return isUniform() && constantOf(base) == 0; }

Value *IndexMath::once(Op op, Value *a, Value *c, llvm::function_ref<Value *()> make) {
  auto [place, isNew] = known.try_emplace({op, a, c}, Known{nullptr, 0});
  if (isNew || !e.isOpen(place->second.scope))
    place->second = {make(), e.scope()};
  return place->second.value;
}

Value *IndexMath::add(Value *a, Value *c) {
  if (constantOf(a) == 0)
    return c;
  if (constantOf(c) == 0)
    return a;
  return once(Op::Add, a, c, [&] { return e.b.CreateAdd(a, c); });
}
Value *IndexMath::mul(Value *a, Value *c) {
  if (constantOf(a) == 1)
    return c;
  if (constantOf(c) == 1)
    return a;
  return once(Op::Mul, a, c, [&] { return e.b.CreateMul(a, c); });
}

Value *IndexMath::splat(Value *scalar) {
  return once(Op::Splat, scalar, nullptr, [&] { return e.b.CreateVectorSplat(lanes, scalar); });
}

Value *IndexMath::laneNumbers(llvm::Type *element) {
  llvm::SmallVector<llvm::Constant *> numbers;
  for (unsigned lane = 0; lane < lanes; ++lane)
    numbers.push_back(llvm::ConstantInt::get(element, lane));
  return llvm::ConstantVector::get(numbers);
}

Value *IndexMath::vector(const Index &a) {
  if (a.lanes)
    return a.lanes;
  if (!a.stride)
    return splat(a.base);
  return once(Op::Vector, a.base, a.stride, [&] {
    Value *offsets = laneNumbers(e.b.getInt64Ty());
    if (constantOf(a.stride) != 1)
      offsets = e.b.CreateMul(offsets, splat(a.stride));
    return e.b.CreateAdd(splat(a.base), offsets);
  });
}

Value *IndexMath::convert(const Index &a, llvm::Type *element, bool isReal) {
  auto to = [&](Value *value) -> Value * {
    llvm::Type *type = value->getType()->getWithNewType(element);
    return isReal ? e.b.CreateSIToFP(value, type) : e.b.CreateSExtOrTrunc(value, type);
  };
  if (a.isUniform())
    return to(a.base);
  // Whole numbers wrap, so narrow lanes can be counted in narrow arithmetic.
  if (!isReal && a.stride) {
    Value *offsets = laneNumbers(element);
    if (constantOf(a.stride) != 1)
      offsets = e.b.CreateMul(offsets, e.b.CreateVectorSplat(lanes, to(a.stride)));
    return e.b.CreateAdd(e.b.CreateVectorSplat(lanes, to(a.base)), offsets);
  }
  return to(vector(a));
}

Value *IndexMath::below(Value *count) {
  // Compared in i32, twice as many lanes to a register.
  Value *narrow = e.b.CreateTrunc(
      e.b.CreateBinaryIntrinsic(llvm::Intrinsic::smin, count, e.number(lanes)), e.b.getInt32Ty());
  return e.b.CreateICmpSLT(laneNumbers(e.b.getInt32Ty()), e.b.CreateVectorSplat(lanes, narrow));
}

Index IndexMath::add(const Index &a, const Index &c) {
  if (a.lanes || c.lanes) {
    if (a.isZero())
      return c;
    if (c.isZero())
      return a;
    return Index::vector(add(vector(a), vector(c)));
  }
  Index sum = Index::uniform(add(a.base, c.base));
  if (a.stride || c.stride)
    sum.stride = !a.stride ? c.stride : !c.stride ? a.stride : add(a.stride, c.stride);
  sum.multiple = std::min(multipleOf(a), multipleOf(c));
  return sum;
}

Index IndexMath::scale(const Index &a, const Dim &factor) {
  if (factor.isConstant(1))
    return a;
  if (factor.isConstant(0))
    return Index::uniform(e.number(0));
  Value *by = e.dim(factor);
  if (a.lanes)
    return Index::vector(mul(a.lanes, splat(by)));
  return {mul(a.base, by), a.stride ? mul(a.stride, by) : nullptr, nullptr, a.multiple};
}

//===----------------------------------------------------------------------===//
// Division
//===----------------------------------------------------------------------===//

std::pair<Index, Index> IndexMath::divide(const Index &a, const Dim &extent) {
  if (extent.isConstant(1))
    return {a, Index::uniform(e.number(0))};
  Value *by = e.dim(extent);
  if (a.isUniform()) {
    Value *quotient = once(Op::Div, a.base, by, [&] { return e.b.CreateUDiv(a.base, by); });
    Value *rest = once(Op::Rem, a.base, by,
                       [&] { return e.b.CreateSub(a.base, e.b.CreateMul(quotient, by)); });
    return {Index::uniform(quotient), Index::uniform(rest)};
  }
  if (a.isContiguous())
    return divideLanes(a, extent);
  Value *all = vector(a);
  Value *quotient = once(Op::Div, all, by, [&] { return e.b.CreateUDiv(all, splat(by)); });
  Value *rest = once(Op::Rem, all, by,
                     [&] { return e.b.CreateSub(all, e.b.CreateMul(quotient, splat(by))); });
  return {Index::vector(quotient), Index::vector(rest)};
}

/// Consecutive numbers pass a multiple of the extent now and then: the base is divided, and each
/// lane counts how many multiples lie between the base and itself, in numbers below 2^20.
std::pair<Index, Index> IndexMath::divideLanes(const Index &a, const Dim &by) {
  Value *extent = e.dim(by);
  if (auto constant = by.constant();
      constant && *constant % lanes == 0 && a.multiple % lanes == 0) {
    auto [first, within] = divide(Index::uniform(a.base), by);
    return {first, Index::strided(within.base, a.stride, lanes)};
  }
  // Lanes before a pad's inside aren't read, and those behind them are: then the base is negative.
  Value *first = floorDivide(a.base, extent, true), *within = floorDivide(a.base, extent, false);
  Value *all = vector(a);
  Value *quotient = once(Op::Div, all, extent, [&] {
    auto *i32 = e.b.getInt32Ty();
    auto *real = llvm::FixedVectorType::get(e.b.getFloatTy(), lanes);
    Value *limit = e.number(1 << 20);
    auto small = [&](Value *x) {
      return e.b.CreateTrunc(e.b.CreateBinaryIntrinsic(llvm::Intrinsic::umin, x, limit), i32);
    };
    Value *room = e.b.CreateVectorSplat(lanes, small(e.b.CreateSub(extent, within)));
    Value *size = e.b.CreateVectorSplat(lanes, small(extent));
    Value *past = e.b.CreateSub(laneNumbers(i32), room);
    Value *more =
        e.b.CreateFPToSI(e.b.CreateFDiv(e.b.CreateSIToFP(past, real), e.b.CreateSIToFP(size, real)),
                         past->getType());
    auto *zero = llvm::Constant::getNullValue(past->getType());
    auto *one = llvm::ConstantInt::get(past->getType(), 1);
    Value *wraps = e.b.CreateSelect(e.b.CreateICmpSLT(past, zero), zero, e.b.CreateAdd(more, one));
    return e.b.CreateAdd(splat(first), e.b.CreateSExt(wraps, all->getType()));
  });
  Value *rest = once(Op::Rem, all, extent,
                     [&] { return e.b.CreateSub(all, e.b.CreateMul(quotient, splat(extent))); });
  return {Index::vector(quotient), Index::vector(rest)};
}

Value *IndexMath::floorDivide(Value *x, Value *by, bool quotient) {
  return once(quotient ? Op::SignedDiv : Op::SignedRem, x, by, [&] {
    Value *q = e.b.CreateSDiv(x, by);
    Value *r = e.b.CreateSub(x, e.b.CreateMul(q, by));
    Value *isBelow = e.b.CreateICmpSLT(r, llvm::Constant::getNullValue(x->getType()));
    return quotient ? e.b.CreateSub(q, e.b.CreateZExt(isBelow, x->getType()))
                    : e.b.CreateSelect(isBelow, e.b.CreateAdd(r, by), r);
  });
}

Index IndexMath::floorOperation(const Index &a, const Dim &divisor, bool quotient) {
  Value *by = e.dim(divisor);
  if (a.isUniform())
    return Index::uniform(floorDivide(a.base, by, quotient));
  return Index::vector(floorDivide(vector(a), splat(by), quotient));
}

Index IndexMath::floorDiv(const Index &a, const Dim &divisor) {
  return divisor.isConstant(1) ? a : floorOperation(a, divisor, true);
}
Index IndexMath::mod(const Index &a, const Dim &divisor) {
  return divisor.isConstant(1) ? Index::uniform(e.number(0)) : floorOperation(a, divisor, false);
}

} // namespace tenon::cpu
