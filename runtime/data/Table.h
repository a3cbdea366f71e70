/// A dataset in memory: read once, fitted, encoded, divided into splits.
#pragma once

#include "runtime/data/Column.h"
#include "runtime/data/Fitted.h"
#include "runtime/data/Schema.h"

#include <map>
#include <string>
#include <vector>

namespace tenon::data {

/// Numbers that `read` takes from data or checkpoint and that the program's types depend on:
/// extents by the name they have in the declaration ("classes").
using Extents = std::map<std::string, int64_t>;

struct LoadOptions {
  /// Folder that relative paths start from: the program's.
  std::string folder;
  /// What a checkpoint holds; nullptr: fit on the training split.
  const Fitted *fitted = nullptr;
  /// The program's functions that are stages; lives as long as the table.
  const StageFunctions *functions = nullptr;
};

class Table {
public:
  /// Reads every source, fits, encodes. Rows of the training source (the dataset's own, or
  /// `train from`) are divided by `split`: their order is permuted by a fixed seed, so that the
  /// same file gives the same splits in every run, whatever its seed; each split but the last has
  /// its fraction of the rows, rounded, and the last ends where its fraction does. Without `split`
  /// all of them train.
  static Result<Table> load(const Dataset &dataset, const LoadOptions &options);

  const std::vector<Column> &columns() const { return fieldColumns; }
  const Column *find(const std::string &field) const;
  const Fitted &fitted() const { return learnt; }
  Extents extents() const;
  /// Rows in all sources.
  size_t rows() const { return rowCount; }
  /// XXH3 over the bytes of all sources, in order.
  uint64_t checksum() const { return sourceChecksum; }

  /// The split's rows in file order; nullptr where there is no such split.
  const std::vector<uint32_t> *split(const std::string &name) const;
  std::vector<std::string> splits() const;
  /// Where a row of a split begins: "reviews.csv:17", as RowPlace says it.
  std::string place(uint32_t row) const;
  /// Things worth knowing that stop nothing: "12 of 8000 texts in `text` have no known word".
  const std::vector<std::string> &remarks() const { return notes; }

private:
  friend class Loading;

  std::vector<Column> fieldColumns;
  Fitted learnt;
  size_t rowCount = 0;
  uint64_t sourceChecksum = 0;
  std::vector<std::pair<std::string, std::vector<uint32_t>>> parts;
  std::vector<std::string> notes;
  std::vector<uint32_t> numbers;                    // of each row: its line or element
  std::vector<std::pair<uint32_t, RowPlace>> files; // and each file's first row
};

/// Extents of fields as checkpoint or data have fitted them.
Extents extentsOf(const std::vector<Field> &fields, const Fitted &fitted);

} // namespace tenon::data
