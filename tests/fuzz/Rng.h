//===- Rng.h - Choices that are the same everywhere -------------*- C++ -*-===//
#pragma once

#include "runtime/core/Philox.h"

#include <cassert>
#include <cstdint>

namespace tenon::fuzz {

/// A stream of choices fixed by a seed, on every machine.
class Rng {
public:
  explicit Rng(uint64_t seed) : state(seed) {}
  uint64_t bits() { return splitmix64(state++); }
  /// In [0, count).
  int64_t below(int64_t count) {
    assert(count > 0);
    return int64_t(bits() % uint64_t(count));
  }
  /// In [low, high].
  int64_t between(int64_t low, int64_t high) { return low + below(high - low + 1); }
  bool chance(int percent) { return below(100) < percent; }
  template <typename T> const T &oneOf(const T *begin, int64_t count) {
    return begin[below(count)];
  }
  template <typename List> auto oneOf(const List &list) {
    assert(list.size() > 0);
    return *(list.begin() + below(int64_t(list.size())));
  }

private:
  uint64_t state;
};

} // namespace tenon::fuzz
