/// What the stages learnt from the training split; saved with a checkpoint, so that predicting
/// needs no data.
#pragma once

#include "runtime/data/Result.h"

#include <string>
#include <vector>

namespace tenon::data {

struct FittedField {
  std::string name;
  /// Of `tokenize`, the words from the first word's id on; of `category`, the values from id 1 on;
  /// of `one_hot`, the classes in order.
  std::vector<std::string> words;
  /// Of `normalise`: for each column, mean and standard deviation (1 where it would be 0).
  std::vector<double> mean, deviation;
  /// Of `columns(first, last)`, the names of all of them in order.
  std::vector<std::string> columns;

  bool operator==(const FittedField &) const = default;
};

struct Fitted {
  /// Those with fitted stages or a range of columns, in the order of the declaration.
  std::vector<FittedField> fields;

  const FittedField *find(const std::string &name) const;
  bool operator==(const Fitted &) const = default;
};

/// One JSON object, the same text for equal values; doubles keep their bits.
std::string toJson(const Fitted &fitted);
Result<Fitted> fittedFromJson(const std::string &json);

} // namespace tenon::data
