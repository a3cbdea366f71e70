//===- ScatterKernelTest.cpp - Adding rows into a table -------------------===//
#include "tests/codegen/KernelChecks.h"

using namespace tenon;
using namespace tenon::test;

static std::string scatter(const std::string &element) {
  std::string updates = "tensor<4x?x9x" + element + ", #tenon.dims<4, n, 9>>";
  std::string out = "tensor<6x9x" + element + ">";
  return "func.func @f(%u: " + updates + ", %i: tensor<4x?xi32, #tenon.dims<4, n>>) -> " + out +
         " {\n%d = tenon.add %u, %u : " + updates +
         "\n%r = tenon.scatter_add %d at %i : " + updates +
         ", tensor<4x?xi32, #tenon.dims<4, n>> -> " + out + "\nreturn %r : " + out + "\n}";
}

TEST(ScatterKernel, adds_in_order_and_clamps) {
  // Updates are looked through in blocks of 512.
  for (int64_t n : {0, 1, 25, 530})
    checkKernels(scatter("f32"),
                 {sample(TENON_F32, {4, n, 9}), sampleIntegers(TENON_I32, {4, n}, -1, 7)},
                 {{0, 0}, {}, {"scatter"}});
}

TEST(ScatterKernel, other_dtypes) {
  checkKernels(scatter("i32"),
               {sample(TENON_I32, {4, 5, 9}), sampleIntegers(TENON_I32, {4, 5}, 0, 5)});
  checkKernels(scatter("f64"),
               {sample(TENON_F64, {4, 5, 9}), sampleIntegers(TENON_I32, {4, 5}, 0, 5)});
  checkKernels(scatter("bf16"),
               {sample(TENON_BF16, {4, 5, 9}), sampleIntegers(TENON_I32, {4, 5}, 0, 5)},
               {{1e-2, 1e-2}, {}, {}});
}

TEST(ScatterKernel, of_scalars) {
  checkKernels(R"(func.func @f(%u: tensor<50xf32>, %i: tensor<50xi64>) -> tensor<7xf32> {
    %r = tenon.scatter_add %u at %i : tensor<50xf32>, tensor<50xi64> -> tensor<7xf32>
    return %r : tensor<7xf32>
  })",
               {sample(TENON_F32, {50}), sampleIntegers(TENON_I64, {50}, 0, 6)});
}
