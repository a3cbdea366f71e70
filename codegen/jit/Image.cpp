//===- Image.cpp - A compiled program as bytes ----------------------------===//
//
// A JSON header with its length in front, then the objects' bytes one after the other.
//
//===----------------------------------------------------------------------===//
#include "codegen/jit/Image.h"

#include <cstring>
#include <nlohmann/json.hpp>

using namespace tenon;
using nlohmann::json;

static json toJson(const BindingInfo &binding) {
  json dims = json::array();
  for (const Dim &dim : binding.dims)
    dims.push_back(dim.str());
  return {{"name", binding.name},
          {"role", binding.role},
          {"dtype", binding.dtype},
          {"dims", dims},
          {"alias", binding.alias}};
}

static BindingInfo bindingFrom(const json &value) {
  BindingInfo binding;
  binding.name = value.at("name");
  binding.role = value.at("role");
  binding.dtype = value.at("dtype");
  binding.alias = value.at("alias");
  for (const json &text : value.at("dims")) {
    auto dim = Dim::parse(text.get<std::string>());
    if (!dim)
      throw json::other_error::create(501, "not an extent", &text);
    binding.dims.push_back(*dim);
  }
  return binding;
}

static json toJson(const EntryInfo &entry) {
  json inputs = json::array(), outputs = json::array(), checks = json::array();
  for (auto &binding : entry.inputs)
    inputs.push_back(toJson(binding));
  for (auto &binding : entry.outputs)
    outputs.push_back(toJson(binding));
  for (auto &check : entry.checks)
    checks.push_back({check.message, check.location});
  return {{"name", entry.name},       {"symbols", entry.symbols},
          {"inputs", inputs},         {"outputs", outputs},
          {"checks", checks},         {"scratch", entry.scratchBytes},
          {"body", entry.bodySymbol}, {"plan", entry.planSymbol}};
}

static EntryInfo entryFrom(const json &value) {
  EntryInfo entry;
  entry.name = value.at("name");
  entry.symbols = value.at("symbols").get<std::vector<std::string>>();
  for (const json &binding : value.at("inputs"))
    entry.inputs.push_back(bindingFrom(binding));
  for (const json &binding : value.at("outputs"))
    entry.outputs.push_back(bindingFrom(binding));
  for (const json &check : value.at("checks"))
    entry.checks.push_back({check.at(0), check.at(1)});
  entry.scratchBytes = value.at("scratch");
  entry.bodySymbol = value.at("body");
  entry.planSymbol = value.at("plan");
  return entry;
}

std::string tenon::serialize(const ProgramImage &image) {
  json entries = json::array(), objects = json::array();
  for (auto &entry : image.entries)
    entries.push_back(toJson(entry));
  for (auto &object : image.objects)
    objects.push_back({object.name, object.bytes.size()});
  json header = {{"mode", image.numericMode},
                 {"entries", entries},
                 {"objects", objects},
                 {"metadata", image.metadata}};
  std::string text = header.dump();
  uint64_t length = text.size();
  std::string bytes(sizeof length, '\0');
  std::memcpy(bytes.data(), &length, sizeof length);
  bytes += text;
  for (auto &object : image.objects)
    bytes += object.bytes;
  return bytes;
}

std::optional<ProgramImage> tenon::deserialize(std::string_view bytes) {
  uint64_t length;
  if (bytes.size() < sizeof length)
    return std::nullopt;
  std::memcpy(&length, bytes.data(), sizeof length);
  bytes.remove_prefix(sizeof length);
  if (length > bytes.size())
    return std::nullopt;
  try {
    json header = json::parse(bytes.substr(0, length));
    bytes.remove_prefix(length);
    ProgramImage image;
    image.numericMode = header.at("mode");
    image.metadata = header.at("metadata");
    for (const json &entry : header.at("entries"))
      image.entries.push_back(entryFrom(entry));
    for (const json &object : header.at("objects")) {
      uint64_t size = object.at(1);
      if (size > bytes.size())
        return std::nullopt;
      image.objects.push_back({object.at(0), std::string(bytes.substr(0, size))});
      bytes.remove_prefix(size);
    }
    return image;
  } catch (const json::exception &) {
    return std::nullopt;
  }
}
