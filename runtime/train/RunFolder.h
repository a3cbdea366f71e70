/// The folder of one training run: configuration, metrics, curves and checkpoints.
#pragma once

#include "runtime/data/Result.h"

#include <cstdint>
#include <string>

namespace tenon::train {

/// Makes `parent`/`name`-<n> for the least n that is free, and `parent` where it isn't there.
Result<std::string> makeRunFolder(const std::string &parent, const std::string &name);
/// The one of these folders with the greatest n that holds a checkpoint.
Result<std::string> latestRunFolder(const std::string &parent, const std::string &name);

inline std::string checkpointIn(const std::string &folder) {
  return folder + "/checkpoint.safetensors";
}
inline std::string previousCheckpointIn(const std::string &folder) {
  return folder + "/checkpoint.previous.safetensors";
}
/// The best epoch's, of a training that keeps it.
inline std::string bestCheckpointIn(const std::string &folder) {
  return folder + "/checkpoint.best.safetensors";
}

/// `metrics.jsonl`: one JSON object on each line, appended. While it is open nobody else trains
/// into its folder.
class MetricsLog {
public:
  /// Keeps the first `keep` bytes of what is there and drops the rest.
  static Result<MetricsLog> open(const std::string &path, int64_t keep);
  MetricsLog(MetricsLog &&other) noexcept;
  MetricsLog &operator=(MetricsLog &&other) = delete;
  ~MetricsLog();

  /// Appends `line` and a newline.
  Status append(const std::string &line);
  /// What was appended is on the disk.
  Status flush();
  int64_t size() const { return bytes; }

private:
  MetricsLog(std::string path, int descriptor) : path(std::move(path)), descriptor(descriptor) {}

  std::string path;
  int descriptor = -1;
  int64_t bytes = 0;
};

} // namespace tenon::train
