// Stages that make numbers of numbers.
#include "runtime/data/FieldPlan.h"
#include "runtime/data/Number.h"

#include <algorithm>
#include <functional>
#include <numeric>

namespace tenon::data {

static std::string shownExtents(const std::vector<int64_t> &extents) {
  std::string text;
  for (int64_t extent : extents)
    text += (text.empty() ? "" : ", ") + std::to_string(extent);
  return "[" + text + "]";
}

double NumberStage::of(double value) const {
  return kind == Kind::Convert ? convertNumber(value, dtype) : value * factor + offset;
}

ElementStage NumberStage::ofElements() const {
  if (kind == Kind::Convert)
    return [to = dtype](std::span<double> numbers, size_t) {
      for (double &number : numbers)
        number = convertNumber(number, to);
    };
  return [factor = factor, offset = offset](std::span<double> numbers, size_t) {
    for (double &number : numbers)
      number = number * factor + offset;
  };
}

Result<std::vector<int64_t>> NumberStage::reshaped(std::vector<int64_t> shape) const {
  auto count = [](const std::vector<int64_t> &of) {
    return std::accumulate(of.begin(), of.end(), int64_t(1), std::multiplies<>());
  };
  if (kind == Kind::Reshape) {
    if (count(shape) != count(extents))
      return Failure{"`reshape` makes " + shownExtents(extents) + " of " + shownExtents(shape) +
                         ", which has another number of elements",
                     place, ""};
    return extents;
  }
  if (kind == Kind::Resize) {
    if (shape.size() < 2)
      return Failure{"`resize` takes pictures, with a height and a width, and gets " +
                         shownExtents(shape),
                     place, ""};
    std::copy_n(extents.begin(), 2, shape.begin());
  }
  return shape;
}

} // namespace tenon::data
