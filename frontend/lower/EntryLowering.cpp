//===- EntryLowering.cpp - Entries, maps, movement, draws, checks ---------===//
#include "frontend/lower/EntryLowering.h"

#include "frontend/diagnostics/Source.h"
#include "frontend/lower/Lower.h"

#include "llvm/Support/xxhash.h"

using namespace mlir;
using namespace tenon;
using namespace tenon::lowering;
using check::DType;
using check::OpKind;
using check::Role;

static StringRef roleText(Role role) {
  switch (role) {
  case Role::Parameter:
    return "parameter";
  case Role::State:
    return "state";
  case Role::Optimizer:
    return "optimizer";
  case Role::Metric:
    return "metric";
  case Role::Field:
    return "field";
  case Role::Seed:
    return "seed";
  case Role::Step:
    return "step";
  case Role::Steps:
    return "steps";
  case Role::Input:
    return "input";
  case Role::Loss:
    return "loss";
  case Role::MetricValue:
    return "metric_value";
  case Role::Result:
    return "result";
  }
  llvm_unreachable("all roles are named");
}

//===----------------------------------------------------------------------===//
// The function
//===----------------------------------------------------------------------===//

func::FuncOp EntryLowering::lower() {
  SmallVector<Type> arguments, results;
  for (const check::Argument &argument : entry.arguments)
    arguments.push_back(tensorTypeOf(entry.type(argument.value)));
  for (const check::Result &result : entry.results)
    results.push_back(tensorTypeOf(entry.type(result.value)));
  auto function = func::FuncOp::create(builder, place(entry.range), entry.name,
                                       builder.getFunctionType(arguments, results));

  SmallVector<StringRef> symbols(entry.symbols.begin(), entry.symbols.end());
  function->setAttr("tenon.symbols", builder.getStrArrayAttr(symbols));
  for (auto [i, argument] : llvm::enumerate(entry.arguments)) {
    function.setArgAttr(i, "tenon.name", builder.getStringAttr(argument.name));
    function.setArgAttr(i, "tenon.role", builder.getStringAttr(roleText(argument.role)));
  }
  for (auto [i, result] : llvm::enumerate(entry.results)) {
    function.setResultAttr(i, "tenon.name", builder.getStringAttr(result.name));
    function.setResultAttr(i, "tenon.role", builder.getStringAttr(roleText(result.role)));
    if (result.alias)
      function.setResultAttr(i, "tenon.alias", builder.getI64IntegerAttr(*result.alias));
  }

  OpBuilder::InsertionGuard guard(builder);
  Block *body = function.addEntryBlock();
  builder.setInsertionPointToEnd(body);
  for (auto [argument, value] : llvm::zip(entry.arguments, body->getArguments())) {
    value.setLoc(place(argument.range));
    bind(argument.value, elementNode(value));
    if (argument.role == Role::Seed)
      seed = value;
    if (argument.role == Role::Step)
      step = value;
  }
  lowerRegion(entry.body);
  SmallVector<Value> values = materialiseAll(entry.body.results, {});
  checkLoss(values);
  func::ReturnOp::create(builder, place(entry.range), values);
  return function;
}

// Parameters are written only where all checks hold, so a step whose loss isn't finite changes
// nothing and can be repeated to find out why.
void EntryLowering::checkLoss(ArrayRef<Value> results) {
  for (auto [result, value] : llvm::zip(entry.results, results))
    if (result.role == Role::Loss) {
      auto type = cast<RankedTensorType>(value.getType());
      Value finite = IsFiniteOp::create(builder, value.getLoc(),
                                        withElement(type, builder.getI1Type()), value);
      CheckOp::create(builder, value.getLoc(), finite, "the loss is not finite");
    }
}

void EntryLowering::lowerRegion(const check::Region &region) {
  for (const check::Op &op : region.ops)
    lowerOp(op);
}

void EntryLowering::lowerOp(const check::Op &op) {
  switch (op.kind) {
  case OpKind::Map:
    return lowerMap(op);
  case OpKind::Constant:
  case OpKind::Dimension:
  case OpKind::Iota:
    return lowerConstant(op);
  case OpKind::Broadcast:
  case OpKind::Reshape:
  case OpKind::Transpose:
  case OpKind::Slice:
  case OpKind::Concat:
  case OpKind::Argsort:
    return lowerMovement(op);
  case OpKind::Read:
    return lowerRead(op);
  case OpKind::Nest:
    return lowerNest(op);
  case OpKind::Reduce:
    return lowerReduce(op);
  case OpKind::If:
    return lowerIf(op);
  case OpKind::Scan:
    return lowerScan(op);
  case OpKind::Loop:
    return lowerLoop(op);
  case OpKind::Vjp:
    return lowerVjp(op);
  case OpKind::Jvp:
    return lowerJvp(op);
  case OpKind::CustomGradient:
    return lowerCustomGradient(op);
  case OpKind::Draw:
    return lowerDraw(op);
  case OpKind::Check:
    return lowerCheck(op);
  }
}

//===----------------------------------------------------------------------===//
// Single ops
//===----------------------------------------------------------------------===//

void EntryLowering::lowerMap(const check::Op &op) {
  SmallVector<Node *> operands;
  for (check::ValueId id : op.operands)
    operands.push_back(node(id));
  Node *result = mapNode(place(op.range), op.map, operands, elementType(op.results[0]));
  if (open.empty())
    result = elementNode(materialise(result));
  bind(op.results[0], result);
}

void EntryLowering::lowerConstant(const check::Op &op) {
  Location at = place(op.range);
  check::ValueId result = op.results[0];
  if (op.kind == OpKind::Iota) {
    auto type = tensorTypeOf(entry.type(result));
    bind(result, elementNode(IotaOp::create(builder, at, type, op.as<check::AxisAttr>().axis)));
  } else if (op.kind == OpKind::Dimension) {
    bind(result, dimensionNode(at, elementType(result), op.as<check::DimAttr>().dim));
  } else {
    const auto &value = op.as<check::ConstantAttr>();
    bind(result, constantNode(at, elementType(result), value.integer, value.real));
  }
}

/// `axes` moved behind the loops' axes; with `keep`, the loops' axes stay in front.
static SmallVector<int64_t> behind(const Loops &loops, ArrayRef<int64_t> axes, bool keep) {
  SmallVector<int64_t> moved;
  if (keep)
    llvm::append_range(moved, llvm::seq<int64_t>(0, loops.size()));
  for (int64_t axis : axes)
    moved.push_back(axis + int64_t(loops.size()));
  return moved;
}

void EntryLowering::lowerMovement(const check::Op &op) {
  Location at = place(op.range);
  Loops loops;
  for (check::ValueId id : op.operands)
    loops = unite(loops, node(id)->loops);
  SmallVector<Value> operands = materialiseAll(op.operands, loops);
  RankedTensorType type = tensorTypeOf(entry.type(op.results[0]), loops);
  Value result;
  switch (op.kind) {
  case OpKind::Broadcast:
    result = BroadcastOp::create(builder, at, type, operands[0],
                                 behind(loops, op.as<check::AxesAttr>().axes, true));
    break;
  case OpKind::Reshape:
    result = ReshapeOp::create(builder, at, type, operands[0]);
    break;
  case OpKind::Transpose:
    result = TransposeOp::create(builder, at, type, operands[0],
                                 behind(loops, op.as<check::AxesAttr>().axes, true));
    break;
  case OpKind::Slice: {
    const auto &slice = op.as<check::SliceAttr>();
    SmallVector<Dim> offsets(loops.size());
    SmallVector<int64_t> strides(loops.size(), 1);
    llvm::append_range(offsets, slice.offsets);
    llvm::append_range(strides, slice.strides);
    result = SliceOp::create(builder, at, type, operands[0],
                             DimsAttr::get(context(), ArrayRef<Dim>(offsets)), strides);
    break;
  }
  case OpKind::Concat:
    result = ConcatOp::create(builder, at, type, operands,
                              op.as<check::AxisAttr>().axis + int64_t(loops.size()));
    break;
  case OpKind::Argsort:
    result = ArgsortOp::create(builder, at, type, operands[0], op.as<check::SortAttr>().descending);
    break;
  default:
    llvm_unreachable("not a movement");
  }
  bind(op.results[0], elementNode(result, loops));
}

int64_t tenon::drawStream(StringRef name) { return int64_t(llvm::xxh3_64bits(name)); }

void EntryLowering::lowerDraw(const check::Op &op) {
  const auto &draw = op.as<check::DrawAttr>();
  SmallVector<Value> parameters = materialiseAll(op.operands, {});
  SmallVector<Value> iterations;
  for (check::ValueId id : draw.iterations)
    iterations.push_back(materialise(node(id)));
  assert(seed && step && "an entry with a draw has a seed and a step");
  bind(op.results[0],
       elementNode(DrawOp::create(builder, place(op.range), tensorTypeOf(entry.type(op.results[0])),
                                  Distribution(unsigned(draw.distribution)), parameters, seed, step,
                                  uint64_t(drawStream(draw.stream)), iterations)));
}

void EntryLowering::lowerCheck(const check::Op &op) {
  require(place(op.range), node(op.operands[0]), op.as<check::CheckAttr>().message);
}

void EntryLowering::require(Location at, Node *condition, StringRef message) {
  if (mask) {
    Node *elsewhere = mapNode(at, check::MapKind::Not, {mask}, builder.getI1Type());
    condition = mapNode(at, check::MapKind::Or, {spread(elsewhere, condition->own), condition},
                        builder.getI1Type());
  }
  CheckOp::create(builder, at, materialise(condition), message);
}

//===----------------------------------------------------------------------===//
// Nodes, types, places
//===----------------------------------------------------------------------===//

Node *EntryLowering::node(check::ValueId id) const {
  Node *node = values.lookup(id);
  assert(node && "a value is used before it is made");
  return node;
}

Node *EntryLowering::elementNode(Value tensor, const Loops &loops) {
  Node *node = make(tensor.getLoc());
  node->tensor = node->materialised = tensor;
  node->loops = loops;
  auto type = cast<RankedTensorType>(tensor.getType());
  node->element = type.getElementType();
  SmallVector<Dim> dims = dimsOf(type);
  for (LoopId loop : loops)
    node->positions.push_back(Position::loop(loop));
  for (size_t axis = loops.size(); axis < dims.size(); ++axis) {
    node->positions.push_back(Position::whole(int(axis - loops.size())));
    node->own.push_back(dims[axis]);
  }
  return node;
}

Node *EntryLowering::mapNode(Location location, check::MapKind map, ArrayRef<Node *> operands,
                             Type element) {
  Node *node = make(location);
  node->kind = Node::Kind::Map;
  node->map = map;
  node->operands.assign(operands.begin(), operands.end());
  node->element = element;
  node->own = operands[0]->own;
  for (Node *operand : operands)
    node->loops = unite(node->loops, operand->loops);
  return node;
}

Node *EntryLowering::constantNode(Location location, Type element, int64_t integer, double real) {
  auto type = RankedTensorType::get({}, element);
  return elementNode(ConstantOp::create(builder, location, constantAttr(type, integer, real)));
}

Node *EntryLowering::dimensionNode(Location location, Type element, const Dim &dim) {
  if (auto number = dim.constant())
    return constantNode(location, element, *number, double(*number));
  return elementNode(DimensionOp::create(builder, location, RankedTensorType::get({}, element),
                                         DimsAttr::get(context(), ArrayRef<Dim>(dim))));
}

TypedAttr lowering::constantAttr(Type type, int64_t integer, double real) {
  Type element = elementOf(type);
  Attribute scalar;
  if (isReal(element))
    scalar = FloatAttr::get(element, real);
  else
    scalar = IntegerAttr::get(element, APInt(element.getIntOrFloatBitWidth(), uint64_t(integer),
                                             /*isSigned=*/false, /*implicitTrunc=*/true));
  if (auto tensor = dyn_cast<RankedTensorType>(type))
    return DenseElementsAttr::get(tensor, scalar);
  return cast<TypedAttr>(scalar);
}

Location EntryLowering::place(const SourceRange &range) const {
  if (!range.isValid())
    return UnknownLoc::get(context());
  LineColumn start = sources.start(range);
  return FileLineColLoc::get(context(), sources.path(range.file), start.line, start.column);
}

Type EntryLowering::elementType(DType dtype) const {
  switch (dtype) {
  case DType::Bool:
    return builder.getI1Type();
  case DType::I8:
    return builder.getI8Type();
  case DType::U8:
    return builder.getIntegerType(8, /*isSigned=*/false);
  case DType::I32:
    return builder.getI32Type();
  case DType::I64:
    return builder.getI64Type();
  case DType::F16:
    return builder.getF16Type();
  case DType::BF16:
    return builder.getBF16Type();
  case DType::F32:
    return builder.getF32Type();
  case DType::F64:
    return builder.getF64Type();
  }
  llvm_unreachable("all dtypes have a type");
}

SmallVector<Dim> EntryLowering::extentsOf(const Loops &loops) const {
  SmallVector<Dim> dims;
  for (LoopId loop : loops)
    dims.push_back(extents[loop]);
  return dims;
}

RankedTensorType EntryLowering::tensorTypeOf(const check::TensorType &type,
                                             const Loops &loops) const {
  SmallVector<Dim> dims = extentsOf(loops);
  llvm::append_range(dims, type.dims);
  return tensorType(context(), dims, elementType(type.dtype));
}
