//===- HostTensor.cpp - Tensors as plain memory of this process -----------===//
#include "ir/eval/HostTensor.h"

#include "llvm/ADT/APFloat.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/Support/Format.h"
#include "llvm/Support/raw_ostream.h"

#include <cmath>
#include <functional>
#include <numeric>

using namespace tenon;

bool tenon::isRealDtype(tenon_dtype dtype) { return dtype >= TENON_F16; }

static const llvm::fltSemantics &halfSemantics(tenon_dtype dtype) {
  return dtype == TENON_F16 ? llvm::APFloat::IEEEhalf() : llvm::APFloat::BFloat();
}

/// The 16 bits of the f16 or bf16 nearest to `value`.
static uint16_t halfBits(tenon_dtype dtype, float value) {
  llvm::APFloat number(value);
  bool lost;
  number.convert(halfSemantics(dtype), llvm::APFloat::rmNearestTiesToEven, &lost);
  return uint16_t(number.bitcastToAPInt().getZExtValue());
}
static double halfValue(tenon_dtype dtype, uint16_t bits) {
  return llvm::APFloat(halfSemantics(dtype), llvm::APInt(16, bits)).convertToDouble();
}

double tenon::roundTo(tenon_dtype dtype, double value) {
  switch (dtype) {
  case TENON_F32:
    return float(value);
  case TENON_F16:
  case TENON_BF16:
    return halfValue(dtype, halfBits(dtype, float(value)));
  default:
    return value;
  }
}

int64_t tenon::wrapTo(tenon_dtype dtype, int64_t value) {
  switch (dtype) {
  case TENON_BOOL:
    return value & 1;
  case TENON_I8:
    return int8_t(value);
  case TENON_U8:
    return uint8_t(value);
  case TENON_I32:
    return int32_t(value);
  default:
    return value;
  }
}

HostTensor::HostTensor(tenon_dtype dtype, std::vector<int64_t> shape)
    : dtype_(dtype), shape_(std::move(shape)),
      size_(std::accumulate(shape_.begin(), shape_.end(), int64_t(1), std::multiplies<>())),
      bytes_(size_t(size_ * tenon_dtype_bytes(dtype))) {}

HostTensor HostTensor::ofNumbers(tenon_dtype dtype, std::vector<int64_t> shape,
                                 const std::vector<double> &values) {
  HostTensor tensor(dtype, std::move(shape));
  assert(int64_t(values.size()) == tensor.size() && "as many values as elements");
  for (auto [i, value] : llvm::enumerate(values))
    tensor.set(int64_t(i),
               isRealDtype(dtype) ? Number::ofReal(value) : Number::ofInteger(int64_t(value)));
  return tensor;
}

Number HostTensor::at(int64_t index) const {
  assert(index >= 0 && index < size_);
  switch (dtype_) {
  case TENON_BOOL:
  case TENON_U8:
    return Number::ofInteger(as<uint8_t>()[index]);
  case TENON_I8:
    return Number::ofInteger(as<int8_t>()[index]);
  case TENON_I32:
    return Number::ofInteger(as<int32_t>()[index]);
  case TENON_I64:
    return Number::ofInteger(as<int64_t>()[index]);
  case TENON_F16:
  case TENON_BF16:
    return Number::ofReal(halfValue(dtype_, as<uint16_t>()[index]));
  case TENON_F32:
    return Number::ofReal(as<float>()[index]);
  case TENON_F64:
    return Number::ofReal(as<double>()[index]);
  }
  llvm_unreachable("a dtype");
}

void HostTensor::set(int64_t index, Number value) {
  assert(index >= 0 && index < size_);
  switch (dtype_) {
  case TENON_BOOL:
  case TENON_U8:
    as<uint8_t>()[index] = uint8_t(wrapTo(dtype_, value.integer));
    return;
  case TENON_I8:
    as<int8_t>()[index] = int8_t(value.integer);
    return;
  case TENON_I32:
    as<int32_t>()[index] = int32_t(value.integer);
    return;
  case TENON_I64:
    as<int64_t>()[index] = value.integer;
    return;
  case TENON_F16:
  case TENON_BF16:
    as<uint16_t>()[index] = halfBits(dtype_, float(value.real));
    return;
  case TENON_F32:
    as<float>()[index] = float(value.real);
    return;
  case TENON_F64:
    as<double>()[index] = value.real;
    return;
  }
}

double HostTensor::number(int64_t index) const {
  Number value = at(index);
  return isRealDtype(dtype_) ? value.real : double(value.integer);
}

std::vector<double> HostTensor::numbers() const {
  std::vector<double> result;
  for (int64_t i = 0; i < size_; ++i)
    result.push_back(number(i));
  return result;
}

HostTensor HostTensor::reshaped(std::vector<int64_t> shape) const {
  HostTensor result(dtype_, std::move(shape));
  assert(result.size_ == size_ && "as many elements as before");
  result.bytes_ = bytes_;
  return result;
}

static std::string typeText(tenon_dtype dtype, const std::vector<int64_t> &shape) {
  std::string text = tenon_dtype_name(dtype);
  llvm::raw_string_ostream out(text);
  out << "[";
  llvm::interleaveComma(shape, out);
  out << "]";
  return text;
}

static void printNumber(llvm::raw_ostream &out, tenon_dtype dtype, Number value) {
  if (isRealDtype(dtype) && std::isnan(value.real))
    out << "nan"; // whatever its sign
  else if (isRealDtype(dtype))
    out << llvm::format("%.9g", value.real);
  else
    out << value.integer;
}

std::string HostTensor::str(int64_t limit) const {
  std::string text = typeText(dtype_, shape_);
  llvm::raw_string_ostream out(text);
  out << " [";
  for (int64_t i = 0; i < std::min(size_, limit); ++i) {
    out << (i ? ", " : "");
    printNumber(out, dtype_, at(i));
  }
  out << (size_ > limit ? ", ...]" : "]");
  return text;
}

static bool agree(double a, double b, Tolerance tolerance) {
  if (std::isnan(a) || std::isnan(b))
    return std::isnan(a) && std::isnan(b);
  if (std::isinf(a) || std::isinf(b))
    return a == b;
  return std::abs(a - b) <=
         tolerance.absolute + tolerance.relative * std::max(std::abs(a), std::abs(b));
}

std::string tenon::difference(const HostTensor &actual, const HostTensor &expected,
                              Tolerance tolerance) {
  bool isReal = isRealDtype(expected.dtype());
  std::string text;
  llvm::raw_string_ostream out(text);
  if (actual.shape() != expected.shape() || isRealDtype(actual.dtype()) != isReal ||
      (!isReal && actual.dtype() != expected.dtype())) {
    out << typeText(actual.dtype(), actual.shape()) << " instead of "
        << typeText(expected.dtype(), expected.shape());
    return text;
  }
  for (int64_t i = 0; i < expected.size(); ++i) {
    Number a = actual.at(i), b = expected.at(i);
    if (isReal ? agree(a.real, b.real, tolerance) : a.integer == b.integer)
      continue;
    out << "element " << i << " of " << typeText(expected.dtype(), expected.shape()) << " is ";
    printNumber(out, actual.dtype(), a);
    out << " instead of ";
    printNumber(out, expected.dtype(), b);
    return text;
  }
  return text;
}
