#include "runtime/core/AtomicFile.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <unistd.h>

namespace tenon {

std::string describeFailure(const char *action, const std::string &path, int errorNumber) {
  return std::string(action) + " `" + path + "`: " + strerror(errorNumber);
}

namespace {

/// A file descriptor, closed when it goes.
struct Descriptor {
  int value;
  explicit Descriptor(int value) : value(value) {}
  Descriptor(const Descriptor &) = delete;
  Descriptor &operator=(const Descriptor &) = delete;
  ~Descriptor() {
    if (value >= 0)
      close(value);
  }
};

bool writeAll(int file, const Bytes &piece) {
  const char *at = static_cast<const char *>(piece.data);
  size_t left = piece.size;
  while (left > 0) {
    ssize_t written = write(file, at, std::min(left, size_t(1) << 30));
    if (written < 0 && errno == EINTR)
      continue;
    if (written < 0)
      return false;
    at += written;
    left -= size_t(written);
  }
  return true;
}

bool writeTemporary(const char *path, const Bytes *pieces, size_t count) {
  Descriptor file(open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0666));
  if (file.value < 0)
    return false;
  for (size_t i = 0; i < count; ++i)
    if (!writeAll(file.value, pieces[i]))
      return false;
  if (fsync(file.value) != 0)
    return false;
  int descriptor = file.value;
  file.value = -1;
  return close(descriptor) == 0;
}

std::string folderOf(const std::string &path) {
  size_t slash = path.rfind('/');
  if (slash == std::string::npos)
    return ".";
  return slash == 0 ? "/" : path.substr(0, slash);
}

} // namespace

tenon_status writeFileAtomically(const std::string &path, const Bytes *pieces, size_t count,
                                 std::string &error) {
  std::string temporary = path + ".tmp";
  if (!writeTemporary(temporary.c_str(), pieces, count) ||
      rename(temporary.c_str(), path.c_str()) != 0) {
    int reason = errno;
    unlink(temporary.c_str());
    error = describeFailure("cannot write", path, reason);
    return TENON_IO_ERROR;
  }
  // The rename is done; a folder that can't be flushed (some file systems) isn't a failure.
  Descriptor folder(open(folderOf(path).c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (folder.value >= 0)
    fsync(folder.value);
  return TENON_OK;
}

} // namespace tenon
