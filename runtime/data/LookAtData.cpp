// What the data says of a declaration, before any training: a look at headers and first rows.
#include "runtime/data/Column.h"
#include "runtime/data/Sources.h"

#include <unistd.h>

namespace tenon::data {

namespace {

/// Rows that are looked at; the rest is read when training begins.
constexpr int64_t kRows = 1000;
/// Ends a reading that has seen enough.
const Failure kEnough{"enough", "", ""};

/// Compares all fields with one file.
class Look {
public:
  Look(const Dataset &dataset, size_t source, std::string path, DataReport &report)
      : dataset(dataset), source(source), path(std::move(path)), report(report) {}
  void run(const CsvOptions &options);

private:
  /// A field whose columns are there.
  struct Watched {
    size_t field;
    Column column;
    std::vector<size_t> places;
    std::vector<std::string> names;
    bool failed = false;
  };

  void find(size_t field, const std::vector<std::string> &header);
  void read(const CsvRow &row);
  size_t watching() const;
  void add(Finding::Kind kind, size_t field, size_t column, Failure failure) {
    report.findings.push_back({kind, source, field, column, std::move(failure.message),
                               std::move(failure.place), std::move(failure.help)});
  }

  const Dataset &dataset;
  size_t source;
  std::string path;
  DataReport &report;
  std::vector<Watched> fields;
};

void Look::find(size_t field, const std::vector<std::string> &header) {
  Result<FieldPlan> plan = planField(dataset.fields[field]);
  if (!plan)
    return; // a mistake in the declaration, which is told elsewhere
  bool missing = false;
  for (size_t i = 0; i < plan->columns.size(); ++i)
    if (std::optional<Failure> failure = missingColumn(plan->columns[i], header, path)) {
      add(Finding::Kind::Column, field, i, std::move(*failure));
      missing = true;
    }
  if (missing)
    return;
  Result<std::vector<size_t>> places = locateColumns(*plan, header, path);
  if (!places)
    return add(Finding::Kind::Column, field, 1, {places.failure().message, "", ""});
  if (plan->columnRange && !plan->dims.empty() && plan->dims[0].extent >= 0 &&
      plan->dims[0].extent != int64_t(places->size()))
    return add(Finding::Kind::Column, field, 1,
               {"`" + plan->columns[0] + "` to `" + plan->columns[1] + "` are " +
                    std::to_string(places->size()) + " columns of `" + path + "`, and `" +
                    plan->name + "` has " + std::to_string(plan->dims[0].extent) + " elements",
                "", ""});
  Watched watched{field, Column(std::move(*plan)), std::move(*places), {}};
  for (size_t place : watched.places)
    watched.names.push_back(header[place]);
  fields.push_back(std::move(watched));
}

void Look::read(const CsvRow &row) {
  std::vector<const std::string *> cells;
  for (Watched &watched : fields) {
    if (watched.failed)
      continue;
    cells.clear();
    for (size_t place : watched.places)
      cells.push_back(&row.fields[place]);
    Status status = watched.column.append(cells, watched.names, path, row.line);
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

void Look::run(const CsvOptions &options) {
  bool stopped = false;
  int64_t rows = 0;
  auto header = [&](const CsvRow &row) -> Status {
    for (size_t field = 0; field < dataset.fields.size(); ++field)
      find(field, row.fields);
    return {};
  };
  auto each = [&](const CsvRow &row) -> Status {
    read(row);
    stopped = ++rows == kRows || watching() == 0;
    return stopped ? Status(kEnough) : Status();
  };
  Result<CsvSummary> summary = readCsv(path, options, header, each);
  if (!summary && !stopped)
    add(Finding::Kind::Source, 0, 0, summary.takeFailure());
  else if (summary && summary->rows == 0)
    add(Finding::Kind::Source, 0, 0, {"the file has a header and no rows", path + ":1", ""});
}

} // namespace

DataReport lookAtData(const Dataset &dataset, const std::string &folder) {
  DataReport report;
  for (size_t i = 0; i < dataset.sources.size(); ++i) {
    Result<CsvSource> csv = resolveSource(dataset.sources[i], folder);
    if (!csv) {
      Failure failure = csv.takeFailure();
      report.findings.push_back(
          {Finding::Kind::Source, i, 0, 0, failure.message, "", failure.help});
    } else if (access(csv->path.c_str(), F_OK) != 0) {
      report.absent.push_back(csv->path);
    } else {
      Look(dataset, i, csv->path, report).run(csv->options);
    }
  }
  return report;
}

} // namespace tenon::data
