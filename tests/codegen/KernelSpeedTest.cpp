//===- KernelSpeedTest.cpp - What kernels reach on this machine -----------===//
//
// Prints figures; run by hand with --gtest_also_run_disabled_tests --gtest_filter=*Speed*.
//
//===----------------------------------------------------------------------===//
#include "tests/codegen/KernelChecks.h"

using namespace tenon;
using namespace tenon::test;

static void measure(const char *name, const std::string &text,
                    const std::vector<HostTensor> &inputs, double flops, double bytes) {
  for (const TargetInfo &target : runnableTargets()) {
    auto program = KernelProgram::compile(text, target);
    ASSERT_TRUE(bool(program)) << llvm::toString(program.takeError());
    auto run = (*program)->run(inputs);
    ASSERT_TRUE(bool(run)) << llvm::toString(run.takeError());
    double best = 1e9;
    for (int i = 0; i < 8; ++i)
      best = std::min(best, (*program)->seconds(3));
    printf("%-28s %-9s %9.1f us %7.1f GFLOP/s %6.1f GB/s  compiled in %5.1f ms\n", name,
           TargetInfo::levelName(target.level), best * 1e6, flops / best * 1e-9,
           bytes / best * 1e-9, (*program)->compileSeconds * 1e3);
  }
}

static std::string product(int64_t m, int64_t n, int64_t k, const char *left, const char *leftMap,
                           const char *rightMap, const char *right) {
  std::string out = "tensor<" + std::to_string(m) + "x" + std::to_string(n) + "xf32>";
  std::string a = std::string("tensor<") + left + "xf32>",
              b = std::string("tensor<") + right + "xf32>";
  return "func.func @f(%a: " + a + ", %b: " + b + ") -> " + out +
         " {\n%r = tenon.contract sum over <" + std::to_string(m) + ", " + std::to_string(n) +
         ", " + std::to_string(k) + "> (%a, %b) maps [affine_map<(m, n, k) -> " + leftMap +
         ">, affine_map<(m, n, k) -> " + rightMap +
         ">, affine_map<(m, n, k) -> (m, n)>] {\n^bb0(%x: f32, %y: f32):\n"
         "%p = tenon.mul %x, %y : f32\ntenon.yield %p : f32\n} : (" +
         a + ", " + b + ") -> " + out + "\nreturn %r : " + out + "\n}";
}

TEST(KernelSpeed, DISABLED_products) {
  measure("3200x512x128", product(3200, 512, 128, "3200x128", "(m, k)", "(k, n)", "128x512"),
          {sample(TENON_F32, {3200, 128}), sample(TENON_F32, {128, 512})}, 2.0 * 3200 * 512 * 128,
          0);
  measure("3200x128x512, right turned",
          product(3200, 128, 512, "3200x512", "(m, k)", "(n, k)", "128x512"),
          {sample(TENON_F32, {3200, 512}), sample(TENON_F32, {128, 512})}, 2.0 * 3200 * 512 * 128,
          0);
  measure("128x512x3200, left turned",
          product(128, 512, 3200, "3200x128", "(k, m)", "(k, n)", "3200x512"),
          {sample(TENON_F32, {3200, 128}), sample(TENON_F32, {3200, 512})}, 2.0 * 3200 * 512 * 128,
          0);
  const char *open = R"(func.func @f(%a: TA, %b: TB) -> tensor<?x512xf32, #tenon.dims<n, 512>> {
    %r = tenon.contract sum over <n, 512, 128> (%a, %b) maps [affine_map<(m, n, k) -> (m, k)>,
        affine_map<(m, n, k) -> (k, n)>, affine_map<(m, n, k) -> (m, n)>] {
    ^bb0(%x: f32, %y: f32):
      %p = tenon.mul %x, %y : f32
      tenon.yield %p : f32
    } : (TA, TB) -> tensor<?x512xf32, #tenon.dims<n, 512>>
    return %r : tensor<?x512xf32, #tenon.dims<n, 512>>
  })";
  std::string text;
  for (const char *p = open; *p; ++p)
    if (p[0] == 'T' && (p[1] == 'A' || p[1] == 'B'))
      text += *++p == 'A' ? "tensor<?x128xf32, #tenon.dims<n, 128>>" : "tensor<128x512xf32>";
    else
      text += *p;
  for (int64_t rows : {1, 32, 3200})
    measure(("any x512x128: " + std::to_string(rows)).c_str(), text,
            {sample(TENON_F32, {rows, 128}), sample(TENON_F32, {128, 512})}, 2.0 * rows * 512 * 128,
            0);
  measure("32x512x128", product(32, 512, 128, "32x128", "(m, k)", "(k, n)", "128x512"),
          {sample(TENON_F32, {32, 128}), sample(TENON_F32, {128, 512})}, 2.0 * 32 * 512 * 128, 0);
  measure("1024x1024x1024", product(1024, 1024, 1024, "1024x1024", "(m, k)", "(k, n)", "1024x1024"),
          {sample(TENON_F32, {1024, 1024}), sample(TENON_F32, {1024, 1024})},
          2.0 * 1024 * 1024 * 1024, 0);
}

TEST(KernelSpeed, DISABLED_maps) {
  measure("a * b + a, 4M",
          R"(func.func @f(%a: tensor<4000000xf32>, %b: tensor<4000000xf32>) -> tensor<4000000xf32> {
    %0 = tenon.mul %a, %b : tensor<4000000xf32>
    %1 = tenon.add %0, %a : tensor<4000000xf32>
    return %1 : tensor<4000000xf32>
  })",
          {sample(TENON_F32, {4000000}), sample(TENON_F32, {4000000})}, 8e6, 48e6);
  measure(
      "bias, relu, 400x1000",
      R"(func.func @f(%a: tensor<?x1000xf32, #tenon.dims<n, 1000>>, %b: tensor<1000xf32>) -> tensor<?x1000xf32, #tenon.dims<n, 1000>> {
    %0 = tenon.broadcast %b axes [1] : tensor<1000xf32> -> tensor<?x1000xf32, #tenon.dims<n, 1000>>
    %1 = tenon.add %0, %a : tensor<?x1000xf32, #tenon.dims<n, 1000>>
    %z = tenon.constant dense<0.0> : tensor<f32>
    %2 = tenon.broadcast %z axes [] : tensor<f32> -> tensor<?x1000xf32, #tenon.dims<n, 1000>>
    %3 = tenon.max %1, %2 : tensor<?x1000xf32, #tenon.dims<n, 1000>>
    return %3 : tensor<?x1000xf32, #tenon.dims<n, 1000>>
  })",
      {sample(TENON_F32, {400, 1000}), sample(TENON_F32, {1000})}, 8e5, 3.2e6);
  measure(
      "LSTM cell, 32x128",
      R"(func.func @f(%z: tensor<32x512xf32>, %c: tensor<32x128xf32>) -> (tensor<32x128xf32>, tensor<32x128xf32>) {
    %0 = tenon.slice %z offsets <0, 0> strides [1, 1] : tensor<32x512xf32> -> tensor<32x128xf32>
    %1 = tenon.slice %z offsets <0, 128> strides [1, 1] : tensor<32x512xf32> -> tensor<32x128xf32>
    %2 = tenon.slice %z offsets <0, 256> strides [1, 1] : tensor<32x512xf32> -> tensor<32x128xf32>
    %3 = tenon.slice %z offsets <0, 384> strides [1, 1] : tensor<32x512xf32> -> tensor<32x128xf32>
    %i = tenon.sigmoid %0 : tensor<32x128xf32>
    %f = tenon.sigmoid %1 : tensor<32x128xf32>
    %g = tenon.tanh %2 : tensor<32x128xf32>
    %o = tenon.sigmoid %3 : tensor<32x128xf32>
    %fc = tenon.mul %f, %c : tensor<32x128xf32>
    %ig = tenon.mul %i, %g : tensor<32x128xf32>
    %n = tenon.add %fc, %ig : tensor<32x128xf32>
    %t = tenon.tanh %n : tensor<32x128xf32>
    %h = tenon.mul %o, %t : tensor<32x128xf32>
    return %n, %h : tensor<32x128xf32>, tensor<32x128xf32>
  })",
      {sample(TENON_F32, {32, 512}), sample(TENON_F32, {32, 128})}, 0, 32 * 128 * 7 * 4.0);
}

TEST(KernelSpeed, DISABLED_reductions) {
  for (auto [map, out] : {std::pair("(m, n) -> (n)", "512"), std::pair("(m, n) -> (m)", "3200"),
                          std::pair("(m, n) -> ()", "")}) {
    std::string type = std::string("tensor<") + out + (*out ? "x" : "") + "f32>";
    measure(map,
            "func.func @f(%a: tensor<3200x512xf32>) -> " + type +
                " {\n%r = tenon.contract sum over <3200, 512> (%a) maps [affine_map<(m, n) -> "
                "(m, n)>, affine_map<" +
                map +
                ">] {\n^bb0(%x: f32):\ntenon.yield %x : f32\n} : "
                "(tensor<3200x512xf32>) -> " +
                type + "\nreturn %r : " + type + "\n}",
            {sample(TENON_F32, {3200, 512})}, 3200 * 512.0, 3200 * 512 * 4.0);
  }
}
