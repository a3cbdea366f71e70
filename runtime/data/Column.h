/// The rows of one field, kept as compactly as its form allows.
#pragma once

#include "runtime/data/FieldPlan.h"
#include "runtime/data/Fitted.h"

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace tenon::data {

/// Rows go in as raw cells; `fit` learns from some of them, `finish` turns all into final numbers;
/// after that rows are read. Reading is safe from several threads.
class Column {
public:
  explicit Column(FieldPlan plan) : recipe(std::move(plan)) {}

  const FieldPlan &plan() const { return recipe; }

  /// One row, with its place for messages. `cells` has one entry, or one for each column of a
  /// range; `names` are their columns' names.
  Status append(std::span<const std::string *const> cells, std::span<const std::string> names,
                const std::string &file, int64_t line);
  /// What these rows teach; of plans that aren't fitted, the columns' names alone.
  Result<FittedField> fit(std::span<const uint32_t> rows) const;
  /// Ends appending. `fitted` is of this field, by fit() or from a checkpoint.
  Status finish(const FittedField &fitted);

  size_t rows() const { return rowCount; }
  /// Extents of one row's value.
  const std::vector<int64_t> &extents() const { return shape; }
  size_t rowBytes() const { return bytesOfRow; }
  /// Writes the row's value: rowBytes() bytes.
  void copyRow(size_t row, void *destination) const;
  /// Of Words: the row has at least one word that is in the vocabulary.
  bool hasKnownWord(size_t row) const;

private:
  Status appendNumber(const std::string &cell, const std::string &name);
  Result<double> number(const std::string &cell, const std::string &name) const;
  int32_t intern(std::string_view word);
  FittedField fitNumbers(std::span<const uint32_t> rows) const;
  std::vector<int32_t> byFrequency(std::span<const uint32_t> rows) const;
  Status finishNumbers(const FittedField &fitted);
  Status finishWords(const FittedField &fitted);
  Status finishClasses(const FittedField &fitted);
  Status setShape();

  struct StringHash {
    using is_transparent = void;
    size_t operator()(std::string_view text) const { return std::hash<std::string_view>{}(text); }
  };
  struct FirstPlace {
    std::string file;
    int64_t line;
  };

  FieldPlan recipe;
  size_t rowCount = 0;
  std::vector<int64_t> shape;
  size_t bytesOfRow = 0;
  size_t width = 0; // numbers in a row
  std::vector<std::string> rangeNames;

  std::vector<double> raw; // Numbers, until finish
  std::vector<uint8_t> numbers;

  // Words and Classes. Until finish ids are those of `dictionary`, by first appearance.
  std::unordered_map<std::string, int32_t, StringHash, std::equal_to<>> dictionary;
  std::vector<FirstPlace> firstPlaces; // of each id, listed classes only
  std::vector<int32_t> ids;
  std::vector<uint64_t> ends; // Words: one past each row's last id
  int64_t listedClasses = 0;
};

} // namespace tenon::data
