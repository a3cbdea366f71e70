/// A class report of a trained model over the rows of a split.
#pragma once

#include "runtime/train/ClassReport.h"
#include "runtime/train/Scoring.h"

namespace tenon::train {

/// A report, or why there is none: `reason` ends a sentence that begins with "no class report: ".
struct Classified {
  std::optional<ClassReport> report;
  std::string reason;
  bool stopped = false;
};

/// Runs `predict` over the rows of a split, in batches, where the field that the training
/// `predicts` gives each row a class: a one-hot vector or a class's number beside a score for each
/// class, or 0 or 1 beside one score in [0, 1]. Memory: counts, and 16 bytes a row of a model of
/// two classes. Fails where `predict` does, and where a score is NaN or a class has no score.
Result<Classified> classifyRows(tenon_context *context, const tenon_program &program,
                                const Training &training, TensorStore &store,
                                const data::Table &table, const std::string &split, int64_t batch,
                                StepInputs inputs, const std::atomic<bool> *stop);

/// The names of the classes that numbers of this field stand for, `count` of them.
std::vector<std::string> classNames(const data::FieldPlan &plan, const data::FittedField *learnt,
                                    size_t count);

} // namespace tenon::train
