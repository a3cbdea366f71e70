#include "runtime/train/Start.h"

#include "runtime/core/Safetensors.h"
#include "runtime/data/Number.h"
#include "runtime/data/Text.h"

#include <algorithm>
#include <cstring>
#include <map>

namespace tenon::train {

namespace {

/// Whether `name` is `prefix` or lies under it.
bool isUnder(const std::string &name, const std::string &prefix) {
  return prefix.empty() || name == prefix ||
         (name.starts_with(prefix) && name[prefix.size()] == '.');
}

/// A variable's name within a part of the model; of a part that is the variable itself, its own.
std::string nameWithin(const std::string &name, const std::string &part) {
  if (name == part)
    return name.substr(name.rfind('.') + 1);
  return part.empty() ? name : name.substr(part.size() + 1);
}

/// What the program calls a tensor of the file: the first fitting rename counts.
std::string renamed(const std::string &name, const StartFrom &start) {
  for (const auto &[from, to] : start.rename)
    if (isUnder(name, from)) {
      std::string rest = name.substr(from.size());
      return to.empty() && rest.starts_with('.') ? rest.substr(1) : to + rest;
    }
  return name;
}

Status copyInto(Variable &variable, const SafetensorsFile &file, const SafetensorsEntry &entry,
                const std::string &path, const std::string &place) {
  std::string error;
  auto differs = [&] {
    return Failure{"`" + variable.name + "` is " +
                       typeName(variable.tensor.dtype, variable.tensor.dims) + ", and `" +
                       entry.name + "` of `" + path + "` is " +
                       (entry.dtype < 0 ? entry.typeName : typeName(entry.dtype, entry.dims)),
                   place, ""};
  };
  if (entry.dtype < 0 || entry.dims != variable.tensor.dims)
    return differs();
  OwnedTensor read(entry.dtype, entry.dims);
  if (file.read(entry, read.bytes.data(), error))
    return Failure{error, place, ""};
  if (entry.dtype == variable.tensor.dtype) {
    memcpy(variable.tensor.bytes.data(), read.bytes.data(), read.bytes.size());
    return {};
  }
  if (entry.dtype < TENON_F16 ||
      (variable.tensor.dtype != TENON_F32 && variable.tensor.dtype != TENON_F64))
    return differs();
  size_t element = size_t(tenon_dtype_bytes(variable.tensor.dtype));
  for (int64_t i = 0; i < read.count(); ++i)
    data::storeNumber(read.at(i), variable.tensor.dtype,
                      variable.tensor.bytes.data() + size_t(i) * element);
  return {};
}

} // namespace

Status loadStart(const StartFrom &start, const std::string &folder, TensorStore &store) {
  bool relative = !start.file.starts_with('/') && !folder.empty();
  std::string path = relative ? folder + "/" + start.file : start.file;
  SafetensorsFile file;
  std::string error;
  if (file.open(path, error))
    return Failure{error, start.place, ""};
  std::map<std::string, const SafetensorsEntry *> given;
  std::vector<std::string> names;
  for (const SafetensorsEntry &entry : file.entries()) {
    std::string name = renamed(entry.name, start);
    if (!given.emplace(name, &entry).second)
      return Failure{"`rename` gives two tensors of `" + path + "` the name `" + name + "`",
                     start.place, ""};
    names.push_back(name);
  }
  for (Variable &variable : store.variables()) {
    bool ofModel = variable.role == "parameter" || variable.role == "state";
    if (!ofModel || !isUnder(variable.name, start.target))
      continue;
    std::string inner = nameWithin(variable.name, start.target);
    auto found = given.find(inner);
    if (found == given.end()) {
      std::optional<std::string> meant = data::closest(inner, names);
      return Failure{"`" + path + "` has no `" + inner + "` for `" + variable.name + "`; it has " +
                         data::listOf(names),
                     start.place,
                     meant ? "is it `" + *meant + "`? then rename it" : "rename what it has"};
    }
    if (Status status = copyInto(variable, file, *found->second, path, start.place); !status)
      return status;
  }
  return {};
}

} // namespace tenon::train
