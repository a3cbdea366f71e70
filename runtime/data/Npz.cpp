#include "runtime/data/Npz.h"

#include "runtime/data/ReadWhole.h"

#include <cstring>
#include <optional>
#include <string_view>
#include <zlib.h>

namespace tenon::data {

namespace {

// Signatures and sizes of the records, APPNOTE 4.3.
constexpr uint32_t kLocal = 0x04034b50, kCentral = 0x02014b50, kEnd = 0x06054b50;
constexpr uint32_t kEnd64 = 0x06064b50, kEnd64Locator = 0x07064b50;
constexpr size_t kLocalSize = 30, kCentralSize = 46, kEndSize = 22, kEnd64Size = 56;
constexpr size_t kLocatorSize = 20, kLongestComment = 0xffff;
constexpr uint16_t kStored = 0, kDeflated = 8, kZip64Extra = 1, kEncrypted = 1;

struct Member {
  std::string name;
  uint16_t flags = 0, method = 0;
  uint32_t crc = 0;
  uint64_t packed = 0, size = 0, offset = 0;
};

/// Little-endian numbers of a text, whose bounds the caller has checked.
template <typename T> T numberAt(std::string_view bytes, size_t at) {
  T value = 0;
  for (size_t i = 0; i < sizeof(T); ++i)
    value |= T(T(static_cast<uint8_t>(bytes[at + i])) << (8 * i));
  return value;
}

class Archive {
public:
  explicit Archive(std::string path) : path(std::move(path)) {}
  Result<std::vector<std::pair<std::string, Array>>> run();

private:
  Failure wrong(const std::string &why) const {
    return {"`" + path + "` is no .npz file that Tenon reads: " + why, "", ""};
  }
  bool has(uint64_t offset, uint64_t size) const {
    return offset <= bytes.size() && size <= bytes.size() - offset;
  }
  Status readAll();
  Status readDirectory();
  Status readMember(size_t at, Member &member, size_t &next);
  void readZip64(std::string_view extra, Member &member) const;
  Result<std::string> unpack(const Member &member) const;
  Result<std::string> inflateBytes(std::string_view packed, const Member &member) const;

  std::string path, bytes;
  std::vector<Member> members;
};

Status Archive::readAll() {
  Result<std::string> content = readWhole(path);
  if (!content)
    return content.takeFailure();
  bytes = std::move(*content);
  return {};
}

/// What doesn't fit 32 bits stands in a record of its own, those fields alone, in this order.
void Archive::readZip64(std::string_view extra, Member &member) const {
  while (extra.size() >= 4) {
    uint16_t id = numberAt<uint16_t>(extra, 0);
    size_t size = numberAt<uint16_t>(extra, 2);
    if (size > extra.size() - 4)
      return;
    std::string_view record = extra.substr(4, size);
    for (uint64_t *field : {&member.size, &member.packed, &member.offset})
      if (id == kZip64Extra && *field == 0xffffffff && record.size() >= 8) {
        *field = numberAt<uint64_t>(record, 0);
        record.remove_prefix(8);
      }
    extra.remove_prefix(4 + size);
  }
}

Status Archive::readMember(size_t at, Member &member, size_t &next) {
  if (!has(at, kCentralSize) || numberAt<uint32_t>(bytes, at) != kCentral)
    return wrong("its directory is damaged");
  size_t nameSize = numberAt<uint16_t>(bytes, at + 28), extra = numberAt<uint16_t>(bytes, at + 30);
  size_t comment = numberAt<uint16_t>(bytes, at + 32);
  if (!has(at + kCentralSize, nameSize + extra + comment))
    return wrong("its directory is damaged");
  member.flags = numberAt<uint16_t>(bytes, at + 8);
  member.method = numberAt<uint16_t>(bytes, at + 10);
  member.crc = numberAt<uint32_t>(bytes, at + 16);
  member.packed = numberAt<uint32_t>(bytes, at + 20);
  member.size = numberAt<uint32_t>(bytes, at + 24);
  member.offset = numberAt<uint32_t>(bytes, at + 42);
  member.name = bytes.substr(at + kCentralSize, nameSize);
  readZip64(std::string_view(bytes).substr(at + kCentralSize + nameSize, extra), member);
  next = at + kCentralSize + nameSize + extra + comment;
  return {};
}

Status Archive::readDirectory() {
  size_t least =
      bytes.size() < kEndSize + kLongestComment ? 0 : bytes.size() - kEndSize - kLongestComment;
  std::optional<size_t> end;
  for (size_t at = bytes.size() < kEndSize ? 0 : bytes.size() - kEndSize + 1; at-- > least;)
    if (has(at, kEndSize) && numberAt<uint32_t>(bytes, at) == kEnd) {
      end = at;
      break;
    }
  if (!end)
    return wrong("it doesn't end as a zip archive does; it may be cut off");
  uint64_t count = numberAt<uint16_t>(bytes, *end + 10);
  uint64_t at = numberAt<uint32_t>(bytes, *end + 16);
  if (*end >= kLocatorSize && numberAt<uint32_t>(bytes, *end - kLocatorSize) == kEnd64Locator) {
    uint64_t record = numberAt<uint64_t>(bytes, *end - kLocatorSize + 8);
    if (!has(record, kEnd64Size) || numberAt<uint32_t>(bytes, record) != kEnd64)
      return wrong("its directory is damaged");
    count = numberAt<uint64_t>(bytes, record + 32);
    at = numberAt<uint64_t>(bytes, record + 48);
  }
  for (uint64_t i = 0; i < count; ++i) {
    Member member;
    size_t next = 0;
    if (Status status = readMember(at, member, next); !status)
      return status;
    members.push_back(std::move(member));
    at = next;
  }
  return {};
}

Result<std::string> Archive::inflateBytes(std::string_view packed, const Member &member) const {
  // Deflate shrinks at most about 1032 times: no more memory than that is taken on a header's word.
  if (member.size / 1100 > packed.size())
    return wrong("`" + member.name + "` is damaged");
  std::string content(member.size, '\0');
  z_stream stream{};
  if (inflateInit2(&stream, -MAX_WBITS) != Z_OK)
    return wrong("`" + member.name + "` can't be unpacked");
  constexpr size_t kPiece = size_t(1) << 30;
  size_t taken = 0, given = 0;
  int status = Z_OK;
  while (status == Z_OK) {
    stream.next_in = reinterpret_cast<Bytef *>(const_cast<char *>(packed.data() + taken));
    stream.avail_in = uInt(std::min(packed.size() - taken, kPiece));
    stream.next_out = reinterpret_cast<Bytef *>(content.data() + given);
    stream.avail_out = uInt(std::min(content.size() - given, kPiece));
    uInt in = stream.avail_in, out = stream.avail_out;
    status = inflate(&stream, Z_NO_FLUSH);
    taken += in - stream.avail_in;
    given += out - stream.avail_out;
    if (in == stream.avail_in && out == stream.avail_out)
      break;
  }
  inflateEnd(&stream);
  if (status != Z_STREAM_END || given != content.size())
    return wrong("`" + member.name + "` is damaged");
  return content;
}

Result<std::string> Archive::unpack(const Member &member) const {
  if (member.flags & kEncrypted)
    return wrong("`" + member.name + "` is encrypted");
  if (!has(member.offset, kLocalSize) || numberAt<uint32_t>(bytes, member.offset) != kLocal)
    return wrong("`" + member.name + "` is damaged");
  uint64_t begin = member.offset + kLocalSize + numberAt<uint16_t>(bytes, member.offset + 26) +
                   numberAt<uint16_t>(bytes, member.offset + 28);
  if (!has(begin, member.packed))
    return wrong("`" + member.name + "` is cut off");
  std::string_view packed = std::string_view(bytes).substr(begin, member.packed);
  std::string content;
  if (member.method == kStored) {
    content = packed;
  } else if (member.method == kDeflated) {
    Result<std::string> inflated = inflateBytes(packed, member);
    if (!inflated)
      return inflated;
    content = std::move(*inflated);
  } else {
    return wrong("`" + member.name + "` is compressed otherwise than NumPy does");
  }
  uLong crc = crc32_z(0, reinterpret_cast<const Bytef *>(content.data()), content.size());
  if (content.size() != member.size || uint32_t(crc) != member.crc)
    return wrong("`" + member.name + "` is damaged: its checksum doesn't agree");
  return content;
}

Result<std::vector<std::pair<std::string, Array>>> Archive::run() {
  if (Status status = readAll(); !status)
    return status.takeFailure();
  if (Status status = readDirectory(); !status)
    return status.takeFailure();
  std::vector<std::pair<std::string, Array>> arrays;
  for (const Member &member : members) {
    Result<std::string> content = unpack(member);
    if (!content)
      return content.takeFailure();
    constexpr std::string_view suffix = ".npy";
    std::string name = member.name;
    if (name.ends_with(suffix))
      name.resize(name.size() - suffix.size());
    Result<Array> array = parseNpy(*content, path + ":" + member.name);
    if (!array)
      return array.takeFailure();
    arrays.emplace_back(std::move(name), std::move(*array));
  }
  if (arrays.empty())
    return wrong("it holds no arrays");
  return arrays;
}

} // namespace

Result<std::vector<std::pair<std::string, Array>>> readNpz(const std::string &path) {
  return Archive(path).run();
}

} // namespace tenon::data
