//===- Sessions.h - Trainings and trained models ----------------*- C++ -*-===//
#pragma once

#include "runtime/data/Table.h"
#include "runtime/train/Checkpoint.h"
#include "runtime/train/Model.h"
#include "runtime/train/StageEntries.h"
#include "runtime/train/Training.h"
#include "tools/tenon/Programs.h"

#include <atomic>

namespace tenon::tool {

/// A compiled `train` block with what the runtime is told of it.
struct TrainingProgram {
  std::unique_ptr<Compiled> compiled;
  train::Training training;
};

/// Compiles the `train` block. `extents` are dimensions read from data or checkpoint; where some
/// are needed and none is given, only the functions that are stages. Nothing after an error, which
/// is on standard error.
std::optional<TrainingProgram> compileTraining(const Common &common,
                                               const data::Extents &extents = {},
                                               bool looksAtData = false, bool stagesAlone = false);
/// The same, its extents as a checkpoint knows them; no data is read. These go to `extents`.
std::optional<TrainingProgram>
compileTrained(const Common &common, const train::Checkpoint &checkpoint, data::Extents &extents);

/// The program with its data, read by what `fitted` knows (null: fitted anew); without `steps`, no
/// more of the program than reading the data takes.
struct TrainingWithData {
  TrainingProgram program;
  std::unique_ptr<train::StageEntries> stages; ///< the table's
  data::Table table;
};
std::optional<TrainingWithData> openTraining(const Common &common, const data::Fitted *fitted,
                                             bool steps = true);

/// The folder of a run: `folder`, or that of the latest run of the program if it is empty. Nothing
/// after an error, which is on standard error; so the next two.
std::optional<std::string> chooseRun(const Common &common, const std::string &folder);
/// The checkpoint of a run. `best`: of its best epoch, if the training keeps that.
std::optional<train::Checkpoint> openCheckpoint(const std::string &run, bool best);
/// A program with a checkpoint's parameters and states; the program must outlive it.
std::optional<train::Model> openModel(const Common &common, const TrainingProgram &program,
                                      const train::Checkpoint &checkpoint);

/// "text_classifier" of "examples/text_classifier.tn"; runs are named after it.
std::string programName(const Common &common);
/// The folder that paths in the program start from.
std::string programFolder(const Common &common);

/// Tells a failure of the runtime on standard error; answers Exit::Failed.
int fail(const Failure &failure);

/// Set by Ctrl-C once `catchInterrupts` has been called; a second one ends the process.
extern std::atomic<bool> interrupted;
/// What the first one interrupts, if anything.
extern std::atomic<tenon_context *> running;
void catchInterrupts();

} // namespace tenon::tool
