/// Random orders that are functions of their coordinates.
#pragma once

#include "runtime/core/Philox.h"

#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

namespace tenon::data {

/// Draw streams that no program has: a program's are hashes of its draws' names.
inline constexpr uint64_t kSplitStream = 0x53504c4954ull;       // "SPLIT"
inline constexpr uint64_t kShuffleStream = 0x53485546464c45ull; // "SHUFFLE"

/// Puts `items` into the order known by (seed, step, stream): Fisher and Yates' shuffle, whose swap
/// of element i draws from [0, i]. At most 2^32 items.
template <typename T>
void permute(std::vector<T> &items, uint64_t seed, uint64_t step, uint64_t stream) {
  for (size_t i = items.size(); i-- > 1;)
    std::swap(items[i],
              items[size_t(drawInteger(drawBits(seed, step, stream, 0, i), 0, int64_t(i) + 1))]);
}

} // namespace tenon::data
