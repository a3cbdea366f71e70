//===- Gradients.cpp - grad, value_and_grad, vjp, jvp, hessian ------------===//
#include "frontend/check/Elaborator.h"

#include <algorithm>

using namespace tenon;
using namespace tenon::check;

using Derives = FunctionValue::Kind;

//===----------------------------------------------------------------------===//
// Making a derivative
//===----------------------------------------------------------------------===//

/// The names in `wrt = w` or `wrt = (w, b)`; false if it is something else.
static bool wrtNames(const ast::Expr *expr, std::vector<std::pair<std::string, SourceRange>> &out) {
  if (auto *name = ast::dynCast<ast::NameExpr>(expr)) {
    out.emplace_back(name->name, name->range);
    return true;
  }
  auto *tuple = ast::dynCast<ast::TupleExpr>(expr);
  if (!tuple)
    return false;
  for (const ast::Expr *item : tuple->items)
    if (!wrtNames(item, out))
      return false;
  return true;
}

Value Elaborator::makeGradient(const std::string &name, const ast::CallExpr &expr, ScopePtr scope,
                               const CallSite &site) {
  const ast::Expr *functionExpr = nullptr;
  FunctionValue result;
  result.kind = name == "grad"             ? Derives::Grad
                : name == "value_and_grad" ? Derives::ValueAndGrad
                : name == "vjp"            ? Derives::Vjp
                : name == "jvp"            ? Derives::Jvp
                                           : Derives::Hessian;
  std::vector<std::pair<std::string, SourceRange>> wrt;
  for (const ast::Arg &arg : expr.args) {
    if (arg.name.text == "wrt") {
      if (!wrtNames(arg.value, wrt))
        return fail(Code::WrtUnknown, arg.value->range,
                    "`wrt` names parameters of the function: `wrt = w` or `wrt = (w, b)`");
    } else if (arg.name.text.empty() && !functionExpr) {
      functionExpr = arg.value;
    } else {
      return error(Code::UnknownArgument, arg.range, "`" + name + "` takes a function and `wrt`")
                 .help("the derivative is a function itself: `" + name + "(f)(x)`"),
             ErrorValue{};
    }
  }
  if (!functionExpr)
    return fail(Code::MissingArgument, site.callee, "`" + name + "` needs the function to derive");
  Value of = evaluate(functionExpr, scope);
  if (of.isError())
    return of;
  if (auto *model = of.get<ModelRef>())
    if (auto member = lookupMember(*model->instance, "call", functionExpr->range))
      of = *member;
  auto *function = of.get<FunctionValue>();
  if (!function)
    return error(Code::NotCallable, functionExpr->range,
                 "`" + name + "` derives a function, and this is " + typeText(of))
               .help("write `" + name + "(f)(x)`, where `f` is the function"),
           ErrorValue{};
  std::vector<std::string> names = parameterNames(*function);
  for (auto &[parameter, range] : wrt) {
    if (std::count(names.begin(), names.end(), parameter)) {
      result.wrt.push_back(parameter);
      continue;
    }
    auto report = error(Code::WrtUnknown, range,
                        "`" + text(functionExpr->range) + "` has no parameter `" + parameter + "`");
    if (function->made.isValid())
      report.secondary(function->made, "declared here");
    if (std::string near = nearest(parameter, names); !near.empty())
      report.help("did you mean `" + near + "`?").fix(range, near);
    return ErrorValue{};
  }
  if (wrt.empty()) {
    if (names.size() > 1) {
      std::string all;
      for (const std::string &each : names)
        all += (all.empty() ? "" : ", ") + each;
      return error(Code::WrtMissing, site.callee,
                   "`" + text(functionExpr->range) + "` has " + std::to_string(names.size()) +
                       " parameters (" + all + "), and `" + name + "` must know which to derive by")
                 .secondary(function->made, "declared here")
                 .help("name it: `" + name + "(" + text(functionExpr->range) +
                       ", wrt = " + names[0] + ")`")
                 .fix(expr.range,
                      name + "(" + text(functionExpr->range) + ", wrt = " + names[0] + ")"),
             ErrorValue{};
    }
    result.wrt = names;
  }
  result.of = std::make_shared<FunctionValue>(*function);
  result.made = site.range;
  return result;
}

//===----------------------------------------------------------------------===//
// Calling one
//===----------------------------------------------------------------------===//

std::optional<Elaborator::Derivative> Elaborator::differentiate(bool forward,
                                                                const std::vector<Tensor> &inputs,
                                                                std::vector<Tensor> tangents,
                                                                SourceRange range,
                                                                const DifferentiatedBody &body) {
  auto before = slotValues;
  builder->open(Builder::Frame::Body);
  std::vector<Tensor> arguments;
  for (const Tensor &input : inputs)
    arguments.push_back(builder->argument(input.dtype, input.axes));
  unsigned taken = forward ? 2 : 1;
  derivatives += taken;
  auto given = body(arguments);
  derivatives -= taken;
  if (!given) {
    builder->close({});
    slotValues = before;
    return std::nullopt;
  }
  std::vector<Tensor> results = *given;
  // What is set inside happens once, as in a plain call, and leaves the region.
  std::vector<std::pair<const Slot *, Value>> changed;
  for (auto &[slot, value] : slotValues) {
    auto old = before.find(slot);
    std::vector<Value> parts;
    if (!slot->member || slot->member->kind != ast::MemberKind::State || !leaves(value, parts))
      continue;
    bool same = old != before.end() && sameTensors(old->second, value);
    if (old == before.end()) {
      // A metric's state, declared since: changed if it isn't the entry's argument any more.
      same = std::all_of(parts.begin(), parts.end(), [&](const Value &part) {
        auto *tensor = part.get<Tensor>();
        return tensor && builder->depthOf(tensor->id) == 1;
      });
      if (same)
        before[slot] = value;
    }
    if (same)
      continue;
    changed.emplace_back(slot, value);
    for (const Value &part : parts)
      if (auto *tensor = part.get<Tensor>())
        results.push_back(*tensor);
  }
  std::vector<ValueId> ids;
  for (const Tensor &tensor : results)
    ids.push_back(tensor.id);
  Op op;
  op.regions.push_back(builder->close(ids));
  op.kind = forward ? OpKind::Jvp : OpKind::Vjp;
  op.range = range;
  op.attr = VjpAttr{static_cast<unsigned>(inputs.size())};
  if (!forward && tangents.empty())
    tangents.push_back(constant(1.0, results[0].dtype, range));
  for (const Tensor &input : inputs)
    op.operands.push_back(input.id);
  for (const Tensor &tangent : tangents)
    op.operands.push_back(tangent.id);
  Derivative derivative;
  std::vector<Value> all;
  for (const Tensor &result : results) {
    Tensor outer = builder->result(result.dtype, result.axes);
    op.results.push_back(outer.id);
    all.emplace_back(outer);
    if (derivative.results.size() < given->size())
      derivative.results.push_back(outer);
  }
  for (const Tensor &basis : forward ? results : inputs) {
    if (forward && !dtypes.mustBeReal(basis.dtype))
      continue;
    Tensor outer = builder->result(basis.dtype, basis.axes);
    op.results.push_back(outer.id);
    derivative.derivatives.push_back(outer);
  }
  builder->append(std::move(op));
  slotValues = before;
  size_t next = given->size();
  for (auto &[slot, value] : changed)
    slotValues[slot] = rebuild(value, all, next);
  return derivative;
}

bool Elaborator::fitTangents(const std::vector<Tensor> &tangents, const std::vector<Tensor> &of,
                             const std::string &what, const std::string &ofWhat, SourceRange range,
                             SourceRange ofRange) {
  if (tangents.size() != of.size()) {
    fail(Code::ArgumentType, range, what + " has another structure than " + ofWhat);
    return false;
  }
  for (size_t i = 0; i < of.size(); ++i) {
    Tensor a = of[i], b = tangents[i];
    if (a.rank() != b.rank()) {
      fail(Code::ArgumentType, range,
           what + " is " + typeText(b) + ", and " + ofWhat + " " + typeText(a));
      return false;
    }
    if (!meetDtypes(a, b, range, ofRange, range) || !meet(a, b, range, ofRange, range))
      return false;
  }
  return true;
}

Value Elaborator::callGradient(const FunctionValue &function, std::vector<CallArg> args,
                               const CallSite &site) {
  bool extra = function.kind == Derives::Vjp || function.kind == Derives::Jvp;
  std::vector<std::string> names = parameterNames(function);
  std::optional<CallArg> last;
  if (extra) {
    if (args.size() < 2)
      return fail(Code::MissingArgument, site.callee,
                  function.kind == Derives::Vjp ? "`vjp(f)` takes the cotangent of the result last"
                                                : "`jvp(f)` takes the tangent last");
    last = std::move(args.back());
    args.pop_back();
  }
  std::vector<std::optional<CallArg>> matched;
  if (!matchNames(names, std::vector<bool>(names.size(), true), std::move(args), site,
                  function.of->made, matched))
    return ErrorValue{};
  // What is derived by, as leaves.
  std::vector<Value> wrt;
  std::vector<Tensor> inputs;
  for (const std::string &name : function.wrt) {
    size_t place = std::find(names.begin(), names.end(), name) - names.begin();
    if (!matched[place])
      return fail(Code::MissingArgument, site.callee,
                  "`" + name + "` is derived by, so it must be given");
    std::vector<Value> parts;
    if (!leaves(matched[place]->value, parts))
      return fail(Code::WrtNotReal, matched[place]->range,
                  "`" + name + "` is " + typeText(matched[place]->value) +
                      ", which nothing can be derived by");
    for (Value &part : parts) {
      auto tensor = asTensor(part, matched[place]->range);
      if (!tensor)
        return ErrorValue{};
      Dt dtype = dtypes.find(tensor->dtype);
      if (dtype.variable < 0 && !isReal(dtype.fixed))
        return error(Code::WrtNotReal, matched[place]->range,
                     "`" + name + "` is " + typeText(*tensor) +
                         ", and only real numbers have a gradient")
                   .help("leave it out of `wrt`, or convert it: `f32(" +
                         text(matched[place]->range) + ")`"),
               ErrorValue{};
      inputs.push_back(*tensor);
      part = *tensor;
    }
    size_t next = 0;
    wrt.push_back(rebuild(matched[place]->value, parts, next));
  }
  std::vector<Tensor> tangents;
  if (last) {
    std::vector<Value> parts;
    if (!leaves(last->value, parts))
      return fail(Code::ArgumentType, last->range, "this is no tangent: " + typeText(last->value));
    for (const Value &part : parts) {
      auto tensor = asTensor(part, last->range);
      if (!tensor)
        return ErrorValue{};
      tangents.push_back(*tensor);
    }
  }
  Value structure;
  auto body = [&](const std::vector<Tensor> &arguments) -> std::optional<std::vector<Tensor>> {
    std::vector<Value> parts(arguments.begin(), arguments.end());
    size_t next = 0;
    std::vector<CallArg> inner;
    for (size_t i = 0; i < names.size(); ++i) {
      if (!matched[i])
        continue;
      CallArg arg = *matched[i];
      arg.name = {};
      if (inner.size() < i)
        return fail(Code::MissingArgument, site.callee,
                    "`" + names[inner.size()] + "` must be given"),
               std::nullopt;
      if (std::count(function.wrt.begin(), function.wrt.end(), names[i])) {
        size_t at =
            std::find(function.wrt.begin(), function.wrt.end(), names[i]) - function.wrt.begin();
        next = 0;
        for (size_t k = 0; k < at; ++k) {
          std::vector<Value> earlier;
          leaves(wrt[k], earlier);
          next += earlier.size();
        }
        if (auto *model = arg.value.get<ModelRef>()) {
          // The model's own parameters stand for the region's arguments.
          std::vector<const Slot *> slots;
          collectSlots(*model->instance, slots);
          for (const Slot *slot : slots)
            if (slot->member->kind == ast::MemberKind::Param)
              slotValues[slot] = rebuild(slotValues[slot], parts, next);
        } else {
          arg.value = rebuild(wrt[at], parts, next);
        }
      }
      inner.push_back(std::move(arg));
    }
    CallSite innerSite = site;
    innerSite.expected = nullptr;
    innerSite.piped = false;
    structure = call(*function.of, std::move(inner), innerSite);
    if (structure.isError())
      return std::nullopt;
    std::vector<Value> results;
    if (!leaves(structure, results))
      return fail(Code::GradientNotScalar, site.range,
                  "a derivative is of tensors, and this function gives " + typeText(structure)),
             std::nullopt;
    std::vector<Tensor> tensorsOf;
    for (const Value &result : results) {
      auto tensor = asTensor(result, site.range);
      if (!tensor)
        return std::nullopt;
      tensorsOf.push_back(*tensor);
    }
    if (function.kind == Derives::Vjp &&
        !fitTangents(tangents, tensorsOf, "the cotangent", "the function's result", last->range,
                     site.callee))
      return std::nullopt;
    if (extra)
      return tensorsOf;
    if (tensorsOf.size() == 1)
      dtypes.unify(tensorsOf[0].dtype, dtypes.fresh(true));
    if (tensorsOf.size() != 1 || !tensorsOf[0].isScalar() || !dtypes.mustBeReal(tensorsOf[0].dtype))
      return error(Code::GradientNotScalar, site.callee,
                   "a gradient is of one real number, and this function gives " +
                       typeText(structure))
                 .secondary(function.of->made, "declared here")
                 .help(
                     "add it up, `sum(…)` or `mean(…)`, or use `vjp` with the result's cotangent"),
             std::nullopt;
    return tensorsOf;
  };
  if (function.kind == Derives::Jvp &&
      !fitTangents(tangents, inputs, "the tangent", "what is derived by", last->range,
                   matched[0]->range))
    return ErrorValue{};
  if (function.kind == Derives::Hessian)
    return hessian(inputs, wrt, site.range, body);
  auto derivative =
      differentiate(function.kind == Derives::Jvp, inputs, tangents, site.range, body);
  if (!derivative)
    return ErrorValue{};
  for (const Tensor &input : inputs)
    dtypes.unify(input.dtype, dtypes.fresh(true));
  std::vector<Value> parts(derivative->derivatives.begin(), derivative->derivatives.end());
  size_t next = 0;
  if (function.kind == Derives::Jvp)
    return rebuild(structure, parts, next);
  std::vector<Value> gradients;
  for (const Value &each : wrt)
    gradients.push_back(rebuild(each, parts, next));
  Value gradient =
      gradients.size() == 1 ? gradients[0] : Value(Sequence{false, Parts<Value>(gradients)});
  if (function.kind != Derives::ValueAndGrad)
    return gradient;
  return Sequence{false, {Value(derivative->results[0]), gradient}};
}
