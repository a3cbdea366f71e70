#include "runtime/core/AtomicFile.h"
#include "runtime/core/Json.h"
#include "runtime/core/Safetensors.h"
#include "runtime/core/Tensor.h"

#include <algorithm>
#include <utility>

namespace tenon {

namespace {

const char *formatName(int32_t dtype) {
  constexpr const char *names[] = {"BOOL", "I8", "U8", "I32", "I64", "F16", "BF16", "F32", "F64"};
  return names[dtype];
}

void appendNumbers(std::string &json, const std::vector<int64_t> &numbers) {
  json += '[';
  for (size_t i = 0; i < numbers.size(); ++i)
    json += (i ? "," : "") + std::to_string(numbers[i]);
  json += ']';
}

} // namespace

tenon_status writeSafetensors(const std::string &path, std::vector<SafetensorsTensor> tensors,
                              const std::map<std::string, std::string> &metadata,
                              std::string &error) {
  std::sort(tensors.begin(), tensors.end(),
            [](const SafetensorsTensor &a, const SafetensorsTensor &b) {
              int64_t aBytes = tenon_dtype_bytes(a.dtype), bBytes = tenon_dtype_bytes(b.dtype);
              return aBytes != bBytes ? aBytes > bBytes : a.name < b.name;
            });
  std::string header = "{\"__metadata__\":{";
  for (bool first = true; const auto &[key, value] : metadata) {
    if (!std::exchange(first, false))
      header += ',';
    appendJsonString(header, key);
    header += ':';
    appendJsonString(header, value);
  }
  header += '}';
  int64_t offset = 0;
  std::vector<Bytes> pieces(2);
  for (const SafetensorsTensor &tensor : tensors) {
    int64_t count = 0;
    if (!isDtype(tensor.dtype) ||
        !elementCount(int32_t(tensor.dims.size()), tensor.dims.data(), count)) {
      error = "cannot write `" + path + "`: `" + tensor.name + "` is not a tensor";
      return TENON_INVALID_ARGUMENT;
    }
    int64_t bytes = count * tenon_dtype_bytes(tensor.dtype);
    header += ',';
    appendJsonString(header, tensor.name);
    header += std::string(":{\"dtype\":\"") + formatName(tensor.dtype) + "\",\"shape\":";
    appendNumbers(header, tensor.dims);
    header += ",\"data_offsets\":";
    appendNumbers(header, {offset, offset + bytes});
    header += '}';
    offset += bytes;
    if (bytes > 0)
      pieces.push_back({tensor.data, size_t(bytes)});
  }
  header += '}';
  header.resize((header.size() + 8 + 63) / 64 * 64 - 8, ' ');
  if (header.size() > kSafetensorsHeaderLimit) {
    error = "cannot write `" + path + "`: its header would be longer than 100 MB";
    return TENON_INVALID_ARGUMENT;
  }
  unsigned char prefix[8];
  for (int i = 0; i < 8; ++i)
    prefix[i] = static_cast<unsigned char>(header.size() >> (8 * i));
  pieces[0] = {prefix, sizeof(prefix)};
  pieces[1] = {header.data(), header.size()};
  return writeFileAtomically(path, pieces.data(), pieces.size(), error);
}

} // namespace tenon
