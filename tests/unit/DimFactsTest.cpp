//===- DimFactsTest.cpp - Proofs about dimensions -------------------------===//
#include "ir/dim/DimFacts.h"

#include <gtest/gtest.h>

using namespace tenon;

static Dim d(const char *text) {
  auto dim = Dim::parse(text);
  EXPECT_TRUE(dim) << text;
  return dim.value_or(Dim());
}

TEST(DimFacts, NamesAreNotNegative) {
  DimFacts facts;
  EXPECT_TRUE(facts.provesNotLess(d("n + 1"), d("n")));
  EXPECT_TRUE(facts.provesNotLess(d("n*m"), d("0")));
  EXPECT_FALSE(facts.provesNotLess(d("n"), d("1")));
  EXPECT_FALSE(facts.provesNotLess(d("n"), d("m")));
}

TEST(DimFacts, WhatIsAssumedFollows) {
  DimFacts facts;
  facts.assumeNotLess(d("n"), d("3"));
  EXPECT_TRUE(facts.provesNotLess(d("n"), d("2")));
  EXPECT_TRUE(facts.provesNotLess(d("2*n"), d("6")));
  EXPECT_TRUE(facts.provesNotLess(d("m*n"), d("3*m")));
  EXPECT_FALSE(facts.provesNotLess(d("n"), d("4")));
  facts.assumeNotLess(d("m"), d("n + 1"));
  EXPECT_TRUE(facts.provesNotLess(d("m"), d("4")));
  facts.assumeNotLess(d("n - 1"), d("i"));
  EXPECT_TRUE(facts.provesNotLess(d("m - 1"), d("i + 1")));
  EXPECT_FALSE(facts.provesNotLess(d("m"), d("5")));
}

TEST(DimFacts, FloorDivisionsAreBounded) {
  DimFacts facts;
  EXPECT_TRUE(facts.provesNotLess(d("n"), d("2*(n floordiv 2)")));
  EXPECT_TRUE(facts.provesNotLess(d("2*(n floordiv 2) + 1"), d("n")));
  EXPECT_FALSE(facts.provesNotLess(d("2*(n floordiv 2)"), d("n")));
  DimFacts halves;
  halves.assumeNotLess(d("2*n - 1"), d("i"));
  EXPECT_TRUE(halves.provesNotLess(d("n - 1"), d("i floordiv 2")));
  EXPECT_FALSE(halves.provesNotLess(d("n - 2"), d("i floordiv 2")));
  // i % k < k
  EXPECT_TRUE(facts.provesNotLess(d("k - 1"), d("i - k*(i floordiv k)")));
  EXPECT_TRUE(facts.provesNotLess(d("i - k*(i floordiv k)"), d("0")));
}

TEST(DimFacts, MaximaAndMinimaAreBounded) {
  DimFacts facts;
  EXPECT_TRUE(facts.provesNotLess(d("n - 1"), d("min(i, n - 1)")));
  EXPECT_TRUE(facts.provesNotLess(d("max(i - 3, 0)"), d("0")));
  EXPECT_FALSE(facts.provesNotLess(d("n - 1"), d("min(i, n)")));
  facts.assumeNotLess(d("n - 1"), d("i"));
  EXPECT_TRUE(facts.provesNotLess(d("n - 1"), d("max(i - 1, 0)")));
  EXPECT_TRUE(facts.provesNotLess(d("min(i + 5, n - 1)"), d("0")));
}

TEST(DimFacts, AStridedWindowStaysInside) {
  // x[s*h + r] with r < k and h < (n - k) / s + 1.
  DimFacts facts;
  facts.assumeNotLess(d("k - 1"), d("r"));
  facts.assumeNotLess(d("(n - k) floordiv s"), d("h"));
  EXPECT_TRUE(facts.provesNotLess(d("n - 1"), d("s*h + r")));
  EXPECT_FALSE(facts.provesNotLess(d("n - 2"), d("s*h + r")));
}

TEST(DimFacts, AMultipleDividesExactly) {
  DimFacts facts;
  EXPECT_FALSE(facts.provesEqual(d("heads*(width floordiv heads)"), d("width")));
  facts.assumeEqual(d("width - heads*(width floordiv heads)"), d("0"));
  EXPECT_TRUE(facts.provesEqual(d("heads*(width floordiv heads)"), d("width")));
  EXPECT_TRUE(facts.provesEqual(d("batch*heads*(width floordiv heads)"), d("batch*width")));
  EXPECT_FALSE(facts.provesEqual(d("2*(width floordiv 2)"), d("width")));

  DimFacts even;
  even.assumeEqual(d("n - 2*(n floordiv 2)"), d("0"));
  EXPECT_TRUE(even.provesEqual(d("3*n floordiv 2"), d("3*(n floordiv 2)")));
  EXPECT_TRUE(even.provesEqual(d("2*((n + 4) floordiv 2)"), d("n + 4")));
}

TEST(DimFacts, AMultipleThatMayBeNegativeSaysNothingAboutSigns) {
  DimFacts facts;
  facts.assumeEqual(d("h - s - t*((h - s) floordiv t)"), d("0"));
  EXPECT_TRUE(facts.provesEqual(d("t*((h - s) floordiv t) + s"), d("h")));
  EXPECT_FALSE(facts.provesNotLess(d("h"), d("s")));
  EXPECT_TRUE(facts.provesNotLess(d("h"), d("0")));
}

TEST(DimFacts, EqualitiesReplaceNames) {
  DimFacts facts;
  facts.assumeEqual(d("n"), d("rows*columns"));
  EXPECT_TRUE(facts.provesEqual(d("2*n"), d("2*rows*columns")));
  facts.assumeEqual(d("columns"), d("rows + 1"));
  EXPECT_TRUE(facts.provesEqual(d("n"), d("rows*rows + rows")));
  EXPECT_FALSE(facts.provesEqual(d("n"), d("rows*rows")));
}

TEST(DimFacts, ANameSolvedForIsStillNotNegative) {
  DimFacts facts;
  facts.assumeEqual(d("n"), d("m - 3"));
  EXPECT_TRUE(facts.provesNotLess(d("m"), d("3")));
}

TEST(DimFacts, FactsAreForgotten) {
  DimFacts facts;
  auto before = facts.size();
  facts.assumeNotLess(d("n"), d("1"));
  facts.assumeEqual(d("a"), d("b"));
  facts.shrink(before);
  EXPECT_TRUE(facts.empty());
  EXPECT_FALSE(facts.provesNotLess(d("n"), d("1")));
  EXPECT_FALSE(facts.provesEqual(d("a"), d("b")));
}
