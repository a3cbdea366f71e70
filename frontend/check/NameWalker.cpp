//===- NameWalker.cpp - The names that a piece of syntax uses -------------===//
#include "frontend/check/NameWalker.h"

using namespace tenon;
using namespace tenon::check;

void NameWalker::stmt(const ast::Stmt *s, Local &local) {
  if (auto *let = ast::dynCast<ast::LetStmt>(s)) {
    expr(let->value, local);
    pattern(let->pattern, local);
  } else if (auto *indexed = ast::dynCast<ast::LetIndexedStmt>(s)) {
    Local inner = local;
    indices(indexed->indices, inner);
    expr(indexed->value, inner);
    local.emplace(indexed->name.text);
  } else if (auto *function = ast::dynCast<ast::LetFunctionStmt>(s)) {
    local.emplace(function->function->name.text);
  } else if (auto *set = ast::dynCast<ast::SetStmt>(s)) {
    Local inner = local;
    indices(set->indices, inner);
    expr(set->value, inner);
  } else if (auto *assign = ast::dynCast<ast::AssignStmt>(s)) {
    expr(assign->value, local);
  } else if (auto *require = ast::dynCast<ast::RequireStmt>(s)) {
    expr(require->condition, local);
  } else if (auto *plain = ast::dynCast<ast::ExprStmt>(s)) {
    expr(plain->expr, local);
    if (auto *scan = ast::dynCast<ast::ScanExpr>(plain->expr))
      pattern(scan->state, local);
    if (auto *loop = ast::dynCast<ast::LoopExpr>(plain->expr))
      pattern(loop->state, local);
  }
}

void NameWalker::block(const ast::Block *b, Local local) {
  if (!b)
    return;
  for (const ast::Stmt *s : b->stmts)
    stmt(s, local);
  expr(b->value, local);
  expr(b->yielded, local);
}

void NameWalker::expr(const ast::Expr *e, Local local) {
  if (!e)
    return;
  if (auto *name = ast::dynCast<ast::NameExpr>(e)) {
    if (!local.count(name->name))
      ask_(name->name, name->range);
  } else if (auto *tuple = ast::dynCast<ast::TupleExpr>(e)) {
    for (auto *item : tuple->items)
      expr(item, local);
  } else if (auto *list = ast::dynCast<ast::ListExpr>(e)) {
    for (auto *item : list->items)
      expr(item, local);
  } else if (auto *record = ast::dynCast<ast::RecordExpr>(e)) {
    for (auto &field : record->fields)
      expr(field.value, local);
  } else if (auto *choice = ast::dynCast<ast::IfExpr>(e)) {
    expr(choice->condition, local);
    block(choice->thenBlock, local);
    block(choice->elseBlock, local);
  } else if (auto *unary = ast::dynCast<ast::UnaryExpr>(e)) {
    expr(unary->operand, local);
  } else if (auto *binary = ast::dynCast<ast::BinaryExpr>(e)) {
    expr(binary->lhs, local);
    expr(binary->rhs, local);
  } else if (auto *call = ast::dynCast<ast::CallExpr>(e)) {
    expr(call->callee, local);
    for (auto &arg : call->args)
      if (arg.name.text != "wrt")
        expr(arg.value, local);
  } else if (auto *subscript = ast::dynCast<ast::SubscriptExpr>(e)) {
    expr(subscript->base, local);
    for (auto &slot : subscript->slots) {
      expr(slot.at, local);
      expr(slot.begin, local);
      expr(slot.end, local);
    }
  } else if (auto *field = ast::dynCast<ast::FieldExpr>(e)) {
    expr(field->base, local);
  } else if (auto *fallback = ast::dynCast<ast::DefaultExpr>(e)) {
    expr(fallback->value, local);
    expr(fallback->otherwise, local);
  } else if (auto *range = ast::dynCast<ast::RangeExpr>(e)) {
    expr(range->begin, local);
    expr(range->end, local);
  } else if (auto *reduce = ast::dynCast<ast::ReduceExpr>(e)) {
    indices(reduce->indices, local);
    expr(reduce->body, local);
  } else if (auto *scan = ast::dynCast<ast::ScanExpr>(e)) {
    expr(scan->init, local);
    expr(scan->sequence, local);
    pattern(scan->state, local);
    pattern(scan->over, local);
    block(scan->body, local);
  } else if (auto *loop = ast::dynCast<ast::LoopExpr>(e)) {
    expr(loop->init, local);
    pattern(loop->state, local);
    expr(loop->condition, local);
    expr(loop->bound, local);
    block(loop->body, local);
  } else if (auto *unrolled = ast::dynCast<ast::ForExpr>(e)) {
    expr(unrolled->sequence, local);
    pattern(unrolled->over, local);
    block(unrolled->body, local);
  }
}
