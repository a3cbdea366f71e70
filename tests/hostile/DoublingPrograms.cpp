// What doubles at each line: values, types, models and calls.
#include "tests/hostile/Texts.h"

namespace tenon::test {

namespace {

constexpr size_t lines = 60;

/// `first`, then lines in which `#` is made from `@` twice.
HostileProgram doubled(const std::string &name, const std::string &first, const std::string &line,
                       const std::string &last = "") {
  return block(name, [=] { return first + "\n" + numbered(line + "\n", lines, 1) + last; });
}

void addValues(std::vector<HostileProgram> &all) {
  all.push_back(doubled("doubling_tuples", "let a0 = (x, x)", "let a# = (a@, a@)"));
  all.push_back(doubled("doubling_tuples_of_numbers", "let a0 = (1, 2)", "let a# = (a@, a@)"));
  all.push_back(doubled("doubling_lists", "let a0 = [1]", "let a# = [a@, a@]"));
  all.push_back(doubled("doubling_records", "let a0 = { l: x }", "let a# = { l: a@, r: a@ }"));
  all.push_back(doubled("doubling_in_place", "let a = (x, x)", "let a = (a, a)"));
  all.push_back(
      doubled("doubling_of_four", "let a0 = [1]", "let a# = ([a@, a@], { l: a@, r: a@ })"));
  all.push_back(doubled("doubling_and_adding", "let a0 = (x, x)", "let a# = (a@, a@) + 1.0"));
  all.push_back(doubled("doubling_and_taking", "let a0 = (x, x)", "let a# = ((a@, a@), 1)[0]"));
  all.push_back(doubled("doubling_by_zip", "let a0 = [1, 2]", "let a# = zip(a@, a@)"));
  all.push_back(doubled("doubling_by_functions", "let g0(y: f32) = (y, y)",
                        "let g#(y: f32) = (g@(y), g@(y))", "let a = g60(x)"));
  all.push_back(doubled("doubling_typed", "let a0: (f32, f32) = (x, x)", "let a# = (a@, a@)",
                        "let b: f32 = a60"));
  all.push_back(doubled("doubling_concatenation", "let a0 = v", "let a# = concat(a@, a@)"));
  all.push_back(doubled("doubling_stack", "let a0 = v", "let a# = stack(a@, a@)"));
  all.push_back(doubled("doubling_arithmetic", "let a0 = x", "let a# = a@ + a@"));
  all.push_back(
      doubled("doubling_real_numbers", "let a0 = 1.5 * k", "let a# = a@ * a@ + sqrt(a@)"));
  all.push_back(doubled("doubling_lambdas", "let g0(y: f32) = y", "let g#(y: f32) = g@(g@(y))",
                        "let a = g60(x)"));
  all.push_back(doubled("doubling_hessian", "let g(y: f32[n]) = sum(y * y)\nlet a0 = hessian(g)(v)",
                        "let a# = (a@, a@)"));
  all.push_back(
      block("doubling_in_a_for", [] { return "let a = (x, x)\nfor i in 0..60 { a = (a, a) }"; }));
  all.push_back(block("doubling_yields", [] {
    return "let a = [1]\nfor i in 0..60 { a = for j in 0..2 { yield a } }";
  }));
  all.push_back(block("doubling_state", [] {
    return "let a = (x, x)\nfor i in 0..16 { a = (a, a) }\nscan s = a over t in v { s }";
  }));
  all.push_back(program("doubling_constants", [] {
    return "let a0 = (1, 2)\n" + numbered("let a# = (a@, a@)\n", lines, 1);
  }));
  all.push_back(program("doubling_constant_sums",
                        [] { return "let a0 = 1\n" + numbered("let a# = a@ + a@\n", lines, 1); }));
  all.push_back(program("constants_in_a_chain",
                        [] { return "let a0 = 1\n" + numbered("let a# = a@ + 1\n", 30'000, 1); }));
}

void addTypes(std::vector<HostileProgram> &all) {
  auto aliases = [](const std::string &line, size_t count = lines) {
    return "type A0[n] = f32[n]\n" + numbered(line + "\n", count, 1);
  };
  struct Kind {
    const char *name, *line;
  };
  for (auto [name, line] :
       {Kind{"tuple", "type A#[n] = (A@[n], A@[n])"},
        Kind{"record", "type A#[n] = { l: A@[n], r: A@[n] }"},
        Kind{"list", "type A#[n] = [(A@[n], A@[n])]"}, Kind{"sum", "type A#[n] = A@[n + n]"},
        Kind{"square", "type A#[n] = A@[n * n]"},
        Kind{"quotient", "type A#[n] = A@[(n + 1) / (n + 2)]"},
        Kind{"dimensions", "type A#[n] = (A@[n + n], A@[n * n])"}}) {
    std::string text = aliases(line);
    std::string label = std::string("aliases_that_double_by_") + name;
    all.push_back(program(label, [=] { return text + "fn f(x: A60[m]) -> f32 = 1.0\n"; }));
    all.push_back(
        program(label + "_in_a_result", [=] { return text + "fn f(x: f32[m]) -> A60[m] = x\n"; }));
    all.push_back(program(label + "_in_a_let", [=] {
      return text + "fn f(x: f32[m]) {\n  let y: A60[m] = x\n  y\n}\n";
    }));
    all.push_back(program(label + "_in_a_state",
                          [=] { return text + "model M {\n  param p: A60[2] = zeros()\n}\n"; }));
  }
  all.push_back(program("aliases_in_a_chain", [=] {
    return aliases("type A#[n] = A@[n]", 30'000) + "fn f(x: A30000[m]) -> f32 = 1.0\n";
  }));
  all.push_back(program("aliases_in_a_circle", [] {
    return "type A0 = A20000\n" + numbered("type A# = A@\n", 20'000, 1) +
           "fn f(x: A3) -> f32 = 1.0\n";
  }));
  all.push_back(program("aliases_before_models", [] {
    return numbered("type A# = f32\nmodel M# {\n  type B = A#\n}\n", 20'000);
  }));
  all.push_back(program("aliases_with_many_dimensions", [] {
    return "type A[" + numbered("n#, ", 50'000) + "] = f32\nfn f(x: A[" + numbered("m#, ", 50'000) +
           "]) -> f32 = 1.0\n";
  }));
}

void addModels(std::vector<HostileProgram> &all) {
  auto models = [](const std::string &line, size_t count = lines) {
    return "model M0 {\n  param w: f32[2] = zeros()\n  fn call(x: f32[2]) -> f32[2] = x + w\n}\n" +
           numbered(line, count, 1);
  };
  all.push_back(program("models_that_double", [=] {
    return models(
        "model M# {\n  a = M@()\n  b = M@()\n  fn call(x: f32[2]) -> f32[2] = b(a(x))\n}\n");
  }));
  all.push_back(program("models_that_double_as_arguments", [=] {
    return models(
        "model M#(i: model = _) {\n  a = M@()\n  fn call(x: f32[2]) -> f32[2] = a(a(x))\n}\n");
  }));
  all.push_back(program("models_in_a_chain", [=] {
    return models("model M# {\n  a = M@()\n  fn call(x: f32[2]) -> f32[2] = a(x)\n}\n", 8'000);
  }));
  all.push_back(program("models_in_a_circle",
                        [=] { return "model A {\n  b = B()\n}\nmodel B {\n  a = A()\n}\n"; }));
  all.push_back(program("models_in_a_list", [=] {
    return models("") + "model N {\n  parts = for i in 0..90000 { yield M0() }\n}\n";
  }));
  all.push_back(program("trees_of_models", [=] {
    return models("model M# {\n  a = M@()\n  b = M@()\n  fn call(x: f32[2]) -> f32[2] = x\n}\n",
                  18) +
           "model T {\n  m = M18()\n  fn call(x: f32[2]) -> f32[2] = m(x)\n}\n";
  }));
}

void addCalls(std::vector<HostileProgram> &all) {
  auto functions = [](const std::string &line, size_t count = lines) {
    return "fn f0(x: f32) -> f32 = x + 1.0\n" + numbered(line + "\n", count, 1);
  };
  struct Kind {
    const char *name, *line;
  };
  for (auto [name, line] :
       {Kind{"twice", "fn f#(x: f32) -> f32 = f@(x) + f@(2.0 * x)"},
        Kind{"nested", "fn f#(x: f32) -> f32 = f@(f@(x))"},
        Kind{"under_an_index",
             "fn f#(x: f32) -> f32 {\n  let v[i: 2] = f@(x) + f@(f32(i))\n  v[0]\n}"},
        Kind{"gradients", "fn f#(x: f32) -> f32 = grad(f@)(x) + grad(f@)(x)"},
        Kind{"gradient_of_gradient", "fn f#(x: f32) -> f32 = grad(f@)(x)"},
        Kind{"branches", "fn f#(x: f32) -> f32 = if x > 0.0 { f@(x) } else { f@(-x) }"},
        Kind{"loops", "fn f#(x: f32) -> f32 {\n  loop s = x while f@(s) < 1.0 { f@(s) }\n  s\n}"},
        Kind{"fors", "fn f#(x: f32) -> f32 {\n  let y = x\n  for i in 0..50 { y = f@(y) }\n  y\n}"},
        Kind{"defaults", "fn f#(x: f32, y = f@(1.0)) -> f32 = f@(x) + y"}})
    all.push_back(
        program(std::string("calls_that_double_") + name, [=] { return functions(line); }));
  all.push_back(program("calls_in_a_chain",
                        [=] { return functions("fn f#(x: f32) -> f32 = f@(x)", 20'000); }));
  all.push_back(program("calls_in_a_circle", [=] {
    return "fn f0(x: f32) -> f32 = f20000(x)\n" +
           numbered("fn f#(x: f32) -> f32 = f@(x)\n", 20'000, 1);
  }));
  all.push_back(program("functions_of_themselves", [] {
    return "fn w(g: fn(f32) -> f32) -> f32 = g(g)\nfn f(x: f32) -> f32 = w(w)\n";
  }));
  all.push_back(program("functions_of_themselves_twice", [] {
    return "fn w(g: fn(f32) -> f32) = (g(g), g(g))\nfn f(x: f32) = w(w)\n";
  }));
  all.push_back(program("fixed_point_combinator", [] {
    return "fn y(g: fn(f32) -> f32, h: fn(f32) -> f32, x: f32) -> f32 = g(g, h, h(x)) + g(h, g, "
           "x)\n"
           "fn s(x: f32) -> f32 = x\nfn f(x: f32) -> f32 = y(y, s, x)\n";
  }));
  all.push_back(program("own_gradients_that_double", [] {
    return "@custom_gradient(b)\nfn g(x: f32) -> f32 = x\n"
           "fn b(x: f32, y: f32, dy: f32) -> f32 = grad(g)(x) * dy + grad(g)(y) * dy\n"
           "fn f(x: f32) -> f32 = grad(grad(grad(grad(grad(grad(g))))))(x)\n";
  }));
  all.push_back(program("hessians_of_hessians", [] {
    return "fn g(x: f32) -> f32 = x * x\n"
           "fn h0(x: f32) -> f32 = g(x)\n" +
           numbered("fn h#(x: f32) -> f32 = hessian(h@)(x)\n", 20, 1);
  }));
}

} // namespace

std::vector<HostileProgram> doublingPrograms() {
  std::vector<HostileProgram> all;
  addValues(all);
  addTypes(all);
  addModels(all);
  addCalls(all);
  return all;
}

} // namespace tenon::test
