/// Loss and metrics over many batches.
#pragma once

#include "runtime/data/BatchStream.h"
#include "runtime/train/EntryCall.h"
#include "runtime/train/Progress.h"
#include "runtime/train/Training.h"

#include <atomic>
#include <optional>
#include <vector>

namespace tenon::train {

/// Means of loss and metrics, weighted by rows; of a metric with state, its last value.
class Averages {
public:
  Averages() = default;
  explicit Averages(size_t metrics) : sums(metrics + 1), last(metrics + 1) {}

  /// Adds the scalars of one finished step. False where the loss isn't finite.
  bool add(const EntryCall &call, const Training &training, int64_t rows);
  /// "loss" first, then the metrics; empty before the first batch.
  Scores scores(const Training &training) const;

  void save(std::vector<double> &numbers) const;
  /// Takes back what save() appended, from `at` on.
  bool load(const std::vector<double> &numbers, size_t &at);

private:
  double rows = 0;
  std::vector<double> sums, last;
};

/// The columns of the fields that an entry takes; a Failure names one that the dataset lacks.
Result<std::vector<const data::Column *>> columnsOf(const std::vector<const tenon_entry *> &entries,
                                                    const data::Table &table);

/// Sets every metric variable to its start.
Status resetMetrics(tenon_context *context, const tenon_program &program, TensorStore &store);

/// Where the first row of a batch comes from that, evaluated by itself, fails a check: "a.csv:17".
/// Nothing where none does, where all do (then it isn't a row's fault), or where `evaluate_step`
/// can't say.
std::optional<std::string> findBadRow(tenon_context *context, const tenon_program &program,
                                      TensorStore &store, const data::Table &table,
                                      const data::Batch &batch, StepInputs inputs);

/// Runs `evaluate_step` over the rows of a split that the table has, in order. Metric variables
/// hold what they did before. Nothing, where `stop` became true on the way.
Result<std::optional<Scores>> evaluateRows(tenon_context *context, const tenon_program &program,
                                           const Training &training, TensorStore &store,
                                           const data::Table &table, const std::string &split,
                                           int64_t batch, StepInputs inputs,
                                           const std::atomic<bool> *stop);

} // namespace tenon::train
