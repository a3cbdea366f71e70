// Numbers on their way through a field's stages.
#include "runtime/core/abi.h"
#include "runtime/data/Column.h"
#include "runtime/data/Number.h"
#include "runtime/data/ReadWhole.h"
#include "runtime/data/picture/Picture.h"
#include "runtime/data/picture/Resize.h"

#include <algorithm>
#include <cstring>

namespace tenon::data {

namespace {

/// What a function of the program is given at once: rows, but not many more bytes than this.
constexpr size_t kRowsAtOnce = 1024, kBytesAtOnce = size_t(16) << 20;

size_t product(const std::vector<int64_t> &extents) {
  size_t count = 1;
  for (int64_t extent : extents)
    count *= size_t(extent);
  return count;
}

template <typename T> std::vector<uint8_t> bytesOfAll(const std::vector<T> &values) {
  std::vector<uint8_t> bytes(values.size() * sizeof(T));
  if (!bytes.empty())
    memcpy(bytes.data(), values.data(), bytes.size());
  return bytes;
}

} // namespace

size_t Column::Numbers::width() const { return product(shape); }
size_t Column::Numbers::rowBytes() const { return width() * size_t(tenon_dtype_bytes(dtype)); }

std::string Column::placeOf(uint32_t row, const ColumnWorld &world) const {
  if (row < pictures.size())
    return pictures[row].path;
  return world.placeOf ? world.placeOf(row) : "";
}

//===----------------------------------------------------------------------===//
// Where they come from
//===----------------------------------------------------------------------===//

Column::Numbers Column::gatherRaw(std::span<const uint32_t> rows) const {
  size_t width = product(cellShape);
  std::vector<double> values;
  values.reserve(rows.size() * width);
  for (uint32_t row : rows)
    values.insert(values.end(), raw.begin() + int64_t(row * width),
                  raw.begin() + int64_t((row + 1) * width));
  return {TENON_F64, cellShape, bytesOfAll(values), {rows.begin(), rows.end()}};
}

Column::Numbers Column::gather(std::span<const uint32_t> rows) const {
  bool areIds = recipe.form != FieldPlan::Form::Numbers;
  Numbers result{areIds ? TENON_I32 : storedDtype,
                 areIds ? idsShape() : storedShape,
                 {},
                 {rows.begin(), rows.end()}};
  size_t bytes = result.rowBytes();
  result.bytes.resize(rows.size() * bytes);
  uint8_t *to = result.bytes.data();
  for (uint32_t row : rows) {
    if (areIds)
      writeIds(row, result.dtype, to);
    else if (bytes > 0)
      memcpy(to, &numbers[row * bytes], bytes);
    to += bytes;
  }
  return result;
}

Result<Column::Numbers> Column::decode(uint32_t row) const {
  const PictureFile &file = pictures[row];
  bool hasChannels = recipe.picture->size() == 3;
  Result<std::string> content = readWhole(file.path);
  if (!content)
    return content.takeFailure();
  Result<Array> picture =
      decodePicture(bytesOf(*content), hasChannels ? int(recipe.picture->back()) : 1);
  if (!picture) {
    Failure failure = picture.takeFailure();
    failure.place = file.path;
    return failure;
  }
  if (picture->dims[0] != file.height || picture->dims[1] != file.width)
    return Failure{"the picture has another size than when it was first looked at", file.path, ""};
  picture->dims.resize(recipe.picture->size());
  return Numbers{TENON_U8, std::move(picture->dims), std::move(picture->bytes), {row}};
}

Status Column::makePictures(std::span<const uint32_t> rows, size_t to, int32_t dtype,
                            const Passage &passage, const Take &take) const {
  // Pictures of different sizes are alone up to where they become the same.
  size_t alone = 0;
  for (size_t i = 0; i < to && recipe.numberStages[i].kind != NumberStage::Kind::Function; ++i)
    if (recipe.numberStages[i].kind == NumberStage::Kind::Resize)
      alone = i + 1;
  int32_t between = alone == to ? dtype : alone > 0 ? TENON_F32 : TENON_U8;
  Numbers group;
  auto finish = [&]() -> Status {
    if (group.rows.empty())
      return {};
    if (Status status = pass(group, alone, to, dtype, passage); !status)
      return status;
    return take(std::exchange(group, {}));
  };
  for (uint32_t row : rows) {
    Result<Numbers> one = decode(row);
    if (!one)
      return one.takeFailure();
    if (Status status = pass(*one, 0, alone, between, passage); !status)
      return status;
    if (!group.rows.empty() && group.shape != one->shape)
      if (Status status = finish(); !status)
        return status;
    if (group.rows.empty()) {
      group = std::move(*one);
      group.bytes.reserve(group.bytes.size() * rows.size());
      continue;
    }
    group.bytes.insert(group.bytes.end(), one->bytes.begin(), one->bytes.end());
    group.rows.push_back(row);
  }
  return finish();
}

Status Column::make(std::span<const uint32_t> rows, size_t to, int32_t dtype,
                    const Passage &passage, const Take &take) const {
  if (isPicture())
    return makePictures(rows, to, dtype, passage, take);
  Numbers numbers = gather(rows);
  if (Status status = pass(numbers, firstOfBatch(), to, dtype, passage); !status)
    return status;
  return take(std::move(numbers));
}

//===----------------------------------------------------------------------===//
// Stages
//===----------------------------------------------------------------------===//

/// Applies the stages that wait, and empties their list.
Status Column::convert(Numbers &passing, std::vector<ElementStage> &stages, int32_t dtype) const {
  if (stages.empty() && passing.dtype == dtype)
    return {};
  size_t width = passing.width(), count = width * passing.rows.size();
  std::vector<uint8_t> made(count * size_t(tenon_dtype_bytes(dtype)));
  std::optional<UnfitElement> unfit =
      convertElements(passing.bytes.data(), passing.dtype, count, stages, made.data(), dtype);
  if (unfit) {
    uint32_t row = passing.rows[unfit->at / width];
    return Failure{"`" + recipe.name + "` becomes " + shownNumber(unfit->value) + ", which " +
                       tenon_dtype_name(dtype) + " can't hold",
                   isPicture() ? pictures[row].path : recipe.place, ""};
  }
  passing.bytes = std::move(made);
  passing.dtype = dtype;
  stages.clear();
  return {};
}

Result<ElementStage> Column::normalising(const std::vector<int64_t> &shape, size_t stage,
                                         const FittedField &known) const {
  size_t channels = shape.empty() ? 1 : size_t(shape.back());
  size_t before = 0, stages = 0; // of the stages that normalise
  for (size_t i = 0; i < recipe.numberStages.size(); ++i)
    if (recipe.numberStages[i].kind == NumberStage::Kind::Normalise) {
      before += i < stage;
      ++stages;
    }
  if (known.mean.size() != channels * stages || known.deviation.size() != channels * stages)
    return Failure{"`" + recipe.name + "` was fitted with another number of columns or stages",
                   recipe.place, ""};
  std::vector<double> mean(channels), deviation(channels);
  for (size_t channel = 0; channel < channels; ++channel) {
    mean[channel] = known.mean[channel * stages + before];
    deviation[channel] = known.deviation[channel * stages + before];
  }
  return ElementStage([mean = std::move(mean),
                       deviation = std::move(deviation)](std::span<double> numbers, size_t first) {
    size_t channel = first % mean.size();
    for (double &number : numbers) {
      number = (number - mean[channel]) / deviation[channel];
      channel = channel + 1 == mean.size() ? 0 : channel + 1;
    }
  });
}

/// Rows of u8 or f32.
static void resizeRows(std::vector<uint8_t> &bytes, std::vector<int64_t> &shape, int32_t dtype,
                       size_t rows, const NumberStage &stage) {
  size_t rowBytes = rows ? bytes.size() / rows : 0;
  std::vector<uint8_t> made;
  for (size_t i = 0; i < rows; ++i) {
    auto from = bytes.begin() + int64_t(i * rowBytes);
    Array picture{dtype, shape, {from, from + int64_t(rowBytes)}};
    Array resized = resizePicture(picture, stage.extents[0], stage.extents[1]);
    if (made.empty())
      made.reserve(resized.bytes.size() * rows);
    made.insert(made.end(), resized.bytes.begin(), resized.bytes.end());
  }
  bytes = std::move(made);
}

Status Column::apply(Numbers &passing, const NumberStage &stage, const Passage &passage) const {
  std::string entry = stage.entry + (stage.varies && !passage.draws.training ? kEvaluating : "");
  size_t bytes = passing.rowBytes();
  size_t rowsAtOnce = std::clamp(kBytesAtOnce / std::max<size_t>(bytes, 1), size_t(1), kRowsAtOnce);
  Numbers made{passing.dtype, {}, {}, passing.rows};
  for (size_t begin = 0; begin < passing.rows.size(); begin += rowsAtOnce) {
    size_t count = std::min(rowsAtOnce, passing.rows.size() - begin);
    std::span<const uint32_t> rows(&passing.rows[begin], count);
    auto from = passing.bytes.begin() + int64_t(begin * bytes);
    Array values{passing.dtype, {int64_t(count)}, {from, from + int64_t(count * bytes)}};
    values.dims.insert(values.dims.end(), passing.shape.begin(), passing.shape.end());
    Result<Array> result = passage.world.functions->run(entry, rows, values, passage.draws);
    if (!result) {
      Failure failure = result.takeFailure();
      failure.message = "`" + stage.name + "` of `" + recipe.name + "`: " + failure.message;
      if (count == 1) {
        failure.place = placeOf(rows[0], passage.world);
        return failure;
      }
      // Which row it was, each alone tells.
      for (size_t i = 0; i < count; ++i) {
        auto first = from + int64_t(i * bytes);
        Numbers one{passing.dtype, passing.shape, {first, first + int64_t(bytes)}, {rows[i]}};
        if (Status status = apply(one, stage, passage); !status)
          return status;
      }
      return failure;
    }
    made.dtype = result->dtype;
    made.shape.assign(result->dims.begin() + 1, result->dims.end());
    size_t width = made.width();
    if (std::optional<size_t> bad =
            findNotFinite(result->bytes.data(), result->dtype, count * width)) {
      std::string place = placeOf(rows[*bad / width], passage.world);
      return Failure{"`" + stage.name + "` makes a number of `" + recipe.name +
                         "` that is not finite",
                     place.empty() ? stage.place : place, ""};
    }
    if (count == passing.rows.size())
      made.bytes = std::move(result->bytes);
    else
      made.bytes.insert(made.bytes.end(), result->bytes.begin(), result->bytes.end());
  }
  passing = std::move(made);
  return {};
}

Status Column::pass(Numbers &passing, size_t from, size_t to, int32_t dtype,
                    const Passage &passage) const {
  using Kind = NumberStage::Kind;
  std::vector<ElementStage> waiting;
  for (size_t i = from; i < to; ++i) {
    const NumberStage &stage = recipe.numberStages[i];
    if (stage.kind == Kind::Rescale || stage.kind == Kind::Convert) {
      waiting.push_back(stage.ofElements());
    } else if (stage.kind == Kind::Normalise) {
      Result<ElementStage> made = normalising(passing.shape, i, passage.learnt);
      if (!made)
        return made.takeFailure();
      waiting.push_back(std::move(*made));
    } else if (stage.kind == Kind::Function) {
      Result<int32_t> taken = passage.world.functions->inputDtype(stage.entry);
      if (!taken)
        return taken.takeFailure();
      if (Status status = convert(passing, waiting, *taken); !status)
        return status;
      if (Status status = apply(passing, stage, passage); !status)
        return status;
    } else {
      Result<std::vector<int64_t>> shape = stage.reshaped(passing.shape);
      if (!shape)
        return shape.takeFailure();
      if (stage.kind == Kind::Resize) {
        bool plain = waiting.empty() && passing.dtype == TENON_U8;
        if (Status status = convert(passing, waiting, plain ? TENON_U8 : TENON_F32); !status)
          return status;
        resizeRows(passing.bytes, passing.shape, passing.dtype, passing.rows.size(), stage);
        passing.dtype = TENON_F32;
      }
      passing.shape = std::move(*shape);
    }
  }
  return convert(passing, waiting, dtype);
}

} // namespace tenon::data
