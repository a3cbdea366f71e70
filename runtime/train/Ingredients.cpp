#include "runtime/train/Ingredients.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>

namespace tenon::train {

using Json = nlohmann::ordered_json;

namespace {

Json encode(const std::vector<Ingredient> &list, bool withPlaces) {
  Json json = Json::array();
  for (const Ingredient &each : list) {
    Json item{{"name", each.name}, {"value", each.value}};
    if (!each.part.empty())
      item["part"] = each.part;
    if (withPlaces && !each.place.empty())
      item["place"] = each.place;
    json.push_back(std::move(item));
  }
  return json;
}

std::vector<Ingredient> decode(const Json &json) {
  std::vector<Ingredient> list;
  for (const Json &item : json)
    list.push_back(
        {item.at("name"), item.at("value"), item.value("part", ""), item.value("place", "")});
  return list;
}

const Ingredient *find(const std::vector<Ingredient> &list, const std::string &name) {
  auto found = std::find_if(list.begin(), list.end(),
                            [&](const Ingredient &each) { return each.name == name; });
  return found == list.end() ? nullptr : &*found;
}

std::string at(const Ingredient &ingredient) {
  return ingredient.place.empty() ? "" : " (" + ingredient.place + ")";
}

} // namespace

std::string toJson(const Ingredients &ingredients, bool withPlaces) {
  return Json{{"graph", ingredients.graph},
              {"follows_steps", ingredients.followsSteps},
              {"settings", encode(ingredients.settings, withPlaces)},
              {"parts", encode(ingredients.parts, withPlaces)}}
      .dump();
}

Result<Ingredients> ingredientsFromJson(const std::string &text) {
  try {
    Json json = Json::parse(text);
    return Ingredients{json.at("graph"), json.at("follows_steps"), decode(json.at("settings")),
                       decode(json.at("parts"))};
  } catch (const Json::exception &exception) {
    return Failure{std::string("not a description of a program: ") + exception.what(), "", ""};
  }
}

std::vector<std::string> differences(const Ingredients &was, const Ingredients &is) {
  std::vector<std::string> lines;
  if (was.graph == is.graph)
    return lines;
  std::set<std::string> explained; // parts whose changed settings are named
  for (const Ingredient &now : is.settings) {
    const Ingredient *before = find(was.settings, now.name);
    if (!before || before->value == now.value)
      continue;
    lines.push_back("`" + now.name + "` was " + before->value + " and is " + now.value + at(now));
    explained.insert({now.part, before->part});
  }
  for (const Ingredient &now : is.parts) {
    const Ingredient *before = find(was.parts, now.name);
    if (!before)
      lines.push_back(now.name + " is new" + at(now));
    else if (before->value != now.value && !explained.contains(now.name))
      lines.push_back(now.name + " has changed" + at(now));
  }
  for (const Ingredient &before : was.parts)
    if (!find(is.parts, before.name))
      lines.push_back(before.name + " is gone");
  return lines;
}

} // namespace tenon::train
