#include "runtime/train/RunFolder.h"

#include "runtime/core/AtomicFile.h"

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <fcntl.h>
#include <filesystem>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>
#include <utility>

namespace tenon::train {

namespace {

/// n of `name`-<n>, or 0.
int64_t numberOf(const std::string &folder, const std::string &name) {
  if (!folder.starts_with(name + "-"))
    return 0;
  const char *begin = folder.data() + name.size() + 1, *end = folder.data() + folder.size();
  int64_t number = 0;
  auto [stopped, error] = std::from_chars(begin, end, number);
  return error == std::errc() && stopped == end && number > 0 ? number : 0;
}

} // namespace

Result<std::string> makeRunFolder(const std::string &parent, const std::string &name) {
  std::error_code error;
  std::filesystem::create_directories(parent, error);
  if (error)
    return Failure{"cannot make the folder `" + parent + "`: " + error.message(), "",
                   "name another by --run"};
  for (int64_t n = 1;; ++n) {
    std::string folder = parent + "/" + name + "-" + std::to_string(n);
    if (mkdir(folder.c_str(), 0777) == 0)
      return folder;
    if (errno != EEXIST)
      return Failure{describeFailure("cannot make the folder", folder, errno), "", ""};
  }
}

Result<std::string> latestRunFolder(const std::string &parent, const std::string &name) {
  int64_t latest = 0;
  std::error_code error;
  for (const auto &entry : std::filesystem::directory_iterator(parent, error))
    if (int64_t n = numberOf(entry.path().filename().string(), name);
        n > latest && access(checkpointIn(entry.path().string()).c_str(), F_OK) == 0)
      latest = n;
  if (latest == 0)
    return Failure{"there is no run of `" + name + "` with a checkpoint in `" + parent + "`", "",
                   "train first, or name the run's folder by --run"};
  return parent + "/" + name + "-" + std::to_string(latest);
}

Result<MetricsLog> MetricsLog::open(const std::string &path, int64_t keep) {
  int descriptor = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0666);
  if (descriptor < 0)
    return Failure{describeFailure("cannot write", path, errno), "", ""};
  MetricsLog log(path, descriptor);
  if (flock(descriptor, LOCK_EX | LOCK_NB) != 0)
    return Failure{"another process is training into the folder of `" + path + "`", "",
                   "wait for it, or name another folder by --run"};
  struct stat status{};
  fstat(descriptor, &status);
  log.bytes = std::min<int64_t>(keep, status.st_size);
  if (ftruncate(descriptor, log.bytes) != 0 || lseek(descriptor, 0, SEEK_END) < 0)
    return Failure{describeFailure("cannot write", path, errno), "", ""};
  return log;
}

MetricsLog::MetricsLog(MetricsLog &&other) noexcept
    : path(std::move(other.path)), descriptor(std::exchange(other.descriptor, -1)),
      bytes(other.bytes) {}

MetricsLog::~MetricsLog() {
  if (descriptor >= 0)
    close(descriptor);
}

Status MetricsLog::append(const std::string &line) {
  std::string text = line + "\n";
  size_t done = 0;
  while (done < text.size()) {
    ssize_t written = write(descriptor, text.data() + done, text.size() - done);
    if (written < 0 && errno == EINTR)
      continue;
    if (written < 0) {
      int reason = errno;
      // Half a line is no line.
      if (ftruncate(descriptor, bytes) == 0)
        lseek(descriptor, 0, SEEK_END);
      return Failure{describeFailure("cannot write", path, reason), "",
                     "the last checkpoint is untouched"};
    }
    done += size_t(written);
  }
  bytes += int64_t(text.size());
  return {};
}

Status MetricsLog::flush() {
  if (fsync(descriptor) != 0 && errno != EINVAL && errno != EROFS)
    return Failure{describeFailure("cannot write", path, errno), "", ""};
  return {};
}

} // namespace tenon::train
