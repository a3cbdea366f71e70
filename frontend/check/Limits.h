//===- Limits.h - Bounds on what a program may unfold to --------*- C++ -*-===//
//
// Checking a program evaluates it, so a short program may stand for a long computation, a large
// value or a large type. Each of these is counted as it is made, and where a bound is passed the
// program is refused with a diagnostic that names it. The bounds are far above what programs need,
// and what is below them takes less than a second and 500 MB.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "frontend/check/Value.h"

#include <algorithm>

namespace tenon::check {

struct CheckLimits {
  /// Of one entry.
  static constexpr size_t operations = 200'000;
  static constexpr size_t calls = 20'000;
  /// Of a list that is made at once.
  static constexpr int64_t list = 100'000;
  /// Of a value: numbers, tensors with their dimensions, and all else that it is made of.
  static constexpr size_t valueSize = 250'000;
  static constexpr size_t valueDepth = 200;
  /// Terms and factors of a dimension or of a number made from some.
  static constexpr size_t formula = 1'000;
  /// With two elements in each of so many dimensions a tensor has 2^64.
  static constexpr size_t rank = 64;
  /// Steps of evaluation in all: about one for each expression, type and leaf that is looked at.
  static constexpr uint64_t steps = 4'000'000;
  /// Types that stand for types that stand for types.
  static constexpr unsigned aliases = 200;
  static constexpr size_t imports = 2'000;
  static constexpr size_t importDepth = 100;
  static constexpr size_t programBytes = size_t(8) << 20;
  /// Names that are compared to find the one that was meant.
  static constexpr size_t suggestions = 2'000;
};

/// Counts steps down.
class Budget {
public:
  /// False where none are left.
  bool spend(uint64_t steps) {
    left_ -= std::min(left_, steps);
    return left_ != 0;
  }
  bool isSpent() const { return left_ == 0; }

private:
  uint64_t left_ = CheckLimits::steps;
};

/// Whether the elements of a tensor can be counted, and its bytes, in 64 bits. Dimensions that are
/// no numbers count as 1.
bool isCountable(const std::vector<Axis> &axes, int64_t bytesEach = 8);

} // namespace tenon::check
