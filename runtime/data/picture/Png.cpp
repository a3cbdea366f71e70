#include "runtime/core/AtomicFile.h"
#include "runtime/data/picture/Decoding.h"

#include <algorithm>
#include <csetjmp>
#include <cstring>
#include <png.h>
#include <zlib.h>

namespace tenon::data {

namespace {

constexpr size_t kSignatureBytes = 8, kChunkOverhead = 12; // length, type, checksum

uint32_t bigEndian(const uint8_t *at) {
  return uint32_t(at[0]) << 24 | uint32_t(at[1]) << 16 | uint32_t(at[2]) << 8 | at[3];
}

/// Memory that libpng reads from.
struct Reading {
  const uint8_t *at;
  size_t left;
};

/// What libpng said, kept where its jumps leave it.
struct Trouble {
  jmp_buf back;
  char message[200];
};

void stop(png_structp png, png_const_charp message) {
  auto *trouble = static_cast<Trouble *>(png_get_error_ptr(png));
  snprintf(trouble->message, sizeof trouble->message, "%s", message);
  longjmp(trouble->back, 1);
}

void ignore(png_structp, png_const_charp) {}

void give(png_structp png, png_bytep to, size_t size) {
  auto *reading = static_cast<Reading *>(png_get_io_ptr(png));
  if (size > reading->left)
    png_error(png, "the file ends too early");
  memcpy(to, reading->at, size);
  reading->at += size;
  reading->left -= size;
}

// libpng ends a failure by a jump, which runs no destructors: the functions that it may leave own
// nothing.

bool begin(png_structp png, png_infop info, Trouble &trouble, Reading &reading) {
  if (setjmp(trouble.back))
    return false;
  png_set_read_fn(png, &reading, give);
  png_set_user_limits(png, uint32_t(kMostPixels), uint32_t(kMostPixels));
  png_read_info(png, info);
  png_set_expand(png);
  png_set_scale_16(png);
  png_set_interlace_handling(png);
  png_read_update_info(png, info);
  return true;
}

bool readRows(png_structp png, Trouble &trouble, uint8_t **rows) {
  if (setjmp(trouble.back))
    return false;
  png_read_image(png, rows);
  png_read_end(png, nullptr);
  return true;
}

} // namespace

Result<PictureHeader> examinePng(std::span<const uint8_t> file) {
  const Failure truncated{"the picture is truncated", "", ""};
  PictureHeader header;
  bool first = true;
  for (size_t at = kSignatureBytes;;) {
    if (file.size() - at < kChunkOverhead)
      return truncated;
    size_t length = bigEndian(&file[at]);
    const uint8_t *type = &file[at + 4], *body = type + 4;
    bool isHeader = memcmp(type, "IHDR", 4) == 0;
    if (first != isHeader || (isHeader && length != 13))
      return Failure{"the PNG has a damaged header", "", ""};
    if (length > file.size() - at - kChunkOverhead)
      return truncated;
    if (crc32(0, type, uInt(length + 4)) != bigEndian(body + length))
      return Failure{"the PNG is damaged: a checksum doesn't fit", "", ""};
    if (isHeader) {
      header.width = bigEndian(body);
      header.height = bigEndian(body + 4);
      if (Status status = checkSize(uint64_t(header.height), uint64_t(header.width)); !status)
        return status.takeFailure();
    }
    if (memcmp(type, "eXIf", 4) == 0)
      header.orientation = exifOrientation({body, length});
    if (memcmp(type, "IEND", 4) == 0)
      break;
    first = false;
    at += length + kChunkOverhead;
  }
  if (header.orientation > 4)
    std::swap(header.height, header.width);
  return header;
}

Result<Pixels> decodePng(std::span<const uint8_t> file) {
  Trouble trouble{};
  Reading reading{file.data(), file.size()};
  png_structp png = png_create_read_struct(PNG_LIBPNG_VER_STRING, &trouble, stop, ignore);
  png_infop info = png ? png_create_info_struct(png) : nullptr;
  struct Destroy {
    png_structp *png;
    png_infop *info;
    ~Destroy() { png_destroy_read_struct(png, info, nullptr); }
  } destroy{&png, &info};
  if (!info)
    throw std::bad_alloc();
  auto failed = [&] {
    return Failure{std::string("the PNG is damaged: ") + trouble.message, "", ""};
  };
  if (!begin(png, info, trouble, reading))
    return failed();
  Pixels pixels{png_get_image_height(png, info),
                png_get_image_width(png, info),
                png_get_channels(png, info),
                {}};
  if (Status status = checkSize(uint64_t(pixels.height), uint64_t(pixels.width)); !status)
    return status.takeFailure();
  size_t rowBytes = size_t(pixels.width) * size_t(pixels.channels);
  pixels.bytes.resize(rowBytes * size_t(pixels.height));
  std::vector<uint8_t *> rows(static_cast<size_t>(pixels.height));
  for (size_t i = 0; i < rows.size(); ++i)
    rows[i] = pixels.bytes.data() + i * rowBytes;
  if (!readRows(png, trouble, rows.data()))
    return failed();
  return pixels;
}

Status writePng(const std::string &path, const Array &picture) {
  png_image image{};
  image.version = PNG_IMAGE_VERSION;
  image.height = uint32_t(picture.dims[0]);
  image.width = uint32_t(picture.dims[1]);
  image.format = picture.dims[2] == 1 ? PNG_FORMAT_GRAY : PNG_FORMAT_RGB;
  std::vector<uint8_t> file(PNG_IMAGE_PNG_SIZE_MAX(image));
  png_alloc_size_t size = file.size();
  if (!png_image_write_to_memory(&image, file.data(), &size, 0, picture.bytes.data(), 0, nullptr))
    return Failure{std::string("cannot make a PNG: ") + image.message, path, ""};
  Bytes piece{file.data(), size};
  std::string error;
  if (writeFileAtomically(path, &piece, 1, error))
    return Failure{error, "", ""};
  return {};
}

} // namespace tenon::data
