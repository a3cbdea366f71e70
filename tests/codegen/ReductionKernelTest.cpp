//===- ReductionKernelTest.cpp - Reductions of every combiner and shape ---===//
#include "tests/codegen/KernelChecks.h"

using namespace tenon;
using namespace tenon::test;

/// A reduction of an [m, n] tensor over axis 0 or 1 with an identity body.
static std::string reduction(const std::string &combiner, const std::string &element,
                             const std::string &result, int axis) {
  std::string kept = axis == 0 ? "n" : "m", map = axis == 0 ? "d1" : "d0";
  std::string in = "tensor<?x?x" + element + ", #tenon.dims<m, n>>";
  std::string out = "tensor<?x" + result + ", #tenon.dims<" + kept + ">>";
  return "func.func @f(%a: " + in + ") -> " + out + " {\n%r = tenon.contract " + combiner +
         " over <m, n> (%a) maps [affine_map<(d0, d1) -> (d0, d1)>, affine_map<(d0, d1) -> (" +
         map + ")>] {\n^bb0(%x: " + element + "):\ntenon.yield %x : " + element + "\n} : (" + in +
         ") -> " + out + "\nreturn %r : " + out + "\n}";
}

TEST(ReductionKernel, every_combiner_along_either_axis) {
  for (const char *combiner : {"sum", "prod", "max", "min", "argmax", "argmin", "logsumexp"})
    for (int axis : {0, 1})
      for (auto [m, n] : {std::pair<int64_t, int64_t>{3, 5}, {70, 67}}) {
        bool isArg = std::string(combiner).starts_with("arg");
        SCOPED_TRACE(std::string(combiner) + std::to_string(axis) + " " + std::to_string(m) + "x" +
                     std::to_string(n));
        HostTensor a = sample(TENON_F32, {m, n});
        CheckOptions options;
        options.tolerance = {3e-5, 3e-6};
        options.kinds = {"reduction"};
        checkKernels(reduction(combiner, "f32", isArg ? "i32" : "f32", axis), {a}, options);
      }
}

TEST(ReductionKernel, empty_gives_the_neutral_value) {
  for (const char *combiner : {"sum", "prod", "max", "min", "logsumexp"})
    for (int axis : {0, 1})
      checkKernels(
          reduction(combiner, "f32", "f32", axis),
          {sample(TENON_F32, axis == 0 ? std::vector<int64_t>{0, 5} : std::vector<int64_t>{5, 0})});
}

TEST(ReductionKernel, other_dtypes) {
  const std::pair<const char *, tenon_dtype> types[] = {
      {"i8", TENON_I8},   {"ui8", TENON_U8},    {"i32", TENON_I32}, {"i64", TENON_I64},
      {"f16", TENON_F16}, {"bf16", TENON_BF16}, {"f64", TENON_F64}};
  for (auto [name, dtype] : types)
    for (const char *combiner : {"sum", "max", "argmin"})
      for (int axis : {0, 1}) {
        SCOPED_TRACE(std::string(name) + " " + combiner);
        CheckOptions options;
        options.tolerance = {dtype == TENON_F64 ? 1e-12 : 0, dtype == TENON_F64 ? 1e-12 : 0};
        if (dtype == TENON_BF16)
          options.tolerance = {1e-2, 1e-2};
        if (dtype == TENON_F16)
          options.tolerance = {2e-3, 2e-3};
        bool isArg = combiner[0] == 'a';
        checkKernels(reduction(combiner, name, isArg ? "i32" : name, axis),
                     {sample(dtype, {19, 35})}, options);
      }
  for (const char *combiner : {"any", "all"})
    for (int axis : {0, 1})
      checkKernels(reduction(combiner, "i1", "i1", axis), {sample(TENON_BOOL, {3, 21})});
}

TEST(ReductionKernel, argmax_takes_the_first_nan_else_the_first_maximum) {
  float nan = std::numeric_limits<float>::quiet_NaN(), inf = std::numeric_limits<float>::infinity();
  std::vector<float> rows(5 * 40, 1.0f);
  rows[0 * 40 + 17] = rows[0 * 40 + 33] = 5;        // two maxima in one lane of sixteen
  rows[1 * 40 + 30] = nan, rows[1 * 40 + 31] = nan; // two NaNs in different lanes
  rows[1 * 40 + 2] = inf;
  for (int i = 0; i < 40; ++i)
    rows[2 * 40 + i] = -inf; // nothing above the neutral value
  rows[3 * 40 + 39] = nan;
  for (int axis : {0, 1})
    for (const char *combiner : {"argmax", "argmin", "max"})
      checkKernels(reduction(combiner, "f32", combiner[0] == 'a' ? "i32" : "f32", axis),
                   {HostTensor::of<float>(TENON_F32, {5, 40}, rows)});
}

TEST(ReductionKernel, logsumexp_of_infinities) {
  float inf = std::numeric_limits<float>::infinity();
  checkKernels(reduction("logsumexp", "f32", "f32", 1),
               {HostTensor::of<float>(TENON_F32, {3, 2}, {-inf, -inf, inf, 1, 90, 91})});
}

TEST(ReductionKernel, everything_to_a_scalar) {
  for (int64_t n : {0, 1, 15, 16, 17, 1000})
    checkKernels(
        R"(func.func @f(%a: tensor<?x3xf32, #tenon.dims<n, 3>>, %b: tensor<?x3xf32, #tenon.dims<n, 3>>) -> tensor<f32> {
      %r = tenon.contract sum over <n, 3> (%a, %b)
        maps [affine_map<(d0, d1) -> (d0, d1)>, affine_map<(d0, d1) -> (d0, d1)>, affine_map<(d0, d1) -> ()>] {
      ^bb0(%x: f32, %y: f32):
        %p = tenon.mul %x, %y : f32
        tenon.yield %p : f32
      } : (tensor<?x3xf32, #tenon.dims<n, 3>>, tensor<?x3xf32, #tenon.dims<n, 3>>) -> tensor<f32>
      return %r : tensor<f32>
    })",
        {sample(TENON_F32, {n, 3}), sample(TENON_F32, {n, 3}, 2)}, {{1e-4, 1e-4}, {}, {}});
}

TEST(ReductionKernel, pools_with_maps_and_computes_before_and_after) {
  checkKernels(
      R"(func.func @f(%a: tensor<2x6x8x5xf32>, %scale: tensor<5xf32>) -> tensor<2x3x4x5xf32> {
    %e = tenon.neg %a : tensor<2x6x8x5xf32>
    %r = tenon.contract max over <2, 3, 4, 5, 2, 2> (%e)
      maps [affine_map<(d0, d1, d2, d3, d4, d5) -> (d0, d1 * 2 + d4, d2 * 2 + d5, d3)>,
            affine_map<(d0, d1, d2, d3, d4, d5) -> (d0, d1, d2, d3)>] {
    ^bb0(%x: f32):
      %y = tenon.add %x, %x : f32
      tenon.yield %y : f32
    } : (tensor<2x6x8x5xf32>) -> tensor<2x3x4x5xf32>
    %s = tenon.broadcast %scale axes [3] : tensor<5xf32> -> tensor<2x3x4x5xf32>
    %m = tenon.mul %r, %s : tensor<2x3x4x5xf32>
    return %m : tensor<2x3x4x5xf32>
  })",
      {sample(TENON_F32, {2, 6, 8, 5}), sample(TENON_F32, {5}, 2)}, {{}, {}, {"reduction"}});
}

TEST(ReductionKernel, matrix_times_vector_with_symbols) {
  checkKernels(
      R"(func.func @f(%a: tensor<?x?xf32, #tenon.dims<m, n + 2>>, %v: tensor<?xf32, #tenon.dims<n>>)
      -> tensor<?xf32, #tenon.dims<m>> {
    %r = tenon.contract sum over <m, n> symbols <n> (%a, %v)
      maps [affine_map<(d0, d1)[s0] -> (d0, d1 + 2)>, affine_map<(d0, d1)[s0] -> (s0 - 1 - d1)>, affine_map<(d0, d1)[s0] -> (d0)>] {
    ^bb0(%x: f32, %y: f32):
      %p = tenon.mul %x, %y : f32
      tenon.yield %p : f32
    } : (tensor<?x?xf32, #tenon.dims<m, n + 2>>, tensor<?xf32, #tenon.dims<n>>) -> tensor<?xf32, #tenon.dims<m>>
    return %r : tensor<?xf32, #tenon.dims<m>>
  })",
      {sample(TENON_F32, {5, 39}), sample(TENON_F32, {37}, 2)}, {{1e-4, 1e-5}, {}, {}});
}

TEST(ReductionKernel, partitions_an_axis) {
  for (unsigned axis : {0u, 1u}) {
    CheckOptions options;
    options.partitionAxis = axis;
    checkKernels(R"(func.func @f(%a: tensor<7x9x21xf32>) -> tensor<7x21xf32> {
      %r = tenon.contract sum over <7, 9, 21> (%a)
        maps [affine_map<(d0, d1, d2) -> (d0, d1, d2)>, affine_map<(d0, d1, d2) -> (d0, d2)>] {
      ^bb0(%x: f32):
        tenon.yield %x : f32
      } : (tensor<7x9x21xf32>) -> tensor<7x21xf32>
      return %r : tensor<7x21xf32>
    })",
                 {sample(TENON_F32, {7, 9, 21})}, options);
  }
}

TEST(ReductionKernel, adds_to_wherever_the_result_map_says) {
  // The gradient of a strided convolution's input, with a map on the result.
  for (std::optional<unsigned> axis : {std::optional<unsigned>(), std::optional<unsigned>(0)})
    checkKernels(
        R"(func.func @f(%g: tensor<3x5x20xf32>, %k: tensor<3x4x20xf32>) -> (tensor<3x11x4xf32>, tensor<3x11x4xf32>) {
      %r = tenon.contract sum over <3, 5, 3, 4, 20> (%g, %k)
        maps [affine_map<(b, h, r, c, o) -> (b, h, o)>, affine_map<(b, h, r, c, o) -> (r, c, o)>,
              affine_map<(b, h, r, c, o) -> (b, 2 * h + r, c)>] {
      ^bb0(%x: f32, %y: f32):
        %p = tenon.mul %x, %y : f32
        tenon.yield %p : f32
      } : (tensor<3x5x20xf32>, tensor<3x4x20xf32>) -> tensor<3x11x4xf32>
      %n = tenon.neg %r : tensor<3x11x4xf32>
      return %r, %n : tensor<3x11x4xf32>, tensor<3x11x4xf32>
    })",
        {sample(TENON_F32, {3, 5, 20}), sample(TENON_F32, {3, 4, 20}, 2)},
        {{0, 0}, axis, {"reduction"}});
}

TEST(ReductionKernel, leaves_elements_that_no_point_reaches_neutral) {
  checkKernels(R"(func.func @f(%a: tensor<4x19xi32>) -> tensor<8x19x2xi32> {
    %r = tenon.contract max over <4, 19> (%a)
      maps [affine_map<(i, j) -> (i, j)>, affine_map<(i, j) -> (2 * i, j, 1)>] {
    ^bb0(%x: i32):
      tenon.yield %x : i32
    } : (tensor<4x19xi32>) -> tensor<8x19x2xi32>
    return %r : tensor<8x19x2xi32>
  })",
               {sample(TENON_I32, {4, 19})});
}
