/// What the two formats have in common while a picture is decoded.
#pragma once

#include "runtime/data/picture/Picture.h"

namespace tenon::data {

/// A picture as its file has it, not yet turned: u8, `channels` a pixel: grey, grey and alpha,
/// colour, or colour and alpha.
struct Pixels {
  int64_t height = 0, width = 0;
  int channels = 0;
  std::vector<uint8_t> bytes;
};

Result<PictureHeader> examinePng(std::span<const uint8_t> file);
Result<PictureHeader> examineJpeg(std::span<const uint8_t> file);
Result<Pixels> decodePng(std::span<const uint8_t> file);
Result<Pixels> decodeJpeg(std::span<const uint8_t> file);

/// The orientation that EXIF data (a TIFF header and what follows) says, 1 where it says none; bad
/// data says none.
int exifOrientation(std::span<const uint8_t> tiff);

/// Refuses a size of nothing and one beyond `kMostPixels`.
Status checkSize(uint64_t height, uint64_t width);

} // namespace tenon::data
