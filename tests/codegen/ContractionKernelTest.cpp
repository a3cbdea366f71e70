//===- ContractionKernelTest.cpp - Matrix products in register tiles ------===//
#include "tests/codegen/KernelChecks.h"

using namespace tenon;
using namespace tenon::test;

static const char *product = R"(func.func @f(%a: tensor<?x?xE, #tenon.dims<m, k>>,
    %b: tensor<?x?xE, #tenon.dims<k, n>>) -> tensor<?x?xE, #tenon.dims<m, n>> {
  %r = tenon.contract sum over <m, n, k> (%a, %b)
    maps [affine_map<(d0, d1, d2) -> (d0, d2)>, affine_map<(d0, d1, d2) -> (d2, d1)>, affine_map<(d0, d1, d2) -> (d0, d1)>] {
  ^bb0(%x: E, %y: E):
    %p = tenon.mul %x, %y : E
    tenon.yield %p : E
  } : (tensor<?x?xE, #tenon.dims<m, k>>, tensor<?x?xE, #tenon.dims<k, n>>) -> tensor<?x?xE, #tenon.dims<m, n>>
  return %r : tensor<?x?xE, #tenon.dims<m, n>>
})";

static std::string of(const char *text, const char *element) {
  std::string result;
  for (const char *p = text; *p; ++p)
    result += *p == 'E' ? element : std::string(1, *p);
  return result;
}

TEST(ContractionKernel, every_size) {
  struct Size {
    int64_t m, n, k;
  };
  for (auto [m, n, k] : {Size{1, 1, 1},
                         {1, 40, 7},
                         {3, 32, 16},
                         {12, 33, 5},
                         {13, 64, 64},
                         {40, 31, 17},
                         {100, 97, 33},
                         {5, 9, 0},
                         {0, 9, 4},
                         {4, 0, 4},
                         {17, 300, 3},
                         {210, 530, 3},
                         {30, 20, 800}}) {
    SCOPED_TRACE(std::to_string(m) + "x" + std::to_string(n) + "x" + std::to_string(k));
    checkKernels(of(product, "f32"), {sample(TENON_F32, {m, k}), sample(TENON_F32, {k, n}, 2)},
                 {{0, 0}, {}, {"pack", "contraction"}});
  }
}

TEST(ContractionKernel, other_dtypes) {
  auto run = [](const char *element, tenon_dtype dtype, Tolerance tolerance) {
    checkKernels(of(product, element), {sample(dtype, {21, 50}), sample(dtype, {50, 37}, 2)},
                 {tolerance, {}, {}});
  };
  run("f64", TENON_F64, {0, 0});
  run("bf16", TENON_BF16, {1e-2, 1e-2});
  run("f16", TENON_F16, {2e-3, 2e-3});
  run("i32", TENON_I32, {});
}

TEST(ContractionKernel, transposed_operands) {
  checkKernels(R"(func.func @f(%a: tensor<70x23xf32>, %b: tensor<45x70xf32>) -> tensor<23x45xf32> {
    %r = tenon.contract sum over <23, 45, 70> (%a, %b)
      maps [affine_map<(d0, d1, d2) -> (d2, d0)>, affine_map<(d0, d1, d2) -> (d1, d2)>, affine_map<(d0, d1, d2) -> (d0, d1)>] {
    ^bb0(%x: f32, %y: f32):
      %p = tenon.mul %x, %y : f32
      tenon.yield %p : f32
    } : (tensor<70x23xf32>, tensor<45x70xf32>) -> tensor<23x45xf32>
    return %r : tensor<23x45xf32>
  })",
               {sample(TENON_F32, {70, 23}), sample(TENON_F32, {45, 70}, 2)},
               {{0, 0}, {}, {"pack", "contraction"}});
}

TEST(ContractionKernel, computes_operands_and_results) {
  for (int64_t k : {20, 900})
    checkKernels(
        R"(func.func @f(%a: tensor<?x?xf32, #tenon.dims<m, k>>, %s: tensor<?xf32, #tenon.dims<k>>,
        %b: tensor<?x40xf32, #tenon.dims<k, 40>>, %bias: tensor<40xf32>, %res: tensor<?x40xf32, #tenon.dims<m, 40>>)
        -> (tensor<?x40xf32, #tenon.dims<m, 40>>, tensor<?x40xf32, #tenon.dims<m, 40>>) {
      %0 = tenon.broadcast %s axes [1] : tensor<?xf32, #tenon.dims<k>> -> tensor<?x?xf32, #tenon.dims<m, k>>
      %1 = tenon.mul %a, %0 : tensor<?x?xf32, #tenon.dims<m, k>>
      %2 = tenon.neg %b : tensor<?x40xf32, #tenon.dims<k, 40>>
      %r = tenon.contract sum over <m, 40, k> (%1, %2)
        maps [affine_map<(d0, d1, d2) -> (d0, d2)>, affine_map<(d0, d1, d2) -> (d2, d1)>, affine_map<(d0, d1, d2) -> (d0, d1)>] {
      ^bb0(%x: f32, %y: f32):
        %p = tenon.mul %x, %y : f32
        tenon.yield %p : f32
      } : (tensor<?x?xf32, #tenon.dims<m, k>>, tensor<?x40xf32, #tenon.dims<k, 40>>) -> tensor<?x40xf32, #tenon.dims<m, 40>>
      %3 = tenon.broadcast %bias axes [1] : tensor<40xf32> -> tensor<?x40xf32, #tenon.dims<m, 40>>
      %4 = tenon.add %r, %3 : tensor<?x40xf32, #tenon.dims<m, 40>>
      %5 = tenon.sub %4, %res : tensor<?x40xf32, #tenon.dims<m, 40>>
      %6 = tenon.abs %5 : tensor<?x40xf32, #tenon.dims<m, 40>>
      return %5, %6 : tensor<?x40xf32, #tenon.dims<m, 40>>, tensor<?x40xf32, #tenon.dims<m, 40>>
    })",
        {sample(TENON_F32, {29, k}), sample(TENON_F32, {k}, 2), sample(TENON_F32, {k, 40}, 3),
         sample(TENON_F32, {40}, 4), sample(TENON_F32, {29, 40}, 5)},
        {{0, 0}, {}, {"pack", "contraction"}});
}

TEST(ContractionKernel, batches) {
  for (std::optional<unsigned> axis : {std::optional<unsigned>(), std::optional<unsigned>(1)})
    checkKernels(
        R"(func.func @f(%a: tensor<2x3x11x14xf32>, %b: tensor<2x3x14x18xf32>) -> tensor<2x3x11x18xf32> {
    %r = tenon.contract sum over <2, 3, 11, 18, 14> (%a, %b)
      maps [affine_map<(d0, d1, d2, d3, d4) -> (d0, d1, d2, d4)>, affine_map<(d0, d1, d2, d3, d4) -> (d0, d1, d4, d3)>,
            affine_map<(d0, d1, d2, d3, d4) -> (d0, d1, d2, d3)>] {
    ^bb0(%x: f32, %y: f32):
      %p = tenon.mul %x, %y : f32
      tenon.yield %p : f32
    } : (tensor<2x3x11x14xf32>, tensor<2x3x14x18xf32>) -> tensor<2x3x11x18xf32>
    return %r : tensor<2x3x11x18xf32>
  })",
        {sample(TENON_F32, {2, 3, 11, 14}), sample(TENON_F32, {2, 3, 14, 18}, 2)},
        {{0, 0}, axis, {"pack", "contraction"}});
}

TEST(ContractionKernel, partitions_rows) {
  for (int64_t m : {1, 5, 32})
    checkKernels(of(product, "f32"), {sample(TENON_F32, {m, 24}), sample(TENON_F32, {24, 50}, 2)},
                 {{0, 0}, 0, {"pack", "contraction"}});
}

TEST(ContractionKernel, convolves) {
  checkKernels(
      R"(func.func @f(%x: tensor<2x9x10x3xf32>, %k: tensor<3x3x3x20xf32>) -> tensor<2x7x8x20xf32> {
    %r = tenon.contract sum over <2, 7, 8, 20, 3, 3, 3> (%x, %k)
      maps [affine_map<(b, h, w, o, r, s, c) -> (b, h + r, w + s, c)>, affine_map<(b, h, w, o, r, s, c) -> (r, s, c, o)>,
            affine_map<(b, h, w, o, r, s, c) -> (b, h, w, o)>] {
    ^bb0(%a: f32, %y: f32):
      %p = tenon.mul %a, %y : f32
      tenon.yield %p : f32
    } : (tensor<2x9x10x3xf32>, tensor<3x3x3x20xf32>) -> tensor<2x7x8x20xf32>
    return %r : tensor<2x7x8x20xf32>
  })",
      {sample(TENON_F32, {2, 9, 10, 3}), sample(TENON_F32, {3, 3, 3, 20}, 2)},
      {{0, 0}, {}, {"pack", "contraction"}});
}

TEST(ContractionKernel, weight_gradient_of_a_convolution) {
  checkKernels(
      R"(func.func @f(%x: tensor<2x9x10x3xf32>, %g: tensor<2x7x8x20xf32>) -> tensor<3x3x3x20xf32> {
    %r = tenon.contract sum over <3, 3, 3, 20, 2, 7, 8> (%x, %g)
      maps [affine_map<(r, s, c, o, b, h, w) -> (b, h + r, w + s, c)>, affine_map<(r, s, c, o, b, h, w) -> (b, h, w, o)>,
            affine_map<(r, s, c, o, b, h, w) -> (r, s, c, o)>] {
    ^bb0(%a: f32, %y: f32):
      %p = tenon.mul %a, %y : f32
      tenon.yield %p : f32
    } : (tensor<2x9x10x3xf32>, tensor<2x7x8x20xf32>) -> tensor<3x3x3x20xf32>
    return %r : tensor<3x3x3x20xf32>
  })",
      {sample(TENON_F32, {2, 9, 10, 3}), sample(TENON_F32, {2, 7, 8, 20}, 2)},
      {{0, 0}, {}, {"pack", "contraction"}});
}

// Rows of a window are segments; a stretch of k ends in the middle of one.
TEST(ContractionKernel, convolves_many_channels) {
  checkKernels(
      R"(func.func @f(%x: tensor<2x5x6x70xf32>, %k: tensor<3x3x70x20xf32>) -> tensor<2x3x4x20xf32> {
    %r = tenon.contract sum over <2, 3, 4, 20, 3, 3, 70> (%x, %k)
      maps [affine_map<(b, h, w, o, r, s, c) -> (b, h + r, w + s, c)>, affine_map<(b, h, w, o, r, s, c) -> (r, s, c, o)>,
            affine_map<(b, h, w, o, r, s, c) -> (b, h, w, o)>] {
    ^bb0(%a: f32, %y: f32):
      %p = tenon.mul %a, %y : f32
      tenon.yield %p : f32
    } : (tensor<2x5x6x70xf32>, tensor<3x3x70x20xf32>) -> tensor<2x3x4x20xf32>
    return %r : tensor<2x3x4x20xf32>
  })",
      {sample(TENON_F32, {2, 5, 6, 70}), sample(TENON_F32, {3, 3, 70, 20}, 2)},
      {{0, 0}, {}, {"pack", "contraction"}});
}

TEST(ContractionKernel, convolves_with_stride_and_dilation_and_an_open_size) {
  for (int64_t n : {1, 4, 7})
    checkKernels(
        R"(func.func @f(%x: tensor<2x?x11x16xf32, #tenon.dims<2, 2 * n + 4, 11, 16>>, %k: tensor<2x3x16x20xf32>)
        -> tensor<2x?x7x20xf32, #tenon.dims<2, n, 7, 20>> {
      %r = tenon.contract sum over <2, n, 7, 20, 2, 3, 16> (%x, %k)
        maps [affine_map<(b, h, w, o, r, s, c) -> (b, h * 2 + r * 3, w + s * 2, c)>,
              affine_map<(b, h, w, o, r, s, c) -> (r, s, c, o)>,
              affine_map<(b, h, w, o, r, s, c) -> (b, h, w, o)>] {
      ^bb0(%a: f32, %y: f32):
        %p = tenon.mul %a, %y : f32
        tenon.yield %p : f32
      } : (tensor<2x?x11x16xf32, #tenon.dims<2, 2 * n + 4, 11, 16>>, tensor<2x3x16x20xf32>)
        -> tensor<2x?x7x20xf32, #tenon.dims<2, n, 7, 20>>
      return %r : tensor<2x?x7x20xf32, #tenon.dims<2, n, 7, 20>>
    })",
        {sample(TENON_F32, {2, 2 * n + 4, 11, 16}), sample(TENON_F32, {2, 3, 16, 20}, 2)},
        {{0, 0}, {}, {"pack", "contraction"}});
}

// The gradient by the input goes through the window from its end; its channels are the first of the
// loops and the innermost of the operand, so they are summed in another order than the loops say.
TEST(ContractionKernel, input_gradient_of_a_convolution) {
  checkKernels(
      R"(func.func @f(%g: tensor<2x9x10x24xf32>, %k: tensor<3x3x20x24xf32>) -> tensor<2x7x8x20xf32> {
    %r = tenon.contract sum over <2, 7, 8, 24, 3, 3, 20> (%g, %k)
      maps [affine_map<(b, h, w, o, r, s, c) -> (b, h - r + 2, w - s + 2, o)>,
            affine_map<(b, h, w, o, r, s, c) -> (r, s, c, o)>,
            affine_map<(b, h, w, o, r, s, c) -> (b, h, w, c)>] {
    ^bb0(%a: f32, %y: f32):
      %p = tenon.mul %a, %y : f32
      tenon.yield %p : f32
    } : (tensor<2x9x10x24xf32>, tensor<3x3x20x24xf32>) -> tensor<2x7x8x20xf32>
    return %r : tensor<2x7x8x20xf32>
  })",
      {sample(TENON_F32, {2, 9, 10, 24}), sample(TENON_F32, {3, 3, 20, 24}, 2)},
      {{1e-5, 1e-5}, {}, {"pack", "contraction"}});
}

/// A convolution of `b` pictures of h×w×5 by 3×3 windows, what `maps` make of its result %c, and a
/// pooling of `windowY`×`windowX` of that.
static std::string pooled(int64_t b, int64_t h, int64_t w, int64_t columns, int64_t windowY,
                          int64_t windowX, const std::string &combiner) {
  auto tensor = [](std::initializer_list<int64_t> shape) {
    std::string text = "tensor<";
    for (int64_t extent : shape)
      text += std::to_string(extent) + "x";
    return text + "f32>";
  };
  auto list = [](std::initializer_list<int64_t> shape) {
    std::string text;
    for (int64_t extent : shape)
      text += (text.empty() ? "" : ", ") + std::to_string(extent);
    return "<" + text + ">";
  };
  int64_t y = h - 2, x = w - 2, rows = y / windowY, across = x / windowX;
  std::string in = tensor({b, h, w, 5}), weights = tensor({3, 3, 5, columns});
  std::string whole = tensor({b, y, x, columns}), out = tensor({b, rows, across, columns});
  std::string bias = tensor({columns});
  return "func.func @f(%x: " + in + ", %w: " + weights + ", %bias: " + bias + ", %add: " + out +
         ") -> " + out + " {\n%c = tenon.contract sum over " + list({b, y, x, columns, 3, 3, 5}) +
         R"( (%x, %w) maps [affine_map<(b, y, x, c, i, j, k) -> (b, y + i, x + j, k)>,
           affine_map<(b, y, x, c, i, j, k) -> (i, j, k, c)>,
           affine_map<(b, y, x, c, i, j, k) -> (b, y, x, c)>] {
         ^bb0(%e: f32, %f: f32):
           %p = tenon.mul %e, %f : f32
           tenon.yield %p : f32
         } : ()" +
         in + ", " + weights + ") -> " + whole +
         "\n%bb = tenon.broadcast %bias axes [3] : " + bias + " -> " + whole +
         "\n%s = tenon.add %c, %bb : " + whole + "\n%t = tenon.abs %s : " + whole +
         "\n%m = tenon.contract " + combiner + " over " +
         list({b, rows, across, columns, windowY, windowX}) +
         " (%t) maps [affine_map<(b, y, x, c, i, j) -> (b, y * " + std::to_string(windowY) +
         " + i, x * " + std::to_string(windowX) +
         R"( + j, c)>, affine_map<(b, y, x, c, i, j) -> (b, y, x, c)>] {
         ^bb0(%e: f32):
           tenon.yield %e : f32
         } : ()" +
         whole + ") -> " + out + "\n%r = tenon.mul %m, %add : " + out + "\nreturn %r : " + out +
         "\n}";
}

/// A reduction of the first two of three rows isn't the kernel's.
TEST(ContractionKernel, does_not_join_rows_in_no_window) {
  checkKernels(R"(func.func @f(%a: tensor<5x3x7xf32>, %b: tensor<7x20xf32>) -> tensor<5x20xf32> {
    %r = tenon.contract sum over <5, 3, 20, 7> (%a, %b)
      maps [affine_map<(b, m, n, k) -> (b, m, k)>, affine_map<(b, m, n, k) -> (k, n)>, affine_map<(b, m, n, k) -> (b, m, n)>] {
    ^bb0(%x: f32, %y: f32):
      %p = tenon.mul %x, %y : f32
      tenon.yield %p : f32
    } : (tensor<5x3x7xf32>, tensor<7x20xf32>) -> tensor<5x3x20xf32>
    %s = tenon.contract max over <5, 20, 2> (%r)
      maps [affine_map<(b, n, m) -> (b, m, n)>, affine_map<(b, n, m) -> (b, n)>] {
    ^bb0(%x: f32):
      tenon.yield %x : f32
    } : (tensor<5x3x20xf32>) -> tensor<5x20xf32>
    return %s : tensor<5x20xf32>
  })",
               {sample(TENON_F32, {5, 3, 7}), sample(TENON_F32, {7, 20}, 2)},
               {{0, 0}, {}, {"pack", "contraction", "reduction"}});
}

TEST(ContractionKernel, joins_rows_of_windows) {
  struct {
    int64_t b, h, w, columns, windowY, windowX;
    const char *combiner;
  } cases[] = {{2, 11, 12, 16, 2, 2, "max"},
               {1, 8, 30, 33, 2, 2, "min"},
               {2, 7, 20, 9, 1, 3, "sum"},
               {5, 4, 4, 31, 2, 1, "max"}};
  for (auto &[b, h, w, columns, windowY, windowX, combiner] : cases) {
    SCOPED_TRACE(pooled(b, h, w, columns, windowY, windowX, combiner));
    int64_t rows = (h - 2) / windowY, across = (w - 2) / windowX;
    checkKernels(pooled(b, h, w, columns, windowY, windowX, combiner),
                 {sample(TENON_F32, {b, h, w, 5}), sample(TENON_F32, {3, 3, 5, columns}, 2),
                  sample(TENON_F32, {columns}, 3),
                  sample(TENON_F32, {b, rows, across, columns}, 4)},
                 {{0, 0}, {}, {"pack", "contraction"}});
  }
}
