/// What SVG and HTML share.
#pragma once

#include <string>

namespace tenon::train {

/// Text within an element or a quoted attribute.
std::string escapeMarkup(const std::string &text);
/// A coordinate, with two digits after the point.
std::string coordinate(double value);

} // namespace tenon::train
