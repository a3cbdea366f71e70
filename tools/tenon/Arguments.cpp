//===- Arguments.cpp - What `--input` gives a function --------------------===//
#include "tools/tenon/Arguments.h"

#include "runtime/core/Safetensors.h"
#include "runtime/data/Npy.h"

#include <algorithm>
#include <charconv>

using namespace tenon;
using namespace tenon::tool;

static check::DType checkDType(int32_t dtype) { return check::DType(uint8_t(dtype)); }

static std::optional<double> asNumber(const std::string &text) {
  double number = 0;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size())
    return std::nullopt;
  return number;
}

static bool readArgument(const std::string &option, Arguments &arguments) {
  size_t equal = option.find('=');
  if (equal == std::string::npos || equal == 0) {
    fail("`--input " + option + "` is not of the form name=file.npy, name=number or name=text");
    return false;
  }
  std::string name = option.substr(0, equal), value = option.substr(equal + 1);
  if (!value.ends_with(".npy")) {
    if (auto number = asNumber(value))
      arguments.fixed.numbers[name] = *number;
    else
      arguments.fixed.strings[name] = value;
    return true;
  }
  auto array = data::readNpy(value);
  if (!array) {
    fail(array.failure().str());
    return false;
  }
  check::TensorType type;
  type.dtype = checkDType(array->dtype);
  for (int64_t extent : array->dims)
    type.dims.push_back(Dim(extent));
  arguments.fixed.tensors[name] = type;
  train::OwnedTensor tensor(array->dtype, array->dims);
  std::copy(array->bytes.begin(), array->bytes.end(), tensor.bytes.data());
  arguments.tensors.emplace(name, std::move(tensor));
  return true;
}

bool tool::readArguments(const std::vector<std::string> &options, Arguments &arguments) {
  return std::all_of(options.begin(), options.end(),
                     [&](const std::string &option) { return readArgument(option, arguments); });
}

bool tool::readWeights(const std::string &path, const tenon_entry &entry,
                       std::vector<train::NamedTensor> &weights) {
  SafetensorsFile file;
  std::string error;
  if (file.open(path, error) != TENON_OK) {
    fail(error);
    return false;
  }
  for (int32_t i = 0; i < entry.n_inputs; ++i) {
    const tenon_binding &binding = entry.inputs[i];
    if (!train::isKept(binding.role))
      continue;
    const SafetensorsEntry *found = file.find(binding.name);
    if (!found) {
      fail("`" + path + "` has no `" + binding.name + "`, which `" + entry.name + "` needs");
      return false;
    }
    train::OwnedTensor tensor(found->dtype, found->dims);
    if (file.read(*found, tensor.bytes.data(), error) != TENON_OK) {
      fail(error);
      return false;
    }
    weights.push_back({binding.name, binding.role, std::move(tensor)});
  }
  return true;
}
