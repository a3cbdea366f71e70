//===- ErrorTest.cpp - Broken programs and what is said about them --------===//
#include "tests/check/Harness.h"

#include <gtest/gtest.h>

#include <algorithm>
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
  ASSERT_GE(names().size(), 120u);
  for (const std::string &name : names()) {
    fs::path expected = folder() / (name + ".expected");
    EXPECT_TRUE(fs::exists(expected)) << "tests/error/update BUILD_FOLDER " << name;
    EXPECT_EQ(diagnosticsOf(name), read(expected)) << name;
  }
}

/// The program with every suggested edit made, and how many diagnostics suggest one.
static std::pair<std::string, size_t> mended(const Checking &checking, std::string text) {
  std::vector<Label> fixes;
  size_t count = 0;
  for (const Diagnostic &diagnostic : checking.engine.sorted()) {
    count += !diagnostic.fixes.empty();
    for (const Label &fix : diagnostic.fixes)
      if (!std::count(fixes.begin(), fixes.end(), fix))
        fixes.push_back(fix);
  }
  std::sort(fixes.begin(), fixes.end(),
            [](auto &a, auto &b) { return a.range.begin > b.range.begin; });
  for (const Label &fix : fixes)
    text.replace(fix.range.begin, fix.range.end - fix.range.begin, fix.text);
  return {text, count};
}

TEST(Error, SuggestionsCompileWhenApplied) {
  size_t all = 0;
  for (const std::string &name : names()) {
    auto before = Checking::text(read(folder() / (name + ".tn")));
    if (!before->module)
      continue;
    checkFile(before->modules, *before->module, before->engine);
    auto [text, count] = mended(*before, read(folder() / (name + ".tn")));
    if (!count)
      continue;
    std::unique_ptr<Checking> after;
    // A conversion may be followed by the one back.
    for (int round = 0; round < 3; ++round) {
      after = Checking::text(text);
      ASSERT_TRUE(after->module) << name << "\n" << text;
      checkFile(after->modules, *after->module, after->engine);
      text = mended(*after, text).first;
    }
    EXPECT_LE(after->engine.errorCount(), before->engine.errorCount() - count)
        << name << "\n"
        << text << "\n"
        << after->diagnostics();
    all += count;
  }
  EXPECT_GE(all, 25u);
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
