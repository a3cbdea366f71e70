/// The safetensors format: 8 bytes header length (little-endian), a JSON header, the tensors' bytes
/// row-major one after the other (https://github.com/huggingface/safetensors, "Format").
#pragma once

#include "runtime/core/abi.h"

#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace tenon {

/// One tensor of a file.
struct SafetensorsEntry {
  std::string name;
  int32_t dtype = -1;   ///< tenon_dtype, or -1 for a type of the format that Tenon doesn't have
  std::string typeName; ///< as the file has it: "F32"
  std::vector<int64_t> dims;
  uint64_t offset = 0; ///< from the start of the file
  uint64_t bytes = 0;
};

/// An open file. Nothing in it is trusted: lengths, offsets, duplicates, overlaps and gaps are
/// checked when it is opened, and what is read later is read by position, never mapped.
class SafetensorsFile {
public:
  SafetensorsFile() = default;
  SafetensorsFile(SafetensorsFile &&other) noexcept;
  SafetensorsFile &operator=(SafetensorsFile &&other) noexcept;
  ~SafetensorsFile();

  /// TENON_IO_ERROR where the file can't be read, TENON_CORRUPT where it isn't safetensors; `error`
  /// then says why and names the file.
  tenon_status open(const std::string &path, std::string &error);
  /// In the order of names.
  const std::vector<SafetensorsEntry> &entries() const { return tensors; }
  const SafetensorsEntry *find(const std::string &name) const;
  const std::map<std::string, std::string> &metadata() const { return texts; }
  /// All `entry.bytes` of a tensor of this file.
  tenon_status read(const SafetensorsEntry &entry, void *destination, std::string &error) const;

private:
  int descriptor = -1;
  std::string path;
  std::vector<SafetensorsEntry> tensors;
  std::map<std::string, std::string> texts;
};

/// Headers above this are refused, as the format's own readers do.
inline constexpr uint64_t kSafetensorsHeaderLimit = 100'000'000;

/// Parses a header of `size` bytes that is followed by `dataBytes` bytes of data; offsets in
/// `tensors` are from the start of the file. Answers an empty text, or what is wrong.
std::string parseSafetensorsHeader(const char *header, uint64_t size, uint64_t dataBytes,
                                   std::vector<SafetensorsEntry> &tensors,
                                   std::map<std::string, std::string> &metadata);

/// A tensor to write: contiguous, row-major, alive during the call.
struct SafetensorsTensor {
  std::string name;
  int32_t dtype;
  std::vector<int64_t> dims;
  const void *data;
};

/// Writes a file atomically. Its bytes depend on the arguments alone: metadata in the order of
/// keys, tensors by falling element size (so that all are aligned) and then by name, the data
/// aligned to 64 bytes.
tenon_status writeSafetensors(const std::string &path, std::vector<SafetensorsTensor> tensors,
                              const std::map<std::string, std::string> &metadata,
                              std::string &error);

} // namespace tenon
