/// Whole files.
#pragma once

#include "runtime/data/Result.h"

#include <cstdint>
#include <span>
#include <string>

namespace tenon::data {

/// A file's content. The failure names it.
Result<std::string> readWhole(const std::string &path);

inline std::span<const uint8_t> bytesOf(const std::string &content) {
  return {reinterpret_cast<const uint8_t *>(content.data()), content.size()};
}

} // namespace tenon::data
