#include "runtime/data/Sources.h"

#include "runtime/data/Text.h"

#include <algorithm>
#include <numeric>
#include <optional>
#include <unistd.h>

namespace tenon::data {

Result<CsvSource> resolveSource(const Source &source, const std::string &folder) {
  if (source.kind != "csv")
    return Failure{"the source `" + source.kind + "` is not there yet", source.place, "use csv"};
  CsvSource csv;
  for (const Argument &option : source.options) {
    auto *text = std::get_if<std::string>(&option.value.value);
    if (option.name != "separator" || !text || text->size() != 1 || *text == "\"" ||
        *text == "\n" || *text == "\r")
      return Failure{"`csv` takes a path and `separator`, one ASCII character", source.place,
                     "separator = \";\""};
    csv.options.separator = (*text)[0];
  }
  bool relative = !source.path.starts_with('/') && !folder.empty();
  csv.path = relative ? folder + "/" + source.path : source.path;
  return csv;
}

Result<std::vector<size_t>> locateColumns(const FieldPlan &plan,
                                          const std::vector<std::string> &header,
                                          const std::string &path) {
  std::vector<size_t> places;
  for (const std::string &name : plan.columns) {
    auto found = std::find(header.begin(), header.end(), name);
    if (found == header.end()) {
      std::optional<std::string> meant = closest(name, header);
      return Failure{"`" + path + "` has no column `" + name + "`; it has " + listOf(header),
                     plan.place, meant ? "did you mean `" + *meant + "`?" : ""};
    }
    places.push_back(size_t(found - header.begin()));
  }
  if (!plan.columnRange)
    return places;
  size_t first = places[0], last = places[1];
  if (last < first)
    return Failure{"`" + plan.columns[1] + "` stands before `" + plan.columns[0] + "` in `" + path +
                       "`",
                   plan.place, ""};
  places.resize(last - first + 1);
  std::iota(places.begin(), places.end(), first);
  return places;
}

namespace {

/// The column names of a file.
Result<std::vector<std::string>> readHeader(const CsvSource &source) {
  std::vector<std::string> names;
  bool read = false;
  auto header = [&](const CsvRow &row) -> Status {
    names = row.fields;
    read = true;
    return Failure{"that is all", "", ""};
  };
  Result<CsvSummary> summary =
      readCsv(source.path, source.options, header, [](const CsvRow &) { return Status(); });
  if (!summary && !read)
    return summary.takeFailure();
  return names;
}

} // namespace

ColumnCheck checkColumns(const Dataset &dataset, const std::string &folder) {
  ColumnCheck check;
  for (const Source &source : dataset.sources) {
    Result<CsvSource> csv = resolveSource(source, folder);
    if (!csv) {
      check.failures.push_back(csv.takeFailure());
      continue;
    }
    if (access(csv->path.c_str(), F_OK) != 0) {
      check.skipped.push_back(csv->path);
      continue;
    }
    Result<std::vector<std::string>> header = readHeader(*csv);
    if (!header) {
      check.failures.push_back(header.takeFailure());
      continue;
    }
    for (const Field &field : dataset.fields) {
      Result<FieldPlan> plan = planField(field);
      if (!plan)
        continue; // the declaration is checked elsewhere
      if (Result<std::vector<size_t>> places = locateColumns(*plan, *header, csv->path); !places)
        check.failures.push_back(places.takeFailure());
    }
  }
  return check;
}

} // namespace tenon::data
