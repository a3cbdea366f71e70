//===- TrainEntries.cpp - start, freeze, patience, keep, epochs -----------===//
#include "frontend/check/TrainBlock.h"

#include <algorithm>

using namespace tenon;
using namespace tenon::check;

/// Whether a variable's path is that of a part of the model, or lies in it.
static bool isWithin(const std::string &path, const std::string &part) {
  return part.empty() || path == part || (path.starts_with(part) && path[part.size()] == '.');
}

bool Elaborator::isFrozen(const std::string &path) const {
  return std::any_of(frozen.begin(), frozen.end(),
                     [&](const std::string &part) { return isWithin(path, part); });
}

bool Elaborator::isStarted(const TrainBlock &block, const std::string &path) const {
  return std::any_of(block.start.begin(), block.start.end(),
                     [&](const StartFrom &start) { return isWithin(path, start.target); });
}

bool Elaborator::isValidated(const TrainBlock &block) const {
  auto isHeld = [](const std::string &name) { return name == "validation" || name == "test"; };
  return std::any_of(block.dataset.splits.begin(), block.dataset.splits.end(),
                     [&](auto &split) { return isHeld(split.name); }) ||
         std::any_of(block.dataset.sources.begin(), block.dataset.sources.end(),
                     [&](auto &source) { return isHeld(source.split); });
}

/// "backbone.blocks.3" of the expression that names it; empty if it names nothing.
static std::string pathOf(const ast::Expr *expr) {
  if (auto *name = ast::dynCast<ast::NameExpr>(expr))
    return std::string(name->name);
  if (auto *field = ast::dynCast<ast::FieldExpr>(expr)) {
    std::string base = pathOf(field->base);
    return base.empty() ? "" : base + "." + std::string(field->name.text);
  }
  if (auto *subscript = ast::dynCast<ast::SubscriptExpr>(expr);
      subscript && subscript->slots.size() == 1 && subscript->slots[0].kind == ast::Slot::At)
    if (auto *number = ast::dynCast<ast::NumberExpr>(subscript->slots[0].at)) {
      std::string base = pathOf(subscript->base);
      return base.empty() ? "" : base + "." + std::to_string(static_cast<int64_t>(number->real));
    }
  return "";
}

/// Reports what names no part of the model.
bool Elaborator::isPart(const TrainBlock &block, const std::string &path, SourceRange range) {
  std::vector<const Slot *> slots;
  collectSlots(*block.model, slots);
  std::vector<std::string> parts;
  for (const Slot *slot : slots) {
    if (!path.empty() && isWithin(slot->path, path))
      return true;
    for (size_t dot = slot->path.find('.'); dot != std::string::npos;
         dot = slot->path.find('.', dot + 1))
      if (std::string part = slot->path.substr(0, dot);
          std::find(parts.begin(), parts.end(), part) == parts.end())
        parts.push_back(part);
    parts.push_back(slot->path);
  }
  auto report = error(Code::BadEntry, range,
                      "`" + text(range) + "` is no part of `" + block.syntax->model.str() +
                          "` that has parameters or states");
  if (std::string near = nearest(path, parts); !near.empty())
    report.help("did you mean `" + near + "`?");
  return false;
}

void Elaborator::readFreeze(TrainBlock &block) {
  const ast::Expr *expr = block.find("freeze");
  if (!expr || expr->kind == ast::ExprKind::Error)
    return;
  auto *list = ast::dynCast<ast::ListExpr>(expr);
  if (!list) {
    error(Code::BadEntry, expr->range, "`freeze` is a list of the model's parts")
        .help("`freeze = [" + text(expr->range) + "]`");
    return;
  }
  for (const ast::Expr *item : list->items)
    if (std::string path = pathOf(item); isPart(block, path, item->range))
      frozen.push_back(path);
}

/// `safetensors("file", rename = [("conv1", "stem")])` for a part of the model.
void Elaborator::readStartOf(TrainBlock &block, const std::string &target, const ast::Expr *expr) {
  auto *call = ast::dynCast<ast::CallExpr>(expr);
  auto *callee = call ? ast::dynCast<ast::NameExpr>(call->callee) : nullptr;
  auto *file = callee && callee->name == "safetensors" && !call->args.empty()
                   ? ast::dynCast<ast::StringExpr>(call->args[0].value)
                   : nullptr;
  if (!file || !call->args[0].name.text.empty()) {
    if (expr && expr->kind != ast::ExprKind::Error)
      error(Code::BadEntry, expr->range, "parameters come from a file of tensors")
          .help("`safetensors(\"file.safetensors\")`");
    return;
  }
  StartFrom start{target, std::string(file->value), {}, expr->range};
  for (size_t i = 1; i < call->args.size(); ++i) {
    const ast::Arg &arg = call->args[i];
    if (arg.name.text != "rename") {
      error(Code::UnknownArgument, arg.name.range.isValid() ? arg.name.range : arg.range,
            "`safetensors` has no parameter `" + std::string(arg.name.text) + "`")
          .help("its parameter is `rename`, a list of pairs: the file's name, the model's");
      return;
    }
    Value value = evaluate(arg.value, block.module->scope);
    auto *pairs = value.get<Sequence>();
    for (const Value &item : pairs ? pairs->items : Parts<Value>{value}) {
      auto *pair = item.get<Sequence>();
      auto *from = pair && pair->items.size() == 2 ? pair->items[0].get<Text>() : nullptr;
      auto *to = from ? pair->items[1].get<Text>() : nullptr;
      if (!to) {
        if (!value.isError())
          error(Code::ArgumentType, arg.value->range,
                "`rename` is a list of pairs of texts: the file's name, the model's")
              .help("`rename = [(\"conv1\", \"stem\")]`");
        return;
      }
      start.rename.emplace_back(from->value, to->value);
    }
  }
  block.start.push_back(std::move(start));
}

void Elaborator::readStart(TrainBlock &block) {
  const ast::Expr *expr = block.find("start");
  if (!expr)
    return;
  auto *record = ast::dynCast<ast::RecordExpr>(expr);
  if (!record)
    return readStartOf(block, "", expr);
  for (const ast::Arg &part : record->fields)
    if (isPart(block, std::string(part.name.text), part.name.range))
      readStartOf(block, std::string(part.name.text), part.value);
}

void Elaborator::readKeep(TrainBlock &block, Training &result) {
  result.patience = trainNumber(block, "patience", std::nullopt);
  if (const ast::Expr *expr = block.find("keep")) {
    auto *choice = ast::dynCast<ast::StringExpr>(expr);
    if (!choice || (choice->value != "last" && choice->value != "best"))
      error(Code::BadEntry, expr->range, "`keep` is \"last\" or \"best\"").done();
    else
      result.keepBest = choice->value == "best";
  }
  if (isValidated(block))
    return;
  const char *asks = result.patience ? "patience" : result.keepBest ? "keep" : nullptr;
  if (asks)
    error(Code::BadEntry, block.entries.find(asks)->second->range,
          "`" + std::string(asks) + "` goes by the loss of each validation, and `" +
              block.dataset.name + "` has no rows for one")
        .secondary(block.datasetSyntax->name.range, "the data set")
        .help("`split train 0.8, validation 0.2`");
}

//===----------------------------------------------------------------------===//
// The end of an epoch
//===----------------------------------------------------------------------===//

/// The optimizer, or the first of those it wraps, that is told each validation's loss.
ModelInstance *Elaborator::toldOfEpochs(ModelInstance &optimizer) {
  for (const ast::Member *member : optimizer.decl->members)
    if (member->function && member->name.text == "epoch")
      return &optimizer;
  for (const ast::Param &param : optimizer.decl->params)
    if (auto found = optimizer.scope->names.find(param.name.text);
        found != optimizer.scope->names.end())
      if (auto *inner = found->second.value.get<ModelRef>())
        if (ModelInstance *told = toldOfEpochs(*inner->instance))
          return told;
  return nullptr;
}

bool Elaborator::epochEntry(TrainBlock &block, Entry &entry) {
  ModelInstance &told = *toldOfEpochs(*block.optimizer);
  SourceRange range = block.find("optimizer")->range;
  if (!isValidated(block)) {
    error(Code::BadEntry, range,
          "`" + std::string(told.decl->name.text) + "` goes by the loss of each validation, and `" +
              block.dataset.name + "` has no rows for one")
        .secondary(block.datasetSyntax->name.range, "the data set")
        .help("`split train 0.8, validation 0.2`");
    return false;
  }
  begin(entry, "epoch");
  training = false;
  // `like params` asks for the parameters' types, not for their values.
  std::vector<const Slot *> slots;
  collectSlots(*block.model, slots);
  for (const Slot *slot : slots) {
    ResolvedType type = slotType(*slot);
    slotValues[slot] = Tensor{kNoValue, type.dtype, type.axes};
  }
  Value tree = trainedTree(block);
  for (ModelInstance *optimizer : optimizers)
    for (auto &[name, binding] : optimizer->scope->names)
      if (treeArguments.count({optimizer, name}))
        binding.value = tree;
  declareSlots(told);
  auto function = lookupMember(told, "epoch", range);
  auto *declared = function ? function->get<FunctionValue>() : nullptr;
  auto *type = declared && declared->decl && declared->decl->params.size() == 1
                   ? ast::dynCast<ast::NamedType>(declared->decl->params[0].type)
                   : nullptr;
  if (!type || !type->dims.empty()) {
    error(Code::NotAnOptimizer, range,
          "`epoch` takes one number, the loss of the validation: `epoch(loss: f32)`")
        .done();
    return false;
  }
  DType dtype = dtypeNamed(type->path.names.back().text).value_or(options.real);
  Tensor loss = builder->entryArgument(dtype, {});
  entry.arguments.push_back({"loss", Role::Loss, loss.id, range});
  CallSite site{range, range, text(range), nullptr, false};
  Value value = call(*function, {{{}, loss, nullptr, range, range}}, site);
  if (value.isError())
    return false;
  addSlotResults({Role::Optimizer});
  return true;
}
