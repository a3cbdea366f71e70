#include "runtime/data/Sources.h"

#include "runtime/data/Text.h"

#include <algorithm>
#include <numeric>

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

std::optional<Failure> missingColumn(const std::string &name,
                                     const std::vector<std::string> &header,
                                     const std::string &path) {
  if (std::find(header.begin(), header.end(), name) != header.end())
    return std::nullopt;
  std::optional<std::string> meant = closest(name, header);
  return Failure{"`" + path + "` has no column `" + name + "`; it has " + listOf(header), "",
                 meant ? "did you mean `" + *meant + "`?" : ""};
}

Result<std::vector<size_t>> locateColumns(const FieldPlan &plan,
                                          const std::vector<std::string> &header,
                                          const std::string &path) {
  std::vector<size_t> places;
  for (const std::string &name : plan.columns) {
    if (std::optional<Failure> missing = missingColumn(name, header, path)) {
      missing->place = plan.place;
      return std::move(*missing);
    }
    places.push_back(size_t(std::find(header.begin(), header.end(), name) - header.begin()));
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

} // namespace tenon::data
