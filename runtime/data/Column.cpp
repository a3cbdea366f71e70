#include "runtime/data/Column.h"

#include "runtime/core/abi.h"
#include "runtime/data/Text.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstring>
#include <numeric>
#include <xxhash.h>

namespace tenon::data {

namespace {

constexpr double kExactIntegers = 9007199254740992.0; // 2^53

std::string_view trimmed(std::string_view text) {
  size_t begin = text.find_first_not_of(" \t");
  if (begin == std::string_view::npos)
    return {};
  return text.substr(begin, text.find_last_not_of(" \t") - begin + 1);
}

std::optional<double> parseNumber(std::string_view text) {
  if (text.starts_with('+') && text.size() > 1 && text[1] != '-')
    text.remove_prefix(1);
  double value = 0;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || !std::isfinite(value))
    return std::nullopt;
  return value;
}

std::optional<bool> parseTruth(std::string_view text) {
  std::string folded = foldText(text);
  if (folded == "true" || folded == "1")
    return true;
  if (folded == "false" || folded == "0")
    return false;
  return std::nullopt;
}

/// Whether `value` can be written as `dtype` without change (reals: without overflow).
bool fits(double value, int32_t dtype) {
  switch (dtype) {
  case TENON_F64:
    return std::isfinite(value);
  case TENON_F32:
    return std::isfinite(float(value));
  case TENON_BOOL:
    return value == 0 || value == 1;
  case TENON_I8:
    return value == std::floor(value) && value >= -128 && value <= 127;
  case TENON_U8:
    return value == std::floor(value) && value >= 0 && value <= 255;
  case TENON_I32:
    return value == std::floor(value) && value >= INT32_MIN && value <= INT32_MAX;
  case TENON_I64:
    return value == std::floor(value) && std::fabs(value) <= kExactIntegers;
  default:
    return false;
  }
}

template <typename T> void store(double value, uint8_t *at) {
  T converted = T(value);
  memcpy(at, &converted, sizeof converted);
}

/// `value` fits.
void storeNumber(double value, int32_t dtype, uint8_t *at) {
  switch (dtype) {
  case TENON_F64:
    return store<double>(value, at);
  case TENON_F32:
    return store<float>(value, at);
  case TENON_I64:
    return store<int64_t>(value, at);
  case TENON_I32:
    return store<int32_t>(value, at);
  case TENON_I8:
    return store<int8_t>(value, at);
  default:
    return store<uint8_t>(value, at);
  }
}

std::string quoted(const std::string &text) {
  constexpr size_t kShown = 40;
  if (text.size() <= kShown)
    return "\"" + text + "\"";
  size_t end = kShown;
  while (end > 0 && (text[end] & 0xC0) == 0x80)
    --end;
  return "\"" + text.substr(0, end) + "…\"";
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
// Fitting
//===----------------------------------------------------------------------===//

FittedField Column::fitNumbers(std::span<const uint32_t> rows) const {
  // Stage by stage, since a stage sees what the one before made: `values` are the training rows'.
  FittedField fitted{recipe.name, {}, {}, {}, rangeNames};
  std::vector<double> values(rows.size());
  for (size_t column = 0; column < width; ++column) {
    for (size_t i = 0; i < rows.size(); ++i)
      values[i] = raw[rows[i] * width + column];
    bool reached = false;
    for (const NumberStage &stage : recipe.numberStages) {
      reached |= stage.normalise;
      if (!reached)
        continue; // applied when the row was read
      double factor = stage.factor, offset = stage.offset;
      if (stage.normalise) {
        double mean = 0, squares = 0;
        for (double value : values)
          mean += value;
        mean /= double(values.size());
        for (double value : values)
          squares += (value - mean) * (value - mean);
        double deviation = std::sqrt(squares / double(values.size()));
        if (!(deviation > 0))
          deviation = 1;
        fitted.mean.push_back(mean);
        fitted.deviation.push_back(deviation);
        for (double &value : values)
          value = (value - mean) / deviation;
      } else {
        for (double &value : values)
          value = value * factor + offset;
      }
    }
  }
  return fitted;
}

/// The dictionary's ids that occur in these rows, the most frequent first.
std::vector<int32_t> Column::byFrequency(std::span<const uint32_t> rows) const {
  std::vector<uint64_t> counts(dictionary.size());
  for (uint32_t row : rows) {
    size_t begin = ends.empty() ? row : row == 0 ? 0 : ends[row - 1];
    size_t end = ends.empty() ? row + 1 : ends[row];
    for (size_t i = begin; i < end; ++i)
      ++counts[size_t(ids[i])];
  }
  std::vector<int32_t> order(dictionary.size());
  std::iota(order.begin(), order.end(), 0);
  std::erase_if(order, [&](int32_t id) { return counts[size_t(id)] == 0; });
  std::sort(order.begin(), order.end(), [&](int32_t a, int32_t b) {
    uint64_t first = counts[size_t(a)], second = counts[size_t(b)];
    return first != second ? first > second : a < b;
  });
  return order;
}

Result<FittedField> Column::fit(std::span<const uint32_t> rows) const {
  if (recipe.form == FieldPlan::Form::Numbers)
    return recipe.isFitted() ? fitNumbers(rows) : FittedField{recipe.name, {}, {}, {}, rangeNames};
  FittedField fitted{recipe.name, {}, {}, {}, rangeNames};
  if (!recipe.isFitted())
    return fitted;
  std::vector<const std::string *> texts(dictionary.size());
  for (const auto &[text, id] : dictionary)
    texts[size_t(id)] = &text;
  std::vector<int32_t> order = byFrequency(rows);
  if (recipe.form == FieldPlan::Form::Words)
    order.resize(std::min(order.size(), size_t(recipe.vocabulary - recipe.firstWord())));
  else if (recipe.classing == FieldPlan::Classing::Category)
    order.resize(std::min(order.size(), size_t(recipe.classes - 1)));
  for (int32_t id : order)
    fitted.words.push_back(*texts[size_t(id)]);
  if (recipe.form == FieldPlan::Form::Words && fitted.words.empty())
    return Failure{"no text of the training split has a word in `" + recipe.columns[0] + "`",
                   recipe.place, ""};
  if (recipe.form == FieldPlan::Form::Classes && recipe.classing == FieldPlan::Classing::Listed) {
    auto isNumber = [](const std::string &text) { return parseNumber(text).has_value(); };
    if (std::all_of(fitted.words.begin(), fitted.words.end(), isNumber))
      std::sort(fitted.words.begin(), fitted.words.end(),
                [](const std::string &a, const std::string &b) {
                  double x = *parseNumber(a), y = *parseNumber(b);
                  return x != y ? x < y : a < b;
                });
    else
      std::sort(fitted.words.begin(), fitted.words.end());
  }
  return fitted;
}

//===----------------------------------------------------------------------===//
// Finishing
//===----------------------------------------------------------------------===//

Status Column::finishNumbers(const FittedField &fitted) {
  if (!recipe.isFitted())
    return {};
  size_t stages = 0;
  for (const NumberStage &stage : recipe.numberStages)
    stages += stage.normalise;
  if (fitted.mean.size() != stages * width || fitted.deviation.size() != stages * width)
    return Failure{"`" + recipe.name + "` was fitted with another number of columns or stages",
                   recipe.place, ""};
  size_t element = size_t(tenon_dtype_bytes(recipe.dtype));
  numbers.resize(raw.size() * element);
  for (size_t i = 0; i < raw.size(); ++i) {
    double value = raw[i];
    size_t at = i % width * stages;
    bool reached = false;
    for (const NumberStage &stage : recipe.numberStages) {
      reached |= stage.normalise;
      if (stage.normalise) {
        value = (value - fitted.mean[at]) / fitted.deviation[at];
        ++at;
      } else if (reached) {
        value = value * stage.factor + stage.offset;
      }
    }
    storeNumber(value, recipe.dtype, &numbers[i * element]);
  }
  raw = {};
  return {};
}

Status Column::finishWords(const FittedField &fitted) {
  std::vector<int32_t> final(dictionary.size(), kUnknownId);
  for (size_t i = 0; i < fitted.words.size(); ++i)
    if (auto found = dictionary.find(fitted.words[i]); found != dictionary.end())
      final[size_t(found->second)] = recipe.firstWord() + int32_t(i);
  for (int32_t &id : ids)
    id = final[size_t(id)];
  if (recipe.firstWord() + int64_t(fitted.words.size()) > recipe.vocabulary)
    return Failure{"`" + recipe.name + "` was fitted with a larger vocabulary", recipe.place, ""};
  return {};
}

Status Column::finishClasses(const FittedField &fitted) {
  if (recipe.classing == FieldPlan::Classing::Hash)
    return {};
  bool listed = recipe.classing == FieldPlan::Classing::Listed;
  listedClasses = int64_t(fitted.words.size());
  std::vector<int32_t> final(dictionary.size(), listed ? -1 : 0);
  for (size_t i = 0; i < fitted.words.size(); ++i)
    if (auto found = dictionary.find(fitted.words[i]); found != dictionary.end())
      final[size_t(found->second)] = int32_t(i) + (listed ? 0 : 1);
  if (auto bad = std::find(final.begin(), final.end(), -1); bad != final.end()) {
    const FirstPlace &first = firstPlaces[size_t(bad - final.begin())];
    std::string value;
    for (const auto &[text, id] : dictionary)
      if (id == bad - final.begin())
        value = text;
    return Failure{"`" + recipe.columns[0] + "` is " + quoted(value) +
                       ", a class that the training split doesn't have",
                   first.file.empty() ? "" : first.file + ":" + std::to_string(first.line),
                   "it has " + listOf(fitted.words)};
  }
  for (int32_t &id : ids)
    id = final[size_t(id)];
  if (!listed && listedClasses + 1 > recipe.classes)
    return Failure{"`" + recipe.name + "` was fitted with more categories", recipe.place, ""};
  return {};
}

Status Column::setShape() {
  switch (recipe.form) {
  case FieldPlan::Form::Numbers:
    if (recipe.columnRange)
      shape = {int64_t(width)};
    break;
  case FieldPlan::Form::Words:
    shape = {recipe.length};
    break;
  case FieldPlan::Form::Classes:
    if (recipe.oneHot)
      shape = {recipe.classing == FieldPlan::Classing::Listed ? listedClasses : recipe.classes};
    break;
  }
  bytesOfRow = size_t(tenon_dtype_bytes(recipe.dtype));
  for (size_t i = 0; i < shape.size(); ++i) {
    bytesOfRow *= size_t(shape[i]);
    const Extent &declared = recipe.dims[i];
    if (declared.extent >= 0 && declared.extent != shape[i])
      return Failure{"`" + recipe.name + "` is declared with " + std::to_string(declared.extent) +
                         " elements, but its stages give " + std::to_string(shape[i]),
                     recipe.place, ""};
  }
  return {};
}

Status Column::finish(const FittedField &fitted) {
  Status status = recipe.form == FieldPlan::Form::Numbers ? finishNumbers(fitted)
                  : recipe.form == FieldPlan::Form::Words ? finishWords(fitted)
                                                          : finishClasses(fitted);
  dictionary = {};
  firstPlaces = {};
  ids.shrink_to_fit();
  numbers.shrink_to_fit();
  return status ? setShape() : std::move(status);
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
