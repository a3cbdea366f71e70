//===- Pull.cpp - Elements of a kernel's values, on demand ----------------===//
#include "codegen/cpu/kernel/Pull.h"

#include "codegen/cpu/kernel/MapCode.h"

namespace tenon::cpu {

const Mask *Pull::mask(Value *lanes, const Mask *outer) {
  if (!lanes)
    return outer;
  Value *all = outer ? e.b.CreateAnd(lanes, outer->lanes) : lanes;
  masks.push_back(std::make_unique<Mask>(Mask{all, outer}));
  return masks.back().get();
}

Value *Pull::element(m::Value value, const Place &place, const Mask *mask) {
  // A mask only takes lanes away: what was computed for more of them serves too.
  auto isPartOf = [](const Mask *part, const Mask *whole) {
    for (; part; part = part->outer)
      if (part == whole)
        return true;
    return whole == nullptr;
  };
  for (Known &known : memo[value])
    if (known.place == place && isPartOf(mask, known.mask) && e.isOpen(known.scope))
      return known.value;
  Value *result = compute(value, place, mask);
  // A scalar doesn't depend on the mask.
  memo[value].push_back(
      {place, result->getType()->isVectorTy() ? mask : nullptr, e.scope(), result});
  return result;
}

Value *Pull::lanesOf(m::Value value, const Place &place, const Mask *mask) {
  Value *result = element(value, place, mask);
  return result->getType()->isVectorTy() ? result : math.splat(result);
}

Value *Pull::compute(m::Value value, const Place &place, const Mask *mask) {
  if (auto source = bound.find(value); source != bound.end())
    return source->second(place, mask);
  if (auto argument = m::dyn_cast<m::BlockArgument>(value)) {
    unsigned input = argument.getArgNumber();
    const BufferLayout &layout = e.request.inputs[input];
    return load(e.inputPointer(input), layout.type.getElementType(), move.offset(layout, place),
                mask, [&](Value *access) { e.markLoad(access, input); });
  }
  if (Value *result = computeOp(value.getDefiningOp(), place, mask))
    return result;
  if (!unknown)
    unknown = value.getDefiningOp();
  return llvm::Constant::getNullValue(e.registerType(elementOf(value.getType())));
}

Value *Pull::computeOp(m::Operation *op, const Place &place, const Mask *mask) {
  if (auto constant = m::dyn_cast<ConstantOp>(op))
    return this->constant(constant, place, mask);
  if (m::isa<DimensionOp>(op))
    return emitMap(e, op, {});
  if (m::isa<MapOp>(op)) {
    Values operands;
    for (m::Value operand : op->getOperands())
      operands.push_back(element(operand, place, mask));
    return emitMap(e, op, operands);
  }
  if (auto broadcast = m::dyn_cast<BroadcastOp>(op))
    return element(broadcast.getOperand(), move.broadcast(broadcast, place), mask);
  if (auto transpose = m::dyn_cast<TransposeOp>(op))
    return element(transpose.getOperand(), move.transpose(transpose, place), mask);
  if (auto reshape = m::dyn_cast<ReshapeOp>(op))
    return element(reshape.getOperand(), move.reshape(reshape, place), mask);
  if (auto slice = m::dyn_cast<SliceOp>(op))
    return element(slice.getOperand(), move.slice(slice, place), mask);
  if (auto padded = m::dyn_cast<PadOp>(op))
    return pad(padded, place, mask);
  if (auto joined = m::dyn_cast<ConcatOp>(op))
    return concat(joined, place, mask);
  if (auto rows = m::dyn_cast<GatherOp>(op))
    return gather(rows, place, mask);
  auto extents = move.dims(op);
  if (auto iota = m::dyn_cast<IotaOp>(op)) {
    m::Type element = elementOf(iota.getType());
    Index at = move.axis(place, extents, iota.getAxis());
    return e.rounded(math.convert(at, e.registerType(element), isReal(element)), element);
  }
  if (auto draw = m::dyn_cast<DrawOp>(op)) {
    Index at = move.linear(place, extents, 0, extents.size());
    return emitDraw(e, draw, at.isUniform() ? at.base : math.vector(at),
                    [&](m::Value scalar) { return element(scalar, Place(), nullptr); });
  }
  return nullptr;
}

Value *Pull::constant(ConstantOp op, const Place &place, const Mask *mask) {
  auto dense = m::dyn_cast<m::DenseElementsAttr>(op.getValue());
  if (!dense || dense.isSplat() || dense.size() == 1)
    return emitMap(e, op, {});
  m::Type element = dense.getElementType();
  llvm::SmallVector<llvm::Constant *> numbers;
  for (m::Attribute value : dense.getValues<m::Attribute>()) {
    llvm::Constant *number = constantElement(e, value, element);
    llvm::Type *type = e.memoryType(element);
    if (element.isInteger(1))
      number = llvm::ConstantInt::get(type, number->isNullValue() ? 0 : 1);
    else if (auto real = m::dyn_cast<m::FloatAttr>(value); real && type->isIntegerTy())
      number = llvm::ConstantInt::get(type, real.getValue().bitcastToAPInt());
    numbers.push_back(number);
  }
  auto *type = llvm::ArrayType::get(e.memoryType(element), numbers.size());
  auto *table = new llvm::GlobalVariable(e.module, type, true, llvm::GlobalValue::PrivateLinkage,
                                         llvm::ConstantArray::get(type, numbers), "constant");
  auto extents = move.dims(op);
  return load(table, element, move.linear(place, extents, 0, extents.size()), mask, [](Value *) {});
}

//===----------------------------------------------------------------------===//
// Memory
//===----------------------------------------------------------------------===//

/// A stride so short that loading everything between the lanes is less than fetching each by
/// itself.
static std::optional<int64_t> closeStride(const Index &offset) {
  auto *number = llvm::dyn_cast_or_null<llvm::ConstantInt>(offset.stride);
  constexpr int64_t longest = 4;
  if (!number || number->getSExtValue() < 2 || number->getSExtValue() > longest)
    return std::nullopt;
  return number->getSExtValue();
}

/// Every `stride`-th element from `first` on, taken out of neighbouring vectors. The last of these
/// ends with the last lane's element: nothing beyond it is touched.
Value *Pull::loadApart(llvm::Type *type, Value *first, int64_t stride, const Mask *mask,
                       llvm::function_ref<void(Value *)> mark) {
  auto &b = e.b;
  int64_t lanes = math.lanes, span = (lanes - 1) * stride + 1;
  auto *vector = llvm::FixedVectorType::get(type, lanes);
  llvm::Align align(type->getScalarSizeInBits() / 8);
  Value *result = llvm::PoisonValue::get(vector);
  for (int64_t part = 0; part < stride; ++part) {
    int64_t from = std::min(part * lanes, span - lanes);
    // Where each lane's element is in this vector, and which lane's element is at each place of it.
    llvm::SmallVector<int> chosen, owner(lanes, int(lanes));
    for (int64_t lane = 0; lane < lanes; ++lane) {
      int64_t at = lane * stride - from;
      bool isHere = at >= 0 && at < lanes;
      chosen.push_back(isHere ? int(lanes + at) : int(lane));
      if (isHere)
        owner[at] = int(lane);
    }
    Value *start = b.CreateConstInBoundsGEP1_64(type, first, from), *load;
    if (mask) {
      Value *none = llvm::Constant::getNullValue(mask->lanes->getType());
      Value *wanted = b.CreateShuffleVector(mask->lanes, none, owner);
      load = b.CreateMaskedLoad(vector, start, align, wanted, llvm::Constant::getNullValue(vector));
    } else {
      load = b.CreateAlignedLoad(vector, start, align);
    }
    mark(load);
    result = b.CreateShuffleVector(result, load, chosen);
  }
  return result;
}

Value *Pull::load(Value *pointer, m::Type element, const Index &offset, const Mask *mask,
                  llvm::function_ref<void(Value *)> mark) {
  auto &b = e.b;
  llvm::Type *type = e.memoryType(element);
  llvm::Align align(e.memoryBytes(element));
  Value *loaded;
  if (offset.isUniform()) {
    loaded = b.CreateAlignedLoad(type, b.CreateGEP(type, pointer, offset.base), align);
  } else {
    auto *vector = llvm::FixedVectorType::get(type, math.lanes);
    if (offset.isContiguous()) {
      Value *start = b.CreateGEP(type, pointer, offset.base);
      loaded = mask ? (Value *)b.CreateMaskedLoad(vector, start, align, mask->lanes,
                                                  llvm::Constant::getNullValue(vector))
                    : b.CreateAlignedLoad(vector, start, align);
    } else if (auto stride = closeStride(offset)) {
      loaded = loadApart(type, b.CreateGEP(type, pointer, offset.base), *stride, mask, mark);
      return e.widen(loaded, element);
    } else {
      Value *places = b.CreateGEP(type, pointer, math.vector(offset));
      Value *lanes =
          mask ? mask->lanes
               : llvm::ConstantInt::getTrue(llvm::FixedVectorType::get(b.getInt1Ty(), math.lanes));
      loaded =
          b.CreateMaskedGather(vector, places, align, lanes, llvm::Constant::getNullValue(vector));
    }
  }
  mark(loaded);
  return e.widen(loaded, element);
}

void Pull::store(Value *value, Value *pointer, m::Type element, const Index &offset,
                 const Mask *mask, llvm::function_ref<void(Value *)> mark) {
  auto &b = e.b;
  llvm::Type *type = e.memoryType(element);
  llvm::Align align(e.memoryBytes(element));
  Value *narrow = e.narrow(value, element);
  Value *stored;
  if (offset.isUniform()) {
    stored = b.CreateAlignedStore(narrow, b.CreateGEP(type, pointer, offset.base), align);
  } else {
    if (!narrow->getType()->isVectorTy())
      narrow = b.CreateVectorSplat(math.lanes, narrow);
    if (offset.isContiguous()) {
      Value *start = b.CreateGEP(type, pointer, offset.base);
      stored = mask ? (Value *)b.CreateMaskedStore(narrow, start, align, mask->lanes)
                    : b.CreateAlignedStore(narrow, start, align);
    } else {
      stored = b.CreateMaskedScatter(narrow, b.CreateGEP(type, pointer, math.vector(offset)), align,
                                     mask ? mask->lanes : nullptr);
    }
  }
  mark(stored);
}

void Pull::storeResult(Value *value, unsigned output, const Place &place, const Mask *mask) {
  const BufferLayout &layout = e.request.outputs[output];
  store(value, e.outputPointer(output), layout.type.getElementType(), move.offset(layout, place),
        mask, [&](Value *access) { e.markStore(access, output); });
}

//===----------------------------------------------------------------------===//
// One place or another
//===----------------------------------------------------------------------===//

Value *Pull::compare(llvm::CmpInst::Predicate predicate, const Index &a, const Dim &d) {
  if (a.isUniform())
    return e.b.CreateICmp(predicate, a.base, e.dim(d));
  return e.b.CreateICmp(predicate, math.vector(a), math.splat(e.dim(d)));
}

static Value *both(Emission &e, Value *a, Value *c) {
  return !a ? c : !c ? a : e.b.CreateAnd(a, c);
}

/// `then` where the scalar condition and the lanes' hold (null: always), `otherwise` elsewhere.
/// Nothing of `then` runs where no lane needs it.
Value *Pull::where(Value *uniformly, Value *lanes, const Mask *mask, m::Type element,
                   bool isUniform, llvm::function_ref<Value *(const Mask *)> then,
                   llvm::function_ref<Value *()> otherwise) {
  auto &b = e.b;
  auto shaped = [&](Value *value) {
    return isUniform || value->getType()->isVectorTy() ? value : math.splat(value);
  };
  Value *elsewhere = shaped(otherwise());
  Value *any = uniformly ? uniformly : b.getTrue();
  if (lanes) {
    const Mask *inner = this->mask(lanes, mask);
    any = both(e, uniformly, b.CreateOrReduce(inner->lanes));
    return e.branch(
        any, [&]() -> Values { return {b.CreateSelect(lanes, shaped(then(inner)), elsewhere)}; },
        [&]() -> Values { return {elsewhere}; })[0];
  }
  return e.branch(
      any, [&]() -> Values { return {shaped(then(mask))}; },
      [&]() -> Values { return {elsewhere}; })[0];
}

Value *Pull::pad(PadOp op, const Place &place, const Mask *mask) {
  auto extents = move.dims(op);
  auto inner = dimsOf(m::cast<RankedTensorType>(op.getOperand().getType()));
  auto offsets = op.getOffsets().getDims();
  Value *uniformly = nullptr, *lanes = nullptr;
  auto require = [&](const Index &at, Value *condition) {
    Value *&conditions = at.isUniform() ? uniformly : lanes;
    conditions = both(e, conditions, condition);
  };
  auto moved = move.withAxis(place, extents, [&](unsigned i) -> std::optional<Index> {
    if (!move.isPadded(op, i))
      return std::nullopt;
    Index at = math.add(move.axis(place, extents, i), math.constant(-offsets[i]));
    int64_t stride = op.getStrides()[i];
    if (!offsets[i].isConstant(0))
      require(at, compare(llvm::CmpInst::ICMP_SGE, at, Dim(0)));
    if (stride != 1) {
      require(at, compare(llvm::CmpInst::ICMP_EQ, math.mod(at, Dim(stride)), Dim(0)));
      at = math.floorDiv(at, Dim(stride));
    }
    require(at, compare(llvm::CmpInst::ICMP_SLT, at, inner[i]));
    return at;
  });
  return where(
      uniformly, lanes, mask, elementOf(op.getType()), place.isUniform(),
      [&](const Mask *inside) { return element(op.getOperand(), moved, inside); },
      [&] { return element(op.getValue(), Place(), nullptr); });
}

Value *Pull::concat(ConcatOp op, const Place &place, const Mask *mask) {
  auto extents = move.dims(op);
  unsigned axis = op.getAxis();
  Index at = move.axis(place, extents, axis);
  // Starts of the operands; from the last to the first, each replaces what lies before its end.
  llvm::SmallVector<Dim> starts{Dim(0)};
  for (m::Value input : op.getInputs())
    starts.push_back(starts.back() + dimsOf(m::cast<RankedTensorType>(input.getType()))[axis]);
  m::Type type = elementOf(op.getType());
  Value *result = llvm::Constant::getNullValue(e.registerType(type));
  if (!place.isUniform())
    result = math.splat(result);
  for (auto [i, input] : llvm::enumerate(op.getInputs())) {
    if (starts[i] == starts[i + 1])
      continue;
    auto moved = move.withAxis(place, extents, [&](unsigned a) -> std::optional<Index> {
      return a == axis ? std::optional(math.add(at, math.constant(-starts[i]))) : std::nullopt;
    });
    Value *condition = nullptr;
    if (i > 0)
      condition = compare(llvm::CmpInst::ICMP_SGE, at, starts[i]);
    if (i + 1 < op.getInputs().size())
      condition = both(e, condition, compare(llvm::CmpInst::ICMP_SLT, at, starts[i + 1]));
    Value *before = result;
    result = where(
        at.isUniform() ? condition : nullptr, at.isUniform() ? nullptr : condition, mask, type,
        place.isUniform(), [&](const Mask *inside) { return element(input, moved, inside); },
        [&] { return before; });
  }
  return result;
}

Value *Pull::gather(GatherOp op, const Place &place, const Mask *mask) {
  auto &b = e.b;
  m::Type indexType = elementOf(op.getIndices().getType());
  Value *row = element(op.getIndices(), move.gatherIndices(op, place), mask);
  llvm::Type *wide = row->getType()->getWithNewType(b.getInt64Ty());
  row = indexType.isUnsignedInteger() ? b.CreateZExt(row, wide) : b.CreateSExt(row, wide);
  Dim rows = dimsOf(m::cast<RankedTensorType>(op.getTable().getType()))[0];
  bool isVector = wide->isVectorTy();
  auto like = [&](Value *scalar) { return isVector ? math.splat(scalar) : scalar; };
  row = b.CreateBinaryIntrinsic(llvm::Intrinsic::smin, row, like(e.dim(rows - Dim(1))));
  row = b.CreateBinaryIntrinsic(llvm::Intrinsic::smax, row, like(e.number(0)));
  Index at = isVector ? Index::vector(row) : Index::uniform(row);
  Place moved = move.gatherTable(op, place, at);
  // Nothing may be read from a table without rows.
  Value *exists =
      (rows - Dim(1)).isNonNegative() ? nullptr : b.CreateICmpSGT(e.dim(rows), e.number(0));
  m::Type type = elementOf(op.getType());
  return where(
      exists, nullptr, mask, type, place.isUniform(),
      [&](const Mask *inside) { return element(op.getTable(), moved, inside); },
      [&]() -> Value * { return llvm::Constant::getNullValue(e.registerType(type)); });
}

//===----------------------------------------------------------------------===//
// Checks
//===----------------------------------------------------------------------===//

void emitCheck(Pull &pull, CheckOp check, const Place &place, const Mask *mask) {
  Emission &e = pull.e;
  auto &b = e.b;
  Value *holds = pull.element(check.getCondition(), place, mask);
  auto extents = dimsOf(m::cast<RankedTensorType>(check.getCondition().getType()));
  Index at = pull.move.linear(place, extents, 0, extents.size());
  Value *failed = b.CreateNot(holds), *any = failed;
  if (holds->getType()->isVectorTy()) {
    failed = mask ? b.CreateAnd(failed, mask->lanes) : failed;
    any = b.CreateOrReduce(failed);
  }
  int64_t index = check->getAttrOfType<m::IntegerAttr>("tenon.check_index").getInt();
  e.when(any, [&] {
    Value *where = at.base;
    if (failed->getType()->isVectorTy()) {
      Value *last = pull.math.splat(e.number(INT64_MAX));
      where = b.CreateIntMinReduce(b.CreateSelect(failed, pull.math.vector(at), last), true);
    } else if (!at.isUniform()) {
      where = b.CreateExtractElement(pull.math.vector(at), uint64_t(0));
    }
    auto *type = llvm::FunctionType::get(b.getVoidTy(),
                                         {b.getPtrTy(), b.getInt64Ty(), b.getInt64Ty()}, false);
    b.CreateCall(e.module.getOrInsertFunction("tenon_check_failed", type),
                 {e.frame, e.number(index), where});
  });
}

} // namespace tenon::cpu
