//===- Models.cpp - Models, their members and variables -------------------===//
#include "frontend/check/Elaborator.h"

#include <algorithm>

using namespace tenon;
using namespace tenon::check;

//===----------------------------------------------------------------------===//
// Making a model
//===----------------------------------------------------------------------===//

Value Elaborator::makeModel(const ModelType &type, std::vector<CallArg> args,
                            const CallSite &site) {
  if (!mayMakeModels) {
    // Of `x |> nn.Dense(2, 4)` the step alone.
    SourceRange made = site.piped ? SourceRange::join(site.callee, site.range) : site.range;
    return error(Code::ModelOutsideField, made,
                 withArticle(type.decl->name.text) + " can't be made here")
               .help("models are made in a model's fields and in `train`: make it a field, `layer "
                     "= " +
                     text(made) + "`, and apply that"),
           ErrorValue{};
  }
  ModelInstance *instance = instantiate(type, std::move(args), site, fieldPath);
  return instance ? Value(ModelRef{instance}, site.range) : Value();
}

/// Models in a value, those in its lists and records included.
static void modelsIn(const Value &value, const std::function<void(const ModelInstance &)> &visit) {
  if (auto *model = value.get<ModelRef>())
    visit(*model->instance);
  if (auto *sequence = value.get<Sequence>())
    for (const Value &item : sequence->items)
      modelsIn(item, visit);
  if (auto *record = value.get<Record>())
    for (auto &[name, item] : record->fields)
      modelsIn(item, visit);
}

static bool isOpen(const ModelInstance &instance) {
  bool open = false;
  for (auto &[name, binding] : instance.scope->names) {
    modelsIn(binding.value, [&](const ModelInstance &) { open = true; });
    if (auto *number = binding.value.get<Number>())
      for (const std::string &symbol : number->whole.symbols())
        open |= symbol[0] == '$';
  }
  for (auto &[name, value] : instance.fields)
    modelsIn(value, [&](const ModelInstance &part) { open |= part.isOpen; });
  return open;
}

ModelInstance *Elaborator::instantiate(const ModelType &type, std::vector<CallArg> args,
                                       const CallSite &site, const std::string &path) {
  if (misdeclaredModels.count(type.decl))
    return nullptr;
  if (std::count(constructing.begin(), constructing.end(), type.decl)) {
    error(Code::Recursion, site.range,
          withArticle(type.decl->name.text) + " would hold another one, without end")
        .secondary(type.decl->name.range, "declared here");
    return nullptr;
  }
  std::vector<std::optional<CallArg>> matched;
  if (!matchArguments(type.decl->params, std::move(args), site, type.decl->name.range, matched))
    return nullptr;
  auto made = std::make_unique<ModelInstance>();
  ModelInstance &instance = *made;
  instance.decl = type.decl;
  instance.module = type.module;
  instance.path = path;
  instance.made = site.range;
  instance.parameterRole = madeParameterRole;
  instance.stateRole = madeStateRole;
  instance.scope = std::make_shared<Scope>(type.module->scope);
  if (!bindModelArguments(instance, std::move(matched), site))
    return nullptr;
  instances.push_back(std::move(made));
  instantiated.insert(type.decl);
  instance.scope->self = &instance;
  constructing.push_back(type.decl);
  active.push_back({site.range, nullptr, nullptr, false});
  evaluateMembers(instance);
  instance.isOpen = isOpen(instance);
  active.pop_back();
  constructing.pop_back();
  return &instance;
}

bool Elaborator::bindModelArguments(ModelInstance &instance,
                                    std::vector<std::optional<CallArg>> matched,
                                    const CallSite &site) {
  bool ok = true;
  auto params = instance.decl->params;
  DimEnv env{instance.scope, nullptr, {}, nullptr};
  for (size_t i = 0; i < params.size(); ++i) {
    const ast::Param &param = params[i];
    SourceRange range = matched[i] ? matched[i]->range : param.range;
    Value value = matched[i] ? matched[i]->value : evaluate(param.value, instance.scope);
    std::string what = "`" + std::string(param.name.text) + "` of `" + site.name + "`";
    if (!value.origin.isValid())
      value.origin = range;
    if (param.type)
      value = coerce(value, resolveType(param.type, env), range, what, Code::ArgumentType,
                     param.type->range);
    else if (value.is<Hole>())
      value = {Number::integer(freshHole(range)), range};
    else if (!checkUntyped(value, param, range, what))
      value = ErrorValue{};
    std::vector<Value> parts;
    bool fixedTree =
        param.type && param.type->kind == ast::TypeKind::Named && text(param.type->range) == "tree";
    if (!fixedTree && leaves(value, parts) &&
        std::any_of(parts.begin(), parts.end(),
                    [](auto &part) { return part.template is<Tensor>(); }))
      value = fail(Code::NotFixed, range,
                   "the arguments of a model are fixed before anything runs, and this is " +
                       typeText(value));
    ok &= !value.isError();
    bind(*instance.scope, param.name.text, value, param.name.range);
  }
  return ok;
}

void Elaborator::evaluateMembers(ModelInstance &instance) {
  std::map<std::string, SourceRange> names;
  for (const ast::Param &param : instance.decl->params)
    names.emplace(param.name.text, param.name.range);
  for (const ast::Member *member : instance.decl->members) {
    if (member->kind == ast::MemberKind::Require)
      continue;
    auto [place, isNew] = names.try_emplace(std::string(member->name.text), member->name.range);
    if (!isNew)
      error(Code::DuplicateName, member->name.range,
            "`" + std::string(member->name.text) + "` stands twice in this model")
          .secondary(place->second, "first here");
    if (member->kind != ast::MemberKind::Param && member->kind != ast::MemberKind::State)
      continue;
    auto slot = std::make_unique<Slot>();
    slot->path = instance.path.empty() ? std::string(member->name.text)
                                       : instance.path + "." + std::string(member->name.text);
    slot->member = member;
    slot->owner = &instance;
    slot->ordinal = nextSlot++;
    slot->role =
        member->kind == ast::MemberKind::Param ? instance.parameterRole : instance.stateRole;
    instance.slotOfMember[member] = slot.get();
    instance.slots.push_back(std::move(slot));
  }
  for (const ast::Member *member : instance.decl->members) {
    if (member->kind == ast::MemberKind::Require)
      executeRequire(*member->require, instance.scope, instance.made);
    else if (member->kind == ast::MemberKind::Field)
      evaluateFieldOf(instance, *member);
  }
}

Value Elaborator::evaluateFieldOf(ModelInstance &instance, const ast::Member &member) {
  std::string name(member.name.text);
  if (auto found = instance.fields.find(name); found != instance.fields.end())
    return found->second;
  if (std::count(instance.evaluating.begin(), instance.evaluating.end(), name))
    return fail(Code::CircularField, member.name.range,
                "the field `" + name + "` is defined by itself");
  instance.evaluating.push_back(name);
  std::string outerPath = fieldPath;
  bool outerMay = mayMakeModels, outerMemo = memoCalls;
  fieldPath = instance.path.empty() ? name : instance.path + "." + name;
  mayMakeModels = true;
  memoCalls = false;
  Value value = evaluate(member.value, instance.scope);
  fieldPath = outerPath;
  mayMakeModels = outerMay;
  memoCalls = outerMemo;
  std::vector<Value> parts;
  if (!value.is<ModelRef>() && leaves(value, parts) &&
      std::any_of(parts.begin(), parts.end(),
                  [](auto &part) { return part.template is<Tensor>(); }))
    value = fail(Code::NotFixed, member.value->range,
                 "a field is fixed before anything runs, and this is " + typeText(value));
  if (auto *number = value.get<Number>())
    number->quotient = {};
  instance.evaluating.pop_back();
  instance.fields[name] = value;
  return value;
}

//===----------------------------------------------------------------------===//
// Parameters and states
//===----------------------------------------------------------------------===//

void Elaborator::collectSlots(const ModelInstance &instance, std::vector<const Slot *> &out) const {
  size_t next = 0;
  // A model that was passed in belongs to its maker, unless it was made for this one.
  auto collectParts = [&](const Value &value) {
    modelsIn(value, [&](const ModelInstance &inner) {
      if (inner.path.size() > instance.path.size() && inner.path.starts_with(instance.path) &&
          (instance.path.empty() || inner.path[instance.path.size()] == '.'))
        collectSlots(inner, out);
    });
  };
  for (const ast::Param &param : instance.decl->params)
    if (auto given = instance.scope->names.find(param.name.text);
        given != instance.scope->names.end() && !instance.path.empty())
      collectParts(given->second.value);
  for (const ast::Member *member : instance.decl->members) {
    if (member->kind == ast::MemberKind::Param || member->kind == ast::MemberKind::State) {
      // A model whose arguments were mistaken has no slots.
      if (next < instance.slots.size())
        out.push_back(instance.slots[next++].get());
    } else if (member->kind == ast::MemberKind::Field) {
      auto found = instance.fields.find(member->name.text);
      if (found == instance.fields.end())
        continue;
      collectParts(found->second);
    }
  }
}

ResolvedType Elaborator::slotType(const Slot &slot) {
  DimEnv env{slot.owner->scope, nullptr, {}, nullptr};
  return resolveType(slot.member->type, env);
}

Value Elaborator::readSlot(const Slot &slot, SourceRange at) {
  auto found = slotValues.find(&slot);
  if (found != slotValues.end())
    return found->second;
  return fail(Code::NotFixed, at, "`" + slot.path + "` has a value only while the model runs");
}

std::vector<std::string> Elaborator::leafNames(const Slot &slot, const Value &value) {
  std::vector<Value> parts;
  std::vector<std::string> names;
  leaves(value, parts, &names);
  for (std::string &name : names)
    name = name.empty() ? slot.path : slot.path + "/" + name;
  return names;
}

void Elaborator::declareSlot(const Slot &slot) {
  if (slotValues.count(&slot))
    return;
  ResolvedType type = slotType(slot);
  Value shape;
  if (type.kind == ResolvedType::Kind::Tensor) {
    shape = Tensor{kNoValue, type.dtype, type.axes};
  } else if (type.kind == ResolvedType::Kind::Like) {
    shape = type.like;
  } else {
    if (type.kind != ResolvedType::Kind::Error)
      error(Code::BadType, slot.member->type->range,
            "a `param` or `state` is a tensor, or `like` a tree of them")
          .done();
    slotValues[&slot] = ErrorValue{};
    return;
  }
  std::vector<std::string> names = leafNames(slot, shape);
  size_t next = 0;
  slotValues[&slot] = mapLeaves(shape, [&](const Value &leaf) -> Value {
    auto *tensor = leaf.get<Tensor>();
    if (!tensor)
      return ErrorValue{};
    Tensor argument = builder->entryArgument(tensor->dtype, tensor->axes);
    builder->entry().arguments.push_back(
        {names[next++], slot.role, argument.id, slot.member->name.range});
    return argument;
  });
}

void Elaborator::declareSlots(const ModelInstance &instance) {
  std::vector<const Slot *> slots;
  collectSlots(instance, slots);
  spend((instance.decl->members.size() + slots.size()) / 16);
  for (const Slot *slot : slots)
    declareSlot(*slot);
}

Value Elaborator::parameterTree(const ModelInstance &instance) {
  std::vector<const Slot *> slots;
  collectSlots(instance, slots);
  Record record;
  for (const Slot *slot : slots)
    if (slot->member->kind == ast::MemberKind::Param) {
      auto found = slotValues.find(slot);
      record.fields.emplace_back(slot->path, found == slotValues.end() ? Value() : found->second);
    }
  return record;
}

Value Elaborator::initialValue(const Slot &slot) {
  const ast::Member &member = *slot.member;
  ResolvedType type = slotType(slot);
  if (!member.value)
    return NoValue{};
  std::string outerRoot = rootPath;
  rootPath = slot.path;
  Value value;
  std::string what = "`" + std::string(member.name.text) + "`";
  if (member.indexed) {
    if (type.kind != ResolvedType::Kind::Tensor || type.axes.size() != member.indices.size()) {
      if (type.kind != ResolvedType::Kind::Error)
        error(Code::RankMismatch, member.name.range,
              what + " has " + std::to_string(member.indices.size()) + " indices and is " +
                  typeText(type))
            .secondary(member.type->range, "its type");
      rootPath = outerRoot;
      return ErrorValue{};
    }
    std::vector<ast::Index> head;
    for (const ast::Ident &index : member.indices)
      head.push_back({false, index, nullptr, index.range});
    value = evaluateNest(head, member.value, member.range, slot.owner->scope, &type.axes);
  } else {
    value = evaluate(member.value, slot.owner->scope, &type);
  }
  value = coerce(value, type, member.value->range, what, Code::TypeMismatch, member.type->range);
  rootPath = outerRoot;
  return value;
}
