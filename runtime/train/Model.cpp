#include "runtime/train/Model.h"

#include "runtime/data/BatchStream.h"
#include "runtime/data/Text.h"
#include "runtime/train/Scoring.h"

#include <algorithm>
#include <cstring>
#include <numeric>

namespace tenon::train {

Result<Model> Model::make(const tenon_program &program, const Training &training,
                          const Checkpoint &checkpoint, int32_t threads) {
  Model model;
  model.program = &program;
  model.training = &training;
  model.fitted = checkpoint.info().fitted;
  model.seed = checkpoint.info().seed;
  model.step = checkpoint.info().position.step;
  model.steps = checkpoint.info().steps;
  model.store = std::make_unique<TensorStore>();
  Result<Context> context = makeContext(threads);
  if (!context)
    return context.takeFailure();
  model.context = std::move(*context);
  Result<std::unique_ptr<StageEntries>> stages = StageEntries::make(program);
  if (!stages)
    return stages.takeFailure();
  model.stages = std::move(*stages);
  if (Status status = declareVariables(model.context.get(), program, *model.store); !status)
    return status.takeFailure();
  if (Status status = checkpoint.restore(*model.store, true); !status)
    return status.takeFailure();
  return model;
}

Status Model::findSplit(const data::Table &table, const std::string &split) const {
  const std::vector<uint32_t> *rows = table.split(split);
  if (rows && !rows->empty())
    return {};
  std::vector<std::string> names = table.splits();
  std::optional<std::string> meant = data::closest(split, names);
  return Failure{"`" + training->dataset.name + "` has no split `" + split + "`; it has " +
                     data::listOf(names),
                 training->dataset.place, meant ? "did you mean `" + *meant + "`?" : ""};
}

Result<std::optional<Scores>> Model::evaluate(const data::Table &table, const std::string &split,
                                              int64_t batch, const std::atomic<bool> *stop) {
  if (Status found = findSplit(table, split); !found)
    return found.takeFailure();
  return evaluateRows(context.get(), *program, *training, *store, table, split, batch, stepInputs(),
                      stop);
}

Result<Classified> Model::classify(const data::Table &table, const std::string &split,
                                   int64_t batch, const std::atomic<bool> *stop) {
  if (Status found = findSplit(table, split); !found)
    return found.takeFailure();
  return classifyRows(context.get(), *program, *training, *store, table, split, batch, stepInputs(),
                      stop);
}

std::vector<const data::Field *> Model::predictFields() const {
  std::vector<const data::Field *> fields;
  for (const std::string &name : training->predictFields)
    for (const data::Field &field : training->dataset.fields)
      if (field.name == name)
        fields.push_back(&field);
  return fields;
}

std::vector<std::string> Model::rawColumns() const {
  std::vector<std::string> columns;
  for (const data::Field *field : predictFields())
    for (const std::string &column : data::rawColumns(*field, fitted))
      if (std::find(columns.begin(), columns.end(), column) == columns.end())
        columns.push_back(column);
  return columns;
}

bool Model::takesArrays() const {
  const std::vector<data::Source> &sources = training->dataset.sources;
  return std::any_of(sources.begin(), sources.end(),
                     [](const data::Source &source) { return data::hasArrays(source); });
}

std::pair<std::optional<data::FieldPlan>, const data::FittedField *> Model::predicted() const {
  for (const data::Field &field : training->dataset.fields)
    if (field.name == training->predicts)
      if (Result<data::FieldPlan> plan = data::planField(field))
        return {std::move(*plan), fitted.find(field.name)};
  return {};
}

/// The words that ids stand for, up to the mark of the end; without padding and marks.
static std::string wordsOf(const data::FieldPlan &plan, const std::vector<std::string> &words,
                           const OwnedTensor &ids, int64_t from, int64_t to) {
  std::string text;
  for (int64_t i = from; i < to; ++i) {
    auto id = int64_t(ids.at(i));
    if (plan.ends && id == data::kEndId)
      break;
    int64_t word = id - plan.firstWord();
    if (id == data::kPaddingId || (word < 0 && id != data::kUnknownId))
      continue;
    text += text.empty() ? "" : " ";
    text += word >= 0 && word < int64_t(words.size()) ? words[size_t(word)] : "<unknown>";
  }
  return text;
}

std::vector<PredictedRow> Model::describe(const OwnedTensor &result) const {
  using Form = data::FieldPlan::Form;
  using Classing = data::FieldPlan::Classing;
  auto [plan, learnt] = predicted();
  bool isId = result.dtype == TENON_I32 || result.dtype == TENON_I64;
  bool hasClasses =
      plan && learnt && plan->form == Form::Classes && plan->classing != Classing::Hash;
  bool isListed = hasClasses && plan->classing == Classing::Listed;
  int64_t count = result.dims.empty() ? 1 : result.dims[0];
  int64_t width = count ? result.count() / count : 0;
  bool named = isListed && !isId && int64_t(learnt->words.size()) == width;
  std::vector<PredictedRow> rows(static_cast<size_t>(count));
  for (int64_t row = 0; row < count; ++row) {
    PredictedRow &described = rows[size_t(row)];
    int64_t first = row * width;
    if (isId && plan && learnt && plan->form == Form::Words) {
      described.text = wordsOf(*plan, learnt->words, result, first, first + width);
      continue;
    }
    if (isId && hasClasses && width == 1) {
      int64_t place = int64_t(result.at(first)) - (isListed ? 0 : 1);
      bool known = place >= 0 && place < int64_t(learnt->words.size());
      described.text = known ? learnt->words[size_t(place)] : "<unknown>";
      continue;
    }
    for (int64_t i = 0; i < width; ++i)
      described.scores.emplace_back(named ? learnt->words[size_t(i)] : "", result.at(first + i));
    if (named)
      std::sort(described.scores.begin(), described.scores.end(), [](const auto &a, const auto &b) {
        return a.second != b.second ? a.second > b.second : a.first < b.first;
      });
  }
  return rows;
}

Result<Prediction> Model::predict(const data::RawRows &rows) {
  Result<const tenon_entry *> entry = findEntry(*program, "predict");
  if (!entry)
    return entry.takeFailure();
  std::vector<data::Column> columns;
  std::vector<const data::Column *> pointers;
  Result<size_t> count = rows.count();
  if (!count)
    return count.takeFailure();
  std::vector<uint32_t> order(*count);
  std::iota(order.begin(), order.end(), 0u);
  for (const data::Field *field : predictFields()) {
    Result<data::Column> column = data::encodeRows(*field, fitted, rows, stages.get());
    if (!column)
      return column.takeFailure();
    columns.push_back(std::move(*column));
  }
  for (const data::Column &column : columns)
    pointers.push_back(&column);
  data::Batch batch;
  data::fillBatch(pointers, order.data(), order.size(), {false, seed, 0}, batch);
  if (!batch.status)
    return batch.status.takeFailure();
  OwnedTensor seedTensor(TENON_I64, {}), stepTensor(TENON_I64, {}), stepsTensor(TENON_I32, {});
  int32_t plannedSteps = int32_t(steps);
  memcpy(seedTensor.bytes.data(), &seed, sizeof seed);
  memcpy(stepTensor.bytes.data(), &step, sizeof step);
  memcpy(stepsTensor.bytes.data(), &plannedSteps, sizeof plannedSteps);
  std::vector<std::pair<std::string, OwnedTensor>> fields;
  for (data::FieldBatch &field : batch.fields) {
    OwnedTensor tensor;
    tensor.dtype = field.dtype;
    tensor.dims = field.dims;
    tensor.bytes = std::move(field.bytes);
    fields.emplace_back(field.name, std::move(tensor));
  }
  auto argument = [&](const tenon_binding &binding) -> const OwnedTensor * {
    std::string role = binding.role;
    if (role == "seed" || role == "step" || role == "steps")
      return role == "seed" ? &seedTensor : role == "step" ? &stepTensor : &stepsTensor;
    if (Variable *variable = store->find(binding.name, role))
      return &variable->tensor;
    for (auto &[name, tensor] : fields)
      if (name == binding.name)
        return &tensor;
    return nullptr;
  };
  Result<std::vector<NamedTensor>> results = runEntry(context.get(), **entry, argument);
  if (!results)
    return results.takeFailure();
  Prediction prediction{std::move(*results), {}};
  if (!prediction.results.empty())
    prediction.rows = describe(prediction.results.front().tensor);
  return prediction;
}

} // namespace tenon::train
