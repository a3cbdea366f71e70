// What the checker accepts becomes graphs that verify: every function and train block of programs
// with random changes.
#include "tests/fuzz/Mutator.h"
#include "tests/syntax/Parsing.h"

#include "frontend/check/Check.h"
#include "frontend/lower/Lower.h"

#include "mlir/IR/Verifier.h"

#include <gtest/gtest.h>

namespace {

using namespace tenon;
using namespace tenon::test;

/// Lowers one entry of a program; false if the checker declines.
using Elaborate = std::function<std::optional<check::Program>(check::Modules &, check::Module &,
                                                              DiagnosticEngine &)>;
bool lowers(const std::string &text, const Elaborate &elaborate) {
  SourceManager sources;
  DiagnosticEngine engine;
  check::Modules modules(sources, engine);
  check::Module *module = modules.loadText("test.tn", text);
  auto program = module ? elaborate(modules, *module, engine) : std::nullopt;
  EXPECT_TRUE(program || engine.hasErrors()) << "declined without a message:\n" << text;
  if (!program)
    return false;
  mlir::MLIRContext context;
  auto lowered = lower(*program, sources, context);
  EXPECT_TRUE(mlir::succeeded(mlir::verify(*lowered))) << text;
  return true;
}

/// "f" and "Model.f" of a file.
std::vector<std::string> functionsOf(const std::string &text) {
  Parsed parsed(text);
  std::vector<std::string> names;
  for (const ast::Decl *decl : parsed.file->decls) {
    std::string name(decl->name.text);
    if (decl->kind == ast::DeclKind::Function)
      names.push_back(name);
    if (const auto *model = ast::dynCast<ast::Model>(decl))
      for (const ast::Member *member : model->members)
        if (member->function)
          names.push_back(name + "." + std::string(member->name.text));
  }
  return names;
}

TEST(Accepted, ProgramsLowerToGraphsThatVerify) {
  size_t rounds = 6;
  if (const char *text = std::getenv("TENON_FUZZ_ROUNDS"))
    rounds = std::strtoul(text, nullptr, 10);
  auto files = filesIn(sourceDir() / "tests/syntax/programs", ".tn");
  for (const char *folder : {"frontend/std", "examples", "tests/check/programs"})
    for (const auto &path : filesIn(sourceDir() / folder, ".tn"))
      files.push_back(path);
  size_t accepted = 0;
  for (const auto &path : files)
    for (uint32_t seed = 0; seed < rounds; ++seed) {
      // The first is as it was written.
      std::string text = readFile(path);
      if (seed > 0)
        text = Mutator(text, seed).mutate();
      if (const char *save = std::getenv("TENON_FUZZ_SAVE"))
        std::ofstream(save) << text;
      for (const std::string &name : functionsOf(text))
        accepted += lowers(text, [&](auto &modules, auto &module, auto &engine) {
          return check::elaborateFunction(modules, module, name, {}, engine);
        });
      if (text.find("\ntrain ") != std::string::npos)
        accepted += lowers(text, [](auto &modules, auto &module, auto &engine) {
          return check::elaborateTraining(modules, module, engine);
        });
    }
  EXPECT_GT(accepted, 5 * rounds);
}

} // namespace
