//===- Shapes.cpp - Built-in functions of shapes, fills and draws ---------===//
#include "frontend/check/Elaborator.h"

#include <algorithm>
#include <cmath>

using namespace tenon;
using namespace tenon::check;

//===----------------------------------------------------------------------===//
// Dimensions as arguments
//===----------------------------------------------------------------------===//

/// `f(batch, units)` or `f(shape(x))`; nullopt after an error. One that is given as a name is
/// called so.
std::optional<std::vector<Axis>> Elaborator::dimensions(const std::vector<CallArg> &args) {
  std::vector<Axis> axes;
  auto add = [&](const Value &value, SourceRange range) {
    if (value.is<Hole>()) {
      axes.emplace_back(freshHole(range), range);
      return true;
    }
    auto dim = asDim(value);
    if (!dim) {
      if (!value.isError())
        error(Code::BadDimension, range,
              "a dimension is a whole number, and this is " + typeText(value))
            .done();
      return false;
    }
    if (auto number = dim->constant(); number && *number < 0) {
      error(Code::BadDimension, range, "a dimension can't be " + std::to_string(*number)).done();
      return false;
    }
    axes.emplace_back(*dim, value.origin.isValid() ? value.origin : range);
    return true;
  };
  auto addArgument = [&](const CallArg &arg) {
    if (!add(arg.value, arg.range))
      return false;
    if (auto *name = arg.expr ? ast::dynCast<ast::NameExpr>(arg.expr) : nullptr)
      axes.back().name = name->name;
    return true;
  };
  for (const CallArg &arg : args) {
    if (auto *sequence = arg.value.get<Sequence>()) {
      for (const Value &item : sequence->items)
        if (!add(item, arg.range))
          return std::nullopt;
    } else if (!addArgument(arg)) {
      return std::nullopt;
    }
  }
  return axes;
}

Value Elaborator::reshape(const Tensor &tensor, std::vector<Axis> axes, SourceRange range) {
  Dim have(1), want(1);
  for (const Axis &axis : tensor.axes)
    have = have * known(axis.dim);
  const Axis *hole = nullptr;
  for (const Axis &axis : axes) {
    auto name = known(axis.dim).symbolName();
    if (name && (*name)[0] == '$' && !hole)
      hole = &axis;
    else
      want = want * known(axis.dim);
  }
  if (hole)
    if (auto rest = Dim::floorDiv(have, want); rest && *rest * want == have) {
      holes[*hole->dim.symbolName()] = *rest;
      want = have;
    }
  if (!have.isValid() || !want.isValid())
    return fail(Code::DimensionOverflow, range, "this shape has more elements than 64 bits count");
  if (!equal(have, want)) {
    auto report = error(Code::DimensionsDisagree, range,
                        "a reshape keeps all elements: " + typeText(tensor) + " has " +
                            dimText(have) + ", and the new shape " + dimText(want));
    for (const Axis &axis : tensor.axes)
      if (!isLibrary(axis.origin) && tensor.rank() <= 2)
        report.secondary(axis.origin, "the " + dimText(axis.dim) + " comes from here");
    return ErrorValue{};
  }
  return builder->emit(OpKind::Reshape, {tensor.id}, tensor.dtype, axes, range);
}

//===----------------------------------------------------------------------===//
// Shapes
//===----------------------------------------------------------------------===//

Value Elaborator::joinTensors(bool stack, std::vector<CallArg> args, const CallSite &site) {
  int64_t axis = 0;
  std::vector<Tensor> parts;
  std::vector<SourceRange> ranges;
  auto addPart = [&](const Value &value, SourceRange range) {
    auto tensor = asTensor(value, range);
    if (!tensor)
      return false;
    parts.push_back(*tensor);
    ranges.push_back(range);
    return true;
  };
  SourceRange axisRange = site.callee;
  for (const CallArg &arg : args) {
    if (arg.name.text == "axis") {
      auto dim = asDim(arg.value);
      auto number = dim ? dim->constant() : std::nullopt;
      if (!number)
        return fail(Code::NotFixed, arg.range, "`axis` is a fixed whole number");
      axis = *number;
      axisRange = arg.range;
    } else if (!arg.name.text.empty()) {
      return error(Code::UnknownArgument, arg.name.range,
                   "`" + site.name + "` has no parameter `" + std::string(arg.name.text) + "`")
                 .help("did you mean `axis`?")
                 .fix(arg.name.range, "axis"),
             ErrorValue{};
    } else if (auto *list = arg.value.get<Sequence>()) {
      for (const Value &item : list->items)
        if (!addPart(item, arg.range))
          return ErrorValue{};
    } else if (!addPart(arg.value, arg.range)) {
      return ErrorValue{};
    }
  }
  if (parts.empty())
    return fail(Code::MissingArgument, site.callee, "`" + site.name + "` needs tensors to join");
  auto rank = static_cast<int64_t>(parts[0].rank()) + stack;
  if (axis < -rank || axis >= rank)
    return error(Code::OutOfRange, axisRange,
                 "there are " + std::to_string(rank) + " dimensions to join along, and " +
                     std::to_string(axis) + " isn't one")
               .secondary(ranges[0], typeText(parts[0])),
           ErrorValue{};
  axis += axis < 0 ? rank : 0;
  Axis joined{Dim(0)};
  for (size_t i = 0; i < parts.size(); ++i) {
    bool same = static_cast<int64_t>(parts[i].rank()) + stack == rank;
    if (stack && same) {
      std::vector<Axis> axes = parts[i].axes;
      axes.insert(axes.begin() + axis, Axis(Dim(1), ranges[i]));
      parts[i] = builder->emit(OpKind::Reshape, {parts[i].id}, parts[i].dtype, axes, ranges[i]);
    }
    if (!meetDtypes(parts[0], parts[i], site.range, ranges[0], ranges[i]))
      return ErrorValue{};
    for (size_t k = 0; same && k < parts[i].rank(); ++k)
      same = static_cast<int64_t>(k) == axis || equal(parts[0].axes[k].dim, parts[i].axes[k].dim);
    if (!same)
      return error(Code::DimensionsDisagree, site.range,
                   "tensors that are joined agree in all other dimensions")
                 .secondary(ranges[0], typeText(parts[0]))
                 .secondary(ranges[i], typeText(parts[i])),
             ErrorValue{};
    joined.dim = joined.dim + parts[i].axes[axis].dim;
    if (joined.dim.size() > CheckLimits::formula)
      return fail(Code::FormulaTooLarge, site.range,
                  "the size of what is joined here is a formula that becomes too large");
    if (!joined.dim.isValid())
      return fail(Code::DimensionOverflow, site.range,
                  "the size of what is joined here doesn't fit 64 bits");
  }
  joined.origin = site.range;
  if (parts.size() == 1)
    return parts[0];
  std::vector<Axis> axes = parts[0].axes;
  axes[axis] = joined;
  std::vector<ValueId> operands;
  for (const Tensor &part : parts)
    operands.push_back(part.id);
  return builder->emit(OpKind::Concat, operands, parts[0].dtype, axes, site.range, AxisAttr{axis});
}

Value Elaborator::builtinShape(const std::string &name, std::vector<CallArg> args,
                               const CallSite &site) {
  if (name == "concat" || name == "stack")
    return joinTensors(name == "stack", std::move(args), site);
  if (name == "iota") {
    if (!positional(args, 1, 1, site))
      return ErrorValue{};
    auto axes = dimensions(args);
    if (!axes)
      return ErrorValue{};
    Tensor numbers = builder->emit(OpKind::Iota, {}, DType::I32, *axes, site.range, AxisAttr{0});
    if (numbers.rank() == 1)
      iotas[numbers.id] = numbers.axes[0].dim;
    return numbers;
  }
  if (!positional(args, 1, name == "reshape" ? 64 : 1, site))
    return ErrorValue{};
  auto tensor = asTensor(args[0].value, args[0].range);
  if (!tensor)
    return ErrorValue{};
  if (name == "rank")
    return {Number::integer(Dim(static_cast<int64_t>(tensor->rank()))), site.range};
  if (name == "shape") {
    Sequence sizes{true, {}};
    for (const Axis &axis : tensor->axes)
      sizes.items.push_back({Number::integer(axis.dim), axis.origin});
    return sizes;
  }
  args.erase(args.begin());
  auto axes = dimensions(args);
  return axes ? reshape(*tensor, *axes, site.range) : Value();
}

//===----------------------------------------------------------------------===//
// Fills
//===----------------------------------------------------------------------===//

Value Elaborator::builtinFill(const std::string &name, std::vector<CallArg> args,
                              const CallSite &site) {
  Fill pending;
  pending.range = site.range;
  if (name == "glorot_uniform") {
    std::vector<std::optional<CallArg>> matched;
    if (!matchNames({"fan_in", "fan_out"}, {false, false}, std::move(args), site, {}, matched))
      return ErrorValue{};
    auto in = asDim(matched[0]->value), out = asDim(matched[1]->value);
    if (!in || !out)
      return fail(Code::ArgumentType, site.range, "the fans are whole numbers");
    Number sum = Number::integer(*in + *out);
    Value limit = numbers(ast::BinaryOp::Divide, Number::point(6.0), sum, site.range);
    limit = elementary(MapKind::Sqrt, true, std::sqrt, limit, "sqrt", site.range);
    pending.kind = Fill::Kind::Draw;
    pending.distribution = Distribution::Uniform;
    pending.parameters = {unary(MapKind::Neg, limit, site.range), limit};
    return pending;
  }
  if (name == "orthogonal") {
    pending.kind = Fill::Kind::Orthogonal;
    return positional(args, 0, 0, site) ? Value(pending) : Value();
  }
  if (name == "full") {
    if (args.empty())
      return fail(Code::MissingArgument, site.callee, "`full` needs the value to fill with");
    Value value = args[0].value;
    args.erase(args.begin());
    if (!positional(args, 0, 64, site))
      return ErrorValue{};
    auto *number = value.get<Number>();
    if (args.empty() && number) {
      pending.number = *number;
      return pending;
    }
    auto scalar = asTensor(value, site.range);
    auto axes = dimensions(args);
    if (!scalar || !axes)
      return ErrorValue{};
    if (!scalar->isScalar())
      return fail(Code::ArgumentType, site.range,
                  "`full` repeats one number, and this is " + typeText(*scalar));
    return broadcast(*scalar, *axes, {}, site.range);
  }
  pending.number = Number::integer(Dim(name == "ones" ? 1 : 0));
  if (!positional(args, 0, 64, site))
    return ErrorValue{};
  if (args.empty())
    return pending;
  auto axes = dimensions(args);
  return axes ? fill(pending, dtypes.fresh(false), *axes) : Value();
}

Value Elaborator::orthogonal(const Fill &pending, Dt dtype, std::vector<Axis> axes) {
  if (axes.size() < 2)
    return fail(Code::RankMismatch, pending.range,
                "an orthogonal start needs two dimensions at least");
  Axis rows = axes[0], columns{Dim(1)};
  for (size_t i = 1; i < axes.size(); ++i)
    columns.dim = columns.dim * known(axes[i].dim);
  // As many orthonormal rows as there is room for; a tall matrix has orthonormal columns.
  bool tall = (known(rows.dim) - columns.dim - Dim(1)).isNonNegative();
  if (tall)
    std::swap(rows, columns);
  auto zero = materialise(Number::point(0), dtype, pending.range);
  auto one = materialise(Number::point(1), dtype, pending.range);
  Value drawn = draw(Distribution::Normal, {*zero, *one}, dtype, {rows, columns}, pending.range);
  CallArg arg{{}, drawn, nullptr, pending.range, pending.range};
  CallSite site{pending.range, pending.range, "orthogonal", nullptr, false};
  Value value = callPrelude("orthonormal_rows", drawn, arg, site);
  auto *matrix = value.get<Tensor>();
  if (!matrix)
    return ErrorValue{};
  Tensor result = *matrix;
  if (tall)
    result = builder->emit(OpKind::Transpose, {result.id}, dtype, {columns, rows}, pending.range,
                           AxesAttr{{1, 0}});
  return reshape(result, axes, pending.range);
}

//===----------------------------------------------------------------------===//
// Random draws
//===----------------------------------------------------------------------===//

Value Elaborator::draw(Distribution distribution, std::vector<Tensor> parameters, Dt dtype,
                       std::vector<Axis> axes, SourceRange range) {
  for (const Active &frame : active)
    if (frame.usesIndex && builder->inNest())
      return fail(Code::IndexEffect, range,
                  "a call that is made for each index can't draw random numbers");
  for (const Tensor &parameter : parameters)
    if (builder->inNest() && builder->usesIndex(parameter.id))
      return error(Code::IndexEffect, range, "a draw can't depend on an index")
                 .help("draw a tensor before, and read its elements"),
             ErrorValue{};
  for (Tensor &parameter : parameters)
    if (!dtypes.unify(parameter.dtype, dtype))
      return fail(Code::DtypeMix, range,
                  "the parameters of a draw have its dtype, " + dtypeText(dtype));
  std::string path = rootPath;
  for (const Active &frame : active)
    if (frame.self)
      path = frame.self->path.empty() ? rootPath : frame.self->path;
  path += drawnBy;
  DrawAttr attr;
  attr.distribution = distribution;
  attr.stream = path + "#" + std::to_string(drawOrdinals[path]++);
  attr.iterations = builder->iterations;
  stepArgument(Role::Seed);
  stepArgument(Role::Step);
  std::vector<ValueId> operands;
  for (const Tensor &parameter : parameters)
    operands.push_back(parameter.id);
  return builder->emit(OpKind::Draw, operands, dtype, axes, range, attr);
}

Value Elaborator::builtinRandom(const std::string &name, std::vector<CallArg> args,
                                const CallSite &site) {
  if (name == "categorical")
    return positional(args, 1, 1, site) ? callPrelude("gumbel_argmax", args[0].value, args[0], site)
                                        : Value();
  std::vector<std::pair<std::string, std::optional<Value>>> parameters;
  Fill pending;
  pending.kind = Fill::Kind::Draw;
  pending.range = site.range;
  if (name == "uniform") {
    pending.distribution = Distribution::Uniform;
    parameters = {{"low", Value(Number::point(0))}, {"high", Value(Number::point(1))}};
  } else if (name == "normal") {
    pending.distribution = Distribution::Normal;
    parameters = {{"mean", Value(Number::point(0))}, {"scale", Value(Number::point(1))}};
  } else if (name == "bernoulli") {
    pending.distribution = Distribution::Bernoulli;
    parameters = {{"p", std::nullopt}};
  } else {
    pending.distribution = Distribution::Integers;
    parameters = {{"low", std::nullopt}, {"high", std::nullopt}};
  }
  bool integers = pending.distribution == Distribution::Integers;
  std::vector<CallArg> dims;
  size_t position = 0;
  std::vector<std::string> names;
  for (auto &[parameter, value] : parameters)
    names.push_back(parameter);
  for (CallArg &arg : args) {
    if (arg.name.text.empty()) {
      // The bounds of whole numbers come first; then dimensions, or none.
      if (integers && position < 2)
        parameters[position++].second = arg.value;
      else
        dims.push_back(std::move(arg));
      continue;
    }
    auto place = std::find(names.begin(), names.end(), arg.name.text);
    if (place == names.end()) {
      auto report =
          error(Code::UnknownArgument, arg.name.range,
                "`" + site.name + "` has no parameter `" + std::string(arg.name.text) + "`");
      if (std::string near = nearest(arg.name.text, names); !near.empty())
        report.help("did you mean `" + near + "`?").fix(arg.name.range, near);
      return ErrorValue{};
    }
    parameters[place - names.begin()].second = arg.value;
  }
  Dt dtype = integers ? Dt(DType::I32) : dtypes.fresh(true);
  for (auto &[parameter, value] : parameters) {
    if (!value)
      return error(Code::MissingArgument, site.callee,
                   "`" + site.name + "` also needs `" + parameter + "`")
                 .help("name it: `" + site.name + "(" + parameter + " = …)`"),
             ErrorValue{};
    auto *scalar = value->get<Tensor>();
    if (!value->is<Number>() && !(scalar && scalar->isScalar()))
      return fail(Code::ArgumentType, site.range,
                  "`" + parameter + "` of `" + site.name + "` is one number, and this is " +
                      typeText(*value));
    pending.parameters.push_back(*value);
  }
  if (dims.empty() && !integers)
    return pending;
  auto axes = dimensions(dims);
  return axes ? fill(pending, dtype, *axes) : Value();
}
