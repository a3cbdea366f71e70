#include "runtime/data/picture/Picture.h"

#include "runtime/core/abi.h"
#include "runtime/data/picture/Decoding.h"

#include <cstring>
#include <utility>

namespace tenon::data {

namespace {

constexpr uint8_t kPngSignature[] = {0x89, 'P', 'N', 'G', '\r', '\n', 0x1A, '\n'};

bool isPng(std::span<const uint8_t> file) {
  return file.size() >= sizeof kPngSignature &&
         memcmp(file.data(), kPngSignature, sizeof kPngSignature) == 0;
}

bool isJpeg(std::span<const uint8_t> file) {
  return file.size() >= 3 && file[0] == 0xFF && file[1] == 0xD8 && file[2] == 0xFF;
}

struct Colour {
  uint8_t channel[3];
};

/// A pixel over white.
Colour colourOf(const uint8_t *pixel, int channels) {
  Colour colour{};
  for (int c = 0; c < 3; ++c)
    colour.channel[c] = pixel[channels < 3 ? 0 : c];
  if (channels == 2 || channels == 4) {
    int alpha = pixel[channels - 1];
    for (uint8_t &value : colour.channel)
      value = uint8_t((value * alpha + 255 * (255 - alpha) + 127) / 255);
  }
  return colour;
}

uint8_t luma(const Colour &colour) {
  const auto &[r, g, b] = colour.channel;
  return uint8_t((19595u * r + 38470u * g + 7471u * b + 32768u) >> 16);
}

/// Where a pixel of the upright picture lies in one of height h and width w that is stored by this
/// EXIF orientation.
std::pair<int64_t, int64_t> storedPlace(int orientation, int64_t y, int64_t x, int64_t h,
                                        int64_t w) {
  switch (orientation) {
  case 2:
    return {y, w - 1 - x};
  case 3:
    return {h - 1 - y, w - 1 - x};
  case 4:
    return {h - 1 - y, x};
  case 5:
    return {x, y};
  case 6:
    return {h - 1 - x, y};
  case 7:
    return {h - 1 - x, w - 1 - y};
  case 8:
    return {x, w - 1 - y};
  default:
    return {y, x};
  }
}

Array arrange(Pixels pixels, int orientation, int channels) {
  bool turned = orientation > 4;
  int64_t height = turned ? pixels.width : pixels.height;
  int64_t width = turned ? pixels.height : pixels.width;
  Array picture{TENON_U8, {height, width, channels}, {}};
  if (orientation == 1 && channels == pixels.channels) {
    picture.bytes = std::move(pixels.bytes);
    return picture;
  }
  picture.bytes.resize(size_t(height * width) * size_t(channels));
  uint8_t *to = picture.bytes.data();
  for (int64_t y = 0; y < height; ++y)
    for (int64_t x = 0; x < width; ++x, to += channels) {
      auto [row, column] = storedPlace(orientation, y, x, pixels.height, pixels.width);
      const uint8_t *from =
          &pixels.bytes[size_t(row * pixels.width + column) * size_t(pixels.channels)];
      Colour colour = colourOf(from, pixels.channels);
      if (channels == 3)
        memcpy(to, colour.channel, 3);
      else
        *to = luma(colour);
    }
  return picture;
}

} // namespace

Status checkSize(uint64_t height, uint64_t width) {
  if (height == 0 || width == 0)
    return Failure{"the picture has no pixels", "", ""};
  // Neither may overflow the product.
  if (height > uint64_t(kMostPixels) || width > uint64_t(kMostPixels) ||
      height * width > uint64_t(kMostPixels))
    return Failure{"the picture is " + std::to_string(width) + "×" + std::to_string(height) +
                       ", and one may have " + std::to_string(kMostPixels) + " pixels at most",
                   "", "make it smaller"};
  return {};
}

Result<PictureHeader> examinePicture(std::span<const uint8_t> file) {
  if (isPng(file))
    return examinePng(file);
  if (isJpeg(file))
    return examineJpeg(file);
  return Failure{file.empty() ? "the file is empty" : "the file is no picture", "",
                 "PNG and JPEG files are read"};
}

Result<Array> decodePicture(std::span<const uint8_t> file, int channels) {
  Result<PictureHeader> header = examinePicture(file);
  if (!header)
    return header.takeFailure();
  Result<Pixels> pixels =
      header->format == PictureHeader::Format::Png ? decodePng(file) : decodeJpeg(file);
  if (!pixels)
    return pixels.takeFailure();
  return arrange(std::move(*pixels), header->orientation, channels);
}

} // namespace tenon::data
