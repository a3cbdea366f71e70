#include "runtime/core/Philox.h"

#include <cmath>
#include <gtest/gtest.h>

namespace tenon {
namespace {

// The known-answer vectors published with Random123 (kat_vectors, philox4x32 10).
static_assert(philox4x32({0, 0, 0, 0}, {0, 0}) ==
              PhiloxBlock{0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8});
static_assert(philox4x32({~0u, ~0u, ~0u, ~0u}, {~0u, ~0u}) ==
              PhiloxBlock{0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd});
static_assert(philox4x32({0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344},
                         {0xa4093822, 0x299f31d0}) ==
              PhiloxBlock{0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1});
// The first outputs of SplitMix64 from state 0 and 1234567.
static_assert(splitmix64(0) == 0xe220a8397b1dcdafu);
static_assert(splitmix64(1234567) == 6457827717110365317u);

TEST(Philox, coordinates_go_where_the_contract_says) {
  uint64_t seed = 0x0123456789abcdefu, step = 0xfedcba9876543210u, stream = 42;
  uint64_t element = 0x1122334455667788u, mixed = splitmix64(seed ^ splitmix64(stream));
  uint32_t iteration = mixIteration(mixIteration(0, 3), 7);
  EXPECT_EQ(iteration, 4u * 0x9E3779B1u + 8u);
  PhiloxBlock expected = philox4x32({0x55667788, 0x11223344, iteration, 0x76543210},
                                    {uint32_t(mixed), uint32_t(mixed >> 32) ^ 0xfedcba98});
  EXPECT_EQ(drawBits(seed, step, stream, iteration, element), expected);
}

TEST(Philox, values_at_the_ends_of_their_ranges) {
  PhiloxBlock low{0, 0, 0, 0}, high{~0u, ~0u, ~0u, ~0u};
  EXPECT_EQ(uniformF32(low), 0.0f);
  EXPECT_EQ(uniformF32(high), 1.0f - 0x1p-24f);
  EXPECT_EQ(uniformF64(low), 0.0);
  EXPECT_EQ(uniformF64(high), 1.0 - 0x1p-53);
  EXPECT_EQ(normalUniforms(low).u1, 0x1p-24f);
  EXPECT_EQ(normalUniforms(high).u1, 1.0f);
  EXPECT_EQ(normalUniforms(high).u2, 1.0f - 0x1p-24f);
  EXPECT_EQ(drawInteger(low, -5, 3), -5);
  EXPECT_EQ(drawInteger(high, -5, 3), 2);
  EXPECT_EQ(drawInteger(high, 0, int64_t(1) << 32), 0xffffffff);
}

TEST(Philox, moments) {
  double uniform = 0, normal = 0, square = 0;
  constexpr int n = 20000;
  for (int i = 0; i < n; ++i) {
    PhiloxBlock words = drawBits(1, 2, 3, 0, uint64_t(i));
    uniform += uniformF32(words);
    NormalUniforms u = normalUniforms(words);
    double z = std::sqrt(-2 * std::log(double(u.u1))) * std::cos(2 * M_PI * double(u.u2));
    normal += z;
    square += z * z;
  }
  EXPECT_NEAR(uniform / n, 0.5, 0.01);
  EXPECT_NEAR(normal / n, 0.0, 0.03);
  EXPECT_NEAR(square / n, 1.0, 0.05);
}

} // namespace
} // namespace tenon
