//===- MapKernelTest.cpp - Elementwise kernels and movements --------------===//
#include "tests/codegen/KernelChecks.h"

using namespace tenon;
using namespace tenon::test;

static std::string substitute(std::string text, const std::string &what, const std::string &with) {
  for (size_t at = 0; (at = text.find(what, at)) != std::string::npos; at += with.size())
    text.replace(at, what.size(), with);
  return text;
}

TEST(MapKernel, adds_every_shape) {
  for (int64_t n : {0, 1, 7, 16, 33, 1000})
    checkKernels(
        R"(func.func @f(%a: tensor<?xf32, #tenon.dims<n>>, %b: tensor<?xf32, #tenon.dims<n>>)
        -> tensor<?xf32, #tenon.dims<n>> {
      %s = tenon.add %a, %b : tensor<?xf32, #tenon.dims<n>>
      %r = tenon.mul %s, %a : tensor<?xf32, #tenon.dims<n>>
      return %r : tensor<?xf32, #tenon.dims<n>>
    })",
        {sample(TENON_F32, {n}, 1), sample(TENON_F32, {n}, 2)}, {{}, {}, {"map"}});
}

TEST(MapKernel, arithmetic_of_every_dtype) {
  const std::pair<const char *, tenon_dtype> types[] = {
      {"i8", TENON_I8},   {"ui8", TENON_U8},    {"i32", TENON_I32}, {"i64", TENON_I64},
      {"f16", TENON_F16}, {"bf16", TENON_BF16}, {"f32", TENON_F32}, {"f64", TENON_F64}};
  for (auto [name, dtype] : types) {
    SCOPED_TRACE(name);
    std::string text = substitute(R"(func.func @f(%a: tensor<5x19xT>, %b: tensor<5x19xT>)
        -> (tensor<5x19xT>, tensor<5x19xT>, tensor<5x19xT>, tensor<5x19xT>, tensor<5x19xT>,
            tensor<5x19xT>, tensor<5x19xT>, tensor<5x19xT>, tensor<5x19xi1>) {
      %0 = tenon.add %a, %b : tensor<5x19xT>
      %1 = tenon.sub %a, %b : tensor<5x19xT>
      %2 = tenon.mul %a, %b : tensor<5x19xT>
      %3 = tenon.div %a, %b : tensor<5x19xT>
      %4 = tenon.rem %a, %b : tensor<5x19xT>
      %5 = tenon.max %a, %b : tensor<5x19xT>
      %6 = tenon.abs %a : tensor<5x19xT>
      %7 = tenon.sign %b : tensor<5x19xT>
      %8 = tenon.compare lt %a, %b : tensor<5x19xT> -> tensor<5x19xi1>
      return %0, %1, %2, %3, %4, %5, %6, %7, %8 : tensor<5x19xT>, tensor<5x19xT>, tensor<5x19xT>,
        tensor<5x19xT>, tensor<5x19xT>, tensor<5x19xT>, tensor<5x19xT>, tensor<5x19xT>, tensor<5x19xi1>
    })",
                                  "T", name);
    CheckOptions options;
    options.tolerance = {0, 0};
    HostTensor b = sample(dtype, {5, 19}, 2);
    b.set(3, dtype < TENON_F16 ? Number::ofInteger(0) : Number::ofReal(0));
    checkKernels(text, {sample(dtype, {5, 19}, 1), b}, options);
  }
}

TEST(MapKernel, divides_integers_at_the_edges) {
  auto a = HostTensor::of<int32_t>(TENON_I32, {9},
                                   {INT32_MIN, INT32_MIN, INT32_MAX, -7, 7, -7, 0, 1, -1});
  auto b = HostTensor::of<int32_t>(TENON_I32, {9}, {-1, 1, INT32_MIN, 2, -2, -2, 0, 0, INT32_MAX});
  auto c = HostTensor::of<int64_t>(TENON_I64, {3}, {INT64_MIN, INT64_MAX, -3});
  auto d = HostTensor::of<int64_t>(TENON_I64, {3}, {-1, 0, 2});
  checkKernels(
      R"(func.func @f(%a: tensor<9xi32>, %b: tensor<9xi32>, %c: tensor<3xi64>, %d: tensor<3xi64>)
      -> (tensor<9xi32>, tensor<9xi32>, tensor<9xi32>, tensor<3xi64>, tensor<3xi64>) {
    %0 = tenon.div %a, %b : tensor<9xi32>
    %1 = tenon.rem %a, %b : tensor<9xi32>
    %2 = tenon.pow %a, %b : tensor<9xi32>
    %3 = tenon.div %c, %d : tensor<3xi64>
    %4 = tenon.rem %c, %d : tensor<3xi64>
    return %0, %1, %2, %3, %4 : tensor<9xi32>, tensor<9xi32>, tensor<9xi32>, tensor<3xi64>, tensor<3xi64>
  })",
      {a, b, c, d});
}

TEST(MapKernel, converts) {
  float nan = std::numeric_limits<float>::quiet_NaN(), inf = std::numeric_limits<float>::infinity();
  auto a =
      HostTensor::of<float>(TENON_F32, {9}, {nan, inf, -inf, 1.9f, -1.9f, 300, -300, 1e20f, 0});
  checkKernels(R"(func.func @f(%a: tensor<9xf32>)
      -> (tensor<9xi8>, tensor<9xui8>, tensor<9xi32>, tensor<9xi64>, tensor<9xi1>, tensor<9xbf16>,
          tensor<9xf16>, tensor<9xf64>, tensor<9xi1>, tensor<9xf32>) {
    %0 = tenon.convert %a : tensor<9xf32> -> tensor<9xi8>
    %1 = tenon.convert %a : tensor<9xf32> -> tensor<9xui8>
    %2 = tenon.convert %a : tensor<9xf32> -> tensor<9xi32>
    %3 = tenon.convert %a : tensor<9xf32> -> tensor<9xi64>
    %4 = tenon.convert %a : tensor<9xf32> -> tensor<9xi1>
    %5 = tenon.convert %a : tensor<9xf32> -> tensor<9xbf16>
    %6 = tenon.convert %a : tensor<9xf32> -> tensor<9xf16>
    %7 = tenon.convert %a : tensor<9xf32> -> tensor<9xf64>
    %8 = tenon.is_finite %a : tensor<9xf32> -> tensor<9xi1>
    %9 = tenon.convert %4 : tensor<9xi1> -> tensor<9xf32>
    return %0, %1, %2, %3, %4, %5, %6, %7, %8, %9 : tensor<9xi8>, tensor<9xui8>, tensor<9xi32>,
      tensor<9xi64>, tensor<9xi1>, tensor<9xbf16>, tensor<9xf16>, tensor<9xf64>, tensor<9xi1>, tensor<9xf32>
  })",
               {a}, {{0, 0}, {}, {}});
}

TEST(MapKernel, propagates_nan) {
  float nan = std::numeric_limits<float>::quiet_NaN();
  auto a = HostTensor::of<float>(TENON_F32, {4}, {nan, 1, -2, nan});
  auto b = HostTensor::of<float>(TENON_F32, {4}, {1, nan, -1, nan});
  checkKernels(R"(func.func @f(%a: tensor<4xf32>, %b: tensor<4xf32>)
      -> (tensor<4xf32>, tensor<4xf32>, tensor<4xf32>) {
    %z = tenon.constant dense<0.0> : tensor<4xf32>
    %0 = tenon.max %a, %b : tensor<4xf32>
    %1 = tenon.min %a, %b : tensor<4xf32>
    %2 = tenon.max %a, %z : tensor<4xf32>
    return %0, %1, %2 : tensor<4xf32>, tensor<4xf32>, tensor<4xf32>
  })",
               {a, b});
}

TEST(MapKernel, functions) {
  checkKernels(R"(func.func @f(%a: tensor<4x37xf32>) -> (tensor<4x37xf32>, tensor<4x37xf32>) {
    %0 = tenon.exp %a : tensor<4x37xf32>
    %1 = tenon.tanh %0 : tensor<4x37xf32>
    %2 = tenon.sigmoid %a : tensor<4x37xf32>
    %3 = tenon.mul %1, %2 : tensor<4x37xf32>
    %4 = tenon.floor %a : tensor<4x37xf32>
    return %3, %4 : tensor<4x37xf32>, tensor<4x37xf32>
  })",
               {sample(TENON_F32, {4, 37})});
}

TEST(MapKernel, movements) {
  checkKernels(R"(func.func @f(%a: tensor<6x20xf32>, %b: tensor<20xf32>)
      -> (tensor<6x20xf32>, tensor<20x6xf32>, tensor<3x5xf32>, tensor<9x44xf32>, tensor<12x20xf32>, tensor<6x40xf32>) {
    %0 = tenon.broadcast %b axes [1] : tensor<20xf32> -> tensor<6x20xf32>
    %1 = tenon.add %a, %0 : tensor<6x20xf32>
    %2 = tenon.transpose %a [1, 0] : tensor<6x20xf32> -> tensor<20x6xf32>
    %3 = tenon.slice %a offsets <1, 3> strides [2, 3] : tensor<6x20xf32> -> tensor<3x5xf32>
    %v = tenon.constant dense<7.0> : tensor<f32>
    %4 = tenon.pad %a, %v offsets <2, 3> strides [1, 2] : tensor<6x20xf32>, tensor<f32> -> tensor<9x44xf32>
    %5 = tenon.concat %a, %1 axis 0 : tensor<6x20xf32>, tensor<6x20xf32> -> tensor<12x20xf32>
    %6 = tenon.concat %a, %1 axis 1 : tensor<6x20xf32>, tensor<6x20xf32> -> tensor<6x40xf32>
    return %1, %2, %3, %4, %5, %6 : tensor<6x20xf32>, tensor<20x6xf32>, tensor<3x5xf32>, tensor<9x44xf32>, tensor<12x20xf32>, tensor<6x40xf32>
  })",
               {sample(TENON_F32, {6, 20}), sample(TENON_F32, {20}, 2)});
}

// Elements two to four apart come out of neighbouring vectors; the last one ends the memory.
TEST(MapKernel, elements_a_few_apart) {
  for (auto [element, dtype] :
       {std::pair("f32", TENON_F32), std::pair("bf16", TENON_BF16), std::pair("i1", TENON_BOOL)})
    for (int64_t stride : {2, 3, 4})
      for (int64_t count : {3, 37}) {
        SCOPED_TRACE(std::string(element) + ", " + std::to_string(count) + " elements " +
                     std::to_string(stride) + " apart");
        int64_t extent = (count - 1) * stride + 1;
        std::string from = "tensor<2x" + std::to_string(extent) + "x" + element + ">";
        std::string to = "tensor<2x" + std::to_string(count) + "x" + element + ">";
        checkKernels("func.func @f(%a: " + from + ") -> " + to +
                         " {\n  %r = tenon.slice %a offsets <0, 0> strides [1, " +
                         std::to_string(stride) + "] : " + from + " -> " + to +
                         "\n  return %r : " + to + "\n}",
                     {sample(dtype, {2, extent})}, {{}, 0, {"map"}});
      }
}

TEST(MapKernel, reshapes_inside) {
  checkKernels(R"(func.func @f(%a: tensor<3x8x5xf32>, %b: tensor<3x8x5xf32>)
      -> (tensor<24x5xf32>, tensor<3x40xf32>, tensor<3x5x8xf32>, tensor<15x8xf32>, tensor<120xf32>) {
    %s = tenon.add %a, %b : tensor<3x8x5xf32>
    %0 = tenon.reshape %s : tensor<3x8x5xf32> -> tensor<24x5xf32>
    %1 = tenon.neg %0 : tensor<24x5xf32>
    %2 = tenon.reshape %s : tensor<3x8x5xf32> -> tensor<3x40xf32>
    %3 = tenon.neg %2 : tensor<3x40xf32>
    %4 = tenon.transpose %s [0, 2, 1] : tensor<3x8x5xf32> -> tensor<3x5x8xf32>
    %5 = tenon.reshape %4 : tensor<3x5x8xf32> -> tensor<15x8xf32>
    %6 = tenon.neg %5 : tensor<15x8xf32>
    %7 = tenon.reshape %4 : tensor<3x5x8xf32> -> tensor<120xf32>
    %8 = tenon.neg %7 : tensor<120xf32>
    return %1, %3, %4, %6, %8 : tensor<24x5xf32>, tensor<3x40xf32>, tensor<3x5x8xf32>, tensor<15x8xf32>, tensor<120xf32>
  })",
               {sample(TENON_F32, {3, 8, 5}), sample(TENON_F32, {3, 8, 5}, 2)});
}

/// The first lanes lie before the pad's inside, and the place that their base divides to is
/// negative.
TEST(MapKernel, a_reshape_inside_a_pad) {
  checkKernels(R"(func.func @f(%a: tensor<3x8xi1>) -> tensor<75xi1> {
    %0 = tenon.concat %a, %a, %a axis 1 : tensor<3x8xi1>, tensor<3x8xi1>, tensor<3x8xi1> -> tensor<3x24xi1>
    %1 = tenon.reshape %0 : tensor<3x24xi1> -> tensor<72xi1>
    %v = tenon.constant dense<false> : tensor<i1>
    %2 = tenon.pad %1, %v offsets <2> strides [1] : tensor<72xi1>, tensor<i1> -> tensor<75xi1>
    return %2 : tensor<75xi1>
  })",
               {sample(TENON_BOOL, {3, 8})});
}

TEST(MapKernel, gathers_and_clamps) {
  for (auto rows :
       {std::vector<double>{0, 4, 2, 2, -1, 9, 1}, std::vector<double>{3, 3, 3, 3, 3, 3, 3}})
    checkKernels(R"(func.func @f(%t: tensor<5x6xf32>, %i: tensor<?xi32, #tenon.dims<n>>)
        -> (tensor<?x6xf32, #tenon.dims<n, 6>>, tensor<?xi32, #tenon.dims<n>>) {
      %g = tenon.gather %t[%i] : tensor<5x6xf32>, tensor<?xi32, #tenon.dims<n>> -> tensor<?x6xf32, #tenon.dims<n, 6>>
      %n = tenon.neg %g : tensor<?x6xf32, #tenon.dims<n, 6>>
      %table = tenon.constant dense<[5, 6, 7]> : tensor<3xi32>
      %h = tenon.gather %table[%i] : tensor<3xi32>, tensor<?xi32, #tenon.dims<n>> -> tensor<?xi32, #tenon.dims<n>>
      return %n, %h : tensor<?x6xf32, #tenon.dims<n, 6>>, tensor<?xi32, #tenon.dims<n>>
    })",
                 {sample(TENON_F32, {5, 6}), HostTensor::ofNumbers(TENON_I32, {7}, rows)});
}

TEST(MapKernel, counts_and_draws) {
  auto seed = HostTensor::scalar(TENON_I64, 12345), step = HostTensor::scalar(TENON_I64, 7);
  CheckOptions options;
  options.tolerance = {2e-6, 2e-6};
  checkKernels(R"(func.func @f(%seed: tensor<i64>, %step: tensor<i64>)
      -> (tensor<5x21xi32>, tensor<5x21xf32>, tensor<5x21xf32>, tensor<5x21xf32>, tensor<5x21xi32>, tensor<5x21xf64>, tensor<5x21xf32>) {
    %lo = tenon.constant dense<-1.0> : tensor<f32>
    %hi = tenon.constant dense<3.0> : tensor<f32>
    %p = tenon.constant dense<0.3> : tensor<f32>
    %a = tenon.constant dense<-5> : tensor<i32>
    %b = tenon.constant dense<11> : tensor<i32>
    %c = tenon.constant dense<0.0> : tensor<f64>
    %d = tenon.constant dense<1.0> : tensor<f64>
    %0 = tenon.iota axis 1 : tensor<5x21xi32>
    %1 = tenon.draw uniform(%lo, %hi : tensor<f32>, tensor<f32>) seed %seed step %step stream 17 : tensor<5x21xf32>
    %2 = tenon.draw normal(%lo, %hi : tensor<f32>, tensor<f32>) seed %seed step %step stream 18 iterations(%step) : tensor<5x21xf32>
    %3 = tenon.draw bernoulli(%p : tensor<f32>) seed %seed step %step stream 19 : tensor<5x21xf32>
    %4 = tenon.draw integers(%a, %b : tensor<i32>, tensor<i32>) seed %seed step %step stream 20 : tensor<5x21xi32>
    %5 = tenon.draw uniform(%c, %d : tensor<f64>, tensor<f64>) seed %seed step %step stream 21 : tensor<5x21xf64>
    %n = tenon.dimension <21> : tensor<f32>
    %6 = tenon.broadcast %n axes [] : tensor<f32> -> tensor<5x21xf32>
    return %0, %1, %2, %3, %4, %5, %6 : tensor<5x21xi32>, tensor<5x21xf32>, tensor<5x21xf32>, tensor<5x21xf32>, tensor<5x21xi32>, tensor<5x21xf64>, tensor<5x21xf32>
  })",
               {seed, step}, options);
}

TEST(MapKernel, partitions_an_axis) {
  for (unsigned axis : {0u, 1u, 2u}) {
    CheckOptions options;
    options.partitionAxis = axis;
    checkKernels(R"(func.func @f(%a: tensor<4x6x18xf32>, %b: tensor<18xf32>) -> tensor<4x6x18xf32> {
      %0 = tenon.broadcast %b axes [2] : tensor<18xf32> -> tensor<4x6x18xf32>
      %1 = tenon.mul %a, %0 : tensor<4x6x18xf32>
      return %1 : tensor<4x6x18xf32>
    })",
                 {sample(TENON_F32, {4, 6, 18}), sample(TENON_F32, {18}, 2)}, options);
  }
}

TEST(MapKernel, reports_the_first_failed_check) {
  for (const TargetInfo &target : runnableTargets()) {
    auto program = KernelProgram::compile(R"(func.func @f(%i: tensor<6x7xi32>) -> tensor<6x7xi32> {
      %z = tenon.constant dense<0> : tensor<6x7xi32>
      %ok = tenon.compare ge %i, %z : tensor<6x7xi32> -> tensor<6x7xi1>
      tenon.check %ok, "negative" : tensor<6x7xi1>
      %r = tenon.neg %i : tensor<6x7xi32>
      return %r : tensor<6x7xi32>
    })",
                                          target);
    ASSERT_TRUE(bool(program)) << llvm::toString(program.takeError());
    HostTensor fine = sampleIntegers(TENON_I32, {6, 7}, 0, 9), broken = fine;
    broken.set(19, Number::ofInteger(-1));
    broken.set(40, Number::ofInteger(-1));
    auto good = (*program)->run({fine});
    ASSERT_TRUE(bool(good)) << llvm::toString(good.takeError());
    EXPECT_FALSE(good->failedCheck);
    auto bad = (*program)->run({broken});
    ASSERT_TRUE(bool(bad)) << llvm::toString(bad.takeError());
    EXPECT_EQ(bad->failedCheck, std::pair(int64_t(0), int64_t(19)));
  }
}
