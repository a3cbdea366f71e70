/// Questions about tensors and the bindings they are handed to.
#pragma once

#include "runtime/core/Message.h"
#include "runtime/core/abi.h"

namespace tenon {

/// `dtype` is one of tenon_dtype.
bool isDtype(int32_t dtype);
/// The dtype of this name ("f32"), or -1.
int32_t dtypeOfName(const char *name);
/// Elements of `rank` extents; false where one is negative or the product exceeds 2^62.
bool elementCount(int32_t rank, const int64_t *dims, int64_t &count);
/// Strides are absent or those of row-major order (an extent of 1 may have any, an empty tensor
/// all).
bool isRowMajor(const tenon_tensor &tensor);

/// "f32[32, 100]".
void appendType(Message &message, const tenon_tensor &tensor);
/// "f32[batch, 100]", with `?` for an expression.
void appendType(Message &message, const tenon_entry &entry, const tenon_binding &binding);
/// "[100, 1]".
void appendNumbers(Message &message, int32_t n, const int64_t *numbers);

} // namespace tenon
