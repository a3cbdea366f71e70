//===- Settings.h - What the environment asks of a fuzzing test -*- C++ -*-===//
#pragma once

#include <cstdint>
#include <cstdlib>

namespace tenon::fuzz {

/// The number that an environment variable holds, or another one.
inline int64_t setting(const char *name, int64_t otherwise) {
  const char *text = std::getenv(name);
  return text ? std::atoll(text) : otherwise;
}

} // namespace tenon::fuzz
