#include "runtime/data/Schema.h"

#include <nlohmann/json.hpp>

namespace tenon::data {

using Json = nlohmann::ordered_json;

namespace {

Json encode(const Value &value) {
  return std::visit(
      [](const auto &held) -> Json {
        using T = std::decay_t<decltype(held)>;
        if constexpr (std::is_same_v<T, std::monostate>) {
          return nullptr;
        } else if constexpr (std::is_same_v<T, std::vector<Value>>) {
          Json list = Json::array();
          for (const Value &item : held)
            list.push_back(encode(item));
          return list;
        } else {
          return held;
        }
      },
      value.value);
}

/// Lists may nest this deep.
constexpr int kMaximumDepth = 32;

Value decodeValue(const Json &json, int depth = 0) {
  if (depth > kMaximumDepth)
    throw Json::out_of_range::create(408, "lists nest too deep", &json);
  switch (json.type()) {
  case Json::value_t::null:
    return {};
  case Json::value_t::boolean:
    return {json.get<bool>()};
  case Json::value_t::number_integer:
  case Json::value_t::number_unsigned:
    return {json.get<int64_t>()};
  case Json::value_t::number_float:
    return {json.get<double>()};
  case Json::value_t::string:
    return {json.get<std::string>()};
  case Json::value_t::array: {
    std::vector<Value> list;
    for (const Json &item : json)
      list.push_back(decodeValue(item, depth + 1));
    return {std::move(list)};
  }
  default:
    throw Json::type_error::create(302, "an argument is an object", &json);
  }
}

template <typename T, typename Encode> Json encodeAll(const std::vector<T> &items, Encode each) {
  Json list = Json::array();
  for (const T &item : items)
    list.push_back(each(item));
  return list;
}

template <typename Decode> auto decodeAll(const Json &json, Decode each) {
  std::vector<decltype(each(json))> items;
  for (const Json &item : json)
    items.push_back(each(item));
  return items;
}

Json encodeArguments(const std::vector<Argument> &arguments) {
  return encodeAll(arguments, [](const Argument &a) {
    return Json{{"name", a.name}, {"value", encode(a.value)}};
  });
}

std::vector<Argument> decodeArguments(const Json &json) {
  return decodeAll(json, [](const Json &a) {
    return Argument{a.at("name").get<std::string>(), decodeValue(a.at("value"))};
  });
}

Json encodeStage(const Stage &s) {
  Json json{{"name", s.name}, {"arguments", encodeArguments(s.arguments)}, {"place", s.place}};
  if (!s.entry.empty()) {
    json["entry"] = s.entry;
    json["varies"] = s.varies;
  }
  return json;
}

Json encodeField(const Field &f) {
  Json json{{"name", f.name},
            {"dtype", f.dtype},
            {"dims", encodeAll(f.dims,
                               [](const Extent &e) {
                                 return Json{{"extent", e.extent}, {"name", e.name}};
                               })},
            {"columns", f.columns},
            {"column_options", encodeArguments(f.columnOptions)},
            {"stages", encodeAll(f.stages, encodeStage)},
            {"place", f.place}};
  if (f.picture)
    json["picture"] = *f.picture;
  return json;
}

Field decodeField(const Json &f) {
  std::optional<std::vector<int64_t>> picture;
  if (f.contains("picture"))
    picture = f.at("picture").get<std::vector<int64_t>>();
  return {f.at("name"),
          f.at("dtype"),
          decodeAll(f.at("dims"),
                    [](const Json &e) {
                      return Extent{e.at("extent").get<int64_t>(), e.at("name").get<std::string>()};
                    }),
          f.at("columns").get<std::vector<std::string>>(),
          decodeArguments(f.at("column_options")),
          decodeAll(f.at("stages"),
                    [](const Json &s) {
                      return Stage{s.at("name").get<std::string>(),
                                   decodeArguments(s.at("arguments")),
                                   s.at("place").get<std::string>(),
                                   s.value("entry", std::string()), s.value("varies", false)};
                    }),
          f.at("place"),
          std::move(picture)};
}

} // namespace

std::string toJson(const Dataset &dataset) {
  Json json{{"name", dataset.name},
            {"sources", encodeAll(dataset.sources,
                                  [](const Source &s) {
                                    return Json{{"kind", s.kind},
                                                {"path", s.path},
                                                {"split", s.split},
                                                {"options", encodeArguments(s.options)},
                                                {"place", s.place}};
                                  })},
            {"splits", encodeAll(dataset.splits,
                                 [](const Split &s) {
                                   return Json{{"name", s.name},
                                               {"fraction", s.fraction},
                                               {"place", s.place}};
                                 })},
            {"fields", encodeAll(dataset.fields, encodeField)},
            {"place", dataset.place}};
  return json.dump();
}

bool fromJson(const std::string &text, Dataset &dataset, std::string &error) {
  try {
    Json json = Json::parse(text);
    Dataset read;
    read.name = json.at("name");
    read.sources = decodeAll(json.at("sources"), [](const Json &s) {
      return Source{s.at("kind"), s.at("path"), s.at("split"), decodeArguments(s.at("options")),
                    s.at("place")};
    });
    read.splits = decodeAll(json.at("splits"), [](const Json &s) {
      return Split{s.at("name"), s.at("fraction"), s.at("place")};
    });
    read.fields = decodeAll(json.at("fields"), decodeField);
    read.place = json.at("place");
    dataset = std::move(read);
    return true;
  } catch (const Json::exception &exception) {
    error = std::string("not a description of a dataset: ") + exception.what();
    return false;
  }
}

} // namespace tenon::data
