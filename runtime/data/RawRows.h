/// Rows as a user gives them to `predict`, and what a checkpoint makes of them.
#pragma once

#include "runtime/data/Column.h"
#include "runtime/data/Fitted.h"
#include "runtime/data/Npy.h"
#include "runtime/data/Schema.h"

#include <string>
#include <vector>

namespace tenon::data {

/// Columns with a text or an array for each row.
class RawRows {
public:
  /// The rows of a `.csv` or `.npz` file, read as the sources of these names read theirs.
  static Result<RawRows> readFile(const std::string &path);

  /// A text for one more row of this column. Fails where an array holds its rows.
  Status addText(const std::string &column, std::string text);
  /// A row for each element of the array's first axis. Fails where it has none, and where the
  /// column has rows already.
  Status addArray(const std::string &column, Array array);

  /// How many rows all columns have; fails where they have different numbers, or there are none.
  Result<size_t> count() const;
  bool has(const std::string &column) const { return placeOf(column) < columns.size(); }

private:
  friend Result<Column> encodeRows(const Field &, const Fitted &, const RawRows &,
                                   const StageFunctions *);

  struct RawColumn {
    SourceColumn kind;
    std::vector<std::string> texts;
    std::vector<uint8_t> elements; ///< of arrays, row after row
    size_t rows = 0;

    size_t bytesOfRow() const;
    Cell cell(size_t row) const;
  };

  size_t placeOf(const std::string &column) const;

  std::vector<RawColumn> columns;
  std::vector<RowPlace> places; ///< of the rows of a file
};

/// The columns that a field is made from.
std::vector<std::string> rawColumns(const Field &field, const Fitted &fitted);

/// Makes the values of `field` for raw rows by what a checkpoint has learnt. Fails where a column
/// is missing, where its text isn't UTF-8 or, unless it comes from a file, has no known word, and
/// where a value isn't of its field's kind; `place` of the failure is the row's in its file, empty
/// where there is none.
Result<Column> encodeRows(const Field &field, const Fitted &fitted, const RawRows &rows,
                          const StageFunctions *functions = nullptr);

} // namespace tenon::data
