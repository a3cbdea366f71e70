//===- ErrorTest.cpp - Broken programs and what is said about them --------===//
#include "tests/check/Harness.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <sstream>

using namespace tenon;
using namespace tenon::check;
namespace fs = std::filesystem;

static fs::path folder() {
  const char *source = getenv("TENON_SOURCE_DIR");
  return fs::path(source ? source : ".") / "tests" / "error";
}

static std::string read(const fs::path &path) {
  std::ifstream file(path);
  std::stringstream text;
  text << file.rdbuf();
  return text.str();
}

static std::vector<std::string> names() {
  std::vector<std::string> result;
  for (auto &entry : fs::directory_iterator(folder()))
    if (entry.path().extension() == ".tn")
      result.push_back(entry.path().stem());
  std::sort(result.begin(), result.end());
  return result;
}

/// What `tests/error/update` writes: messages name files as seen from their folder.
static std::string diagnosticsOf(const std::string &name) {
  fs::path before = fs::current_path();
  fs::current_path(folder());
  auto checking = Checking::file(name + ".tn");
  checking->check();
  fs::current_path(before);
  return checking->diagnostics();
}

TEST(Error, EveryBrokenProgramSaysExactlyWhatIsExpected) {
  ASSERT_GE(names().size(), 40u);
  for (const std::string &name : names()) {
    fs::path expected = folder() / (name + ".expected");
    EXPECT_TRUE(fs::exists(expected)) << "tests/error/update BUILD_FOLDER " << name;
    EXPECT_EQ(diagnosticsOf(name), read(expected)) << name;
  }
}

/// Codes that the checker has no broken program for, because another test shows them.
static bool isShownElsewhere(Code code) {
  std::string_view text = codeText(code);
  return text < "E0200" || text == "E0701" || text == "E0702" || text == "E0703" ||
         code == Code::NotAnInput;
}

TEST(Error, EveryRegisteredMistakeIsSeen) {
  std::string all;
  for (const std::string &name : names())
    all += read(folder() / (name + ".expected"));
  for (Code code : allCodes())
    if (!isShownElsewhere(code))
      EXPECT_NE(all.find("[" + std::string(codeText(code)) + "]"), std::string::npos)
          << codeText(code) << ": " << codeMeaning(code);
}
