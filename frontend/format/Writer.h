//===- Writer.h - Tokens and comments into a layout -------------*- C++ -*-===//
//
// Goes through a file's tokens in order. Comments come out between the same tokens as they stand
// in the source (one before a comma behind it), each followed by a line end.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "frontend/format/Layout.h"
#include "frontend/syntax/Lexer.h"

namespace tenon::format {

class Writer {
public:
  Writer(std::string_view text, const TokenStream &stream) : text_(text), stream_(stream) {
    skipNewlines();
  }

  // The next token.
  const Token &next() const { return stream_.tokens[at_]; }
  bool at(TokenKind kind) const { return next().kind == kind; }
  bool atWord(std::string_view word) const { return at(TokenKind::Name) && nextText() == word; }
  std::string_view nextText() const { return textOf(next()); }
  const Token &partnerOf(const Token &bracket) const { return stream_.tokens[bracket.partner]; }
  const Token &tokenAfter() const;
  /// A line end stands between the next token and the one before it, or the one after it.
  bool startsLine() const;
  bool endsLine() const;
  /// The next statement doesn't follow directly: an empty line or a comment stands between.
  bool startsAnew() const;
  /// A comment stands before the next token, or right after it.
  bool hasComments() const;
  bool commentFollows() const;
  /// Pairs of parentheses that open here one in the other and close together. `inner`: without the
  /// innermost.
  size_t parenthesesAhead(bool inner) const;

  /// Writes the next token, with nothing before it but its comments.
  void token();
  /// The next token, a comma, with the comments before it left for what follows.
  void comma();
  /// The same where the comma is written by other means, or not at all.
  void skipComma();
  void space() { layout.text(" "); }

  // Breaks, which take in the comments before the next token.
  void line(std::string_view flat = " ");
  void fill();
  /// `blank`: an empty line of the source stays one.
  void hard(bool blank = true);
  /// Opens an Assigned or AssignedHere group and writes its break.
  void openAssigned(Group group);
  /// The comments before a closing bracket, which belong to what it closes. True if there are any;
  /// then a line must end before the bracket.
  bool commentsBeforeClosing();

  Layout layout;

private:
  std::string_view textOf(const Token &token) const {
    return text_.substr(token.begin, token.end - token.begin);
  }
  void skipNewlines();
  void advance();
  /// Line ends right before a place, up to the next text.
  unsigned lineEndsBefore(uint32_t place) const;
  /// All comments before the next token, each with its line end but the last. True if there are
  /// any.
  bool comments(bool blank);
  bool emptyLineBefore(uint32_t place) const { return lineEndsBefore(place) > 1; }

  std::string_view text_;
  const TokenStream &stream_;
  size_t at_ = 0;
  size_t comment_ = 0;
  bool started_ = false;    ///< something has been written
  bool afterBrace_ = false; ///< the last token opened a block
};

} // namespace tenon::format
