#include "runtime/train/Tensors.h"

#include "runtime/core/Tensor.h"

#include <cmath>
#include <cstring>

namespace tenon::train {

OwnedTensor::OwnedTensor(int32_t dtype, std::vector<int64_t> extents)
    : dtype(dtype), dims(std::move(extents)) {
  bytes.resize(size_t(count() * tenon_dtype_bytes(dtype)));
}

int64_t OwnedTensor::count() const {
  int64_t product = 1;
  for (int64_t dim : dims)
    product *= dim;
  return product;
}

namespace {

template <typename T> double load(const uint8_t *memory, int64_t i) {
  T value;
  memcpy(&value, memory + size_t(i) * sizeof(T), sizeof value);
  return double(value);
}

/// IEEE 754 binary16.
double halfToDouble(uint16_t bits) {
  double sign = bits & 0x8000 ? -1 : 1;
  int exponent = (bits >> 10) & 31, fraction = bits & 1023;
  if (exponent == 31)
    return fraction ? std::nan("") : sign * HUGE_VAL;
  return sign * (exponent ? std::ldexp(1024 + fraction, exponent - 25) : std::ldexp(fraction, -24));
}

} // namespace

double elementAt(int32_t dtype, const uint8_t *memory, int64_t i) {
  switch (dtype) {
  case TENON_I8:
    return load<int8_t>(memory, i);
  case TENON_I32:
    return load<int32_t>(memory, i);
  case TENON_I64:
    return load<int64_t>(memory, i);
  case TENON_F16:
    return halfToDouble(uint16_t(load<uint16_t>(memory, i)));
  case TENON_BF16: {
    uint32_t word = uint32_t(load<uint16_t>(memory, i)) << 16;
    return load<float>(reinterpret_cast<const uint8_t *>(&word), 0);
  }
  case TENON_F32:
    return load<float>(memory, i);
  case TENON_F64:
    return load<double>(memory, i);
  default:
    return load<uint8_t>(memory, i);
  }
}

OwnedTensor OwnedTensor::copy() const {
  OwnedTensor other(dtype, dims);
  memcpy(other.bytes.data(), bytes.data(), bytes.size());
  return other;
}

std::string typeName(int32_t dtype, const std::vector<int64_t> &dims) {
  Message message;
  appendType(message, tenon_tensor{nullptr, dtype, int32_t(dims.size()), dims.data(), nullptr});
  return message.text();
}

std::string Variable::savedName() const {
  return role == "optimizer" || role == "metric" ? role + "/" + name : name;
}

bool isKept(std::string_view role) {
  return role == "parameter" || role == "state" || role == "optimizer" || role == "metric";
}

Variable &TensorStore::add(std::string name, std::string role, OwnedTensor tensor) {
  all.push_back({std::move(name), std::move(role), std::move(tensor), {}});
  return all.back();
}

Variable *TensorStore::find(std::string_view name, std::string_view role) {
  for (Variable &variable : all)
    if (variable.name == name && variable.role == role)
      return &variable;
  return nullptr;
}

} // namespace tenon::train
