//===- Builtins.cpp - Functions that the language itself provides ---------===//
#include "frontend/check/Builtins.h"
#include "frontend/check/Elaborator.h"

#include <algorithm>
#include <array>
#include <cmath>

using namespace tenon;
using namespace tenon::check;

namespace {
struct UnaryMath {
  std::string_view name;
  MapKind map;
  double (*fold)(double);
  bool realOnly;
};
} // namespace

static double sigmoid(double x) { return 1.0 / (1.0 + std::exp(-x)); }
static double same(double x) { return x; }

static constexpr std::array<UnaryMath, 17> unaryMaths{{
    {"exp", MapKind::Exp, std::exp, true},
    {"expm1", MapKind::Expm1, std::expm1, true},
    {"log", MapKind::Log, std::log, true},
    {"log1p", MapKind::Log1p, std::log1p, true},
    {"sqrt", MapKind::Sqrt, std::sqrt, true},
    {"sin", MapKind::Sin, std::sin, true},
    {"cos", MapKind::Cos, std::cos, true},
    {"tanh", MapKind::Tanh, std::tanh, true},
    {"sigmoid", MapKind::Sigmoid, sigmoid, true},
    {"erf", MapKind::Erf, std::erf, true},
    {"floor", MapKind::Floor, std::floor, true},
    {"round", MapKind::Round, std::nearbyint, true},
    {"abs", MapKind::Abs, std::fabs, false},
    {"sign", MapKind::Sign, nullptr, false},
    {"is_finite", MapKind::IsFinite, nullptr, true},
    {"stop_gradient", MapKind::StopGradient, same, false},
}};

static constexpr std::array<std::pair<std::string_view, ast::Reduction>, 10> reductions{{
    {"sum", ast::Reduction::Sum},
    {"mean", ast::Reduction::Mean},
    {"prod", ast::Reduction::Prod},
    {"max", ast::Reduction::Max},
    {"min", ast::Reduction::Min},
    {"argmax", ast::Reduction::Argmax},
    {"argmin", ast::Reduction::Argmin},
    {"logsumexp", ast::Reduction::LogSumExp},
    {"any", ast::Reduction::Any},
    {"all", ast::Reduction::All},
}};

const std::vector<std::string_view> &check::builtinNames() {
  static const std::vector<std::string_view> names = [] {
    std::vector<std::string_view> all{"reshape",
                                      "concat",
                                      "stack",
                                      "shape",
                                      "rank",
                                      "iota",
                                      "map",
                                      "zip",
                                      "enumerate",
                                      "len",
                                      "cumulative_sum",
                                      "cumulative_product",
                                      "cumulative_max",
                                      "argsort",
                                      "zeros",
                                      "ones",
                                      "full",
                                      "glorot_uniform",
                                      "orthogonal",
                                      "grad",
                                      "value_and_grad",
                                      "vjp",
                                      "jvp",
                                      "hessian",
                                      "random.uniform",
                                      "random.normal",
                                      "random.bernoulli",
                                      "random.integers",
                                      "random.categorical"};
    for (const UnaryMath &function : unaryMaths)
      if (!function.name.empty())
        all.push_back(function.name);
    for (auto &[name, reduction] : reductions)
      all.push_back(name);
    return all;
  }();
  return names;
}

bool check::isBuiltin(std::string_view name) {
  auto &names = builtinNames();
  return std::find(names.begin(), names.end(), name) != names.end();
}

//===----------------------------------------------------------------------===//
// Elementwise functions
//===----------------------------------------------------------------------===//

static const UnaryMath *findUnary(std::string_view name) {
  for (const UnaryMath &function : unaryMaths)
    if (!function.name.empty() && function.name == name)
      return &function;
  return nullptr;
}

Value Elaborator::elementary(MapKind map, bool realOnly, double (*fold)(double), const Value &value,
                             const std::string &name, SourceRange range) {
  if (value.isError())
    return value;
  if (auto number = asNumber(value)) {
    bool stays = !realOnly && !number->isReal;
    if (number->quotient.isValid() && realOnly && !materialise(*number, dtypes.fresh(true), range))
      return ErrorValue{};
    if (auto constant = number->constant(); constant && fold)
      return stays ? Number::integer(Dim(static_cast<int64_t>(fold(*constant))))
                   : Number::point(fold(*constant));
    if (fold)
      return Number{true, {}, 0, map, {*number}, {}};
  }
  if (value.is<Record>() || value.is<Sequence>() || value.is<ModelRef>())
    return mapLeaves(value, [&](const Value &leaf) {
      return elementary(map, realOnly, fold, leaf, name, range);
    });
  auto tensor = asTensor(value, range);
  if (!tensor)
    return ErrorValue{};
  Dt dtype = dtypes.find(tensor->dtype);
  bool fits = realOnly ? dtypes.unify(dtype, dtypes.fresh(true))
                       : dtype.variable >= 0 || dtype.fixed != DType::Bool;
  if (realOnly && dtype.variable < 0)
    fits = isReal(dtype.fixed);
  if (!fits)
    return error(Code::DtypeMix, range,
                 "`" + name + "` takes real numbers, and this is " + typeText(*tensor))
               .label(typeText(*tensor))
               .help("convert: `f32(" + bareText(range) + ")`")
               .fix(range, "f32(" + bareText(range) + ")"),
           ErrorValue{};
  return builder->emitMap(map, {tensor->id},
                          map == MapKind::IsFinite ? Dt(DType::Bool) : dtypes.find(tensor->dtype),
                          tensor->axes, range);
}

Value Elaborator::larger(MapKind map, const Value &a, const Value &b, SourceRange range,
                         SourceRange aRange, SourceRange bRange) {
  if (a.isError() || b.isError())
    return ErrorValue{};
  auto isTree = [](const Value &value) {
    return value.is<Record>() || value.is<Sequence>() || value.is<ModelRef>();
  };
  if (isTree(a) || isTree(b))
    return leafwise(a, b, range, aRange, bRange, [&](const Value &x, const Value &y) {
      return larger(map, x, y, range, aRange, bRange);
    });
  auto m = asNumber(a), n = asNumber(b);
  bool isMax = map == MapKind::Max;
  if (m && n) {
    if (!m->isReal && !n->isReal)
      return Number::integer(isMax ? Dim::max(known(m->whole), known(n->whole))
                                   : Dim::min(known(m->whole), known(n->whole)));
    if (auto x = m->constant(), y = n->constant(); x && y)
      return Number::point(isMax ? std::max(*x, *y) : std::min(*x, *y));
    return Number{true, {}, 0, map, {*m, *n}, {}};
  }
  auto *s = a.get<Tensor>(), *t = b.get<Tensor>();
  std::optional<Tensor> x = s ? std::optional(*s) : std::nullopt;
  std::optional<Tensor> y = t ? std::optional(*t) : std::nullopt;
  auto withDtype = [&](const Number &number, const Tensor &tensor, SourceRange at) {
    if (number.isReal && dtypes.find(tensor.dtype).variable >= 0)
      dtypes.unify(tensor.dtype, dtypes.fresh(true));
    return materialise(number, tensor.dtype, at);
  };
  if (m && y)
    x = withDtype(*m, *y, aRange);
  else if (n && x)
    y = withDtype(*n, *x, bRange);
  if (!x)
    x = asTensor(a, aRange);
  if (!y)
    y = asTensor(b, bRange);
  return x && y ? tensors(map, *x, *y, range, aRange, bRange) : Value();
}

Value Elaborator::convertTo(DType dtype, std::vector<CallArg> args, const CallSite &site) {
  if (args.size() != 1 || !args[0].name.text.empty())
    return fail(args.size() > 1 ? Code::TooManyArguments : Code::MissingArgument, site.callee,
                "`" + site.name + "` converts one value");
  const Value &value = args[0].value;
  SourceRange range = site.range;
  if (auto number = asNumber(value)) {
    if (isReal(dtype)) {
      auto scalar = materialise(*number, dtype, range);
      return scalar ? Value(*scalar) : Value();
    }
    if (auto constantValue = number->constant())
      return constant(dtype == DType::Bool ? *constantValue != 0 : std::trunc(*constantValue),
                      dtype, range);
    if (!number->isReal && dtype != DType::Bool) {
      auto scalar = materialise(*number, dtype, range);
      return scalar ? Value(*scalar) : Value();
    }
  }
  if (value.is<Record>() || value.is<Sequence>())
    return mapLeaves(value, [&](const Value &leaf) {
      CallArg arg = args[0];
      arg.value = leaf;
      return convertTo(dtype, {arg}, site);
    });
  auto tensor = asTensor(value, args[0].range);
  return tensor ? Value(convert(*tensor, dtype, range)) : Value();
}

//===----------------------------------------------------------------------===//
// Dispatch
//===----------------------------------------------------------------------===//

bool Elaborator::positional(const std::vector<CallArg> &args, size_t least, size_t most,
                            const CallSite &site) {
  for (const CallArg &arg : args)
    if (!arg.name.text.empty()) {
      error(Code::UnknownArgument, arg.name.range,
            "`" + site.name + "` has no parameter `" + std::string(arg.name.text) + "`")
          .done();
      return false;
    }
  if (args.size() < least) {
    error(Code::MissingArgument, site.callee,
          "`" + site.name + "` takes " + std::to_string(least) +
              (least == 1 ? " argument" : " arguments") + ", and " +
              (args.empty() ? "none is given" : std::to_string(args.size()) + " is given"))
        .done();
    return false;
  }
  if (args.size() > most) {
    error(Code::TooManyArguments, args[most].range,
          "`" + site.name + "` takes " + std::to_string(most) +
              (most == 1 ? " argument" : " arguments") + ", and this is one more")
        .done();
    return false;
  }
  return true;
}

Value Elaborator::callBuiltin(const std::string &name, std::vector<CallArg> args,
                              const CallSite &site) {
  for (const CallArg &arg : args)
    if (arg.value.isError())
      return ErrorValue{};
  if (const UnaryMath *function = findUnary(name)) {
    if (!positional(args, 1, 1, site))
      return ErrorValue{};
    return elementary(function->map, function->realOnly, function->fold, args[0].value, name,
                      args[0].shown);
  }
  if ((name == "max" || name == "min") && args.size() != 1) {
    if (!positional(args, 2, 2, site))
      return ErrorValue{};
    return larger(name == "max" ? MapKind::Max : MapKind::Min, args[0].value, args[1].value,
                  site.range, args[0].range, args[1].range);
  }
  for (auto &[word, reduction] : reductions)
    if (word == name)
      return positional(args, 1, 1, site) ? reduceTree(reduction, args[0].value, site.range)
                                          : Value();
  if (name.starts_with("random."))
    return builtinRandom(name.substr(7), std::move(args), site);
  if (name == "zeros" || name == "ones" || name == "full" || name == "glorot_uniform" ||
      name == "orthogonal")
    return builtinFill(name, std::move(args), site);
  if (name == "map" || name == "zip" || name == "enumerate" || name == "len")
    return builtinList(name, std::move(args), site);
  if (name.starts_with("cumulative_"))
    return builtinAlong(name, std::move(args), site);
  if (name == "argsort")
    return builtinArgsort(std::move(args), site);
  return builtinShape(name, std::move(args), site);
}

/// `sum(t)` of a tree adds up all leaves.
Value Elaborator::reduceTree(ast::Reduction reduction, const Value &value, SourceRange range) {
  if (auto *tensor = value.get<Tensor>())
    return reduceAll(reduction, *tensor, range);
  if (value.is<Number>())
    return value;
  std::vector<Value> parts;
  if (reduction == ast::Reduction::Sum && leaves(value, parts) && !parts.empty()) {
    std::optional<Value> total;
    for (const Value &part : parts) {
      auto tensor = asTensor(part, range);
      if (!tensor)
        return ErrorValue{};
      Value sum = reduceAll(reduction, *tensor, range);
      total = total ? binary(ast::BinaryOp::Add, *total, sum, range, range, range) : sum;
    }
    return *total;
  }
  auto tensor = asTensor(value, range);
  return tensor ? reduceAll(reduction, *tensor, range) : Value();
}

Value Elaborator::builtinList(const std::string &name, std::vector<CallArg> args,
                              const CallSite &site) {
  if (!positional(args, name == "map" ? 2 : 1, name == "zip" ? 16 : name == "map" ? 2 : 1, site))
    return ErrorValue{};
  if (name == "map") {
    std::vector<Value> parts;
    if (!leaves(args[1].value, parts))
      return fail(Code::ArgumentType, args[1].range,
                  "`map` goes over a tree of tensors, and this is " + typeText(args[1].value));
    for (Value &part : parts) {
      CallArg leaf{{}, part, args[1].expr, args[1].range, args[1].range};
      part = call(args[0].value, {leaf}, site);
      if (part.isError())
        return part;
    }
    size_t next = 0;
    return rebuild(args[1].value, parts, next);
  }
  std::vector<const Sequence *> lists;
  for (const CallArg &arg : args) {
    lists.push_back(arg.value.get<Sequence>());
    if (!lists.back())
      return error(Code::ArgumentType, arg.range,
                   "`" + name + "` takes a list, and this is " + typeText(arg.value))
                 .help("the size of a tensor's first dimension is `shape(x)[0]`"),
             ErrorValue{};
  }
  if (name == "len")
    return {Number::integer(Dim(static_cast<int64_t>(lists[0]->items.size()))), site.range};
  Sequence result{true, {}};
  for (const Sequence *list : lists)
    if (list->items.size() != lists[0]->items.size())
      return fail(Code::ArgumentType, site.range,
                  "these lists have " + std::to_string(lists[0]->items.size()) + " and " +
                      std::to_string(list->items.size()) + " items");
  for (size_t i = 0; i < lists[0]->items.size() && spend(lists.size()); ++i) {
    if (result.items.total() > CheckLimits::valueSize)
      break;
    Sequence item{false, {}};
    if (name == "enumerate")
      item.items.push_back(Number::integer(Dim(static_cast<int64_t>(i))));
    for (const Sequence *list : lists)
      item.items.push_back(list->items[i]);
    result.items.push_back(item);
  }
  return result;
}
