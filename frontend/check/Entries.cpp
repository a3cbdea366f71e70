//===- Entries.cpp - Entries, and functions and models by themselves ------===//
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
