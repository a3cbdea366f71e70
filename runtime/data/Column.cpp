#include "runtime/data/Column.h"

#include "runtime/core/abi.h"
#include "runtime/data/Number.h"
#include "runtime/data/Text.h"

#include <algorithm>
#include <cstring>
#include <xxhash.h>

namespace tenon::data {

namespace {

std::string_view trimmed(std::string_view text) {
  size_t begin = text.find_first_not_of(" \t");
  if (begin == std::string_view::npos)
    return {};
  return text.substr(begin, text.find_last_not_of(" \t") - begin + 1);
}

std::optional<bool> parseTruth(std::string_view text) {
  std::string folded = foldText(text);
  if (folded == "true" || folded == "1")
    return true;
  if (folded == "false" || folded == "0")
    return false;
  return std::nullopt;
}

} // namespace

int32_t Column::intern(std::string_view word) {
  if (auto found = dictionary.find(word); found != dictionary.end())
    return found->second;
  int32_t id = int32_t(dictionary.size());
  dictionary.emplace(std::string(word), id);
  return id;
}

Result<double> Column::number(const std::string &cell, const std::string &name) const {
  std::string_view text = trimmed(cell);
  double value = 0;
  if (text.empty()) {
    if (!recipe.missingNumber)
      return Failure{"`" + name + "` is empty", "",
                     "fill it in, or write column(\"" + name + "\", missing = 0)"};
    value = *recipe.missingNumber;
  } else if (recipe.yes) {
    value = text == *recipe.yes;
  } else if (recipe.dtype == TENON_BOOL) {
    std::optional<bool> truth = parseTruth(text);
    if (!truth)
      return Failure{"`" + name + "` is " + quoted(cell) + ", which is neither true nor false", "",
                     "write column(\"" + name + "\", yes = \"…\") with the text that means true"};
    value = *truth;
  } else {
    std::optional<double> parsed = parseNumber(text);
    if (!parsed)
      return Failure{"`" + name + "` is " + quoted(cell) + ", which is no number", "", ""};
    value = *parsed;
  }
  for (const NumberStage &stage : recipe.numberStages) {
    if (stage.normalise)
      return value;
    value = value * stage.factor + stage.offset;
  }
  if (!fits(value, recipe.dtype))
    return Failure{"`" + name + "` is " + quoted(cell) + ", which " +
                       tenon_dtype_name(recipe.dtype) + " can't hold",
                   "", ""};
  return value;
}

Status Column::appendNumber(const std::string &cell, const std::string &name) {
  Result<double> value = number(cell, name);
  if (!value)
    return value.takeFailure();
  if (recipe.isFitted()) {
    raw.push_back(*value);
    return {};
  }
  size_t element = size_t(tenon_dtype_bytes(recipe.dtype));
  numbers.resize(numbers.size() + element);
  storeNumber(*value, recipe.dtype, &numbers[numbers.size() - element]);
  return {};
}

Status Column::append(std::span<const std::string *const> cells, std::span<const std::string> names,
                      const std::string &file, int64_t line) {
  auto placed = [&](Failure failure) {
    failure.place = file.empty() ? "" : file + ":" + std::to_string(line);
    return failure;
  };
  if (recipe.form == FieldPlan::Form::Numbers) {
    width = cells.size();
    if (rowCount == 0 && recipe.columnRange)
      rangeNames.assign(names.begin(), names.end());
    for (size_t i = 0; i < cells.size(); ++i)
      if (Status status = appendNumber(*cells[i], names[i]); !status)
        return placed(status.takeFailure());
    ++rowCount;
    return {};
  }
  const std::string *cell = cells[0];
  if (cell->empty() && recipe.missingText)
    cell = &*recipe.missingText;
  if (recipe.form == FieldPlan::Form::Words) {
    forEachWord(*cell, [&](std::string_view word) { ids.push_back(intern(word)); });
    ends.push_back(ids.size());
  } else if (recipe.classing == FieldPlan::Classing::Hash) {
    ids.push_back(int32_t(XXH3_64bits(cell->data(), cell->size()) % uint64_t(recipe.classes)));
  } else {
    if (cell->empty() && !recipe.missingText)
      return placed({"`" + names[0] + "` is empty", "",
                     "fill it in, or write column(\"" + names[0] + "\", missing = \"none\")"});
    int32_t id = intern(*cell);
    if (recipe.classing == FieldPlan::Classing::Listed && size_t(id) == firstPlaces.size())
      firstPlaces.push_back({file, line});
    ids.push_back(id);
  }
  ++rowCount;
  return {};
}

//===----------------------------------------------------------------------===//
// Reading
//===----------------------------------------------------------------------===//

namespace {

/// Element i of `dtype` memory; i32 and i64 for ids, any for a one-hot row.
void storeAt(void *memory, size_t i, double value, int32_t dtype) {
  storeNumber(value, dtype, static_cast<uint8_t *>(memory) + i * size_t(tenon_dtype_bytes(dtype)));
}

} // namespace

void Column::copyRow(size_t row, void *destination) const {
  if (recipe.form == FieldPlan::Form::Numbers) {
    memcpy(destination, &numbers[row * bytesOfRow], bytesOfRow);
    return;
  }
  if (recipe.form == FieldPlan::Form::Classes) {
    if (!recipe.oneHot)
      return storeAt(destination, 0, ids[row], recipe.dtype);
    memset(destination, 0, bytesOfRow);
    storeAt(destination, size_t(ids[row]), 1, recipe.dtype);
    return;
  }
  size_t begin = row == 0 ? 0 : ends[row - 1], marks = recipe.ends ? 2 : 0;
  size_t full = ends[row] - begin + marks, length = size_t(recipe.length);
  auto idAt = [&](size_t i) { // of the whole text, marks included
    if (!recipe.ends)
      return ids[begin + i];
    return i == 0 ? kStartId : i + 1 == full ? kEndId : ids[begin + i - 1];
  };
  size_t kept = std::min(full, length);
  size_t skip = recipe.padLeft ? full - kept : 0, shift = recipe.padLeft ? length - kept : 0;
  memset(destination, 0, bytesOfRow);
  static_assert(kPaddingId == 0);
  for (size_t i = 0; i < kept; ++i)
    storeAt(destination, shift + i, idAt(skip + i), recipe.dtype);
}

bool Column::hasKnownWord(size_t row) const {
  size_t begin = row == 0 ? 0 : ends[row - 1];
  return std::any_of(ids.begin() + int64_t(begin), ids.begin() + int64_t(ends[row]),
                     [](int32_t id) { return id != kUnknownId; });
}

} // namespace tenon::data
