// Everything before the first step: folder, checkpoint, variables, log.
#include "runtime/train/Report.h"
#include "runtime/train/Start.h"
#include "runtime/train/TrainingRun.h"

#include <algorithm>
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

/// What makes this run another one than that which made the checkpoint, a line each.
std::vector<std::string> TrainingRun::changesSince(const CheckpointInfo &saved) const {
  std::vector<std::string> changes;
  auto changed = [&](const std::string &what, const std::string &was, const std::string &is) {
    changes.push_back(what + " was " + was + " and is " + is);
  };
  if (saved.ingredients)
    changes = differences(*saved.ingredients, training.ingredients);
  if (info.batchSize != saved.batchSize)
    changed("the batch", std::to_string(saved.batchSize), std::to_string(info.batchSize));
  if (info.memoryBudget != saved.memoryBudget)
    changed("--memory-budget", std::to_string(saved.memoryBudget),
            std::to_string(info.memoryBudget));
  if (saved.dataRows != table.rows())
    changed("the number of rows", std::to_string(saved.dataRows), std::to_string(table.rows()));
  else if (saved.dataChecksum != table.checksum())
    changes.push_back("the data has other content");
  if (saved.dataset != info.dataset)
    changes.push_back("the declaration of `" + training.dataset.name + "` has changed (" +
                      training.dataset.place + ")");
  else if (!(saved.fitted == table.fitted()) && saved.dataChecksum == table.checksum())
    changes.push_back("the stages of `" + training.dataset.name + "` learnt something else");
  if (training.ingredients.followsSteps && saved.steps != info.steps)
    changed("the number of steps that the schedule counts on", std::to_string(saved.steps),
            std::to_string(info.steps));
  if (saved.numericMode != info.numericMode)
    changed("the machine's numeric mode", "`" + saved.numericMode + "`",
            "`" + info.numericMode + "`");
  return changes;
}

/// Refuses to go on with something else than what was begun, unless the user wants that.
Status TrainingRun::checkResumable(const CheckpointInfo &saved) {
  std::string path = "`" + checkpointIn(outcome.folder) + "`";
  if (options.seed && *options.seed != saved.seed)
    return Failure{path + " was made with seed " + std::to_string(saved.seed) + ", not " +
                       std::to_string(*options.seed),
                   "", "leave --seed out"};
  changes = changesSince(saved);
  if (changes.empty())
    return {};
  if (!options.acceptChanges) {
    std::string message = path + " was made by a training that differs:";
    for (const std::string &change : changes)
      message += "\n  " + change;
    return Failure{message, "",
                   "undo the change; or go on with it by --accept-changes; or train anew, without "
                   "--resume"};
  }
  bool otherBatches = info.batchSize != saved.batchSize || saved.dataRows != table.rows() ||
                      saved.dataChecksum != table.checksum() || saved.dataset != info.dataset;
  if (otherBatches && saved.position.batch != 0)
    return Failure{path + " is in the middle of epoch " + std::to_string(saved.position.epoch + 1) +
                       "; batch and data can change between epochs only",
                   "", "finish the epoch with what it began with"};
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
  info.memoryBudget = options.memoryBudget;
  info.seed = options.seed ? *options.seed : resumed ? resumed->info().seed : 0;
  info.batchSize = options.batch.value_or(training.batch);
  info.epochs = options.epochs.value_or(training.epochs);
  info.dataRows = table.rows();
  info.dataChecksum = table.checksum();
  info.dataset = data::toJson(plain);
  info.fitted = table.fitted();
  info.ingredients = training.ingredients;
  if (info.batchSize < 1 || info.epochs < 1)
    return Failure{"epochs and batch must be at least 1", "", ""};
  stepsPerEpoch = data::batchesOf(rows->size(), info.batchSize);
  // Epochs that are done count as they were, whatever the batch was.
  Position done = resumed ? resumed->info().position : Position();
  int64_t left = std::max<int64_t>(0, info.epochs - done.epoch);
  if (__builtin_mul_overflow(stepsPerEpoch, left, &info.steps) ||
      (info.steps += done.step - done.batch) > INT32_MAX)
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
  tenon_context_limit_grown(context.get(), options.memoryBudget);
  if (options.running)
    options.running->store(context.get());
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
    info.bestLoss = resumed->info().bestLoss;
    info.waited = resumed->info().waited;
  } else {
    if (Status status = initialise(context.get(), program, info.seed, store); !status)
      return status;
    for (const StartFrom &start : training.start)
      if (Status status = loadStart(start, options.programFolder, store); !status)
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
