#include "runtime/train/Curves.h"

#include "runtime/train/Markup.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <tuple>

namespace tenon::train {

namespace {

constexpr double kWidth = 720, kHeight = 420;
constexpr double kLeft = 72, kRight = 24, kTop = 64, kBottom = 56;
/// Okabe and Ito's colours, which colour-blind people can tell apart.
constexpr const char *kColours[] = {"#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00"};

/// Digits after the point that tell ticks `step` apart.
std::string tickText(double value, double step) {
  char text[48];
  if (std::fabs(value) >= 1e6 || (step < 1e-5 && step > 0)) {
    snprintf(text, sizeof text, "%g", value);
    return text;
  }
  int digits = std::max(0, int(-std::floor(std::log10(step) + 1e-9)));
  snprintf(text, sizeof text, "%.*f", digits, value == 0 ? 0.0 : value);
  return text;
}

/// Data to picture coordinates of one axis, and its ticks. A `tight` axis ends where the data does,
/// another at its outermost ticks.
struct Axis {
  double low, high, from, to, step;
  std::vector<double> ticks;

  Axis(std::pair<double, double> data, double from, double to, int wanted, bool tight)
      : from(from), to(to), ticks(niceTicks(data.first, data.second, wanted)) {
    low = ticks.front();
    high = ticks.back();
    step = ticks[1] - ticks[0];
    if (!tight || !(data.second > data.first))
      return;
    std::tie(low, high) = data;
    std::erase_if(ticks, [&](double tick) { return tick < low || tick > high; });
  }
  double operator()(double value) const {
    return from + (value - low) / (high - low) * (to - from);
  }
  std::string text(double tick) const { return tickText(tick, step); }
};

std::string textAt(double x, double y, const char *anchor, const std::string &text,
                   const std::string &more = "") {
  return "<text x=\"" + coordinate(x) + "\" y=\"" + coordinate(y) + "\" text-anchor=\"" + anchor +
         "\"" + more + ">" + escapeMarkup(text) + "</text>\n";
}

std::string line(double x1, double y1, double x2, double y2, const std::string &stroke,
                 double width) {
  return "<line x1=\"" + coordinate(x1) + "\" y1=\"" + coordinate(y1) + "\" x2=\"" +
         coordinate(x2) + "\" y2=\"" + coordinate(y2) + "\" stroke=\"" + stroke +
         "\" stroke-width=\"" + coordinate(width) + "\"/>\n";
}

std::string axes(const Axis &x, const Axis &y, const std::string &xLabel) {
  std::string svg;
  for (double tick : y.ticks) {
    svg += line(kLeft, y(tick), kWidth - kRight, y(tick), "#e3e3e3", 1);
    svg += textAt(kLeft - 8, y(tick) + 4, "end", y.text(tick));
  }
  for (double tick : x.ticks) {
    svg += line(x(tick), kTop, x(tick), kHeight - kBottom, "#efefef", 1);
    svg += textAt(x(tick), kHeight - kBottom + 18, "middle", x.text(tick));
  }
  svg += line(kLeft, kHeight - kBottom, kWidth - kRight, kHeight - kBottom, "#555555", 1);
  svg += textAt((kLeft + kWidth - kRight) / 2, kHeight - 14, "middle", xLabel);
  return svg;
}

std::string curve(const Series &series, const Axis &x, const Axis &y, const std::string &colour) {
  std::string points, dots;
  for (auto [px, py] : series.points) {
    if (!std::isfinite(px) || !std::isfinite(py))
      continue;
    points += (points.empty() ? "" : " ") + coordinate(x(px)) + "," + coordinate(y(py));
    if (series.marked)
      dots += "<circle cx=\"" + coordinate(x(px)) + "\" cy=\"" + coordinate(y(py)) +
              "\" r=\"3.5\" fill=\"" + colour + "\"/>\n";
  }
  return "<polyline points=\"" + points + "\" fill=\"none\" stroke=\"" + colour +
         "\" stroke-width=\"1.8\" stroke-linejoin=\"round\"/>\n" + dots;
}

/// The range of one coordinate; [0, 1] where there is no point.
template <typename Get>
std::pair<double, double> range(const std::vector<Series> &series, Get get) {
  double low = HUGE_VAL, high = -HUGE_VAL;
  for (const Series &each : series)
    for (auto point : each.points)
      if (std::isfinite(point.first) && std::isfinite(point.second)) {
        low = std::min(low, get(point));
        high = std::max(high, get(point));
      }
  return low <= high ? std::pair(low, high) : std::pair(0.0, 1.0);
}

} // namespace

std::vector<double> niceTicks(double low, double high, int wanted) {
  double span = high - low;
  double magnitude = std::max(std::fabs(low), std::fabs(high));
  if (!(span > magnitude * 1e-12))
    span = magnitude > 0 ? magnitude * 0.1 : 1;
  double rough = span / std::max(1, wanted - 1);
  double power = std::pow(10, std::floor(std::log10(rough)));
  double ratio = rough / power;
  double step = power * (ratio <= 1.5 ? 1 : ratio <= 3.5 ? 2 : ratio <= 7.5 ? 5 : 10);
  double first = std::floor(low / step + 1e-9), last = std::ceil(high / step - 1e-9);
  if (last <= first)
    last = first + 1;
  std::vector<double> ticks;
  for (double i = first; i <= last; ++i)
    ticks.push_back(i * step);
  return ticks;
}

std::string renderCurves(const std::string &title, const std::string &xLabel,
                         const std::vector<Series> &series) {
  Axis x(range(series, [](auto point) { return point.first; }), kLeft, kWidth - kRight, 7, true);
  Axis y(range(series, [](auto point) { return point.second; }), kHeight - kBottom, kTop, 6, false);
  std::string svg = "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 " +
                    coordinate(kWidth) + " " + coordinate(kHeight) + "\" width=\"" +
                    coordinate(kWidth) + "\" height=\"" + coordinate(kHeight) +
                    "\" font-family=\"sans-serif\" font-size=\"12\" fill=\"#333333\">\n"
                    "<rect width=\"100%\" height=\"100%\" fill=\"#ffffff\"/>\n";
  svg += textAt(kLeft, 26, "start", title, " font-size=\"16\" font-weight=\"bold\"");
  svg += axes(x, y, xLabel);
  double legend = kLeft;
  for (size_t i = 0; i < series.size(); ++i) {
    const char *colour = kColours[i % std::size(kColours)];
    svg += curve(series[i], x, y, colour);
    svg += line(legend, 44, legend + 20, 44, colour, 2.5);
    svg += textAt(legend + 26, 48, "start", series[i].name);
    legend += 46 + 7.0 * double(series[i].name.size());
  }
  return svg + "</svg>\n";
}

} // namespace tenon::train
