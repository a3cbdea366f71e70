/// Elements of tensors taken from one dtype to another, by stages that need one at a time.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>

namespace tenon::data {

/// An element that a dtype can't hold: which, and what it would be.
struct UnfitElement {
  size_t at = 0;
  double value = 0;
};

/// Changes numbers in place; `first` is the place of the first among all elements.
using ElementStage = std::function<void(std::span<double> numbers, size_t first)>;

/// Converts `count` elements of `from`, through `stages` as doubles, to `toDtype`; the first that
/// it can't hold, if any (nothing is said of what is written then). An i64 beyond 2^53 is one that
/// nothing can hold.
std::optional<UnfitElement> convertElements(const uint8_t *from, int32_t fromDtype, size_t count,
                                            std::span<const ElementStage> stages, uint8_t *to,
                                            int32_t toDtype);

/// The place of the first element that is no finite number.
std::optional<size_t> findNotFinite(const uint8_t *elements, int32_t dtype, size_t count);

} // namespace tenon::data
