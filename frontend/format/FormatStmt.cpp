#include "frontend/format/Formatter.h"

namespace tenon::format {

using namespace ast;

//===----------------------------------------------------------------------===//
// Blocks
//===----------------------------------------------------------------------===//

void Formatter::block(const Block &block) {
  w_.layout.open(Group::Exposed);
  blockInGroup(block);
  w_.layout.close();
}

/// The block of a form that is a group itself, so that its parts break together.
void Formatter::blockInGroup(const Block &block) {
  size_t lines = block.stmts.size() + (block.value || block.yielded ? 1 : 0);
  bool onOwn = lines > 1 || (lines == 1 && w_.endsLine());
  w_.token();
  w_.layout.indent();
  if (lines != 0)
    onOwn ? w_.hard() : w_.line();
  blockLines(block);
  bool lineEnds = w_.commentsBeforeClosing();
  w_.layout.dedent();
  if (lineEnds || onOwn)
    w_.layout.hard();
  else if (lines != 0)
    w_.layout.line();
  w_.token();
}

void Formatter::blockLines(const Block &block) {
  Columns sets(w_.layout);
  for (size_t i = 0; i < block.stmts.size(); ++i) {
    bool isSet = block.stmts[i]->kind == StmtKind::Set;
    if (i != 0) {
      if (!isSet || w_.startsAnew())
        sets.finish();
      w_.hard();
    }
    stmt(*block.stmts[i], isSet ? &sets : nullptr);
  }
  if (!block.value && !block.yielded)
    return;
  if (!block.stmts.empty())
    w_.hard();
  if (block.value) {
    value(block.value);
    if (block.yielded)
      w_.space();
  }
  if (block.yielded) {
    word();
    value(block.yielded);
  }
}

//===----------------------------------------------------------------------===//
// Statements
//===----------------------------------------------------------------------===//

/// `columns`: the table in which the statement is a row.
void Formatter::stmt(const Stmt &node, Columns *columns) {
  auto equals = [&] {
    if (columns)
      columns->tab(0);
    else
      w_.space();
    w_.token();
  };
  if (columns)
    columns->row();
  switch (node.kind) {
  case StmtKind::Let: {
    const auto &let = cast<LetStmt>(&node);
    word();
    pattern(*let.pattern);
    if (let.type) {
      word();
      type(let.type);
    }
    equals();
    assigned(let.value);
    break;
  }
  case StmtKind::LetIndexed: {
    const auto &let = cast<LetIndexedStmt>(&node);
    word();
    w_.token();
    indices(let.indices);
    equals();
    assigned(let.value);
    break;
  }
  case StmtKind::LetFunction:
    word();
    functionTail(*cast<LetFunctionStmt>(&node).function);
    break;
  case StmtKind::Set: {
    const auto &set = cast<SetStmt>(&node);
    word();
    w_.token();
    if (set.indexed)
      indices(set.indices);
    equals();
    assigned(set.value);
    break;
  }
  case StmtKind::Assign:
    w_.token();
    equals();
    assigned(cast<AssignStmt>(&node).value);
    break;
  case StmtKind::Require:
    w_.layout.open(Group::Plain);
    word();
    expr(cast<RequireStmt>(&node).condition, 2);
    w_.layout.indent();
    w_.comma();
    w_.line();
    w_.token();
    w_.layout.dedent();
    w_.layout.close();
    break;
  case StmtKind::Expr:
    value(cast<ExprStmt>(&node).expr);
    break;
  }
}

void Formatter::assigned(const Expr *node) {
  Group group = Group::Assigned;
  switch (node->kind) {
  case ExprKind::ListOf:
  case ExprKind::Record:
  case ExprKind::Scan:
  case ExprKind::Loop:
  case ExprKind::For:
    if (!node->parenthesised)
      group = Group::AssignedHere;
    break;
  default:
    break;
  }
  w_.openAssigned(group);
  value(node);
  w_.layout.close();
}

void Formatter::value(const Expr *node) {
  const auto *call = dynCast<CallExpr>(node);
  if (call && call->piped && !call->parenthesised)
    pipes(*call, true);
  else
    expr(node);
}

//===----------------------------------------------------------------------===//
// Loops and indices
//===----------------------------------------------------------------------===//

void Formatter::loopHead(const Expr &node) {
  auto state = [&](const Pattern *names, const Expr *init) {
    pattern(*names);
    w_.space();
    word();
    expr(init);
    w_.space();
  };
  auto over = [&](const Pattern *names, const Expr *sequence) {
    pattern(*names);
    w_.space();
    word();
    expr(sequence);
    w_.space();
  };
  word();
  if (const auto *scan = dynCast<ScanExpr>(&node)) {
    if (scan->state)
      state(scan->state, scan->init);
    word();
    over(scan->over, scan->sequence);
    if (scan->along) {
      word();
      word();
    }
    block(*scan->body);
  } else if (const auto *loop = dynCast<LoopExpr>(&node)) {
    state(loop->state, loop->init);
    word();
    expr(loop->condition);
    w_.space();
    if (loop->bound) {
      word();
      word();
      expr(loop->bound);
      w_.space();
    }
    block(*loop->body);
  } else {
    const auto &each = cast<ForExpr>(&node);
    over(each.over, each.sequence);
    block(*each.body);
  }
}

void Formatter::pattern(const Pattern &node) {
  // `(a)` is `a`, whose place is its own.
  if (w_.next().begin < node.range.begin) {
    w_.token();
    pattern(node);
    w_.token();
  } else if (node.tuple) {
    bracketed(
        Group::Reluctant, node.parts.size(), [&](size_t i) { pattern(*node.parts[i]); }, false,
        node.parts.size() == 1);
  } else {
    w_.token();
  }
}

void Formatter::indices(List<Index> indices) {
  bracketed(Group::Reluctant, indices.size(), [&](size_t i) {
    w_.token();
    if (!indices[i].extent)
      return;
    word();
    expr(indices[i].extent);
  });
}

} // namespace tenon::format
