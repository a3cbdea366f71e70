/// A `train` block as its declaration describes it. Plain values.
#pragma once

#include "runtime/data/Result.h"
#include "runtime/data/Schema.h"
#include "runtime/train/Ingredients.h"

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace tenon::train {

/// `start = { backbone: safetensors("file", rename = [("conv1", "stem")]) }`
struct StartFrom {
  std::string target; ///< path of the part of the model; empty: all of it
  std::string file;   ///< as written
  std::vector<std::pair<std::string, std::string>>
      rename; ///< from the file's name to the program's
  std::string place;

  bool operator==(const StartFrom &) const = default;
};

struct Training {
  std::string model;
  data::Dataset dataset;
  /// Names of the `metric_value` results of `train_step` and `evaluate_step`.
  std::vector<std::string> metrics;
  /// For each metric: true if it has state, so that its last value is the epoch's; else batches are
  /// averaged, weighted by rows.
  std::vector<bool> metricHasState;
  std::string predicts;                   ///< the field whose raw form `predict` shows, or empty
  std::vector<std::string> predictFields; ///< arguments of `predict`, in order
  int64_t epochs = 1;
  int64_t batch = 32;
  int64_t patience = 0;  ///< epochs without a better validation loss before it stops; 0: no end
  bool keepBest = false; ///< the best epoch's checkpoint is kept for evaluating and predicting
  std::vector<StartFrom> start;
  Ingredients ingredients;

  bool operator==(const Training &) const = default;
};

/// One JSON object, the same text for equal values.
std::string toJson(const Training &training);
Result<Training> trainingFromJson(const std::string &json);

} // namespace tenon::train
