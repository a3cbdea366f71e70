/// The state of one training run; what `train` drives.
#pragma once

#include "runtime/train/RunFolder.h"
#include "runtime/train/Scoring.h"
#include "runtime/train/Trainer.h"

#include <chrono>

namespace tenon::train {

class TrainingRun {
public:
  TrainingRun(const tenon_program &program, const Training &training, const data::Table &table,
              const TrainOptions &options)
      : program(program), training(training), table(table), options(options) {}
  TrainingRun(const TrainingRun &) = delete;
  TrainingRun &operator=(const TrainingRun &) = delete;
  ~TrainingRun() {
    if (options.running)
      options.running->store(nullptr);
  }
  Result<TrainOutcome> run();

private:
  Status findCheckpoint();
  Status makeFolder();
  Status settle();
  std::vector<std::string> changesSince(const CheckpointInfo &saved) const;
  Status checkResumable(const CheckpointInfo &saved);
  Status makeVariables();
  Status openLog();
  Status trainEpochs();
  Status trainEpoch(data::BatchStream &stream);
  Status trainStep(const data::Batch &batch);
  Failure failedStep(const data::Batch &batch, tenon_status status);
  Status record(const char *kind, const Scores &scores, bool withValidation);
  Status validate();
  Status learnFromValidation(bool &better);
  bool isPatienceSpent() const;
  Status finishEpoch();
  Status beginEpoch();
  Status saveTo(const std::string &path, const std::string &previous);
  Status save();
  Status saveIfDue();
  void sayStopped();
  StepInputs inputsOf(const data::Batch *batch) const {
    return {batch, int64_t(info.seed), info.position.step, int32_t(info.steps)};
  }
  bool stopped() const { return options.stop && options.stop->load(std::memory_order_relaxed); }
  std::string lastCheckpoint() const;
  Status drawCurves(bool now);

  const tenon_program &program;
  const Training &training;
  const data::Table &table;
  const TrainOptions &options;

  Context context;
  TensorStore store;
  std::optional<Checkpoint> resumed;
  std::vector<std::string> changes; ///< since the checkpoint, accepted
  std::optional<EntryCall> step;
  std::vector<const data::Column *> columns;
  std::optional<MetricsLog> log;
  CheckpointInfo info;
  int64_t stepsPerEpoch = 0;
  Averages epochAverages, windowAverages;
  std::optional<Progress> progress;
  std::chrono::steady_clock::time_point lastSaved, lastDrawn;
  int64_t lastSavedStep = -1;
  TrainOutcome outcome;
};

} // namespace tenon::train
