#include "runtime/data/picture/Resize.h"

#include "runtime/core/abi.h"

#include <algorithm>
#include <cmath>

namespace tenon::data {

namespace {

/// The elements that one of the result is made of, `first` and those behind it.
struct Taps {
  int64_t first = 0;
  std::vector<float> weights;
};

std::vector<Taps> tapsOf(int64_t from, int64_t to) {
  std::vector<Taps> all(static_cast<size_t>(to));
  double scale = double(from) / double(to), reach = std::max(scale, 1.0);
  for (int64_t i = 0; i < to; ++i) {
    double centre = (double(i) + 0.5) * scale, total = 0;
    Taps &taps = all[size_t(i)];
    taps.first = std::max<int64_t>(0, int64_t(centre - reach + 0.5));
    int64_t end = std::min(from, int64_t(centre + reach + 0.5));
    std::vector<double> weights;
    for (int64_t j = taps.first; j < end; ++j) {
      weights.push_back(std::max(0.0, 1.0 - std::fabs((double(j) + 0.5 - centre) / reach)));
      total += weights.back();
    }
    for (double weight : weights)
      taps.weights.push_back(float(weight / total));
  }
  return all;
}

/// Each row of the result is a mean of rows of `width` elements.
template <typename T>
std::vector<float> combineRows(const T *from, const std::vector<Taps> &taps, size_t width) {
  std::vector<float> result(taps.size() * width, 0.0f);
  for (size_t i = 0; i < taps.size(); ++i) {
    float *to = &result[i * width];
    const T *row = from + size_t(taps[i].first) * width;
    for (float weight : taps[i].weights) {
      for (size_t x = 0; x < width; ++x)
        to[x] += weight * float(row[x]);
      row += width;
    }
  }
  return result;
}

void combineColumns(const float *from, float *to, const std::vector<Taps> &taps, size_t channels) {
  for (const Taps &of : taps) {
    for (size_t c = 0; c < channels; ++c) {
      const float *at = from + size_t(of.first) * channels + c;
      float sum = 0;
      for (float weight : of.weights) {
        sum += weight * *at;
        at += channels;
      }
      to[c] = sum;
    }
    to += channels;
  }
}

} // namespace

Array resizePicture(const Array &picture, int64_t height, int64_t width) {
  Array result{TENON_F32, picture.dims, {}};
  result.dims[0] = height;
  result.dims[1] = width;
  size_t channels = 1;
  for (size_t i = 2; i < picture.dims.size(); ++i)
    channels *= size_t(picture.dims[i]);
  // Rows first: they lie side by side, and what is left for the columns is less.
  size_t rowWidth = size_t(picture.dims[1]) * channels;
  std::vector<Taps> down = tapsOf(picture.dims[0], height), across = tapsOf(picture.dims[1], width);
  std::vector<float> rows =
      picture.dtype == TENON_U8
          ? combineRows(picture.bytes.data(), down, rowWidth)
          : combineRows(reinterpret_cast<const float *>(picture.bytes.data()), down, rowWidth);
  result.bytes.resize(size_t(height * width) * channels * sizeof(float));
  auto *to = reinterpret_cast<float *>(result.bytes.data());
  for (int64_t y = 0; y < height; ++y)
    combineColumns(&rows[size_t(y) * rowWidth], to + size_t(y * width) * channels, across,
                   channels);
  return result;
}

} // namespace tenon::data
