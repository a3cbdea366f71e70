#include "runtime/train/Thresholds.h"

#include <algorithm>
#include <cmath>

namespace tenon::train {

namespace {

/// A point that is this close to the last one in both directions isn't seen.
constexpr double kSeen = 1.0 / 1024;

/// Adds a point unless nobody would see it; `always` adds it.
void addPoint(Thresholds::Points &points, double x, double y, bool always) {
  bool isNear = !points.empty() && std::fabs(points.back().first - x) < kSeen &&
                std::fabs(points.back().second - y) < kSeen;
  if (always || !isNear)
    points.emplace_back(x, y);
}

} // namespace

std::optional<double> part(int64_t some, int64_t all) {
  return all ? std::optional(double(some) / double(all)) : std::nullopt;
}

Thresholds::Thresholds(std::vector<ScoredRow> given) : rows(std::move(given)) {
  std::sort(rows.begin(), rows.end(),
            [](const ScoredRow &a, const ScoredRow &b) { return a.score > b.score; });
  for (const ScoredRow &row : rows)
    positiveRows += row.positive;
}

void Thresholds::forEachCut(const std::function<void(const Cut &)> &see) const {
  if (rows.empty())
    return;
  Cut cut{rows.front().score};
  see(cut);
  for (size_t i = 0; i < rows.size();) {
    double score = rows[i].score;
    for (; i < rows.size() && rows[i].score == score; ++i)
      ++(rows[i].positive ? cut.found : cut.wrong);
    cut.threshold = i < rows.size() ? rows[i].score : std::nextafter(score, -HUGE_VAL);
    see(cut);
  }
}

Cut Thresholds::at(double threshold) const {
  Cut cut{threshold};
  for (const ScoredRow &row : rows)
    if (row.score > threshold)
      ++(row.positive ? cut.found : cut.wrong);
  return cut;
}

CutFigures Thresholds::figures(const Cut &cut) const {
  int64_t above = cut.found + cut.wrong;
  return {part(cut.found, above), part(cut.found, positives()),
          part(2 * cut.found, above + positives()),
          part(cut.found + negatives() - cut.wrong, int64_t(rows.size()))};
}

std::optional<double> Thresholds::areaUnderRoc() const {
  if (!positives() || !negatives())
    return std::nullopt;
  double area = 0;
  Cut last;
  forEachCut([&](const Cut &cut) {
    area += double(cut.wrong - last.wrong) * double(cut.found + last.found) / 2;
    last = cut;
  });
  return area / double(positives()) / double(negatives());
}

std::optional<double> Thresholds::averagePrecision() const {
  if (!positives())
    return std::nullopt;
  double sum = 0;
  int64_t last = 0;
  forEachCut([&](const Cut &cut) {
    if (cut.found > last)
      sum += double(cut.found - last) * *figures(cut).precision;
    last = cut.found;
  });
  return sum / double(positives());
}

std::optional<Cut> Thresholds::bestF1() const {
  std::optional<Cut> best;
  if (!positives())
    return best;
  forEachCut([&](const Cut &cut) {
    if (!best || *figures(cut).f1 > *figures(*best).f1)
      best = cut;
  });
  return best;
}

Thresholds::Points Thresholds::rocCurve() const {
  Points points;
  if (!positives() || !negatives())
    return points;
  forEachCut([&](const Cut &cut) {
    bool isEnd = cut.found + cut.wrong == int64_t(rows.size());
    addPoint(points, double(cut.wrong) / double(negatives()),
             double(cut.found) / double(positives()), isEnd);
  });
  return points;
}

Thresholds::Points Thresholds::precisionRecallCurve() const {
  Points points;
  if (!positives())
    return points;
  forEachCut([&](const Cut &cut) {
    CutFigures here = figures(cut);
    bool isEnd = cut.found + cut.wrong == int64_t(rows.size());
    if (here.precision)
      addPoint(points, *here.recall, *here.precision, isEnd);
  });
  return points;
}

} // namespace tenon::train
