//===- Arguments.h - What `--input` gives a function ------------*- C++ -*-===//
#pragma once

#include "runtime/train/Tensors.h"
#include "tools/tenon/Programs.h"

#include <map>
#include <string>
#include <vector>

namespace tenon::tool {

/// The values of a function's arguments, by name; a tree's leaves by their paths.
struct Arguments {
  std::map<std::string, train::OwnedTensor> tensors;
  check::FunctionInputs fixed; ///< numbers and texts, and the tensors' types
};

/// Reads each `name=file.npy`, `name=number` or `name=text`. False after an error, which is on
/// standard error.
bool readArguments(const std::vector<std::string> &options, Arguments &arguments);
/// Reads from a safetensors file the parameters and states that an entry takes. False after an
/// error, which is on standard error.
bool readWeights(const std::string &path, const tenon_entry &entry,
                 std::vector<train::NamedTensor> &weights);

} // namespace tenon::tool
