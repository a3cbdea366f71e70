// What this machine can do at best: fused multiply-adds a second and bytes a second on two threads,
// as JSON. machine.py builds and runs it.
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <thread>
#include <vector>

using Clock = std::chrono::steady_clock;
#ifdef __AVX512F__
constexpr int lanes = 16;
#else
constexpr int lanes = 8;
#endif
typedef float Vector __attribute__((vector_size(lanes * sizeof(float))));

static double multiplyAdds(long rounds) {
  Vector sum[12] = {};
  Vector a, b;
  for (int i = 0; i < lanes; ++i)
    a[i] = 1.0f + 1e-7f * i, b[i] = 1e-7f * i;
  for (long round = 0; round < rounds; ++round)
    for (Vector &s : sum)
      for (int i = 0; i < 1; ++i) {
        s = __builtin_elementwise_fma(s, a, b);
        asm volatile("" : "+v"(s));
      }
  float total = 0;
  for (Vector &s : sum)
    total += s[0];
  return total;
}

template <typename F> static double onTwoThreads(F f) {
  double best = 1e9;
  for (int repeat = 0; repeat < 5; ++repeat) {
    auto start = Clock::now();
    std::thread other([&] { f(1); });
    f(0);
    other.join();
    best = std::min(best, std::chrono::duration<double>(Clock::now() - start).count());
  }
  return best;
}

int main() {
  constexpr long rounds = 20'000'000;
  volatile double sink = 0;
  double seconds = onTwoThreads([&](int) { sink = multiplyAdds(rounds); });
  double gflops = 2.0 * 2 * 12 * lanes * rounds / seconds / 1e9;

  constexpr size_t elements = size_t(1) << 25;
  std::vector<float> from(elements, 1.0f), to(elements);
  seconds = onTwoThreads([&](int thread) {
    size_t half = elements / 2, begin = thread * half;
    for (size_t i = begin; i < begin + half; ++i)
      to[i] = from[i] * 2.0f;
  });
  // Read the source, read the line that is written, write it.
  double bandwidth = 3.0 * 4 * elements / seconds / 1e9;
  std::printf("{\"gflops\": %.1f, \"gigabytes_per_second\": %.1f}\n", gflops, bandwidth);
}
