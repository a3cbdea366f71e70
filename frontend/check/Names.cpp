//===- Names.cpp - What a name stands for ---------------------------------===//
#include "frontend/check/Builtins.h"
#include "frontend/check/Elaborator.h"
#include "frontend/check/NameWalker.h"

#include <algorithm>
#include <cmath>
#include <ranges>

using namespace tenon;
using namespace tenon::check;

//===----------------------------------------------------------------------===//
// Declarations of a file
//===----------------------------------------------------------------------===//

static void patternNames(const ast::Pattern *pattern, std::vector<ast::Ident> &out) {
  if (!pattern)
    return;
  if (!pattern->tuple)
    out.push_back(pattern->name);
  for (const ast::Pattern *part : pattern->parts)
    patternNames(part, out);
}

std::vector<ast::Ident> check::declaredNames(const ast::Decl &decl) {
  auto *let = ast::dynCast<ast::TopLet>(&decl);
  if (!let)
    return {decl.name};
  std::vector<ast::Ident> names;
  if (auto *simple = ast::dynCast<ast::LetStmt>(let->let))
    patternNames(simple->pattern, names);
  else if (auto *indexed = ast::dynCast<ast::LetIndexedStmt>(let->let))
    names.push_back(indexed->name);
  else if (auto *function = ast::dynCast<ast::LetFunctionStmt>(let->let))
    names.push_back(function->function->name);
  return names;
}

bool Elaborator::checkParameterNames(ast::List<ast::Param> params) {
  bool distinct = true;
  std::map<std::string_view, SourceRange> seen;
  for (const ast::Param &param : params) {
    auto [place, isNew] = seen.try_emplace(param.name.text, param.name.range);
    if (isNew || param.name.text.empty())
      continue;
    distinct = false;
    error(Code::DuplicateName, param.name.range,
          "two parameters are called `" + std::string(param.name.text) + "`")
        .secondary(place->second, "first here");
  }
  return distinct;
}

void Elaborator::declare(Module &module) {
  if (module.scope)
    return;
  module.scope = std::make_shared<Scope>();
  module.scope->module = &module;
  for (const ast::Decl *decl : module.syntax->decls)
    for (const ast::Ident &name : declaredNames(*decl)) {
      if (name.text.empty() || name.text == "_")
        continue;
      auto [place, isNew] = module.decls.try_emplace(std::string(name.text), decl);
      if (!isNew)
        error(Code::DuplicateName, name.range,
              "`" + std::string(name.text) + "` is declared twice in this file")
            .secondary(place->second->name.range.isValid() ? place->second->name.range
                                                           : place->second->range,
                       "first here");
    }
  for (const ast::Decl *decl : module.syntax->decls) {
    auto check = [&](const ast::Function &function) {
      if (!checkParameterNames(function.params))
        misdeclared.insert(&function);
    };
    if (auto *function = ast::dynCast<ast::Function>(decl))
      check(*function);
    if (auto *model = ast::dynCast<ast::Model>(decl)) {
      if (!checkParameterNames(model->params))
        misdeclaredModels.insert(model);
      for (const ast::Member *member : model->members)
        if (member->function)
          check(*member->function);
    }
  }
  std::vector<const ast::Alias *> aliases;
  std::map<std::string_view, const ast::Alias *> byName;
  for (const ast::Decl *decl : module.syntax->decls)
    if (auto *alias = ast::dynCast<ast::Alias>(decl)) {
      aliases.push_back(alias);
      byName[alias->name.text] = alias;
    }
  findRecursiveAliases(aliases, byName);
  for (const ast::Decl *decl : module.syntax->decls)
    if (auto *model = ast::dynCast<ast::Model>(decl)) {
      std::vector<const ast::Alias *> members;
      for (const ast::Member *member : model->members)
        if (member->alias)
          members.push_back(member->alias);
      if (members.empty())
        continue;
      // Those of the model hide those of the file as long as it is looked at.
      std::vector<std::pair<std::string_view, const ast::Alias *>> hidden;
      for (const ast::Alias *alias : members) {
        hidden.emplace_back(alias->name.text, byName[alias->name.text]);
        byName[alias->name.text] = alias;
      }
      findRecursiveAliases(members, byName);
      for (auto &[name, alias] : std::views::reverse(hidden))
        byName[name] = alias;
    }
  for (auto &[name, imported] : module.imports)
    if (imported)
      declare(*imported);
}

void Elaborator::bind(Scope &scope, std::string_view name, Value value, SourceRange at) {
  if (name == "_" || name.empty())
    return;
  // What is named is a value of its own: an integer quotient is a whole number from here on.
  if (auto *number = value.get<Number>())
    number->quotient = {};
  scope.names.insert_or_assign(std::string(name), Binding{std::move(value), at});
}

//===----------------------------------------------------------------------===//
// Looking up
//===----------------------------------------------------------------------===//

std::optional<Value> Elaborator::lookupDecl(Module &module, std::string_view name, SourceRange at) {
  auto found = module.decls.find(name);
  if (found == module.decls.end())
    return std::nullopt;
  const ast::Decl *decl = found->second;
  if (auto *function = ast::dynCast<ast::Function>(decl)) {
    FunctionValue value;
    value.decl = function;
    value.scope = module.scope;
    value.made = function->name.range;
    return Value(value);
  }
  if (auto *model = ast::dynCast<ast::Model>(decl))
    return Value(ModelType{model, &module});
  if (auto *dataset = ast::dynCast<ast::Dataset>(decl))
    return Value(DatasetRef{dataset, &module});
  auto *let = ast::dynCast<ast::TopLet>(decl);
  if (!let)
    return std::nullopt;
  if (auto *function = ast::dynCast<ast::LetFunctionStmt>(let->let)) {
    FunctionValue value;
    value.decl = function->function;
    value.scope = module.scope;
    value.made = function->function->name.range;
    return Value(value);
  }
  return constantNamed(module, *let, name, at);
}

Value Elaborator::constantNamed(Module &module, const ast::TopLet &let, std::string_view name,
                                SourceRange at) {
  if (auto found = constants.find({&let, std::string(name)}); found != constants.end())
    return found->second;
  if (std::count(module.evaluating.begin(), module.evaluating.end(), &let))
    return fail(Code::Recursion, at, "`" + std::string(name) + "` is defined by itself");
  module.evaluating.push_back(&let);
  bool asked = std::exchange(askedTraining, false);
  Value whole = evaluateConstant(module, let, name);
  // What is the same everywhere is worked out once: where each constant names another one twice,
  // there would be 2^n of them.
  bool isSame = !askedTraining && isFixed(whole);
  askedTraining |= asked;
  module.evaluating.pop_back();
  Scope parts;
  auto *simple = ast::dynCast<ast::LetStmt>(let.let);
  if (simple && simple->pattern && simple->pattern->tuple)
    bindPattern(simple->pattern, whole, parts);
  else
    bind(parts, name, whole, {});
  for (auto &[part, binding] : parts.names) {
    if (simple && simple->value && !binding.value.origin.isValid())
      binding.value.origin = simple->value->range;
    if (isSame)
      constants[{&let, part}] = binding.value;
  }
  return parts.names.at(std::string(name)).value;
}

Value Elaborator::evaluateConstant(Module &module, const ast::TopLet &let, std::string_view name) {
  if (auto *indexed = ast::dynCast<ast::LetIndexedStmt>(let.let))
    return evaluateNest(indexed->indices, indexed->value, indexed->range, module.scope);
  auto *simple = ast::dynCast<ast::LetStmt>(let.let);
  if (!simple)
    return ErrorValue{};
  if (!simple->type)
    return evaluate(simple->value, module.scope);
  DimEnv env{module.scope, nullptr, {}, nullptr};
  ResolvedType type = resolveType(simple->type, env);
  return coerce(evaluate(simple->value, module.scope, &type), type, simple->value->range,
                "`" + std::string(name) + "`", Code::TypeMismatch, simple->type->range);
}

/// Whether the value doesn't depend on where it is asked for.
bool Elaborator::isFixed(const Value &value) {
  if (!spend(1))
    return false;
  if (auto *sequence = value.get<Sequence>())
    return std::all_of(sequence->items.begin(), sequence->items.end(),
                       [&](const Value &item) { return isFixed(item); });
  if (auto *record = value.get<Record>())
    return std::all_of(record->fields.begin(), record->fields.end(),
                       [&](auto &field) { return isFixed(field.second); });
  // With sizes left open a mistake isn't always one.
  return value.is<Number>() || value.is<Text>() || value.is<FixedBool>() ||
         (value.isError() && !openInts);
}

std::optional<Value> Elaborator::lookupMember(ModelInstance &instance, std::string_view name,
                                              SourceRange at) {
  const ast::Member *member = memberNamed(*instance.decl, name);
  if (!member)
    return std::nullopt;
  switch (member->kind) {
  case ast::MemberKind::Function: {
    FunctionValue value;
    value.decl = member->function;
    value.scope = instance.scope;
    value.self = &instance;
    value.made = member->name.range;
    return Value(value);
  }
  case ast::MemberKind::Field:
    return evaluateFieldOf(instance, *member);
  case ast::MemberKind::Param:
  case ast::MemberKind::State:
    if (const Slot *slot = instance.slotOf(member))
      return readSlot(*slot, at);
    return fail(Code::CircularField, at,
                "`" + std::string(name) + "` isn't there before the model is made");
  default:
    return std::nullopt;
  }
}

const ast::Member *Elaborator::memberNamed(const ast::Model &model, std::string_view name) {
  auto [place, isNew] = members.try_emplace(&model);
  if (isNew)
    for (const ast::Member *member : model.members)
      if (member->kind != ast::MemberKind::Require)
        place->second.try_emplace(member->name.text, member);
  auto found = place->second.find(name);
  return found == place->second.end() ? nullptr : found->second;
}

Value Elaborator::builtinValue(std::string_view name) {
  if (auto dtype = dtypeNamed(name))
    return DtypeName{*dtype};
  if (name == "float")
    return DtypeName{options.real};
  if (name == "pi")
    return Number::point(3.14159265358979323846);
  if (name == "inf")
    return Number::point(HUGE_VAL);
  if (name == "nan")
    return Number::point(std::nan(""));
  if (name == "training") {
    askedTraining = true;
    bool held = std::any_of(active.begin(), active.end(), [&](const Active &frame) {
      return frame.self && frame.self->parameterRole == Role::Parameter &&
             isFrozen(frame.self->path);
    });
    return FixedBool{training && !held};
  }
  if (isBuiltin(name)) {
    FunctionValue value;
    value.kind = FunctionValue::Kind::Builtin;
    value.builtin = name;
    return value;
  }
  return NoValue{};
}

/// Whether names in `scope` may mean this member of its model.
static bool seesMember(const Scope &scope, const ast::Member *member) {
  return member && (!scope.seesFunctions || member->kind == ast::MemberKind::Function);
}

std::optional<Value> Elaborator::lookup(const Scope &scope, std::string_view name, SourceRange at) {
  for (const Scope *s = &scope; s; s = s->parent.get()) {
    if (auto found = s->names.find(name); found != s->names.end())
      return found->second.value;
    if (s->self && seesMember(*s, memberNamed(*s->self->decl, name)))
      if (auto value = lookupMember(*s->self, name, at))
        return value;
    if (s->module) {
      if (auto value = lookupDecl(*s->module, name, at))
        return value;
      if (auto found = s->module->imports.find(name); found != s->module->imports.end())
        return found->second ? Value(ModuleRef{found->second}) : Value();
    }
  }
  if (Module *prelude = modules.prelude())
    if (auto value = lookupDecl(*prelude, name, at))
      return value;
  Value value = builtinValue(name);
  if (!value.is<NoValue>())
    return value;
  return std::nullopt;
}

std::vector<std::string> Elaborator::visibleNames(const Scope &scope) {
  std::vector<std::string> names;
  for (const Scope *s = &scope; s && names.size() < CheckLimits::suggestions; s = s->parent.get()) {
    for (auto &[name, binding] : s->names)
      names.push_back(name);
    if (s->self)
      for (const ast::Member *member : s->self->decl->members)
        if (seesMember(*s, member))
          names.emplace_back(member->name.text);
    if (s->module) {
      for (auto &[name, decl] : s->module->decls)
        names.push_back(name);
      for (auto &[name, imported] : s->module->imports)
        names.push_back(name);
    }
  }
  if (Module *prelude = modules.prelude())
    for (auto &[name, decl] : prelude->decls)
      names.push_back(name);
  for (std::string_view name : builtinNames())
    names.emplace_back(name);
  return names;
}

Value Elaborator::unknownName(const Scope &scope, std::string_view name, SourceRange at) {
  if (isReported(Code::UnknownName, at))
    return ErrorValue{};
  auto report = error(Code::UnknownName, at, "there is no `" + std::string(name) + "` here");
  if (std::string near = nearest(name, visibleNames(scope)); !near.empty())
    report.help("did you mean `" + near + "`?").fix(at, near);
  else if (trainFields && active.empty()) {
    std::string fields;
    for (const data::Field &field : trainFields->fields)
      fields += (fields.empty() ? "`" : ", `") + field.name + "`";
    report.help("the fields of `" + trainFields->name + "` are " + fields);
  } else
    for (auto &module : modules.all())
      if (module->isLibrary && module->name == name) {
        report.help("`" + std::string(name) + "` is a file of the library: `import " +
                    std::string(name) + "`");
        break;
      } else if (module->isLibrary && module->decls.count(std::string(name))) {
        report.help("write `" + module->name + "." + std::string(name) + "`, after `import " +
                    module->name + "`");
        break;
      }
  return ErrorValue{};
}

//===----------------------------------------------------------------------===//
// Branches that aren't taken: their names are resolved, no more
//===----------------------------------------------------------------------===//

void Elaborator::resolveNames(const ast::Block *block, ScopePtr scope) {
  NameWalker walker([&](std::string_view name, SourceRange at) {
    if (name != "_" && name != "random" && !engine.isFull() && !isNameKnown(*scope, name))
      unknownName(*scope, name, at);
  });
  walker.block(block, {});
  spend(walker.visited());
}

bool Elaborator::isNameKnown(const Scope &scope, std::string_view name) {
  for (const Scope *s = &scope; s; s = s->parent.get()) {
    if (s->names.count(name))
      return true;
    if (s->self && seesMember(*s, memberNamed(*s->self->decl, name)))
      return true;
    if (s->module && (s->module->decls.count(name) || s->module->imports.count(name)))
      return true;
  }
  Module *prelude = modules.prelude();
  return (prelude && prelude->decls.count(name)) || !builtinValue(name).is<NoValue>();
}
