/// NumPy's .npy files, format versions 1 to 3
/// (https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html).
#pragma once

#include "runtime/data/Result.h"

#include <cstdint>
#include <string>
#include <vector>

namespace tenon::data {

/// A tensor that owns its row-major elements.
struct Array {
  int32_t dtype = 0; ///< tenon_dtype
  std::vector<int64_t> dims;
  std::vector<uint8_t> bytes;

  /// The number of elements.
  int64_t size() const;
};

/// Reads a file; column-major ones are put in row-major order. The Failure names the file and what
/// is wrong: not .npy, a type that Tenon doesn't have (big-endian and structured ones included), a
/// size that isn't the header's.
Result<Array> readNpy(const std::string &path);
/// The same of a file's bytes, known by `path` in messages.
Result<Array> parseNpy(const std::string &bytes, const std::string &path);

/// Writes a file atomically, format version 1. bf16 has no type in NumPy and is a Failure.
Status writeNpy(const std::string &path, int32_t dtype, const std::vector<int64_t> &dims,
                const void *elements);

} // namespace tenon::data
