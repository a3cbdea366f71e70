//===- CarriedState.cpp - What scans and loops carry ----------------------===//
#include "frontend/check/Elaborator.h"

#include <algorithm>

using namespace tenon;
using namespace tenon::check;

bool Elaborator::beginState(CarriedState &state) {
  std::vector<Value> parts;
  if (!leaves(state.init, parts, &state.names)) {
    error(Code::ScanState, state.initRange,
          "the state of a `" + std::string(state.word) + "` is made of tensors, and this is " +
              typeText(state.init))
        .done();
    return false;
  }
  for (const Value &leaf : parts) {
    auto tensor = asTensor(leaf, state.initRange);
    if (!tensor)
      return false;
    state.tensors.push_back(*tensor);
  }
  return true;
}

std::vector<Tensor> Elaborator::enterState(const CarriedState &state, Scope &scope) {
  std::vector<Value> arguments;
  for (const Tensor &tensor : state.tensors)
    arguments.emplace_back(builder->argument(tensor.dtype, tensor.axes));
  std::vector<Tensor> slotInit;
  for (const Slot *slot : state.slots) {
    Value before = slotValues.at(slot);
    std::vector<Value> parts, inside;
    leaves(before, parts);
    for (const Value &leaf : parts) {
      const Tensor &tensor = *leaf.get<Tensor>();
      slotInit.push_back(tensor);
      inside.emplace_back(builder->argument(tensor.dtype, tensor.axes));
    }
    size_t next = 0;
    slotValues[slot] = rebuild(before, inside, next);
  }
  size_t next = 0;
  if (state.pattern)
    bindPattern(state.pattern, rebuild(state.init, arguments, next), scope);
  return slotInit;
}

/// Where leaf `name` ("1.k") of a block's value is written: its item of a tuple, else all of it.
static SourceRange rangeOfLeaf(const ast::Block *block, const std::string &name,
                               SourceRange whole) {
  auto *tuple = block && block->value ? ast::dynCast<ast::TupleExpr>(block->value) : nullptr;
  size_t item = 0;
  for (char c : name) {
    if (c < '0' || c > '9')
      break;
    item = 10 * item + size_t(c - '0');
  }
  return tuple && !name.empty() && item < tuple->items.size() ? tuple->items[item]->range : whole;
}

bool Elaborator::nextState(const CarriedState &state, const ast::Block *block, const Value &next,
                           SourceRange range, std::vector<ValueId> &results) {
  if (next.isError())
    return false;
  std::string word = "`" + std::string(state.word) + "`";
  if (next.is<NoValue>()) {
    auto report = error(Code::ScanState, block->range,
                        "the block of this " + word + " ends without its next state");
    report.secondary(state.pattern->range, "the state");
    report.help(word == "`scan`" ? "end it with the next state, then `yield` and what is collected"
                                 : "end it with the next state");
    return false;
  }
  std::vector<Value> parts;
  std::vector<std::string> names;
  if (!leaves(next, parts, &names) || names != state.names) {
    error(Code::ScanState, range,
          "the next state is " + typeText(next) + ", and the state began as " +
              typeText(state.init))
        .secondary(state.initRange, "began here");
    return false;
  }
  for (size_t i = 0; i < parts.size(); ++i) {
    ResolvedType type;
    type.kind = ResolvedType::Kind::Tensor;
    type.dtype = state.tensors[i].dtype;
    type.axes = state.tensors[i].axes;
    Value leaf =
        coerce(parts[i], type, rangeOfLeaf(block, state.names[i], range),
               state.names[i].empty() ? "the state" : "part " + state.names[i] + " of the state",
               Code::ScanState, state.initRange);
    if (!leaf.is<Tensor>())
      return false;
    results.push_back(leaf.get<Tensor>()->id);
  }
  return true;
}

std::vector<const Slot *> Elaborator::newlySet(const CarriedState &state,
                                               const SlotValues &atStart) {
  std::vector<const Slot *> set;
  for (auto &[slot, value] : slotValues) {
    auto before = atStart.find(slot);
    if (before != atStart.end() && !sameTensors(value, before->second) &&
        !std::count(state.slots.begin(), state.slots.end(), slot))
      set.push_back(slot);
  }
  return set;
}

void Elaborator::leaveState(const CarriedState &state, const SlotValues &before,
                            const std::vector<Value> &finals, Scope &scope) {
  size_t next = 0;
  if (state.pattern)
    bindPattern(state.pattern, rebuild(state.init, finals, next), scope);
  for (const Slot *slot : state.slots)
    slotValues[slot] = rebuild(before.at(slot), finals, next);
}

/// After a mistake the state's names stand for nothing in particular.
Value Elaborator::poison(const ast::Pattern *state, ScopePtr scope) {
  if (state)
    bindPattern(state, ErrorValue{}, *scope);
  return ErrorValue{};
}
