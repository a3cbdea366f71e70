// What attributions are made of besides gradients, and how they are shown.
#include "runtime/train/AttributionPage.h"
#include "runtime/train/Bitmap.h"

#include <gtest/gtest.h>

#include <cmath>

namespace {

using namespace tenon::train;

TEST(Attribution, the_rule_of_gauss_and_legendre) {
  // With n points it is exact for polynomials up to the degree 2n - 1.
  for (int64_t n : {1, 2, 3, 8, 64, 500}) {
    auto rule = gaussLegendre(n);
    ASSERT_EQ(rule.size(), size_t(n));
    for (int64_t degree : {int64_t(0), n, 2 * n - 1}) {
      double sum = 0;
      for (auto [node, weight] : rule)
        sum += weight * std::pow(node, double(degree));
      EXPECT_NEAR(sum, 1 / (double(degree) + 1), 1e-13) << n << " " << degree;
    }
  }
}

Attribution twoFields() {
  FieldAttribution words{
      "words", FieldAttribution::Form::Words, {3}, {0, 5, 6}, {0, 0.5, -0.25}, {"", "good", "<b>"}};
  FieldAttribution picture{"image", FieldAttribution::Form::Picture, {4, 5, 3}, {}, {}, {}};
  picture.values.assign(60, 0.5);
  picture.attributions.assign(60, 0.001);
  Attribution row{"a & b", 0.75, 0.5, {words, picture}, 0.0};
  return row;
}

TEST(Attribution, completeness) {
  Attribution row = twoFields();
  EXPECT_NEAR(row.sum(), 0.31, 1e-12);
  EXPECT_NEAR(row.tolerance(0.01), 0.0025, 1e-12) << "of the change";
  row.baseline = 0.74;
  EXPECT_NEAR(row.tolerance(0.01), 0.00075, 1e-12) << "of a tenth of the output";
  row.elsewhere = -0.3;
  EXPECT_NEAR(row.sum(), 0.01, 1e-12);
  EXPECT_EQ(completenessText(row, 0.01),
            "the attributions' sum is 0.01, the output's change 0.01: within 0.00075");
  EXPECT_NE(completenessText(twoFields(), 0.01).find("off by 0.06, beyond 0.0025"),
            std::string::npos);
}

TEST(Attribution, text) {
  AttributionNotes notes{"program", "kind", {}, 0.01};
  std::string plain = describe(twoFields(), notes, false);
  EXPECT_NE(plain.find("kind = a & b: 0.75, of the baseline 0.5\n"
                       "     +0.5000  good\n     -0.2500  <b>\n"
                       "     +0.0010  image[0, 0, 0]\n     +0.0010  image[0, 0, 1]\n"),
            std::string::npos)
      << plain;
  EXPECT_NE(plain.find("+0.0500  50 more of image\n"), std::string::npos);
  EXPECT_EQ(plain.find('\x1b'), std::string::npos);
  EXPECT_NE(
      describe(twoFields(), notes, true).find("\x1b[38;2;0;0;0;48;2;178;24;43mgood\x1b[0m \x1b["),
      std::string::npos);
}

TEST(Attribution, page) {
  AttributionNotes notes{"a<b", "", {}, 0.01};
  Explanation explanation{{twoFields(), twoFields()}, {"ids"}, {"words"}};
  std::string page = attributionPage(explanation, notes);
  for (const char *part : {"<h1>What decided: a&lt;b</h1>", "integrated gradients, 128 steps",
                           "nothing is attributed to `ids`", "`words` also decides a mask",
                           "a &amp; b", ">good</span>", ">&lt;b&gt;</span>",
                           "alt=\"its attribution\"", "class=\"unmet\"", "Row 2: prediction"})
    EXPECT_NE(page.find(part), std::string::npos) << part;
  EXPECT_EQ(page.find("<b></span>"), std::string::npos);
}

TEST(Bitmap, a_file) {
  // One row of two pixels, red and blue; two bytes fill up the row.
  EXPECT_EQ(
      pictureAddress(2, 1, {{255, 0, 0}, {0, 0, 255}}),
      "data:image/bmp;base64,Qk0+AAAAAAAAADYAAAAoAAAAAgAAAAEAAAABABgAAAAAAAgAAAAAAAAAAAAAAAAAAAAA"
      "AAAAAAD//wAAAAA=");
}

TEST(Bitmap, colours) {
  EXPECT_EQ(colourText(divergingColour(0)), "#ffffff");
  EXPECT_EQ(colourText(divergingColour(1)), "#b2182b");
  EXPECT_EQ(colourText(divergingColour(-7)), "#2166ac");
  EXPECT_EQ(colourText(divergingColour(std::nan(""))), "#a0a0a0");
}

} // namespace
