//===- Proofs.cpp - What is known of places, and what follows -------------===//
//
// Whole-number scalars are kept in terms of named dimensions and loop indices where they can be, so
// that a condition around a read, a requirement or the range of an index says something about the
// place that is read. Arithmetic that wraps around isn't considered.
//
//===----------------------------------------------------------------------===//
#include "frontend/check/Elaborator.h"

#include <algorithm>

using namespace tenon;
using namespace tenon::check;

//===----------------------------------------------------------------------===//
// Scalars
//===----------------------------------------------------------------------===//

std::optional<Dim> Elaborator::formOf(const Tensor &scalar) {
  Dt dtype = dtypes.find(scalar.dtype);
  if (!scalar.isScalar())
    return std::nullopt;
  if (dtype.variable >= 0) {
    // A literal or a dimension, whatever its dtype will be.
    auto form = forms.find(scalar.id);
    return form == forms.end() ? std::nullopt : std::optional(form->second);
  }
  if (dtype.fixed != DType::I32 && dtype.fixed != DType::I64)
    return std::nullopt;
  auto [form, isNew] = forms.try_emplace(scalar.id);
  if (isNew) {
    // Names stand for numbers >= 0, and this may be any.
    std::string name = "%v" + std::to_string(scalar.id);
    form->second = Dim::symbol(name) - Dim::symbol(name + "-");
  }
  return form->second;
}

Dim Elaborator::formOf(const Affine &affine) const {
  Dim sum = known(affine.offset);
  for (auto &[index, coefficient] : affine.terms)
    sum = sum + Dim(coefficient) * forms.at(index);
  return sum;
}

void Elaborator::noteForm(MapKind map, const Tensor &a, const Tensor &b, const Tensor &result) {
  if (map == MapKind::And || map == MapKind::Or) {
    auto x = conditions.find(a.id), y = conditions.find(b.id);
    Condition both;
    for (auto &side : {x, y})
      if (side != conditions.end()) {
        auto &from = map == MapKind::And ? side->second.ifTrue : side->second.ifFalse;
        auto &to = map == MapKind::And ? both.ifTrue : both.ifFalse;
        to.insert(to.end(), from.begin(), from.end());
      }
    conditions[result.id] = both;
    return;
  }
  auto x = formOf(a), y = formOf(b);
  if (!x || !y || x->terms().size() + y->terms().size() > 16)
    return;
  std::optional<Dim> form;
  Dim difference = *x - *y;
  switch (map) {
  case MapKind::Add:
    form = *x + *y;
    break;
  case MapKind::Sub:
    form = difference;
    break;
  case MapKind::Mul:
    form = *x * *y;
    break;
  case MapKind::Div:
  case MapKind::Rem:
    if (facts.provesNotLess(*y, Dim(1)))
      form = map == MapKind::Div ? Dim::floorDiv(*x, *y) : Dim::mod(*x, *y);
    break;
  case MapKind::Max:
    form = Dim::max(*x, *y);
    break;
  case MapKind::Min:
    form = Dim::min(*x, *y);
    break;
  case MapKind::Equal:
    conditions[result.id] = {{{difference, true}}, {}};
    break;
  case MapKind::NotEqual:
    conditions[result.id] = {{}, {{difference, true}}};
    break;
  case MapKind::Less:
    conditions[result.id] = {{{-difference - Dim(1)}}, {{difference}}};
    break;
  case MapKind::LessEqual:
    conditions[result.id] = {{{-difference}}, {{difference - Dim(1)}}};
    break;
  case MapKind::Greater:
    conditions[result.id] = {{{difference - Dim(1)}}, {{-difference}}};
    break;
  case MapKind::GreaterEqual:
    conditions[result.id] = {{{difference}}, {{-difference - Dim(1)}}};
    break;
  default:
    break;
  }
  if (form && form->isValid())
    forms[result.id] = *form;
}

void Elaborator::noteNot(const Tensor &operand, const Tensor &result) {
  if (auto found = conditions.find(operand.id); found != conditions.end())
    conditions[result.id] = {found->second.ifFalse, found->second.ifTrue};
}

void Elaborator::assumeBelow(ValueId scalar, const Dim &extent) {
  Dim name = Dim::symbol("%v" + std::to_string(scalar));
  forms[scalar] = name;
  facts.assumeNotLess(known(extent) - Dim(1), name);
}

void Elaborator::assume(ValueId condition, bool truth) {
  auto found = conditions.find(condition);
  if (found == conditions.end())
    return;
  for (const DimFact &fact : truth ? found->second.ifTrue : found->second.ifFalse) {
    // What only a check at run time makes equal has two types in the graph.
    auto names = fact.value.symbols();
    bool isOfTypes = std::none_of(names.begin(), names.end(),
                                  [](const std::string &name) { return name[0] == '%'; });
    if (!fact.isZero)
      facts.assumeNotLess(known(fact.value), Dim(0));
    else if (!isLowered || !isOfTypes)
      facts.assumeEqual(known(fact.value), Dim(0));
  }
}

//===----------------------------------------------------------------------===//
// Reads
//===----------------------------------------------------------------------===//

void Elaborator::proveInside(ReadPosition &position, const Dim &extent) {
  Dim place, size = known(extent);
  if (position.affine) {
    place = formOf(*position.affine);
  } else {
    auto form = forms.find(position.value);
    Dt dtype = dtypes.find(builder->dtypeOf(position.value));
    if (form == forms.end() || dtype.variable >= 0 || !isInteger(dtype.fixed))
      return;
    place = known(form->second);
  }
  // The indices in the place, with their ranges.
  std::vector<std::pair<Dim, Dim>> ranges;
  for (const std::string &name : place.symbols())
    if (name.starts_with("%i")) {
      auto &index = loopIndices.at(static_cast<ValueId>(std::stoul(name.substr(2))));
      if (!index->extent)
        return;
      ranges.emplace_back(known(*index->extent) - Dim(1), Dim::symbol(name));
    }
  auto follows = [&](DimFacts &from) {
    auto before = from.size();
    for (auto &[last, index] : ranges)
      from.assumeNotLess(last, index);
    bool isInside = from.provesNotLess(place, Dim(0)) && from.provesNotLess(size - Dim(1), place);
    from.shrink(before);
    return isInside;
  };
  DimFacts nothing;
  position.inside = follows(nothing);
  position.guarded = !position.inside && !facts.empty() && follows(facts);
}

/// Writes down what is known about the loops of a finished region: extents, counts, and which reads
/// are inside.
void Elaborator::settle(Region &region) {
  auto before = facts.size();
  for (ValueId argument : region.arguments)
    if (auto found = loopIndices.find(argument);
        found != loopIndices.end() && found->second->extent)
      facts.assumeNotLess(known(*found->second->extent) - Dim(1), forms.at(argument));
  for (Op &op : region.ops) {
    if (auto *loops = std::get_if<LoopsAttr>(&op.attr)) {
      auto &arguments = op.regions[0].arguments;
      for (size_t i = 0; i < arguments.size(); ++i)
        if (auto found = loopIndices.find(arguments[i]);
            found != loopIndices.end() && found->second->extent)
          loops->extents[i] = known(*found->second->extent);
      if (op.kind == OpKind::Reduce &&
          (loops->combiner == Combiner::ArgMax || loops->combiner == Combiner::ArgMin))
        assumeBelow(op.results[0], loops->extents[0]);
    }
    if (auto *read = std::get_if<ReadAttr>(&op.attr)) {
      const TensorType &type = builder->entry().type(op.operands[0]);
      for (size_t i = 0; i < read->positions.size(); ++i) {
        ReadPosition &position = read->positions[i];
        if (position.kind == ReadPosition::Kind::Index && !position.inside && !position.guarded)
          proveInside(position, type.dims[i]);
      }
    }
    if (op.kind == OpKind::Dimension)
      if (auto found = pendingCounts.find(op.results[0]); found != pendingCounts.end()) {
        Dim count(1);
        for (auto &index : found->second)
          count = count * index->extent.value_or(Dim(0));
        op.as<DimAttr>().dim = count;
      }
    for (size_t i = 0; i < op.regions.size(); ++i) {
      auto here = facts.size();
      if (op.kind == OpKind::If)
        assume(op.operands[0], i == 0);
      settle(op.regions[i]);
      facts.shrink(here);
    }
  }
  facts.shrink(before);
}
