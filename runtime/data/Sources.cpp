#include "runtime/data/Sources.h"

#include "runtime/data/Text.h"

#include <algorithm>
#include <numeric>

namespace tenon::data {

static size_t placeOf(const std::string &name, const std::vector<SourceColumn> &columns) {
  auto found = std::find_if(columns.begin(), columns.end(),
                            [&](const SourceColumn &column) { return column.name == name; });
  return size_t(found - columns.begin());
}

std::optional<Failure> missingColumn(const std::string &name,
                                     const std::vector<SourceColumn> &columns,
                                     const std::string &source) {
  if (placeOf(name, columns) < columns.size())
    return std::nullopt;
  std::vector<std::string> names;
  for (const SourceColumn &column : columns)
    names.push_back(column.name);
  std::optional<std::string> meant = closest(name, names);
  return Failure{"`" + source + "` has no column `" + name + "`; it has " + listOf(names), "",
                 meant ? "did you mean `" + *meant + "`?" : ""};
}

Result<std::vector<size_t>> locateColumns(const FieldPlan &plan,
                                          const std::vector<SourceColumn> &columns,
                                          const std::string &source) {
  std::vector<size_t> places;
  for (const std::string &name : plan.columns) {
    if (std::optional<Failure> missing = missingColumn(name, columns, source)) {
      missing->place = plan.place;
      return std::move(*missing);
    }
    places.push_back(placeOf(name, columns));
  }
  if (!plan.columnRange)
    return places;
  size_t first = places[0], last = places[1];
  if (last < first)
    return Failure{"`" + plan.columns[1] + "` stands before `" + plan.columns[0] + "` in `" +
                       source + "`",
                   plan.place, ""};
  places.resize(last - first + 1);
  std::iota(places.begin(), places.end(), first);
  return places;
}

} // namespace tenon::data
