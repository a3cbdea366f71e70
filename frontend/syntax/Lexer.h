//===- Lexer.h - From text to tokens ----------------------------*- C++ -*-===//
#pragma once

#include "frontend/diagnostics/Diagnostics.h"
#include "frontend/syntax/AST.h"

#include <string_view>
#include <utility>
#include <vector>

namespace tenon {

enum class TokenKind : uint8_t {
#define TENON_WORD(KIND, TEXT) KIND,
#define TENON_SIGN(KIND, TEXT) KIND,
#define TENON_OPERATOR(KIND, TEXT) KIND,
#include "frontend/syntax/Tokens.def"
#undef TENON_WORD
#undef TENON_SIGN
#undef TENON_OPERATOR
  Name,
  Underscore,
  Integer,
  Real,
  String,
  Newline, ///< ends a statement; never two in a row, never first
  End,
  Error, ///< text that has been reported
};

/// The text of a word or sign; a description of the other kinds.
std::string_view tokenText(TokenKind kind);
bool isReservedWord(TokenKind kind);

struct Token {
  static constexpr uint32_t none = ~0u;

  TokenKind kind = TokenKind::End;
  uint32_t begin = 0;
  uint32_t end = 0;
  /// Of a bracket: the index of its other half; none if it has none, which has been reported.
  uint32_t partner = none;
};

struct TokenStream {
  std::vector<Token> tokens; ///< the last one is End
  std::vector<ast::Comment> comments;
  /// The doc comments: the index of the token that follows, and the text.
  std::vector<std::pair<uint32_t, std::string_view>> docs;
};

/// Splits a file into tokens and pairs its brackets; doc texts go to `arena`.
TokenStream lex(const SourceManager &sources, FileId file, Arena &arena, DiagnosticEngine &engine);

} // namespace tenon
