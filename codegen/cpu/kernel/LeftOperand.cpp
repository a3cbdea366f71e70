//===- LeftOperand.cpp - The left side of a matrix product ----------------===//
#include "codegen/cpu/kernel/LeftOperand.h"

#include "codegen/cpu/kernel/ElementLoops.h"
#include "codegen/cpu/kernel/Panels.h"
#include "passes/simplify/LoopSum.h"

namespace tenon::cpu {

//===----------------------------------------------------------------------===//
// Which way
//===----------------------------------------------------------------------===//

LeftOperand::LeftOperand(Emission &e, MatrixProduct &product, const Tile &tile)
    : e(e), b(e.b), product(product), tile(tile),
      operand(product.contract.getInputs()[product.lhs]),
      number(e.registerType(elementOf(operand.getType()))) {
  chooseWay();
  unsigned lanes = alongRows ? tile.height
                             : narrowedLanes(std::min(kLanes, e.target.lanes(tile.elementBytes)),
                                             isOneLoop ? product.extent(product.k)
                                                       : product.extents[product.k.back()]);
  pull = std::make_unique<Pull>(e, lanes);
}

PlaceOf<LaneStride> LeftOperand::surveyPlace(const LaneStride &row, const LaneStride &k) {
  PlaceOf<LaneStride> place;
  if (!product.batch.empty())
    place.append({}, product.batch.size());
  place.append(row, product.m.size());
  place.append({}, product.n.size());
  place.append(k, product.k.size());
  return place;
}

/// How far a step of each loop moves in memory; nullopt if a place isn't a sum of loops.
static std::optional<llvm::SmallVector<Dim>> stepsOf(const BufferLayout &layout,
                                                     ContractOp contract, unsigned input) {
  auto parts = ContractParts::of(contract);
  llvm::SmallVector<Dim> steps(parts.extents.size(), Dim(0));
  for (auto [place, stride] : llvm::zip(parts.maps[input].getResults(), layout.strides)) {
    auto sum = LoopSum::of(place, parts);
    if (!sum)
      return std::nullopt;
    for (unsigned loop : sum->loops())
      steps[loop] = steps[loop] + stride * Dim(sum->coefficients[loop]);
  }
  return steps;
}

bool LeftOperand::isStoredAsSummed() const {
  return e.memoryType(elementOf(operand.getType())) == number;
}

/// Tries to read the operand where it lies, all of k as one segment.
bool LeftOperand::isReadInPlace() {
  SurveyMath math;
  math.isAligned = false;
  Movement<SurveyMath> move(math);
  LaneStride next{LaneStride::Strided, Dim(1)};
  auto address =
      move.address(operand, product.leftPlace(move, surveyPlace({}, next)), e.request.inputs);
  isOneLoop = math.laneDivisions == 0;
  if (!address || !isOneLoop || address->offset.kind == LaneStride::Any || !isStoredAsSummed())
    return false;
  input = address->input;
  inputStride = address->offset.isUniform() ? Dim(0) : address->offset.stride;
  return true;
}

/// Tries to read an operand of the kernel where it lies, in segments of as many inner loops of k as
/// walk through memory in equal steps.
bool LeftOperand::isReadInSegments() {
  auto argument = m::dyn_cast<m::BlockArgument>(operand);
  if (!argument || product.k.empty() || !isStoredAsSummed())
    return false;
  const BufferLayout &layout = e.request.inputs[argument.getArgNumber()];
  auto steps = stepsOf(layout, product.contract, product.lhs);
  if (!steps)
    return false;
  auto step = [&](unsigned i) { return (*steps)[product.k[i]]; };
  unsigned first = product.k.size() - 1;
  while (first > 0 && step(first - 1) == step(first) * product.extents[product.k[first]])
    --first;
  auto length = product.extent(llvm::ArrayRef(product.k).drop_front(first)).constant();
  if (length && *length < kShortestSegment)
    return false;
  input = argument.getArgNumber();
  inputStride = step(product.k.size() - 1);
  firstOfSegment = first;
  return true;
}

void LeftOperand::chooseWay() {
  LaneStride next{LaneStride::Strided, Dim(1)};
  if (isReadInPlace() || isReadInSegments())
    return;
  auto cost = [&](const LaneStride &row, const LaneStride &k) {
    SurveyMath own;
    Movement<SurveyMath> through(own);
    auto at = product.leftPlace(through, surveyPlace(row, k));
    auto costs = surveyAccess(e.request, operand, at, std::nullopt, /*writes=*/false);
    costs.laneDivisions += own.laneDivisions;
    return costs;
  };
  // Along k each lane is stored by itself, but vectors are longer.
  alongRows = cost(next, {}).total() <= cost({}, next).total() + 4;
}

int64_t LeftOperand::scratchBytes() const {
  if (input)
    return 0;
  return llvm::alignTo(tile.blockRows / tile.height * tileNumbers() * tile.elementBytes, 64);
}

//===----------------------------------------------------------------------===//
// Reading
//===----------------------------------------------------------------------===//

Place LeftOperand::domain(const Place &batch, const Index &row) {
  Place place = batch;
  place.append(row, product.m.size());
  place.append(Index::uniform(e.number(0)), product.n.size());
  return place;
}

Place LeftOperand::domain(const Place &batch, Value *window, int64_t inWindow) {
  Place place = batch;
  place.append(Index::uniform(window), product.m.size() - product.windowLoops);
  auto loops = llvm::ArrayRef(product.m).take_back(product.windowLoops);
  for (unsigned i = 0; i < loops.size(); ++i) {
    int64_t inner = product.extent(loops.drop_front(i + 1)).constant().value();
    int64_t extent = product.extents[loops[i]].constant().value();
    place.append(Index::uniform(e.number(inWindow / inner % extent)));
  }
  place.append(Index::uniform(e.number(0)), product.n.size());
  return place;
}

LeftRows LeftOperand::rows(Value *scratch, const Place &batch, Value *fromRow, Value *row,
                           Value *toRow, Value *fromK) {
  LeftRows result;
  if (!input) {
    Value *index = b.CreateUDiv(b.CreateSub(row, fromRow), e.number(tile.height));
    Value *start = b.CreateGEP(number, scratch, b.CreateNSWMul(index, e.number(tileNumbers())));
    for (unsigned r = 0; r < tile.height; ++r)
      result.base.push_back(b.CreateConstInBoundsGEP1_64(number, start, r));
    result.stride = e.number(tile.height);
    return result;
  }
  // Whole windows, of one row each where there are none.
  Value *window = b.CreateUDiv(row, e.number(product.windowRows));
  Value *last = b.CreateSub(b.CreateUDiv(toRow, e.number(product.windowRows)), e.number(1));
  // Segments are counted from the first, whatever the stretch.
  Value *k = firstOfSegment == 0 ? fromK : e.number(0);
  Value *at = window;
  for (unsigned r = 0; r < tile.height; ++r) {
    int64_t inWindow = r % product.windowRows;
    if (r > 0 && inWindow == 0)
      at = b.CreateBinaryIntrinsic(llvm::Intrinsic::smin,
                                   b.CreateNSWAdd(window, e.number(r / product.windowRows)), last);
    Place place = domain(batch, at, inWindow);
    place.append(Index::uniform(k), product.k.size());
    result.base.push_back(b.CreateGEP(number, e.inputPointer(*input), offsetOf(place), "row"));
  }
  result.stride = e.dim(inputStride);
  return result;
}

Value *LeftOperand::offsetOf(const Place &place) {
  Place element = product.leftPlace(pull->move, place);
  return pull->move.address(operand, element, e.request.inputs)->offset.base;
}

Value *LeftOperand::segmentOffset(Value *outer) {
  Place first;
  if (!product.batch.empty())
    first.append(Index::uniform(e.number(0)), product.batch.size());
  first = domain(first, Index::uniform(e.number(0)));
  Place there = first;
  first.append(Index::uniform(e.number(0)), product.k.size());
  there.append(Index::uniform(outer), firstOfSegment);
  there.append(Index::uniform(e.number(0)), product.k.size() - firstOfSegment);
  return b.CreateSub(offsetOf(there), offsetOf(first), "segment");
}

Value *LeftOperand::element(const LeftRows &rows, unsigned r, Value *k) {
  Value *at = b.CreateGEP(number, rows.base[r], b.CreateNSWMul(k, rows.stride));
  auto *load = b.CreateAlignedLoad(number, at, llvm::Align(tile.elementBytes));
  if (input)
    e.markLoad(load, *input);
  else
    e.markScratch(load);
  return load;
}

Values LeftOperand::eachK(const LeftRows &rows, Value *fromK, Value *toK,
                          llvm::ArrayRef<Value *> start,
                          llvm::function_ref<Values(Value *, llvm::function_ref<Value *(unsigned)>,
                                                    llvm::ArrayRef<Value *>)>
                              body) {
  Value *zero = e.number(0), *one = e.number(1);
  if (firstOfSegment == 0)
    return e.loop(zero, b.CreateSub(toK, fromK), one, start,
                  [&](Value *k, llvm::ArrayRef<Value *> carried) {
                    return body(k, [&](unsigned r) { return element(rows, r, k); }, carried);
                  });
  Value *length = e.dim(product.extent(llvm::ArrayRef(product.k).drop_front(firstOfSegment)));
  Value *end = b.CreateUDiv(b.CreateNSWAdd(toK, b.CreateSub(length, one)), length);
  return e.loop(
      b.CreateUDiv(fromK, length), end, one, start,
      [&](Value *outer, llvm::ArrayRef<Value *> carried) {
        Value *begin = b.CreateNSWMul(outer, length), *offset = segmentOffset(outer);
        LeftRows segment{{}, rows.stride};
        for (Value *base : rows.base)
          segment.base.push_back(b.CreateGEP(number, base, offset));
        Value *first =
            b.CreateBinaryIntrinsic(llvm::Intrinsic::smax, b.CreateSub(fromK, begin), zero);
        Value *last =
            b.CreateBinaryIntrinsic(llvm::Intrinsic::smin, b.CreateSub(toK, begin), length);
        Value *before = b.CreateSub(begin, fromK);
        return e.loop(first, last, one, carried, [&](Value *k, llvm::ArrayRef<Value *> inner) {
          return body(
              b.CreateNSWAdd(before, k), [&](unsigned r) { return element(segment, r, k); }, inner);
        });
      });
}

//===----------------------------------------------------------------------===//
// Packing
//===----------------------------------------------------------------------===//

void LeftOperand::pack(Value *scratch, const Place &batch, Value *fromRow, Value *toRow,
                       Value *fromK, Value *toK) {
  if (input)
    return;
  e.loop(fromRow, toRow, e.number(tile.height), [&](Value *row) {
    Value *index = b.CreateUDiv(b.CreateSub(row, fromRow), e.number(tile.height));
    Value *to = b.CreateGEP(number, scratch, b.CreateNSWMul(index, e.number(tileNumbers())));
    alongRows ? packAlongRows(to, batch, row, toRow, fromK, toK)
              : packAlongK(to, batch, row, toRow, fromK, toK);
  });
}

void LeftOperand::packAlongRows(Value *to, const Place &batch, Value *row, Value *toRow,
                                Value *fromK, Value *toK) {
  const Mask *mask = pull->mask(pull->math.below(b.CreateSub(toRow, row)));
  Place outer = domain(batch, Index::strided(row, e.number(1)));
  e.loop(fromK, toK, e.number(1), [&](Value *k) {
    Place place = outer;
    place.append(Index::uniform(k), product.k.size());
    Value *column = pull->lanesOf(operand, product.leftPlace(pull->move, place), mask);
    Value *start = b.CreateNSWMul(b.CreateSub(k, fromK), e.number(tile.height));
    e.markScratch(b.CreateAlignedStore(column, b.CreateGEP(number, to, start),
                                       llvm::Align(tile.elementBytes)));
  });
}

void LeftOperand::packAlongK(Value *to, const Place &batch, Value *row, Value *toRow, Value *fromK,
                             Value *toK) {
  Value *height = e.number(tile.height);
  unsigned lanes = pull->math.lanes;
  Value *count = b.CreateBinaryIntrinsic(llvm::Intrinsic::smin, b.CreateSub(toRow, row), height);
  e.loop(e.number(0), count, e.number(1), [&](Value *r) {
    Place rowPlace = domain(batch, Index::uniform(b.CreateNSWAdd(row, r)));
    auto vector = [&](const Place &place, Value *k, Value *left) {
      const Mask *mask = pull->mask(pull->math.below(left));
      Value *numbers = pull->lanesOf(operand, product.leftPlace(pull->move, place), mask);
      // Lanes beyond the end land where later ones overwrite them, or in the spare rows.
      Value *start = b.CreateNSWAdd(b.CreateNSWMul(b.CreateSub(k, fromK), height), r);
      Value *at = b.CreateGEP(number, to, start);
      for (unsigned lane = 0; lane < lanes; ++lane)
        e.markScratch(b.CreateAlignedStore(
            b.CreateExtractElement(numbers, lane),
            b.CreateConstInBoundsGEP1_64(number, at, int64_t(lane) * tile.height),
            llvm::Align(tile.elementBytes)));
    };
    if (isOneLoop) {
      e.loop(fromK, toK, e.number(lanes), [&](Value *k) {
        Place place = rowPlace;
        place.append(Index::strided(k, e.number(1)), product.k.size());
        vector(place, k, b.CreateSub(toK, k));
      });
      return;
    }
    Value *inner = e.dim(product.extents[product.k.back()]);
    Value *end = b.CreateUDiv(b.CreateNSWAdd(toK, b.CreateSub(inner, e.number(1))), inner);
    e.loop(b.CreateUDiv(fromK, inner), end, e.number(1), [&](Value *outer) {
      Value *base = b.CreateNSWMul(outer, inner);
      Value *first =
          b.CreateBinaryIntrinsic(llvm::Intrinsic::smax, b.CreateSub(fromK, base), e.number(0));
      Value *last = b.CreateBinaryIntrinsic(llvm::Intrinsic::smin, b.CreateSub(toK, base), inner);
      e.loop(first, last, e.number(lanes), [&](Value *k) {
        Place place = rowPlace;
        if (product.k.size() > 1)
          place.append(Index::uniform(outer), product.k.size() - 1);
        place.append(Index::strided(k, e.number(1)));
        vector(place, b.CreateNSWAdd(base, k), b.CreateSub(last, k));
      });
    });
  });
}

} // namespace tenon::cpu
