/// The rows of one field, kept as compactly as its form allows.
#pragma once

#include "runtime/data/Elements.h"
#include "runtime/data/FieldPlan.h"
#include "runtime/data/Fitted.h"
#include "runtime/data/RowSource.h"
#include "runtime/data/StageFunctions.h"

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace tenon::data {

/// What a column may need of its surroundings.
struct ColumnWorld {
  /// Needed by plans with functions; lives as long as the column.
  const StageFunctions *functions = nullptr;
  /// Where a row comes from; may be empty. Not kept.
  std::function<std::string(uint32_t)> placeOf;
};

/// Rows go in as raw cells; `fit` learns from some of them, `finish` turns all into final numbers,
/// but for what varies from epoch to epoch; after that rows are read. Arrays and pictures stay as
/// they are in their files, pictures in the files, and all their stages are applied when they are
/// read: what a stage makes of them may be many times as large. Reading is safe from several
/// threads.
class Column {
public:
  explicit Column(FieldPlan plan) : recipe(std::move(plan)) {}

  const FieldPlan &plan() const { return recipe; }

  /// What the cells that follow are: of one column, or of each of a range. Every source says it;
  /// all must agree in all but the names.
  Status describe(std::span<const SourceColumn> columns);
  /// One row, a cell for each column.
  Status append(std::span<const Cell> cells, const RowPlace &place);
  /// What these rows teach; of plans that aren't fitted, the columns' names alone.
  Result<FittedField> fit(std::span<const uint32_t> rows, const ColumnWorld &world) const;
  /// Ends appending. `fitted` is of this field, by fit() or from a checkpoint.
  Status finish(const FittedField &fitted, const ColumnWorld &world);

  size_t rows() const { return rowCount; }
  /// Extents of one row's value.
  const std::vector<int64_t> &extents() const { return shape; }
  size_t rowBytes() const { return bytesOfRow; }
  /// Reading is more than copying.
  bool worksForBatches() const {
    return isPicture() || firstOfBatch() < recipe.numberStages.size();
  }
  /// Writes the values of some rows, rowBytes() bytes each, as `draws` says.
  Status copyRows(std::span<const uint32_t> rows, const Draws &draws, uint8_t *destination) const;
  /// Of Words: the row has at least one word that is in the vocabulary.
  bool hasKnownWord(size_t row) const;

private:
  /// Rows of one shape on their way through the stages.
  struct Numbers {
    int32_t dtype = 0;
    std::vector<int64_t> shape; ///< of a row
    std::vector<uint8_t> bytes;
    std::vector<uint32_t> rows; ///< which they are

    size_t width() const;
    size_t rowBytes() const;
  };
  /// What stages may need to know.
  struct Passage {
    const Draws &draws;
    const ColumnWorld &world;
    const FittedField &learnt;
  };
  using Take = std::function<Status(Numbers &&)>;

  bool isPicture() const { return recipe.picture.has_value(); }
  /// Of the stages, those from here on are applied when a batch is made.
  size_t firstOfBatch() const { return keepsCells ? 0 : recipe.firstOfBatch(); }

  Status appendNumbers(const Cell &cell, size_t column);
  Status appendArray(const uint8_t *elements);
  Status appendPicture(const PictureFile &picture);
  Result<double> number(const std::string &cell, const std::string &name) const;
  Status store(double value, const std::string &shown, const std::string &name);
  int32_t intern(std::string_view word);
  FittedField unfitted() const;
  Result<FittedField> fitNumbers(std::span<const uint32_t> rows, const ColumnWorld &world) const;
  Result<FittedField> fitNormalise(size_t stage, FittedField fitted, std::span<const uint32_t> rows,
                                   const ColumnWorld &world) const;
  /// Of rows that are being read in, or are finished: what enters the stages that are left.
  Numbers gatherRaw(std::span<const uint32_t> rows) const;
  Numbers gather(std::span<const uint32_t> rows) const;
  Result<Numbers> decode(uint32_t row) const;
  /// Takes numbers through the stages [from, to) to `dtype`.
  Status pass(Numbers &numbers, size_t from, size_t to, int32_t dtype,
              const Passage &passage) const;
  /// Takes rows from what is kept through all stages before `to`; `take` is given them in order, as
  /// many at a time as have one shape.
  Status make(std::span<const uint32_t> rows, size_t to, int32_t dtype, const Passage &passage,
              const Take &take) const;
  Status makePictures(std::span<const uint32_t> rows, size_t to, int32_t dtype,
                      const Passage &passage, const Take &take) const;
  Status convert(Numbers &numbers, std::vector<ElementStage> &stages, int32_t dtype) const;
  Result<ElementStage> normalising(const std::vector<int64_t> &shape, size_t stage,
                                   const FittedField &known) const;
  Status apply(Numbers &numbers, const NumberStage &stage, const Passage &passage) const;
  std::string placeOf(uint32_t row, const ColumnWorld &world) const;
  Status checkShape(const std::vector<int64_t> &extents) const;
  std::vector<int32_t> byFrequency(std::span<const uint32_t> rows) const;
  Status finishNumbers(const ColumnWorld &world);
  Status finishWords();
  Status finishClasses();
  Status setShape(const ColumnWorld &world);
  void writeIds(size_t row, int32_t dtype, uint8_t *destination) const;
  std::vector<int64_t> idsShape() const;

  struct StringHash {
    using is_transparent = void;
    size_t operator()(std::string_view text) const { return std::hash<std::string_view>{}(text); }
  };

  FieldPlan recipe;
  const StageFunctions *functions = nullptr;
  FittedField learnt;
  bool described = false;
  std::vector<SourceColumn> inputs;
  size_t rowCount = 0;
  std::vector<int64_t> shape;
  size_t bytesOfRow = 0;

  // Arrays and pictures are kept as they are: arrays in `numbers`.
  bool keepsCells = false;
  std::vector<PictureFile> pictures;

  // Numbers. `raw` until finish, where a stage needs more than one number at a time.
  std::vector<int64_t> cellShape;
  std::vector<double> raw;
  std::vector<uint8_t> numbers; ///< what enters the batch's stages, of `storedDtype`
  std::vector<int64_t> storedShape;
  int32_t storedDtype = 0;

  // Words and Classes. Until finish ids are those of `dictionary`, by first appearance.
  std::unordered_map<std::string, int32_t, StringHash, std::equal_to<>> dictionary;
  std::vector<RowPlace> firstPlaces; // of each id, listed classes only
  std::vector<int32_t> ids;
  std::vector<uint64_t> ends; // Words: one past each row's last id
  int64_t listedClasses = 0;
};

} // namespace tenon::data
