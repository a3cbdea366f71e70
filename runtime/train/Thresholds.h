/// What the scores of a binary model say at each threshold. A row is taken for positive where its
/// score is above the threshold.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <utility>
#include <vector>

namespace tenon::train {

/// some / all; nothing of nothing.
std::optional<double> part(int64_t some, int64_t all);

struct ScoredRow {
  double score; ///< no NaN
  bool positive;
};

/// The rows above a threshold.
struct Cut {
  double threshold = 0;
  int64_t found = 0; ///< that are positive
  int64_t wrong = 0; ///< that aren't
};

/// Parts of rows at one threshold; nothing where there are no rows to be a part of.
struct CutFigures {
  std::optional<double> precision, recall, f1, accuracy;
};

class Thresholds {
public:
  explicit Thresholds(std::vector<ScoredRow> rows);

  int64_t positives() const { return positiveRows; }
  int64_t negatives() const { return int64_t(rows.size()) - positiveRows; }

  /// Calls `see` at each threshold that parts the rows in another way, from the one with no row
  /// above to the one with all. Rows of one score are on one side.
  void forEachCut(const std::function<void(const Cut &)> &see) const;
  Cut at(double threshold) const;
  CutFigures figures(const Cut &cut) const;

  /// The area under the ROC curve by trapezoids between all cuts: the chance that a positive row
  /// scores higher than a negative one, ties counting half (Hanley and McNeil, 1982). Nothing where
  /// all rows are of one class.
  std::optional<double> areaUnderRoc() const;
  /// Σ (recall - recall before) · precision over all cuts, which scikit-learn calls average
  /// precision; nothing without positive rows.
  std::optional<double> averagePrecision() const;
  /// The cut with the largest F1, of equal ones that with the highest threshold; nothing without
  /// positive rows.
  std::optional<Cut> bestF1() const;

  using Points = std::vector<std::pair<double, double>>;
  /// False against true positive rate, and recall against precision; as many points as a picture
  /// can show. Empty where a rate isn't defined.
  Points rocCurve() const;
  Points precisionRecallCurve() const;

private:
  std::vector<ScoredRow> rows; // the highest score first
  int64_t positiveRows = 0;
};

} // namespace tenon::train
