//===- LanguageTest.cpp - Programs that check, and what is proved of them -===//
#include "tests/check/Harness.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>

using namespace tenon;
using namespace tenon::check;
namespace fs = std::filesystem;

static fs::path folder() {
  const char *source = getenv("TENON_SOURCE_DIR");
  return fs::path(source ? source : ".") / "tests" / "check" / "programs";
}

TEST(Language, ProgramsCheckWithoutAWord) {
  size_t count = 0;
  for (auto &entry : fs::directory_iterator(folder())) {
    auto checking = Checking::file(entry.path());
    ASSERT_TRUE(checking->module);
    checkFile(checking->modules, *checking->module, checking->engine);
    EXPECT_EQ(checking->diagnostics(), "") << entry.path();
    ++count;
  }
  EXPECT_GE(count, 4u);
}

//===----------------------------------------------------------------------===//
// Which reads are proved inside
//===----------------------------------------------------------------------===//

static void marks(const Region &region, std::string &out) {
  for (const Op &op : region.ops) {
    if (auto *read = std::get_if<ReadAttr>(&op.attr)) {
      out += out.empty() ? "" : " ";
      for (const ReadPosition &position : read->positions)
        out += position.kind == ReadPosition::Kind::Whole ? ':'
               : position.inside                          ? '='
               : position.guarded                         ? '!'
                                                          : '?';
    }
    for (const Region &inner : op.regions)
      marks(inner, out);
  }
}

/// A character for each position of each read, in order: `=` proved by the ranges of indices, `!`
/// by what is required and the conditions around, `?` to be checked when it runs, `:` all of it.
static std::string reads(const std::string &text, const FunctionInputs &inputs = {}) {
  auto checking = Checking::text(text);
  auto program =
      elaborateFunction(checking->modules, *checking->module, "f", inputs, checking->engine);
  EXPECT_TRUE(program.has_value()) << checking->diagnostics();
  std::string out;
  if (program)
    marks(program->entries[0].body, out);
  return out;
}

/// As a function of one line.
static std::string readsOf(const std::string &signature, const std::string &body) {
  return reads("fn f(" + signature + ") {\n" + body + "\n}\n");
}

TEST(Proofs, RangesOfIndicesProveWindows) {
  EXPECT_EQ(readsOf("x: f32[n], k: f32[w]", "let y[i] = sum[j] x[i + j] * k[j]\ny"), "= =");
  EXPECT_EQ(readsOf("x: f32[n], k: f32[w]", "let y[i] = sum[j] x[2 * i + j] * k[j]\ny"), "= =");
  EXPECT_EQ(readsOf("x: f32[n, m]", "let y[i: n, j: m] = x[n - 1 - i, m - 1 - j]\ny"), "==");
  EXPECT_EQ(readsOf("x: f32[n]", "let y[i: n] = x[i + 1]\ny"), "?");
  EXPECT_EQ(readsOf("x: f32[n]", "let y[i: n] = x[i - 1]\ny"), "?");
}

TEST(Proofs, ConditionsAroundARead) {
  EXPECT_EQ(readsOf("x: f32[n], y: f32[n]", "let z[i: n + 1] = if i < n { x[i] } else { y[0] }\nz"),
            "! ?");
  EXPECT_EQ(readsOf("x: f32[n]", "let z[i: n + 1] = if i >= n { 0.0 } else { x[i] }\nz"), "!");
  EXPECT_EQ(readsOf("x: f32[n]", "let z[i: n] = if i == 0 { 0.0 } else { x[i - 1] }\nz"), "?");
  EXPECT_EQ(readsOf("x: f32[n]", "let z[i: n] = if i >= 1 { x[i - 1] } else { 0.0 }\nz"), "!");
  EXPECT_EQ(
      readsOf("x: f32[n]",
              "let z[i: n] = if i >= 1 and i + 1 < n { x[i - 1] + x[i + 1] } else { 0.0 }\nz"),
      "! !");
  EXPECT_EQ(readsOf("x: f32[n]",
                    "let z[i: n] = if not (i < 1 or i + 1 >= n) { x[i + 1] } else { 0.0 }\nz"),
            "!");
  // Either may be false.
  EXPECT_EQ(
      readsOf("x: f32[n]", "let z[i: n] = if i < 1 or i + 1 < n { x[i + 1] } else { 0.0 }\nz"),
      "?");
}

TEST(Proofs, RequirementsAreKnownAfterwards) {
  EXPECT_EQ(readsOf("x: f32[n]", "x[0] + x[1]"), "? ?");
  EXPECT_EQ(readsOf("x: f32[n]", "require n >= 2, \"two\"\nx[0] + x[1]"), "! !");
  EXPECT_EQ(readsOf("x: f32[n]", "require n >= 2, \"two\"\nx[1] + x[2]"), "! ?");
  EXPECT_EQ(
      readsOf("x: f32[n], y: f32[m]", "require m > n, \"more\"\nlet z[i: n] = x[i] + y[i + 1]\nz"),
      "= !");
  // Not before, and not around the branch it stands in.
  EXPECT_EQ(readsOf("x: f32[n]", "let a = x[1]\nrequire n >= 2, \"two\"\na"), "?");
}

TEST(Proofs, PlacesComputedFromIndices) {
  EXPECT_EQ(readsOf("x: f32[n], by: i32", "let z[i: n] = x[max(i - 1, 0)]\nz"), "=");
  EXPECT_EQ(readsOf("x: f32[n]", "let z[i: n] = x[min(i + 5, n - 1)]\nz"), "=");
  EXPECT_EQ(readsOf("x: f32[n]", "let z[i: 2 * n] = x[i / 2]\nz"), "=");
  EXPECT_EQ(readsOf("x: f32[7]", "let z[i: 20] = x[i % 7]\nz"), "=");
  EXPECT_EQ(readsOf("x: f32[n, m]", "let z[i] = x[i, argmax[j] x[i, j]]\nz"), "== =!");
  EXPECT_EQ(readsOf("x: f32[n], ids: i32[k]", "let z[i] = x[ids[i]]\nz"), "= ?");
  EXPECT_EQ(readsOf("x: f32[n], at: i32",
                    "let z[i: 3] = if at >= 0 and at < n { x[at] } else { 0.0 }\nz"),
            "!");
}

TEST(Proofs, StepsAlongIota) {
  EXPECT_EQ(readsOf("x: f32[n]", "scan s = 0.0 over i in iota(n) { s + x[i] }\ns"), "!");
  EXPECT_EQ(readsOf("x: f32[n]", "scan s = 0.0 over i in iota(n + 1) { s + x[i] }\ns"), "?");
  EXPECT_EQ(readsOf("x: f32[n]",
                    "scan s = 0.0 over i in iota(n) {\nlet v = if i + 1 < n { x[i + 1] } "
                    "else { 0.0 }\ns + v\n}\ns"),
            "!");
}

TEST(Proofs, ShiftsAreAsLongAsWhatTheyRead) {
  auto checking = Checking::text("fn f(x: f32[b, t]) -> f32[b, t] {\n"
                                 "  let s[b, t] = x[b, t - 1] else 0.0\n  s\n}\n");
  checkFile(checking->modules, *checking->module, checking->engine);
  EXPECT_EQ(checking->diagnostics(), "");
}

//===----------------------------------------------------------------------===//
// Sizes fixed by the model
//===----------------------------------------------------------------------===//

static const char *positions = R"(
model M(context: int) {
  param position: f32[context] = zeros()
  fn call(x: f32[batch, time]) -> f32[batch, time] {
    let y[b, t] = x[b, t] + position[t]
    y
  }
}
model N {
  part = M(CONTEXT)
  fn call(x: f32[batch, TIME]) -> f32[batch, TIME] = part(x)
}
)";

static Program placed(const std::string &context, const std::string &time) {
  std::string text = positions;
  auto put = [&](const std::string &name, const std::string &by) {
    for (size_t at; (at = text.find(name)) != std::string::npos;)
      text.replace(at, name.size(), by);
  };
  put("CONTEXT", context);
  put("TIME", time);
  auto checking = Checking::text(text);
  auto program =
      elaborateFunction(checking->modules, *checking->module, "N.call", {}, checking->engine);
  EXPECT_TRUE(program.has_value()) << checking->diagnostics();
  return program ? *program : Program{{Entry{}}, std::nullopt};
}

static size_t checks(const Entry &entry) {
  return std::count_if(entry.body.ops.begin(), entry.body.ops.end(),
                       [](const Op &op) { return op.kind == OpKind::Check; });
}

TEST(FixedSizes, TheCallDecidesAndTheOtherIsChecked) {
  Program open = placed("256", "steps");
  EXPECT_EQ(open.entries[0].type(open.entries[0].results[0].value).str(), "f32[batch, steps]");
  EXPECT_EQ(checks(open.entries[0]), 1u);
  Program known = placed("256", "100");
  EXPECT_EQ(known.entries[0].type(known.entries[0].results[0].value).str(), "f32[batch, 100]");
  EXPECT_EQ(checks(known.entries[0]), 0u);
}
