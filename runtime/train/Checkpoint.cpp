#include "runtime/train/Checkpoint.h"

#include "runtime/core/AtomicFile.h"
#include "runtime/core/Safetensors.h"

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <nlohmann/json.hpp>
#include <set>
#include <unistd.h>
#include <xxhash.h>

namespace tenon::train {

using Json = nlohmann::ordered_json;
using Metadata = std::map<std::string, std::string>;

namespace {

constexpr char kFormat[] = "tenon checkpoint";
constexpr char kAverages[] = "training/averages";

std::string hex(uint64_t number) {
  char text[17];
  snprintf(text, sizeof text, "%016llx", static_cast<unsigned long long>(number));
  return text;
}

/// XXH3 over texts and bytes, each with its length.
class Hash {
public:
  Hash() { XXH3_64bits_reset(state.get()); }
  void add(const void *data, size_t size) {
    uint64_t length = size;
    XXH3_64bits_update(state.get(), &length, sizeof length);
    if (size > 0)
      XXH3_64bits_update(state.get(), data, size);
  }
  void add(const std::string &text) { add(text.data(), text.size()); }
  void add(int32_t dtype, const std::vector<int64_t> &dims) {
    add(&dtype, sizeof dtype);
    add(dims.data(), dims.size() * sizeof(int64_t));
  }
  std::string digest() const { return hex(XXH3_64bits_digest(state.get())); }

private:
  std::unique_ptr<XXH3_state_t, XXH_errorcode (*)(XXH3_state_t *)> state{XXH3_createState(),
                                                                         XXH3_freeState};
};

/// Of all tensors in the order of names, and all metadata but the checksum itself.
std::string checksumOf(std::vector<SafetensorsTensor> tensors, const Metadata &metadata) {
  std::sort(tensors.begin(), tensors.end(),
            [](const auto &a, const auto &b) { return a.name < b.name; });
  Hash hash;
  for (const SafetensorsTensor &tensor : tensors) {
    hash.add(tensor.name);
    hash.add(tensor.dtype, tensor.dims);
    int64_t count = 1;
    for (int64_t dim : tensor.dims)
      count *= dim;
    hash.add(tensor.data, size_t(count * tenon_dtype_bytes(tensor.dtype)));
  }
  for (const auto &[key, text] : metadata)
    if (key != "checksum") {
      hash.add(key);
      hash.add(text);
    }
  return hash.digest();
}

std::string structureOf(const TensorStore &store) {
  std::vector<const Variable *> variables;
  for (const Variable &variable : store.variables())
    variables.push_back(&variable);
  std::sort(variables.begin(), variables.end(),
            [](const Variable *a, const Variable *b) { return a->savedName() < b->savedName(); });
  Hash hash;
  for (const Variable *variable : variables) {
    hash.add(variable->savedName());
    hash.add(variable->tensor.dtype, variable->tensor.dims);
  }
  return hash.digest();
}

std::string encodeInfo(const CheckpointInfo &info) {
  Json json{{"model", info.model},
            {"numeric_mode", info.numericMode},
            {"seed", info.seed},
            {"batch_size", info.batchSize},
            {"epochs", info.epochs},
            {"steps", info.steps},
            {"epoch", info.position.epoch},
            {"batch", info.position.batch},
            {"step", info.position.step},
            {"metrics_bytes", info.metricsBytes},
            {"data_rows", info.dataRows},
            {"data_checksum", hex(info.dataChecksum)}};
  if (info.memoryBudget)
    json["memory_budget"] = info.memoryBudget;
  if (info.bestLoss) {
    json["best_loss"] = *info.bestLoss;
    json["waited"] = info.waited;
  }
  return json.dump();
}

/// Throws Json::exception where something isn't there.
CheckpointInfo decodeInfo(const std::string &text) {
  Json json = Json::parse(text);
  CheckpointInfo info;
  info.model = json.at("model");
  info.numericMode = json.at("numeric_mode");
  info.seed = json.at("seed");
  info.batchSize = json.at("batch_size");
  info.epochs = json.at("epochs");
  info.steps = json.at("steps");
  info.position = {json.at("epoch"), json.at("batch"), json.at("step")};
  info.metricsBytes = json.at("metrics_bytes");
  info.dataRows = json.at("data_rows");
  info.dataChecksum = std::stoull(json.at("data_checksum").get<std::string>(), nullptr, 16);
  info.memoryBudget = json.value("memory_budget", int64_t(0));
  if (json.contains("best_loss")) {
    info.bestLoss = json.at("best_loss").get<double>();
    info.waited = json.at("waited");
  }
  return info;
}

/// `previous` becomes another name of the file at `path`, atomically.
Status keepPrevious(const std::string &path, const std::string &previous) {
  if (previous.empty() || access(path.c_str(), F_OK) != 0)
    return {};
  std::string temporary = previous + ".tmp";
  unlink(temporary.c_str());
  // A file system without links keeps no previous checkpoint; the current one is safe either way.
  if (link(path.c_str(), temporary.c_str()) != 0)
    return {};
  if (rename(temporary.c_str(), previous.c_str()) != 0) {
    int reason = errno;
    unlink(temporary.c_str());
    return Failure{describeFailure("cannot write", previous, reason), "", ""};
  }
  // rename() of two names of one file does nothing and leaves both.
  unlink(temporary.c_str());
  return {};
}

} // namespace

Status saveCheckpoint(const std::string &path, const std::string &previous,
                      const CheckpointInfo &info, const TensorStore &store) {
  std::vector<SafetensorsTensor> tensors;
  for (const Variable &variable : store.variables())
    tensors.push_back({variable.savedName(), variable.tensor.dtype, variable.tensor.dims,
                       variable.tensor.bytes.data()});
  tensors.push_back({kAverages, TENON_F64, {int64_t(info.averages.size())}, info.averages.data()});
  Metadata metadata{{"format", kFormat},
                    {"version", std::to_string(info.ingredients ? kCheckpointVersion : 1)},
                    {"training", encodeInfo(info)},
                    {"dataset", info.dataset},
                    {"fitted", data::toJson(info.fitted)},
                    {"structure", structureOf(store)}};
  if (info.ingredients)
    metadata["ingredients"] = toJson(*info.ingredients, false);
  metadata["checksum"] = checksumOf(tensors, metadata);
  // Another name for the old file costs nothing and stays whatever happens to the new one.
  if (Status status = keepPrevious(path, previous); !status)
    return status;
  std::string error;
  if (writeSafetensors(path, std::move(tensors), metadata, error))
    return Failure{error, "",
                   access(path.c_str(), F_OK) == 0 ? "the checkpoint that was there is untouched"
                                                   : ""};
  return {};
}

Result<Checkpoint> Checkpoint::open(const std::string &path) {
  Checkpoint checkpoint;
  checkpoint.path = path;
  SafetensorsFile file;
  std::string error;
  if (tenon_status status = file.open(path, error))
    return Failure{status == TENON_CORRUPT ? "the checkpoint is damaged: " + error : error, "", ""};
  const Metadata &metadata = file.metadata();
  auto text = [&](const char *key) {
    auto found = metadata.find(key);
    return found == metadata.end() ? std::string() : found->second;
  };
  if (text("format") != kFormat)
    return Failure{"`" + path + "` is not a checkpoint of a training", "", ""};
  if (text("version") != "1" && text("version") != std::to_string(kCheckpointVersion))
    return Failure{"`" + path + "` is a checkpoint of version " + text("version") +
                       ", but this program reads versions up to " +
                       std::to_string(kCheckpointVersion),
                   "", "update tenon"};
  std::vector<SafetensorsTensor> views;
  for (const SafetensorsEntry &entry : file.entries()) {
    if (entry.dtype < 0)
      return Failure{"the checkpoint is damaged: `" + path + "`: `" + entry.name + "` is of type " +
                         entry.typeName,
                     "", ""};
    NamedTensor tensor{entry.name, "", OwnedTensor(entry.dtype, entry.dims)};
    if (file.read(entry, tensor.tensor.bytes.data(), error))
      return Failure{"the checkpoint is damaged: " + error, "", ""};
    checkpoint.tensors.push_back(std::move(tensor));
  }
  for (const NamedTensor &tensor : checkpoint.tensors)
    views.push_back(
        {tensor.name, tensor.tensor.dtype, tensor.tensor.dims, tensor.tensor.bytes.data()});
  if (checksumOf(std::move(views), metadata) != text("checksum"))
    return Failure{"the checkpoint is damaged: the checksum of `" + path + "` doesn't agree", "",
                   ""};
  try {
    checkpoint.header = decodeInfo(text("training"));
  } catch (const std::exception &exception) {
    return Failure{"the checkpoint is damaged: `" + path + "`: " + exception.what(), "", ""};
  }
  checkpoint.header.dataset = text("dataset");
  Result<data::Fitted> fitted = data::fittedFromJson(text("fitted"));
  if (!fitted)
    return Failure{"the checkpoint is damaged: `" + path + "`: " + fitted.failure().message, "",
                   ""};
  checkpoint.header.fitted = std::move(*fitted);
  if (text("version") != "1") {
    Result<Ingredients> ingredients = ingredientsFromJson(text("ingredients"));
    if (!ingredients)
      return Failure{"the checkpoint is damaged: `" + path + "`: " + ingredients.failure().message,
                     "", ""};
    checkpoint.header.ingredients = std::move(*ingredients);
  }
  std::erase_if(checkpoint.tensors, [&](const NamedTensor &tensor) {
    if (tensor.name == kAverages)
      for (int64_t i = 0; i < tensor.tensor.count(); ++i)
        checkpoint.header.averages.push_back(tensor.tensor.at(i));
    return tensor.name == kAverages;
  });
  return checkpoint;
}

Status Checkpoint::restore(TensorStore &store, bool modelOnly) const {
  auto wanted = [&](const Variable &variable) {
    return !modelOnly || variable.role == "parameter" || variable.role == "state";
  };
  auto isOfModel = [](const std::string &name) {
    return !name.starts_with("optimizer/") && !name.starts_with("metric/");
  };
  std::vector<std::string> differences;
  std::vector<std::pair<Variable *, const NamedTensor *>> pairs;
  std::set<std::string> names;
  for (Variable &variable : store.variables()) {
    if (!wanted(variable))
      continue;
    std::string name = variable.savedName();
    names.insert(name);
    auto found = std::find_if(tensors.begin(), tensors.end(),
                              [&](const NamedTensor &tensor) { return tensor.name == name; });
    std::string type = typeName(variable.tensor.dtype, variable.tensor.dims);
    if (found == tensors.end()) {
      differences.push_back("`" + name + "` (" + type + ") is not in the checkpoint");
    } else if (found->tensor.dtype != variable.tensor.dtype ||
               found->tensor.dims != variable.tensor.dims) {
      differences.push_back("`" + name + "` is " + type + " in the program and " +
                            typeName(found->tensor.dtype, found->tensor.dims) +
                            " in the checkpoint");
    } else {
      pairs.emplace_back(&variable, &*found);
    }
  }
  for (const NamedTensor &tensor : tensors)
    if (!names.contains(tensor.name) && (!modelOnly || isOfModel(tensor.name)))
      differences.push_back("the checkpoint has `" + tensor.name + "` (" +
                            typeName(tensor.tensor.dtype, tensor.tensor.dims) +
                            "), which the program doesn't");
  if (!differences.empty()) {
    constexpr size_t kShown = 5;
    std::string message = "the checkpoint `" + path + "` is of another model:";
    for (size_t i = 0; i < std::min(differences.size(), kShown); ++i)
      message += "\n  " + differences[i];
    if (differences.size() > kShown)
      message += "\n  and " + std::to_string(differences.size() - kShown) + " more differences";
    return Failure{message, "", "it was made by training `" + header.model + "`"};
  }
  for (auto [variable, tensor] : pairs)
    memcpy(variable->tensor.bytes.data(), tensor->tensor.bytes.data(), tensor->tensor.bytes.size());
  return {};
}

} // namespace tenon::train
