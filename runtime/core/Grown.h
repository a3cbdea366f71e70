/// Memory that grows while a function runs.
#pragma once

#include "runtime/core/abi.h"

namespace tenon {

/// The grown memories of a context. They keep their size between calls, so that a function which is
/// called again and again allocates only in its first calls.
class GrownMemory {
public:
  GrownMemory();
  GrownMemory(const GrownMemory &) = delete;
  GrownMemory &operator=(const GrownMemory &) = delete;
  ~GrownMemory();

  /// At least `count` memories, new ones empty; false where there is no memory for the table.
  bool prepare(int32_t count);
  const tenon_grown *table() const { return memories; }
  /// Memory `index` gets at least `bytes` and keeps what is in it; false where the limit or the
  /// system forbids it.
  bool grow(int32_t index, int64_t bytes);
  /// Bytes that all may have together; <= 0: half of the machine's memory.
  void setLimit(int64_t bytes);
  int64_t limit() const { return limitBytes; }

private:
  bool resize(tenon_grown &memory, int64_t bytes);

  tenon_grown *memories = nullptr;
  int32_t count = 0;
  int64_t total = 0, limitBytes = 0;
};

} // namespace tenon
