/// Curves as SVG.
#pragma once

#include <string>
#include <utility>
#include <vector>

namespace tenon::train {

/// Points with finite coordinates, by rising x; others are left out.
struct Series {
  std::string name;
  std::vector<std::pair<double, double>> points;
  bool marked = false; ///< a dot at each point: few points, as of a validation
};

/// At least two round numbers (1, 2 or 5 times a power of ten apart) that cover [low, high], about
/// `wanted` of them.
std::vector<double> niceTicks(double low, double high, int wanted);

/// An SVG document with axes, grid and legend.
std::string renderCurves(const std::string &title, const std::string &xLabel,
                         const std::vector<Series> &series);

} // namespace tenon::train
