#include "runtime/data/BatchStream.h"

#include "runtime/data/Permutation.h"

#include <algorithm>
#include <condition_variable>
#include <cstdlib>
#include <cstring>
#include <deque>
#include <mutex>
#include <new>
#include <thread>

namespace tenon::data {

void AlignedBytes::resize(size_t size) {
  if (size > capacity || !memory) {
    size_t wanted = (std::max<size_t>(size, 1) + 63) / 64 * 64;
    memory.reset(static_cast<uint8_t *>(aligned_alloc(64, wanted)));
    if (!memory)
      throw std::bad_alloc();
    memset(memory.get(), 0, wanted);
    capacity = wanted;
  }
  used = size;
}

const FieldBatch *Batch::find(const std::string &name) const {
  for (const FieldBatch &field : fields)
    if (field.name == name)
      return &field;
  return nullptr;
}

void fillBatch(const std::vector<const Column *> &columns, const uint32_t *rows, size_t count,
               const Draws &draws, Batch &batch) {
  batch.status = Status();
  batch.draws = draws;
  batch.rows = int64_t(count);
  batch.source.assign(rows, rows + count);
  batch.fields.resize(columns.size());
  for (size_t i = 0; i < columns.size(); ++i) {
    const Column &column = *columns[i];
    FieldBatch &field = batch.fields[i];
    field.name = column.plan().name;
    field.dtype = column.plan().dtype;
    field.dims.assign(1, int64_t(count));
    field.dims.insert(field.dims.end(), column.extents().begin(), column.extents().end());
    field.bytes.resize(count * column.rowBytes());
    Status status = column.copyRows({rows, count}, draws, field.bytes.data());
    if (batch.status)
      batch.status = std::move(status);
  }
}

/// A bounded queue between the preparing thread and the caller. Batches go round: `free` ones are
/// filled and wait in `ready`; the caller holds `given`.
class BatchStream::State {
public:
  State(std::vector<const Column *> columns, const std::vector<uint32_t> &rows,
        const BatchOptions &options)
      : columns(std::move(columns)), rows(rows), options(options) {
    for (size_t i = 0; i < std::max<size_t>(options.ahead, 1); ++i)
      free.push_back(std::make_unique<Batch>());
    worker = std::thread([this] { prepare(); });
  }
  ~State() {
    {
      std::lock_guard lock(mutex);
      stop = true;
    }
    changed.notify_all();
    worker.join();
  }

  const Batch *next() {
    std::unique_lock lock(mutex);
    if (given) {
      free.push_back(std::move(given));
      changed.notify_all();
    }
    changed.wait(lock, [this] { return !ready.empty() || finished; });
    if (ready.empty())
      return nullptr;
    given = std::move(ready.front());
    ready.pop_front();
    return given.get();
  }

private:
  void prepare() {
    int64_t perEpoch = batchesOf(rows.size(), options.batch), index = options.index;
    for (int64_t epoch = options.epoch; epoch < options.epochs; ++epoch, index = 0) {
      std::vector<uint32_t> order = rows;
      if (options.shuffle)
        permute(order, options.seed, uint64_t(epoch), kShuffleStream);
      for (; index < perEpoch; ++index)
        if (!give(order, epoch, index))
          return;
    }
    std::lock_guard lock(mutex);
    finished = true;
    changed.notify_all();
  }

  /// False when the stream is being destroyed.
  bool give(const std::vector<uint32_t> &order, int64_t epoch, int64_t index) {
    std::unique_ptr<Batch> batch;
    {
      std::unique_lock lock(mutex);
      changed.wait(lock, [this] { return !free.empty() || stop; });
      if (stop)
        return false;
      batch = std::move(free.back());
      free.pop_back();
    }
    size_t begin = size_t(index * options.batch);
    size_t count = std::min(order.size() - begin, size_t(options.batch));
    fillBatch(columns, order.data() + begin, count, {options.training, options.seed, epoch},
              *batch);
    batch->epoch = epoch;
    batch->index = index;
    std::lock_guard lock(mutex);
    ready.push_back(std::move(batch));
    changed.notify_all();
    return true;
  }

  std::vector<const Column *> columns;
  const std::vector<uint32_t> &rows;
  BatchOptions options;
  std::mutex mutex;
  std::condition_variable changed;
  std::vector<std::unique_ptr<Batch>> free;
  std::deque<std::unique_ptr<Batch>> ready;
  std::unique_ptr<Batch> given;
  bool stop = false, finished = false;
  std::thread worker;
};

BatchStream::BatchStream(std::vector<const Column *> columns, const std::vector<uint32_t> &rows,
                         const BatchOptions &options)
    : state(std::make_unique<State>(std::move(columns), rows, options)) {}
BatchStream::~BatchStream() = default;
const Batch *BatchStream::next() { return state->next(); }

} // namespace tenon::data
