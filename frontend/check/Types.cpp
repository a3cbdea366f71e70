//===- Types.cpp - What types say, and values made to fit them ------------===//
#include "frontend/check/Elaborator.h"
#include "frontend/check/NameWalker.h"

#include <algorithm>
#include <array>

using namespace tenon;
using namespace tenon::check;
using Kind = ResolvedType::Kind;

//===----------------------------------------------------------------------===//
// Dimensions
//===----------------------------------------------------------------------===//

Dim Elaborator::known(const Dim &dim) const {
  if (holes.empty() || dim.constant())
    return dim;
  return dim.substitute([&](const std::string &name) -> std::optional<Dim> {
    if (auto found = holes.find(name); found != holes.end())
      return known(found->second);
    return std::nullopt;
  });
}

Dim Elaborator::freshHole(SourceRange range) {
  std::string name = "$" + std::to_string(nextHole++);
  holeRanges[name] = range;
  return Dim::symbol(name);
}

bool Elaborator::equal(const Dim &a, const Dim &b) {
  Dim x = known(a), y = known(b);
  if (x == y)
    return true;
  // What is still to be worked out becomes what it is used with.
  for (auto [hole, value] : {std::pair(&x, &y), std::pair(&y, &x)})
    for (const std::string &name : hole->symbols()) {
      if (name[0] != '$')
        continue;
      if (auto solution = hole->solveFor(name, *value)) {
        auto names = solution->symbols();
        if (std::count(names.begin(), names.end(), name))
          continue;
        holes[name] = *solution;
        return true;
      }
    }
  return facts.provesEqual(x, y);
}

/// The expression that a name stands for inside an alias, and where to read it.
static std::pair<const ast::Expr *, const DimEnv *> follow(const ast::Expr *expr,
                                                           const DimEnv *env) {
  while (auto *name = ast::dynCast<ast::NameExpr>(expr)) {
    auto found = env->args.find(name->name);
    if (found == env->args.end() || !env->outer)
      break;
    expr = found->second;
    env = env->outer;
  }
  return {expr, env};
}

void Elaborator::unknownDims(const ast::Expr *written, const DimEnv &written_env,
                             std::vector<std::string> &out) {
  if (!spend(1))
    return;
  auto [expr, env] = follow(written, &written_env);
  if (auto *name = ast::dynCast<ast::NameExpr>(expr)) {
    auto value = lookup(*env->scope, name->name, name->range);
    // A list may be asked for its length.
    bool known = (value && (value->is<Number>() || value->is<Sequence>() || value->isError())) ||
                 env->ellipses.count(name->name);
    if (!known && !std::count(out.begin(), out.end(), name->name))
      out.emplace_back(name->name);
  } else if (auto *unary = ast::dynCast<ast::UnaryExpr>(expr)) {
    unknownDims(unary->operand, *env, out);
  } else if (auto *binary = ast::dynCast<ast::BinaryExpr>(expr)) {
    unknownDims(binary->lhs, *env, out);
    unknownDims(binary->rhs, *env, out);
  } else if (auto *call = ast::dynCast<ast::CallExpr>(expr)) {
    for (const ast::Arg &arg : call->args)
      unknownDims(arg.value, *env, out);
  }
}

std::optional<Dim> Elaborator::evaluateDim(const ast::Expr *written, const DimEnv &written_env) {
  if (!spend(2))
    return std::nullopt;
  auto [expr, env] = follow(written, &written_env);
  if (expr->kind == ast::ExprKind::Wildcard)
    return freshHole(expr->range);
  auto *name = ast::dynCast<ast::NameExpr>(expr);
  if (name && name->name == "_")
    return freshHole(expr->range);
  ScopePtr scope = env->scope;
  std::string ellipsis;
  NameWalker([&](std::string_view used, SourceRange) {
    if (env->ellipses.count(used))
      ellipsis = used;
  }).expr(expr, {});
  if (!ellipsis.empty()) {
    error(Code::BadDimension, expr->range,
          "`" + ellipsis + "` stands for `...` here, which is no number")
        .done();
    return std::nullopt;
  }
  if (!env->args.empty()) {
    scope = std::make_shared<Scope>(scope);
    for (auto &[parameter, arg] : env->args)
      if (auto dim = evaluateDim(arg, *env->outer))
        bind(*scope, parameter, Number::integer(*dim), arg->range);
  }
  if (name) {
    auto value = lookup(*scope, name->name, name->range);
    if (!value || !(value->is<Number>() || value->isError())) {
      auto report = error(Code::UnknownDimension, name->range,
                          "no dimension is called `" + std::string(name->name) + "` here");
      if (value)
        report.label("is " + typeText(*value));
      std::vector<std::string> numbers;
      for (Scope *s = scope.get(); s; s = s->parent.get())
        for (auto &[other, binding] : s->names)
          if (binding.value.is<Number>())
            numbers.push_back(other);
      if (std::string near = nearest(name->name, numbers); !near.empty())
        report.help("did you mean `" + near + "`?").fix(name->range, near);
      return std::nullopt;
    }
  }
  Value value = evaluate(expr, scope);
  if (auto dim = asDim(value)) {
    if (auto number = dim->constant(); number && *number < 0) {
      error(Code::BadDimension, expr->range, "a dimension can't be " + std::to_string(*number))
          .done();
      return std::nullopt;
    }
    return dim;
  }
  if (!value.isError())
    error(Code::BadDimension, expr->range,
          "a dimension is a whole number, and this is " + typeText(value))
        .done();
  return std::nullopt;
}

//===----------------------------------------------------------------------===//
// Types
//===----------------------------------------------------------------------===//

static constexpr std::array<std::pair<std::string_view, DType>, 9> dtypeNames{{
    {"f16", DType::F16},
    {"bf16", DType::BF16},
    {"f32", DType::F32},
    {"f64", DType::F64},
    {"i8", DType::I8},
    {"i32", DType::I32},
    {"i64", DType::I64},
    {"u8", DType::U8},
    {"bool", DType::Bool},
}};

std::optional<DType> Elaborator::dtypeNamed(std::string_view name) const {
  for (auto &[text, dtype] : dtypeNames)
    if (text == name)
      return dtype;
  return std::nullopt;
}

std::optional<Dt> Elaborator::dtypeVariable(std::string_view name, TypeVars *vars) {
  auto variable = [&](std::optional<Dt> &held, bool real) -> Dt {
    if (!held)
      held = name == "any" ? dtypes.freshAny() : dtypes.fresh(real);
    return *held;
  };
  if (name == "float")
    return vars ? variable(vars->real, true) : Dt(options.real);
  if (name == "integer")
    return vars ? variable(vars->integer, false) : Dt(DType::I32);
  if (name == "any")
    return vars ? variable(vars->any, false) : Dt(options.real);
  return std::nullopt;
}

TypeVars *Elaborator::typeVars(const Scope &scope) {
  for (const Scope *s = &scope; s; s = s->parent.get())
    if (s->types)
      return s->types;
  return nullptr;
}

const ast::Alias *Elaborator::findAlias(const Scope &scope, const ast::Path &path,
                                        ScopePtr &aliasScope) {
  std::string_view name = path.names.back().text;
  auto inModule = [&](Module *module) -> const ast::Alias * {
    auto found = module->decls.find(name);
    auto *alias = found == module->decls.end() ? nullptr : ast::dynCast<ast::Alias>(found->second);
    if (alias)
      aliasScope = module->scope;
    return alias;
  };
  for (const Scope *s = &scope; s; s = s->parent.get()) {
    if (s->self && path.names.size() == 1)
      if (auto *member = memberNamed(*s->self->decl, name);
          member && member->kind == ast::MemberKind::Alias) {
        aliasScope = s->self->scope;
        return member->alias;
      }
    if (!s->module)
      continue;
    if (path.names.size() == 1)
      return inModule(s->module);
    if (auto imported = s->module->imports.find(path.names[0].text);
        imported != s->module->imports.end() && imported->second)
      return inModule(imported->second);
  }
  return nullptr;
}

bool Elaborator::enterAlias(const ast::NamedType &type, const ast::Alias &alias,
                            const DimEnv &outer, DimEnv &inner) {
  if (alias.dims.size() != type.dims.size()) {
    error(Code::BadType, type.range,
          "`" + std::string(alias.name.text) + "` takes " + std::to_string(alias.dims.size()) +
              " dimensions, and this gives it " + std::to_string(type.dims.size()))
        .secondary(alias.name.range, "declared here");
    return false;
  }
  inner.vars = outer.vars;
  inner.outer = &outer;
  for (size_t i = 0; i < alias.dims.size(); ++i) {
    std::string name(alias.dims[i].text);
    if (outer.isEllipsis(type.dims[i]))
      inner.ellipses.insert(name);
    else
      inner.args[name] = type.dims[i].extent;
  }
  return true;
}

ResolvedType Elaborator::resolveType(const ast::Type *type, const DimEnv &env) {
  ResolvedType result;
  if (!type || type->kind == ast::TypeKind::Error || !spend(8))
    return result;
  switch (type->kind) {
  case ast::TypeKind::Named:
    return resolveNamed(ast::cast<ast::NamedType>(type), env);
  case ast::TypeKind::Tuple:
    result.kind = Kind::Tuple;
    for (const ast::Type *item : ast::cast<ast::TupleType>(type).items)
      result.items.push_back(resolveType(item, env));
    return result;
  case ast::TypeKind::List:
    result.kind = Kind::List;
    result.items.push_back(resolveType(ast::cast<ast::ListType>(type).item, env));
    return result;
  case ast::TypeKind::Record:
    result.kind = Kind::Record;
    for (const ast::Param &field : ast::cast<ast::RecordType>(type).fields) {
      result.names.emplace_back(field.name.text);
      result.items.push_back(resolveType(field.type, env));
    }
    return result;
  case ast::TypeKind::Function:
    result.kind = Kind::Function;
    return result;
  case ast::TypeKind::Strings:
    result.kind = Kind::Strings;
    for (std::string_view item : ast::cast<ast::StringsType>(type).values)
      result.names.emplace_back(item);
    return result;
  case ast::TypeKind::Like: {
    auto &like = ast::cast<ast::LikeType>(type);
    auto value = lookup(*env.scope, like.name.text, like.name.range);
    if (!value) {
      unknownName(*env.scope, like.name.text, like.name.range);
      return result;
    }
    result.kind = value->isError() ? Kind::Error : Kind::Like;
    result.like = *value;
    return result;
  }
  case ast::TypeKind::Error:
    break;
  }
  return result;
}

/// Which dimensions go to which of two couldn't be said; a name that stands for `...` is one, too.
bool Elaborator::reportSecondEllipsis(const ast::NamedType &type, const DimEnv &env) {
  bool seen = false;
  for (const ast::TypeDim &dim : type.dims)
    if (env.isEllipsis(dim) && std::exchange(seen, true)) {
      error(Code::EllipsisRank, dim.range, "`...` stands twice in one bracket").done();
      return true;
    }
  return false;
}

ResolvedType Elaborator::resolveNamed(const ast::NamedType &type, const DimEnv &env) {
  ResolvedType result;
  std::string_view name = type.path.names.back().text;
  if (type.path.names.size() == 1) {
    static constexpr std::array<std::pair<std::string_view, Kind>, 5> plain{
        {{"int", Kind::Int},
         {"real", Kind::Real},
         {"string", Kind::String},
         {"model", Kind::Model},
         {"tree", Kind::Tree}}};
    for (auto &[text, kind] : plain)
      if (text == name) {
        result.kind = kind;
        return result;
      }
  }
  ScopePtr aliasScope;
  if (const ast::Alias *alias = findAlias(*env.scope, type.path, aliasScope)) {
    DimEnv inner{aliasScope, nullptr, {}, nullptr};
    AliasDepth guard(aliasDepth);
    if (recursiveAliases.count(alias) || !mayEnterAlias(type.range) ||
        !enterAlias(type, *alias, env, inner))
      return result;
    return resolveType(alias->type, inner);
  }
  std::optional<Dt> dtype;
  if (type.path.names.size() == 1) {
    if (auto fixed = dtypeNamed(name))
      dtype = *fixed;
    else
      dtype = dtypeVariable(name, env.vars);
  }
  if (!dtype) {
    if (auto value = lookup(*env.scope, type.path.names[0].text, type.path.range)) {
      if (auto *module = value->get<ModuleRef>(); module && type.path.names.size() == 2)
        value = lookupDecl(*module->module, name, type.path.range);
      if (value && value->isError())
        return result;
      if (value && value->is<ModelType>()) {
        result.kind = Kind::Model;
        return result;
      }
    }
    std::vector<std::string> names{"int",  "real",  "string",  "model",
                                   "tree", "float", "integer", "any"};
    for (auto &[text, known] : dtypeNames)
      names.emplace_back(text);
    auto report =
        error(Code::UnknownType, type.path.range, "there is no type `" + type.path.str() + "`");
    if (std::string near = nearest(name, names); !near.empty())
      report.help("did you mean `" + near + "`?").fix(type.path.range, near);
    return result;
  }
  result.dtype = *dtype;
  bool ok = true;
  if (type.dims.size() > CheckLimits::rank) {
    error(Code::TensorTooLarge, type.range,
          "a tensor has at most " + std::to_string(CheckLimits::rank) +
              " dimensions, and this has " + std::to_string(type.dims.size()))
        .done();
    return result;
  }
  if (reportSecondEllipsis(type, env))
    return result;
  for (const ast::TypeDim &dim : type.dims) {
    if (env.isEllipsis(dim)) {
      if (!env.vars || !env.vars->ellipsis) {
        error(Code::UnsolvedDimension, dim.range, "nothing here says what `...` stands for").done();
        ok = false;
        continue;
      }
      for (Axis axis : *env.vars->ellipsis) {
        axis.fromEllipsis = true;
        axis.name = {};
        result.axes.push_back(axis);
      }
      continue;
    }
    auto extent = evaluateDim(dim.extent, env);
    ok &= extent.has_value();
    if (extent) {
      Axis axis(*extent, originOf(dim.extent, env));
      axis.decided = decidedBy(dim.extent, env);
      if (auto *name = ast::dynCast<ast::NameExpr>(dim.extent))
        axis.name = name->name;
      result.axes.push_back(axis);
    }
  }
  if (ok && !isCountable(result.axes)) {
    error(Code::TensorTooLarge, type.range,
          "this is a tensor with more elements than 64 bits can count")
        .done();
    ok = false;
  }
  result.kind = ok ? Kind::Tensor : Kind::Error;
  return result;
}

/// Where the number behind a dimension was written: a model's argument, a constant, or the place
/// itself.
SourceRange Elaborator::originOf(const ast::Expr *written, const DimEnv &written_env) {
  auto [expr, env] = follow(written, &written_env);
  if (auto *name = ast::dynCast<ast::NameExpr>(expr))
    if (auto value = lookup(*env->scope, name->name, name->range); value && value->origin.isValid())
      return value->origin;
  return expr->range;
}

Decided Elaborator::decidedBy(const ast::Expr *written, const DimEnv &written_env) {
  if (!spend(1))
    return Decided::Elsewhere;
  auto [expr, env] = follow(written, &written_env);
  if (expr->kind == ast::ExprKind::Number)
    return Decided::Fixed;
  auto either = [](Decided a, Decided b) {
    if (a == Decided::ByCall || b == Decided::ByCall)
      return Decided::ByCall;
    return a == b ? a : Decided::Elsewhere;
  };
  if (auto *binary = ast::dynCast<ast::BinaryExpr>(expr))
    return either(decidedBy(binary->lhs, *env), decidedBy(binary->rhs, *env));
  auto *name = ast::dynCast<ast::NameExpr>(expr);
  if (!name)
    return Decided::Elsewhere;
  for (const Scope *s = env->scope.get(); s; s = s->parent.get()) {
    if (s->dims.count(name->name))
      return Decided::ByCall;
    if (s->names.count(name->name))
      return s->isFunction || s->self ? Decided::Fixed : Decided::Elsewhere;
    if (s->self || s->module)
      return Decided::Fixed;
  }
  return Decided::Elsewhere;
}

//===----------------------------------------------------------------------===//
// Values made to fit
//===----------------------------------------------------------------------===//

Value Elaborator::fill(const Fill &fill, Dt dtype, std::vector<Axis> axes) {
  if (fill.kind == Fill::Kind::Number) {
    auto scalar = materialise(fill.number, dtype, fill.range);
    if (!scalar)
      return ErrorValue{};
    return broadcast(*scalar, axes, {}, fill.range);
  }
  if (fill.kind == Fill::Kind::Orthogonal)
    return orthogonal(fill, dtype, axes);
  std::vector<Tensor> parameters;
  for (const Value &parameter : fill.parameters) {
    auto number = asNumber(parameter);
    auto *tensor = parameter.get<Tensor>();
    auto scalar = number   ? materialise(*number, dtype, fill.range)
                  : tensor ? std::optional(*tensor)
                           : std::nullopt;
    if (!scalar)
      return ErrorValue{};
    parameters.push_back(*scalar);
  }
  return draw(fill.distribution, parameters, dtype, axes, fill.range);
}

Value Elaborator::coerce(Value value, const ResolvedType &type, SourceRange range,
                         const std::string &what, Code code, SourceRange typeRange) {
  if (value.isError() || type.kind == Kind::Error || !spend(1))
    return ErrorValue{};
  auto wrong = [&]() -> Value {
    error(code, range, what + " is " + typeText(type) + ", and this value is " + typeText(value))
        .label(typeText(value))
        .secondary(typeRange, "says " + typeText(type));
    return ErrorValue{};
  };
  switch (type.kind) {
  case Kind::Tensor:
    return coerceTensor(std::move(value), type, range, what, code, typeRange);
  case Kind::Int:
    if (auto *number = value.get<Number>(); number && !number->isReal)
      return value;
    if (value.is<Hole>())
      return {Number::integer(freshHole(value.origin)), value.origin};
    return wrong();
  case Kind::Real:
    return value.is<Number>() ? value : wrong();
  case Kind::String:
    return value.is<Text>() ? value : wrong();
  case Kind::Strings: {
    auto *text = value.get<Text>();
    if (!text)
      return wrong();
    spend(type.names.size() / 16);
    if (std::count(type.names.begin(), type.names.end(), text->value))
      return value;
    auto report = error(Code::UnknownChoice, range,
                        what + " is one of " + typeText(type) + ", not \"" + text->value + "\"");
    if (std::string near = nearest(text->value, type.names); !near.empty())
      report.help("did you mean \"" + near + "\"?").fix(range, "\"" + near + "\"");
    return ErrorValue{};
  }
  case Kind::Tuple:
  case Kind::List: {
    auto *sequence = value.get<Sequence>();
    if (!sequence || (type.kind == Kind::Tuple && sequence->items.size() != type.items.size()))
      return wrong();
    Sequence result{sequence->isList, {}};
    for (size_t i = 0; i < sequence->items.size(); ++i)
      result.items.push_back(coerce(sequence->items[i],
                                    type.kind == Kind::Tuple ? type.items[i] : type.items[0], range,
                                    what, code, typeRange));
    return {result, value.origin};
  }
  case Kind::Record: {
    auto *record = value.get<Record>();
    if (!record || record->fields.size() != type.items.size())
      return wrong();
    Record result;
    for (size_t i = 0; i < type.items.size(); ++i) {
      auto field = record->fields.begin() + i;
      if (field->first != type.names[i]) {
        spend(type.items.size() / 16);
        field = std::find_if(record->fields.begin(), record->fields.end(),
                             [&](auto &f) { return f.first == type.names[i]; });
      }
      if (field == record->fields.end())
        return wrong();
      result.fields.emplace_back(
          field->first, coerce(field->second, type.items[i], range, what, code, typeRange));
    }
    return result;
  }
  case Kind::Function:
    return value.is<FunctionValue>() || value.is<ModelRef>() || value.is<DtypeName>() ? value
                                                                                      : wrong();
  case Kind::Model:
    return value.is<ModelRef>() ? value : wrong();
  case Kind::Tree: {
    std::vector<Value> unused;
    if (value.is<Hole>() || value.is<Tensor>() || leaves(value, unused))
      return value;
    return wrong();
  }
  case Kind::Like: {
    std::vector<Value> pattern, given;
    if (!leaves(type.like, pattern))
      return wrong();
    bool same = value.is<Number>() || value.is<Fill>();
    if (same)
      given.assign(pattern.size(), value);
    else if (!leaves(value, given) || given.size() != pattern.size())
      return wrong();
    for (size_t i = 0; i < given.size(); ++i) {
      auto *leaf = pattern[i].get<Tensor>();
      if (!leaf)
        return ErrorValue{};
      ResolvedType leafType;
      leafType.kind = Kind::Tensor;
      leafType.dtype = leaf->dtype;
      leafType.axes = leaf->axes;
      given[i] = coerce(given[i], leafType, range, what, code, typeRange);
    }
    size_t next = 0;
    return rebuild(type.like, given, next);
  }
  case Kind::Error:
    break;
  }
  return ErrorValue{};
}

Value Elaborator::coerceTensor(Value value, const ResolvedType &type, SourceRange range,
                               const std::string &what, Code code, SourceRange typeRange) {
  if (auto *pending = value.get<Fill>())
    return fill(*pending, type.dtype, type.axes);
  if (auto *number = value.get<Number>()) {
    if (!type.axes.empty())
      return error(code, range, what + " is " + typeText(type) + ", and this is one number")
                 .secondary(typeRange, "says " + typeText(type))
                 .help("a tensor of equal numbers is `full(" + bareText(range) + ")`")
                 .fix(range, "full(" + bareText(range) + ")"),
             ErrorValue{};
    auto scalar = materialise(*number, type.dtype, range);
    return scalar ? Value(*scalar) : Value();
  }
  if (auto *truth = value.get<FixedBool>(); truth && type.axes.empty() &&
                                            dtypes.find(type.dtype).variable < 0 &&
                                            type.dtype.fixed == DType::Bool)
    return constant(truth->value, DType::Bool, range);
  auto *tensor = value.get<Tensor>();
  if (!tensor)
    return error(code, range, what + " is " + typeText(type) + ", and this is " + typeText(value))
               .secondary(typeRange, "says " + typeText(type)),
           ErrorValue{};
  if (!dtypes.unify(tensor->dtype, type.dtype)) {
    auto report =
        error(Code::DtypeMix, range,
              what + " is " + typeText(type) + ", and this value is " + typeText(*tensor));
    report.label(typeText(*tensor)).secondary(typeRange, "says " + typeText(type));
    std::string converted = dtypeText(type.dtype) + "(" + bareText(range) + ")";
    if (tensor->rank() == type.axes.size() &&
        std::equal(type.axes.begin(), type.axes.end(), tensor->axes.begin(),
                   [&](auto &p, auto &q) { return equal(p.dim, q.dim); }))
      report.help("convert it: `" + converted + "`").fix(range, converted);
    return ErrorValue{};
  }
  if (tensor->rank() != type.axes.size())
    return error(code, range,
                 what + " is " + typeText(type) + ", and this value is " + typeText(*tensor))
               .label(typeText(*tensor))
               .secondary(typeRange, "says " + typeText(type)),
           ErrorValue{};
  for (size_t i = 0; i < type.axes.size(); ++i) {
    const Axis &actual = tensor->axes[i], &wanted = type.axes[i];
    if (equal(actual.dim, wanted.dim))
      continue;
    std::string have = dimText(actual.dim), want = dimText(wanted.dim);
    auto report = error(code, range,
                        what + " is " + typeText(type) + ", and this value is " +
                            typeText(*tensor) + ": " + have + " is not " + want);
    report.label(typeText(*tensor)).secondary(typeRange, "says " + typeText(type));
    if (actual.origin.isValid() && !contains(range, actual.origin) && !isLibrary(actual.origin))
      report.secondary(actual.origin, "the " + have + " comes from here");
    if (wanted.origin.isValid() && !isLibrary(wanted.origin) && !contains(typeRange, wanted.origin))
      report.secondary(wanted.origin, "the " + want + " comes from here");
    return ErrorValue{};
  }
  Tensor result = *tensor;
  for (size_t i = 0; i < type.axes.size(); ++i) {
    result.axes[i].fromEllipsis = type.axes[i].fromEllipsis;
    result.axes[i].name = type.axes[i].name;
    if (type.axes[i].decided != Decided::Elsewhere)
      result.axes[i].decided = type.axes[i].decided;
    if (type.axes[i].origin.isValid() && !result.axes[i].origin.isValid())
      result.axes[i].origin = type.axes[i].origin;
  }
  return {result, value.origin};
}
