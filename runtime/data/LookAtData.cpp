// What the data says of a declaration, before any training: a look at columns and first rows.
#include "runtime/data/Column.h"
#include "runtime/data/Sources.h"

#include <unistd.h>

namespace tenon::data {

namespace {

/// Rows that are looked at; the rest is read when training begins.
constexpr int64_t kRows = 1000;
/// Ends a reading that has seen enough.
const Failure kEnough{"enough", "", ""};

/// Compares all fields with one source.
class Look {
public:
  Look(const Dataset &dataset, size_t source, const std::string &folder, DataReport &report)
      : dataset(dataset), source(source), folder(folder),
        name(filesOf(dataset.sources[source], folder).front()), report(report) {}
  void run();

private:
  /// A field whose columns are there.
  struct Watched {
    size_t field;
    Column column;
    std::vector<size_t> places;
    bool failed = false;
  };

  void find(size_t field, const std::vector<SourceColumn> &columns);
  void read(const SourceRow &row);
  size_t watching() const;
  void add(Finding::Kind kind, size_t field, size_t column, Failure failure) {
    report.findings.push_back({kind, source, field, column, std::move(failure.message),
                               std::move(failure.place), std::move(failure.help)});
  }

  const Dataset &dataset;
  size_t source;
  const std::string &folder;
  std::string name;
  DataReport &report;
  std::vector<Watched> fields;
};

void Look::find(size_t field, const std::vector<SourceColumn> &columns) {
  Result<FieldPlan> plan = planField(dataset.fields[field]);
  if (!plan)
    return; // a mistake in the declaration, which is told elsewhere
  bool missing = false;
  for (size_t i = 0; i < plan->columns.size(); ++i)
    if (std::optional<Failure> failure = missingColumn(plan->columns[i], columns, name)) {
      add(Finding::Kind::Column, field, i, std::move(*failure));
      missing = true;
    }
  if (missing)
    return;
  Result<std::vector<size_t>> places = locateColumns(*plan, columns, name);
  if (!places)
    return add(Finding::Kind::Column, field, 1, {places.failure().message, "", ""});
  bool ownWidth = plan->numberStages.empty() || plan->firstOfWhole() == plan->numberStages.size();
  if (plan->columnRange && ownWidth && plan->dims.size() == 1 && plan->dims[0].extent >= 0 &&
      plan->dims[0].extent != int64_t(places->size()))
    return add(Finding::Kind::Column, field, 1,
               {"`" + plan->columns[0] + "` to `" + plan->columns[1] + "` are " +
                    std::to_string(places->size()) + " columns of `" + name + "`, and `" +
                    plan->name + "` has " + std::to_string(plan->dims[0].extent) + " elements",
                "", ""});
  std::vector<SourceColumn> taken;
  for (size_t place : *places)
    taken.push_back(columns[place]);
  Watched watched{field, Column(std::move(*plan)), std::move(*places)};
  if (Status status = watched.column.describe(taken); !status)
    return add(Finding::Kind::Cells, field, 0, {status.failure().message, "", ""});
  fields.push_back(std::move(watched));
}

void Look::read(const SourceRow &row) {
  std::vector<Cell> cells;
  for (Watched &watched : fields) {
    if (watched.failed)
      continue;
    cells.clear();
    for (size_t place : watched.places)
      cells.push_back(row.cells[place]);
    Status status = watched.column.append(cells, row.place);
    watched.failed = !status;
    if (!status)
      add(Finding::Kind::Cells, watched.field, 0, status.takeFailure());
  }
}

size_t Look::watching() const {
  size_t count = 0;
  for (const Watched &watched : fields)
    count += !watched.failed;
  return count;
}

void Look::run() {
  bool stopped = false;
  int64_t rows = 0;
  Result<SourceSummary> summary = readSource(
      dataset.sources[source], folder,
      [&](const std::vector<SourceColumn> &columns) -> Status {
        for (size_t field = 0; field < dataset.fields.size(); ++field)
          find(field, columns);
        return {};
      },
      [&](const SourceRow &row) -> Status {
        read(row);
        stopped = ++rows == kRows || watching() == 0;
        return stopped ? Status(kEnough) : Status();
      },
      Reading::Look);
  if (!summary && !stopped)
    add(Finding::Kind::Source, 0, 0, summary.takeFailure());
}

} // namespace

DataReport lookAtData(const Dataset &dataset, const std::string &folder) {
  DataReport report;
  for (size_t i = 0; i < dataset.sources.size(); ++i) {
    bool there = true;
    for (const std::string &file : filesOf(dataset.sources[i], folder))
      if (access(file.c_str(), F_OK) != 0) {
        report.absent.push_back(file);
        there = false;
      }
    if (!there)
      continue;
    if (std::optional<Failure> failure = compareClasses(dataset, i, folder))
      report.findings.push_back(
          {Finding::Kind::Source, i, 0, 0, failure->message, "", failure->help});
    else
      Look(dataset, i, folder, report).run();
  }
  return report;
}

} // namespace tenon::data
