#include "runtime/data/Table.h"

#include "runtime/data/Permutation.h"
#include "runtime/data/Sources.h"
#include "runtime/data/Text.h"

#include <algorithm>
#include <cmath>

namespace tenon::data {

namespace {

constexpr uint64_t kSplitSeed = 0;
constexpr size_t kMostRows = UINT32_MAX;

} // namespace

/// Builds one Table.
class Loading {
public:
  Loading(const Dataset &dataset, const LoadOptions &options)
      : dataset(dataset), options(options) {}
  Result<Table> run();

private:
  Status plan();
  Status read(const Source &source, std::vector<uint32_t> &rows);
  Status locate(const std::vector<SourceColumn> &columns, const std::string &source);
  Status readAll();
  Status divide(std::vector<uint32_t> rows);
  Status fit();
  void remark();

  const Dataset &dataset;
  const LoadOptions &options;
  Table table;
  std::vector<std::vector<size_t>> places; // of each field's columns in the source being read
};

Status Loading::plan() {
  for (const Field &field : dataset.fields) {
    Result<FieldPlan> plan = planField(field);
    if (!plan)
      return plan.takeFailure();
    table.fieldColumns.emplace_back(std::move(*plan));
  }
  return {};
}

Status Loading::locate(const std::vector<SourceColumn> &columns, const std::string &source) {
  places.assign(table.fieldColumns.size(), {});
  for (size_t i = 0; i < places.size(); ++i) {
    Column &column = table.fieldColumns[i];
    Result<std::vector<size_t>> found = locateColumns(column.plan(), columns, source);
    if (!found)
      return found.takeFailure();
    places[i] = std::move(*found);
    std::vector<SourceColumn> taken;
    for (size_t at : places[i])
      taken.push_back(columns[at]);
    if (Status status = column.describe(taken); !status)
      return status;
  }
  return {};
}

Status Loading::read(const Source &source, std::vector<uint32_t> &rows) {
  std::vector<std::string> paths = filesOf(source, options.folder);
  if (paths.empty())
    return Failure{"`" + source.kind + "` names no file", source.place, ""};
  std::vector<Cell> cells;
  Result<SourceSummary> summary = readSource(
      source, options.folder,
      [&](const std::vector<SourceColumn> &columns) { return locate(columns, paths[0]); },
      [&](const SourceRow &row) -> Status {
        for (size_t i = 0; i < places.size(); ++i) {
          cells.clear();
          for (size_t at : places[i])
            cells.push_back(row.cells[at]);
          if (Status status = table.fieldColumns[i].append(cells, row.place); !status)
            return status;
        }
        if (table.rowCount == kMostRows)
          return Failure{"there are more than 4 billion rows", paths[0], ""};
        if (table.files.empty() || table.files.back().second.file != row.place.file)
          table.files.emplace_back(uint32_t(table.rowCount), row.place);
        rows.push_back(uint32_t(table.rowCount++));
        table.numbers.push_back(uint32_t(std::min<int64_t>(row.place.number, UINT32_MAX)));
        return {};
      });
  if (!summary) {
    Failure failure = summary.takeFailure();
    if (failure.place.empty())
      failure.place = source.place;
    return failure;
  }
  if (!summary->remark.empty())
    table.notes.push_back(std::move(summary->remark));
  table.sourceChecksum = splitmix64(table.sourceChecksum) ^ summary->checksum;
  return {};
}

Status Loading::divide(std::vector<uint32_t> rows) {
  if (dataset.splits.empty()) {
    table.parts.insert(table.parts.begin(), {"train", std::move(rows)});
    return {};
  }
  permute(rows, kSplitSeed, 0, kSplitStream);
  double upTo = 0;
  size_t begin = 0;
  for (size_t i = 0; i < dataset.splits.size(); ++i) {
    const Split &split = dataset.splits[i];
    upTo += split.fraction;
    if (!(split.fraction > 0) || upTo > 1 + 1e-9)
      return Failure{"the fractions of `split` must be positive and at most 1 together",
                     split.place, ""};
    if (table.split(split.name))
      return Failure{"there are two splits `" + split.name + "`", split.place, ""};
    size_t end = std::min(rows.size(), size_t(std::llround(upTo * double(rows.size()))));
    std::vector<uint32_t> part(rows.begin() + int64_t(begin), rows.begin() + int64_t(end));
    std::sort(part.begin(), part.end());
    if (part.empty())
      return Failure{"the split `" + split.name + "` gets none of the " +
                         std::to_string(rows.size()) + " rows",
                     split.place, ""};
    table.parts.emplace_back(split.name, std::move(part));
    begin = end;
  }
  return {};
}

Status Loading::readAll() {
  std::vector<uint32_t> training;
  bool haveTraining = false;
  for (const Source &source : dataset.sources) {
    size_t at = size_t(&source - dataset.sources.data());
    if (auto failure = compareClasses(dataset, at, options.folder)) {
      failure->place = source.place;
      return std::move(*failure);
    }
    bool trains = source.split.empty() || source.split == "train";
    if (trains ? haveTraining : table.split(source.split) != nullptr)
      return Failure{"`" + (trains ? "train" : source.split) + "` has two sources", source.place,
                     ""};
    std::vector<uint32_t> rows;
    if (Status status = read(source, rows); !status)
      return status;
    if (trains) {
      training = std::move(rows);
      haveTraining = true;
    } else {
      table.parts.emplace_back(source.split, std::move(rows));
    }
  }
  if (!haveTraining)
    return Failure{"`" + dataset.name + "` has no source to train from", dataset.place,
                   "from csv(\"file.csv\")"};
  return divide(std::move(training));
}

Status Loading::fit() {
  const std::vector<uint32_t> *training = table.split("train");
  if (!options.fitted && !training)
    return Failure{"`" + dataset.name + "` has no split `train`", dataset.place,
                   "split train 0.8, test 0.2"};
  ColumnWorld world{options.functions, [this](uint32_t row) { return table.place(row); }};
  for (Column &column : table.fieldColumns) {
    FittedField fitted{column.plan().name, {}, {}, {}, {}};
    if (options.fitted) {
      const FittedField *found = options.fitted->find(column.plan().name);
      if (!found && (column.plan().isFitted() || column.plan().columnRange))
        return Failure{"the checkpoint knows nothing of the field `" + column.plan().name + "`",
                       column.plan().place, "train again"};
      if (found)
        fitted = *found;
    } else {
      Result<FittedField> learnt = column.fit(*training, world);
      if (!learnt)
        return learnt.takeFailure();
      fitted = std::move(*learnt);
    }
    if (Status status = column.finish(fitted, world); !status)
      return status;
    if (column.plan().isFitted() || column.plan().columnRange)
      table.learnt.fields.push_back(std::move(fitted));
  }
  return {};
}

void Loading::remark() {
  for (const Column &column : table.fieldColumns) {
    if (column.plan().form != FieldPlan::Form::Words)
      continue;
    size_t without = 0;
    for (size_t row = 0; row < table.rowCount; ++row)
      without += !column.hasKnownWord(row);
    if (without > 0)
      table.notes.push_back(std::to_string(without) + " of " + std::to_string(table.rowCount) +
                            " texts in `" + column.plan().columns[0] + "` have no known word");
  }
}

Result<Table> Loading::run() {
  for (Status (Loading::*step)() : {&Loading::plan, &Loading::readAll, &Loading::fit})
    if (Status status = (this->*step)(); !status)
      return status.takeFailure();
  remark();
  return std::move(table);
}

Result<Table> Table::load(const Dataset &dataset, const LoadOptions &options) {
  return Loading(dataset, options).run();
}

const Column *Table::find(const std::string &field) const {
  for (const Column &column : fieldColumns)
    if (column.plan().name == field)
      return &column;
  return nullptr;
}

const std::vector<uint32_t> *Table::split(const std::string &name) const {
  for (const auto &[part, rows] : parts)
    if (part == name)
      return &rows;
  return nullptr;
}

std::string Table::place(uint32_t row) const {
  auto file = std::upper_bound(files.begin(), files.end(), row,
                               [](uint32_t at, const auto &entry) { return at < entry.first; });
  RowPlace place = (file - 1)->second;
  place.number = numbers[row];
  return place.str();
}

std::vector<std::string> Table::splits() const {
  std::vector<std::string> names;
  for (const auto &[name, rows] : parts)
    names.push_back(name);
  return names;
}

namespace {
void addExtents(const FieldPlan &plan, const std::vector<int64_t> &shape, Extents &extents) {
  for (size_t i = 0; i < plan.dims.size() && i < shape.size(); ++i)
    if (plan.dims[i].extent < 0)
      extents.emplace(plan.dims[i].name, shape[i]);
}
} // namespace

Extents Table::extents() const {
  Extents extents;
  for (const Column &column : fieldColumns)
    addExtents(column.plan(), column.extents(), extents);
  return extents;
}

Extents extentsOf(const std::vector<Field> &fields, const Fitted &fitted) {
  Extents extents;
  for (const Field &field : fields) {
    Result<FieldPlan> plan = planField(field);
    const FittedField *learnt = fitted.find(field.name);
    if (!plan)
      continue;
    if (plan->form == FieldPlan::Form::Words)
      addExtents(*plan, {plan->length}, extents);
    else if (plan->form == FieldPlan::Form::Classes && plan->classes > 0)
      addExtents(*plan, {plan->classes}, extents);
    else if (plan->form == FieldPlan::Form::Classes && learnt)
      addExtents(*plan, {int64_t(learnt->words.size())}, extents);
  }
  return extents;
}

} // namespace tenon::data
