//===- Check.cpp - The checker's interface --------------------------------===//
#include "frontend/check/Check.h"

#include "frontend/check/Elaborator.h"

using namespace tenon;
using namespace tenon::check;

Elaborator::Elaborator(Modules &modules, DiagnosticEngine &engine, const CheckOptions &options)
    : modules(modules), sources(modules.sources()), engine(engine), options(options) {}

void Elaborator::prepare(Module &module) {
  if (modules.prelude())
    declare(*modules.prelude());
  declare(module);
  findRecursion(module);
}

void Elaborator::checkFile(Module &module) {
  prepare(module);
  for (const ast::Decl *decl : module.syntax->decls) {
    if (auto *dataset = ast::dynCast<ast::Dataset>(decl))
      evaluateDataset(*dataset, module);
    if (auto *train = ast::dynCast<ast::Train>(decl))
      elaborateTrain(module, *train);
    frozen.clear();
  }
  isLowered = false;
  checkRoots(module);
}

std::optional<Program> Elaborator::elaborateFunction(Module &module, const std::string &name,
                                                     const FunctionInputs &inputs) {
  prepare(module);
  isLowered = true;
  Program program;
  program.entries.emplace_back();
  Entry &entry = program.entries.back();
  entry.name = name;
  begin(entry, name);
  std::optional<Value> found;
  size_t dot = name.find('.');
  if (dot == std::string::npos) {
    found = lookupDecl(module, name, {});
  } else if (auto decl = module.decls.find(name.substr(0, dot)); decl != module.decls.end()) {
    if (auto *model = ast::dynCast<ast::Model>(decl->second)) {
      ModelInstance *instance = rootInstance(module, *model, false);
      if (!instance)
        return std::nullopt;
      declareSlots(*instance);
      found = lookupMember(*instance, name.substr(dot + 1), {});
    }
  }
  auto *function = found ? found->get<FunctionValue>() : nullptr;
  if (!function || !function->decl) {
    std::vector<std::string> names;
    for (auto &[each, decl] : module.decls) {
      if (decl->kind == ast::DeclKind::Function)
        names.push_back(each);
      if (auto *model = ast::dynCast<ast::Model>(decl))
        for (const ast::Member *member : model->members)
          if (member->function)
            names.push_back(each + "." + std::string(member->name.text));
    }
    auto report = error(Code::UnknownName, {}, "there is no function `" + name + "` in this file");
    if (std::string near = nearest(name, names); !near.empty())
      report.help("did you mean `" + near + "`?");
    return std::nullopt;
  }
  if (misdeclared.count(function->decl))
    return std::nullopt;
  entry.range = function->decl->name.range;
  ownedVars.push_back(std::make_unique<TypeVars>());
  TypeVars &vars = *ownedVars.back();
  auto scope = std::make_shared<Scope>(function->scope);
  scope->isFunction = true;
  scope->types = &vars;
  if (!hasInputs(*function, inputs, name) ||
      !bindGivenInputs(*function->decl, scope, vars, inputs, name) ||
      !hasLeaves(*function->decl, inputs, name))
    return std::nullopt;
  active.push_back({{}, function->decl, function->self, false});
  Value value = evaluateBody(*function, scope, vars, nullptr);
  active.pop_back();
  SourceRange range =
      function->decl->expr ? function->decl->expr->range : function->decl->name.range;
  addResults(value, "result", Role::Result, range);
  if (value.isError() || engine.hasErrors())
    return std::nullopt;
  addSlotResults({Role::State});
  finish();
  return program;
}

bool check::checkFile(Modules &modules, Module &module, DiagnosticEngine &engine,
                      const CheckOptions &options) {
  Elaborator(modules, engine, options).checkFile(module);
  return !engine.hasErrors();
}

std::optional<Program> check::elaborateFunction(Modules &modules, Module &module,
                                                const std::string &name,
                                                const FunctionInputs &inputs,
                                                DiagnosticEngine &engine,
                                                const CheckOptions &options) {
  if (engine.hasErrors())
    return std::nullopt;
  return Elaborator(modules, engine, options).elaborateFunction(module, name, inputs);
}

std::optional<Program> check::elaborateTraining(Modules &modules, Module &module,
                                                DiagnosticEngine &engine,
                                                const CheckOptions &options) {
  if (engine.hasErrors())
    return std::nullopt;
  return Elaborator(modules, engine, options).elaborateTraining(module);
}
