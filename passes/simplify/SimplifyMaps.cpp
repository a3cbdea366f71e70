//===- SimplifyMaps.cpp - Rewrites of elementwise operations --------------===//
//
//   x + -0 = x        x - 0 = x         x * 1 = x         x / 1 = x       x * -1 = -x
//   x + 0 = x         x * 0 = 0         x - x = 0                          (integers)
//   x + -y = x - y    x - -y = x + y    -x * -y = x * y   -x * c = x * -c
//   pow(x, 1) = x     pow(x, 2) = x * x                                    (reals)
//   max(x, x) = x     min(x, x) = x     |-x| = |x|        ||x|| = |x|
//   select(not c, a, b) = select(c, b, a)         select(c, true, false) = c
//   x == x = true     x < x = false  and so on                             (integers)
//   convert(convert(x)) = convert(x)  where the inner one loses nothing
//   f(constants) = constant           for + - * / neg max min abs, compare, convert
//   dimension(7) = 7                  a constant tensor of one number = broadcast(number)
//   f(broadcast(a), broadcast(b)) = broadcast(f(a, b))
//   stop_gradient(x) = x              outside of vjp and jvp
//
//===----------------------------------------------------------------------===//
#include "passes/simplify/Patterns.h"
#include "passes/simplify/Splat.h"

#include "mlir/IR/PatternMatch.h"

using namespace mlir;
using namespace tenon;

namespace {

bool isInteger(Value value) { return !isReal(value.getType()); }

//===----------------------------------------------------------------------===//
// Identities
//===----------------------------------------------------------------------===//

struct SimplifyAdd : OpRewritePattern<AddOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(AddOp op, PatternRewriter &rewriter) const override {
    Value a = op.getLhs(), b = op.getRhs();
    for (auto [x, zero] : {std::pair(a, b), std::pair(b, a)})
      if (isNegativeZero(zero) || (isInteger(zero) && isSplat(zero, 0))) {
        rewriter.replaceOp(op, x);
        return success();
      }
    for (auto [x, y] : {std::pair(a, b), std::pair(b, a)})
      if (auto negated = y.getDefiningOp<NegOp>()) {
        rewriter.replaceOpWithNewOp<SubOp>(op, op.getType(), x, negated.getOperand());
        return success();
      }
    return rewriter.notifyMatchFailure(op, "no neutral or negated operand");
  }
};

struct SimplifySub : OpRewritePattern<SubOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(SubOp op, PatternRewriter &rewriter) const override {
    if (isSplat(op.getRhs(), 0)) {
      rewriter.replaceOp(op, op.getLhs());
      return success();
    }
    if (auto negated = op.getRhs().getDefiningOp<NegOp>()) {
      rewriter.replaceOpWithNewOp<AddOp>(op, op.getType(), op.getLhs(), negated.getOperand());
      return success();
    }
    // -0 - x is -x to the bit; 0 - x isn't, for x = 0.
    if (isNegativeZero(op.getLhs()) || (isInteger(op.getLhs()) && isSplat(op.getLhs(), 0))) {
      rewriter.replaceOpWithNewOp<NegOp>(op, op.getType(), op.getRhs());
      return success();
    }
    if (isInteger(op.getLhs()) && op.getLhs() == op.getRhs()) {
      rewriter.replaceOp(op, splat(rewriter, op.getLoc(), op.getType(), 0.0));
      return success();
    }
    return rewriter.notifyMatchFailure(op, "no neutral or negated operand");
  }
};

struct SimplifyMul : OpRewritePattern<MulOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(MulOp op, PatternRewriter &rewriter) const override {
    Value a = op.getLhs(), b = op.getRhs();
    for (auto [x, number] : {std::pair(a, b), std::pair(b, a)}) {
      if (isSplat(number, 1)) {
        rewriter.replaceOp(op, x);
        return success();
      }
      if (isInteger(number) && isSplat(number, 0)) {
        rewriter.replaceOp(op, number);
        return success();
      }
      if (isSplat(number, -1)) {
        rewriter.replaceOpWithNewOp<NegOp>(op, op.getType(), x);
        return success();
      }
    }
    auto left = a.getDefiningOp<NegOp>(), right = b.getDefiningOp<NegOp>();
    if (left && right) {
      rewriter.replaceOpWithNewOp<MulOp>(op, op.getType(), left.getOperand(), right.getOperand());
      return success();
    }
    for (auto [negated, number] : {std::pair(left, b), std::pair(right, a)})
      if (negated)
        if (auto real = dyn_cast_or_null<FloatAttr>(splatOf(number))) {
          auto minus = FloatAttr::get(real.getType(), -real.getValue());
          Value other = splat(rewriter, op.getLoc(), op.getType(), cast<TypedAttr>(minus));
          rewriter.replaceOpWithNewOp<MulOp>(op, op.getType(), negated.getOperand(), other);
          return success();
        }
    return rewriter.notifyMatchFailure(op, "no factor 1, 0 or -1");
  }
};

struct SimplifyDiv : OpRewritePattern<DivOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(DivOp op, PatternRewriter &rewriter) const override {
    if (!isSplat(op.getRhs(), 1))
      return rewriter.notifyMatchFailure(op, "the divisor isn't 1");
    rewriter.replaceOp(op, op.getLhs());
    return success();
  }
};

struct SimplifyPow : OpRewritePattern<PowOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(PowOp op, PatternRewriter &rewriter) const override {
    if (isSplat(op.getRhs(), 1)) {
      rewriter.replaceOp(op, op.getLhs());
      return success();
    }
    if (isSplat(op.getRhs(), 2)) {
      rewriter.replaceOpWithNewOp<MulOp>(op, op.getType(), op.getLhs(), op.getLhs());
      return success();
    }
    return rewriter.notifyMatchFailure(op, "the exponent isn't 1 or 2");
  }
};

template <typename Op> struct SimplifyExtremum : OpRewritePattern<Op> {
  using OpRewritePattern<Op>::OpRewritePattern;
  LogicalResult matchAndRewrite(Op op, PatternRewriter &rewriter) const override {
    if (op.getLhs() != op.getRhs())
      return rewriter.notifyMatchFailure(op, "operands differ");
    rewriter.replaceOp(op, op.getLhs());
    return success();
  }
};

struct SimplifyAbs : OpRewritePattern<AbsOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(AbsOp op, PatternRewriter &rewriter) const override {
    Operation *inner = op.getOperand().getDefiningOp();
    if (!isa_and_nonnull<NegOp, AbsOp>(inner))
      return rewriter.notifyMatchFailure(op, "no sign to drop");
    if (isa<NegOp>(inner) && elementOf(op.getType()).isUnsignedInteger())
      return rewriter.notifyMatchFailure(op, "256 - x is another number than x");
    rewriter.replaceOpWithNewOp<AbsOp>(op, op.getType(), inner->getOperand(0));
    return success();
  }
};

struct SimplifySelect : OpRewritePattern<SelectOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(SelectOp op, PatternRewriter &rewriter) const override {
    if (TypedAttr known = splatOf(op.getCondition())) {
      bool chosen = !cast<IntegerAttr>(known).getValue().isZero();
      rewriter.replaceOp(op, chosen ? op.getIfTrue() : op.getIfFalse());
      return success();
    }
    if (auto negated = op.getCondition().getDefiningOp<NotOp>()) {
      rewriter.replaceOpWithNewOp<SelectOp>(op, op.getType(), negated.getOperand(), op.getIfFalse(),
                                            op.getIfTrue());
      return success();
    }
    if (elementOf(op.getType()).isInteger(1) && isSplat(op.getIfTrue(), 1) &&
        isSplat(op.getIfFalse(), 0)) {
      rewriter.replaceOp(op, op.getCondition());
      return success();
    }
    return rewriter.notifyMatchFailure(op, "both values may be chosen");
  }
};

struct SimplifyCompare : OpRewritePattern<CompareOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(CompareOp op, PatternRewriter &rewriter) const override {
    if (op.getLhs() != op.getRhs() || isReal(op.getLhs().getType()))
      return rewriter.notifyMatchFailure(op, "not one integer with itself");
    Predicate p = op.getPredicate();
    bool holds = p == Predicate::eq || p == Predicate::le || p == Predicate::ge;
    rewriter.replaceOp(op, splat(rewriter, op.getLoc(), op.getType(), holds ? 1.0 : 0.0));
    return success();
  }
};

/// True if every number of `from` is a number of `to`.
bool losesNothing(Type from, Type to) {
  if (from.isInteger(1))
    return true;
  auto a = dyn_cast<FloatType>(from), b = dyn_cast<FloatType>(to);
  if (a && b)
    return APFloat::isRepresentableAsNormalIn(a.getFloatSemantics(), b.getFloatSemantics());
  auto i = dyn_cast<IntegerType>(from);
  if (i && b)
    return i.getWidth() <= b.getFPMantissaWidth();
  auto j = dyn_cast<IntegerType>(to);
  return i && j && i.getWidth() < j.getWidth() && !j.isUnsigned();
}

struct SimplifyConvert : OpRewritePattern<ConvertOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(ConvertOp op, PatternRewriter &rewriter) const override {
    auto inner = op.getOperand().getDefiningOp<ConvertOp>();
    if (!inner)
      return rewriter.notifyMatchFailure(op, "no conversion before");
    Type from = elementOf(inner.getOperand().getType()), over = elementOf(inner.getType());
    Type to = elementOf(op.getType());
    // A real number saturates where an integer wraps.
    bool saturates = !isa<FloatType>(from) && isa<FloatType>(over) && !isa<FloatType>(to) &&
                     from != to && !losesNothing(from, to) && !to.isInteger(1);
    if (!losesNothing(from, over) || saturates)
      return rewriter.notifyMatchFailure(op, "the conversion before matters");
    rewriter.replaceOpWithNewOp<ConvertOp>(op, op.getType(), inner.getOperand());
    return success();
  }
};

struct DropStopGradient : OpRewritePattern<StopGradientOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(StopGradientOp op, PatternRewriter &rewriter) const override {
    if (op->getParentOfType<VjpOp>() || op->getParentOfType<JvpOp>())
      return rewriter.notifyMatchFailure(op, "differentiation still needs it");
    rewriter.replaceOp(op, op.getOperand());
    return success();
  }
};

//===----------------------------------------------------------------------===//
// Constants
//===----------------------------------------------------------------------===//

struct FoldDimension : OpRewritePattern<DimensionOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(DimensionOp op, PatternRewriter &rewriter) const override {
    auto number = op.getDimension().getDims()[0].constant();
    if (!number)
      return rewriter.notifyMatchFailure(op, "the extent has a name");
    Type element = elementOf(op.getType());
    TypedAttr attribute;
    if (auto real = dyn_cast<FloatType>(element)) {
      APFloat value(real.getFloatSemantics());
      value.convertFromAPInt(APInt(64, *number, true), true, APFloat::rmNearestTiesToEven);
      attribute = FloatAttr::get(real, value);
    } else {
      unsigned width = element.getIntOrFloatBitWidth();
      attribute = IntegerAttr::get(element, APInt(64, *number, true).sextOrTrunc(width));
    }
    rewriter.replaceOp(op, splat(rewriter, op.getLoc(), op.getType(), attribute));
    return success();
  }
};

struct SplatConstant : OpRewritePattern<ConstantOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(ConstantOp op, PatternRewriter &rewriter) const override {
    auto type = dyn_cast<RankedTensorType>(op.getType());
    TypedAttr number = splatOf(op);
    if (!type || type.getRank() == 0 || !number)
      return rewriter.notifyMatchFailure(op, "not one number in many places");
    rewriter.replaceOp(op, splat(rewriter, op.getLoc(), type, number));
    return success();
  }
};

APFloat foldReal(Operation *op, const APFloat &a, const APFloat &b) {
  APFloat result = a;
  auto mode = APFloat::rmNearestTiesToEven;
  if (isa<AddOp>(op))
    result.add(b, mode);
  else if (isa<SubOp>(op))
    result.subtract(b, mode);
  else if (isa<MulOp>(op))
    result.multiply(b, mode);
  else if (isa<DivOp>(op))
    result.divide(b, mode);
  else if (isa<MaxOp>(op))
    result = llvm::maximum(a, b);
  else
    result = llvm::minimum(a, b);
  return result;
}

std::optional<APInt> foldInteger(Operation *op, const APInt &a, const APInt &b, bool isSigned) {
  if (isa<AddOp>(op))
    return a + b;
  if (isa<SubOp>(op))
    return a - b;
  if (isa<MulOp>(op))
    return a * b;
  if (isa<MaxOp>(op))
    return isSigned ? llvm::APIntOps::smax(a, b) : llvm::APIntOps::umax(a, b);
  if (isa<MinOp>(op))
    return isSigned ? llvm::APIntOps::smin(a, b) : llvm::APIntOps::umin(a, b);
  return std::nullopt;
}

template <typename T> bool holds(Predicate p, const T &a, const T &b, bool less) {
  bool equal = a == b;
  switch (p) {
  case Predicate::eq:
    return equal;
  case Predicate::ne:
    return !equal;
  case Predicate::lt:
    return less;
  case Predicate::le:
    return less || equal;
  case Predicate::gt:
    return !less && !equal;
  case Predicate::ge:
    return !less;
  }
  llvm_unreachable("a predicate");
}

/// f(constants) for the maps whose result is the same on every machine.
TypedAttr foldMap(Operation *op) {
  SmallVector<TypedAttr> numbers;
  for (Value operand : op->getOperands()) {
    numbers.push_back(splatOf(operand));
    if (!numbers.back())
      return {};
  }
  Type element = elementOf(op->getResult(0).getType());
  auto real = dyn_cast_or_null<FloatAttr>(numbers.empty() ? TypedAttr() : numbers[0]);
  auto integer = dyn_cast_or_null<IntegerAttr>(numbers.empty() ? TypedAttr() : numbers[0]);
  bool isSigned =
      integer && integer.getType().isSignlessInteger() && !integer.getType().isInteger(1);
  if (isa<AddOp, SubOp, MulOp, DivOp, MaxOp, MinOp>(op)) {
    if (real)
      return FloatAttr::get(element,
                            foldReal(op, real.getValue(), cast<FloatAttr>(numbers[1]).getValue()));
    auto folded =
        foldInteger(op, integer.getValue(), cast<IntegerAttr>(numbers[1]).getValue(), isSigned);
    return folded ? TypedAttr(IntegerAttr::get(element, *folded)) : TypedAttr();
  }
  if (isa<NegOp>(op))
    return real ? TypedAttr(FloatAttr::get(element, -real.getValue()))
                : TypedAttr(IntegerAttr::get(element, -integer.getValue()));
  if (isa<AbsOp>(op) && real)
    return FloatAttr::get(element, llvm::abs(real.getValue()));
  if (auto compare = dyn_cast<CompareOp>(op)) {
    Predicate p = compare.getPredicate();
    bool result;
    if (real) {
      const APFloat &a = real.getValue(), &b = cast<FloatAttr>(numbers[1]).getValue();
      bool unordered = a.isNaN() || b.isNaN();
      result =
          unordered ? p == Predicate::ne : holds(p, a, b, a.compare(b) == APFloat::cmpLessThan);
    } else {
      const APInt &a = integer.getValue(), &b = cast<IntegerAttr>(numbers[1]).getValue();
      result = holds(p, a, b, isSigned ? a.slt(b) : a.ult(b));
    }
    return IntegerAttr::get(element, APInt(1, result));
  }
  if (isa<ConvertOp>(op) && isa<FloatType>(element)) {
    auto &semantics = cast<FloatType>(element).getFloatSemantics();
    if (real) {
      APFloat value = real.getValue();
      bool losesInfo;
      value.convert(semantics, APFloat::rmNearestTiesToEven, &losesInfo);
      return FloatAttr::get(element, value);
    }
    APFloat value(semantics);
    value.convertFromAPInt(integer.getValue(), isSigned, APFloat::rmNearestTiesToEven);
    return FloatAttr::get(element, value);
  }
  return {};
}

struct FoldConstants : OpInterfaceRewritePattern<MapOp> {
  using OpInterfaceRewritePattern::OpInterfaceRewritePattern;
  LogicalResult matchAndRewrite(MapOp op, PatternRewriter &rewriter) const override {
    TypedAttr number = foldMap(op);
    if (!number)
      return rewriter.notifyMatchFailure(op, "not all operands are constants");
    rewriter.replaceOp(op, splat(rewriter, op.getLoc(), op->getResult(0).getType(), number));
    return success();
  }
};

//===----------------------------------------------------------------------===//
// Broadcasts
//===----------------------------------------------------------------------===//

/// f(broadcast(a), broadcast(b)) on the axes that one of them has.
struct MapBeforeBroadcast : OpInterfaceRewritePattern<MapOp> {
  using OpInterfaceRewritePattern::OpInterfaceRewritePattern;
  LogicalResult matchAndRewrite(MapOp op, PatternRewriter &rewriter) const override {
    auto type = dyn_cast<RankedTensorType>(op->getResult(0).getType());
    if (!type || type.getRank() == 0)
      return rewriter.notifyMatchFailure(op, "a single element");
    llvm::SmallBitVector used(type.getRank());
    for (Value operand : op->getOperands()) {
      auto broadcast = operand.getDefiningOp<BroadcastOp>();
      if (!broadcast)
        return rewriter.notifyMatchFailure(op, "an operand isn't a broadcast");
      for (int64_t axis : broadcast.getAxes())
        used.set(axis);
    }
    if (used.all())
      return rewriter.notifyMatchFailure(op, "every axis is needed");
    SmallVector<int64_t> axes(used.set_bits_begin(), used.set_bits_end());
    auto extents = dimsOf(type);
    SmallVector<Dim> dims;
    for (int64_t axis : axes)
      dims.push_back(extents[axis]);

    SmallVector<Value> operands;
    for (Value operand : op->getOperands()) {
      auto broadcast = operand.getDefiningOp<BroadcastOp>();
      auto from = cast<RankedTensorType>(broadcast.getOperand().getType());
      auto to = tensorType(op.getContext(), dims, from.getElementType());
      SmallVector<int64_t> places;
      for (int64_t axis : broadcast.getAxes())
        places.push_back(llvm::find(axes, axis) - axes.begin());
      operands.push_back(from == to ? broadcast.getOperand()
                                    : BroadcastOp::create(rewriter, op.getLoc(), to,
                                                          broadcast.getOperand(), places)
                                          .getResult());
    }
    Value small = mapOver(rewriter, op, operands, dims);
    rewriter.replaceOpWithNewOp<BroadcastOp>(op, type, small, axes);
    return success();
  }
};

} // namespace

void tenon::addMapSimplifications(RewritePatternSet &patterns) {
  patterns
      .add<SimplifyAdd, SimplifySub, SimplifyMul, SimplifyDiv, SimplifyPow, SimplifyExtremum<MaxOp>,
           SimplifyExtremum<MinOp>, SimplifyAbs, SimplifySelect, SimplifyCompare, SimplifyConvert,
           DropStopGradient, FoldDimension, SplatConstant, FoldConstants, MapBeforeBroadcast>(
          patterns.getContext());
}
