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
  // Of dimensions with the same number, the one that the signature calls so.
  std::optional<size_t> found;
  auto isNamed = [&](size_t axis) { return tensor.axes[axis].name == expr.along.text; };
  for (size_t i = 0; i < tensor.rank(); ++i) {
    if (!equal(tensor.axes[i].dim, *wanted))
      continue;
    if (found && isNamed(*found) != isNamed(i)) {
      found = isNamed(i) ? i : *found;
      continue;
    }
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
/// What a scan walks along.
struct ScanPlan {
  Value sequence;
  std::vector<Tensor> inputs;
  std::vector<int64_t> inputAxes;
  Axis extent{Dim()};
};

/// The written type of each leaf of a value (a model counts as one); null where it has none, or
/// another structure.
void leafTypes(const Value &value, const ResolvedType *type,
               std::vector<const ResolvedType *> &out) {
  using Kind = ResolvedType::Kind;
  if (auto *sequence = value.get<Sequence>()) {
    for (size_t i = 0; i < sequence->items.size(); ++i) {
      bool isList = type && type->kind == Kind::List;
      bool isTuple = type && type->kind == Kind::Tuple && i < type->items.size();
      leafTypes(sequence->items[i], isList || isTuple ? &type->items[isList ? 0 : i] : nullptr,
                out);
    }
    return;
  }
  if (auto *record = value.get<Record>()) {
    for (auto &[name, item] : record->fields) {
      const ResolvedType *of = nullptr;
      for (size_t i = 0; type && type->kind == Kind::Record && i < type->names.size(); ++i)
        if (type->names[i] == name)
          of = &type->items[i];
      leafTypes(item, of, out);
    }
    return;
  }
  out.push_back(type);
}

/// Where the steps stand in what is collected: where its written type has the dimension's name,
/// once, else where they stand in the sequence.
int64_t stackedAxis(const Tensor &yielded, const ScanPlan &plan, const ResolvedType *type) {
  auto isNamed = [&](const Axis &axis) { return axis.name == plan.extent.name; };
  if (type && type->kind == ResolvedType::Kind::Tensor && !plan.extent.name.empty() &&
      type->axes.size() == yielded.rank() + 1 && std::ranges::count_if(type->axes, isNamed) == 1)
    return std::ranges::find_if(type->axes, isNamed) - type->axes.begin();
  return std::min(plan.inputAxes[0], static_cast<int64_t>(yielded.rank()));
}
} // namespace

Value Elaborator::evaluateScan(const ast::ScanExpr &expr, ScopePtr scope,
                               const ResolvedType *expected) {
  ScanPlan plan;
  CarriedState state;
  state.word = "scan";
  state.pattern = expr.state;
  plan.sequence = evaluate(expr.sequence, scope);
  state.init = expr.state ? evaluate(expr.init, scope) : Value(Sequence{});
  state.initRange = expr.state ? expr.init->range : expr.head;
  if (plan.sequence.isError() || state.init.isError())
    return poison(expr.state, scope);
  std::vector<Value> parts;
  if (!leaves(plan.sequence, parts) || parts.empty()) {
    error(Code::ScanSequence, expr.sequence->range,
          "a `scan` goes along a tensor's dimension, and this is " + typeText(plan.sequence))
        .help("over a list, use `for`");
    return poison(expr.state, scope);
  }
  for (const Value &part : parts) {
    auto tensor = asTensor(part, expr.sequence->range);
    auto axis = tensor ? scanAxis(*tensor, expr, scope) : std::nullopt;
    if (!axis)
      return poison(expr.state, scope);
    const Axis &walked = tensor->axes[*axis];
    if (plan.inputs.empty()) {
      plan.extent = walked;
    } else if (!equal(plan.extent.dim, walked.dim)) {
      error(Code::DimensionsDisagree, expr.sequence->range,
            "these go in step, and one has " + dimText(plan.extent.dim) + " steps, the other " +
                dimText(walked.dim))
          .secondary(plan.extent.origin, "the " + dimText(plan.extent.dim) + " comes from here")
          .secondary(walked.origin, "the " + dimText(walked.dim) + " comes from here");
      return poison(expr.state, scope);
    }
    plan.inputs.push_back(*tensor);
    plan.inputAxes.push_back(static_cast<int64_t>(*axis));
  }
  if (!expr.along.text.empty())
    plan.extent.name = expr.along.text;
  if (!beginState(state))
    return poison(expr.state, scope);

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
    std::vector<Tensor> slotInit = enterState(state, *inner);
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
    bindPattern(expr.over, rebuild(plan.sequence, slices, next), *inner);
    BlockResult body = evaluateBlock(expr.body, inner, nullptr);
    facts.shrink(known);

    std::vector<ValueId> results;
    bool ok = true;
    SourceRange stateRange = expr.body && expr.body->value ? expr.body->value->range : expr.head;
    if (expr.state) {
      ok = nextState(state, expr.body, body.value, stateRange, results);
    } else if (body.value.isError()) {
      ok = false;
    } else if (!body.value.is<NoValue>()) {
      error(Code::ValueGoesNowhere, stateRange, "this value goes nowhere")
          .help("a `scan` without state collects what it yields: `yield " + text(stateRange) + "`");
      ok = false;
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
    std::vector<const Slot *> alsoSet = newlySet(state, atStart);
    auto after = slotValues;
    slotValues = before;
    builder->iterations.pop_back();
    if (!ok || !alsoSet.empty()) {
      builder->close({});
      if (!ok)
        return poison(expr.state, scope);
      state.slots.insert(state.slots.end(), alsoSet.begin(), alsoSet.end());
      continue;
    }

    ScanAttr attr;
    attr.extent = plan.extent.dim;
    attr.inputAxes = plan.inputAxes;
    std::vector<Tensor> init = state.tensors;
    for (const Slot *slot : state.slots) {
      std::vector<Value> leavesOf;
      leaves(after.at(slot), leavesOf);
      for (const Value &leaf : leavesOf)
        results.push_back(leaf.get<Tensor>()->id);
    }
    init.insert(init.end(), slotInit.begin(), slotInit.end());
    attr.carried = static_cast<unsigned>(init.size());
    std::vector<const ResolvedType *> types;
    if (body.yielded)
      leafTypes(*body.yielded, expected, types);
    if (types.size() != stacked.size())
      types.assign(stacked.size(), nullptr);
    for (size_t i = 0; i < stacked.size(); ++i) {
      results.push_back(stacked[i].id);
      attr.outputAxes.push_back(stackedAxis(stacked[i], plan, types[i]));
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
    leaveState(state, before, finals, *scope);
    next = 0;
    return body.yielded ? rebuild(*body.yielded, collected, next) : Value(NoValue{});
  }
}
