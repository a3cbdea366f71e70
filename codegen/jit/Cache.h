//===- Cache.h - Compiled code on disk --------------------------*- C++ -*-===//
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace tenon {

/// A folder of entries named by the hash of their key. Anything but a whole entry that this build
/// wrote for this very key is a miss: a file of another owner or one that others may write, another
/// format, a wrong checksum, a key that collides. Entries are renamed into place, so a reader never
/// sees half of one; when the folder outgrows its limit (by a sixteenth on average) the ones not
/// used for longest go.
class DiskCache {
public:
  /// `folder` empty: nothing is found and nothing is kept.
  explicit DiskCache(std::string folder, uint64_t limitBytes = uint64_t(1) << 30);

  /// $TENON_CACHE, else $XDG_CACHE_HOME/tenon, else ~/.cache/tenon; empty if there is no home.
  static std::string defaultFolder();

  std::optional<std::string> find(std::string_view key) const;
  /// Keeps `value`; failing to (a full disk, no permission) is no error.
  void store(std::string_view key, std::string_view value) const;

private:
  std::string pathFor(std::string_view key) const;
  void trim() const;
  std::string folder;
  uint64_t limitBytes;
};

/// 128 bits of `bytes` as 32 hexadecimal digits.
std::string hashText(std::string_view bytes);

/// Names this build of the compiler: the linker's build id of the running program (without one, a
/// hash of its file) and LLVM's version.
const std::string &buildId();

} // namespace tenon
