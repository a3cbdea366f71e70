//===- Sessions.cpp - Trainings and trained models ------------------------===//
#include "tools/tenon/Sessions.h"

#include "runtime/train/RunFolder.h"

#include <csignal>
#include <filesystem>

using namespace tenon;
using namespace tenon::tool;

std::atomic<bool> tool::interrupted{false};
std::atomic<tenon_context *> tool::running{nullptr};

static void onInterrupt(int signal) {
  interrupted = true;
  if (tenon_context *context = running)
    tenon_interrupt(context);
  // The next one is taken literally.
  std::signal(signal, SIG_DFL);
}

void tool::catchInterrupts() {
  std::signal(SIGINT, onInterrupt);
  std::signal(SIGTERM, onInterrupt);
}

int tool::fail(const Failure &failure) {
  std::string place = failure.place.empty() ? "" : failure.place + ": ";
  return fail(place + failure.message, failure.help);
}

std::string tool::programName(const Common &common) {
  return std::filesystem::path(common.file).stem().string();
}

std::string tool::programFolder(const Common &common) {
  return std::filesystem::path(common.file).parent_path().string();
}

std::optional<TrainingProgram> tool::compileTraining(const Common &common,
                                                     const data::Extents &extents, bool looksAtData,
                                                     bool stagesAlone) {
  Request request;
  request.dataDims = extents;
  request.looksAtData = looksAtData;
  request.stagesAlone = stagesAlone;
  auto compiled = compileProgram(common, request);
  if (!compiled)
    return std::nullopt;
  auto training = train::trainingFromJson(compiled->loaded->image().metadata);
  if (!training) {
    fail(training.failure());
    return std::nullopt;
  }
  return TrainingProgram{std::move(compiled), std::move(*training)};
}

std::optional<TrainingProgram> tool::compileTrained(const Common &common,
                                                    const train::Checkpoint &checkpoint,
                                                    data::Extents &extents) {
  auto program = compileTraining(common);
  if (!program || !data::hasOpenExtents(program->training.dataset))
    return program;
  extents = data::extentsOf(program->training.dataset.fields, checkpoint.info().fitted);
  return compileTraining(common, extents);
}

std::optional<TrainingWithData> tool::openTraining(const Common &common, const data::Fitted *fitted,
                                                   bool steps) {
  auto program = compileTraining(common, {}, true, !steps);
  if (!program)
    return std::nullopt;
  auto stages = train::StageEntries::make(program->compiled->program());
  if (!stages) {
    fail(stages.failure());
    return std::nullopt;
  }
  auto table =
      data::Table::load(program->training.dataset, {programFolder(common), fitted, stages->get()});
  if (!table) {
    // A program from the cache hasn't been compared with its data.
    if (!program->compiled->fromCache || checkProgram(common, {"", {}, {}, true}))
      fail(table.failure());
    return std::nullopt;
  }
  if (steps && data::hasOpenExtents(program->training.dataset)) {
    program = compileTraining(common, table->extents());
    if (!program)
      return std::nullopt;
    (*stages)->setProgram(program->compiled->program());
  }
  return TrainingWithData{std::move(*program), std::move(*stages), std::move(*table)};
}

std::optional<train::Model> tool::openModel(const Common &common, const TrainingProgram &program,
                                            const train::Checkpoint &checkpoint) {
  auto model =
      train::Model::make(program.compiled->program(), program.training, checkpoint, common.threads);
  if (model)
    return std::move(*model);
  fail(model.failure());
  return std::nullopt;
}

std::optional<std::string> tool::chooseRun(const Common &common, const std::string &folder) {
  if (!folder.empty())
    return folder;
  auto latest = train::latestRunFolder("runs", programName(common));
  if (latest)
    return *latest;
  Failure failure = latest.takeFailure();
  if (failure.help.empty())
    failure.help = "train it first: tenon train " + common.file;
  fail(failure);
  return std::nullopt;
}

std::optional<train::Checkpoint> tool::openCheckpoint(const std::string &run, bool best) {
  std::string kept = train::bestCheckpointIn(run);
  bool useBest = best && std::filesystem::exists(kept);
  auto checkpoint = train::Checkpoint::open(useBest ? kept : train::checkpointIn(run));
  if (!checkpoint) {
    fail(checkpoint.failure());
    return std::nullopt;
  }
  return std::move(*checkpoint);
}
