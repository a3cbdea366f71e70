// Everything before the first step: folder, checkpoint, variables, log.
#include "runtime/train/Report.h"
#include "runtime/train/TrainingRun.h"

#include <filesystem>
#include <nlohmann/json.hpp>
#include <unistd.h>

namespace tenon::train {

using Json = nlohmann::ordered_json;

/// Finds what is there already; a new folder is made once nothing else can go wrong.
Status TrainingRun::findCheckpoint() {
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

Status TrainingRun::makeFolder() {
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
Status TrainingRun::checkResumable(const CheckpointInfo &saved) const {
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
Status TrainingRun::settle() {
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

Status TrainingRun::makeVariables() {
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

Status TrainingRun::openLog() {
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

} // namespace tenon::train
