//===- VectorMathTrig.cpp - Sine and cosine -------------------------------===//
//
// An angle below 2^20 is reduced with pi/2 in parts whose products are exact (Cody and Waite), a
// larger one by as many digits of 2/pi as its exponent asks for (Payne and Hanek, 1983). The second
// is a scalar function that is called for the lanes that need it; both give the same kind of
// result, so that an element's bits don't depend on its neighbours.
//
//===----------------------------------------------------------------------===//
#include "codegen/cpu/VectorMathEmitter.h"
#include "codegen/cpu/VectorMathTables.h"

#include "llvm/IR/Module.h"

#include <limits>

using namespace tenon;
using namespace llvm;
using namespace tenon::mathtables;

static constexpr double twoOverPiF64 = 0x1.45f306dc9c883p-1;
static constexpr double hugeFrom = 0x1p20;

MathEmitter::Angle MathEmitter::reduceAngle(Value *x) {
  Value *magic = constant(0x1.8p52);
  Value *shifted = fma(x, constant(twoOverPiF64), magic);
  Value *k = sub(shifted, magic);
  Value *rest = sub(x, mul(k, constant(halfPiParts[0]))); // exact
  Pair second = twoSum(rest, b_.CreateFNeg(mul(k, constant(halfPiParts[1]))));
  Pair third = twoSum(second.high, b_.CreateFNeg(mul(k, constant(halfPiParts[2]))));
  Value *low = add(third.low, second.low);
  low = sub(low, mul(k, constant(halfPiParts[3])));
  Pair angle = fastTwoSum(third.high, low);
  return {bits(shifted), angle.high, angle.low};
}

/// { quadrant, high, low } of a finite x with |x| >= 2^20.
Function *MathEmitter::hugeAngleFunction() {
  Module *module = b_.GetInsertBlock()->getModule();
  if (Function *known = module->getFunction("tenon.huge_angle"))
    return known;
  LLVMContext &context = module->getContext();
  Type *i64 = Type::getInt64Ty(context), *f64 = Type::getDoubleTy(context);
  Type *i128 = Type::getInt128Ty(context);
  auto *function = Function::Create(FunctionType::get(StructType::get(i64, f64, f64), {f64}, false),
                                    Function::InternalLinkage, "tenon.huge_angle", module);
  function->setMemoryEffects(MemoryEffects::none());
  for (auto kind : {Attribute::NoInline, Attribute::NoUnwind, Attribute::WillReturn})
    function->addFnAttr(kind);
  auto *digits = ConstantDataArray::get(context, ArrayRef<uint64_t>(twoOverPi));
  auto *table = new GlobalVariable(*module, digits->getType(), /*isConstant=*/true,
                                   GlobalValue::PrivateLinkage, digits, "tenon.two_over_pi");

  IRBuilder<> b(BasicBlock::Create(context, "entry", function));
  MathEmitter scalar(b, target, f64);
  auto wide = [&](Value *value) { return b.CreateZExt(value, i128); };
  auto number = [&](uint64_t value) { return b.getInt64(value); };
  Value *x = function->getArg(0);
  Value *all = scalar.bits(x);
  // |x| = m 2^(field - 1075); digits of 2/pi above 2^2 / 2^(field - 1075) give multiples of 4.
  Value *field = b.CreateAnd(b.CreateLShr(all, number(52)), number(0x7ff));
  Value *m =
      b.CreateOr(b.CreateAnd(all, number((uint64_t(1) << 52) - 1)), number(uint64_t(1) << 52));
  // The mask keeps the address within the table for infinities and NaN, whose result isn't used.
  Value *from = b.CreateSub(field, number(1075 + 2 - 64));
  from = b.CreateSelect(b.CreateICmpUGT(field, number(0x7fe)), number(0), from);
  Value *word = b.CreateLShr(from, number(6)), *shift = b.CreateAnd(from, number(63));
  auto load = [&](unsigned i) {
    return b.CreateLoad(i64, b.CreateGEP(i64, table, b.CreateAdd(word, number(i))));
  };
  Value *loaded[] = {load(0), load(1), load(2), load(3)};
  auto digitsAt = [&](unsigned i) {
    return b.CreateIntrinsic(Intrinsic::fshl, {i64}, {loaded[i], loaded[i + 1], shift});
  };
  // v 2^-126 is |x| 2/pi modulo 4.
  Value *v = b.CreateMul(wide(m), wide(digitsAt(1)));
  v = b.CreateAdd(v, b.CreateLShr(b.CreateMul(wide(m), wide(digitsAt(2))), 64));
  v = b.CreateAdd(v, b.CreateShl(wide(b.CreateMul(m, digitsAt(0))), 64));

  // The nearest quadrant, and what is left as a signed fraction of 2^128.
  Value *quadrant = b.CreateTrunc(b.CreateLShr(v, 126), i64);
  quadrant =
      b.CreateAdd(quadrant, b.CreateAnd(b.CreateTrunc(b.CreateLShr(v, 125), i64), number(1)));
  Value *fraction = b.CreateShl(v, 2);
  Value *negative = b.CreateICmpSLT(fraction, ConstantInt::get(i128, 0));
  Value *magnitude = b.CreateSelect(negative, b.CreateNeg(fraction), fraction);
  Value *zeros = b.CreateIntrinsic(Intrinsic::ctlz, {i128}, {magnitude, b.getFalse()});
  magnitude = b.CreateShl(magnitude, zeros);
  Value *top = b.CreateSIToFP(b.CreateTrunc(b.CreateLShr(magnitude, 75), i64), f64);
  Value *mask = number((uint64_t(1) << 53) - 1);
  Value *bottom =
      b.CreateSIToFP(b.CreateAnd(b.CreateTrunc(b.CreateLShr(magnitude, 22), i64), mask), f64);
  // magnitude 2^-128 2^-zeros = (top + bottom 2^-53) 2^(-53 - zeros).
  Value *scale = b.CreateSub(number(1023 - 53), b.CreateTrunc(zeros, i64));
  scale = b.CreateBitCast(b.CreateShl(scale, number(52)), f64);
  top = b.CreateFMul(top, scale);
  bottom = b.CreateFMul(b.CreateFMul(bottom, scale), scalar.constant(0x1p-53));

  Pair angle = scalar.twoProduct(top, scalar.constant(halfPi[0]));
  Value *low = b.CreateFMul(top, scalar.constant(halfPi[1]));
  low = b.CreateFAdd(low, b.CreateFMul(bottom, scalar.constant(halfPi[0])));
  angle = scalar.fastTwoSum(angle.high, b.CreateFAdd(angle.low, low));
  // So far of |x|; the fraction's sign and x's turn it.
  Value *flip = b.CreateXor(negative, b.CreateICmpSLT(all, number(0)));
  auto turned = [&](Value *value) { return b.CreateSelect(flip, b.CreateFNeg(value), value); };
  quadrant = b.CreateSelect(b.CreateICmpSLT(all, number(0)), b.CreateNeg(quadrant), quadrant);
  Value *result = PoisonValue::get(function->getReturnType());
  result = b.CreateInsertValue(result, quadrant, 0);
  result = b.CreateInsertValue(result, turned(angle.high), 1);
  b.CreateRet(b.CreateInsertValue(result, turned(angle.low), 2));
  return function;
}

MathEmitter::Angle MathEmitter::reduceHugeLanes(Value *x, Angle angle) {
  LLVMContext &context = b_.getContext();
  Function *function = b_.GetInsertBlock()->getParent();
  Function *reduce = hugeAngleFunction();
  auto block = [&](const char *name) { return BasicBlock::Create(context, name, function); };
  BasicBlock *start = b_.GetInsertBlock(), *done = block("reduced");
  Value *isHuge = b_.CreateFCmpOGE(abs(x), constant(hugeFrom));
  auto *vector = dyn_cast<FixedVectorType>(type);
  Value *any = vector ? b_.CreateOrReduce(isHuge) : isHuge;
  BasicBlock *lane = block("lane");
  b_.CreateCondBr(any, lane, done);

  // One lane after the other; a scalar is a loop of one.
  b_.SetInsertPoint(lane);
  auto *i = b_.CreatePHI(b_.getInt64Ty(), 2);
  i->addIncoming(b_.getInt64(0), start);
  SmallVector<Value *, 3> before = {angle.quadrant, angle.high, angle.low};
  SmallVector<PHINode *, 3> current;
  for (Value *value : before) {
    current.push_back(b_.CreatePHI(value->getType(), 2));
    current.back()->addIncoming(value, start);
  }
  Value *element = vector ? b_.CreateExtractElement(x, i) : x;
  BasicBlock *huge = block("huge"), *next = block("next");
  b_.CreateCondBr(vector ? b_.CreateExtractElement(isHuge, i) : isHuge, huge, next);
  b_.SetInsertPoint(huge);
  Value *reduced = b_.CreateCall(reduce, element);
  SmallVector<Value *, 3> replaced;
  for (unsigned k = 0; k < 3; ++k) {
    Value *part = b_.CreateExtractValue(reduced, k);
    replaced.push_back(vector ? b_.CreateInsertElement(current[k], part, i) : part);
  }
  b_.CreateBr(next);
  b_.SetInsertPoint(next);
  SmallVector<PHINode *, 3> after;
  for (unsigned k = 0; k < 3; ++k) {
    after.push_back(b_.CreatePHI(current[k]->getType(), 2));
    after[k]->addIncoming(current[k], lane);
    after[k]->addIncoming(replaced[k], huge);
    current[k]->addIncoming(after[k], next);
  }
  Value *following = b_.CreateAdd(i, b_.getInt64(1));
  i->addIncoming(following, next);
  uint64_t lanes = vector ? vector->getNumElements() : 1;
  b_.CreateCondBr(b_.CreateICmpULT(following, b_.getInt64(lanes)), lane, done);

  b_.SetInsertPoint(done);
  Value *result[3];
  for (unsigned k = 0; k < 3; ++k) {
    auto *phi = b_.CreatePHI(before[k]->getType(), 2);
    phi->addIncoming(before[k], start);
    phi->addIncoming(after[k], next);
    result[k] = phi;
  }
  return {result[0], result[1], result[2]};
}

// sin(r + l) = r + r^3 S(r^2) + l cos r, cos(r + l) = 1 - r^2/2 + r^4 C(r^2) - r l, each summed so
// that only the last addition rounds at full size.
Value *MathEmitter::sine(Value *x, unsigned quarterTurns) {
  Angle angle = reduceHugeLanes(x, reduceAngle(x));
  Value *r = angle.high, *l = angle.low;
  Value *z = mul(r, r), *cube = mul(z, r), *half = mul(z, constant(0.5));
  ArrayRef<double> s(sinF64);
  Value *tail = polynomial(z, s.drop_front());
  Value *small = sub(mul(constant(0.5), l), mul(cube, tail));
  small = sub(mul(z, small), l);
  Value *sine = sub(r, sub(small, mul(cube, constant(s.front()))));
  Value *one = constant(1), *leading = sub(one, half);
  Value *rest = sub(mul(mul(z, z), polynomial(z, cosF64)), mul(r, l));
  Value *cosine = add(leading, add(sub(sub(one, leading), half), rest));

  Value *quadrant = b_.CreateAdd(angle.quadrant, integer(quarterTurns));
  Value *odd = b_.CreateICmpNE(b_.CreateAnd(quadrant, integer(1)), integer(0));
  Value *sign = b_.CreateShl(b_.CreateAnd(quadrant, integer(2)), integer(62));
  Value *result = real(b_.CreateXor(bits(select(odd, cosine, sine)), sign));
  if (quarterTurns == 0) // also keeps the sign of zero
    result = select(below(abs(x), 0x1p-30), x, result);
  Value *finite = below(abs(x), std::numeric_limits<double>::infinity());
  return select(finite, result, sub(x, x));
}

Value *MathEmitter::sineSingle(Value *x, unsigned quarterTurns) {
  Type *wide = b_.getDoubleTy();
  if (auto *vector = dyn_cast<FixedVectorType>(type))
    wide = FixedVectorType::get(wide, vector->getNumElements());
  MathEmitter in64(b_, target, wide);
  Value *x64 = b_.CreateFPExt(x, wide);
  Value *magic = in64.constant(0x1.8p52);
  Value *shifted = in64.fma(x64, in64.constant(twoOverPiF64), magic);
  Value *k = in64.sub(shifted, magic);
  Value *r = in64.sub(x64, in64.mul(k, in64.constant(halfPiParts[0]))); // exact
  r = in64.sub(r, in64.mul(k, in64.constant(halfPiParts[1])));
  Angle angle = in64.reduceHugeLanes(x64, {in64.bits(shifted), r, in64.constant(0)});
  r = angle.high;
  Value *z = in64.mul(r, r);
  Value *sine = in64.fma(in64.mul(z, r), in64.polynomial(z, sinF32), r);
  Value *cosine = in64.fma(in64.mul(z, z), in64.polynomial(z, cosF32),
                           in64.fma(z, in64.constant(-0.5), in64.constant(1)));
  Value *quadrant = b_.CreateAdd(angle.quadrant, in64.integer(quarterTurns));
  Value *odd = b_.CreateICmpNE(b_.CreateAnd(quadrant, in64.integer(1)), in64.integer(0));
  Value *sign = b_.CreateShl(b_.CreateAnd(quadrant, in64.integer(2)), in64.integer(62));
  Value *chosen = in64.real(b_.CreateXor(in64.bits(in64.select(odd, cosine, sine)), sign));
  Value *result = b_.CreateFPTrunc(chosen, type);
  if (quarterTurns == 0)
    result = select(below(abs(x), 0x1p-13), x, result);
  Value *finite = below(abs(x), std::numeric_limits<double>::infinity());
  return select(finite, result, sub(x, x));
}
