//===- ReuseProducts.cpp - Sums of products by a product that is there ----===//
//
//   sum[s] p[t, s] * (sum[d] u[t, d] v[s, d]) / l[t]  =  (sum[d] o[t, d] * u[t, d]) / l[t]
//
// where o[t, d] = sum[s] p[t, s] v[s, d] is computed anyway. So the derivative of a softmax whose
// result was multiplied, as attention's is, needs neither another pass over all pairs nor the
// derivative by every weight before the first can be used (Dao et al., "FlashAttention", 2022,
// appendix B.2). Real sums are reordered by this.
//
//===----------------------------------------------------------------------===//
#include "passes/Passes.h"
#include "passes/simplify/ContractParts.h"

namespace tenon {
#define GEN_PASS_DEF_REUSEPRODUCTS
#include "passes/Passes.h.inc"
} // namespace tenon

using namespace mlir;
using namespace tenon;

namespace {

using Loops = SmallVector<unsigned>;

/// The loops that the axes of a tensor are, if each is one of its own from end to end.
std::optional<Loops> axesAsLoops(AffineMap map, Type tensor, ArrayRef<Dim> extents) {
  Loops loops;
  auto dims = dimsOf(cast<RankedTensorType>(tensor));
  for (auto [expr, dim] : llvm::zip(map.getResults(), dims)) {
    auto loop = dyn_cast<AffineDimExpr>(expr);
    if (!loop || llvm::is_contained(loops, loop.getPosition()) ||
        !(dim == extents[loop.getPosition()]))
      return std::nullopt;
    loops.push_back(loop.getPosition());
  }
  return loops;
}

/// A product of two tensors, summed; every axis a loop.
struct Product {
  ContractOp op;
  std::array<Value, 2> inputs;
  std::array<Loops, 2> reads;
  Loops result;

  static std::optional<Product> of(Operation *made) {
    auto op = dyn_cast_or_null<ContractOp>(made);
    if (!op || op.getInputs().size() != 2 || !op.isSumOfProducts() || op.getSymbols())
      return std::nullopt;
    Product product{op, {op.getInputs()[0], op.getInputs()[1]}, {}, {}};
    auto extents = op.getExtentDims();
    for (unsigned i : {0, 1}) {
      auto reads = axesAsLoops(op.getInputMap(i), product.inputs[i].getType(), extents);
      if (!reads)
        return std::nullopt;
      product.reads[i] = *reads;
    }
    auto result = axesAsLoops(op.getResultMap(), op.getType(), extents);
    if (!result)
      return std::nullopt;
    product.result = *result;
    return product;
  }
};

/// A tensor of a sum and the loops that its axes are.
struct Factor {
  Value tensor;
  Loops loops;
};

/// What a sum adds up: the product of factors, over divisors that don't change within it.
struct Terms {
  SmallVector<Factor> factors, divisors;
  bool negated = false;

  /// Takes apart what only this sum reads. `reduced` are the sum's loops.
  bool collect(Value value, const Loops &loops, const llvm::SmallBitVector &reduced) {
    Operation *op = value.getDefiningOp();
    bool isOwn = op && op->hasOneUse();
    if (auto product = dyn_cast_or_null<MulOp>(op); product && isOwn)
      return collect(product.getLhs(), loops, reduced) && collect(product.getRhs(), loops, reduced);
    if (auto negation = dyn_cast_or_null<NegOp>(op); negation && isOwn) {
      negated = !negated;
      return collect(negation.getOperand(), loops, reduced);
    }
    auto quotient = dyn_cast_or_null<DivOp>(op);
    auto divisor =
        quotient && isOwn ? quotient.getRhs().getDefiningOp<BroadcastOp>() : BroadcastOp();
    if (divisor) {
      Factor below{divisor.getOperand(), {}};
      for (int64_t axis : divisor.getAxes())
        below.loops.push_back(loops[axis]);
      if (llvm::any_of(below.loops, [&](unsigned loop) { return reduced[loop]; }) ||
          divisor.getOperand().getType() == divisor.getType())
        return false;
      divisors.push_back(below);
      return collect(quotient.getLhs(), loops, reduced);
    }
    factors.push_back({value, loops});
    return true;
  }
};

class Rewriter {
public:
  explicit Rewriter(ContractOp op)
      : op(op), extents(op.getExtentDims()), reduced(unsigned(extents.size()), true) {}

  void run() {
    auto places = axesAsLoops(op.getResultMap(), op.getType(), extents);
    if (!places || !op.isSumOfProducts() || op.getSymbols() || op.getInputs().size() > 2 ||
        !isReal(elementOf(op.getType())) || !isSummedInItsType(op))
      return;
    result = *places;
    for (unsigned loop : result)
      reduced.reset(loop);
    for (auto [i, input] : llvm::enumerate(op.getInputs())) {
      auto loops = axesAsLoops(op.getInputMap(i), input.getType(), extents);
      if (!loops || !terms.collect(input, *loops, reduced))
        return;
    }
    if (terms.factors.size() != 2)
      return;
    for (unsigned i : {0, 1})
      if (auto inner = Product::of(terms.factors[i].tensor.getDefiningOp()))
        for (unsigned side : {0, 1})
          if (reuse(terms.factors[i], *inner, side, terms.factors[1 - i]))
            return;
  }

private:
  /// Multiplies the sum of `other` and operand `side` of `inner` with the operand that is left.
  bool reuse(const Factor &factor, Product &inner, unsigned side, const Factor &other) {
    // The loops of all three factors: those of the sum, then those that `inner` sums over.
    auto innerExtents = inner.op.getExtentDims();
    SmallVector<Dim> all(extents);
    Loops of(innerExtents.size(), ~0u);
    for (auto [loop, place] : llvm::zip(inner.result, factor.loops))
      of[loop] = place;
    for (unsigned loop = 0; loop < of.size(); ++loop)
      if (of[loop] == ~0u) {
        of[loop] = all.size();
        all.push_back(innerExtents[loop]);
      }
    auto outside = [&](const Loops &loops) {
      Loops mapped;
      for (unsigned loop : loops)
        mapped.push_back(of[loop]);
      return mapped;
    };
    Factor with{inner.inputs[side], outside(inner.reads[side])};
    Factor left{inner.inputs[1 - side], outside(inner.reads[1 - side])};
    for (Operation *user : other.tensor.getUsers()) {
      auto there = Product::of(user);
      if (!there || user == op || user->getBlock() != op->getBlock() || !user->isBeforeInBlock(op))
        continue;
      for (unsigned first : {0, 1}) {
        auto summed = asProduct(*there, first, other, with, left, all);
        if (!summed || isLarger(*summed, left, all))
          continue;
        replace({there->op.getResult(), *summed}, left, all);
        return true;
      }
    }
    return false;
  }

  /// The loops of the result of `there`, if it is the product of `a`, its operand `first`, and `b`,
  /// summed over loops that neither `left` nor the result of the whole has.
  std::optional<Loops> asProduct(Product &there, unsigned first, const Factor &a, const Factor &b,
                                 const Factor &left, ArrayRef<Dim> all) {
    if (there.inputs[first] != a.tensor || there.inputs[1 - first] != b.tensor)
      return std::nullopt;
    Loops of(there.op.getExtentDims().size(), ~0u);
    for (auto [reads, loops] :
         {std::pair(&there.reads[first], &a.loops), std::pair(&there.reads[1 - first], &b.loops)})
      for (auto [loop, place] : llvm::zip(*reads, *loops)) {
        if (of[loop] != ~0u && of[loop] != place)
          return std::nullopt;
        of[loop] = place;
      }
    llvm::SmallBitVector distinct(unsigned(all.size()));
    for (unsigned place : of) {
      if (place == ~0u || distinct[place])
        return std::nullopt;
      distinct.set(place);
    }
    Loops kept;
    for (unsigned loop : there.result)
      kept.push_back(of[loop]);
    for (unsigned place : of)
      if (!llvm::is_contained(kept, place) &&
          (llvm::is_contained(left.loops, place) || llvm::is_contained(result, place)))
        return std::nullopt;
    return kept;
  }

  /// True if the product would be known to have more points than the sum.
  bool isLarger(const Loops &summed, const Factor &left, ArrayRef<Dim> all) {
    auto points = [&](ArrayRef<Dim> dims) -> std::optional<double> {
      double product = 1;
      for (const Dim &dim : dims) {
        auto number = dim.constant();
        if (!number)
          return std::nullopt;
        product *= double(*number);
      }
      return product;
    };
    SmallVector<Dim> now;
    for (unsigned loop = 0; loop < all.size(); ++loop)
      if (llvm::is_contained(summed, loop) || llvm::is_contained(left.loops, loop))
        now.push_back(all[loop]);
    auto after = points(now), before = points(extents);
    return after && before && *after > *before;
  }

  void replace(const Factor &a, const Factor &b, ArrayRef<Dim> all) {
    MLIRContext *context = op.getContext();
    OpBuilder builder(op);
    auto mapOf = [&](const Loops &loops) {
      SmallVector<AffineExpr> places;
      for (unsigned loop : loops)
        places.push_back(getAffineDimExpr(loop, context));
      return AffineMap::get(unsigned(all.size()), 0, places, context);
    };
    ContractParts parts;
    parts.inputs = {a.tensor, b.tensor};
    parts.maps = {mapOf(a.loops), mapOf(b.loops)};
    parts.result = mapOf(result);
    parts.extents.assign(all.begin(), all.end());
    parts.type = cast<RankedTensorType>(op.getType());
    llvm::SmallBitVector unread(unsigned(all.size()), true);
    for (const Loops &loops : {a.loops, b.loops, result})
      for (unsigned loop : loops)
        unread.reset(loop);
    parts.dropLoops(unread);
    Value sum = parts.createProduct(builder, op.getLoc());
    auto dims = dimsOf(parts.type);
    for (const Factor &divisor : terms.divisors) {
      SmallVector<AxisRead> reads;
      for (unsigned loop : divisor.loops)
        reads.push_back({0, 1, loop});
      Value below = readAsTensor(builder, op.getLoc(), divisor.tensor, reads, result, dims);
      sum = DivOp::create(builder, op.getLoc(), op.getType(), sum, below);
    }
    if (terms.negated)
      sum = NegOp::create(builder, op.getLoc(), op.getType(), sum);
    op.replaceAllUsesWith(sum);
    op.erase();
  }

  ContractOp op;
  SmallVector<Dim> extents;
  llvm::SmallBitVector reduced;
  Loops result;
  Terms terms;
};

struct ReuseProducts : tenon::impl::ReuseProductsBase<ReuseProducts> {
  void runOnOperation() override {
    for (ContractOp op : sumsBelow(getOperation()))
      Rewriter(op).run();
  }
};

} // namespace
