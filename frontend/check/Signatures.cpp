//===- Signatures.cpp - Arguments meet the types of parameters ------------===//
#include "frontend/check/Elaborator.h"

#include <algorithm>

using namespace tenon;
using namespace tenon::check;

/// The scope in which a signature's dimensions are solved.
static Scope &solutions(const DimEnv &env) {
  const DimEnv *at = &env;
  while (at->outer)
    at = at->outer;
  return *at->scope;
}

/// A dimension that is one name, seen through aliases.
static const ast::NameExpr *plainName(const ast::Expr *expr, const DimEnv *env) {
  for (;;) {
    auto *name = ast::dynCast<ast::NameExpr>(expr);
    if (!name)
      return nullptr;
    auto found = env->args.find(name->name);
    if (found == env->args.end() || !env->outer)
      return name;
    expr = found->second;
    env = env->outer;
  }
}

std::string Elaborator::signatureText(const ast::NamedType &type, const DimEnv &env) {
  std::string result = type.path.str();
  TypeVars *vars = env.vars ? env.vars : solutions(env).types;
  auto shown = [&](const std::optional<Dt> &dtype) {
    if (dtype && (dtypes.find(*dtype).variable < 0))
      result = dtypeText(*dtype);
  };
  if (vars && result == "float")
    shown(vars->real);
  else if (vars && result == "integer")
    shown(vars->integer);
  else if (vars && result == "any")
    shown(vars->any);
  if (!type.hasDims)
    return result;
  for (size_t i = 0; i < type.dims.size(); ++i) {
    result += i ? ", " : "[";
    if (env.isEllipsis(type.dims[i])) {
      result += "...";
      continue;
    }
    std::vector<std::string> unknown;
    unknownDims(type.dims[i].extent, env, unknown);
    std::optional<Dim> dim;
    if (unknown.empty() && type.dims[i].extent->kind != ast::ExprKind::Wildcard)
      dim = evaluateDim(type.dims[i].extent, env);
    result += dim ? dimText(*dim) : text(type.dims[i].extent->range);
  }
  return result + "]";
}

//===----------------------------------------------------------------------===//
// Binding
//===----------------------------------------------------------------------===//

static bool hasEllipsis(const ast::Type *type) {
  auto *named = ast::dynCast<ast::NamedType>(type);
  return named && std::any_of(named->dims.begin(), named->dims.end(),
                              [](const ast::TypeDim &dim) { return dim.ellipsis; });
}

bool Elaborator::bindParameters(const ast::Function &function,
                                std::vector<std::optional<CallArg>> matched, ScopePtr scope,
                                TypeVars &vars, const CallSite &site, ModelInstance *self) {
  DimEnv env{scope, &vars, {}, nullptr};
  std::vector<Pending> pending;
  std::vector<std::pair<size_t, Value>> values(function.params.size());
  bool ok = true;
  auto isFixed = [&](const ast::Param &param) {
    auto *named = ast::dynCast<ast::NamedType>(param.type);
    if (!named || named->path.names.size() != 1)
      return param.type && param.type->kind != ast::TypeKind::Tuple &&
             param.type->kind != ast::TypeKind::Record && param.type->kind != ast::TypeKind::List &&
             !named;
    std::string_view name = named->path.names[0].text;
    return name == "int" || name == "real" || name == "string" || name == "model" || name == "tree";
  };
  for (size_t i = 0; i < function.params.size(); ++i) {
    const ast::Param &param = function.params[i];
    std::string what = "`" + std::string(param.name.text) + "` of `" + site.name + "`";
    Value &value = values[i].second;
    SourceRange range = matched[i] ? matched[i]->range : param.range;
    value = matched[i] ? matched[i]->value : evaluate(param.value, scope);
    if (!param.type) {
      if (value.is<Hole>())
        value = {Number::integer(freshHole(range)), range};
      else if (!checkUntyped(value, param, range, what))
        ok = false;
      if (!value.is<Tensor>() && !value.origin.isValid())
        value.origin = range;
      bind(*scope, param.name.text, value, param.name.range);
      continue;
    }
    if (!isFixed(param))
      continue;
    if (!value.origin.isValid())
      value.origin = range;
    value = coerce(value, resolveType(param.type, env), range, what, Code::ArgumentType,
                   param.type->range);
    ok &= !value.isError();
    bind(*scope, param.name.text, value, param.name.range);
  }
  if (!ok)
    return false;
  for (size_t i = 0; i < function.params.size() && ok; ++i) {
    const ast::Param &param = function.params[i];
    if (!param.type || isFixed(param))
      continue;
    SourceRange range = matched[i] ? matched[i]->shown : param.range;
    ok &= bindType(param.type, values[i].second, env, param, range, site, pending);
  }
  if (!ok || !solvePending(pending, site, self))
    return false;
  // A number by itself is a scalar, unless a tensor beside it has said what `...` stands for.
  for (size_t i = 0; i < function.params.size() && !vars.ellipsis; ++i)
    if (hasEllipsis(function.params[i].type) && values[i].second.is<Number>())
      vars.ellipsis.emplace();
  for (size_t i = 0; i < function.params.size(); ++i) {
    const ast::Param &param = function.params[i];
    if (!param.type || isFixed(param))
      continue;
    SourceRange range = matched[i] ? matched[i]->range : param.range;
    Value value = coerce(values[i].second, resolveType(param.type, env), range,
                         "`" + std::string(param.name.text) + "` of `" + site.name + "`",
                         Code::ArgumentType, param.type->range);
    ok &= !value.isError();
    bind(*scope, param.name.text, value, param.name.range);
  }
  return ok;
}

/// A parameter without a type has its default's; a number's stands for any real or whole number,
/// tensors included.
bool Elaborator::checkUntyped(const Value &value, const ast::Param &param, SourceRange range,
                              const std::string &what) {
  auto *number = ast::dynCast<ast::NumberExpr>(param.value);
  bool fits = true;
  if (number)
    fits = value.is<Number>() || value.is<Tensor>() || value.is<Hole>() || value.is<Fill>();
  else if (param.value && param.value->kind == ast::ExprKind::String)
    fits = value.is<Text>();
  else if (param.value && param.value->kind == ast::ExprKind::Bool)
    fits = value.is<FixedBool>();
  if (number && number->isInteger)
    if (auto *given = value.get<Number>(); given && given->isReal)
      fits = false;
  if (fits || value.isError())
    return !value.isError();
  error(Code::ArgumentType, range,
        what + " is " +
            (number ? number->isInteger ? "a whole number" : "a number"
             : param.value->kind == ast::ExprKind::Bool ? "`true` or `false`"
                                                        : "a text") +
            ", and this is " + typeText(value))
      .secondary(param.value->range, "its default");
  return false;
}

bool Elaborator::bindType(const ast::Type *type, const Value &value, const DimEnv &env,
                          const ast::Param &param, SourceRange range, const CallSite &site,
                          std::vector<Pending> &pending) {
  auto wrong = [&](const std::string &wanted) {
    error(Code::ArgumentType, range,
          "`" + std::string(param.name.text) + "` of `" + site.name + "` is " + wanted +
              ", and this is " + typeText(value))
        .secondary(type->range, "declared here");
    return false;
  };
  if (!spend(4))
    return false;
  if (type->kind == ast::TypeKind::Named) {
    auto &named = ast::cast<ast::NamedType>(type);
    ScopePtr aliasScope;
    const ast::Alias *alias = findAlias(*env.scope, named.path, aliasScope);
    if (!alias)
      return bindTensor(named, value, env, param, range, site, pending);
    AliasDepth guard(aliasDepth);
    if (!mayEnterAlias(named.range))
      return false;
    environments.push_back(std::make_unique<DimEnv>(DimEnv{aliasScope, nullptr, {}, nullptr}));
    DimEnv &inner = *environments.back();
    return !recursiveAliases.count(alias) && enterAlias(named, *alias, env, inner) &&
           bindType(alias->type, value, inner, param, range, site, pending);
  }
  if (type->kind == ast::TypeKind::Tuple) {
    auto &tuple = ast::cast<ast::TupleType>(type);
    auto *sequence = value.get<Sequence>();
    if (!sequence || sequence->items.size() != tuple.items.size())
      return wrong("a tuple of " + std::to_string(tuple.items.size()));
    bool ok = true;
    for (size_t i = 0; i < tuple.items.size(); ++i)
      ok &= bindType(tuple.items[i], sequence->items[i], env, param, range, site, pending);
    return ok;
  }
  if (type->kind == ast::TypeKind::List) {
    auto *sequence = value.get<Sequence>();
    if (!sequence)
      return wrong("a list");
    bool ok = true;
    for (const Value &item : sequence->items)
      ok &= bindType(ast::cast<ast::ListType>(type).item, item, env, param, range, site, pending);
    return ok;
  }
  if (type->kind == ast::TypeKind::Record) {
    auto *record = value.get<Record>();
    if (!record)
      return wrong("a record");
    bool ok = true;
    for (const ast::Param &field : ast::cast<ast::RecordType>(type).fields) {
      spend(record->fields.size() / 16);
      for (auto &[name, item] : record->fields)
        if (name == field.name.text)
          ok &= bindType(field.type, item, env, param, range, site, pending);
    }
    return ok;
  }
  return true;
}

bool Elaborator::bindTensor(const ast::NamedType &type, const Value &value, const DimEnv &env,
                            const ast::Param &param, SourceRange range, const CallSite &site,
                            std::vector<Pending> &pending) {
  std::string_view name = type.path.names.back().text;
  auto fixed = dtypeNamed(name);
  bool open = name == "float" || name == "integer" || name == "any";
  if (!fixed && !open)
    return true; // reported, or coerced, when the type is resolved
  auto *tensor = value.get<Tensor>();
  if (!tensor)
    return true;
  TypeVars *vars = env.vars ? env.vars : solutions(env).types;
  Dt wanted = fixed ? Dt(*fixed) : *dtypeVariable(name, vars);
  std::string what = "`" + std::string(param.name.text) + "` of `" + site.name + "`";
  Dt actual = dtypes.find(tensor->dtype);
  bool kindFits = name != "integer" || !dtypes.mustBeReal(actual);
  if (!kindFits || !dtypes.unify(wanted, tensor->dtype)) {
    auto report = error(Code::DtypeMix, range,
                        what + " is " +
                            (open && dtypes.find(wanted).variable < 0 ? dtypeText(wanted)
                                                                      : signatureText(type, env)) +
                            ", and this value is " + typeText(*tensor));
    report.label(typeText(*tensor)).secondary(type.range, "declared here");
    std::string to = fixed ? std::string(check::name(*fixed)) : dtypeText(wanted);
    // Where a call isn't written, there is nothing to convert.
    std::string converted =
        site.isStage ? bareText(range) + " |> " + to : to + "(" + bareText(range) + ")";
    if (kindFits && range != site.callee)
      report.help("convert it: `" + converted + "`").fix(range, converted);
    return false;
  }
  if (reportSecondEllipsis(type, env))
    return false;
  size_t written = 0;
  bool ellipsis = false;
  for (const ast::TypeDim &dim : type.dims)
    env.isEllipsis(dim) ? void(ellipsis = true) : void(++written);
  size_t rank = tensor->rank();
  if (ellipsis ? rank < written : rank != written) {
    error(Code::RankMismatch, range,
          what + " is " + signatureText(type, env) + ", and this value is " + typeText(*tensor))
        .label(rank == 0
                   ? "a scalar"
                   : "has " + std::to_string(rank) + (rank == 1 ? " dimension" : " dimensions"))
        .secondary(type.range, "declared here");
    return false;
  }
  size_t axis = 0;
  for (const ast::TypeDim &dim : type.dims) {
    if (env.isEllipsis(dim)) {
      size_t count = rank - written;
      std::vector<Axis> lead(tensor->axes.begin() + axis, tensor->axes.begin() + axis + count);
      axis += count;
      if (!vars->ellipsis) {
        vars->ellipsis = lead;
        continue;
      }
      bool same = vars->ellipsis->size() == count;
      for (size_t i = 0; same && i < count; ++i)
        same = equal((*vars->ellipsis)[i].dim, lead[i].dim);
      if (!same) {
        Tensor have{kNoValue, tensor->dtype, lead}, want{kNoValue, tensor->dtype, *vars->ellipsis};
        auto inner = [&](const Tensor &t) {
          std::string all = typeText(t);
          size_t bracket = all.find('[');
          return bracket == std::string::npos ? std::string("nothing")
                                              : all.substr(bracket + 1, all.size() - bracket - 2);
        };
        error(Code::DimensionsDisagree, range,
              "`...` stands for " + inner(want) + " in this call of `" + site.name + "`, and for " +
                  inner(have) + " in this argument")
            .label(typeText(*tensor))
            .secondary(dim.range, "the same dimensions throughout");
        return false;
      }
      continue;
    }
    const Axis &actualAxis = tensor->axes[axis++];
    if (dim.extent->kind == ast::ExprKind::Wildcard)
      continue;
    const ast::NameExpr *plain = plainName(dim.extent, &env);
    if (plain && plain->name == "_")
      continue;
    std::vector<std::string> unknown;
    unknownDims(dim.extent, env, unknown);
    if (plain && !unknown.empty()) {
      bind(solutions(env), unknown[0], Value(Number::integer(actualAxis.dim), actualAxis.origin),
           plain->range);
      solutions(env).dims[unknown[0]] = actualAxis.decided;
      continue;
    }
    pending.push_back({dim.extent, &env, actualAxis, &param, axis, rank, range, *tensor, &type});
  }
  return true;
}

//===----------------------------------------------------------------------===//
// Solving
//===----------------------------------------------------------------------===//

bool Elaborator::solvePending(std::vector<Pending> &pending, const CallSite &site,
                              ModelInstance *self) {
  bool ok = true, progress = true;
  while (!pending.empty() && progress) {
    progress = false;
    std::vector<Pending> left;
    for (Pending &item : pending) {
      std::vector<std::string> unknown;
      unknownDims(item.expr, *item.env, unknown);
      if (unknown.size() > 1) {
        left.push_back(item);
        continue;
      }
      if (unknown.size() == 1) {
        auto trial = std::make_shared<Scope>(item.env->scope);
        bind(*trial, unknown[0], Number::integer(Dim::symbol("$solve")), {});
        DimEnv env = *item.env;
        env.scope = trial;
        auto dim = evaluateDim(item.expr, env);
        auto solution = dim ? dim->solveFor("$solve", known(item.actual.dim)) : std::nullopt;
        if (!solution) {
          left.push_back(item);
          continue;
        }
        bind(solutions(*item.env), unknown[0],
             Value(Number::integer(*solution), item.actual.origin), item.expr->range);
        solutions(*item.env).dims[unknown[0]] = item.actual.decided;
        progress = true;
        continue;
      }
      progress = true;
      auto wanted = evaluateDim(item.expr, *item.env);
      if (!wanted) {
        ok = false;
      } else if (!equal(*wanted, item.actual.dim)) {
        reportDimension(item, *wanted, originOf(item.expr, *item.env), site, self);
        ok = false;
      }
    }
    pending = std::move(left);
  }
  for (const Pending &item : pending) {
    std::vector<std::string> unknown;
    unknownDims(item.expr, *item.env, unknown);
    error(Code::UnsolvedDimension, item.expr->range,
          "`" + unknown[0] + "` doesn't follow from this call's arguments")
        .secondary(item.range, typeText(item.tensor))
        .help("let a dimension of an argument be `" + unknown[0] +
              "` itself, or make it a parameter: `" + unknown[0] + ": int`");
    ok = false;
  }
  return ok;
}

/// True if the name is a constant of a file, and nothing nearer.
static bool isConstantName(const DimEnv &env, const ast::NameExpr &name) {
  for (const Scope *s = env.scope.get(); s; s = s->parent.get()) {
    if (s->names.count(name.name))
      return false;
    if (s->module) {
      auto decl = s->module->decls.find(name.name);
      return decl != s->module->decls.end() && ast::dynCast<ast::TopLet>(decl->second);
    }
  }
  return false;
}

void Elaborator::reportDimension(const Pending &item, const Dim &wanted, SourceRange wantedOrigin,
                                 const CallSite &site, ModelInstance *self) {
  std::string have = dimText(item.actual.dim), want = dimText(wanted);
  std::string takes = "takes " + signatureText(*item.type, *item.env);
  bool features = self && item.place == item.rank && dtypes.mustBeReal(item.tensor.dtype) &&
                  known(wanted).constant();
  std::string message =
      features ? "`" + site.name + "` expects " + want + " features, but this value has " + have
               : "`" + site.name + "` expects `" + std::string(item.param->name.text) + "` to be " +
                     signatureText(*item.type, *item.env) + ", but this value is " +
                     typeText(item.tensor);
  auto report = site.piped ? error(Code::DimensionMismatch, site.callee, message)
                           : error(Code::DimensionMismatch, item.range, message);
  if (site.piped)
    report.label(takes).secondary(item.range, typeText(item.tensor));
  else
    report.label(typeText(item.tensor)).secondary(site.callee, takes);
  SourceRange origin = item.actual.origin;
  if (origin.isValid() && !isLibrary(origin) && !contains(item.range, origin))
    report.secondary(origin, "the " + have + " comes from here");
  // A name that is also a constant is no variable of the signature, which is easily overlooked.
  if (auto *name = ast::dynCast<ast::NameExpr>(item.expr); name && isConstantName(*item.env, *name))
    report.note("`" + std::string(name->name) +
                "` here is the constant of that name; a dimension "
                "that each call decides has a name of its own");
  if (!wantedOrigin.isValid() || isLibrary(wantedOrigin))
    return;
  report.secondary(wantedOrigin, "the " + want + " comes from here");
  // The call that made the model, with the width that it should have been given.
  auto number = known(item.actual.dim).constant();
  if (self && number && contains(self->made, wantedOrigin) &&
      text(wantedOrigin).find_first_not_of("0123456789_") == std::string::npos) {
    std::string made = text(self->made);
    made.replace(wantedOrigin.begin - self->made.begin, wantedOrigin.end - wantedOrigin.begin,
                 std::to_string(*number));
    report.help("make the widths agree: `" + made + "`").fix(wantedOrigin, std::to_string(*number));
  }
}
