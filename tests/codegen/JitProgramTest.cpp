//===- JitProgramTest.cpp - From text to results, against the interpreter -===//
#include "tests/codegen/JitProgram.h"

#include "ir/dialect/NamedDims.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Parser/Parser.h"
#include "llvm/Support/FormatVariadic.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>

using namespace tenon;
using namespace tenon::test;

namespace {

constexpr Tolerance close = {3e-6, 3e-6};

const char *maps = R"mlir(
!v = tensor<?x5xf32, #tenon.dims<n, 5>>
func.func @maps(%x: !v, %y: !v) -> (!v, !v) attributes {tenon.symbols = ["n"]} {
  %a = tenon.tanh %x : !v
  %b = tenon.mul %a, %y : !v
  %c = tenon.sigmoid %b : !v
  %d = tenon.add %c, %x : !v
  %e = tenon.exp %d : !v
  return %d, %e : !v, !v
}
)mlir";

TEST(JitProgram, maps_of_any_extent) {
  JitProgram program(maps);
  ASSERT_TRUE(program.isValid());
  for (int64_t n : {0, 1, 2, 7, 33, 400})
    program.check("maps", program.randomInputs("maps", {{"n", n}}, n), close);
}

/// Rounded to f32 first, as the interpreter does it, and not by a function of a runtime that isn't
/// there.
TEST(JitProgram, rounds_single_numbers_to_half_precision) {
  JitProgram program(R"mlir(
func.func @halves(%x: tensor<f64>) -> (tensor<f16>, tensor<f16>, tensor<bf16>) {
  %h = tenon.convert %x : tensor<f64> -> tensor<f16>
  %t = tenon.tanh %h : tensor<f16>
  %b = tenon.convert %x : tensor<f64> -> tensor<bf16>
  %u = tenon.tanh %b : tensor<bf16>
  return %h, %t, %u : tensor<f16>, tensor<f16>, tensor<bf16>
}
)mlir");
  ASSERT_TRUE(program.isValid());
  // The first lies just above the middle of two f16, at which f32 puts it.
  for (double x : {1 + 0x1p-11 + 0x1p-40, 0.6, -2.3, 1e5})
    program.check("halves", {HostTensor::scalar(TENON_F64, x)}, {0x1p-9, 0});
}

const char *smallSteps = R"mlir(
!h = tensor<?xf32, #tenon.dims<n>>
!w = tensor<?x?xf32, #tenon.dims<n, n>>
!x = tensor<?x?xf32, #tenon.dims<time, n>>
func.func @small_steps(%w: !w, %x: !x, %h0: !h, %k: tensor<4xf32>) -> (!h, !x, !h)
    attributes {tenon.symbols = ["n", "time"]} {
  %h, %all = tenon.scan extent <time> init(%h0) over(%x) axes [0] stack axes [0] {
  ^bb0(%t: tensor<i64>, %a: !h, %x_t: !h):
    %p = tenon.contract sum over <n, n> (%w, %a)
        maps [affine_map<(i, j) -> (i, j)>, affine_map<(i, j) -> (j)>,
              affine_map<(i, j) -> (i)>] {
    ^bb1(%e: f32, %f: f32):
      %q = tenon.mul %e, %f : f32
      tenon.yield %q : f32
    } : (!w, !h) -> !h
    %z = tenon.add %p, %x_t : !h
    %b = tenon.tanh %z : !h
    %in = tenon.scan extent <4> init(%b) over(%k) axes [0] {
    ^bb2(%u: tensor<i64>, %c: !h, %k_u: tensor<f32>):
      %s = tenon.contract sum over <n> (%c) maps [affine_map<(i) -> (i)>, affine_map<(i) -> ()>] {
      ^bb3(%e: f32):
        tenon.yield %e : f32
      } : (!h) -> tensor<f32>
      %ks = tenon.mul %s, %k_u : tensor<f32>
      %all_ks = tenon.broadcast %ks axes [] : tensor<f32> -> !h
      %d = tenon.add %c, %all_ks : !h
      %d1 = tenon.tanh %d : !h
      tenon.yield %d1 : !h
    } : (!h, tensor<4xf32>) -> !h
    tenon.yield %in, %in : !h, !h
  } : (!h, !x) -> (!h, !x)
  %twice = tenon.add %h, %h : !h
  return %h, %all, %twice : !h, !x, !h
}
)mlir";

// The threads that skip the scan must find its results too; a large one they run together.
TEST(JitProgram, a_scan_of_small_steps) {
  JitProgram program(smallSteps);
  ASSERT_TRUE(program.isValid());
  for (int64_t n : {1, 5, 300})
    for (int64_t time : {0, 1, 2, 7}) {
      Tensors inputs = program.randomInputs("small_steps", {{"n", n}, {"time", time}}, 3);
      program.check("small_steps", inputs, close);
    }
}

const char *dense = R"mlir(
!x = tensor<?x37xf32, #tenon.dims<batch, 37>>
!y = tensor<?x21xf32, #tenon.dims<batch, 21>>
func.func @dense(%x: !x, %w: tensor<37x21xf32>, %b: tensor<21xf32>) -> !y
    attributes {tenon.symbols = ["batch"]} {
  %p = tenon.contract sum over <batch, 21, 37> (%x, %w)
      maps [affine_map<(i, j, k) -> (i, k)>, affine_map<(i, j, k) -> (k, j)>,
            affine_map<(i, j, k) -> (i, j)>] {
  ^bb0(%e0: f32, %e1: f32):
    %q = tenon.mul %e0, %e1 : f32
    tenon.yield %q : f32
  } : (!x, tensor<37x21xf32>) -> !y
  %bb = tenon.broadcast %b axes [1] : tensor<21xf32> -> !y
  %s = tenon.add %p, %bb : !y
  %z = tenon.constant dense<0.0> : tensor<f32>
  %zero = tenon.broadcast %z axes [] : tensor<f32> -> !y
  %r = tenon.max %s, %zero : !y
  return %r : !y
}
)mlir";

TEST(JitProgram, a_dense_layer) {
  JitProgram program(dense);
  ASSERT_TRUE(program.isValid());
  for (int64_t batch : {1, 3, 16, 61})
    program.check("dense", program.randomInputs("dense", {{"batch", batch}}, batch), close);
}

const char *recurrence = R"mlir(
!state = tensor<?x6xf32, #tenon.dims<batch, 6>>
!series = tensor<?x9x6xf32, #tenon.dims<batch, 9, 6>>
!w = tensor<6x6xf32>
func.func @recurrence(%x: !series, %w: !w) -> (tensor<f32>, !series, !w)
    attributes {tenon.symbols = ["batch"]} {
  %one = tenon.constant dense<1.0> : tensor<f32>
  %loss, %dx, %dw = tenon.vjp (%x, %w) cotangents (%one) {
  ^bb0(%xv: !series, %wv: !w):
    %zero = tenon.constant dense<0.0> : tensor<f32>
    %h0 = tenon.broadcast %zero axes [] : tensor<f32> -> !state
    %hn, %hs = tenon.scan extent <9> init(%h0) over(%xv) axes [1] stack axes [1] {
    ^bb1(%t: tensor<i64>, %h: !state, %x_t: !state):
      %z = tenon.contract sum over <batch, 6, 6> (%h, %wv)
          maps [affine_map<(b, u, i) -> (b, i)>, affine_map<(b, u, i) -> (i, u)>,
                affine_map<(b, u, i) -> (b, u)>] {
      ^bb2(%e0: f32, %e1: f32):
        %q = tenon.mul %e0, %e1 : f32
        tenon.yield %q : f32
      } : (!state, !w) -> !state
      %s = tenon.add %z, %x_t : !state
      %n = tenon.tanh %s : !state
      tenon.yield %n, %n : !state, !state
    } : (!state, !series) -> (!state, !series)
    %l = tenon.contract sum over <batch, 9, 6> (%hs)
        maps [affine_map<(b, t, u) -> (b, t, u)>, affine_map<(b, t, u) -> ()>] {
    ^bb1(%e: f32):
      tenon.yield %e : f32
    } : (!series) -> tensor<f32>
    tenon.yield %l : tensor<f32>
  } : (!series, !w), (tensor<f32>) -> (tensor<f32>, !series, !w)
  return %loss, %dx, %dw : tensor<f32>, !series, !w
}
)mlir";

TEST(JitProgram, a_recurrence_and_its_gradients) {
  JitProgram program(recurrence);
  ASSERT_TRUE(program.isValid());
  for (int64_t batch : {1, 4, 13})
    program.check("recurrence", program.randomInputs("recurrence", {{"batch", batch}}, batch),
                  {2e-5, 2e-5});
}

const char *update = R"mlir(
!v = tensor<40xf32>
func.func @update(%w: !v {tenon.name = "w", tenon.role = "parameter"}, %g: !v, %limit: tensor<f32>)
    -> (!v {tenon.name = "w", tenon.role = "parameter", tenon.alias = 0 : i64}) {
  %rate = tenon.constant dense<0.1> : tensor<f32>
  %r = tenon.broadcast %rate axes [] : tensor<f32> -> !v
  %l = tenon.broadcast %limit axes [] : tensor<f32> -> !v
  %small = tenon.compare lt %g, %l : !v -> tensor<40xi1>
  tenon.check %small, "a gradient is too large" : tensor<40xi1>
  %s = tenon.mul %r, %g : !v
  %n = tenon.sub %w, %s : !v
  return %n : !v
}
)mlir";

TEST(JitProgram, a_failed_check_leaves_donated_memory_untouched) {
  JitProgram program(update);
  ASSERT_TRUE(program.isValid());
  Tensors inputs = program.randomInputs("update", {}, 3);
  inputs[2] = HostTensor::scalar(TENON_F32, 2);
  program.check("update", inputs);
  inputs[1].set(17, Number::ofReal(5));
  inputs[1].set(30, Number::ofReal(5));
  for (int threads : {1, 2, 3}) {
    auto result = program.actual("update", inputs, threads);
    ASSERT_FALSE(bool(result));
    std::string message = llvm::toString(result.takeError());
    EXPECT_NE(message.find("a gradient is too large"), std::string::npos) << message;
    EXPECT_NE(message.find("17"), std::string::npos) << message;
  }
}

TEST(JitCompile, gives_the_same_bytes_with_any_number_of_threads) {
  std::vector<std::string> images;
  for (unsigned threads : {1, 2, 4}) {
    auto context = makeContext();
    auto module = mlir::parseSourceString<mlir::ModuleOp>(recurrence, context.get());
    ASSERT_TRUE(module);
    CompileOptions options;
    options.threads = threads;
    auto image = compile(*module, options);
    ASSERT_TRUE(bool(image)) << llvm::toString(image.takeError());
    images.push_back(serialize(*image));
  }
  EXPECT_EQ(images[0], images[1]);
  EXPECT_EQ(images[0], images[2]);
}

TEST(JitCompile, takes_kernels_from_the_cache) {
  std::string pattern = std::filesystem::temp_directory_path() / "tenon-jit-XXXXXX";
  std::string folder = ::mkdtemp(pattern.data());
  DiskCache cache(folder);
  CompileOptions options;
  options.cache = &cache;
  std::vector<std::string> images;
  CompileReport cold, warm;
  for (CompileReport *report : {&cold, &warm}) {
    auto context = makeContext();
    auto module = mlir::parseSourceString<mlir::ModuleOp>(recurrence, context.get());
    auto image = compile(*module, options, report);
    ASSERT_TRUE(bool(image)) << llvm::toString(image.takeError());
    images.push_back(serialize(*image));
  }
  EXPECT_EQ(cold.cached, 0u);
  EXPECT_GT(warm.distinct, 0u);
  EXPECT_EQ(warm.cached, warm.distinct);
  EXPECT_EQ(images[0], images[1]);
  std::filesystem::remove_all(folder);
}

//===----------------------------------------------------------------------===//
// Threads
//===----------------------------------------------------------------------===//

// The branch isn't taken; the scan after it, which one thread runs alone, writes where the
// condition was. A thread that comes late still has to find the condition.
TEST(JitProgram, late_threads_find_a_branchs_condition) {
  JitProgram program(R"mlir(
!v = tensor<?xf32, #tenon.dims<n>>
!p = tensor<?xi1, #tenon.dims<n>>
#all = affine_map<(a) -> (a)>
#one = affine_map<(a) -> ()>
func.func @skipped(%x: !v, %number: tensor<f32>) -> !v attributes {tenon.symbols = ["n"]} {
  %two = tenon.constant dense<2.0> : tensor<f32>
  %large = tenon.compare gt %number, %two : tensor<f32> -> tensor<i1>
  tenon.if %large {
    %m = tenon.contract min over <n> (%x) maps [#all, #one] {
    ^bb0(%e: f32):
      tenon.yield %e : f32
    } : (!v) -> tensor<f32>
    %never = tenon.compare gt %m, %two : tensor<f32> -> tensor<i1>
    tenon.check %never, "the branch was taken" : tensor<i1>
    tenon.yield
  } else {
    tenon.yield
  }
  %ten = tenon.constant dense<10.0> : tensor<f32>
  %one = tenon.select %large, %number, %two : tensor<i1>, tensor<f32>
  %ones = tenon.broadcast %one axes [] : tensor<f32> -> !v
  %start = tenon.add %x, %ones : !v
  %y = tenon.scan extent <200> init(%start) {
  ^bb0(%i: tensor<i64>, %h: !v):
    %top = tenon.contract max over <n> (%h) maps [#all, #one] {
    ^bb1(%e: f32):
      tenon.yield %e : f32
    } : (!v) -> tensor<f32>
    %small = tenon.compare le %top, %ten : tensor<f32> -> tensor<i1>
    tenon.check %small, "it is large" : tensor<i1>
    %everywhere = tenon.broadcast %small axes [] : tensor<i1> -> !p
    %low = tenon.contract min over <n> (%h) maps [#all, #one] {
    ^bb1(%e: f32):
      tenon.yield %e : f32
    } : (!v) -> tensor<f32>
    %lowest = tenon.broadcast %low axes [] : tensor<f32> -> !v
    %d = tenon.add %h, %lowest : !v
    %s = tenon.sin %d : !v
    %next = tenon.select %everywhere, %s, %h : !p, !v
    tenon.yield %next : !v
  } : (!v) -> !v
  return %y : !v
}
)mlir");
  ASSERT_TRUE(program.isValid());
  Tensors inputs = program.randomInputs("skipped", {{"n", 5}}, 3);
  for (int call = 0; call < 200; ++call)
    EXPECT_TRUE(bool(program.actual("skipped", inputs, 3))) << "the branch was taken";
  program.check("skipped", inputs, {1e-5, 0});
}

//===----------------------------------------------------------------------===//
// Every function that the interpreter's own tests run
//===----------------------------------------------------------------------===//

std::vector<std::string> evaluatedFiles() {
  std::vector<std::string> files;
  for (auto &item : std::filesystem::directory_iterator(TENON_SOURCE_DIR "/tests/eval"))
    if (item.path().extension() == ".mlir" && item.path().stem() != "errors")
      files.push_back(item.path().stem());
  std::sort(files.begin(), files.end());
  return files;
}

class JitEvaluated : public testing::TestWithParam<std::string> {};

/// The function alone, with an argument more for each named dimension, so that a call can tell it.
std::string standalone(mlir::func::FuncOp function) {
  std::set<std::string> names;
  forEachNamedDim(function, [&](llvm::StringRef name) { names.insert(name.str()); });
  function->walk([&](LoopOp loop) {
    if (auto steps = loop.getSteps())
      names.erase(steps->str());
  });
  for (const std::string &name : names) {
    auto type = tensorType(function.getContext(), {Dim::symbol(name)},
                           mlir::IntegerType::get(function.getContext(), 8));
    (void)function.insertArgument(function.getNumArguments(), type, {}, function.getLoc());
  }
  std::string text;
  llvm::raw_string_ostream(text) << function;
  return text;
}

TEST_P(JitEvaluated, as_the_interpreter) {
  auto context = makeContext();
  auto module = mlir::parseSourceFile<mlir::ModuleOp>(
      TENON_SOURCE_DIR "/tests/eval/" + GetParam() + ".mlir", context.get());
  ASSERT_TRUE(module);
  llvm::StringMap<int64_t> symbols = {{"n", 3}, {"m", 4}, {"z", 0}};
  if (GetParam() == "movement")
    symbols["n"] = 2;
  for (auto function : module->getOps<mlir::func::FuncOp>()) {
    SCOPED_TRACE(GetParam() + ".mlir: " + function.getName().str());
    JitProgram program(standalone(function));
    if (program.isValid())
      program.check(function.getName(), program.randomInputs(function.getName(), symbols, 1),
                    {4e-6, 1e-12});
  }
}

INSTANTIATE_TEST_SUITE_P(Files, JitEvaluated, testing::ValuesIn(evaluatedFiles()),
                         [](const auto &info) { return info.param; });

} // namespace
