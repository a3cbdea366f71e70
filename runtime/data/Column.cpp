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

std::string typeOf(int32_t dtype, const std::vector<int64_t> &dims) {
  std::string text = tenon_dtype_name(dtype);
  for (size_t i = 0; i < dims.size(); ++i)
    text += (i ? ", " : "[") + std::to_string(dims[i]);
  return dims.empty() ? text : text + "]";
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

Status Column::describe(std::span<const SourceColumn> columns) {
  auto fail = [&](const std::string &what, const std::string &help) {
    return Failure{"`" + recipe.name + "` " + what, recipe.place, help};
  };
  using Kind = SourceColumn::Kind;
  auto kindOf = [](const SourceColumn &column) {
    return column.kind == Kind::Text      ? std::string("text")
           : column.kind == Kind::Picture ? std::string("a picture")
                                          : "an array " + typeOf(column.dtype, column.dims);
  };
  if (described) {
    for (size_t i = 0; i < inputs.size(); ++i)
      if (columns.size() != inputs.size() || columns[i].kind != inputs[i].kind ||
          columns[i].dims != inputs[i].dims || columns[i].dtype != inputs[i].dtype)
        return fail("is made of one kind of data in one source and of another in the next: `" +
                        inputs[i].name + "` is " + kindOf(inputs[i]),
                    "");
    return {};
  }
  described = true;
  inputs.assign(columns.begin(), columns.end());
  for (const SourceColumn &column : columns) {
    if ((column.kind == Kind::Picture) != isPicture())
      return fail(isPicture()
                      ? "is made of pictures, and `" + column.name + "` is " + kindOf(column)
                      : "can't be made of the picture `" + column.name + "`",
                  "");
    if (column.kind != Kind::Array)
      continue;
    if (recipe.form == FieldPlan::Form::Words)
      return fail("is tokenized, and `" + column.name + "` is " + kindOf(column), "");
    bool several = columns.size() > 1 || recipe.form == FieldPlan::Form::Classes;
    if (several && !column.dims.empty())
      return fail("takes one value of a row, and `" + column.name + "` is " + kindOf(column), "");
    if (recipe.form == FieldPlan::Form::Classes && column.dtype >= TENON_F16)
      return fail("is made of classes, and `" + column.name + "` is " + kindOf(column), "");
  }
  cellShape = recipe.columnRange ? std::vector<int64_t>{int64_t(columns.size())} : columns[0].dims;
  keepsCells = isPicture() || (!recipe.columnRange && !columns[0].dims.empty() &&
                               recipe.form == FieldPlan::Form::Numbers);
  if (keepsCells) {
    storedDtype = columns[0].dtype;
    storedShape = columns[0].dims;
  }
  if (keepsCells && !isPicture()) {
    Result<std::optional<std::vector<int64_t>>> made = recipe.shapeOf(cellShape);
    if (!made)
      return made.takeFailure();
    if (*made)
      if (Status status = checkShape(**made); !status)
        return status;
  }
  if (!recipe.hashSizes.empty() && recipe.hashSizes.size() != columns.size())
    return fail("has " + std::to_string(columns.size()) + " columns, and `hash` " +
                    std::to_string(recipe.hashSizes.size()) + " numbers of ids",
                "");
  return {};
}

Result<double> Column::number(const std::string &cell, const std::string &name) const {
  std::string_view text = trimmed(cell);
  if (text.empty()) {
    if (!recipe.missingNumber)
      return Failure{"`" + name + "` is empty", "",
                     "fill it in, or write column(\"" + name + "\", missing = 0)"};
    return *recipe.missingNumber;
  }
  if (recipe.yes)
    return double(text == *recipe.yes);
  if (recipe.dtype == TENON_BOOL) {
    std::optional<bool> truth = parseTruth(text);
    if (!truth)
      return Failure{"`" + name + "` is " + quoted(cell) + ", which is neither true nor false", "",
                     "write column(\"" + name + "\", yes = \"…\") with the text that means true"};
    return double(*truth);
  }
  std::optional<double> parsed = parseNumber(text);
  if (!parsed)
    return Failure{"`" + name + "` is " + quoted(cell) + ", which is no number", "",
                   "a text becomes numbers by `category`, `one_hot`, `tokenize` or `hash`"};
  return *parsed;
}

/// Keeps a number that a cell holds, after those stages that need no other numbers.
Status Column::store(double value, const std::string &shown, const std::string &name) {
  size_t whole = recipe.firstOfWhole();
  for (size_t i = 0; i < whole; ++i) {
    const NumberStage &stage = recipe.numberStages[i];
    value = stage.of(value);
  }
  if (whole < recipe.numberStages.size()) {
    raw.push_back(value);
    return {};
  }
  if (!fits(value, recipe.dtype))
    return Failure{"`" + name + "` is " + shown + ", which " + tenon_dtype_name(recipe.dtype) +
                       " can't hold",
                   "", ""};
  size_t element = size_t(tenon_dtype_bytes(recipe.dtype));
  numbers.resize(numbers.size() + element);
  storeNumber(value, recipe.dtype, &numbers[numbers.size() - element]);
  return {};
}

Status Column::appendNumbers(const Cell &cell, size_t at) {
  const SourceColumn &column = inputs[at];
  if (column.kind == SourceColumn::Kind::Text) {
    Result<double> value = number(*cell.text, column.name);
    return value ? store(*value, quoted(*cell.text), column.name) : Status(value.takeFailure());
  }
  if (keepsCells)
    return appendArray(cell.elements);
  std::optional<double> value = loadNumber(cell.elements, column.dtype);
  if (!value)
    return Failure{"`" + column.name + "` has a whole number beyond 2^53", "", ""};
  return store(*value, shownNumber(*value), column.name);
}

/// Keeps an array as it is. What it becomes is looked at where that needs this row alone.
Status Column::appendArray(const uint8_t *elements) {
  const SourceColumn &column = inputs[0];
  size_t bytes = size_t(tenon_dtype_bytes(column.dtype)), count = 1;
  for (int64_t extent : column.dims)
    count *= size_t(extent);
  numbers.insert(numbers.end(), elements, elements + count * bytes);
  bool small = column.dtype == TENON_BOOL || column.dtype == TENON_I8 || column.dtype == TENON_U8 ||
               column.dtype == TENON_I32;
  bool real = recipe.dtype == TENON_F32 || recipe.dtype == TENON_F64;
  if (small && real)
    return {}; // anything fits
  size_t whole = recipe.firstOfWhole();
  std::vector<ElementStage> stages;
  for (size_t i = 0; i < whole; ++i)
    stages.push_back(recipe.numberStages[i].ofElements());
  // What other stages make of it is looked at by those who make it.
  bool last = whole == recipe.numberStages.size();
  std::vector<uint8_t> made(count * sizeof(double));
  int32_t dtype = last ? recipe.dtype : TENON_F64;
  std::optional<UnfitElement> unfit =
      convertElements(elements, column.dtype, count, stages, made.data(), dtype);
  if (!unfit)
    return {};
  if (column.dtype == TENON_I64 && !loadNumber(elements + unfit->at * bytes, column.dtype))
    return Failure{"`" + column.name + "` has a whole number beyond 2^53", "", ""};
  return Failure{"`" + column.name + "` is " +
                     shownNumber(*loadNumber(elements + unfit->at * bytes, column.dtype)) +
                     ", which " + tenon_dtype_name(dtype) + " can't hold",
                 "", ""};
}

Status Column::appendPicture(const PictureFile &picture) {
  pictures.push_back(picture);
  int64_t height = (*recipe.picture)[0], width = (*recipe.picture)[1];
  if ((height < 0 || width < 0) && recipe.takesAnySize())
    return {};
  height = height < 0 ? pictures[0].height : height;
  width = width < 0 ? pictures[0].width : width;
  if (picture.height == height && picture.width == width)
    return {};
  std::string size = std::to_string(height) + ", " + std::to_string(width);
  return Failure{"the picture is " + std::to_string(picture.width) + "×" +
                     std::to_string(picture.height) + ", and `" + recipe.name + "` takes " +
                     std::to_string(width) + "×" + std::to_string(height),
                 "", "bring all to one size: `|> resize(" + size + ")`"};
}

Status Column::append(std::span<const Cell> cells, const RowPlace &place) {
  auto placed = [&](Failure failure) {
    failure.place = place.str();
    return failure;
  };
  if (recipe.form == FieldPlan::Form::Numbers) {
    for (size_t i = 0; i < cells.size(); ++i) {
      Status status = isPicture() ? appendPicture(*cells[i].picture) : appendNumbers(cells[i], i);
      if (!status)
        return placed(status.takeFailure());
    }
    ++rowCount;
    return {};
  }
  for (size_t i = 0; i < cells.size(); ++i) {
    std::string printed;
    const std::string *cell = cells[i].text;
    if (!cell) {
      printed = shownNumber(loadNumber(cells[i].elements, inputs[i].dtype).value_or(0));
      cell = &printed;
    }
    if (cell->empty() && recipe.missingText)
      cell = &*recipe.missingText;
    if (recipe.form == FieldPlan::Form::Words) {
      forEachWord(*cell, [&](std::string_view word) { ids.push_back(intern(word)); });
      ends.push_back(ids.size());
    } else if (recipe.classing == FieldPlan::Classing::Hash) {
      int64_t size = recipe.hashSizes.empty() ? recipe.classes : recipe.hashSizes[i];
      ids.push_back(int32_t(XXH3_64bits(cell->data(), cell->size()) % uint64_t(size)));
    } else {
      if (cell->empty() && !recipe.missingText)
        return placed(
            {"`" + inputs[i].name + "` is empty", "",
             "fill it in, or write column(\"" + inputs[i].name + "\", missing = \"none\")"});
      int32_t id = intern(*cell);
      if (recipe.classing == FieldPlan::Classing::Listed && size_t(id) == firstPlaces.size())
        firstPlaces.push_back(place);
      ids.push_back(id);
    }
  }
  ++rowCount;
  return {};
}

//===----------------------------------------------------------------------===//
// Reading
//===----------------------------------------------------------------------===//

/// Element i of `dtype` memory; i32 and i64 for ids, any for a one-hot row.
static void storeAt(void *memory, size_t i, double value, int32_t dtype) {
  storeNumber(value, dtype, static_cast<uint8_t *>(memory) + i * size_t(tenon_dtype_bytes(dtype)));
}

/// The ids of a row, or its class as a row of zeros and a one.
void Column::writeIds(size_t row, int32_t dtype, uint8_t *destination) const {
  if (recipe.form == FieldPlan::Form::Classes) {
    size_t width = recipe.columnRange ? size_t(cellShape[0]) : 1;
    if (!recipe.oneHot) {
      for (size_t i = 0; i < width; ++i)
        storeAt(destination, i, ids[row * width + i], dtype);
      return;
    }
    memset(destination, 0, size_t(idsShape()[0]) * size_t(tenon_dtype_bytes(dtype)));
    storeAt(destination, size_t(ids[row]), 1, dtype);
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
  memset(destination, 0, length * size_t(tenon_dtype_bytes(dtype)));
  static_assert(kPaddingId == 0);
  for (size_t i = 0; i < kept; ++i)
    storeAt(destination, shift + i, idAt(skip + i), dtype);
}

Status Column::copyRows(std::span<const uint32_t> rows, const Draws &draws,
                        uint8_t *destination) const {
  size_t stages = recipe.numberStages.size();
  bool isNumbers = recipe.form == FieldPlan::Form::Numbers;
  if (firstOfBatch() == stages && (!isNumbers || (storedDtype == recipe.dtype && !isPicture()))) {
    for (size_t i = 0; i < rows.size(); ++i, destination += bytesOfRow)
      if (isNumbers)
        memcpy(destination, &numbers[rows[i] * bytesOfRow], bytesOfRow);
      else
        writeIds(rows[i], recipe.dtype, destination);
    return {};
  }
  ColumnWorld world{functions, {}};
  return make(rows, stages, recipe.dtype, {draws, world, learnt}, [&](Numbers &&made) -> Status {
    if (made.shape != shape)
      return Failure{"`" + recipe.name + "` has rows of different shapes",
                     placeOf(made.rows[0], world), ""};
    memcpy(destination, made.bytes.data(), made.bytes.size());
    destination += made.bytes.size();
    return {};
  });
}

bool Column::hasKnownWord(size_t row) const {
  size_t begin = row == 0 ? 0 : ends[row - 1];
  return std::any_of(ids.begin() + int64_t(begin), ids.begin() + int64_t(ends[row]),
                     [](int32_t id) { return id != kUnknownId; });
}

} // namespace tenon::data
