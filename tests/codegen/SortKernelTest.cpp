//===- SortKernelTest.cpp - The order of rows -----------------------------===//
#include "tests/codegen/KernelChecks.h"

#include <cmath>

using namespace tenon;
using namespace tenon::test;

static std::string sorted(const std::string &element, const std::string &how = "") {
  std::string type = "tensor<3x?x" + element + ", #tenon.dims<3, n>>";
  std::string places = "tensor<3x?xi32, #tenon.dims<3, n>>";
  return "func.func @f(%x: " + type + ") -> " + places + " {\n%r = tenon.argsort %x" + how + " : " +
         type + " -> " + places + "\nreturn %r : " + places + "\n}";
}

// Up to 40 elements by insertion, beyond that by digits.
TEST(SortKernel, lengths) {
  for (int64_t n : {0, 1, 40, 41, 300})
    checkKernels(sorted("f32"), {sample(TENON_F32, {3, n})}, {{0, 0}, {}, {"sort"}});
}

TEST(SortKernel, integers_and_ties) {
  checkKernels(sorted("i8", " descending"), {sampleIntegers(TENON_I8, {3, 77}, -20, 20)});
  checkKernels(sorted("ui8"), {sampleIntegers(TENON_U8, {3, 77}, 0, 255)});
  checkKernels(sorted("i32"), {sampleIntegers(TENON_I32, {3, 77}, -20, 20)});
  checkKernels(sorted("i64", " descending"), {sampleIntegers(TENON_I64, {3, 77}, -1000, 1000)});
  checkKernels(sorted("i1"), {sampleIntegers(TENON_BOOL, {3, 77}, 0, 1)});
}

TEST(SortKernel, reals) {
  checkKernels(sorted("f16", " descending"), {sample(TENON_F16, {3, 77})});
  checkKernels(sorted("bf16"), {sample(TENON_BF16, {3, 77})});
  checkKernels(sorted("f64"), {sample(TENON_F64, {3, 77})});
}

TEST(SortKernel, zeros_infinities_and_nan) {
  const double inf = INFINITY, nan = NAN;
  auto rows = [&](double least, int64_t repeat) {
    std::vector<double> all;
    for (int64_t i = 0; i < 3 * repeat; ++i)
      for (double each : {nan, 0.0, -0.0, inf, -inf, 1.0, -1.0, nan, -0.0, least, -least})
        all.push_back(each);
    return all;
  };
  // The least numbers are denormal: they are compared as what they are.
  checkKernels(sorted("f32"), {HostTensor::ofNumbers(TENON_F32, {3, 55}, rows(1e-44, 5))});
  checkKernels(sorted("f32", " descending"),
               {HostTensor::ofNumbers(TENON_F32, {3, 11}, rows(1e-44, 1))});
  checkKernels(sorted("f64", " descending"),
               {HostTensor::ofNumbers(TENON_F64, {3, 55}, rows(5e-324, 5))});
}

TEST(SortKernel, of_one_row_and_of_what_is_computed) {
  checkKernels(R"(func.func @f(%x: tensor<50xf32>, %y: tensor<50xf32>) -> tensor<50xi32> {
    %z = tenon.mul %x, %y : tensor<50xf32>
    %r = tenon.argsort %z : tensor<50xf32> -> tensor<50xi32>
    return %r : tensor<50xi32>
  })",
               {sample(TENON_F32, {50}), sample(TENON_F32, {50}, 2)});
}
