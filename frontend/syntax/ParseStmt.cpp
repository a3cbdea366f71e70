#include "frontend/syntax/Parser.h"

namespace tenon {

using namespace ast;

//===----------------------------------------------------------------------===//
// Blocks
//===----------------------------------------------------------------------===//

const Block *Parser::block() {
  auto *result = file_->arena.make<Block>();
  result->range = range(token());
  Level level(*this);
  if (panic_ || tooDeep())
    return result;
  if (!at(TokenKind::LeftBrace)) {
    unexpected("`{`", at(TokenKind::Newline) && kind(1) == TokenKind::LeftBrace
                          ? "the `{` stands on the line before"
                          : "");
    return result;
  }
  Restore<bool> head(inHead_, false);
  uint16_t outerHeight = blockHeight_;
  blockHeight_ = 0;
  auto open = static_cast<uint32_t>(at_);
  uint32_t begin = take().begin;
  blockLines(*result, open);
  closeBracket(open);
  result->range = rangeFrom(begin);
  result->height = std::max<uint16_t>(blockHeight_, 1);
  blockHeight_ = std::max(outerHeight, blockHeight_);
  return result;
}

namespace {

/// True for what may stand on a line of its own without being the block's value.
bool standsAlone(const Expr &expr) {
  return expr.kind == ExprKind::If || expr.kind == ExprKind::Scan || expr.kind == ExprKind::Loop ||
         expr.kind == ExprKind::For || expr.kind == ExprKind::Error;
}

} // namespace

void Parser::blockLines(Block &block, uint32_t open) {
  std::vector<const Stmt *> stmts;
  auto done = [&] {
    skipNewlines();
    return engine_.isFull() || at(TokenKind::End) || at(TokenKind::RightBrace) ||
           at(TokenKind::RightParen) || at(TokenKind::RightBracket);
  };
  while (!done()) {
    size_t before = at_;
    if (accept(TokenKind::Yield)) {
      block.yieldRange = range(stream_.tokens[before]);
      block.yielded = expr();
      endStatement();
    } else if (const Stmt *stmt = statement()) {
      if (const auto *alone = dynCast<ExprStmt>(stmt);
          alone && !panic_ && at(TokenKind::Yield) && alone->expr->kind != ExprKind::Loop) {
        block.yieldRange = range(take());
        block.value = alone->expr;
        block.yielded = expr();
      } else {
        stmts.push_back(stmt);
      }
      // Half a statement has no value to be missed.
      if (!endStatement() && !stmts.empty() && stmts.back() == stmt && stmt->kind == StmtKind::Expr)
        stmts.pop_back();
    } else {
      panic_ = true;
      skipStatement();
    }
    if (at_ == before)
      take();
    if (block.yielded && !done()) {
      error(Code::UnexpectedToken, block.yieldRange, "`yield` is not the last line of its block");
      panic_ = false;
      block.value = block.yielded = nullptr;
    }
  }
  if (!block.yielded && !stmts.empty())
    if (const auto *last = dynCast<ExprStmt>(stmts.back());
        last && last->expr->kind != ExprKind::Loop) {
      block.value = last->expr;
      stmts.pop_back();
    }
  for (const Stmt *stmt : stmts)
    if (const auto *alone = dynCast<ExprStmt>(stmt); alone && !standsAlone(*alone->expr)) {
      error(Code::ValueGoesNowhere, alone->range, "this value goes nowhere",
            "give it a name with `let`, or remove the line");
      panic_ = false;
    }
  block.stmts = keep(stmts);
}

//===----------------------------------------------------------------------===//
// Statements
//===----------------------------------------------------------------------===//

const Stmt *Parser::statement() {
  if (at(TokenKind::Let))
    return let();
  if (atWord("set") && kind(1) == TokenKind::Name)
    return setStatement();
  bool requires_ = atWord("require");
  switch (kind(1)) {
  case TokenKind::Name:
  case TokenKind::Underscore:
  case TokenKind::Integer:
  case TokenKind::Real:
  case TokenKind::String:
  case TokenKind::True:
  case TokenKind::False:
  case TokenKind::Not:
  case TokenKind::LeftParen:
    break;
  default:
    requires_ = false;
  }
  if (requires_)
    return require();
  uint32_t begin = token().begin;
  if (at(TokenKind::Name) && kind(1) == TokenKind::Equals) {
    auto *result = node<AssignStmt>({});
    result->name = identOf(take());
    take();
    result->value = value();
    result->range = rangeFrom(begin);
    return result;
  }
  if (at(TokenKind::Fn)) {
    error(Code::UnexpectedToken, range(token()), "`fn` doesn't stand in a block",
          "a function within a block is written `let name(x: f32) = ...`");
    return nullptr;
  }
  auto *result = node<ExprStmt>({});
  result->expr = at(TokenKind::Loop) ? loop() : value();
  result->range = result->expr->range;
  return result;
}

const Stmt *Parser::let() {
  uint32_t begin = take().begin;
  if (at(TokenKind::Name) && kind(1) == TokenKind::LeftParen)
    return letFunction(begin);
  if (at(TokenKind::Name) && kind(1) == TokenKind::LeftBracket) {
    auto *result = node<LetIndexedStmt>({});
    result->name = identOf(take());
    result->indices = indices();
    if (expect(TokenKind::Equals))
      result->value = expr();
    else
      result->value = errorExpr();
    result->range = rangeFrom(begin);
    return result;
  }
  auto *result = node<LetStmt>({});
  result->pattern = pattern();
  if (!panic_ && !result->pattern->tuple && accept(TokenKind::Colon))
    result->type = type();
  if (expect(TokenKind::Equals))
    result->value = value();
  else
    result->value = errorExpr();
  result->range = rangeFrom(begin);
  return result;
}

const Stmt *Parser::letFunction(uint32_t begin) {
  auto *result = node<LetFunctionStmt>({});
  auto *declared = file_->arena.make<Function>();
  declared->kind = DeclKind::Function;
  functionTail(*declared, begin);
  result->function = declared;
  result->range = declared->range;
  return result;
}

const Stmt *Parser::setStatement() {
  uint32_t begin = take().begin;
  auto *result = node<SetStmt>({});
  result->name = identOf(take());
  if (at(TokenKind::LeftBracket)) {
    result->indexed = true;
    result->indices = indices();
  }
  if (expect(TokenKind::Equals))
    result->value = value();
  else
    result->value = errorExpr();
  result->range = rangeFrom(begin);
  return result;
}

const RequireStmt *Parser::require() {
  uint32_t begin = take().begin;
  auto *result = node<RequireStmt>({});
  result->condition = expr();
  if (expect(TokenKind::Comma, "`,` and a message")) {
    if (at(TokenKind::String)) {
      result->messageRange = range(token());
      result->message = stringValue(take());
    } else {
      unexpected("a string");
    }
  }
  result->range = rangeFrom(begin);
  return result;
}

//===----------------------------------------------------------------------===//
// Loops
//===----------------------------------------------------------------------===//

const Expr *Parser::value() {
  if (at(TokenKind::Scan))
    return scan();
  if (at(TokenKind::For))
    return forLoop();
  return expr();
}

const Pattern *Parser::pattern() {
  auto *result = file_->arena.make<Pattern>();
  result->range = range(token());
  Level level(*this);
  if (panic_ || tooDeep())
    return result;
  if (at(TokenKind::Name) || at(TokenKind::Underscore)) {
    result->name = identOf(take());
    return result;
  }
  if (!at(TokenKind::LeftParen)) {
    unexpected("a name or names in parentheses");
    return result;
  }
  auto open = static_cast<uint32_t>(at_);
  uint32_t begin = take().begin;
  std::vector<const Pattern *> parts;
  bool comma = false;
  while (!panic_ && !at(TokenKind::RightParen)) {
    parts.push_back(pattern());
    comma = accept(TokenKind::Comma);
    if (!comma)
      break;
  }
  closeBracket(open);
  if (parts.size() == 1 && !comma)
    return parts.front();
  result->tuple = true;
  result->parts = keep(parts);
  result->range = rangeFrom(begin);
  return result;
}

const Expr *Parser::scan() {
  uint32_t begin = take().begin;
  auto *result = node<ScanExpr>({});
  {
    Restore<bool> head(inHead_, true);
    bool withState = !atWord("over") || kind(1) == TokenKind::Equals;
    if (withState) {
      result->state = pattern();
      expect(TokenKind::Equals);
      result->init = panic_ ? errorExpr() : expr();
    }
    if (!panic_ && !atWord("over"))
      unexpected("`over`");
    else if (!panic_)
      take();
    result->over = pattern();
    expect(TokenKind::In);
    result->sequence = panic_ ? errorExpr() : expr();
    if (!panic_ && atWord("along")) {
      take();
      result->along = expectName("of a dimension");
    }
  }
  result->head = rangeFrom(begin);
  result->body = block();
  result->range = rangeFrom(begin);
  uint16_t below = std::max(result->body->height, result->sequence->height);
  return grown(result, result->init ? std::max(below, result->init->height) : below);
}

const Expr *Parser::loop() {
  uint32_t begin = take().begin;
  auto *result = node<LoopExpr>({});
  {
    Restore<bool> head(inHead_, true);
    result->state = pattern();
    expect(TokenKind::Equals);
    result->init = panic_ ? errorExpr() : expr();
    expect(TokenKind::While);
    result->condition = panic_ ? errorExpr() : expr();
    if (!panic_ && atWord("at") && atWord("most", 1)) {
      take();
      take();
      result->bound = expr();
    }
  }
  result->head = rangeFrom(begin);
  result->body = block();
  result->range = rangeFrom(begin);
  uint16_t below =
      std::max({result->body->height, result->init->height, result->condition->height});
  return grown(result, result->bound ? std::max(below, result->bound->height) : below);
}

const Expr *Parser::forLoop() {
  uint32_t begin = take().begin;
  auto *result = node<ForExpr>({});
  {
    Restore<bool> head(inHead_, true);
    result->over = pattern();
    expect(TokenKind::In);
    result->sequence = panic_ ? errorExpr() : expr();
  }
  result->head = rangeFrom(begin);
  result->body = block();
  result->range = rangeFrom(begin);
  return grown(result, std::max(result->body->height, result->sequence->height));
}

//===----------------------------------------------------------------------===//
// Indices
//===----------------------------------------------------------------------===//

Index Parser::index() {
  Index result;
  uint32_t begin = token().begin;
  if (accept(TokenKind::Ellipsis)) {
    result.ellipsis = true;
  } else {
    result.name = expectName("of an index");
    if (!panic_ && accept(TokenKind::Colon))
      result.extent = expr();
  }
  result.range = rangeFrom(begin);
  return result;
}

List<Index> Parser::indices() {
  auto open = static_cast<uint32_t>(at_);
  take();
  Restore<bool> head(inHead_, false);
  std::vector<Index> result;
  while (!panic_ && !at(TokenKind::RightBracket)) {
    result.push_back(index());
    if (!accept(TokenKind::Comma))
      break;
  }
  closeBracket(open);
  return keep(result);
}

} // namespace tenon
