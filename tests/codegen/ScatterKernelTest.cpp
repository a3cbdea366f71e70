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

/// Rows of `row`, a list of extents as "3x3x", and single numbers, at the same indices.
static std::string severalTables(const std::string &row, const std::string &extents) {
  std::string indices = "tensor<?xi32, #tenon.dims<n>>", one = "tensor<?xf32, #tenon.dims<n>>";
  std::string rows = "tensor<?x" + row + "f32, #tenon.dims<n, " + extents + ">>";
  std::string table = "tensor<5x" + row + "f32>";
  return "func.func @f(%u: " + rows + ", %v: " + one + ", %i: " + indices + ") -> (" + table +
         ", tensor<5xf32>) {\n%d = tenon.neg %u : " + rows +
         "\n%r = tenon.scatter_add %d at %i : " + rows + ", " + indices + " -> " + table +
         "\n%s = tenon.scatter_add %v at %i : " + one + ", " + indices +
         " -> tensor<5xf32>\nreturn %r, %s : " + table + ", tensor<5xf32>\n}";
}

TEST(ScatterKernel, several_tables_of_every_width) {
  struct {
    const char *row, *extents;
    std::vector<int64_t> shape;
  } rows[] = {{"1x", "1", {1}},         {"2x", "2", {2}},
              {"3x3x", "3, 3", {3, 3}}, {"4x", "4", {4}},
              {"5x", "5", {5}},         {"16x", "16", {16}},
              {"17x", "17", {17}},      {"2x40x", "2, 40", {2, 40}},
              {"6x2x", "6, 2", {6, 2}}};
  for (auto &[row, extents, shape] : rows)
    for (int64_t n : {0, 1, 16, 47, 700}) {
      std::vector<int64_t> updates{n};
      updates.insert(updates.end(), shape.begin(), shape.end());
      checkKernels(severalTables(row, extents),
                   {sample(TENON_F32, updates), sample(TENON_F32, {n}, 2),
                    sampleIntegers(TENON_I32, {n}, -1, 6)},
                   {{0, 0}, {}, {"scatter"}});
    }
}

TEST(ScatterKernel, narrow_and_wide_sums_beside_each_other) {
  checkKernels(
      R"(func.func @f(%u: tensor<50x3xbf16>, %v: tensor<50xf64>, %i: tensor<50xi64>) -> (tensor<7x3xbf16>, tensor<7xf64>) {
    %r = tenon.scatter_add %u at %i : tensor<50x3xbf16>, tensor<50xi64> -> tensor<7x3xbf16>
    %s = tenon.scatter_add %v at %i : tensor<50xf64>, tensor<50xi64> -> tensor<7xf64>
    return %r, %s : tensor<7x3xbf16>, tensor<7xf64>
  })",
      {sample(TENON_BF16, {50, 3}), sample(TENON_F64, {50}),
       sampleIntegers(TENON_I64, {50}, -1, 8)},
      {{1e-2, 1e-2}, {}, {"scatter"}});
}

TEST(ScatterKernel, more_rows_than_there_is_room_for) {
  checkKernels(
      R"(func.func @f(%u: tensor<900x3xf32>, %v: tensor<900x5xf32>, %i: tensor<900xi32>) -> (tensor<3000x3xf32>, tensor<3000x5xf32>) {
    %r = tenon.scatter_add %u at %i : tensor<900x3xf32>, tensor<900xi32> -> tensor<3000x3xf32>
    %s = tenon.scatter_add %v at %i : tensor<900x5xf32>, tensor<900xi32> -> tensor<3000x5xf32>
    return %r, %s : tensor<3000x3xf32>, tensor<3000x5xf32>
  })",
      {sample(TENON_F32, {900, 3}), sample(TENON_F32, {900, 5}),
       sampleIntegers(TENON_I32, {900}, 0, 2999)},
      {{0, 0}, {}, {"scatter"}});
}

TEST(ScatterKernel, rows_of_a_width_known_at_run_time) {
  for (int64_t width : {1, 15, 16, 33})
    checkKernels(
        R"(func.func @f(%u: tensor<60x?xf32, #tenon.dims<60, w>>, %i: tensor<60xi32>) -> tensor<9x?xf32, #tenon.dims<9, w>> {
      %r = tenon.scatter_add %u at %i : tensor<60x?xf32, #tenon.dims<60, w>>, tensor<60xi32> -> tensor<9x?xf32, #tenon.dims<9, w>>
      return %r : tensor<9x?xf32, #tenon.dims<9, w>>
    })",
        {sample(TENON_F32, {60, width}), sampleIntegers(TENON_I32, {60}, 0, 8)},
        {{0, 0}, {}, {"scatter"}});
}
