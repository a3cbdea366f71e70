/// Batches of a split, prepared ahead by threads of their own.
#pragma once

#include "runtime/data/Table.h"

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace tenon::data {

/// Memory aligned to 64 bytes.
class AlignedBytes {
public:
  AlignedBytes() = default;
  explicit AlignedBytes(size_t size) { resize(size); }
  AlignedBytes(AlignedBytes &&other) noexcept
      : memory(std::move(other.memory)), used(std::exchange(other.used, 0)),
        capacity(std::exchange(other.capacity, 0)) {}
  AlignedBytes &operator=(AlignedBytes &&other) noexcept {
    memory = std::move(other.memory);
    used = std::exchange(other.used, 0);
    capacity = std::exchange(other.capacity, 0);
    return *this;
  }
  /// Content is lost where memory must grow; new memory is zero.
  void resize(size_t size);
  uint8_t *data() { return memory.get(); }
  const uint8_t *data() const { return memory.get(); }
  size_t size() const { return used; }

private:
  struct Free {
    void operator()(uint8_t *memory) const { free(memory); }
  };
  std::unique_ptr<uint8_t, Free> memory;
  size_t used = 0, capacity = 0;
};

/// Values of one field for some rows.
struct FieldBatch {
  std::string name;
  int32_t dtype = 0;
  std::vector<int64_t> dims; ///< rows in front
  AlignedBytes bytes;
};

struct Batch {
  int64_t epoch = 0;
  int64_t index = 0; ///< in its epoch
  int64_t rows = 0;
  std::vector<FieldBatch> fields;
  std::vector<uint32_t> source; ///< of each row, the table's
  Draws draws;                  ///< that it was made with
  Status status;                ///< why it couldn't be made: a function of a stage failed

  const FieldBatch *find(const std::string &name) const;
};

/// Puts `rows` of the table's `columns` into `batch`, reusing its memory.
void fillBatch(const std::vector<const Column *> &columns, const uint32_t *rows, size_t count,
               const Draws &draws, Batch &batch);

struct BatchOptions {
  int64_t batch = 32;
  /// Rows in an order of their own each epoch, known by (seed, epoch); else in the split's order.
  bool shuffle = false;
  uint64_t seed = 0;
  /// What `training` is in the stages.
  bool training = false;
  /// The first batch to give and one past the last epoch.
  int64_t epoch = 0, index = 0, epochs = 1;
  /// Batches that may wait.
  size_t ahead = 4;
  /// Threads that make batches; 0: as many as it takes, one where columns only copy what they keep.
  size_t threads = 0;
};

/// Gives every batch of every epoch in order; the last of an epoch may have fewer rows. What is
/// given depends on the options alone.
class BatchStream {
public:
  /// `columns` and `rows` must outlive the stream.
  BatchStream(std::vector<const Column *> columns, const std::vector<uint32_t> &rows,
              const BatchOptions &options);
  ~BatchStream();
  BatchStream(const BatchStream &) = delete;
  BatchStream &operator=(const BatchStream &) = delete;

  /// The next batch, valid until the next call; nullptr at the end.
  const Batch *next();

private:
  class State;
  std::unique_ptr<State> state;
};

/// Batches in an epoch.
inline int64_t batchesOf(size_t rows, int64_t batch) { return (int64_t(rows) + batch - 1) / batch; }

} // namespace tenon::data
