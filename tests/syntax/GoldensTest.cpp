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

/// Codes of later stages whose tests are still to be written.
const std::set<std::string> pending = {
    "E0201", "E0202", "E0203", "E0204", "E0205", "E0206", "E0207", "E0208", "E0209", "E0210",
    "E0211", "E0212", "E0213", "E0214", "E0215", "E0216", "E0217", "E0218", "E0219", "E0220",
    "E0221", "E0222", "E0223", "E0224", "E0225", "E0226", "E0227", "E0228", "E0229", "E0230",
    "E0301", "E0302", "E0303", "E0304", "E0305", "E0306", "E0307", "E0308", "E0309", "E0310",
    "E0311", "E0312", "E0313", "E0314", "E0315", "E0316", "E0317", "E0318", "E0319", "E0320",
    "E0401", "E0402", "E0403", "E0404", "E0405", "E0501", "E0502", "E0503", "E0504", "E0505",
    "E0506", "E0507", "E0508", "E0509", "E0510", "E0511", "E0512", "E0601", "E0703", "E0704",
    "E0705", "E0706", "E0707"};

TEST(Codes, EveryRegisteredOneIsSeenInATest) {
  std::string seen;
  for (const char *ending : {".expected", ".cpp", ".test", ".tn", ".mlir"})
    for (const auto &path : filesIn(sourceDir() / "tests", ending))
      if (path.filename() != "GoldensTest.cpp")
        seen += readFile(path);
  for (Code code : allCodes()) {
    std::string text(codeText(code));
    bool found = seen.find(text) != std::string::npos;
    EXPECT_TRUE(found || pending.contains(text)) << text << ": " << codeMeaning(code);
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
