#include "runtime/train/ClassScoring.h"

#include "runtime/data/FieldPlan.h"

#include <algorithm>
#include <cmath>

namespace tenon::train {

using data::FieldPlan;

namespace {

bool isRealType(int32_t dtype) {
  return dtype == TENON_F16 || dtype == TENON_BF16 || dtype == TENON_F32 || dtype == TENON_F64;
}

/// Numbers of one row.
std::vector<double> rowOf(int32_t dtype, const uint8_t *memory, int64_t row, size_t width) {
  std::vector<double> numbers(width);
  for (size_t i = 0; i < width; ++i)
    numbers[i] = elementAt(dtype, memory, row * int64_t(width) + int64_t(i));
  return numbers;
}

/// Reads the truth beside predictions, row by row.
class Reader {
public:
  enum class Kind : uint8_t { OneHot, Number, Binary };
  enum class Answer : uint8_t { Counted, NoClasses, NoProbability, NotANumber, TooManyClasses };

  /// Nothing where rows of these shapes have no classes.
  static std::optional<Reader> make(const FieldPlan &plan, const data::FittedField *learnt,
                                    const data::FieldBatch &labels, const OwnedTensor &result) {
    int64_t rows = labels.dims[0];
    bool hasRows = (result.dims.size() == 1 || result.dims.size() == 2) && result.dims[0] == rows;
    if (!isRealType(result.dtype) || !hasRows || result.count() == 0)
      return std::nullopt;
    auto width = size_t(result.count() / rows);
    std::vector<int64_t> label(labels.dims.begin() + 1, labels.dims.end());
    bool isScalar = label.empty() || (label.size() == 1 && label[0] == 1);
    bool isHashed =
        plan.form == FieldPlan::Form::Classes && plan.classing == FieldPlan::Classing::Hash;
    Kind kind = Kind::OneHot;
    if (width == 1 && isScalar && plan.form == FieldPlan::Form::Numbers)
      kind = Kind::Binary;
    else if (width > 1 && label.empty() && !isRealType(labels.dtype) &&
             plan.form != FieldPlan::Form::Words && !isHashed)
      kind = Kind::Number;
    else if (width < 2 || label.size() != 1 || size_t(label[0]) != width)
      return std::nullopt;
    std::vector<std::string> names =
        kind == Kind::Binary ? std::vector<std::string>{"0", "1"} : classNames(plan, learnt, width);
    if (kind == Kind::Binary && plan.yes)
      names = {"not " + *plan.yes, *plan.yes};
    return Reader(kind, width, ClassReport(plan.name, std::move(names)));
  }

  Answer add(const std::vector<double> &label, const std::vector<double> &scores) {
    if (kind == Kind::Binary)
      return addBinary(label[0], scores[0]);
    double truth = label[0];
    if (kind == Kind::OneHot) {
      auto ones = std::count(label.begin(), label.end(), 1.0);
      auto zeros = std::count(label.begin(), label.end(), 0.0);
      if (ones != 1 || size_t(ones + zeros) != width)
        return Answer::NoClasses;
      truth = double(std::find(label.begin(), label.end(), 1.0) - label.begin());
    }
    if (truth >= double(width))
      return Answer::TooManyClasses;
    if (truth < 0)
      report.addUnlabelled();
    else if (!report.add(scores, size_t(truth)))
      return Answer::NotANumber;
    return Answer::Counted;
  }

  ClassReport report;

private:
  Reader(Kind kind, size_t width, ClassReport report)
      : report(std::move(report)), kind(kind), width(width) {}

  Answer addBinary(double label, double score) {
    if (label != 0 && label != 1)
      return Answer::NoClasses;
    if (score < 0 || score > 1)
      return Answer::NoProbability;
    return report.addScore(score, label == 1) ? Answer::Counted : Answer::NotANumber;
  }

  Kind kind;
  size_t width;
};

/// Adds a batch; a Failure, or why there is no report, or an empty text.
Result<std::string> addBatch(Reader &reader, const data::Batch &batch,
                             const data::FieldBatch &label, const OwnedTensor &result,
                             const data::Table &table) {
  size_t width = size_t(result.count() / batch.rows);
  int64_t labelWidth = 1;
  for (size_t i = 1; i < label.dims.size(); ++i)
    labelWidth *= label.dims[i];
  for (int64_t row = 0; row < batch.rows; ++row) {
    std::vector<double> truth =
        rowOf(label.dtype, label.bytes.data(), row, static_cast<size_t>(labelWidth));
    auto answer = reader.add(truth, rowOf(result.dtype, result.bytes.data(), row, width));
    if (answer == Reader::Answer::Counted)
      continue;
    std::string place = table.place(batch.source[size_t(row)]);
    switch (answer) {
    case Reader::Answer::Counted:
      break;
    case Reader::Answer::NoClasses:
      return "`" + label.name + "` of " + place + " is no class";
    case Reader::Answer::NoProbability:
      return "what `predict` gives for " + place + " isn't in [0, 1], so it's no probability";
    case Reader::Answer::NotANumber:
      return Failure{"the prediction for this row is NaN", place, ""};
    case Reader::Answer::TooManyClasses:
      return Failure{"`" + label.name + "` of this row is class " +
                         std::to_string(int64_t(truth[0])) + ", and `predict` gives scores for " +
                         std::to_string(width) + " classes",
                     place, "classes are numbered from 0"};
    }
  }
  return std::string();
}

} // namespace

std::vector<std::string> classNames(const FieldPlan &plan, const data::FittedField *learnt,
                                    size_t count) {
  std::vector<std::string> names;
  bool isNamed =
      plan.form == FieldPlan::Form::Classes && learnt && plan.classing != FieldPlan::Classing::Hash;
  size_t first = plan.classing == FieldPlan::Classing::Category ? 1 : 0;
  for (size_t i = 0; i < count; ++i) {
    bool isWord = isNamed && i >= first && i - first < learnt->words.size();
    names.push_back(isWord                 ? learnt->words[i - first]
                    : isNamed && i < first ? "<unknown>"
                                           : std::to_string(i));
  }
  return names;
}

Result<Classified> classifyRows(tenon_context *context, const tenon_program &program,
                                const Training &training, TensorStore &store,
                                const data::Table &table, const std::string &split, int64_t batch,
                                StepInputs inputs, const std::atomic<bool> *stop) {
  Classified none;
  const tenon_entry *entry = tenon_find(&program, "predict");
  const data::Column *truth = table.find(training.predicts);
  if (!entry || !truth) {
    none.reason = !entry ? "the model has no `predict`"
                         : "the `train` block names no field by `predicts = …`";
    return none;
  }
  Result<std::vector<const data::Column *>> columns = columnsOf({entry}, table);
  if (!columns)
    return columns.takeFailure();
  if (std::find(columns->begin(), columns->end(), truth) == columns->end())
    columns->push_back(truth);
  Result<EntryCall> call = EntryCall::bind(context, *entry, store, EntryCall::Writes::Discard);
  if (!call)
    return call.takeFailure();
  std::optional<Reader> reader;
  data::BatchStream stream(std::move(*columns), *table.split(split),
                           {.batch = batch, .seed = uint64_t(inputs.seed)});
  while (const data::Batch *rows = stream.next()) {
    if (stop && stop->load(std::memory_order_relaxed)) {
      none.stopped = true;
      return none;
    }
    if (!rows->status)
      return rows->status.failure();
    inputs.batch = rows;
    tenon_status status = call->run(inputs);
    none.stopped = status == TENON_INTERRUPTED && stop && *stop;
    if (none.stopped)
      return none;
    if (status) {
      Failure failure = call->failure();
      failure.message = "predicting batch " + std::to_string(rows->index + 1) + " of `" + split +
                        "` failed: " + failure.message;
      return failure;
    }
    const data::FieldBatch &label = *rows->find(training.predicts);
    const OwnedTensor &result = call->result(0);
    if (!reader)
      reader = Reader::make(truth->plan(), table.fitted().find(training.predicts), label, result);
    if (!reader) {
      none.reason = "`predict` gives no scores of the classes of `" + label.name + "`";
      return none;
    }
    Result<std::string> reason = addBatch(*reader, *rows, label, result, table);
    if (!reason)
      return reason.takeFailure();
    none.reason = *reason;
    if (!reason->empty())
      return none;
  }
  Classified done;
  reader->report.finish();
  done.report = std::move(reader->report);
  return done;
}

} // namespace tenon::train
