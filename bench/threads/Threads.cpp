// What it costs to meet: our gang beside LLVM's OpenMP and oneTBB, in one run.
//   fork     two threads begin a piece of work and both are done (a step of training)
//   meet     two threads that are at work anyway wait for each other (between two kernels of a
//   step);
//            oneTBB has no such barrier, so there it is a fork
// with a pause of arithmetic between, as a kernel of a small step has (0: none). Medians of many
// rounds, in microseconds beyond the arithmetic itself.
#include "runtime/core/Gang.h"

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <omp.h>
#include <oneapi/tbb.h>
#include <vector>

namespace {
using Clock = std::chrono::steady_clock;

/// About `units` times 4 cycles, which no compiler shortens.
void work(long units) {
  double x = 1.0;
  for (long i = 0; i < units; ++i) {
    x = x * 1.0000001;
    asm volatile("" : "+x"(x));
  }
}

/// Microseconds for one of `count` rounds; the median of 31 tries.
double microseconds(long count, const std::function<void(long)> &rounds) {
  std::vector<double> tries;
  for (int i = 0; i < 31; ++i) {
    auto start = Clock::now();
    rounds(count);
    tries.push_back(std::chrono::duration<double, std::micro>(Clock::now() - start).count() /
                    double(count));
  }
  std::nth_element(tries.begin(), tries.begin() + 15, tries.end());
  return tries[15];
}

class OurGang {
public:
  explicit OurGang(int threads) : threads(threads) {
    if (!gang.start(threads)) {
      std::fprintf(stderr, "threads: no worker could be started\n");
      std::exit(1);
    }
  }
  void fork(long count, long units) {
    for (long i = 0; i < count; ++i)
      gang.run(
          threads, [](void *argument, int32_t) { work(*static_cast<long *>(argument)); }, &units);
  }
  void meet(long count, long units) {
    barrier.reset(threads, gang.spinLimit());
    auto body = [this, count, units](int32_t) {
      for (long i = 0; i < count; ++i) {
        work(units);
        barrier.wait([] {});
      }
    };
    using Body = decltype(body);
    gang.run(
        threads, [](void *argument, int32_t i) { (*static_cast<Body *>(argument))(i); }, &body);
  }

private:
  int threads;
  tenon::Gang gang;
  tenon::Barrier barrier;
};

void openMPFork(int threads, long count, long units) {
  for (long i = 0; i < count; ++i) {
#pragma omp parallel num_threads(threads)
    work(units);
  }
}

void openMPMeet(int threads, long count, long units) {
#pragma omp parallel num_threads(threads)
  for (long i = 0; i < count; ++i) {
    work(units);
#pragma omp barrier
  }
}

void oneTBBFork(int threads, long count, long units) {
  tbb::task_arena arena(threads);
  arena.execute([&] {
    for (long i = 0; i < count; ++i)
      tbb::parallel_for(0, threads, [&](int) { work(units); }, tbb::static_partitioner());
  });
}
} // namespace

int main(int count, char **arguments) {
  int threads = count > 1 ? std::atoi(arguments[1]) : 2;
  if (threads < 2) {
    std::fprintf(stderr, "threads: two at least have something to wait for\n");
    return 2;
  }
  OurGang gang(threads);
  std::printf("%d threads; µs beyond the work\n%-12s%14s%14s%14s%14s%14s\n", threads, "work (µs)",
              "gang fork", "OpenMP fork", "oneTBB fork", "gang meet", "OpenMP meet");
  for (long units : {0L, 2'000L, 20'000L, 200'000L}) {
    long rounds = std::max(50L, 2'000'000L / (units + 1'000L));
    double alone = microseconds(rounds, [&](long n) {
      for (long i = 0; i < n; ++i)
        work(units);
    });
    auto beyond = [&](const std::function<void(long)> &body) {
      return microseconds(rounds, body) - alone;
    };
    std::printf("%-12.1f", alone);
    std::printf("%14.2f", beyond([&](long n) { gang.fork(n, units); }));
    std::printf("%14.2f", beyond([&](long n) { openMPFork(threads, n, units); }));
    std::printf("%14.2f", beyond([&](long n) { oneTBBFork(threads, n, units); }));
    std::printf("%14.2f", beyond([&](long n) { gang.meet(n, units); }));
    std::printf("%14.2f\n", beyond([&](long n) { openMPMeet(threads, n, units); }));
  }
}
