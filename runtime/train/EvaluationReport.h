/// What an evaluation leaves in the run folder, and what it is asked to reach.
#pragma once

#include "runtime/data/Result.h"
#include "runtime/train/ClassReport.h"

namespace tenon::train {

struct Evaluation {
  std::string split;
  int64_t rows = 0;
  Scores scores; ///< loss and the program's metrics
  std::optional<ClassReport> classes;

  /// `scores`, then the class report's figures; a name stands once, the program's own counts.
  Scores named() const;
};

/// A JSON object; what isn't defined is null.
std::string toJson(const Evaluation &evaluation);
std::string confusionPicture(const ClassReport &report);

/// Writes evaluation.json and, with a class report, confusion.svg, and of two classes roc.svg and
/// precision_recall.svg where they are defined. Pictures of an earlier evaluation that this one
/// hasn't are removed.
Status writeEvaluation(const std::string &folder, const Evaluation &evaluation);

/// "accuracy >= 0.9"
struct Requirement {
  std::string name, comparison;
  double bound = 0;

  static Result<Requirement> parse(const std::string &text);
  /// Empty where it holds; else what is so instead, and by how much it misses. A value that isn't
  /// defined reaches nothing.
  Result<std::string> unmet(const Scores &scores) const;
};

} // namespace tenon::train
