//===- GuardFinite.cpp - Which op makes the first value that isn't finite ---===//
//
// An op makes such a value where a result has one and no operand does. A counter walks along with
// the program: it is 0 until an op makes one and that op's number from then on. Through a loop it
// goes as a carried value, so that the answer is the first in time, not in the program's text.
//
//===----------------------------------------------------------------------===//
#include "passes/Passes.h"

#include "mlir/IR/Builders.h"

namespace tenon {
#define GEN_PASS_DEF_GUARDFINITE
#include "passes/Passes.h.inc"
} // namespace tenon

using namespace mlir;
using namespace tenon;

namespace {

bool mayMakeNonFinite(Operation &op) {
  return isa<MapOp, ContractOp, ScatterAddOp>(op) && isReal(op.getResult(0).getType());
}

class Guard {
public:
  explicit Guard(MLIRContext *context) : builder(context) {}

  void run(func::FuncOp function) {
    Block &body = function.getBody().front();
    builder.setInsertionPointToStart(&body);
    Value first = number(function.getLoc(), 0);
    noteArguments(body);
    first = walk(body, first);
    Operation *end = body.getTerminator();
    builder.setInsertionPoint(end);
    func::ReturnOp::create(builder, end->getLoc(), first);
    end->erase();
    function.setFunctionType(
        builder.getFunctionType(function.getArgumentTypes(), ValueRange{first}.getTypes()));
    function.setAllResultAttrs(ArrayRef<Attribute>{builder.getDictionaryAttr({})});
    function->setAttr("tenon.guards", builder.getArrayAttr(places));
  }

private:
  /// Guards the ops of a block; answers the counter at its end, and leaves the builder there.
  Value walk(Block &block, Value first) {
    for (Operation &op : llvm::make_early_inc_range(block.without_terminator())) {
      if (isa<CheckOp>(op)) {
        op.erase(); // what it looks at is what is being looked for
        continue;
      }
      if (auto loop = dyn_cast<Repetition>(op)) {
        first = walkLoop(loop, first);
        continue;
      }
      if (auto branch = dyn_cast<IfOp>(op)) {
        first = walkIf(branch, first);
        continue;
      }
      builder.setInsertionPointAfter(&op);
      for (Value result : op.getResults())
        noteFinite(result);
      if (mayMakeNonFinite(op))
        first = count(op, first);
    }
    builder.setInsertionPoint(block.getTerminator());
    return first;
  }

  Value walkLoop(Repetition loop, Value first) {
    // Carried values come first among operands, arguments, yields and results.
    builder.setInsertionPoint(loop);
    unsigned carried = loop.getNumCarried();
    SmallVector<Value> init(loop.getInit());
    init.push_back(first);
    SmallVector<Type> slices(loop.getStackedYields().getTypes());
    Repetition wider = loop.rebuild(builder, init, loop.getInputs(), loop.getSliceAxes(), slices,
                                    loop.getStackAxes());
    Block &body = wider.getBodyBlock();
    Block &old = loop.getBodyBlock();
    Value inside = body.getArgument(1 + carried);
    SmallVector<Value> arguments(body.getArguments());
    arguments.erase(arguments.begin() + 1 + carried);
    for (auto [before, after] : llvm::zip_equal(old.getArguments(), arguments))
      before.replaceAllUsesWith(after);
    body.getOperations().splice(body.end(), old.getOperations());
    builder.setInsertionPointToStart(&body);
    noteArguments(body);
    Value next = walk(body, inside);
    body.getTerminator()->insertOperands(carried, next);

    SmallVector<Value> results(wider->getResults());
    Value after = results[carried];
    results.erase(results.begin() + carried);
    loop->replaceAllUsesWith(results);
    loop->erase();
    builder.setInsertionPointAfter(wider);
    for (Value result : results)
      noteFinite(result);
    return after;
  }

  Value walkIf(IfOp branch, Value first) {
    builder.setInsertionPoint(branch);
    SmallVector<Type> types(branch.getResultTypes());
    types.push_back(first.getType());
    auto wider = IfOp::create(builder, branch.getLoc(), types, branch.getCondition());
    wider.getThenRegion().takeBody(branch.getThenRegion());
    wider.getElseRegion().takeBody(branch.getElseRegion());
    for (Region *region : {&wider.getThenRegion(), &wider.getElseRegion()}) {
      Block &block = region->front();
      Value next = walk(block, first);
      block.getTerminator()->insertOperands(types.size() - 1, next);
    }
    branch.replaceAllUsesWith(wider.getResults().drop_back());
    branch.erase();
    builder.setInsertionPointAfter(wider);
    for (Value result : wider.getResults().drop_back())
      noteFinite(result);
    return wider.getResults().back();
  }

  void noteArguments(Block &block) {
    for (BlockArgument argument : block.getArguments())
      noteFinite(argument);
  }

  /// Records a bool scalar: all of a value's elements are finite.
  void noteFinite(Value value) {
    auto type = cast<RankedTensorType>(value.getType());
    if (!isReal(type))
      return;
    Location loc = value.getLoc();
    Type boolean = builder.getI1Type();
    Value each = IsFiniteOp::create(builder, loc, withElement(type, boolean), value);
    if (type.getRank() > 0)
      each = reduceAll(loc, each);
    finite[value] = each;
  }

  Value reduceAll(Location loc, Value each) {
    auto type = cast<RankedTensorType>(each.getType());
    MLIRContext *context = builder.getContext();
    unsigned rank = type.getRank();
    AffineMap maps[] = {AffineMap::getMultiDimIdentityMap(rank, context),
                        AffineMap::get(rank, 0, context)};
    auto all = ContractOp::create(builder, loc, RankedTensorType::get({}, builder.getI1Type()),
                                  ValueRange{each}, Combiner::all,
                                  DimsAttr::get(context, ArrayRef<Dim>(dimsOf(type))),
                                  builder.getAffineMapArrayAttr(maps), DimsAttr());
    OpBuilder::InsertionGuard guard(builder);
    if (all.getBody().empty())
      all.getBody().emplaceBlock();
    Block &body = all.getBody().front();
    Value element = body.addArgument(builder.getI1Type(), loc);
    builder.setInsertionPointToEnd(&body);
    YieldOp::create(builder, loc, element);
    return all.getResult();
  }

  /// first == 0 and the operands are finite and the result isn't ? this op : first
  Value count(Operation &op, Value first) {
    Location loc = op.getLoc();
    places.push_back(loc);
    Value made = NotOp::create(builder, loc, finite.lookup(op.getResult(0)).getType(),
                               finite.lookup(op.getResult(0)));
    for (Value operand : op.getOperands())
      if (Value known = finite.lookup(operand))
        made = AndOp::create(builder, loc, made.getType(), made, known);
    Value none =
        CompareOp::create(builder, loc, made.getType(), Predicate::eq, first, number(loc, 0));
    made = AndOp::create(builder, loc, made.getType(), made, none);
    return SelectOp::create(builder, loc, first.getType(), made,
                            number(loc, int64_t(places.size())), first);
  }

  Value number(Location loc, int64_t value) {
    auto type = RankedTensorType::get({}, builder.getI32Type());
    return ConstantOp::create(builder, loc,
                              DenseElementsAttr::get(type, builder.getI32IntegerAttr(value)));
  }

  OpBuilder builder;
  llvm::DenseMap<Value, Value> finite;
  SmallVector<Attribute> places; // of counter value i + 1
};

struct GuardFinite : tenon::impl::GuardFiniteBase<GuardFinite> {
  void runOnOperation() override { Guard(&getContext()).run(getOperation()); }
};

} // namespace
