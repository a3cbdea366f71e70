/// Independent pieces of work on all processors.
#pragma once

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <thread>
#include <vector>

namespace tenon::data {

/// Calls `work(i)` for each i below `count`, on at most `threads` threads, this one among them.
/// Which thread makes which is open, so what it makes mustn't depend on it.
template <typename Work> void forEachInParallel(size_t count, size_t threads, const Work &work) {
  std::atomic<size_t> next = 0;
  auto run = [&] {
    for (size_t i = next++; i < count; i = next++)
      work(i);
  };
  std::vector<std::thread> others;
  for (size_t i = 1; i < std::min(threads, count); ++i)
    others.emplace_back(run);
  run();
  for (std::thread &other : others)
    other.join();
}

inline size_t processors() { return std::max(1u, std::thread::hardware_concurrency()); }

} // namespace tenon::data
