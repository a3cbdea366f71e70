//===- InspectData.h - What a model gets to see -----------------*- C++ -*-===//
#pragma once

#include "tools/tenon/Commands.h"

#include <string>

namespace tenon::tool {

/// `tenon inspect FILE.tn --data`.
struct DataView {
  std::string split = "train";
  size_t rows = 16;
  std::string output = "data.png"; ///< of pictures
  uint64_t seed = 0;
};

/// Prints some rows of a data set as its model gets them, augmented in the split `train`: fields of
/// pictures as a contact sheet in a file, all others as text.
int inspectData(const Common &common, const DataView &view);

} // namespace tenon::tool
