//===- LoopStatements.cpp - loop ... while --------------------------------===//
//
//   loop x = a while c(x) { f(x) }  =  loop (go, x) = (c(a), a) while go { y = f(x); (c(y), y) }
//
// so that a condition is computed with the step before it. Once the steps are used up it isn't
// asked any more; being computed all the same, its checks hold only before that.
//
// Within index notation all elements go through the loop together, for as long as one of them goes
// on; those that don't keep their state:
//
//   loop (any, go, x) while any { go' = go and c(f(x)); (any go', go', if go { f(x) } else { x }) }
//
//===----------------------------------------------------------------------===//
#include "frontend/lower/EntryLowering.h"

using namespace mlir;
using namespace tenon;
using namespace tenon::lowering;
using check::MapKind;

/// a and b, where null is true.
static Node *bothOf(Node *a, Node *b, llvm::function_ref<Node *(Node *, Node *)> conjunction) {
  return a && b ? conjunction(a, b) : (a ? a : b);
}

/// The condition for a step; `limit` is the number of steps, null where there is no end.
Node *EntryLowering::askCondition(const check::Op &op, Node *iteration, ArrayRef<Node *> state,
                                  Node *limit) {
  const check::Region &region = op.regions[0];
  Location at = place(op.range);
  Type boolean = builder.getI1Type();
  auto conjunction = [&](Node *a, Node *b) { return mapNode(at, MapKind::And, {a, b}, boolean); };
  Node *around = mask;
  Node *allowed = limit ? mapNode(at, MapKind::Less, {iteration, limit}, boolean) : nullptr;
  mask = bothOf(around, allowed, conjunction);
  bind(region.arguments[0], iteration);
  for (auto [id, node] : llvm::zip_equal(ArrayRef(region.arguments).drop_front(), state))
    bind(id, node);
  lowerRegion(region);
  mask = around;
  // An element's own limit is part of its condition; that of all is the loop's.
  Node *more = node(region.results[0]);
  return limit && !limit->loops.empty() ? conjunction(allowed, more) : more;
}

/// The body of the loop; answers what it yields.
SmallVector<Value> EntryLowering::lowerStep(const check::Op &op, Block &body, Node *limit,
                                            bool elementsStop) {
  const check::Region &region = op.regions[1];
  Location at = place(op.range);
  Type boolean = builder.getI1Type();
  Node *around = mask, *active = nullptr;
  auto carried = body.getArguments().drop_front(elementsStop ? 3 : 2);
  if (elementsStop) {
    active = elementNode(body.getArgument(2), open);
    mask = around ? mapNode(at, MapKind::And, {around, active}, boolean) : active;
  }
  Node *iteration = elementNode(body.getArgument(0));
  bind(region.arguments[0], iteration);
  SmallVector<Node *> state, next;
  for (auto [id, value] : llvm::zip_equal(ArrayRef(region.arguments).drop_front(), carried)) {
    state.push_back(elementNode(value, open));
    bind(id, state.back());
  }
  lowerRegion(region);
  for (auto [id, old] : llvm::zip_equal(region.results, state)) {
    Node *result = node(id);
    if (elementsStop)
      result = mapNode(at, MapKind::Select, {spread(active, old->own), result, old}, old->element);
    next.push_back(elementNode(materialise(result, open), open));
  }
  Node *one = constantNode(at, builder.getI64Type(), 1, 1);
  Node *ordinal = mapNode(at, MapKind::Add, {iteration, one}, builder.getI64Type());
  Node *more = askCondition(op, ordinal, next, limit);
  mask = around;

  SmallVector<Value> yields;
  if (elementsStop) {
    more = mapNode(at, MapKind::And, {active, more}, boolean);
    yields.push_back(contract(at, Combiner::any, more, open)->tensor);
  }
  yields.push_back(materialise(more, open));
  for (Node *node : next)
    yields.push_back(materialise(node));
  return yields;
}

void EntryLowering::lowerLoop(const check::Op &op) {
  const auto &loop = op.as<check::LoopAttr>();
  Location at = place(op.range);
  bool elementsStop = !open.empty();
  ArrayRef<check::ValueId> operands(op.operands);
  SmallVector<Value> init = materialiseAll(operands.take_front(loop.carried), open);
  Node *limit = nullptr;
  if (loop.bound)
    limit = dimensionNode(at, builder.getI64Type(), *loop.bound);
  else if (loop.hasLimit)
    limit = node(operands.back());
  Value most = loop.hasLimit && limit->loops.empty() ? materialise(limit) : Value();

  SmallVector<Node *> state;
  for (Value value : init)
    state.push_back(elementNode(value, open));
  Node *zero = constantNode(at, builder.getI64Type(), 0, 0);
  init.insert(init.begin(), materialise(askCondition(op, zero, state, limit), open));
  if (elementsStop)
    init.insert(init.begin(),
                contract(at, Combiner::any, elementNode(init[0], open), open)->tensor);

  auto bound = loop.bound ? DimsAttr::get(context(), ArrayRef<Dim>(*loop.bound)) : DimsAttr();
  auto result = LoopOp::create(builder, at, init, bound, most, StringAttr(), ArrayRef<Type>());
  {
    OpBuilder::InsertionGuard guard(builder);
    Block &body = result.getBody().front();
    builder.setInsertionPointToEnd(&body);
    YieldOp::create(builder, at, lowerStep(op, body, limit, elementsStop));
  }
  bindResults(op, result.getResults().drop_front(elementsStop ? 2 : 1), open);
}
