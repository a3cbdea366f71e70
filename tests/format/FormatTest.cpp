//===- FormatTest.cpp - One layout, and the same program ------------------===//
#include "frontend/format/Format.h"
#include "tests/format/RandomSource.h"
#include "tests/syntax/Parsing.h"

#include <gtest/gtest.h>

#include <chrono>

using namespace tenon;
using namespace tenon::test;

namespace {

/// The layout of a program; empty, with the errors as a failure, if it has any.
std::string formatted(const std::string &text, const std::string &name = "test.tn") {
  SourceManager sources;
  DiagnosticEngine engine;
  std::optional<std::string> result = format::format(sources, sources.add(name, text), engine);
  EXPECT_TRUE(result) << renderAll(sources, engine) << text;
  return result.value_or("");
}

bool hasSyntaxErrors(const std::string &text) { return Parsed(text).engine.hasErrors(); }

void expectGoodLayout(const std::string &text, const std::string &name) {
  std::string once = formatted(text, name);
  EXPECT_TRUE(format::sameMeaning(text, once)) << name << "\n" << text << "\n=>\n" << once;
  EXPECT_EQ(formatted(once, name), once) << name << "\n" << text;
  EXPECT_EQ(once.find(" \n"), std::string::npos) << name << "\n" << once;
  EXPECT_EQ(once.find("\n\n\n"), std::string::npos) << name << "\n" << once;
}

TEST(Format, EveryProgramOfTheRepositoryHasIts) {
  size_t count = 0;
  for (const char *folder : {"frontend/std", "examples", "tests", "bench"})
    for (const auto &path : filesIn(sourceDir() / folder, ".tn")) {
      std::string text = readFile(path);
      if (hasSyntaxErrors(text))
        continue;
      ++count;
      expectGoodLayout(text, path.string());
      EXPECT_EQ(formatted(text), text) << "tenon fmt " << path;
    }
  EXPECT_GE(count, 100u);
}

// Under the sanitizers everything takes ten times as long.
#if __has_feature(address_sanitizer)
constexpr uint64_t programs = 100;
constexpr size_t largeFile = 100'000;
#else
constexpr uint64_t programs = 1000;
constexpr size_t largeFile = 150'000;
#endif

TEST(Format, RandomProgramsKeepTheirMeaning) {
  for (uint64_t seed = 0; seed < programs; ++seed) {
    std::string text = write(randomProgram(seed), {true, true, true}, seed);
    ASSERT_FALSE(hasSyntaxErrors(text)) << Parsed(text).errors();
    expectGoodLayout(text, "seed " + std::to_string(seed));
    if (HasFailure())
      return;
  }
}

/// Only the author's decisions make a difference.
TEST(Format, RandomLayoutsBecomeOne) {
  for (uint64_t seed = 0; seed < programs / 2; ++seed) {
    std::vector<Piece> program = randomProgram(seed);
    std::string plain = formatted(write(program, {}, seed));
    ASSERT_EQ(formatted(write(program, {true}, seed + 1)), plain) << seed;
  }
}

/// Cases are pairs, divided by a line `---`, that stand for themselves.
TEST(Format, Cases) {
  for (const auto &path : filesIn(sourceDir() / "tests/format/cases", ".txt")) {
    std::string text = readFile(path);
    size_t middle = text.find("---\n");
    ASSERT_NE(middle, std::string::npos) << path;
    EXPECT_EQ(formatted(text.substr(0, middle)), text.substr(middle + 4)) << path;
  }
}

TEST(Format, LeavesMistakenProgramsAlone) {
  SourceManager sources;
  DiagnosticEngine engine;
  FileId file = sources.add("test.tn", "fn f(x: f32 = x\n");
  EXPECT_FALSE(format::format(sources, file, engine));
  EXPECT_TRUE(engine.hasErrors());
}

TEST(Format, DeepAndLargePrograms) {
  std::string deep = "fn f(x: f32) -> f32 = " + std::string(100, '(') + "x" + std::string(100, ')');
  expectGoodLayout(deep + "\n", "deep");
  std::string wide = "let list = [1";
  std::string sum = "fn f(x: f32) -> f32 {\n";
  while (wide.size() < largeFile)
    wide += ", 1.5, x(a, b)[c]";
  while (sum.size() < largeFile)
    sum += "  let y[i] = if a[i] > 0.0 { sum[j] b[i, j] * c[j] } else { x |> f |> g(1) } // c\n";
  auto start = std::chrono::steady_clock::now();
  std::string result = formatted(wide + "]\n" + sum + "  y\n}\n");
  auto taken = std::chrono::steady_clock::now() - start;
  EXPECT_GT(result.size(), 2 * largeFile);
  // A quadratic step anywhere would take minutes.
  EXPECT_LT(std::chrono::duration<double>(taken).count(), 60.0);
}

} // namespace
