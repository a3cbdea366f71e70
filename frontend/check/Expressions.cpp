//===- Expressions.cpp - Expressions, blocks and statements ---------------===//
#include "frontend/check/Elaborator.h"

using namespace tenon;
using namespace tenon::check;

//===----------------------------------------------------------------------===//
// Expressions
//===----------------------------------------------------------------------===//

Value Elaborator::evaluate(const ast::Expr *expr, ScopePtr scope, const ResolvedType *expected) {
  if (!expr || expr->kind == ast::ExprKind::Error)
    return ErrorValue{};
  struct Depth {
    unsigned &count;
    explicit Depth(unsigned &c) : count(c) { ++count; }
    ~Depth() { --count; }
  } guard(depth);
  if (!mayGoOn(expr->range))
    return ErrorValue{};
  return bounded(evaluateUnbounded(expr, scope, expected), expr->range);
}

Value Elaborator::evaluateUnbounded(const ast::Expr *expr, ScopePtr scope,
                                    const ResolvedType *expected) {
  switch (expr->kind) {
  case ast::ExprKind::Name: {
    auto &name = ast::cast<ast::NameExpr>(expr);
    if (auto value = lookup(*scope, name.name, name.range))
      return *value;
    return unknownName(*scope, name.name, name.range);
  }
  case ast::ExprKind::Number: {
    auto &number = ast::cast<ast::NumberExpr>(expr);
    return {number.isInteger ? Number::integer(Dim(number.integer)) : Number::point(number.real),
            expr->range};
  }
  case ast::ExprKind::String:
    return {Text{std::string(ast::cast<ast::StringExpr>(expr).value)}, expr->range};
  case ast::ExprKind::Bool:
    return FixedBool{ast::cast<ast::BoolExpr>(expr).value};
  case ast::ExprKind::Wildcard:
    return {Hole{}, expr->range};
  case ast::ExprKind::Tuple:
  case ast::ExprKind::ListOf: {
    bool isList = expr->kind == ast::ExprKind::ListOf;
    auto items =
        isList ? ast::cast<ast::ListExpr>(expr).items : ast::cast<ast::TupleExpr>(expr).items;
    Sequence sequence{isList, {}};
    std::string path = fieldPath;
    for (size_t i = 0; i < items.size(); ++i) {
      bool fits = expected && expected->kind == ResolvedType::Kind::Tuple &&
                  expected->items.size() == items.size();
      if (mayMakeModels)
        fieldPath = path + "." + std::to_string(i);
      sequence.items.push_back(evaluate(items[i], scope, fits ? &expected->items[i] : nullptr));
    }
    fieldPath = path;
    return {sequence, expr->range};
  }
  case ast::ExprKind::Record:
    return evaluateRecord(ast::cast<ast::RecordExpr>(expr), scope, expected);
  case ast::ExprKind::If:
    return evaluateIf(ast::cast<ast::IfExpr>(expr), scope, expected);
  case ast::ExprKind::Unary: {
    auto &op = ast::cast<ast::UnaryExpr>(expr);
    Value value = unary(op.op == ast::UnaryOp::Not ? MapKind::Not : MapKind::Neg,
                        evaluate(op.operand, scope, expected), expr->range);
    value.origin = expr->range;
    return value;
  }
  case ast::ExprKind::Binary: {
    auto &op = ast::cast<ast::BinaryExpr>(expr);
    Value lhs = evaluate(op.lhs, scope), rhs = evaluate(op.rhs, scope);
    if (op.op == ast::BinaryOp::And || op.op == ast::BinaryOp::Or) {
      // A fixed truth value decides, or changes nothing.
      bool isAnd = op.op == ast::BinaryOp::And;
      for (auto [one, other] : {std::pair(&lhs, &rhs), std::pair(&rhs, &lhs)})
        if (auto *truth = one->get<FixedBool>(); truth && !other->isError())
          return truth->value == isAnd ? *other : *one;
    }
    Value value = binary(op.op, lhs, rhs, expr->range, op.lhs->range, op.rhs->range);
    value.origin = expr->range;
    return value;
  }
  case ast::ExprKind::Call:
    return evaluateCall(ast::cast<ast::CallExpr>(expr), scope, expected);
  case ast::ExprKind::Subscript:
    return evaluateSubscript(ast::cast<ast::SubscriptExpr>(expr), scope);
  case ast::ExprKind::Field:
    return evaluateField(ast::cast<ast::FieldExpr>(expr), scope);
  case ast::ExprKind::Default: {
    auto &op = ast::cast<ast::DefaultExpr>(expr);
    auto *subscript = ast::dynCast<ast::SubscriptExpr>(op.value);
    if (!subscript)
      return fail(Code::BadSubscript, op.value->range,
                  "`else` after a value needs an element before it: `x[i] else 0.0`");
    Value otherwise = evaluate(op.otherwise, scope);
    if (otherwise.isError())
      return otherwise;
    return evaluateSubscript(*subscript, scope, &otherwise, op.otherwise->range);
  }
  case ast::ExprKind::Range: {
    auto &range = ast::cast<ast::RangeExpr>(expr);
    auto begin = asDim(evaluate(range.begin, scope)), end = asDim(evaluate(range.end, scope));
    auto from = begin ? begin->constant() : std::nullopt, to = end ? end->constant() : std::nullopt;
    if (!from || !to) {
      if (openInts)
        return ErrorValue{};
      return fail(Code::NotFixed, expr->range, "both ends of `..` must be fixed whole numbers");
    }
    int64_t length = 0;
    if (__builtin_sub_overflow(*to, *from, &length) || length > CheckLimits::list)
      return fail(Code::ListTooLong, expr->range,
                  "a list of " + (Dim(*to) - Dim(*from)).str() + " is longer than can be unrolled");
    Sequence list{true, {}};
    for (int64_t i = *from; i < *to; ++i)
      list.items.push_back({Number::integer(Dim(i)), expr->range});
    return list;
  }
  case ast::ExprKind::Reduce:
    return evaluateReduce(ast::cast<ast::ReduceExpr>(expr), scope);
  case ast::ExprKind::Scan:
    return evaluateScan(ast::cast<ast::ScanExpr>(expr), scope, expected);
  case ast::ExprKind::Loop:
    return evaluateLoop(ast::cast<ast::LoopExpr>(expr), scope);
  case ast::ExprKind::For:
    return evaluateFor(ast::cast<ast::ForExpr>(expr), scope);
  case ast::ExprKind::Error:
    break;
  }
  return ErrorValue{};
}

Value Elaborator::evaluateRecord(const ast::RecordExpr &expr, ScopePtr scope,
                                 const ResolvedType *expected) {
  std::unordered_map<std::string_view, const ResolvedType *> types;
  if (expected && expected->kind == ResolvedType::Kind::Record)
    for (size_t i = 0; i < expected->names.size(); ++i)
      types[expected->names[i]] = &expected->items[i];
  Record record;
  std::set<std::string_view> names;
  for (const ast::Arg &field : expr.fields) {
    if (!names.insert(field.name.text).second)
      error(Code::DuplicateName, field.name.range,
            "`" + std::string(field.name.text) + "` stands twice in this record")
          .done();
    auto type = types.find(field.name.text);
    record.fields.emplace_back(
        field.name.text,
        evaluate(field.value, scope, type == types.end() ? nullptr : type->second));
  }
  return {record, expr.range};
}

Value Elaborator::evaluateField(const ast::FieldExpr &expr, ScopePtr scope) {
  auto *baseName = ast::dynCast<ast::NameExpr>(expr.base);
  std::string_view name = expr.name.text;
  if (name.empty())
    return ErrorValue{};
  // `random` is the language's own, unless the program has such a name.
  if (baseName && baseName->name == "random" && !isNameKnown(*scope, "random")) {
    Value value = builtinValue("random." + std::string(name));
    if (!value.is<NoValue>())
      return value;
    std::vector<std::string> names{"uniform", "normal", "bernoulli", "integers", "categorical"};
    auto report =
        error(Code::UnknownMember, expr.name.range, "`random` has no `" + std::string(name) + "`");
    if (std::string near = nearest(name, names); !near.empty())
      report.help("did you mean `random." + near + "`?").fix(expr.name.range, near);
    return ErrorValue{};
  }
  Value base = evaluate(expr.base, scope);
  if (base.isError())
    return base;
  std::vector<std::string> names;
  if (auto *record = base.get<Record>()) {
    spend(record->fields.size() / 16);
    for (auto &[field, value] : record->fields)
      if (field == name)
        return value;
    for (auto &[field, value] : record->fields)
      names.push_back(field);
  } else if (auto *module = base.get<ModuleRef>()) {
    if (auto value = lookupDecl(*module->module, name, expr.name.range))
      return *value;
    for (auto &[decl, node] : module->module->decls)
      names.push_back(decl);
  } else if (auto *model = base.get<ModelRef>()) {
    if (auto value = lookupMember(*model->instance, name, expr.name.range))
      return *value;
    if (auto found = model->instance->scope->names.find(name);
        found != model->instance->scope->names.end())
      return found->second.value;
    for (const ast::Member *member : model->instance->decl->members)
      names.emplace_back(member->name.text);
  } else if (auto *dataset = base.get<DatasetRef>()) {
    if (auto dim = datasetDim(*dataset, name))
      return {Number::integer(*dim), expr.range};
    return fail(Code::UnknownMember, expr.name.range,
                "no field of `" + std::string(dataset->decl->name.text) +
                    "` has a dimension called `" + std::string(name) + "`");
  } else {
    return fail(Code::UnknownMember, expr.name.range, typeText(base) + " has no parts with names");
  }
  if (isReported(Code::UnknownMember, expr.name.range))
    return ErrorValue{};
  auto report = error(Code::UnknownMember, expr.name.range,
                      "`" + text(expr.base->range) + "` has no `" + std::string(name) + "`");
  if (std::string near = nearest(name, names); !near.empty())
    report.help("did you mean `" + text(expr.base->range) + "." + near + "`?")
        .fix(expr.name.range, near);
  return ErrorValue{};
}

Value Elaborator::evaluateIf(const ast::IfExpr &expr, ScopePtr scope,
                             const ResolvedType *expected) {
  Value condition = evaluate(expr.condition, scope);
  if (condition.isError() || !expr.thenBlock || !expr.elseBlock) {
    // Both branches are still worth a look, and their values don't count.
    return ErrorValue{};
  }
  if (auto *truth = condition.get<FixedBool>()) {
    resolveNames(truth->value ? expr.elseBlock : expr.thenBlock, scope);
    return evaluateBlock(truth->value ? expr.thenBlock : expr.elseBlock, scope, expected).value;
  }
  auto tensor = decision(condition, expr.condition->range);
  return tensor ? dynamicIf(expr, *tensor, scope, expected) : ErrorValue{};
}

std::optional<Tensor> Elaborator::decision(const Value &condition, SourceRange range) {
  auto tensor = asTensor(condition, range);
  if (!tensor)
    return std::nullopt;
  Dt dtype = dtypes.find(tensor->dtype);
  if (dtype.variable >= 0 || dtype.fixed != DType::Bool) {
    std::string compared = text(range) + (dtypes.mustBeReal(dtype) ? " != 0.0" : " != 0");
    error(Code::BadCondition, range,
          "a condition is a truth value, and this is " + typeText(*tensor))
        .help("compare: `" + compared + "`")
        .fix(range, compared);
    return std::nullopt;
  }
  if (tensor->isScalar())
    return tensor;
  error(Code::BadCondition, range,
        "a condition is one truth value, and this is " + typeText(*tensor))
      .help("choose element by element in index notation: `let y[i] = if c[i] { … } else "
            "{ … }`, or ask `any(…)` or `all(…)`");
  return std::nullopt;
}

//===----------------------------------------------------------------------===//
// Blocks and statements
//===----------------------------------------------------------------------===//

BlockResult Elaborator::evaluateBlock(const ast::Block *block, ScopePtr outer,
                                      const ResolvedType *expected,
                                      const ResolvedType *expectedYield) {
  if (!block)
    return {ErrorValue{}, std::nullopt};
  auto scope = std::make_shared<Scope>(outer);
  for (const ast::Stmt *stmt : block->stmts)
    execute(stmt, scope);
  BlockResult result;
  result.value = block->value ? evaluate(block->value, scope, expected) : Value(NoValue{});
  if (block->yielded)
    result.yielded = evaluate(block->yielded, scope, expectedYield);
  return result;
}

bool Elaborator::bindPattern(const ast::Pattern *pattern, const Value &value, Scope &scope) {
  if (!pattern)
    return false;
  if (!pattern->tuple) {
    bind(scope, pattern->name.text, value, pattern->name.range);
    return true;
  }
  const auto *sequence = value.get<Sequence>();
  bool fits = sequence && sequence->items.size() == pattern->parts.size();
  if (!fits && !value.isError())
    error(Code::PatternMismatch, pattern->range,
          "this pattern has " + std::to_string(pattern->parts.size()) +
              " parts, and the value is " +
              (sequence ? "made of " + std::to_string(sequence->items.size()) : typeText(value)))
        .done();
  for (size_t i = 0; i < pattern->parts.size(); ++i)
    bindPattern(pattern->parts[i], fits ? sequence->items[i] : Value(), scope);
  return fits;
}

void Elaborator::execute(const ast::Stmt *stmt, ScopePtr scope) {
  if (!mayGoOn(stmt->range))
    return;
  switch (stmt->kind) {
  case ast::StmtKind::Let: {
    auto &let = ast::cast<ast::LetStmt>(stmt);
    Value value;
    if (let.type) {
      DimEnv env{scope, typeVars(*scope), {}, nullptr};
      ResolvedType type = resolveType(let.type, env);
      std::string what = let.pattern && !let.pattern->tuple
                             ? "`" + std::string(let.pattern->name.text) + "`"
                             : "this pattern";
      value = coerce(evaluate(let.value, scope, &type), type,
                     let.value ? let.value->range : stmt->range, what, Code::TypeMismatch,
                     let.type->range);
    } else {
      value = evaluate(let.value, scope);
      if (value.is<NoValue>())
        value = fail(Code::NotATensor, let.value->range, "this has no value to name");
    }
    bindPattern(let.pattern, value, *scope);
    break;
  }
  case ast::StmtKind::LetIndexed: {
    auto &let = ast::cast<ast::LetIndexedStmt>(stmt);
    Value value = bounded(evaluateNest(let.indices, let.value, stmt->range, scope), stmt->range);
    bind(*scope, let.name.text, value, let.name.range);
    break;
  }
  case ast::StmtKind::LetFunction: {
    auto &let = ast::cast<ast::LetFunctionStmt>(stmt);
    if (!checkParameterNames(let.function->params))
      misdeclared.insert(let.function);
    FunctionValue function;
    function.decl = let.function;
    // The function doesn't see itself, nor names that are bound later.
    if (!spend(4 * scope->names.size()))
      return;
    function.scope = std::make_shared<Scope>(scope->parent);
    function.scope->names = scope->names;
    function.scope->self = scope->self;
    function.scope->module = scope->module;
    function.scope->isFunction = scope->isFunction;
    function.scope->types = scope->types;
    function.made = let.function->name.range;
    bind(*scope, let.function->name.text, function, let.function->name.range);
    break;
  }
  case ast::StmtKind::Set:
    executeSet(ast::cast<ast::SetStmt>(stmt), scope);
    break;
  case ast::StmtKind::Assign:
    assign(ast::cast<ast::AssignStmt>(stmt), scope);
    break;
  case ast::StmtKind::Require:
    executeRequire(ast::cast<ast::RequireStmt>(stmt), scope,
                   active.empty() ? stmt->range : active.back().range);
    break;
  case ast::StmtKind::Expr: {
    const ast::Expr *expr = ast::cast<ast::ExprStmt>(stmt).expr;
    Value value = evaluate(expr, scope);
    if (expr->kind == ast::ExprKind::If && !value.is<NoValue>() && !value.isError())
      error(Code::ValueGoesNowhere, expr->range, "the value of this `if` goes nowhere")
          .help("name it with `let`, or make it the block's last line");
    break;
  }
  }
}

void Elaborator::executeSet(const ast::SetStmt &stmt, ScopePtr scope) {
  ModelInstance *self = nullptr;
  for (Scope *s = scope.get(); s && !self; s = s->parent.get())
    self = s->self;
  Value value = stmt.indexed ? evaluateNest(stmt.indices, stmt.value, stmt.range, scope) : Value();
  if (!self) {
    error(Code::SetOutsideModel, stmt.range,
          "`set` stands outside a model, where there is no state")
        .help("bindings don't change; make a new name: `let " + std::string(stmt.name.text) +
              " = …`");
    return;
  }
  const check::Slot *slot = self->slotOf(memberNamed(*self->decl, stmt.name.text));
  if (!slot || slot->member->kind != ast::MemberKind::State) {
    std::vector<std::string> states;
    for (auto &candidate : self->slots)
      if (candidate->member->kind == ast::MemberKind::State)
        states.emplace_back(candidate->member->name.text);
    auto report = error(Code::SetNotState, stmt.name.range,
                        "`" + std::string(stmt.name.text) + "` is not a state of " +
                            std::string(self->decl->name.text));
    for (auto &candidate : self->slots)
      if (candidate->member->name.text == stmt.name.text)
        report.secondary(candidate->member->name.range, "a parameter: the optimizer changes it");
    if (std::string near = nearest(stmt.name.text, states); !near.empty())
      report.help("did you mean `" + near + "`?").fix(stmt.name.range, near);
    else
      report.help("declare it: `state " + std::string(stmt.name.text) + ": f32 = 0.0`");
    return;
  }
  if (builder && builder->inNest()) {
    error(Code::IndexEffect, stmt.range, "`set` can't stand in a call that is made for each index")
        .done();
    return;
  }
  ResolvedType type = slotType(*slot);
  if (!stmt.indexed)
    value = evaluate(stmt.value, scope, &type);
  slotValues[slot] = coerce(value, type, stmt.value ? stmt.value->range : stmt.range,
                            "`" + std::string(stmt.name.text) + "`", Code::TypeMismatch,
                            slot->member->type ? slot->member->type->range : SourceRange());
}

void Elaborator::executeRequire(const ast::RequireStmt &stmt, ScopePtr scope, SourceRange blame) {
  Value condition = evaluate(stmt.condition, scope);
  if (condition.isError())
    return;
  auto *truth = condition.get<FixedBool>();
  if (auto *tensor = condition.get<Tensor>(); tensor && constructing.empty()) {
    Dt dtype = dtypes.find(tensor->dtype);
    if (dtype.variable >= 0 || dtype.fixed != DType::Bool) {
      error(Code::BadCondition, stmt.condition->range,
            "`require` asks for a truth value, and this is " + typeText(*tensor))
          .done();
      return;
    }
    Op op;
    op.kind = OpKind::Check;
    op.operands = {tensor->id};
    op.attr = CheckAttr{std::string(stmt.message)};
    op.range = stmt.condition->range;
    builder->append(std::move(op));
    assume(tensor->id, true);
    return;
  }
  if (!truth) {
    if (auto *tensor = condition.get<Tensor>(); tensor && openInts)
      assume(tensor->id, true);
    if (!openInts)
      error(Code::BadCondition, stmt.condition->range,
            "`require` asks for a truth value, and this is " + typeText(condition))
          .done();
    return;
  }
  if (truth->value)
    return;
  auto report =
      error(Code::RequireFailed, blame.isValid() ? blame : stmt.range, std::string(stmt.message));
  report.label("doesn't satisfy what is required")
      .secondary(stmt.condition->range, "required here");
}
