#include "runtime/data/Number.h"

#include "runtime/core/abi.h"

#include <charconv>
#include <cmath>
#include <cstring>

namespace tenon::data {

namespace {

constexpr double kExactIntegers = 9007199254740992.0; // 2^53

template <typename T> void store(double value, uint8_t *at) {
  T converted = T(value);
  memcpy(at, &converted, sizeof converted);
}

} // namespace

std::optional<double> parseNumber(std::string_view text) {
  if (text.starts_with('+') && text.size() > 1 && text[1] != '-')
    text.remove_prefix(1);
  double value = 0;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || !std::isfinite(value))
    return std::nullopt;
  return value;
}

bool fits(double value, int32_t dtype) {
  switch (dtype) {
  case TENON_F64:
    return std::isfinite(value);
  case TENON_F32:
    return std::isfinite(float(value));
  case TENON_BOOL:
    return value == 0 || value == 1;
  case TENON_I8:
    return value == std::floor(value) && value >= -128 && value <= 127;
  case TENON_U8:
    return value == std::floor(value) && value >= 0 && value <= 255;
  case TENON_I32:
    return value == std::floor(value) && value >= INT32_MIN && value <= INT32_MAX;
  case TENON_I64:
    return value == std::floor(value) && std::fabs(value) <= kExactIntegers;
  default:
    return false;
  }
}

void storeNumber(double value, int32_t dtype, uint8_t *at) {
  switch (dtype) {
  case TENON_F64:
    return store<double>(value, at);
  case TENON_F32:
    return store<float>(value, at);
  case TENON_I64:
    return store<int64_t>(value, at);
  case TENON_I32:
    return store<int32_t>(value, at);
  case TENON_I8:
    return store<int8_t>(value, at);
  default:
    return store<uint8_t>(value, at);
  }
}

std::string quoted(const std::string &text) {
  constexpr size_t kShown = 40;
  if (text.size() <= kShown)
    return "\"" + text + "\"";
  size_t end = kShown;
  while (end > 0 && (text[end] & 0xC0) == 0x80)
    --end;
  return "\"" + text.substr(0, end) + "…\"";
}

} // namespace tenon::data
