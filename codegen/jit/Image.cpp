//===- Image.cpp - A compiled program as bytes ----------------------------===//
//
// A fixed prologue (magic, version, checksum of all that follows it, length of the header), a JSON
// header, then the objects' bytes one after the other. Numbers are little-endian, as the code is.
//
//===----------------------------------------------------------------------===//
#include "codegen/jit/Image.h"

#include "runtime/core/abi.h"

#include "llvm/ADT/STLExtras.h"

#include <cstring>
#include <nlohmann/json.hpp>
#define XXH_INLINE_ALL
#include <xxhash.h>

using namespace tenon;
using nlohmann::json;

namespace {
struct Prologue {
  char magic[8];
  uint64_t version;
  uint64_t checksum; // of everything behind this member
  uint64_t headerBytes;
};
constexpr char magic[8] = {'T', 'E', 'N', 'O', 'N', 'I', 'M', 'G'};
constexpr uint64_t version = 2;
constexpr size_t checkedFrom = offsetof(Prologue, headerBytes);
} // namespace

static uint64_t checksum(std::string_view bytes) {
  bytes.remove_prefix(checkedFrom);
  return XXH3_64bits(bytes.data(), bytes.size());
}

/// What a well-formed header can't say; caught where the header is read.
static void require(bool holds, const json &value) {
  if (!holds)
    throw json::other_error::create(501, "not an image's header", &value);
}

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
    require(dim.has_value(), text);
    binding.dims.push_back(*dim);
  }
  require(binding.dtype >= TENON_BOOL && binding.dtype <= TENON_F64, value);
  require(binding.dims.size() <= TENON_MAX_RANK, value);
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
  return {{"name", entry.name},
          {"symbols", entry.symbols},
          {"inputs", inputs},
          {"outputs", outputs},
          {"checks", checks},
          {"grown", entry.grown},
          {"scratch", entry.scratchBytes},
          {"body", entry.bodySymbol},
          {"plan", entry.planSymbol},
          {"input_dims", entry.inputDimsSymbol}};
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
  entry.grown = value.at("grown").get<std::vector<std::string>>();
  entry.scratchBytes = value.at("scratch");
  entry.bodySymbol = value.at("body");
  entry.planSymbol = value.at("plan");
  entry.inputDimsSymbol = value.at("input_dims");
  for (auto *bindings : {&entry.inputs, &entry.outputs})
    for (const BindingInfo &binding : *bindings) {
      require(binding.alias >= -1 && binding.alias < int64_t(entry.inputs.size()), value);
      for (const Dim &dim : binding.dims)
        for (const std::string &name : dim.symbols())
          require(llvm::is_contained(entry.symbols, name), value);
    }
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
  // Names and messages are the user's: bytes that aren't UTF-8 become U+FFFD.
  std::string text = header.dump(-1, ' ', false, json::error_handler_t::replace);
  Prologue prologue{};
  std::memcpy(prologue.magic, magic, sizeof magic);
  prologue.version = version;
  prologue.headerBytes = text.size();
  std::string bytes(sizeof prologue, '\0');
  bytes += text;
  for (auto &object : image.objects)
    bytes += object.bytes;
  std::memcpy(bytes.data(), &prologue, sizeof prologue);
  prologue.checksum = checksum(bytes);
  std::memcpy(bytes.data(), &prologue, sizeof prologue);
  return bytes;
}

static ProgramImage imageFrom(const json &header, std::string_view code) {
  ProgramImage image;
  image.numericMode = header.at("mode");
  image.metadata = header.at("metadata");
  for (const json &entry : header.at("entries"))
    image.entries.push_back(entryFrom(entry));
  for (const json &object : header.at("objects")) {
    uint64_t size = object.at(1);
    require(size <= code.size(), object);
    image.objects.push_back({object.at(0), std::string(code.substr(0, size))});
    code.remove_prefix(size);
  }
  require(code.empty(), header);
  return image;
}

std::optional<ProgramImage> tenon::deserialize(std::string_view bytes) {
  Prologue prologue;
  if (bytes.size() < sizeof prologue)
    return std::nullopt;
  std::memcpy(&prologue, bytes.data(), sizeof prologue);
  std::string_view rest = bytes.substr(sizeof prologue);
  if (std::memcmp(prologue.magic, magic, sizeof magic) || prologue.version != version ||
      prologue.headerBytes > rest.size() || prologue.checksum != checksum(bytes))
    return std::nullopt;
  try {
    return imageFrom(json::parse(rest.substr(0, prologue.headerBytes)),
                     rest.substr(prologue.headerBytes));
  } catch (const json::exception &) {
    return std::nullopt;
  }
}
