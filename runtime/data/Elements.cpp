#include "runtime/data/Elements.h"

#include "runtime/core/abi.h"
#include "runtime/data/Number.h"

#include <algorithm>
#include <cmath>
#include <cstring>

namespace tenon::data {

namespace {

/// Numbers that are on their way at once: they stay in the first cache.
constexpr size_t kBlock = 512;

template <typename T> void loadAs(const uint8_t *from, std::span<double> to) {
  for (size_t i = 0; i < to.size(); ++i) {
    T value;
    memcpy(&value, from + i * sizeof value, sizeof value);
    to[i] = double(value);
  }
}

/// The numbers of a block; its first element that a double can't hold.
std::optional<size_t> load(const uint8_t *from, int32_t dtype, std::span<double> to) {
  switch (dtype) {
  case TENON_F64:
    loadAs<double>(from, to);
    return std::nullopt;
  case TENON_F32:
    loadAs<float>(from, to);
    return std::nullopt;
  case TENON_I32:
    loadAs<int32_t>(from, to);
    return std::nullopt;
  case TENON_U8:
    loadAs<uint8_t>(from, to);
    return std::nullopt;
  default:
    size_t bytes = size_t(tenon_dtype_bytes(dtype));
    for (size_t i = 0; i < to.size(); ++i) {
      std::optional<double> value = loadNumber(from + i * bytes, dtype);
      if (!value)
        return i;
      to[i] = *value;
    }
    return std::nullopt;
  }
}

/// Writes reals; the first that isn't finite as T.
template <typename T> std::optional<size_t> storeAs(std::span<const double> numbers, uint8_t *to) {
  bool finite = true;
  for (size_t i = 0; i < numbers.size(); ++i) {
    T value = T(numbers[i]);
    finite &= std::fabs(value) <= std::numeric_limits<T>::max();
    memcpy(to + i * sizeof value, &value, sizeof value);
  }
  if (finite)
    return std::nullopt;
  auto bad = std::find_if(numbers.begin(), numbers.end(),
                          [](double number) { return !std::isfinite(T(number)); });
  return size_t(bad - numbers.begin());
}

std::optional<size_t> store(std::span<const double> numbers, uint8_t *to, int32_t dtype) {
  if (dtype == TENON_F32)
    return storeAs<float>(numbers, to);
  if (dtype == TENON_F64)
    return storeAs<double>(numbers, to);
  size_t bytes = size_t(tenon_dtype_bytes(dtype));
  for (size_t i = 0; i < numbers.size(); ++i) {
    if (!fits(numbers[i], dtype))
      return i;
    storeNumber(numbers[i], dtype, to + i * bytes);
  }
  return std::nullopt;
}

} // namespace

std::optional<UnfitElement> convertElements(const uint8_t *from, int32_t fromDtype, size_t count,
                                            std::span<const ElementStage> stages, uint8_t *to,
                                            int32_t toDtype) {
  size_t fromBytes = size_t(tenon_dtype_bytes(fromDtype));
  size_t toBytes = size_t(tenon_dtype_bytes(toDtype));
  double block[kBlock];
  for (size_t begin = 0; begin < count; begin += kBlock) {
    std::span<double> numbers(block, std::min(kBlock, count - begin));
    if (auto large = load(from + begin * fromBytes, fromDtype, numbers)) {
      int64_t value = 0;
      memcpy(&value, from + (begin + *large) * fromBytes, sizeof value);
      return UnfitElement{begin + *large, double(value)};
    }
    for (const ElementStage &stage : stages)
      stage(numbers, begin);
    if (auto bad = store(numbers, to + begin * toBytes, toDtype))
      return UnfitElement{begin + *bad, numbers[*bad]};
  }
  return std::nullopt;
}

std::optional<size_t> findNotFinite(const uint8_t *elements, int32_t dtype, size_t count) {
  if (dtype < TENON_F16)
    return std::nullopt;
  double block[kBlock];
  size_t bytes = size_t(tenon_dtype_bytes(dtype));
  for (size_t begin = 0; begin < count; begin += kBlock) {
    std::span<double> numbers(block, std::min(kBlock, count - begin));
    (void)load(elements + begin * bytes, dtype, numbers);
    auto bad = std::find_if(numbers.begin(), numbers.end(),
                            [](double number) { return !std::isfinite(number); });
    if (bad != numbers.end())
      return begin + size_t(bad - numbers.begin());
  }
  return std::nullopt;
}

} // namespace tenon::data
