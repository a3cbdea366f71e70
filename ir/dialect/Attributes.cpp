//===- Attributes.cpp - Extents as attributes and in types ----------------===//
#include "ir/dialect/Dialect.h"

#include "mlir/IR/DialectImplementation.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using namespace tenon;

#define GET_ATTRDEF_CLASSES
#include "ir/dialect/TenonAttributes.cpp.inc"

void TenonDialect::registerAttributes() {
  addAttributes<
#define GET_ATTRDEF_LIST
#include "ir/dialect/TenonAttributes.cpp.inc"
      >();
}

//===----------------------------------------------------------------------===//
// Extents of types
//===----------------------------------------------------------------------===//

bool tenon::hasExtents(Type type) {
  auto tensor = dyn_cast<RankedTensorType>(type);
  if (!tensor)
    return false;
  return tensor.getEncoding() ? isa<DimsAttr>(tensor.getEncoding()) : tensor.hasStaticShape();
}

SmallVector<Dim> tenon::dimsOf(RankedTensorType type) {
  if (auto dims = dyn_cast_or_null<DimsAttr>(type.getEncoding()))
    return dims.getDims();
  SmallVector<Dim> result;
  for (int64_t extent : type.getShape())
    result.push_back(Dim(extent));
  return result;
}

RankedTensorType tenon::tensorType(MLIRContext *context, ArrayRef<Dim> dims, Type element) {
  SmallVector<int64_t> shape;
  bool isStatic = true;
  for (const Dim &dim : dims) {
    auto constant = dim.constant();
    isStatic &= constant.has_value();
    shape.push_back(constant.value_or(ShapedType::kDynamic));
  }
  return RankedTensorType::get(shape, element,
                               isStatic ? Attribute() : Attribute(DimsAttr::get(context, dims)));
}

RankedTensorType tenon::withElement(RankedTensorType type, Type element) {
  return RankedTensorType::get(type.getShape(), element, type.getEncoding());
}

Type tenon::elementOf(Type type) {
  auto tensor = dyn_cast<RankedTensorType>(type);
  return tensor ? tensor.getElementType() : type;
}

bool tenon::isReal(Type type) { return isa<FloatType>(elementOf(type)); }

Dim tenon::elementsOf(RankedTensorType type) {
  Dim count(1);
  for (const Dim &dim : dimsOf(type))
    count = count * dim;
  return count;
}

//===----------------------------------------------------------------------===//
// DimsAttr
//===----------------------------------------------------------------------===//

DimsAttr DimsAttr::get(MLIRContext *context, ArrayRef<Dim> dims) {
  SmallVector<StringAttr> entries;
  for (const Dim &dim : dims)
    entries.push_back(StringAttr::get(context, dim.str()));
  return get(context, ArrayRef<StringAttr>(entries));
}

SmallVector<Dim> DimsAttr::getDims() const {
  SmallVector<Dim> dims;
  for (StringAttr entry : getEntries())
    dims.push_back(*Dim::parse(entry.getValue()));
  return dims;
}

void DimsAttr::print(AsmPrinter &printer) const {
  printer << "<";
  llvm::interleaveComma(getEntries(), printer.getStream(),
                        [&](StringAttr entry) { printer << entry.getValue(); });
  printer << ">";
}

namespace {
/// Collects the tokens of one expression as the text that `Dim::parse` reads.
class ExpressionReader {
public:
  explicit ExpressionReader(AsmParser &parser) : parser(parser) {}

  ParseResult sum() {
    if (succeeded(parser.parseOptionalMinus()))
      text += "-";
    if (quotient())
      return failure();
    while (true) {
      if (succeeded(parser.parseOptionalPlus()))
        text += " + ";
      else if (succeeded(parser.parseOptionalMinus()))
        text += " - ";
      else
        return success();
      if (quotient())
        return failure();
    }
  }
  std::string text;

private:
  ParseResult quotient() {
    if (product())
      return failure();
    while (succeeded(parser.parseOptionalKeyword("floordiv"))) {
      text += " floordiv ";
      if (product())
        return failure();
    }
    return success();
  }
  ParseResult product() {
    if (primary())
      return failure();
    while (succeeded(parser.parseOptionalStar())) {
      text += "*";
      if (primary())
        return failure();
    }
    return success();
  }
  ParseResult primary() {
    int64_t number;
    if (auto parsed = parser.parseOptionalInteger(number); parsed.has_value()) {
      text += std::to_string(number);
      return *parsed;
    }
    if (succeeded(parser.parseOptionalLParen())) {
      text += "(";
      if (sum() || parser.parseRParen())
        return failure();
      text += ")";
      return success();
    }
    std::string word;
    if (parser.parseKeywordOrString(&word))
      return failure();
    text += word;
    if ((word == "max" || word == "min") && succeeded(parser.parseOptionalLParen())) {
      text += "(";
      if (sum() || parser.parseComma())
        return failure();
      text += ", ";
      if (sum() || parser.parseRParen())
        return failure();
      text += ")";
    }
    return success();
  }
  AsmParser &parser;
};
} // namespace

Attribute DimsAttr::parse(AsmParser &parser, Type) {
  SmallVector<Dim> dims;
  auto one = [&]() -> ParseResult {
    ExpressionReader reader(parser);
    SMLoc at = parser.getCurrentLocation();
    if (reader.sum())
      return failure();
    auto dim = Dim::parse(reader.text);
    if (!dim || !dim->isValid())
      return parser.emitError(at, "'") << reader.text << "' is not an extent";
    dims.push_back(*dim);
    return success();
  };
  if (parser.parseCommaSeparatedList(AsmParser::Delimiter::LessGreater, one))
    return {};
  return get(parser.getContext(), dims);
}

LogicalResult DimsAttr::verifyEncoding(ArrayRef<int64_t> shape, Type,
                                       function_ref<InFlightDiagnostic()> emitError) const {
  auto dims = getDims();
  if (dims.size() != shape.size())
    return emitError() << "the encoding has " << dims.size() << " extents for a tensor of rank "
                       << shape.size();
  bool isStatic = true;
  for (auto [dim, extent] : llvm::zip(dims, shape)) {
    if (dim.constant().value_or(ShapedType::kDynamic) != extent)
      return emitError() << "the encoding says " << dim.str() << " where the shape says "
                         << (ShapedType::isDynamic(extent) ? "?" : std::to_string(extent));
    isStatic &= !ShapedType::isDynamic(extent);
  }
  if (isStatic)
    return emitError() << "a tensor of fixed extents carries no encoding";
  return success();
}
