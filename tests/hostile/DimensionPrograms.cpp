// Formulas of dimensions that explode, and extents that fit no machine.
#include "tests/hostile/Texts.h"

namespace tenon::test {

std::vector<HostileProgram> dimensionPrograms() {
  std::vector<HostileProgram> all;
  auto add = [&](const char *name, const std::string &text) {
    all.push_back(program(name, [=] { return text; }));
  };
  add("product_of_extents", "fn f(x: f32[10000000000, 10000000000]) -> f32 = sum(x)\n");
  add("product_of_many_extents",
      "fn f(x: f32[" + repeated("100000, ", 20) + "]) -> f32 = sum(x)\n");
  add("bytes_of_extents", "fn f(x: f64[2000000000, 2000000000]) -> f64 = sum(x)\n");
  add("zeros_beyond_memory", "fn f() = zeros(1000000, 1000000, 1000000, 1000000)\n");
  add("iota_beyond_memory", "fn f() -> i32 {\n  let a = iota(9000000000000000000)\n  let b[i, j] = "
                            "a[i] * a[j]\n  sum(b)\n}\n");
  add("nest_beyond_memory",
      "fn f() -> f32 {\n  let y[i: 5000000000, j: 5000000000] = 1.0\n  sum(y)\n}\n");
  add("parameter_beyond_memory", "model M {\n  param w: f32[5000000000, 5000000000] = zeros()\n  "
                                 "fn call() -> f32 = sum(w)\n}\n");
  add("reshape_beyond_memory", "fn f(x: f32[n]) = reshape(x, 5000000000, 5000000000)\n");
  add("stack_beyond_memory", "fn f(x: f32[4000000000]) {\n  let y[i: 4000000000] = x\n  y\n}\n");
  add("concat_beyond_memory", "fn f(x: f32[9000000000000000000]) = concat(x, x)\n");
  add("matmul_beyond_memory", "fn f(x: f32[4000000000, 1], y: f32[1, 4000000000]) = x @ y\n");
  add("hessian_beyond_memory",
      "fn g(x: f64[4000000000]) -> f64 = sum(x * x)\nfn f(x: f64[4000000000]) = hessian(g)(x)\n");
  add("sum_that_overflows", "let a = 9223372036854775807 + 1\n");
  add("product_that_overflows", "let a = 9223372036854775807 * 9223372036854775807\n");
  add("power_that_overflows", "let a = 2 ** 64\n");
  add("power_of_powers", "let a = 2 ** 2 ** 2 ** 2 ** 2 ** 2 ** 2\n");
  add("power_with_a_large_exponent", "fn f(x: f32[n ** 9223372036854775807]) -> f32 = 1.0\nfn g(n: "
                                     "int) = zeros(n ** 1000000000)\n");
  add("power_of_one",
      "let a = 1 ** 9223372036854775807\nlet b = (0 - 1) ** 9223372036854775807 + c\n");
  add("quotient_that_overflows", "let a = (0 - 9223372036854775807 - 1) / (0 - 1)\nlet b = (0 - "
                                 "9223372036854775807 - 1) % (0 - 1)\n");
  add("negation_that_overflows", "let a = -(0 - 9223372036854775807 - 1)\n");
  add("extent_that_overflows", "fn f(x: f32[4000000000 * n, 4000000000 * n]) {\n  flatten(x)\n}\n");
  add("large_rank", "fn f(x: f32[" + repeated("1, ", 100'000) + "]) = x + x\n");
  add("large_rank_of_names", "fn f(x: f32[" + numbered("n#, ", 50'000) + "]) = x + x\n");
  add("large_rank_by_reshape", "fn f(x: f32) = reshape(x, " + repeated("1, ", 100'000) + ")\n");
  add("large_rank_by_stacking",
      "fn f(x: f32) {\n" + numbered("  let y# = stack(y@, y@)\n", 3'000, 1) + "  x\n}\n");
  add("large_rank_of_a_nest",
      "fn f(x: f32) {\n  let y[" + numbered("i#: 1, ", 20'000) + "] = x\n  y\n}\n");
  std::string names = numbered("d#: int, ", 26), sum = "(" + numbered("d# + ", 26) + "1)";
  add("power_of_a_sum", "fn f(" + names + ") = zeros(" + sum + " ** 12)\n");
  add("large_power_of_a_sum", "fn f(" + names + ") = zeros(" + sum + " ** 1000000)\n");
  add("product_of_sums", "fn f(" + names + ") = zeros(" + repeated(sum + " * ", 12) + "1)\n");
  add("squares_of_sums", "fn f(" + names + ") {\n  let a0 = " + sum + "\n" +
                             numbered("  let a# = a@ * a@\n", 20, 1) + "  zeros(a20)\n}\n");
  add("squares", "fn f(n: int) {\n  let a0 = n\n" + numbered("  let a# = a@ * a@\n", 60, 1) +
                     "  zeros(a60)\n}\n");
  add("squares_plus_one", "fn f(n: int) {\n  let a0 = n\n" +
                              numbered("  let a# = a@ * a@ + 1\n", 60, 1) + "  zeros(a60)\n}\n");
  add("doubled_dimensions", "fn f(n: int) {\n  let a0 = n\n" +
                                numbered("  let a# = a@ + a@\n", 70, 1) + "  zeros(a70)\n}\n");
  add("quotients_of_sums", "fn f(n: int) {\n  let a0 = n\n" +
                               numbered("  let a# = (a@ + 1) / (a@ + 2)\n", 60, 1) +
                               "  zeros(a60)\n}\n");
  add("remainders", "fn f(n: int) {\n  let a0 = n\n" +
                        numbered("  let a# = (a@ + n) % (a@ + 3)\n", 60, 1) + "  zeros(a60)\n}\n");
  add("maxima", "fn f(n: int) {\n  let a0 = n\n" +
                    numbered("  let a# = max(a@ * 2, a@ * n) - min(a@, 7)\n", 60, 1) +
                    "  zeros(a60)\n}\n");
  add("sum_of_many_dimensions",
      "fn f(" + numbered("n#: int, ", 20'000) + ") = zeros(" + numbered("n# + ", 100) + "1)\n");
  add("concat_of_many", "fn f(" + numbered("x#: f32[n#], ", 15'000) + ") = concat(" +
                            numbered("x#, ", 15'000) + ")\n");
  add("many_facts", "fn f(" + numbered("n#: int, ", 3'000) + "x: f32[m]) {\n" +
                        numbered("  require n# >= m + #, \"m\"\n", 3'000) +
                        numbered("  let y# = x[n#]\n", 1'000) + "  x\n}\n");
  add("many_equal_facts", "fn f(" + numbered("n#: int, ", 3'000) + "x: f32[m]) {\n" +
                              numbered("  require n# % (n@ + 1) == 0, \"m\"\n", 2'000, 1) +
                              numbered("  let y# = x[n#]\n", 1'000) + "  x\n}\n");
  add("holes_in_a_chain", "fn g(a: f32[_, n], b: f32[_, n]) = a\nfn f(" +
                              numbered("x#: f32[_, m#], ", 5'000) + ") {\n" +
                              numbered("  let y# = g(x#, x@)\n", 4'999, 1) + "  x0\n}\n");
  add("unknown_dimensions", "fn f(x: f32[" + numbered("n# + m#, ", 20'000) + "]) = x\n");
  add("indices_far_away",
      "fn f(v: f32[n]) {\n  let y[i] = v[9223372036854775807 * i + 9223372036854775807]\n  y\n}\n");
  add("indices_with_large_factors",
      "fn f(v: f32[n]) {\n" + numbered("  let y#[i] = v[i * 9223372036854775807 * 2 + #]\n", 300) +
          "  v\n}\n");
  add("slices_far_away", "fn f(v: f32[n]) = v[9223372036854775807:-9223372036854775807]\n");
  return all;
}

} // namespace tenon::test
