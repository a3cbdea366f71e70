// tests/error/syntax: every broken program gives exactly the messages beside it. With
// TENON_UPDATE_GOLDENS=1 the messages are written anew; read the difference before committing it.
#include "Parsing.h"

#include <gtest/gtest.h>

#include <set>

namespace {

using namespace tenon;
using namespace tenon::test;

TEST(SyntaxErrors, MatchTheirGoldens) {
  bool update = std::getenv("TENON_UPDATE_GOLDENS") != nullptr;
  auto programs = filesIn(sourceDir() / "tests/error/syntax", ".tn");
  ASSERT_GE(programs.size(), 20u);
  for (const auto &path : programs) {
    Parsed parsed(readFile(path), path.filename().string());
    std::string shown = parsed.errors();
    EXPECT_TRUE(parsed.engine.hasErrors()) << path;
    std::filesystem::path golden = path;
    golden.replace_extension(".expected");
    if (update)
      std::ofstream(golden, std::ios::binary) << shown;
    EXPECT_EQ(shown, readFile(golden)) << path;
  }
}

/// Codes that another stage will report; each leaves this list with its first test.
const std::set<std::string> pending = {"E0703"};

TEST(Codes, EveryRegisteredOneIsSeenInATest) {
  std::string seen;
  for (const char *ending : {".expected", ".cpp", ".test", ".tn", ".mlir"})
    for (const auto &path : filesIn(sourceDir() / "tests", ending))
      if (path.filename() != "GoldensTest.cpp")
        seen += readFile(path);
  for (Code code : allCodes()) {
    std::string text(codeText(code));
    bool found = seen.find(text) != std::string::npos;
    EXPECT_NE(found, pending.contains(text)) << text << ": " << codeMeaning(code);
  }
}

TEST(Codes, AreDistinct) {
  std::set<std::string_view> texts;
  for (Code code : allCodes()) {
    EXPECT_TRUE(texts.insert(codeText(code)).second) << codeText(code);
    EXPECT_FALSE(codeMeaning(code).empty());
  }
}

} // namespace
