//===- InspectData.cpp - tenon inspect --data: what a model gets to see ---===//
#include "tools/tenon/InspectData.h"

#include "runtime/core/abi.h"
#include "runtime/data/BatchStream.h"
#include "runtime/data/Number.h"
#include "runtime/data/Text.h"
#include "runtime/data/picture/Picture.h"
#include "tools/tenon/Sessions.h"

#include <algorithm>
#include <cmath>

using namespace tenon;
using namespace tenon::tool;

namespace {

constexpr int64_t kGap = 2;         ///< white pixels between pictures
constexpr int64_t kLeastSide = 96;  ///< smaller pictures are shown larger, by a whole factor
constexpr size_t kShownNumbers = 8; ///< of one value, as text

/// One field of the rows that are shown.
struct Shown {
  const data::FieldBatch &values;
  const data::FieldPlan &plan;
  const data::FittedField *learnt;

  size_t width() const {
    size_t count = 1;
    for (size_t i = 1; i < values.dims.size(); ++i)
      count *= size_t(values.dims[i]);
    return count;
  }
  double at(size_t row, size_t i) const {
    size_t element = size_t(tenon_dtype_bytes(values.dtype));
    return data::loadNumber(values.bytes.data() + (row * width() + i) * element, values.dtype)
        .value_or(NAN);
  }
  /// Height and width of more than one pixel, and perhaps one or three channels.
  bool isPicture() const {
    const std::vector<int64_t> &dims = values.dims;
    bool flat = dims.size() == 3;
    return (flat || (dims.size() == 4 && (dims[3] == 1 || dims[3] == 3))) && dims[1] > 1 &&
           dims[2] > 1;
  }
};

/// The word that an id stands for, the class that a row of zeros and a one does, or the numbers.
std::string textOf(const Shown &shown, size_t row) {
  using Form = data::FieldPlan::Form;
  using Classing = data::FieldPlan::Classing;
  const data::FieldPlan &plan = shown.plan;
  bool listed = plan.classing == Classing::Listed;
  auto word = [&](int64_t place) {
    bool known = shown.learnt && place >= 0 && place < int64_t(shown.learnt->words.size());
    return known ? shown.learnt->words[size_t(place)] : std::string("<unknown>");
  };
  bool plain = plan.numberStages.empty();
  if (plain && plan.form == Form::Classes && plan.classing != Classing::Hash && !plan.columnRange) {
    size_t id = 0;
    if (plan.oneHot)
      while (id + 1 < shown.width() && shown.at(row, id) != 1)
        ++id;
    else
      id = size_t(shown.at(row, 0));
    return word(int64_t(id) - (listed ? 0 : 1));
  }
  std::string text;
  if (plain && plan.form == Form::Words) {
    for (size_t i = 0; i < shown.width(); ++i)
      if (auto id = int64_t(shown.at(row, i)); id >= plan.firstWord() || id == data::kUnknownId)
        text += (text.empty() ? "" : " ") + word(id - plan.firstWord());
    return text;
  }
  for (size_t i = 0; i < std::min(shown.width(), kShownNumbers); ++i) {
    char number[32];
    snprintf(number, sizeof number, "%.5g", shown.at(row, i));
    text += (i ? " " : "") + std::string(number);
  }
  return text + (shown.width() > kShownNumbers ? " ..." : "");
}

/// The pictures of all rows, `across` in a line.
data::Array sheetOf(const Shown &shown, size_t across, double black, double white) {
  const std::vector<int64_t> &dims = shown.values.dims;
  int64_t height = dims[1], width = dims[2], channels = dims.size() == 4 ? dims[3] : 1;
  int64_t factor = std::max<int64_t>(1, kLeastSide / std::max(height, width));
  auto columns = int64_t(across);
  int64_t lines = (dims[0] + columns - 1) / columns;
  int64_t tall = lines * (height * factor + kGap) + kGap;
  int64_t wide = columns * (width * factor + kGap) + kGap;
  data::Array sheet{TENON_U8, {tall, wide, channels}, {}};
  sheet.bytes.assign(size_t(tall * wide * channels), 255);
  for (int64_t row = 0; row < dims[0]; ++row) {
    int64_t top = kGap + row / columns * (height * factor + kGap);
    int64_t left = kGap + row % columns * (width * factor + kGap);
    for (int64_t y = 0; y < height * factor; ++y)
      for (int64_t x = 0; x < width * factor; ++x)
        for (int64_t c = 0; c < channels; ++c) {
          double value =
              shown.at(size_t(row), size_t(((y / factor) * width + x / factor) * channels + c));
          double light = std::clamp((value - black) / (white - black), 0.0, 1.0);
          sheet.bytes[size_t(((top + y) * wide + left + x) * channels + c)] =
              uint8_t(std::lround(255 * light));
        }
  }
  return sheet;
}

/// What is shown black and white: 0 and 255 of whole numbers, 0 and 1 where all lie between, else
/// the least and the largest.
std::pair<double, double> rangeOf(const Shown &shown) {
  if (shown.values.dtype == TENON_U8)
    return {0, 255};
  double least = INFINITY, most = -INFINITY;
  size_t count = size_t(shown.values.dims[0]) * shown.width();
  for (size_t i = 0; i < count; ++i) {
    double value = shown.at(0, i);
    least = std::min(least, value);
    most = std::max(most, value);
  }
  if (least >= 0 && most <= 1)
    return {0, 1};
  return {least, most > least ? most : least + 1};
}

/// Rows that lie evenly in the split, so that all classes are among them.
std::vector<uint32_t> chosen(const std::vector<uint32_t> &rows, size_t count) {
  std::vector<uint32_t> some;
  for (size_t i = 0; i < std::min(count, rows.size()); ++i)
    some.push_back(rows[i * rows.size() / std::min(count, rows.size())]);
  return some;
}

/// The classes of a sheet's pictures, in the same order and lines.
void printLegend(const std::vector<Shown> &fields, size_t across, size_t rows) {
  for (const Shown &field : fields) {
    if (field.isPicture())
      continue;
    printf("%s:\n", field.values.name.c_str());
    for (size_t row = 0; row < rows; ++row)
      printf("%s%s", row % across ? "  " : row ? "\n  " : "  ", textOf(field, row).c_str());
    printf("\n");
  }
}

int writeSheet(const Shown &field, const std::string &path, size_t across) {
  auto [black, white] = rangeOf(field);
  if (Status status = data::writePng(path, sheetOf(field, across, black, white)); !status)
    return fail(status.failure());
  printf("%s: %lld pictures, %zu in a line, in %s (%.5g is black, %.5g white)\n",
         field.values.name.c_str(), static_cast<long long>(field.values.dims[0]), across,
         path.c_str(), black, white);
  return Exit::Done;
}

/// "sheet.png" for the first field of pictures, "sheet-mask.png" for another, called `mask`.
std::string pathOf(const std::string &output, const std::string &field, bool first) {
  if (first)
    return output;
  size_t dot = output.rfind('.');
  return output.substr(0, dot) + "-" + field + (dot == std::string::npos ? "" : output.substr(dot));
}

} // namespace

int tool::inspectData(const Common &common, const DataView &view) {
  auto opened = openTraining(common, nullptr, false);
  if (!opened)
    return Exit::Failed;
  const data::Table &table = opened->table;
  for (const std::string &remark : table.remarks())
    printf("note: %s\n", remark.c_str());
  const std::vector<uint32_t> *split = table.split(view.split);
  if (!split)
    return fail("there is no split `" + view.split + "`", "it has " + data::listOf(table.splits()));
  std::vector<uint32_t> rows = chosen(*split, view.rows);
  std::vector<const data::Column *> columns;
  for (const data::Column &column : table.columns())
    columns.push_back(&column);
  data::Batch batch;
  data::fillBatch(columns, rows.data(), rows.size(), {view.split == "train", view.seed, 0}, batch);
  if (!batch.status)
    return fail(batch.status.failure());
  std::vector<Shown> fields;
  for (size_t i = 0; i < columns.size(); ++i)
    fields.push_back(
        {batch.fields[i], columns[i]->plan(), table.fitted().find(columns[i]->plan().name)});
  auto across = size_t(std::ceil(std::sqrt(double(rows.size()))));
  bool first = true;
  for (const Shown &field : fields) {
    if (!field.isPicture())
      continue;
    if (int exit = writeSheet(field, pathOf(view.output, field.values.name, first), across))
      return exit;
    first = false;
  }
  if (!first) {
    printLegend(fields, across, rows.size());
    return Exit::Done;
  }
  for (size_t row = 0; row < rows.size(); ++row) {
    printf("%s\n", table.place(rows[row]).c_str());
    for (const Shown &field : fields)
      printf("  %s = %s\n", field.values.name.c_str(), textOf(field, row).c_str());
  }
  return Exit::Done;
}
