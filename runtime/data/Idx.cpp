#include "runtime/data/Idx.h"

#include "runtime/core/Tensor.h"
#include "runtime/data/ReadWhole.h"

#include <algorithm>
#include <cstring>
#include <zlib.h>

namespace tenon::data {

namespace {

/// What the third byte of a file says its elements are.
struct IdxType {
  uint8_t code;
  size_t bytes;
  int32_t dtype;
};

constexpr IdxType kTypes[] = {{0x08, 1, TENON_U8},  {0x09, 1, TENON_I8},  {0x0B, 2, TENON_I32},
                              {0x0C, 4, TENON_I32}, {0x0D, 4, TENON_F32}, {0x0E, 8, TENON_F64}};

uint32_t bigEndian32(const uint8_t *at) {
  return uint32_t(at[0]) << 24 | uint32_t(at[1]) << 16 | uint32_t(at[2]) << 8 | at[3];
}

/// Elements in the byte order of files, in this machine's (little-endian).
std::vector<uint8_t> elementsOf(const uint8_t *from, size_t count, const IdxType &type) {
  std::vector<uint8_t> result(count * size_t(tenon_dtype_bytes(type.dtype)));
  if (type.bytes == 2) {
    for (size_t i = 0; i < count; ++i) {
      int32_t value = int16_t(uint16_t(from[2 * i] << 8 | from[2 * i + 1]));
      memcpy(&result[i * sizeof value], &value, sizeof value);
    }
    return result;
  }
  for (size_t i = 0; i < count; ++i)
    std::reverse_copy(from + i * type.bytes, from + (i + 1) * type.bytes, &result[i * type.bytes]);
  return result;
}

/// Frees what zlib has allocated.
struct Inflation {
  z_stream stream{};
  ~Inflation() { inflateEnd(&stream); }
};

Result<std::string> inflateGzip(const std::string &bytes, const std::string &path) {
  const Failure damaged{"the gzip file is damaged or truncated", path, "fetch it again"};
  constexpr int kGzipWindow = 16 + MAX_WBITS;
  constexpr size_t kPiece = size_t(1) << 20;
  Inflation inflation;
  z_stream &stream = inflation.stream;
  if (inflateInit2(&stream, kGzipWindow) != Z_OK)
    throw std::bad_alloc();
  std::string result;
  size_t given = 0;
  for (int status = Z_OK; status != Z_STREAM_END;) {
    if (stream.avail_in == 0) {
      size_t piece = std::min(kPiece, bytes.size() - given);
      stream.next_in = reinterpret_cast<Bytef *>(const_cast<char *>(bytes.data() + given));
      stream.avail_in = uInt(piece);
      given += piece;
    }
    size_t size = result.size();
    result.resize(size + kPiece);
    stream.next_out = reinterpret_cast<Bytef *>(result.data() + size);
    stream.avail_out = uInt(kPiece);
    status = inflate(&stream, Z_NO_FLUSH);
    result.resize(size + kPiece - stream.avail_out);
    if (status != Z_OK && status != Z_STREAM_END)
      return damaged;
  }
  return result;
}

} // namespace

Result<Array> parseIdx(const std::string &file, const std::string &path) {
  if (file.starts_with("\x1f\x8b")) {
    Result<std::string> inflated = inflateGzip(file, path);
    return inflated ? parseIdx(*inflated, path) : Result<Array>(inflated.takeFailure());
  }
  const auto *bytes = reinterpret_cast<const uint8_t *>(file.data());
  auto type = file.size() < 4 || bytes[0] || bytes[1]
                  ? std::end(kTypes)
                  : std::find_if(
                        std::begin(kTypes), std::end(kTypes),
                        [&](const IdxType &each) { return each.code == bytes[2]; });
  if (type == std::end(kTypes))
    return Failure{"the file is not idx: it doesn't begin with two zeros and a type", path,
                   "idx files are MNIST's, plain or gzipped; other arrays are read by `npy`"};
  Array array{type->dtype, {}, {}};
  size_t header = 4 + size_t(bytes[3]) * 4;
  if (bytes[3] > TENON_MAX_RANK)
    return Failure{"the idx file has an array of rank " + std::to_string(bytes[3]), path,
                   "it may be " + std::to_string(TENON_MAX_RANK) + " at most"};
  if (file.size() < header)
    return Failure{"the idx file is truncated", path, "fetch it again"};
  for (size_t at = 4; at < header; at += 4)
    array.dims.push_back(bigEndian32(bytes + at));
  int64_t count = 0;
  bool fits = elementCount(int32_t(array.dims.size()), array.dims.data(), count);
  size_t left = file.size() - header;
  if (!fits || uint64_t(count) > left / type->bytes)
    return Failure{"the idx file is truncated: its header promises more than its " +
                       std::to_string(left) + " bytes of elements",
                   path, "fetch it again"};
  if (uint64_t(count) * type->bytes != left)
    return Failure{"the idx file has " + std::to_string(left) +
                       " bytes of elements, and its header " +
                       std::to_string(uint64_t(count) * type->bytes),
                   path, "fetch it again"};
  array.bytes = elementsOf(bytes + header, size_t(count), *type);
  return array;
}

Result<Array> readIdx(const std::string &path) {
  Result<std::string> content = readWhole(path);
  return content ? parseIdx(*content, path) : Result<Array>(content.takeFailure());
}

} // namespace tenon::data
