#include "runtime/data/picture/Decoding.h"

namespace tenon::data {

namespace {

/// Whole numbers in the byte order that the header tells; beyond the end they are 0.
class Tiff {
public:
  explicit Tiff(std::span<const uint8_t> bytes) : bytes(bytes) {
    bigEndian = bytes.size() > 1 && bytes[0] == 'M' && bytes[1] == 'M';
    known = bigEndian || (bytes.size() > 1 && bytes[0] == 'I' && bytes[1] == 'I');
  }
  bool isTiff() const { return known && number(2, 2) == 42; }
  uint32_t number(size_t at, size_t size) const {
    if (at > bytes.size() || size > bytes.size() - at)
      return 0;
    uint32_t value = 0;
    for (size_t i = 0; i < size; ++i)
      value = value << 8 | bytes[at + (bigEndian ? i : size - 1 - i)];
    return value;
  }

private:
  std::span<const uint8_t> bytes;
  bool bigEndian = false, known = false;
};

} // namespace

int exifOrientation(std::span<const uint8_t> bytes) {
  constexpr uint32_t kOrientationTag = 0x0112, kShortType = 3;
  constexpr size_t kEntryBytes = 12;
  Tiff tiff(bytes);
  if (!tiff.isTiff())
    return 1;
  size_t directory = tiff.number(4, 4), entries = tiff.number(directory, 2);
  for (size_t i = 0; i < entries; ++i) {
    size_t at = directory + 2 + i * kEntryBytes;
    if (at + kEntryBytes > bytes.size())
      return 1;
    if (tiff.number(at, 2) != kOrientationTag || tiff.number(at + 2, 2) != kShortType)
      continue;
    int value = int(tiff.number(at + 8, 2));
    return value >= 1 && value <= 8 ? value : 1;
  }
  return 1;
}

} // namespace tenon::data
