// Hundreds of thousands of mistakes of one kind.
#include "tests/hostile/Texts.h"

namespace tenon::test {

namespace {

void addSyntax(std::vector<HostileProgram> &all) {
  struct Kind {
    const char *name, *text;
  };
  for (auto [name, text] : {Kind{"numbers", "1a "},
                            Kind{"strings", "\"\n"},
                            Kind{"characters", "? "},
                            Kind{"unclosed_functions", "fn f(\n"},
                            Kind{"unclosed_models", "model M {\n"},
                            Kind{"half_lets", "let a =\n"},
                            Kind{"half_functions", "fn\n"},
                            Kind{"half_types", "type A =\n"},
                            Kind{"foreign_words", "def a\n"},
                            Kind{"statements", "return 1\n"},
                            Kind{"colons", ":\n"},
                            Kind{"reserved_names", "let if = 1\n"},
                            Kind{"decorators", "@a\n"},
                            Kind{"half_imports", "import\n"},
                            Kind{"declarations_on_one_line", "let a = 1 let b = 2\n"},
                            Kind{"chained_comparisons", "let a = 1 < 2 < 3\n"},
                            Kind{"missing_elses", "let a = if b { 1 }\n"},
                            Kind{"orders_of_arguments", "let a = f(a = 1, 2)\n"},
                            Kind{"misplaced_loops", "let a = 1 + for\n"},
                            Kind{"ambiguous_reductions", "let a = max[i] (a) * b\n"}}) {
    std::string line = text;
    all.push_back(program(std::string("mistakes_of_") + name,
                          [=] { return repeated(line, million / line.size()); }));
  }
}

void addMeaning(std::vector<HostileProgram> &all) {
  struct Kind {
    const char *name, *item;
  };
  for (auto [name, item] : {Kind{"unknown_names", "q"}, Kind{"sums_of_kinds", "1+true"},
                            Kind{"calls_of_numbers", "1()"}, Kind{"missing_arguments", "id()"},
                            Kind{"many_arguments", "id(x,x)"}, Kind{"unknown_arguments", "id(y=x)"},
                            Kind{"unknown_members", "x.a"}, Kind{"parts_of_scalars", "x[0]"},
                            Kind{"places_outside", "v[-9,0]"}, Kind{"divisions_by_zero", "1/0"},
                            Kind{"overflows", "2**64"}, Kind{"gradients_by_nothing", "grad(1)"},
                            Kind{"dtypes", "i32(1)+1.5"}, Kind{"ranks", "v+iota(3)"},
                            Kind{"conditions", "if x{1}else{2}"}}) {
    std::string piece = std::string(item) + ",";
    all.push_back(expression(std::string("mistakes_of_") + name,
                             [=] { return "[" + repeated(piece, 900'000 / piece.size()) + "]"; }));
  }
  for (auto [name, item] :
       {Kind{"unknown_names_by_line", "  let a = q\n"}, Kind{"unknown_types", "  let a: q = x\n"},
        Kind{"wrong_types", "  let a: i32 = x\n"}, Kind{"wrong_patterns", "  let (a, b) = x\n"},
        Kind{"sets", "  set a = x\n"}, Kind{"assignments", "  a = x\n"},
        Kind{"lost_values", "  if x > 0.0 { x } else { x }\n"},
        Kind{"wrong_requires", "  require x, \"m\"\n"},
        Kind{"wrong_fors", "  for i in x { let a = i }\n"},
        Kind{"wrong_scans", "  scan over a in x { yield a }\n"},
        Kind{"wrong_loops", "  loop a = x while a { a }\n"},
        Kind{"wrong_indices", "  let a[i] = x\n"},
        Kind{"wrong_extents", "  let a: f32[0 - 1] = v\n"},
        Kind{"unknown_extents", "  let a: f32[q] = v\n"}}) {
    std::string line = item;
    all.push_back(block(std::string("mistakes_of_") + name,
                        [=] { return repeated(line, 900'000 / line.size()); }));
  }
  for (auto [name, item] :
       {Kind{"functions_in_circles", "fn f#(x: f32) -> f32 = f#(x)\n"},
        Kind{"results", "fn f#(x: f32) -> i32 = x\n"}, Kind{"types_in_circles", "type A# = A#\n"},
        Kind{"constants_in_circles", "let a# = a#\n"}, Kind{"unknown_data", "train M on D {\n}\n"},
        Kind{"sources", "dataset D# {\n  from q(\"a\")\n}\n"},
        Kind{"fields", "model M# {\n  a = a\n}\n"},
        Kind{"parameters", "model M# {\n  param p: q\n}\n"},
        Kind{"imports_without_a_file", "import nowhere#\n"}}) {
    std::string line = item;
    all.push_back(program(std::string("mistakes_of_") + name,
                          [=] { return numbered(line, 950'000 / (line.size() + 6)); }));
  }
  all.push_back(program("mistakes_of_names_among_many", [] {
    return numbered("fn abcdefgh#(x: f32) -> f32 = x\n", 15'000) + "let l = [" +
           numbered("abcdefg_#,", 20'000) + "]\n";
  }));
  all.push_back(expression("mistakes_in_one_long_line",
                           [] { return "[" + repeated("(x + q), ", 100'000) + "]"; }));
  all.push_back(expression("mistake_about_a_long_text",
                           [] { return "(" + repeated("x, ", 300'000) + ") + 1 + true"; }));
  all.push_back(program("mistakes_at_long_places", [] {
    return "fn f(x: f32) {\n" + repeated("  let a: f32 = [" + repeated("x, ", 3'000) + "]\n", 95) +
           "  x\n}\n";
  }));
  all.push_back(program("mistakes_with_long_names", [] {
    std::string name(5'000, 'n');
    return "fn f(x: f32) {\n" + repeated("  let a: f32 = " + name + "\n", 180) + "  x\n}\n";
  }));
}

} // namespace

std::vector<HostileProgram> mistakenPrograms() {
  std::vector<HostileProgram> all;
  addSyntax(all);
  addMeaning(all);
  return all;
}

} // namespace tenon::test
