/// Files that are there whole or not at all.
#pragma once

#include "runtime/core/abi.h"

#include <cstddef>
#include <string>

namespace tenon {

struct Bytes {
  const void *data;
  size_t size;
};

/// Replaces `path` by the concatenation of `pieces`: written to `path`.tmp in the same folder,
/// flushed to the disk, renamed, the folder flushed. After a failure (TENON_IO_ERROR, `error` says
/// why) the old file is as it was.
tenon_status writeFileAtomically(const std::string &path, const Bytes *pieces, size_t count,
                                 std::string &error);

/// "cannot read `path`: No such file or directory", from errno.
std::string describeFailure(const char *action, const std::string &path, int errorNumber);

} // namespace tenon
