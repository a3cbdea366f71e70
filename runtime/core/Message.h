/// Text built without allocation: what a call answers beside its status.
#pragma once

#include <cstdarg>
#include <cstddef>

namespace tenon {

/// A NUL-terminated text of bounded length; what doesn't fit is cut and ends in "…".
class Message {
public:
  void clear();
  __attribute__((format(printf, 2, 3))) void append(const char *format, ...);
  const char *text() const { return buffer; }
  bool empty() const { return length == 0; }

private:
  static constexpr size_t kCapacity = 1536;
  char buffer[kCapacity] = {0};
  size_t length = 0;
};

} // namespace tenon
