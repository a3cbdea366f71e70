//===- TrainCommand.cpp - tenon train -------------------------------------===//
#include "runtime/train/Trainer.h"
#include "tools/tenon/Explain.h"
#include "tools/tenon/Sessions.h"

#include <CLI/CLI.hpp>

using namespace tenon;
using namespace tenon::tool;

namespace {

struct TrainSettings {
  std::optional<uint64_t> seed;
  std::optional<int64_t> epochs, batch;
  std::string run;
  bool resume = false, acceptChanges = false, quiet = false;
  double checkpointSeconds = 60;
  int64_t checkpointSteps = 0;
};

int trainProgram(const Common &common, const TrainSettings &settings) {
  // Data that has changed is read as the model knows it: by the words and classes of its
  // checkpoint.
  std::optional<train::Checkpoint> checkpoint;
  if (settings.resume && settings.acceptChanges) {
    auto run = chooseRun(common, settings.run);
    checkpoint = run ? openCheckpoint(*run, false) : std::nullopt;
    if (!checkpoint)
      return Exit::Failed;
  }
  auto opened = openTraining(common, checkpoint ? &checkpoint->info().fitted : nullptr);
  if (!opened)
    return Exit::Failed;
  const Compiled &compiled = *opened->program.compiled;
  if (!settings.quiet) {
    for (const std::string &remark : opened->table.remarks())
      printf("note: %s\n", remark.c_str());
    printf("compiled in %.2f s%s\n", compiled.seconds,
           compiled.fromCache ? " (from the cache)" : "");
  }
  train::TrainOptions options;
  options.seed = settings.seed;
  options.threads = common.threads;
  options.memoryBudget = common.memoryBudget;
  options.epochs = settings.epochs;
  options.batch = settings.batch;
  options.resume = settings.resume;
  options.acceptChanges = settings.acceptChanges;
  options.runFolder = settings.run;
  options.name = programName(common);
  options.program = common.file;
  options.programFolder = programFolder(common);
  options.checkpointSeconds = settings.checkpointSeconds;
  options.checkpointSteps = settings.checkpointSteps;
  options.output = settings.quiet ? nullptr : stdout;
  options.stop = &interrupted;
  options.running = &running;
  options.explain = [&](const train::FailedStep &step) {
    return explainFailedStep(common, opened->table.extents(), step);
  };
  catchInterrupts();
  auto outcome = train::train(compiled.program(), opened->program.training, opened->table, options);
  if (!outcome)
    return fail(outcome.failure());
  return outcome->interrupted ? Exit::Interrupted : Exit::Done;
}

} // namespace

void tool::addTrain(CLI::App &app, Common &common, int &exit) {
  auto settings = std::make_shared<TrainSettings>();
  CLI::App *command = app.add_subcommand("train", "Train a program's model on its data set");
  addCommon(*command, common);
  command->add_option("--seed", settings->seed, "Decides all that is random (default 0)");
  command->add_option("--epochs", settings->epochs, "Instead of the program's")
      ->check(CLI::PositiveNumber);
  command->add_option("--batch", settings->batch, "Rows of a batch, instead of the program's")
      ->check(CLI::PositiveNumber);
  addMemoryBudget(*command, common);
  command->add_option("--run", settings->run,
                      "Folder for checkpoint, metrics and curves (default: a new one in runs/)");
  command->add_flag("--resume", settings->resume,
                    "Go on with --run, or with the latest run of this program");
  command->add_flag("--accept-changes", settings->acceptChanges,
                    "Go on though program, batch or data have changed since the checkpoint");
  command->add_flag("--quiet", settings->quiet, "No progress");
  command
      ->add_option("--checkpoint-seconds", settings->checkpointSeconds,
                   "Save when this long has passed since the last time (0: after epochs only)")
      ->capture_default_str();
  command->add_option("--checkpoint-steps", settings->checkpointSteps,
                      "Save after so many steps (0: don't count)");
  command->callback([&common, &exit, settings] { exit = trainProgram(common, *settings); });
}
