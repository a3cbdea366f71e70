/// Files of pictures, made for tests.
#pragma once

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <utility>
#include <vector>

#include <jpeglib.h>
#include <png.h>
#include <zlib.h>

namespace tenon {

using FileBytes = std::vector<uint8_t>;

inline void putBigEndian(FileBytes &to, uint32_t value) {
  for (int shift = 24; shift >= 0; shift -= 8)
    to.push_back(uint8_t(value >> shift));
}

/// A PNG of these chunks, whatever they are, with their checksums.
inline FileBytes pngOf(const std::vector<std::pair<std::string, FileBytes>> &chunks) {
  FileBytes file{0x89, 'P', 'N', 'G', '\r', '\n', 0x1A, '\n'};
  for (const auto &[type, body] : chunks) {
    putBigEndian(file, uint32_t(body.size()));
    FileBytes checked(type.begin(), type.end());
    checked.insert(checked.end(), body.begin(), body.end());
    file.insert(file.end(), checked.begin(), checked.end());
    putBigEndian(file, uint32_t(crc32(0, checked.data(), uInt(checked.size()))));
  }
  return file;
}

inline FileBytes header(uint32_t height, uint32_t width, uint8_t bits, uint8_t colour) {
  FileBytes body;
  putBigEndian(body, width);
  putBigEndian(body, height);
  body.insert(body.end(), {bits, colour, 0, 0, 0});
  return body;
}

/// A PNG of rows as the format has them; with a palette, of the colours (1, 2, 3), (4, 5, 6) and
/// (7, 8, 9).
inline FileBytes png(uint32_t height, uint32_t width, uint8_t colour, uint8_t bits,
                     const FileBytes &rows) {
  FileBytes raw;
  size_t rowBytes = rows.size() / height;
  for (uint32_t y = 0; y < height; ++y) {
    raw.push_back(0); // no filter
    raw.insert(raw.end(), rows.begin() + int64_t(y * rowBytes),
               rows.begin() + int64_t((y + 1) * rowBytes));
  }
  uLongf size = compressBound(uLong(raw.size()));
  FileBytes packed(size);
  compress(packed.data(), &size, raw.data(), uLong(raw.size()));
  packed.resize(size);
  std::vector<std::pair<std::string, FileBytes>> chunks{
      {"IHDR", header(height, width, bits, colour)}};
  if (colour == PNG_COLOR_TYPE_PALETTE)
    chunks.push_back({"PLTE", {1, 2, 3, 4, 5, 6, 7, 8, 9}});
  chunks.push_back({"IDAT", packed});
  chunks.push_back({"IEND", {}});
  return pngOf(chunks);
}

/// EXIF data that says an orientation and nothing else.
inline FileBytes exif(int orientation, bool bigEndian) {
  FileBytes data{'E', 'x', 'i', 'f', 0, 0};
  auto put = [&](uint32_t value, int bytes) {
    for (int i = 0; i < bytes; ++i)
      data.push_back(uint8_t(value >> 8 * (bigEndian ? bytes - 1 - i : i)));
  };
  data.insert(data.end(), 2, bigEndian ? 'M' : 'I');
  put(42, 2);
  put(8, 4);
  put(1, 2);      // entries
  put(0x0112, 2); // the orientation,
  put(3, 2);      // a 16-bit number,
  put(1, 4);      // one
  put(uint32_t(orientation), 2);
  put(0, 2);
  put(0, 4);
  return data;
}

/// A JPEG of high quality; `app1` is a marker of its own, if there is one.
inline FileBytes jpeg(uint32_t height, uint32_t width, int channels, const FileBytes &pixels,
                      const FileBytes &app1 = {}) {
  jpeg_compress_struct info{};
  jpeg_error_mgr errors{};
  info.err = jpeg_std_error(&errors);
  jpeg_create_compress(&info);
  unsigned char *memory = nullptr;
  unsigned long size = 0;
  jpeg_mem_dest(&info, &memory, &size);
  info.image_height = height;
  info.image_width = width;
  info.input_components = channels;
  info.in_color_space = channels == 1 ? JCS_GRAYSCALE : JCS_RGB;
  jpeg_set_defaults(&info);
  jpeg_set_quality(&info, 98, TRUE);
  jpeg_start_compress(&info, TRUE);
  if (!app1.empty())
    jpeg_write_marker(&info, JPEG_APP0 + 1, app1.data(), unsigned(app1.size()));
  for (uint32_t y = 0; y < height; ++y) {
    auto *row = const_cast<uint8_t *>(&pixels[size_t(y) * width * size_t(channels)]);
    jpeg_write_scanlines(&info, &row, 1);
  }
  jpeg_finish_compress(&info);
  jpeg_destroy_compress(&info);
  FileBytes file(memory, memory + size);
  free(memory);
  return file;
}

/// What a JPEG says its size is.
inline void setJpegSize(FileBytes &file, uint32_t height, uint32_t width) {
  for (size_t i = 0; i + 8 < file.size(); ++i)
    if (file[i] == 0xFF && file[i + 1] == 0xC0) {
      file[i + 5] = uint8_t(height >> 8);
      file[i + 6] = uint8_t(height);
      file[i + 7] = uint8_t(width >> 8);
      file[i + 8] = uint8_t(width);
      return;
    }
}

} // namespace tenon
