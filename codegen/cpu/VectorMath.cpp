//===- VectorMath.cpp - Elementary functions as LLVM IR -------------------===//
#include "codegen/cpu/VectorMath.h"

#include "codegen/cpu/VectorMathEmitter.h"

#include "llvm/ADT/FunctionExtras.h"
#include "llvm/IR/Module.h"
#include "llvm/Support/raw_ostream.h"

using namespace tenon;
using namespace llvm;

Value *tenon::emitFma(IRBuilderBase &builder, const TargetInfo &target, Value *a, Value *b,
                      Value *c) {
  if (target.fma)
    return builder.CreateIntrinsic(Intrinsic::fma, {a->getType()}, {a, b, c});
  return builder.CreateFAdd(builder.CreateFMul(a, b), c);
}

//===----------------------------------------------------------------------===//
// Half precision
//===----------------------------------------------------------------------===//

static Type *likeWith(Type *shape, Type *element) {
  if (auto *vector = dyn_cast<FixedVectorType>(shape))
    return FixedVectorType::get(element, vector->getNumElements());
  return element;
}

/// Below AVX2 there is no conversion instruction, and LLVM would call a library.
static bool convertsHalf(const TargetInfo &target) {
  return target.level != TargetInfo::Level::Baseline || target.fma;
}

static Value *widenHalfByHand(IRBuilderBase &b, Value *x) {
  Type *i32 = likeWith(x->getType(), b.getInt32Ty()), *f32 = likeWith(x->getType(), b.getFloatTy());
  auto number = [&](uint64_t value) { return ConstantInt::get(i32, value); };
  Value *all = b.CreateZExt(b.CreateBitCast(x, likeWith(x->getType(), b.getInt16Ty())), i32);
  Value *magnitude = b.CreateAnd(all, number(0x7fff));
  Value *shifted = b.CreateShl(magnitude, number(13));
  Value *normal = b.CreateAdd(shifted, number(112u << 23));
  Value *special = b.CreateAdd(shifted, number(224u << 23));
  // Made of a whole number, because as an f32 bit pattern it would be flushed.
  Value *tiny = b.CreateBitCast(
      b.CreateFMul(b.CreateSIToFP(magnitude, f32), ConstantFP::get(f32, 0x1p-24)), i32);
  Value *result = b.CreateSelect(b.CreateICmpULT(magnitude, number(0x400)), tiny, normal);
  result = b.CreateSelect(b.CreateICmpUGE(magnitude, number(0x7c00)), special, result);
  Value *sign = b.CreateShl(b.CreateAnd(all, number(0x8000)), number(16));
  return b.CreateBitCast(b.CreateOr(result, sign), f32);
}

static Value *narrowHalfByHand(IRBuilderBase &b, Value *x) {
  Type *f32 = x->getType(), *i32 = likeWith(f32, b.getInt32Ty());
  auto number = [&](uint64_t value) { return ConstantInt::get(i32, value); };
  Value *all = b.CreateBitCast(x, i32);
  Value *magnitude = b.CreateAnd(all, number(0x7fffffff));
  // Rounds by carrying into the kept bits: half an ulp, less one if the kept part is even.
  Value *odd = b.CreateAnd(b.CreateLShr(magnitude, number(13)), number(1));
  Value *rounded = b.CreateAdd(b.CreateAdd(magnitude, number(0xfff)), odd);
  Value *normal = b.CreateLShr(b.CreateSub(rounded, number(112u << 23)), number(13));
  // Adding 1/2 puts the last bit of a small f16 at the last bit of the sum.
  Value *small = b.CreateFAdd(b.CreateBitCast(magnitude, f32), ConstantFP::get(f32, 0.5));
  Value *tiny = b.CreateSub(b.CreateBitCast(small, i32), number(0x3f000000));
  Value *result = b.CreateSelect(b.CreateICmpULT(magnitude, number(0x38800000)), tiny, normal);
  result = b.CreateSelect(b.CreateICmpUGE(magnitude, number(0x477ff000)), number(0x7c00), result);
  result = b.CreateSelect(b.CreateICmpUGT(magnitude, number(0x7f800000)), number(0x7e00), result);
  result = b.CreateOr(result, b.CreateAnd(b.CreateLShr(all, number(16)), number(0x8000)));
  Value *word = b.CreateTrunc(result, likeWith(f32, b.getInt16Ty()));
  return b.CreateBitCast(word, likeWith(f32, b.getHalfTy()));
}

Value *tenon::emitWiden(IRBuilderBase &b, const TargetInfo &target, Value *x) {
  Type *element = x->getType()->getScalarType(), *f32 = likeWith(x->getType(), b.getFloatTy());
  if (element->isBFloatTy()) {
    Type *i32 = likeWith(x->getType(), b.getInt32Ty());
    Value *word = b.CreateBitCast(x, likeWith(x->getType(), b.getInt16Ty()));
    Value *shifted = b.CreateShl(b.CreateZExt(word, i32), ConstantInt::get(i32, 16));
    return b.CreateBitCast(shifted, f32);
  }
  if (element->isHalfTy())
    return convertsHalf(target) ? b.CreateFPExt(x, f32) : widenHalfByHand(b, x);
  return x;
}

Value *tenon::emitNarrow(IRBuilderBase &b, const TargetInfo &target, Value *x, Type *element) {
  if (element->isBFloatTy()) {
    Type *i32 = likeWith(x->getType(), b.getInt32Ty());
    auto number = [&](uint64_t value) { return ConstantInt::get(i32, value); };
    Value *all = b.CreateBitCast(x, i32);
    Value *odd = b.CreateAnd(b.CreateLShr(all, number(16)), number(1));
    Value *rounded = b.CreateAdd(b.CreateAdd(all, number(0x7fff)), odd);
    Value *quiet = b.CreateOr(all, number(0x400000));
    Value *kept = b.CreateSelect(b.CreateFCmpUNO(x, x), quiet, rounded);
    Value *word =
        b.CreateTrunc(b.CreateLShr(kept, number(16)), likeWith(x->getType(), b.getInt16Ty()));
    return b.CreateBitCast(word, likeWith(x->getType(), element));
  }
  if (element->isHalfTy()) {
    // Of a number that has just been rounded to f32, LLVM would make one rounding from f64, for
    // which there is no instruction.
    if (isa<FPTruncInst>(x))
      x = b.CreateArithmeticFence(x, x->getType());
    return convertsHalf(target) ? b.CreateFPTrunc(x, likeWith(x->getType(), element))
                                : narrowHalfByHand(b, x);
  }
  return x;
}

//===----------------------------------------------------------------------===//
// Functions
//===----------------------------------------------------------------------===//

/// "tenon.pow.v8f32".
static std::string functionName(StringRef function, Type *type) {
  std::string name = ("tenon." + function + ".").str();
  if (auto *vector = dyn_cast<FixedVectorType>(type))
    name += "v" + std::to_string(vector->getNumElements());
  return name + (type->getScalarType()->isDoubleTy() ? "f64" : "f32");
}

/// A call of the module's function `name` of this type, made by `body` where it isn't there yet.
static Value *callFunction(IRBuilderBase &builder, const TargetInfo &target, StringRef name,
                           ArrayRef<Value *> operands,
                           function_ref<Value *(MathEmitter &, ArrayRef<Value *>)> body) {
  Module *module = builder.GetInsertBlock()->getModule();
  Type *type = operands.front()->getType();
  std::string symbol = functionName(name, type);
  Function *function = module->getFunction(symbol);
  if (!function) {
    SmallVector<Type *> types(operands.size(), type);
    function = Function::Create(FunctionType::get(type, types, false), Function::InternalLinkage,
                                symbol, module);
    function->setMemoryEffects(MemoryEffects::none());
    for (auto kind : {Attribute::NoInline, Attribute::NoUnwind, Attribute::WillReturn,
                      Attribute::NoFree, Attribute::NoSync, Attribute::Speculatable})
      function->addFnAttr(kind);
    IRBuilder<> inside(BasicBlock::Create(module->getContext(), "entry", function));
    MathEmitter emitter(inside, target, type);
    SmallVector<Value *> arguments;
    for (Argument &argument : function->args())
      arguments.push_back(&argument);
    inside.CreateRet(body(emitter, arguments));
  }
  return builder.CreateCall(function, operands);
}

static Value *emitSine(IRBuilderBase &builder, const TargetInfo &target, Value *x,
                       unsigned quarterTurns) {
  return callFunction(builder, target, quarterTurns ? "cos" : "sin", x,
                      [&](MathEmitter &emitter, ArrayRef<Value *> arguments) {
                        return x->getType()->getScalarType()->isDoubleTy()
                                   ? emitter.sine(arguments[0], quarterTurns)
                                   : emitter.sineSingle(arguments[0], quarterTurns);
                      });
}

static Value *emitReal(IRBuilderBase &builder, const TargetInfo &target, MathFunction function,
                       Value *x) {
  MathEmitter emitter(builder, target, x->getType());
  switch (function) {
  case MathFunction::Exp:
    return emitter.exp(x);
  case MathFunction::Expm1:
    return emitter.expm1(x);
  case MathFunction::Log:
    return emitter.log(x);
  case MathFunction::Log1p:
    return emitter.log1p(x);
  case MathFunction::Tanh:
    return emitter.tanh(x);
  case MathFunction::Sigmoid:
    return emitter.sigmoid(x);
  case MathFunction::Erf:
    return emitter.erf(x);
  case MathFunction::Sin:
    return emitSine(builder, target, x, 0);
  case MathFunction::Cos:
    return emitSine(builder, target, x, 1);
  case MathFunction::Sqrt:
    return builder.CreateUnaryIntrinsic(Intrinsic::sqrt, x);
  case MathFunction::Floor:
    return builder.CreateUnaryIntrinsic(Intrinsic::floor, x);
  case MathFunction::Round:
    return builder.CreateUnaryIntrinsic(Intrinsic::roundeven, x);
  }
  llvm_unreachable("a function without a formula");
}

Value *tenon::emitMath(IRBuilderBase &builder, const TargetInfo &target, MathFunction function,
                       Value *x) {
  Value *result = emitReal(builder, target, function, emitWiden(builder, target, x));
  return emitNarrow(builder, target, result, x->getType()->getScalarType());
}

Value *tenon::emitPow(IRBuilderBase &builder, const TargetInfo &target, Value *x, Value *y) {
  Type *element = x->getType()->getScalarType();
  Value *result = callFunction(builder, target, "pow",
                               {emitWiden(builder, target, x), emitWiden(builder, target, y)},
                               [&](MathEmitter &emitter, ArrayRef<Value *> arguments) {
                                 return element->isDoubleTy()
                                            ? emitter.pow(arguments[0], arguments[1])
                                            : emitter.powSingle(arguments[0], arguments[1]);
                               });
  return emitNarrow(builder, target, result, element);
}

//===----------------------------------------------------------------------===//
// What the formulas share
//===----------------------------------------------------------------------===//

MathEmitter::MathEmitter(IRBuilderBase &builder, const TargetInfo &target, Type *type)
    : b_(builder), target(target), type(type), isDouble(type->getScalarType()->isDoubleTy()) {
  assert((isDouble || type->getScalarType()->isFloatTy()) && "formulas are for f32 and f64");
  integers = likeWith(type, isDouble ? builder.getInt64Ty() : builder.getInt32Ty());
}

Value *MathEmitter::constant(double value) const { return ConstantFP::get(type, value); }
Value *MathEmitter::integer(uint64_t value) const { return ConstantInt::get(integers, value); }

Value *MathEmitter::atMost(Value *x, double most) {
  return select(above(x, most), constant(most), x);
}
Value *MathEmitter::atLeast(Value *x, double least) {
  return select(below(x, least), constant(least), x);
}

Value *MathEmitter::polynomial(Value *x, ArrayRef<double> c) {
  Value *sum = constant(c.back());
  for (double coefficient : llvm::reverse(c.drop_back()))
    sum = fma(sum, x, constant(coefficient));
  return sum;
}

// The classical error-free transformations of Knuth and Dekker.
MathEmitter::Pair MathEmitter::twoSum(Value *a, Value *b) {
  Value *sum = add(a, b);
  Value *fromB = sub(sum, a);
  return {sum, add(sub(a, sub(sum, fromB)), sub(b, fromB))};
}

MathEmitter::Pair MathEmitter::fastTwoSum(Value *a, Value *b) {
  Value *sum = add(a, b);
  return {sum, sub(b, sub(sum, a))};
}

MathEmitter::Pair MathEmitter::twoProduct(Value *a, Value *b) {
  Value *product = mul(a, b);
  if (target.fma)
    return {product, fma(a, b, b_.CreateFNeg(product))};
  auto halves = [&](Value *x) -> Pair {
    Value *scaled = mul(x, constant(isDouble ? 0x1p27 + 1 : 0x1p12 + 1));
    Value *high = sub(scaled, sub(scaled, x));
    return {high, sub(x, high)};
  };
  Pair p = halves(a), q = halves(b);
  Value *error = sub(mul(p.high, q.high), product);
  error = add(add(error, mul(p.high, q.low)), mul(p.low, q.high));
  return {product, add(error, mul(p.low, q.low))};
}

Value *MathEmitter::quotient(Pair a, Pair b) {
  Value *reciprocal = div(constant(1), b.high);
  Value *guess = mul(a.high, reciprocal);
  Pair back = twoProduct(guess, b.high);
  Value *missing = sub(sub(a.high, back.high), back.low);
  missing = add(missing, sub(a.low, mul(guess, b.low)));
  return add(guess, mul(missing, reciprocal));
}
