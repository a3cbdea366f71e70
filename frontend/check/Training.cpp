//===- Training.cpp - Train blocks become entries -------------------------===//
#include "frontend/check/TrainBlock.h"

#include <algorithm>
#include <array>

using namespace tenon;
using namespace tenon::check;

//===----------------------------------------------------------------------===//
// Entries of the block
//===----------------------------------------------------------------------===//

static constexpr std::array<std::string_view, 11> entryNames{
    "loss",       "optimizer", "metrics", "predicts", "epochs", "batch",
    "accumulate", "patience",  "keep",    "start",    "freeze"};

bool Elaborator::readTrainBlock(TrainBlock &block) {
  const ast::Train &train = *block.syntax;
  bool ok = true;
  for (const ast::Stmt *stmt : train.stmts) {
    auto *entry = ast::dynCast<ast::AssignStmt>(stmt);
    if (!entry) {
      block.lets.push_back(stmt);
      continue;
    }
    std::string_view name = entry->name.text;
    if (!std::count(entryNames.begin(), entryNames.end(), name)) {
      auto report = error(Code::UnknownEntry, entry->name.range,
                          "`train` has no entry `" + std::string(name) + "`");
      std::string near = nearest(name, {entryNames.begin(), entryNames.end()});
      if (!near.empty())
        report.help("did you mean `" + near + "`?").fix(entry->name.range, near);
      else
        report.help("to name a value, write `let " + std::string(name) + " = …`");
      ok = false;
      continue;
    }
    auto [place, isNew] = block.entries.try_emplace(std::string(name), entry);
    if (!isNew) {
      error(Code::DuplicateName, entry->name.range, "`" + std::string(name) + "` stands twice")
          .secondary(place->second->name.range, "first here");
      ok = false;
    }
  }
  for (std::string_view needed : {"loss", "optimizer"})
    if (!block.entries.count(needed)) {
      error(Code::MissingEntry, train.head, "this `train` has no `" + std::string(needed) + "`")
          .help(needed == "loss"
                    ? "say what to make small: `loss = losses.mean_squared_error(…)`"
                    : "say how to learn: `optimizer = optim.Adam(learning_rate = 1e-3)`");
      ok = false;
    }
  return ok;
}

/// A fixed whole number from `least`.
std::optional<int64_t> Elaborator::trainNumber(TrainBlock &block, std::string_view name,
                                               std::optional<int64_t> otherwise) {
  const ast::Expr *expr = block.find(name);
  if (!expr)
    return otherwise;
  Value value = evaluate(expr, block.module->scope);
  auto dim = asDim(value);
  auto number = dim ? dim->constant() : std::nullopt;
  if (!number || *number < 1) {
    if (!value.isError())
      error(Code::BadEntry, expr->range,
            "`" + std::string(name) + "` is a whole number from 1, and this is " + typeText(value))
          .done();
    return otherwise;
  }
  return number;
}

//===----------------------------------------------------------------------===//
// One entry of the compiled program
//===----------------------------------------------------------------------===//

Dim Elaborator::fieldDim(const data::Extent &extent) const {
  if (extent.extent >= 0)
    return Dim(extent.extent);
  auto found = options.dataDims.find(extent.name);
  return found != options.dataDims.end() ? Dim(found->second) : Dim::symbol(extent.name);
}

ScopePtr Elaborator::trainScope(TrainBlock &block) {
  declareSlots(*block.model);
  // The model's arguments and functions; its fields are its own.
  auto arguments = std::make_shared<Scope>(block.module->scope);
  arguments->names = block.model->scope->names;
  arguments->self = block.model;
  arguments->seesFunctions = true;
  auto scope = std::make_shared<Scope>(arguments);
  Dim batch = Dim::symbol("batch");
  // A size is a name only until something has it: the fields come first.
  bind(*scope, "batch", Value(Number::integer(batch), block.syntax->head), block.syntax->head);
  for (const data::Field &field : block.dataset.fields) {
    SourceRange declared = block.datasetSyntax->name.range, type = declared;
    for (const ast::DatasetField &written : block.datasetSyntax->fields)
      if (written.name.text == field.name) {
        declared = written.name.range;
        type = written.type->range;
      }
    std::vector<Axis> axes{Axis(batch, {})};
    for (const data::Extent &extent : field.dims)
      axes.emplace_back(fieldDim(extent), type);
    Tensor tensor = builder->entryArgument(*dtypeNamed(field.dtype), axes);
    builder->entry().arguments.push_back({field.name, Role::Field, tensor.id, declared});
    bind(*scope, field.name, tensor, declared);
  }
  return scope;
}

/// The loss, then the metrics; nullopt after an error.
std::optional<std::vector<Tensor>> Elaborator::lossAndMetrics(TrainBlock &block, ScopePtr scope) {
  for (const ast::Stmt *let : block.lets)
    execute(let, scope);
  const ast::Expr *lossExpr = block.find("loss");
  Value value = evaluate(lossExpr, scope);
  auto loss = asTensor(value, lossExpr->range);
  bool ok = loss.has_value();
  if (loss) {
    dtypes.unify(loss->dtype, dtypes.fresh(true));
    if (!loss->isScalar() || !dtypes.mustBeReal(loss->dtype)) {
      error(Code::BadEntry, lossExpr->range,
            "the loss is one real number, and this is " + typeText(*loss))
          .help("take the mean over the batch: `mean(…)`");
      ok = false;
    }
  }
  std::vector<Tensor> results;
  if (ok)
    results.push_back(*loss);
  block.metrics.clear();
  block.metricHasState.clear();
  const ast::Expr *metricsExpr = block.find("metrics");
  if (!metricsExpr)
    return ok ? std::optional(results) : std::nullopt;
  auto *record = ast::dynCast<ast::RecordExpr>(metricsExpr);
  if (!record) {
    if (metricsExpr->kind != ast::ExprKind::Error)
      error(Code::BadEntry, metricsExpr->range, "`metrics` names each one")
          .help("`metrics = { accuracy: metrics.binary_accuracy(p, label) }`");
    return std::nullopt;
  }
  for (const ast::Arg &metric : record->fields) {
    fieldPath = metric.name.text;
    madeParameterRole = madeStateRole = Role::Metric;
    auto before = slotValues;
    auto tensor = asTensor(evaluate(metric.value, scope), metric.value->range);
    fieldPath.clear();
    if (!tensor) {
      ok = false;
      continue;
    }
    if (!tensor->isScalar()) {
      error(Code::BadEntry, metric.value->range,
            "a metric is one number, and this is " + typeText(*tensor))
          .help("take the mean: `mean(…)`");
      ok = false;
      continue;
    }
    bool hasState = false;
    for (auto &[slot, now] : slotValues)
      if (slot->role == Role::Metric) {
        auto old = before.find(slot);
        hasState |= old == before.end() || !sameTensors(old->second, now);
      }
    block.metrics.emplace_back(metric.name.text);
    block.metricHasState.push_back(hasState);
    results.push_back(*tensor);
  }
  return ok ? std::optional(results) : std::nullopt;
}

void Elaborator::addLossResults(const TrainBlock &block, const std::vector<Tensor> &values) {
  auto &results = builder->entry().results;
  results.push_back({"loss", Role::Loss, values[0].id, std::nullopt});
  for (size_t i = 0; i < block.metrics.size(); ++i)
    results.push_back({block.metrics[i], Role::MetricValue, values[i + 1].id, std::nullopt});
}

//===----------------------------------------------------------------------===//
// The program
//===----------------------------------------------------------------------===//

bool Elaborator::trainStep(TrainBlock &block, Entry &entry) {
  begin(entry, "train");
  training = true;
  ScopePtr scope = trainScope(block);
  giveParameters(block);
  std::vector<const Slot *> slots, parameters;
  collectSlots(*block.model, slots);
  std::vector<Tensor> inputs;
  for (const Slot *slot : slots)
    if (slot->role == Role::Parameter && !isFrozen(slot->path))
      if (auto *tensor = slotValues[slot].get<Tensor>()) {
        parameters.push_back(slot);
        inputs.push_back(*tensor);
      }
  if (inputs.empty()) {
    error(Code::BadEntry, block.syntax->model.range,
          "`" + block.syntax->model.str() + "` has no parameters to train")
        .help("declare one: `param weight: f32[inputs] = zeros()`");
    return false;
  }
  auto derivative = differentiate(
      false, inputs, {}, block.find("loss")->range,
      [&](const std::vector<Tensor> &arguments) -> std::optional<std::vector<Tensor>> {
        for (size_t i = 0; i < parameters.size(); ++i)
          slotValues[parameters[i]] = arguments[i];
        return lossAndMetrics(block, scope);
      });
  if (!derivative)
    return false;
  memoCalls = false;
  bool updated = block.accumulate > 1
                     ? accumulate(block, parameters, derivative->derivatives)
                     : updateParameters(block, parameters, derivative->derivatives);
  if (!updated)
    return false;
  addLossResults(block, derivative->results);
  addSlotResults({Role::Parameter, Role::State, Role::Optimizer, Role::Metric});
  return true;
}

bool Elaborator::initialValues(TrainBlock &block, Entry &entry, bool metrics) {
  begin(entry, "");
  training = false;
  std::vector<const Slot *> slots;
  if (metrics) {
    for (auto &instance : instances)
      for (auto &slot : instance->slots)
        if (slot->role == Role::Metric)
          slots.push_back(slot.get());
  } else {
    collectSlots(*block.model, slots);
  }
  bool ok = true;
  auto add = [&](const std::vector<const Slot *> &all) {
    for (const Slot *slot : all) {
      Value value = initialValue(*slot);
      if (value.is<NoValue>()) {
        if (!isStarted(block, slot->path)) {
          error(Code::MissingEntry, slot->member->name.range,
                "`" + slot->path + "` has no initial value, and no file gives one")
              .secondary(block.syntax->head, "trained here")
              .help("load it: `start = { " + slot->path.substr(0, slot->path.find('.')) +
                    ": safetensors(\"file\") }`");
          ok = false;
        }
        // The file's values come in place of these.
        ResolvedType type = slotType(*slot);
        Fill zeros;
        zeros.number = Number::integer(Dim(0));
        zeros.range = slot->member->name.range;
        value = fill(zeros, type.dtype, type.axes);
      }
      ok &= !value.isError();
      slotValues[slot] = value;
    }
  };
  add(slots);
  if (!metrics) {
    Value tree = trainedTree(block);
    std::vector<const Slot *> optimizerSlots;
    for (ModelInstance *optimizer : optimizers) {
      for (auto &[name, binding] : optimizer->scope->names)
        if (treeArguments.count({optimizer, name}))
          binding.value = tree;
      collectSlots(*optimizer, optimizerSlots);
    }
    std::sort(optimizerSlots.begin(), optimizerSlots.end(), SlotLess());
    optimizerSlots.erase(std::unique(optimizerSlots.begin(), optimizerSlots.end()),
                         optimizerSlots.end());
    add(optimizerSlots);
    if (block.sums) {
      Record sums;
      for (auto &[path, value] : tree.get<Record>()->fields)
        if (auto *tensor = value.get<Tensor>()) {
          Fill zeros;
          zeros.number = Number::integer(Dim(0));
          zeros.range = block.syntax->head;
          sums.fields.emplace_back(path, fill(zeros, tensor->dtype, tensor->axes));
        }
      slotValues[block.sums.get()] = sums;
    }
  }
  addSlotResults({Role::Parameter, Role::State, Role::Optimizer, Role::Metric});
  return ok;
}

/// The types of the fields, with `batch` in front.
FunctionInputs Elaborator::fieldInputs(const TrainBlock &block) const {
  FunctionInputs inputs;
  for (const data::Field &field : block.dataset.fields) {
    TensorType type{*dtypeNamed(field.dtype), {Dim::symbol("batch")}};
    for (const data::Extent &extent : field.dims)
      type.dims.push_back(fieldDim(extent));
    inputs.tensors.emplace(field.name, std::move(type));
  }
  return inputs;
}

bool Elaborator::predictEntry(TrainBlock &block, Entry &entry, Training &result) {
  begin(entry, "predict");
  training = false;
  auto member = lookupMember(*block.model, "predict", block.syntax->head);
  auto *function = member ? member->get<FunctionValue>() : nullptr;
  if (!function)
    return true;
  declareSlots(*block.model);
  bool ok = true;
  for (const ast::Param &param : function->decl->params) {
    std::string name(param.name.text);
    bool isField = std::any_of(block.dataset.fields.begin(), block.dataset.fields.end(),
                               [&](auto &field) { return field.name == name; });
    if (isField) {
      result.predictFields.push_back(name);
    } else if (!param.value) {
      std::vector<std::string> names;
      for (const data::Field &field : block.dataset.fields)
        names.push_back(field.name);
      auto report = error(Code::PredictField, param.name.range,
                          "`predict` takes `" + name + "`, and `" + block.dataset.name +
                              "` has no such field");
      report.secondary(block.datasetSyntax->name.range, "the data set");
      if (std::string near = nearest(name, names); !near.empty())
        report.help("call it `" + near + "`");
      else
        report.help("`tenon predict` gives each parameter the field of its name");
      ok = false;
    }
  }
  if (!ok)
    return false;
  ownedVars.push_back(std::make_unique<TypeVars>());
  TypeVars &vars = *ownedVars.back();
  auto scope = std::make_shared<Scope>(function->scope);
  scope->isFunction = true;
  scope->types = &vars;
  if (!bindGivenInputs(*function->decl, scope, vars, fieldInputs(block), "predict", Role::Field))
    return false;
  active.push_back({{}, function->decl, function->self, false});
  Value value = evaluateBody(*function, scope, vars, nullptr);
  active.pop_back();
  addResults(value, "result", Role::Result, function->decl->name.range);
  return !value.isError();
}

bool Elaborator::resolveTrain(TrainBlock &block) {
  const ast::Train &train = *block.syntax;
  bool ok = true;
  auto datasetDecl = block.module->decls.find(train.dataset.text);
  auto *dataset = datasetDecl == block.module->decls.end()
                      ? nullptr
                      : ast::dynCast<ast::Dataset>(datasetDecl->second);
  if (!dataset && !train.dataset.text.empty()) {
    std::vector<std::string> names;
    for (auto &[name, decl] : block.module->decls)
      if (decl->kind == ast::DeclKind::Dataset)
        names.push_back(name);
    auto report = error(Code::UnknownDataset, train.dataset.range,
                        "there is no data set `" + std::string(train.dataset.text) + "`");
    if (std::string near = nearest(train.dataset.text, names); !near.empty())
      report.help("did you mean `" + near + "`?").fix(train.dataset.range, near);
  }
  ok = dataset != nullptr;
  if (dataset) {
    block.datasetSyntax = dataset;
    auto evaluated = evaluateDataset(*dataset, *block.module);
    ok = evaluated.has_value();
    if (evaluated)
      block.dataset = *evaluated;
  }
  Entry scratch;
  begin(scratch, "");
  std::optional<Value> model;
  if (!train.model.names.empty()) {
    model = lookup(*block.module->scope, train.model.names[0].text, train.model.range);
    if (auto *module = model ? model->get<ModuleRef>() : nullptr;
        module && train.model.names.size() == 2)
      model = lookupDecl(*module->module, train.model.names[1].text, train.model.range);
  }
  auto *type = model ? model->get<ModelType>() : nullptr;
  if (!type) {
    std::vector<std::string> names;
    for (auto &[name, decl] : block.module->decls)
      if (decl->kind == ast::DeclKind::Model)
        names.push_back(name);
    auto report = error(Code::UnknownModel, train.model.range,
                        "there is no model `" + train.model.str() + "`");
    if (std::string near = nearest(train.model.str(), names); !near.empty())
      report.help("did you mean `" + near + "`?").fix(train.model.range, near);
    return false;
  }
  std::vector<CallArg> args;
  for (const ast::Arg &arg : train.args) {
    CallArg each{arg.name, evaluate(arg.value, block.module->scope), arg.value,
                 arg.value ? arg.value->range : arg.range, arg.range};
    ok &= !each.value.isError();
    args.push_back(std::move(each));
  }
  if (!ok)
    return false;
  CallSite site{train.head, train.model.range, train.model.str(), nullptr, false};
  if (train.hasArgs && !train.args.empty())
    site.range = SourceRange::join(train.model.range, train.args.back().range);
  block.model = instantiate(*type, std::move(args), site, "");
  return block.model != nullptr;
}

std::optional<Program> Elaborator::elaborateTrain(Module &module, const ast::Train &train) {
  isLowered = true;
  TrainBlock block;
  block.syntax = &train;
  block.module = &module;
  size_t errorsBefore = engine.errorCount();
  bool ok = readTrainBlock(block);
  if (!resolveTrain(block) || !ok)
    return std::nullopt;
  mayMakeModels = memoCalls = true;
  trainFields = &block.dataset;
  trainInstances.clear();
  optimizers.clear();
  treeArguments.clear();
  frozen.clear();
  readFreeze(block);
  readStart(block);
  block.accumulate = *trainNumber(block, "accumulate", 1);
  ok = makeOptimizer(block);

  Program program;
  program.training.emplace();
  Training &result = *program.training;
  program.entries.resize(6);
  Entry &init = program.entries[0], &step = program.entries[1], &evaluation = program.entries[2];
  init.name = "init";
  step.name = "train_step";
  evaluation.name = "evaluate_step";
  bool made = ok && trainStep(block, step);
  if (made)
    finish();
  ok &= made;
  memoCalls = true;
  begin(evaluation, "train");
  training = false;
  ScopePtr scope = trainScope(block);
  if (auto values = lossAndMetrics(block, scope); values && ok) {
    addLossResults(block, *values);
    addSlotResults({Role::Metric});
    finish();
  } else {
    ok = false;
  }
  mayMakeModels = memoCalls = false;
  trainFields = nullptr;
  madeParameterRole = Role::Parameter;
  madeStateRole = Role::State;
  for (const Argument &argument : step.arguments)
    for (const Dim &dim : step.type(argument.value).dims)
      for (const std::string &name : known(dim).symbols())
        if (ok && name[0] == '$')
          error(Code::UnsolvedDimension, holeRanges[name], "nothing says what this `_` stands for")
              .secondary(argument.range, "a dimension of this depends on it");
  if (ok && initialValues(block, init, false))
    finish();
  Entry &reset = program.entries[3], &predict = program.entries[4];
  reset.name = "reset_metrics";
  predict.name = "predict";
  bool hasMetricState = std::count(block.metricHasState.begin(), block.metricHasState.end(), true);
  if (ok && hasMetricState && initialValues(block, reset, true))
    finish();
  if (predictEntry(block, predict, result) && ok)
    finish();
  Entry &epoch = program.entries[5];
  epoch.name = "epoch_end";
  if (ok && toldOfEpochs(*block.optimizer) && epochEntry(block, epoch))
    finish();
  describeTraining(block, step, result);
  if (!ok || engine.errorCount() != errorsBefore)
    return std::nullopt;
  std::erase_if(program.entries, [](const Entry &entry) { return entry.results.empty(); });
  for (Entry &entry : program.entries)
    entry.range = train.head;
  for (const Entry &entry : stageEntries[block.datasetSyntax])
    program.entries.push_back(entry);
  return program;
}

void Elaborator::describeTraining(TrainBlock &block, const Entry &step, Training &result) {
  Entry scratch;
  begin(scratch, "");
  result.model = block.syntax->model.str();
  result.dataset = block.dataset;
  result.metrics = block.metrics;
  result.metricHasState = block.metricHasState;
  result.range = block.syntax->head;
  for (const Argument &argument : step.arguments)
    if (argument.role == Role::Parameter || argument.role == Role::State ||
        argument.role == Role::Optimizer || argument.role == Role::Metric)
      result.variables.push_back(
          {argument.name, argument.role, step.type(argument.value), true, argument.range});
  for (Variable &variable : result.variables)
    for (auto &instance : instances)
      for (auto &slot : instance->slots)
        if (slot->path == variable.name && slot->role == variable.role)
          variable.hasInitialiser = slot->member->value != nullptr;
  addSettings(block, result);
  addDeclarations(block, result);
  result.followsSteps = step.uses(step.argumentOf(Role::Steps));
  result.epochs = *trainNumber(block, "epochs", 1);
  result.batch = *trainNumber(block, "batch", 32);
  readKeep(block, result);
  result.start = block.start;
  result.freeze = frozen;
  result.accumulate = block.accumulate;
  if (const ast::Expr *expr = block.find("predicts")) {
    auto *name = ast::dynCast<ast::NameExpr>(expr);
    std::vector<std::string> names;
    for (const data::Field &field : block.dataset.fields)
      names.push_back(field.name);
    if (name && std::count(names.begin(), names.end(), name->name)) {
      result.predicts = name->name;
    } else {
      auto report = error(Code::BadEntry, expr->range,
                          "`predicts` names a field of `" + block.dataset.name + "`");
      if (std::string near = name ? nearest(name->name, names) : ""; !near.empty())
        report.help("did you mean `" + near + "`?").fix(expr->range, near);
    }
  }
}

std::optional<Program> Elaborator::elaborateTraining(Module &module) {
  prepare(module);
  for (const ast::Decl *decl : module.syntax->decls)
    if (auto *train = ast::dynCast<ast::Train>(decl))
      return elaborateTrain(module, *train);
  error(Code::MissingEntry, {}, "this file has no `train` block").done();
  return std::nullopt;
}
