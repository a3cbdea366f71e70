// 100,000 of everything that can be repeated, as many as a file can hold.
#include "tests/hostile/Texts.h"

namespace tenon::test {

std::vector<HostileProgram> countedPrograms() {
  std::vector<HostileProgram> all;
  auto add = [&](const char *name, std::function<std::string()> text) {
    all.push_back(program(std::string("many_") + name, std::move(text)));
  };
  constexpr size_t many = 100 * thousand;
  add("parameters", [] { return "fn f(" + numbered("a#: f32, ", 60'000) + ") = a0\n"; });
  add("parameters_of_a_call", [] {
    return "fn f(" + numbered("a#: f32 = 1.0, ", 30'000) + ") = a0\nfn g() = f(" +
           numbered("a# = 2.0, ", 30'000) + ")\n";
  });
  add("arguments", [] {
    return "fn f(x: f32) = f(" + repeated("1, ", many) + ")\nfn g() = f(" + repeated("1, ", many) +
           ")\n";
  });
  add("named_arguments",
      [] { return "fn g(x: f32) = x\nfn f() = g(" + numbered("a# = 1, ", 60'000) + ")\n"; });
  add("functions", [] { return numbered("fn f#(x: f32) -> f32 = x\n", 30'000); });
  add("functions_with_one_name", [] { return repeated("fn f(x: f32) -> f32 = x\n", 35'000); });
  add("models", [] { return numbered("model M# {\n  param p: f32 = 0.0\n}\n", 22'000); });
  add("members",
      [] { return "model M {\n" + numbered("  param p#: f32 = 0.0\n", 40'000) + "}\n"; });
  add("members_with_one_name",
      [] { return "model M {\n" + repeated("  param p: f32 = 0.0\n", 40'000) + "}\n"; });
  add("fields_of_a_model",
      [] { return "model M {\n  a0 = 1\n" + numbered("  a# = a@ + 1\n", 40'000, 1) + "}\n"; });
  add("member_functions",
      [] { return "model M {\n" + numbered("  fn f#() -> f32 = 1.0\n", 30'000) + "}\n"; });
  add("arguments_of_a_model", [] {
    return "model M(" + numbered("a#: int = 1, ", 50'000) +
           ") {\n  param p: f32[a49999] = zeros()\n}\n";
  });
  add("fields_of_a_record",
      [] { return "let r = { " + numbered("a#: 1, ", many) + " }\nlet s = r.b\n"; });
  add("fields_with_one_name", [] { return "let r = { " + repeated("a: 1, ", many) + " }\n"; });
  add("fields_of_a_record_type",
      [] { return "fn f(x: { " + numbered("a#: f32, ", 60'000) + " }) = x.a7\n"; });
  add("items", [] { return "let l = [" + repeated("1, ", 300'000) + "]\n"; });
  add("items_of_a_tuple_type",
      [] { return "fn f(x: (" + repeated("f32, ", 150'000) + ")) = x\n"; });
  add("parts_of_a_pattern", [] { return "let (" + numbered("a#, ", many) + ") = (1, 2)\n"; });
  add("parts_of_a_fitting_pattern", [] {
    return "let (" + numbered("a#, ", 50'000) + ") = (" + repeated("1, ", 50'000) + ")\n";
  });
  add("constants", [] { return numbered("let a# = 1\n", 60'000); });
  add("lets", [] { return "fn f(x: f32) {\n" + numbered("  let a# = x\n", 60'000) + "  x\n}\n"; });
  add("lets_with_one_name",
      [] { return "fn f(x: f32) {\n" + repeated("  let x = x + 1.0\n", 50'000) + "  x\n}\n"; });
  add("unnamed_lets",
      [] { return "fn f(x: f32) {\n" + repeated("  let _ = x\n", 80'000) + "  x\n}\n"; });
  add("local_functions",
      [] { return "fn f(x: f32) {\n" + numbered("  let g#(y: f32) = y\n", 35'000) + "  x\n}\n"; });
  add("local_functions_in_a_chain", [] {
    return "fn f(x: f32) {\n  let g0(y: f32) = y\n" +
           numbered("  let g#(y: f32) = g@(y)\n", 25'000, 1) + "  g24999(x)\n}\n";
  });
  add("indexed_lets",
      [] { return "fn f(x: f32[n]) {\n" + numbered("  let y#[i] = x[i]\n", 40'000) + "  x\n}\n"; });
  add("sums_in_one_line", [] { return "fn f(x: f32) = x" + repeated(" + x", 200'000) + "\n"; });
  add("arguments_that_are_sums",
      [] { return "fn f(x: f32) = max(" + repeated("x + x, ", many) + ")\n"; });
  add("choices", [] {
    return "fn f(x: " + numbered("\"a#\" | ", 60'000) + "\"b\") = 1\nfn g() = f(\"a5x\")\n";
  });
  add("dimensions_of_an_alias",
      [] { return "type A[" + numbered("n#, ", many) + "] = f32[n0]\n"; });
  add("indices", [] {
    return "fn f(x: f32[n]) {\n  let y[" + numbered("i#, ", 50'000) + "] = x[i0]\n  y\n}\n";
  });
  add("indices_of_a_reduction",
      [] { return "fn f(x: f32[n]) = sum[" + numbered("i#, ", 50'000) + "] x[i0]\n"; });
  add("slots", [] { return "fn f(x: f32[n]) = x[" + repeated("0, ", 200'000) + "]\n"; });
  add("slices", [] {
    return "fn f(x: f32[n]) = x" + repeated("[:]", 200) + "[" + repeated(":, ", 200'000) + "]\n";
  });
  add("subscripts_of_a_sum", [] {
    return "fn f(x: f32[n, n]) {\n  let y[i, j] = " + repeated("x[i, j] + ", 200) +
           "x[j, i]\n  y\n}\n";
  });
  add("ellipses", [] { return "fn f(x: f32[" + repeated("..., ", many) + "]) = x\n"; });
  add("requires",
      [] { return "model M(n: int) {\n" + repeated("  require n > 0, \"m\"\n", 40'000) + "}\n"; });
  add("columns", [] {
    return "dataset D {\n  from csv(\"a.csv\")\n" +
           numbered("  a#: f32 = column(\"a#\")\n", 25'000) + "}\n";
  });
  add("columns_with_one_name", [] {
    return "dataset D {\n  from csv(\"a.csv\")\n" + repeated("  a: f32 = column(\"a\")\n", 30'000) +
           "}\n";
  });
  add("columns_of_a_field", [] {
    return "dataset D {\n  from csv(\"a.csv\")\n  a: f32[n] = columns(" +
           numbered("\"a#\", ", 60'000) + ")\n}\n";
  });
  add("stages", [] {
    return "dataset D {\n  from csv(\"a.csv\")\n  a: f32 = column(\"a\")" +
           repeated(" |> normalise", 200) + "\n}\n";
  });
  add("sources",
      [] { return "dataset D {\n" + numbered("  a# from csv(\"a.csv\")\n", 40'000) + "}\n"; });
  add("splits", [] {
    return "dataset D {\n  from csv(\"a.csv\")\n  split " + numbered("a# 0.1, ", 60'000) +
           "b 0.1\n}\n";
  });
  add("datasets", [] { return numbered("dataset D# {\n  from csv(\"a.csv\")\n}\n", 20'000); });
  add("entries_of_train", [] {
    return "dataset D {\n  from csv(\"a.csv\")\n  a: f32 = column(\"a\")\n}\nmodel M {\n  param p: "
           "f32 = 0.0\n}\ntrain M on D {\n" +
           numbered("  e# = 1\n", 60'000) + "}\n";
  });
  add("metrics", [] {
    return "import optim\ndataset D {\n  from csv(\"a.csv\")\n  a: f32 = column(\"a\")\n}\nmodel M "
           "{\n  param p: f32 = 0.0\n"
           "  fn predict(a: f32[batch]) -> f32[batch] = a * p\n}\ntrain M on D {\n  loss = "
           "mean(predict(a))\n"
           "  optimizer = optim.SGD()\n  metrics = { " +
           numbered("m#: predict(a), ", 40'000) + " }\n}\n";
  });
  add("trains", [] {
    return "dataset D {\n  from csv(\"a.csv\")\n}\nmodel M {\n}\n" +
           repeated("train M on D {\n}\n", 40'000);
  });
  add("sets", [] {
    return "model M {\n  state s: f32 = 0.0\n  fn call() -> f32 {\n" +
           repeated("    set s = s + 1.0\n", 40'000) + "    s\n  }\n}\n";
  });
  add("branches_not_taken",
      [] { return "fn f(x: f32) = if true { x } else { [" + repeated("q, ", 200'000) + "] }\n"; });
  add("gradients", [] {
    return "fn g(x: f32) -> f32 = x\nfn f(x: f32) {\n" +
           repeated("  let _ = grad(g)(x)\n", 30'000) + "  x\n}\n";
  });
  add("names_of_wrt", [] {
    return "fn g(x: f32) -> f32 = x\nfn f(x: f32) = grad(g, wrt = (" + repeated("x, ", many) +
           "))(x)\n";
  });
  add("draws", [] {
    return "fn f(x: f32) {\n" + repeated("  let _ = random.normal(3)\n", 30'000) + "  x\n}\n";
  });
  return all;
}

} // namespace tenon::test
