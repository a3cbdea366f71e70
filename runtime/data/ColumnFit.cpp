// What a column learns from the training split, and how its rows take their final form.
#include "runtime/core/abi.h"
#include "runtime/data/Column.h"
#include "runtime/data/Number.h"
#include "runtime/data/Text.h"

#include <algorithm>
#include <cmath>
#include <numeric>

namespace tenon::data {

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

} // namespace tenon::data
