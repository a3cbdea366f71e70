#include "runtime/train/Training.h"

#include <nlohmann/json.hpp>

namespace tenon::train {

using Json = nlohmann::ordered_json;

std::string toJson(const Training &training) {
  Json start = Json::array();
  for (const StartFrom &each : training.start)
    start.push_back({{"target", each.target},
                     {"file", each.file},
                     {"rename", each.rename},
                     {"place", each.place}});
  return Json{{"model", training.model},
              {"dataset", Json::parse(data::toJson(training.dataset))},
              {"metrics", training.metrics},
              {"metric_has_state", training.metricHasState},
              {"predicts", training.predicts},
              {"predict_fields", training.predictFields},
              {"epochs", training.epochs},
              {"batch", training.batch},
              {"patience", training.patience},
              {"keep_best", training.keepBest},
              {"start", start},
              {"ingredients", Json::parse(toJson(training.ingredients, true))}}
      .dump();
}

Result<Training> trainingFromJson(const std::string &text) {
  try {
    Json json = Json::parse(text);
    Training training;
    training.model = json.at("model");
    std::string error;
    if (!data::fromJson(json.at("dataset").dump(), training.dataset, error))
      return Failure{error, "", ""};
    training.metrics = json.at("metrics").get<std::vector<std::string>>();
    training.metricHasState = json.at("metric_has_state").get<std::vector<bool>>();
    training.predicts = json.at("predicts");
    training.predictFields = json.at("predict_fields").get<std::vector<std::string>>();
    training.epochs = json.at("epochs");
    training.batch = json.at("batch");
    training.patience = json.at("patience");
    training.keepBest = json.at("keep_best");
    for (const Json &each : json.at("start"))
      training.start.push_back(
          {each.at("target"), each.at("file"),
           each.at("rename").get<std::vector<std::pair<std::string, std::string>>>(),
           each.at("place")});
    Result<Ingredients> ingredients = ingredientsFromJson(json.at("ingredients").dump());
    if (!ingredients)
      return ingredients.takeFailure();
    training.ingredients = std::move(*ingredients);
    return training;
  } catch (const Json::exception &exception) {
    return Failure{std::string("not a description of a training: ") + exception.what(), "", ""};
  }
}

} // namespace tenon::train
