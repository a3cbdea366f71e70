/// The rows of a source, whatever form its files have.
#pragma once

#include "runtime/data/Result.h"
#include "runtime/data/Schema.h"

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace tenon::data {

/// A column of a source: texts, for each row an array of the same shape, or pictures of any size.
struct SourceColumn {
  enum class Kind : uint8_t { Text, Array, Picture };
  std::string name;
  Kind kind = Kind::Text;
  int32_t dtype = 0;              ///< tenon_dtype, of an array
  std::vector<int64_t> dims = {}; ///< of one row's array

  bool operator==(const SourceColumn &) const = default;
};

/// A picture that is read when it is needed.
struct PictureFile {
  std::string path;
  int64_t height = 0, width = 0; ///< as shown
};

/// What a row has in one column: a text, the elements of its array, or a picture.
struct Cell {
  const std::string *text = nullptr;
  const uint8_t *elements = nullptr;
  const PictureFile *picture = nullptr;
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
  uint64_t checksum = 0;   ///< XXH3 over the bytes of all its files
  std::string remark = {}; ///< what a user should know, such as what was skipped; may be empty
};

/// How thoroughly a source is read.
enum class Reading : uint8_t {
  Whole, ///< for training
  Look,  ///< pictures aren't decoded to see whether they can be
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
/// - `image_folder("pictures")`: the same with pictures, in the columns `picture` and `class`. With
///   `skip = "broken"` a file that can't be read or decoded is no row, and the remark counts them;
///   all others are decoded to find out.
/// - `idx(x = "x.gz", y = "y.gz")`: as `npy`, of idx files, plain or gzipped.
///
/// Failures have their place in the data, those of the declaration have the source's.
Result<SourceSummary>
readSource(const Source &source, const std::string &folder,
           const std::function<Status(const std::vector<SourceColumn> &)> &columns,
           const std::function<Status(const SourceRow &)> &row, Reading reading = Reading::Whole);

/// Looks at a picture's file without decoding it; the failure names it.
Result<PictureFile> lookAtPicture(const std::string &path);

/// Where the folders of an `image_folder` are other classes than those of the one that is trained
/// from, and where these are fewer than two though a field is made of them.
std::optional<Failure> compareClasses(const Dataset &dataset, size_t source,
                                      const std::string &folder);

} // namespace tenon::data
