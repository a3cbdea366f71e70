#include "runtime/core/Gang.h"

#include <atomic>
#include <gtest/gtest.h>
#include <vector>

namespace tenon {
namespace {

struct Work {
  Barrier barrier;
  std::atomic<int> started{0};
  std::atomic<bool> early{false};
  int threads;
  int rounds;
};

void meetOften(void *argument, int32_t) {
  auto *work = static_cast<Work *>(argument);
  for (int round = 0; round < work->rounds; ++round) {
    work->started.fetch_add(1);
    work->barrier.wait([] {});
    if (work->started.load() != (round + 1) * work->threads)
      work->early = true;
    work->barrier.wait([] {});
  }
}

TEST(Gang, barrier_lets_nobody_through_early) {
  for (int threads : {1, 2, 3, 7}) {
    Gang gang;
    ASSERT_TRUE(gang.start(threads));
    EXPECT_EQ(gang.size(), threads);
    Work work;
    work.threads = threads;
    work.rounds = threads > 2 ? 50 : 500;
    work.barrier.reset(threads, gang.spinLimit());
    gang.run(threads, meetOften, &work);
    EXPECT_FALSE(work.early);
    EXPECT_EQ(work.started.load(), threads * work.rounds);
  }
}

TEST(Gang, every_task_runs_once_in_every_call) {
  Gang gang;
  ASSERT_TRUE(gang.start(4));
  for (int call = 0; call < 200; ++call) {
    int n = call % 4 + 1;
    std::vector<int> count(4, 0);
    gang.run(
        n,
        [](void *argument, int32_t i) {
          ++(*static_cast<std::vector<int> *>(argument))[size_t(i)];
        },
        &count);
    for (int i = 0; i < 4; ++i)
      EXPECT_EQ(count[size_t(i)], i < n ? 1 : 0);
  }
}

} // namespace
} // namespace tenon
