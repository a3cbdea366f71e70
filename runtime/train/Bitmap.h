/// Small pictures within a page.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

namespace tenon::train {

using Colour = std::array<uint8_t, 3>; ///< red, green, blue

/// A picture as a `data:` address, a BMP file: colours row by row, the top one first.
std::string pictureAddress(int64_t width, int64_t height, const std::vector<Colour> &pixels);

/// From -1 to 1: blue, white, red (the outer colours are those of ColorBrewer's RdBu). Values
/// beyond are as their end; NaN is grey.
Colour divergingColour(double value);
/// "#b2182b".
std::string colourText(Colour colour);

} // namespace tenon::train
