//===- Cache.cpp - Compiled code on disk ----------------------------------===//
#include "codegen/jit/Cache.h"

#include "llvm/Config/llvm-config.h"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <elf.h>
#include <fcntl.h>
#include <filesystem>
#include <fstream>
#include <link.h>
#include <sys/stat.h>
#include <unistd.h>
#include <vector>
#define XXH_INLINE_ALL
#include <xxhash.h>

using namespace tenon;
namespace fs = std::filesystem;

std::string tenon::hashText(std::string_view bytes) {
  XXH128_hash_t hash = XXH3_128bits(bytes.data(), bytes.size());
  char text[33];
  std::snprintf(text, sizeof text, "%016llx%016llx", (unsigned long long)hash.high64,
                (unsigned long long)hash.low64);
  return text;
}

/// The GNU build id among a loaded object's notes.
static int findBuildId(dl_phdr_info *info, size_t, void *out) {
  auto &id = *static_cast<std::string *>(out);
  for (int i = 0; i < info->dlpi_phnum; ++i) {
    const auto &header = info->dlpi_phdr[i];
    if (header.p_type != PT_NOTE)
      continue;
    auto *at = reinterpret_cast<const char *>(info->dlpi_addr + header.p_vaddr);
    auto *end = at + header.p_memsz;
    while (at + sizeof(ElfW(Nhdr)) <= end) {
      auto *note = reinterpret_cast<const ElfW(Nhdr) *>(at);
      auto *name = at + sizeof(*note);
      auto *content = name + ((note->n_namesz + 3) & ~3u);
      if (note->n_type == NT_GNU_BUILD_ID && note->n_namesz == 4 && !std::memcmp(name, "GNU", 4))
        id.assign(content, note->n_descsz);
      at = content + ((note->n_descsz + 3) & ~3u);
    }
  }
  return 1; // the program itself comes first; the libraries are named by their version
}

const std::string &tenon::buildId() {
  static const std::string id = [] {
    std::string found;
    dl_iterate_phdr(findBuildId, &found);
    if (found.empty()) { // linked without one
      std::ifstream program("/proc/self/exe", std::ios::binary);
      found.assign(std::istreambuf_iterator<char>(program), {});
    }
    return hashText(found) + "/" LLVM_VERSION_STRING;
  }();
  return id;
}

namespace {
/// What stands in front of an entry's bytes.
struct Header {
  char magic[8];
  uint64_t keyBytes, valueBytes;
  uint64_t checksum; // of key and value
};
constexpr char magic[8] = {'T', 'E', 'N', 'O', 'N', 'C', '0', '1'};

struct File {
  int fd;
  explicit File(int fd) : fd(fd) {}
  ~File() {
    if (fd >= 0)
      ::close(fd);
  }
};
} // namespace

static uint64_t checksum(std::string_view key, std::string_view value) {
  return XXH3_64bits_withSeed(value.data(), value.size(), XXH3_64bits(key.data(), key.size()));
}

DiskCache::DiskCache(std::string where, uint64_t limit)
    : folder(std::move(where)), limitBytes(limit) {
  if (folder.empty())
    return;
  std::error_code error;
  fs::create_directories(folder, error);
  struct stat info;
  // Code is run from here: nobody else may have written it.
  if (error || ::stat(folder.c_str(), &info) || info.st_uid != ::geteuid() ||
      ((info.st_mode & (S_IWGRP | S_IWOTH)) && ::chmod(folder.c_str(), 0700)))
    folder.clear();
}

std::string DiskCache::defaultFolder() {
  if (const char *chosen = std::getenv("TENON_CACHE"))
    return chosen;
  if (const char *base = std::getenv("XDG_CACHE_HOME"); base && *base)
    return std::string(base) + "/tenon";
  if (const char *home = std::getenv("HOME"); home && *home)
    return std::string(home) + "/.cache/tenon";
  return "";
}

std::string DiskCache::pathFor(std::string_view key) const {
  return folder + "/" + hashText(key) + ".tnc";
}

std::optional<std::string> DiskCache::find(std::string_view key) const {
  if (folder.empty())
    return std::nullopt;
  std::string path = pathFor(key);
  File file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW));
  struct stat info;
  if (file.fd < 0 || ::fstat(file.fd, &info) || !S_ISREG(info.st_mode) ||
      info.st_uid != ::geteuid() || (info.st_mode & (S_IWGRP | S_IWOTH)) ||
      uint64_t(info.st_size) < sizeof(Header) || uint64_t(info.st_size) > limitBytes)
    return std::nullopt;
  std::string bytes(info.st_size, '\0');
  for (size_t at = 0; at < bytes.size();) {
    ssize_t got = ::read(file.fd, bytes.data() + at, bytes.size() - at);
    if (got <= 0)
      return std::nullopt;
    at += got;
  }
  Header header;
  std::memcpy(&header, bytes.data(), sizeof header);
  uint64_t rest = bytes.size() - sizeof header;
  if (std::memcmp(header.magic, magic, sizeof magic) || header.keyBytes > rest ||
      header.valueBytes != rest - header.keyBytes)
    return std::nullopt;
  std::string_view all(bytes);
  std::string_view storedKey = all.substr(sizeof header, header.keyBytes);
  std::string_view value = all.substr(sizeof header + header.keyBytes);
  if (storedKey != key || checksum(storedKey, value) != header.checksum)
    return std::nullopt;
  ::futimens(file.fd, nullptr); // used now: trimming takes the oldest
  return std::string(value);
}

void DiskCache::store(std::string_view key, std::string_view value) const {
  if (folder.empty())
    return;
  Header header;
  std::memcpy(header.magic, magic, sizeof magic);
  header.keyBytes = key.size();
  header.valueBytes = value.size();
  header.checksum = checksum(key, value);
  std::string bytes(reinterpret_cast<const char *>(&header), sizeof header);
  bytes += key;
  bytes += value;

  std::string temporary = folder + "/new-XXXXXX";
  File file(::mkstemp(temporary.data()));
  if (file.fd < 0)
    return;
  bool whole = true;
  for (size_t at = 0; whole && at < bytes.size();) {
    ssize_t put = ::write(file.fd, bytes.data() + at, bytes.size() - at);
    whole = put > 0;
    at += std::max<ssize_t>(put, 0);
  }
  if (!whole || ::rename(temporary.c_str(), pathFor(key).c_str()))
    ::unlink(temporary.c_str());
  // Looking at every entry takes long in a full folder, so a store does it as often as its share of
  // a sixteenth of the limit; the key's hash is the die.
  long double share = 16.0L * bytes.size() / limitBytes;
  if (XXH3_64bits(key.data(), key.size()) < share * 0x1p64L)
    trim();
}

void DiskCache::trim() const {
  struct Entry {
    fs::path path;
    fs::file_time_type used;
    uint64_t size;
  };
  std::vector<Entry> entries;
  uint64_t total = 0;
  std::error_code error;
  for (auto &item : fs::directory_iterator(folder, error)) {
    std::error_code gone; // another process may trim as well
    Entry entry{item.path(), item.last_write_time(gone), item.file_size(gone)};
    if (gone)
      continue;
    total += entry.size;
    entries.push_back(entry);
  }
  if (total <= limitBytes)
    return;
  std::sort(entries.begin(), entries.end(),
            [](const Entry &a, const Entry &b) { return a.used < b.used; });
  for (const Entry &entry : entries) {
    if (total <= limitBytes / 4 * 3)
      break;
    std::error_code gone;
    fs::remove(entry.path, gone);
    total -= entry.size;
  }
}
