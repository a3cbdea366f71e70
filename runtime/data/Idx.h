/// The idx files of MNIST and its kin, plain or gzipped
/// (http://yann.lecun.com/exdb/mnist, "file formats").
#pragma once

#include "runtime/data/Npy.h"

#include <string>

namespace tenon::data {

/// Reads a file: u8, i8, i32, f32 or f64 as it says, 16-bit integers as i32. The Failure names the
/// file and what is wrong: not idx, damaged gzip, a size that isn't the header's.
Result<Array> readIdx(const std::string &path);
/// The same of a file's bytes, known by `path` in messages.
Result<Array> parseIdx(const std::string &bytes, const std::string &path);

} // namespace tenon::data
