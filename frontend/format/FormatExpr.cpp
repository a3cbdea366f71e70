#include "frontend/format/Formatter.h"

#include <algorithm>

namespace tenon::format {

using namespace ast;

namespace {

constexpr unsigned productLevel = 4;

/// Operators of one level make one chain.
unsigned levelOf(BinaryOp op) {
  switch (op) {
  case BinaryOp::Or:
    return 0;
  case BinaryOp::And:
    return 1;
  case BinaryOp::Add:
  case BinaryOp::Subtract:
    return 3;
  case BinaryOp::Multiply:
  case BinaryOp::Divide:
  case BinaryOp::Remainder:
  case BinaryOp::MatMul:
    return productLevel;
  case BinaryOp::Power:
    return productLevel + 1;
  default:
    return 2;
  }
}

bool isShort(const Expr *expr) {
  if (const auto *unary = dynCast<UnaryExpr>(expr))
    return unary->operand->kind == ExprKind::Number;
  return expr->kind == ExprKind::Number || expr->kind == ExprKind::Bool;
}

const CallExpr *pipedCall(const Expr *expr) {
  const auto *call = dynCast<CallExpr>(expr);
  return call && call->piped && !call->parenthesised ? call : nullptr;
}

} // namespace

/// Pairs of parentheses that begin at the next token and hold nothing but the expression.
size_t Formatter::parenthesesAround(const Expr &expr) const {
  return expr.parenthesised ? w_.parenthesesAhead(expr.kind == ExprKind::Tuple) : 0;
}

void Formatter::expr(const Expr *expr, unsigned chainIndent) {
  size_t pairs = parenthesesAround(*expr);
  for (size_t i = 0; i < pairs; ++i) {
    w_.layout.open(Group::Plain);
    w_.token();
    w_.layout.indent();
    w_.line("");
  }
  bare(*expr, pairs != 0 ? 0 : chainIndent);
  for (size_t i = 0; i < pairs; ++i) {
    bool lineEnds = w_.commentsBeforeClosing();
    w_.layout.dedent();
    if (lineEnds)
      w_.layout.hard();
    else
      w_.layout.line("");
    w_.token();
    w_.layout.close();
  }
}

void Formatter::bare(const Expr &node, unsigned chainIndent) {
  switch (node.kind) {
  case ExprKind::Name:
  case ExprKind::Number:
  case ExprKind::String:
  case ExprKind::Bool:
  case ExprKind::Wildcard:
    w_.token();
    break;
  case ExprKind::Tuple: {
    List<const Expr *> items = cast<TupleExpr>(&node).items;
    bracketed(
        Group::Plain, items.size(), [&](size_t i) { expr(items[i]); }, false, items.size() == 1);
    break;
  }
  case ExprKind::ListOf:
    listItems(cast<ListExpr>(&node).items);
    break;
  case ExprKind::Record:
    record(cast<RecordExpr>(&node).fields);
    break;
  case ExprKind::If:
    ifExpr(cast<IfExpr>(&node));
    break;
  case ExprKind::Unary: {
    const auto &unary = cast<UnaryExpr>(&node);
    w_.token();
    if (unary.op == UnaryOp::Not)
      w_.space();
    expr(unary.operand, chainIndent);
    break;
  }
  case ExprKind::Binary:
    chain(cast<BinaryExpr>(&node), chainIndent);
    break;
  case ExprKind::Call: {
    const auto &call = cast<CallExpr>(&node);
    if (call.piped)
      return pipes(call, false);
    expr(call.callee);
    args(call.args);
    break;
  }
  case ExprKind::Subscript: {
    const auto &subscript = cast<SubscriptExpr>(&node);
    expr(subscript.base);
    bracketed(Group::Reluctant, subscript.slots.size(),
              [&](size_t i) { slot(subscript.slots[i]); });
    break;
  }
  case ExprKind::Field:
    expr(cast<FieldExpr>(&node).base);
    w_.token();
    w_.token();
    break;
  case ExprKind::Default: {
    const auto &choice = cast<DefaultExpr>(&node);
    w_.layout.open(Group::Plain);
    expr(choice.value);
    w_.layout.indent();
    w_.line();
    word();
    expr(choice.otherwise);
    w_.layout.dedent();
    w_.layout.close();
    break;
  }
  case ExprKind::Range:
    expr(cast<RangeExpr>(&node).begin);
    w_.token();
    expr(cast<RangeExpr>(&node).end);
    break;
  case ExprKind::Reduce: {
    const auto &reduce = cast<ReduceExpr>(&node);
    w_.token();
    indices(reduce.indices);
    w_.space();
    expr(reduce.body, chainIndent);
    break;
  }
  case ExprKind::Scan:
  case ExprKind::Loop:
  case ExprKind::For:
    loopHead(node);
    break;
  case ExprKind::Error:
    break;
  }
}

/// `a + b - c`: a line for each operand where they don't fit on one; of factors, as many on a line
/// as fit.
void Formatter::chain(const BinaryExpr &last, unsigned indent) {
  std::vector<const BinaryExpr *> links{&last};
  bool leftward = last.op != BinaryOp::Power;
  while (leftward) {
    const auto *left = dynCast<BinaryExpr>(links.back()->lhs);
    if (!left || left->parenthesised || levelOf(left->op) != levelOf(last.op))
      break;
    links.push_back(left);
  }
  w_.layout.open(Group::Plain);
  expr(links.back()->lhs);
  w_.layout.indent(indent);
  for (size_t i = links.size(); i-- > 0;) {
    w_.space();
    w_.token();
    levelOf(last.op) == productLevel ? w_.fill() : w_.line();
    expr(links[i]->rhs);
  }
  w_.layout.dedent(indent);
  w_.layout.close();
}

/// `x |> f |> g`: as many on a line as fit. `keepBreaks`: where the source has a line end before
/// `|>`, there stays one.
void Formatter::pipes(const CallExpr &last, bool keepBreaks) {
  std::vector<const CallExpr *> stages{&last};
  while (const CallExpr *before = pipedCall(stages.back()->args[0].value))
    stages.push_back(before);
  w_.layout.open(keepBreaks ? Group::Exposed : Group::Plain);
  expr(stages.back()->args[0].value);
  w_.layout.indent();
  for (size_t i = stages.size(); i-- > 0;) {
    if (keepBreaks && w_.startsLine())
      w_.hard(false);
    else
      w_.fill();
    word();
    expr(stages[i]->callee);
    // Outside parentheses, a `(` may begin the next line.
    bool called = stages[i]->parenthesised ? w_.at(TokenKind::LeftParen)
                                           : stages[i]->range.end != stages[i]->callee->range.end;
    if (called)
      args(stages[i]->args.subspan(1));
  }
  w_.layout.dedent();
  w_.layout.close();
}

void Formatter::arg(const Arg &arg) {
  if (arg.name) {
    word();
    word();
  }
  expr(arg.value);
}

void Formatter::args(List<Arg> args) {
  bool wraps = args.size() == 1 && !args[0].name && !args[0].value->parenthesised &&
               (args[0].value->kind == ExprKind::ListOf || args[0].value->kind == ExprKind::Record);
  if (!wraps || w_.commentFollows())
    return bracketed(Group::Plain, args.size(), [&](size_t i) { arg(args[i]); });
  w_.token();
  arg(args[0]);
  if (w_.at(TokenKind::Comma))
    w_.skipComma();
  w_.token();
}

void Formatter::listItems(List<const Expr *> items) {
  bool filled = std::all_of(items.begin(), items.end(), isShort);
  bracketed(Group::Plain, items.size(), [&](size_t i) { expr(items[i]); }, filled);
}

void Formatter::slot(const Slot &slot) {
  if (slot.kind == Slot::Ellipsis)
    w_.token();
  if (slot.at)
    expr(slot.at);
  if (slot.begin)
    expr(slot.begin);
  if (slot.kind == Slot::Slice)
    w_.token();
  if (slot.end)
    expr(slot.end);
}

/// All blocks of a chain of `if` stand on their own lines, or none.
void Formatter::ifExpr(const IfExpr &choice) {
  w_.layout.open(Group::Exposed);
  for (const IfExpr *part = &choice;;) {
    word();
    expr(part->condition, 2);
    w_.space();
    blockInGroup(*part->thenBlock);
    w_.space();
    word();
    if (!w_.at(TokenKind::If)) {
      blockInGroup(*part->elseBlock);
      break;
    }
    part = &cast<IfExpr>(part->elseBlock->value);
  }
  w_.layout.close();
}

void Formatter::record(List<Arg> fields) {
  braced(fields.size(), [&](size_t i) {
    w_.token();
    word();
    expr(fields[i].value);
  });
}

} // namespace tenon::format
