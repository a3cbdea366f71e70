//===- CombineCode.cpp - How a reduction joins values ---------------------===//
#include "codegen/cpu/kernel/CombineCode.h"

#include "codegen/cpu/VectorMath.h"
#include "codegen/cpu/kernel/MapCode.h"

namespace tenon::cpu {

using llvm::Constant;

CombineCode::CombineCode(Emission &e, ContractOp op)
    : e(e), op(op), combiner(op.getCombiner()),
      element(op.getBody().front().getTerminator()->getOperand(0).getType()),
      isChain(op.isSumOfProducts() && op.getInputs().size() == 2 && isReal(element)) {}

void CombineCode::startRound(unsigned which, Value *previous) {
  round = which;
  if (round == 0)
    return;
  // An infinite maximum would turn differences into NaN; then any finite number will do.
  Value *size = e.b.CreateUnaryIntrinsic(llvm::Intrinsic::fabs, previous);
  Value *isFinite = e.b.CreateFCmpOLT(size, llvm::ConstantFP::getInfinity(size->getType()));
  maximum = e.b.CreateSelect(isFinite, previous, Constant::getNullValue(size->getType()));
}

//===----------------------------------------------------------------------===//
// Neutral values
//===----------------------------------------------------------------------===//

Value *CombineCode::neutralNumber() {
  llvm::Type *type = e.registerType(element);
  bool isWhole = !isReal(element);
  bool natural = element.isUnsignedInteger() || element.isInteger(1);
  unsigned bits = type->getScalarSizeInBits();
  auto whole = [&](llvm::APInt number) { return llvm::ConstantInt::get(type, number); };
  switch (combiner) {
  case Combiner::sum:
  case Combiner::any:
    return Constant::getNullValue(type);
  case Combiner::prod:
    return isWhole ? whole(llvm::APInt(bits, 1)) : llvm::ConstantFP::get(type, 1);
  case Combiner::all:
    return whole(llvm::APInt(bits, 1));
  case Combiner::logsumexp:
    return round == 0 ? llvm::ConstantFP::getInfinity(type, true) : Constant::getNullValue(type);
  case Combiner::max:
  case Combiner::argmax:
    if (!isWhole)
      return llvm::ConstantFP::getInfinity(type, true);
    return whole(natural ? llvm::APInt(bits, 0) : llvm::APInt::getSignedMinValue(bits));
  case Combiner::min:
  case Combiner::argmin:
    if (!isWhole)
      return llvm::ConstantFP::getInfinity(type);
    return whole(natural ? llvm::APInt::getMaxValue(bits) : llvm::APInt::getSignedMaxValue(bits));
  }
  llvm_unreachable("an unknown combiner");
}

Values CombineCode::neutral(unsigned lanes) {
  Values values{neutralNumber()};
  if (isArg())
    values.push_back(e.number(-1));
  if (lanes > 1)
    for (Value *&value : values)
      value = e.b.CreateVectorSplat(lanes, value);
  return values;
}

//===----------------------------------------------------------------------===//
// Joining
//===----------------------------------------------------------------------===//

Value *CombineCode::body(llvm::ArrayRef<Value *> elements) {
  m::Block &block = op.getBody().front();
  llvm::DenseMap<m::Value, Value *> values;
  for (auto [argument, value] : llvm::zip(block.getArguments(), elements))
    values[argument] = value;
  for (m::Operation &inner : block.without_terminator()) {
    Values operands;
    for (m::Value operand : inner.getOperands())
      operands.push_back(values.at(operand));
    Value *result = emitMap(e, &inner, operands);
    if (!result) {
      unknown = &inner;
      result = Constant::getNullValue(e.registerType(inner.getResult(0).getType()));
    }
    values[inner.getResult(0)] = result;
  }
  return values.at(block.getTerminator()->getOperand(0));
}

Value *CombineCode::joinValues(Value *a, Value *c) {
  switch (combiner) {
  case Combiner::sum:
    return isReal(element) ? e.b.CreateFAdd(a, c) : e.b.CreateAdd(a, c);
  case Combiner::prod:
    return isReal(element) ? e.b.CreateFMul(a, c) : e.b.CreateMul(a, c);
  case Combiner::max:
    return emitMaximum(e, a, c, element);
  case Combiner::min:
    return emitMinimum(e, a, c, element);
  case Combiner::logsumexp:
    return round == 0 ? emitMaximum(e, a, c, element) : e.b.CreateFAdd(a, c);
  case Combiner::any:
    return e.b.CreateOr(a, c);
  case Combiner::all:
    return e.b.CreateAnd(a, c);
  case Combiner::argmax:
  case Combiner::argmin:
    break;
  }
  llvm_unreachable("a combiner of pairs");
}

/// The first NaN, else the first best; a place of -1 loses against any other.
Values CombineCode::joinPlaces(Value *best, Value *bestAt, Value *value, Value *at) {
  auto &b = e.b;
  auto *none = Constant::getNullValue(bestAt->getType());
  bool isMax = combiner == Combiner::argmax;
  bool natural = element.isUnsignedInteger() || element.isInteger(1);
  Value *better, *equal;
  if (isReal(element)) {
    Value *bestIsNumber = b.CreateFCmpORD(best, best);
    better = b.CreateAnd(bestIsNumber,
                         isMax ? b.CreateFCmpUGT(value, best) : b.CreateFCmpULT(value, best));
    equal = b.CreateOr(b.CreateFCmpOEQ(value, best),
                       b.CreateAnd(b.CreateNot(bestIsNumber), b.CreateFCmpUNO(value, value)));
  } else {
    better = isMax ? (natural ? b.CreateICmpUGT(value, best) : b.CreateICmpSGT(value, best))
                   : (natural ? b.CreateICmpULT(value, best) : b.CreateICmpSLT(value, best));
    equal = b.CreateICmpEQ(value, best);
  }
  Value *takes = b.CreateOr(better, b.CreateAnd(equal, b.CreateICmpSLT(at, bestAt)));
  takes = b.CreateOr(takes, b.CreateICmpSLT(bestAt, none));
  takes = b.CreateAnd(takes, b.CreateICmpSGE(at, none));
  return {b.CreateSelect(takes, value, best), b.CreateSelect(takes, at, bestAt)};
}

Values CombineCode::join(llvm::ArrayRef<Value *> a, llvm::ArrayRef<Value *> c) {
  return isArg() ? joinPlaces(a[0], a[1], c[0], c[1]) : Values{joinValues(a[0], c[0])};
}

Values CombineCode::step(llvm::ArrayRef<Value *> accumulator, llvm::ArrayRef<Value *> elements,
                         Value *at, Value *mask) {
  auto &b = e.b;
  Values next;
  if (isChain) {
    Values terms{elements[0], elements[1], accumulator[0]};
    splatToWidest(e, terms);
    next.push_back(emitFma(b, e.target, terms[0], terms[1], terms[2]));
  } else {
    Values terms{accumulator[0], body(elements)};
    if (isArg()) {
      terms.push_back(accumulator[1]);
      terms.push_back(at);
    }
    if (round == 1)
      terms.push_back(maximum);
    splatToWidest(e, terms);
    if (round == 1)
      terms[1] = emitMath(b, e.target, MathFunction::Exp, b.CreateFSub(terms[1], terms[2]));
    next = isArg() ? joinPlaces(terms[0], terms[2], terms[1], terms[3])
                   : Values{joinValues(terms[0], terms[1])};
  }
  if (mask)
    for (auto [after, before] : llvm::zip(next, accumulator))
      after = b.CreateSelect(mask, after, before);
  return next;
}

Values CombineCode::joinLanes(Values accumulator) {
  auto &b = e.b;
  auto *type = llvm::dyn_cast<llvm::FixedVectorType>(accumulator[0]->getType());
  if (!type)
    return accumulator;
  for (int half = type->getNumElements() / 2; half >= 1; half /= 2) {
    llvm::SmallVector<int> low, high;
    for (int i = 0; i < half; ++i) {
      low.push_back(i);
      high.push_back(half + i);
    }
    Values left, right;
    for (Value *value : accumulator) {
      left.push_back(b.CreateShuffleVector(value, low));
      right.push_back(b.CreateShuffleVector(value, high));
    }
    accumulator = join(left, right);
  }
  for (Value *&value : accumulator)
    value = b.CreateExtractElement(value, uint64_t(0));
  return accumulator;
}

Value *CombineCode::finish(llvm::ArrayRef<Value *> accumulator) {
  auto &b = e.b;
  if (isArg()) {
    auto *none = Constant::getNullValue(accumulator[1]->getType());
    Value *at = b.CreateBinaryIntrinsic(llvm::Intrinsic::smax, accumulator[1], none);
    return b.CreateTrunc(at, at->getType()->getWithNewType(b.getInt32Ty()));
  }
  Value *result = accumulator[0];
  if (round == 1)
    result = b.CreateFAdd(maximum, emitMath(b, e.target, MathFunction::Log, result));
  return e.rounded(result, elementOf(op.getResult().getType()));
}

} // namespace tenon::cpu
