#include "runtime/train/Training.h"

#include <nlohmann/json.hpp>

namespace tenon::train {

using Json = nlohmann::ordered_json;

std::string toJson(const Training &training) {
  return Json{{"model", training.model},
              {"dataset", Json::parse(data::toJson(training.dataset))},
              {"metrics", training.metrics},
              {"metric_has_state", training.metricHasState},
              {"predicts", training.predicts},
              {"predict_fields", training.predictFields},
              {"epochs", training.epochs},
              {"batch", training.batch},
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
