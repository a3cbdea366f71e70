#include "runtime/train/Trainer.h"

#include "runtime/core/AtomicFile.h"
#include "runtime/train/Report.h"
#include "runtime/train/RunFolder.h"
#include "runtime/train/Scoring.h"

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <unistd.h>

namespace tenon::train {

using Json = nlohmann::ordered_json;

namespace {

/// "step" lines of metrics.jsonl in an epoch.
constexpr int64_t kRecordsPerEpoch = 50;

class Trainer {
public:
  Trainer(const tenon_program &program, const Training &training, const data::Table &table,
          const TrainOptions &options)
      : program(program), training(training), table(table), options(options) {}
  Result<TrainOutcome> run();

private:
  Status findCheckpoint();
  Status makeFolder();
  Status settle();
  Status checkResumable(const CheckpointInfo &saved) const;
  Status makeVariables();
  Status openLog();
  Status trainEpochs();
  Status trainEpoch(data::BatchStream &stream);
  Status trainStep(const data::Batch &batch);
  Failure failedStep(const data::Batch &batch, tenon_status status);
  Status record(const char *kind, const Scores &scores, bool withValidation);
  Status validate();
  Status finishEpoch();
  Status beginEpoch();
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

/// Finds what is there already; a new folder is made once nothing else can go wrong.
Status Trainer::findCheckpoint() {
  outcome.folder = options.runFolder;
  if (options.resume && outcome.folder.empty()) {
    Result<std::string> folder = latestRunFolder(options.runsFolder, options.name);
    if (!folder)
      return folder.takeFailure();
    outcome.folder = *folder;
  }
  std::string path = checkpointIn(outcome.folder);
  if (!options.resume) {
    if (!outcome.folder.empty() && access(path.c_str(), F_OK) == 0)
      return Failure{"`" + outcome.folder + "` already holds a training", "",
                     "go on with it by --resume, or name another folder by --run"};
    return {};
  }
  Result<Checkpoint> checkpoint = Checkpoint::open(path);
  if (!checkpoint) {
    Failure failure = checkpoint.takeFailure();
    std::string previous = previousCheckpointIn(outcome.folder);
    if (Result<Checkpoint> older = Checkpoint::open(previous); older)
      failure.help = "the checkpoint before it, of step " +
                     std::to_string(older->info().position.step) + ", is good: mv " + previous +
                     " " + path;
    return failure;
  }
  resumed = std::move(*checkpoint);
  return {};
}

Status Trainer::makeFolder() {
  if (outcome.folder.empty()) {
    Result<std::string> folder = makeRunFolder(options.runsFolder, options.name);
    if (!folder)
      return folder.takeFailure();
    outcome.folder = *folder;
    return {};
  }
  std::error_code error;
  std::filesystem::create_directories(outcome.folder, error);
  if (error)
    return Failure{"cannot make the folder `" + outcome.folder + "`: " + error.message(), "", ""};
  return {};
}

/// What a resumed run can't change.
Status Trainer::checkResumable(const CheckpointInfo &saved) const {
  std::string path = "`" + checkpointIn(outcome.folder) + "`";
  if (options.seed && *options.seed != saved.seed)
    return Failure{path + " was made with seed " + std::to_string(saved.seed) + ", not " +
                       std::to_string(*options.seed),
                   "", "leave --seed out"};
  if (info.batchSize != saved.batchSize)
    return Failure{path + " was made with a batch of " + std::to_string(saved.batchSize) +
                       ", not " + std::to_string(info.batchSize),
                   "", "give --batch " + std::to_string(saved.batchSize)};
  if (saved.dataRows != table.rows() || saved.dataChecksum != table.checksum())
    return Failure{"the data has changed since " + path + " was made", training.dataset.place,
                   "train anew, without --resume"};
  if (!(saved.fitted == table.fitted()) || saved.dataset != info.dataset)
    return Failure{"the declaration of `" + training.dataset.name + "` has changed since " + path +
                       " was made",
                   training.dataset.place, "train anew, without --resume"};
  if (saved.numericMode != info.numericMode)
    return Failure{path + " was made in the numeric mode `" + saved.numericMode +
                       "`, but this machine computes in `" + info.numericMode + "`",
                   "", "go on on a machine like the first, or train anew"};
  return {};
}

/// Resolves what the declaration, the options and the checkpoint say.
Status Trainer::settle() {
  const std::vector<uint32_t> *rows = table.split("train");
  if (!rows || rows->empty())
    return Failure{"`" + training.dataset.name + "` has no rows to train on",
                   training.dataset.place, "split train 0.8, test 0.2"};
  data::Dataset plain = training.dataset;
  forgetPlaces(plain);
  info.model = training.model;
  info.numericMode = program.numeric_mode;
  info.seed = options.seed ? *options.seed : resumed ? resumed->info().seed : 0;
  info.batchSize = options.batch.value_or(training.batch);
  info.epochs = options.epochs.value_or(training.epochs);
  info.dataRows = table.rows();
  info.dataChecksum = table.checksum();
  info.dataset = data::toJson(plain);
  info.fitted = table.fitted();
  if (info.batchSize < 1 || info.epochs < 1)
    return Failure{"epochs and batch must be at least 1", "", ""};
  stepsPerEpoch = data::batchesOf(rows->size(), info.batchSize);
  if (__builtin_mul_overflow(stepsPerEpoch, info.epochs, &info.steps) || info.steps > INT32_MAX)
    return Failure{std::to_string(info.epochs) + " epochs of " + std::to_string(stepsPerEpoch) +
                       " steps are more than 2 billion steps",
                   "", ""};
  for (const char *split : {"validation", "test"})
    if (const std::vector<uint32_t> *held = table.split(split);
        held && !held->empty() && outcome.validationSplit.empty() &&
        tenon_find(&program, "evaluate_step"))
      outcome.validationSplit = split;
  return resumed ? checkResumable(resumed->info()) : Status();
}

Status Trainer::makeVariables() {
  Result<Context> made = makeContext(options.threads);
  if (!made)
    return made.takeFailure();
  context = std::move(*made);
  if (Status status = declareVariables(context.get(), program, store); !status)
    return status;
  epochAverages = windowAverages = Averages(training.metrics.size());
  if (resumed) {
    if (Status status = resumed->restore(store, false); !status)
      return status;
    info.position = resumed->info().position;
    size_t at = 0;
    if (!epochAverages.load(resumed->info().averages, at) ||
        !windowAverages.load(resumed->info().averages, at))
      return Failure{"`" + checkpointIn(outcome.folder) + "` was made with other metrics", "",
                     "train anew, without --resume"};
  } else if (Status status = initialise(context.get(), program, info.seed, store); !status) {
    return status;
  }
  Result<const tenon_entry *> entry = findEntry(program, "train_step");
  if (!entry)
    return entry.takeFailure();
  Result<EntryCall> call =
      EntryCall::bind(context.get(), **entry, store, EntryCall::Writes::Update);
  if (!call)
    return call.takeFailure();
  step = std::move(*call);
  Result<std::vector<const data::Column *>> found = columnsOf({*entry}, table);
  if (!found)
    return found.takeFailure();
  columns = std::move(*found);
  return {};
}

Status Trainer::openLog() {
  Result<MetricsLog> opened = MetricsLog::open(outcome.folder + "/metrics.jsonl",
                                               resumed ? resumed->info().metricsBytes : 0);
  if (!opened)
    return opened.takeFailure();
  log.emplace(std::move(*opened));
  Json splits = Json::object();
  for (const std::string &name : table.splits())
    splits[name] = table.split(name)->size();
  Json config{{"program", options.program},
              {"model", training.model},
              {"seed", info.seed},
              {"threads", tenon_context_threads(context.get())},
              {"epochs", info.epochs},
              {"batch", info.batchSize},
              {"steps", info.steps},
              {"metrics", training.metrics},
              {"numeric_mode", info.numericMode},
              {"rows", splits},
              {"dataset", Json::parse(info.dataset)}};
  return writeText(outcome.folder + "/config.json",
                   config.dump(2, ' ', false, Json::error_handler_t::replace) + "\n");
}

//===----------------------------------------------------------------------===//
// Steps
//===----------------------------------------------------------------------===//

Failure Trainer::failedStep(const data::Batch &batch, tenon_status status) {
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

std::string Trainer::lastCheckpoint() const {
  return "the checkpoint of step " + std::to_string(lastSavedStep) + " is in " +
         checkpointIn(outcome.folder);
}

Status Trainer::trainStep(const data::Batch &batch) {
  if (tenon_status status = step->run(inputsOf(&batch)))
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

Status Trainer::record(const char *kind, const Scores &scores, bool withValidation) {
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

Status Trainer::trainEpoch(data::BatchStream &stream) {
  progress->beginEpoch(info.position.epoch, stepsPerEpoch, info.position.batch);
  while (info.position.batch < stepsPerEpoch) {
    if (stopped())
      return {};
    const data::Batch *batch = stream.next();
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

Status Trainer::validate() {
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

Status Trainer::finishEpoch() {
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
  ++info.position.epoch;
  info.position.batch = 0;
  if (Status status = beginEpoch(); !status)
    return status;
  if (Status status = save(); !status)
    return status;
  return drawCurves(info.position.epoch == info.epochs);
}

/// Not more often than anybody looks at them.
Status Trainer::drawCurves(bool now) {
  constexpr double kSeconds = 2;
  auto time = std::chrono::steady_clock::now();
  if (!now && std::chrono::duration<double>(time - lastDrawn).count() < kSeconds)
    return {};
  lastDrawn = time;
  return writeCurves(outcome.folder, training.metrics);
}

Status Trainer::beginEpoch() {
  epochAverages = windowAverages = Averages(training.metrics.size());
  return resetMetrics(context.get(), program, store);
}

Status Trainer::save() {
  if (Status status = log->flush(); !status)
    return status;
  info.metricsBytes = log->size();
  info.averages.clear();
  epochAverages.save(info.averages);
  windowAverages.save(info.averages);
  std::string previous = previousCheckpointIn(outcome.folder);
  if (Status status = saveCheckpoint(checkpointIn(outcome.folder), previous, info, store); !status)
    return status;
  lastSaved = std::chrono::steady_clock::now();
  lastSavedStep = info.position.step;
  return {};
}

Status Trainer::saveIfDue() {
  double elapsed =
      std::chrono::duration<double>(std::chrono::steady_clock::now() - lastSaved).count();
  bool time = options.checkpointSeconds > 0 && elapsed >= options.checkpointSeconds;
  bool steps =
      options.checkpointSteps > 0 && info.position.step - lastSavedStep >= options.checkpointSteps;
  return time || steps ? save() : Status();
}

void Trainer::sayStopped() {
  std::string command = "tenon train" + (options.program.empty() ? "" : " " + options.program);
  // What the command line changed and the program doesn't say must be said again.
  if (info.batchSize != training.batch)
    command += " --batch " + std::to_string(info.batchSize);
  if (info.epochs != training.epochs)
    command += " --epochs " + std::to_string(info.epochs);
  progress->say("stopped at step " + std::to_string(info.position.step) + " (epoch " +
                std::to_string(std::min(info.position.epoch + 1, info.epochs)) + "); saved in " +
                outcome.folder);
  progress->say("go on with: " + command + " --run " + outcome.folder + " --resume");
}

Status Trainer::trainEpochs() {
  data::BatchStream stream(columns, *table.split("train"),
                           {.batch = info.batchSize,
                            .shuffle = true,
                            .seed = info.seed,
                            .epoch = info.position.epoch + (info.position.batch == stepsPerEpoch),
                            .index = info.position.batch % stepsPerEpoch,
                            .epochs = info.epochs});
  while (info.position.epoch < info.epochs) {
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
  return {};
}

Result<TrainOutcome> Trainer::run() {
  for (Status (Trainer::*part)() :
       {&Trainer::findCheckpoint, &Trainer::settle, &Trainer::makeVariables, &Trainer::makeFolder,
        &Trainer::openLog})
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

} // namespace

Result<TrainOutcome> train(const tenon_program &program, const Training &training,
                           const data::Table &table, const TrainOptions &options) {
  return Trainer(program, training, table, options).run();
}

} // namespace tenon::train
