//===- Evaluation.cpp - Runs blocks op by op ------------------------------===//
#include "ir/eval/Evaluation.h"
#include "runtime/core/Philox.h"

#include "llvm/ADT/bit.h"

#include <cmath>

using namespace mlir;
using namespace tenon;

const MapRules &tenon::mapRules() {
  static const MapRules rules = [] {
    MapRules table;
    addArithmeticRules(table);
    addFunctionRules(table);
    addLogicRules(table);
    return table;
  }();
  return rules;
}

const OpRules &tenon::opRules() {
  static const OpRules rules = [] {
    OpRules table;
    addContractRules(table);
    addMovementRules(table);
    addTableRules(table);
    addOrderRules(table);
    addControlRules(table);
    addDrawRules(table);
    return table;
  }();
  return rules;
}

bool tenon::hasEvaluation(StringRef opName) {
  return mapRules().contains(opName) || opRules().contains(opName) ||
         opName == YieldOp::getOperationName();
}

llvm::Error tenon::errorAt(Operation *op, const llvm::Twine &message) {
  std::string text;
  llvm::raw_string_ostream out(text);
  out << op->getLoc() << ": '" << op->getName() << "' " << message;
  return llvm::createStringError(text);
}

//===----------------------------------------------------------------------===//
// Extents and numbers
//===----------------------------------------------------------------------===//

llvm::Expected<int64_t> Evaluation::extent(const Dim &dim, Operation *op) const {
  auto value = dim.evaluate([&](const std::string &name) -> std::optional<int64_t> {
    auto known = symbols.find(name);
    return known == symbols.end() ? std::nullopt : std::optional(known->second);
  });
  if (!value)
    return errorAt(op, "needs the extent '" + dim.str() + "', which the inputs' shapes don't tell");
  return *value;
}

llvm::Expected<std::vector<int64_t>> Evaluation::extents(ArrayRef<Dim> dims, Operation *op) const {
  std::vector<int64_t> result;
  for (const Dim &dim : dims) {
    auto value = extent(dim, op);
    if (!value)
      return value.takeError();
    result.push_back(*value);
  }
  return result;
}

llvm::Expected<std::vector<int64_t>> Evaluation::shapeOf(Type type, Operation *op) const {
  auto tensor = cast<RankedTensorType>(type);
  auto shape = extents(dimsOf(tensor), op);
  if (shape && llvm::any_of(*shape, [](int64_t n) { return n < 0; })) {
    std::string text;
    llvm::raw_string_ostream(text) << "has a negative extent in " << type;
    return errorAt(op, text);
  }
  return shape;
}

llvm::Expected<HostTensor> Evaluation::zeros(Type type, Operation *op) const {
  auto shape = shapeOf(type, op);
  if (!shape)
    return shape.takeError();
  return HostTensor(storageOf(type), std::move(*shape));
}

tenon_dtype Evaluation::storageOf(Type type) const {
  tenon_dtype dtype = dtypeOf(type);
  return options.wide && isRealDtype(dtype) ? TENON_F64 : dtype;
}

Number Evaluation::round(tenon_dtype dtype, Number value) const {
  if (isRealDtype(dtype))
    return Number::ofReal(options.wide ? value.real : roundTo(dtype, value.real));
  return Number::ofInteger(wrapTo(dtype, value.integer));
}

Number Evaluation::blurred(tenon_dtype dtype, Number value, ArrayRef<Number> operands) const {
  bool isExact = value.real == 0 || !std::isfinite(value.real) ||
                 llvm::any_of(operands, [&](Number x) { return x.real == value.real; });
  if (options.noise == 0 || isExact || !isRealDtype(dtype))
    return value;
  double unit = dtype == TENON_F64    ? 0x1p-52
                : dtype == TENON_F32  ? 0x1p-23
                : dtype == TENON_BF16 ? 0x1p-7
                                      : 0x1p-10;
  uint64_t bits = splitmix64(llvm::bit_cast<uint64_t>(value.real) ^ splitmix64(options.noise));
  double units = double(int64_t(bits % 9) - 4);
  return round(dtype, Number::ofReal(value.real * (1 + units * unit)));
}

Number Evaluation::element(MapRule rule, const MapCall &call, ArrayRef<Number> operands) const {
  Number value = round(call.to, rule(call, operands));
  bool mayRound = options.noise != 0 &&
                  isa<AddOp, SubOp, MulOp, DivOp, PowOp, ExpOp, Expm1Op, LogOp, Log1pOp, SqrtOp,
                      SinOp, CosOp, TanhOp, SoftplusOp, SigmoidOp, ErfOp>(call.op);
  return mayRound ? blurred(call.to, value, operands) : value;
}

Number tenon::attributeNumber(Attribute attribute, int64_t index) {
  if (auto splat = dyn_cast<SplatElementsAttr>(attribute))
    attribute = splat.getSplatValue<Attribute>();
  else if (auto elements = dyn_cast<ElementsAttr>(attribute))
    attribute = *(elements.getValues<Attribute>().begin() + index);
  if (auto real = dyn_cast<FloatAttr>(attribute))
    return Number::ofReal(real.getValueAsDouble());
  auto integer = cast<IntegerAttr>(attribute);
  bool isUnsigned = integer.getType().isUnsignedInteger() || integer.getType().isInteger(1);
  const APInt &bits = integer.getValue();
  return Number::ofInteger(isUnsigned ? int64_t(bits.getZExtValue()) : bits.getSExtValue());
}

//===----------------------------------------------------------------------===//
// Ops
//===----------------------------------------------------------------------===//

/// A map on tensors: its rule for every element.
static llvm::Error runMap(Operation *op, MapRule rule, Evaluation &run) {
  Value result = op->getResult(0);
  MapCall call{op, dtypeOf(op->getOperands().back().getType()), dtypeOf(result.getType())};
  auto tensor = run.zeros(result.getType(), op);
  if (!tensor)
    return tensor.takeError();
  SmallVector<Number> operands(op->getNumOperands());
  for (int64_t i = 0; i < tensor->size(); ++i) {
    for (auto [operand, number] : llvm::zip(op->getOperands(), operands))
      number = run.get(operand).at(i);
    tensor->set(i, run.element(rule, call, operands));
  }
  run.set(result, std::move(*tensor));
  return llvm::Error::success();
}

llvm::Error Evaluation::runOp(Operation &op) {
  StringRef name = op.getName().getStringRef();
  if (auto map = mapRules().find(name); map != mapRules().end()) {
    if (auto error = runMap(&op, map->second, *this))
      return error;
  } else if (auto rule = opRules().find(name); rule != opRules().end()) {
    if (auto error = rule->second(&op, *this))
      return error;
  } else if (isa<VjpOp, JvpOp>(op)) {
    return errorAt(&op, "is not evaluated: differentiate first");
  } else {
    return errorAt(&op, "has no evaluation");
  }
  for (OpResult result : op.getResults()) {
    auto shape = shapeOf(result.getType(), &op);
    if (!shape)
      return shape.takeError();
    const HostTensor &tensor = get(result);
    if (tensor.shape() != *shape || tensor.dtype() != storageOf(result.getType()))
      return errorAt(&op, "gave " + tensor.str(0) + ", which is not of its type");
  }
  return llvm::Error::success();
}

llvm::Expected<std::vector<HostTensor>> Evaluation::run(Block &block) {
  for (Operation &op : block.without_terminator())
    if (auto error = runOp(op))
      return error;
  std::vector<HostTensor> results;
  for (Value value : block.getTerminator()->getOperands())
    results.push_back(get(value));
  return results;
}

//===----------------------------------------------------------------------===//
// Places
//===----------------------------------------------------------------------===//

int64_t tenon::countOf(ArrayRef<int64_t> shape) {
  int64_t count = 1;
  for (int64_t extent : shape)
    count *= extent;
  return count;
}

std::optional<int64_t> tenon::placeOf(ArrayRef<int64_t> index, ArrayRef<int64_t> shape) {
  int64_t place = 0;
  for (auto [i, extent] : llvm::zip_equal(index, shape)) {
    if (i < 0 || i >= extent)
      return std::nullopt;
    place = place * extent + i;
  }
  return place;
}

void tenon::forEachIndex(ArrayRef<int64_t> shape, function_ref<bool(ArrayRef<int64_t>)> visit) {
  if (llvm::any_of(shape, [](int64_t extent) { return extent <= 0; }))
    return;
  SmallVector<int64_t> index(shape.size(), 0);
  while (visit(index)) {
    size_t axis = shape.size();
    while (axis > 0 && ++index[axis - 1] == shape[axis - 1])
      index[--axis] = 0;
    if (axis == 0)
      return;
  }
}
