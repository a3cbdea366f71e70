#include "runtime/train/EvaluationReport.h"

#include "runtime/data/Text.h"
#include "runtime/train/Curves.h"
#include "runtime/train/Markup.h"
#include "runtime/train/Report.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <filesystem>
#include <nlohmann/json.hpp>

namespace tenon::train {

using Json = nlohmann::ordered_json;

Scores Evaluation::named() const {
  Scores all = scores;
  if (classes)
    for (auto &[name, value] : classes->named())
      if (std::none_of(all.begin(), all.end(), [&](auto &each) { return each.first == name; }))
        all.emplace_back(name, value);
  return all;
}

//===----------------------------------------------------------------------===//
// JSON
//===----------------------------------------------------------------------===//

namespace {

Json number(std::optional<double> value) {
  return value && std::isfinite(*value) ? Json(*value) : Json(nullptr);
}

Json meansJson(const ClassMeans &means) {
  return {{"precision", means.precision}, {"recall", means.recall}, {"f1", means.f1}};
}

Json cutJson(const Thresholds &cuts, const Cut &cut) {
  CutFigures here = cuts.figures(cut);
  return {{"threshold", cut.threshold},
          {"precision", number(here.precision)},
          {"recall", number(here.recall)},
          {"f1", number(here.f1)},
          {"accuracy", number(here.accuracy)}};
}

Json thresholdsJson(const ClassReport &report) {
  const Thresholds &cuts = *report.thresholds();
  Json table = Json::array();
  for (int tenths = 1; tenths < 10; ++tenths)
    table.push_back(cutJson(cuts, cuts.at(tenths / 10.0)));
  std::optional<Cut> best = cuts.bestF1();
  return {{"positive", report.classes()[1]},
          {"auc", number(cuts.areaUnderRoc())},
          {"average_precision", number(cuts.averagePrecision())},
          {"best_f1", best ? cutJson(cuts, *best) : Json(nullptr)},
          {"thresholds", table}};
}

Json classesJson(const ClassReport &report) {
  Json classes = Json::array(), confusion = Json::array(), tops = Json::object();
  for (size_t i = 0; i < report.classes().size(); ++i) {
    ClassFigures one = report.figures(i);
    classes.push_back({{"name", report.classes()[i]},
                       {"precision", number(one.precision)},
                       {"recall", number(one.recall)},
                       {"f1", number(one.f1)},
                       {"support", one.support},
                       {"predicted", one.predicted}});
    Json row = Json::array();
    for (size_t j = 0; j < report.classes().size(); ++j)
      row.push_back(report.count(i, j));
    confusion.push_back(row);
  }
  for (int64_t k : report.ks())
    tops[std::to_string(k)] = number(report.topK(k));
  Json result{{"field", report.field()},
              {"rows", report.rows()},
              {"unlabelled", report.unlabelled()},
              {"accuracy", number(report.accuracy())},
              {"top_k", tops},
              {"macro", meansJson(report.macro())},
              {"weighted", meansJson(report.weighted())},
              {"classes", classes},
              {"confusion", confusion}};
  if (report.thresholds())
    result["binary"] = thresholdsJson(report);
  return result;
}

} // namespace

std::string toJson(const Evaluation &evaluation) {
  Json scores = Json::object();
  for (const auto &[name, value] : evaluation.scores)
    scores[name] = number(value);
  Json result{{"split", evaluation.split}, {"rows", evaluation.rows}, {"scores", scores}};
  if (evaluation.classes)
    result["classification"] = classesJson(*evaluation.classes);
  return result.dump(2, ' ', false, Json::error_handler_t::replace);
}

//===----------------------------------------------------------------------===//
// Pictures
//===----------------------------------------------------------------------===//

namespace {

constexpr size_t kPictured = 40; // classes
constexpr double kTop = 72;

std::string cellColour(double share) {
  // From white to a deep blue.
  char text[16];
  auto mix = [&](int full) { return int(std::lround(255 + (full - 255) * share)); };
  snprintf(text, sizeof text, "#%02x%02x%02x", unsigned(mix(8)), unsigned(mix(81)),
           unsigned(mix(156)));
  return text;
}

std::string label(double x, double y, const std::string &anchor, const std::string &text,
                  const std::string &more) {
  return "<text x=\"" + coordinate(x) + "\" y=\"" + coordinate(y) + "\" text-anchor=\"" + anchor +
         "\"" + more + ">" + escapeMarkup(text) + "</text>\n";
}

} // namespace

std::string confusionPicture(const ClassReport &report) {
  FoldedConfusion folded = fold(report, kPictured);
  size_t width = folded.names.size(), longest = 0;
  for (const std::string &name : folded.names)
    longest = std::max(longest, std::min<size_t>(name.size(), 28));
  double cell = width <= 12 ? 52 : 26, margin = 60 + 7.0 * double(longest);
  double size = cell * double(width), full = margin + size + 24, below = kTop + size;
  double height = below + 24 + 7.0 * double(longest) * 0.75 + 32;
  std::string svg = "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 " + coordinate(full) +
                    " " + coordinate(height) + "\" width=\"" + coordinate(full) + "\" height=\"" +
                    coordinate(height) +
                    "\" font-family=\"sans-serif\" font-size=\"12\" fill=\"#333333\">\n"
                    "<rect width=\"100%\" height=\"100%\" fill=\"#ffffff\"/>\n";
  svg += label(16, 26, "start", "Confusion of " + report.field(),
               " font-size=\"16\" font-weight=\"bold\"");
  svg += label(16, 48, "start", "rows: true class, columns: predicted; shades are shares of a row",
               "");
  for (size_t i = 0; i < width; ++i) {
    double middle = cell * (double(i) + 0.5);
    std::string name = folded.names[i];
    svg += label(margin - 8, kTop + middle + 4, "end", name, "");
    std::string turn = coordinate(margin + middle) + " " + coordinate(below + 16);
    svg +=
        label(margin + middle, below + 16, "end", name, " transform=\"rotate(-45 " + turn + ")\"");
    int64_t total = 0;
    for (size_t j = 0; j < width; ++j)
      total += folded.counts[i * width + j];
    for (size_t j = 0; j < width; ++j) {
      int64_t count = folded.counts[i * width + j];
      double share = total ? double(count) / double(total) : 0;
      double x = margin + cell * double(j), y = kTop + cell * double(i);
      svg += "<rect x=\"" + coordinate(x) + "\" y=\"" + coordinate(y) + "\" width=\"" +
             coordinate(cell) + "\" height=\"" + coordinate(cell) + "\" fill=\"" +
             cellColour(share) + "\" stroke=\"#e3e3e3\"><title>" +
             escapeMarkup(name + " → " + folded.names[j] + ": " + std::to_string(count)) +
             "</title></rect>\n";
      if (count)
        svg += label(x + cell / 2, y + cell / 2 + 4, "middle", std::to_string(count),
                     std::string(width <= 12 ? "" : " font-size=\"8\"") +
                         (share > 0.5 ? " fill=\"#ffffff\"" : ""));
    }
  }
  return svg + "</svg>\n";
}

Status writeEvaluation(const std::string &folder, const Evaluation &evaluation) {
  std::vector<std::pair<std::string, std::string>> files{
      {"evaluation.json", toJson(evaluation) + "\n"},
      {"confusion.svg", ""},
      {"roc.svg", ""},
      {"precision_recall.svg", ""}};
  if (const auto &report = evaluation.classes) {
    files[1].second = confusionPicture(*report);
    const auto &cuts = report->thresholds();
    char title[64];
    if (auto area = cuts ? cuts->areaUnderRoc() : std::nullopt) {
      snprintf(title, sizeof title, "ROC curve, area %.4f", *area);
      files[2].second = renderCurves(title, "false positive rate",
                                     {{"true positive rate", cuts->rocCurve(), false},
                                      {"by chance", {{0, 0}, {1, 1}}, false}});
    }
    if (auto mean = cuts ? cuts->averagePrecision() : std::nullopt) {
      snprintf(title, sizeof title, "Precision and recall, average precision %.4f", *mean);
      double share = double(cuts->positives()) / double(cuts->positives() + cuts->negatives());
      files[3].second = renderCurves(title, "recall",
                                     {{"precision", cuts->precisionRecallCurve(), false},
                                      {"by chance", {{0, share}, {1, share}}, false}});
    }
  }
  std::error_code ignored;
  for (const auto &[name, text] : files)
    if (std::string path = folder + "/" + name; text.empty())
      std::filesystem::remove(path, ignored);
    else if (Status status = writeText(path, text); !status)
      return status;
  return {};
}

//===----------------------------------------------------------------------===//
// Requirements
//===----------------------------------------------------------------------===//

Result<Requirement> Requirement::parse(const std::string &text) {
  Failure unreadable{"`--require " + text + "` isn't a figure compared with a number", "",
                     "write it like 'accuracy>=0.9'; comparisons are >=, >, <=, < and =="};
  auto trimmed = [](std::string part) {
    part.erase(0, std::min(part.find_first_not_of(' '), part.size()));
    part.erase(part.find_last_not_of(' ') + 1);
    return part;
  };
  // The last sign of a comparison: a class's name may have some in it.
  size_t end = text.find_last_of("<>=");
  if (end == std::string::npos)
    return unreadable;
  bool isTwo =
      end > 0 && text[end] == '=' && std::string("<>=").find(text[end - 1]) != std::string::npos;
  size_t begin = isTwo ? end - 1 : end;
  Requirement requirement{trimmed(text.substr(0, begin)), text.substr(begin, end + 1 - begin), 0};
  std::string bound = trimmed(text.substr(end + 1));
  auto [stop, error] =
      std::from_chars(bound.data(), bound.data() + bound.size(), requirement.bound);
  bool isRead = error == std::errc() && stop == bound.data() + bound.size() && !bound.empty();
  if (!isRead || requirement.name.empty() || requirement.comparison == "=" ||
      !std::isfinite(requirement.bound))
    return unreadable;
  return requirement;
}

Result<std::string> Requirement::unmet(const Scores &scores) const {
  std::vector<std::string> names;
  for (const auto &[known, value] : scores) {
    names.push_back(known);
    if (known != name)
      continue;
    bool holds = comparison == ">="   ? value >= bound
                 : comparison == ">"  ? value > bound
                 : comparison == "<=" ? value <= bound
                 : comparison == "<"  ? value < bound
                                      : value == bound;
    if (holds)
      return std::string();
    char text[96];
    if (std::isnan(value))
      return std::string("it isn't defined on these rows");
    snprintf(text, sizeof text, "it is %.6g, off by %.3g", value, std::fabs(value - bound));
    return std::string(text);
  }
  std::optional<std::string> meant = data::closest(name, names);
  return Failure{"there is no figure `" + name + "` to require; there are " +
                     data::listOf(names, 40),
                 "", meant ? "did you mean `" + *meant + "`?" : ""};
}

} // namespace tenon::train
