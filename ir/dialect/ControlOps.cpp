//===- ControlOps.cpp - Control flow, derivatives, draws, kernels ---------===//
#include "ir/dialect/Dialect.h"

using namespace mlir;
using namespace tenon;

//===----------------------------------------------------------------------===//
// Scan
//===----------------------------------------------------------------------===//

RankedTensorType ScanOp::sliceType(RankedTensorType tensor, int64_t axis) {
  auto dims = dimsOf(tensor);
  dims.erase(dims.begin() + axis);
  return tensorType(tensor.getContext(), dims, tensor.getElementType());
}
RankedTensorType ScanOp::stackedType(RankedTensorType slice, int64_t axis, const Dim &extent) {
  auto dims = dimsOf(slice);
  dims.insert(dims.begin() + axis, extent);
  return tensorType(slice.getContext(), dims, slice.getElementType());
}

void ScanOp::build(OpBuilder &builder, OperationState &state, ValueRange init, ValueRange inputs,
                   const Dim &extent, ArrayRef<int64_t> inputAxes, ArrayRef<Type> stackedSlices,
                   ArrayRef<int64_t> outputAxes, bool reverse) {
  MLIRContext *context = builder.getContext();
  state.addOperands(init);
  state.addOperands(inputs);
  auto &properties = state.getOrAddProperties<Properties>();
  properties.extent = DimsAttr::get(context, ArrayRef<Dim>(extent));
  properties.inputAxes = builder.getDenseI64ArrayAttr(inputAxes);
  properties.outputAxes = builder.getDenseI64ArrayAttr(outputAxes);
  properties.operandSegmentSizes = {int32_t(init.size()), int32_t(inputs.size())};
  if (reverse)
    properties.reverse = builder.getUnitAttr();
  state.addTypes(init.getTypes());
  for (auto [slice, axis] : llvm::zip(stackedSlices, outputAxes))
    state.addTypes(stackedType(cast<RankedTensorType>(slice), axis, extent));

  OpBuilder::InsertionGuard guard(builder);
  Block *body = builder.createBlock(state.addRegion());
  body->addArgument(RankedTensorType::get({}, builder.getI64Type()), state.location);
  for (Value value : init)
    body->addArgument(value.getType(), value.getLoc());
  for (auto [value, axis] : llvm::zip(inputs, inputAxes))
    body->addArgument(sliceType(cast<RankedTensorType>(value.getType()), axis), value.getLoc());
}

ParseResult ScanOp::parse(OpAsmParser &parser, OperationState &result) {
  auto &builder = parser.getBuilder();
  auto &properties = result.getOrAddProperties<Properties>();
  DimsAttr extent;
  SmallVector<OpAsmParser::UnresolvedOperand> operands, inputs;
  SmallVector<int64_t> inputAxes, outputAxes;
  if (parser.parseKeyword("extent") || parser.parseCustomAttributeWithFallback(extent))
    return failure();
  if (succeeded(parser.parseOptionalKeyword("reverse")))
    properties.reverse = builder.getUnitAttr();
  SMLoc at = parser.getCurrentLocation();
  if (parser.parseKeyword("init") ||
      parser.parseOperandList(operands, OpAsmParser::Delimiter::Paren))
    return failure();
  auto axes = [&](SmallVector<int64_t> &list) {
    return parser.parseKeyword("axes") ||
           parser.parseCommaSeparatedList(AsmParser::Delimiter::Square, [&]() {
             return parser.parseInteger(list.emplace_back());
           });
  };
  if (succeeded(parser.parseOptionalKeyword("over")))
    if (parser.parseOperandList(inputs, OpAsmParser::Delimiter::Paren) || axes(inputAxes))
      return failure();
  if (succeeded(parser.parseOptionalKeyword("stack")))
    if (axes(outputAxes))
      return failure();
  properties.extent = extent;
  properties.inputAxes = builder.getDenseI64ArrayAttr(inputAxes);
  properties.outputAxes = builder.getDenseI64ArrayAttr(outputAxes);
  properties.operandSegmentSizes = {int32_t(operands.size()), int32_t(inputs.size())};
  llvm::append_range(operands, inputs);
  FunctionType type;
  if (parser.parseOptionalAttrDictWithKeyword(result.attributes) ||
      parser.parseRegion(*result.addRegion()) || parser.parseColonType(type) ||
      parser.resolveOperands(operands, type.getInputs(), at, result.operands))
    return failure();
  result.addTypes(type.getResults());
  return success();
}

void ScanOp::print(OpAsmPrinter &p) {
  auto axes = [&](ArrayRef<int64_t> list) {
    p << " axes [";
    llvm::interleaveComma(list, p);
    p << "]";
  };
  p << " extent ";
  p.printStrippedAttrOrType(getExtent());
  if (getReverse())
    p << " reverse";
  p << " init(" << getInit() << ")";
  if (!getInputs().empty()) {
    p << " over(" << getInputs() << ")";
    axes(getInputAxes());
  }
  if (!getOutputAxes().empty()) {
    p << " stack";
    axes(getOutputAxes());
  }
  p.printOptionalAttrDictWithKeyword(
      (*this)->getAttrs(), {"extent", "reverse", "inputAxes", "outputAxes", "operandSegmentSizes"});
  p << " ";
  p.printRegion(getBody());
  p << " : ";
  p.printFunctionalType(*this);
}

LogicalResult ScanOp::verify() {
  if (getExtent().size() != 1)
    return emitOpError("runs along one extent");
  if (getInputAxes().size() != getInputs().size())
    return emitOpError("needs one axis for each tensor it runs over");
  if (getNumResults() != getNumCarried() + getOutputAxes().size())
    return emitOpError("gives the carried values and one result for each stacked axis");
  for (auto [input, axis] : llvm::zip(getInputs(), getInputAxes())) {
    auto type = cast<RankedTensorType>(input.getType());
    if (axis < 0 || axis >= type.getRank() || !(dimsOf(type)[axis] == getExtentDim()))
      return emitOpError("runs ") << getExtentDim().str() << " steps, which is not axis " << axis
                                  << " of " << type;
  }
  return success();
}

//===----------------------------------------------------------------------===//
// If
//===----------------------------------------------------------------------===//

LogicalResult IfOp::verify() {
  for (Region *region : {&getThenRegion(), &getElseRegion()}) {
    auto yield = dyn_cast<YieldOp>(region->front().getTerminator());
    if (!yield || yield.getOperandTypes() != getResultTypes())
      return emitOpError("both regions yield the op's results");
  }
  return success();
}

//===----------------------------------------------------------------------===//
// Derivatives
//===----------------------------------------------------------------------===//

/// (%a) KEYWORD (%b) {...} : (a) , (b) -> (...)
static ParseResult parseDerivative(OpAsmParser &parser, OperationState &result, StringRef keyword,
                                   ArrayRef<int32_t> &sizes, SmallVector<int32_t> &storage) {
  SmallVector<OpAsmParser::UnresolvedOperand> first, second;
  SMLoc at = parser.getCurrentLocation();
  SmallVector<Type> firstTypes, secondTypes, results;
  auto types = [&](SmallVector<Type> &list) {
    return parser.parseCommaSeparatedList(AsmParser::Delimiter::Paren,
                                          [&]() { return parser.parseType(list.emplace_back()); });
  };
  if (parser.parseOperandList(first, OpAsmParser::Delimiter::Paren) ||
      parser.parseKeyword(keyword) ||
      parser.parseOperandList(second, OpAsmParser::Delimiter::Paren) ||
      parser.parseOptionalAttrDictWithKeyword(result.attributes) ||
      parser.parseRegion(*result.addRegion()) || parser.parseColon() || types(firstTypes) ||
      parser.parseComma() || types(secondTypes) || parser.parseArrow() || types(results) ||
      parser.resolveOperands(first, firstTypes, at, result.operands) ||
      parser.resolveOperands(second, secondTypes, at, result.operands))
    return failure();
  result.addTypes(results);
  storage = {int32_t(first.size()), int32_t(second.size())};
  sizes = storage;
  return success();
}

static void printDerivative(OpAsmPrinter &p, Operation *op, ValueRange first, StringRef keyword,
                            ValueRange second) {
  p << " (" << first << ") " << keyword << " (" << second << ")";
  p.printOptionalAttrDictWithKeyword(op->getAttrs(), {"operandSegmentSizes"});
  p << " ";
  p.printRegion(op->getRegion(0));
  p << " : (" << first.getTypes() << "), (" << second.getTypes() << ") -> (" << op->getResultTypes()
    << ")";
}

ParseResult VjpOp::parse(OpAsmParser &parser, OperationState &result) {
  ArrayRef<int32_t> sizes;
  SmallVector<int32_t> storage;
  if (parseDerivative(parser, result, "cotangents", sizes, storage))
    return failure();
  llvm::copy(sizes, result.getOrAddProperties<Properties>().operandSegmentSizes.begin());
  return success();
}
void VjpOp::print(OpAsmPrinter &p) {
  printDerivative(p, *this, getInputs(), "cotangents", getCotangents());
}
ParseResult JvpOp::parse(OpAsmParser &parser, OperationState &result) {
  ArrayRef<int32_t> sizes;
  SmallVector<int32_t> storage;
  if (parseDerivative(parser, result, "tangents", sizes, storage))
    return failure();
  llvm::copy(sizes, result.getOrAddProperties<Properties>().operandSegmentSizes.begin());
  return success();
}
void JvpOp::print(OpAsmPrinter &p) {
  printDerivative(p, *this, getInputs(), "tangents", getTangents());
}

/// Checks the region's arguments against `inputs` and answers its yields.
static FailureOr<OperandRange> derivativeBody(Operation *op, ValueRange inputs) {
  Block &body = op->getRegion(0).front();
  if (body.getArgumentTypes() != inputs.getTypes())
    return op->emitOpError("the region's arguments are the inputs");
  auto yield = dyn_cast<YieldOp>(body.getTerminator());
  if (!yield)
    return op->emitOpError("the region ends in a yield");
  return OperandRange(yield->getOperands());
}

LogicalResult VjpOp::verify() {
  auto yields = derivativeBody(*this, getInputs());
  if (failed(yields))
    return failure();
  if (yields->size() < getCotangents().size())
    return emitOpError("has more cotangents than yields");
  for (auto [cotangent, yield] : llvm::zip(getCotangents(), *yields))
    if (cotangent.getType() != yield.getType())
      return emitOpError("cotangent ") << cotangent.getType() << " for " << yield.getType();
  SmallVector<Type> expected(yields->getTypes());
  llvm::append_range(expected, getInputs().getTypes());
  if (!llvm::equal(expected, getResultTypes()))
    return emitOpError("gives the region's yields, then a cotangent for each input");
  return success();
}

LogicalResult JvpOp::verify() {
  auto yields = derivativeBody(*this, getInputs());
  if (failed(yields))
    return failure();
  if (!llvm::equal(getTangents().getTypes(), getInputs().getTypes()))
    return emitOpError("needs a tangent for each input");
  SmallVector<Type> expected(yields->getTypes());
  for (Type type : yields->getTypes())
    if (isReal(type))
      expected.push_back(type);
  if (!llvm::equal(expected, getResultTypes()))
    return emitOpError("gives the region's yields, then a tangent for each real one");
  return success();
}

LogicalResult CustomGradientOp::verify() {
  auto yields = derivativeBody(*this, getInputs());
  if (failed(yields))
    return failure();
  if (!llvm::equal(yields->getTypes(), getResultTypes()))
    return emitOpError("gives what its body yields");
  SmallVector<Type> arguments(getInputs().getTypes()), cotangents;
  llvm::append_range(arguments, getResultTypes());
  for (Type type : getResultTypes())
    if (isReal(type))
      arguments.push_back(type);
  for (Type type : getInputs().getTypes())
    if (isReal(type))
      cotangents.push_back(type);
  Block &back = getBack().front();
  if (!llvm::equal(arguments, back.getArgumentTypes()))
    return emitOpError("'back' takes the inputs, the results and a cotangent for each real result");
  auto yield = dyn_cast<YieldOp>(back.getTerminator());
  if (!yield || !llvm::equal(cotangents, yield.getOperandTypes()))
    return emitOpError("'back' yields a cotangent for each real input");
  return success();
}

//===----------------------------------------------------------------------===//
// Draws
//===----------------------------------------------------------------------===//

LogicalResult DrawOp::verify() {
  size_t expected = getDistribution() == Distribution::bernoulli ? 1 : 2;
  if (getParameters().size() != expected)
    return emitOpError("takes ") << expected << " parameters, not " << getParameters().size();
  Type element = elementOf(getType());
  for (Value parameter : getParameters())
    if (elementOf(parameter.getType()) != element)
      return emitOpError("draws ") << element << " from parameters of " << parameter.getType();
  if (isa<FloatType>(element) == (getDistribution() == Distribution::integers))
    return emitOpError("draws the wrong kind of number");
  return success();
}

//===----------------------------------------------------------------------===//
// Kernel
//===----------------------------------------------------------------------===//

ParseResult KernelOp::parse(OpAsmParser &parser, OperationState &result) {
  auto &builder = parser.getBuilder();
  StringRef word;
  SMLoc at = parser.getCurrentLocation();
  if (parser.parseKeyword(&word))
    return failure();
  auto kind = symbolizeKernelKind(word);
  if (!kind)
    return parser.emitError(at, "'") << word << "' is not a kind of kernel";
  result.addAttribute("kind", KernelKindAttr::get(builder.getContext(), *kind));
  StringAttr name;
  SmallVector<OpAsmParser::UnresolvedOperand> inputs;
  FunctionType type;
  if (parser.parseAttribute(name, "symName", result.attributes))
    return failure();
  at = parser.getCurrentLocation();
  if (parser.parseOperandList(inputs, OpAsmParser::Delimiter::Paren) ||
      parser.parseOptionalAttrDictWithKeyword(result.attributes) ||
      parser.parseRegion(*result.addRegion()) || parser.parseColonType(type) ||
      parser.resolveOperands(inputs, type.getInputs(), at, result.operands))
    return failure();
  result.addTypes(type.getResults());
  return success();
}

void KernelOp::print(OpAsmPrinter &p) {
  p << " " << stringifyKernelKind(getKind()) << " " << getSymNameAttr() << " (" << getInputs()
    << ")";
  p.printOptionalAttrDictWithKeyword((*this)->getAttrs(), {"kind", "symName"});
  p << " ";
  p.printRegion(getBody());
  p << " : ";
  p.printFunctionalType(*this);
}

LogicalResult KernelOp::verify() {
  Block &body = getBody().front();
  if (body.getArgumentTypes() != getInputs().getTypes())
    return emitOpError("the region's arguments are the operands");
  auto yield = dyn_cast<YieldOp>(body.getTerminator());
  if (!yield || yield.getOperandTypes() != getResultTypes())
    return emitOpError("the region yields the results");
  return success();
}
