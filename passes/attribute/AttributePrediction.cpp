//===- AttributePrediction.cpp - Explains predictions by derivatives ------===//
//
// A derivative with respect to whole numbers says nothing, so a prediction is attributed to the
// first real values that are made of them: the rows that a table has at these places, numbers
// converted, choices between constants. Such a value is a *point*. Every element of a point belongs
// to one place of a field; which one is found by sending the numbers of the places through the ops
// that led from the field to the point.
//
//===----------------------------------------------------------------------===//
#include "ir/dialect/Derivatives.h"
#include "passes/Passes.h"
#include "passes/differentiate/Activity.h"

#include "mlir/IR/IRMapping.h"

namespace tenon {
#define GEN_PASS_DEF_ATTRIBUTEPREDICTION
#include "passes/Passes.h.inc"
} // namespace tenon

using namespace mlir;
using namespace tenon;

namespace {

bool isField(func::FuncOp function, unsigned argument) {
  auto role = function.getArgAttrOfType<StringAttr>(argument, "tenon.role");
  return role && role.getValue() == "field";
}

StringRef nameOf(func::FuncOp function, unsigned argument) {
  return function.getArgAttrOfType<StringAttr>(argument, "tenon.name").getValue();
}

/// Finds points, and where their elements come from.
class Points {
public:
  struct Point {
    Value value;
    Value indices; ///< the operand whose elements are those of the point, or of its first axes
    unsigned field = 0;
    std::string name;
  };

  /// `places`: for arguments that are fields of whole numbers, a tensor of the same extents.
  Points(func::FuncOp function, const DenseMap<unsigned, Value> &places)
      : function(function), places(places) {
    for (unsigned i = 0; i < function.getNumArguments(); ++i)
      if (isField(function, i))
        dependent.insert(function.getArgument(i));
    Block &body = function.getBody().front();
    for (Operation &op : body)
      if (llvm::any_of(usedValues(&op), [&](Value used) { return dependent.contains(used); }))
        dependent.insert(op.result_begin(), op.result_end());
  }

  /// Those whose elements' places are known, in the order of the function. What traces them is put
  /// before its end.
  SmallVector<std::pair<Point, Value>> find() {
    SmallVector<std::pair<Point, Value>> found;
    DenseMap<unsigned, unsigned> counts;
    Block &body = function.getBody().front();
    SmallVector<Operation *> ops;
    for (Operation &op : body)
      ops.push_back(&op);
    OpBuilder builder(body.getTerminator());
    for (Operation *op : ops) {
      Value indices = pointOperand(op);
      std::optional<unsigned> field;
      Value traced = indices ? trace(builder, indices, field) : Value();
      if (!traced)
        continue;
      std::string name = (nameOf(function, *field) + "#" + llvm::Twine(counts[*field]++)).str();
      found.push_back({Point{op->getResult(0), indices, *field, name}, traced});
    }
    return found;
  }

private:
  /// The operand of whole numbers or truth values that `op` makes a point of, or null.
  Value pointOperand(Operation *op) {
    if (!isa<GatherOp, ConvertOp, SelectOp>(op) || !isReal(op->getResult(0).getType()))
      return {};
    Value found;
    for (Value operand : op->getOperands())
      if (dependent.contains(operand)) {
        if (found || isReal(operand.getType()))
          return {};
        found = operand;
      }
    return found;
  }

  /// The places in one field that the elements of `value` come from, -1 where from none; null
  /// where they aren't known.
  Value trace(OpBuilder &builder, Value value, std::optional<unsigned> &field) {
    if (!dependent.contains(value))
      return noPlaces(builder, value);
    if (auto argument = dyn_cast<BlockArgument>(value)) {
      unsigned number = argument.getArgNumber();
      if (field && *field != number)
        return {};
      field = number;
      return places.lookup(number);
    }
    Operation *op = value.getDefiningOp();
    if (isMovement(op))
      return traceMovement(builder, op, field);
    if (!isa<MapOp>(op))
      return {};
    Value only;
    for (Value operand : op->getOperands())
      if (dependent.contains(operand) && operand != only) {
        if (only)
          return {};
        only = operand;
      }
    return trace(builder, only, field);
  }

  Value noPlaces(OpBuilder &builder, Value value) {
    Type i64 = builder.getI64Type();
    auto type = withElement(cast<RankedTensorType>(value.getType()), i64);
    Value none = ConstantOp::create(
        builder, value.getLoc(),
        DenseElementsAttr::get(RankedTensorType::get({}, i64), builder.getI64IntegerAttr(-1)));
    if (type.getRank() == 0)
      return none;
    return BroadcastOp::create(builder, value.getLoc(), type, none,
                               builder.getDenseI64ArrayAttr({}));
  }

  /// Every element of the result is one of an operand's, whatever these are.
  bool isMovement(Operation *op) {
    if (auto contract = dyn_cast<ContractOp>(op))
      return contract.getInputs().size() == 1 && contract.isSumOfProducts() &&
             contract.getResultMap().isPermutation();
    // A table of whole numbers is moved like any other tensor; one at places of the field isn't.
    if (auto gather = dyn_cast<GatherOp>(op))
      return !dependent.contains(gather.getIndices());
    return isa<BroadcastOp, ReshapeOp, TransposeOp, SliceOp, PadOp, ConcatOp>(op);
  }

  /// The same movement of the operands' places.
  Value traceMovement(OpBuilder &builder, Operation *op, std::optional<unsigned> &field) {
    IRMapping mapping;
    auto gather = dyn_cast<GatherOp>(op);
    for (Value operand : op->getOperands()) {
      if (gather && operand == gather.getIndices())
        continue;
      Value traced = trace(builder, operand, field);
      if (!traced)
        return {};
      mapping.map(operand, traced);
    }
    Operation *clone = builder.clone(*op, mapping);
    Type i64 = builder.getI64Type();
    Value result = clone->getResult(0);
    result.setType(withElement(cast<RankedTensorType>(result.getType()), i64));
    if (auto contract = dyn_cast<ContractOp>(clone))
      contract.getBody().front().getArgument(0).setType(i64);
    return result;
  }

  func::FuncOp function;
  const DenseMap<unsigned, Value> &places;
  ValueSet dependent; ///< on fields
};

/// Makes a function whose arguments are those of `predict` and some more; the builder stands in it.
class FunctionMaker {
public:
  FunctionMaker(func::FuncOp predict, StringRef name)
      : builder(predict),
        function(func::FuncOp::create(builder, predict.getLoc(), name, predict.getFunctionType())) {
    function->setAttr("tenon.symbols", predict->getAttr("tenon.symbols"));
    block = function.addEntryBlock();
    for (unsigned i = 0; i < predict.getNumArguments(); ++i)
      function.setArgAttrs(i, predict.getArgAttrDict(i));
    builder.setInsertionPointToEnd(block);
  }

  DictionaryAttr named(const llvm::Twine &name, StringRef role) {
    return builder.getDictionaryAttr(
        {builder.getNamedAttr("tenon.name", builder.getStringAttr(name)),
         builder.getNamedAttr("tenon.role", builder.getStringAttr(role))});
  }

  Value addArgument(Type type, const llvm::Twine &name, StringRef role) {
    unsigned at = function.getNumArguments();
    (void)function.insertArgument(at, type, named(name, role), function.getLoc());
    return function.getArgument(at);
  }

  void finish(ArrayRef<Value> results, ArrayRef<Attribute> attributes) {
    func::ReturnOp::create(builder, function.getLoc(), results);
    function.setFunctionType(
        builder.getFunctionType(function.getArgumentTypes(), ValueRange(results).getTypes()));
    function.setAllResultAttrs(attributes);
  }

  OpBuilder builder;
  func::FuncOp function;
  Block *block = nullptr;
};

struct AttributePrediction : tenon::impl::AttributePredictionBase<AttributePrediction> {
  void runOnOperation() override {
    auto predict = getOperation().lookupSymbol<func::FuncOp>("predict");
    if (!predict)
      return markAllAnalysesPreserved();
    SmallVector<Points::Point> points = makePoints(predict);
    Block &body = predict.getBody().front();
    ValueRange results = body.getTerminator()->getOperands();
    if (!results.empty() && isReal(results[0].getType()))
      makeGradient(predict, points);
  }

  /// The points' values, and the places of their elements. The answer is about `predict`'s values.
  SmallVector<Points::Point> makePoints(func::FuncOp predict) {
    FunctionMaker maker(predict, "attribution_points");
    Block &body = predict.getBody().front();
    DenseMap<unsigned, Value> places;
    for (unsigned i = 0; i < predict.getNumArguments(); ++i) {
      auto type = cast<RankedTensorType>(predict.getArgument(i).getType());
      if (isField(predict, i) && !isReal(type))
        places[i] = maker.addArgument(withElement(type, maker.builder.getI64Type()),
                                      nameOf(predict, i) + "#places", "places");
    }
    IRMapping mapping;
    for (unsigned i = 0; i < predict.getNumArguments(); ++i)
      mapping.map(predict.getArgument(i), maker.function.getArgument(i));
    for (Operation &op : body.without_terminator())
      if (!isa<CheckOp>(op))
        maker.builder.clone(op, mapping);
    // What traces the places needs an end to stand before.
    Operation *end = func::ReturnOp::create(maker.builder, predict.getLoc());
    auto found = Points(maker.function, places).find();
    end->erase();
    maker.builder.setInsertionPointToEnd(maker.block);
    SmallVector<Value> results;
    SmallVector<Attribute> names;
    for (auto &[point, traced] : found) {
      results.append({point.value, traced});
      names.push_back(maker.named(point.name, "point"));
      names.push_back(maker.named(point.name + "#place", "place"));
    }
    maker.finish(results, names);
    SmallVector<Points::Point> points;
    DenseMap<Value, Value> origins;
    for (Operation &op : body.without_terminator())
      for (Value result : op.getResults())
        if (Value clone = mapping.lookupOrNull(result))
          origins[clone] = result;
    for (auto &[point, traced] : found) {
      points.push_back(point);
      points.back().value = origins.lookup(point.value);
    }
    return points;
  }

  void makeGradient(func::FuncOp predict, ArrayRef<Points::Point> points) {
    FunctionMaker maker(predict, "attribution_gradient");
    OpBuilder &builder = maker.builder;
    Location loc = predict.getLoc();
    Block &body = predict.getBody().front();
    SmallVector<Value> inputs, replaced; // of the derivative; `predict`'s own values
    SmallVector<Attribute> names;
    for (auto [i, result] : llvm::enumerate(predict.getResultTypes()))
      names.push_back(predict.getResultAttrDict(i));
    for (unsigned i = 0; i < predict.getNumArguments(); ++i)
      if (isField(predict, i) && isReal(predict.getArgument(i).getType())) {
        inputs.push_back(maker.function.getArgument(i));
        replaced.push_back(predict.getArgument(i));
        names.push_back(maker.named(nameOf(predict, i) + "#gradient", "gradient"));
      }
    for (const Points::Point &point : points) {
      inputs.push_back(maker.addArgument(point.value.getType(), point.name, "point"));
      replaced.push_back(point.value);
      names.push_back(maker.named(point.name + "#gradient", "gradient"));
    }
    Value cotangent = maker.addArgument(body.getTerminator()->getOperand(0).getType(),
                                        "prediction#cotangent", "cotangent");
    SmallVector<Type> types(body.getTerminator()->getOperandTypes());
    llvm::append_range(types, ValueRange(inputs).getTypes());
    auto derivative = VjpOp::create(builder, loc, types, inputs, ValueRange{cotangent});
    Block &inner = derivative.getBody().emplaceBlock();
    OpBuilder inside = OpBuilder::atBlockEnd(&inner);
    IRMapping mapping;
    for (unsigned i = 0; i < predict.getNumArguments(); ++i)
      mapping.map(predict.getArgument(i), maker.function.getArgument(i));
    DenseMap<Value, Value> given;
    for (Value value : replaced)
      given[value] = inner.addArgument(value.getType(), value.getLoc());
    for (auto [value, argument] : given)
      mapping.map(value, argument);
    for (Operation &op : body.without_terminator())
      if (op.getNumResults() != 1 || !given.contains(op.getResult(0)))
        inside.clone(op, mapping);
    SmallVector<Value> yields;
    for (Value result : body.getTerminator()->getOperands())
      yields.push_back(mapping.lookup(result));
    YieldOp::create(inside, loc, yields);
    noteHeld(maker, predict, inner, yields);
    maker.finish(SmallVector<Value>(derivative.getResults()), names);
  }

  /// Fields that results depend on in other ways than by derivatives get the role `held`.
  void noteHeld(FunctionMaker &maker, func::FuncOp predict, Block &body, ArrayRef<Value> results) {
    ValueSet useful(results.begin(), results.end());
    for (Operation &op : llvm::reverse(body))
      if (llvm::any_of(op.getResults(), [&](Value result) { return useful.contains(result); }))
        for (Value used : usedValues(&op))
          useful.insert(used);
    for (unsigned i = 0; i < predict.getNumArguments(); ++i)
      if (isField(predict, i) && useful.contains(maker.function.getArgument(i)))
        maker.function.setArgAttr(i, "tenon.role", maker.builder.getStringAttr("held"));
  }
};

} // namespace
