#include "runtime/train/ClassReport.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <tuple>

namespace tenon::train {

ClassReport::ClassReport(std::string field, std::vector<std::string> classes)
    : fieldName(std::move(field)), names(std::move(classes)),
      confusion(names.size() * names.size()), ranks(names.size()) {}

bool ClassReport::add(std::span<const double> scores, size_t truth) {
  size_t best = 0, before = 0;
  for (size_t i = 0; i < scores.size(); ++i) {
    if (std::isnan(scores[i]))
      return false;
    best = scores[i] > scores[best] ? i : best;
    before += scores[i] > scores[truth] || (i < truth && scores[i] == scores[truth]);
  }
  ++confusion[truth * names.size() + best];
  ++ranks[before];
  ++rowCount;
  if (names.size() == 2)
    scored.push_back({scores[1], truth == 1});
  return true;
}

bool ClassReport::addScore(double score, bool positive) {
  if (std::isnan(score))
    return false;
  bool taken = score > 0.5;
  ++confusion[size_t(positive) * 2 + size_t(taken)];
  ++ranks[positive == taken ? 0 : 1];
  ++rowCount;
  scored.push_back({score, positive});
  return true;
}

void ClassReport::finish() {
  if (names.size() == 2)
    cuts.emplace(std::exchange(scored, {}));
}

ClassFigures ClassReport::figures(size_t number) const {
  ClassFigures result;
  result.found = count(number, number);
  for (size_t i = 0; i < names.size(); ++i) {
    result.support += count(number, i);
    result.predicted += count(i, number);
  }
  result.precision = part(result.found, result.predicted);
  result.recall = part(result.found, result.support);
  result.f1 = part(2 * result.found, result.predicted + result.support);
  return result;
}

ClassMeans ClassReport::mean(bool bySupport) const {
  ClassMeans sum;
  double weights = 0;
  for (size_t i = 0; i < names.size(); ++i) {
    ClassFigures one = figures(i);
    double weight = bySupport ? double(one.support) : one.support + one.predicted > 0;
    weights += weight;
    sum.precision += weight * one.precision.value_or(0);
    sum.recall += weight * one.recall.value_or(0);
    sum.f1 += weight * one.f1.value_or(0);
  }
  if (weights > 0)
    for (double *each : {&sum.precision, &sum.recall, &sum.f1})
      *each /= weights;
  return sum;
}

ClassMeans ClassReport::macro() const { return mean(false); }
ClassMeans ClassReport::weighted() const { return mean(true); }
double ClassReport::accuracy() const { return topK(1); }

std::vector<int64_t> ClassReport::ks() const {
  std::vector<int64_t> result{1};
  for (int64_t k : {3, 5})
    if (k < int64_t(names.size()))
      result.push_back(k);
  return result;
}

double ClassReport::topK(int64_t k) const {
  int64_t right = std::accumulate(ranks.begin(), ranks.begin() + k, int64_t(0));
  return rowCount ? double(right) / double(rowCount) : std::nan("");
}

Scores ClassReport::named() const {
  Scores scores{{"accuracy", accuracy()}};
  for (int64_t k : ks())
    if (k > 1)
      scores.emplace_back("top_" + std::to_string(k), topK(k));
  for (bool isMacro : {true, false}) {
    ClassMeans means = isMacro ? macro() : weighted();
    std::string prefix = isMacro ? "macro_" : "weighted_";
    scores.emplace_back(prefix + "precision", means.precision);
    scores.emplace_back(prefix + "recall", means.recall);
    scores.emplace_back(prefix + "f1", means.f1);
  }
  auto add = [&](const std::string &name, const std::optional<double> &value) {
    scores.emplace_back(name, value.value_or(std::nan("")));
  };
  if (cuts) {
    add("auc", cuts->areaUnderRoc());
    add("average_precision", cuts->averagePrecision());
    std::optional<Cut> best = cuts->bestF1();
    add("best_f1", best ? cuts->figures(*best).f1 : std::nullopt);
    add("best_threshold", best ? std::optional(best->threshold) : std::nullopt);
  }
  for (size_t i = 0; i < names.size(); ++i) {
    ClassFigures one = figures(i);
    add("precision[" + names[i] + "]", one.precision);
    add("recall[" + names[i] + "]", one.recall);
    add("f1[" + names[i] + "]", one.f1);
  }
  return scores;
}

FoldedConfusion fold(const ClassReport &report, size_t limit) {
  size_t count = report.classes().size();
  std::vector<size_t> order(count);
  std::iota(order.begin(), order.end(), size_t(0));
  size_t kept = count;
  if (count > limit) {
    kept = limit - 1;
    std::vector<int64_t> support(count);
    for (size_t i = 0; i < count; ++i)
      support[i] = report.figures(i).support;
    std::sort(order.begin(), order.end(), [&](size_t a, size_t b) {
      return std::tuple(support[b], a) < std::tuple(support[a], b);
    });
    std::sort(order.begin(), order.begin() + int64_t(kept));
  }
  FoldedConfusion folded;
  for (size_t i = 0; i < kept; ++i)
    folded.names.push_back(report.classes()[order[i]]);
  folded.others = count - kept;
  if (folded.others)
    folded.names.push_back(std::to_string(folded.others) + " others");
  size_t width = folded.names.size();
  folded.counts.resize(width * width);
  for (size_t i = 0; i < count; ++i)
    for (size_t j = 0; j < count; ++j)
      folded.counts[std::min(i, width - 1) * width + std::min(j, width - 1)] +=
          report.count(order[i], order[j]);
  return folded;
}

} // namespace tenon::train
