/// Numbers as text and as elements of tensors.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace tenon::data {

/// A finite decimal number, all of `text`; a sign may stand before it.
std::optional<double> parseNumber(std::string_view text);
/// Whether `value` can be written as `dtype` without change (reals: without overflow).
bool fits(double value, int32_t dtype);
/// Writes `value`, which fits, as one element of `dtype`.
void storeNumber(double value, int32_t dtype, uint8_t *at);
/// An element of `dtype` as a number; nothing of an i64 that a double can't hold.
std::optional<double> loadNumber(const uint8_t *at, int32_t dtype);
/// The number as `dtype` has it, as the language converts: towards zero and saturating for
/// integers, 0 for NaN; rounded for reals.
double convertNumber(double value, int32_t dtype);
/// "3", "0.5": the shortest text that is this number, whole ones without an exponent.
std::string shownNumber(double value);
/// The text in double quotes, cut where it is long.
std::string quoted(const std::string &text);

} // namespace tenon::data
