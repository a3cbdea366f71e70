//===- MapCode.cpp - Elementwise ops on scalars and vectors ---------------===//
#include "codegen/cpu/kernel/MapCode.h"

#include "codegen/cpu/VectorMath.h"
#include "codegen/cpu/kernel/IntegerCode.h"

namespace tenon::cpu {

using llvm::Constant;
using llvm::Intrinsic::ID;

//===----------------------------------------------------------------------===//
// Small things
//===----------------------------------------------------------------------===//

void splatToWidest(Emission &e, llvm::MutableArrayRef<Value *> values) {
  unsigned lanes = 0;
  for (Value *value : values)
    if (auto *type = llvm::dyn_cast<llvm::FixedVectorType>(value->getType()))
      lanes = type->getNumElements();
  if (lanes == 0)
    return;
  for (Value *&value : values)
    if (!value->getType()->isVectorTy())
      value = e.b.CreateVectorSplat(lanes, value);
}

llvm::Constant *constantElement(Emission &e, m::Attribute value, m::Type element) {
  llvm::Type *type = e.registerType(element);
  if (auto integer = m::dyn_cast<m::IntegerAttr>(value))
    return llvm::ConstantInt::get(type, integer.getValue());
  llvm::APFloat number = m::cast<m::FloatAttr>(value).getValue();
  bool inexact;
  number.convert(type->getFltSemantics(), llvm::APFloat::rmNearestTiesToEven, &inexact);
  return llvm::ConstantFP::get(type, number);
}

static Constant *real(Value *like, double number) {
  return llvm::ConstantFP::get(like->getType(), number);
}

/// True for a number that is known and isn't NaN.
static bool isPlainConstant(Value *value) {
  auto *constant = llvm::dyn_cast<Constant>(value);
  if (!constant)
    return false;
  if (constant->getType()->isVectorTy())
    constant = constant->getSplatValue();
  auto *number = llvm::dyn_cast_or_null<llvm::ConstantFP>(constant);
  return number && !number->isNaN();
}

/// `a` where it is beyond `c`, else `c`: one instruction, which answers `c` where either is NaN. So
/// the operand that can't be NaN goes first; where both can, a NaN of the first is put back.
static Value *extreme(Emission &e, Value *a, Value *c, llvm::CmpInst::Predicate beyond) {
  if (isPlainConstant(c))
    std::swap(a, c);
  Value *result = e.b.CreateSelect(e.b.CreateFCmp(beyond, a, c), a, c);
  if (isPlainConstant(a))
    return result;
  return e.b.CreateSelect(e.b.CreateFCmpUNO(a, a), a, result);
}

static bool isUnsigned(m::Type element) {
  return element.isUnsignedInteger() || element.isInteger(1);
}

Value *emitMaximum(Emission &e, Value *a, Value *c, m::Type element) {
  if (isReal(element))
    return extreme(e, a, c, llvm::CmpInst::FCMP_OGT);
  return e.b.CreateBinaryIntrinsic(
      isUnsigned(element) ? llvm::Intrinsic::umax : llvm::Intrinsic::smax, a, c);
}
Value *emitMinimum(Emission &e, Value *a, Value *c, m::Type element) {
  if (isReal(element))
    return extreme(e, a, c, llvm::CmpInst::FCMP_OLT);
  return e.b.CreateBinaryIntrinsic(
      isUnsigned(element) ? llvm::Intrinsic::umin : llvm::Intrinsic::smin, a, c);
}

//===----------------------------------------------------------------------===//
// Arithmetic
//===----------------------------------------------------------------------===//

/// a - c * floor(a / c) for real numbers, with the divisor's sign. The quotient of f32 is taken in
/// f64, where the product is exact; of f64 it may be off by one, which is put right afterwards.
static Value *realRemainder(Emission &e, Value *a, Value *c) {
  auto &b = e.b;
  bool narrow = a->getType()->getScalarType()->isFloatTy();
  llvm::Type *type = a->getType();
  auto *wide = type->getWithNewType(b.getDoubleTy());
  Value *x = narrow ? b.CreateFPExt(a, wide) : a;
  Value *y = narrow ? b.CreateFPExt(c, wide) : c;
  Value *quotient = emitMath(b, e.target, MathFunction::Floor, b.CreateFDiv(x, y));
  Value *rest = emitFma(b, e.target, b.CreateFNeg(quotient), y, x);
  Value *zero = real(x, 0);
  Value *wrongSign = b.CreateFCmpOLT(b.CreateFMul(rest, y), zero);
  rest = b.CreateSelect(wrongSign, b.CreateFAdd(rest, y), rest);
  Value *tooLarge = b.CreateFCmpOGE(b.CreateUnaryIntrinsic(llvm::Intrinsic::fabs, rest),
                                    b.CreateUnaryIntrinsic(llvm::Intrinsic::fabs, y));
  rest = b.CreateSelect(tooLarge, b.CreateFSub(rest, y), rest);
  // An infinite divisor: the number itself, or the divisor where the signs differ.
  Value *infinite = b.CreateFCmpOEQ(b.CreateUnaryIntrinsic(llvm::Intrinsic::fabs, y),
                                    llvm::ConstantFP::getInfinity(wide));
  Value *finite = b.CreateFCmpOLT(b.CreateUnaryIntrinsic(llvm::Intrinsic::fabs, x),
                                  llvm::ConstantFP::getInfinity(wide));
  Value *same = b.CreateOr(b.CreateFCmpOEQ(x, zero),
                           b.CreateICmpEQ(b.CreateFCmpOLT(x, zero), b.CreateFCmpOLT(y, zero)));
  rest = b.CreateSelect(b.CreateAnd(infinite, finite), b.CreateSelect(same, x, y), rest);
  return narrow ? b.CreateFPTrunc(rest, type) : rest;
}

static Value *emitSign(Emission &e, Value *x, m::Type element) {
  auto &b = e.b;
  if (isReal(element)) {
    Value *negative = b.CreateSelect(b.CreateFCmpOLT(x, real(x, 0)), real(x, -1), x);
    return b.CreateSelect(b.CreateFCmpOGT(x, real(x, 0)), real(x, 1), negative);
  }
  auto *zero = Constant::getNullValue(x->getType());
  Value *positive = b.CreateZExt(
      isUnsigned(element) ? b.CreateICmpNE(x, zero) : b.CreateICmpSGT(x, zero), x->getType());
  if (isUnsigned(element))
    return positive;
  return b.CreateSub(positive, b.CreateZExt(b.CreateICmpSLT(x, zero), x->getType()));
}

static Value *emitRealArithmetic(Emission &e, m::Operation *op, llvm::ArrayRef<Value *> v) {
  auto &b = e.b;
  if (m::isa<AddOp>(op))
    return b.CreateFAdd(v[0], v[1]);
  if (m::isa<SubOp>(op))
    return b.CreateFSub(v[0], v[1]);
  if (m::isa<MulOp>(op))
    return b.CreateFMul(v[0], v[1]);
  if (m::isa<DivOp>(op))
    return b.CreateFDiv(v[0], v[1]);
  if (m::isa<RemOp>(op))
    return realRemainder(e, v[0], v[1]);
  if (m::isa<PowOp>(op))
    return emitPow(b, e.target, v[0], v[1]);
  if (m::isa<NegOp>(op))
    return b.CreateFNeg(v[0]);
  if (m::isa<AbsOp>(op))
    return b.CreateUnaryIntrinsic(llvm::Intrinsic::fabs, v[0]);
  return nullptr;
}

static Value *emitIntegerArithmetic(Emission &e, m::Operation *op, llvm::ArrayRef<Value *> v,
                                    bool isUnsigned) {
  auto &b = e.b;
  if (m::isa<AddOp>(op))
    return b.CreateAdd(v[0], v[1]);
  if (m::isa<SubOp>(op))
    return b.CreateSub(v[0], v[1]);
  if (m::isa<MulOp>(op))
    return b.CreateMul(v[0], v[1]);
  if (m::isa<DivOp>(op))
    return emitFloorDivision(e, v[0], v[1], isUnsigned).quotient;
  if (m::isa<RemOp>(op))
    return emitFloorDivision(e, v[0], v[1], isUnsigned).remainder;
  if (m::isa<PowOp>(op))
    return emitIntegerPower(e, v[0], v[1], isUnsigned);
  if (m::isa<NegOp>(op))
    return b.CreateNeg(v[0]);
  if (m::isa<AbsOp>(op))
    return isUnsigned ? v[0] : b.CreateBinaryIntrinsic(llvm::Intrinsic::abs, v[0], b.getFalse());
  return nullptr;
}

static std::optional<MathFunction> mathFunction(m::Operation *op) {
  static const std::pair<llvm::StringLiteral, MathFunction> table[] = {
      {"tenon.exp", MathFunction::Exp},         {"tenon.expm1", MathFunction::Expm1},
      {"tenon.log", MathFunction::Log},         {"tenon.log1p", MathFunction::Log1p},
      {"tenon.sqrt", MathFunction::Sqrt},       {"tenon.sin", MathFunction::Sin},
      {"tenon.cos", MathFunction::Cos},         {"tenon.tanh", MathFunction::Tanh},
      {"tenon.sigmoid", MathFunction::Sigmoid}, {"tenon.erf", MathFunction::Erf},
      {"tenon.floor", MathFunction::Floor},     {"tenon.round", MathFunction::Round}};
  for (auto &[name, function] : table)
    if (op->getName().getStringRef() == name)
      return function;
  return std::nullopt;
}

//===----------------------------------------------------------------------===//
// Truth values and conversion
//===----------------------------------------------------------------------===//

static Value *emitCompare(Emission &e, CompareOp op, Value *a, Value *c) {
  using P = llvm::CmpInst::Predicate;
  m::Type element = elementOf(op.getLhs().getType());
  static constexpr P real[] = {P::FCMP_OEQ, P::FCMP_UNE, P::FCMP_OLT,
                               P::FCMP_OLE, P::FCMP_OGT, P::FCMP_OGE};
  static constexpr P whole[] = {P::ICMP_EQ,  P::ICMP_NE,  P::ICMP_SLT,
                                P::ICMP_SLE, P::ICMP_SGT, P::ICMP_SGE};
  static constexpr P natural[] = {P::ICMP_EQ,  P::ICMP_NE,  P::ICMP_ULT,
                                  P::ICMP_ULE, P::ICMP_UGT, P::ICMP_UGE};
  unsigned which = unsigned(op.getPredicate());
  if (isReal(element))
    return e.b.CreateFCmp(real[which], a, c);
  return e.b.CreateICmp((isUnsigned(element) ? natural : whole)[which], a, c);
}

static Value *emitConvert(Emission &e, Value *x, m::Type from, m::Type to) {
  auto &b = e.b;
  llvm::Type *type = x->getType()->getWithNewType(e.registerType(to));
  if (to.isInteger(1))
    return isReal(from) ? b.CreateFCmpUNE(x, real(x, 0))
                        : b.CreateICmpNE(x, Constant::getNullValue(x->getType()));
  if (isReal(to)) {
    Value *wide = !isReal(from)
                      ? (isUnsigned(from) ? b.CreateUIToFP(x, type) : b.CreateSIToFP(x, type))
                  : from.isF64() && !to.isF64() ? b.CreateFPTrunc(x, type)
                  : to.isF64() && !from.isF64() ? b.CreateFPExt(x, type)
                                                : x;
    return wide;
  }
  if (isReal(from)) {
    auto id = isUnsigned(to) ? llvm::Intrinsic::fptoui_sat : llvm::Intrinsic::fptosi_sat;
    return b.CreateIntrinsic(id, {type, x->getType()}, {x});
  }
  return isUnsigned(from) ? b.CreateZExtOrTrunc(x, type) : b.CreateSExtOrTrunc(x, type);
}

static Value *emitTruth(Emission &e, m::Operation *op, llvm::ArrayRef<Value *> v) {
  auto &b = e.b;
  if (m::isa<AndOp>(op))
    return b.CreateAnd(v[0], v[1]);
  if (m::isa<OrOp>(op))
    return b.CreateOr(v[0], v[1]);
  if (m::isa<NotOp>(op))
    return b.CreateNot(v[0]);
  if (m::isa<SelectOp>(op))
    return b.CreateSelect(v[0], v[1], v[2]);
  if (m::isa<IsFiniteOp>(op))
    return b.CreateFCmpOLT(b.CreateUnaryIntrinsic(llvm::Intrinsic::fabs, v[0]),
                           llvm::ConstantFP::getInfinity(v[0]->getType()));
  return nullptr;
}

static Value *emitDimension(Emission &e, DimensionOp op, m::Type element) {
  Value *extent = e.dim(op.getDimension().getDims()[0]);
  llvm::Type *type = e.registerType(element);
  return isReal(element) ? e.b.CreateSIToFP(extent, type) : e.b.CreateSExtOrTrunc(extent, type);
}

//===----------------------------------------------------------------------===//
// All of them
//===----------------------------------------------------------------------===//

Value *emitMap(Emission &e, m::Operation *op, llvm::ArrayRef<Value *> operands) {
  m::Type element = elementOf(op->getResult(0).getType());
  Values v(operands.begin(), operands.end());
  splatToWidest(e, v);
  if (auto constant = m::dyn_cast<ConstantOp>(op)) {
    m::Attribute value = constant.getValue();
    if (auto dense = m::dyn_cast<m::DenseElementsAttr>(value))
      value = *dense.value_begin<m::Attribute>();
    return constantElement(e, value, element);
  }
  if (auto dimension = m::dyn_cast<DimensionOp>(op))
    return e.rounded(emitDimension(e, dimension, element), element);
  if (m::isa<StopGradientOp>(op))
    return v[0];
  if (auto compare = m::dyn_cast<CompareOp>(op))
    return emitCompare(e, compare, v[0], v[1]);
  if (m::isa<ConvertOp>(op))
    return e.rounded(emitConvert(e, v[0], elementOf(op->getOperand(0).getType()), element),
                     element);
  if (m::isa<MaxOp>(op))
    return emitMaximum(e, v[0], v[1], element);
  if (m::isa<MinOp>(op))
    return emitMinimum(e, v[0], v[1], element);
  if (m::isa<SignOp>(op))
    return emitSign(e, v[0], element);
  if (Value *truth = emitTruth(e, op, v))
    return truth;
  if (!isReal(element))
    return emitIntegerArithmetic(e, op, v, isUnsigned(element));
  if (auto function = mathFunction(op))
    return e.rounded(emitMath(e.b, e.target, *function, v[0]), element);
  if (Value *result = emitRealArithmetic(e, op, v))
    return e.rounded(result, element);
  return nullptr;
}

} // namespace tenon::cpu
