#include "runtime/core/Grown.h"

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <unistd.h>

namespace tenon {

GrownMemory::GrownMemory() { setLimit(0); }

GrownMemory::~GrownMemory() {
  for (int32_t i = 0; i < count; ++i)
    free(memories[i].data);
  free(memories);
}

void GrownMemory::setLimit(int64_t bytes) {
  limitBytes = bytes > 0 ? bytes : int64_t(sysconf(_SC_PHYS_PAGES)) / 2 * sysconf(_SC_PAGESIZE);
}

bool GrownMemory::prepare(int32_t wanted) {
  if (wanted <= count)
    return true;
  auto *grown = static_cast<tenon_grown *>(realloc(memories, size_t(wanted) * sizeof(tenon_grown)));
  if (!grown)
    return false;
  std::fill(grown + count, grown + wanted, tenon_grown{});
  memories = grown;
  count = wanted;
  return true;
}

bool GrownMemory::grow(int32_t index, int64_t bytes) {
  tenon_grown &memory = memories[index];
  if (bytes <= memory.capacity)
    return true;
  // By half at least, so that copying costs each byte a constant; but not at the price of failing.
  int64_t ample = std::max<int64_t>(bytes, memory.capacity + memory.capacity / 2 + 4096);
  return resize(memory, ample) || resize(memory, bytes);
}

bool GrownMemory::resize(tenon_grown &memory, int64_t bytes) {
  int64_t wanted = 0;
  if (__builtin_add_overflow(bytes, 63, &wanted))
    return false;
  wanted -= wanted % 64;
  if (wanted - memory.capacity > limitBytes - total)
    return false;
  auto *data = static_cast<uint8_t *>(aligned_alloc(64, size_t(wanted)));
  if (!data)
    return false;
  if (memory.capacity > 0)
    memcpy(data, memory.data, size_t(memory.capacity));
  free(memory.data);
  total += wanted - memory.capacity;
  memory = {data, wanted};
  return true;
}

} // namespace tenon
