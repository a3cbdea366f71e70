#include "runtime/data/Npy.h"

#include "runtime/core/AtomicFile.h"
#include "runtime/core/Tensor.h"

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstdio>
#include <cstring>
#include <memory>

namespace tenon::data {
namespace {

struct TypeName {
  const char *descr;
  int32_t dtype;
};
constexpr TypeName typeNames[] = {{"|b1", TENON_BOOL}, {"|i1", TENON_I8},  {"|u1", TENON_U8},
                                  {"<i4", TENON_I32},  {"<i8", TENON_I64}, {"<f2", TENON_F16},
                                  {"<f4", TENON_F32},  {"<f8", TENON_F64}};
constexpr char magic[] = {'\x93', 'N', 'U', 'M', 'P', 'Y'};
constexpr size_t headerLimit = 1 << 16;

struct Header {
  int32_t dtype = -1;
  bool columnMajor = false;
  std::vector<int64_t> dims;
};

/// The value of a key in the header's Python dictionary, up to the comma or brace that ends it.
std::string_view valueOf(std::string_view header, std::string_view key) {
  size_t at = header.find("'" + std::string(key) + "':");
  if (at == std::string_view::npos)
    return {};
  std::string_view rest = header.substr(at + key.size() + 3);
  rest.remove_prefix(std::min(rest.find_first_not_of(' '), rest.size()));
  if (rest.starts_with('('))
    return rest.substr(0, std::min(rest.find(')'), rest.size() - 1) + 1);
  return rest.substr(0, rest.find_first_of(",}"));
}

/// "(2, 3)", "(4,)", "()".
bool parseShape(std::string_view text, std::vector<int64_t> &dims) {
  if (text.size() < 2 || text.front() != '(' || text.back() != ')')
    return false;
  text = text.substr(1, text.size() - 2);
  while (!text.empty()) {
    text.remove_prefix(std::min(text.find_first_not_of(' '), text.size()));
    if (text.empty())
      break;
    int64_t extent = 0;
    auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), extent);
    if (error != std::errc() || extent < 0 || dims.size() == TENON_MAX_RANK)
      return false;
    dims.push_back(extent);
    text.remove_prefix(size_t(end - text.data()));
    if (text.starts_with(','))
      text.remove_prefix(1);
    else if (!text.empty())
      return false;
  }
  return true;
}

/// Empty, or what is wrong.
std::string parseHeader(std::string_view text, Header &header) {
  std::string_view descr = valueOf(text, "descr");
  if (descr.size() < 2 || descr.front() != '\'')
    return "its elements are not of one simple type";
  descr = descr.substr(1, descr.size() - 2);
  for (const TypeName &type : typeNames)
    if (descr == type.descr)
      header.dtype = type.dtype;
  if (header.dtype < 0)
    return "its element type '" + std::string(descr) +
           "' is none of bool, int8, uint8, int32, int64, float16, float32, float64 "
           "(little-endian)";
  header.columnMajor = valueOf(text, "fortran_order") == "True";
  if (!parseShape(valueOf(text, "shape"), header.dims))
    return "its shape can't be read";
  return {};
}

std::vector<uint8_t> rowMajor(const Array &array) {
  size_t width = size_t(tenon_dtype_bytes(array.dtype));
  std::vector<uint8_t> result(array.bytes.size());
  std::vector<int64_t> index(array.dims.size(), 0);
  std::vector<size_t> strides(array.dims.size());
  size_t stride = width;
  for (size_t axis = 0; axis < array.dims.size(); ++axis) {
    strides[axis] = stride;
    stride *= size_t(array.dims[axis]);
  }
  for (size_t to = 0; to < result.size(); to += width) {
    size_t from = 0;
    for (size_t axis = 0; axis < index.size(); ++axis)
      from += strides[axis] * size_t(index[axis]);
    memcpy(result.data() + to, array.bytes.data() + from, width);
    for (size_t axis = index.size(); axis-- > 0;) {
      if (++index[axis] < array.dims[axis])
        break;
      index[axis] = 0;
    }
  }
  return result;
}

struct Close {
  void operator()(FILE *file) const { fclose(file); }
};

Result<Array> readFrom(FILE *file, const std::string &path) {
  auto wrong = [&](const std::string &why) {
    return Failure{"`" + path + "` is no .npy file that Tenon reads: " + why, "", ""};
  };
  uint8_t start[12];
  if (fread(start, 1, 10, file) != 10 || memcmp(start, magic, sizeof magic) != 0)
    return wrong("it doesn't begin as one");
  size_t headerSize = start[8] | size_t(start[9]) << 8;
  if (start[6] >= 2) {
    if (fread(start + 10, 1, 2, file) != 2)
      return wrong("its header is cut off");
    headerSize |= size_t(start[10]) << 16 | size_t(start[11]) << 24;
  }
  if (headerSize > headerLimit)
    return wrong("its header is too long");
  std::string text(headerSize, '\0');
  if (fread(text.data(), 1, headerSize, file) != headerSize)
    return wrong("its header is cut off");
  Header header;
  if (std::string why = parseHeader(text, header); !why.empty())
    return wrong(why);

  // The file's length is checked before memory for its elements is taken.
  long begin = ftell(file);
  int64_t count = 0;
  if (!elementCount(int32_t(header.dims.size()), header.dims.data(), count) ||
      fseek(file, 0, SEEK_END) != 0)
    return wrong("its shape is too large");
  int64_t bytes = ftell(file) - begin, width = tenon_dtype_bytes(header.dtype);
  if (bytes % width != 0 || bytes / width != count)
    return wrong("its shape says " + std::to_string(count) + " elements and it has " +
                 std::to_string(bytes) + " bytes for them");
  fseek(file, begin, SEEK_SET);
  Array array{header.dtype, header.dims, std::vector<uint8_t>(size_t(bytes))};
  if (fread(array.bytes.data(), 1, size_t(bytes), file) != size_t(bytes))
    return Failure{describeFailure("read", path, errno), "", ""};
  if (header.columnMajor && array.dims.size() > 1)
    array.bytes = rowMajor(array);
  return array;
}

} // namespace

int64_t Array::size() const {
  int64_t count = 1;
  for (int64_t extent : dims)
    count *= extent;
  return count;
}

Result<Array> readNpy(const std::string &path) {
  std::unique_ptr<FILE, Close> file(fopen(path.c_str(), "rb"));
  if (!file)
    return Failure{describeFailure("read", path, errno), "", ""};
  return readFrom(file.get(), path);
}

Result<Array> parseNpy(const std::string &bytes, const std::string &path) {
  std::unique_ptr<FILE, Close> file(
      fmemopen(const_cast<char *>(bytes.data()), std::max<size_t>(bytes.size(), 1), "rb"));
  if (!file)
    return Failure{describeFailure("read", path, errno), "", ""};
  return readFrom(file.get(), path);
}

Status writeNpy(const std::string &path, int32_t dtype, const std::vector<int64_t> &dims,
                const void *elements) {
  const char *descr = nullptr;
  for (const TypeName &type : typeNames)
    if (type.dtype == dtype)
      descr = type.descr;
  if (!descr)
    return Failure{std::string("`") + path + "`: NumPy has no type for " + tenon_dtype_name(dtype),
                   "", "convert the result with f32(...)"};
  std::string header = std::string("{'descr': '") + descr + "', 'fortran_order': False, 'shape': (";
  int64_t count = 1;
  for (int64_t extent : dims) {
    header += std::to_string(extent) + ", ";
    count *= extent;
  }
  header += "), }";
  if (dims.size() != 1 && !dims.empty())
    header.erase(header.find(", ), }"), 2);
  // The elements begin at a multiple of 64.
  header.append(63 - (10 + header.size()) % 64, ' ');
  header += '\n';
  std::string start(magic, sizeof magic);
  start += {'\1', '\0', char(header.size() & 255), char(header.size() >> 8)};
  start += header;
  Bytes pieces[] = {{start.data(), start.size()},
                    {elements, size_t(count * tenon_dtype_bytes(dtype))}};
  std::string error;
  if (writeFileAtomically(path, pieces, 2, error) != TENON_OK)
    return Failure{error, "", ""};
  return {};
}

} // namespace tenon::data
