/// How a model's predictions fit the classes of rows.
#pragma once

#include "runtime/train/Progress.h"
#include "runtime/train/Thresholds.h"

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace tenon::train {

/// What one class's rows say; a figure whose denominator is zero isn't there.
struct ClassFigures {
  int64_t support = 0;   ///< rows of the class
  int64_t predicted = 0; ///< rows taken for it
  int64_t found = 0;     ///< both
  std::optional<double> precision, recall, f1;
};

struct ClassMeans {
  double precision = 0, recall = 0, f1 = 0;
};

/// Counts over rows. Precision, recall, F1 and their means are those of scikit-learn's
/// `precision_recall_fscore_support` with `zero_division = 0`.
class ClassReport {
public:
  ClassReport(std::string field, std::vector<std::string> classes);

  /// A row of class `truth` with a score for each class; it is taken for the class with the
  /// largest, of equal ones the first. False where a score is NaN; nothing is counted then.
  bool add(std::span<const double> scores, size_t truth);
  /// Of a model of one class against all else, the classes being the negative and the positive one:
  /// a row is taken for positive above 0.5.
  bool addScore(double score, bool positive);
  void addUnlabelled() { ++unlabelledRows; }
  /// Ends adding.
  void finish();

  const std::string &field() const { return fieldName; }
  const std::vector<std::string> &classes() const { return names; }
  int64_t rows() const { return rowCount; }
  /// Rows whose class isn't known; they count nowhere else.
  int64_t unlabelled() const { return unlabelledRows; }
  int64_t count(size_t truth, size_t predicted) const {
    return confusion[truth * names.size() + predicted];
  }
  ClassFigures figures(size_t number) const;
  /// Over the classes that rows are of or are taken for; what isn't defined counts as 0.
  ClassMeans macro() const;
  /// Each class by its rows.
  ClassMeans weighted() const;
  double accuracy() const;
  /// The numbers k of `topK` that say something: 1, 3 and 5, below the number of classes.
  std::vector<int64_t> ks() const;
  /// The part of the rows with fewer than k classes in front of their own: with a larger score, or
  /// with the same and a lower number. 1 is the accuracy.
  double topK(int64_t k) const;
  /// Of two classes: what the scores of the second say.
  const std::optional<Thresholds> &thresholds() const { return cuts; }

  /// Every figure by its name: accuracy, top_3, macro_f1, …, f1[NAME], …, auc. What isn't defined
  /// is NaN.
  Scores named() const;

private:
  ClassMeans mean(bool bySupport) const;

  std::string fieldName;
  std::vector<std::string> names;
  std::vector<int64_t> confusion, ranks;
  int64_t rowCount = 0, unlabelledRows = 0;
  std::vector<ScoredRow> scored;
  std::optional<Thresholds> cuts;
};

/// A confusion matrix of at most `limit` classes: those with most rows, and all others as one.
struct FoldedConfusion {
  std::vector<std::string> names;
  std::vector<int64_t> counts; ///< row by row, a row for each true class
  size_t others = 0;           ///< classes in the last one, if any
};
FoldedConfusion fold(const ClassReport &report, size_t limit);

/// For people, some lines that end in a newline.
std::string describe(const ClassReport &report);

} // namespace tenon::train
