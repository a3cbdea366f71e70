//===- CompletenessTest.cpp - No op of the dialect is half there ----------===//
//
// Walks every registered op and asks for documentation, evaluation, derivatives and tests. What an
// op has none of is said here, with the reason.
//
//===----------------------------------------------------------------------===//
#include "ir/dialect/Dialect.h"
#include "ir/eval/Interpreter.h"

#include "mlir/IR/MLIRContext.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

using namespace tenon;
namespace fs = std::filesystem;

namespace {

fs::path sourceFolder() {
  const char *folder = std::getenv("TENON_SOURCE_DIR");
  EXPECT_TRUE(folder) << "TENON_SOURCE_DIR is not set";
  return folder ? folder : ".";
}

std::string textOf(const fs::path &file) {
  std::ifstream in(file);
  EXPECT_TRUE(in) << file;
  std::stringstream text;
  text << in.rdbuf();
  return text.str();
}

/// All IR tests of a folder, one after the other.
std::string testsOf(const char *folder) {
  std::string text;
  for (const auto &entry : fs::directory_iterator(sourceFolder() / "tests" / folder))
    if (entry.path().extension() == ".mlir")
      text += textOf(entry.path());
  return text;
}

/// True if the op stands in the text as an op, not as the beginning of a longer name.
bool mentions(const std::string &text, const std::string &op) {
  for (size_t at = text.find(op); at != std::string::npos; at = text.find(op, at + 1)) {
    char next = at + op.size() < text.size() ? text[at + op.size()] : ' ';
    if (!std::isalnum(static_cast<unsigned char>(next)) && next != '_')
      return true;
  }
  return false;
}

using Reasons = std::map<std::string, std::string>;

class Completeness : public testing::Test {
protected:
  Completeness() {
    context.loadDialect<TenonDialect>();
    for (mlir::RegisteredOperationName op : context.getRegisteredOperationsByDialect("tenon"))
      ops.push_back(op);
    EXPECT_GT(ops.size(), 40u);
  }

  /// Fails for an op that neither has the property nor a reason, and for a reason without need.
  void expectAll(const char *what, const Reasons &none,
                 llvm::function_ref<bool(mlir::RegisteredOperationName)> has) {
    Reasons unused = none;
    for (mlir::RegisteredOperationName op : ops) {
      std::string name = op.getStringRef().str();
      bool excepted = unused.erase(name);
      EXPECT_NE(has(op), excepted) << name << (excepted ? " has " : " lacks ") << what;
    }
    for (auto &[name, reason] : unused)
      ADD_FAILURE() << name << " is not an op";
  }

  mlir::MLIRContext context;
  std::vector<mlir::RegisteredOperationName> ops;
};

TEST_F(Completeness, documentation) {
  std::string page = textOf(sourceFolder() / "docs" / "dialect.md");
  expectAll("a summary and an example", {}, [&](mlir::RegisteredOperationName op) {
    std::string name = op.getStringRef().str();
    size_t begin = page.find("### `" + name + "`");
    if (begin == std::string::npos)
      return false;
    std::string section = page.substr(begin, page.find("\n### ", begin + 1) - begin);
    size_t syntax = section.find("Syntax:");
    std::string example = section;
    if (syntax != std::string::npos) {
      size_t open = section.find("```", syntax), close = section.find("```", open + 3);
      example = section.substr(close);
    }
    size_t summary = section.find("\n_");
    return summary != std::string::npos && summary < section.find("`tenon.", 8) &&
           mentions(example.substr(0, example.find("Traits:")), name);
  });
}

TEST_F(Completeness, evaluation) {
  Reasons none = {{"tenon.vjp", "replaced by the pass `differentiate`"},
                  {"tenon.jvp", "replaced by the pass `differentiate`"}};
  expectAll("evaluation", none,
            [](mlir::RegisteredOperationName op) { return hasEvaluation(op.getStringRef()); });
}

TEST_F(Completeness, derivatives) {
  Reasons none = {{"tenon.yield", "its op's rule takes care of it"},
                  {"tenon.check", "has no results"},
                  {"tenon.scan", "the pass `differentiate` rewrites its region"},
                  {"tenon.loop", "the pass `differentiate` rewrites its region"},
                  {"tenon.if", "the pass `differentiate` rewrites its regions"},
                  {"tenon.custom_gradient", "has one in its region `back`"},
                  {"tenon.kernel", "formed after differentiation"},
                  {"tenon.vjp", "is one; differentiated from the inside out"},
                  {"tenon.jvp", "is one; differentiated from the inside out"}};
  expectAll("a derivative", none,
            [](mlir::RegisteredOperationName op) { return op.hasInterface<Differentiable>(); });
}

TEST_F(Completeness, syntaxTests) {
  std::string tests = testsOf("ir");
  expectAll("a test in tests/ir", {}, [&](mlir::RegisteredOperationName op) {
    return mentions(tests, op.getStringRef().str());
  });
}

TEST_F(Completeness, evaluationTests) {
  std::string tests = testsOf("eval");
  expectAll(
      "a test in tests/eval", {{"tenon.jvp", "refused as vjp is"}},
      [&](mlir::RegisteredOperationName op) { return mentions(tests, op.getStringRef().str()); });
}

} // namespace
