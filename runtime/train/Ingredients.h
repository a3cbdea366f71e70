/// What a training is made of, kept with its checkpoints, so that a training that goes on can tell
/// what has changed since.
#pragma once

#include "runtime/data/Result.h"

#include <string>
#include <vector>

namespace tenon::train {

struct Ingredient {
  std::string name;  ///< a setting's "optimizer.learning_rate"; a part's "`model Classifier`"
  std::string value; ///< a setting's as it is written; a part's hash
  std::string part;  ///< of a setting: the part in which its value stands
  std::string place; ///< "file.tn:4:8"; not kept in a checkpoint

  bool operator==(const Ingredient &) const = default;
};

struct Ingredients {
  /// Hash of all that the steps compute. What a comment or another way to write a number changes
  /// isn't in it; what another version of the compiler does may be.
  std::string graph;
  /// The steps planned in all change what a step computes: a schedule asks for them.
  bool followsSteps = false;
  std::vector<Ingredient> settings; ///< fixed arguments of the model and the optimizer
  std::vector<Ingredient> parts;    ///< declarations, and lines of the `train` block

  bool operator==(const Ingredients &) const = default;
};

/// One JSON object, the same text for equal values; places only where asked for.
std::string toJson(const Ingredients &ingredients, bool withPlaces);
Result<Ingredients> ingredientsFromJson(const std::string &json);

/// One line for each thing that the program says differently: "`optimizer.learning_rate` was 0.1
/// and is 0.01 (file.tn:4:8)". None where the steps compute the same, or where they differ by the
/// compiler alone.
std::vector<std::string> differences(const Ingredients &was, const Ingredients &is);

} // namespace tenon::train
