#include "runtime/train/Report.h"

#include "runtime/core/AtomicFile.h"
#include "runtime/train/Curves.h"

#include <fstream>
#include <nlohmann/json.hpp>

namespace tenon::train {

using Json = nlohmann::ordered_json;

Status writeText(const std::string &path, const std::string &text) {
  Bytes piece{text.data(), text.size()};
  std::string error;
  if (writeFileAtomically(path, &piece, 1, error))
    return Failure{error, "", "the last checkpoint is untouched"};
  return {};
}

namespace {

void addPoint(Series &series, const Json &record, const Json &scores, const std::string &name) {
  auto value = scores.find(name);
  if (value != scores.end() && value->is_number())
    series.points.emplace_back(record.at("step").get<double>(), value->get<double>());
}

} // namespace

Status writeCurves(const std::string &folder, const std::vector<std::string> &metrics) {
  std::vector<Json> records;
  std::ifstream file(folder + "/metrics.jsonl");
  for (std::string line; std::getline(file, line);) {
    Json record = Json::parse(line, nullptr, false);
    if (record.is_object() && record.contains("step") && record["step"].is_number())
      records.push_back(std::move(record));
  }
  std::vector<std::string> names{"loss"};
  names.insert(names.end(), metrics.begin(), metrics.end());
  for (const std::string &name : names) {
    Series training{"train", {}, false}, held{"validation", {}, true};
    for (const Json &record : records) {
      if (record.value("kind", "") == "step")
        addPoint(training, record, record, name);
      auto validation = record.find("validation");
      if (validation == record.end())
        continue;
      held.name = validation->value("split", "validation");
      addPoint(held, record, *validation, name);
    }
    std::vector<Series> series{std::move(training)};
    if (!held.points.empty())
      series.push_back(std::move(held));
    if (Status status = writeText(folder + "/" + name + ".svg", renderCurves(name, "step", series));
        !status)
      return status;
  }
  return {};
}

void forgetPlaces(data::Dataset &dataset) {
  dataset.place.clear();
  for (data::Source &source : dataset.sources)
    source.place.clear();
  for (data::Split &split : dataset.splits)
    split.place.clear();
  for (data::Field &field : dataset.fields) {
    field.place.clear();
    for (data::Stage &stage : field.stages)
      stage.place.clear();
  }
}

} // namespace tenon::train
