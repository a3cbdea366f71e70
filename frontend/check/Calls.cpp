//===- Calls.cpp - Calls of functions and models --------------------------===//
#include "frontend/check/Elaborator.h"

#include <algorithm>

using namespace tenon;
using namespace tenon::check;

//===----------------------------------------------------------------------===//
// Evaluating a call
//===----------------------------------------------------------------------===//

/// Distinguishes calls in a train block: equal ones have equal keys. Empty for what has none.
static bool appendKey(const Value &value, std::string &key) {
  if (auto *tensor = value.get<Tensor>())
    key += "t" + std::to_string(tensor->id);
  else if (auto *number = value.get<Number>(); number && number->operands.empty())
    key += number->isReal ? "r" + std::to_string(number->real) : "d" + number->whole.str();
  else if (auto *truth = value.get<FixedBool>())
    key += truth->value ? "y" : "n";
  else if (auto *string = value.get<Text>())
    key += "s" + std::to_string(string->value.size()) + ":" + string->value;
  else if (auto *model = value.get<ModelRef>())
    key += "m" + std::to_string(reinterpret_cast<uintptr_t>(model->instance));
  else if (auto *sequence = value.get<Sequence>()) {
    key += "(";
    for (const Value &item : sequence->items)
      if (!appendKey(item, key))
        return false;
    key += ")";
  } else if (auto *function = value.get<FunctionValue>();
             function && function->kind == FunctionValue::Kind::Declared)
    key += "f" + std::to_string(reinterpret_cast<uintptr_t>(function->decl)) + "," +
           std::to_string(reinterpret_cast<uintptr_t>(function->self));
  else
    return false;
  key += ";";
  return true;
}

static std::string callKey(const Value &callee, const std::vector<CallArg> &args) {
  std::string key;
  if (!appendKey(callee, key))
    return "";
  for (const CallArg &arg : args) {
    key += std::string(arg.name.text) + "=";
    if (!appendKey(arg.value, key))
      return "";
  }
  return key;
}

Value Elaborator::evaluateCall(const ast::CallExpr &expr, ScopePtr scope,
                               const ResolvedType *expected) {
  Value callee = evaluate(expr.callee, scope);
  CallSite site{expr.range, expr.callee->range, text(expr.callee->range), expected, expr.piped};
  auto *function = callee.get<FunctionValue>();
  bool derives =
      function && function->kind == FunctionValue::Kind::Builtin &&
      (function->builtin == "grad" || function->builtin == "value_and_grad" ||
       function->builtin == "vjp" || function->builtin == "jvp" || function->builtin == "hessian");
  if (derives)
    return makeGradient(function->builtin, expr, scope, site);
  std::vector<CallArg> args;
  bool failed = callee.isError();
  std::string path = fieldPath;
  for (const ast::Arg &arg : expr.args) {
    // A model made for another one is a part of it: `wrapped.inner`.
    if (auto *model = callee.get<ModelType>(); model && mayMakeModels) {
      std::string_view name = arg.name.text;
      if (name.empty() && args.size() < model->decl->params.size())
        name = model->decl->params[args.size()].name.text;
      fieldPath = (path.empty() ? "" : path + ".") + std::string(name);
    }
    CallArg evaluated{arg.name,
                      evaluate(arg.value, scope),
                      arg.value,
                      arg.value ? arg.value->range : arg.range,
                      {}};
    if (auto *piped = ast::dynCast<ast::CallExpr>(arg.value);
        piped && piped->piped && expr.piped && args.empty())
      evaluated.shown = piped->callee->range;
    else
      evaluated.shown = evaluated.range;
    if (evaluated.value.is<NoValue>())
      evaluated.value = fail(Code::NotATensor, evaluated.range, "this has no value to pass on");
    failed |= evaluated.value.isError();
    args.push_back(std::move(evaluated));
  }
  fieldPath = path;
  if (failed)
    return ErrorValue{};
  bool remember = memoCalls && active.empty();
  if (callee.is<ModelType>() && remember) {
    // A model made in a train block is one model, whichever entry is being built.
    auto [place, isNew] = trainInstances.try_emplace(&expr, nullptr);
    if (isNew) {
      Value made = call(callee, std::move(args), site);
      if (auto *model = made.get<ModelRef>())
        place->second = model->instance;
    }
    if (place->second && place->second->stateRole == Role::Metric)
      declareSlots(*place->second);
    return place->second ? Value(ModelRef{place->second}) : Value();
  }
  std::string key = remember ? callKey(callee, args) : "";
  if (!key.empty())
    if (auto found = memo.find(key); found != memo.end())
      return found->second;
  Value result = call(callee, std::move(args), site);
  if (!key.empty())
    memo[key] = result;
  return result;
}

Value Elaborator::call(const Value &callee, std::vector<CallArg> args, const CallSite &site) {
  if (callee.isError())
    return callee;
  if (exhausted)
    return ErrorValue{};
  if (++calls > CheckLimits::calls)
    return exhaust(Code::TooManyInstances, site.range,
                   "this program becomes too large when its calls are put in place");
  if (auto *function = callee.get<FunctionValue>()) {
    switch (function->kind) {
    case FunctionValue::Kind::Declared:
      return callDeclared(*function, std::move(args), site);
    case FunctionValue::Kind::Builtin:
      return callBuiltin(function->builtin, std::move(args), site);
    default:
      return callGradient(*function, std::move(args), site);
    }
  }
  if (auto *type = callee.get<ModelType>())
    return makeModel(*type, std::move(args), site);
  if (auto *dtype = callee.get<DtypeName>())
    return convertTo(dtype->dtype, std::move(args), site);
  if (auto *model = callee.get<ModelRef>()) {
    auto member = lookupMember(*model->instance, "call", site.callee);
    if (member && member->is<FunctionValue>())
      return call(*member, std::move(args), site);
    std::string functions;
    for (const ast::Member *m : model->instance->decl->members)
      if (m->kind == ast::MemberKind::Function)
        functions +=
            (functions.empty() ? "`" : ", `") + site.name + "." + std::string(m->name.text) + "`";
    auto report = error(Code::NotCallable, site.callee,
                        withArticle(model->instance->decl->name.text) +
                            " has no `call`, so it can't be applied");
    report.secondary(model->instance->decl->name.range, "declared here");
    if (!functions.empty())
      report.help("it has " + functions);
    return ErrorValue{};
  }
  return error(Code::NotCallable, site.callee, typeText(callee) + " can't be called")
             .label("neither a function nor a model"),
         ErrorValue{};
}

//===----------------------------------------------------------------------===//
// Arguments and parameters
//===----------------------------------------------------------------------===//

bool Elaborator::matchNames(const std::vector<std::string> &names,
                            const std::vector<bool> &optional, std::vector<CallArg> args,
                            const CallSite &site, SourceRange declared,
                            std::vector<std::optional<CallArg>> &matched) {
  matched.assign(names.size(), std::nullopt);
  bool ok = spend((names.size() + args.size()) / 8);
  std::unordered_map<std::string_view, size_t> places;
  for (size_t i = 0; i < names.size() && names.size() > 16; ++i)
    places.try_emplace(names[i], i);
  auto placeOf = [&](std::string_view name) -> size_t {
    if (places.empty())
      return std::find(names.begin(), names.end(), name) - names.begin();
    auto found = places.find(name);
    return found == places.end() ? names.size() : found->second;
  };
  size_t position = 0;
  std::string plural = names.size() == 1 ? " argument" : " arguments";
  for (CallArg &arg : args) {
    size_t place = position;
    if (arg.name.text.empty()) {
      if (position >= names.size()) {
        if (ok)
          error(Code::TooManyArguments, arg.range,
                "`" + site.name + "` takes " + std::to_string(names.size()) + plural +
                    ", and this is one more")
              .secondary(declared, "declared here");
        ok = false;
        continue;
      }
      ++position;
    } else {
      place = placeOf(arg.name.text);
      if (place == names.size()) {
        ok = false;
        if (isReported(Code::UnknownArgument, arg.name.range))
          continue;
        auto report =
            error(Code::UnknownArgument, arg.name.range,
                  "`" + site.name + "` has no parameter `" + std::string(arg.name.text) + "`");
        report.secondary(declared, "declared here");
        if (std::string near = nearest(arg.name.text, names); !near.empty()) {
          report.help("did you mean `" + near + "`?").fix(arg.name.range, near);
        } else if (!names.empty()) {
          std::string all;
          for (const std::string &name : names)
            all += (all.empty() ? "`" : ", `") + name + "`";
          report.help("its parameters are " + all);
        }
        continue;
      }
      if (matched[place]) {
        error(Code::DuplicateArgument, arg.name.range, "`" + names[place] + "` is given twice")
            .secondary(matched[place]->range, "here already");
        ok = false;
        continue;
      }
    }
    matched[place] = std::move(arg);
  }
  std::string missing;
  for (size_t i = 0; i < names.size() && ok; ++i)
    if (!matched[i] && !optional[i])
      missing += (missing.empty() ? "`" : ", `") + names[i] + "`";
  if (!missing.empty()) {
    error(Code::MissingArgument, site.callee, "`" + site.name + "` also needs " + missing)
        .secondary(declared, "declared here");
    ok = false;
  }
  return ok;
}

bool Elaborator::matchArguments(ast::List<ast::Param> params, std::vector<CallArg> args,
                                const CallSite &site, SourceRange declared,
                                std::vector<std::optional<CallArg>> &matched) {
  std::vector<std::string> names;
  std::vector<bool> optional;
  for (const ast::Param &param : params) {
    names.emplace_back(param.name.text);
    optional.push_back(param.value != nullptr);
  }
  return matchNames(names, optional, std::move(args), site, declared, matched);
}

std::vector<std::string> Elaborator::parameterNames(const FunctionValue &function) const {
  std::vector<std::string> names;
  if (function.kind == FunctionValue::Kind::Declared)
    for (const ast::Param &param : function.decl->params)
      names.emplace_back(param.name.text);
  else if (function.of)
    names = parameterNames(*function.of);
  return names;
}

//===----------------------------------------------------------------------===//
// Declared functions
//===----------------------------------------------------------------------===//

Value Elaborator::callDeclared(const FunctionValue &function, std::vector<CallArg> args,
                               const CallSite &site) {
  const ast::Function &decl = *function.decl;
  if (misdeclared.count(&decl))
    return ErrorValue{};
  bool usesIndex = false;
  for (const CallArg &arg : args)
    if (auto *tensor = arg.value.get<Tensor>(); tensor && builder)
      usesIndex |= builder->usesIndex(tensor->id);
  std::vector<std::optional<CallArg>> matched;
  if (!matchArguments(decl.params, std::move(args), site, decl.name.range, matched))
    return ErrorValue{};
  ownedVars.push_back(std::make_unique<TypeVars>());
  TypeVars &vars = *ownedVars.back();
  auto scope = std::make_shared<Scope>(function.scope);
  scope->isFunction = true;
  scope->types = &vars;
  if (!bindParameters(decl, std::move(matched), scope, vars, site, function.self))
    return ErrorValue{};
  if (derivatives > 0 && !decl.customGradient.text.empty())
    return callWithOwnGradient(function, scope, vars, site, usesIndex);
  active.push_back({site.range, &decl, function.self, usesIndex});
  if (function.self)
    calledMembers.emplace(function.self, &decl);
  auto known = facts.size();
  Value result = evaluateBody(function, scope, vars, site.expected);
  facts.shrink(known);
  active.pop_back();
  return result;
}

Value Elaborator::evaluateBody(const FunctionValue &function, ScopePtr scope, TypeVars &vars,
                               const ResolvedType *expected) {
  const ast::Function &decl = *function.decl;
  DimEnv env{scope, &vars, {}, nullptr};
  // What no argument says about the result, its destination may.
  if (auto *named = ast::dynCast<ast::NamedType>(decl.result);
      named && expected && expected->kind == ResolvedType::Kind::Tensor) {
    bool ellipsis = false;
    for (const ast::TypeDim &dim : named->dims)
      ellipsis |= dim.ellipsis;
    if (ellipsis && !vars.ellipsis && expected->axes.size() + 1 >= named->dims.size()) {
      size_t before = 0;
      while (!named->dims[before].ellipsis)
        ++before;
      size_t count = expected->axes.size() + 1 - named->dims.size();
      vars.ellipsis = std::vector<Axis>(expected->axes.begin() + before,
                                        expected->axes.begin() + before + count);
    }
    if (named->path.names.back().text == "float" && !vars.real)
      vars.real = expected->dtype;
  }
  ResolvedType type;
  if (decl.result)
    type = resolveType(decl.result, env);
  SourceRange at = decl.expr ? decl.expr->range : decl.name.range;
  Value value;
  if (decl.expr) {
    value = evaluate(decl.expr, scope, decl.result ? &type : expected);
  } else if (decl.block) {
    if (decl.block->value)
      at = decl.block->value->range;
    value = evaluateBlock(decl.block, scope, decl.result ? &type : expected).value;
  }
  if (!decl.result)
    return value;
  if (value.is<NoValue>()) {
    error(Code::ReturnType, decl.name.range,
          "`" + std::string(decl.name.text) + "` says that it gives " + typeText(type) +
              ", and its block has no value")
        .secondary(decl.result->range, "promised here")
        .help("end the block with the value");
    return ErrorValue{};
  }
  Value result = coerce(value, type, at, "the result of `" + std::string(decl.name.text) + "`",
                        Code::ReturnType, decl.result->range);
  // The caller's `...` and variables are not this function's.
  auto decidedOutside = [&](const Dim &dim) {
    for (auto &[name, decided] : scope->dims)
      if (auto bound = scope->names.find(name); bound != scope->names.end())
        if (auto solved = asDim(bound->second.value); solved && *solved == known(dim))
          return decided;
    return Decided::Elsewhere;
  };
  return mapTensors(result, [&](Tensor tensor) {
    for (Axis &axis : tensor.axes) {
      axis.fromEllipsis = false;
      axis.name = {};
      if (axis.decided == Decided::ByCall)
        axis.decided = decidedOutside(axis.dim);
    }
    return tensor;
  });
}
