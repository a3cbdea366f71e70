//===- SplitContractions.cpp - Sums of products of two operands -----------===//
//
// A contraction sums a product of factors, each a function of some operands. Afterwards
//
//   sum f(a) * b * 2          = 2 * sum a' * b          a' = f(a), computed on a's own elements
//   sum a * b * c             = sum (sum a * b) * c     in the order of pairs that multiplies
//   least;
//                                                       a pair that sums nothing is a plain product
//   sum p * c                 = sum a * b * c           where p = broadcast(a) * broadcast(b), an
//                                                       outer product for this sum alone, or
//                                                       p = broadcast(a) * b, if that pays
//   sum[n] sum[i] a * b       = sum[n, i] a * b         where nothing else needs the inner sum
//   sum[n, i] a[n, i] * b[i]  = sum[i] (sum[n] a) * b
//
// so that every contraction with a reduced loop that two operands share can become a matrix
// product. Real sums are reordered by this: a factor that doesn't change within a sum is multiplied
// with the sum.
//
//===----------------------------------------------------------------------===//
#include "passes/Passes.h"
#include "passes/simplify/ContractParts.h"
#include "passes/simplify/Splat.h"

namespace tenon {
#define GEN_PASS_DEF_SPLITCONTRACTIONS
#include "passes/Passes.h.inc"
} // namespace tenon

using namespace mlir;
using namespace tenon;

//===----------------------------------------------------------------------===//
// Factors of a body
//===----------------------------------------------------------------------===//

namespace {

/// A body as a product: factors, and what the whole sum is multiplied with and divided by.
struct Factors {
  SmallVector<Value> values;       // in the body; each depends on at least one argument
  SmallVector<TypedAttr> numbers;  // constant factors
  SmallVector<TypedAttr> divisors; // constant divisors
  bool negated = false;
};

void collectFactors(Value value, Factors &factors) {
  Operation *op = value.getDefiningOp();
  if (auto product = dyn_cast_or_null<MulOp>(op)) {
    collectFactors(product.getLhs(), factors);
    return collectFactors(product.getRhs(), factors);
  }
  if (auto negation = dyn_cast_or_null<NegOp>(op)) {
    factors.negated = !factors.negated;
    return collectFactors(negation.getOperand(), factors);
  }
  if (auto quotient = dyn_cast_or_null<DivOp>(op); quotient && isReal(value.getType()))
    if (TypedAttr divisor = splatOf(quotient.getRhs())) {
      factors.divisors.push_back(divisor);
      return collectFactors(quotient.getLhs(), factors);
    }
  if (TypedAttr number = splatOf(value)) {
    factors.numbers.push_back(number);
    return;
  }
  factors.values.push_back(value);
}

/// The arguments that a value of the body is computed from.
void argumentsOf(Value value, llvm::SmallSetVector<unsigned, 4> &arguments) {
  if (auto argument = dyn_cast<BlockArgument>(value)) {
    arguments.insert(argument.getArgNumber());
    return;
  }
  for (Value operand : value.getDefiningOp()->getOperands())
    argumentsOf(operand, arguments);
}

/// `value`, computed from argument `index` alone, on the whole operand.
Value onOperand(OpBuilder &builder, Value value, Value operand) {
  auto dims = dimsOf(cast<RankedTensorType>(operand.getType()));
  if (isa<BlockArgument>(value))
    return operand;
  auto type = tensorType(value.getContext(), dims, value.getType());
  Operation *op = value.getDefiningOp();
  if (TypedAttr number = splatOf(value))
    return splat(builder, op->getLoc(), type, number);
  if (auto dimension = dyn_cast<DimensionOp>(op)) {
    auto scalar = RankedTensorType::get({}, value.getType());
    Value number = DimensionOp::create(builder, op->getLoc(), scalar, dimension.getDimension());
    return BroadcastOp::create(builder, op->getLoc(), type, number, ArrayRef<int64_t>());
  }
  SmallVector<Value> operands;
  for (Value inner : op->getOperands())
    operands.push_back(onOperand(builder, inner, operand));
  return mapOver(builder, op, operands, dims);
}

//===----------------------------------------------------------------------===//
// The order of pairs
//===----------------------------------------------------------------------===//

/// One tensor of the product and how it is read.
struct Factor {
  Value tensor;
  AffineMap map;
  llvm::SmallBitVector loops;
};

/// The cheapest sequence of pairs; each pair's product takes the first one's place.
class PairOrder {
public:
  PairOrder(ArrayRef<Dim> extents, llvm::SmallBitVector kept) : kept(std::move(kept)) {
    for (const Dim &extent : extents)
      sizes.push_back(
          double(extent.evaluate([](const std::string &) { return 64; }).value_or(1 << 20)));
  }
  SmallVector<std::pair<unsigned, unsigned>> find(SmallVector<llvm::SmallBitVector> loops) {
    best = std::numeric_limits<double>::infinity();
    search(loops, 0, {});
    return order;
  }
  /// Multiplications of the cheapest sequence.
  double cost(SmallVector<llvm::SmallBitVector> loops) {
    find(std::move(loops));
    return best;
  }
  double points(const llvm::SmallBitVector &loops) const {
    double points = 1;
    for (unsigned d : loops.set_bits())
      points *= sizes[d];
    return points;
  }
  /// The loops that a pair's product still has: those of the result or of another factor.
  static llvm::SmallBitVector remaining(ArrayRef<llvm::SmallBitVector> loops, unsigned a,
                                        unsigned b, const llvm::SmallBitVector &kept) {
    llvm::SmallBitVector needed = kept;
    for (unsigned i = 0; i < loops.size(); ++i)
      if (i != a && i != b)
        needed |= loops[i];
    llvm::SmallBitVector both = loops[a];
    both |= loops[b];
    both &= needed;
    return both;
  }

private:
  void search(ArrayRef<llvm::SmallBitVector> loops, double cost,
              SmallVector<std::pair<unsigned, unsigned>> path) {
    if (cost >= best)
      return;
    if (loops.size() == 1) {
      best = cost;
      order = path;
      return;
    }
    for (unsigned a = 0; a < loops.size(); ++a)
      for (unsigned b = a + 1; b < loops.size(); ++b) {
        llvm::SmallBitVector all = loops[a];
        all |= loops[b];
        SmallVector<llvm::SmallBitVector> rest(loops);
        rest[a] = remaining(loops, a, b, kept);
        rest.erase(rest.begin() + b);
        auto longer = path;
        longer.push_back({a, b});
        search(rest, cost + points(all), longer);
      }
  }
  llvm::SmallBitVector kept;
  SmallVector<double> sizes;
  double best = 0;
  SmallVector<std::pair<unsigned, unsigned>> order;
};

/// Which products are taken apart, of those that are made for one sum alone.
enum class Apart {
  Outer,    ///< of two broadcasts that cover all axes between them
  OneSided, ///< also those of which one factor is a broadcast
};

/// The two factors of such a product; nothing if it isn't one.
std::optional<std::array<Value, 2>> productOf(Value tensor, Apart apart) {
  auto product = tensor.getDefiningOp<MulOp>();
  if (!product || !product->hasOneUse())
    return std::nullopt;
  if (auto outer = outerFactors(product))
    return std::array<Value, 2>{(*outer)[0], (*outer)[1]};
  std::array<Value, 2> sides{product.getLhs(), product.getRhs()};
  bool oneSided = isReal(getElementTypeOrSelf(product.getType())) &&
                  llvm::any_of(sides, [](Value side) { return side.getDefiningOp<BroadcastOp>(); });
  return apart == Apart::OneSided && oneSided ? std::optional(sides) : std::nullopt;
}

/// A factor, or the factors that it is a product of.
void expand(const Factor &factor, Apart apart, SmallVector<Factor> &expanded) {
  auto sides = productOf(factor.tensor, apart);
  if (!sides) {
    expanded.push_back(factor);
    return;
  }
  for (Value side : *sides) {
    auto broadcast = side.getDefiningOp<BroadcastOp>();
    if (!broadcast) {
      expand({side, factor.map, factor.loops}, apart, expanded);
      continue;
    }
    SmallVector<AffineExpr> places;
    for (int64_t axis : broadcast.getAxes())
      places.push_back(factor.map.getResult(unsigned(axis)));
    AffineMap map = AffineMap::get(factor.map.getNumDims(), factor.map.getNumSymbols(), places,
                                   factor.map.getContext());
    expand({broadcast.getOperand(), map, ContractParts::loopsOf(map)}, apart, expanded);
  }
}

SmallVector<llvm::SmallBitVector> loopsOf(ArrayRef<Factor> factors) {
  return llvm::map_to_vector(factors, [](const Factor &factor) { return factor.loops; });
}

//===----------------------------------------------------------------------===//
// The pass
//===----------------------------------------------------------------------===//

struct SplitContractions : tenon::impl::SplitContractionsBase<SplitContractions> {
  /// The search for an order of pairs is exhaustive up to here.
  static constexpr unsigned maxFactors = 6;

  void runOnOperation() override {
    for (ContractOp op : sumsBelow(getOperation()))
      split(joinSums(op));
  }

  /// The sum over all loops at once of an operand that is a sum itself, perhaps negated; `op` where
  /// it isn't one.
  ContractOp joinSums(ContractOp op) {
    Value operand =
        op.getInputs().size() == 1 && op.isSumOfProducts() ? op.getInputs()[0] : Value();
    bool negated = false;
    while (auto negation = operand ? operand.getDefiningOp<NegOp>() : NegOp()) {
      if (!negation->hasOneUse())
        return op;
      negated = !negated;
      operand = negation.getOperand();
    }
    auto inner = operand ? operand.getDefiningOp<ContractOp>() : ContractOp();
    if (!inner || !inner->hasOneUse() || inner->getBlock() != op->getBlock() ||
        !inner.isSumOfProducts() || !isSummedInItsType(op))
      return op;
    auto places = loopsReadAs(op, inner);
    if (!places)
      return op;
    OpBuilder builder(op);
    ContractParts parts = ContractParts::of(inner);
    parts.result = op.getResultMap().replaceDimsAndSymbols(*places, {}, parts.extents.size(), 0);
    parts.type = cast<RankedTensorType>(op.getType());
    ContractOp joined = parts.create(builder, op.getLoc(), inner.getBody().front());
    Value result = joined;
    if (negated)
      result = NegOp::create(builder, op.getLoc(), op.getType(), result);
    Operation *dead = op.getInputs()[0].getDefiningOp();
    op.replaceAllUsesWith(result);
    op.erase();
    while (dead != inner) {
      Operation *next = dead->getOperand(0).getDefiningOp();
      dead->erase();
      dead = next;
    }
    inner.erase();
    return joined;
  }

  /// For each loop of `outer`, which reads `inner` alone, the loop of `inner` that it is; nullopt
  /// unless both run over all elements of `inner` in step.
  static std::optional<SmallVector<AffineExpr>> loopsReadAs(ContractOp outer, ContractOp inner) {
    AffineMap read = outer.getInputMap(0), made = inner.getResultMap();
    if (read.getNumSymbols() + made.getNumSymbols() > 0 || !read.isPermutation())
      return std::nullopt;
    auto extents = outer.getExtentDims(), innerExtents = inner.getExtentDims();
    SmallVector<AffineExpr> places(extents.size());
    llvm::SmallBitVector seen(innerExtents.size());
    for (auto [at, from] : llvm::zip(read.getResults(), made.getResults())) {
      unsigned loop = cast<AffineDimExpr>(at).getPosition();
      auto source = dyn_cast<AffineDimExpr>(from);
      if (!source || seen[source.getPosition()] ||
          !(extents[loop] == innerExtents[source.getPosition()]))
        return std::nullopt;
      seen.set(source.getPosition());
      places[loop] = source;
    }
    return places;
  }

  void split(ContractOp op) {
    Factors body;
    collectFactors(op.getBody().front().getTerminator()->getOperand(0), body);
    if (body.values.empty() || body.values.size() > maxFactors)
      return;
    SmallVector<unsigned> sources;
    for (Value value : body.values) {
      llvm::SmallSetVector<unsigned, 4> arguments;
      argumentsOf(value, arguments);
      if (arguments.size() != 1)
        return;
      sources.push_back(arguments.front());
    }

    bool isPlain = body.numbers.empty() && body.divisors.empty() && !body.negated &&
                   op.isSumOfProducts() && op.getInputs().size() <= 2;
    OpBuilder builder(op);
    SmallVector<Factor> factors;
    for (auto [value, source] : llvm::zip(body.values, sources)) {
      AffineMap map = op.getInputMap(source);
      Value tensor =
          isPlain ? op.getInputs()[source] : onOperand(builder, value, op.getInputs()[source]);
      factors.push_back({tensor, map, ContractParts::loopsOf(map)});
    }
    if (!takeApart(op, factors) && isPlain && !hasSumsOfItsOwn(op, factors))
      return;
    sumAlone(builder, op, factors);
    Value sum = multiply(builder, op, factors);
    op.replaceAllUsesWith(scaled(builder, op, sum, body));
    op.erase();
  }

  /// Puts the factors of products in the place of these: of outer products always, of one-sided
  /// ones where that halves the multiplications at least, since sums are reordered by it. True if
  /// any was.
  bool takeApart(ContractOp op, SmallVector<Factor> &factors) {
    SmallVector<Factor> outer, all;
    double products = 0; // multiplications that one-sided products take
    PairOrder order(op.getExtentDims(), ContractParts::loopsOf(op.getResultMap()));
    for (const Factor &factor : factors) {
      expand(factor, Apart::Outer, outer);
      size_t before = all.size();
      expand(factor, Apart::OneSided, all);
      products += all.size() > before + 1 ? order.points(factor.loops) : 0;
    }
    bool hasOuter = outer.size() > factors.size() && outer.size() <= maxFactors;
    if (hasOuter)
      factors = std::move(outer);
    bool halves = all.size() > factors.size() && all.size() <= maxFactors &&
                  2 * order.cost(loopsOf(all)) <= order.cost(loopsOf(factors)) + products;
    if (halves)
      factors = std::move(all);
    return hasOuter || halves;
  }

  /// The reduced loops that no other factor has.
  static llvm::SmallBitVector ownSums(ContractOp op, ArrayRef<Factor> factors, unsigned index) {
    llvm::SmallBitVector own = factors[index].loops;
    own.reset(ContractParts::loopsOf(op.getResultMap()));
    for (unsigned i = 0; i < factors.size(); ++i)
      if (i != index)
        own.reset(factors[i].loops);
    return own;
  }
  static bool hasSumsOfItsOwn(ContractOp op, ArrayRef<Factor> factors) {
    return factors.size() > 1 && isSummedInItsType(op) &&
           llvm::any_of(llvm::seq<unsigned>(0, factors.size()),
                        [&](unsigned i) { return ownSums(op, factors, i).any(); });
  }
  /// Sums each factor over loops of its own.
  void sumAlone(OpBuilder &builder, ContractOp op, SmallVector<Factor> &factors) {
    if (!hasSumsOfItsOwn(op, factors))
      return;
    for (unsigned i = 0; i < factors.size(); ++i)
      if (auto own = ownSums(op, factors, i); own.any()) {
        llvm::SmallBitVector left = factors[i].loops;
        left.reset(own);
        factors[i] = product(builder, op, factors[i], left);
      }
  }

  /// The contraction over pairs of factors.
  Value multiply(OpBuilder &builder, ContractOp op, SmallVector<Factor> factors) {
    llvm::SmallBitVector kept = ContractParts::loopsOf(op.getResultMap());
    SmallVector<llvm::SmallBitVector> loops = loopsOf(factors);
    auto order = PairOrder(op.getExtentDims(), kept).find(loops);
    for (auto [a, b] : order) {
      if (factors.size() == 2)
        break;
      auto left = PairOrder::remaining(loops, a, b, kept);
      factors[a] = product(builder, op, {factors[a], factors[b]}, left);
      factors.erase(factors.begin() + b);
      loops[a] = left;
      loops.erase(loops.begin() + b);
    }
    ContractParts parts = ContractParts::of(op);
    parts.inputs.clear();
    parts.maps.clear();
    llvm::SmallBitVector mentioned = kept;
    for (const Factor &factor : factors) {
      parts.inputs.push_back(factor.tensor);
      parts.maps.push_back(factor.map);
      mentioned |= factor.loops;
    }
    // Loops that a pair has summed are gone; those that no operand ever had still repeat.
    llvm::SmallBitVector summed(parts.extents.size());
    for (AffineMap map : ContractParts::of(op).maps)
      summed |= ContractParts::loopsOf(map);
    summed.reset(mentioned);
    parts.dropLoops(summed);
    return parts.createProduct(builder, op.getLoc());
  }

  /// The product of factors as a tensor over the loops `left`, summed over their others.
  Factor product(OpBuilder &builder, ContractOp op, ArrayRef<Factor> factors,
                 const llvm::SmallBitVector &left) {
    MLIRContext *context = op.getContext();
    ContractParts parts = ContractParts::of(op);
    SmallVector<AffineExpr> places;
    SmallVector<Dim> dims;
    auto add = [&](unsigned loop) {
      places.push_back(getAffineDimExpr(loop, context));
      dims.push_back(parts.extents[loop]);
    };
    llvm::SmallBitVector added(left.size());
    for (AffineExpr expr : parts.result.getResults())
      if (auto loop = dyn_cast<AffineDimExpr>(expr);
          loop && left[loop.getPosition()] && !added[loop.getPosition()]) {
        add(loop.getPosition());
        added.set(loop.getPosition());
      }
    for (unsigned loop : left.set_bits())
      if (!added[loop])
        add(loop);
    parts.inputs.clear();
    parts.maps.clear();
    llvm::SmallBitVector others(left.size());
    for (const Factor &factor : factors) {
      parts.inputs.push_back(factor.tensor);
      parts.maps.push_back(factor.map);
      others |= factor.loops;
    }
    parts.result =
        AffineMap::get(parts.extents.size(), parts.result.getNumSymbols(), places, context);
    parts.type = tensorType(context, dims, elementOf(factors.front().tensor.getType()));
    AffineMap map = parts.result;
    others.flip();
    parts.dropLoops(others);
    return {parts.createProduct(builder, op.getLoc()), map, left};
  }

  Value scaled(OpBuilder &builder, ContractOp op, Value sum, const Factors &body) {
    Location loc = op.getLoc();
    for (TypedAttr number : body.numbers)
      sum =
          MulOp::create(builder, loc, op.getType(), sum, splat(builder, loc, op.getType(), number));
    for (TypedAttr number : body.divisors)
      sum =
          DivOp::create(builder, loc, op.getType(), sum, splat(builder, loc, op.getType(), number));
    if (body.negated)
      sum = NegOp::create(builder, loc, op.getType(), sum);
    return sum;
  }
};

} // namespace
