//===- Entries.cpp - Entries, and functions and models by themselves ------===//
#include "frontend/check/Circles.h"
#include "frontend/check/Elaborator.h"
#include "frontend/check/NameWalker.h"

#include <algorithm>

using namespace tenon;
using namespace tenon::check;

//===----------------------------------------------------------------------===//
// Begin and end
//===----------------------------------------------------------------------===//

void Elaborator::begin(Entry &entry, const std::string &path) {
  builder = std::make_unique<Builder>(entry, dtypes);
  slotValues.clear();
  drawOrdinals.clear();
  binders.clear();
  affines.clear();
  forms.clear();
  conditions.clear();
  iotas.clear();
  loopIndices.clear();
  pendingCounts.clear();
  unsolved.clear();
  memo.clear();
  calls = 0;
  active.clear();
  conditional = 0;
  opaquePosition = false;
  rootPath = path;
}

/// Replaces what `_` stood for in the operations' own dimensions.
static void resolveDims(Region &region, const std::function<Dim(const Dim &)> &known) {
  for (Op &op : region.ops) {
    if (auto *attr = std::get_if<DimAttr>(&op.attr))
      attr->dim = known(attr->dim);
    if (auto *attr = std::get_if<SliceAttr>(&op.attr))
      for (Dim &offset : attr->offsets)
        offset = known(offset);
    if (auto *attr = std::get_if<LoopsAttr>(&op.attr))
      for (Dim &extent : attr->extents)
        extent = known(extent);
    if (auto *attr = std::get_if<ScanAttr>(&op.attr))
      attr->extent = known(attr->extent);
    if (auto *attr = std::get_if<LoopAttr>(&op.attr); attr && attr->bound)
      attr->bound = known(*attr->bound);
    if (auto *attr = std::get_if<ReadAttr>(&op.attr))
      for (ReadPosition &position : attr->positions)
        if (position.affine)
          position.affine->offset = known(position.affine->offset);
    for (Region &inner : op.regions)
      resolveDims(inner, known);
  }
}

void Elaborator::finish() {
  Entry &entry = builder->entry();
  auto resolve = [this](const Dim &dim) { return known(dim); };
  builder->finish(options.real, resolve);
  if (!holes.empty())
    resolveDims(entry.body, resolve);
  entry.body.arguments.clear();
  for (const Argument &argument : entry.arguments) {
    entry.body.arguments.push_back(argument.value);
    for (const Dim &dim : entry.type(argument.value).dims)
      for (const std::string &symbol : dim.symbols())
        if (!std::count(entry.symbols.begin(), entry.symbols.end(), symbol))
          entry.symbols.push_back(symbol);
  }
  entry.body.results.clear();
  for (const Result &result : entry.results)
    entry.body.results.push_back(result.value);
}

Tensor Elaborator::stepArgument(Role role) {
  Entry &entry = builder->entry();
  Dt dtype = role == Role::Steps ? DType::I32 : DType::I64;
  if (ValueId id = entry.argumentOf(role); id != kNoValue)
    return {id, dtype, {}};
  Tensor tensor = builder->entryArgument(dtype, {});
  entry.arguments.push_back({role == Role::Seed   ? "seed"
                             : role == Role::Step ? "step"
                                                  : "steps",
                             role,
                             tensor.id,
                             {}});
  return tensor;
}

void Elaborator::addResults(const Value &value, const std::string &name, Role role,
                            SourceRange range) {
  std::vector<Value> parts;
  std::vector<std::string> names;
  if (value.isError())
    return;
  if (!leaves(value, parts, &names)) {
    error(Code::NotATensor, range, "a result is made of tensors, and this is " + typeText(value))
        .done();
    return;
  }
  for (size_t i = 0; i < parts.size(); ++i)
    if (auto tensor = asTensor(parts[i], range))
      builder->entry().results.push_back(
          {names[i].empty() ? name : names[i], role, tensor->id, std::nullopt});
}

//===----------------------------------------------------------------------===//
// Parameters as inputs
//===----------------------------------------------------------------------===//

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

bool Elaborator::bindGivenInputs(const ast::Function &function, ScopePtr scope, TypeVars &vars,
                                 const FunctionInputs &inputs, const std::string &name) {
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
  if (!ok || !bindInputs(function, scope, vars, Role::Input, inputs, true))
    return false;
  return solvePending(pending, site, nullptr);
}

void Elaborator::addSlotResults(const std::set<Role> &roles) {
  Entry &entry = builder->entry();
  std::map<std::pair<Role, std::string>, const Slot *> ordered;
  for (auto &[slot, value] : slotValues)
    if (roles.count(slot->role))
      ordered[{slot->role, slot->path}] = slot;
  std::map<std::pair<Role, std::string_view>, unsigned> places;
  for (size_t k = 0; k < entry.arguments.size(); ++k)
    places[{entry.arguments[k].role, entry.arguments[k].name}] = static_cast<unsigned>(k);
  for (auto &[key, slot] : ordered) {
    std::vector<Value> parts;
    const Value &value = slotValues.at(slot);
    if (!leaves(value, parts))
      continue;
    std::vector<std::string> names = leafNames(*slot, value);
    for (size_t i = 0; i < parts.size(); ++i) {
      auto *tensor = parts[i].get<Tensor>();
      if (!tensor || tensor->id == kNoValue)
        continue;
      Result result{names[i], slot->role, tensor->id, std::nullopt};
      if (auto place = places.find({slot->role, names[i]}); place != places.end())
        result.alias = place->second;
      entry.results.push_back(result);
    }
  }
}

//===----------------------------------------------------------------------===//
// Each function and model by itself
//===----------------------------------------------------------------------===//

void Elaborator::checkFunction(const FunctionValue &function) {
  if (!mayGoOn(function.decl->name.range))
    return;
  Entry entry;
  entry.name = function.decl->name.text;
  begin(entry, entry.name);
  if (function.self)
    declareSlots(*function.self);
  ownedVars.push_back(std::make_unique<TypeVars>());
  TypeVars &vars = *ownedVars.back();
  auto scope = std::make_shared<Scope>(function.scope);
  scope->isFunction = true;
  scope->types = &vars;
  bool outer = openInts;
  if (!misdeclared.count(function.decl) &&
      bindInputs(*function.decl, scope, vars, Role::Input, {}, false)) {
    auto known = facts.size();
    if (!function.decl->customGradient.text.empty()) {
      CallSite site{{}, function.decl->name.range, entry.name, nullptr, false};
      derivatives = 1;
      callWithOwnGradient(function, scope, vars, site, false);
      derivatives = 0;
    } else {
      active.push_back({{}, function.decl, function.self, false});
      evaluateBody(function, scope, vars, nullptr);
      active.pop_back();
    }
    facts.shrink(known);
  }
  openInts = outer;
}

void Elaborator::checkMemberFunctions(ModelInstance &instance) {
  // Where the arguments were mistaken, nothing else is known.
  if (!instance.scope->self)
    return;
  for (const ast::Member *member : instance.decl->members) {
    if (member->kind != ast::MemberKind::Function)
      continue;
    // Signatures may be wider than what such a model was made for.
    if (instance.isOpen && calledMembers.count({&instance, member->function}))
      continue;
    FunctionValue function;
    function.decl = member->function;
    function.scope = instance.scope;
    function.self = &instance;
    function.made = member->name.range;
    for (bool mode : {true, false}) {
      training = mode;
      checkFunction(function);
    }
  }
  training = false;
  // Initial values, each in an entry of its own.
  for (auto &slot : instance.slots) {
    Entry entry;
    begin(entry, slot->path);
    initialValue(*slot);
  }
}

ModelInstance *Elaborator::rootInstance(Module &module, const ast::Model &model, bool open) {
  std::vector<CallArg> args;
  CallSite site{model.name.range, model.name.range, std::string(model.name.text), nullptr, false};
  for (const ast::Decl *decl : open ? ast::List<const ast::Decl *>() : module.syntax->decls)
    if (auto *train = ast::dynCast<ast::Train>(decl);
        train && train->model.names.size() == 1 && train->model.names[0].text == model.name.text)
      for (const ast::Arg &arg : train->args)
        args.push_back(
            {arg.name, evaluate(arg.value, module.scope), arg.value, arg.range, arg.range});
  if (open)
    for (const ast::Param &param : model.params) {
      if (param.value)
        continue;
      auto *named = ast::dynCast<ast::NamedType>(param.type);
      std::string_view type = named ? named->path.names[0].text : std::string_view();
      CallArg arg{param.name, {}, nullptr, param.range, param.range};
      if (type == "int") {
        arg.value = {Number::integer(Dim::symbol(std::string(param.name.text))), param.range};
        openInts = true;
      } else if (param.type && param.type->kind == ast::TypeKind::Strings) {
        arg.value = Text{std::string(ast::cast<ast::StringsType>(param.type).values[0])};
      } else if (type == "real") {
        arg.value = Number::point(0.5);
      } else {
        return nullptr;
      }
      args.push_back(arg);
    }
  ModelInstance *instance = instantiate(ModelType{&model, &module}, std::move(args), site, "");
  // A tree that nobody gives is some tree.
  if (instance && open)
    for (auto &[name, binding] : instance->scope->names)
      if (binding.value.is<Hole>())
        binding.value = Record{
            {{"w",
              Tensor{kNoValue, options.real, {Axis(Dim::symbol("m")), Axis(Dim::symbol("n"))}}}}};
  return instance;
}

void Elaborator::checkRoots(Module &module) {
  for (const ast::Decl *decl : module.syntax->decls) {
    if (auto *function = ast::dynCast<ast::Function>(decl)) {
      FunctionValue value;
      value.decl = function;
      value.scope = module.scope;
      value.made = function->name.range;
      checkFunction(value);
    } else if (ast::dynCast<ast::TopLet>(decl)) {
      Entry entry;
      begin(entry, "");
      for (const ast::Ident &name : declaredNames(*decl))
        if (auto named = module.decls.find(name.text);
            named != module.decls.end() && named->second == decl)
          lookupDecl(module, name.text, decl->range);
    }
  }
  // Models that others hold are checked with the arguments they are given there.
  std::set<std::string, std::less<>> held;
  NameWalker walker([&](std::string_view name, SourceRange) { held.emplace(name); });
  for (const ast::Decl *decl : module.syntax->decls)
    if (auto *model = ast::dynCast<ast::Model>(decl))
      for (const ast::Member *member : model->members)
        if (member->kind == ast::MemberKind::Field)
          walker.expr(member->value, {});
  size_t looked = 0; // at so many instances
  for (bool isHeld : {false, true})
    for (const ast::Decl *decl : module.syntax->decls) {
      auto *model = ast::dynCast<ast::Model>(decl);
      if (!model || held.count(model->name.text) != isHeld)
        continue;
      if (instantiated.count(model))
        continue;
      Entry entry;
      begin(entry, "");
      bool outer = openInts;
      auto known = facts.size();
      ModelInstance *instance = rootInstance(module, *model, true);
      size_t made = instances.size();
      if (instance)
        for (; looked < made; ++looked)
          if (instances[looked]->module == &module &&
              checkedInstances.insert(instances[looked].get()).second)
            checkMemberFunctions(*instances[looked]);
      facts.shrink(known);
      openInts = outer;
    }
  for (size_t i = 0; i < instances.size(); ++i)
    if (instances[i]->module == &module && checkedInstances.insert(instances[i].get()).second)
      checkMemberFunctions(*instances[i]);
}

//===----------------------------------------------------------------------===//
// Recursion
//===----------------------------------------------------------------------===//

void Elaborator::findRecursion(Module &module) {
  std::map<const ast::Function *, std::vector<const ast::Function *>> calls;
  auto visit = [&](const ast::Function &function, const ast::Model *model) {
    std::set<std::string, std::less<>> local;
    for (const ast::Param &param : function.params)
      local.emplace(param.name.text);
    auto &edges = calls[&function];
    NameWalker walker([&](std::string_view name, SourceRange) {
      if (auto *member = model ? memberNamed(*model, name) : nullptr) {
        if (member->function)
          edges.push_back(member->function);
        return;
      }
      if (auto found = module.decls.find(name); found != module.decls.end())
        if (auto *other = ast::dynCast<ast::Function>(found->second))
          edges.push_back(other);
    });
    if (function.block)
      walker.block(function.block, local);
    if (function.expr)
      walker.expr(function.expr, local);
  };
  for (const ast::Decl *decl : module.syntax->decls) {
    if (auto *function = ast::dynCast<ast::Function>(decl))
      visit(*function, nullptr);
    if (auto *model = ast::dynCast<ast::Model>(decl))
      for (const ast::Member *member : model->members)
        if (member->function)
          visit(*member->function, model);
  }
  std::set<const ast::Function *> circular = inCircles(calls);
  for (auto &[start, edges] : calls) {
    if (misdeclared.count(start) || !circular.count(start) || engine.isFull())
      continue;
    // The shortest way back to where it began.
    std::map<const ast::Function *, const ast::Function *> from;
    std::vector<const ast::Function *> queue{start};
    bool found = false;
    for (size_t i = 0; i < queue.size() && !found; ++i)
      for (const ast::Function *next : calls[queue[i]]) {
        if (next == start) {
          from[start] = queue[i];
          found = true;
          break;
        }
        if (circular.count(next) && from.try_emplace(next, queue[i]).second)
          queue.push_back(next);
      }
    if (!found)
      continue;
    std::vector<const ast::Function *> circle{start};
    for (const ast::Function *at = from[start]; at != start; at = from[at])
      circle.push_back(at);
    std::reverse(circle.begin() + 1, circle.end());
    const ast::Function *first =
        *std::min_element(circle.begin(), circle.end(), [](auto *a, auto *b) {
          return a->name.range.begin < b->name.range.begin;
        });
    std::string chain = "`" + std::string(first->name.text) + "`";
    auto at = std::find(circle.begin(), circle.end(), first) - circle.begin();
    for (size_t i = 1; i <= circle.size(); ++i)
      chain += " calls `" + std::string(circle[(at + i) % circle.size()]->name.text) + "`";
    auto report =
        error(Code::Recursion, first->name.range, "functions can't call themselves: " + chain);
    for (const ast::Function *each : circle) {
      misdeclared.insert(each);
      if (each != first)
        report.secondary(each->name.range, "in the circle");
    }
    report.help("repeat with `scan`, `loop` or `for`");
  }
}
