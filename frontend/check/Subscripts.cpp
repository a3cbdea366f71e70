//===- Subscripts.cpp - Elements and parts --------------------------------===//
#include "frontend/check/Elaborator.h"

#include <utility>

using namespace tenon;
using namespace tenon::check;

Value Elaborator::evaluateSubscript(const ast::SubscriptExpr &expr, ScopePtr scope,
                                    const Value *fallback, SourceRange fallbackRange) {
  Value base = evaluate(expr.base, scope);
  if (base.isError())
    return base;
  if (auto *sequence = base.get<Sequence>())
    return subscriptSequence(expr, *sequence, scope);
  if (base.is<Number>() || base.is<FixedBool>())
    return fail(Code::BadSubscript, expr.range,
                "this is one number, and has no elements to take by `[ ]`");
  auto tensor = asTensor(base, expr.base->range);
  if (!tensor)
    return ErrorValue{};
  return subscriptTensor(expr, *tensor, scope, fallback, fallbackRange);
}

Value Elaborator::subscriptSequence(const ast::SubscriptExpr &expr, const Sequence &sequence,
                                    ScopePtr scope) {
  if (expr.slots.size() != 1 || expr.slots[0].kind == ast::Slot::Ellipsis)
    return fail(Code::BadSubscript, expr.range, "a list has one dimension");
  const ast::Slot &slot = expr.slots[0];
  auto size = static_cast<int64_t>(sequence.items.size());
  auto bound = [&](const ast::Expr *written, int64_t otherwise) -> std::optional<int64_t> {
    if (!written)
      return otherwise;
    Value value = evaluate(written, scope);
    auto dim = asDim(value);
    auto number = dim ? dim->constant() : std::nullopt;
    if (!number) {
      if (!value.isError() && !openInts)
        error(Code::NotFixed, written->range, "a place in a list is a fixed whole number")
            .label(typeText(value));
      return std::nullopt;
    }
    return *number < 0 ? *number + size : *number;
  };
  if (slot.kind == ast::Slot::Slice) {
    auto begin = bound(slot.begin, 0), end = bound(slot.end, size);
    if (!begin || !end)
      return ErrorValue{};
    Sequence part{true, {}};
    for (int64_t i = std::max<int64_t>(*begin, 0); i < std::min(*end, size); ++i)
      part.items.push_back(sequence.items[i]);
    return part;
  }
  auto place = bound(slot.at, 0);
  if (!place)
    return ErrorValue{};
  if (*place < 0 || *place >= size)
    return fail(Code::OutOfRange, slot.range,
                "this list has " + std::to_string(size) + (size == 1 ? " item" : " items") +
                    ", and `" + text(slot.range) + "` isn't one");
  return sequence.items[*place];
}

//===----------------------------------------------------------------------===//
// Tensors
//===----------------------------------------------------------------------===//

/// One place of a subscript: an index, read where `position` says.
std::optional<ReadPosition> Elaborator::indexPosition(const ast::Slot &slot, const Tensor &tensor,
                                                      size_t axis, const std::string &name,
                                                      ScopePtr scope, bool guarded) {
  Value value = evaluate(slot.at, scope);
  if (value.isError())
    return std::nullopt;
  Dim extent = known(tensor.axes[axis].dim);
  ReadPosition position;
  position.kind = ReadPosition::Kind::Index;
  if (auto *number = value.get<Number>(); number && !number->isReal) {
    Dim offset = known(number->whole);
    auto fixed = offset.constant();
    if (fixed && *fixed < 0)
      offset = offset + extent;
    auto place = offset.constant(), size = extent.constant();
    if (!guarded && ((place && *place < 0) || (place && size && *place >= *size))) {
      error(Code::OutOfRange, slot.range,
            "`" + name + "` has " + dimText(extent) + " elements here, and " + text(slot.range) +
                " isn't one")
          .label("outside 0.." + dimText(extent))
          .secondary(tensor.axes[axis].origin, "the " + dimText(extent) + " comes from here");
      return std::nullopt;
    }
    position.affine = Affine{{}, offset};
    auto scalar = materialise(Number::integer(offset), DType::I32, slot.range);
    position.value = scalar->id;
    proveInside(position, extent);
    return position;
  }
  auto scalar = asTensor(value, slot.range);
  if (!scalar)
    return std::nullopt;
  Dt dtype = dtypes.find(scalar->dtype);
  if (dtype.variable >= 0 && dtypes.unify(dtype, DType::I32))
    dtype = DType::I32;
  if (dtype.variable >= 0 || !isInteger(dtype.fixed)) {
    error(Code::BadSubscript, slot.range,
          "a place is a whole number, and this is " + typeText(*scalar))
        .help("convert it: `i32(" + bareText(slot.range) + ")` rounds towards zero");
    return std::nullopt;
  }
  if (!scalar->isScalar()) {
    error(Code::BadSubscript, slot.range, "a place is one number, and this is " + typeText(*scalar))
        .help("to look up many, use index notation: `let y[i, d] = " + name + "[" +
              text(slot.range) + "[i], d]`");
    return std::nullopt;
  }
  position.value = scalar->id;
  position.affine = affineOf(*scalar);
  opaquePosition |= !position.affine;
  if (position.affine)
    constrain(*position.affine, tensor.axes[axis], slot.range, name, guarded);
  proveInside(position, extent);
  return position;
}

/// Bounds of `:`; false after an error.
bool Elaborator::sliceBounds(const ast::Slot &slot, const Axis &axis, ScopePtr scope, Dim &begin,
                             Dim &length) {
  Dim extent = known(axis.dim);
  auto bound = [&](const ast::Expr *written, Dim otherwise) -> std::optional<Dim> {
    if (!written)
      return otherwise;
    Value value = evaluate(written, scope);
    auto dim = asDim(value);
    if (!dim) {
      if (!value.isError())
        error(Code::NotFixed, written->range, "bounds of `:` are fixed numbers")
            .label(typeText(value))
            .help("a moving window is index notation: `let w[k: 5] = x[at + k]`");
      return std::nullopt;
    }
    auto number = dim->constant();
    return number && *number < 0 ? *dim + extent : *dim;
  };
  auto from = bound(slot.begin, Dim(0)), to = bound(slot.end, extent);
  if (!from || !to)
    return false;
  begin = *from;
  length = *to - *from;
  auto size = extent.constant(), first = from->constant(), last = to->constant();
  auto count = length.constant();
  if ((first && *first < 0) || (count && *count < 0) || (size && last && *last > *size)) {
    error(Code::OutOfRange, slot.range,
          "`" + text(slot.range) + "` isn't inside the " + dimText(extent) + " elements here")
        .secondary(axis.origin, "the " + dimText(extent) + " comes from here");
    return false;
  }
  return true;
}

Value Elaborator::subscriptTensor(const ast::SubscriptExpr &expr, Tensor tensor, ScopePtr scope,
                                  const Value *fallback, SourceRange fallbackRange) {
  std::string name = text(expr.base->range);
  size_t written = 0;
  bool ellipsis = false;
  for (const ast::Slot &slot : expr.slots) {
    if (slot.kind != ast::Slot::Ellipsis) {
      ++written;
      continue;
    }
    if (std::exchange(ellipsis, true))
      return error(Code::EllipsisRank, slot.range, "`...` stands twice in one bracket").done(),
             ErrorValue{};
  }
  if (written > tensor.rank())
    return error(Code::RankMismatch, expr.range,
                 "`" + name + "` has " + std::to_string(tensor.rank()) +
                     (tensor.rank() == 1 ? " dimension" : " dimensions") + ", and " +
                     std::to_string(written) + " are written")
               .label(typeText(tensor)),
           ErrorValue{};
  IndexBinder *binder = nullptr;
  for (auto at = binders.rbegin(); at != binders.rend() && !binder; ++at)
    if ((*at)->activeDepth == active.size() && (*at)->hasEllipsis)
      binder = *at;
  std::vector<ReadPosition> positions;
  SliceAttr slice;
  std::vector<Axis> axes = tensor.axes;
  bool isSlice = false, ok = true;
  auto whole = [&]() {
    positions.push_back({});
    slice.offsets.push_back(Dim(0));
  };
  for (const ast::Slot &slot : expr.slots) {
    size_t axis = positions.size();
    if (slot.kind == ast::Slot::Ellipsis) {
      size_t count = tensor.rank() - written;
      if (binder && !expandEllipsis(*binder, tensor, axis, count, slot.range, name))
        return ErrorValue{};
      for (size_t i = 0; i < count; ++i) {
        whole();
        if (!binder)
          continue;
        auto &index = binder->indices[binder->ellipsisAt + i];
        ReadPosition &position = positions.back();
        position = {ReadPosition::Kind::Index, index->value, Affine{{{index->value, 1}}, Dim(0)},
                    false};
        constrain(*position.affine, tensor.axes[axis + i], expr.range, name, fallback != nullptr);
      }
      continue;
    }
    whole();
    if (slot.kind == ast::Slot::At) {
      auto position = indexPosition(slot, tensor, axis, name, scope, fallback != nullptr);
      ok &= position.has_value();
      if (position)
        positions.back() = *position;
      continue;
    }
    Dim begin, length;
    if (!sliceBounds(slot, tensor.axes[axis], scope, begin, length)) {
      ok = false;
      continue;
    }
    isSlice |= !begin.isConstant(0) || !equal(length, tensor.axes[axis].dim);
    slice.offsets.back() = begin;
    axes[axis] = Axis(length, slot.range);
    axes[axis].decided = tensor.axes[axis].decided;
  }
  if (!ok)
    return ErrorValue{};
  while (positions.size() < tensor.rank())
    whole();
  if (isSlice) {
    slice.strides.assign(tensor.rank(), 1);
    tensor = builder->emit(OpKind::Slice, {tensor.id}, tensor.dtype, axes, expr.range, slice);
  }
  std::vector<Axis> left;
  for (size_t i = 0; i < positions.size(); ++i)
    if (positions[i].kind == ReadPosition::Kind::Whole)
      left.push_back(tensor.axes[i]);
  if (left.size() == tensor.rank())
    return tensor;
  ReadAttr attr;
  attr.positions = std::move(positions);
  std::vector<ValueId> operands{tensor.id};
  if (fallback) {
    ResolvedType type;
    type.kind = ResolvedType::Kind::Tensor;
    type.dtype = tensor.dtype;
    Value other = coerce(*fallback, type, fallbackRange, "what stands for elements outside",
                         Code::TypeMismatch, expr.range);
    auto *scalar = other.get<Tensor>();
    if (!scalar)
      return ErrorValue{};
    Tensor wide = broadcast(*scalar, left, {}, fallbackRange);
    operands.push_back(wide.id);
    attr.hasFallback = true;
  }
  return builder->emit(OpKind::Read, operands, tensor.dtype, left, expr.range, attr);
}
