#include "runtime/data/RawRows.h"

#include "runtime/core/abi.h"
#include "runtime/data/Sources.h"
#include "runtime/data/Text.h"

#include <algorithm>
#include <filesystem>

namespace tenon::data {

Cell RawRows::RawColumn::cell(size_t row) const {
  if (kind.kind == SourceColumn::Kind::Text)
    return {.text = &texts[row]};
  return {.elements = elements.data() + row * bytesOfRow()};
}

size_t RawRows::RawColumn::bytesOfRow() const {
  size_t bytes = size_t(tenon_dtype_bytes(kind.dtype));
  for (int64_t extent : kind.dims)
    bytes *= size_t(extent);
  return bytes;
}

size_t RawRows::placeOf(const std::string &column) const {
  auto found = std::find_if(columns.begin(), columns.end(),
                            [&](const RawColumn &c) { return c.kind.name == column; });
  return size_t(found - columns.begin());
}

static Failure givenTwice(const std::string &column) {
  return {"`" + column + "` is given twice", "", "one array holds all rows"};
}

Status RawRows::addText(const std::string &column, std::string text) {
  if (!has(column))
    columns.push_back({{column}, {}, {}, 0});
  RawColumn &texts = columns[placeOf(column)];
  if (texts.kind.kind != SourceColumn::Kind::Text)
    return givenTwice(column);
  texts.texts.push_back(std::move(text));
  ++texts.rows;
  return {};
}

Status RawRows::addArray(const std::string &column, Array array) {
  if (has(column))
    return givenTwice(column);
  if (array.dims.empty())
    return Failure{"`" + column +
                       "` is one number, and each element of an array's first axis is a "
                       "row",
                   "", ""};
  SourceColumn kind{
      column, SourceColumn::Kind::Array, array.dtype, {array.dims.begin() + 1, array.dims.end()}};
  columns.push_back({std::move(kind), {}, std::move(array.bytes), size_t(array.dims[0])});
  return {};
}

Result<RawRows> RawRows::readFile(const std::string &path) {
  std::string extension = std::filesystem::path(path).extension().string();
  if (extension != ".csv" && extension != ".npz")
    return Failure{"rows are read from .csv and .npz files, and this is `" + path + "`", "", ""};
  Source source;
  source.kind = extension.substr(1);
  source.path = path;
  RawRows rows;
  Result<SourceSummary> summary = readSource(
      source, "",
      [&](const std::vector<SourceColumn> &columns) -> Status {
        for (const SourceColumn &column : columns)
          rows.columns.push_back({column, {}, {}, 0});
        return {};
      },
      [&](const SourceRow &row) -> Status {
        rows.places.push_back(row.place);
        for (size_t i = 0; i < row.cells.size(); ++i) {
          RawColumn &column = rows.columns[i];
          ++column.rows;
          if (column.kind.kind == SourceColumn::Kind::Text) {
            column.texts.push_back(*row.cells[i].text);
            continue;
          }
          column.elements.insert(column.elements.end(), row.cells[i].elements,
                                 row.cells[i].elements + column.bytesOfRow());
        }
        return {};
      });
  if (!summary)
    return summary.takeFailure();
  return rows;
}

Result<size_t> RawRows::count() const {
  for (const RawColumn &column : columns)
    if (column.rows != columns[0].rows)
      return Failure{"`" + columns[0].kind.name + "` has " + std::to_string(columns[0].rows) +
                         " rows, and `" + column.kind.name + "` " + std::to_string(column.rows),
                     "", ""};
  if (columns.empty() || columns[0].rows == 0)
    return Failure{"there are no rows", "", ""};
  return columns[0].rows;
}

std::vector<std::string> rawColumns(const Field &field, const Fitted &fitted) {
  const FittedField *learnt = fitted.find(field.name);
  return field.columns.size() == 2 && learnt ? learnt->columns : field.columns;
}

Result<Column> encodeRows(const Field &field, const Fitted &fitted, const RawRows &rows,
                          const StageFunctions *functions) {
  Result<FieldPlan> plan = planField(field);
  if (!plan)
    return plan.takeFailure();
  const FittedField *learnt = fitted.find(field.name);
  if (!learnt && (plan->isFitted() || plan->columnRange))
    return Failure{"the checkpoint knows nothing of the field `" + field.name + "`", field.place,
                   "train again"};
  Column column(std::move(*plan));
  std::vector<const RawRows::RawColumn *> given;
  std::vector<SourceColumn> described;
  for (const std::string &name : rawColumns(field, fitted)) {
    if (!rows.has(name))
      return Failure{"`" + name + "` is not given", "", name + "=…"};
    given.push_back(&rows.columns[rows.placeOf(name)]);
    described.push_back(given.back()->kind);
    // The text for a picture is its file's name.
    if (field.picture && given.back()->kind.kind == SourceColumn::Kind::Text)
      described.back() = {name, SourceColumn::Kind::Picture, TENON_U8};
  }
  Result<size_t> count = rows.count();
  if (!count)
    return count.takeFailure();
  if (Status status = column.describe(described); !status)
    return status.takeFailure();
  auto placeOf = [&](size_t row) {
    return row < rows.places.size() ? rows.places[row] : RowPlace();
  };
  std::vector<Cell> cells;
  PictureFile picture;
  for (size_t row = 0; row < *count; ++row) {
    cells.clear();
    for (const RawRows::RawColumn *of : given) {
      cells.push_back(of->cell(row));
      if (!cells.back().text)
        continue;
      if (field.picture) {
        Result<PictureFile> looked = lookAtPicture(of->texts[row]);
        if (!looked)
          return looked.takeFailure();
        picture = std::move(*looked);
        cells.back() = {.picture = &picture};
      } else if (findInvalidUtf8(of->texts[row])) {
        return Failure{"`" + of->kind.name + "` is not UTF-8", placeOf(row).str(), ""};
      }
    }
    if (Status status = column.append(cells, placeOf(row)); !status)
      return status.takeFailure();
  }
  if (Status status = column.finish(learnt ? *learnt : FittedField{}, {functions, {}}); !status)
    return status.takeFailure();
  // A file's rows are many, and one that says nothing is no reason to refuse all.
  if (column.plan().form == FieldPlan::Form::Words && rows.places.empty())
    for (size_t row = 0; row < column.rows(); ++row)
      if (!column.hasKnownWord(row))
        return Failure{"no word of \"" + given[0]->texts[row] + "\" was seen in training", "",
                       "the vocabulary has " + std::to_string(learnt->words.size()) +
                           " words of the training split"};
  return column;
}

} // namespace tenon::data
