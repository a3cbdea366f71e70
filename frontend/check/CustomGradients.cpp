//===- CustomGradients.cpp - Functions with a derivative of their own -----===//
//
// Where a derivative may ask for it, a call of such a function is one operation with two regions.
// The body is never derived, so what it calls has no derivatives of its own; `back` may be, and is
// made with one less to come, so that it may call the function it belongs to.
//
//===----------------------------------------------------------------------===//
#include "frontend/check/Elaborator.h"

#include <algorithm>

using namespace tenon;
using namespace tenon::check;

/// A call of a function with a derivative of its own.
struct Elaborator::OwnGradient {
  const FunctionValue &function;
  const ast::Function &decl;
  ScopePtr scope; ///< its parameters are bound in it
  TypeVars &vars;
  const CallSite &site;
  bool usesIndex;
  std::vector<Value> parameters; ///< what the call gave
  std::vector<Tensor> inputs;    ///< all tensors in them
  Value result;                  ///< of the body, in its region
  std::vector<Tensor> results;
  Region body, back;

  /// The parameters, their tensors those of a region.
  std::vector<Value> inside(Elaborator &e, const std::vector<Tensor> &arguments) const {
    std::vector<Value> given;
    size_t next = 0;
    for (const Value &parameter : parameters)
      given.push_back(e.mapTensors(parameter, [&](const Tensor &) { return arguments[next++]; }));
    return given;
  }
};

/// Whether one of them is of real numbers.
static bool hasReals(DtypeTable &dtypes, const std::vector<Tensor> &tensors) {
  return std::any_of(tensors.begin(), tensors.end(),
                     [&](const Tensor &tensor) { return dtypes.mustBeReal(tensor.dtype); });
}

//===----------------------------------------------------------------------===//
// The body
//===----------------------------------------------------------------------===//

bool Elaborator::ownBody(OwnGradient &own) {
  size_t outside = builder->depth();
  builder->open(Builder::Frame::Body);
  std::vector<Tensor> arguments;
  for (const Tensor &input : own.inputs)
    arguments.push_back(builder->argument(input.dtype, input.axes));
  auto inner = std::make_shared<Scope>(*own.scope);
  std::vector<Value> given = own.inside(*this, arguments);
  for (size_t i = 0; i < given.size(); ++i)
    bind(*inner, own.decl.params[i].name.text, given[i], own.decl.params[i].name.range);
  active.push_back({own.site.range, &own.decl, own.function.self, own.usesIndex});
  unsigned toCome = std::exchange(derivatives, 0);
  own.result = evaluateBody(own.function, inner, own.vars, own.site.expected);
  derivatives = toCome;
  active.pop_back();
  std::vector<Value> parts;
  bool ok = !own.result.isError();
  if (ok && !leaves(own.result, parts)) {
    error(Code::BackSignature, own.decl.customGradient.range,
          "a function with a derivative gives tensors, and `" + std::string(own.decl.name.text) +
              "` gives " + typeText(own.result))
        .done();
    ok = false;
  }
  std::vector<ValueId> ids;
  for (Value &part : parts) {
    auto tensor = ok ? asTensor(part, own.decl.name.range) : std::nullopt;
    ok &= tensor.has_value();
    if (!ok)
      break;
    part = *tensor;
    own.results.push_back(*tensor);
    ids.push_back(tensor->id);
  }
  own.body = builder->close(ids);
  if (!ok)
    return false;
  size_t next = 0;
  own.result = rebuild(own.result, parts, next);
  return checkCaptures(own.body, outside, own);
}

/// What comes from outside would be held constant without a word.
bool Elaborator::checkCaptures(const Region &region, size_t depth, const OwnGradient &own) {
  for (const Op &op : region.ops) {
    for (const Region &inner : op.regions)
      if (!checkCaptures(inner, depth, own))
        return false;
    bool isHeld = op.kind == OpKind::Map && op.map == MapKind::StopGradient;
    for (ValueId operand : op.operands) {
      if (isHeld || builder->depthOf(operand) > depth ||
          !dtypes.mustBeReal(builder->dtypeOf(operand)))
        continue;
      error(Code::BackSignature, op.range,
            "`" + std::string(own.decl.name.text) +
                "` has a derivative of its own, which knows its parameters alone, and this uses a "
                "tensor from outside")
          .secondary(own.decl.customGradient.range, "its derivative")
          .help("make it a parameter, or hold it constant: `stop_gradient(…)`");
      return false;
    }
  }
  return true;
}

//===----------------------------------------------------------------------===//
// back
//===----------------------------------------------------------------------===//

bool Elaborator::ownBack(OwnGradient &own) {
  SourceRange at = own.decl.customGradient.range;
  std::string name(own.decl.customGradient.text);
  auto found = lookup(*own.function.scope, name, at);
  if (!found)
    return unknownName(*own.function.scope, name, at), false;
  auto *function = found->get<FunctionValue>();
  if (!function) {
    if (!found->isError())
      error(Code::NotCallable, at, "`" + name + "` is no function, it is " + typeText(*found))
          .done();
    return false;
  }
  size_t wanted = own.decl.params.size() + 2;
  if (size_t count = parameterNames(*function).size(); count != wanted) {
    std::string list;
    for (const ast::Param &param : own.decl.params)
      list += std::string(param.name.text) + ", ";
    error(Code::BackSignature, at,
          "the derivative of `" + std::string(own.decl.name.text) + "` takes " +
              std::to_string(wanted) + " arguments, and `" + name + "` has " +
              std::to_string(count) + (count == 1 ? " parameter" : " parameters"))
        .secondary(function->made, "declared here")
        .help("it takes the parameters, the result and the result's cotangent: `" + name + "(" +
              list + "result, d_result)`");
    return false;
  }
  size_t outside = builder->depth();
  builder->open(Builder::Frame::Body);
  std::vector<Tensor> inputs, results;
  std::vector<Value> cotangents;
  for (const Tensor &input : own.inputs)
    inputs.push_back(builder->argument(input.dtype, input.axes));
  for (const Tensor &result : own.results)
    results.push_back(builder->argument(result.dtype, result.axes));
  for (const Tensor &result : own.results) {
    Fill none;
    none.number = Number::integer(Dim(0));
    none.range = at;
    cotangents.push_back(dtypes.mustBeReal(result.dtype)
                             ? Value(builder->argument(result.dtype, result.axes))
                             : Value(none));
  }
  std::vector<CallArg> args;
  for (const Value &value : own.inside(*this, inputs))
    args.push_back({{}, value, nullptr, at, at});
  std::vector<Value> values(results.begin(), results.end());
  for (const std::vector<Value> *part : {&values, &cotangents}) {
    size_t next = 0;
    args.push_back({{}, rebuild(own.result, *part, next), nullptr, at, at});
  }
  CallSite site{at, at, name, nullptr, false};
  unsigned toCome = derivatives--;
  std::string drawn = drawnBy;
  drawnBy += "/" + name;
  Value given = call(*found, std::move(args), site);
  drawnBy = drawn;
  derivatives = toCome;
  std::vector<ValueId> ids;
  bool ok = !given.isError() && ownCotangents(own, given, ids);
  own.back = builder->close(ids);
  return ok && checkCaptures(own.back, outside, own);
}

/// Takes the answer of `back` apart: one cotangent, or a tuple of them, for the parameters with
/// real numbers.
bool Elaborator::ownCotangents(OwnGradient &own, const Value &given, std::vector<ValueId> &out) {
  SourceRange at = own.decl.customGradient.range;
  std::vector<size_t> real;
  std::string names;
  for (size_t i = 0; i < own.parameters.size(); ++i) {
    std::vector<Tensor> tensors;
    mapTensors(own.parameters[i], [&](const Tensor &t) { return tensors.push_back(t), t; });
    if (!hasReals(dtypes, tensors))
      continue;
    real.push_back(i);
    names += (names.empty() ? "`" : ", `") + std::string(own.decl.params[i].name.text) + "`";
  }
  auto wrong = [&](const std::string &wanted, const Value &actual) {
    error(Code::BackSignature, at,
          "`" + std::string(own.decl.customGradient.text) + "` must give " + wanted +
              ", and this is " + typeText(actual))
        .secondary(own.decl.name.range, "the derivative of this function");
    return false;
  };
  std::vector<Value> parts;
  if (real.size() == 1) {
    parts = {given};
  } else {
    auto *tuple = given.get<Sequence>();
    if (!tuple || tuple->isList || tuple->items.size() != real.size())
      return wrong(real.empty() ? "nothing, for no parameter has real numbers"
                                : "a tuple of the cotangents of " + names,
                   given);
    parts.assign(tuple->items.begin(), tuple->items.end());
  }
  for (size_t i = 0; i < real.size(); ++i) {
    const Value &parameter = own.parameters[real[i]];
    std::string what = "the cotangent of `" + std::string(own.decl.params[real[i]].name.text) + "`";
    std::vector<Value> want, have;
    std::vector<std::string> wantNames, haveNames;
    leaves(parameter, want, &wantNames);
    if (!leaves(parts[i], have, &haveNames) || wantNames != haveNames)
      return wrong(what + " in its structure, " + typeText(parameter), parts[i]);
    for (size_t k = 0; k < want.size(); ++k) {
      auto *tensor = want[k].get<Tensor>();
      if (!tensor || !dtypes.mustBeReal(tensor->dtype))
        continue;
      ResolvedType type;
      type.kind = ResolvedType::Kind::Tensor;
      type.dtype = tensor->dtype;
      type.axes = tensor->axes;
      Value leaf =
          coerce(have[k], type, at, what, Code::BackSignature, own.decl.params[real[i]].range);
      auto *cotangent = leaf.get<Tensor>();
      if (!cotangent)
        return false;
      out.push_back(cotangent->id);
    }
  }
  return true;
}

//===----------------------------------------------------------------------===//
// The call
//===----------------------------------------------------------------------===//

Value Elaborator::callWithOwnGradient(const FunctionValue &function, ScopePtr scope, TypeVars &vars,
                                      const CallSite &site, bool usesIndex) {
  OwnGradient own{function, *function.decl, scope, vars, site, usesIndex, {}, {}, {}, {}, {}, {}};
  for (const ast::Param &param : function.decl->params) {
    auto bound = scope->names.find(param.name.text);
    Value value = bound == scope->names.end() ? Value(NoValue{}) : bound->second.value;
    if (value.isError())
      return value;
    own.parameters.push_back(value);
    mapTensors(value, [&](const Tensor &tensor) {
      // A literal's dtype would be decided too late.
      if (Dt dtype = dtypes.find(tensor.dtype); dtype.variable >= 0)
        dtypes.unify(dtype, dtypes.fresh(true));
      own.inputs.push_back(tensor);
      return tensor;
    });
  }
  auto before = slotValues;
  bool ok = ownBody(own) && ownBack(own);
  for (auto &[slot, value] : before)
    if (ok && !sameTensors(slotValues[slot], value)) {
      error(Code::IndexEffect, function.decl->customGradient.range,
            "a function with a derivative of its own can't `set`")
          .secondary(slot->member->name.range, "this state");
      ok = false;
    }
  slotValues = before;
  if (!ok)
    return ErrorValue{};
  Op op;
  op.kind = OpKind::CustomGradient;
  op.range = site.range.isValid() ? site.range : function.decl->name.range;
  for (const Tensor &input : own.inputs)
    op.operands.push_back(input.id);
  std::vector<Value> results;
  for (const Tensor &inside : own.results) {
    Tensor result = builder->result(inside.dtype, inside.axes);
    op.results.push_back(result.id);
    results.emplace_back(result);
  }
  op.regions.push_back(std::move(own.body));
  op.regions.push_back(std::move(own.back));
  builder->append(std::move(op));
  size_t next = 0;
  return rebuild(own.result, results, next);
}
