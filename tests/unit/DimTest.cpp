//===- DimTest.cpp - Whole-number expressions -----------------------------===//
#include "ir/dim/Dim.h"

#include <gtest/gtest.h>

using namespace tenon;

namespace {

Dim d(const char *text) { return *Dim::parse(text); }

std::optional<int64_t> at(const Dim &dim, int64_t n) {
  return dim.evaluate([&](const std::string &) { return std::optional(n); });
}

TEST(Dim, divides_by_negative_numbers) {
  EXPECT_EQ(Dim::floorDiv(Dim(0), Dim(-1)), Dim(0));
  EXPECT_EQ(Dim::floorDiv(Dim(7), Dim(-1)), Dim(-7));
  EXPECT_EQ(Dim::floorDiv(Dim(7), Dim(-2)), Dim(-4));
  EXPECT_EQ(Dim::mod(Dim(7), Dim(-2)), Dim(-1));
  EXPECT_EQ(Dim::floorDiv(d("n"), Dim(-1)), d("-n"));
  EXPECT_EQ(Dim::floorDiv(d("6*n + 3"), Dim(-2)), d("-3*n - 2"));
  EXPECT_FALSE(Dim::floorDiv(Dim(std::numeric_limits<int64_t>::min()), Dim(-1))->isValid());
}

TEST(Dim, divides_by_what_comes_out_negative) {
  Dim quotient = *Dim::floorDiv(d("n + 4"), d("n - 3"));
  EXPECT_EQ(at(quotient, 2), -6);
  EXPECT_EQ(at(quotient, 1), -3);
  EXPECT_EQ(at(quotient, 3), std::nullopt);
}

} // namespace
