#include "runtime/data/RowSource.h"

#include "runtime/core/Tensor.h"
#include "runtime/data/CsvReader.h"
#include "runtime/data/FolderSources.h"
#include "runtime/data/Idx.h"
#include "runtime/data/Npz.h"
#include "runtime/data/ReadWhole.h"
#include "runtime/data/Text.h"

#include <algorithm>
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
          names.push_back({name});
        return columns(names);
      },
      [&](const CsvRow &row) {
        cells.clear();
        for (const std::string &field : row.fields)
          cells.push_back({.text = &field});
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
  if (Status status = columns({{"text"}}); !status)
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
    Cell cell{.text = &line};
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
  if (Status status = columns({{"bytes", SourceColumn::Kind::Array, TENON_U8, {window}}}); !status)
    return status.takeFailure();
  RowPlace place{path, RowPlace::Form::Element, 0};
  for (; place.number + window <= int64_t(content->size()); place.number += stride) {
    Cell cell{.elements = bytesOf(*content).data() + place.number};
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
    described.push_back({each.name, SourceColumn::Kind::Array, each.array.dtype,
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

/// `npy` and `idx`: a file for each column.
Result<SourceSummary> readNamedFiles(const Source &source, const std::string &folder,
                                     const Columns &columns, const Rows &rows) {
  const Failure unnamed{"`" + source.kind + "` names each column's file", source.place,
                        source.kind + "(x = \"x." + (source.kind == "idx" ? "gz" : "npy") + "\")"};
  std::vector<NamedArray> arrays;
  for (const Argument &option : source.options) {
    auto *path = std::get_if<std::string>(&option.value.value);
    if (!path || option.name.empty())
      return unnamed;
    std::string file = resolve(*path, folder);
    Result<Array> array = source.kind == "idx" ? readIdx(file) : readNpy(file);
    if (!array)
      return array.takeFailure();
    arrays.push_back({option.name, file, std::move(*array)});
  }
  if (arrays.empty())
    return unnamed;
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
  if (!namesFiles(source))
    return {resolve(source.path, folder)};
  for (const Argument &option : source.options)
    if (auto *path = std::get_if<std::string>(&option.value.value))
      files.push_back(resolve(*path, folder));
  return files;
}

Result<SourceSummary> readSource(const Source &source, const std::string &folder,
                                 const Columns &columns, const Rows &rows, Reading reading) {
  std::string path = resolve(source.path, folder);
  if (source.kind == "csv")
    return readCsvSource(source, path, columns, rows);
  if (namesFiles(source))
    return readNamedFiles(source, folder, columns, rows);
  if (source.kind == "npz")
    return readNpzSource(path, columns, rows);
  if (source.kind == "text_file")
    return source.options.empty() ? readLines(path, columns, rows)
                                  : readWindows(source, path, columns, rows);
  if (source.kind == "text_folder")
    return readTextFolder(path, columns, rows);
  if (source.kind == "image_folder")
    return readImageFolder(source, path, reading, columns, rows);
  return Failure{"there is no source `" + source.kind + "`", source.place,
                 "sources are csv, text_file, text_folder, image_folder, idx, npy, npz"};
}

} // namespace tenon::data
