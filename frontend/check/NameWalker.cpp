//===- NameWalker.cpp - The names that a piece of syntax uses -------------===//
#include "frontend/check/NameWalker.h"

using namespace tenon;
using namespace tenon::check;

class NameWalker::Inner {
public:
  explicit Inner(NameWalker &walker) : walker_(walker), size_(walker.order_.size()) {}
  ~Inner() {
    for (; walker_.order_.size() > size_; walker_.order_.pop_back())
      --walker_.bound_[walker_.order_.back()];
  }
  Inner(const Inner &) = delete;
  Inner &operator=(const Inner &) = delete;

private:
  NameWalker &walker_;
  size_t size_;
};

void NameWalker::expr(const ast::Expr *e, const Names &local) {
  Inner inner(*this);
  for (const std::string &name : local)
    bind(name);
  walk(e);
}

void NameWalker::block(const ast::Block *b, const Names &local) {
  Inner inner(*this);
  for (const std::string &name : local)
    bind(name);
  walk(b);
}

void NameWalker::pattern(const ast::Pattern *p) {
  if (!p)
    return;
  if (!p->tuple)
    bind(p->name.text);
  for (const ast::Pattern *part : p->parts)
    pattern(part);
}

void NameWalker::indices(ast::List<ast::Index> head) {
  for (const ast::Index &index : head) {
    walk(index.extent);
    bind(index.name.text);
  }
}

void NameWalker::stmt(const ast::Stmt *s) {
  if (auto *let = ast::dynCast<ast::LetStmt>(s)) {
    walk(let->value);
    pattern(let->pattern);
  } else if (auto *indexed = ast::dynCast<ast::LetIndexedStmt>(s)) {
    {
      Inner inner(*this);
      indices(indexed->indices);
      walk(indexed->value);
    }
    bind(indexed->name.text);
  } else if (auto *function = ast::dynCast<ast::LetFunctionStmt>(s)) {
    bind(function->function->name.text);
  } else if (auto *set = ast::dynCast<ast::SetStmt>(s)) {
    Inner inner(*this);
    indices(set->indices);
    walk(set->value);
  } else if (auto *assign = ast::dynCast<ast::AssignStmt>(s)) {
    walk(assign->value);
  } else if (auto *require = ast::dynCast<ast::RequireStmt>(s)) {
    walk(require->condition);
  } else if (auto *plain = ast::dynCast<ast::ExprStmt>(s)) {
    walk(plain->expr);
    if (auto *scan = ast::dynCast<ast::ScanExpr>(plain->expr))
      pattern(scan->state);
    if (auto *loop = ast::dynCast<ast::LoopExpr>(plain->expr))
      pattern(loop->state);
  }
}

void NameWalker::walk(const ast::Block *b) {
  if (!b)
    return;
  Inner inner(*this);
  for (const ast::Stmt *s : b->stmts)
    stmt(s);
  walk(b->value);
  walk(b->yielded);
}

void NameWalker::walk(const ast::Expr *e) {
  if (!e)
    return;
  ++visited_;
  Inner inner(*this);
  if (auto *name = ast::dynCast<ast::NameExpr>(e)) {
    if (auto bound = bound_.find(name->name); bound == bound_.end() || bound->second == 0)
      ask_(name->name, name->range);
  } else if (auto *tuple = ast::dynCast<ast::TupleExpr>(e)) {
    for (auto *item : tuple->items)
      walk(item);
  } else if (auto *list = ast::dynCast<ast::ListExpr>(e)) {
    for (auto *item : list->items)
      walk(item);
  } else if (auto *record = ast::dynCast<ast::RecordExpr>(e)) {
    for (auto &field : record->fields)
      walk(field.value);
  } else if (auto *choice = ast::dynCast<ast::IfExpr>(e)) {
    walk(choice->condition);
    walk(choice->thenBlock);
    walk(choice->elseBlock);
  } else if (auto *unary = ast::dynCast<ast::UnaryExpr>(e)) {
    walk(unary->operand);
  } else if (auto *binary = ast::dynCast<ast::BinaryExpr>(e)) {
    walk(binary->lhs);
    walk(binary->rhs);
  } else if (auto *call = ast::dynCast<ast::CallExpr>(e)) {
    walk(call->callee);
    for (auto &arg : call->args)
      if (arg.name.text != "wrt")
        walk(arg.value);
  } else if (auto *subscript = ast::dynCast<ast::SubscriptExpr>(e)) {
    walk(subscript->base);
    for (auto &slot : subscript->slots) {
      walk(slot.at);
      walk(slot.begin);
      walk(slot.end);
    }
  } else if (auto *field = ast::dynCast<ast::FieldExpr>(e)) {
    walk(field->base);
  } else if (auto *fallback = ast::dynCast<ast::DefaultExpr>(e)) {
    walk(fallback->value);
    walk(fallback->otherwise);
  } else if (auto *range = ast::dynCast<ast::RangeExpr>(e)) {
    walk(range->begin);
    walk(range->end);
  } else if (auto *reduce = ast::dynCast<ast::ReduceExpr>(e)) {
    indices(reduce->indices);
    walk(reduce->body);
  } else if (auto *scan = ast::dynCast<ast::ScanExpr>(e)) {
    walk(scan->init);
    walk(scan->sequence);
    pattern(scan->state);
    pattern(scan->over);
    walk(scan->body);
  } else if (auto *loop = ast::dynCast<ast::LoopExpr>(e)) {
    walk(loop->init);
    pattern(loop->state);
    walk(loop->condition);
    walk(loop->bound);
    walk(loop->body);
  } else if (auto *unrolled = ast::dynCast<ast::ForExpr>(e)) {
    walk(unrolled->sequence);
    pattern(unrolled->over);
    walk(unrolled->body);
  }
}
