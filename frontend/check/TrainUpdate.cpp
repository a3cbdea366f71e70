//===- TrainUpdate.cpp - The optimizer and its updates --------------------===//
#include "frontend/check/TrainBlock.h"

#include <algorithm>

using namespace tenon;
using namespace tenon::check;

//===----------------------------------------------------------------------===//
// The optimizer
//===----------------------------------------------------------------------===//

/// The parameters but for those that `freeze` holds.
Value Elaborator::trainedTree(const TrainBlock &block) {
  Value all = parameterTree(*block.model);
  Record tree;
  for (auto &[path, value] : all.get<Record>()->fields)
    if (!isFrozen(path))
      tree.fields.emplace_back(path, value);
  return tree;
}

bool Elaborator::makeOptimizer(TrainBlock &block) {
  const ast::Expr *expr = block.find("optimizer");
  madeParameterRole = madeStateRole = Role::Optimizer;
  fieldPath.clear();
  size_t before = instances.size();
  Value value = evaluate(expr, block.module->scope);
  madeParameterRole = Role::Parameter;
  madeStateRole = Role::State;
  if (value.isError())
    return false;
  auto *model = value.get<ModelRef>();
  const ast::Function *update = nullptr;
  if (model) {
    for (const ast::Member *member : model->instance->decl->members)
      if (member->function && member->name.text == "update")
        update = member->function;
    block.optimizer = model->instance;
  }
  if (!update || update->params.size() != 4) {
    error(Code::NotAnOptimizer, expr->range,
          "an optimizer is a model with `update(params, gradient, step, steps)`, and this is " +
              typeText(value))
        .help("for example `optim.Adam(learning_rate = 1e-3)`");
    return false;
  }
  for (size_t i = before; i < instances.size(); ++i)
    optimizers.push_back(instances[i].get());
  nameOptimizers(*block.optimizer, "");
  return true;
}

/// A wrapped optimizer's states lie under the name by which it was passed, so that it shares none
/// with what wraps it.
void Elaborator::nameOptimizers(ModelInstance &optimizer, const std::string &path) {
  optimizer.path = path;
  std::string before = path.empty() ? "" : path + ".";
  for (auto &slot : optimizer.slots)
    slot->path = before + std::string(slot->member->name.text);
  for (const ast::Param &param : optimizer.decl->params)
    if (auto found = optimizer.scope->names.find(param.name.text);
        found != optimizer.scope->names.end())
      if (auto *inner = found->second.value.get<ModelRef>())
        nameOptimizers(*inner->instance, before + std::string(param.name.text));
}

/// The parameters that an optimizer's `like params` means are the model's.
void Elaborator::giveParameters(TrainBlock &block) {
  Value tree = trainedTree(block);
  for (ModelInstance *optimizer : optimizers)
    for (auto &[name, binding] : optimizer->scope->names)
      if (binding.value.is<Hole>() || treeArguments.count({optimizer, name})) {
        treeArguments.insert({optimizer, name});
        binding.value = tree;
      }
  for (ModelInstance *optimizer : optimizers)
    declareSlots(*optimizer);
}

bool Elaborator::updateParameters(TrainBlock &block, const std::vector<const Slot *> &parameters,
                                  const std::vector<Tensor> &gradients) {
  Record tree;
  for (size_t i = 0; i < parameters.size(); ++i)
    tree.fields.emplace_back(parameters[i]->path, gradients[i]);
  SourceRange range = block.find("optimizer")->range;
  auto update = lookupMember(*block.optimizer, "update", range);
  auto arg = [&](Value value) { return CallArg{{}, std::move(value), nullptr, range, range}; };
  Value step = convert(stepArgument(Role::Step), DType::I32, range);
  Value steps = stepArgument(Role::Steps);
  if (block.accumulate > 1) {
    Value every = Number::integer(Dim(block.accumulate));
    step = binary(ast::BinaryOp::Divide, step, every, range, range, range);
    steps = binary(ast::BinaryOp::Divide, steps, every, range, range, range);
  }
  CallSite site{range, range, text(range), nullptr, false};
  Value next = call(*update, {arg(trainedTree(block)), arg(tree), arg(step), arg(steps)}, site);
  if (next.isError())
    return false;
  std::vector<Value> parts;
  if (!leaves(next, parts) || parts.size() != parameters.size()) {
    error(Code::NotAnOptimizer, range,
          "`update` gives the next parameters, and this gives " + typeText(next))
        .done();
    return false;
  }
  for (size_t i = 0; i < parameters.size(); ++i)
    slotValues[parameters[i]] = parts[i];
  return true;
}

//===----------------------------------------------------------------------===//
// Gradients of several steps
//===----------------------------------------------------------------------===//

/// The sums of gradients are variables of the optimizer, `accumulated/<parameter>`. In the last of
/// `accumulate` steps the mean goes to the optimizer, and the sums begin anew.
bool Elaborator::accumulate(TrainBlock &block, const std::vector<const Slot *> &parameters,
                            std::vector<Tensor> gradients) {
  SourceRange range = block.entries.at("accumulate")->range;
  block.sums = std::make_unique<Slot>();
  block.sums->path = "accumulated";
  block.sums->role = Role::Optimizer;
  block.sums->ordinal = nextSlot++;
  Record sums, zeros;
  for (size_t i = 0; i < parameters.size(); ++i) {
    Tensor &gradient = gradients[i];
    Tensor sum = builder->entryArgument(gradient.dtype, gradient.axes);
    builder->entry().arguments.push_back(
        {"accumulated/" + parameters[i]->path, Role::Optimizer, sum.id, range});
    gradient = *tensors(MapKind::Add, sum, gradient, range, range, range).get<Tensor>();
    sums.fields.emplace_back(parameters[i]->path, gradient);
  }
  slotValues[block.sums.get()] = sums;
  Value every = Number::integer(Dim(block.accumulate));
  Value step = convert(stepArgument(Role::Step), DType::I32, range);
  stepArgument(Role::Steps);
  Value place = binary(ast::BinaryOp::Remainder, step, every, range, range, range);
  Value last = binary(ast::BinaryOp::Equal, place, Number::integer(Dim(block.accumulate - 1)),
                      range, range, range);

  auto before = slotValues;
  builder->open(Builder::Frame::Branch);
  for (Tensor &gradient : gradients)
    gradient = *binary(ast::BinaryOp::Multiply, gradient,
                       Number::point(1.0 / double(block.accumulate)), range, range, range)
                    .get<Tensor>();
  bool ok = updateParameters(block, parameters, gradients);
  for (auto &[path, sum] : sums.fields) {
    Fill zero;
    zero.number = Number::integer(Dim(0));
    zero.range = range;
    zeros.fields.emplace_back(path, fill(zero, sum.get<Tensor>()->dtype, sum.get<Tensor>()->axes));
  }
  slotValues[block.sums.get()] = zeros;
  auto after = slotValues;
  slotValues = before;
  std::vector<const Slot *> changed;
  std::vector<ValueId> now, otherwise;
  Op op;
  op.kind = OpKind::If;
  op.operands = {last.get<Tensor>()->id};
  op.range = range;
  for (auto &[slot, value] : before) {
    if (!ok || sameTensors(value, after.at(slot)))
      continue;
    std::vector<Value> left, right, joined;
    leaves(after.at(slot), left);
    leaves(value, right);
    for (size_t i = 0; i < left.size(); ++i) {
      now.push_back(left[i].get<Tensor>()->id);
      otherwise.push_back(right[i].get<Tensor>()->id);
    }
    changed.push_back(slot);
  }
  op.regions.push_back(builder->close(now));
  builder->open(Builder::Frame::Branch);
  op.regions.push_back(builder->close(otherwise));
  for (const Slot *slot : changed) {
    size_t next = 0;
    std::vector<Value> parts, joined;
    leaves(before.at(slot), parts);
    for (const Value &part : parts) {
      const Tensor &tensor = *part.get<Tensor>();
      Tensor result = builder->result(tensor.dtype, tensor.axes);
      op.results.push_back(result.id);
      joined.emplace_back(result);
    }
    slotValues[slot] = rebuild(before.at(slot), joined, next);
  }
  builder->append(std::move(op));
  return ok;
}
