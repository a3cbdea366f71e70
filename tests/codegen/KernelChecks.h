//===- KernelChecks.h - Compiled kernels against the interpreter -*- C++ -*-===//
#pragma once

#include "tests/codegen/KernelHarness.h"

#include <gtest/gtest.h>

namespace tenon::test {

/// Numbers that look random and are the same each time: reals in [-2, 2], integers in [low, high].
HostTensor sample(tenon_dtype dtype, std::vector<int64_t> shape, unsigned seed = 1);
HostTensor sampleIntegers(tenon_dtype dtype, std::vector<int64_t> shape, int64_t low, int64_t high,
                          unsigned seed = 1);

struct CheckOptions {
  Tolerance tolerance{1e-5, 1e-6};
  std::optional<unsigned> partitionAxis;
  /// The kinds of kernels expected, in order; empty for any.
  std::vector<std::string> kinds;
};

/// Compiles the function for every level this machine has, runs it in one part and in three, with
/// dense and with padded memory, and compares with the interpreter; all levels with fused
/// multiply-adds, parts and layouts of one kind must give the same bits.
void checkKernels(llvm::StringRef text, const std::vector<HostTensor> &inputs,
                  const CheckOptions &options = {});

} // namespace tenon::test
