#include "runtime/data/BatchStream.h"

#include "runtime/data/Parallel.h"
#include "runtime/data/Permutation.h"

#include <algorithm>
#include <condition_variable>
#include <cstdlib>
#include <cstring>
#include <map>
#include <mutex>
#include <new>
#include <thread>

namespace tenon::data {

/// More only take memory.
static constexpr size_t kMostThreads = 16;

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

/// Batches go round: threads fill `free` ones, which wait in `ready` by their place in the stream;
/// the caller holds `given`. A place is taken together with the batch that is to have it, so that
/// the next one that the caller waits for is always being made.
class BatchStream::State {
public:
  State(std::vector<const Column *> columns, const std::vector<uint32_t> &rows,
        const BatchOptions &options)
      : columns(std::move(columns)), rows(rows), options(options),
        perEpoch(batchesOf(rows.size(), options.batch)), epoch(options.epoch),
        index(options.index) {
    size_t threads = options.threads ? options.threads : wantedThreads();
    for (size_t i = 0; i < std::max(options.ahead, threads); ++i)
      free.push_back(std::make_unique<Batch>());
    for (size_t i = 0; i < threads; ++i)
      workers.emplace_back([this] {
        while (makeOne()) {
        }
      });
  }
  ~State() {
    {
      std::lock_guard lock(mutex);
      stop = true;
    }
    changed.notify_all();
    for (std::thread &worker : workers)
      worker.join();
  }

  const Batch *next() {
    std::unique_lock lock(mutex);
    if (given) {
      free.push_back(std::move(given));
      changed.notify_all();
    }
    changed.wait(lock, [this] { return ready.count(wanted) || (atEnd() && wanted == taken); });
    if (wanted == taken)
      return nullptr;
    given = std::move(ready.extract(wanted++).mapped());
    return given.get();
  }

private:
  size_t wantedThreads() const {
    bool works = std::any_of(columns.begin(), columns.end(),
                             [](const Column *column) { return column->worksForBatches(); });
    return works ? std::min(processors(), kMostThreads) : 1;
  }

  /// Nothing more is to be made; where an epoch ends, its successor is begun.
  bool atEnd() {
    if (index >= perEpoch && epoch < options.epochs) {
      ++epoch;
      index = 0;
      order.reset();
    }
    return epoch >= options.epochs || perEpoch == 0;
  }

  std::shared_ptr<const std::vector<uint32_t>> orderOfEpoch() {
    if (!order) {
      auto made = std::make_shared<std::vector<uint32_t>>(rows);
      if (options.shuffle)
        permute(*made, options.seed, uint64_t(epoch), kShuffleStream);
      order = std::move(made);
    }
    return order;
  }

  /// False at the end, and when the stream is being destroyed.
  bool makeOne() {
    std::unique_ptr<Batch> batch;
    std::shared_ptr<const std::vector<uint32_t>> rowsInOrder;
    int64_t place = 0;
    {
      std::unique_lock lock(mutex);
      changed.wait(lock, [this] { return !free.empty() || stop || atEnd(); });
      if (stop || atEnd()) {
        changed.notify_all();
        return false;
      }
      batch = std::move(free.back());
      free.pop_back();
      batch->epoch = epoch;
      batch->index = index++;
      rowsInOrder = orderOfEpoch();
      place = taken++;
    }
    size_t begin = size_t(batch->index * options.batch);
    size_t count = std::min(rowsInOrder->size() - begin, size_t(options.batch));
    fillBatch(columns, rowsInOrder->data() + begin, count,
              {options.training, options.seed, batch->epoch}, *batch);
    std::lock_guard lock(mutex);
    ready.emplace(place, std::move(batch));
    changed.notify_all();
    return true;
  }

  std::vector<const Column *> columns;
  const std::vector<uint32_t> &rows;
  BatchOptions options;
  int64_t perEpoch;
  std::mutex mutex;
  std::condition_variable changed;
  int64_t epoch, index;                               ///< of the next batch to be made
  std::shared_ptr<const std::vector<uint32_t>> order; ///< of the rows in that epoch, once made
  int64_t taken = 0, wanted = 0; ///< places that have been given out, and the caller's next one
  std::vector<std::unique_ptr<Batch>> free;
  std::map<int64_t, std::unique_ptr<Batch>> ready;
  std::unique_ptr<Batch> given;
  bool stop = false;
  std::vector<std::thread> workers;
};

BatchStream::BatchStream(std::vector<const Column *> columns, const std::vector<uint32_t> &rows,
                         const BatchOptions &options)
    : state(std::make_unique<State>(std::move(columns), rows, options)) {}
BatchStream::~BatchStream() = default;
const Batch *BatchStream::next() { return state->next(); }

} // namespace tenon::data
