#include "runtime/core/Message.h"

#include <cstdio>
#include <cstring>

namespace tenon {

void Message::clear() {
  length = 0;
  buffer[0] = 0;
}

void Message::append(const char *format, ...) {
  static constexpr char kCut[] = "…";
  size_t room = kCapacity - sizeof(kCut) - length;
  if (room <= 1)
    return;
  va_list arguments;
  va_start(arguments, format);
  int wanted = vsnprintf(buffer + length, room, format, arguments);
  va_end(arguments);
  if (wanted < 0)
    return;
  if (size_t(wanted) < room) {
    length += size_t(wanted);
    return;
  }
  size_t end = kCapacity - sizeof(kCut) - 1;
  while (end > 0 && (buffer[end] & 0xC0) == 0x80) // don't cut inside a character
    --end;
  memcpy(buffer + end, kCut, sizeof(kCut));
  length = kCapacity - sizeof(kCut);
}

} // namespace tenon
