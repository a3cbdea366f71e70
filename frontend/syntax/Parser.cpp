#include "frontend/syntax/Parser.h"

namespace tenon {

using namespace ast;

Parser::Parser(const SourceManager &sources, FileId file, DiagnosticEngine &engine)
    : sources_(sources), engine_(engine), file_(std::make_unique<File>()) {
  file_->id = file;
  stream_ = lex(sources, file, file_->arena, engine);
}

//===----------------------------------------------------------------------===//
// Cursor
//===----------------------------------------------------------------------===//

const Token &Parser::token(size_t ahead) const {
  return stream_.tokens[std::min(at_ + ahead, stream_.tokens.size() - 1)];
}

std::string_view Parser::text(const Token &token) const {
  return sources_.text(file_->id).substr(token.begin, token.end - token.begin);
}

bool Parser::atWord(std::string_view word, size_t ahead) const {
  const Token &next = token(ahead);
  return next.kind == TokenKind::Name && text(next) == word;
}

SourceRange Parser::rangeFrom(uint32_t begin) const {
  return {file_->id, begin, std::max(begin, lastEnd_)};
}

const Token &Parser::take() {
  const Token &result = token();
  lastEnd_ = result.end;
  // The lexer has reported this bracket; what follows in it is guesswork.
  if ((result.kind == TokenKind::LeftParen || result.kind == TokenKind::LeftBracket) &&
      result.partner == Token::none)
    quiet_ = true;
  if (at_ + 1 < stream_.tokens.size())
    ++at_;
  return result;
}

bool Parser::accept(TokenKind kind) {
  if (!at(kind))
    return false;
  take();
  return true;
}

void Parser::skipNewlines() {
  while (at(TokenKind::Newline))
    take();
}

//===----------------------------------------------------------------------===//
// Errors and recovery
//===----------------------------------------------------------------------===//

namespace {

/// Help for a line that begins as in another language.
std::string_view foreignWord(std::string_view word) {
  if (word == "return")
    return "a block's value is its last line; there is no `return`";
  if (word == "def" || word == "func" || word == "function")
    return "a function is declared with `fn`";
  if (word == "class" || word == "struct")
    return "what has parameters is declared with `model`, a record's type with `type`";
  if (word == "var" || word == "const" || word == "val" || word == "mut")
    return "a name is bound with `let`";
  if (word == "elif")
    return "write `else if`";
  if (word == "from")
    return "a whole file is imported: `import nn`, then `nn.Dense`";
  return "";
}

} // namespace

void Parser::error(Code code, SourceRange range, std::string message, std::string_view help) {
  if (!panic_ && !quiet_ && !engine_.isFull()) {
    auto builder = engine_.error(code, range, std::move(message));
    if (!help.empty())
      builder.help(std::string(help));
  }
  panic_ = true;
}

void Parser::unexpected(const std::string &expected, std::string_view help) {
  const Token &found = token();
  // Both the lexer's errors and an unclosed bracket have been reported.
  if (found.kind == TokenKind::Error)
    panic_ = true;
  if (panic_)
    return;
  std::string what;
  switch (found.kind) {
  case TokenKind::Newline:
  case TokenKind::End:
    what = "the " + std::string(found.kind == TokenKind::End ? "file" : "line") + " ends";
    break;
  case TokenKind::String:
    what = "found a string";
    break;
  default:
    what = "found `" + std::string(text(found)) + "`";
  }
  std::string_view foreign =
      found.kind == TokenKind::Name && at_ > 0 && stream_.tokens[at_ - 1].kind == TokenKind::Name
          ? foreignWord(text(stream_.tokens[at_ - 1]))
          : "";
  if (help.empty() || !foreignWord(text(found)).empty())
    help = foreign.empty() ? foreignWord(text(found)) : foreign;
  // At the end of a line the place is where something is missing.
  SourceRange place = range(found);
  if (found.kind == TokenKind::Newline || found.kind == TokenKind::End)
    place = {file_->id, lastEnd_, lastEnd_};
  if (isReservedWord(found.kind) && expected.starts_with("a name"))
    return error(Code::ReservedWord, place,
                 "`" + std::string(text(found)) + "` is a word of the language and can't be a name",
                 help.empty() ? "take another name" : help);
  error(Code::UnexpectedToken, place, "expected " + expected + ", but " + what, help);
}

bool Parser::expect(TokenKind kind, const std::string &expected) {
  if (panic_)
    return false;
  if (accept(kind))
    return true;
  unexpected(expected.empty() ? "`" + std::string(tokenText(kind)) + "`" : expected);
  return false;
}

Ident Parser::expectName(const std::string &what) {
  if (!panic_ && at(TokenKind::Name))
    return identOf(take());
  unexpected("a name" + (what.empty() ? "" : " " + what));
  return {{}, range(token())};
}

bool Parser::closeBracket(uint32_t open) {
  uint32_t partner = stream_.tokens[open].partner;
  if (!panic_ && partner != Token::none && at_ == partner) {
    take();
    return true;
  }
  if (partner == Token::none) {
    panic_ = true; // the lexer has reported the bracket
    return false;
  }
  unexpected("`" + std::string(tokenText(stream_.tokens[partner].kind)) + "`");
  at_ = std::max<size_t>(at_, partner);
  take();
  panic_ = false;
  return false;
}

void Parser::skipStatement() {
  while (!atStatementEnd()) {
    if (token().partner != Token::none && token().partner > at_)
      at_ = token().partner;
    take();
  }
  panic_ = quiet_ = false;
}

/// Brackets within the statement are behind, so a closing one belongs to what the statement is in.
bool Parser::atStatementEnd() const {
  return at(TokenKind::Newline) || at(TokenKind::RightBrace) || at(TokenKind::End) ||
         at(TokenKind::RightParen) || at(TokenKind::RightBracket);
}

bool Parser::endStatement() {
  if (!panic_ && !atStatementEnd()) {
    if (at(TokenKind::Equals) || at(TokenKind::Error))
      unexpected("the end of the line");
    else
      error(Code::MissingNewline, range(token()),
            "expected the end of the line, but found `" + std::string(text(token())) + "`",
            at_ > 0 ? foreignWord(text(stream_.tokens[at_ - 1])) : "");
  }
  if (!panic_)
    return true;
  skipStatement();
  return false;
}

bool Parser::atDeclaration() const {
  switch (kind()) {
  case TokenKind::Import:
  case TokenKind::Fn:
  case TokenKind::Let:
  case TokenKind::At:
    return true;
  case TokenKind::Name:
    return (atWord("model") || atWord("dataset") || atWord("train") || atWord("type")) &&
           kind(1) == TokenKind::Name;
  default:
    return false;
  }
}

void Parser::skipToDeclaration() {
  while (!at(TokenKind::End)) {
    if (at(TokenKind::Newline)) {
      take();
      if (atDeclaration())
        break;
      continue;
    }
    if (token().partner != Token::none && token().partner > at_)
      at_ = token().partner;
    take();
  }
  panic_ = quiet_ = false;
}

bool Parser::tooDeep() {
  if (level_ <= maxNesting)
    return false;
  if (!tooDeepReported_)
    error(Code::TooDeep, range(token()),
          "this is nested more than " + std::to_string(maxNesting) + " levels deep",
          "give a part of it a name with `let`");
  tooDeepReported_ = true;
  panic_ = true;
  return true;
}

const Expr *Parser::grown(Expr *expr, uint16_t below) {
  expr->height = static_cast<uint16_t>(below + 1);
  blockHeight_ = std::max(blockHeight_, expr->height);
  if (expr->height <= maxNesting)
    return expr;
  error(Code::TooDeep, expr->range,
        "this expression has more than " + std::to_string(maxNesting) + " levels",
        "give a part of it a name with `let`");
  return errorExpr();
}

//===----------------------------------------------------------------------===//
// Files
//===----------------------------------------------------------------------===//

std::unique_ptr<File> Parser::run() {
  std::vector<Path> imports;
  std::vector<const Decl *> decls;
  skipNewlines();
  while (!at(TokenKind::End) && !engine_.isFull()) {
    if (at(TokenKind::Import))
      import(imports);
    else if (const Decl *decl = declaration())
      decls.push_back(decl);
    if (!panic_ && !at(TokenKind::Newline) && !at(TokenKind::End)) {
      if (atDeclaration())
        error(Code::MissingNewline, range(token()), "a declaration begins on its own line");
      else
        unexpected("the end of the line");
    }
    if (panic_)
      skipToDeclaration();
    skipNewlines();
  }
  file_->imports = keep(imports);
  file_->decls = keep(decls);
  file_->comments = keep(stream_.comments);
  return std::move(file_);
}

std::unique_ptr<File> parse(const SourceManager &sources, FileId file, DiagnosticEngine &engine) {
  return Parser(sources, file, engine).run();
}

} // namespace tenon
