// Numbers on their way through a field's stages.
#include "runtime/core/abi.h"
#include "runtime/data/Column.h"
#include "runtime/data/Number.h"

#include <algorithm>
#include <cmath>
#include <numeric>

namespace tenon::data {

namespace {

/// Rows that a function of the program is given at once.
constexpr size_t kRowsAtOnce = 1024;

size_t product(const std::vector<int64_t> &extents) {
  size_t count = 1;
  for (int64_t extent : extents)
    count *= size_t(extent);
  return count;
}

} // namespace

Status Column::pack(std::span<const double> values, int32_t dtype, uint8_t *to) const {
  size_t element = size_t(tenon_dtype_bytes(dtype));
  for (double value : values) {
    if (!fits(value, dtype))
      return Failure{"`" + recipe.name + "` becomes " + shownNumber(value) + ", which " +
                         tenon_dtype_name(dtype) + " can't hold",
                     recipe.place, ""};
    storeNumber(value, dtype, to);
    to += element;
  }
  return {};
}

size_t Column::Numbers::width() const { return product(shape); }

Column::Numbers Column::gatherRaw(std::span<const uint32_t> rows) const {
  Numbers result{{}, cellShape, {rows.begin(), rows.end()}};
  size_t width = result.width();
  result.values.reserve(rows.size() * width);
  for (uint32_t row : rows)
    result.values.insert(result.values.end(), raw.begin() + int64_t(row * width),
                         raw.begin() + int64_t((row + 1) * width));
  return result;
}

Column::Numbers Column::gather(std::span<const uint32_t> rows) const {
  bool areIds = recipe.form != FieldPlan::Form::Numbers;
  Numbers result{{}, areIds ? idsShape() : storedShape, {rows.begin(), rows.end()}};
  size_t width = result.width();
  int32_t dtype = areIds ? TENON_I32 : storedDtype;
  size_t element = size_t(tenon_dtype_bytes(dtype));
  std::vector<uint8_t> row(areIds ? width * element : 0);
  result.values.reserve(rows.size() * width);
  for (uint32_t at : rows) {
    const uint8_t *from = areIds ? row.data() : numbers.data() + at * width * element;
    if (areIds)
      writeIds(at, dtype, row.data());
    for (size_t i = 0; i < width; ++i)
      result.values.push_back(*loadNumber(from + i * element, dtype));
  }
  return result;
}

/// Sums go over rows in order, so that what is learnt is the same everywhere.
Status Column::normalise(Numbers &passing, size_t stage, FittedField *learn) const {
  size_t channels = passing.shape.empty() ? 1 : size_t(passing.shape.back());
  size_t before = 0, stages = 0; // of the stages that normalise
  for (size_t i = 0; i < recipe.numberStages.size(); ++i)
    if (recipe.numberStages[i].kind == NumberStage::Kind::Normalise) {
      before += i < stage;
      ++stages;
    }
  const FittedField &known = learn ? *learn : learnt;
  if (learn && before == 0) {
    learn->mean.assign(channels * stages, 0);
    learn->deviation.assign(channels * stages, 1);
  }
  if (known.mean.size() != channels * stages || known.deviation.size() != channels * stages)
    return Failure{"`" + recipe.name + "` was fitted with another number of columns or stages",
                   recipe.place, ""};
  std::vector<double> &values = passing.values;
  for (size_t channel = 0; channel < channels; ++channel) {
    size_t at = channel * stages + before;
    if (learn && !values.empty()) {
      double mean = 0, squares = 0, count = double(values.size() / channels);
      for (size_t i = channel; i < values.size(); i += channels)
        mean += values[i];
      mean /= count;
      for (size_t i = channel; i < values.size(); i += channels)
        squares += (values[i] - mean) * (values[i] - mean);
      double deviation = std::sqrt(squares / count);
      learn->mean[at] = mean;
      learn->deviation[at] = deviation > 0 ? deviation : 1;
    }
    for (size_t i = channel; i < values.size(); i += channels)
      values[i] = (values[i] - known.mean[at]) / known.deviation[at];
  }
  return {};
}

Status Column::apply(Numbers &passing, const NumberStage &stage, const Draws &draws,
                     const ColumnWorld &world) const {
  Result<int32_t> dtype = world.functions->inputDtype(stage.entry);
  if (!dtype)
    return dtype.takeFailure();
  std::string entry = stage.entry + (stage.varies && !draws.training ? kEvaluating : "");
  size_t width = passing.width();
  std::vector<double> made;
  std::vector<int64_t> madeShape;
  for (size_t begin = 0; begin < passing.rows.size(); begin += kRowsAtOnce) {
    size_t count = std::min(kRowsAtOnce, passing.rows.size() - begin);
    std::span<const uint32_t> rows(&passing.rows[begin], count);
    Array values{*dtype, {int64_t(count)}, {}};
    values.dims.insert(values.dims.end(), passing.shape.begin(), passing.shape.end());
    values.bytes.resize(count * width * size_t(tenon_dtype_bytes(*dtype)));
    if (Status status = pack({passing.values.data() + begin * width, count * width}, *dtype,
                             values.bytes.data());
        !status)
      return status;
    Result<Array> result = world.functions->run(entry, rows, values, draws);
    if (!result) {
      Failure failure = result.takeFailure();
      failure.message = "`" + stage.name + "` of `" + recipe.name + "`: " + failure.message;
      return failure;
    }
    madeShape.assign(result->dims.begin() + 1, result->dims.end());
    size_t madeWidth = product(madeShape), element = size_t(tenon_dtype_bytes(result->dtype));
    for (size_t i = 0; i < count * madeWidth; ++i) {
      double value = loadNumber(&result->bytes[i * element], result->dtype).value_or(NAN);
      if (!std::isfinite(value))
        return Failure{"`" + stage.name + "` makes a number of `" + recipe.name +
                           "` that is not finite",
                       world.placeOf ? world.placeOf(rows[i / madeWidth]) : stage.place, ""};
      made.push_back(value);
    }
  }
  passing.values = std::move(made);
  passing.shape = std::move(madeShape);
  return {};
}

Status Column::pass(Numbers &passing, size_t from, size_t to, const Draws &draws,
                    const ColumnWorld &world, FittedField *learn) const {
  for (size_t i = from; i < to; ++i) {
    const NumberStage &stage = recipe.numberStages[i];
    Status status;
    switch (stage.kind) {
    case NumberStage::Kind::Rescale:
      for (double &value : passing.values)
        value = value * stage.factor + stage.offset;
      break;
    case NumberStage::Kind::Convert:
      for (double &value : passing.values)
        value = convertNumber(value, stage.dtype);
      break;
    case NumberStage::Kind::Normalise:
      status = normalise(passing, i, learn);
      break;
    case NumberStage::Kind::Function:
      status = apply(passing, stage, draws, world);
      break;
    }
    if (!status)
      return status;
  }
  return {};
}

} // namespace tenon::data
