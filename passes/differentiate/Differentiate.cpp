//===- Differentiate.cpp - Replaces derivatives by plain ops --------------===//
//
// Innermost first, so that a derivative's region holds plain ops when its turn comes, those of
// derivatives inside it among them.
//
//===----------------------------------------------------------------------===//
#include "ir/dialect/Derivatives.h"
#include "passes/Passes.h"
#include "passes/differentiate/Derive.h"

using namespace mlir;
using namespace tenon;

namespace tenon {
#define GEN_PASS_DEF_DIFFERENTIATE
#include "passes/Passes.h.inc"
} // namespace tenon

/// A known zero needn't be carried through.
static bool isZero(Value tangent) { return knownNumber(tangent) == 0.0; }

/// Puts the ops of the first region in front of `op`; answers what `results` are there.
static SmallVector<Value> takeRegion(Operation *op, ValueRange inputs, SmallVector<Value> results) {
  Block &block = op->getRegion(0).front();
  for (auto [argument, input] : llvm::zip_equal(block.getArguments(), inputs)) {
    for (Value &result : results)
      result = result == argument ? input : result;
    argument.replaceAllUsesWith(input);
  }
  block.getTerminator()->erase();
  op->getBlock()->getOperations().splice(op->getIterator(), block.getOperations());
  return results;
}

/// Gives `op` its results, zeros for null ones.
static void replaceBy(Operation *op, ArrayRef<Value> results) {
  OpBuilder builder(op);
  for (auto [old, result] : llvm::zip_equal(op->getResults(), results))
    old.replaceAllUsesWith(result ? result : filled(builder, op->getLoc(), old.getType(), 0));
  op->erase();
}

FailureOr<SmallVector<Value>> tenon::expandVjp(VjpOp op, const DeriveOptions &options) {
  Block &block = op.getBody().front();
  SmallVector<std::pair<Value, Value>> seeds;
  for (auto [yield, cotangent] :
       llvm::zip(block.getTerminator()->getOperands(), op.getCotangents()))
    if (!isZero(cotangent))
      seeds.push_back({yield, cotangent});
  auto cotangents = deriveReverse(block, seeds, SmallVector<Value>(block.getArguments()), options);
  if (failed(cotangents))
    return failure();
  SmallVector<Value> results(block.getTerminator()->getOperands());
  llvm::append_range(results, *cotangents);
  return takeRegion(op, op.getInputs(), results);
}

static LogicalResult expand(VjpOp op, const DeriveOptions &options) {
  auto results = expandVjp(op, options);
  if (failed(results))
    return failure();
  replaceBy(op, *results);
  return success();
}

static LogicalResult expand(JvpOp op) {
  Block &block = op.getBody().front();
  TangentMap tangents;
  for (auto [argument, tangent] : llvm::zip(block.getArguments(), op.getTangents()))
    if (!isZero(tangent))
      tangents[argument] = tangent;
  if (failed(deriveForward(block, tangents)))
    return failure();
  SmallVector<Value> yields(block.getTerminator()->getOperands()), results(yields);
  for (Value yield : yields)
    if (isReal(yield.getType()))
      results.push_back(tangents.lookup(yield));
  replaceBy(op, takeRegion(op, op.getInputs(), results));
  return success();
}

/// Nothing asks for the derivative any more.
static void inlineBody(CustomGradientOp op) {
  SmallVector<Value> results(op.getBody().front().getTerminator()->getOperands());
  replaceBy(op, takeRegion(op, op.getInputs(), results));
}

/// Erases ops that nobody uses, in nested regions too.
static void eraseUnused(Block &block) {
  for (Operation &op : llvm::make_early_inc_range(llvm::reverse(block))) {
    if (op.use_empty() && !op.hasTrait<OpTrait::IsTerminator>() && isMemoryEffectFree(&op)) {
      op.erase();
      continue;
    }
    for (Region &region : op.getRegions())
      for (Block &inner : region)
        eraseUnused(inner);
  }
}

namespace {
struct Differentiate : tenon::impl::DifferentiateBase<Differentiate> {
  using DifferentiateBase::DifferentiateBase;

  /// nullopt after an error.
  std::optional<DeriveOptions> readOptions() {
    DeriveOptions read;
    read.budget = budget;
    for (StringRef text : extents) {
      auto [name, number] = text.split('=');
      if (number.getAsInteger(10, read.extents[name])) {
        getOperation().emitError("'") << text << "' is no extent";
        return std::nullopt;
      }
    }
    return read;
  }

  void runOnOperation() override {
    SmallVector<Operation *> derivatives;
    bool any = false;
    getOperation().walk<WalkOrder::PostOrder>([&](Operation *op) {
      if (isa<VjpOp, JvpOp>(op))
        derivatives.push_back(op);
      any |= isa<VjpOp, JvpOp, CustomGradientOp>(op);
    });
    if (!any)
      return markAllAnalysesPreserved();
    auto options = readOptions();
    if (!options)
      return signalPassFailure();
    for (Operation *op : derivatives) {
      auto vjp = dyn_cast<VjpOp>(op);
      if (failed(vjp ? expand(vjp, *options) : expand(cast<JvpOp>(op))))
        return signalPassFailure();
    }
    getOperation().walk<WalkOrder::PostOrder>(inlineBody);
    eraseUnused(getOperation().getBody().front());
  }
};
} // namespace
