#include "runtime/data/FolderSources.h"
#include "runtime/data/ReadWhole.h"
#include "runtime/data/Text.h"

#include <algorithm>
#include <xxhash.h>

namespace tenon::data {

std::string resolve(const std::string &path, const std::string &folder) {
  return path.starts_with('/') || folder.empty() ? path : folder + "/" + path;
}

uint64_t combine(uint64_t a, uint64_t b) {
  uint64_t both[2] = {a, b};
  return XXH3_64bits(both, sizeof both);
}

std::optional<Failure> notText(const std::string &text, const std::string &path) {
  size_t bad = std::min(findInvalidUtf8(text).value_or(text.size()), text.find('\0'));
  if (bad >= text.size())
    return std::nullopt;
  int64_t line = 1 + std::count(text.begin(), text.begin() + int64_t(bad), '\n');
  return Failure{"the text is not UTF-8", path + ":" + std::to_string(line),
                 "convert the file, for example by `iconv -f WINDOWS-1252 -t UTF-8`"};
}

std::vector<std::filesystem::path> entriesOf(const std::string &folder, bool folders,
                                             std::error_code &error) {
  std::vector<std::filesystem::path> entries;
  std::error_code unknown; // of a link that leads nowhere: it is neither
  for (const auto &entry : std::filesystem::directory_iterator(folder, error))
    if (!entry.path().filename().string().starts_with('.') &&
        (folders ? entry.is_directory(unknown) : entry.is_regular_file(unknown)))
      entries.push_back(entry.path());
  std::sort(entries.begin(), entries.end());
  return entries;
}

Result<SourceSummary> readTextFolder(const std::string &path, const Columns &columns,
                                     const Rows &rows) {
  std::error_code error;
  std::vector<std::filesystem::path> classes = entriesOf(path, true, error);
  if (error)
    return Failure{"cannot read `" + path + "`: " + error.message(), "", ""};
  if (Status status = columns({{"text"}, {kClassColumn}}); !status)
    return status.takeFailure();
  SourceSummary summary;
  for (const std::filesystem::path &folder : classes) {
    std::string name = folder.filename().string();
    for (const std::filesystem::path &file : entriesOf(folder.string(), false, error)) {
      Result<std::string> content = readWhole(file.string());
      if (!content)
        return content.takeFailure();
      if (auto failure = notText(*content, file.string()))
        return std::move(*failure);
      std::string known = name + "/" + file.filename().string();
      summary.checksum = combine(summary.checksum, XXH3_64bits(known.data(), known.size()));
      summary.checksum = combine(summary.checksum, XXH3_64bits(content->data(), content->size()));
      RowPlace place{file.string(), RowPlace::Form::File, 0};
      Cell cells[] = {{.text = &*content}, {.text = &name}};
      if (Status status = rows({place, cells}); !status)
        return status.takeFailure();
      ++summary.rows;
    }
    if (error)
      return Failure{"cannot read `" + folder.string() + "`: " + error.message(), "", ""};
  }
  if (summary.rows == 0)
    return Failure{"`" + path + "` has no folders with files in them", "",
                   "each class is a folder of that folder, each text a file in it"};
  return summary;
}

} // namespace tenon::data
