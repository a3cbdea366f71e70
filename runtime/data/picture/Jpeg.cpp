#include "runtime/data/picture/Decoding.h"

#include <algorithm>
#include <csetjmp>
#include <cstdio>
#include <cstring>

// They need <cstdio> before them.
#include <jerror.h>
#include <jpeglib.h>

namespace tenon::data {

namespace {

/// Passes of a progressive picture; hostile ones have thousands over a large empty picture.
constexpr int kMostScans = 500;

/// A decoder with what it said, kept where its jumps leave it.
struct Decoder {
  jpeg_decompress_struct info;
  jpeg_error_mgr errors;
  jpeg_progress_mgr progress;
  jmp_buf back;
  char message[JMSG_LENGTH_MAX];
};

Decoder &decoderOf(j_common_ptr info) { return *static_cast<Decoder *>(info->client_data); }

void stop(j_common_ptr info) {
  Decoder &decoder = decoderOf(info);
  (*info->err->format_message)(info, decoder.message);
  longjmp(decoder.back, 1);
}

/// Warnings that tell of data that isn't there, or is another's, end the decoding.
void hear(j_common_ptr info, int level) {
  switch (level < 0 ? info->err->msg_code : 0) {
  case JWRN_JPEG_EOF:
  case JWRN_HIT_MARKER:
  case JWRN_HUFF_BAD_CODE:
  case JWRN_MUST_RESYNC:
    stop(info);
  default:
    return;
  }
}

void sayNothing(j_common_ptr) {}

void count(j_common_ptr info) {
  Decoder &decoder = decoderOf(info);
  if (decoder.info.input_scan_number <= kMostScans)
    return;
  snprintf(decoder.message, sizeof decoder.message, "it has more than %d scans", kMostScans);
  longjmp(decoder.back, 1);
}

// libjpeg ends a failure by a jump, which runs no destructors: the functions that it may leave own
// nothing.

bool begin(Decoder &decoder, std::span<const uint8_t> file) {
  if (setjmp(decoder.back))
    return false;
  jpeg_create_decompress(&decoder.info);
  decoder.info.progress = &decoder.progress;
  jpeg_mem_src(&decoder.info, file.data(), file.size());
  jpeg_read_header(&decoder.info, TRUE);
  if (uint64_t(decoder.info.image_width) * decoder.info.image_height > uint64_t(kMostPixels)) {
    snprintf(decoder.message, sizeof decoder.message, "it is too large");
    return false;
  }
  int components = decoder.info.num_components;
  decoder.info.out_color_space = components == 1   ? JCS_GRAYSCALE
                                 : components == 4 ? JCS_CMYK
                                                   : JCS_RGB;
  jpeg_start_decompress(&decoder.info);
  return true;
}

bool readRows(Decoder &decoder, uint8_t *to, size_t rowBytes) {
  if (setjmp(decoder.back))
    return false;
  while (decoder.info.output_scanline < decoder.info.output_height) {
    JSAMPROW row = to + size_t(decoder.info.output_scanline) * rowBytes;
    jpeg_read_scanlines(&decoder.info, &row, 1);
  }
  jpeg_finish_decompress(&decoder.info);
  return true;
}

/// Printing colours as a screen's: Adobe's programs store them inverted.
void fromCmyk(Pixels &pixels, bool inverted) {
  size_t count = size_t(pixels.height) * size_t(pixels.width);
  for (size_t i = 0; i < count; ++i) {
    uint8_t from[4];
    memcpy(from, &pixels.bytes[i * 4], sizeof from);
    for (uint8_t &ink : from)
      ink = inverted ? ink : uint8_t(255 - ink);
    for (size_t c = 0; c < 3; ++c)
      pixels.bytes[i * 3 + c] = uint8_t((from[c] * from[3] + 127) / 255);
  }
  pixels.channels = 3;
  pixels.bytes.resize(count * 3);
}

uint32_t bigEndian16(const uint8_t *at) { return uint32_t(at[0]) << 8 | at[1]; }

} // namespace

Result<PictureHeader> examineJpeg(std::span<const uint8_t> file) {
  const Failure truncated{"the picture is truncated", "", ""};
  static constexpr uint8_t kExif[] = {'E', 'x', 'i', 'f', 0, 0};
  static constexpr uint8_t kEnd[] = {0xFF, JPEG_EOI};
  PictureHeader header{PictureHeader::Format::Jpeg, 0, 0, 1};
  size_t at = 2;
  for (;;) {
    while (at < file.size() && file[at] == 0xFF)
      ++at;
    // The marker, and the length of its segment, which counts itself.
    if (file.size() - at < 3)
      return truncated;
    int marker = file[at];
    size_t length = bigEndian16(&file[at + 1]);
    if (length < 2 || file[at - 1] != 0xFF)
      return Failure{"the JPEG is damaged", "", ""};
    if (length > file.size() - at - 1)
      return truncated;
    std::span<const uint8_t> body = file.subspan(at + 3, length - 2);
    bool isFrame =
        marker >= 0xC0 && marker <= 0xCF && marker != 0xC4 && marker != 0xC8 && marker != 0xCC;
    if (isFrame && body.size() >= 5) {
      header.height = bigEndian16(&body[1]);
      header.width = bigEndian16(&body[3]);
      if (Status status = checkSize(uint64_t(header.height), uint64_t(header.width)); !status)
        return status.takeFailure();
    }
    if (marker == 0xE1 && body.size() > sizeof kExif &&
        memcmp(body.data(), kExif, sizeof kExif) == 0)
      header.orientation = exifOrientation(body.subspan(sizeof kExif));
    at += 1 + length;
    if (marker == 0xDA) // the picture itself
      break;
  }
  if (header.width == 0)
    return Failure{"the JPEG is damaged: it says no size", "", ""};
  // In what follows a marker can't be anything else.
  if (std::search(file.begin() + int64_t(at), file.end(), kEnd, kEnd + 2) == file.end())
    return truncated;
  if (header.orientation > 4)
    std::swap(header.height, header.width);
  return header;
}

Result<Pixels> decodeJpeg(std::span<const uint8_t> file) {
  Decoder decoder{};
  decoder.info.err = jpeg_std_error(&decoder.errors);
  decoder.errors.error_exit = stop;
  decoder.errors.emit_message = hear;
  decoder.errors.output_message = sayNothing;
  decoder.progress.progress_monitor = count;
  decoder.info.client_data = &decoder;
  struct Destroy {
    jpeg_decompress_struct *info;
    ~Destroy() { jpeg_destroy_decompress(info); }
  } destroy{&decoder.info};
  auto failed = [&] {
    return Failure{std::string("the JPEG is damaged: ") + decoder.message, "", ""};
  };
  if (!begin(decoder, file))
    return failed();
  Pixels pixels{
      decoder.info.output_height, decoder.info.output_width, decoder.info.output_components, {}};
  size_t rowBytes = size_t(pixels.width) * size_t(pixels.channels);
  pixels.bytes.resize(rowBytes * size_t(pixels.height));
  if (!readRows(decoder, pixels.bytes.data(), rowBytes))
    return failed();
  if (decoder.info.out_color_space == JCS_CMYK)
    fromCmyk(pixels, decoder.info.saw_Adobe_marker);
  return pixels;
}

} // namespace tenon::data
