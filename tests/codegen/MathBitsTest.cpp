//===- MathBitsTest.cpp - Special values, powers, halves, equal bits ------===//
#include "tests/codegen/MathHarness.h"

#include <bit>
#include <cmath>
#include <random>

using namespace tenon;
using namespace tenon::test;

namespace {

constexpr double inf = std::numeric_limits<double>::infinity();
constexpr double none = std::numeric_limits<double>::quiet_NaN();

constexpr auto F32 = llvm::Type::FloatTyID, F64 = llvm::Type::DoubleTyID;

Emit one(MathFunction function) {
  return [=](llvm::IRBuilderBase &b, const TargetInfo &target, llvm::ArrayRef<llvm::Value *> x) {
    return emitMath(b, target, function, x[0]);
  };
}
llvm::Value *power(llvm::IRBuilderBase &b, const TargetInfo &target,
                   llvm::ArrayRef<llvm::Value *> x) {
  return emitPow(b, target, x[0], x[1]);
}

bool same(double a, double b) {
  return std::isnan(a) ? std::isnan(b) : a == b && std::signbit(a) == std::signbit(b);
}

struct Special {
  MathFunction function;
  double x, result;
};

// A denormal is a zero of its sign, as operand and as result.
const Special specials[] = {
    {MathFunction::Exp, 0.0, 1},       {MathFunction::Exp, -0.0, 1},
    {MathFunction::Exp, inf, inf},     {MathFunction::Exp, -inf, 0},
    {MathFunction::Exp, 710, inf},     {MathFunction::Exp, -746, 0},
    {MathFunction::Exp, -1e30, 0},     {MathFunction::Exp, 1e30, inf},
    {MathFunction::Expm1, 0.0, 0},     {MathFunction::Expm1, -0.0, -0.0},
    {MathFunction::Expm1, inf, inf},   {MathFunction::Expm1, -inf, -1},
    {MathFunction::Expm1, -1e30, -1},  {MathFunction::Expm1, 1e30, inf},
    {MathFunction::Log, 0.0, -inf},    {MathFunction::Log, -0.0, -inf},
    {MathFunction::Log, 1, 0},         {MathFunction::Log, -1, none},
    {MathFunction::Log, inf, inf},     {MathFunction::Log, -inf, none},
    {MathFunction::Log1p, 0.0, 0},     {MathFunction::Log1p, -0.0, -0.0},
    {MathFunction::Log1p, -1, -inf},   {MathFunction::Log1p, -2, none},
    {MathFunction::Log1p, inf, inf},   {MathFunction::Log1p, -inf, none},
    {MathFunction::Tanh, 0.0, 0},      {MathFunction::Tanh, -0.0, -0.0},
    {MathFunction::Tanh, inf, 1},      {MathFunction::Tanh, -inf, -1},
    {MathFunction::Sigmoid, 0.0, 0.5}, {MathFunction::Sigmoid, -0.0, 0.5},
    {MathFunction::Sigmoid, inf, 1},   {MathFunction::Sigmoid, -inf, 0},
    {MathFunction::Sigmoid, 1e30, 1},  {MathFunction::Sigmoid, -1e30, 0},
    {MathFunction::Erf, 0.0, 0},       {MathFunction::Erf, -0.0, -0.0},
    {MathFunction::Erf, inf, 1},       {MathFunction::Erf, -inf, -1},
    {MathFunction::Sin, 0.0, 0},       {MathFunction::Sin, -0.0, -0.0},
    {MathFunction::Sin, inf, none},    {MathFunction::Sin, -inf, none},
    {MathFunction::Cos, 0.0, 1},       {MathFunction::Cos, -0.0, 1},
    {MathFunction::Cos, inf, none},    {MathFunction::Cos, -inf, none},
    {MathFunction::Sqrt, 0.0, 0},      {MathFunction::Sqrt, -0.0, -0.0},
    {MathFunction::Sqrt, -1, none},    {MathFunction::Sqrt, inf, inf},
    {MathFunction::Floor, -0.5, -1},   {MathFunction::Floor, -0.0, -0.0},
    {MathFunction::Floor, inf, inf},   {MathFunction::Floor, 1e30, 1e30},
    {MathFunction::Round, 0.5, 0},     {MathFunction::Round, 1.5, 2},
    {MathFunction::Round, -2.5, -2},   {MathFunction::Round, -0.2, -0.0},
    {MathFunction::Round, -inf, -inf},
};

template <class T> void checkSpecials(const TargetInfo &target, llvm::Type::TypeID type) {
  std::map<MathFunction, std::vector<T>> operands, expected;
  for (const Special &special : specials) {
    operands[special.function].push_back(T(special.x));
    expected[special.function].push_back(T(special.result));
  }
  for (auto &[function, x] : operands) {
    x.resize(16, T(none));
    expected[function].resize(16, T(none));
    for (unsigned lanes : {1u, 8u}) {
      MathLoop loop(target, lanes, type, type, 1, one(function));
      ASSERT_TRUE(loop.ok());
      auto got = loop.operator()<T, T>(x);
      for (size_t i = 0; i < x.size(); ++i)
        EXPECT_TRUE(same(got[i], expected[function][i]))
            << int(function) << "(" << x[i] << ") = " << got[i] << ", lanes " << lanes << ", "
            << target.key();
    }
  }
}

TEST(MathSpecial, f32) {
  for (const TargetInfo &target : runnableTargets())
    checkSpecials<float>(target, F32);
}
TEST(MathSpecial, f64) {
  for (const TargetInfo &target : runnableTargets())
    checkSpecials<double>(target, F64);
}

TEST(MathSpecial, denormals_are_zeros) {
  for (const TargetInfo &target : runnableTargets()) {
    std::vector<float> x(8, 1e-40f), negative(8, -1e-40f);
    for (auto [function, expected] : {std::pair(MathFunction::Exp, 1.0),
                                      {MathFunction::Expm1, 0.0},
                                      {MathFunction::Log, -inf},
                                      {MathFunction::Log1p, 0.0},
                                      {MathFunction::Tanh, 0.0},
                                      {MathFunction::Sin, 0.0}}) {
      MathLoop loop(target, 8, F32, F32, 1, one(function));
      double got = loop.operator()<float, float>(x)[0];
      if (expected == -inf) {
        EXPECT_EQ(got, -inf);
        EXPECT_EQ((loop.operator()<float, float>(negative)[0]), -inf);
      } else {
        EXPECT_LE(std::abs(got - expected), 1e-37) << int(function);
      }
    }
  }
}

/// Random points over all exponents and around the functions' own ranges.
template <class T> std::vector<T> samplePoints(size_t count) {
  using Bits = std::conditional_t<sizeof(T) == 8, uint64_t, uint32_t>;
  std::mt19937_64 random(11);
  std::uniform_real_distribution<double> unit(-1, 1);
  std::vector<T> x;
  for (size_t i = 0; i < count; ++i)
    x.push_back(i % 2 ? T(unit(random) * std::ldexp(1, int(random() % 12) - 4))
                      : std::bit_cast<T>(Bits(random())));
  return x;
}

template <class T> std::vector<uint64_t> bitsOf(const std::vector<T> &values) {
  std::vector<uint64_t> bits;
  for (T value : values) // a NaN's payload isn't promised
    bits.push_back(std::isnan(value) ? 1 : std::bit_cast<uint64_t>(double(value)));
  return bits;
}

template <class T>
void checkEqualBits(llvm::Type::TypeID type, unsigned operands, const Emit &emit,
                    const char *what) {
  std::vector<T> x = samplePoints<T>(9600), y = x;
  std::reverse(y.begin(), y.end());
  std::map<std::string, std::vector<uint64_t>> first;
  for (const TargetInfo &target : runnableTargets())
    for (unsigned lanes : {1u, 3u, 16u}) {
      MathLoop loop(target, lanes, type, type, operands, emit);
      ASSERT_TRUE(loop.ok());
      auto bits = bitsOf(loop.operator()<T, T>(x, y));
      auto [known, isNew] = first.try_emplace(target.numericMode(), bits);
      EXPECT_EQ(known->second, bits) << what << ", lanes " << lanes << ", " << target.key();
    }
}

TEST(MathBits, equal_at_every_width_and_level) {
  for (int i = 0; i <= int(MathFunction::Round); ++i) {
    checkEqualBits<float>(F32, 1, one(MathFunction(i)), "f32");
    checkEqualBits<double>(F64, 1, one(MathFunction(i)), "f64");
  }
  checkEqualBits<float>(F32, 2, power, "pow f32");
  checkEqualBits<double>(F64, 2, power, "pow f64");
}

//===----------------------------------------------------------------------===//
// pow
//===----------------------------------------------------------------------===//

template <class T> void checkPowSpecials(const TargetInfo &target, llvm::Type::TypeID type) {
  const double values[] = {0.0,     -0.0,     1,        -1,    0.5,   -0.5, 2,
                           -2,      3,        -3,       1.5,   -7.25, 1e30, -1e30,
                           8388607, 16777216, -8388609, 1e-30, inf,   -inf, none};
  std::vector<T> x, y;
  for (double a : values)
    for (double b : values) {
      x.push_back(a);
      y.push_back(b);
    }
  for (unsigned lanes : {1u, 9u}) {
    MathLoop loop(target, lanes, type, type, 2, power);
    ASSERT_TRUE(loop.ok());
    auto got = loop.operator()<T, T>(x, y);
    for (size_t i = 0; i < x.size(); ++i) {
      T expected = std::pow(x[i], y[i]);
      if (std::abs(expected) < std::numeric_limits<T>::min())
        expected = std::copysign(T(0), expected);
      bool near = std::isfinite(expected) && expected != 0 &&
                  std::abs(got[i] / expected - 1) <= 2 * std::numeric_limits<T>::epsilon();
      EXPECT_TRUE(near || same(got[i], expected))
          << x[i] << " ^ " << y[i] << " = " << got[i] << ", not " << expected;
    }
  }
}

TEST(MathPow, special_values) {
  for (const TargetInfo &target : runnableTargets()) {
    checkPowSpecials<float>(target, F32);
    checkPowSpecials<double>(target, F64);
  }
}

/// Bases and exponents whose powers are spread over all normal numbers.
template <class T> double worstPowError(const TargetInfo &target, llvm::Type::TypeID type) {
  std::mt19937_64 random(5);
  std::uniform_real_distribution<double> unit(0, 1);
  double logMost = std::log(double(std::numeric_limits<T>::max()));
  std::vector<T> x, y;
  for (int i = 0; i < 120000; ++i) {
    double spread = i % 3 == 0 ? 1 : i % 3 == 1 ? 0.01 : logMost;
    T base = T(std::exp((2 * unit(random) - 1) * spread));
    if (base < std::numeric_limits<T>::min()) // a zero
      continue;
    x.push_back(base);
    y.push_back(T((2 * unit(random) - 1) * logMost / std::max(std::abs(std::log(base)), T(1e-12))));
  }
  x.resize(x.size() / 8 * 8);
  y.resize(x.size());
  MathLoop loop(target, 8, type, type, 2, power);
  auto got = loop.operator()<T, T>(x, y);
  double worst = 0;
  for (size_t i = 0; i < x.size(); ++i) {
    long double exact = powl(x[i], y[i]);
    if (exact > std::numeric_limits<T>::max() || exact < std::numeric_limits<T>::min())
      continue;
    long double ulp = ldexpl(1, ilogbl(exact) + 1 - std::numeric_limits<T>::digits);
    double error = double(fabsl(got[i] - exact) / ulp);
    EXPECT_TRUE(std::isfinite(error)) << x[i] << " ^ " << y[i] << " = " << got[i];
    worst = std::max(worst, error);
  }
  return worst;
}

TEST(MathPow, errors) {
  for (const TargetInfo &target : runnableTargets()) {
    EXPECT_LE(worstPowError<float>(target, F32), 0.51);
    EXPECT_LE(worstPowError<double>(target, F64), 1);
  }
}

//===----------------------------------------------------------------------===//
// Half precision
//===----------------------------------------------------------------------===//

TEST(MathHalf, every_half_widens_and_comes_back) {
  std::vector<uint16_t> all;
  for (unsigned bits = 0; bits < 1 << 16; ++bits)
    all.push_back(bits);
  for (auto type : {llvm::Type::HalfTyID, llvm::Type::BFloatTyID})
    for (const TargetInfo &target : runnableTargets()) {
      MathLoop widen(target, 8, type, F32, 1,
                     [](auto &b, auto &target, auto x) { return emitWiden(b, target, x[0]); });
      MathLoop narrow(target, 8, F32, type, 1, [=](auto &b, auto &target, auto x) {
        return emitNarrow(b, target, x[0], llvm::Type::getPrimitiveType(b.getContext(), type));
      });
      auto wide = widen.operator()<uint16_t, float>(all);
      auto back = narrow.operator()<float, uint16_t>(wide);
      for (unsigned bits = 0; bits < all.size(); ++bits) {
        if (type == llvm::Type::HalfTyID)
          ASSERT_TRUE(same(wide[bits], double(std::bit_cast<_Float16>(all[bits])))) << bits;
        else
          ASSERT_EQ(std::bit_cast<uint32_t>(wide[bits]), bits << 16);
        if (!std::isnan(wide[bits]))
          ASSERT_EQ(back[bits], bits) << target.key();
      }
    }
}

TEST(MathHalf, narrowing_rounds_to_nearest_even) {
  std::vector<float> x = samplePoints<float>(160000);
  for (int exponent = -26; exponent < 18; ++exponent)
    for (int i = 0; i < 4096; ++i) // halfway points and their neighbours
      x.push_back(std::ldexp(1 + i / 4096.0f, exponent));
  for (const TargetInfo &target : runnableTargets()) {
    MathLoop half(target, 16, F32, llvm::Type::HalfTyID, 1, [](auto &b, auto &target, auto x) {
      return emitNarrow(b, target, x[0], b.getHalfTy());
    });
    auto got = half.operator()<float, uint16_t>(x);
    for (size_t i = 0; i < x.size(); ++i)
      ASSERT_TRUE(same(double(std::bit_cast<_Float16>(got[i])), double(_Float16(x[i])))) << x[i];
    MathLoop brain(target, 16, F32, llvm::Type::BFloatTyID, 1, [](auto &b, auto &target, auto x) {
      return emitNarrow(b, target, x[0], b.getBFloatTy());
    });
    got = brain.operator()<float, uint16_t>(x);
    for (size_t i = 0; i < x.size(); ++i) {
      float back = std::bit_cast<float>(uint32_t(got[i]) << 16);
      if (std::isnan(x[i])) {
        ASSERT_TRUE(std::isnan(back));
        continue;
      }
      // Half the distance of neighbours; the largest round to infinity.
      if (std::abs(x[i]) < 3.3e38f)
        ASSERT_LE(std::abs(double(back) - x[i]),
                  std::ldexp(1.0, std::max(std::ilogb(x[i]), -126) - 8));
    }
  }
}

TEST(MathHalf, functions_go_through_f32) {
  std::vector<uint16_t> all;
  for (unsigned bits = 0; bits < 1 << 16; ++bits)
    all.push_back(bits);
  for (const TargetInfo &target : runnableTargets()) {
    MathLoop loop(target, 16, llvm::Type::HalfTyID, llvm::Type::HalfTyID, 1,
                  one(MathFunction::Tanh));
    auto got = loop.operator()<uint16_t, uint16_t>(all);
    for (unsigned bits = 0; bits < all.size(); ++bits) {
      double exact = std::tanh(double(std::bit_cast<_Float16>(all[bits])));
      double value = std::bit_cast<_Float16>(got[bits]);
      ASSERT_TRUE(std::isnan(exact) ? std::isnan(value)
                                    : std::abs(value - exact) <=
                                          std::max(std::abs(exact) * 0x1.01p-11, 0x1.01p-25))
          << exact;
    }
  }
}

} // namespace
