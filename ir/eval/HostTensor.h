//===- HostTensor.h - Tensors as plain memory of this process ---*- C++ -*-===//
#pragma once

#include "runtime/core/abi.h"

#include <cassert>
#include <cstdint>
#include <cstring>
#include <initializer_list>
#include <string>
#include <vector>

namespace tenon {

/// One element. Integers and truth values are in `integer` (of u8 and bool: not negative), real
/// numbers in `real`, exactly; the other member is 0.
struct Number {
  double real = 0;
  int64_t integer = 0;

  static Number ofReal(double value) { return {value, 0}; }
  static Number ofInteger(int64_t value) { return {0, value}; }
};

/// True for f16, bf16, f32 and f64.
bool isRealDtype(tenon_dtype dtype);
/// The nearest value of `dtype`, halves to even; f16 and bf16 are rounded from the nearest f32.
double roundTo(tenon_dtype dtype, double value);
/// The integer modulo 2^bits of `dtype`; of bool the lowest bit.
int64_t wrapTo(tenon_dtype dtype, int64_t value);

/// A tensor that owns its elements, row-major and contiguous.
class HostTensor {
public:
  /// A bool scalar, false.
  HostTensor() : HostTensor(TENON_BOOL, {}) {}
  /// All elements are zero.
  HostTensor(tenon_dtype dtype, std::vector<int64_t> shape);

  /// Elements of the C++ type that holds `dtype` (float for f32, int32_t for i32, uint8_t for bool
  /// and u8, uint16_t as the bits of f16 and bf16); as many as the shape says.
  template <typename T>
  static HostTensor of(tenon_dtype dtype, std::vector<int64_t> shape,
                       const std::vector<T> &values) {
    HostTensor tensor(dtype, std::move(shape));
    assert(sizeof(T) * values.size() == tensor.bytes_.size() && "as many values as elements");
    if (!values.empty())
      std::memcpy(tensor.bytes_.data(), values.data(), tensor.bytes_.size());
    return tensor;
  }
  /// Elements converted from these numbers: rounded for real dtypes, else towards zero and wrapped.
  static HostTensor ofNumbers(tenon_dtype dtype, std::vector<int64_t> shape,
                              const std::vector<double> &values);
  static HostTensor ofNumbers(tenon_dtype dtype, std::vector<int64_t> shape,
                              std::initializer_list<double> values) {
    return ofNumbers(dtype, std::move(shape), std::vector<double>(values));
  }
  static HostTensor scalar(tenon_dtype dtype, double value) {
    return ofNumbers(dtype, {}, {value});
  }

  tenon_dtype dtype() const { return dtype_; }
  const std::vector<int64_t> &shape() const { return shape_; }
  int64_t rank() const { return int64_t(shape_.size()); }
  /// The number of elements.
  int64_t size() const { return size_; }
  void *data() { return bytes_.data(); }
  const void *data() const { return bytes_.data(); }
  size_t byteSize() const { return bytes_.size(); }

  /// The elements as `T`, the C++ type that holds the dtype.
  template <typename T> T *as() {
    assert(int64_t(sizeof(T)) == tenon_dtype_bytes(dtype_));
    return reinterpret_cast<T *>(bytes_.data());
  }
  template <typename T> const T *as() const { return const_cast<HostTensor *>(this)->as<T>(); }

  /// Element `index` in row-major order.
  Number at(int64_t index) const;
  /// Stores a number, rounded or wrapped to the dtype.
  void set(int64_t index, Number value);
  /// Element `index` whatever the dtype (i64 beyond 2^53 is rounded).
  double number(int64_t index) const;
  /// All elements in row-major order, as `number` gives them.
  std::vector<double> numbers() const;

  /// The same elements under another shape of as many elements.
  HostTensor reshaped(std::vector<int64_t> shape) const;

  /// Same dtype, shape and bits.
  bool operator==(const HostTensor &other) const {
    return dtype_ == other.dtype_ && shape_ == other.shape_ && bytes_ == other.bytes_;
  }
  /// A view for the C ABI; it lives as long as this tensor.
  tenon_tensor view() {
    return {bytes_.data(), int32_t(dtype_), int32_t(shape_.size()), shape_.data(), nullptr};
  }
  /// "f32[2, 3] [1, 2, 3, 4, 5, 6]", at most `limit` elements of it.
  std::string str(int64_t limit = 32) const;

private:
  tenon_dtype dtype_;
  std::vector<int64_t> shape_;
  int64_t size_;
  std::vector<uint8_t> bytes_;
};

/// How far real numbers may be apart: |a - b| <= absolute + relative * max(|a|, |b|).
struct Tolerance {
  double relative = 0;
  double absolute = 0;
};

/// Compares two tensors of one shape; integers and truth values exactly, real numbers (of any real
/// dtypes) within `tolerance`, NaN equal to NaN and infinities to themselves. Empty if they agree,
/// else a sentence that names the first element which differs.
std::string difference(const HostTensor &actual, const HostTensor &expected,
                       Tolerance tolerance = {});

} // namespace tenon
