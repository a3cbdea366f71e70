//===- TargetInfo.h - The processor that code is made for -------*- C++ -*-===//
#pragma once

#include "llvm/Support/Error.h"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace llvm {
class TargetMachine;
}

namespace tenon {

/// An instruction-set level and the sizes that tiles are chosen by.
///
/// Code depends on `level` alone (and on what a kernel makes of the sizes, which its key holds), so
/// that one level gives one object file on every machine that has it.
struct TargetInfo {
  /// x86-64-v2 (SSE 4.2, no fused multiply-add), x86-64-v3 (AVX2, FMA) and x86-64-v4 (AVX-512 F,
  /// BW, CD, DQ, VL). On AArch64 there is only Baseline, which is NEON with FMA.
  enum class Level { Baseline, Avx2, Avx512 };
  Level level = Level::Baseline;
  /// Width of the widest vector register, and how many of them.
  unsigned vectorBits = 128;
  unsigned registers = 16;
  /// Data caches of one core.
  uint64_t l1Bytes = 32 << 10, l2Bytes = 512 << 10;
  bool fma = false;
  /// LLVM's names for the processor and its features.
  std::string triple, cpu, features;

  /// The machine this process runs on, with its cache sizes.
  static TargetInfo host();
  /// A level with customary cache sizes, whatever this machine has.
  static TargetInfo forLevel(Level level);
  /// This machine used as one of a lower level; a higher level than it has is an error.
  llvm::Expected<TargetInfo> lowered(Level to) const;
  /// "baseline", "avx2", "avx512" (the values of TENON_ISA) as a level.
  static std::optional<Level> parseLevel(std::string_view name);
  static const char *levelName(Level level);

  /// "fma" or "no-fma": which of the two families of results code for this target gives.
  const char *numericMode() const { return fma ? "fma" : "no-fma"; }
  /// Elements of `elementBytes` in the widest register.
  unsigned lanes(unsigned elementBytes) const { return vectorBits / 8 / elementBytes; }
  /// Names the instruction set for cache keys; nothing of tuning or cache sizes.
  std::string key() const;
  /// LLVM's code generator for this target. One for each thread.
  llvm::Expected<std::unique_ptr<llvm::TargetMachine>> machine() const;
};

} // namespace tenon
