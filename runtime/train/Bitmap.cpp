#include "runtime/train/Bitmap.h"

#include <algorithm>
#include <cmath>
#include <cstdio>

namespace tenon::train {

namespace {

void addNumber(std::string &file, uint32_t number, int bytes) {
  for (int i = 0; i < bytes; ++i)
    file += char((number >> (8 * i)) & 255);
}

std::string base64(const std::string &bytes) {
  constexpr char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string text;
  for (size_t i = 0; i < bytes.size(); i += 3) {
    size_t count = std::min<size_t>(3, bytes.size() - i);
    uint32_t word = 0;
    for (size_t j = 0; j < 3; ++j)
      word = word << 8 | (j < count ? uint8_t(bytes[i + j]) : 0);
    for (size_t j = 0; j < 4; ++j)
      text += j <= count ? digits[(word >> (18 - 6 * j)) & 63] : '=';
  }
  return text;
}

} // namespace

std::string pictureAddress(int64_t width, int64_t height, const std::vector<Colour> &pixels) {
  // A BITMAPFILEHEADER, a BITMAPINFOHEADER, and 24 bits a pixel: the lowest row first, blue first,
  // rows of whole four bytes.
  constexpr uint32_t headers = 54;
  size_t rowBytes = (size_t(width) * 3 + 3) / 4 * 4;
  std::string file = "BM";
  addNumber(file, headers + uint32_t(rowBytes * size_t(height)), 4);
  addNumber(file, 0, 4);
  addNumber(file, headers, 4);
  addNumber(file, 40, 4);
  addNumber(file, uint32_t(width), 4);
  addNumber(file, uint32_t(height), 4);
  addNumber(file, 1, 2);
  addNumber(file, 24, 2);
  addNumber(file, 0, 4);
  addNumber(file, uint32_t(rowBytes * size_t(height)), 4);
  for (int i = 0; i < 4; ++i)
    addNumber(file, 0, 4);
  for (int64_t row = height - 1; row >= 0; --row) {
    for (int64_t column = 0; column < width; ++column) {
      const Colour &pixel = pixels[size_t(row * width + column)];
      for (int channel : {2, 1, 0})
        file += char(pixel[size_t(channel)]);
    }
    file.append(rowBytes - size_t(width) * 3, '\0');
  }
  return "data:image/bmp;base64," + base64(file);
}

Colour divergingColour(double value) {
  if (std::isnan(value))
    return {160, 160, 160};
  Colour end = value < 0 ? Colour{33, 102, 172} : Colour{178, 24, 43}, mixed{};
  double part = std::min(1.0, std::fabs(value));
  for (size_t i = 0; i < 3; ++i)
    mixed[i] = uint8_t(std::lround(255 + (end[i] - 255) * part));
  return mixed;
}

std::string colourText(Colour colour) {
  char text[8];
  snprintf(text, sizeof text, "#%02x%02x%02x", colour[0], colour[1], colour[2]);
  return text;
}

} // namespace tenon::train
