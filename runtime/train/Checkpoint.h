/// Checkpoints: everything that continuing a training, evaluating and predicting need, in one
/// safetensors file.
///
/// Tensors: parameters and states under their own names, "optimizer/…", "metric/…", and
/// "training/averages", the sums of the epoch so far. Metadata: "format" ("tenon checkpoint"),
/// "version", "training" (CheckpointInfo but for the next three), "dataset", "fitted" and, from
/// version 2 on, "ingredients" (JSON), "structure" (a hash of the variables' names, dtypes and
/// extents), "checksum" (XXH3 of all the rest). Equal states are equal bytes: no time, no path, no
/// thread count is in it.
#pragma once

#include "runtime/data/Fitted.h"
#include "runtime/data/Result.h"
#include "runtime/train/Ingredients.h"
#include "runtime/train/Tensors.h"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace tenon::train {

inline constexpr int64_t kCheckpointVersion = 2;

/// Where a training stands: `step` steps are done; the next batch is `batch` of `epoch`.
struct Position {
  int64_t epoch = 0;
  int64_t batch = 0;
  int64_t step = 0;

  bool operator==(const Position &) const = default;
};

struct CheckpointInfo {
  std::string model;
  std::string numericMode; ///< tenon_program::numeric_mode
  uint64_t seed = 0;
  int64_t memoryBudget = 0; ///< as in TrainOptions: where sums over steps are cut depends on it
  int64_t batchSize = 0;
  int64_t epochs = 0;
  int64_t steps = 0; ///< planned in all
  Position position;
  int64_t metricsBytes = 0; ///< of metrics.jsonl at this moment
  uint64_t dataRows = 0;
  uint64_t dataChecksum = 0;
  std::string dataset; ///< data::toJson of the declaration, without places
  data::Fitted fitted;
  std::optional<Ingredients> ingredients; ///< nothing of a checkpoint of version 1
  std::vector<double> averages;
  std::optional<double> bestLoss; ///< of the validations so far
  int64_t waited = 0;             ///< epochs since it

  bool operator==(const CheckpointInfo &) const = default;
};

/// Writes `path` atomically. If `previous` isn't empty, the file that was at `path` is there
/// afterwards (at any moment of a crash, `path` is the old or the new file, whole). On failure
/// the old file is as it was.
Status saveCheckpoint(const std::string &path, const std::string &previous,
                      const CheckpointInfo &info, const TensorStore &store);

/// A checkpoint in memory, verified.
class Checkpoint {
public:
  /// Fails where the file can't be read, is damaged (checksum, truncation), isn't a checkpoint, or
  /// is of a later version.
  static Result<Checkpoint> open(const std::string &path);

  const CheckpointInfo &info() const { return header; }
  /// Copies every variable of `store`. Where names, dtypes or extents differ, the failure says
  /// which and `store` is untouched. `modelOnly`: parameters and states alone.
  Status restore(TensorStore &store, bool modelOnly) const;

private:
  std::string path;
  CheckpointInfo header;
  std::vector<NamedTensor> tensors; ///< by their saved names, without "training/…"
};

} // namespace tenon::train
