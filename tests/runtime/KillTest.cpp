// Training that is killed at random moments, that runs out of disk, and what is left then.
#include "runtime/train/RunFolder.h"
#include "runtime/train/Trainer.h"
#include "tests/runtime/FakeProgram.h"
#include "tests/runtime/TestFolder.h"

#include <csignal>
#include <random>
#include <sched.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/wait.h>

using namespace tenon;
using namespace tenon::train;

namespace {

class Killed : public testing::Test {
protected:
  void SetUp() override { folder.write("a.csv", fake::csv(330)); }

  /// Trains as a process of its own would: reads the data, resumes where there is a checkpoint.
  /// Answers the failure, or nothing.
  std::string trainHere(const std::string &run, int32_t threads, int64_t checkpointSteps) {
    train::Training training = fake::training();
    Result<data::Table> table = data::Table::load(training.dataset, {folder.path(), nullptr});
    if (!table)
      return table.failure().str();
    TrainOptions options;
    options.runFolder = run;
    options.threads = threads;
    options.output = nullptr;
    options.checkpointSteps = checkpointSteps;
    options.resume = access(checkpointIn(run).c_str(), F_OK) == 0;
    Result<TrainOutcome> outcome = train::train(fake::program(), training, *table, options);
    return outcome ? "" : outcome.failure().str();
  }

  /// Runs `body` in a child; its answer, at most 64 KiB (a pipe's room), or "killed".
  static std::string inChild(const std::function<std::string()> &body, int64_t killAfter = -1) {
    int ends[2];
    if (pipe(ends) != 0)
      return "no pipe";
    pid_t child = fork();
    if (child == 0) {
      std::string answer = body();
      bool sent = write(ends[1], answer.data(), answer.size()) == ssize_t(answer.size());
      _exit(sent ? 0 : 1);
    }
    close(ends[1]);
    if (killAfter >= 0) {
      usleep(useconds_t(killAfter));
      kill(child, SIGKILL);
    }
    std::string answer(65536, 0);
    size_t size = 0;
    for (ssize_t got; (got = read(ends[0], &answer[size], answer.size() - size)) > 0;)
      size += size_t(got);
    answer.resize(size);
    close(ends[0]);
    int status = 0;
    waitpid(child, &status, 0);
    if (WIFSIGNALED(status))
      return WTERMSIG(status) == SIGKILL ? "killed" : "crashed";
    return answer;
  }

  TestFolder folder;
};

TEST_F(Killed, at_random_moments_and_resumed_ends_with_the_same_bits) {
  std::string whole = folder.path("whole");
  fake::onStep = [](int64_t) -> int64_t {
    usleep(500);
    return -1;
  };
  ASSERT_EQ(inChild([&] { return trainHere(whole, 1, 0); }), "");
  std::mt19937 random(20260101);
  int killed = 0, runs = 0, resumedWithin = 0;
  while (killed < 40) {
    std::string run = folder.path("run" + std::to_string(runs++));
    for (int attempt = 0;; ++attempt) {
      ASSERT_LT(attempt, 200);
      int32_t threads = 1 + int32_t(random() % 2);
      std::string answer = inChild([&] { return trainHere(run, threads, 2); },
                                   2000 + int64_t(random() % uint32_t(25000 + 2000 * attempt)));
      if (Result<Checkpoint> left = Checkpoint::open(checkpointIn(run)))
        resumedWithin += left->info().position.batch != 0;
      if (answer.empty())
        break;
      ASSERT_EQ(answer, "killed");
      ++killed;
    }
    ASSERT_TRUE(readWhole(checkpointIn(run)) == readWhole(checkpointIn(whole)));
    ASSERT_EQ(readWhole(run + "/metrics.jsonl"), readWhole(whole + "/metrics.jsonl"));
  }
  EXPECT_GT(resumedWithin, 5); // the kills did hit the middle of epochs
  fake::onStep = nullptr;
}

TEST_F(Killed, a_full_disk_leaves_the_last_checkpoint) {
  std::string run = folder.path("run");
  // From step 6 on no file may grow beyond 1000 bytes: what write() answers on a full disk, but for
  // the error's number.
  std::string answer = inChild([&] {
    signal(SIGXFSZ, SIG_IGN);
    fake::onStep = [](int64_t step) -> int64_t {
      rlimit limit{1000, 1000};
      if (step == 6)
        setrlimit(RLIMIT_FSIZE, &limit);
      return -1;
    };
    return trainHere(run, 1, 3);
  });
  EXPECT_EQ(answer, "cannot write `" + run +
                        "/checkpoint.safetensors`: File too large\n"
                        "help: the checkpoint that was there is untouched");
  Result<Checkpoint> left = Checkpoint::open(checkpointIn(run));
  ASSERT_TRUE(left) << left.failure().str();
  EXPECT_EQ(left->info().position.step, 6);
  EXPECT_FALSE(std::filesystem::exists(checkpointIn(run) + ".tmp"));
  EXPECT_EQ(inChild([&] { return trainHere(run, 1, 3); }), "");
  EXPECT_EQ(inChild([&] { return trainHere(folder.path("whole"), 1, 0); }), "");
  EXPECT_TRUE(readWhole(checkpointIn(run)) ==
              readWhole(folder.path("whole/checkpoint.safetensors")));
}

TEST_F(Killed, a_really_full_file_system) {
  std::string disk = folder.path("disk");
  std::filesystem::create_directory(disk);
  std::string answer = inChild([&]() -> std::string {
    if (unshare(CLONE_NEWNS) != 0 && unshare(CLONE_NEWUSER | CLONE_NEWNS) != 0)
      return "not permitted";
    mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr);
    if (mount("none", disk.c_str(), "tmpfs", 0, "size=512k") != 0)
      return "not permitted";
    fake::onStep = [&](int64_t step) -> int64_t {
      if (step == 20) // fill it up
        std::ofstream(disk + "/filler") << std::string(1 << 20, 'x');
      return -1;
    };
    std::string run = disk + "/run", failure = trainHere(run, 1, 3);
    if (failure.find(": No space left on device\n") == std::string::npos)
      return "unexpected: " + failure;
    Result<Checkpoint> left = Checkpoint::open(checkpointIn(run));
    if (!left || left->info().position.step < 20) // not older than the last before it was full
      return "the checkpoint is lost";
    std::filesystem::remove(disk + "/filler");
    fake::onStep = nullptr;
    if (std::string again = trainHere(run, 1, 3); !again.empty())
      return again;
    return readWhole(checkpointIn(run));
  });
  if (answer == "not permitted")
    GTEST_SKIP() << "mounting a file system isn't permitted here";
  ASSERT_EQ(inChild([&] { return trainHere(folder.path("whole"), 1, 0); }), "");
  EXPECT_TRUE(answer == readWhole(folder.path("whole/checkpoint.safetensors"))) << answer;
}

TEST_F(Killed, a_folder_that_cannot_be_written) {
  folder.write("file", "");
  std::string answer = trainHere(folder.path("file/run"), 1, 0);
  EXPECT_EQ(answer, "cannot make the folder `" + folder.path("file/run") + "`: Not a directory");
}

} // namespace
