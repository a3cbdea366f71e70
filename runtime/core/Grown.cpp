#include "runtime/core/Grown.h"

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <sys/mman.h>
#include <unistd.h>

namespace tenon {

namespace {
/// From here on memory is whole pages of the system's, which it moves without copying them.
constexpr int64_t kMapped = int64_t(1) << 20;
constexpr int64_t kPage = 4096;

void release(const tenon_grown &memory) {
  if (memory.capacity >= kMapped)
    munmap(memory.data, size_t(memory.capacity));
  else
    free(memory.data);
}

/// `bytes` with what is in `memory`, which is gone then; nullptr where there are none, and it
/// stays.
uint8_t *moved(const tenon_grown &memory, int64_t bytes) {
  if (memory.capacity >= kMapped) {
    void *data = mremap(memory.data, size_t(memory.capacity), size_t(bytes), MREMAP_MAYMOVE);
    return data == MAP_FAILED ? nullptr : static_cast<uint8_t *>(data);
  }
  void *data = nullptr;
  if (bytes >= kMapped) {
    data = mmap(nullptr, size_t(bytes), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (data == MAP_FAILED)
      return nullptr;
    madvise(data, size_t(bytes), MADV_HUGEPAGE);
  } else if (!(data = aligned_alloc(64, size_t(bytes)))) {
    return nullptr;
  }
  if (memory.capacity > 0)
    memcpy(data, memory.data, size_t(memory.capacity));
  release(memory);
  return static_cast<uint8_t *>(data);
}
} // namespace

GrownMemory::GrownMemory() { setLimit(0); }

GrownMemory::~GrownMemory() {
  for (int32_t i = 0; i < count; ++i)
    release(memories[i]);
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
  // By half at least, so that moving costs each byte a constant; but not at the price of failing.
  int64_t ample = std::max<int64_t>(bytes, memory.capacity + memory.capacity / 2 + 4096);
  return resize(memory, ample) || resize(memory, bytes);
}

bool GrownMemory::resize(tenon_grown &memory, int64_t bytes) {
  int64_t wanted = 0;
  if (__builtin_add_overflow(bytes, kPage + 63, &wanted))
    return false;
  wanted = (bytes + 63) / 64 * 64;
  if (wanted >= kMapped)
    wanted = (wanted + kPage - 1) / kPage * kPage;
  if (wanted - memory.capacity > limitBytes - total)
    return false;
  uint8_t *data = moved(memory, wanted);
  if (!data)
    return false;
  total += wanted - memory.capacity;
  memory = {data, wanted};
  return true;
}

} // namespace tenon
