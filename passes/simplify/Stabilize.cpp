//===- Stabilize.cpp - Formulas that lose no digits -----------------------===//
//
//   log(sigmoid(x)) = -softplus(-x)             log(1 - sigmoid(x)) = -softplus(x)
//   1 - sigmoid(x) = sigmoid(-x)                log(1 + exp(x)) = log1p(exp(x)) = softplus(x)
//   log(exp(x)) = x                             log(exp(x) / y) = x - log(y)
//   log(sum exp(x)) = logsumexp(x)
//   log(move(x)) = move(log(x))                 where one of the above applies to log(x)
//   sum of f(log(x)) = sum of f(y) with y = log(x)                          the same
//   y * softplus(-x) + (1 - y) * softplus(x) = softplus(x) - y * x
//   a * sigmoid(x) - a * y = a * (sigmoid(x) - y)
//
// The last two make a binary cross-entropy of a sigmoid one softplus, whose derivative is
// sigmoid(x) - y.
//
//===----------------------------------------------------------------------===//
#include "passes/Passes.h"
#include "passes/simplify/ContractParts.h"
#include "passes/simplify/Splat.h"

#include "mlir/Transforms/GreedyPatternRewriteDriver.h"

namespace tenon {
#define GEN_PASS_DEF_STABILIZE
#include "passes/Passes.h.inc"
} // namespace tenon

using namespace mlir;
using namespace tenon;

namespace {

//===----------------------------------------------------------------------===//
// What a logarithm is taken of
//===----------------------------------------------------------------------===//

/// x where `value` is 1 - x; null otherwise.
Value complemented(Value value) {
  auto difference = value.getDefiningOp<SubOp>();
  return difference && isSplat(difference.getLhs(), 1) ? difference.getRhs() : Value();
}

/// x where `value` is 1 + x; null otherwise.
Value incremented(Value value) {
  auto sum = value.getDefiningOp<AddOp>();
  if (!sum)
    return {};
  if (isSplat(sum.getLhs(), 1))
    return sum.getRhs();
  return isSplat(sum.getRhs(), 1) ? sum.getLhs() : Value();
}

/// True if the contraction sums the exponentials of something: of one operand, or in its body.
bool sumsExponentials(ContractOp op) {
  if (op.getCombiner() != Combiner::sum || !isReal(op.getType()))
    return false;
  Value term = op.getBody().front().getTerminator()->getOperand(0);
  if (term.getDefiningOp<ExpOp>())
    return true;
  return op.getInputs().size() == 1 && isa<BlockArgument>(term) &&
         op.getInputs()[0].getDefiningOp<ExpOp>();
}

/// True if log(value) has a stable form of its own.
bool hasStableLog(Value value) {
  Operation *op = value.getDefiningOp();
  if (!op)
    return false;
  if (isa<SigmoidOp, ExpOp>(op))
    return true;
  if (auto quotient = dyn_cast<DivOp>(op))
    return quotient.getLhs().getDefiningOp<ExpOp>();
  if (auto contract = dyn_cast<ContractOp>(op))
    return sumsExponentials(contract);
  if (Value x = incremented(value))
    return x.getDefiningOp<ExpOp>();
  return false;
}

/// The operand that a movement op moves; null for other ops.
Value movedBy(Operation *op) {
  return isa_and_nonnull<BroadcastOp, ReshapeOp, TransposeOp, SliceOp, GatherOp>(op)
             ? op->getOperand(0)
             : Value();
}

//===----------------------------------------------------------------------===//
// Patterns
//===----------------------------------------------------------------------===//

struct LogOfMoved : OpRewritePattern<LogOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(LogOp op, PatternRewriter &rewriter) const override {
    Value source = op.getOperand();
    while (Value inner = movedBy(source.getDefiningOp()))
      source = inner;
    if (source == op.getOperand() || !hasStableLog(source))
      return rewriter.notifyMatchFailure(op, "nothing to stabilise behind a movement");
    Operation *movement = op.getOperand().getDefiningOp();
    Value moved = movement->getOperand(0);
    IRMapping mapping;
    mapping.map(moved, LogOp::create(rewriter, op.getLoc(), moved.getType(), moved));
    rewriter.replaceOp(op, rewriter.clone(*movement, mapping)->getResults());
    return success();
  }
};

/// A logarithm in the body of a contraction, of an element of one operand or what two maps make of
/// it, becomes an operand.
struct LogInBody : OpRewritePattern<ContractOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(ContractOp op, PatternRewriter &rewriter) const override {
    Block &body = op.getBody().front();
    for (Operation &inner : body) {
      if (!isa<LogOp, Log1pOp>(inner))
        continue;
      std::optional<unsigned> input;
      if (!isOfOneOperand(inner.getOperand(0), input) || !input)
        continue;
      Value source = op.getInputs()[*input];
      while (Value moved = movedBy(source.getDefiningOp()))
        source = moved;
      if (!hasStableLog(source))
        continue;
      ContractParts parts = ContractParts::of(op);
      parts.inputs.push_back(onTensor(inner.getResult(0), op.getInputs()[*input], rewriter));
      parts.maps.push_back(parts.maps[*input]);
      unsigned place = std::distance(body.begin(), Block::iterator(inner));
      ContractOp result = parts.create(rewriter, op.getLoc(), body);
      Block &copy = result.getBody().front();
      rewriter.replaceOp(&*std::next(copy.begin(), place), copy.getArguments().back());
      rewriter.replaceOp(op, result);
      return success();
    }
    return rewriter.notifyMatchFailure(op, "no logarithm that has a stable form");
  }

private:
  /// True if nothing but constants and one block argument, `input`, leads to `value`.
  static bool isOfOneOperand(Value value, std::optional<unsigned> &input) {
    if (auto argument = dyn_cast<BlockArgument>(value)) {
      bool isOther = input && *input != argument.getArgNumber();
      input = argument.getArgNumber();
      return !isOther;
    }
    Operation *op = value.getDefiningOp();
    return isa<ConstantOp>(op) ||
           (isa<AddOp, SubOp, NegOp>(op) && llvm::all_of(op->getOperands(), [&](Value operand) {
              return isOfOneOperand(operand, input);
            }));
  }

  /// What the body makes of an element, made of all elements of the operand.
  static Value onTensor(Value value, Value operand, PatternRewriter &rewriter) {
    if (isa<BlockArgument>(value))
      return operand;
    auto dims = dimsOf(cast<RankedTensorType>(operand.getType()));
    Operation *op = value.getDefiningOp();
    if (isa<ConstantOp>(op))
      return splat(rewriter, op->getLoc(), operand.getType(), splatOf(value));
    SmallVector<Value> operands;
    for (Value inner : op->getOperands())
      operands.push_back(onTensor(inner, operand, rewriter));
    return mapOver(rewriter, op, operands, dims);
  }
};

struct StableLog : OpRewritePattern<LogOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(LogOp op, PatternRewriter &rewriter) const override {
    Value value = op.getOperand();
    Location loc = op.getLoc();
    Type type = op.getType();
    if (!hasStableLog(value))
      return rewriter.notifyMatchFailure(op, "as stable as can be");
    if (auto sigmoid = value.getDefiningOp<SigmoidOp>()) {
      Value other = NegOp::create(rewriter, loc, type, sigmoid.getOperand());
      Value distance = SoftplusOp::create(rewriter, loc, type, other);
      rewriter.replaceOpWithNewOp<NegOp>(op, type, distance);
    } else if (auto exponential = value.getDefiningOp<ExpOp>()) {
      rewriter.replaceOp(op, exponential.getOperand());
    } else if (auto quotient = value.getDefiningOp<DivOp>()) {
      Value divisor = LogOp::create(rewriter, loc, type, quotient.getRhs());
      rewriter.replaceOpWithNewOp<SubOp>(
          op, type, quotient.getLhs().getDefiningOp<ExpOp>().getOperand(), divisor);
    } else if (auto contract = value.getDefiningOp<ContractOp>()) {
      rewriter.replaceOp(op, logSumExp(contract, rewriter));
    } else {
      auto exponential = incremented(value).getDefiningOp<ExpOp>();
      rewriter.replaceOpWithNewOp<SoftplusOp>(op, type, exponential.getOperand());
    }
    return success();
  }

private:
  static Value logSumExp(ContractOp op, PatternRewriter &rewriter) {
    ContractParts parts = ContractParts::of(op);
    parts.combiner = Combiner::logsumexp;
    auto inside = op.getBody().front().getTerminator()->getOperand(0).getDefiningOp<ExpOp>();
    if (!inside)
      parts.inputs[0] = parts.inputs[0].getDefiningOp<ExpOp>().getOperand();
    ContractOp result = parts.create(rewriter, op.getLoc(), op.getBody().front());
    if (inside) {
      Operation *yield = result.getBody().front().getTerminator();
      rewriter.modifyOpInPlace(yield, [&] {
        yield->setOperand(0, yield->getOperand(0).getDefiningOp()->getOperand(0));
      });
    }
    return result;
  }
};

struct StableLog1p : OpRewritePattern<Log1pOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(Log1pOp op, PatternRewriter &rewriter) const override {
    Type type = op.getType();
    if (auto exponential = op.getOperand().getDefiningOp<ExpOp>()) {
      rewriter.replaceOpWithNewOp<SoftplusOp>(op, type, exponential.getOperand());
      return success();
    }
    // log1p(-sigmoid(x))
    auto negated = op.getOperand().getDefiningOp<NegOp>();
    auto sigmoid = negated ? negated.getOperand().getDefiningOp<SigmoidOp>() : SigmoidOp();
    if (!sigmoid)
      return rewriter.notifyMatchFailure(op, "neither of an exponential nor of a sigmoid");
    Value distance = SoftplusOp::create(rewriter, op.getLoc(), type, sigmoid.getOperand());
    rewriter.replaceOpWithNewOp<NegOp>(op, type, distance);
    return success();
  }
};

/// 1 - sigmoid(x), also where the sigmoid has been moved.
struct ComplementOfSigmoid : OpRewritePattern<SubOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(SubOp op, PatternRewriter &rewriter) const override {
    Value source = complemented(op.getResult());
    SmallVector<Operation *> movements;
    while (source && movedBy(source.getDefiningOp())) {
      movements.push_back(source.getDefiningOp());
      source = movedBy(source.getDefiningOp());
    }
    auto sigmoid = source ? source.getDefiningOp<SigmoidOp>() : SigmoidOp();
    if (!sigmoid)
      return rewriter.notifyMatchFailure(op, "not 1 - sigmoid");
    Type type = sigmoid.getType();
    Value other = NegOp::create(rewriter, op.getLoc(), type, sigmoid.getOperand());
    Value value = SigmoidOp::create(rewriter, op.getLoc(), type, other);
    for (Operation *movement : llvm::reverse(movements)) {
      IRMapping mapping;
      mapping.map(movement->getOperand(0), value);
      value = rewriter.clone(*movement, mapping)->getResult(0);
    }
    rewriter.replaceOp(op, value);
    return success();
  }
};

struct DoubleNegation : OpRewritePattern<NegOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(NegOp op, PatternRewriter &rewriter) const override {
    auto inner = op.getOperand().getDefiningOp<NegOp>();
    if (!inner)
      return rewriter.notifyMatchFailure(op, "not of a negation");
    rewriter.replaceOp(op, inner.getOperand());
    return success();
  }
};

/// A term weight * softplus(argument), negated or not.
struct SoftplusTerm {
  bool negated = false;
  Value weight, argument;

  static std::optional<SoftplusTerm> of(Value value) {
    SoftplusTerm term;
    value = strip(value, term.negated);
    auto product = value.getDefiningOp<MulOp>();
    if (!product)
      return std::nullopt;
    for (auto [weight, other] : {std::pair(product.getLhs(), product.getRhs()),
                                 std::pair(product.getRhs(), product.getLhs())}) {
      bool negated = term.negated;
      if (auto softplus = strip(other, negated).getDefiningOp<SoftplusOp>()) {
        term.negated = negated;
        term.weight = weight;
        term.argument = softplus.getOperand();
        return term;
      }
    }
    return std::nullopt;
  }

private:
  static Value strip(Value value, bool &negated) {
    while (auto negation = value.getDefiningOp<NegOp>()) {
      negated = !negated;
      value = negation.getOperand();
    }
    return value;
  }
};

bool isNegationOf(Value a, Value b) {
  auto negation = a.getDefiningOp<NegOp>();
  return negation && negation.getOperand() == b;
}

/// One is the negation of the other, or both are broadcasts of such.
bool areOpposite(Value a, Value b) {
  auto left = a.getDefiningOp<BroadcastOp>(), right = b.getDefiningOp<BroadcastOp>();
  if (left && right && left.getAxes() == right.getAxes())
    return areOpposite(left.getOperand(), right.getOperand());
  return isNegationOf(a, b) || isNegationOf(b, a);
}

/// y * softplus(-x) + (1 - y) * softplus(x), both of one sign.
template <typename Op> struct BinaryCrossEntropy : OpRewritePattern<Op> {
  using OpRewritePattern<Op>::OpRewritePattern;
  LogicalResult matchAndRewrite(Op op, PatternRewriter &rewriter) const override {
    auto first = SoftplusTerm::of(op.getLhs()), second = SoftplusTerm::of(op.getRhs());
    if (!first || !second)
      return rewriter.notifyMatchFailure(op, "not two weighted softplus");
    second->negated ^= isa<SubOp>(op.getOperation());
    if (isNegationOf(second->argument, first->argument))
      std::swap(first, second);
    bool complementary = complemented(second->weight) == first->weight ||
                         complemented(first->weight) == second->weight;
    if (!isNegationOf(first->argument, second->argument) || !complementary ||
        first->negated != second->negated)
      return rewriter.notifyMatchFailure(op, "not the two sides of one probability");
    Value x = second->argument;
    Location loc = op.getLoc();
    Type type = op.getType();
    Value distance = SoftplusOp::create(rewriter, loc, type, x);
    Value chosen = MulOp::create(rewriter, loc, type, first->weight, x);
    if (first->negated)
      rewriter.replaceOpWithNewOp<SubOp>(op, type, chosen, distance);
    else
      rewriter.replaceOpWithNewOp<SubOp>(op, type, distance, chosen);
    return success();
  }
};

/// a * sigmoid(x) - a * y, the sign in any place.
template <typename Op> struct FactorSigmoid : OpRewritePattern<Op> {
  using OpRewritePattern<Op>::OpRewritePattern;
  LogicalResult matchAndRewrite(Op op, PatternRewriter &rewriter) const override {
    for (auto [first, second] :
         {std::pair(op.getLhs(), op.getRhs()), std::pair(op.getRhs(), op.getLhs())}) {
      bool isMinuend = first == op.getLhs();
      bool subtracts = isa<SubOp>(op.getOperation());
      auto positive = first.template getDefiningOp<MulOp>();
      auto other = second.template getDefiningOp<MulOp>();
      if (!positive || !other || (subtracts && !isMinuend))
        continue;
      for (auto [factor, sigmoid] : {std::pair(positive.getLhs(), positive.getRhs()),
                                     std::pair(positive.getRhs(), positive.getLhs())}) {
        Value target = weightBeside(other, factor, subtracts);
        if (!sigmoid.template getDefiningOp<SigmoidOp>() || !target)
          continue;
        Value distance = SubOp::create(rewriter, op.getLoc(), op.getType(), sigmoid, target);
        rewriter.replaceOpWithNewOp<MulOp>(op, op.getType(), factor, distance);
        return success();
      }
    }
    return rewriter.notifyMatchFailure(op, "not a weighted sigmoid's distance");
  }

private:
  /// y where `product` is factor * y (if it is subtracted) or -factor * y; null otherwise.
  static Value weightBeside(MulOp product, Value factor, bool subtracted) {
    for (auto [a, y] : {std::pair(product.getLhs(), product.getRhs()),
                        std::pair(product.getRhs(), product.getLhs())})
      if (subtracted ? a == factor : areOpposite(a, factor))
        return y;
    return {};
  }
};

struct Stabilize : tenon::impl::StabilizeBase<Stabilize> {
  void runOnOperation() override {
    RewritePatternSet patterns(&getContext());
    patterns.add<LogInBody, LogOfMoved, StableLog, StableLog1p, ComplementOfSigmoid, DoubleNegation,
                 BinaryCrossEntropy<AddOp>, BinaryCrossEntropy<SubOp>, FactorSigmoid<AddOp>,
                 FactorSigmoid<SubOp>>(&getContext());
    GreedyRewriteConfig config;
    config.setRegionSimplificationLevel(GreedySimplifyRegionLevel::Disabled)
        .setMaxIterations(GreedyRewriteConfig::kNoLimit);
    if (failed(applyPatternsGreedily(getOperation(), std::move(patterns), config))) {
      getOperation()->emitError("stabilisation doesn't come to an end");
      signalPassFailure();
    }
  }
};

} // namespace
