//===- PredictInputs.h - Rows that a user gives to a model ------*- C++ -*-===//
#pragma once

#include "runtime/data/RawRows.h"

#include <string>
#include <vector>

namespace CLI {
class App;
}

namespace tenon::tool {

/// As they stand on the command line.
struct PredictInputs {
  std::vector<std::string> values, columns;
  std::string rows; ///< a file
};

void addPredictInputs(CLI::App &command, PredictInputs &inputs);

/// The rows of these `columns`. Values without a name are rows of the only column; else all columns
/// are given by name, or by a file. `arrays`: a value may name a file with one.
Result<data::RawRows> rawRows(const PredictInputs &given, const std::vector<std::string> &columns,
                              bool arrays);

} // namespace tenon::tool
