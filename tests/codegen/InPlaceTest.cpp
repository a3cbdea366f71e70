//===- InPlaceTest.cpp - Carried tensors of which one row changes ---------===//
#include "tests/codegen/JitProgram.h"

#include "llvm/Support/FormatVariadic.h"

#include <gtest/gtest.h>

using namespace tenon;
using namespace tenon::test;

namespace {

/// A scan over `order` that writes row `at` along axis `axis` of a [batch, 6, 5] table and reads
/// the table afterwards; `more` stands behind the update, `%extra` is stacked.
std::string program(int axis, llvm::StringRef more, llvm::StringRef extra) {
  const char *rows[] = {"tensor<6x5xf32>", "tensor<?x5xf32, #tenon.dims<batch, 5>>",
                        "tensor<?x6xf32, #tenon.dims<batch, 6>>"};
  const char *axes[] = {"[1, 2]", "[0, 2]", "[0, 1]"};
  const char *stacked[] = {"tensor<?x6x5xf32, #tenon.dims<time, 6, 5>>",
                           "tensor<?x?x5xf32, #tenon.dims<time, batch, 5>>",
                           "tensor<?x?x6xf32, #tenon.dims<time, batch, 6>>"};
  return llvm::formatv(R"mlir(
!table = tensor<?x6x5xf32, #tenon.dims<batch, 6, 5>>
!places = tensor<?x6x5xi32, #tenon.dims<batch, 6, 5>>
!truths = tensor<?x6x5xi1, #tenon.dims<batch, 6, 5>>
!sum = tensor<?xf32, #tenon.dims<batch>>
!sums = tensor<?x?xf32, #tenon.dims<time, batch>>
!tables = tensor<?x?x6x5xf32, #tenon.dims<time, batch, 6, 5>>
func.func @f(%init: !table, %rows: {3}, %order: tensor<?xi32, #tenon.dims<time>>)
    -> (!table, !sums, !tables, !table) attributes {{tenon.symbols = ["batch", "time"]} {{
  %c, %s, %e = tenon.scan extent <time> init(%init) over(%rows, %order) axes [0, 0] stack axes [0, 0] {{
  ^bb0(%t: tensor<i64>, %old: !table, %row: {1}, %at: tensor<i32>):
    %places = tenon.iota axis {0} : !places
    %here = tenon.broadcast %at axes [] : tensor<i32> -> !places
    %is = tenon.compare eq %places, %here : !places -> !truths
    %grown = tenon.exp %row : {1}
    %wide = tenon.broadcast %grown axes {2} : {1} -> !table
    %new = tenon.select %is, %wide, %old : !truths, !table
    {4}
    %sum = tenon.contract sum over <batch, 6, 5> (%new)
        maps [affine_map<(i, j, k) -> (i, j, k)>, affine_map<(i, j, k) -> (i)>] {{
    ^bb1(%x: f32):
      tenon.yield %x : f32
    } : (!table) -> !sum
    tenon.yield %new, %sum, {5} : !table, !sum, !table
  } : (!table, {3}, tensor<?xi32, #tenon.dims<time>>) -> (!table, !sums, !tables)
  %again = tenon.add %init, %c : !table
  return %c, %s, %e, %again : !table, !sums, !tables, !table
}
)mlir",
                       axis, rows[axis], axes[axis], stacked[axis], more.str(), extra.str())
      .str();
}

/// Places from -2 to 8: some are outside, and write nothing.
HostTensor order(int64_t time) {
  std::vector<double> places;
  for (int64_t t = 0; t < time; ++t)
    places.push_back(double(t * 5 % 11 - 2));
  return HostTensor::ofNumbers(TENON_I32, {time}, places);
}

void check(const std::string &text) {
  JitProgram jit(text);
  ASSERT_TRUE(jit.isValid()) << text;
  for (int64_t batch : {1, 3, 16})
    for (int64_t time : {0, 1, 2, 13}) {
      auto inputs = jit.randomInputs("f", {{"batch", batch}, {"time", time}}, batch + time);
      inputs[2] = order(time);
      jit.check("f", inputs, {3e-6, 3e-6});
    }
}

TEST(InPlace, rows_along_every_axis) {
  for (int axis : {0, 1, 2})
    check(program(axis, "%twice = tenon.add %new, %new : !table", "%twice"));
}

TEST(InPlace, the_new_table_handed_out_twice) {
  for (int axis : {0, 1, 2})
    check(program(axis, "", "%new"));
}

TEST(InPlace, the_old_table_read_afterwards) {
  for (int axis : {0, 1, 2})
    check(program(axis, "%both = tenon.mul %old, %new : !table", "%both"));
}

TEST(InPlace, the_old_table_handed_out) {
  for (int axis : {0, 1, 2})
    check(program(axis, "", "%old"));
}

} // namespace
