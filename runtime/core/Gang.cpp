#include "runtime/core/Gang.h"

#include <climits>
#include <csignal>
#include <linux/futex.h>
#include <new>
#include <sched.h>
#include <sys/syscall.h>
#include <unistd.h>

#if defined(__x86_64__)
#include <xmmintrin.h>
#endif

namespace tenon {

namespace {
/// About 25 to 80 µs of looking before a thread without work sleeps: shorter than anyone else on
/// the machine would notice.
constexpr int32_t kIdleSpins = 2000;
/// Four times that where the others are at work on the same call. Longer than a sleeping processor
/// takes to wake, 30 µs and more on a virtual one: were it shorter, whoever has slept once comes so
/// late to the next meeting that the others sleep there in their turn, and so on at every meeting.
constexpr int32_t kMeetingSpins = 4 * kIdleSpins;
/// Looks between which a waiting thread lets others have its processor: one of them may be the
/// thread it waits for.
constexpr int32_t kSpinsAtATime = kIdleSpins;

void pauseProcessor() {
#if defined(__x86_64__)
  _mm_pause();
#elif defined(__aarch64__)
  asm volatile("yield");
#endif
}
} // namespace

int32_t availableProcessors() {
  cpu_set_t set;
  CPU_ZERO(&set);
  if (sched_getaffinity(0, sizeof(set), &set) == 0 && CPU_COUNT(&set) > 0)
    return CPU_COUNT(&set);
  long online = sysconf(_SC_NPROCESSORS_ONLN);
  return online > 0 ? int32_t(online) : 1;
}

void WaitWord::publish(uint32_t next) {
  value.store(next, std::memory_order_seq_cst);
  if (sleepers.load(std::memory_order_seq_cst) > 0)
    syscall(SYS_futex, &value, FUTEX_WAKE_PRIVATE, INT_MAX, nullptr, nullptr, 0);
}

void WaitWord::awaitChange(uint32_t old, int32_t spins) {
  for (int32_t i = 0; i < spins; ++i) {
    if (load() != old)
      return;
    pauseProcessor();
    if ((i + 1) % kSpinsAtATime == 0)
      sched_yield();
  }
  // A sleeper announces itself before the kernel compares the word, a publisher stores the word
  // before it looks for sleepers: one of them sees the other.
  sleepers.fetch_add(1, std::memory_order_seq_cst);
  while (value.load(std::memory_order_seq_cst) == old)
    syscall(SYS_futex, &value, FUTEX_WAIT_PRIVATE, old, nullptr, nullptr, 0);
  sleepers.fetch_sub(1, std::memory_order_seq_cst);
}

void Barrier::reset(int32_t threads, int32_t spinLimit) {
  count = threads;
  spins = spinLimit;
  arrived.store(0, std::memory_order_relaxed);
}

bool Gang::start(int32_t count) {
  if (count <= 1)
    return true;
  workers = new (std::nothrow) Worker[size_t(count - 1)];
  if (!workers)
    return false;
  bool hasProcessorEach = count <= availableProcessors();
  idleSpins = hasProcessorEach ? kIdleSpins : 0;
  meetingSpins = hasProcessorEach ? kMeetingSpins : 0;
  // Signals belong to the application's own threads.
  sigset_t all, before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  for (int32_t i = 0; i < count - 1; ++i) {
    workers[i].gang = this;
    workers[i].index = i + 1;
    if (pthread_create(&workers[i].thread, nullptr, workerMain, &workers[i]) != 0)
      break;
    ++workerCount;
  }
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
  return workerCount == count - 1;
}

Gang::~Gang() {
  stop = true;
  generation.publish(generation.load() + 1);
  for (int32_t i = 0; i < workerCount; ++i)
    pthread_join(workers[i].thread, nullptr);
  delete[] workers;
}

void *Gang::workerMain(void *worker) {
  auto *self = static_cast<Worker *>(worker);
  self->gang->work(self->index);
  return nullptr;
}

void Gang::work(int32_t index) {
  for (uint32_t seen = 0;;) {
    generation.awaitChange(seen, idleSpins);
    seen = generation.load();
    if (stop)
      return;
    if (index < active)
      task(argument, index);
    if (remaining.fetch_sub(1, std::memory_order_acq_rel) == 1)
      finished.publish(seen);
  }
}

void Gang::run(int32_t n, void (*newTask)(void *, int32_t), void *newArgument) {
  if (n <= 1 || workerCount == 0) {
    for (int32_t i = 0; i < n; ++i)
      newTask(newArgument, i);
    return;
  }
  active = n;
  task = newTask;
  argument = newArgument;
  remaining.store(workerCount, std::memory_order_relaxed);
  uint32_t now = generation.load() + 1;
  generation.publish(now);
  newTask(newArgument, 0);
  for (uint32_t last = finished.load(); last != now; last = finished.load())
    finished.awaitChange(last, meetingSpins);
}

} // namespace tenon
