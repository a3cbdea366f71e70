#include "runtime/data/RowSource.h"

#include "runtime/core/AtomicFile.h"
#include "runtime/core/Tensor.h"
#include "runtime/data/CsvReader.h"
#include "runtime/data/Npz.h"
#include "runtime/data/Text.h"

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <optional>
#include <xxhash.h>

namespace tenon::data {

std::string RowPlace::str() const {
  switch (form) {
  case Form::Line:
    return file.empty() ? "" : file + ":" + std::to_string(number);
  case Form::Element:
    return file + "[" + std::to_string(number) + "]";
  case Form::File:
    return file;
  }
  return "";
}

namespace {

using Columns = std::function<Status(const std::vector<SourceColumn> &)>;
using Rows = std::function<Status(const SourceRow &)>;

std::string resolve(const std::string &path, const std::string &folder) {
  return path.starts_with('/') || folder.empty() ? path : folder + "/" + path;
}

struct Close {
  void operator()(FILE *file) const { fclose(file); }
};

Result<std::string> readWhole(const std::string &path) {
  std::unique_ptr<FILE, Close> file(fopen(path.c_str(), "rb"));
  if (!file)
    return Failure{describeFailure("cannot read", path, errno), "", ""};
  std::string content;
  std::vector<char> buffer(size_t(64) << 10);
  for (size_t size; (size = fread(buffer.data(), 1, buffer.size(), file.get())) > 0;)
    content.append(buffer.data(), size);
  if (ferror(file.get()))
    return Failure{describeFailure("cannot read", path, errno), "", ""};
  return content;
}

uint64_t combine(uint64_t a, uint64_t b) {
  uint64_t both[2] = {a, b};
  return XXH3_64bits(both, sizeof both);
}

/// The line of the first byte that isn't UTF-8 text.
std::optional<Failure> notText(const std::string &text, const std::string &path) {
  size_t bad = std::min(findInvalidUtf8(text).value_or(text.size()), text.find('\0'));
  if (bad >= text.size())
    return std::nullopt;
  int64_t line = 1 + std::count(text.begin(), text.begin() + int64_t(bad), '\n');
  return Failure{"the text is not UTF-8", path + ":" + std::to_string(line),
                 "convert the file, for example by `iconv -f WINDOWS-1252 -t UTF-8`"};
}

//===----------------------------------------------------------------------===//
// Tables of text
//===----------------------------------------------------------------------===//

Result<SourceSummary> readCsvSource(const Source &source, const std::string &path,
                                    const Columns &columns, const Rows &rows) {
  CsvOptions options;
  for (const Argument &option : source.options) {
    auto *text = std::get_if<std::string>(&option.value.value);
    if (option.name != "separator" || !text || text->size() != 1 || *text == "\"" ||
        *text == "\n" || *text == "\r")
      return Failure{"`csv` takes a path and `separator`, one ASCII character", source.place,
                     "separator = \";\""};
    options.separator = (*text)[0];
  }
  std::vector<Cell> cells;
  RowPlace place{path, RowPlace::Form::Line, 0};
  Result<CsvSummary> summary = readCsv(
      path, options,
      [&](const CsvRow &header) {
        std::vector<SourceColumn> names;
        for (const std::string &name : header.fields)
          names.push_back({name, true, 0, {}});
        return columns(names);
      },
      [&](const CsvRow &row) {
        cells.clear();
        for (const std::string &field : row.fields)
          cells.push_back({&field, nullptr});
        place.number = row.line;
        return rows({place, cells});
      });
  if (!summary)
    return summary.takeFailure();
  if (summary->rows == 0)
    return Failure{"the file has a header and no rows", path + ":1", ""};
  return SourceSummary{summary->rows, summary->checksum};
}

Result<SourceSummary> readLines(const std::string &path, const Columns &columns, const Rows &rows) {
  Result<std::string> content = readWhole(path);
  if (!content)
    return content.takeFailure();
  std::string &text = *content;
  SourceSummary summary{0, XXH3_64bits(text.data(), text.size())};
  if (auto failure = notText(text, path))
    return std::move(*failure);
  if (Status status = columns({{"text", true, 0, {}}}); !status)
    return status.takeFailure();
  RowPlace place{path, RowPlace::Form::Line, 0};
  size_t at = text.starts_with("\xEF\xBB\xBF") ? 3 : 0;
  while (at < text.size()) {
    size_t end = std::min(text.find('\n', at), text.size());
    std::string line = text.substr(at, end - at);
    if (line.ends_with('\r'))
      line.pop_back();
    ++place.number;
    at = end + 1;
    if (line.find_first_not_of(" \t") == std::string::npos)
      continue;
    Cell cell{&line, nullptr};
    if (Status status = rows({place, std::span(&cell, 1)}); !status)
      return status.takeFailure();
    ++summary.rows;
  }
  if (summary.rows == 0)
    return Failure{"the file has no text", path + ":1", ""};
  return summary;
}

Result<SourceSummary> readWindows(const Source &source, const std::string &path,
                                  const Columns &columns, const Rows &rows) {
  int64_t window = 0, stride = 0;
  for (const Argument &option : source.options)
    if (auto *number = std::get_if<int64_t>(&option.value.value); number && *number > 0)
      (option.name == "window" ? window : stride) = *number;
  if (window == 0 || (source.options.size() > 1 && stride == 0))
    return Failure{"`text_file` takes whole numbers from 1 as `window` and `stride`", source.place,
                   ""};
  if (stride == 0)
    stride = window;
  Result<std::string> content = readWhole(path);
  if (!content)
    return content.takeFailure();
  SourceSummary summary{0, XXH3_64bits(content->data(), content->size())};
  if (Status status = columns({{"bytes", false, TENON_U8, {window}}}); !status)
    return status.takeFailure();
  RowPlace place{path, RowPlace::Form::Element, 0};
  for (; place.number + window <= int64_t(content->size()); place.number += stride) {
    Cell cell{nullptr, reinterpret_cast<const uint8_t *>(content->data()) + place.number};
    if (Status status = rows({place, std::span(&cell, 1)}); !status)
      return status.takeFailure();
    ++summary.rows;
  }
  if (summary.rows == 0)
    return Failure{"the file has " + std::to_string(content->size()) + " bytes, and a window " +
                       std::to_string(window),
                   path, ""};
  return summary;
}

/// The entries of a folder in order of their names; hidden ones are left out.
std::vector<std::filesystem::path> entriesOf(const std::string &folder, bool folders,
                                             std::error_code &error) {
  std::vector<std::filesystem::path> entries;
  for (const auto &entry : std::filesystem::directory_iterator(folder, error))
    if (!entry.path().filename().string().starts_with('.') &&
        (folders ? entry.is_directory() : entry.is_regular_file()))
      entries.push_back(entry.path());
  std::sort(entries.begin(), entries.end());
  return entries;
}

Result<SourceSummary> readFolder(const std::string &path, const Columns &columns,
                                 const Rows &rows) {
  std::error_code error;
  std::vector<std::filesystem::path> classes = entriesOf(path, true, error);
  if (error)
    return Failure{"cannot read `" + path + "`: " + error.message(), "", ""};
  if (Status status = columns({{"text", true, 0, {}}, {"class", true, 0, {}}}); !status)
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
      Cell cells[] = {{&*content, nullptr}, {&name, nullptr}};
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

//===----------------------------------------------------------------------===//
// Arrays
//===----------------------------------------------------------------------===//

struct NamedArray {
  std::string name, file;
  Array array;
};

Result<SourceSummary> readArrays(const std::vector<NamedArray> &arrays, uint64_t checksum,
                                 const Columns &columns, const Rows &rows) {
  std::vector<SourceColumn> described;
  for (const NamedArray &each : arrays) {
    if (each.array.dims.empty())
      return Failure{"`" + each.name + "` is one number: it has no rows", each.file, ""};
    if (each.array.dims[0] != arrays[0].array.dims[0])
      return Failure{"`" + arrays[0].name + "` has " + std::to_string(arrays[0].array.dims[0]) +
                         " rows, and `" + each.name + "` " + std::to_string(each.array.dims[0]),
                     each.file, ""};
    described.push_back({each.name, false, each.array.dtype,
                         std::vector<int64_t>(each.array.dims.begin() + 1, each.array.dims.end())});
  }
  if (arrays[0].array.dims[0] == 0)
    return Failure{"`" + arrays[0].name + "` has no rows", arrays[0].file, ""};
  if (Status status = columns(described); !status)
    return status.takeFailure();
  SourceSummary summary{arrays[0].array.dims[0], checksum};
  RowPlace place{arrays[0].file, RowPlace::Form::Element, 0};
  std::vector<Cell> cells(arrays.size());
  for (; place.number < summary.rows; ++place.number) {
    for (size_t i = 0; i < arrays.size(); ++i) {
      const Array &array = arrays[i].array;
      size_t width = array.bytes.size() / size_t(array.dims[0]);
      cells[i].elements = array.bytes.data() + size_t(place.number) * width;
    }
    if (Status status = rows({place, cells}); !status)
      return status.takeFailure();
  }
  return summary;
}

uint64_t checksumOf(const std::vector<NamedArray> &arrays) {
  uint64_t checksum = 0;
  for (const NamedArray &each : arrays) {
    checksum = combine(checksum, XXH3_64bits(each.name.data(), each.name.size()));
    checksum = combine(checksum, XXH3_64bits(each.array.bytes.data(), each.array.bytes.size()));
  }
  return checksum;
}

Result<SourceSummary> readNpySource(const Source &source, const std::string &folder,
                                    const Columns &columns, const Rows &rows) {
  std::vector<NamedArray> arrays;
  for (const Argument &option : source.options) {
    auto *path = std::get_if<std::string>(&option.value.value);
    if (!path || option.name.empty())
      return Failure{"`npy` names each column's file", source.place, "npy(x = \"x.npy\")"};
    std::string file = resolve(*path, folder);
    Result<Array> array = readNpy(file);
    if (!array)
      return array.takeFailure();
    arrays.push_back({option.name, file, std::move(*array)});
  }
  if (arrays.empty())
    return Failure{"`npy` names each column's file", source.place, "npy(x = \"x.npy\")"};
  return readArrays(arrays, checksumOf(arrays), columns, rows);
}

Result<SourceSummary> readNpzSource(const std::string &path, const Columns &columns,
                                    const Rows &rows) {
  auto archive = readNpz(path);
  if (!archive)
    return archive.takeFailure();
  std::vector<NamedArray> arrays;
  for (auto &[name, array] : *archive)
    arrays.push_back({name, path, std::move(array)});
  return readArrays(arrays, checksumOf(arrays), columns, rows);
}

} // namespace

std::vector<std::string> filesOf(const Source &source, const std::string &folder) {
  std::vector<std::string> files;
  if (source.kind != "npy")
    return {resolve(source.path, folder)};
  for (const Argument &option : source.options)
    if (auto *path = std::get_if<std::string>(&option.value.value))
      files.push_back(resolve(*path, folder));
  return files;
}

Result<SourceSummary> readSource(const Source &source, const std::string &folder,
                                 const Columns &columns, const Rows &rows) {
  std::string path = resolve(source.path, folder);
  if (source.kind == "csv")
    return readCsvSource(source, path, columns, rows);
  if (source.kind == "npy")
    return readNpySource(source, folder, columns, rows);
  if (source.kind == "npz")
    return readNpzSource(path, columns, rows);
  if (source.kind == "text_file")
    return source.options.empty() ? readLines(path, columns, rows)
                                  : readWindows(source, path, columns, rows);
  if (source.kind == "text_folder")
    return readFolder(path, columns, rows);
  return Failure{"the source `" + source.kind + "` is not there yet", source.place,
                 "the sources there are: csv, npy, npz, text_file, text_folder"};
}

} // namespace tenon::data
