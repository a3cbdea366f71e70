//===- Control.cpp - Branches, scans and unrolled repetitions -------------===//
#include "frontend/check/Elaborator.h"

#include <algorithm>

using namespace tenon;
using namespace tenon::check;

//===----------------------------------------------------------------------===//
// Trees
//===----------------------------------------------------------------------===//

bool Elaborator::leaves(const Value &value, std::vector<Value> &out,
                        std::vector<std::string> *names, const std::string &prefix) {
  if (!spend(1))
    return false;
  auto part = [&](const std::string &name, const Value &item) {
    return leaves(item, out, names, prefix.empty() ? name : prefix + "." + name);
  };
  if (auto *sequence = value.get<Sequence>()) {
    for (size_t i = 0; i < sequence->items.size(); ++i)
      if (!part(std::to_string(i), sequence->items[i]))
        return false;
    return true;
  }
  if (auto *record = value.get<Record>()) {
    for (auto &[name, item] : record->fields)
      if (!part(name, item))
        return false;
    return true;
  }
  if (auto *model = value.get<ModelRef>())
    return leaves(parameterTree(*model->instance), out, names, prefix);
  if (!value.is<Tensor>() && !value.is<Number>() && !value.is<FixedBool>() && !value.is<Fill>() &&
      !value.isError())
    return false;
  out.push_back(value);
  if (names)
    names->push_back(prefix);
  return true;
}

Value Elaborator::rebuild(const Value &value, const std::vector<Value> &leaves, size_t &next) {
  if (auto *sequence = value.get<Sequence>()) {
    Sequence result{sequence->isList, {}};
    for (const Value &item : sequence->items)
      result.items.push_back(rebuild(item, leaves, next));
    return result;
  }
  if (auto *record = value.get<Record>()) {
    Record result;
    for (auto &[name, item] : record->fields)
      result.fields.emplace_back(name, rebuild(item, leaves, next));
    return result;
  }
  if (auto *model = value.get<ModelRef>())
    return rebuild(parameterTree(*model->instance), leaves, next);
  return leaves[next++];
}

Value Elaborator::mapLeaves(const Value &value, const std::function<Value(const Value &)> &each) {
  std::vector<Value> parts;
  if (!leaves(value, parts))
    return ErrorValue{};
  for (Value &part : parts)
    part = each(part);
  size_t next = 0;
  return rebuild(value, parts, next);
}

Value Elaborator::mapTensors(const Value &value, const std::function<Tensor(Tensor)> &each) {
  if (!spend(1))
    return ErrorValue{};
  if (auto *tensor = value.get<Tensor>())
    return {each(*tensor), value.origin};
  if (auto *sequence = value.get<Sequence>()) {
    Sequence result{sequence->isList, {}};
    for (const Value &item : sequence->items)
      result.items.push_back(mapTensors(item, each));
    return {result, value.origin};
  }
  if (auto *record = value.get<Record>()) {
    Record result;
    for (auto &[name, item] : record->fields)
      result.fields.emplace_back(name, mapTensors(item, each));
    return {result, value.origin};
  }
  return value;
}

Value Elaborator::leafwise(const Value &a, const Value &b, SourceRange range, SourceRange aRange,
                           SourceRange bRange,
                           const std::function<Value(const Value &, const Value &)> &each) {
  auto isTree = [](const Value &value) {
    return value.is<Record>() || value.is<Sequence>() || value.is<ModelRef>();
  };
  std::vector<Value> left, right;
  std::vector<std::string> leftNames, rightNames;
  bool ok = leaves(a, left, &leftNames) && leaves(b, right, &rightNames);
  auto scalar = [](const Value &value) {
    auto *tensor = value.get<Tensor>();
    return value.is<Number>() || (tensor && tensor->isScalar()) || value.is<Fill>();
  };
  if (ok && isTree(a) && isTree(b))
    ok = leftNames == rightNames;
  else if (ok)
    ok = scalar(isTree(a) ? b : a);
  if (!ok)
    return error(Code::TreeMismatch, range,
                 "these don't have one structure: " + typeText(a) + " and " + typeText(b))
               .secondary(aRange, typeText(a))
               .secondary(bRange, typeText(b)),
           ErrorValue{};
  const Value &shape = isTree(a) ? a : b;
  std::vector<Value> results;
  for (size_t i = 0; i < (isTree(a) ? left : right).size(); ++i)
    results.push_back(each(isTree(a) ? left[i] : a, isTree(b) ? right[i] : b));
  size_t next = 0;
  return rebuild(shape, results, next);
}

//===----------------------------------------------------------------------===//
// Branches
//===----------------------------------------------------------------------===//

/// Gives two leaves of the branches one type; false if they have none.
bool Elaborator::joinLeaves(Value &a, Value &b) {
  auto *x = a.get<Tensor>(), *y = b.get<Tensor>();
  if (!x || !y)
    return false;
  return dtypes.unify(x->dtype, y->dtype) && x->rank() == y->rank() &&
         std::equal(x->axes.begin(), x->axes.end(), y->axes.begin(),
                    [&](auto &p, auto &q) { return equal(p.dim, q.dim); });
}

Value Elaborator::dynamicIf(const ast::IfExpr &expr, const Tensor &condition, ScopePtr scope,
                            const ResolvedType *expected) {
  struct Branch {
    Value value;
    std::vector<Value> leaves;
    SlotValues states;
    Region region;
    bool ok = true;
  } branches[2];
  Assignments assigned[2];
  const ast::Block *blocks[2] = {expr.thenBlock, expr.elseBlock};
  auto before = slotValues;
  SourceRange ranges[2];
  std::string texts[2];
  bool isData = true;
  // The leaves become tensors inside their branch, with the dtype still open where it is.
  for (int i = 0; i < 2; ++i) {
    Branch &branch = branches[i];
    slotValues = before;
    builder->open(Builder::Frame::Branch);
    conditional += builder->inNest();
    auto inner = std::make_shared<Scope>(scope);
    inner->isRegion = inner->isBranch = true;
    auto known = facts.size();
    assume(condition.id, i == 0);
    branchAssignments.push_back(&assigned[i]);
    ranges[i] = blocks[i]->value ? blocks[i]->value->range : blocks[i]->range;
    branch.value = evaluateBlock(blocks[i], inner, expected).value;
    branchAssignments.pop_back();
    takeBack(assigned[i]);
    facts.shrink(known);
    texts[i] = typeText(branch.value);
    if (branch.value.is<NoValue>())
      ;
    else if (branch.value.isError())
      branch.ok = false;
    else if (!leaves(branch.value, branch.leaves))
      isData = false;
    for (Value &leaf : branch.leaves) {
      if (auto *pending = leaf.get<Fill>(); pending && i == 1 && branches[0].ok && isData) {
        // The other branch says which shape this has.
        size_t place = &leaf - branch.leaves.data();
        if (place < branches[0].leaves.size())
          if (auto *other = branches[0].leaves[place].get<Tensor>()) {
            leaf = fill(*pending, other->dtype, other->axes);
            continue;
          }
      }
      if (auto *pending = leaf.get<Fill>(); pending && branch.leaves.size() == 1 && expected &&
                                            expected->kind == ResolvedType::Kind::Tensor) {
        leaf = fill(*pending, expected->dtype, expected->axes);
        branch.ok &= !leaf.isError();
        continue;
      }
      auto tensor = asTensor(leaf, ranges[i]);
      branch.ok &= tensor.has_value();
      leaf = tensor ? Value(*tensor) : Value();
    }
    branch.states = slotValues;
    conditional -= builder->inNest();
    branch.region = builder->close({});
  }
  slotValues = before;
  std::vector<std::pair<Value, Value>> pairs;
  bool assignmentsFit = pairAssignments(assigned, expr.condition->range, pairs);
  if (!branches[0].ok || !branches[1].ok || !assignmentsFit) {
    giveAssignments(assigned[0], {});
    return ErrorValue{};
  }
  bool sameKind = branches[0].value.is<NoValue>() == branches[1].value.is<NoValue>() &&
                  branches[0].leaves.size() == branches[1].leaves.size();
  bool same = sameKind && isData;
  for (size_t i = 0; same && i < branches[0].leaves.size(); ++i)
    same = joinLeaves(branches[0].leaves[i], branches[1].leaves[i]);
  if (!same) {
    giveAssignments(assigned[0], {});
    if (openInts)
      return ErrorValue{};
    auto report =
        error(Code::BranchTypes, expr.condition->range,
              "the branches of this `if` have two types: " + texts[0] + " and " + texts[1]);
    report.label("known only when it runs")
        .secondary(ranges[0], texts[0])
        .secondary(ranges[1], texts[1]);
    return ErrorValue{};
  }
  Op op;
  op.kind = OpKind::If;
  op.operands = {condition.id};
  op.range = expr.range;
  std::vector<Value> results;
  auto addResult = [&](const Value &a, const Value &b) {
    const Tensor &x = *a.get<Tensor>(), &y = *b.get<Tensor>();
    branches[0].region.results.push_back(x.id);
    branches[1].region.results.push_back(y.id);
    Tensor result = builder->result(x.dtype, x.axes);
    op.results.push_back(result.id);
    return Value(result);
  };
  for (size_t i = 0; i < branches[0].leaves.size(); ++i)
    results.push_back(addResult(branches[0].leaves[i], branches[1].leaves[i]));
  std::vector<Value> given;
  for (auto &[a, b] : pairs)
    given.push_back(addResult(a, b));
  if (!given.empty())
    giveAssignments(assigned[0], given);
  // States that a branch sets leave it like values.
  for (auto &[slot, value] : before) {
    const Value &a = branches[0].states.at(slot), &b = branches[1].states.at(slot);
    if (sameTensors(a, b))
      continue;
    std::vector<Value> left, right, joined;
    if (!leaves(a, left) || !leaves(b, right) || left.size() != right.size())
      continue;
    for (size_t i = 0; i < left.size(); ++i) {
      if (!left[i].is<Tensor>() || !right[i].is<Tensor>())
        return ErrorValue{};
      joined.push_back(addResult(left[i], right[i]));
    }
    size_t next = 0;
    slotValues[slot] = rebuild(a, joined, next);
  }
  op.regions.push_back(std::move(branches[0].region));
  op.regions.push_back(std::move(branches[1].region));
  bool none = branches[0].value.is<NoValue>();
  builder->append(std::move(op));
  if (none)
    return NoValue{};
  size_t next = 0;
  return rebuild(branches[0].value, results, next);
}

bool Elaborator::sameTensors(const Value &a, const Value &b) {
  std::vector<Value> left, right;
  if (!leaves(a, left) || !leaves(b, right) || left.size() != right.size())
    return false;
  for (size_t i = 0; i < left.size(); ++i) {
    auto *x = left[i].get<Tensor>(), *y = right[i].get<Tensor>();
    // What is no tensor is a mistake that has been reported.
    if (x && y && x->id != y->id)
      return false;
  }
  return true;
}

//===----------------------------------------------------------------------===//
// Unrolled repetitions
//===----------------------------------------------------------------------===//

Value Elaborator::evaluateFor(const ast::ForExpr &expr, ScopePtr scope) {
  Value sequence = evaluate(expr.sequence, scope);
  if (sequence.isError())
    return sequence;
  auto *items = sequence.get<Sequence>();
  if (!items)
    return error(Code::NotFixed, expr.sequence->range,
                 "`for` goes over a list, and this is " + typeText(sequence))
               .help("along a tensor's dimension, use `scan`"),
           ErrorValue{};
  Sequence yields{true, {}};
  bool any = false;
  std::string path = fieldPath;
  for (size_t i = 0; i < items->items.size() && mayGoOn(expr.sequence->range) && spend(4); ++i) {
    auto inner = std::make_shared<Scope>(scope);
    inner->isFor = true;
    bindPattern(expr.over, items->items[i], *inner);
    if (mayMakeModels)
      fieldPath = path + "." + std::to_string(i);
    BlockResult result = evaluateBlock(expr.body, inner, nullptr);
    if (result.yielded) {
      any = true;
      yields.items.push_back(*result.yielded);
    }
    if (expr.body && expr.body->value && !result.value.is<NoValue>() && !result.value.isError()) {
      error(Code::ValueGoesNowhere, expr.body->value->range, "this value goes nowhere")
          .help("`yield` it, and the `for` is the list of such values");
      break;
    }
  }
  fieldPath = path;
  bool yieldsNothing = !any && !(expr.body && expr.body->yielded);
  return yieldsNothing ? Value(NoValue{}) : Value(yields);
}
