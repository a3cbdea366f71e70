//===- Loops.cpp - Loops that go on while a condition holds ---------------===//
#include "frontend/check/Elaborator.h"

using namespace tenon;
using namespace tenon::check;

/// The bound, fixed or as an i64 scalar; false after an error.
bool Elaborator::loopBound(const ast::LoopExpr &expr, ScopePtr scope, LoopAttr &attr,
                           std::optional<Tensor> &limit) {
  if (!expr.bound)
    return true;
  Value value = evaluate(expr.bound, scope);
  if (value.isError())
    return false;
  auto wrong = [&](const std::string &message) {
    error(Code::LoopBound, expr.bound->range, message)
        .help("a bound is a fixed whole number, or an `i32` or `i64` scalar");
    return false;
  };
  if (auto dim = asDim(value)) {
    if (dim->constant().value_or(0) < 0)
      return wrong("a `loop` can't make " + dimText(*dim) + " steps");
    attr.bound = *dim;
    return true;
  }
  auto *tensor = value.get<Tensor>();
  if (!tensor)
    return wrong("the bound of a `loop` is a whole number, and this is " + typeText(value));
  dtypes.unify(tensor->dtype, DType::I32);
  Dt dtype = dtypes.find(tensor->dtype);
  if (!tensor->isScalar() || (dtype.fixed != DType::I32 && dtype.fixed != DType::I64))
    return wrong("the bound of a `loop` is one whole number, and this is " + typeText(*tensor));
  limit = convert(*tensor, DType::I64, expr.bound->range);
  attr.hasLimit = true;
  return true;
}

/// The condition in the region that is open; nullopt after an error.
std::optional<Tensor> Elaborator::loopCondition(const ast::LoopExpr &expr, ScopePtr scope) {
  auto before = slotValues;
  Value condition = evaluate(expr.condition, scope);
  auto result = condition.isError() ? std::nullopt : decision(condition, expr.condition->range);
  CarriedState none;
  if (result && !newlySet(none, before).empty()) {
    error(Code::LoopEffect, expr.condition->range,
          "a call in this condition sets a state, and a condition only decides")
        .help("call it in the block, and carry what it gives as part of the state");
    result = std::nullopt;
  }
  slotValues = before;
  return result;
}

Value Elaborator::evaluateLoop(const ast::LoopExpr &expr, ScopePtr scope) {
  CarriedState state;
  state.word = "loop";
  state.pattern = expr.state;
  state.init = evaluate(expr.init, scope);
  state.initRange = expr.init->range;
  LoopAttr attr;
  std::optional<Tensor> limit;
  bool bounded = loopBound(expr, scope, attr, limit);
  if (state.init.isError() || !beginState(state) || !bounded)
    return poison(expr.state, scope);

  auto ordinals = drawOrdinals;
  auto before = slotValues;
  auto openRegion = [&](std::vector<Tensor> &slotInit) {
    slotValues = before;
    builder->open(Builder::Frame::Body);
    builder->iterations.push_back(builder->argument(DType::I64, {}).id);
    auto inner = std::make_shared<Scope>(scope);
    inner->isRegion = true;
    slotInit = enterState(state, *inner);
    return inner;
  };
  for (;;) {
    drawOrdinals = ordinals;
    std::vector<Tensor> init = state.tensors, slotInit;
    auto condition = loopCondition(expr, openRegion(slotInit));
    builder->iterations.pop_back();
    Region asked = builder->close({condition ? condition->id : kNoValue});

    ScopePtr inner = openRegion(slotInit);
    auto atStart = slotValues;
    BlockResult body = evaluateBlock(expr.body, inner, nullptr);
    std::vector<ValueId> results;
    SourceRange range = expr.body && expr.body->value ? expr.body->value->range : expr.head;
    bool ok = condition && nextState(state, expr.body, body.value, range, results);
    if (body.yielded && !body.yielded->isError()) {
      error(Code::ValueGoesNowhere, expr.body->yielded->range, "a `loop` collects nothing")
          .help("how many steps it makes isn't known before; a `scan` collects what it yields");
      ok = false;
    }
    auto alsoSet = newlySet(state, atStart);
    for (const Slot *slot : state.slots) {
      std::vector<Value> parts;
      leaves(slotValues.at(slot), parts);
      for (const Value &leaf : parts)
        results.push_back(leaf.get<Tensor>()->id);
    }
    slotValues = before;
    builder->iterations.pop_back();
    Region block = builder->close(results);
    if (!ok)
      return poison(expr.state, scope);
    if (!alsoSet.empty()) {
      state.slots.insert(state.slots.end(), alsoSet.begin(), alsoSet.end());
      continue;
    }

    init.insert(init.end(), slotInit.begin(), slotInit.end());
    attr.carried = static_cast<unsigned>(init.size());
    Op op;
    op.kind = OpKind::Loop;
    op.range = expr.head;
    op.attr = attr;
    std::vector<Value> finals;
    for (const Tensor &tensor : init) {
      op.operands.push_back(tensor.id);
      Tensor result = builder->result(tensor.dtype, tensor.axes);
      op.results.push_back(result.id);
      finals.emplace_back(result);
    }
    if (limit)
      op.operands.push_back(limit->id);
    op.regions.push_back(std::move(asked));
    op.regions.push_back(std::move(block));
    builder->append(std::move(op));
    leaveState(state, before, finals, *scope);
    return NoValue{};
  }
}
