// Calls through the C ABI, with functions written by hand where the compiler's would stand.
#include "runtime/core/abi.h"

#include <atomic>
#include <cstring>
#include <gtest/gtest.h>
#include <limits>
#include <string>
#include <vector>

namespace {

// add(x: f32[n, 3], y: f32[n], z: f32[2*n]) -> (sum: f32[n, 3] aliasing x, twice: f32[2*n])
constexpr int64_t kN = TENON_DIM_SYMBOL(0);
const int64_t kRowDims[] = {kN, 3}, kVectorDims[] = {kN}, kTwiceDims[] = {TENON_DIM_EXPRESSION};
const char *const kSymbols[] = {"n"};
const tenon_binding kInputs[] = {{"x", "input", TENON_F32, 2, kRowDims, -1},
                                 {"y", "input", TENON_F32, 1, kVectorDims, -1},
                                 {"z", "input", TENON_F32, 1, kTwiceDims, -1}};
const tenon_binding kOutputs[] = {{"sum", "result", TENON_F32, 2, kRowDims, 0},
                                  {"twice", "result", TENON_F32, 1, kTwiceDims, -1}};
const tenon_check_info kChecks[] = {{"index out of range", "f.tn:3:7"}, {"negative", "f.tn:9:1"}};

void plan(const int64_t *symbols, int64_t *arena, int64_t *dims) {
  *arena = (symbols[0] * 4 + 63) / 64 * 64;
  dims[0] = symbols[0];
  dims[1] = 3;
  dims[2] = 2 * symbols[0];
}

void inputDims(const int64_t *symbols, int64_t *dims) {
  dims[0] = dims[2] = symbols[0];
  dims[1] = 3;
  dims[3] = 2 * symbols[0];
}

/// sum = x + y[row], through the arena, rows dealt out by blocks; negative y fails check 1 there.
void body(const tenon_frame *frame, int32_t thread, int32_t threads) {
  auto *x = static_cast<const float *>(frame->inputs[0]);
  auto *y = static_cast<const float *>(frame->inputs[1]);
  auto *sum = static_cast<float *>(frame->outputs[0]);
  auto *twice = static_cast<float *>(frame->outputs[1]);
  auto *copy = reinterpret_cast<float *>(frame->arena);
  int64_t n = frame->symbols[0], lo = n * thread / threads, hi = n * (thread + 1) / threads;
  for (int64_t i = lo; i < hi; ++i) {
    copy[n - 1 - i] = y[i];
    if (y[i] < 0)
      tenon_check_failed(frame, 1, i);
    if (y[i] > 1e6f)
      tenon_check_failed(frame, 0, i);
  }
  tenon_barrier(frame);
  if (__atomic_load_n(frame->check, __ATOMIC_RELAXED) != INT64_MAX)
    return;
  for (int64_t i = lo; i < hi; ++i) {
    for (int64_t k = 0; k < 3; ++k)
      sum[i * 3 + k] = x[i * 3 + k] + copy[n - 1 - i];
    twice[2 * i] = twice[2 * i + 1] = y[i];
  }
}

const tenon_entry kEntry = {sizeof(tenon_entry),
                            "add",
                            1,
                            kSymbols,
                            3,
                            kInputs,
                            2,
                            kOutputs,
                            2,
                            kChecks,
                            64,
                            plan,
                            body,
                            inputDims,
                            0,
                            nullptr};

class Call : public testing::TestWithParam<int> {
protected:
  void SetUp() override {
    ASSERT_EQ(tenon_context_create(nullptr, GetParam(), &context), TENON_OK);
    EXPECT_EQ(tenon_context_threads(context), GetParam());
    resize(5);
  }
  void TearDown() override { tenon_context_destroy(context); }

  void resize(int64_t n) {
    rowDims = {n, 3};
    vectorDims = {n};
    twiceDims = {2 * n};
    x.assign(size_t(n) * 3, 1);
    y.resize(size_t(n));
    for (size_t i = 0; i < y.size(); ++i)
      y[i] = float(i);
    z.assign(size_t(n) * 2, 0);
    sum = x;
    twice = z;
    inputs[0] = {x.data(), TENON_F32, 2, rowDims.data(), nullptr};
    inputs[1] = {y.data(), TENON_F32, 1, vectorDims.data(), nullptr};
    inputs[2] = {z.data(), TENON_F32, 1, twiceDims.data(), nullptr};
    outputs[0] = {sum.data(), TENON_F32, 2, rowDims.data(), nullptr};
    outputs[1] = {twice.data(), TENON_F32, 1, twiceDims.data(), nullptr};
  }
  tenon_status call() { return tenon_call(context, &kEntry, inputs, outputs); }
  void expectRefused(const std::string &message) {
    EXPECT_EQ(call(), TENON_INVALID_ARGUMENT);
    EXPECT_EQ(tenon_context_message(context), message);
  }

  tenon_context *context = nullptr;
  std::vector<int64_t> rowDims, vectorDims, twiceDims;
  std::vector<float> x, y, z, sum, twice;
  tenon_tensor inputs[3], outputs[2];
};

INSTANTIATE_TEST_SUITE_P(Threads, Call, testing::Values(1, 2, 3));

TEST_P(Call, works_for_growing_and_empty_sizes) {
  for (int64_t n : {0, 1, 5, 1000, 3}) {
    resize(n);
    ASSERT_EQ(call(), TENON_OK) << tenon_context_message(context);
    for (int64_t i = 0; i < n; ++i) {
      EXPECT_EQ(sum[size_t(i * 3 + 2)], 1 + float(i));
      EXPECT_EQ(twice[size_t(2 * i)], float(i));
    }
  }
}

TEST_P(Call, a_donated_input_is_updated_in_place) {
  outputs[0].data = x.data();
  ASSERT_EQ(call(), TENON_OK) << tenon_context_message(context);
  EXPECT_EQ(x[14], 5);
}

TEST_P(Call, infer_gives_the_extents_of_all_results) {
  int64_t dims[3];
  ASSERT_EQ(tenon_infer(context, &kEntry, inputs, dims), TENON_OK);
  EXPECT_EQ(dims[0], 5);
  EXPECT_EQ(dims[1], 3);
  EXPECT_EQ(dims[2], 10);
}

TEST_P(Call, refuses_what_does_not_fit) {
  inputs[1].dtype = TENON_I32;
  expectRefused("`y` is i32[5], but f32[n] is expected");
  resize(5);
  inputs[1].rank = 0;
  expectRefused("`y` is f32, but f32[n] is expected");
  resize(5);
  rowDims[1] = 4;
  expectRefused("`x` is f32[5, 4], but f32[n, 3] is expected: its dimension 1 is 4, not 3");
  resize(5);
  vectorDims[0] = 4;
  expectRefused(
      "`y` is f32[4], but f32[n] is expected: its dimension 0 is 4, but `n` is 5 (from `x`)");
  resize(5);
  twiceDims[0] = 9;
  expectRefused("`z` is f32[9], but f32[?] is expected: its dimension 0 is 9, not 10");
  resize(5);
  int64_t six[] = {6, 3};
  outputs[0].dims = six;
  expectRefused("`sum` is f32[6, 3], but f32[n, 3] is expected, here [5, 3]");
  resize(5);
  int64_t columns[] = {1, 5};
  inputs[0].strides = columns;
  expectRefused("`x` has strides [1, 5], but must be contiguous with strides [3, 1]");
  int64_t rows[] = {3, 1};
  inputs[0].strides = rows;
  EXPECT_EQ(call(), TENON_OK);
  resize(5);
  inputs[0].data = nullptr;
  expectRefused("`x` has no memory");
  resize(5);
  inputs[0].data = reinterpret_cast<char *>(x.data()) + 1;
  expectRefused("`x` is not aligned to its elements");
  resize(5);
  int64_t huge[] = {int64_t(1) << 40, int64_t(1) << 40};
  inputs[0].dims = huge;
  expectRefused("`x` is not a tensor: its dtype, rank or extents are impossible");
}

TEST_P(Call, refuses_overlap) {
  outputs[1].data = z.data();
  expectRefused("the memory of the result `twice` overlaps that of `z`");
  resize(5);
  outputs[0].data = x.data() + 1;
  expectRefused("the memory of the result `sum` overlaps that of `x`");
  resize(5);
  outputs[0].data = x.data();
  inputs[1].data = x.data() + 2;
  expectRefused("the memory of the result `sum` overlaps that of `y`");
  resize(5);
  outputs[1].data = sum.data() + 1;
  expectRefused("the memory of the result `twice` overlaps that of `sum`");
  resize(5);
  inputs[2].data = x.data(); // two inputs may share
  EXPECT_EQ(call(), TENON_OK);
}

TEST_P(Call, the_lowest_failed_check_is_reported) {
  resize(1000);
  y[700] = y[900] = y[10] = -1;
  EXPECT_EQ(call(), TENON_CHECK_FAILED);
  EXPECT_STREQ(tenon_context_message(context), "f.tn:9:1: negative (element 10)");
  y[950] = y[960] = 1e7f;
  EXPECT_EQ(call(), TENON_CHECK_FAILED);
  EXPECT_STREQ(tenon_context_message(context), "f.tn:3:7: index out of range (element 950)");
  EXPECT_EQ(twice[20], 0);
  resize(1000);
  EXPECT_EQ(call(), TENON_OK) << "a failure must not outlive its call";
}

TEST_P(Call, an_entry_without_input_dims_is_refused_where_they_matter) {
  tenon_entry entry = kEntry;
  entry.input_dims = nullptr;
  EXPECT_EQ(tenon_call(context, &entry, inputs, outputs), TENON_INVALID_ARGUMENT);
  EXPECT_STREQ(tenon_context_message(context),
               "`add` has computed extents and no function that computes them");
}

TEST(Context, an_application_may_bring_threads) {
  static std::atomic<int> runs;
  runs = 0;
  tenon_threads threads{sizeof(tenon_threads), nullptr, 4, 0,
                        [](void *, int32_t n, void (*task)(void *, int32_t), void *argument) {
                          ++runs;
                          for (int32_t i = 0; i < n; ++i)
                            task(argument, i);
                        }};
  tenon_context *context = nullptr;
  ASSERT_EQ(tenon_context_create(&threads, 0, &context), TENON_OK);
  EXPECT_EQ(tenon_context_threads(context), 1) << "not concurrent: one thread";
  tenon_context_destroy(context);
  threads.size = 8;
  EXPECT_EQ(tenon_context_create(&threads, 0, &context), TENON_INVALID_ARGUMENT);
}

void multiply(const tenon_frame *frame, int32_t thread, int32_t) {
  if (thread == 0) {
    volatile float small = *static_cast<const float *>(frame->inputs[0]);
    *static_cast<float *>(frame->outputs[0]) = small * 0.5f;
  }
}

TEST(Context, denormals_are_flushed_in_the_body_and_kept_outside) {
  tenon_binding input{"a", "input", TENON_F32, 0, nullptr, -1};
  tenon_binding output{"b", "result", TENON_F32, 0, nullptr, -1};
  tenon_entry entry{sizeof(tenon_entry),
                    "half",
                    0,
                    nullptr,
                    1,
                    &input,
                    1,
                    &output,
                    0,
                    nullptr,
                    0,
                    [](const int64_t *, int64_t *arena, int64_t *) { *arena = 0; },
                    multiply,
                    nullptr,
                    0,
                    nullptr};
  tenon_context *context = nullptr;
  ASSERT_EQ(tenon_context_create(nullptr, 2, &context), TENON_OK);
  float a = std::numeric_limits<float>::min(), b = 1;
  tenon_tensor in{&a, TENON_F32, 0, nullptr, nullptr}, out{&b, TENON_F32, 0, nullptr, nullptr};
  ASSERT_EQ(tenon_call(context, &entry, &in, &out), TENON_OK) << tenon_context_message(context);
  EXPECT_EQ(b, 0.0f);
  volatile float here = a;
  EXPECT_GT(here * 0.5f, 0.0f);
  tenon_context_destroy(context);
}

TEST(Program, find_steps_by_the_size_that_entries_state) {
  struct LongEntry {
    tenon_entry entry;
    void *later;
  } entries[2] = {{kEntry, nullptr}, {kEntry, nullptr}};
  for (auto &e : entries)
    e.entry.size = sizeof(LongEntry);
  entries[1].entry.name = "second";
  tenon_program program{sizeof(tenon_program), TENON_ABI_VERSION, "fma", 2, &entries[0].entry};
  EXPECT_EQ(tenon_find(&program, "second"), &entries[1].entry);
  EXPECT_EQ(tenon_find(&program, "third"), nullptr);
  EXPECT_EQ(tenon_abi_version(), uint32_t(TENON_ABI_VERSION));
  EXPECT_EQ(tenon_dtype_bytes(TENON_BF16), 2);
  EXPECT_EQ(tenon_dtype_bytes(99), 0);
  EXPECT_STREQ(tenon_dtype_name(TENON_BOOL), "bool");
}

} // namespace
