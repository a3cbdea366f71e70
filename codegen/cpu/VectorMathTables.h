//===- VectorMathTables.h - Coefficients of elementary functions *- C++ -*-===//
//
// Written by coefficients.py, which says how; change it there. The f32 rows of sin and cos serve
// f32 results but are evaluated in f64.
//
//===----------------------------------------------------------------------===//
#pragma once

#include <cstdint>

namespace tenon::mathtables {

/// (e^r - 1 - r) / r^2 for |r| <= ln2 / 2;
/// error of the result at most 2^-26.08.
inline constexpr double expF32[] = {0x1.fffffe0000000p-2, 0x1.5554aa0000000p-3,
                                    0x1.55579e0000000p-5, 0x1.122c820000000p-7,
                                    0x1.6ab2240000000p-10};

/// (e^r - 1 - r) / r^2 for |r| <= ln2 / 2;
/// error of the result at most 2^-60.68.
inline constexpr double expF64[] = {
    0x1.0000000000000p-1,  0x1.5555555555559p-3,  0x1.555555555555ap-5,  0x1.111111110f710p-7,
    0x1.6c16c16c157f7p-10, 0x1.a01a01af5ee50p-13, 0x1.a01a019ee4d59p-16, 0x1.71ddfa4adde5bp-19,
    0x1.27e50512d1591p-22, 0x1.af5a9f0bcf950p-26, 0x1.1f121783e054ap-29};

/// (log(1 + f) - f + f^2 / 2) / f^3 for 1 + f in [sqrt(1/2), sqrt(2)];
/// error of the result at most 2^-27.33.
inline constexpr double logF32[] = {
    0x1.5555540000000p-2, -0x1.0002280000000p-2, 0x1.99a0360000000p-3, -0x1.54721e0000000p-3,
    0x1.22d5b20000000p-3, -0x1.0d82120000000p-3, 0x1.057b2c0000000p-3, -0x1.391a460000000p-4};

/// (log(1 + f) / s - 2) / z with s = f / (2 + f), z = s^2, same range;
/// error of the result at most 2^-59.5.
inline constexpr double logAtanhF64[] = {
    0x1.5555555555592p-1, 0x1.999999997ff4ep-2, 0x1.24924941dd2d0p-2, 0x1.c71c52181f8cdp-3,
    0x1.74663c1dc4666p-3, 0x1.39a1fdafda542p-3, 0x1.2f02ec8de46e5p-3};

/// (atanh(s) / s - 1 - z / 3) / z^2 with z = s^2, same range;
/// error of the result at most 2^-73.43.
inline constexpr double powLogF64[] = {
    0x1.9999999999996p-3, 0x1.2492492492f50p-3, 0x1.c71c71c596bbep-4, 0x1.745d18293e517p-4,
    0x1.3b1364d0061afp-4, 0x1.11206e2a51528p-4, 0x1.de3d98eaf5b13p-5, 0x1.eac479e367b7ap-5};

/// (tanh(x) / x - 1) / z with z = x^2 <= 0.55^2;
/// error of the result at most 2^-29.7.
inline constexpr double tanhF32[] = {-0x1.55554a0000000p-2, 0x1.110cee0000000p-3,
                                     -0x1.b91e7e0000000p-5, 0x1.58e51c0000000p-6,
                                     -0x1.9921c00000000p-8};

/// erf(x) / x - 1 with z = x^2 <= 0.9^2;
/// error of the result at most 2^-28.04.
inline constexpr double erfF32[] = {
    0x1.06eba80000000p-3, -0x1.8127400000000p-2,  0x1.ce2d600000000p-4, -0x1.b800800000000p-6,
    0x1.5440880000000p-8, -0x1.a5917e0000000p-11, 0x1.4d5a240000000p-14};

/// erf(x) / x - 1 with z = x^2 <= 0.9^2;
/// error of the result at most 2^-55.9.
inline constexpr double erfF64[] = {
    0x1.06eba8214db69p-3,  -0x1.812746b037a35p-2,  0x1.ce2f21a0472a2p-4,  -0x1.b82ce3141a64fp-6,
    0x1.565bcd582f2bep-8,  -0x1.c02dc4029138fp-11, 0x1.f9a55b6d4a0aep-14, -0x1.f505946bb07b5p-17,
    0x1.bd00ffc0e8046p-20, -0x1.7f3cc8e901a14p-23, 0x1.ccd49b3978277p-26, -0x1.d4f1b3ebde844p-28,
    0x1.504223a245441p-30};

/// log(erfc(a) / t) + a^2 with t = 1 / (1 + a / 2) = u + 0.47, for a in [0.9, 6];
/// error of the result at most 2^-30.4.
inline constexpr double erfcF32[] = {-0x1.6c879e0000000p-1, 0x1.553a6a0000000p+0,
                                     0x1.c76c960000000p-3,  -0x1.6bcf200000000p-2,
                                     -0x1.8e735e0000000p-3, 0x1.20952a0000000p-2};

/// log(erfc(a) / t) + a^2 with t = 1 / (1 + a / 2) = u + 0.47, for a in [0.9, 6];
/// error of the result at most 2^-59.71.
inline constexpr double erfcF64[] = {
    -0x1.6c87a057de8c7p-1, 0x1.553adab18a49dp+0, 0x1.c71636d104219p-3, -0x1.6a3a05df5fe66p-2,
    -0x1.9692f0d2efd9bp-3, 0x1.06b5a9de30323p-2, 0x1.641fdfa5cb9c5p-3, -0x1.1e98e8aee8d94p-2,
    -0x1.1015e98d878f4p-3, 0x1.6ace1b7512858p-2, 0x1.719cb5f4b6db6p-5, -0x1.02156b60880e0p-1,
    0x1.a0da05bb7fd99p-2,  -0x1.2c7fe4b758561p-4};

/// (sin(r) / r - 1) / z with z = r^2, |r| <= pi / 4;
/// error of the result at most 2^-37.5.
inline constexpr double sinF32[] = {-0x1.5555554c70eb7p-3, 0x1.11110869b6e17p-7,
                                    -0x1.a00f7e9e77639p-13, 0x1.6cd1d19436ee0p-19};

/// (sin(r) / r - 1) / z with z = r^2, |r| <= pi / 4;
/// error of the result at most 2^-57.89.
inline constexpr double sinF64[] = {-0x1.5555555555548p-3,  0x1.111111110f730p-7,
                                    -0x1.a01a019be921fp-13, 0x1.71de35552c1cbp-19,
                                    -0x1.ae5e4b84b96d9p-26, 0x1.5d8b55ddad76ap-33};

/// (cos(r) - 1 + z / 2) / z^2 with z = r^2, |r| <= pi / 4;
/// error of the result at most 2^-33.01.
inline constexpr double cosF32[] = {0x1.55554a108200ap-5, -0x1.6c0c3320570c2p-10,
                                    0x1.99eb749be36f8p-16};

/// (cos(r) - 1 + z / 2) / z^2 with z = r^2, |r| <= pi / 4;
/// error of the result at most 2^-63.93.
inline constexpr double cosF64[] = {0x1.555555555554bp-5,  -0x1.6c16c16c15014p-10,
                                    0x1.a01a019c8efaap-16, -0x1.27e4f7f168e2bp-22,
                                    0x1.1ee9dbae4ed4fp-29, -0x1.8fa6715e38890p-37};

/// ln 2 in two parts; the first times any exponent is exact.
inline constexpr double ln2F32[] = {0x1.62e4000000000p-1, 0x1.7f7d1c0000000p-20};
inline constexpr double ln2F64[] = {0x1.62e42fefa4000p-1, -0x1.8432a1b0e2634p-43};

/// The least and the greatest x whose exponential is a finite normal number.
inline constexpr double expRangeF32[] = {-0x1.5d589e0000000p+6, 0x1.62e42e0000000p+6};
inline constexpr double expRangeF64[] = {-0x1.6232bdd7abcd2p+9, 0x1.62e42fefa39efp+9};

/// 1/3 and pi/2 as sums of f64.
inline constexpr double third[] = {0x1.5555555555555p-2, 0x1.5555555555555p-56};
inline constexpr double halfPi[] = {0x1.921fb54442d18p+0, 0x1.1a62633145c07p-54};

/// pi/2 in parts of 33 bits and the rest; the first three times k < 2^20 are exact.
inline constexpr double halfPiParts[] = {0x1.921fb54400000p+0, 0x1.0b4611a600000p-34,
                                         0x1.3198a2e000000p-69, 0x1.b839a252049c1p-104};

/// A word of zeros, then the binary digits of 2/pi, the highest first.
inline constexpr uint64_t twoOverPi[] = {
    0x0000000000000000, 0xa2f9836e4e441529, 0xfc2757d1f534ddc0, 0xdb6295993c439041,
    0xfe5163abdebbc561, 0xb7246e3a424dd2e0, 0x06492eea09d1921c, 0xfe1deb1cb129a73e,
    0xe88235f52ebb4484, 0xe99c7026b45f7e41, 0x3991d639835339f4, 0x9c845f8bbdf9283b,
    0x1ff897ffde05980f, 0xef2f118b5a0a6d1f, 0x6d367ecf27cb09b7, 0x4f463f669e5fea2d,
    0x7527bac7ebe5f17b, 0x3d0739f78a5292ea, 0x6bfb5fb11f8d5d08, 0x56033046fc7b6bab,
    0xf0cfbc209af4361d, 0xa9e391615ee61b08};

} // namespace tenon::mathtables
