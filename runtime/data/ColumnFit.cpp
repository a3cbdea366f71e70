// What a column learns from the training split, and how its rows take their final form.
#include "runtime/core/abi.h"
#include "runtime/data/Column.h"
#include "runtime/data/Number.h"
#include "runtime/data/Parallel.h"
#include "runtime/data/Text.h"

#include <algorithm>
#include <cmath>
#include <numeric>

namespace tenon::data {

//===----------------------------------------------------------------------===//
// Fitting
//===----------------------------------------------------------------------===//

namespace {

/// Count, mean and sum of squared differences from it (Chan, Golub and LeVeque, 1979).
struct Moments {
  double count = 0, mean = 0, squares = 0;

  void add(const Moments &other) {
    double all = count + other.count, apart = other.mean - mean;
    if (all == 0)
      return;
    mean += apart * other.count / all;
    squares += other.squares + apart * apart * count * other.count / all;
    count = all;
  }
};

/// Of each channel of a row of f64.
std::vector<Moments> momentsOf(const double *row, size_t width, size_t channels) {
  std::vector<Moments> moments(channels);
  double count = double(width / channels);
  for (size_t channel = 0; channel < channels && count > 0; ++channel) {
    double sum = 0, squares = 0;
    for (size_t i = channel; i < width; i += channels)
      sum += row[i];
    double mean = sum / count;
    for (size_t i = channel; i < width; i += channels)
      squares += (row[i] - mean) * (row[i] - mean);
    moments[channel] = {count, mean, squares};
  }
  return moments;
}

} // namespace

/// What the stage `stage`, a `normalise`, learns; `fitted` has what those before it have learnt.
/// Rows are made in parallel and added up in their order, so that it is the same everywhere.
Result<FittedField> Column::fitNormalise(size_t stage, FittedField fitted,
                                         std::span<const uint32_t> rows,
                                         const ColumnWorld &world) const {
  constexpr size_t kElementsAtOnce = size_t(1) << 20, kPicturesAtOnce = 8;
  struct Piece {
    std::vector<std::vector<Moments>> rows;
    Status status;
  };
  Draws draws; // what varies is learnt without `training`
  size_t width = 1;
  for (int64_t extent : cellShape)
    width *= size_t(extent);
  size_t size = isPicture() ? kPicturesAtOnce
                            : std::max<size_t>(1, kElementsAtOnce / std::max<size_t>(1, width));
  std::vector<Moments> total;
  for (size_t begin = 0; begin < rows.size(); begin += size * processors()) {
    std::span<const uint32_t> some =
        rows.subspan(begin).first(std::min(size * processors(), rows.size() - begin));
    std::vector<Piece> pieces((some.size() + size - 1) / size);
    forEachInParallel(pieces.size(), processors(), [&](size_t i) {
      std::span<const uint32_t> own =
          some.subspan(i * size).first(std::min(size, some.size() - i * size));
      auto take = [&](Numbers &&made) -> Status {
        size_t channels = made.shape.empty() ? 1 : size_t(made.shape.back());
        const auto *values = reinterpret_cast<const double *>(made.bytes.data());
        for (size_t row = 0; row < made.rows.size() && channels > 0; ++row)
          pieces[i].rows.push_back(momentsOf(values + row * made.width(), made.width(), channels));
        return {};
      };
      Passage passage{draws, world, fitted};
      if (keepsCells) {
        pieces[i].status = make(own, stage, TENON_F64, passage, take);
        return;
      }
      Numbers numbers = gatherRaw(own);
      pieces[i].status = pass(numbers, recipe.firstOfWhole(), stage, TENON_F64, passage);
      if (pieces[i].status)
        pieces[i].status = take(std::move(numbers));
    });
    for (Piece &piece : pieces) {
      if (!piece.status)
        return piece.status.takeFailure();
      for (const std::vector<Moments> &row : piece.rows) {
        total.resize(std::max(total.size(), row.size()));
        for (size_t channel = 0; channel < row.size(); ++channel)
          total[channel].add(row[channel]);
      }
    }
  }
  // Values of channel c and stage s stand at c * stages + s.
  size_t stages = 0, before = 0;
  for (size_t i = 0; i < recipe.numberStages.size(); ++i)
    if (recipe.numberStages[i].kind == NumberStage::Kind::Normalise) {
      before += i < stage;
      ++stages;
    }
  if (before == 0) {
    fitted.mean.assign(total.size() * stages, 0);
    fitted.deviation.assign(total.size() * stages, 1);
  }
  if (fitted.mean.size() != total.size() * stages)
    return Failure{"`" + recipe.name + "` is normalised twice, with a reshaping in between",
                   recipe.place, ""};
  for (size_t channel = 0; channel < total.size(); ++channel) {
    double deviation = std::sqrt(total[channel].squares / total[channel].count);
    fitted.mean[channel * stages + before] = total[channel].mean;
    fitted.deviation[channel * stages + before] = deviation > 0 ? deviation : 1;
  }
  return fitted;
}

Result<FittedField> Column::fitNumbers(std::span<const uint32_t> rows,
                                       const ColumnWorld &world) const {
  FittedField fitted = unfitted();
  // Stage by stage, since a stage sees what the one before made.
  for (size_t i = 0; i < recipe.numberStages.size(); ++i) {
    if (recipe.numberStages[i].kind != NumberStage::Kind::Normalise)
      continue;
    Result<FittedField> more = fitNormalise(i, std::move(fitted), rows, world);
    if (!more)
      return more.takeFailure();
    fitted = std::move(*more);
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
  if (keepsCells)
    return {};
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
  Numbers passing = gatherRaw(all);
  raw = {};
  Draws draws;
  if (Status status = pass(passing, whole, batch, storedDtype, {draws, world, learnt}); !status)
    return status;
  numbers = std::move(passing.bytes);
  storedShape = std::move(passing.shape);
  return {};
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

/// Whether rows of these extents are what the field declares.
Status Column::checkShape(const std::vector<int64_t> &extents) const {
  if (extents.size() != recipe.dims.size())
    return Failure{"`" + recipe.name + "` is declared with rank " +
                       std::to_string(recipe.dims.size()) + ", but its stages give rank " +
                       std::to_string(extents.size()),
                   recipe.place, ""};
  for (size_t i = 0; i < extents.size(); ++i) {
    const Extent &declared = recipe.dims[i];
    if (declared.extent >= 0 && declared.extent != extents[i])
      return Failure{"`" + recipe.name + "` is declared with " + std::to_string(declared.extent) +
                         " elements, but its stages give " + std::to_string(extents[i]),
                     recipe.place, ""};
  }
  return {};
}

/// What the stages of a batch make of a row, tried on the first one, is what the field declares.
Status Column::setShape(const ColumnWorld &world) {
  shape = recipe.form == FieldPlan::Form::Numbers ? storedShape : idsShape();
  bool made = isPicture() || firstOfBatch() < recipe.numberStages.size();
  if (made && rowCount > 0) {
    uint32_t first = 0;
    Draws draws;
    Status status = make(std::span(&first, 1), recipe.numberStages.size(), recipe.dtype,
                         {draws, world, learnt}, [&](Numbers &&row) -> Status {
                           shape = std::move(row.shape);
                           return {};
                         });
    if (!status)
      return status;
  }
  if (Status status = checkShape(shape); !status)
    return status;
  bytesOfRow = size_t(tenon_dtype_bytes(recipe.dtype));
  for (int64_t extent : shape)
    bytesOfRow *= size_t(extent);
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
