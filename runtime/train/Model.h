/// A trained model: evaluating and predicting from a checkpoint.
#pragma once

#include "runtime/data/RawRows.h"
#include "runtime/data/Table.h"
#include "runtime/train/Attribution.h"
#include "runtime/train/Checkpoint.h"
#include "runtime/train/ClassScoring.h"
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

/// What `predict` says of one row.
struct PredictedRow {
  /// The classes of the field that is predicted, the likeliest first, with their scores; or the
  /// numbers themselves, without names.
  std::vector<std::pair<std::string, double>> scores;
  /// In place of scores, where the result is ids of that field: its words or its class.
  std::optional<std::string> text;
};

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

  /// How predictions for a split of such a table fit its classes.
  Result<Classified> classify(const data::Table &table, const std::string &split, int64_t batch,
                              const std::atomic<bool> *stop = nullptr);

  /// The columns that predict() needs of each row, in the order of the model's arguments.
  std::vector<std::string> rawColumns() const;
  /// Whether the data set's rows are made of arrays, not of texts.
  bool takesArrays() const;
  /// Runs `predict` on raw rows, all in one batch; at least one.
  Result<Prediction> predict(const data::RawRows &rows);
  /// What decided each row's prediction. `gradients`: the same program's entries that attribute.
  Result<Explanation> attribute(const tenon_program &gradients, const data::RawRows &rows,
                                const AttributionOptions &options);

private:
  Model() = default;
  Status findSplit(const data::Table &table, const std::string &split) const;
  StepInputs stepInputs() const { return {nullptr, int64_t(seed), step, int32_t(steps)}; }
  std::vector<const data::Field *> predictFields() const;
  /// The fields that `predict` takes, all rows in one batch.
  Result<std::vector<NamedTensor>> encode(const data::RawRows &rows) const;
  /// A parameter, a state, seed or step; null where there is none.
  const OwnedTensor *variable(const tenon_binding &binding);
  Result<size_t> classToExplain(const OwnedTensor &scores, const AttributionOptions &options,
                                std::string &name) const;
  void describe(FieldAttribution &field) const;
  std::vector<PredictedRow> describe(const OwnedTensor &result) const;
  /// The field whose raw form predictions are shown in, and what was learnt of it; or null.
  std::pair<std::optional<data::FieldPlan>, const data::FittedField *> predicted() const;

  const tenon_program *program = nullptr;
  const Training *training = nullptr;
  data::Fitted fitted;
  uint64_t seed = 0;
  int64_t step = 0, steps = 0;
  OwnedTensor seedTensor, stepTensor, stepsTensor;
  Context context;
  std::unique_ptr<TensorStore> store;
  std::unique_ptr<StageEntries> stages;
};

} // namespace tenon::train
