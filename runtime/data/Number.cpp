#include "runtime/data/Number.h"

#include "runtime/core/abi.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstring>
#include <limits>

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

namespace {

template <typename T> T load(const uint8_t *at) {
  T value;
  memcpy(&value, at, sizeof value);
  return value;
}

/// IEEE 754 binary16.
double loadHalf(const uint8_t *at) {
  uint16_t bits = load<uint16_t>(at);
  int exponent = bits >> 10 & 31, fraction = bits & 1023;
  double magnitude = exponent == 31  ? (fraction ? NAN : INFINITY)
                     : exponent == 0 ? std::ldexp(fraction, -24)
                                     : std::ldexp(1024 + fraction, exponent - 25);
  return bits >> 15 ? -magnitude : magnitude;
}

template <typename T> double towardsZero(double value) {
  constexpr double least = double(std::numeric_limits<T>::min());
  constexpr double most = double(std::numeric_limits<T>::max());
  return std::isnan(value) ? 0 : std::clamp(std::trunc(value), least, most);
}

} // namespace

std::optional<double> loadNumber(const uint8_t *at, int32_t dtype) {
  switch (dtype) {
  case TENON_F64:
    return load<double>(at);
  case TENON_F32:
    return load<float>(at);
  case TENON_F16:
    return loadHalf(at);
  case TENON_I64: {
    int64_t value = load<int64_t>(at);
    if (value > int64_t(kExactIntegers) || value < -int64_t(kExactIntegers))
      return std::nullopt;
    return double(value);
  }
  case TENON_I32:
    return load<int32_t>(at);
  case TENON_I8:
    return load<int8_t>(at);
  default:
    return load<uint8_t>(at);
  }
}

double convertNumber(double value, int32_t dtype) {
  switch (dtype) {
  case TENON_F32:
    return float(value);
  case TENON_I64:
    return std::isnan(value) ? 0 : std::clamp(std::trunc(value), -kExactIntegers, kExactIntegers);
  case TENON_I32:
    return towardsZero<int32_t>(value);
  case TENON_I8:
    return towardsZero<int8_t>(value);
  case TENON_U8:
    return towardsZero<uint8_t>(value);
  case TENON_BOOL:
    return value != 0;
  default:
    return value;
  }
}

std::string shownNumber(double value) {
  char text[32];
  bool whole = value == std::trunc(value) && std::fabs(value) < 1e15;
  auto end = whole ? std::to_chars(text, text + sizeof text, int64_t(value)).ptr
                   : std::to_chars(text, text + sizeof text, value).ptr;
  return {text, end};
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
