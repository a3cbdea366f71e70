//===- GatherResults.cpp - Every element of a result from its own loops ---===//
//
// A code generator goes through the elements of a result; a contraction that adds to several
// elements of it, or leaves some out, must be turned round. With r the place in one axis of the
// result that isn't a loop of its own, of extent P:
//
//   r = c + s*d                  the sum over a result of d's extent, padded to places c + s*d
//   r = c + s*d + e, e below s   d and e are what dividing r - c by s gives: windows side by side
//   r = c + d + R                d = r - c - R, with zeros around the operands that d reads
//   r = c + s*d + q*e + s*R      for each residue of r and of e by s, as above on every s-th place,
//                                padded to every s-th place of the result
//   any other                    the sum over all points of (place == r ? value : 0)
//
// The gradient of a convolution with respect to its input has the third form, with a stride the
// fourth; that of pooling the second or, where windows overlap, the fourth. Products of two
// operands stay products in the third and fourth: an operand that has d as an axis of its own has
// zeros for points outside (a product of such a zero with an infinite element is NaN). Other bodies
// select.
//
//===----------------------------------------------------------------------===//
#include "passes/Passes.h"
#include "passes/simplify/ContractParts.h"
#include "passes/simplify/LoopSum.h"
#include "passes/simplify/Splat.h"

#include <numeric>

namespace tenon {
#define GEN_PASS_DEF_GATHERRESULTS
#include "passes/Passes.h.inc"
} // namespace tenon

using namespace mlir;
using namespace tenon;

namespace {

int64_t modulo(int64_t a, int64_t b) { return ((a % b) + b) % b; }
Dim ceilDiv(const Dim &a, int64_t b) { return *Dim::floorDiv(a + Dim(b - 1), Dim(b)); }

AffineMap withResult(AffineMap map, unsigned axis, AffineExpr place) {
  SmallVector<AffineExpr> places(map.getResults());
  places[axis] = place;
  return AffineMap::get(map.getNumDims(), map.getNumSymbols(), places, map.getContext());
}

RankedTensorType withExtent(RankedTensorType type, unsigned axis, const Dim &extent) {
  auto dims = dimsOf(type);
  dims[axis] = extent;
  return tensorType(type.getContext(), dims, type.getElementType());
}

//===----------------------------------------------------------------------===//
// The pass
//===----------------------------------------------------------------------===//

struct GatherResults : tenon::impl::GatherResultsBase<GatherResults> {
  void runOnOperation() override {
    SmallVector<ContractOp> work;
    getOperation().walk([&](ContractOp op) { work.push_back(op); });
    while (!work.empty()) {
      ContractOp op = work.pop_back_val();
      auto axis = firstAxis(op);
      if (!axis)
        continue;
      if (op.getCombiner() != Combiner::sum) {
        op.emitOpError("of combiner ")
            << stringifyCombiner(op.getCombiner()) << " gives axis " << *axis
            << " of its result in no order that code can be made for";
        return signalPassFailure();
      }
      made.clear();
      OpBuilder builder(op);
      op.replaceAllUsesWith(gather(builder, op, *axis));
      op.erase();
      llvm::append_range(work, made);
    }
  }

  /// The first axis of the result that isn't exactly one loop which no axis before it is.
  static std::optional<unsigned> firstAxis(ContractOp op) {
    llvm::SmallDenseSet<unsigned> seen;
    auto extents = op.getExtentDims();
    auto dims = dimsOf(cast<RankedTensorType>(op.getType()));
    for (auto [axis, expr] : llvm::enumerate(op.getResultMap().getResults())) {
      auto loop = dyn_cast<AffineDimExpr>(expr);
      if (!loop || !(extents[loop.getPosition()] == dims[axis]) ||
          !seen.insert(loop.getPosition()).second)
        return axis;
    }
    return std::nullopt;
  }

  Value gather(OpBuilder &builder, ContractOp op, unsigned axis) {
    ContractParts parts = ContractParts::of(op);
    auto place = LoopSum::of(parts.result.getResult(axis), parts);
    auto offset = place ? place->constant.constant() : std::nullopt;
    if (!offset)
      return guarded(builder, op, axis);
    auto loops = place->loops();
    llvm::erase_if(loops, [&](unsigned d) { return isElsewhere(parts, axis, d); });
    if (place->loops().size() == 1 && loops.size() == 1 && place->coefficients[loops[0]] > 0 &&
        *offset >= 0)
      return strided(builder, op, axis, *place, loops[0]);
    // A product's loops stay what its operands have, so that it stays a matrix product.
    bool isProduct = op.isSumOfProducts() && parts.inputs.size() > 1;
    if (!isProduct && place->loops() == loops && *offset >= 0)
      if (auto windows = windowsSideBySide(parts, *place, loops))
        return tiled(builder, op, axis, *place, *windows);
    for (unsigned d : loops)
      if (place->coefficients[d] > 0 && readsAreSums(parts, d) &&
          (!isProduct || hasOwnAxis(parts, d)))
        if (auto remainder = remainderLoop(*place, d); remainder)
          return byResidues(builder, op, axis, *place, d, *remainder, /*selects=*/!isProduct);
    return guarded(builder, op, axis);
  }

  /// The loop over windows and the loop in a window, if the windows are next to each other.
  static std::optional<std::pair<unsigned, unsigned>>
  windowsSideBySide(const ContractParts &parts, const LoopSum &place, ArrayRef<unsigned> loops) {
    if (loops.size() != 2)
      return std::nullopt;
    for (auto [d, e] : {std::pair(loops[0], loops[1]), std::pair(loops[1], loops[0])})
      if (place.coefficients[e] == 1 && place.coefficients[d] > 1 &&
          parts.extents[e].isConstant(place.coefficients[d]))
        return std::pair(d, e);
    return std::nullopt;
  }

  static bool isElsewhere(const ContractParts &parts, unsigned axis, unsigned loop) {
    for (auto [i, expr] : llvm::enumerate(parts.result.getResults()))
      if (i != axis && expr.isFunctionOfDim(loop))
        return true;
    return false;
  }

  /// True if an operand has the loop as an axis: it is zero wherever the loop would leave its
  /// range.
  static bool hasOwnAxis(const ContractParts &parts, unsigned loop) {
    for (auto [input, map] : llvm::zip(parts.inputs, parts.maps)) {
      auto dims = dimsOf(cast<RankedTensorType>(input.getType()));
      for (auto [axis, expr] : llvm::enumerate(map.getResults()))
        if (auto alone = dyn_cast<AffineDimExpr>(expr); alone && alone.getPosition() == loop)
          return dims[axis] == parts.extents[loop];
    }
    return false;
  }

  /// True if every read that uses the loop is a sum of loops, so that what lies outside can be
  /// surrounded by zeros.
  static bool readsAreSums(const ContractParts &parts, unsigned loop) {
    return llvm::all_of(parts.maps, [&](AffineMap map) {
      return llvm::all_of(map.getResults(), [&](AffineExpr place) {
        return !place.isFunctionOfDim(loop) || LoopSum::of(place, parts);
      });
    });
  }

  /// The one loop besides `d` whose coefficient isn't a multiple of d's; -1 if there is none,
  /// nullopt if there are several.
  static std::optional<int> remainderLoop(const LoopSum &place, unsigned d) {
    int found = -1;
    for (unsigned e : place.loops()) {
      if (e == d || place.coefficients[e] % place.coefficients[d] == 0)
        continue;
      if (found >= 0)
        return std::nullopt;
      found = e;
    }
    return found;
  }

  ContractOp record(ContractOp op) {
    made.push_back(op);
    return op;
  }

  Value zero(OpBuilder &builder, Location loc, Type type) {
    return splat(builder, loc, RankedTensorType::get({}, elementOf(type)), 0.0);
  }

  /// r = c + s*d: a smaller result with holes around its elements.
  Value strided(OpBuilder &builder, ContractOp op, unsigned axis, const LoopSum &place,
                unsigned loop) {
    ContractParts parts = ContractParts::of(op);
    RankedTensorType type = parts.type;
    parts.result = withResult(parts.result, axis, getAffineDimExpr(loop, op.getContext()));
    parts.type = withExtent(type, axis, parts.extents[loop]);
    Value small = record(parts.create(builder, op.getLoc(), op.getBody().front()));
    return spread(builder, op, small, axis, *place.constant.constant(), place.coefficients[loop]);
  }

  /// r = c + s*d + e: one loop over the places, which d and e are found from by division.
  Value tiled(OpBuilder &builder, ContractOp op, unsigned axis, const LoopSum &place,
              std::pair<unsigned, unsigned> windows) {
    auto [d, e] = windows;
    MLIRContext *context = op.getContext();
    ContractParts parts = ContractParts::of(op);
    RankedTensorType type = parts.type;
    int64_t s = place.coefficients[d];
    SmallVector<Dim> extents = parts.extents;
    extents[d] = extents[d] * Dim(s);
    extents[e] = Dim(1);
    SmallVector<AffineExpr> loops;
    for (unsigned loop = 0; loop < extents.size(); ++loop)
      loops.push_back(getAffineDimExpr(loop, context));
    AffineExpr at = loops[d];
    loops[d] = at.floorDiv(s);
    loops[e] = at % s;
    parts.replaceLoops(loops, extents);
    parts.result = withResult(parts.result, axis, at);
    parts.type = withExtent(type, axis, extents[d]);
    Value covered = record(parts.create(builder, op.getLoc(), op.getBody().front()));
    if (covered.getType() == type)
      return covered;
    return spread(builder, op, covered, axis, *place.constant.constant(), 1);
  }

  Value spread(OpBuilder &builder, ContractOp op, Value part, unsigned axis, int64_t offset,
               int64_t stride) {
    auto type = cast<RankedTensorType>(op.getType());
    SmallVector<Dim> offsets(type.getRank());
    SmallVector<int64_t> strides(type.getRank(), 1);
    offsets[axis] = Dim(offset);
    strides[axis] = stride;
    return PadOp::create(builder, op.getLoc(), type, part, zero(builder, op.getLoc(), type),
                         DimsAttr::get(op.getContext(), offsets), strides);
  }

  /// r = c + s*d + q*e + s*R.
  Value byResidues(OpBuilder &builder, ContractOp op, unsigned axis, const LoopSum &place,
                   unsigned loop, int remainder, bool selects) {
    Location loc = op.getLoc();
    int64_t s = place.coefficients[loop], constant = *place.constant.constant();
    int64_t q = remainder < 0 ? 0 : place.coefficients[remainder];
    int64_t step = remainder < 0 ? 1 : s / std::gcd(q, s);
    auto type = cast<RankedTensorType>(op.getType());
    Value total;
    for (int64_t rho = 0; rho < s; ++rho) {
      Value sum;
      for (int64_t tau = 0; tau < step; ++tau) {
        if (modulo(rho - constant - q * tau, s) != 0)
          continue;
        Value part = residue(builder, op, axis, place, loop, remainder, rho, tau, step, selects);
        sum = sum ? AddOp::create(builder, loc, part.getType(), sum, part).getResult() : part;
      }
      if (!sum)
        continue;
      if (s > 1)
        sum = spread(builder, op, sum, axis, rho, s);
      total = total ? AddOp::create(builder, loc, type, total, sum).getResult() : sum;
    }
    return total ? total : splat(builder, loc, type, 0.0);
  }

  /// The part for r = s*r' + rho and e = step*e' + tau, over r' in place of d. `selects`: points
  /// outside of d's extent are left out by the body.
  Value residue(OpBuilder &builder, ContractOp op, unsigned axis, const LoopSum &place,
                unsigned loop, int remainder, int64_t rho, int64_t tau, int64_t step,
                bool selects) {
    MLIRContext *context = op.getContext();
    ContractParts parts = ContractParts::of(op);
    int64_t s = place.coefficients[loop], constant = *place.constant.constant();
    Dim extent = ceilDiv(dimsOf(parts.type)[axis] - Dim(rho), s);
    SmallVector<Dim> extents = parts.extents;
    SmallVector<AffineExpr> loops;
    for (unsigned d = 0; d < extents.size(); ++d)
      loops.push_back(getAffineDimExpr(d, context));
    AffineExpr result = loops[loop];
    int64_t q = 0;
    if (remainder >= 0) {
      q = place.coefficients[remainder];
      extents[remainder] = ceilDiv(extents[remainder] - Dim(tau), step);
    }
    AffineExpr solved = result + (rho - constant - q * tau) / s;
    for (unsigned e : place.loops()) {
      if (e == loop)
        continue;
      int64_t times = int(e) == remainder ? q * step / s : place.coefficients[e] / s;
      solved = solved - loops[e] * times;
    }
    if (remainder >= 0)
      loops[remainder] = loops[remainder] * step + tau;
    loops[loop] = solved;
    extents[loop] = extent;
    SmallVector<bool> reads;
    for (AffineMap map : parts.maps)
      reads.push_back(ContractParts::loopsOf(map)[loop]);
    parts.replaceLoops(loops, extents);
    parts.result = withResult(parts.result, axis, result);
    parts.type = withExtent(parts.type, axis, extent);
    for (unsigned i = 0; i < parts.inputs.size(); ++i)
      if (reads[i])
        surround(builder, op.getLoc(), parts, i);
    if (!selects)
      return record(parts.create(builder, op.getLoc(), op.getBody().front()));
    Dim windows = ContractParts::of(op).extents[loop];
    return createSelecting(builder, op, parts, [&](OpBuilder &inner, ValueRange counters) {
      Type i1 = inner.getI1Type(), i64 = inner.getI64Type();
      Location loc = op.getLoc();
      Value at = placeOf(inner, loc, solved, counters, parts.symbols);
      Value first = splat(inner, loc, i64, 0.0);
      Value end = DimensionOp::create(inner, loc, i64, DimsAttr::get(context, windows));
      return AndOp::create(inner, loc, i1,
                           CompareOp::create(inner, loc, i1, Predicate::ge, at, first),
                           CompareOp::create(inner, loc, i1, Predicate::lt, at, end));
    });
  }

  /// Puts zeros around an operand so that every read is inside.
  void surround(OpBuilder &builder, Location loc, ContractParts &parts, unsigned index) {
    Value &input = parts.inputs[index];
    AffineMap &map = parts.maps[index];
    auto dims = dimsOf(cast<RankedTensorType>(input.getType()));
    SmallVector<Dim> offsets(dims.size()), wider(dims);
    SmallVector<AffineExpr> places(map.getResults());
    bool needed = false;
    for (unsigned axis = 0; axis < dims.size(); ++axis) {
      auto place = LoopSum::of(places[axis], parts);
      if (!place)
        continue;
      auto [least, largest] = place->range(parts.extents);
      Dim before = Dim::max(Dim(0), -least);
      Dim after = Dim::max(Dim(0), largest + Dim(1) - dims[axis]);
      if (before.isConstant(0) && after.isConstant(0))
        continue;
      needed = true;
      offsets[axis] = before;
      wider[axis] = dims[axis] + before + after;
      places[axis] = places[axis] + offsetExpr(parts, before);
      map = AffineMap::get(map.getNumDims(), symbolCount(parts), places, map.getContext());
    }
    if (!needed)
      return;
    auto type = tensorType(input.getContext(), wider, elementOf(input.getType()));
    SmallVector<int64_t> strides(dims.size(), 1);
    input = PadOp::create(builder, loc, type, input, zero(builder, loc, type),
                          DimsAttr::get(input.getContext(), offsets), strides);
  }

  static unsigned symbolCount(const ContractParts &parts) {
    return parts.symbols ? parts.symbols.size() : 0;
  }

  /// A number of elements as an expression; one with names is a new symbol of all maps.
  static AffineExpr offsetExpr(ContractParts &parts, const Dim &offset) {
    MLIRContext *context = parts.result.getContext();
    if (auto number = offset.constant())
      return getAffineConstantExpr(*number, context);
    SmallVector<Dim> symbols;
    if (parts.symbols)
      symbols = parts.symbols.getDims();
    symbols.push_back(offset);
    parts.symbols = DimsAttr::get(context, symbols);
    auto widen = [&](AffineMap map) {
      return AffineMap::get(map.getNumDims(), symbols.size(), map.getResults(), context);
    };
    for (AffineMap &map : parts.maps)
      map = widen(map);
    parts.result = widen(parts.result);
    return getAffineSymbolExpr(symbols.size() - 1, context);
  }

  //===--------------------------------------------------------------------===//
  // By comparison
  //===--------------------------------------------------------------------===//

  /// All points for every r, with a value only where their place is r.
  Value guarded(OpBuilder &builder, ContractOp op, unsigned axis) {
    MLIRContext *context = op.getContext();
    ContractParts parts = ContractParts::of(op);
    AffineExpr place = parts.result.getResult(axis);
    unsigned loops = parts.extents.size();
    auto extents = parts.extents;
    extents.push_back(dimsOf(parts.type)[axis]);
    SmallVector<AffineExpr> same;
    for (unsigned d = 0; d < loops; ++d)
      same.push_back(getAffineDimExpr(d, context));
    parts.replaceLoops(same, extents);
    parts.result = withResult(parts.result, axis, getAffineDimExpr(loops, context));
    return createSelecting(builder, op, parts, [&](OpBuilder &inner, ValueRange counters) {
      Value at = placeOf(inner, op.getLoc(), place, counters, parts.symbols);
      return CompareOp::create(inner, op.getLoc(), inner.getI1Type(), Predicate::eq, at,
                               counters.back());
    });
  }

  /// A contraction with the body of `op`, whose value counts where `isHere` says so, given the
  /// number of every loop.
  Value createSelecting(OpBuilder &builder, ContractOp op, ContractParts parts,
                        llvm::function_ref<Value(OpBuilder &, ValueRange)> isHere) {
    MLIRContext *context = op.getContext();
    Location loc = op.getLoc();
    unsigned own = parts.inputs.size(), loops = parts.extents.size();
    for (unsigned d = 0; d < loops; ++d) {
      auto type = tensorType(context, parts.extents[d], builder.getI64Type());
      parts.inputs.push_back(IotaOp::create(builder, loc, type, 0));
      parts.maps.push_back(
          AffineMap::get(loops, symbolCount(parts), getAffineDimExpr(d, context), context));
    }
    ContractOp made = record(parts.create(builder, loc, op.getBody().front()));
    OpBuilder::InsertionGuard guard(builder);
    Block &body = made.getBody().front();
    Operation *yield = body.getTerminator();
    builder.setInsertionPoint(yield);
    Value here = isHere(builder, body.getArguments().drop_front(own));
    Value value = yield->getOperand(0);
    Value nothing = splat(builder, loc, value.getType(), 0.0);
    yield->setOperand(0, SelectOp::create(builder, loc, value.getType(), here, value, nothing));
    return made;
  }

  Value placeOf(OpBuilder &builder, Location loc, AffineExpr expr, ValueRange counters,
                DimsAttr symbols) {
    Type i64 = builder.getI64Type();
    if (auto number = dyn_cast<AffineConstantExpr>(expr))
      return splat(builder, loc, i64, double(number.getValue()));
    if (auto loop = dyn_cast<AffineDimExpr>(expr))
      return counters[loop.getPosition()];
    if (auto symbol = dyn_cast<AffineSymbolExpr>(expr)) {
      Dim dim = symbols.getDims()[symbol.getPosition()];
      return DimensionOp::create(builder, loc, i64,
                                 DimsAttr::get(builder.getContext(), ArrayRef<Dim>(dim)));
    }
    auto binary = cast<AffineBinaryOpExpr>(expr);
    Value a = placeOf(builder, loc, binary.getLHS(), counters, symbols);
    Value b = placeOf(builder, loc, binary.getRHS(), counters, symbols);
    switch (binary.getKind()) {
    case AffineExprKind::Add:
      return AddOp::create(builder, loc, i64, a, b);
    case AffineExprKind::Mul:
      return MulOp::create(builder, loc, i64, a, b);
    case AffineExprKind::FloorDiv:
      return DivOp::create(builder, loc, i64, a, b);
    case AffineExprKind::Mod:
      return RemOp::create(builder, loc, i64, a, b);
    default:
      break;
    }
    // -floor(-a / b)
    Value negated = NegOp::create(builder, loc, i64, a);
    return NegOp::create(builder, loc, i64, DivOp::create(builder, loc, i64, negated, b));
  }

  SmallVector<ContractOp> made;
};

} // namespace
