//===- Inputs.cpp - What an entry is given from outside -------------------===//
#include "frontend/check/Elaborator.h"

#include <algorithm>

using namespace tenon;
using namespace tenon::check;

Value Elaborator::inputTensor(const ast::NamedType &type, const DimEnv &env,
                              const std::string &name, Role role, SourceRange range,
                              const FunctionInputs &inputs) {
  TypeVars &vars = *typeVars(*env.scope);
  std::string_view dtypeName = type.path.names.back().text;
  auto addArgument = [&](Dt dtype, std::vector<Axis> axes) {
    Tensor tensor = builder->entryArgument(dtype, std::move(axes));
    builder->entry().arguments.push_back({name, role, tensor.id, range});
    return tensor;
  };
  if (auto given = inputs.tensors.find(name); given != inputs.tensors.end()) {
    std::vector<Axis> axes;
    for (const Dim &dim : given->second.dims)
      axes.emplace_back(dim, type.range);
    size_t rank = axes.size(), written = type.dims.size();
    for (size_t i = 0; i < written && !type.dims[i].ellipsis && i < rank; ++i)
      axes[i].decided = decidedBy(type.dims[i].extent, env);
    for (size_t i = written; i > 0 && !type.dims[i - 1].ellipsis && written - i < rank; --i)
      axes[rank - 1 - (written - i)].decided = decidedBy(type.dims[i - 1].extent, env);
    return addArgument(given->second.dtype, axes);
  }
  if (dtypeName == "float" && !vars.real)
    vars.real = options.real;
  if (dtypeName == "integer" && !vars.integer)
    vars.integer = DType::I32;
  if (dtypeName == "any" && !vars.any)
    vars.any = options.real;
  if (!vars.ellipsis)
    vars.ellipsis = std::vector<Axis>{Axis(Dim::symbol("..."), type.range)};
  Scope &root = *env.scope;
  for (const ast::TypeDim &dim : type.dims) {
    std::vector<std::string> unknown;
    if (!env.isEllipsis(dim) && dim.extent->kind != ast::ExprKind::Wildcard)
      unknownDims(dim.extent, env, unknown);
    for (const std::string &symbol : unknown)
      if (symbol != "_") {
        bind(root, symbol, Value(Number::integer(Dim::symbol(symbol)), dim.extent->range),
             dim.range);
        root.dims[symbol] = Decided::Elsewhere;
      }
  }
  ResolvedType resolved = resolveType(&type, env);
  if (resolved.kind != ResolvedType::Kind::Tensor)
    return ErrorValue{};
  for (size_t i = 0; i < resolved.axes.size(); ++i)
    if (auto symbol = resolved.axes[i].dim.symbolName(); symbol && (*symbol)[0] == '$') {
      std::string open = name + "_" + std::to_string(i);
      holes[*symbol] = Dim::symbol(open);
      resolved.axes[i].dim = Dim::symbol(open);
    }
  return addArgument(resolved.dtype, resolved.axes);
}

Value Elaborator::inputOfType(const ast::Type *type, const DimEnv &env, const std::string &name,
                              Role role, SourceRange range, const FunctionInputs &inputs) {
  if (!type)
    return NoValue{};
  if (!spend(16))
    return ErrorValue{};
  if (type->kind == ast::TypeKind::Tuple) {
    Sequence sequence;
    auto items = ast::cast<ast::TupleType>(type).items;
    for (size_t i = 0; i < items.size(); ++i)
      sequence.items.push_back(
          inputOfType(items[i], env, name + "." + std::to_string(i), role, range, inputs));
    return sequence;
  }
  if (type->kind == ast::TypeKind::Record) {
    Record record;
    for (const ast::Param &field : ast::cast<ast::RecordType>(type).fields)
      record.fields.emplace_back(
          field.name.text, inputOfType(field.type, env, name + "." + std::string(field.name.text),
                                       role, range, inputs));
    return record;
  }
  if (type->kind == ast::TypeKind::Like) {
    ResolvedType like = resolveType(type, env);
    if (like.kind != ResolvedType::Kind::Like)
      return ErrorValue{};
    std::vector<Value> parts;
    std::vector<std::string> names;
    leaves(like.like, parts, &names);
    size_t next = 0;
    return mapLeaves(like.like, [&](const Value &leaf) -> Value {
      auto *tensor = leaf.get<Tensor>();
      std::string each = names[next].empty() ? name : name + "." + names[next];
      ++next;
      if (!tensor)
        return ErrorValue{};
      Tensor argument = builder->entryArgument(tensor->dtype, tensor->axes);
      builder->entry().arguments.push_back({each, role, argument.id, range});
      return argument;
    });
  }
  if (type->kind != ast::TypeKind::Named)
    return NoValue{};
  auto &named = ast::cast<ast::NamedType>(type);
  ScopePtr aliasScope;
  if (const ast::Alias *alias = findAlias(*env.scope, named.path, aliasScope)) {
    AliasDepth guard(aliasDepth);
    if (recursiveAliases.count(alias) || !mayEnterAlias(named.range))
      return ErrorValue{};
    // Its arguments are resolved in place, so that the names in them become dimensions.
    auto scope = std::make_shared<Scope>(aliasScope);
    scope->types = typeVars(*env.scope);
    DimEnv inner{scope, env.vars, {}, nullptr};
    for (size_t i = 0; i < alias->dims.size() && i < named.dims.size(); ++i) {
      std::vector<std::string> unknown;
      if (env.isEllipsis(named.dims[i])) {
        inner.ellipses.emplace(alias->dims[i].text);
        continue;
      }
      unknownDims(named.dims[i].extent, env, unknown);
      for (const std::string &symbol : unknown) {
        bind(*env.scope, symbol, Number::integer(Dim::symbol(symbol)), named.dims[i].range);
        env.scope->dims[symbol] = Decided::Elsewhere;
      }
      if (auto dim = evaluateDim(named.dims[i].extent, env))
        bind(*scope, alias->dims[i].text, Value(Number::integer(*dim), named.dims[i].range),
             alias->dims[i].range);
    }
    return inputOfType(alias->type, inner, name, role, range, inputs);
  }
  std::string_view dtype = named.path.names.back().text;
  if (dtypeNamed(dtype) || dtype == "float" || dtype == "integer" || dtype == "any")
    return inputTensor(named, env, name, role, range, inputs);
  return resolveNamed(named, env).kind == ResolvedType::Kind::Error ? Value() : Value(NoValue{});
}

bool Elaborator::bindInputs(const ast::Function &function, ScopePtr scope, TypeVars &vars,
                            Role role, const FunctionInputs &inputs, bool report) {
  DimEnv env{scope, &vars, {}, nullptr};
  for (const ast::Param &param : function.params) {
    std::string name(param.name.text);
    Value value = NoValue{};
    auto *named = ast::dynCast<ast::NamedType>(param.type);
    std::string_view type =
        named && named->path.names.size() == 1 ? named->path.names[0].text : std::string_view();
    if (auto number = inputs.numbers.find(name); number != inputs.numbers.end()) {
      value = type == "int" ||
                      number->second == static_cast<double>(static_cast<int64_t>(number->second))
                  ? Number::integer(Dim(static_cast<int64_t>(number->second)))
                  : Number::point(number->second);
      if (type == "real")
        value = Number::point(number->second);
    } else if (auto string = inputs.strings.find(name); string != inputs.strings.end()) {
      value = Text{string->second};
    } else if (param.value && !inputs.tensors.count(name)) {
      value = evaluate(param.value, scope);
    } else if (type == "int" && !report) {
      value = {Number::integer(Dim::symbol(name)), param.range};
      openInts = true;
    } else if (type == "tree" && !report) {
      Tensor leaf =
          builder->entryArgument(options.real, {Axis(Dim::symbol("m")), Axis(Dim::symbol("n"))});
      builder->entry().arguments.push_back({name + ".w", role, leaf.id, param.range});
      value = Record{{{"w", leaf}}};
    } else if (param.type && param.type->kind == ast::TypeKind::Strings) {
      auto choices = ast::cast<ast::StringsType>(param.type).values;
      if (!choices.empty() && !report)
        value = Text{std::string(choices[0])};
    } else {
      bool ellipsis = named && std::any_of(named->dims.begin(), named->dims.end(),
                                           [](auto &dim) { return dim.ellipsis; });
      if (report && ellipsis && !vars.ellipsis && !inputs.tensors.count(name)) {
        error(Code::NotAnInput, param.range,
              "how many dimensions `...` stands for must be known: `" + name + "` isn't given")
            .help("give it: `--input " + name + "=file.npy`");
        return false;
      }
      value = inputOfType(param.type, env, name, role, param.range, inputs);
    }
    if (value.is<NoValue>() || value.is<Hole>()) {
      if (report)
        error(Code::NotAnInput, param.range,
              "`" + name + "` can't be given from outside: it is no tensor and has no default")
            .help(type == "int" || type == "real" ? "give it: `--input " + name + "=…`"
                                                  : "call the function from another one");
      return false;
    }
    if (value.isError())
      return false;
    if (param.type && !value.is<Tensor>()) {
      value = coerce(value, resolveType(param.type, env), param.range, "`" + name + "`",
                     Code::ArgumentType, param.type->range);
      if (value.isError())
        return false;
    }
    if (!value.is<Tensor>() && !value.origin.isValid())
      value.origin = param.range;
    bind(*scope, name, value, param.name.range);
  }
  return true;
}

Value Elaborator::givenShape(const ast::Type *type, const Scope &scope, const std::string &name,
                             const FunctionInputs &inputs) {
  if (!type)
    return NoValue{};
  if (type->kind == ast::TypeKind::Tuple) {
    Sequence sequence;
    auto items = ast::cast<ast::TupleType>(type).items;
    for (size_t i = 0; i < items.size(); ++i)
      sequence.items.push_back(givenShape(items[i], scope, name + "." + std::to_string(i), inputs));
    return sequence;
  }
  if (type->kind == ast::TypeKind::Record) {
    Record record;
    for (const ast::Param &field : ast::cast<ast::RecordType>(type).fields) {
      std::string label(field.name.text);
      record.fields.emplace_back(label, givenShape(field.type, scope, name + "." + label, inputs));
    }
    return record;
  }
  auto *named = ast::dynCast<ast::NamedType>(type);
  if (!named)
    return NoValue{};
  ScopePtr aliasScope;
  if (const ast::Alias *alias = findAlias(scope, named->path, aliasScope))
    return recursiveAliases.count(alias) ? Value(NoValue{})
                                         : givenShape(alias->type, *aliasScope, name, inputs);
  auto given = inputs.tensors.find(name);
  if (given == inputs.tensors.end())
    return NoValue{};
  std::vector<Axis> axes;
  for (const Dim &dim : given->second.dims)
    axes.emplace_back(dim, type->range);
  return Tensor{kNoValue, given->second.dtype, axes};
}

void Elaborator::reportUnknownInput(const ast::Function &function, const std::string &name,
                                    const std::string &given,
                                    const std::vector<std::string> &known) {
  auto report = error(Code::UnknownArgument, function.name.range,
                      "`" + name + "` has no parameter `" + given + "`");
  constexpr size_t shown = 8;
  std::string near = nearest(given, known), all;
  for (size_t i = 0; i < std::min(known.size(), shown); ++i)
    all += (i ? ", `" : "`") + known[i] + "`";
  if (known.size() > shown)
    all += " and " + std::to_string(known.size() - shown) + " more";
  if (!near.empty())
    report.help("did you mean `" + near + "`?");
  else
    report.help(known.empty() ? "it takes nothing" : "it takes " + all);
}

bool Elaborator::hasInputs(const FunctionValue &function, const FunctionInputs &inputs,
                           const std::string &name) {
  std::vector<std::string> known;
  for (const ast::Param &param : function.decl->params)
    known.emplace_back(param.name.text);
  size_t parameters = known.size();
  std::vector<const Slot *> slots;
  if (function.self)
    collectSlots(*function.self, slots);
  for (const Slot *slot : slots)
    known.push_back(slot->path);
  bool ok = true;
  auto look = [&](const std::string &given, const std::string &parameter) {
    auto end = known.begin() + int64_t(parameters);
    if (std::find(known.begin(), end, parameter) != end ||
        std::find(end, known.end(), given) != known.end())
      return;
    reportUnknownInput(*function.decl, name, given, known);
    ok = false;
  };
  for (auto &[given, type] : inputs.tensors)
    look(given, given.substr(0, given.find('.')));
  for (auto &[given, number] : inputs.numbers)
    look(given, given);
  for (auto &[given, text] : inputs.strings)
    look(given, given);
  return ok;
}

bool Elaborator::hasLeaves(const ast::Function &function, const FunctionInputs &inputs,
                           const std::string &name) {
  bool ok = true;
  for (auto &[given, type] : inputs.tensors) {
    std::string prefix = given.substr(0, given.find('.') + 1);
    std::vector<std::string> leaves;
    for (const Argument &argument : builder->entry().arguments)
      if (argument.role == Role::Input && !prefix.empty() && argument.name.starts_with(prefix))
        leaves.push_back(argument.name);
    if (!leaves.empty() && std::find(leaves.begin(), leaves.end(), given) == leaves.end()) {
      reportUnknownInput(function, name, given, leaves);
      ok = false;
    }
  }
  return ok;
}

bool Elaborator::bindGivenInputs(const ast::Function &function, ScopePtr scope, TypeVars &vars,
                                 const FunctionInputs &inputs, const std::string &name, Role role) {
  // Given tensors first: they say what the names in the signature are.
  DimEnv env{scope, &vars, {}, nullptr};
  CallSite site{function.name.range, function.name.range, name, nullptr, false};
  std::vector<Pending> pending;
  bool ok = true;
  for (const ast::Param &param : function.params) {
    Value shape = givenShape(param.type, *scope, std::string(param.name.text), inputs);
    if (!shape.is<NoValue>())
      ok &= bindType(param.type, shape, env, param, param.range, site, pending);
  }
  for (const ast::Param &param : function.params)
    if (auto number = inputs.numbers.find(std::string(param.name.text));
        number != inputs.numbers.end())
      bind(*scope, param.name.text, Number::integer(Dim(static_cast<int64_t>(number->second))),
           param.name.range);
  if (!ok || !bindInputs(function, scope, vars, role, inputs, true))
    return false;
  return solvePending(pending, site, nullptr);
}
