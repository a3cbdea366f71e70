#!/usr/bin/env python3
"""Derives the polynomials of VectorMathTables.h and prints that file.

Each polynomial is the weighted minimax approximation (Remez exchange on a Chebyshev grid) of a
function given by mpmath to 50 digits. The two lowest coefficients are rounded to the element type
one after the other and the rest fitted again each time. The printed error is that of the rounded
polynomial, weighted so that it is the relative (erf: absolute) error of the result it serves.

Needs mpmath. Run: python3 codegen/cpu/coefficients.py > codegen/cpu/VectorMathTables.h
"""
import struct
import mpmath as mp

mp.mp.dps = 50
ln2, pi = mp.log(2), mp.pi


def to_f32(x):
    return mp.mpf(struct.unpack("f", struct.pack("f", float(x)))[0])


def to_f64(x):
    return mp.mpf(float(x))


def chebyshev_grid(lo, hi, n=500):
    mid, half = (lo + hi) / 2, (hi - lo) / 2
    return [mid - half * mp.cos(pi * (2 * i + 1) / (2 * n)) for i in range(n)]


def evaluate(c, x):
    s = mp.mpf(0)
    for a in reversed(c):
        s = s * x + a
    return s


def remez(xs, g, w, first, n):
    """Coefficients of x^first .. x^(first+n-1) that fit g with weights w on the points xs."""
    picks = [int((len(xs) - 1) * (1 - mp.cos(pi * i / n)) / 2) for i in range(n + 1)]
    for _ in range(12):
        rows = [[w[i] * xs[i] ** (first + k) for k in range(n)] + [(-1) ** j]
                for j, i in enumerate(picks)]
        solution = mp.lu_solve(mp.matrix(rows), mp.matrix([w[i] * g[i] for i in picks]))
        c = [mp.mpf(0)] * first + [solution[k] for k in range(n)]
        e = [w[i] * (evaluate(c, x) - g[i]) for i, x in enumerate(xs)]
        extrema, start = [], 0
        for i in range(1, len(xs) + 1):
            if i == len(xs) or (e[i] > 0) != (e[start] > 0):
                extrema.append(max(range(start, i), key=lambda j: abs(e[j])))
                start = i
        while len(extrema) > n + 1:
            extrema.pop(0 if abs(e[extrema[0]]) < abs(e[extrema[-1]]) else -1)
        if len(extrema) < n + 1 or extrema == picks:
            break
        picks = extrema
    return c


def fit(function, weight, lo, hi, count, rounding):
    xs = chebyshev_grid(mp.mpf(lo), mp.mpf(hi))
    g, w = [function(x) for x in xs], [abs(weight(x)) for x in xs]
    fixed, rest = [], g
    for k in range(3):
        c = remez(xs, rest, w, k, count - k)
        fixed += [rounding(a) for a in (c[k:k + 1] if k < 2 else c[k:])]
        rest = [r - evaluate(fixed, x) for r, x in zip(g, xs)]
    error = max(abs(w[i] * rest[i]) for i in range(len(xs)))
    return fixed, error


def near_zero(function, series):
    """`function`, and its leading term where that would cancel to nothing."""
    return lambda x: function(x) if abs(x) > mp.mpf(10) ** -12 else mp.mpf(series)


half_ln2 = ln2 / 2 * mp.mpf("1.0001")
f_lo, f_hi = mp.sqrt(mp.mpf(1) / 2) - 1, mp.sqrt(2) - 1
z_log = (f_hi / (2 + f_hi)) ** 2 * mp.mpf("1.0001")
quarter = (pi / 4) ** 2 * mp.mpf("1.0001")
mp_erf_over_x = lambda z: mp.erf(mp.sqrt(z)) / mp.sqrt(z)


def atanh_tail(z):
    s = mp.sqrt(z)
    return mp.atanh(s) / s


TABLES = [
    # name, meaning, function, weight, lo, hi, {type: number of coefficients}
    ("exp", "(e^r - 1 - r) / r^2 for |r| <= ln2 / 2",
     near_zero(lambda r: (mp.expm1(r) - r) / r ** 2, 0.5),
     near_zero(lambda r: r ** 2 / mp.expm1(r), 0), -half_ln2, half_ln2, {"f32": 5, "f64": 11}),
    ("log", "(log(1 + f) - f + f^2 / 2) / f^3 for 1 + f in [sqrt(1/2), sqrt(2)]",
     near_zero(lambda f: (mp.log1p(f) - f + f * f / 2) / f ** 3, mp.mpf(1) / 3),
     near_zero(lambda f: f ** 3 / mp.log1p(f), 0), f_lo, f_hi, {"f32": 8}),
    ("logAtanh", "(log(1 + f) / s - 2) / z with s = f / (2 + f), z = s^2, same range",
     near_zero(lambda z: 2 * (atanh_tail(z) - 1) / z, mp.mpf(2) / 3),
     near_zero(lambda z: z / (2 * atanh_tail(z)), 0), 0, z_log, {"f64": 7}),
    ("powLog", "(atanh(s) / s - 1 - z / 3) / z^2 with z = s^2, same range",
     near_zero(lambda z: (atanh_tail(z) - 1 - z / 3) / z ** 2, mp.mpf(1) / 5),
     near_zero(lambda z: z ** 2 / atanh_tail(z), 0), 0, z_log, {"f64": 8}),
    ("tanh", "(tanh(x) / x - 1) / z with z = x^2 <= 0.55^2",
     near_zero(lambda z: (mp.tanh(mp.sqrt(z)) / mp.sqrt(z) - 1) / z, -mp.mpf(1) / 3),
     near_zero(lambda z: z * mp.sqrt(z) / mp.tanh(mp.sqrt(z)), 0), 0, mp.mpf("0.3026"),
     {"f32": 5}),
    ("erf", "erf(x) / x - 1 with z = x^2 <= 0.9^2",
     near_zero(lambda z: mp_erf_over_x(z) - 1, 2 / mp.sqrt(pi) - 1),
     near_zero(lambda z: 1 / mp_erf_over_x(z), mp.sqrt(pi) / 2), 0, mp.mpf("0.8101"),
     {"f32": 7, "f64": 13}),
    ("erfc", "log(erfc(a) / t) + a^2 with t = 1 / (1 + a / 2) = u + 0.47, for a in [0.9, 6]",
     lambda u: (lambda a: mp.log(mp.erfc(a) / (u + mp.mpf("0.47"))) + a * a)(
         2 / (u + mp.mpf("0.47")) - 2),
     lambda u: mp.erfc(2 / (u + mp.mpf("0.47")) - 2), mp.mpf("-0.2201"), mp.mpf("0.2201"),
     {"f32": 6, "f64": 14}),
    ("sin", "(sin(r) / r - 1) / z with z = r^2, |r| <= pi / 4",
     near_zero(lambda z: (mp.sin(mp.sqrt(z)) / mp.sqrt(z) - 1) / z, -mp.mpf(1) / 6),
     near_zero(lambda z: z * mp.sqrt(z) / mp.sin(mp.sqrt(z)), 0), 0, quarter,
     {"f32": 4, "f64": 6}),
    ("cos", "(cos(r) - 1 + z / 2) / z^2 with z = r^2, |r| <= pi / 4",
     near_zero(lambda z: (mp.cos(mp.sqrt(z)) - 1 + z / 2) / z ** 2, mp.mpf(1) / 24),
     lambda z: z ** 2 / mp.cos(mp.sqrt(z)), 0, quarter, {"f32": 3, "f64": 6}),
]


def bits_of(x, n):
    """x rounded to n significant bits."""
    e = mp.floor(mp.log(abs(x), 2)) + 1
    return mp.nint(x * mp.mpf(2) ** (n - e)) * mp.mpf(2) ** (e - n)


def parts(x, sizes):
    out = []
    for n in sizes:
        part = bits_of(x, n) if n else to_f64(x)
        out.append(part)
        x -= part
    return out


def literal(x):
    return float(x).hex()


def main():
    print("""//===- VectorMathTables.h - Coefficients of elementary functions *- C++ -*-===//
//
// Written by coefficients.py, which says how; change it there. The f32 rows of sin and cos serve
// f32 results but are evaluated in f64.
//
//===----------------------------------------------------------------------===//
#pragma once

#include <cstdint>

namespace tenon::mathtables {
""")
    for name, meaning, function, weight, lo, hi, counts in TABLES:
        for kind, count in counts.items():
            rounding = to_f32 if kind == "f32" and name not in ("sin", "cos") else to_f64
            c, error = fit(function, weight, lo, hi, count, rounding)
            print(f"/// {meaning};\n/// error of the result at most 2^{mp.nstr(mp.log(error, 2), 4)}.")
            print(f"inline constexpr double {name}{kind.upper()}[] = {{"
                  + ", ".join(literal(x) for x in c) + "};\n", flush=True)

    hi32, lo32 = bits_of(ln2, 15), to_f32(ln2 - bits_of(ln2, 15))
    hi64, lo64 = bits_of(ln2, 41), to_f64(ln2 - bits_of(ln2, 41))
    print("/// ln 2 in two parts; the first times any exponent is exact.")
    print(f"inline constexpr double ln2F32[] = {{{literal(hi32)}, {literal(lo32)}}};")
    print(f"inline constexpr double ln2F64[] = {{{literal(hi64)}, {literal(lo64)}}};\n")
    print("/// The least and the greatest x whose exponential is a finite normal number.")
    for kind, bits, emax in (("F32", 24, 128), ("F64", 53, 1024)):
        low = bits_of(ln2 * (2 - emax), bits)
        low += 0 if low >= ln2 * (2 - emax) else mp.ldexp(1, int(mp.floor(mp.log(-low, 2))) + 1 - bits)
        top = mp.log((2 - mp.ldexp(1, 1 - bits)) * mp.ldexp(1, emax - 1))
        high = bits_of(top, bits)
        high -= 0 if high <= top else mp.ldexp(1, int(mp.floor(mp.log(high, 2))) + 1 - bits)
        print(f"inline constexpr double expRange{kind}[] = {{{literal(low)}, {literal(high)}}};")
    print()
    print("/// 1/3 and pi/2 as sums of f64.")
    third = parts(mp.mpf(1) / 3, [0, 0])
    halfpi = parts(pi / 2, [0, 0])
    print("inline constexpr double third[] = {" + ", ".join(map(literal, third)) + "};")
    print("inline constexpr double halfPi[] = {" + ", ".join(map(literal, halfpi)) + "};\n")
    print("/// pi/2 in parts of 33 bits and the rest; the first three times k < 2^20 are exact.")
    print("inline constexpr double halfPiParts[] = {"
          + ", ".join(map(literal, parts(pi / 2, [33, 33, 33, 0]))) + "};\n")
    mp.mp.prec = 1500
    words, rest = [0], 2 / mp.pi
    for _ in range(21):
        rest *= mp.mpf(2) ** 64
        word = int(mp.floor(rest))
        words.append(word)
        rest -= word
    print("/// A word of zeros, then the binary digits of 2/pi, the highest first.")
    print("inline constexpr uint64_t twoOverPi[] = {" + ", ".join(f"0x{w:016x}" for w in words) + "};\n")
    print("} // namespace tenon::mathtables")


main()
