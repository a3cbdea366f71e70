/// Our own threads: persistent workers that spin for a moment and then sleep, and a barrier for the
/// threads of one call.
#pragma once

#include "runtime/core/abi.h"

#include <atomic>
#include <cstdint>
#include <pthread.h>

namespace tenon {

/// Processors this process may run on, at least 1.
int32_t availableProcessors();

/// A number that threads wait on until it changes: by spinning, then in the kernel.
class WaitWord {
public:
  uint32_t load() const { return value.load(std::memory_order_acquire); }
  /// Publishes `next` and everything written before, and wakes whoever sleeps.
  void publish(uint32_t next);
  /// Returns once the word differs from `old`, after at most `spins` looks before it sleeps.
  void awaitChange(uint32_t old, int32_t spins);

private:
  alignas(64) std::atomic<uint32_t> value{0};
  std::atomic<uint32_t> sleepers{0};
};

/// All of `count` threads meet; reusable at once.
class Barrier {
public:
  void reset(int32_t threads, int32_t spinLimit);
  /// `onLast` is run by the last thread to come, before any goes on.
  template <typename F> void wait(F onLast) {
    if (count <= 1)
      return onLast();
    uint32_t current = phase.load(); // can't move on before this thread has arrived
    if (arrived.fetch_add(1, std::memory_order_acq_rel) == count - 1) {
      onLast();
      arrived.store(0, std::memory_order_relaxed);
      phase.publish(current + 1);
    } else {
      phase.awaitChange(current, spins);
    }
  }

private:
  WaitWord phase;
  alignas(64) std::atomic<int32_t> arrived{0};
  int32_t count = 1;
  int32_t spins = 0;
};

/// `count` threads, the caller's included. run() is called by one thread at a time.
class Gang {
public:
  Gang() = default;
  Gang(const Gang &) = delete;
  Gang &operator=(const Gang &) = delete;
  ~Gang();

  /// Starts count - 1 workers; false where the system refuses one.
  bool start(int32_t count);
  int32_t size() const { return workerCount + 1; }
  /// How often a thread looks, before it sleeps, whether the others have come to a meeting.
  int32_t spinLimit() const { return meetingSpins; }
  /// Calls task(argument, i) for all i in [0, n) at the same time, n <= size().
  void run(int32_t n, void (*task)(void *argument, int32_t i), void *argument);

private:
  struct Worker {
    Gang *gang;
    int32_t index;
    pthread_t thread;
  };
  static void *workerMain(void *worker);
  void work(int32_t index);

  Worker *workers = nullptr;
  int32_t workerCount = 0;
  int32_t idleSpins = 0, meetingSpins = 0;
  int32_t active = 0;
  void (*task)(void *, int32_t) = nullptr;
  void *argument = nullptr;
  bool stop = false;
  WaitWord generation;
  WaitWord finished;
  alignas(64) std::atomic<int32_t> remaining{0};
};

} // namespace tenon
