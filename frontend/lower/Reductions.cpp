//===- Reductions.cpp - Loops of index notation and what joins their values ===//
#include "frontend/lower/EntryLowering.h"

using namespace mlir;
using namespace tenon;
using namespace tenon::lowering;

/// Opens the loops of a Nest or Reduce, evaluates the region, and closes them.
Node *EntryLowering::evaluateLoops(const check::Op &op, Loops &loops) {
  const auto &attr = op.as<check::LoopsAttr>();
  const check::Region &region = op.regions[0];
  for (auto [extent, index] : llvm::zip(attr.extents, region.arguments)) {
    LoopId loop = extents.size();
    extents.push_back(extent);
    loops.push_back(loop);
    Node *node = make(place(op.range));
    node->kind = Node::Kind::Index;
    node->loops = {loop};
    node->element = elementType(index);
    bind(index, node);
    indices[index] = loop;
  }
  size_t around = open.size();
  llvm::append_range(open, loops);
  lowerRegion(region);
  open.resize(around);
  return node(region.results[0]);
}

void EntryLowering::lowerNest(const check::Op &op) {
  Loops loops;
  Node *element = evaluateLoops(op, loops);
  Loops outer = without(element->loops, loops);
  bind(op.results[0], elementNode(materialise(element, unite(outer, loops)), outer));
}

void EntryLowering::lowerReduce(const check::Op &op) {
  Loops loops;
  Node *element = evaluateLoops(op, loops);
  auto combiner = Combiner(unsigned(op.as<check::LoopsAttr>().combiner));
  if (combiner == Combiner::argmax || combiner == Combiner::argmin)
    requireElements(place(op.range), extents[loops[0]]);
  bind(op.results[0], contract(place(op.range), combiner, element, loops));
}

/// A largest element is there, unless the loops around make no step.
void EntryLowering::requireElements(Location at, const Dim &extent) {
  if ((extent - Dim(1)).isNonNegative())
    return;
  Dim around(1);
  for (LoopId loop : open)
    around = around * extents[loop];
  Type i64 = builder.getI64Type(), boolean = builder.getI1Type();
  Node *one = constantNode(at, i64, 1, 0);
  Node *some =
      mapNode(at, check::MapKind::GreaterEqual, {dimensionNode(at, i64, extent), one}, boolean);
  Node *never = mapNode(at, check::MapKind::Less, {dimensionNode(at, i64, around), one}, boolean);
  require(at, mapNode(at, check::MapKind::Or, {some, never}, boolean), "argmax of nothing");
}

//===----------------------------------------------------------------------===//
// A contraction of a tree of nodes
//===----------------------------------------------------------------------===//

namespace {
/// The operands, maps and body of a contraction whose body is a tree of nodes. Its loops are those
/// of the result, the axes of the root's own, and the reduced ones.
class TreeContraction {
public:
  TreeContraction(Node *root, Loops outer, Loops reduced, MLIRContext *context,
                  llvm::function_ref<Value(Node *)> materialise)
      : root(root), outer(std::move(outer)), reduced(std::move(reduced)), context(context),
        materialise(materialise) {
    collect(root);
  }

  SmallVector<AffineMap> maps(unsigned resultRank) const {
    SmallVector<AffineMap> maps;
    for (const auto &place : places)
      maps.push_back(AffineMap::get(loopCount(), symbols.size(), place, context));
    SmallVector<AffineExpr> result;
    for (unsigned axis = 0; axis < resultRank; ++axis)
      result.push_back(getAffineDimExpr(axis, context));
    // The symbols are the same for all maps of an op.
    maps.push_back(AffineMap::get(loopCount(), symbols.size(), result, context));
    return maps;
  }

  /// The value of `node` in the body, whose arguments are the elements of `inputs`.
  Value emit(OpBuilder &builder, Block &body, Node *node) {
    Value &value = emitted[node];
    if (value)
      return value;
    if (auto input = inputOf.find(node); input != inputOf.end())
      return value = body.getArgument(input->second);
    if (node->isConstant())
      return value = emitConstant(builder, *node);
    SmallVector<Value> operands;
    for (Node *operand : node->operands)
      operands.push_back(emit(builder, body, operand));
    return emitted[node] = createMap(builder, node->location, node->map, operands, node->element);
  }

  SmallVector<Value> inputs;
  SmallVector<Dim> symbols;

private:
  unsigned loopCount() const { return outer.size() + root->own.size() + reduced.size(); }

  unsigned placeOf(LoopId loop) const {
    if (const auto *found = llvm::find(outer, loop); found != outer.end())
      return found - outer.begin();
    return outer.size() + root->own.size() + (llvm::find(reduced, loop) - reduced.begin());
  }

  // A part of the tree that doesn't depend on all loops is computed before, once for each of its
  // own.
  bool isInBody(const Node *node) const {
    return node->kind == Node::Kind::Map && node->loops == root->loops &&
           node->own.size() == root->own.size();
  }

  void collect(Node *node) {
    if (node->isConstant() || inputOf.contains(node))
      return;
    if (isInBody(node)) {
      // A value that is used twice is in the tree once.
      if (!collected.insert(node).second)
        return;
      for (Node *operand : node->operands)
        collect(operand);
    } else if (node->kind == Node::Kind::Element) {
      addInput(node, node->tensor, node->positions);
    } else {
      SmallVector<Position> positions;
      for (LoopId loop : node->loops)
        positions.push_back(Position::loop(loop));
      for (size_t own = 0; own < node->own.size(); ++own)
        positions.push_back(Position::whole(int(own)));
      addInput(node, materialise(node), positions);
    }
  }

  void addInput(Node *node, Value tensor, ArrayRef<Position> positions) {
    SmallVector<AffineExpr> place;
    for (const Position &position : positions) {
      AffineExpr expr = offset(position.offset);
      for (auto [loop, coefficient] : position.terms)
        expr = expr + getAffineDimExpr(placeOf(loop), context) * coefficient;
      if (position.ownAxis >= 0)
        expr = expr + getAffineDimExpr(outer.size() + position.ownAxis, context);
      place.push_back(expr);
    }
    for (auto [i, input] : llvm::enumerate(inputs))
      if (input == tensor && places[i] == place) {
        inputOf[node] = i;
        return;
      }
    inputOf[node] = inputs.size();
    inputs.push_back(tensor);
    places.push_back(std::move(place));
  }

  AffineExpr offset(const Dim &dim) {
    if (auto number = dim.constant())
      return getAffineConstantExpr(*number, context);
    auto *found = llvm::find(symbols, dim);
    unsigned index = found - symbols.begin();
    if (found == symbols.end())
      symbols.push_back(dim);
    return getAffineSymbolExpr(index, context);
  }

  static Value emitConstant(OpBuilder &builder, const Node &node) {
    if (auto dimension = node.tensor.getDefiningOp<DimensionOp>())
      return DimensionOp::create(builder, node.location, node.element, dimension.getDimension());
    auto constant = node.tensor.getDefiningOp<ConstantOp>();
    auto elements = cast<DenseElementsAttr>(constant.getValue());
    return ConstantOp::create(builder, node.location,
                              cast<TypedAttr>(elements.getSplatValue<Attribute>()));
  }

  Node *root;
  Loops outer, reduced;
  MLIRContext *context;
  llvm::function_ref<Value(Node *)> materialise;
  SmallVector<SmallVector<AffineExpr>> places; // of each input
  llvm::DenseMap<Node *, unsigned> inputOf;
  llvm::DenseSet<Node *> collected;
  llvm::DenseMap<Node *, Value> emitted;
};
} // namespace

Node *EntryLowering::contract(Location location, Combiner combiner, Node *root,
                              const Loops &reduced) {
  Loops outer = without(root->loops, reduced);
  TreeContraction tree(root, outer, reduced, context(),
                       [&](Node *node) { return materialise(node); });
  SmallVector<Dim> domain = extentsOf(outer);
  llvm::append_range(domain, root->own);
  bool isArg = combiner == Combiner::argmax || combiner == Combiner::argmin;
  RankedTensorType type =
      tensorType(context(), domain, isArg ? builder.getI32Type() : root->element);
  llvm::append_range(domain, extentsOf(reduced));

  DimsAttr symbols;
  if (!tree.symbols.empty())
    symbols = DimsAttr::get(context(), ArrayRef<Dim>(tree.symbols));
  auto op = ContractOp::create(builder, location, type, tree.inputs, combiner,
                               DimsAttr::get(context(), ArrayRef<Dim>(domain)),
                               builder.getAffineMapArrayAttr(tree.maps(type.getRank())), symbols);
  OpBuilder::InsertionGuard guard(builder);
  Block &body = op.getBody().emplaceBlock();
  for (Value input : tree.inputs)
    body.addArgument(elementOf(input.getType()), input.getLoc());
  builder.setInsertionPointToEnd(&body);
  YieldOp::create(builder, location, ValueRange{tree.emit(builder, body, root)});
  return elementNode(op.getResult(), outer);
}
