#include "runtime/data/ReadWhole.h"

#include "runtime/core/AtomicFile.h"

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <memory>

namespace tenon::data {

Result<std::string> readWhole(const std::string &path) {
  constexpr size_t kFirstPiece = size_t(16) << 10;
  struct Close {
    void operator()(FILE *file) const { fclose(file); }
  };
  std::unique_ptr<FILE, Close> file(fopen(path.c_str(), "rb"));
  if (!file)
    return Failure{describeFailure("cannot read", path, errno), "", ""};
  std::string content;
  for (;;) {
    size_t size = content.size(), piece = std::max(kFirstPiece, size);
    content.resize(size + piece);
    size_t got = fread(content.data() + size, 1, piece, file.get());
    content.resize(size + got);
    if (got < piece)
      break;
  }
  if (ferror(file.get()))
    return Failure{describeFailure("cannot read", path, errno), "", ""};
  return content;
}

} // namespace tenon::data
