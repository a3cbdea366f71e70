// Nesting of everything that nests, 10,000 deep and as deep as a file can hold.
#include "tests/hostile/Texts.h"

namespace tenon::test {

std::vector<HostileProgram> nestedPrograms() {
  std::vector<HostileProgram> all;
  struct Kind {
    const char *name, *before, *middle, *after;
  };
  const Kind values[] = {
      {"parens", "(", "x", ")"},
      {"tuples", "(", "x", ", 1)"},
      {"tuples_of_one", "(", "x", ",)"},
      {"lists", "[", "x", "]"},
      {"records", "{ a: ", "x", " }"},
      {"calls", "id(", "x", ")"},
      {"named_arguments", "id(x = ", "x", ")"},
      {"positions", "v[", "0", "]"},
      {"negations", "-", "x", ""},
      {"nots", "not ", "true", ""},
      {"powers", "x ** ", "x", ""},
      {"sums", "x + ", "x", ""},
      {"sums_in_parens", "(x + ", "x", ")"},
      {"comparisons", "x < ", "x", ""},
      {"ranges", "0..", "1", ""},
      {"defaults", "v[0] else ", "x", ""},
      {"ands", "true and ", "true", ""},
      {"ifs", "if x > 0.0 { ", "x", " } else { x }"},
      {"if_conditions", "if ", "x > 0.0", " { true } else { false }"},
      {"else_ifs", "if x > 0.0 { x } else ", "{ x }", ""},
      {"reductions", "sum[i] ", "v[i]", ""},
      {"reductions_in_parens", "sum[i] (v[i] * ", "x", ")"},
      {"index_ranges", "sum[i: ", "1", "] x"},
      {"gradients", "grad(", "id", ")"},
  };
  const Kind after[] = {
      {"pipes", "", "x", " |> id"},       {"pipes_with_arguments", "", "v", " |> last(0)"},
      {"fields", "", "x", ".a"},          {"subscripts", "", "v", "[0]"},
      {"calls_of_calls", "", "id", "()"}, {"powers_to_the_right", "", "x", " ** 2"},
  };
  const Kind statements[] = {
      {"fors", "for i in 0..2 {\n", "let a = 1\n", "}\n"},
      {"scans", "let y = scan over a in v { yield a }\nscan s = x over a in v {\n", "s\n",
       "s\n}\n"},
      {"loops", "loop s = x while s < 1.0 {\n", "s\n", "s\n}\n"},
      {"local_functions", "let g(y: f32) -> f32 {\n", "y\n", "y\n}\n"},
      {"blocks_of_ifs", "if x > 0.0 {\n", "let a = 1\n", "} else { let b = 1 }\n"},
  };
  const Kind types[] = {
      {"list_types", "[", "f32", "]"},        {"tuple_types", "(", "f32", ",)"},
      {"record_types", "{ a: ", "f32", " }"}, {"function_types", "fn(", "f32", ") -> f32"},
      {"results", "fn() -> ", "f32", ""},     {"dimensions", "f32[(", "1", ")]"},
  };
  auto nested = [](const Kind &kind, size_t count) {
    return repeated(kind.before, count) + kind.middle + repeated(kind.after, count);
  };
  auto add = [&](const Kind &kind, const std::string &prefix, auto make) {
    size_t piece = std::string(kind.before).size() + std::string(kind.after).size();
    for (size_t count : {size_t(200), 10 * thousand, 900 * thousand / piece})
      all.push_back(make(prefix + kind.name + "_" + std::to_string(count),
                         [=] { return nested(kind, count); }));
  };
  for (const Kind &kind : values)
    add(kind, "nested_", expression);
  for (const Kind &kind : after)
    add(kind, "chained_", expression);
  for (const Kind &kind : statements)
    add(kind, "nested_", block);
  for (const Kind &kind : types)
    add(kind, "nested_", [](std::string name, std::function<std::string()> text) {
      return program(std::move(name), [text] { return "fn f(x: " + text() + ") -> f32 = 1.0\n"; });
    });
  const Kind pattern{"patterns", "(", "a", ",)"};
  add(pattern, "nested_", [](std::string name, std::function<std::string()> text) {
    return block(std::move(name), [text] { return "let " + text() + " = x"; });
  });
  return all;
}

} // namespace tenon::test
