// Programs with random mistakes: the checker ends soon, with messages and without a crash. After a
// crash, the program is in the file that TENON_FUZZ_SAVE named; TENON_FUZZ_ROUNDS sets how many.
#include "tests/fuzz/Mutator.h"
#include "tests/syntax/Parsing.h"

#include "frontend/check/Check.h"

#include <gtest/gtest.h>

#include <chrono>

namespace {

using namespace tenon;
using namespace tenon::test;

// Under the sanitizers everything takes ten times as long.
#if __has_feature(address_sanitizer)
constexpr double patience = 100;
#else
constexpr double patience = 10;
#endif

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
      EXPECT_LT(seconds, patience) << path << ", seed " << seed << "\n" << text;
      (void)renderAll(sources, engine);
      (void)toJson(sources, engine);
      wrong += engine.hasErrors();
      ++all;
    }
  // Else the mistakes were none.
  EXPECT_GT(wrong, all / 2);
}

} // namespace
