#include "tests/grad/Row.h"

using namespace tenon::grad;

/// A loop over a bool and one number: `head` stands before `init`'s types, `body` computes %n and
/// %more from %v, %i.
static std::string loop(const std::string &name, const std::string &init, const std::string &attrs,
                        const std::string &body) {
  return "%" + name + ":2 = tenon.loop init(" + init + ") " + attrs +
         " {\n^bb0(%i: tensor<i64>, %go: tensor<i1>, %v: tensor<F>):\n" + body +
         "\ntenon.yield %more, %n : tensor<i1>, tensor<F>\n"
         "} : (tensor<i1>, tensor<F>) -> (tensor<i1>, tensor<F>)\n";
}

static const std::string yes = "%yes = tenon.constant dense<true> : tensor<i1>\n";

// x -> (x + a / x) / 2 until x^2 is close to a, which takes three steps from where the rows begin.
static const std::string newton = R"(
  %half = tenon.constant dense<0.5> : tensor<F>
  %near = tenon.constant dense<1.0e-3> : tensor<F>
  %q = tenon.div %a, %v : tensor<F>
  %s = tenon.add %v, %q : tensor<F>
  %n = tenon.mul %s, %half : tensor<F>
  %n2 = tenon.mul %n, %n : tensor<F>
  %e = tenon.sub %n2, %a : tensor<F>
  %ea = tenon.abs %e : tensor<F>
  %more = tenon.compare gt %ea, %near : tensor<F> -> tensor<i1>)";

static std::string withA(std::string text, const std::string &a) {
  for (size_t at; (at = text.find("%a,")) != std::string::npos;)
    text.replace(at, 2, a);
  for (size_t at; (at = text.find("%a :")) != std::string::npos;)
    text.replace(at, 2, a);
  return text;
}

static std::vector<Row> single() {
  std::vector<Row> rows;
  rows.push_back(
      {"loop_newton",
       {"tensor<F>", "tensor<F>"},
       yes + loop("r", "%yes, %x0", "", withA(newton, "%x1")) + "tenon.yield %r#1 : tensor<F>"});
  rows.back().at = {{1}, {2}};
  rows.push_back({"loop_newton_at_most",
                  {"tensor<F>", "tensor<F>"},
                  yes + loop("r", "%yes, %x0", "at_most <n>", withA(newton, "%x1")) +
                      "tenon.yield %r#1 : tensor<F>"});
  rows.back().at = {{1}, {2}};
  rows.push_back({"loop_that_reaches_its_bound",
                  {"tensor<F>", "tensor<F>"},
                  yes + loop("r", "%yes, %x0", "at_most <2>", withA(newton, "%x1")) +
                      "tenon.yield %r#1 : tensor<F>"});
  rows.back().at = {{1}, {2}};
  // Nothing is saved but how often it ran.
  rows.push_back({"loop_without_residuals",
                  {"tensor<F>"},
                  yes + "%five = tenon.constant dense<5> : tensor<i64>\n" +
                      loop("r", "%yes, %x0", "limit %five", R"(
                  %c = tenon.constant dense<0.75> : tensor<F>
                  %n = tenon.mul %v, %c : tensor<F>
                  %three = tenon.constant dense<2> : tensor<i64>
                  %more = tenon.compare lt %i, %three : tensor<i64> -> tensor<i1>)") +
                      "tenon.yield %r#1 : tensor<F>"});
  rows.push_back({"loop_without_steps",
                  {"tensor<F>", "tensor<F>"},
                  "%no = tenon.constant dense<false> : tensor<i1>\n" +
                      loop("r", "%no, %x0", "", withA(newton, "%x1")) +
                      "%m = tenon.mul %r#1, %x1 : tensor<F>\ntenon.yield %m : tensor<F>"});
  // The iteration and a captured tensor; a carried value that is only handed on.
  rows.push_back({"loop_of_tensors", {"tensor<2xF>", "tensor<2xF>", "tensor<2xF>"}, yes + R"(
      %r:4 = tenon.loop init(%yes, %x0, %x1, %x2) at_most <9> {
      ^bb0(%i: tensor<i64>, %go: tensor<i1>, %v: tensor<2xF>, %w: tensor<2xF>, %u: tensor<2xF>):
        %f = tenon.convert %i : tensor<i64> -> tensor<F>
        %fb = tenon.broadcast %f axes [] : tensor<F> -> tensor<2xF>
        %p = tenon.mul %v, %x1 : tensor<2xF>
        %q = tenon.mul %w, %fb : tensor<2xF>
        %s = tenon.add %p, %q : tensor<2xF>
        %t = tenon.tanh %s : tensor<2xF>
        %z = tenon.mul %t, %u : tensor<2xF>
        %two = tenon.constant dense<3> : tensor<i64>
        %more = tenon.compare lt %i, %two : tensor<i64> -> tensor<i1>
        tenon.yield %more, %w, %z, %u : tensor<i1>, tensor<2xF>, tensor<2xF>, tensor<2xF>
      } : (tensor<i1>, tensor<2xF>, tensor<2xF>, tensor<2xF>)
          -> (tensor<i1>, tensor<2xF>, tensor<2xF>, tensor<2xF>)
      tenon.yield %r#1, %r#2, %r#3 : tensor<2xF>, tensor<2xF>, tensor<2xF>)"});
  return rows;
}

static std::vector<Row> nested() {
  std::vector<Row> rows;
  // Each element's root, to which a check in the loop belongs that isn't made again.
  std::string checked = withA(newton, "%a0") + R"(
      %zero = tenon.constant dense<0.0> : tensor<F>
      %ok = tenon.compare gt %n, %zero : tensor<F> -> tensor<i1>
      tenon.check %ok, "positive" : tensor<i1>)";
  for (std::string attrs : {"", "at_most <6>"}) {
    std::string suffix = attrs.empty() ? "" : "_at_most";
    rows.push_back({"loop_in_scan" + suffix,
                    {"tensor<F>", "tensor<3xF>"},
                    yes + R"(
        %s:2 = tenon.scan extent <3> init(%x0) over(%x1) axes [0] stack axes [0] {
        ^bb0(%it: tensor<i64>, %h: tensor<F>, %a0: tensor<F>):
        )" + loop("r", "%yes, %h", attrs, checked) +
                        R"(
          %g = tenon.mul %r#1, %a0 : tensor<F>
          tenon.yield %r#1, %g : tensor<F>, tensor<F>
        } : (tensor<F>, tensor<3xF>) -> (tensor<F>, tensor<3xF>)
        tenon.yield %s#0, %s#1 : tensor<F>, tensor<3xF>)"});
    rows.back().at = {{1}, {2, 1.3, 3}};
    rows.push_back({"loop_in_loop" + suffix,
                    {"tensor<F>", "tensor<F>"},
                    yes + R"(
        %s:3 = tenon.loop init(%yes, %x0, %x1) )" +
                        attrs + R"( {
        ^bb0(%it: tensor<i64>, %on: tensor<i1>, %h: tensor<F>, %a0: tensor<F>):
        )" + loop("r", "%yes, %h", attrs, checked) +
                        R"(
          %b0 = tenon.mul %a0, %x1 : tensor<F>
          %nine = tenon.constant dense<9.0> : tensor<F>
          %on1 = tenon.compare lt %b0, %nine : tensor<F> -> tensor<i1>
          %g = tenon.sin %r#1 : tensor<F>
          tenon.yield %on1, %g, %b0 : tensor<i1>, tensor<F>, tensor<F>
        } : (tensor<i1>, tensor<F>, tensor<F>) -> (tensor<i1>, tensor<F>, tensor<F>)
        tenon.yield %s#1, %s#2 : tensor<F>, tensor<F>)"});
    rows.back().at = {{1}, {2}};
  }
  for (bool taken : {true, false}) {
    rows.push_back({taken ? "loop_in_if_taken" : "loop_in_if_not_taken",
                    {"tensor<F>", "tensor<F>"},
                    yes + "%c = tenon.constant dense<" + (taken ? "true" : "false") +
                        "> : tensor<i1>\n" + R"(
        %s = tenon.if %c -> tensor<F> {
        )" + loop("r", "%yes, %x0", "", withA(newton, "%x1")) +
                        R"(
          tenon.yield %r#1 : tensor<F>
        } else {
          %p = tenon.mul %x0, %x1 : tensor<F>
          tenon.yield %p : tensor<F>
        }
        %m = tenon.mul %s, %x0 : tensor<F>
        tenon.yield %m : tensor<F>)"});
    rows.back().at = {{1}, {2}};
  }
  rows.push_back({"scan_in_loop", {"tensor<F>", "tensor<3xF>"}, yes + R"(
      %s:2 = tenon.loop init(%yes, %x0) {
      ^bb0(%it: tensor<i64>, %on: tensor<i1>, %h: tensor<F>):
        %r = tenon.scan extent <3> init(%h) over(%x1) axes [0] {
        ^bb0(%i: tensor<i64>, %g: tensor<F>, %w: tensor<F>):
          %p = tenon.mul %g, %w : tensor<F>
          %q = tenon.sin %p : tensor<F>
          %n = tenon.add %q, %h : tensor<F>
          tenon.yield %n : tensor<F>
        } : (tensor<F>, tensor<3xF>) -> tensor<F>
        %two = tenon.constant dense<2> : tensor<i64>
        %more = tenon.compare lt %it, %two : tensor<i64> -> tensor<i1>
        tenon.yield %more, %r : tensor<i1>, tensor<F>
      } : (tensor<i1>, tensor<F>) -> (tensor<i1>, tensor<F>)
      tenon.yield %s#1 : tensor<F>)"});
  // Two loops with steps of their own, the second over what the first has made.
  rows.push_back({"loop_after_loop",
                  {"tensor<F>", "tensor<F>"},
                  yes + loop("r", "%yes, %x0", "", withA(newton, "%x1")) +
                      loop("q", "%yes, %r#1", "at_most <8>", withA(newton, "%x0")) +
                      "tenon.yield %q#1 : tensor<F>"});
  rows.back().at = {{1.1}, {2}};
  rows.push_back({"loop_with_draws",
                  {"tensor<F>", "tensor<F>"},
                  yes + loop("r", "%yes, %x0", "at_most <5>", R"(
      %zero = tenon.constant dense<0.0> : tensor<F>
      %z = tenon.draw normal(%zero, %x1 : tensor<F>, tensor<F>) seed %i step %i stream 3
           iterations(%i) : tensor<F>
      %p = tenon.mul %v, %z : tensor<F>
      %n = tenon.add %p, %v : tensor<F>
      %two = tenon.constant dense<2> : tensor<i64>
      %more = tenon.compare lt %i, %two : tensor<i64> -> tensor<i1>)") +
                      "tenon.yield %r#1 : tensor<F>"});
  return rows;
}

std::vector<Row> tenon::grad::loopRows() {
  auto rows = single();
  for (Row &row : nested())
    rows.push_back(row);
  return rows;
}
