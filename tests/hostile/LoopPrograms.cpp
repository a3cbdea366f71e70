// Enormous repetitions, known before anything runs.
#include "tests/hostile/Texts.h"

namespace tenon::test {

std::vector<HostileProgram> loopPrograms() {
  std::vector<HostileProgram> all;
  auto add = [&](const char *name, const char *text) {
    std::string body = text;
    all.push_back(block(name, [=] { return body; }));
  };
  add("for_over_a_thousand_million", "for i in 0..1000000000 { let a = i }");
  add("for_over_all_numbers", "for i in -9223372036854775807..9223372036854775807 { let a = i }");
  add("for_over_fifty_thousand_twice", "for i in 0..50000 { for j in 0..50000 { let a = i } }");
  add("for_that_does_nothing", "for i in 0..50000 { for j in 0..50000 { } }");
  add("for_many_times_nested",
      "for a in 0..99 { for b in 0..99 { for c in 0..99 { for d in 0..99 { let y = a + d } } } }");
  add("for_of_lists", "for i in 0..90000 { let a = 0..90000 }");
  add("for_of_yields", "let a = for i in 0..90000 { yield for j in 0..90000 { yield j } }");
  add("for_of_calls", "let y = x\nfor i in 0..90000 { y = id(y) }");
  add("for_of_tensors", "let y = x\nfor i in 0..90000 { y = y + y * y - y / y }");
  add("for_of_draws", "let y = x\nfor i in 0..90000 { y = y + random.normal() }");
  add("for_of_nests", "let y = v\nfor i in 0..90000 {\n  let z[j] = y[j] + v[j]\n  y = z\n}");
  add("for_of_scans", "let y = x\nfor i in 0..90000 { scan y = y over t in v { y + t } }");
  add("for_of_local_functions", "for i in 0..90000 { let g(y: f32) = y + 1.0 }");
  add("for_of_branches", "let y = x\nfor i in 0..90000 { y = if y > 0.0 { y } else { -y } }");
  add("for_of_requires", "for i in 0..90000 { require n >= i, \"m\" }");
  add("for_of_mistakes", "for i in 0..90000 { let a = b }");
  add("for_of_mistakes_about_large_values", "let l = for i in 0..300 { yield (i, i) }\nlet t = (l, "
                                            "l, l, l)\nfor i in 0..90000 { let a = t + \"b\" }");
  add("for_of_enumerate", "for (i, (j, a)) in enumerate(enumerate(0..90000)) { let b = i + j }");
  add("lists_of_lists", "let l = 0..90000\nlet m = for i in l { yield l }");
  add("zip_of_itself",
      "let l = 0..90000\nlet m = zip(l, l, l, l, l, l, l, l, l, l, l, l, l, l, l, l)");
  add("list_of_all_numbers", "let l = 0..9223372036854775807");
  add("scan_over_a_large_range", "scan s = 0 over i in iota(1000000000000000000) { s + i }");
  add("loop_with_a_large_bound",
      "loop s = x while s < 1.0 at most 9223372036854775807 { s + 1.0 }");
  add("loop_with_a_bound_that_overflows",
      "loop s = x while s < 1.0 at most 99999999999999999999 { s + 1.0 }");
  add("scan_of_a_large_state",
      "let t = for i in 0..20000 { yield x }\nscan s = t over a in v { s }");
  add("loop_of_a_large_state",
      "let t = for i in 0..20000 { yield x }\nloop s = t while x < 1.0 { s }");
  add("gradient_by_many",
      "let g(t: tree) = sum(t)\nlet t = for i in 0..20000 { yield x }\nlet d = grad(g)(t)");
  add("hessian_by_many",
      "let g(t: tree) = sum(t)\nlet t = for i in 0..3000 { yield x }\nlet d = hessian(g)(t)");
  add("map_over_many",
      "let t = for i in 0..90000 { yield x }\nlet u = map(id, t)\nlet w = t + t * t");
  all.push_back(block("for_within_bounds",
                      [] { return std::string("let y = x\nfor i in 0..10000 { y = y + 1.0 }"); }));
  return all;
}

} // namespace tenon::test
