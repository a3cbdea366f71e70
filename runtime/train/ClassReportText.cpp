#include "runtime/train/ClassReport.h"

#include <algorithm>
#include <cstdio>
#include <numeric>
#include <tuple>

namespace tenon::train {

namespace {

constexpr size_t kNameWidth = 24;  // of a class
constexpr size_t kClasses = 30;    // with figures of their own
constexpr size_t kMatrix = 12;     // classes at most, for the matrix to be printed
constexpr size_t kConfusions = 10; // pairs of classes, where it isn't

/// Code points, which take a column each in most writing.
size_t widthOf(const std::string &text) {
  return size_t(std::count_if(text.begin(), text.end(), [](char c) { return (c & 0xc0) != 0x80; }));
}

/// At most `width` columns of `text`.
std::string cut(const std::string &text, size_t width) {
  if (widthOf(text) <= width)
    return text;
  size_t at = 0;
  for (size_t seen = 0; at < text.size(); ++at)
    if ((text[at] & 0xc0) != 0x80 && seen++ == width - 1)
      break;
  return text.substr(0, at) + "…";
}

std::string left(const std::string &text, size_t width) {
  std::string shown = cut(text, width);
  return shown + std::string(width - widthOf(shown), ' ');
}

std::string right(const std::string &text, size_t width) {
  std::string shown = cut(text, width);
  return std::string(width - widthOf(shown), ' ') + shown;
}

std::string figure(const std::optional<double> &value) {
  char text[32] = "-";
  if (value)
    snprintf(text, sizeof text, "%.4f", *value);
  return right(text, 11);
}

size_t longest(const std::vector<std::string> &names, size_t least) {
  for (const std::string &name : names)
    least = std::max(least, widthOf(name));
  return std::min(least, kNameWidth);
}

std::string classTable(const ClassReport &report) {
  std::vector<size_t> order(report.classes().size());
  std::iota(order.begin(), order.end(), size_t(0));
  std::string text;
  std::string title = "class of `" + report.field() + "`";
  if (order.size() > kClasses) {
    std::vector<double> scores;
    for (size_t i : order)
      scores.push_back(report.figures(i).f1.value_or(0));
    std::sort(order.begin(), order.end(), [&](size_t a, size_t b) {
      return std::tuple(scores[a], a) < std::tuple(scores[b], b);
    });
    order.resize(kClasses);
    text += "the " + std::to_string(kClasses) + " of " + std::to_string(report.classes().size()) +
            " classes with the lowest F1:\n";
  }
  size_t width = longest(report.classes(), std::max(widthOf(title), widthOf("weighted mean")));
  text += left(title, width) + "  precision     recall         f1    support\n";
  auto line = [&](const std::string &name, std::optional<double> precision,
                  std::optional<double> recall, std::optional<double> f1, int64_t support) {
    text += left(name, width) + figure(precision) + figure(recall) + figure(f1) +
            right(std::to_string(support), 11) + "\n";
  };
  for (size_t i : order) {
    ClassFigures one = report.figures(i);
    line(report.classes()[i], one.precision, one.recall, one.f1, one.support);
  }
  ClassMeans macro = report.macro(), weighted = report.weighted();
  line("macro mean", macro.precision, macro.recall, macro.f1, report.rows());
  line("weighted mean", weighted.precision, weighted.recall, weighted.f1, report.rows());
  return text;
}

std::string matrix(const ClassReport &report) {
  const std::vector<std::string> &names = report.classes();
  size_t first = longest(names, widthOf("true ↓"));
  size_t column = std::max<size_t>(8, std::min(longest(names, 0), 90 / names.size()));
  std::string text = "predicted →\n" + left("true ↓", first);
  for (const std::string &name : names)
    text += "  " + right(name, column);
  text += "\n";
  for (size_t i = 0; i < names.size(); ++i) {
    text += left(names[i], first);
    for (size_t j = 0; j < names.size(); ++j)
      text += "  " + right(std::to_string(report.count(i, j)), column);
    text += "\n";
  }
  return text;
}

/// The mistakes that are made most often.
std::string confusions(const ClassReport &report) {
  struct Pair {
    size_t truth, predicted;
    int64_t count;
  };
  std::vector<Pair> pairs;
  size_t classes = report.classes().size();
  for (size_t i = 0; i < classes; ++i)
    for (size_t j = 0; j < classes; ++j)
      if (i != j && report.count(i, j))
        pairs.push_back({i, j, report.count(i, j)});
  std::sort(pairs.begin(), pairs.end(), [](const Pair &a, const Pair &b) {
    return std::tuple(b.count, a.truth, a.predicted) < std::tuple(a.count, b.truth, b.predicted);
  });
  if (pairs.size() > kConfusions)
    pairs.resize(kConfusions);
  std::string text = pairs.empty() ? "" : "the most frequent mistakes:\n";
  for (const Pair &pair : pairs)
    text += right(std::to_string(pair.count), 8) + "  " + report.classes()[pair.truth] +
            " taken for " + report.classes()[pair.predicted] + "\n";
  return text;
}

std::string thresholdTable(const ClassReport &report) {
  const Thresholds &cuts = *report.thresholds();
  std::string text = "`" + report.classes()[1] + "` above a threshold: AUC";
  auto inLine = [](const std::optional<double> &value) {
    std::string shown = figure(value);
    return " " + shown.substr(shown.find_first_not_of(' '));
  };
  text += inLine(cuts.areaUnderRoc()) + ", average precision" + inLine(cuts.averagePrecision());
  text += "\nthreshold    precision     recall         f1   accuracy\n";
  auto line = [&](const Cut &cut, const char *note) {
    CutFigures here = cuts.figures(cut);
    char threshold[32];
    snprintf(threshold, sizeof threshold, "%-11.4f", cut.threshold);
    text += threshold + figure(here.precision) + figure(here.recall) + figure(here.f1) +
            figure(here.accuracy) + note + "\n";
  };
  for (double threshold : {0.1, 0.25, 0.5, 0.75, 0.9})
    line(cuts.at(threshold), "");
  if (std::optional<Cut> best = cuts.bestF1())
    line(*best, "  the best F1");
  return text;
}

} // namespace

std::string describe(const ClassReport &report) {
  std::string text = classTable(report);
  std::string tops;
  for (int64_t k : report.ks()) {
    char shown[48];
    snprintf(shown, sizeof shown, "%.4f", report.topK(k));
    tops += (k == 1 ? "accuracy " : "  top " + std::to_string(k) + " ") + std::string(shown);
  }
  text += tops + "\n\n" + (report.classes().size() > kMatrix ? confusions(report) : matrix(report));
  if (report.thresholds())
    text += "\n" + thresholdTable(report);
  if (report.unlabelled())
    text += "\n" + std::to_string(report.unlabelled()) + " rows have no class and aren't counted\n";
  return text;
}

} // namespace tenon::train
