#include "runtime/data/Text.h"

#include <gtest/gtest.h>

using namespace tenon::data;

namespace {

using Words = std::vector<std::string>;

TEST(Text, words) {
  EXPECT_EQ(wordsOf("A small bird, of the Crow-family!"),
            (Words{"a", "small", "bird", "of", "the", "crow", "family"}));
  EXPECT_EQ(wordsOf("don't 'quote' rock’n’roll x' 'y"),
            (Words{"dont", "quote", "rocknroll", "x", "y"}));
  EXPECT_EQ(wordsOf(" \t\n.,;"), Words{});
  EXPECT_EQ(wordsOf(""), Words{});
  EXPECT_EQ(wordsOf("3.14 km2"), (Words{"3", "14", "km2"}));
}

TEST(Text, unicode_words) {
  EXPECT_EQ(wordsOf("STRASSE Straße ÉCOLE e\u0301cole"),
            (Words{"strasse", "strasse", "école", "école"}));
  EXPECT_EQ(wordsOf("Ωμέγα — мир"), (Words{"ωμέγα", "мир"}));
  EXPECT_EQ(wordsOf("日本 ab語"), (Words{"日", "本", "ab", "語"}));
  EXPECT_EQ(wordsOf("bad \xFF bytes"), Words{});
}

TEST(Text, invalid_utf8) {
  EXPECT_FALSE(findInvalidUtf8("plain é 😀"));
  EXPECT_EQ(findInvalidUtf8("ab\xC0\x80"), 2u);        // overlong
  EXPECT_EQ(findInvalidUtf8("\xED\xA0\x80"), 0u);      // surrogate
  EXPECT_EQ(findInvalidUtf8("é\xF4\x90\x80\x80"), 2u); // above U+10FFFF
  EXPECT_EQ(findInvalidUtf8("a\xE2\x82"), 1u);         // cut
}

TEST(Text, closest_name) {
  EXPECT_EQ(closest("lable", {"text", "label"}), "label");
  EXPECT_EQ(closest("Text", {"text", "label"}), "text");
  EXPECT_EQ(closest("picture", {"text", "label"}), std::nullopt);
  EXPECT_EQ(listOf({"a", "b", "c"}), "`a`, `b` and `c`");
  EXPECT_EQ(listOf({"a"}), "`a`");
  EXPECT_EQ(listOf({"a", "b", "c"}, 2), "`a`, `b` and 1 more");
}

} // namespace
