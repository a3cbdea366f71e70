/// A trained model: evaluating and predicting from a checkpoint.
#pragma once

#include "runtime/data/Table.h"
#include "runtime/train/Checkpoint.h"
#include "runtime/train/EntryCall.h"
#include "runtime/train/Progress.h"
#include "runtime/train/StageEntries.h"
#include "runtime/train/Training.h"

#include <atomic>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace tenon::train {

/// What `predict` says of one row: the classes of the field that is predicted, the likeliest first,
/// with their scores; or the numbers themselves, without names.
using PredictedRow = std::vector<std::pair<std::string, double>>;

struct Prediction {
  std::vector<NamedTensor> results;
  /// Of the first result, one for each row.
  std::vector<PredictedRow> rows;
};

class Model {
public:
  /// Puts a checkpoint's parameters and states into a program. `program` and `training` must
  /// outlive the model. `threads` as in TrainOptions.
  static Result<Model> make(const tenon_program &program, const Training &training,
                            const Checkpoint &checkpoint, int32_t threads);

  /// Loss and metrics over a split; nothing where `stop` became true. The table was loaded with the
  /// checkpoint's fitted stages.
  Result<std::optional<Scores>> evaluate(const data::Table &table, const std::string &split,
                                         int64_t batch, const std::atomic<bool> *stop = nullptr);

  /// The columns that predict() needs of each row, in the order of the model's arguments.
  std::vector<std::string> rawColumns() const;
  /// Runs `predict` on raw rows, all in one batch; at least one.
  Result<Prediction> predict(const std::vector<data::RawRow> &rows);

private:
  Model() = default;
  std::vector<const data::Field *> predictFields() const;
  std::vector<PredictedRow> describe(const OwnedTensor &result) const;

  const tenon_program *program = nullptr;
  const Training *training = nullptr;
  data::Fitted fitted;
  uint64_t seed = 0;
  int64_t step = 0, steps = 0;
  Context context;
  std::unique_ptr<TensorStore> store;
  std::unique_ptr<StageEntries> stages;
};

} // namespace tenon::train
