// Programs with random mistakes: the checker ends soon, with messages and without a crash. After a
// crash, the program is in the file that TENON_FUZZ_SAVE named; TENON_FUZZ_ROUNDS sets how many.
#include "tests/syntax/Parsing.h"

#include "frontend/check/Check.h"
#include "frontend/syntax/Lexer.h"

#include <gtest/gtest.h>

#include <chrono>
#include <random>

namespace {

using namespace tenon;
using namespace tenon::test;

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

TEST(Check, SurvivesRandomMistakes) {
  size_t rounds = 12;
  if (const char *text = std::getenv("TENON_FUZZ_ROUNDS"))
    rounds = std::strtoul(text, nullptr, 10);
  auto files = filesIn(sourceDir() / "tests/syntax/programs", ".tn");
  for (const char *folder : {"frontend/std", "examples"})
    for (const auto &path : filesIn(sourceDir() / folder, ".tn"))
      files.push_back(path);
  size_t wrong = 0, all = 0;
  for (const auto &path : files)
    for (uint32_t seed = 0; seed < rounds; ++seed) {
      std::string text = Mutator(readFile(path), seed).mutate();
      if (const char *save = std::getenv("TENON_FUZZ_SAVE"))
        std::ofstream(save) << text;
      SourceManager sources;
      DiagnosticEngine engine;
      check::Modules modules(sources, engine);
      auto start = std::chrono::steady_clock::now();
      if (check::Module *module = modules.loadText("test.tn", text))
        check::checkFile(modules, *module, engine);
      double seconds =
          std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
      EXPECT_LT(seconds, 10) << path << ", seed " << seed << "\n" << text;
      (void)renderAll(sources, engine);
      (void)toJson(sources, engine);
      wrong += engine.hasErrors();
      ++all;
    }
  // Else the mistakes were none.
  EXPECT_GT(wrong, all / 2);
}

} // namespace
