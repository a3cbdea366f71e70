#include "runtime/train/Trainer.h"

#include "runtime/train/Report.h"
#include "runtime/train/TrainingRun.h"

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

namespace tenon::train {

using Json = nlohmann::ordered_json;

namespace {

/// "step" lines of metrics.jsonl in an epoch.
constexpr int64_t kRecordsPerEpoch = 50;

} // namespace

//===----------------------------------------------------------------------===//
// Steps
//===----------------------------------------------------------------------===//

Failure TrainingRun::failedStep(const data::Batch &batch, tenon_status status) {
  Failure failure = step->failure();
  if (status == TENON_CHECK_FAILED && options.explain) {
    FailedStep failed{step->entry(), step->arguments(), info.position, failure.message};
    if (std::optional<Failure> explained = options.explain(failed))
      failure = std::move(*explained);
  }
  if (status == TENON_CHECK_FAILED)
    if (auto row = findBadRow(context.get(), program, store, table, batch, inputsOf(&batch)))
      failure.help += (failure.help.empty() ? "" : "; ") + ("the row of " + *row + " fails it");
  failure.message = "step " + std::to_string(info.position.step + 1) + " (epoch " +
                    std::to_string(batch.epoch + 1) + ", batch " + std::to_string(batch.index + 1) +
                    ") failed: " + failure.message;
  failure.help += (failure.help.empty() ? "" : "; ") + lastCheckpoint();
  return failure;
}

std::string TrainingRun::lastCheckpoint() const {
  return "the checkpoint of step " + std::to_string(lastSavedStep) + " is in " +
         checkpointIn(outcome.folder);
}

Status TrainingRun::trainStep(const data::Batch &batch) {
  tenon_status status = step->run(inputsOf(&batch));
  if (status == TENON_INTERRUPTED && stopped())
    return {};
  if (status)
    return failedStep(batch, status);
  bool finite = epochAverages.add(*step, training, batch.rows);
  windowAverages.add(*step, training, batch.rows);
  if (!finite)
    return Failure{"the loss of step " + std::to_string(info.position.step + 1) +
                       " is not a finite number",
                   "", lastCheckpoint()};
  ++info.position.step;
  ++info.position.batch;
  int64_t every = std::max<int64_t>(1, stepsPerEpoch / kRecordsPerEpoch);
  if (info.position.batch % every == 0 || info.position.batch == stepsPerEpoch) {
    Scores scores = windowAverages.scores(training);
    windowAverages = Averages(training.metrics.size());
    if (Status status = record("step", scores, false); !status)
      return status;
  }
  progress->step(info.position.batch, batch.rows, info.steps - info.position.step,
                 epochAverages.scores(training));
  return {};
}

Status TrainingRun::record(const char *kind, const Scores &scores, bool withValidation) {
  Json line{{"kind", kind}, {"epoch", info.position.epoch + 1}, {"step", info.position.step}};
  for (const auto &[name, value] : scores)
    line[name] = value;
  if (withValidation) {
    Json held{{"split", outcome.validationSplit}};
    for (const auto &[name, value] : outcome.validation)
      held[name] = value;
    line["validation"] = held;
  }
  return log->append(line.dump());
}

Status TrainingRun::trainEpoch(data::BatchStream &stream) {
  progress->beginEpoch(info.position.epoch, stepsPerEpoch, info.position.batch);
  while (info.position.batch < stepsPerEpoch) {
    if (stopped())
      return {};
    auto asked = std::chrono::steady_clock::now();
    const data::Batch *batch = stream.next();
    progress->waited(
        std::chrono::duration<double>(std::chrono::steady_clock::now() - asked).count());
    if (batch && !batch->status)
      return batch->status.failure();
    if (!batch || batch->epoch != info.position.epoch || batch->index != info.position.batch)
      return Failure{"the batches came out of order", "", ""};
    if (Status status = trainStep(*batch); !status)
      return status;
    if (info.position.batch < stepsPerEpoch)
      if (Status status = saveIfDue(); !status)
        return status;
  }
  return {};
}

//===----------------------------------------------------------------------===//
// Epochs
//===----------------------------------------------------------------------===//

Status TrainingRun::validate() {
  outcome.validation.clear();
  if (outcome.validationSplit.empty())
    return {};
  Result<std::optional<Scores>> scores =
      evaluateRows(context.get(), program, training, store, table, outcome.validationSplit,
                   info.batchSize, inputsOf(nullptr), options.stop);
  if (!scores)
    return scores.takeFailure();
  if (*scores)
    outcome.validation = std::move(**scores);
  return {};
}

/// Tells the optimizer of a validation, if it asks, and remembers the best.
Status TrainingRun::learnFromValidation(bool &better) {
  double loss = outcome.validation.front().second;
  better = !info.bestLoss || loss < *info.bestLoss;
  if (better)
    info.bestLoss = loss;
  info.waited = better ? 0 : info.waited + 1;
  const tenon_entry *entry = tenon_find(&program, "epoch_end");
  if (!entry)
    return {};
  Result<EntryCall> call = EntryCall::bind(context.get(), *entry, store, EntryCall::Writes::Update);
  if (!call)
    return call.takeFailure();
  StepInputs inputs = inputsOf(nullptr);
  inputs.loss = loss;
  return call->run(inputs) ? Status(call->failure()) : Status();
}

bool TrainingRun::isPatienceSpent() const {
  return training.patience > 0 && info.waited >= training.patience;
}

Status TrainingRun::finishEpoch() {
  outcome.training = epochAverages.scores(training);
  if (Status status = validate(); !status) {
    // The epoch's training is good: keep it.
    if (Status saved = save(); !saved)
      return saved;
    Failure failure = status.takeFailure();
    failure.help += (failure.help.empty() ? "" : "; ") + lastCheckpoint();
    return failure;
  }
  if (stopped()) // the validation is made again when the training goes on
    return {};
  bool validated = !outcome.validation.empty();
  progress->endEpoch(outcome.training, validated ? outcome.validationSplit : "",
                     outcome.validation);
  if (Status status = record("epoch", outcome.training, validated); !status)
    return status;
  bool better = false;
  if (validated)
    if (Status status = learnFromValidation(better); !status)
      return status;
  ++info.position.epoch;
  info.position.batch = 0;
  if (Status status = beginEpoch(); !status)
    return status;
  // The best one first: a run that is killed between the two makes this epoch's end again.
  if (better && training.keepBest)
    if (Status status = saveTo(bestCheckpointIn(outcome.folder), ""); !status)
      return status;
  if (Status status = save(); !status)
    return status;
  return drawCurves(info.position.epoch == info.epochs || isPatienceSpent());
}

/// Not more often than anybody looks at them.
Status TrainingRun::drawCurves(bool now) {
  constexpr double kSeconds = 2;
  auto time = std::chrono::steady_clock::now();
  if (!now && std::chrono::duration<double>(time - lastDrawn).count() < kSeconds)
    return {};
  lastDrawn = time;
  return writeCurves(outcome.folder, training.metrics);
}

Status TrainingRun::beginEpoch() {
  epochAverages = windowAverages = Averages(training.metrics.size());
  return resetMetrics(context.get(), program, store);
}

Status TrainingRun::saveTo(const std::string &path, const std::string &previous) {
  if (Status status = log->flush(); !status)
    return status;
  info.metricsBytes = log->size();
  info.averages.clear();
  epochAverages.save(info.averages);
  windowAverages.save(info.averages);
  return saveCheckpoint(path, previous, info, store);
}

Status TrainingRun::save() {
  Status status = saveTo(checkpointIn(outcome.folder), previousCheckpointIn(outcome.folder));
  if (!status)
    return status;
  lastSaved = std::chrono::steady_clock::now();
  lastSavedStep = info.position.step;
  return {};
}

Status TrainingRun::saveIfDue() {
  double elapsed =
      std::chrono::duration<double>(std::chrono::steady_clock::now() - lastSaved).count();
  bool time = options.checkpointSeconds > 0 && elapsed >= options.checkpointSeconds;
  bool steps =
      options.checkpointSteps > 0 && info.position.step - lastSavedStep >= options.checkpointSteps;
  return time || steps ? save() : Status();
}

void TrainingRun::sayStopped() {
  std::string command = "tenon train" + (options.program.empty() ? "" : " " + options.program);
  // What the command line changed and the program doesn't say must be said again.
  if (info.batchSize != training.batch)
    command += " --batch " + std::to_string(info.batchSize);
  if (info.epochs != training.epochs)
    command += " --epochs " + std::to_string(info.epochs);
  if (info.memoryBudget)
    command += " --memory-budget " + std::to_string(info.memoryBudget);
  progress->say("stopped at step " + std::to_string(info.position.step) + " (epoch " +
                std::to_string(std::min(info.position.epoch + 1, info.epochs)) + "); saved in " +
                outcome.folder);
  progress->say("go on with: " + command + " --run " + outcome.folder + " --resume");
}

Status TrainingRun::trainEpochs() {
  data::BatchStream stream(columns, *table.split("train"),
                           {.batch = info.batchSize,
                            .shuffle = true,
                            .seed = info.seed,
                            .training = true,
                            .epoch = info.position.epoch + (info.position.batch == stepsPerEpoch),
                            .index = info.position.batch % stepsPerEpoch,
                            .epochs = info.epochs});
  int64_t first = info.position.step;
  while (info.position.epoch < info.epochs && !isPatienceSpent()) {
    if (Status status = trainEpoch(stream); !status)
      return status;
    if (!stopped())
      if (Status status = finishEpoch(); !status)
        return status;
    if (stopped() && info.position.epoch < info.epochs) {
      outcome.interrupted = true;
      if (lastSavedStep != info.position.step)
        if (Status status = save(); !status)
          return status;
      sayStopped();
      return drawCurves(true);
    }
  }
  outcome.stoppedEarly = info.position.epoch < info.epochs;
  if (info.position.step > first)
    progress->endRun();
  if (outcome.stoppedEarly)
    progress->say("stopped: the validation loss has not been better for " +
                  std::to_string(info.waited) + " epochs");
  return {};
}

Result<TrainOutcome> TrainingRun::run() {
  for (Status (TrainingRun::*part)() :
       {&TrainingRun::findCheckpoint, &TrainingRun::settle, &TrainingRun::makeVariables,
        &TrainingRun::makeFolder, &TrainingRun::openLog})
    if (Status status = (this->*part)(); !status)
      return status.takeFailure();
  progress.emplace(options.output, info.epochs);
  if (!resumed) {
    // The first checkpoint comes before the first step: a full disk shows at once, and whatever
    // happens later, there is one to go back to.
    if (Status status = beginEpoch(); !status)
      return status.takeFailure();
    if (Status status = save(); !status)
      return status.takeFailure();
  } else {
    lastSavedStep = info.position.step;
    lastSaved = std::chrono::steady_clock::now();
    for (const std::string &change : changes)
      progress->say("changed: " + change);
    if (!resumed->info().ingredients)
      progress->say("the checkpoint is of version 1, which doesn't tell whether the program has "
                    "changed since");
    if (info.position.epoch >= info.epochs)
      progress->say("all " + std::to_string(info.epochs) +
                    " epochs are done; --epochs asks for "
                    "more");
  }
  Status status = trainEpochs();
  if (!status)
    return status.takeFailure();
  outcome.position = info.position;
  return outcome;
}

Result<TrainOutcome> train(const tenon_program &program, const Training &training,
                           const data::Table &table, const TrainOptions &options) {
  return TrainingRun(program, training, table, options).run();
}

} // namespace tenon::train
