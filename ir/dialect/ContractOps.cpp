//===- ContractOps.cpp - Contractions: syntax, verifier, questions --------===//
#include "ir/dialect/Dialect.h"

using namespace mlir;
using namespace tenon;

AffineMap ContractOp::getInputMap(unsigned index) {
  return cast<AffineMapAttr>(getMaps()[index]).getValue();
}
AffineMap ContractOp::getResultMap() {
  return cast<AffineMapAttr>(getMaps()[getMaps().size() - 1]).getValue();
}

SmallVector<unsigned> ContractOp::getReducedLoops() {
  SmallVector<unsigned> loops;
  AffineMap map = getResultMap();
  for (unsigned d = 0; d < map.getNumDims(); ++d)
    if (llvm::none_of(map.getResults(), [&](AffineExpr e) { return e.isFunctionOfDim(d); }))
      loops.push_back(d);
  return loops;
}

bool ContractOp::isSumOfProducts() {
  if (getCombiner() != Combiner::sum)
    return false;
  Block &block = getBody().front();
  // Every argument must be a factor exactly once.
  SmallVector<Value> work{block.getTerminator()->getOperand(0)};
  llvm::DenseSet<Value> factors;
  while (!work.empty()) {
    Value value = work.pop_back_val();
    if (auto argument = dyn_cast<BlockArgument>(value)) {
      if (!factors.insert(argument).second)
        return false;
      continue;
    }
    auto product = value.getDefiningOp<MulOp>();
    if (!product)
      return false;
    work.push_back(product.getLhs());
    work.push_back(product.getRhs());
  }
  return factors.size() == block.getNumArguments();
}

//===----------------------------------------------------------------------===//
// Syntax: contract sum over [m, 64, 128] (%a, %b) maps [...] {...} : (...) -> ...
//===----------------------------------------------------------------------===//

ParseResult ContractOp::parse(OpAsmParser &parser, OperationState &result) {
  auto &builder = parser.getBuilder();
  StringRef combiner;
  SMLoc at = parser.getCurrentLocation();
  if (parser.parseKeyword(&combiner))
    return failure();
  auto kind = symbolizeCombiner(combiner);
  if (!kind)
    return parser.emitError(at, "'") << combiner << "' is not a combiner";
  result.addAttribute("combiner", CombinerAttr::get(builder.getContext(), *kind));
  DimsAttr extents;
  if (parser.parseKeyword("over") || parser.parseCustomAttributeWithFallback(extents))
    return failure();
  result.addAttribute("extents", extents);
  if (succeeded(parser.parseOptionalKeyword("symbols"))) {
    DimsAttr symbols;
    if (parser.parseCustomAttributeWithFallback(symbols))
      return failure();
    result.addAttribute("symbols", symbols);
  }
  SmallVector<OpAsmParser::UnresolvedOperand> inputs;
  ArrayAttr maps;
  SMLoc inputsAt = parser.getCurrentLocation();
  FunctionType type;
  if (parser.parseOperandList(inputs, OpAsmParser::Delimiter::Paren) ||
      parser.parseKeyword("maps") || parser.parseAttribute(maps, "maps", result.attributes) ||
      parser.parseOptionalAttrDictWithKeyword(result.attributes) ||
      parser.parseRegion(*result.addRegion()) || parser.parseColonType(type) ||
      parser.resolveOperands(inputs, type.getInputs(), inputsAt, result.operands))
    return failure();
  result.addTypes(type.getResults());
  return success();
}

void ContractOp::print(OpAsmPrinter &p) {
  p << " " << stringifyCombiner(getCombiner()) << " over ";
  p.printStrippedAttrOrType(getExtents());
  if (auto symbols = getSymbols()) {
    p << " symbols ";
    p.printStrippedAttrOrType(*symbols);
  }
  p << " (" << getInputs() << ") maps " << getMaps();
  p.printOptionalAttrDictWithKeyword((*this)->getAttrs(),
                                     {"combiner", "extents", "symbols", "maps"});
  p << " ";
  p.printRegion(getBody());
  p << " : (" << getInputs().getTypes() << ") -> " << getResult().getType();
}

//===----------------------------------------------------------------------===//
// Verifier
//===----------------------------------------------------------------------===//

LogicalResult ContractOp::verify() {
  size_t loops = getExtents().size();
  size_t symbols = getSymbols() ? getSymbols()->size() : 0;
  if (getMaps().size() != getInputs().size() + 1)
    return emitOpError("needs one map for each operand and one for the result");
  for (auto [i, attribute] : llvm::enumerate(getMaps())) {
    AffineMap map = cast<AffineMapAttr>(attribute).getValue();
    Type type = i < getInputs().size() ? getInputs()[i].getType() : getResult().getType();
    if (map.getNumDims() != loops || map.getNumSymbols() != symbols)
      return emitOpError("map ") << i << " has " << map.getNumDims() << " loops and "
                                 << map.getNumSymbols() << " symbols for " << loops << " and "
                                 << symbols;
    if (map.getNumResults() != cast<RankedTensorType>(type).getRank())
      return emitOpError("map ") << i << " gives " << map.getNumResults() << " places for " << type;
    // A place that is one loop alone has that loop's extent at least.
    auto dims = dimsOf(cast<RankedTensorType>(type));
    auto extents = getExtentDims();
    for (auto [axis, expr] : llvm::enumerate(map.getResults())) {
      auto loop = dyn_cast<AffineDimExpr>(expr);
      if (!loop)
        continue;
      Dim spare = dims[axis] - extents[loop.getPosition()];
      if ((-spare - Dim(1)).isNonNegative())
        return emitOpError("loop ")
               << loop.getPosition() << " of extent " << extents[loop.getPosition()].str()
               << " leaves axis " << axis << " of " << type;
    }
  }
  bool isArg = getCombiner() == Combiner::argmax || getCombiner() == Combiner::argmin;
  if (isArg && getReducedLoops().size() != 1)
    return emitOpError("argmax and argmin reduce one loop");
  llvm::SmallDenseSet<AffineExpr> places;
  bool isOnePlaceEach = llvm::all_of(getResultMap().getResults(), [&](AffineExpr expr) {
    return isa<AffineDimExpr>(expr) && places.insert(expr).second;
  });
  if (getCombiner() == Combiner::prod && !isOnePlaceEach)
    return emitOpError("a product goes to a place of its own for each value of its other loops");
  return success();
}

LogicalResult ContractOp::verifyRegions() {
  Block &block = getBody().front();
  if (block.getNumArguments() != getInputs().size())
    return emitOpError("the body takes one element of each operand");
  for (auto [argument, input] : llvm::zip(block.getArguments(), getInputs()))
    if (argument.getType() != elementOf(input.getType()))
      return emitOpError("the body takes ") << argument.getType() << " from " << input.getType();
  auto yield = dyn_cast<YieldOp>(block.getTerminator());
  if (!yield || yield.getNumOperands() != 1)
    return emitOpError("the body yields one element");
  Type element = yield.getOperand(0).getType();
  Type result = elementOf(getResult().getType());
  Combiner c = getCombiner();
  bool isArg = c == Combiner::argmax || c == Combiner::argmin;
  bool isTruth = c == Combiner::any || c == Combiner::all;
  if (isArg ? !result.isInteger(32) : element != result)
    return emitOpError("the body yields ") << element << " for a result of " << result;
  if (isTruth && !result.isInteger(1))
    return emitOpError("any and all combine truth values");
  if (c == Combiner::logsumexp && !isa<FloatType>(result))
    return emitOpError("logsumexp combines real numbers");
  return success();
}
