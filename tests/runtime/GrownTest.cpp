// Memory that grows during a call, and calls that are stopped in a loop.
#include "runtime/core/Grown.h"

#include <atomic>
#include <gtest/gtest.h>
#include <string>

using namespace tenon;

TEST(GrownMemory, keeps_its_content_and_its_alignment) {
  GrownMemory memory;
  ASSERT_TRUE(memory.prepare(2));
  for (int64_t bytes : {1, 100, 5000, 5001, (1 << 20) - 10, 1 << 20, (1 << 20) + 1, 7 << 20}) {
    ASSERT_TRUE(memory.grow(1, bytes));
    const tenon_grown &now = memory.table()[1];
    EXPECT_GE(now.capacity, bytes);
    EXPECT_EQ(reinterpret_cast<uintptr_t>(now.data) % 64, 0u);
    now.data[bytes - 1] = uint8_t(bytes);
  }
  EXPECT_EQ(memory.table()[1].data[0], 1);
  EXPECT_EQ(memory.table()[1].data[99], 100);
  EXPECT_EQ(memory.table()[1].data[4999], uint8_t(5000));
  EXPECT_EQ(memory.table()[1].data[1 << 20], 1);
  // More memories leave the others as they are.
  ASSERT_TRUE(memory.prepare(100));
  EXPECT_EQ(memory.table()[1].data[99], 100);
  EXPECT_EQ(memory.table()[99].capacity, 0);
}

TEST(GrownMemory, has_a_limit_for_all_together) {
  GrownMemory memory;
  memory.setLimit(10'000);
  ASSERT_TRUE(memory.prepare(2));
  EXPECT_TRUE(memory.grow(0, 6'000));
  EXPECT_FALSE(memory.grow(1, 6'000));
  EXPECT_EQ(memory.table()[1].capacity, 0);
  EXPECT_TRUE(memory.grow(1, 3'000)) << "exactly where there is no room for more";
  EXPECT_FALSE(memory.grow(0, INT64_MAX));
  EXPECT_FALSE(memory.grow(0, INT64_MAX - 10));
}

namespace {
// steps() runs without an end, and keeps 8 bytes of each step if `keeps`.
std::atomic<int64_t> steps;
std::atomic<tenon_context *> interrupted{nullptr};
bool keeps, fails;

void noSizes(const int64_t *, int64_t *arena, int64_t *) { *arena = 0; }
void endless(const tenon_frame *frame, int32_t thread, int32_t threads) {
  for (int64_t i = 0;; ++i) {
    if (keeps && frame->grown[0].capacity < 8 * (i + 1)) {
      tenon_barrier(frame);
      if (thread == 0)
        tenon_grow(frame, 0, 8 * (i + 1));
      tenon_barrier(frame);
      if (frame->grown[0].capacity < 8 * (i + 1))
        return;
    }
    if (thread == 0) {
      steps = i + 1;
      if (i == 1000 && interrupted.load())
        tenon_interrupt(interrupted);
      if (i == 1000 && fails)
        tenon_check_failed(frame, 0, 7);
    }
    tenon_barrier(frame);
    if (tenon_must_stop(frame))
      return;
  }
}

const char *const place[] = {"f.tn:4:3"};
const tenon_check_info checks[] = {{"negative", "f.tn:5:9"}};
tenon_entry makeEntry() {
  tenon_entry entry{};
  entry.size = sizeof(tenon_entry);
  entry.name = "steps";
  entry.n_checks = 1;
  entry.checks = checks;
  entry.plan = noSizes;
  entry.body = endless;
  entry.n_grown = 1;
  entry.grown = place;
  return entry;
}

class Endless : public testing::TestWithParam<int> {
protected:
  void SetUp() override {
    ASSERT_EQ(tenon_context_create(nullptr, GetParam(), &context), TENON_OK);
    keeps = fails = false;
    interrupted = nullptr;
  }
  void TearDown() override { tenon_context_destroy(context); }
  tenon_status call() { return tenon_call(context, &entry, nullptr, nullptr); }
  std::string message() { return tenon_context_message(context); }

  tenon_context *context = nullptr;
  const tenon_entry entry = makeEntry();
};
} // namespace

TEST_P(Endless, ends_where_it_is_interrupted) {
  interrupted = context;
  for (int again = 0; again < 3; ++again) {
    EXPECT_EQ(call(), TENON_INTERRUPTED);
    EXPECT_EQ(message(), "`steps` was interrupted");
    EXPECT_EQ(steps, 1001);
  }
}

TEST_P(Endless, ends_where_a_check_fails) {
  fails = true;
  EXPECT_EQ(call(), TENON_CHECK_FAILED);
  EXPECT_EQ(message(), "f.tn:5:9: negative (element 7)");
  EXPECT_EQ(steps, 1001);
}

TEST_P(Endless, ends_where_its_memory_does) {
  keeps = true;
  tenon_context_limit_grown(context, 1 << 20);
  for (int again = 0; again < 2; ++again) {
    EXPECT_EQ(call(), TENON_OUT_OF_MEMORY);
    EXPECT_EQ(message().substr(0, 10), "f.tn:4:3: ");
    EXPECT_NE(message().find("1048576 bytes"), std::string::npos) << message();
    EXPECT_EQ(steps, (1 << 20) / 8);
  }
}

INSTANTIATE_TEST_SUITE_P(Threads, Endless, testing::Values(1, 2, 3));
