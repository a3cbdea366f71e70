//===- KernelChecks.cpp - Compiled kernels against the interpreter --------===//
#include "tests/codegen/KernelChecks.h"

#include <random>

using namespace tenon;
using namespace tenon::test;

static int64_t countOf(const std::vector<int64_t> &shape) {
  int64_t count = 1;
  for (int64_t extent : shape)
    count *= extent;
  return count;
}

HostTensor tenon::test::sampleIntegers(tenon_dtype dtype, std::vector<int64_t> shape, int64_t low,
                                       int64_t high, unsigned seed) {
  std::mt19937 random(seed);
  std::vector<double> values(countOf(shape));
  for (double &value : values)
    value = double(low + int64_t(random() % uint64_t(high - low + 1)));
  return HostTensor::ofNumbers(dtype, std::move(shape), values);
}

HostTensor tenon::test::sample(tenon_dtype dtype, std::vector<int64_t> shape, unsigned seed) {
  if (dtype == TENON_BOOL)
    return sampleIntegers(dtype, std::move(shape), 0, 1, seed);
  if (dtype < TENON_F16)
    return sampleIntegers(dtype, std::move(shape), dtype == TENON_U8 ? 0 : -100, 100, seed);
  std::mt19937 random(seed);
  std::vector<double> values(countOf(shape));
  for (double &value : values)
    value = double(random()) / double(1ull << 32) * 4 - 2;
  return HostTensor::ofNumbers(dtype, std::move(shape), values);
}

void tenon::test::checkKernels(llvm::StringRef text, const std::vector<HostTensor> &inputs,
                               const CheckOptions &options) {
  std::optional<std::vector<HostTensor>> fused;
  // Products of f16 and bf16 are exact in the f32 that they are summed in.
  bool isExact = inputs[0].dtype() == TENON_F16 || inputs[0].dtype() == TENON_BF16;
  for (const TargetInfo &target : runnableTargets())
    for (int64_t padding : {0, 3}) {
      SCOPED_TRACE(std::string(TargetInfo::levelName(target.level)) + ", padding " +
                   std::to_string(padding));
      auto program = KernelProgram::compile(text, target, {options.partitionAxis, padding});
      ASSERT_TRUE(bool(program)) << llvm::toString(program.takeError());
      EvalOptions evaluation;
      evaluation.fusedChains = target.fma || isExact;
      auto expected = (*program)->interpret(inputs, evaluation);
      ASSERT_TRUE(bool(expected)) << llvm::toString(expected.takeError());
      std::optional<std::vector<HostTensor>> whole;
      for (int parts : {1, 3}) {
        SCOPED_TRACE(std::to_string(parts) + " parts");
        auto run = (*program)->run(inputs, parts);
        ASSERT_TRUE(bool(run)) << llvm::toString(run.takeError());
        if (!options.kinds.empty())
          ASSERT_EQ(run->kinds, options.kinds);
        ASSERT_EQ(run->results.size(), expected->size());
        for (auto [actual, reference] : llvm::zip(run->results, *expected))
          ASSERT_EQ(difference(actual, reference, options.tolerance), "");
        if (!whole)
          whole = run->results;
        ASSERT_EQ(*whole, run->results) << "bits differ between parts";
      }
      // Padding may change which axes are one loop, and with it where a long sum is cut.
      if (!target.fma || padding > 0)
        continue;
      if (!fused)
        fused = whole;
      ASSERT_EQ(*fused, *whole) << "bits differ between levels";
    }
}
