// Whole programs: they parse, their dump is a fixed point, and no damage to them crashes the
// parser.
#include "Parsing.h"

#include "frontend/std/Library.h"

#include <gtest/gtest.h>

#include <chrono>
#include <random>

namespace {

using namespace tenon;
using namespace tenon::test;

#if defined(__has_feature) && __has_feature(address_sanitizer)
constexpr bool sanitized = true; // ten times as slow
#else
constexpr bool sanitized = false;
#endif

std::vector<std::filesystem::path> programs() {
  std::vector<std::filesystem::path> all = filesIn(sourceDir() / "tests/syntax/programs", ".tn");
  for (const auto &path : filesIn(sourceDir() / "frontend/std", ".tn"))
    all.push_back(path);
  return all;
}

TEST(Programs, ParseWithoutError) {
  ASSERT_GE(programs().size(), 14u);
  for (const auto &path : programs()) {
    Parsed parsed(readFile(path), path.filename().string());
    EXPECT_EQ(parsed.errors(), "");
    EXPECT_FALSE(parsed.file->decls.empty()) << path;
  }
}

TEST(Library, IsInTheBinaryAsItIsInTheFolder) {
  auto files = filesIn(sourceDir() / "frontend/std", ".tn");
  ASSERT_EQ(files.size(), libraryNames().size());
  for (const auto &path : files)
    EXPECT_EQ(libraryText(path.stem().string()), readFile(path)) << path;
  EXPECT_FALSE(libraryText("none").has_value());
}

TEST(Programs, DumpIsAFixedPoint) {
  for (const auto &path : programs()) {
    Parsed first(readFile(path), path.filename().string());
    std::string text = dump(*first.file);
    Parsed second(text, path.filename().string());
    EXPECT_EQ(second.errors(), "") << text;
    EXPECT_EQ(dump(*second.file), text);
  }
}

TEST(Programs, EveryTruncationIsSurvived) {
  for (const auto &path : programs()) {
    std::string text = readFile(path);
    for (size_t length = 0; length < text.size(); length += sanitized ? 7 : 1) {
      Parsed parsed(text.substr(0, length));
      // A token is never dropped in silence: what is left out has been reported.
      if (!parsed.engine.hasErrors()) {
        EXPECT_EQ(Parsed(dump(*parsed.file)).errors(), "") << path << " cut at " << length;
      }
      if (length % 17 == 0)
        (void)parsed.errors();
    }
  }
}

TEST(Programs, RandomDamageIsSurvived) {
  std::mt19937 random(20240611);
  const std::string alphabet = "(){}[],=|>.:\"\n _*-/x0\xC3\xFF";
  for (const auto &path : programs()) {
    const std::string text = readFile(path);
    for (int round = 0; round < (sanitized ? 30 : 150); ++round) {
      std::string damaged = text;
      for (int i = 0; i < 1 + round % 7; ++i) {
        size_t at = random() % damaged.size();
        char c = alphabet[random() % alphabet.size()];
        switch (random() % 3) {
        case 0:
          damaged[at] = c;
          break;
        case 1:
          damaged.insert(at, 1, c);
          break;
        default:
          damaged.erase(at, 1 + random() % 40);
        }
        if (damaged.empty())
          damaged = "x";
      }
      Parsed parsed(damaged);
      (void)dump(*parsed.file);
      (void)parsed.errors();
      (void)toJson(parsed.sources, parsed.engine);
    }
  }
}

double secondsToParse(const std::string &text) {
  auto start = std::chrono::steady_clock::now();
  Parsed parsed(text);
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

/// `part` repeated to about `size` bytes.
std::string repeated(const std::string &part, size_t size) {
  std::string text;
  text.reserve(size + part.size());
  while (text.size() < size)
    text += part;
  return text;
}

TEST(Programs, MegabytesOfAnythingAreQuick) {
  constexpr size_t size = sanitized ? 200'000 : 1'000'000;
  // Generous for a sanitizer build on a busy machine; a quadratic parser would need hours.
  constexpr double limit = 10;
  for (std::string part : {"(",       ")",           "()",           "[",        "{",    "}",
                           "(]",      "{(",          "if",           "-",        "not ", "x\n",
                           "a.",      "|> f ",       "(if c { x ) ", "let x = ", "\"",   "\n",
                           "fn f(",   "model M {\n", "\xFF",         "\xFF ",    "1 ",   "/// x\n",
                           "sum[i] ", "x[",          "a + "}) {
    EXPECT_LT(secondsToParse(repeated(part, size)), limit) << part;
    EXPECT_LT(secondsToParse("fn f() {\n" + repeated(part, size)), limit) << part;
    EXPECT_LT(secondsToParse("let x = " + repeated(part, size)), limit) << part;
  }
}

} // namespace
