/// The rows of a source, whatever form its files have.
#pragma once

#include "runtime/data/Result.h"
#include "runtime/data/Schema.h"

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <vector>

namespace tenon::data {

/// A column of a source: texts, or for each row an array of the same shape.
struct SourceColumn {
  std::string name;
  bool isText = true;
  int32_t dtype = 0;         ///< tenon_dtype, of an array
  std::vector<int64_t> dims; ///< of one row's array

  bool operator==(const SourceColumn &) const = default;
};

/// What a row has in one column: a text, or the elements of its array.
struct Cell {
  const std::string *text = nullptr;
  const uint8_t *elements = nullptr;
};

/// Where a row comes from, for messages.
struct RowPlace {
  enum class Form : uint8_t {
    Line,    ///< "reviews.csv:17"
    Element, ///< "images.npy[16]"
    File,    ///< "texts/good/17.txt"
  };
  std::string file;
  Form form = Form::Line;
  int64_t number = 0; ///< a line from 1, an element from 0

  /// Empty where nothing is known.
  std::string str() const;
};

/// One row, alive during the call that receives it.
struct SourceRow {
  const RowPlace &place;
  std::span<const Cell> cells; ///< one for each column
};

struct SourceSummary {
  int64_t rows = 0;
  uint64_t checksum = 0; ///< XXH3 over the bytes of all its files
};

/// The files and folders that a source reads, relative ones from `folder` on.
std::vector<std::string> filesOf(const Source &source, const std::string &folder);

/// Reads a source: `columns` receives what its rows are made of, then `row` each of them, in order;
/// either may stop by a failure, which is the answer.
///
/// - `csv("a.csv", separator = ";")`: the columns that its first line names.
/// - `npy(x = "x.npy", y = "y.npy")`: a column for each, a row for each element of the first axis.
/// - `npz("a.npz")`: the same of the archive's arrays.
/// - `text_file("a.txt")`: the column `text`, a row for each line that isn't blank. With
///   `window = n` the column `bytes`, u8[n]: rows are pieces of n bytes, the next one `stride`
///   bytes after the one before (n unless given); what is left at the end is no row.
/// - `text_folder("texts")`: the columns `text` and `class`: a row for each file in a folder of
///   that folder, which names its class; in order of folders, then files.
///
/// Failures have their place in the data, those of the declaration have the source's.
Result<SourceSummary>
readSource(const Source &source, const std::string &folder,
           const std::function<Status(const std::vector<SourceColumn> &)> &columns,
           const std::function<Status(const SourceRow &)> &row);

} // namespace tenon::data
