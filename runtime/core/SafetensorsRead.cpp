#include "runtime/core/AtomicFile.h"
#include "runtime/core/Json.h"
#include "runtime/core/Safetensors.h"
#include "runtime/core/Tensor.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
#include <utility>

namespace tenon {

namespace {

struct FormatType {
  const char *name;
  int32_t dtype;
  int64_t bytes;
};
constexpr FormatType kTypes[] = {
    {"BOOL", TENON_BOOL, 1}, {"I8", TENON_I8, 1},   {"U8", TENON_U8, 1},     {"I32", TENON_I32, 4},
    {"I64", TENON_I64, 8},   {"F16", TENON_F16, 2}, {"BF16", TENON_BF16, 2}, {"F32", TENON_F32, 4},
    {"F64", TENON_F64, 8},   {"I16", -1, 2},        {"U16", -1, 2},          {"U32", -1, 4},
    {"U64", -1, 8},          {"F8_E4M3", -1, 1},    {"F8_E5M2", -1, 1}};

/// The parser of one header; a member answers false and leaves what is wrong in `problem`.
class HeaderParser {
public:
  HeaderParser(const char *header, uint64_t size, uint64_t dataBytes,
               std::vector<SafetensorsEntry> &tensors, std::map<std::string, std::string> &metadata)
      : json(header, size), base(8 + size), dataBytes(dataBytes), tensors(tensors),
        metadata(metadata) {}

  bool parse();
  std::string problem;

private:
  bool fail(std::string text) {
    problem = std::move(text);
    return false;
  }
  bool syntax() {
    return fail("its header isn't the JSON that the format prescribes, at byte " +
                std::to_string(8 + json.position()));
  }
  bool parseMetadata();
  bool parseTensor(SafetensorsEntry &entry);
  bool parseNumbers(std::vector<int64_t> &numbers, size_t limit);
  bool checkTensor(SafetensorsEntry &entry, const std::vector<int64_t> &offsets);
  bool checkLayout();

  JsonCursor json;
  uint64_t base;
  uint64_t dataBytes;
  std::vector<SafetensorsEntry> &tensors;
  std::map<std::string, std::string> &metadata;
};

bool HeaderParser::parse() {
  if (!json.take('{'))
    return syntax();
  bool hasMetadata = false;
  for (bool first = true; !json.take('}'); first = false) {
    if (!first && !json.take(','))
      return syntax();
    SafetensorsEntry entry;
    if (!json.string(entry.name) || !json.take(':'))
      return syntax();
    if (entry.name == "__metadata__") {
      if (std::exchange(hasMetadata, true))
        return fail("its header has `__metadata__` twice");
      if (!parseMetadata())
        return false;
      continue;
    }
    if (!parseTensor(entry))
      return false;
    tensors.push_back(std::move(entry));
  }
  if (!json.finished())
    return syntax();
  return checkLayout();
}

bool HeaderParser::parseMetadata() {
  if (!json.take('{'))
    return syntax();
  for (bool first = true; !json.take('}'); first = false) {
    std::string key, value;
    if ((!first && !json.take(',')) || !json.string(key) || !json.take(':') ||
        !json.string(value, kSafetensorsHeaderLimit))
      return syntax();
    if (!metadata.emplace(key, std::move(value)).second)
      return fail("its metadata has `" + key + "` twice");
  }
  return true;
}

bool HeaderParser::parseNumbers(std::vector<int64_t> &numbers, size_t limit) {
  if (!json.take('['))
    return syntax();
  for (bool first = true; !json.take(']'); first = false) {
    int64_t number = 0;
    if ((!first && !json.take(',')) || !json.number(number) || numbers.size() == limit)
      return syntax();
    numbers.push_back(number);
  }
  return true;
}

bool HeaderParser::parseTensor(SafetensorsEntry &entry) {
  std::vector<int64_t> offsets;
  bool hasType = false, hasShape = false, hasOffsets = false;
  if (!json.take('{'))
    return syntax();
  for (bool first = true; !json.take('}'); first = false) {
    std::string key;
    if ((!first && !json.take(',')) || !json.string(key) || !json.take(':'))
      return syntax();
    if (key == "dtype" && !std::exchange(hasType, true)) {
      if (!json.string(entry.typeName))
        return syntax();
    } else if (key == "shape" && !std::exchange(hasShape, true)) {
      if (!parseNumbers(entry.dims, TENON_MAX_RANK))
        return false;
    } else if (key == "data_offsets" && !std::exchange(hasOffsets, true)) {
      if (!parseNumbers(offsets, 2))
        return false;
    } else {
      return fail("`" + entry.name + "` has an unknown or second `" + key + "` in its header");
    }
  }
  if (!hasType || !hasShape || offsets.size() != 2)
    return fail("`" + entry.name + "` lacks its dtype, shape or data_offsets");
  return checkTensor(entry, offsets);
}

bool HeaderParser::checkTensor(SafetensorsEntry &entry, const std::vector<int64_t> &offsets) {
  const FormatType *type =
      std::find_if(std::begin(kTypes), std::end(kTypes),
                   [&](const FormatType &t) { return entry.typeName == t.name; });
  if (type == std::end(kTypes))
    return fail("`" + entry.name + "` is of the unknown type `" + entry.typeName + "`");
  int64_t count = 0, bytes = 0;
  if (!elementCount(int32_t(entry.dims.size()), entry.dims.data(), count) ||
      __builtin_mul_overflow(count, type->bytes, &bytes))
    return fail("`" + entry.name + "` has a shape that no tensor can have");
  if (offsets[0] > offsets[1] || uint64_t(offsets[1]) > dataBytes)
    return fail("`" + entry.name + "` lies outside the file; it is truncated or damaged");
  if (offsets[1] - offsets[0] != bytes)
    return fail("`" + entry.name + "` has " + std::to_string(offsets[1] - offsets[0]) +
                " bytes where its shape needs " + std::to_string(bytes));
  entry.dtype = type->dtype;
  entry.offset = base + uint64_t(offsets[0]);
  entry.bytes = uint64_t(bytes);
  return true;
}

/// The tensors cover the data exactly once, and no name comes twice.
bool HeaderParser::checkLayout() {
  std::sort(tensors.begin(), tensors.end(),
            [](const SafetensorsEntry &a, const SafetensorsEntry &b) {
              return a.offset != b.offset ? a.offset < b.offset : a.bytes < b.bytes;
            });
  uint64_t at = base;
  for (const SafetensorsEntry &entry : tensors) {
    if (entry.offset != at)
      return fail("`" + entry.name + "` " +
                  (entry.offset < at ? "overlaps another tensor" : "leaves a gap before it"));
    at += entry.bytes;
  }
  if (at != base + dataBytes)
    return fail("it has " + std::to_string(base + dataBytes - at) + " bytes too many at its end");
  std::sort(tensors.begin(), tensors.end(),
            [](const SafetensorsEntry &a, const SafetensorsEntry &b) { return a.name < b.name; });
  for (size_t i = 1; i < tensors.size(); ++i)
    if (tensors[i].name == tensors[i - 1].name)
      return fail("`" + tensors[i].name + "` comes twice");
  return true;
}

bool readAt(int descriptor, void *destination, uint64_t bytes, uint64_t offset) {
  char *at = static_cast<char *>(destination);
  while (bytes > 0) {
    ssize_t got = pread(descriptor, at, std::min<uint64_t>(bytes, 1u << 30), off_t(offset));
    if (got < 0 && errno == EINTR)
      continue;
    if (got == 0)
      errno = EIO;
    if (got <= 0)
      return false;
    at += got;
    offset += uint64_t(got);
    bytes -= uint64_t(got);
  }
  return true;
}

} // namespace

std::string parseSafetensorsHeader(const char *header, uint64_t size, uint64_t dataBytes,
                                   std::vector<SafetensorsEntry> &tensors,
                                   std::map<std::string, std::string> &metadata) {
  HeaderParser parser(header, size, dataBytes, tensors, metadata);
  parser.parse();
  return parser.problem;
}

SafetensorsFile::SafetensorsFile(SafetensorsFile &&other) noexcept { *this = std::move(other); }

SafetensorsFile &SafetensorsFile::operator=(SafetensorsFile &&other) noexcept {
  std::swap(descriptor, other.descriptor);
  std::swap(path, other.path);
  std::swap(tensors, other.tensors);
  std::swap(texts, other.texts);
  return *this;
}

SafetensorsFile::~SafetensorsFile() {
  if (descriptor >= 0)
    close(descriptor);
}

tenon_status SafetensorsFile::open(const std::string &file, std::string &error) {
  *this = SafetensorsFile();
  path = file;
  auto corrupt = [&](const std::string &what) {
    error = "`" + path + "` isn't a safetensors file, or is damaged: " + what;
    tensors.clear();
    texts.clear();
    return TENON_CORRUPT;
  };
  struct stat info{};
  descriptor = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (descriptor < 0 || fstat(descriptor, &info) != 0) {
    error = describeFailure("cannot read", path, errno);
    return TENON_IO_ERROR;
  }
  if (!S_ISREG(info.st_mode)) {
    error = "cannot read `" + path + "`: it isn't a plain file";
    return TENON_IO_ERROR;
  }
  uint64_t fileBytes = uint64_t(info.st_size);
  unsigned char prefix[8];
  if (fileBytes < sizeof(prefix))
    return corrupt("it is only " + std::to_string(fileBytes) + " bytes long");
  std::string header;
  uint64_t size = 0;
  bool good = readAt(descriptor, prefix, sizeof(prefix), 0);
  for (int i = 8; good && i-- > 0;)
    size = size << 8 | prefix[i];
  if (good && size > kSafetensorsHeaderLimit)
    return corrupt("its header would be longer than 100 MB");
  if (good && size > fileBytes - sizeof(prefix))
    return corrupt("its header is longer than the file; it is truncated or damaged");
  if (good) {
    header.resize(size);
    good = readAt(descriptor, header.data(), size, sizeof(prefix));
  }
  if (!good) {
    error = describeFailure("cannot read", path, errno);
    return TENON_IO_ERROR;
  }
  std::string problem = parseSafetensorsHeader(header.data(), size,
                                               fileBytes - sizeof(prefix) - size, tensors, texts);
  return problem.empty() ? TENON_OK : corrupt(problem);
}

const SafetensorsEntry *SafetensorsFile::find(const std::string &name) const {
  auto at =
      std::lower_bound(tensors.begin(), tensors.end(), name,
                       [](const SafetensorsEntry &e, const std::string &n) { return e.name < n; });
  return at != tensors.end() && at->name == name ? &*at : nullptr;
}

tenon_status SafetensorsFile::read(const SafetensorsEntry &entry, void *destination,
                                   std::string &error) const {
  if (readAt(descriptor, destination, entry.bytes, entry.offset))
    return TENON_OK;
  error = describeFailure("cannot read", path, errno);
  return TENON_IO_ERROR;
}

} // namespace tenon
