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
/// The text in double quotes, cut where it is long.
std::string quoted(const std::string &text);

} // namespace tenon::data
