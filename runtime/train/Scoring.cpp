#include "runtime/train/Scoring.h"

#include <algorithm>
#include <cmath>

namespace tenon::train {

bool Averages::add(const EntryCall &call, const Training &training, int64_t count) {
  rows += double(count);
  for (size_t i = 0; i < sums.size(); ++i) {
    last[i] =
        i == 0 ? call.scalar("loss", "") : call.scalar("metric_value", training.metrics[i - 1]);
    sums[i] += last[i] * double(count);
  }
  return std::isfinite(last[0]);
}

Scores Averages::scores(const Training &training) const {
  Scores scores;
  if (rows == 0)
    return scores;
  for (size_t i = 0; i < sums.size(); ++i) {
    bool state = i > 0 && training.metricHasState[i - 1];
    scores.emplace_back(i == 0 ? "loss" : training.metrics[i - 1],
                        state ? last[i] : sums[i] / rows);
  }
  return scores;
}

void Averages::save(std::vector<double> &numbers) const {
  numbers.push_back(rows);
  numbers.insert(numbers.end(), sums.begin(), sums.end());
  numbers.insert(numbers.end(), last.begin(), last.end());
}

bool Averages::load(const std::vector<double> &numbers, size_t &at) {
  if (numbers.size() < at + 1 + sums.size() + last.size())
    return false;
  rows = numbers[at++];
  for (double &sum : sums)
    sum = numbers[at++];
  for (double &value : last)
    value = numbers[at++];
  return true;
}

Result<std::vector<const data::Column *>> columnsOf(const std::vector<const tenon_entry *> &entries,
                                                    const data::Table &table) {
  std::vector<const data::Column *> columns;
  for (const tenon_entry *entry : entries)
    for (int32_t i = 0; i < entry->n_inputs; ++i) {
      if (std::string(entry->inputs[i].role) != "field")
        continue;
      const data::Column *column = table.find(entry->inputs[i].name);
      if (!column)
        return Failure{std::string("`") + entry->name + "` needs the field `" +
                           entry->inputs[i].name + "`, which the dataset doesn't have",
                       "", ""};
      if (std::find(columns.begin(), columns.end(), column) == columns.end())
        columns.push_back(column);
    }
  return columns;
}

Status resetMetrics(tenon_context *context, const tenon_program &program, TensorStore &store) {
  const tenon_entry *entry = tenon_find(&program, "reset_metrics");
  if (!entry)
    return {};
  Result<std::vector<NamedTensor>> results =
      runEntry(context, *entry, [](const tenon_binding &) { return nullptr; });
  if (!results)
    return results.takeFailure();
  for (NamedTensor &result : *results)
    if (Variable *variable = store.find(result.name, result.role))
      variable->tensor = std::move(result.tensor);
  return {};
}

namespace {

/// Puts the metric variables back when it goes.
class KeptMetrics {
public:
  explicit KeptMetrics(TensorStore &store) {
    for (Variable &variable : store.variables())
      if (variable.role == "metric")
        kept.emplace_back(&variable, variable.tensor.copy());
  }
  KeptMetrics(const KeptMetrics &) = delete;
  KeptMetrics &operator=(const KeptMetrics &) = delete;
  ~KeptMetrics() {
    for (auto &[variable, tensor] : kept)
      variable->tensor = std::move(tensor);
  }

private:
  std::vector<std::pair<Variable *, OwnedTensor>> kept;
};

} // namespace

std::optional<std::string> findBadRow(tenon_context *context, const tenon_program &program,
                                      TensorStore &store, const data::Table &table,
                                      const data::Batch &batch, StepInputs inputs) {
  const tenon_entry *entry = tenon_find(&program, "evaluate_step");
  if (!entry)
    return std::nullopt;
  Result<std::vector<const data::Column *>> columns = columnsOf({entry}, table);
  KeptMetrics kept(store);
  Result<EntryCall> call = EntryCall::bind(context, *entry, store, EntryCall::Writes::Discard);
  if (!columns || !call)
    return std::nullopt;
  std::optional<std::string> bad;
  bool allBad = true;
  data::Batch single;
  inputs.batch = &single;
  for (uint32_t row : batch.source) {
    data::fillBatch(*columns, &row, 1, batch.draws, single);
    tenon_status status = call->run(inputs);
    if (status == TENON_CHECK_FAILED && !bad)
      bad = table.place(row);
    allBad &= status == TENON_CHECK_FAILED;
  }
  return allBad ? std::nullopt : bad;
}

Result<std::optional<Scores>> evaluateRows(tenon_context *context, const tenon_program &program,
                                           const Training &training, TensorStore &store,
                                           const data::Table &table, const std::string &split,
                                           int64_t batchSize, StepInputs inputs,
                                           const std::atomic<bool> *stop) {
  Result<const tenon_entry *> entry = findEntry(program, "evaluate_step");
  if (!entry)
    return entry.takeFailure();
  Result<std::vector<const data::Column *>> columns = columnsOf({*entry}, table);
  if (!columns)
    return columns.takeFailure();
  KeptMetrics kept(store);
  if (Status status = resetMetrics(context, program, store); !status)
    return status.takeFailure();
  Result<EntryCall> call = EntryCall::bind(context, **entry, store, EntryCall::Writes::Discard);
  if (!call)
    return call.takeFailure();
  Averages averages(training.metrics.size());
  data::BatchStream stream(std::move(*columns), *table.split(split),
                           {.batch = batchSize, .seed = uint64_t(inputs.seed)});
  while (const data::Batch *batch = stream.next()) {
    if (stop && stop->load(std::memory_order_relaxed))
      return std::optional<Scores>();
    if (!batch->status)
      return batch->status.failure();
    inputs.batch = batch;
    tenon_status status = call->run(inputs);
    if (status == TENON_INTERRUPTED && stop && *stop)
      return std::optional<Scores>();
    if (status) {
      Failure failure = call->failure();
      if (status == TENON_CHECK_FAILED)
        if (auto row = findBadRow(context, program, store, table, *batch, inputs))
          failure.help = "the row of " + *row + " fails it";
      failure.message = "evaluating batch " + std::to_string(batch->index + 1) + " of `" + split +
                        "` failed: " + failure.message;
      return failure;
    }
    averages.add(*call, training, batch->rows);
  }
  return std::optional(averages.scores(training));
}

} // namespace tenon::train
