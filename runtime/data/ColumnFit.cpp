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

Result<FittedField> Column::fitNumbers(std::span<const uint32_t> rows,
                                       const ColumnWorld &world) const {
  FittedField fitted = unfitted();
  if (!recipe.normalises())
    return fitted;
  size_t last = recipe.numberStages.size();
  while (recipe.numberStages[last - 1].kind != NumberStage::Kind::Normalise)
    --last;
  // Stage by stage, since a stage sees what the one before made. What is learnt of values that
  // vary is learnt of those without `training`.
  Numbers passing = gatherRaw(rows);
  Status status = pass(passing, recipe.firstOfWhole(), last, Draws(), world, &fitted);
  if (!status)
    return status.takeFailure();
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

FittedField Column::unfitted() const {
  FittedField fitted{recipe.name, {}, {}, {}, {}};
  if (recipe.columnRange)
    for (const SourceColumn &column : inputs)
      fitted.columns.push_back(column.name);
  return fitted;
}

Result<FittedField> Column::fit(std::span<const uint32_t> rows, const ColumnWorld &world) const {
  if (recipe.form == FieldPlan::Form::Numbers)
    return fitNumbers(rows, world);
  FittedField fitted = unfitted();
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

Status Column::finishNumbers(const ColumnWorld &world) {
  size_t whole = recipe.firstOfWhole(), batch = recipe.firstOfBatch();
  storedDtype = recipe.dtype;
  storedShape = cellShape;
  if (batch < recipe.numberStages.size()) {
    Result<int32_t> dtype = world.functions->inputDtype(recipe.numberStages[batch].entry);
    if (!dtype)
      return dtype.takeFailure();
    storedDtype = *dtype;
  }
  if (whole == recipe.numberStages.size())
    return {};
  std::vector<uint32_t> all(rowCount);
  std::iota(all.begin(), all.end(), 0u);
  Numbers passing{std::move(raw), cellShape, std::move(all)};
  raw = {};
  if (Status status = pass(passing, whole, batch, Draws(), world, nullptr); !status)
    return status;
  numbers.resize(passing.values.size() * size_t(tenon_dtype_bytes(storedDtype)));
  storedShape = passing.shape;
  return pack(passing.values, storedDtype, numbers.data());
}

Status Column::finishWords() {
  std::vector<int32_t> final(dictionary.size(), kUnknownId);
  for (size_t i = 0; i < learnt.words.size(); ++i)
    if (auto found = dictionary.find(learnt.words[i]); found != dictionary.end())
      final[size_t(found->second)] = recipe.firstWord() + int32_t(i);
  for (int32_t &id : ids)
    id = final[size_t(id)];
  if (recipe.firstWord() + int64_t(learnt.words.size()) > recipe.vocabulary)
    return Failure{"`" + recipe.name + "` was fitted with a larger vocabulary", recipe.place, ""};
  return {};
}

Status Column::finishClasses() {
  if (recipe.classing == FieldPlan::Classing::Hash)
    return {};
  bool listed = recipe.classing == FieldPlan::Classing::Listed;
  listedClasses = int64_t(learnt.words.size());
  std::vector<int32_t> final(dictionary.size(), listed ? -1 : 0);
  for (size_t i = 0; i < learnt.words.size(); ++i)
    if (auto found = dictionary.find(learnt.words[i]); found != dictionary.end())
      final[size_t(found->second)] = int32_t(i) + (listed ? 0 : 1);
  if (auto bad = std::find(final.begin(), final.end(), -1); bad != final.end()) {
    const RowPlace &first = firstPlaces[size_t(bad - final.begin())];
    std::string value;
    for (const auto &[text, id] : dictionary)
      if (id == bad - final.begin())
        value = text;
    return Failure{"`" + recipe.columns[0] + "` is " + quoted(value) +
                       ", a class that the training split doesn't have",
                   first.str(), "it has " + listOf(learnt.words)};
  }
  for (int32_t &id : ids)
    id = final[size_t(id)];
  if (!listed && listedClasses + 1 > recipe.classes)
    return Failure{"`" + recipe.name + "` was fitted with more categories", recipe.place, ""};
  return {};
}

/// The extents of a row's ids, or of its class as zeros and a one.
std::vector<int64_t> Column::idsShape() const {
  if (recipe.form == FieldPlan::Form::Words)
    return {recipe.length};
  if (recipe.oneHot)
    return {recipe.classing == FieldPlan::Classing::Listed ? listedClasses : recipe.classes};
  return recipe.columnRange ? cellShape : std::vector<int64_t>();
}

/// What the stages of a batch make of a row, tried on the first one, is what the field declares.
Status Column::setShape(const ColumnWorld &world) {
  shape = recipe.form == FieldPlan::Form::Numbers ? storedShape : idsShape();
  size_t batch = recipe.firstOfBatch();
  if (batch < recipe.numberStages.size() && rowCount > 0) {
    uint32_t first = 0;
    Numbers passing = gather(std::span(&first, 1));
    if (Status status = pass(passing, batch, recipe.numberStages.size(), Draws(), world, nullptr);
        !status)
      return status;
    shape = passing.shape;
  }
  if (shape.size() != recipe.dims.size())
    return Failure{"`" + recipe.name + "` is declared with rank " +
                       std::to_string(recipe.dims.size()) + ", but its stages give rank " +
                       std::to_string(shape.size()),
                   recipe.place, ""};
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

Status Column::finish(const FittedField &fitted, const ColumnWorld &world) {
  functions = world.functions;
  learnt = fitted;
  bool calls = std::any_of(
      recipe.numberStages.begin(), recipe.numberStages.end(),
      [](const NumberStage &stage) { return stage.kind == NumberStage::Kind::Function; });
  if (calls && !functions)
    return Failure{"the functions of `" + recipe.name + "` are not at hand", recipe.place, ""};
  Status status = recipe.form == FieldPlan::Form::Numbers ? finishNumbers(world)
                  : recipe.form == FieldPlan::Form::Words ? finishWords()
                                                          : finishClasses();
  dictionary = {};
  firstPlaces = {};
  learnt.words = {};
  ids.shrink_to_fit();
  numbers.shrink_to_fit();
  return status ? setShape(world) : std::move(status);
}

} // namespace tenon::data
