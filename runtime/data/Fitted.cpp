#include "runtime/data/Fitted.h"

#include <nlohmann/json.hpp>

namespace tenon::data {

using Json = nlohmann::ordered_json;

const FittedField *Fitted::find(const std::string &name) const {
  for (const FittedField &field : fields)
    if (field.name == name)
      return &field;
  return nullptr;
}

std::string toJson(const Fitted &fitted) {
  Json list = Json::array();
  for (const FittedField &field : fitted.fields)
    list.push_back({{"name", field.name},
                    {"words", field.words},
                    {"mean", field.mean},
                    {"deviation", field.deviation},
                    {"columns", field.columns}});
  return Json{{"fields", list}}.dump();
}

Result<Fitted> fittedFromJson(const std::string &text) {
  try {
    Fitted fitted;
    Json json = Json::parse(text);
    for (const Json &field : json.at("fields"))
      fitted.fields.push_back({field.at("name"), field.at("words"), field.at("mean"),
                               field.at("deviation"), field.at("columns")});
    return fitted;
  } catch (const Json::exception &exception) {
    return Failure{std::string("not a description of fitted stages: ") + exception.what(), "", ""};
  }
}

} // namespace tenon::data
