//===- DocsTest.cpp - Every program in the pages is true ------------------===//
#include "frontend/explain/Explain.h"
#include "frontend/explain/Pages.h"
#include "frontend/format/Format.h"
#include "frontend/std/Library.h"
#include "frontend/syntax/Parse.h"
#include "tests/docs/Examples.h"

#include <gtest/gtest.h>

using namespace tenon;
using namespace tenon::test;
namespace fs = std::filesystem;

static fs::path root() {
  const char *folder = getenv("TENON_SOURCE_DIR");
  return folder ? folder : ".";
}

/// The layout of a text, empty if it has syntax errors.
static std::string layoutOf(const std::string &text) {
  SourceManager sources;
  DiagnosticEngine engine;
  return format::format(sources, sources.add("program.tn", text), engine).value_or("");
}

static void expectAsPromised(const Example &example) {
  std::string shown;
  EXPECT_EQ(codesOf(example, shown), promisedCodes(example)) << example.place << "\n"
                                                             << example.program << shown;
  bool hasLayout = !example.fragment && !example.has("times") && !example.has("bytes");
  if (std::string layout = layoutOf(example.text); hasLayout && !layout.empty())
    EXPECT_EQ(example.text, layout) << example.place;
}

TEST(Pages, ProgramsAreAsTheySay) {
  std::vector<fs::path> pages{root() / "README.md"};
  for (const auto &entry : fs::directory_iterator(root() / "docs"))
    if (entry.path().extension() == ".md")
      pages.push_back(entry.path());
  size_t count = 0;
  for (const fs::path &page : pages)
    for (const Example &example : examplesOf(page, fs::relative(page, root()).string())) {
      ++count;
      if (!example.has("signature"))
        expectAsPromised(example);
    }
  EXPECT_GE(count, 30u);
}

TEST(Library, EveryDeclarationIsDescribed) {
  for (std::string_view name : libraryNames()) {
    SourceManager sources;
    DiagnosticEngine engine;
    auto file =
        parse(sources, sources.add(std::string(name), std::string(*libraryText(name))), engine);
    for (const ast::Decl *decl : file->decls)
      if (decl->name)
        EXPECT_FALSE(decl->doc.empty()) << name << "." << decl->name.text << " has no `///`";
  }
}

TEST(Explanations, EveryCodeHasAPageWithItsMeaning) {
  size_t count = 0;
  for (Code code : allCodes()) {
    ++count;
    std::string text(codeText(code));
    auto page = explanationText(text);
    ASSERT_TRUE(page) << "docs/errors/" << text << ".md: " << codeMeaning(code);
    std::string heading = "# " + text + ": " + std::string(codeMeaning(code)) + "\n\n";
    EXPECT_TRUE(page->starts_with(heading)) << text << " should begin with\n" << heading;
  }
  EXPECT_EQ(explanationNames().size(), count) << "a page of no code";
}

TEST(Explanations, OneProgramFailsAndOneIsMended) {
  for (Code code : allCodes()) {
    std::string name = "docs/errors/" + std::string(codeText(code)) + ".md";
    std::vector<Example> examples = examplesOf(root() / name, name);
    ASSERT_EQ(examples.size(), 2u) << name;
    for (const Example &example : examples)
      expectAsPromised(example);
    EXPECT_EQ(examples[0].word("error"), codeText(code)) << name;
    EXPECT_TRUE(promisedCodes(examples[1]).empty()) << name;
  }
}

TEST(Explanations, CodesAreFoundAsPeopleWriteThem) {
  for (const char *asked : {"E0203", "e0203", "0203", "203", "E203"})
    EXPECT_EQ(findCode(asked), Code::DimensionMismatch) << asked;
  for (const char *asked : {"", "E", "E02030", "E0999", "0x203", "EE203", "-203"})
    EXPECT_FALSE(findCode(asked)) << asked;
  EXPECT_EQ(codeText(nearestCode("E0321")), "E0320");
  EXPECT_EQ(codeText(nearestCode("R0203")), "E0203");
}

TEST(Explanations, AreShownAsPlainText) {
  std::string text = explain(Code::ChainedComparison);
  EXPECT_TRUE(text.starts_with("E0106: comparisons that are chained\n\n")) << text;
  EXPECT_EQ(text.find("```"), std::string::npos);
  EXPECT_NE(text.find("\n    fn inside("), std::string::npos);
  EXPECT_NE(listCodes().find("E0106  comparisons that are chained\n"), std::string::npos);
}
