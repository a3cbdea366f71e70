//===- Mutator.h - Programs with random mistakes ----------------*- C++ -*-===//
#pragma once

#include "frontend/syntax/Lexer.h"

#include <algorithm>
#include <random>
#include <string>
#include <vector>

namespace tenon::test {

/// Changes tokens of a program: the same seed makes the same mistakes.
class Mutator {
public:
  Mutator(std::string text, uint32_t seed) : text_(std::move(text)), random_(seed) {
    SourceManager sources;
    DiagnosticEngine engine;
    Arena arena;
    FileId file = sources.add("test.tn", text_);
    for (const Token &token : lex(sources, file, arena, engine).tokens)
      if (token.end > token.begin)
        tokens_.push_back(token);
  }

  /// The text with one to three mistakes.
  std::string mutate() {
    // From the back, so that earlier places stay where they are.
    std::vector<size_t> places;
    for (size_t i = 0; i < 1 + random_() % 3; ++i)
      places.push_back(random_() % tokens_.size());
    std::sort(places.rbegin(), places.rend());
    std::string result = text_;
    for (size_t place : places) {
      const Token &token = tokens_[place];
      result.replace(token.begin, token.end - token.begin, replacement(token));
    }
    return result;
  }

private:
  std::string textOf(const Token &token) const {
    return text_.substr(token.begin, token.end - token.begin);
  }
  std::string replacement(const Token &token) {
    const Token &other = tokens_[random_() % tokens_.size()];
    switch (random_() % 6) {
    case 0:
      return "";
    case 1:
      return textOf(other);
    case 2:
      return textOf(token) + " " + textOf(token);
    case 3: {
      const char *words[] = {"0",        "-1",    "1.5",  "_",   "x",     "true",
                             "(1, 2)",   "[1]",   "f32",  "i32", "\"s\"", "zeros()",
                             "training", "model", "tree", "..."};
      return words[random_() % std::size(words)];
    }
    default: {
      // One of the same kind: most of these are mistakes of meaning.
      for (int tries = 0; tries < 50; ++tries) {
        const Token &same = tokens_[random_() % tokens_.size()];
        if (same.kind == token.kind && textOf(same) != textOf(token))
          return textOf(same);
      }
      return textOf(token);
    }
    }
  }

  std::string text_;
  std::mt19937 random_;
  std::vector<Token> tokens_;
};

} // namespace tenon::test
