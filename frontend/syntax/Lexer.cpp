#include "frontend/syntax/Lexer.h"

#include <utf8proc.h>

#include <array>
#include <string>

namespace tenon {

namespace {

struct Spelling {
  TokenKind kind;
  std::string_view text;
};

constexpr Spelling words[] = {
#define TENON_WORD(KIND, TEXT) {TokenKind::KIND, TEXT},
#define TENON_SIGN(KIND, TEXT)
#define TENON_OPERATOR(KIND, TEXT)
#include "frontend/syntax/Tokens.def"
#undef TENON_WORD
#undef TENON_SIGN
#undef TENON_OPERATOR
};

constexpr Spelling signs[] = {
#define TENON_WORD(KIND, TEXT)
#define TENON_SIGN(KIND, TEXT) {TokenKind::KIND, TEXT},
#define TENON_OPERATOR(KIND, TEXT) {TokenKind::KIND, TEXT},
#include "frontend/syntax/Tokens.def"
#undef TENON_WORD
#undef TENON_SIGN
#undef TENON_OPERATOR
};

/// True for tokens after which a newline doesn't end the statement.
bool continuesLine(TokenKind kind) {
  switch (kind) {
#define TENON_WORD(KIND, TEXT)
#define TENON_SIGN(KIND, TEXT)
#define TENON_OPERATOR(KIND, TEXT) case TokenKind::KIND:
#include "frontend/syntax/Tokens.def"
#undef TENON_WORD
#undef TENON_SIGN
#undef TENON_OPERATOR
  case TokenKind::And:
  case TokenKind::Or:
  case TokenKind::Else:
    return true;
  default:
    return false;
  }
}

bool isDigit(char c) { return c >= '0' && c <= '9'; }
bool isAsciiLetter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

class Lexer {
public:
  Lexer(const SourceManager &sources, FileId file, Arena &arena, DiagnosticEngine &engine)
      : text_(sources.text(file)), file_(file), arena_(arena), engine_(engine) {}

  TokenStream run();

private:
  void next();
  void newline();
  void comment();
  void number();
  void string();
  void name();
  bool sign();
  void unknown();
  void badBytes();

  void push(TokenKind kind, size_t begin);
  void open(TokenKind kind);
  void close(TokenKind kind);
  void reportUnclosed(uint32_t token);
  void finishDoc();

  char peek(size_t ahead = 0) const {
    return at_ + ahead < text_.size() ? text_[at_ + ahead] : '\0';
  }
  /// Bytes of the letter or digit at `at`, 0 if there is none; ASCII is one byte.
  size_t letterLength(size_t at, bool first) const;
  SourceRange range(size_t begin, size_t end) const {
    return {file_, static_cast<uint32_t>(begin), static_cast<uint32_t>(end)};
  }

  std::string_view text_;
  FileId file_;
  Arena &arena_;
  DiagnosticEngine &engine_;
  size_t at_ = 0;
  bool pendingNewline_ = false;
  std::string doc_;
  bool hasDoc_ = false;
  std::vector<uint32_t> open_;
  std::array<uint32_t, 3> openCount_{}; ///< of each kind of bracket
  TokenStream out_;
};

/// 0 for parentheses, 1 for brackets, 2 for braces.
size_t bracketIndex(TokenKind kind) {
  if (kind == TokenKind::LeftParen || kind == TokenKind::RightParen)
    return 0;
  return kind == TokenKind::LeftBracket || kind == TokenKind::RightBracket ? 1 : 2;
}

void Lexer::push(TokenKind kind, size_t begin) {
  // A newline counts unless the next line begins with `|>` or `else`.
  if (pendingNewline_ && kind != TokenKind::Pipe && kind != TokenKind::Else)
    out_.tokens.push_back({TokenKind::Newline, static_cast<uint32_t>(begin),
                           static_cast<uint32_t>(begin), Token::none});
  pendingNewline_ = false;
  finishDoc();
  out_.tokens.push_back(
      {kind, static_cast<uint32_t>(begin), static_cast<uint32_t>(at_), Token::none});
}

void Lexer::finishDoc() {
  if (hasDoc_)
    out_.docs.emplace_back(static_cast<uint32_t>(out_.tokens.size()),
                           arena_.copy(std::string_view(doc_)));
  hasDoc_ = false;
  doc_.clear();
}

void Lexer::newline() {
  ++at_;
  if (out_.tokens.empty() || continuesLine(out_.tokens.back().kind))
    return;
  bool inBrackets = !open_.empty() && out_.tokens[open_.back()].kind != TokenKind::LeftBrace;
  if (!inBrackets)
    pendingNewline_ = true;
}

void Lexer::comment() {
  size_t begin = at_;
  size_t end = std::min(text_.find('\n', at_), text_.size());
  at_ = end;
  while (text_[end - 1] == ' ' || text_[end - 1] == '\t' || text_[end - 1] == '\r')
    --end;
  std::string_view body = text_.substr(begin, end - begin);
  bool doc = body.starts_with("///") && !body.starts_with("////");
  out_.comments.push_back({doc, range(begin, end)});
  if (!doc)
    return;
  body.remove_prefix(3);
  if (body.starts_with(' '))
    body.remove_prefix(1);
  if (hasDoc_)
    doc_ += '\n';
  doc_ += body;
  hasDoc_ = true;
}

size_t Lexer::letterLength(size_t at, bool first) const {
  if (at >= text_.size())
    return 0;
  char c = text_[at];
  if (isAsciiLetter(c) || c == '_' || (!first && isDigit(c)))
    return 1;
  if (static_cast<unsigned char>(c) < 0x80)
    return 0;
  utf8proc_int32_t point = -1;
  auto length = utf8proc_iterate(reinterpret_cast<const utf8proc_uint8_t *>(text_.data() + at),
                                 static_cast<utf8proc_ssize_t>(text_.size() - at), &point);
  if (length <= 0)
    return 0;
  switch (utf8proc_category(point)) {
  case UTF8PROC_CATEGORY_LU:
  case UTF8PROC_CATEGORY_LL:
  case UTF8PROC_CATEGORY_LT:
  case UTF8PROC_CATEGORY_LM:
  case UTF8PROC_CATEGORY_LO:
    return static_cast<size_t>(length);
  case UTF8PROC_CATEGORY_MN:
  case UTF8PROC_CATEGORY_MC:
  case UTF8PROC_CATEGORY_ND:
    return first ? 0 : static_cast<size_t>(length);
  default:
    return 0;
  }
}

void Lexer::name() {
  size_t begin = at_;
  for (size_t length = letterLength(at_, true); length != 0; length = letterLength(at_, false))
    at_ += length;
  std::string_view spelling = text_.substr(begin, at_ - begin);
  if (spelling == "_")
    return push(TokenKind::Underscore, begin);
  for (const Spelling &word : words)
    if (word.text == spelling)
      return push(word.kind, begin);
  push(TokenKind::Name, begin);
}

void Lexer::number() {
  size_t begin = at_;
  bool bad = false;
  auto digits = [&] {
    bool lastDigit = false;
    while (isDigit(peek()) || peek() == '_') {
      bad |= peek() == '_' && !(lastDigit && isDigit(peek(1)));
      lastDigit = isDigit(peek());
      ++at_;
    }
  };
  bool real = false;
  digits();
  if (peek() == '.' && isDigit(peek(1))) {
    real = true;
    ++at_;
    digits();
  }
  bool exponent = (peek() == 'e' || peek() == 'E') &&
                  (isDigit(peek(1)) || ((peek(1) == '+' || peek(1) == '-') && isDigit(peek(2))));
  if (exponent) {
    real = true;
    at_ += 2;
    digits();
  }
  size_t numberEnd = at_;
  while (size_t length = letterLength(at_, false))
    at_ += length;
  if (at_ != numberEnd || bad) {
    auto error = engine_.error(Code::BadNumber, range(begin, at_),
                               "`" + std::string(text_.substr(begin, at_ - begin)) +
                                   "` is neither a number nor a name");
    if (at_ != numberEnd)
      error.help("a name begins with a letter or `_`; a product is written `2 * x`");
    else
      error.help("`_` stands between two digits: `10_000`");
    return push(TokenKind::Error, begin);
  }
  push(real ? TokenKind::Real : TokenKind::Integer, begin);
}

void Lexer::string() {
  size_t begin = at_++;
  while (at_ < text_.size() && peek() != '"' && peek() != '\n')
    at_ += peek() == '\\' && peek(1) != '\n' && at_ + 1 < text_.size() ? 2 : 1;
  if (peek() != '"') {
    size_t end = at_;
    if (end > begin + 1 && text_[end - 1] == '\r')
      --end;
    engine_.error(Code::UnterminatedString, range(begin, end), "this string has no end")
        .help("a string ends with `\"` on the line it began on; `\\n` is a line's end in it")
        .done();
    return push(TokenKind::Error, begin);
  }
  ++at_;
  push(TokenKind::String, begin);
}

bool Lexer::sign() {
  const Spelling *best = nullptr;
  for (const Spelling &candidate : signs)
    if (candidate.text.front() == peek() && text_.substr(at_).starts_with(candidate.text) &&
        (!best || candidate.text.size() > best->text.size()))
      best = &candidate;
  if (!best)
    return false;
  size_t begin = at_;
  at_ += best->text.size();
  switch (best->kind) {
  case TokenKind::LeftParen:
  case TokenKind::LeftBracket:
  case TokenKind::LeftBrace:
    push(best->kind, begin);
    open(best->kind);
    break;
  case TokenKind::RightParen:
  case TokenKind::RightBracket:
  case TokenKind::RightBrace:
    push(best->kind, begin);
    close(best->kind);
    break;
  default:
    push(best->kind, begin);
  }
  return true;
}

void Lexer::open(TokenKind kind) {
  open_.push_back(static_cast<uint32_t>(out_.tokens.size() - 1));
  ++openCount_[bracketIndex(kind)];
}

void Lexer::reportUnclosed(uint32_t token) {
  const Token &bracket = out_.tokens[token];
  engine_
      .error(Code::UnclosedBracket, range(bracket.begin, bracket.end),
             "this `" + std::string(tokenText(bracket.kind)) + "` is never closed")
      .done();
}

void Lexer::close(TokenKind kind) {
  auto index = static_cast<uint32_t>(out_.tokens.size() - 1);
  Token &token = out_.tokens[index];
  if (openCount_[bracketIndex(kind)] == 0) {
    token.kind = TokenKind::Error;
    if (!engine_.isFull())
      engine_
          .error(Code::UnclosedBracket, range(token.begin, token.end),
                 "this `" + std::string(tokenText(kind)) + "` closes nothing")
          .done();
    return;
  }
  // Brackets that were opened since the partner stay open: report the outermost of them.
  uint32_t unclosed = Token::none;
  for (;;) {
    uint32_t candidate = open_.back();
    open_.pop_back();
    size_t candidateIndex = bracketIndex(out_.tokens[candidate].kind);
    --openCount_[candidateIndex];
    if (candidateIndex == bracketIndex(kind)) {
      out_.tokens[candidate].partner = index;
      token.partner = candidate;
      break;
    }
    unclosed = candidate;
  }
  if (unclosed != Token::none && !engine_.isFull())
    reportUnclosed(unclosed);
}

void Lexer::badBytes() {
  size_t begin = at_;
  utf8proc_int32_t point = -1;
  while (at_ < text_.size() && static_cast<unsigned char>(text_[at_]) >= 0x80 &&
         utf8proc_iterate(reinterpret_cast<const utf8proc_uint8_t *>(text_.data() + at_),
                          static_cast<utf8proc_ssize_t>(text_.size() - at_), &point) <= 0)
    ++at_;
  if (!engine_.isFull())
    engine_.error(Code::BadEncoding, range(begin, at_), "these bytes are not UTF-8")
        .help("save the file as UTF-8")
        .done();
  push(TokenKind::Error, begin);
}

/// What people write who come from other languages.
std::string_view foreignSign(std::string_view rest) {
  if (rest.starts_with(";"))
    return "a statement ends with its line";
  if (rest.starts_with("'"))
    return "strings are written with `\"`";
  if (rest.starts_with("#"))
    return "a comment begins with `//`";
  if (rest.starts_with("&&"))
    return "write `and`";
  if (rest.starts_with("!"))
    return "write `not`";
  if (rest.starts_with("^"))
    return "a power is written `**`";
  return "";
}

void Lexer::unknown() {
  size_t begin = at_;
  utf8proc_int32_t point = -1;
  auto length = utf8proc_iterate(reinterpret_cast<const utf8proc_uint8_t *>(text_.data() + at_),
                                 static_cast<utf8proc_ssize_t>(text_.size() - at_), &point);
  if (length <= 0)
    return badBytes();
  std::string_view help = foreignSign(text_.substr(at_));
  at_ += text_.substr(at_).starts_with("&&") ? 2 : static_cast<size_t>(length);
  if (!engine_.isFull()) {
    bool printable = point >= 0x20 && point != 0x7F;
    auto error = engine_.error(Code::UnknownCharacter, range(begin, at_),
                               printable ? "`" + std::string(text_.substr(begin, at_ - begin)) +
                                               "` means nothing in a program"
                                         : "a control character means nothing in a program");
    if (!help.empty())
      error.help(std::string(help));
  }
  push(TokenKind::Error, begin);
}

void Lexer::next() {
  char c = peek();
  if (c == '\n')
    return newline();
  if (c == ' ' || c == '\t' || c == '\r') {
    ++at_;
    return;
  }
  if (c == '/' && peek(1) == '/')
    return comment();
  if (isDigit(c))
    return number();
  if (c == '"')
    return string();
  if (letterLength(at_, true) != 0)
    return name();
  if (!sign())
    unknown();
}

TokenStream Lexer::run() {
  if (text_.size() > SourceManager::maxFileSize) {
    engine_.error(Code::FileTooLarge, range(0, 0), "a file of a program has at most 1 MiB")
        .help("divide it into files that are imported; tables of numbers belong into a data set")
        .done();
    at_ = text_.size();
  }
  if (text_.starts_with("\xEF\xBB\xBF"))
    at_ = 3;
  while (at_ < text_.size() && !engine_.isFull())
    next();
  if (!open_.empty() && !engine_.isFull())
    reportUnclosed(open_.back());
  push(TokenKind::End, text_.size());
  return std::move(out_);
}

} // namespace

std::string_view tokenText(TokenKind kind) {
  for (const Spelling &word : words)
    if (word.kind == kind)
      return word.text;
  for (const Spelling &sign : signs)
    if (sign.kind == kind)
      return sign.text;
  switch (kind) {
  case TokenKind::Name:
    return "a name";
  case TokenKind::Underscore:
    return "_";
  case TokenKind::Integer:
  case TokenKind::Real:
    return "a number";
  case TokenKind::String:
    return "a string";
  case TokenKind::Newline:
    return "the end of the line";
  case TokenKind::End:
    return "the end of the file";
  default:
    return "this";
  }
}

bool isReservedWord(TokenKind kind) {
  for (const Spelling &word : words)
    if (word.kind == kind)
      return true;
  return false;
}

TokenStream lex(const SourceManager &sources, FileId file, Arena &arena, DiagnosticEngine &engine) {
  return Lexer(sources, file, arena, engine).run();
}

} // namespace tenon
