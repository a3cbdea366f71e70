/// Training: epochs, validation, checkpoints, resuming.
#pragma once

#include "runtime/core/abi.h"
#include "runtime/data/Table.h"
#include "runtime/train/Checkpoint.h"
#include "runtime/train/Progress.h"
#include "runtime/train/Training.h"

#include <atomic>
#include <cstdio>
#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace tenon::train {

/// A step that a check of the program stopped. Nothing it would have written has changed, so that
/// it can be repeated under guards.
struct FailedStep {
  const tenon_entry &entry;
  const std::vector<tenon_tensor> &inputs; ///< in the order of the entry's bindings
  Position position;
  std::string message; ///< the failed check's
};

struct TrainOptions {
  std::optional<uint64_t> seed; ///< 0 unless given or resumed
  int32_t threads = 0;          ///< 0: as many as there are processors
  /// Bytes that derivatives of loops may keep; 0: the default. The program was compiled with it.
  int64_t memoryBudget = 0;
  std::optional<int64_t> epochs, batch;
  /// Goes on from the checkpoint in `runFolder`, or in the latest run of this name.
  bool resume = false;
  /// Goes on though program, batch or data differ from what made the checkpoint.
  bool acceptChanges = false;
  /// Empty: a new folder `runsFolder`/<name>-<n>.
  std::string runFolder;
  std::string runsFolder = "runs";
  std::string name = "run";
  /// As the user wrote it; for config.json and the line that says how to go on.
  std::string program;
  /// Folder that the paths of `start` start from: the program's.
  std::string programFolder;
  /// A checkpoint is written after each epoch, and within one when either has passed since the
  /// last (0: never).
  double checkpointSeconds = 60;
  int64_t checkpointSteps = 0;
  FILE *output = stdout; ///< nullptr: quiet
  /// Becomes true (in a signal handler, say) when the user wants to stop.
  const std::atomic<bool> *stop = nullptr;
  /// Holds the context that steps run on while there is one, so that whoever sets `stop` may also
  /// interrupt a step whose loop has no end; such a step isn't made.
  std::atomic<tenon_context *> *running = nullptr;
  /// Finds the place and value that made a step fail, by repeating it.
  std::function<std::optional<Failure>(const FailedStep &)> explain;
};

struct TrainOutcome {
  bool interrupted = false;
  bool stoppedEarly = false; ///< by `patience`
  std::string folder;
  Position position;
  Scores training;             ///< of the last epoch
  std::string validationSplit; ///< "validation", else "test", empty where there is neither
  Scores validation;
};

/// Trains and leaves in the run folder: config.json, metrics.jsonl, a curve for the loss and for
/// each metric (SVG), checkpoint.safetensors and checkpoint.previous.safetensors; with `keep =
/// "best"` also checkpoint.best.safetensors, the one after the epoch with the least validation
/// loss.
///
/// Bits: the checkpoint after step n depends on program, declaration, data and seed alone, not on
/// threads, nor on whether the training was stopped or killed and resumed on the way; the same
/// holds for metrics.jsonl. Each line of that is an object: "kind" ("step", a mean over the steps
/// since the last such line; or "epoch", the whole epoch's, with "validation"), "epoch" from 1,
/// "step", "loss", the metrics by name.
///
/// After a Failure the last checkpoint is whole.
Result<TrainOutcome> train(const tenon_program &program, const Training &training,
                           const data::Table &table, const TrainOptions &options);

} // namespace tenon::train
