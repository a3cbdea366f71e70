/// Pictures in files: PNG (https://www.w3.org/TR/png-3) and JPEG (ITU-T T.81), decoded by libpng
/// and libjpeg-turbo.
#pragma once

#include "runtime/data/Npy.h"
#include "runtime/data/Result.h"

#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace tenon::data {

/// A picture of more pixels is refused before any memory is taken for it: decoding takes at most 10
/// bytes for each (a progressive JPEG in colour), so at most 640 MB.
inline constexpr int64_t kMostPixels = int64_t(1) << 26;

/// What a file says of its picture before it is decoded.
struct PictureHeader {
  enum class Format : uint8_t { Png, Jpeg };
  Format format = Format::Png;
  int64_t height = 0, width = 0; ///< as shown, turned by `orientation`
  int orientation = 1;           ///< EXIF's, 1 to 8; 1 is upright
};

/// Looks at a whole file without decoding it: its kind, its size, that it goes on to its end, and a
/// PNG's checksums. Failures have no place.
Result<PictureHeader> examinePicture(std::span<const uint8_t> file);

/// Decodes a file to u8[height, width, channels], `channels` 1 (grey) or 3 (red, green, blue):
/// - 16 bits become 8 by rounding; fewer bits and palettes are spread to 0..255;
/// - what is transparent lies over white;
/// - colours become grey by luma, (19595 R + 38470 G + 7471 B) / 65536, rounded (ITU-R BT.601);
/// - it is turned as EXIF's orientation says.
/// Gamma and colour profiles are not applied. Failures have no place.
Result<Array> decodePicture(std::span<const uint8_t> file, int channels);

/// Writes u8[height, width, channels] (1 or 3) as a PNG file, atomically.
Status writePng(const std::string &path, const Array &picture);

} // namespace tenon::data
