#include "runtime/core/Tensor.h"

#include <cstring>

namespace {
struct DtypeInfo {
  const char *name;
  int64_t bytes;
};
constexpr DtypeInfo kDtypes[] = {{"bool", 1}, {"i8", 1},   {"u8", 1},  {"i32", 4}, {"i64", 8},
                                 {"f16", 2},  {"bf16", 2}, {"f32", 4}, {"f64", 8}};
constexpr int32_t kDtypeCount = sizeof(kDtypes) / sizeof(kDtypes[0]);
} // namespace

namespace tenon {

bool isDtype(int32_t dtype) { return dtype >= 0 && dtype < kDtypeCount; }

int32_t dtypeOfName(const char *name) {
  for (int32_t i = 0; i < kDtypeCount; ++i)
    if (!strcmp(kDtypes[i].name, name))
      return i;
  return -1;
}

bool elementCount(int32_t rank, const int64_t *dims, int64_t &count) {
  // Extents are judged without the zeros among them, so that a view of an empty tensor can't
  // overflow either.
  int64_t product = 1;
  bool empty = false;
  for (int32_t i = 0; i < rank; ++i) {
    if (dims[i] < 0)
      return false;
    if (dims[i] == 0) {
      empty = true;
      continue;
    }
    if (__builtin_mul_overflow(product, dims[i], &product) || product > (int64_t(1) << 62))
      return false;
  }
  count = empty ? 0 : product;
  return true;
}

bool isRowMajor(const tenon_tensor &tensor) {
  if (!tensor.strides)
    return true;
  for (int32_t i = 0; i < tensor.rank; ++i)
    if (tensor.dims[i] == 0)
      return true;
  int64_t expected = 1;
  for (int32_t i = tensor.rank; i-- > 0;) {
    if (tensor.dims[i] != 1 && tensor.strides[i] != expected)
      return false;
    expected *= tensor.dims[i];
  }
  return true;
}

void appendNumbers(Message &message, int32_t n, const int64_t *numbers) {
  message.append("[");
  for (int32_t i = 0; i < n; ++i)
    message.append(i ? ", %lld" : "%lld", static_cast<long long>(numbers[i]));
  message.append("]");
}

void appendType(Message &message, const tenon_tensor &tensor) {
  message.append("%s", tenon_dtype_name(tensor.dtype));
  if (tensor.rank > 0)
    appendNumbers(message, tensor.rank, tensor.dims);
}

void appendType(Message &message, const tenon_entry &entry, const tenon_binding &binding) {
  message.append("%s", tenon_dtype_name(binding.dtype));
  for (int32_t i = 0; i < binding.rank; ++i) {
    message.append(i ? ", " : "[");
    int64_t dim = binding.dims[i];
    if (dim >= 0)
      message.append("%lld", static_cast<long long>(dim));
    else if (dim == TENON_DIM_EXPRESSION)
      message.append("?");
    else
      message.append("%s", entry.symbols[-(dim + 1)]);
  }
  if (binding.rank > 0)
    message.append("]");
}

} // namespace tenon

extern "C" {

int64_t tenon_dtype_bytes(int32_t dtype) {
  return tenon::isDtype(dtype) ? kDtypes[dtype].bytes : 0;
}

const char *tenon_dtype_name(int32_t dtype) {
  return tenon::isDtype(dtype) ? kDtypes[dtype].name : "unknown";
}
}
