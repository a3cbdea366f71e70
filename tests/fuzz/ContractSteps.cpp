//===- ContractSteps.cpp - Random contractions and reductions -------------===//
#include "tests/fuzz/ProgramBuilder.h"

#include "ir/eval/Interpreter.h"

using namespace mlir;
using namespace tenon;
using namespace tenon::fuzz;

/// A contraction in the making. Symbol s of the maps is the extent of a loop less one.
struct ProgramBuilder::Nest {
  Dims loops;
  Dims symbols;
  SmallVector<Value> inputs;
  SmallVector<SmallVector<AffineExpr>> places; // of inputs, then of the result
  Dims result;
  SmallVector<unsigned> reduced;
};

static bool usesSymbol(AffineExpr expr) {
  bool found = false;
  expr.walk([&](AffineExpr part) { found |= isa<AffineSymbolExpr>(part); });
  return found;
}

/// An operand that reads at some of the loops: `i`, `stride * i + j`, `i floordiv 2` or the mirror
/// image `last - i`.
void ProgramBuilder::addArgument(Nest &nest, tenon_dtype type) {
  SmallVector<AffineExpr> places;
  Dims dims;
  unsigned number = unsigned(nest.loops.size());
  for (unsigned i = 0; i < number && places.size() < 4; ++i) {
    unsigned loop = unsigned(rng.below(number));
    if (rng.chance(65))
      loop = i;
    else if (rng.chance(40))
      continue;
    AffineExpr expr = builder.getAffineDimExpr(loop);
    if (llvm::is_contained(places, expr))
      continue;
    Dim dim = nest.loops[loop];
    int64_t kind = rng.below(30);
    if (kind == 0) {
      // A window: far enough for every pair of loops, also where one is empty.
      unsigned other = unsigned(rng.below(number));
      int64_t stride = rng.between(1, 2);
      expr = expr * stride + builder.getAffineDimExpr(other);
      dim = dim * Dim(stride) + nest.loops[other];
    } else if (kind == 1) {
      expr = expr.floorDiv(2);
    } else if (kind == 2) {
      expr = builder.getAffineSymbolExpr(loop) - expr;
    } else if (kind == 3) {
      expr = expr + 1;
      dim = dim + Dim(1);
    }
    places.push_back(expr);
    dims.push_back(dim);
  }
  if (places.size() > 1 && rng.chance(40)) {
    std::swap(places.front(), places.back());
    std::swap(dims.front(), dims.back());
  }
  if (count(dims) > 4096)
    return;
  nest.inputs.push_back(valueOf(dims, type));
  nest.places.push_back(places);
}

/// The operands and the result of a matrix product, maybe in batches, in any order of axes.
void ProgramBuilder::makeProduct(Nest &nest) {
  bool isBatched = rng.chance(30);
  nest.loops.clear();
  for (int i = 0; i < (isBatched ? 4 : 3); ++i)
    nest.loops.push_back(rng.oneOf(extents));
  // Loops 0, 1 and 2 are the rows, the columns and the sum; 3 the batch.
  auto access = [&](SmallVector<unsigned> loops, Dims &dims) {
    if (isBatched)
      loops.insert(loops.begin(), 3);
    if (rng.chance(30))
      std::swap(loops[loops.size() - 1], loops[loops.size() - 2]);
    SmallVector<AffineExpr> places;
    for (unsigned loop : loops) {
      places.push_back(builder.getAffineDimExpr(loop));
      dims.push_back(nest.loops[loop]);
    }
    return places;
  };
  Dims left, right;
  nest.places = {access({0, 2}, left), access({2, 1}, right), access({0, 1}, nest.result)};
  if (count(left) > 4096 || count(right) > 4096)
    return;
  nest.inputs = {valueOf(left, mainReal), valueOf(right, mainReal)};
  nest.reduced = {2};
}

/// Some loops are the result's axes, the others are reduced.
void ProgramBuilder::chooseResult(Nest &nest, bool mayScatter) {
  SmallVector<AffineExpr> places;
  for (unsigned i = 0; i < nest.loops.size(); ++i) {
    if (rng.chance(40)) {
      nest.reduced.push_back(i);
      continue;
    }
    places.push_back(builder.getAffineDimExpr(i));
    nest.result.push_back(nest.loops[i]);
  }
  if (places.size() > 1 && rng.chance(25)) {
    std::swap(places.front(), places.back());
    std::swap(nest.result.front(), nest.result.back());
  }
  // Zeros around an operand, by which such a result is turned round, times an infinite element are
  // NaN (GatherResults.cpp).
  bool isScattered = rng.chance(5) && mayScatter &&
                     llvm::all_of(nest.inputs, [&](Value v) { return isUsable(v); });
  if (isScattered && !places.empty() && !nest.reduced.empty()) {
    // 2 * i + r: the gradient of a convolution with a stride.
    unsigned window = nest.reduced.pop_back_val();
    places[0] = places[0] * 2 + builder.getAffineDimExpr(window);
    nest.result[0] = nest.result[0] * Dim(2) + nest.loops[window];
  }
  nest.places.push_back(places);
}

/// The body: the product of the elements, sometimes their maximum; of `any` and `all` its sign.
void ProgramBuilder::fillBody(ContractOp op, Nest &nest, bool isProduct) {
  Block &body = op.getBody().empty() ? op.getBody().emplaceBlock() : op.getBody().front();
  for (Value input : nest.inputs)
    body.addArgument(elementOf(input.getType()), input.getLoc());
  OpBuilder::InsertionGuard guard(builder);
  builder.setInsertionPointToStart(&body);
  Value value = body.getArgument(0);
  for (Value next : body.getArguments().drop_front())
    value = isProduct || rng.chance(85) ? create<MulOp>(value, next) : create<MaxOp>(value, next);
  if (op.getCombiner() == Combiner::any || op.getCombiner() == Combiner::all) {
    Value zero = create<ConstantOp>(builder.getZeroAttr(value.getType()));
    value = create<CompareOp>(builder.getI1Type(), Predicate::gt, value, zero);
  }
  YieldOp::create(builder, builder.getUnknownLoc(), value);
}

static double productBound(ArrayRef<Value> inputs, llvm::function_ref<Facts(Value)> facts,
                           double &error) {
  double bound = 1;
  error = 0;
  for (Value input : inputs) {
    Facts x = facts(input);
    double b = std::max(x.bound, 1.0);
    error = error * b + bound * x.error;
    bound *= b;
  }
  return bound;
}

Facts ProgramBuilder::combinedFacts(const Nest &nest, Combiner combiner, tenon_dtype type,
                                    double terms) {
  double error, bound = productBound(nest.inputs, [&](Value v) { return factsOf(v); }, error);
  double unit = unitOf(type);
  if (nest.inputs.size() > 1)
    error = rounded(type, bound, error, true).error + (nest.inputs.size() > 2 ? unit * bound : 0);
  double half = type == TENON_F16 || type == TENON_BF16 ? 2 : 0;
  switch (combiner) {
  case Combiner::sum:
    if (terms <= 1 && nest.inputs.size() == 1)
      return {bound, error, true, false};
    return {bound * terms, terms * error + 2 * unit * (terms + half) * terms * bound, true, false};
  case Combiner::prod: {
    double total = std::pow(bound, terms);
    return {total, terms * total * (error + 2 * unit), true, false};
  }
  case Combiner::max:
  case Combiner::min:
    return {bound, error, terms > 0, false};
  case Combiner::logsumexp: {
    double total = bound + std::log(std::max(terms, 1.0)) + 1;
    return {total, error + (terms + 32) * unit * total, terms > 0, false};
  }
  default:
    return {0x1p31, 0, true, false};
  }
}

void ProgramBuilder::addContract() {
  static constexpr Combiner combiners[] = {Combiner::sum,       Combiner::sum,    Combiner::sum,
                                           Combiner::sum,       Combiner::max,    Combiner::min,
                                           Combiner::prod,      Combiner::argmax, Combiner::argmin,
                                           Combiner::logsumexp, Combiner::any,    Combiner::all};
  Combiner combiner = rng.oneOf(combiners, std::size(combiners));
  static constexpr tenon_dtype integers[] = {TENON_I32, TENON_I64, TENON_I8, TENON_U8};
  tenon_dtype type = rng.chance(80) || combiner == Combiner::logsumexp
                         ? mainReal
                         : rng.oneOf(integers, std::size(integers));
  bool isArg = combiner == Combiner::argmax || combiner == Combiner::argmin;
  bool isTruth = combiner == Combiner::any || combiner == Combiner::all;

  Nest nest;
  bool isProduct = combiner == Combiner::sum && type == mainReal && rng.chance(60);
  if (isProduct) {
    makeProduct(nest);
  } else {
    for (int64_t i = rng.between(1, 4); i > 0; --i)
      nest.loops.push_back(rng.oneOf(extents));
    for (int64_t i = combiner == Combiner::sum && rng.chance(70) ? 2 : 1; i > 0; --i)
      addArgument(nest, type);
    chooseResult(nest, options.scatteredResults && combiner == Combiner::sum);
  }
  if (nest.inputs.empty() || count(nest.loops) > 40000)
    return;
  double terms = 1;
  for (unsigned loop : nest.reduced)
    terms *= double(extent(nest.loops[loop]));
  bool isScattered =
      llvm::any_of(nest.places.back(), [](AffineExpr e) { return !isa<AffineDimExpr>(e); });
  if (isScattered)
    terms *= double(count(nest.loops)); // a bound
  if (isArg && (nest.reduced.size() != 1 || terms == 0 || isScattered))
    return;
  if (count(nest.result) > 4096)
    return;
  Facts facts = combinedFacts(nest, combiner, type, terms);
  if ((isArg || isTruth) &&
      llvm::any_of(nest.inputs, [&](Value v) { return !factsOf(v).isExact(); }))
    return;

  tenon_dtype resultType = isArg ? TENON_I32 : isTruth ? TENON_BOOL : type;
  bool hasSymbols = llvm::any_of(nest.places, [](ArrayRef<AffineExpr> places) {
    return llvm::any_of(places, [](AffineExpr e) { return usesSymbol(e); });
  });
  if (hasSymbols)
    for (const Dim &loop : nest.loops)
      nest.symbols.push_back(loop - Dim(1));
  SmallVector<AffineMap> maps;
  for (ArrayRef<AffineExpr> places : nest.places)
    maps.push_back(AffineMap::get(unsigned(nest.loops.size()), unsigned(nest.symbols.size()),
                                  places, &context));
  auto op = ContractOp::create(builder, builder.getUnknownLoc(), tensor(nest.result, resultType),
                               nest.inputs, combiner, DimsAttr::get(&context, nest.loops),
                               builder.getAffineMapArrayAttr(maps),
                               hasSymbols ? DimsAttr::get(&context, nest.symbols) : DimsAttr());
  fillBody(op, nest, isProduct);
  enter(op.getResult(), facts);
}
