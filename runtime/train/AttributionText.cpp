#include "runtime/train/AttributionPage.h"
#include "runtime/train/Bitmap.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <tuple>

namespace tenon::train {

namespace {

constexpr size_t kShown = 10; // elements of a field

/// Words in their order, padding left out, each on its colour.
std::string colouredWords(const FieldAttribution &field) {
  std::string text;
  double most = largest(field.attributions);
  for (size_t i = 0; i < field.labels.size(); ++i) {
    if (field.labels[i].empty())
      continue;
    Colour colour = divergingColour(most > 0 ? field.attributions[i] / most : 0);
    char begin[64];
    snprintf(begin, sizeof begin, "\x1b[38;2;0;0;0;48;2;%d;%d;%dm", colour[0], colour[1],
             colour[2]);
    text += begin + field.labels[i] + "\x1b[0m ";
  }
  return text.empty() ? "" : text + "\n";
}

std::string elementName(const FieldAttribution &field, size_t i) {
  if (i < field.labels.size() && !field.labels[i].empty())
    return field.labels[i];
  std::string name = field.name;
  if (field.dims.empty())
    return name;
  std::string places;
  for (size_t axis = field.dims.size(); axis-- > 0; i /= size_t(field.dims[axis]))
    places = std::to_string(i % size_t(field.dims[axis])) + (places.empty() ? "" : ", ") + places;
  return name + "[" + places + "]";
}

} // namespace

std::string shortNumber(double value) {
  char text[32];
  snprintf(text, sizeof text, "%.4g", value);
  return text;
}

double largest(const std::vector<double> &values) {
  double most = 0;
  for (double each : values)
    most = std::max(most, std::fabs(each));
  return most;
}

std::string methodText(const AttributionOptions &options) {
  using Method = AttributionOptions::Method;
  switch (options.method) {
  case Method::GradientTimesInput:
    return "gradient × input";
  case Method::SmoothGrad:
    return "SmoothGrad, " + std::to_string(options.steps) + " samples with noise of " +
           shortNumber(options.noise) + " of the values' range, seed " +
           std::to_string(options.seed);
  case Method::IntegratedGradients:
    break;
  }
  return "integrated gradients, " + std::to_string(options.steps) + " steps";
}

std::string completenessText(const Attribution &row, double tolerance) {
  double allowed = row.tolerance(tolerance), off = std::fabs(row.sum() - row.change());
  return "the attributions' sum is " + shortNumber(row.sum()) + ", the output's change " +
         shortNumber(row.change()) + ": " +
         (off <= allowed ? "within " : "off by " + shortNumber(off) + ", beyond ") +
         shortNumber(allowed);
}

std::string describe(const Attribution &row, const AttributionNotes &notes, bool coloured) {
  std::string what = notes.predicts.empty() ? "the prediction" : notes.predicts;
  std::string text = row.explained.empty() ? what + " is " : what + " = " + row.explained + ": ";
  text += shortNumber(row.output) + ", of the baseline " + shortNumber(row.baseline) + "\n";
  for (const FieldAttribution &field : row.fields) {
    if (field.form == FieldAttribution::Form::Words && coloured)
      text += colouredWords(field);
    std::vector<size_t> order(field.attributions.size());
    std::iota(order.begin(), order.end(), size_t(0));
    bool isText = field.form == FieldAttribution::Form::Words;
    std::erase_if(order, [&](size_t i) { return isText && field.labels[i].empty(); });
    std::sort(order.begin(), order.end(), [&](size_t a, size_t b) {
      return std::tuple(-std::fabs(field.attributions[a]), a) <
             std::tuple(-std::fabs(field.attributions[b]), b);
    });
    double rest = std::accumulate(field.attributions.begin(), field.attributions.end(), 0.0);
    for (size_t i = 0; i < std::min(order.size(), kShown); ++i) {
      char line[32];
      snprintf(line, sizeof line, "  %+10.4f  ", field.attributions[order[i]]);
      text += line + elementName(field, order[i]) + "\n";
      rest -= field.attributions[order[i]];
    }
    if (order.size() > kShown) {
      char line[64];
      snprintf(line, sizeof line, "  %+10.4f  %zu more of %s\n", rest, order.size() - kShown,
               field.name.c_str());
      text += line;
    }
  }
  return text + completenessText(row, notes.tolerance) + "\n";
}

std::vector<std::string> limitsOf(const Explanation &explanation) {
  std::vector<std::string> limits;
  for (const std::string &name : explanation.unattributed)
    limits.push_back("nothing is attributed to `" + name +
                     "`: its whole numbers neither say where a table is read nor are converted, "
                     "outside of loops and branches");
  for (const std::string &name : explanation.held)
    limits.push_back("`" + name +
                     "` also decides a mask or a comparison, which is held as the input says and "
                     "has no part in the attributions");
  return limits;
}

} // namespace tenon::train
