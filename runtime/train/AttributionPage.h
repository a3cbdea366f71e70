/// Attributions for people.
#pragma once

#include "runtime/train/Attribution.h"

namespace tenon::train {

/// How attributions were made, for the words around them.
struct AttributionNotes {
  std::string program, predicts; ///< the program's name; the field that is predicted, or empty
  AttributionOptions options;
  double tolerance = 0.01; ///< part of the change; Attribution::tolerance
};

/// With four digits.
std::string shortNumber(double value);
/// The largest absolute value; 0 of none.
double largest(const std::vector<double> &values);
/// "integrated gradients, 64 steps".
std::string methodText(const AttributionOptions &options);
/// "the sum of the attributions is 0.75, the output's change 0.7501: within 0.0075".
std::string completenessText(const Attribution &row, double tolerance);
/// Lines for a terminal, the elements with the largest attributions first. `coloured`: words with
/// escape sequences for colours.
std::string describe(const Attribution &row, const AttributionNotes &notes, bool coloured);
/// An HTML document that needs no other file: a heat map over pictures, words on their colours, and
/// a table of numbers, for each row.
std::string attributionPage(const Explanation &explanation, const AttributionNotes &notes);
/// What nothing is attributed to, and what is held; a sentence each.
std::vector<std::string> limitsOf(const Explanation &explanation);

} // namespace tenon::train
