//===- Scans.cpp - Loops along a dimension --------------------------------===//
#include "frontend/check/Elaborator.h"

#include <algorithm>

using namespace tenon;
using namespace tenon::check;

//===----------------------------------------------------------------------===//
// The dimension walked along
//===----------------------------------------------------------------------===//

std::optional<size_t> Elaborator::scanAxis(const Tensor &tensor, const ast::ScanExpr &expr,
                                           ScopePtr scope) {
  if (tensor.isScalar()) {
    error(Code::ScanSequence, expr.sequence->range,
          "a `scan` goes along a dimension, and this is a scalar")
        .label(typeText(tensor));
    return std::nullopt;
  }
  if (expr.along.text.empty())
    return 0;
  auto value = lookup(*scope, expr.along.text, expr.along.range);
  auto wanted = value ? asDim(*value) : std::nullopt;
  if (!wanted) {
    if (!value || !value->isError())
      error(Code::UnknownDimension, expr.along.range,
            "no dimension is called `" + std::string(expr.along.text) + "` here")
          .secondary(expr.sequence->range, typeText(tensor));
    return std::nullopt;
  }
  std::optional<size_t> found;
  for (size_t i = 0; i < tensor.rank(); ++i) {
    if (!equal(tensor.axes[i].dim, *wanted))
      continue;
    if (found) {
      error(Code::ScanSequence, expr.along.range,
            "two dimensions of " + typeText(tensor) + " are " + dimText(*wanted))
          .secondary(expr.sequence->range, typeText(tensor))
          .help("leave `along` out to go along the first, or reorder the dimensions");
      return std::nullopt;
    }
    found = i;
  }
  if (!found)
    error(Code::ScanSequence, expr.along.range,
          "no dimension of " + typeText(tensor) + " is " + dimText(*wanted))
        .secondary(expr.sequence->range, typeText(tensor));
  return found;
}

//===----------------------------------------------------------------------===//
// Scans
//===----------------------------------------------------------------------===//

namespace {
/// What a scan walks along and what it carries, as leaves.
struct ScanPlan {
  Value sequence, init;
  std::vector<Tensor> inputs, carried;
  std::vector<int64_t> inputAxes;
  std::vector<std::string> carriedNames;
  Axis extent{Dim()};
};
} // namespace

Value Elaborator::evaluateScan(const ast::ScanExpr &expr, ScopePtr scope) {
  ScanPlan plan;
  plan.sequence = evaluate(expr.sequence, scope);
  plan.init = expr.state ? evaluate(expr.init, scope) : Value(Sequence{});
  if (plan.sequence.isError() || plan.init.isError())
    return poison(expr, scope);
  std::vector<Value> parts;
  if (!leaves(plan.sequence, parts) || parts.empty()) {
    error(Code::ScanSequence, expr.sequence->range,
          "a `scan` goes along a tensor's dimension, and this is " + typeText(plan.sequence))
        .help("over a list, use `for`");
    return poison(expr, scope);
  }
  for (const Value &part : parts) {
    auto tensor = asTensor(part, expr.sequence->range);
    auto axis = tensor ? scanAxis(*tensor, expr, scope) : std::nullopt;
    if (!axis)
      return poison(expr, scope);
    const Axis &walked = tensor->axes[*axis];
    if (plan.inputs.empty()) {
      plan.extent = walked;
    } else if (!equal(plan.extent.dim, walked.dim)) {
      error(Code::DimensionsDisagree, expr.sequence->range,
            "these go in step, and one has " + dimText(plan.extent.dim) + " steps, the other " +
                dimText(walked.dim))
          .secondary(plan.extent.origin, "the " + dimText(plan.extent.dim) + " comes from here")
          .secondary(walked.origin, "the " + dimText(walked.dim) + " comes from here");
      return poison(expr, scope);
    }
    plan.inputs.push_back(*tensor);
    plan.inputAxes.push_back(static_cast<int64_t>(*axis));
  }
  std::vector<Value> state;
  if (!leaves(plan.init, state, &plan.carriedNames)) {
    error(Code::ScanState, expr.init->range,
          "the state of a `scan` is made of tensors, and this is " + typeText(plan.init))
        .done();
    return poison(expr, scope);
  }
  for (const Value &leaf : state) {
    auto tensor = asTensor(leaf, expr.init->range);
    if (!tensor)
      return poison(expr, scope);
    plan.carried.push_back(*tensor);
  }

  // States of models that the body sets are carried, too: they are known once it has been seen.
  std::vector<const Slot *> set;
  auto ordinals = drawOrdinals;
  for (;;) {
    auto before = slotValues;
    auto known = facts.size();
    drawOrdinals = ordinals;
    builder->open(Builder::Frame::Body);
    Tensor iteration = builder->argument(DType::I64, {});
    builder->iterations.push_back(iteration.id);
    auto inner = std::make_shared<Scope>(scope);
    inner->isRegion = true;
    std::vector<Tensor> carriedArguments = plan.carried;
    std::vector<Value> carriedValues;
    for (Tensor &tensor : carriedArguments) {
      tensor = builder->argument(tensor.dtype, tensor.axes);
      carriedValues.emplace_back(tensor);
    }
    std::vector<Tensor> slotInit;
    for (const Slot *slot : set) {
      std::vector<Value> leavesOf, arguments;
      leaves(before.at(slot), leavesOf);
      for (const Value &leaf : leavesOf) {
        const Tensor &tensor = *leaf.get<Tensor>();
        slotInit.push_back(tensor);
        arguments.emplace_back(builder->argument(tensor.dtype, tensor.axes));
      }
      size_t next = 0;
      slotValues[slot] = rebuild(before.at(slot), arguments, next);
    }
    auto atStart = slotValues;
    std::vector<Value> slices;
    for (size_t i = 0; i < plan.inputs.size(); ++i) {
      std::vector<Axis> axes = plan.inputs[i].axes;
      axes.erase(axes.begin() + plan.inputAxes[i]);
      slices.emplace_back(builder->argument(plan.inputs[i].dtype, axes));
      if (auto numbers = iotas.find(plan.inputs[i].id); numbers != iotas.end())
        assumeBelow(slices.back().get<Tensor>()->id, numbers->second);
    }
    size_t next = 0;
    if (expr.state)
      bindPattern(expr.state, rebuild(plan.init, carriedValues, next), *inner);
    next = 0;
    bindPattern(expr.over, rebuild(plan.sequence, slices, next), *inner);
    BlockResult body = evaluateBlock(expr.body, inner, nullptr);
    facts.shrink(known);

    // The next state, leaf by leaf of the type it had.
    std::vector<ValueId> results;
    bool ok = true;
    std::vector<Value> nextState;
    SourceRange stateRange = expr.body && expr.body->value ? expr.body->value->range : expr.head;
    if (expr.state) {
      ok = !body.value.isError();
      if (body.value.is<NoValue>()) {
        error(Code::ScanState, expr.body->range,
              "the block of this `scan` ends without its next state")
            .secondary(expr.state->range, "the state")
            .help("end it with the next state, then `yield` and what is collected");
        ok = false;
      } else if (ok) {
        std::vector<std::string> names;
        bool data = leaves(body.value, nextState, &names);
        if (!data || names != plan.carriedNames) {
          error(Code::ScanState, stateRange,
                "the next state is " + typeText(body.value) + ", and the state began as " +
                    typeText(plan.init))
              .secondary(expr.init->range, "began here");
          ok = false;
        }
      }
    } else if (body.value.isError()) {
      ok = false;
    } else if (!body.value.is<NoValue>()) {
      error(Code::ValueGoesNowhere, stateRange, "this value goes nowhere")
          .help("a `scan` without state collects what it yields: `yield " + text(stateRange) + "`");
      ok = false;
    }
    for (size_t i = 0; ok && i < nextState.size(); ++i) {
      ResolvedType type;
      type.kind = ResolvedType::Kind::Tensor;
      type.dtype = plan.carried[i].dtype;
      type.axes = plan.carried[i].axes;
      Value leaf =
          coerce(nextState[i], type, stateRange,
                 plan.carriedNames[i].empty() ? "the state"
                                              : "part " + plan.carriedNames[i] + " of the state",
                 Code::ScanState, expr.init->range);
      ok = leaf.is<Tensor>();
      if (ok)
        results.push_back(leaf.get<Tensor>()->id);
    }
    std::vector<Value> yields;
    std::vector<Tensor> stacked;
    if (ok && body.yielded) {
      ok = !body.yielded->isError() && leaves(*body.yielded, yields);
      if (!ok && !body.yielded->isError())
        error(Code::ScanState, expr.body->yielded->range,
              "a `scan` collects tensors, and this is " + typeText(*body.yielded))
            .done();
      for (Value &leaf : yields) {
        auto tensor = ok ? asTensor(leaf, expr.body->yielded->range) : std::nullopt;
        ok &= tensor.has_value();
        if (ok)
          stacked.push_back(*tensor);
      }
    }
    // What the body has set, beyond what is carried already.
    std::vector<const Slot *> alsoSet;
    for (auto &[slot, value] : slotValues)
      if (!std::count(set.begin(), set.end(), slot) && !sameTensors(value, atStart[slot]))
        alsoSet.push_back(slot);
    auto after = slotValues;
    slotValues = before;
    builder->iterations.pop_back();
    if (!ok || !alsoSet.empty()) {
      builder->close({});
      if (!ok)
        return poison(expr, scope);
      set.insert(set.end(), alsoSet.begin(), alsoSet.end());
      continue;
    }

    ScanAttr attr;
    attr.extent = plan.extent.dim;
    attr.inputAxes = plan.inputAxes;
    std::vector<Tensor> init = plan.carried;
    for (const Slot *slot : set) {
      std::vector<Value> leavesOf;
      leaves(after.at(slot), leavesOf);
      for (const Value &leaf : leavesOf)
        results.push_back(leaf.get<Tensor>()->id);
    }
    init.insert(init.end(), slotInit.begin(), slotInit.end());
    attr.carried = static_cast<unsigned>(init.size());
    for (const Tensor &tensor : stacked) {
      results.push_back(tensor.id);
      attr.outputAxes.push_back(
          std::min<int64_t>(plan.inputAxes[0], static_cast<int64_t>(tensor.rank())));
    }
    Op op;
    op.kind = OpKind::Scan;
    op.range = expr.range;
    for (const Tensor &tensor : init)
      op.operands.push_back(tensor.id);
    for (const Tensor &tensor : plan.inputs)
      op.operands.push_back(tensor.id);
    op.regions.push_back(builder->close(results));
    std::vector<Value> finals, collected;
    for (const Tensor &tensor : init) {
      Tensor result = builder->result(tensor.dtype, tensor.axes);
      op.results.push_back(result.id);
      finals.emplace_back(result);
    }
    for (size_t i = 0; i < stacked.size(); ++i) {
      std::vector<Axis> axes = stacked[i].axes;
      Axis along = plan.extent;
      axes.insert(axes.begin() + attr.outputAxes[i], along);
      Tensor result = builder->result(stacked[i].dtype, axes);
      op.results.push_back(result.id);
      collected.emplace_back(result);
    }
    op.attr = attr;
    builder->append(std::move(op));
    next = 0;
    if (expr.state) {
      Value final = rebuild(plan.init, finals, next);
      bindPattern(expr.state, final, *scope);
    }
    for (const Slot *slot : set)
      slotValues[slot] = rebuild(before.at(slot), finals, next);
    next = 0;
    return body.yielded ? rebuild(*body.yielded, collected, next) : Value(NoValue{});
  }
}

/// After a mistake the state's names stand for nothing in particular.
Value Elaborator::poison(const ast::ScanExpr &expr, ScopePtr scope) {
  if (expr.state)
    bindPattern(expr.state, ErrorValue{}, *scope);
  return ErrorValue{};
}
