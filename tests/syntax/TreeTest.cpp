// What binds to what: the dump puts every operation in parentheses.
#include "Parsing.h"

#include <gtest/gtest.h>

namespace {

using namespace tenon;
using namespace tenon::test;

/// The dump of `let v = <text>` without its head.
std::string tree(const std::string &text) {
  Parsed parsed("let v = " + text + "\n");
  EXPECT_EQ(parsed.errors(), "") << text;
  std::string dumped = dump(*parsed.file);
  return dumped.size() > 9 ? dumped.substr(8, dumped.size() - 9) : dumped;
}

TEST(Tree, OperatorsBindAsListed) {
  EXPECT_EQ(tree("a + b * c"), "(a + (b * c))");
  EXPECT_EQ(tree("a - b - c"), "((a - b) - c)");
  EXPECT_EQ(tree("a / b * c @ d % e"), "((((a / b) * c) @ d) % e)");
  EXPECT_EQ(tree("-a ** 2"), "(-(a ** 2))");
  EXPECT_EQ(tree("a ** -b ** c"), "(a ** (-(b ** c)))");
  EXPECT_EQ(tree("-a * -b"), "((-a) * (-b))");
  EXPECT_EQ(tree("not a == b and c or d"), "(((not (a == b)) and c) or d)");
  EXPECT_EQ(tree("not not a"), "(not (not a))");
  EXPECT_EQ(tree("a + 1 < b * 2"), "((a + 1) < (b * 2))");
  EXPECT_EQ(tree("a[i] else b + 1"), "(a[i] else (b + 1))");
  EXPECT_EQ(tree("0..n - 1"), "(0 .. (n - 1))");
  EXPECT_EQ(tree("f.g(a)[0].h"), "f.g(a)[0].h");
}

TEST(Tree, PipesAreCalls) {
  EXPECT_EQ(tree("x |> f |> g(a, k = b) |> h.i"), "h.i(g(f(x), a, k = b))");
  EXPECT_EQ(tree("x + 1 |> f"), "f((x + 1))");
  EXPECT_EQ(tree("x + (x |> f)"), "(x + f(x))");
  EXPECT_EQ(tree("x |> f(a)(b)"), "f(a)(x, b)");
  EXPECT_EQ(tree("x |> (f(a))"), "f(a)(x)");
  EXPECT_EQ(tree("a else b |> f"), "f((a else b))");
}

TEST(Tree, ReductionsTakeTheProductThatFollows) {
  EXPECT_EQ(tree("b[u] + sum[i] x[i] * w[i, u] + c[u]"),
            "((b[u] + (sum[i] (x[i] * w[i, u]))) + c[u])");
  EXPECT_EQ(tree("a * sum[i] b * c"), "(a * (sum[i] (b * c)))");
  EXPECT_EQ(tree("sum[i, j: 2 * n] x[i] ** 2"), "(sum[i, j: (2 * n)] (x[i] ** 2))");
  EXPECT_EQ(tree("-sum[i] x - max[i] y"), "((-(sum[i] x)) - (max[i] y))");
  EXPECT_EQ(tree("mean[...] x[..., c]"), "(mean[...] x[..., c])");
  EXPECT_EQ(tree("sum[i] sum[j] a * b"), "(sum[i] (sum[j] (a * b)))");
  EXPECT_EQ(tree("sum[i] if a { b } else { c } * d"),
            "(sum[i] ((if a {\n  b\n} else {\n  c\n}) * d))");
}

TEST(Tree, AReductionsWordIsOtherwiseAName) {
  EXPECT_EQ(tree("mean[c, e]"), "mean[c, e]");
  EXPECT_EQ(tree("mean[c] + 1"), "(mean[c] + 1)");
  EXPECT_EQ(tree("sum[i] - x[i]"), "(sum[i] - x[i])");
  EXPECT_EQ(tree("sum(x)"), "sum(x)");
  EXPECT_EQ(tree("max[0] * b"), "(max[0] * b)");
  EXPECT_EQ(tree("sum[i].field"), "sum[i].field");
  EXPECT_EQ(tree("min[i][j]"), "min[i][j]");
}

TEST(Tree, HeadsOfLoopsEndAtTheirWords) {
  Parsed parsed("fn f(x: f32[n]) {\n"
                "  scan s = mean[i] over along in mean[c] along t {\n    s yield s\n  }\n"
                "  loop a = x while max[k] < 3 at most min[k] {\n    a\n  }\n"
                "  a\n}\n");
  EXPECT_EQ(parsed.errors(), "");
  std::string text = dump(*parsed.file);
  EXPECT_NE(text.find("scan s = mean[i] over along in mean[c] along t {"), std::string::npos);
  EXPECT_NE(text.find("loop a = x while (max[k] < 3) at most min[k] {"), std::string::npos);
}

TEST(Tree, NewlinesEndStatementsOnlyWhereTheyShould) {
  Parsed parsed("let a =\n  1 +\n  2\n\n"
                "let b = f(\n  a\n  ,\n  2\n)\n"
                "let c = a\n  |> f\n  // between\n\n  |> g\n"
                "let d = if a { 1 }\nelse { 2 }\n"
                "let e = {\n  k: 1\n  l: 2,\n  m: if a {\n    let z = 1\n    z\n  } else { 2 } }\n"
                "let g = (if a {\n  let x = 1\n  x\n} else { 2 })\n"
                "let h = x[0] else\n  1.5");
  EXPECT_EQ(parsed.errors(), "");
  EXPECT_EQ(parsed.file->decls.size(), 7u);
}

TEST(Tree, WordsOfPlacesAreNamesElsewhere) {
  Parsed parsed(
      "fn f(state: f32, set: f32, type: f32, model: f32, over: f32, param: f32) -> f32 {\n"
      "  let require = state + set\n"
      "  set * type + model * over + param * along(require) + at\n"
      "}\n"
      "model M {\n  state = 1\n  param = 2\n  require = 3\n  type = 4\n}\n"
      "dataset D {\n  from: f32 = column(\"a\")\n  split: f32 = column(\"b\")\n"
      "  from from csv(\"x\")\n}\n");
  EXPECT_EQ(parsed.errors(), "");
  const auto &dataset = ast::cast<ast::Dataset>(parsed.file->decls[2]);
  EXPECT_EQ(dataset.fields.size(), 2u);
  EXPECT_EQ(dataset.sources[0].split.text, "from");
}

TEST(Tree, KeepsDocComments) {
  Parsed parsed("/// Of f.\n/// Second line.\nfn f() = 1\n"
                "// not a doc\nmodel M {\n  /// Of p.\n  param p: f32 = 0.0\n  a = 1\n}\n"
                "/// Of g.\n@custom_gradient(h)\nfn g() = 1\n");
  EXPECT_EQ(parsed.errors(), "");
  EXPECT_EQ(parsed.file->decls[0]->doc, "Of f.\nSecond line.");
  EXPECT_EQ(parsed.file->decls[1]->doc, "");
  const auto &model = ast::cast<ast::Model>(parsed.file->decls[1]);
  EXPECT_EQ(model.members[0]->doc, "Of p.");
  EXPECT_EQ(model.members[1]->doc, "");
  EXPECT_EQ(parsed.file->decls[2]->doc, "Of g.");
  EXPECT_EQ(parsed.file->comments.size(), 5u);
}

TEST(Tree, NumbersAndStringsHaveTheirValues) {
  Parsed parsed("let a = [10_000, 0.5, 1e-3, 1e400_0 , 2]\n");
  EXPECT_TRUE(parsed.engine.hasErrors());
  EXPECT_EQ(tree("[10_000, 0.25, 1e-3, 5e-324, 1e-999, 9223372036854775807]"),
            "[10000, 0.25, 0.001, 4.9406564584124654e-324, 0.0, 9223372036854775807]");
  EXPECT_EQ(tree("\"a\\n\\\"\\\\é\""), "\"a\\n\\\"\\\\é\"");
}

TEST(Tree, BlocksYield) {
  Parsed parsed("fn f(x: f32[n]) {\n  let y = scan over a in x {\n    yield a\n  }\n"
                "  for b in y {\n    (b, b) yield b\n  }\n}\n");
  EXPECT_EQ(parsed.errors(), "");
  const auto &function = ast::cast<ast::Function>(parsed.file->decls[0]);
  ASSERT_TRUE(function.block);
  ASSERT_TRUE(function.block->value);
  const auto &each = ast::cast<ast::ForExpr>(function.block->value);
  EXPECT_TRUE(each.body->value && each.body->yielded);
}

TEST(Tree, RangesCoverTheirText) {
  Parsed parsed("let v = (a + b) * f(c)[0]\n");
  const auto &let = ast::cast<ast::TopLet>(parsed.file->decls[0]);
  const auto &value = *ast::cast<ast::LetStmt>(let.let).value;
  EXPECT_EQ(parsed.sources.text(value.range), "(a + b) * f(c)[0]");
  const auto &product = ast::cast<ast::BinaryExpr>(&value);
  EXPECT_EQ(parsed.sources.text(product.lhs->range), "(a + b)");
  EXPECT_TRUE(product.lhs->parenthesised);
  EXPECT_EQ(parsed.sources.text(product.rhs->range), "f(c)[0]");
}

} // namespace
