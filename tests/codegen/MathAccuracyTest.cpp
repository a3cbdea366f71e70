//===- MathAccuracyTest.cpp - Errors of elementary functions in ulp -------===//
//
// Every f32 bit pattern of a stride is compared with libm in f64, f64 patterns with libm in x87
// extended precision. TENON_MATH_STRIDE chooses another stride for f32 (1 tries all).
//
//===----------------------------------------------------------------------===//
#include "tests/codegen/MathHarness.h"

#include <bit>
#include <cmath>
#include <random>

using namespace tenon;
using namespace tenon::test;

namespace {

struct Row {
  const char *name;
  MathFunction function;
  long double (*reference)(long double);
  double (*reference64)(double);
  double bound32, bound64; // in ulp; docs/numerics.md states them
};

long double sigmoidl(long double x) { return 1 / (1 + expl(-x)); }
double sigmoid64(double x) { return double(sigmoidl(x)); }

const Row rows[] = {
    {"exp", MathFunction::Exp, expl, exp, 1, 1},
    {"expm1", MathFunction::Expm1, expm1l, expm1, 2, 2},
    {"log", MathFunction::Log, logl, log, 1, 1},
    {"log1p", MathFunction::Log1p, log1pl, log1p, 1, 1},
    {"tanh", MathFunction::Tanh, tanhl, tanh, 1.5, 1.5},
    {"sigmoid", MathFunction::Sigmoid, sigmoidl, sigmoid64, 1.5, 1.5},
    {"erf", MathFunction::Erf, erfl, erf, 1.5, 1.5},
    {"sin", MathFunction::Sin, sinl, sin, 0.51, 1},
    {"cos", MathFunction::Cos, cosl, cos, 0.51, 1},
    {"sqrt", MathFunction::Sqrt, sqrtl, sqrt, 0.5, 0.501},
    {"floor", MathFunction::Floor, floorl, floor, 0, 0},
    {"round", MathFunction::Round, rintl, rint, 0, 0},
};

/// A result's distance from the exact one in units of the last place of T, denormals being zero.
template <class T, class Wide> double ulps(T got, Wide exact) {
  if (std::isnan(exact))
    return std::isnan(got) ? 0 : INFINITY;
  Wide least = std::numeric_limits<T>::min(), most = std::numeric_limits<T>::max();
  if (std::isinf(got) || std::abs(exact) > most)
    return std::isinf(got) && std::signbit(got) == std::signbit(exact) &&
                   std::abs(exact) > most * (1 - std::numeric_limits<T>::epsilon())
               ? 0
               : INFINITY;
  if (std::abs(exact) < least)
    return std::abs(got) <= least ? 0 : INFINITY;
  int exponent = std::ilogb(exact);
  return double(std::abs(Wide(got) - exact) /
                std::ldexp(Wide(1), exponent + 1 - std::numeric_limits<T>::digits));
}

template <class T> T flushed(T x) {
  return std::abs(x) < std::numeric_limits<T>::min() ? std::copysign(T(0), x) : x;
}

Emit emitterOf(const Row &row) {
  return [&row](llvm::IRBuilderBase &b, const TargetInfo &target, llvm::ArrayRef<llvm::Value *> x) {
    return emitMath(b, target, row.function, x[0]);
  };
}

std::vector<float> floatPatterns(uint64_t stride) {
  std::vector<float> x;
  for (uint64_t bits = 0; bits <= UINT32_MAX; bits += stride)
    x.push_back(std::bit_cast<float>(uint32_t(bits)));
  while (x.size() % 16)
    x.push_back(1);
  return x;
}

/// All exponents, and more where functions change: around 0, 1 and the ranges' ends.
std::vector<double> doublePatterns() {
  std::mt19937_64 random(7);
  std::vector<double> x;
  for (int i = 0; i < 60000; ++i)
    x.push_back(std::bit_cast<double>(random()));
  std::uniform_real_distribution<double> unit(-1, 1);
  for (double scale : {1e-3, 0.4, 1.0, 2.0, 6.5, 40.0, 745.0, 1e4, 1e7, 1e12})
    for (int i = 0; i < 16000; ++i)
      x.push_back(unit(random) * scale);
  for (int i = 0; i < 16000; ++i)
    x.push_back(1 + unit(random) * std::ldexp(1.0, -int(random() % 52)));
  return x;
}

class MathAccuracy : public testing::TestWithParam<Row> {};

TEST_P(MathAccuracy, f32) {
  const Row &row = GetParam();
  const char *chosen = std::getenv("TENON_MATH_STRIDE");
  std::vector<float> x = floatPatterns(chosen ? std::atoll(chosen) : 8191);
  for (const TargetInfo &target : runnableTargets()) {
    MathLoop loop(target, 8, llvm::Type::FloatTyID, llvm::Type::FloatTyID, 1, emitterOf(row));
    ASSERT_TRUE(loop.ok());
    auto got = loop.operator()<float, float>(x);
    double worst = 0, at = 0;
    for (size_t i = 0; i < x.size(); ++i)
      if (double error = ulps(got[i], row.reference64(flushed(x[i]))); error > worst) {
        worst = error;
        at = x[i];
      }
    EXPECT_LE(worst, row.bound32) << row.name << " at " << at << ", "
                                  << TargetInfo::levelName(target.level);
    RecordProperty(TargetInfo::levelName(target.level), std::to_string(worst));
  }
}

TEST_P(MathAccuracy, f64) {
  const Row &row = GetParam();
  std::vector<double> x = doublePatterns();
  for (const TargetInfo &target : runnableTargets()) {
    MathLoop loop(target, 4, llvm::Type::DoubleTyID, llvm::Type::DoubleTyID, 1, emitterOf(row));
    ASSERT_TRUE(loop.ok());
    auto got = loop.operator()<double, double>(x);
    double worst = 0, at = 0;
    for (size_t i = 0; i < x.size(); ++i)
      if (double error = ulps(got[i], row.reference(flushed(x[i]))); error > worst) {
        worst = error;
        at = x[i];
      }
    EXPECT_LE(worst, row.bound64) << row.name << " at " << at << ", "
                                  << TargetInfo::levelName(target.level);
    RecordProperty(TargetInfo::levelName(target.level), std::to_string(worst));
  }
}

INSTANTIATE_TEST_SUITE_P(Functions, MathAccuracy, testing::ValuesIn(rows),
                         [](const auto &info) { return std::string(info.param.name); });

} // namespace
