//===- Sequences.cpp - Running totals and order ---------------------------===//
#include "frontend/check/Elaborator.h"

using namespace tenon;
using namespace tenon::check;

Value Elaborator::callPrelude(const std::string &name, const Value &argument, const CallArg &given,
                              const CallSite &site) {
  auto function =
      modules.prelude() ? lookupDecl(*modules.prelude(), name, site.range) : std::nullopt;
  if (!function)
    return notYet(site.range, "`" + site.name + "` without the library");
  CallArg arg = given;
  arg.name = {};
  arg.value = argument;
  CallSite inner = site;
  inner.expected = nullptr;
  return call(*function, {arg}, inner);
}

/// `cumulative_sum(x, axis = -1)`: the axis is moved to the front, and back.
Value Elaborator::builtinAlong(const std::string &name, std::vector<CallArg> args,
                               const CallSite &site) {
  std::vector<std::optional<CallArg>> matched;
  if (!matchNames({"x", "axis"}, {false, true}, std::move(args), site, {}, matched))
    return ErrorValue{};
  auto tensor = asTensor(matched[0]->value, matched[0]->range);
  if (!tensor)
    return ErrorValue{};
  Dt dtype = dtypes.find(tensor->dtype);
  if (dtype.variable < 0 && dtype.fixed == DType::Bool)
    return error(Code::DtypeMix, matched[0]->range,
                 "`" + site.name + "` goes over numbers, and this is " + typeText(*tensor))
               .help("convert: `i32(" + bareText(matched[0]->range) + ")`"),
           ErrorValue{};
  auto rank = static_cast<int64_t>(tensor->rank());
  int64_t axis = -1;
  if (matched[1]) {
    auto dim = asDim(matched[1]->value);
    auto number = dim ? known(*dim).constant() : std::nullopt;
    if (!number)
      return fail(Code::NotFixed, matched[1]->range, "`axis` is a fixed whole number");
    axis = *number;
  }
  if (axis < -rank || axis >= rank)
    return error(Code::OutOfRange, matched[1] ? matched[1]->range : matched[0]->range,
                 rank == 0 ? "`" + site.name + "` goes along a dimension, and this is a scalar"
                           : "this has " + std::to_string(rank) + " dimensions, and " +
                                 std::to_string(axis) + " isn't one")
               .secondary(matched[0]->range, typeText(*tensor)),
           ErrorValue{};
  axis += axis < 0 ? rank : 0;
  std::vector<int64_t> there{axis}, back;
  for (int64_t i = 0; i < rank; ++i)
    if (i != axis)
      there.push_back(i);
  for (int64_t i = 0; i < rank; ++i)
    back.push_back(i < axis ? i + 1 : i == axis ? 0 : i);
  auto turned = [&](const Tensor &from, const std::vector<int64_t> &axes) {
    if (axis == 0)
      return from;
    std::vector<Axis> dims;
    for (int64_t i : axes)
      dims.push_back(from.axes[i]);
    return builder->emit(OpKind::Transpose, {from.id}, from.dtype, dims, site.range,
                         AxesAttr{axes});
  };
  Value result =
      callPrelude("running_" + name.substr(11), turned(*tensor, there), *matched[0], site);
  auto *running = result.get<Tensor>();
  return running ? Value(turned(*running, back)) : Value();
}

/// `argsort(x, descending = false)`, along the last dimension.
Value Elaborator::builtinArgsort(std::vector<CallArg> args, const CallSite &site) {
  std::vector<std::optional<CallArg>> matched;
  if (!matchNames({"x", "descending"}, {false, true}, std::move(args), site, {}, matched))
    return ErrorValue{};
  auto tensor = asTensor(matched[0]->value, matched[0]->range);
  if (!tensor)
    return ErrorValue{};
  SortAttr order;
  if (matched[1]) {
    auto *descending = matched[1]->value.get<FixedBool>();
    if (!descending)
      return fail(Code::NotFixed, matched[1]->range,
                  "`descending` is `true` or `false`, and this is " + typeText(matched[1]->value));
    order.descending = descending->value;
  }
  if (tensor->isScalar())
    return fail(Code::RankMismatch, matched[0]->range,
                "`" + site.name + "` goes along the last dimension, and this is a scalar");
  return builder->emit(OpKind::Argsort, {tensor->id}, DType::I32, tensor->axes, site.range, order);
}
