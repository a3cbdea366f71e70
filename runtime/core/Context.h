/// What a tenon_context holds.
#pragma once

#include "runtime/core/Gang.h"
#include "runtime/core/Grown.h"
#include "runtime/core/Message.h"
#include "runtime/core/abi.h"

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <type_traits>

namespace tenon {

/// Memory that grows and keeps no content when it does.
template <typename T> class GrowBuffer {
public:
  static_assert(std::is_trivially_copyable_v<T>);
  GrowBuffer() = default;
  GrowBuffer(const GrowBuffer &) = delete;
  GrowBuffer &operator=(const GrowBuffer &) = delete;
  ~GrowBuffer() { free(memory); }
  /// At least `count` elements, or nullptr where there is no memory.
  T *reserve(size_t count) {
    if (count <= capacity && memory)
      return memory;
    size_t wanted = count + count / 2 + 8;
    T *grown = static_cast<T *>(malloc(wanted * sizeof(T)));
    if (!grown)
      return nullptr;
    free(memory);
    memory = grown;
    capacity = wanted;
    return memory;
  }

private:
  T *memory = nullptr;
  size_t capacity = 0;
};

/// 64-byte aligned memory for the buffers between kernels. Grows between calls, never shrinks.
class Arena {
public:
  Arena() = default;
  Arena(const Arena &) = delete;
  Arena &operator=(const Arena &) = delete;
  ~Arena() { free(memory); }
  /// At least `bytes`, or nullptr where there is no memory. The content is undefined.
  uint8_t *reserve(int64_t bytes);

private:
  uint8_t *memory = nullptr;
  int64_t capacity = 0;
};

/// What the threads of one call share; a frame's `gang` points here.
struct CallState {
  Barrier barrier;
  GrownMemory *grown = nullptr;
  const std::atomic<int32_t> *interrupt = nullptr;
  /// Whether a loop must end, as of the last barrier.
  bool mustStop = false;
  /// Whether one has.
  std::atomic<bool> stopped{false};
  /// The memory that couldn't grow, -1 if none.
  int32_t exhausted = -1;
  alignas(64) std::atomic_flag checkLock = ATOMIC_FLAG_INIT;
  int64_t check = INT64_MAX;
  int64_t where = INT64_MAX;
};

/// A stretch of memory that a call reads or writes.
struct Extent {
  uintptr_t begin;
  uintptr_t end;
  int32_t index;
  bool written;
};

} // namespace tenon

struct tenon_context {
  tenon::Message message;
  tenon::Gang gang;
  tenon_threads threads{};
  tenon::Arena arena;
  tenon::CallState state;
  tenon::GrownMemory grown;
  std::atomic<int32_t> interrupt{0};
  tenon::GrowBuffer<int64_t> symbols, symbolSources, dims;
  tenon::GrowBuffer<void *> pointers;
  tenon::GrowBuffer<tenon::Extent> extents;
  tenon::GrowBuffer<uint8_t> donated;
};
