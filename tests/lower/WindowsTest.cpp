// Convolutions, pooling and normalisation of the standard library, in f64, against loops in C++.
// Gradients and many more shapes: tests/oracles/convolutions.py.
#include "tests/lower/LibraryFunction.h"

namespace {

using namespace tenon;
using namespace tenon::test;

/// Sizes of a two-dimensional convolution; `x` has the shape [batch, height, width, groups *
/// inputs].
struct Sizes {
  int64_t batch, height, width, rows, columns, groups, inputs, outputs, stride, dilation;
  bool isSame;

  int64_t reach(int64_t size) const { return dilation * (size - 1) + 1; }
  int64_t count(int64_t n, int64_t size) const {
    return isSame ? (n + stride - 1) / stride : (n - reach(size)) / stride + 1;
  }
  int64_t start(int64_t n, int64_t size) const {
    return isSame ? std::max<int64_t>((count(n, size) - 1) * stride + reach(size) - n, 0) / 2 : 0;
  }
  std::string settings() const {
    return "stride = " + std::to_string(stride) + ", dilation = " + std::to_string(dilation) +
           ", padding = \"" + (isSame ? "same" : "valid") + "\"";
  }
};

Numbers convolved(const Sizes &s, const Numbers &x, const Numbers &kernel) {
  Numbers y;
  int64_t channels = s.groups * s.inputs;
  for (int64_t b = 0; b < s.batch; ++b)
    for (int64_t i = 0; i < s.count(s.height, s.rows); ++i)
      for (int64_t j = 0; j < s.count(s.width, s.columns); ++j)
        for (int64_t g = 0; g < s.groups; ++g)
          for (int64_t o = 0; o < s.outputs; ++o) {
            double sum = 0;
            for (int64_t r = 0; r < s.rows; ++r)
              for (int64_t k = 0; k < s.columns; ++k)
                for (int64_t c = 0; c < s.inputs; ++c) {
                  int64_t row = s.stride * i + s.dilation * r - s.start(s.height, s.rows);
                  int64_t column = s.stride * j + s.dilation * k - s.start(s.width, s.columns);
                  if (row < 0 || row >= s.height || column < 0 || column >= s.width)
                    continue;
                  int64_t at = ((b * s.height + row) * s.width + column) * channels;
                  int64_t weight = ((r * s.columns + k) * s.groups + g) * s.inputs + c;
                  sum += x[at + g * s.inputs + c] * kernel[weight * s.outputs + o];
                }
            y.push_back(sum);
          }
  return y;
}

constexpr Sizes kSizes[] = {
    {2, 5, 7, 3, 3, 1, 2, 3, 1, 1, false}, {1, 6, 6, 3, 2, 2, 1, 2, 2, 1, true},
    {1, 9, 8, 3, 3, 1, 1, 1, 1, 2, false}, {2, 7, 4, 2, 3, 3, 2, 1, 3, 1, true},
    {1, 8, 5, 2, 2, 2, 2, 2, 2, 3, true},  {1, 4, 4, 1, 1, 1, 3, 2, 2, 1, false}};

TEST(Windows, Convolution) {
  for (const Sizes &s : kSizes) {
    SCOPED_TRACE(s.settings());
    std::vector<int64_t> shape = {s.batch, s.height, s.width, s.groups * s.inputs};
    std::vector<int64_t> weights = {s.rows, s.columns, s.groups, s.inputs, s.outputs};
    Compiled f(
        "import nn\nfn f(x: f64[b, h, w, g * i], kernel: f64[r, k, g, i, o]) = nn.convolve2d(x, "
        "kernel, " +
            s.settings() + ")\n",
        "f");
    Numbers x = numbers(size_t(s.batch * s.height * s.width * s.groups * s.inputs));
    Numbers kernel = numbers(size_t(s.rows * s.columns * s.groups * s.inputs * s.outputs), 1);
    expectNear(f.run({{"x", {shape, x}}, {"kernel", {weights, kernel}}})["result"],
               convolved(s, x, kernel));
  }
}

TEST(Windows, ConvolutionAlongTheTime) {
  for (Sizes s : kSizes) {
    s.width = s.columns = 1;
    SCOPED_TRACE(s.settings());
    Compiled f("import nn\nfn f(x: f64[b, t, g * i], kernel: f64[r, g, i, o]) = nn.convolve1d(x, "
               "kernel, " +
                   s.settings() + ")\n",
               "f");
    Numbers x = numbers(size_t(s.batch * s.height * s.groups * s.inputs));
    Numbers kernel = numbers(size_t(s.rows * s.groups * s.inputs * s.outputs), 1);
    Sizes along = s;
    if (!s.isSame)
      along.width = 1; // one column, whatever the stride
    expectNear(f.run({{"x", {{s.batch, s.height, s.groups * s.inputs}, x}},
                      {"kernel", {{s.rows, s.groups, s.inputs, s.outputs}, kernel}}})["result"],
               convolved(along, x, kernel));
  }
}

/// Σ dy · convolution(x) = Σ x · transposed(dy), whose kernel has inputs and outputs exchanged.
TEST(Windows, TransposedConvolutionIsTheConvolutionsGradient) {
  for (bool isSame : {false, true})
    for (int64_t stride : {1, 2, 3}) {
      Sizes s{1,
              2 * stride + (isSame ? 0 : 3 - std::min<int64_t>(stride, 3)),
              3 * stride + (isSame ? 0 : 3 - std::min<int64_t>(stride, 3)),
              3,
              3,
              1,
              2,
              3,
              stride,
              1,
              isSame};
      SCOPED_TRACE(s.settings());
      Numbers x = numbers(size_t(s.height * s.width * 2)), kernel = numbers(3 * 3 * 2 * 3, 1);
      Numbers y = convolved(s, x, kernel), dy = numbers(y.size(), 2), turned(kernel.size());
      for (int64_t at = 0; at < 9; ++at)
        for (int64_t c = 0; c < 2; ++c)
          for (int64_t o = 0; o < 3; ++o)
            turned[size_t((at * 3 + o) * 2 + c)] = kernel[size_t((at * 2 + c) * 3 + o)];
      Compiled f("import nn\nfn f(x: f64[b, h, w, c], kernel: f64[3, 3, c, o]) = "
                 "nn.convolve2d_transpose(x, kernel, stride = " +
                     std::to_string(stride) + ", padding = \"" + (isSame ? "same" : "valid") +
                     "\")\n",
                 "f");
      Numbers back = f.run({{"x", {{1, s.count(s.height, 3), s.count(s.width, 3), 3}, dy}},
                            {"kernel", {{3, 3, 3, 2}, turned}}})["result"];
      ASSERT_EQ(back.size(), x.size());
      double left = 0, right = 0;
      for (size_t i = 0; i < y.size(); ++i)
        left += dy[i] * y[i];
      for (size_t i = 0; i < x.size(); ++i)
        right += x[i] * back[i];
      EXPECT_NEAR(left, right, 1e-12);
    }
}

TEST(Windows, Pooling) {
  const Numbers x = numbers(5 * 7);
  for (bool isSame : {false, true})
    for (int64_t size : {2, 3})
      for (int64_t stride : {1, 2, 3}) {
        Sizes s{1, 5, 7, size, size, 1, 1, 1, stride, 1, isSame};
        Numbers largest, mean;
        for (int64_t i = 0; i < s.count(5, size); ++i)
          for (int64_t j = 0; j < s.count(7, size); ++j) {
            double top = -INFINITY, sum = 0, inside = 0;
            for (int64_t r = 0; r < size; ++r)
              for (int64_t k = 0; k < size; ++k) {
                int64_t row = stride * i + r - s.start(5, size),
                        column = stride * j + k - s.start(7, size);
                if (row < 0 || row >= 5 || column < 0 || column >= 7)
                  continue;
                top = std::max(top, x[size_t(7 * row + column)]);
                sum += x[size_t(7 * row + column)];
                ++inside;
              }
            largest.push_back(top);
            mean.push_back(sum / inside);
          }
        std::string settings = std::to_string(size) + ", stride = " + std::to_string(stride) +
                               ", padding = \"" + (isSame ? "same" : "valid") + "\")\n";
        SCOPED_TRACE(settings);
        for (auto &[name, expected] : {std::pair("max_pool", largest), {"average_pool", mean}}) {
          Compiled f(std::string("fn f(x: f64[b, h, w, c]) = ") + name + "(x, " + settings, "f");
          expectNear(f.run({{"x", {{1, 5, 7, 1}, x}}})["result"], expected);
        }
      }
}

TEST(Windows, WholePictures) {
  const Numbers x = {1, 2, 3, 4, 5, 6, 7, 9};
  Compiled mean("fn f(x: f64[b, h, w, c]) = global_average_pool(x)\n", "f");
  expectNear(mean.run({{"x", {{1, 2, 2, 2}, x}}})["result"], {4, 5.25});
  Compiled largest("fn f(x: f64[b, h, w, c]) = global_max_pool(x)\n", "f");
  expectNear(largest.run({{"x", {{1, 2, 2, 2}, x}}})["result"], {7, 9});
  Compiled wide("fn f(x: f64[b, h, w, c]) = upsample(x, 2)\n", "f");
  expectNear(wide.run({{"x", {{1, 1, 2, 1}, {3, 4}}}})["result"], {3, 3, 4, 4, 3, 3, 4, 4});
}

TEST(Windows, BatchNormByItsState) {
  Compiled f("import nn\nmodel M {\n  norm = nn.BatchNorm(2, epsilon = 0.5)\n"
             "  fn call(x: f64[b, 2]) -> f64[b, 2] = norm(x)\n}\n",
             "M.call");
  auto results = f.run({{"x", {{2, 2}, {1, 2, 3, 4}}},
                        {"norm.scale", {{2}, {2, 3}}},
                        {"norm.shift", {{2}, {0.5, -1}}},
                        {"norm.centre", {{2}, {1, -1}}},
                        {"norm.spread", {{2}, {3.5, 8.5}}}});
  expectNear(results["result"], {0.5, 2, 2.5, 4});
}

} // namespace
