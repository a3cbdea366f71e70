/// The floating-point environment of compiled code: round to nearest, exceptions masked, denormals
/// flushed to zero on input and output.
#pragma once

#include <cstdint>

#if defined(__x86_64__)
#include <xmmintrin.h>
#endif

namespace tenon {

/// Sets the mode for its lifetime on this thread and restores the caller's.
class FloatMode {
public:
#if defined(__x86_64__)
  /// All exceptions masked (0x1F80), FTZ (bit 15), DAZ (bit 6), status flags clear.
  static constexpr uint32_t kControl = 0x1F80u | 0x8000u | 0x0040u;
  FloatMode() : saved(_mm_getcsr()) { _mm_setcsr(kControl); }
  ~FloatMode() { _mm_setcsr(saved); }
#elif defined(__aarch64__)
  static constexpr uint64_t kControl = uint64_t(1) << 24; // FZ
  FloatMode() {
    asm volatile("mrs %0, fpcr" : "=r"(saved));
    asm volatile("msr fpcr, %0" ::"r"(kControl));
  }
  ~FloatMode() { asm volatile("msr fpcr, %0" ::"r"(saved)); }
#else
#error "how denormals are flushed on this processor isn't known"
#endif
  FloatMode(const FloatMode &) = delete;
  FloatMode &operator=(const FloatMode &) = delete;

private:
#if defined(__x86_64__)
  uint32_t saved;
#else
  uint64_t saved;
#endif
};

} // namespace tenon
