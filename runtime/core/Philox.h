/// Random numbers as pure functions of their coordinates. This file is part of the language's
/// contract: generated code and the reference interpreter draw exactly these bits.
///
/// Philox4x32-10 is that of J. K. Salmon et al., "Parallel Random Numbers: As Easy as 1, 2, 3",
/// SC'11. A draw is known by (seed, step, stream, iteration, element):
///
///     mixed = splitmix64(seed ^ splitmix64(stream))
///     key   = { lo32(mixed), hi32(mixed) ^ hi32(step) }
///     block = { lo32(element), hi32(element), iteration, lo32(step) }
///     words = philox4x32_10(block, key)
///
/// `stream` identifies the draw in the program. `iteration` folds the counters of the loops around
/// it, outermost first: m = 0, then m = m * 0x9E3779B1 + i + 1 (mod 2^32) for each counter i.
///
/// From words to values, where w0 … w3 are the words, each operation rounded by itself:
///
///     uniform   f32: u = (w0 >> 8) * 2^-24              low + (high - low) * u
///               f64: u = ((w0 >> 5) * 2^26 + (w1 >> 6)) * 2^-53
///     bernoulli      u < p
///     normal         u1 = ((w0 >> 8) + 1) * 2^-24,  u2 = (w1 >> 8) * 2^-24
///                    mean + scale * (sqrt(-2 ln u1) * cos(2 pi u2)),  computed in the result's
///                    type
///     integers       low + ((u64(w0) * (high - low)) >> 32),  for 0 < high - low <= 2^32
///
/// f16 and bf16 results are the f32 result, rounded.
#pragma once

#include <array>
#include <cstdint>

namespace tenon {

using PhiloxBlock = std::array<uint32_t, 4>;
using PhiloxKey = std::array<uint32_t, 2>;

inline constexpr uint32_t kPhiloxMultiplier0 = 0xD2511F53u;
inline constexpr uint32_t kPhiloxMultiplier1 = 0xCD9E8D57u;
inline constexpr uint32_t kPhiloxWeyl0 = 0x9E3779B9u;
inline constexpr uint32_t kPhiloxWeyl1 = 0xBB67AE85u;
inline constexpr uint32_t kIterationMultiplier = 0x9E3779B1u;

/// Philox4x32 with ten rounds.
constexpr PhiloxBlock philox4x32(PhiloxBlock counter, PhiloxKey key) {
  for (int round = 0; round < 10; ++round) {
    uint64_t product0 = uint64_t(kPhiloxMultiplier0) * counter[0];
    uint64_t product1 = uint64_t(kPhiloxMultiplier1) * counter[2];
    counter = {uint32_t(product1 >> 32) ^ counter[1] ^ key[0], uint32_t(product1),
               uint32_t(product0 >> 32) ^ counter[3] ^ key[1], uint32_t(product0)};
    key[0] += kPhiloxWeyl0;
    key[1] += kPhiloxWeyl1;
  }
  return counter;
}

/// The output function of SplitMix64 applied to one step from `x` (Steele, Lea, Flood 2014).
constexpr uint64_t splitmix64(uint64_t x) {
  uint64_t z = x + 0x9E3779B97F4A7C15u;
  z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
  z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
  return z ^ (z >> 31);
}

/// Folds one more loop counter, inner than those before, into `mix` (0 outside all loops).
constexpr uint32_t mixIteration(uint32_t mix, uint64_t iteration) {
  return mix * kIterationMultiplier + uint32_t(iteration) + 1u;
}

/// The key of all elements of one draw.
constexpr PhiloxKey drawKey(uint64_t seed, uint64_t step, uint64_t stream) {
  uint64_t mixed = splitmix64(seed ^ splitmix64(stream));
  return {uint32_t(mixed), uint32_t(mixed >> 32) ^ uint32_t(step >> 32)};
}

/// The four words of one element of a draw; `iteration` as folded by mixIteration.
constexpr PhiloxBlock drawBits(uint64_t seed, uint64_t step, uint64_t stream, uint32_t iteration,
                               uint64_t element) {
  return philox4x32({uint32_t(element), uint32_t(element >> 32), iteration, uint32_t(step)},
                    drawKey(seed, step, stream));
}

/// In [0, 1).
constexpr float uniformF32(const PhiloxBlock &words) { return float(words[0] >> 8) * 0x1p-24f; }

/// In [0, 1).
constexpr double uniformF64(const PhiloxBlock &words) {
  return (double(words[0] >> 5) * 0x1p26 + double(words[1] >> 6)) * 0x1p-53;
}

/// The two uniforms of a normal draw: the first in (0, 1], the second in [0, 1). Exact in f32.
struct NormalUniforms {
  float u1;
  float u2;
};
constexpr NormalUniforms normalUniforms(const PhiloxBlock &words) {
  return {float((words[0] >> 8) + 1) * 0x1p-24f, float(words[1] >> 8) * 0x1p-24f};
}

/// In [low, high); needs 0 < high - low <= 2^32.
constexpr int64_t drawInteger(const PhiloxBlock &words, int64_t low, int64_t high) {
  uint64_t span = uint64_t(high) - uint64_t(low);
  return int64_t(uint64_t(low) + ((uint64_t(words[0]) * span) >> 32));
}

} // namespace tenon
