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
  int32_t plannedSteps = int32_t(model.steps);
  model.seedTensor = OwnedTensor(TENON_I64, {});
  model.stepTensor = OwnedTensor(TENON_I64, {});
  model.stepsTensor = OwnedTensor(TENON_I32, {});
  memcpy(model.seedTensor.bytes.data(), &model.seed, sizeof model.seed);
  memcpy(model.stepTensor.bytes.data(), &model.step, sizeof model.step);
  memcpy(model.stepsTensor.bytes.data(), &plannedSteps, sizeof plannedSteps);
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

Result<std::vector<NamedTensor>> Model::encode(const data::RawRows &rows) const {
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
  std::vector<NamedTensor> fields;
  for (data::FieldBatch &field : batch.fields) {
    OwnedTensor tensor;
    tensor.dtype = field.dtype;
    tensor.dims = field.dims;
    tensor.bytes = std::move(field.bytes);
    fields.push_back({field.name, "field", std::move(tensor)});
  }
  return fields;
}

const OwnedTensor *Model::variable(const tenon_binding &binding) {
  std::string role = binding.role;
  if (role == "seed" || role == "step" || role == "steps")
    return role == "seed" ? &seedTensor : role == "step" ? &stepTensor : &stepsTensor;
  Variable *found = store->find(binding.name, role);
  return found ? &found->tensor : nullptr;
}

Result<Prediction> Model::predict(const data::RawRows &rows) {
  Result<const tenon_entry *> entry = findEntry(*program, "predict");
  if (!entry)
    return entry.takeFailure();
  Result<std::vector<NamedTensor>> fields = encode(rows);
  if (!fields)
    return fields.takeFailure();
  auto argument = [&](const tenon_binding &binding) -> const OwnedTensor * {
    for (const NamedTensor &field : *fields)
      if (field.name == binding.name && field.role == binding.role)
        return &field.tensor;
    return variable(binding);
  };
  Result<std::vector<NamedTensor>> results = runEntry(context.get(), **entry, argument);
  if (!results)
    return results.takeFailure();
  Prediction prediction{std::move(*results), {}};
  if (!prediction.results.empty())
    prediction.rows = describe(prediction.results.front().tensor);
  return prediction;
}

//===----------------------------------------------------------------------===//
// Attribution
//===----------------------------------------------------------------------===//

/// Row `row` of a tensor, as a batch of one.
static OwnedTensor rowOf(const OwnedTensor &tensor, int64_t row) {
  std::vector<int64_t> dims = tensor.dims;
  dims[0] = 1;
  OwnedTensor one(tensor.dtype, std::move(dims));
  memcpy(one.bytes.data(), tensor.bytes.data() + size_t(row) * one.bytes.size(), one.bytes.size());
  return one;
}

/// The place of the class in one row's scores, and its name.
Result<size_t> Model::classToExplain(const OwnedTensor &scores, const AttributionOptions &options,
                                     std::string &name) const {
  auto width = size_t(scores.count());
  if (width < 2) {
    if (options.className)
      return Failure{"`predict` gives one number, so there is no class to choose", "", ""};
    return size_t(0);
  }
  auto [plan, learnt] = predicted();
  std::vector<std::string> names;
  for (size_t i = 0; i < width; ++i)
    names.push_back(std::to_string(i));
  if (plan && scores.dims.size() == 2)
    names = classNames(*plan, learnt, width);
  size_t chosen = 0;
  if (options.className) {
    chosen = size_t(std::find(names.begin(), names.end(), *options.className) - names.begin());
    if (chosen == width) {
      std::optional<std::string> meant = data::closest(*options.className, names);
      return Failure{"there is no class `" + *options.className + "`; there are " +
                         data::listOf(names),
                     "", meant ? "did you mean `" + *meant + "`?" : ""};
    }
  } else {
    for (size_t i = 0; i < width; ++i)
      chosen = scores.at(int64_t(i)) > scores.at(int64_t(chosen)) ? i : chosen;
  }
  name = names[chosen];
  return chosen;
}

/// What kind of field it is, and what its elements are called.
void Model::describe(FieldAttribution &field) const {
  using Form = data::FieldPlan::Form;
  for (const data::Field *declared : predictFields()) {
    Result<data::FieldPlan> plan = data::planField(*declared);
    if (declared->name != field.name || !plan)
      continue;
    const data::FittedField *learnt = fitted.find(field.name);
    size_t count = field.values.size();
    if (plan->form == Form::Words && learnt) {
      field.form = FieldAttribution::Form::Words;
      for (double value : field.values) {
        auto word = int64_t(value) - plan->firstWord();
        bool isKnown = word >= 0 && word < int64_t(learnt->words.size());
        field.labels.push_back(isKnown                              ? learnt->words[size_t(word)]
                               : int64_t(value) == data::kUnknownId ? "<unknown>"
                                                                    : "");
      }
    } else if (plan->form == Form::Classes && plan->oneHot && field.dims.size() == 1) {
      field.labels = classNames(*plan, learnt, count);
    } else if (plan->form == Form::Classes && count == 1) {
      bool isHashed = plan->classing == data::FieldPlan::Classing::Hash;
      auto id = size_t(field.values[0]);
      field.labels = {isHashed ? std::to_string(id) : classNames(*plan, learnt, id + 1).back()};
    } else if (learnt && learnt->columns.size() == count) {
      field.labels = learnt->columns;
    } else if (plan->form == Form::Numbers &&
               (field.dims.size() == 2 || (field.dims.size() == 3 && field.dims[2] <= 4)) &&
               field.dims[0] > 3 && field.dims[1] > 3) {
      field.form = FieldAttribution::Form::Picture;
    }
  }
}

Result<Explanation> Model::attribute(const tenon_program &gradients, const data::RawRows &rows,
                                     const AttributionOptions &options) {
  Attributor attributor(context.get(), gradients,
                        [&](const tenon_binding &binding) { return variable(binding); });
  if (Status status = attributor.check(); !status)
    return status.takeFailure();
  Result<Prediction> prediction = predict(rows);
  Result<std::vector<NamedTensor>> fields = encode(rows);
  if (!prediction || !fields)
    return prediction ? fields.takeFailure() : prediction.takeFailure();
  const OwnedTensor &results = prediction->results.front().tensor;
  if (results.dims.empty() || fields->empty() || results.dims[0] != fields->front().tensor.dims[0])
    return Failure{"`predict` doesn't give a result for each row", "", ""};
  Explanation explanation{{}, attributor.unattributed(), attributor.held()};
  std::erase_if(explanation.held, [&](const std::string &name) {
    return std::count(explanation.unattributed.begin(), explanation.unattributed.end(), name);
  });
  for (int64_t row = 0; row < results.dims[0]; ++row) {
    std::string explained;
    Result<size_t> index = classToExplain(rowOf(results, row), options, explained);
    if (!index)
      return index.takeFailure();
    std::vector<NamedTensor> one;
    for (const NamedTensor &field : *fields)
      one.push_back({field.name, field.role, rowOf(field.tensor, row)});
    Result<Attribution> attribution = attributor.attribute(one, int64_t(*index), options);
    if (!attribution)
      return attribution.takeFailure();
    attribution->explained = explained;
    for (FieldAttribution &field : attribution->fields)
      describe(field);
    explanation.rows.push_back(std::move(*attribution));
  }
  return explanation;
}

} // namespace tenon::train
