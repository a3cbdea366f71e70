#include "frontend/syntax/Parser.h"

#include <charconv>
#include <cmath>

namespace tenon {

using namespace ast;

namespace {

struct Operator {
  BinaryOp op;
  unsigned level;
};

constexpr unsigned orLevel = 1;
constexpr unsigned notLevel = 3;
constexpr unsigned comparisonLevel = 4;
constexpr unsigned productLevel = 6;

/// Binary operators, a higher level binding tighter; `not` stands between `and` and comparisons.
std::optional<Operator> binaryOperator(TokenKind kind) {
  switch (kind) {
  case TokenKind::Or:
    return Operator{BinaryOp::Or, orLevel};
  case TokenKind::And:
    return Operator{BinaryOp::And, 2};
  case TokenKind::EqualEqual:
    return Operator{BinaryOp::Equal, comparisonLevel};
  case TokenKind::NotEqual:
    return Operator{BinaryOp::NotEqual, comparisonLevel};
  case TokenKind::Less:
    return Operator{BinaryOp::Less, comparisonLevel};
  case TokenKind::LessEqual:
    return Operator{BinaryOp::LessEqual, comparisonLevel};
  case TokenKind::Greater:
    return Operator{BinaryOp::Greater, comparisonLevel};
  case TokenKind::GreaterEqual:
    return Operator{BinaryOp::GreaterEqual, comparisonLevel};
  case TokenKind::Plus:
    return Operator{BinaryOp::Add, 5};
  case TokenKind::Minus:
    return Operator{BinaryOp::Subtract, 5};
  case TokenKind::Star:
    return Operator{BinaryOp::Multiply, productLevel};
  case TokenKind::Slash:
    return Operator{BinaryOp::Divide, productLevel};
  case TokenKind::Percent:
    return Operator{BinaryOp::Remainder, productLevel};
  case TokenKind::At:
    return Operator{BinaryOp::MatMul, productLevel};
  default:
    return std::nullopt;
  }
}

std::optional<Reduction> reductionOf(std::string_view word) {
  constexpr std::pair<std::string_view, Reduction> words[] = {
      {"sum", Reduction::Sum},       {"mean", Reduction::Mean},
      {"prod", Reduction::Prod},     {"max", Reduction::Max},
      {"min", Reduction::Min},       {"argmax", Reduction::Argmax},
      {"argmin", Reduction::Argmin}, {"logsumexp", Reduction::LogSumExp},
      {"any", Reduction::Any},       {"all", Reduction::All}};
  for (auto [text, reduction] : words)
    if (text == word)
      return reduction;
  return std::nullopt;
}

bool isProduct(const Expr *expr) {
  const auto *binary = dynCast<BinaryExpr>(expr);
  return binary && !binary->parenthesised &&
         (binary->op == BinaryOp::Multiply || binary->op == BinaryOp::Divide ||
          binary->op == BinaryOp::Remainder || binary->op == BinaryOp::MatMul);
}

} // namespace

const Expr *Parser::errorExpr() { return node<ErrorExpr>(range(token())); }

/// A value followed by `|> f` or `|> f(a)`, which becomes the call's first argument.
const Expr *Parser::expr() {
  Level level(*this);
  if (panic_ || tooDeep())
    return errorExpr();
  const Expr *result = defaultExpr();
  while (!panic_ && accept(TokenKind::Pipe)) {
    const Expr *target = postfix();
    if (panic_)
      break;
    auto *call = node<CallExpr>(SourceRange::join(result->range, target->range));
    std::vector<Arg> args{{{}, result, result->range}};
    call->callee = target;
    if (const auto *written = dynCast<CallExpr>(target); written && !written->parenthesised) {
      call->callee = written->callee;
      args.insert(args.end(), written->args.begin(), written->args.end());
    }
    call->piped = true;
    call->args = keep(args);
    result = grown(call, std::max(result->height, target->height));
  }
  return result;
}

const Expr *Parser::defaultExpr() {
  const Expr *value = rangeExpr();
  if (panic_ || !accept(TokenKind::Else))
    return value;
  const Expr *otherwise = rangeExpr();
  auto *result = node<DefaultExpr>(SourceRange::join(value->range, otherwise->range));
  result->value = value;
  result->otherwise = otherwise;
  return grown(result, std::max(value->height, otherwise->height));
}

const Expr *Parser::rangeExpr() {
  const Expr *begin = binary(orLevel);
  if (panic_ || !accept(TokenKind::DotDot))
    return begin;
  const Expr *end = binary(orLevel);
  auto *result = node<RangeExpr>(SourceRange::join(begin->range, end->range));
  result->begin = begin;
  result->end = end;
  return grown(result, std::max(begin->height, end->height));
}

const Expr *Parser::binary(unsigned least) {
  Level level(*this);
  if (panic_ || tooDeep())
    return errorExpr();
  const Expr *lhs;
  if (least <= notLevel && at(TokenKind::Not)) {
    uint32_t begin = take().begin;
    const Expr *operand = binary(notLevel);
    auto *negated = node<UnaryExpr>(rangeFrom(begin));
    negated->op = UnaryOp::Not;
    negated->operand = operand;
    lhs = grown(negated, operand->height);
  } else {
    lhs = unary();
  }
  while (!panic_) {
    std::optional<Operator> found = binaryOperator(kind());
    if (!found || found->level < least)
      break;
    const auto *left = dynCast<BinaryExpr>(lhs);
    if (found->level == comparisonLevel && left && !left->parenthesised &&
        left->op >= BinaryOp::Equal && left->op <= BinaryOp::GreaterEqual) {
      error(Code::ChainedComparison, range(token()), "comparisons don't chain",
            "write `a < b and b < c`");
      break;
    }
    SourceRange opRange = range(take());
    const Expr *rhs = binary(found->level + 1);
    auto *result = node<BinaryExpr>(SourceRange::join(lhs->range, rhs->range));
    result->op = found->op;
    result->lhs = lhs;
    result->rhs = rhs;
    result->opRange = opRange;
    checkDivisor(*result);
    lhs = grown(result, std::max(lhs->height, rhs->height));
  }
  return lhs;
}

const Expr *Parser::unary() {
  if (panic_)
    return errorExpr();
  if (at(TokenKind::Minus)) {
    Level level(*this);
    if (tooDeep())
      return errorExpr();
    uint32_t begin = take().begin;
    const Expr *operand = unary();
    auto *result = node<UnaryExpr>(rangeFrom(begin));
    result->op = UnaryOp::Negate;
    result->operand = operand;
    return grown(result, operand->height);
  }
  if (startsReduction())
    return reduction();
  return power();
}

const Expr *Parser::power() {
  const Expr *base = postfix();
  if (panic_ || !at(TokenKind::StarStar))
    return base;
  Level level(*this);
  if (tooDeep())
    return errorExpr();
  SourceRange opRange = range(take());
  const Expr *exponent = unary();
  auto *result = node<BinaryExpr>(SourceRange::join(base->range, exponent->range));
  result->op = BinaryOp::Power;
  result->lhs = base;
  result->rhs = exponent;
  result->opRange = opRange;
  return grown(result, std::max(base->height, exponent->height));
}

const Expr *Parser::postfix() {
  const Expr *result = primary();
  while (!panic_) {
    if (at(TokenKind::LeftParen)) {
      auto *call = node<CallExpr>({});
      uint16_t height = result->height;
      call->callee = result;
      call->args = args(nullptr, height);
      call->range = rangeFrom(result->range.begin);
      result = grown(call, height);
    } else if (at(TokenKind::LeftBracket)) {
      result = subscript(result);
    } else if (accept(TokenKind::Dot)) {
      auto *field = node<FieldExpr>({});
      field->base = result;
      field->name = expectName("after `.`");
      field->range = rangeFrom(result->range.begin);
      result = grown(field, result->height);
    } else {
      break;
    }
  }
  return result;
}

/// `(a, k = b)`; adds to `height` what the arguments need.
List<Arg> Parser::args(const Expr *piped, uint16_t &height) {
  auto open = static_cast<uint32_t>(at_);
  take();
  Restore<bool> head(inHead_, false);
  std::vector<Arg> result;
  if (piped)
    result.push_back({{}, piped, piped->range});
  SourceRange firstNamed;
  while (!panic_ && !at(TokenKind::RightParen)) {
    Arg arg;
    uint32_t begin = token().begin;
    if (at(TokenKind::Name) && kind(1) == TokenKind::Equals) {
      arg.name = identOf(take());
      take();
    }
    arg.value = expr();
    arg.range = rangeFrom(begin);
    height = std::max(height, arg.value->height);
    if (arg.name)
      firstNamed = arg.range;
    else if (firstNamed.isValid())
      error(Code::ArgumentOrder, arg.range, "a positional argument stands after a named one",
            "put it before `" + std::string(sources_.text(firstNamed)) + "`");
    result.push_back(arg);
    if (!accept(TokenKind::Comma))
      break;
  }
  closeBracket(open);
  return keep(result);
}

const Expr *Parser::subscript(const Expr *base) {
  auto open = static_cast<uint32_t>(at_);
  take();
  Restore<bool> head(inHead_, false);
  auto *result = node<SubscriptExpr>({});
  uint16_t height = base->height;
  std::vector<Slot> slots;
  while (!panic_ && !at(TokenKind::RightBracket)) {
    slots.push_back(slot(height));
    if (!accept(TokenKind::Comma))
      break;
  }
  if (!panic_ && slots.empty())
    unexpected("an index");
  closeBracket(open);
  result->base = base;
  result->slots = keep(slots);
  result->range = rangeFrom(base->range.begin);
  return grown(result, height);
}

Slot Parser::slot(uint16_t &height) {
  Slot result;
  uint32_t begin = token().begin;
  auto part = [&] {
    const Expr *value = expr();
    height = std::max(height, value->height);
    return value;
  };
  if (accept(TokenKind::Ellipsis)) {
    result.kind = Slot::Ellipsis;
  } else {
    const Expr *first = at(TokenKind::Colon) ? nullptr : part();
    if (!panic_ && accept(TokenKind::Colon)) {
      result.kind = Slot::Slice;
      result.begin = first;
      if (!at(TokenKind::Comma) && !at(TokenKind::RightBracket))
        result.end = part();
    } else {
      result.at = first;
    }
  }
  result.range = rangeFrom(begin);
  return result;
}

//===----------------------------------------------------------------------===//
// Reductions
//===----------------------------------------------------------------------===//

/// True if a token begins an operand right after a reduction's brackets.
bool Parser::startsOperand(size_t index) const {
  const Token &next = stream_.tokens[std::min(index, stream_.tokens.size() - 1)];
  switch (next.kind) {
  case TokenKind::Integer:
  case TokenKind::Real:
  case TokenKind::String:
  case TokenKind::True:
  case TokenKind::False:
  case TokenKind::LeftParen:
  case TokenKind::If:
    return true;
  case TokenKind::Name: {
    std::string_view word = text(next);
    bool headWord = word == "over" || word == "along" || word == "at";
    return !(inHead_ && headWord);
  }
  default:
    return false;
  }
}

bool Parser::startsReduction() const {
  if (!at(TokenKind::Name) || kind(1) != TokenKind::LeftBracket || !reductionOf(text(token())) ||
      token(1).partner == Token::none)
    return false;
  bool indexed =
      kind(2) == TokenKind::Ellipsis ||
      (kind(2) == TokenKind::Name && (kind(3) == TokenKind::Comma || kind(3) == TokenKind::Colon ||
                                      kind(3) == TokenKind::RightBracket));
  return indexed && startsOperand(token(1).partner + 1);
}

const Expr *Parser::reduction() {
  Level level(*this);
  if (panic_ || tooDeep())
    return errorExpr();
  auto *result = node<ReduceExpr>({});
  uint32_t begin = token().begin;
  result->reduction = *reductionOf(text(take()));
  result->indices = indices();
  result->head = rangeFrom(begin);
  result->body = binary(productLevel);
  result->range = rangeFrom(begin);
  if (!panic_)
    checkReductionEnd(*result);
  return grown(result, result->body->height);
}

/// A body in parentheses that goes on with `*` may be meant to end at the `)`.
void Parser::checkReductionEnd(const ReduceExpr &reduce) {
  if (!isProduct(reduce.body))
    return;
  const Expr *first = reduce.body;
  bool onlyTimes = true;
  const BinaryExpr *innermost = nullptr;
  while (isProduct(first)) {
    innermost = &cast<BinaryExpr>(first);
    onlyTimes &= innermost->op == BinaryOp::Multiply || innermost->op == BinaryOp::Divide;
    first = innermost->lhs;
  }
  bool linear = reduce.reduction == Reduction::Sum || reduce.reduction == Reduction::Mean;
  if (!first->parenthesised || (linear && onlyTimes))
    return;
  std::string head(sources_.text(reduce.head));
  std::string body(sources_.text(first->range));
  std::string rest(sources_.text({file_->id, first->range.end, reduce.range.end}));
  error(Code::AmbiguousReduction, innermost->opRange,
        "does the reduction end before this or after it?",
        "write `(" + head + " " + body + ")" + rest + "` or `" + head + " (" + body + rest + ")`");
  panic_ = false;
}

/// `a / sum[i] x[i] * y` reads as if the product ended the quotient.
void Parser::checkDivisor(const BinaryExpr &binary) {
  if (panic_ || (binary.op != BinaryOp::Divide && binary.op != BinaryOp::Remainder))
    return;
  const auto *reduce = dynCast<ReduceExpr>(binary.rhs);
  if (!reduce || reduce->parenthesised || !isProduct(reduce->body))
    return;
  error(Code::AmbiguousReduction, reduce->range,
        "after `" + std::string(sources_.text(binary.opRange)) +
            "`, a reduction of more than one factor stands in parentheses",
        "write `(" + std::string(sources_.text(reduce->range)) + ")`");
  panic_ = false;
}

//===----------------------------------------------------------------------===//
// Primaries
//===----------------------------------------------------------------------===//

const Expr *Parser::primary() {
  if (panic_)
    return errorExpr();
  const Token &next = token();
  switch (next.kind) {
  case TokenKind::Name: {
    auto *result = node<NameExpr>(range(next));
    result->name = text(take());
    return grown(result, 0);
  }
  case TokenKind::Integer:
  case TokenKind::Real:
    return number();
  case TokenKind::String:
    return string();
  case TokenKind::True:
  case TokenKind::False: {
    auto *result = node<BoolExpr>(range(next));
    result->value = next.kind == TokenKind::True;
    take();
    return grown(result, 0);
  }
  case TokenKind::Underscore: {
    auto *result = node<WildcardExpr>(range(next));
    take();
    return grown(result, 0);
  }
  case TokenKind::LeftParen:
    return parentheses();
  case TokenKind::LeftBracket:
    return list();
  case TokenKind::LeftBrace:
    return record();
  case TokenKind::If:
    return ifExpr();
  case TokenKind::Scan:
  case TokenKind::Loop:
  case TokenKind::For:
    return misplacedLoop();
  default:
    unexpected("a value");
    return errorExpr();
  }
}

const Expr *Parser::misplacedLoop() {
  std::string word(text(token()));
  SourceRange place = range(token());
  error(Code::MisplacedLoop, place, "a `" + word + "` can't stand inside an expression",
        word == "loop" ? "put it on its own line; its state has the final values afterwards"
                       : "give it a name first: `let x = " + word + " ...`");
  panic_ = false;
  // Its own mistakes are still found.
  const Expr *skipped = word == "scan" ? scan() : word == "loop" ? loop() : forLoop();
  return node<ErrorExpr>(skipped->range);
}

const Expr *Parser::number() {
  const Token &next = take();
  auto *result = node<NumberExpr>(range(next));
  std::string digits;
  for (char c : text(next))
    if (c != '_')
      digits += c;
  const char *end = digits.data() + digits.size();
  result->isInteger = next.kind == TokenKind::Integer;
  auto real = std::from_chars(digits.data(), end, result->real);
  bool fits = real.ec == std::errc();
  // A number too small for f64 is 0; one too large is an error.
  if (real.ec == std::errc::result_out_of_range) {
    result->real = std::strtod(digits.c_str(), nullptr);
    fits = std::isfinite(result->real);
  }
  if (result->isInteger)
    fits = std::from_chars(digits.data(), end, result->integer).ec == std::errc();
  if (!fits) {
    error(Code::BadNumber, range(next),
          result->isInteger ? "this number is larger than any whole number (i64)"
                            : "this number is larger than any real number (f64)");
    panic_ = false;
    return errorExpr();
  }
  return grown(result, 0);
}

std::string_view Parser::stringValue(const Token &token) {
  std::string_view body = text(token).substr(1, token.end - token.begin - 2);
  if (body.find('\\') == std::string_view::npos)
    return body;
  std::string value;
  for (size_t i = 0; i < body.size(); ++i) {
    if (body[i] != '\\') {
      value += body[i];
      continue;
    }
    switch (body[++i]) {
    case 'n':
      value += '\n';
      break;
    case 't':
      value += '\t';
      break;
    case '"':
    case '\\':
      value += body[i];
      break;
    default: {
      auto place = static_cast<uint32_t>(token.begin + i);
      if (!panic_ && !engine_.isFull())
        engine_
            .error(Code::BadEscape, {file_->id, place, place + 2},
                   "a string knows the escapes \\n, \\t, \\\" and \\\\")
            .help("a backslash itself is written `\\\\`")
            .done();
    }
    }
  }
  return file_->arena.copy(std::string_view(value));
}

const Expr *Parser::string() {
  auto *result = node<StringExpr>(range(token()));
  result->value = stringValue(take());
  return grown(result, 0);
}

/// `()`, `(a)`, which is a itself, or a tuple.
const Expr *Parser::parentheses() {
  auto open = static_cast<uint32_t>(at_);
  uint32_t begin = take().begin;
  Restore<bool> head(inHead_, false);
  std::vector<const Expr *> items;
  uint16_t height = 0;
  bool comma = false;
  while (!panic_ && !at(TokenKind::RightParen)) {
    items.push_back(expr());
    height = std::max(height, items.back()->height);
    comma = accept(TokenKind::Comma);
    if (!comma)
      break;
  }
  bool whole = closeBracket(open);
  if (items.size() == 1 && !comma) {
    if (!whole)
      return node<ErrorExpr>(rangeFrom(begin));
    // The node was made by this parser and nobody else has it yet.
    auto *inner = const_cast<Expr *>(items.front());
    inner->parenthesised = true;
    inner->range = rangeFrom(begin);
    return inner;
  }
  auto *result = node<TupleExpr>(rangeFrom(begin));
  result->items = keep(items);
  return grown(result, height);
}

const Expr *Parser::list() {
  auto open = static_cast<uint32_t>(at_);
  uint32_t begin = take().begin;
  Restore<bool> head(inHead_, false);
  std::vector<const Expr *> items;
  uint16_t height = 0;
  while (!panic_ && !at(TokenKind::RightBracket)) {
    items.push_back(expr());
    height = std::max(height, items.back()->height);
    if (!accept(TokenKind::Comma))
      break;
  }
  closeBracket(open);
  auto *result = node<ListExpr>(rangeFrom(begin));
  result->items = keep(items);
  return grown(result, height);
}

const Expr *Parser::record() {
  auto open = static_cast<uint32_t>(at_);
  uint32_t begin = take().begin;
  Restore<bool> head(inHead_, false);
  std::vector<Arg> fields;
  uint16_t height = 0;
  skipNewlines();
  while (!panic_ && !at(TokenKind::RightBrace)) {
    Arg field;
    field.name = expectName("of a field");
    expect(TokenKind::Colon);
    field.value = expr();
    field.range = rangeFrom(field.name.range.begin);
    height = std::max(height, field.value->height);
    fields.push_back(field);
    bool separated = accept(TokenKind::Comma) || at(TokenKind::Newline);
    skipNewlines();
    if (!separated)
      break;
  }
  closeBracket(open);
  auto *result = node<RecordExpr>(rangeFrom(begin));
  result->fields = keep(fields);
  return grown(result, height);
}

const Expr *Parser::ifExpr() {
  Level level(*this);
  if (panic_ || tooDeep())
    return errorExpr();
  SourceRange word = range(take());
  auto *result = node<IfExpr>({});
  {
    Restore<bool> head(inHead_, false);
    result->condition = expr();
  }
  result->thenBlock = block();
  uint16_t height = std::max(result->condition->height, result->thenBlock->height);
  if (!panic_ && accept(TokenKind::Else)) {
    if (at(TokenKind::If)) {
      auto *chained = file_->arena.make<Block>();
      chained->value = ifExpr();
      chained->range = chained->value->range;
      chained->height = chained->value->height;
      result->elseBlock = chained;
    } else {
      result->elseBlock = block();
    }
    height = std::max(height, result->elseBlock->height);
  } else if (!panic_) {
    error(Code::MissingElse, word, "this `if` has no `else`",
          "every `if` is a value: write `else { ... }` after it");
    panic_ = false;
  }
  result->range = rangeFrom(word.begin);
  return grown(result, height);
}

} // namespace tenon
