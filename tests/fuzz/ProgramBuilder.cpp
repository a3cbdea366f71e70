//===- ProgramBuilder.cpp - Values, scopes and the choice of steps --------===//
#include "tests/fuzz/ProgramBuilder.h"

#include "ir/eval/Interpreter.h"

#include "mlir/IR/Verifier.h"

#include <limits>

using namespace mlir;
using namespace tenon;
using namespace tenon::fuzz;

ProgramBuilder::ProgramBuilder(MLIRContext &context, uint64_t seed, const ProgramOptions &options)
    : context(context), options(options), rng(splitmix64(seed)), seed(seed), builder(&context) {
  module = ModuleOp::create(builder.getUnknownLoc());
  builder.setInsertionPointToEnd(module->getBody());
  function = func::FuncOp::create(builder, builder.getUnknownLoc(), "fuzzed",
                                  builder.getFunctionType({}, {}));
  entry = function.addEntryBlock();
  builder.setInsertionPointToEnd(entry);
}

//===----------------------------------------------------------------------===//
// Types
//===----------------------------------------------------------------------===//

Type ProgramBuilder::element(tenon_dtype dtype) { return elementType(&context, dtype); }
RankedTensorType ProgramBuilder::tensor(ArrayRef<Dim> dims, tenon_dtype dtype) {
  return tensorType(&context, dims, element(dtype));
}
tenon_dtype ProgramBuilder::dtype(Value value) { return dtypeOf(value.getType()); }

int64_t ProgramBuilder::extent(const Dim &dim) const {
  return *dim.evaluate([&](const std::string &name) -> std::optional<int64_t> {
    return symbols.find(name)->second;
  });
}
int64_t ProgramBuilder::count(ArrayRef<Dim> dims) const {
  int64_t product = 1;
  for (const Dim &dim : dims)
    product *= extent(dim);
  return product;
}

/// A few extents that shapes are made of, so that they often agree. Named ones are the extent of an
/// argument, which tells their value.
void ProgramBuilder::chooseExtents() {
  static constexpr int64_t fixed[] = {1, 2, 3, 4, 5, 8, 16, 17, 33};
  static constexpr int64_t values[] = {0, 1, 2, 3, 5, 7, 16, 19};
  int64_t number = rng.between(2, 4);
  for (int64_t i = 0; i < number; ++i)
    extents.push_back(Dim(rng.chance(4) ? 0 : rng.oneOf(fixed, std::size(fixed))));
  for (const char *name : {"n", "m"}) {
    if (!rng.chance(35))
      continue;
    symbols[name] = rng.oneOf(values, std::size(values));
    extents.push_back(Dim::symbol(name));
    argument({extents.back()}, mainReal);
  }
}

ProgramBuilder::Dims ProgramBuilder::randomDims(int maxRank) {
  Dims dims;
  int64_t rank = rng.between(rng.chance(85) ? 1 : 0, maxRank);
  for (int64_t i = 0; i < rank; ++i) {
    dims.push_back(rng.oneOf(extents));
    if (count(dims) > 2048)
      dims.pop_back();
  }
  return dims;
}

tenon_dtype ProgramBuilder::randomDtype() {
  static constexpr tenon_dtype integers[] = {TENON_I32, TENON_I32, TENON_I64, TENON_I8, TENON_U8};
  if (rng.chance(72))
    return mainReal;
  return rng.chance(25) ? TENON_BOOL : rng.oneOf(integers, std::size(integers));
}

//===----------------------------------------------------------------------===//
// Values
//===----------------------------------------------------------------------===//

Value ProgramBuilder::pick(Test test) {
  SmallVector<Value> fitting;
  for (Value value : scope)
    if (test(value))
      fitting.push_back(value);
  if (fitting.empty())
    return {};
  // Half of the time one of the last three: programs of some depth.
  if (rng.chance(50) && fitting.size() > 3)
    return fitting[fitting.size() - 1 - size_t(rng.below(3))];
  return rng.oneOf(fitting);
}

Value ProgramBuilder::valueOf(ArrayRef<Dim> dims, tenon_dtype dtype) {
  RankedTensorType type = tensor(dims, dtype);
  if (rng.chance(80))
    if (Value value = pick([&](Value v) { return v.getType() == type && isUsable(v); }))
      return value;
  return argument(dims, dtype);
}

/// Numbers for an argument: multiples of 1/4 up to 4, small integers, sometimes any integer.
static HostTensor randomTensor(Rng &rng, tenon_dtype dtype, std::vector<int64_t> shape,
                               bool withSpecials, bool isWide) {
  static constexpr double specials[] = {std::numeric_limits<double>::quiet_NaN(),
                                        std::numeric_limits<double>::infinity(),
                                        -std::numeric_limits<double>::infinity(), -0.0};
  HostTensor tensor(dtype, std::move(shape));
  for (int64_t i = 0; i < tensor.size(); ++i) {
    if (!isRealDtype(dtype))
      tensor.set(i, Number::ofInteger(isWide ? int64_t(rng.bits()) : rng.between(-8, 8)));
    else if (withSpecials && rng.chance(15))
      tensor.set(i, Number::ofReal(rng.oneOf(specials, std::size(specials))));
    else
      tensor.set(i, Number::ofReal(double(rng.between(-16, 16)) / 4));
  }
  return tensor;
}

Value ProgramBuilder::argument(ArrayRef<Dim> dims, tenon_dtype dtype) {
  std::vector<int64_t> shape;
  for (const Dim &dim : dims)
    shape.push_back(extent(dim));
  bool isReal = isRealDtype(dtype), isWide = !isReal && rng.chance(10);
  inputs.push_back(randomTensor(rng, dtype, shape, hasSpecials, isWide));
  Value value = entry->addArgument(tensor(dims, dtype), builder.getUnknownLoc());
  double bound = isReal ? 4 : dtype == TENON_BOOL ? 1 : dtype == TENON_U8 ? 255 : 8;
  return enter(value, {isWide ? 0x1p63 : bound, 0, !(isReal && hasSpecials), isReal});
}

Value ProgramBuilder::constant(ArrayRef<Dim> dims, tenon_dtype dtype, double number) {
  Type type = element(dtype);
  TypedAttr attribute;
  if (isRealDtype(dtype))
    attribute = builder.getFloatAttr(type, number);
  else
    attribute =
        IntegerAttr::get(type, APInt(type.getIntOrFloatBitWidth(), uint64_t(int64_t(number)),
                                     /*isSigned=*/false, /*implicitTrunc=*/true));
  Value scalar = create<ConstantOp>(cast<TypedAttr>(DenseElementsAttr::get(
      RankedTensorType::get({}, type), ArrayRef<Attribute>(Attribute(attribute)))));
  double bound = std::abs(number);
  facts[scalar] = {bound, 0, true, isRealDtype(dtype) && bound * 4 == std::floor(bound * 4)};
  if (dims.empty())
    return scalar;
  Value value = create<BroadcastOp>(tensor(dims, dtype), scalar, ArrayRef<int64_t>());
  facts[value] = factsOf(scalar);
  return value;
}

/// The bound of integers that may have wrapped.
static double largestInteger(tenon_dtype dtype, double bound) {
  switch (dtype) {
  case TENON_BOOL:
    return 1;
  case TENON_U8:
    return 255;
  case TENON_I8:
    return bound < 128 ? bound : 128;
  case TENON_I32:
    return bound < 0x1p31 ? bound : 0x1p31;
  default:
    return bound < 0x1p63 ? bound : 0x1p63;
  }
}

Value ProgramBuilder::enter(Value value, Facts known) {
  tenon_dtype type = dtype(value);
  if (!isRealDtype(type))
    known = {largestInteger(type, known.bound), 0, true, false};
  facts[value] = known;
  bool isBlurred = known.error > 0.02 * std::max(known.bound, 1.0);
  bool isLarge = isRealDtype(type) && known.bound > largestUsed(type);
  if (!isBlurred && !isLarge && count(dimsOf(typeOf(value))) <= 20000)
    scope.push_back(value);
  return value;
}

//===----------------------------------------------------------------------===//
// The program
//===----------------------------------------------------------------------===//

void ProgramBuilder::step() {
  struct Choice {
    int weight;
    void (ProgramBuilder::*add)();
  };
  static constexpr Choice choices[] = {
      {16, &ProgramBuilder::addBinary},   {4, &ProgramBuilder::addQuotient},
      {12, &ProgramBuilder::addUnary},    {3, &ProgramBuilder::addWhole},
      {8, &ProgramBuilder::addLogic},     {4, &ProgramBuilder::addConvert},
      {6, &ProgramBuilder::addBroadcast}, {4, &ProgramBuilder::addReshape},
      {4, &ProgramBuilder::addTranspose}, {4, &ProgramBuilder::addSlice},
      {4, &ProgramBuilder::addPad},       {3, &ProgramBuilder::addConcat},
      {3, &ProgramBuilder::addSource},    {4, &ProgramBuilder::addGather},
      {3, &ProgramBuilder::addScatter},   {3, &ProgramBuilder::addArgsort},
      {16, &ProgramBuilder::addContract}, {5, &ProgramBuilder::addScan},
      {4, &ProgramBuilder::addLoop},      {4, &ProgramBuilder::addIf},
      {4, &ProgramBuilder::addDraw},      {1, &ProgramBuilder::addCheck},
  };
  int total = 0;
  for (const Choice &choice : choices)
    total += choice.weight;
  int64_t at = rng.below(total);
  for (const Choice &choice : choices)
    if ((at -= choice.weight) < 0)
      return (this->*choice.add)();
}

RandomProgram ProgramBuilder::build() {
  static constexpr tenon_dtype reals[] = {TENON_F32, TENON_F32, TENON_F32, TENON_F32,
                                          TENON_F64, TENON_F16, TENON_BF16};
  mainReal = rng.oneOf(reals, std::size(reals));
  hasSpecials = rng.chance(8);
  chooseExtents();
  for (int64_t i = rng.between(1, 3); i > 0; --i)
    argument(randomDims(3), randomDtype());
  for (int i = 0; i < options.ops; ++i)
    step();
  return finish();
}

/// Returns some of the values, the last one among them; some results may overwrite an argument.
RandomProgram ProgramBuilder::finish() {
  Rng choices(splitmix64(seed ^ 0x5eed));
  SmallVector<Value> results{scope.back()};
  for (int64_t i = choices.between(0, 3); i > 0; --i)
    results.push_back(choices.oneOf(scope));
  func::ReturnOp::create(builder, builder.getUnknownLoc(), results);
  function.setFunctionType(
      builder.getFunctionType(entry->getArgumentTypes(), ValueRange(results).getTypes()));
  SmallVector<Attribute> names;
  for (auto &symbol : symbols)
    names.push_back(builder.getStringAttr(symbol.getKey()));
  llvm::sort(names, [](Attribute a, Attribute b) {
    return cast<StringAttr>(a).getValue() < cast<StringAttr>(b).getValue();
  });
  function->setAttr("tenon.symbols", builder.getArrayAttr(names));
  for (unsigned i = 0; i < entry->getNumArguments(); ++i) {
    function.setArgAttr(i, "tenon.name", builder.getStringAttr("a" + std::to_string(i)));
    function.setArgAttr(i, "tenon.role", builder.getStringAttr("input"));
  }

  RandomProgram program;
  llvm::SmallDenseSet<unsigned> donated;
  for (auto [i, result] : llvm::enumerate(results)) {
    function.setResultAttr(i, "tenon.name", builder.getStringAttr("r" + std::to_string(i)));
    function.setResultAttr(i, "tenon.role", builder.getStringAttr("result"));
    program.errors.push_back(factsOf(result).error);
    if (!choices.chance(25))
      continue;
    for (BlockArgument argument : entry->getArguments())
      if (argument.getType() == result.getType() &&
          donated.insert(argument.getArgNumber()).second) {
        function.setResultAttr(i, "tenon.alias",
                               builder.getI64IntegerAttr(argument.getArgNumber()));
        break;
      }
  }
  program.module = std::move(module);
  program.inputs = std::move(inputs);
  return program;
}

RandomProgram tenon::fuzz::makeProgram(MLIRContext &context, uint64_t seed,
                                       const ProgramOptions &options) {
  return ProgramBuilder(context, seed, options).build();
}
