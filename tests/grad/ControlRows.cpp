#include "tests/grad/Row.h"

using namespace tenon::grad;

static const std::string product = "%m = tenon.mul %a, %b : F\ntenon.yield %m : F";

/// %VALUE[b, j] = sum over i of %left[b, i] * %right[i, j], all of 2 or 3.
static std::string matmul(const std::string &value, const std::string &left,
                          const std::string &right) {
  return contract("sum", "b, j, i", "2, 3, 3",
                  {{left, "tensor<2x3xF>", "b, i"}, {right, "tensor<3x3xF>", "i, j"}},
                  {value, "tensor<2x3xF>", "b, j"}, product);
}

static std::vector<Row> scans() {
  std::vector<Row> rows;
  rows.push_back({"scan_cumulative_product",
                  {"tensor<F>", "tensor<?xF, #tenon.dims<time>>"},
                  R"(%s:2 = tenon.scan extent <time> init(%x0) over(%x1) axes [0] stack axes [0] {
                     ^bb0(%it: tensor<i64>, %h: tensor<F>, %v: tensor<F>):
                       %n = tenon.mul %h, %v : tensor<F>
                       tenon.yield %n, %h : tensor<F>, tensor<F>
                     } : (tensor<F>, tensor<?xF, #tenon.dims<time>>)
                         -> (tensor<F>, tensor<?xF, #tenon.dims<time>>)
                     tenon.yield %s#0, %s#1 : tensor<F>, tensor<?xF, #tenon.dims<time>>)"});
  // x1[b, time, i] sliced along its middle axis, stacked along the last; weights captured.
  rows.push_back({"scan_recurrent_layer",
                  {"tensor<2x3xF>", "tensor<2x?x3xF, #tenon.dims<2, time, 3>>", "tensor<3x3xF>",
                   "tensor<3x3xF>", "tensor<3xF>"},
                  R"(%s:2 = tenon.scan extent <time> init(%x0) over(%x1) axes [1] stack axes [2] {
          ^bb0(%it: tensor<i64>, %h: tensor<2x3xF>, %v: tensor<2x3xF>):
          )" + matmul("%zx", "%v", "%x2") +
                      matmul("%zh", "%h", "%x3") + R"(
            %bias = tenon.broadcast %x4 axes [1] : tensor<3xF> -> tensor<2x3xF>
            %z0 = tenon.add %zx, %zh : tensor<2x3xF>
            %z = tenon.add %z0, %bias : tensor<2x3xF>
            %n = tenon.tanh %z : tensor<2x3xF>
            tenon.yield %n, %n : tensor<2x3xF>, tensor<2x3xF>
          } : (tensor<2x3xF>, tensor<2x?x3xF, #tenon.dims<2, time, 3>>)
              -> (tensor<2x3xF>, tensor<2x3x?xF, #tenon.dims<2, 3, time>>)
          tenon.yield %s#1 : tensor<2x3x?xF, #tenon.dims<2, 3, time>>)"});
  // Carried values: one that mixes both, one of integers, one that only passes through.
  rows.push_back({"scan_several_carried_in_reverse",
                  {"tensor<2xF>", "tensor<2xF>", "tensor<4x2xF>", "tensor<2xF>", "tensor<F>"},
                  R"(%zero = tenon.constant dense<0> : tensor<i32>
          %s:5 = tenon.scan extent <4> reverse init(%x0, %x1, %zero, %x3) over(%x2) axes [0]
                 stack axes [1] {
          ^bb0(%it: tensor<i64>, %a: tensor<2xF>, %b: tensor<2xF>, %c: tensor<i32>,
               %d: tensor<2xF>, %v: tensor<2xF>):
            %one = tenon.constant dense<1> : tensor<i32>
            %c1 = tenon.add %c, %one : tensor<i32>
            %cf = tenon.convert %c1 : tensor<i32> -> tensor<F>
            %tf = tenon.convert %it : tensor<i64> -> tensor<F>
            %cs = tenon.mul %cf, %x4 : tensor<F>
            %ct = tenon.add %cs, %tf : tensor<F>
            %cb = tenon.broadcast %ct axes [] : tensor<F> -> tensor<2xF>
            %sa = tenon.sin %b : tensor<2xF>
            %p = tenon.mul %a, %v : tensor<2xF>
            %q = tenon.add %p, %sa : tensor<2xF>
            %w = tenon.mul %q, %d : tensor<2xF>
            %u = tenon.mul %w, %cb : tensor<2xF>
            %g = tenon.sigmoid %u : tensor<2xF>
            tenon.yield %b, %g, %c1, %d, %u
                : tensor<2xF>, tensor<2xF>, tensor<i32>, tensor<2xF>, tensor<2xF>
          } : (tensor<2xF>, tensor<2xF>, tensor<i32>, tensor<2xF>, tensor<4x2xF>)
              -> (tensor<2xF>, tensor<2xF>, tensor<i32>, tensor<2xF>, tensor<2x4xF>)
          tenon.yield %s#0, %s#1, %s#3, %s#4
              : tensor<2xF>, tensor<2xF>, tensor<2xF>, tensor<2x4xF>)"});
  rows.push_back({"scan_without_state",
                  {"tensor<3x2xF>", "tensor<2xF>"},
                  R"(%s = tenon.scan extent <3> init() over(%x0) axes [0] stack axes [0] {
                     ^bb0(%it: tensor<i64>, %v: tensor<2xF>):
                       %e = tenon.exp %v : tensor<2xF>
                       %n = tenon.mul %e, %x1 : tensor<2xF>
                       tenon.yield %n : tensor<2xF>
                     } : (tensor<3x2xF>) -> tensor<3x2xF>
                     tenon.yield %s : tensor<3x2xF>)"});
  rows.push_back({"scan_without_steps",
                  {"tensor<F>", "tensor<?xF, #tenon.dims<time>>", "tensor<F>"},
                  R"(%s:2 = tenon.scan extent <time> init(%x0) over(%x1) axes [0] stack axes [0] {
                     ^bb0(%it: tensor<i64>, %h: tensor<F>, %v: tensor<F>):
                       %m = tenon.mul %h, %x2 : tensor<F>
                       %n = tenon.mul %m, %v : tensor<F>
                       tenon.yield %n, %n : tensor<F>, tensor<F>
                     } : (tensor<F>, tensor<?xF, #tenon.dims<time>>)
                         -> (tensor<F>, tensor<?xF, #tenon.dims<time>>)
                     %r = tenon.mul %s#0, %x2 : tensor<F>
                     tenon.yield %r, %s#1 : tensor<F>, tensor<?xF, #tenon.dims<time>>)"});
  rows.back().symbols = {{"time", 0}};
  rows.push_back({"scan_carried_result_ignores_state",
                  {"tensor<F>", "tensor<3xF>"},
                  R"(%s:2 = tenon.scan extent <3> init(%x0, %x0) over(%x1) axes [0] {
          ^bb0(%it: tensor<i64>, %h: tensor<F>, %g: tensor<F>, %v: tensor<F>):
            %n = tenon.sin %v : tensor<F>
            %z = tenon.constant dense<2.0> : tensor<F>
            tenon.yield %n, %z : tensor<F>, tensor<F>
          } : (tensor<F>, tensor<F>, tensor<3xF>) -> (tensor<F>, tensor<F>)
          %r = tenon.mul %s#0, %s#1 : tensor<F>
          tenon.yield %r : tensor<F>)"});
  rows.push_back({"scan_of_scan",
                  {"tensor<2xF>", "tensor<3x?x2xF, #tenon.dims<3, time, 2>>", "tensor<2xF>"},
                  R"(%s:2 = tenon.scan extent <3> init(%x0) over(%x1) axes [0] stack axes [0] {
          ^bb0(%it: tensor<i64>, %h: tensor<2xF>, %v: tensor<?x2xF, #tenon.dims<time, 2>>):
            %y:2 = tenon.scan extent <time> init(%h) over(%v) axes [0] stack axes [0] {
            ^bb0(%iu: tensor<i64>, %g: tensor<2xF>, %w: tensor<2xF>):
              %p = tenon.mul %g, %w : tensor<2xF>
              %q = tenon.add %p, %x2 : tensor<2xF>
              %o = tenon.add %q, %h : tensor<2xF>
              %n = tenon.tanh %o : tensor<2xF>
              tenon.yield %n, %p : tensor<2xF>, tensor<2xF>
            } : (tensor<2xF>, tensor<?x2xF, #tenon.dims<time, 2>>)
                -> (tensor<2xF>, tensor<?x2xF, #tenon.dims<time, 2>>)
            %n = tenon.mul %y#0, %x2 : tensor<2xF>
            tenon.yield %n, %y#1 : tensor<2xF>, tensor<?x2xF, #tenon.dims<time, 2>>
          } : (tensor<2xF>, tensor<3x?x2xF, #tenon.dims<3, time, 2>>)
              -> (tensor<2xF>, tensor<3x?x2xF, #tenon.dims<3, time, 2>>)
          tenon.yield %s#0, %s#1 : tensor<2xF>, tensor<3x?x2xF, #tenon.dims<3, time, 2>>)"});
  rows.push_back({"scan_with_draws_checks_and_tables",
                  {"tensor<2xF>", "tensor<3x2xF>"},
                  R"(%one = tenon.constant dense<1.0> : tensor<F>
          %s = tenon.scan extent <4> init(%x0) over(%k0) axes [0] {
          ^bb0(%it: tensor<i64>, %h: tensor<2xF>, %id: tensor<i32>):
            %three = tenon.constant dense<3> : tensor<i32>
            %ok = tenon.compare lt %id, %three : tensor<i32> -> tensor<i1>
            tenon.check %ok, "a word" : tensor<i1>
            %e = tenon.gather %x1[%id] : tensor<3x2xF>, tensor<i32> -> tensor<2xF>
            %z = tenon.draw normal(%one, %one : tensor<F>, tensor<F>) seed %it step %it stream 3
                 iterations(%it) : tensor<2xF>
            %p = tenon.mul %h, %z : tensor<2xF>
            %q = tenon.add %p, %e : tensor<2xF>
            %n = tenon.sin %q : tensor<2xF>
            tenon.yield %n : tensor<2xF>
          } : (tensor<2xF>, tensor<4xi32>) -> tensor<2xF>
          tenon.yield %s : tensor<2xF>)",
                  -1,
                  1,
                  {},
                  {{"tensor<4xi32>", {0, 2, 2, 1}}}});
  // Masks are drawn again in the reverse.
  rows.push_back({"scan_with_dropout_in_reverse",
                  {"tensor<4xF>", "tensor<?x4xF, #tenon.dims<time, 4>>"},
                  R"(%half = tenon.constant dense<0.5> : tensor<F>
          %s = tenon.scan extent <time> reverse init(%x0) over(%x1) axes [0] {
          ^bb0(%it: tensor<i64>, %h: tensor<4xF>, %v: tensor<4xF>):
            %z = tenon.draw bernoulli(%half : tensor<F>) seed %k0 step %k0 stream 3
                 iterations(%it) : tensor<4xF>
            %p = tenon.mul %v, %z : tensor<4xF>
            %q = tenon.add %h, %p : tensor<4xF>
            %n = tenon.sin %q : tensor<4xF>
            tenon.yield %n : tensor<4xF>
          } : (tensor<4xF>, tensor<?x4xF, #tenon.dims<time, 4>>) -> tensor<4xF>
          tenon.yield %s : tensor<4xF>)",
                  -1,
                  1,
                  {},
                  {{"tensor<i64>", {11}}}});
  rows.push_back({"scan_with_extremes",
                  {"tensor<3xF>", "tensor<4x3xF>"},
                  R"(%s:2 = tenon.scan extent <4> init(%x0) over(%x1) axes [0] stack axes [0] {
          ^bb0(%it: tensor<i64>, %h: tensor<3xF>, %v: tensor<3xF>):
            %w = tenon.add %h, %v : tensor<3xF>
          )" +
                      contract("max", "i", "3", {{"%w", "tensor<3xF>", "i"}},
                               {"%top", "tensor<F>", ""}, "tenon.yield %a : F") +
                      contract("logsumexp", "i", "3", {{"%w", "tensor<3xF>", "i"}},
                               {"%soft", "tensor<F>", ""}, "tenon.yield %a : F") +
                      R"(
            %p = tenon.mul %top, %soft : tensor<F>
            %b = tenon.broadcast %p axes [] : tensor<F> -> tensor<3xF>
            %n = tenon.cos %b : tensor<3xF>
            %m = tenon.mul %n, %w : tensor<3xF>
            tenon.yield %m, %top : tensor<3xF>, tensor<F>
          } : (tensor<3xF>, tensor<4x3xF>) -> (tensor<3xF>, tensor<4xF>)
          tenon.yield %s#0, %s#1 : tensor<3xF>, tensor<4xF>)"});
  return rows;
}

/// %VALUE = %a * exp(%b), with that derivative written down; %k is of no derivative.
static std::string scaledExponential(const std::string &value, const std::string &a,
                                     const std::string &b) {
  return "%" + value + " = tenon.custom_gradient (" + a + ", %k0, " + b + R"() {
     ^bb0(%ca: tensor<2xF>, %ck: tensor<i1>, %cb: tensor<2xF>):
       %ce = tenon.exp %cb : tensor<2xF>
       %cr = tenon.mul %ca, %ce : tensor<2xF>
       tenon.yield %cr : tensor<2xF>
     } back {
     ^bb0(%ca: tensor<2xF>, %ck: tensor<i1>, %cb: tensor<2xF>, %cy: tensor<2xF>, %cd: tensor<2xF>):
       %ce = tenon.exp %cb : tensor<2xF>
       %cda = tenon.mul %cd, %ce : tensor<2xF>
       %cdb = tenon.mul %cd, %cy : tensor<2xF>
       tenon.yield %cda, %cdb : tensor<2xF>, tensor<2xF>
     } : (tensor<2xF>, tensor<i1>, tensor<2xF>) -> tensor<2xF>
  )";
}

static std::vector<Row> customGradients() {
  std::vector<Row> rows;
  const std::vector<Held> truth = {{"tensor<i1>", {1}}};
  rows.push_back({"custom_gradient",
                  {"tensor<2xF>", "tensor<2xF>"},
                  scaledExponential("y", "%x0", "%x1") + R"(
                  %s = tenon.sin %y : tensor<2xF>
                  tenon.yield %s : tensor<2xF>)",
                  -1,
                  1,
                  {},
                  truth});
  rows.push_back({"custom_gradient_of_one_value_twice",
                  {"tensor<2xF>"},
                  scaledExponential("y", "%x0", "%x0") + scaledExponential("z", "%y", "%x0") +
                      "tenon.yield %z : tensor<2xF>",
                  -1,
                  1,
                  {},
                  truth});
  rows.push_back({"custom_gradient_in_scan",
                  {"tensor<2xF>", "tensor<3x2xF>", "tensor<2xF>"},
                  R"(%s = tenon.scan extent <3> init(%x0) over(%x1) axes [0] {
          ^bb0(%it: tensor<i64>, %h: tensor<2xF>, %v: tensor<2xF>):
            %p = tenon.mul %h, %x2 : tensor<2xF>
          )" + scaledExponential("y", "%p", "%v") +
                      R"(%n = tenon.tanh %y : tensor<2xF>
            tenon.yield %n : tensor<2xF>
          } : (tensor<2xF>, tensor<3x2xF>) -> tensor<2xF>
          tenon.yield %s : tensor<2xF>)",
                  -1,
                  1,
                  {},
                  truth});
  rows.push_back({"custom_gradient_in_if",
                  {"tensor<2xF>", "tensor<2xF>"},
                  "%r = tenon.if %k0 -> tensor<2xF> {\n" + scaledExponential("y", "%x0", "%x1") +
                      R"(tenon.yield %y : tensor<2xF>
          } else { tenon.yield %x0 : tensor<2xF> }
          tenon.yield %r : tensor<2xF>)",
                  -1,
                  1,
                  {},
                  truth});
  return rows;
}

static Row branch(const std::string &name, double chosen) {
  return {name,
          {"tensor<2xF>", "tensor<2xF>", "tensor<2xF>"},
          R"(%r:2 = tenon.if %k0 -> tensor<2xF>, tensor<2xF> {
               %s = tenon.sin %x0 : tensor<2xF>
               %e = tenon.exp %s : tensor<2xF>
               %p = tenon.mul %e, %x1 : tensor<2xF>
               tenon.yield %p, %x1 : tensor<2xF>, tensor<2xF>
             } else {
               %t = tenon.tanh %x2 : tensor<2xF>
               %p = tenon.mul %t, %x1 : tensor<2xF>
               %z = tenon.constant dense<2.0> : tensor<2xF>
               tenon.yield %z, %p : tensor<2xF>, tensor<2xF>
             }
             %q = tenon.mul %r#0, %r#1 : tensor<2xF>
             tenon.yield %q : tensor<2xF>)",
          -1,
          1,
          {},
          {{"tensor<i1>", {chosen}}}};
}

std::vector<Row> tenon::grad::controlRows() {
  std::vector<Row> rows = scans();
  for (Row &row : customGradients())
    rows.push_back(std::move(row));
  rows.push_back(branch("if_taken", 1));
  rows.push_back(branch("if_not_taken", 0));
  rows.push_back({"if_in_scan",
                  {"tensor<2xF>", "tensor<5x2xF>", "tensor<2xF>"},
                  R"(%s = tenon.scan extent <5> init(%x0) over(%x1) axes [0] {
          ^bb0(%it: tensor<i64>, %h: tensor<2xF>, %v: tensor<2xF>):
            %two = tenon.constant dense<2> : tensor<i64>
            %zero = tenon.constant dense<0> : tensor<i64>
            %odd = tenon.rem %it, %two : tensor<i64>
            %c = tenon.compare ne %odd, %zero : tensor<i64> -> tensor<i1>
            %n = tenon.if %c -> tensor<2xF> {
              %p = tenon.mul %h, %v : tensor<2xF>
              %e = tenon.exp %p : tensor<2xF>
              %q = tenon.mul %e, %x2 : tensor<2xF>
              tenon.yield %q : tensor<2xF>
            } else {
              %p = tenon.add %h, %v : tensor<2xF>
              %q = tenon.sin %p : tensor<2xF>
              tenon.yield %q : tensor<2xF>
            }
            tenon.yield %n : tensor<2xF>
          } : (tensor<2xF>, tensor<5x2xF>) -> tensor<2xF>
          tenon.yield %s : tensor<2xF>)"});
  rows.push_back({"scan_in_if",
                  {"tensor<F>", "tensor<4xF>"},
                  R"(%r = tenon.if %k0 -> tensor<F> {
            %s = tenon.scan extent <4> init(%x0) over(%x1) axes [0] {
            ^bb0(%it: tensor<i64>, %h: tensor<F>, %v: tensor<F>):
              %p = tenon.mul %h, %v : tensor<F>
              %n = tenon.sin %p : tensor<F>
              tenon.yield %n : tensor<F>
            } : (tensor<F>, tensor<4xF>) -> tensor<F>
            tenon.yield %s : tensor<F>
          } else {
            tenon.yield %x0 : tensor<F>
          }
          tenon.yield %r : tensor<F>)",
                  -1,
                  1,
                  {},
                  {{"tensor<i1>", {1}}}});
  // One step of gradient descent inside the function.
  rows.push_back({"gradient_in_scan",
                  {"tensor<2xF>", "tensor<3x2xF>"},
                  R"(%one = tenon.constant dense<1.0> : tensor<2xF>
          %s = tenon.scan extent <3> init(%x0) over(%x1) axes [0] {
          ^bb0(%it: tensor<i64>, %w: tensor<2xF>, %v: tensor<2xF>):
            %g:2 = tenon.vjp (%w) cotangents (%one) {
            ^bb0(%u: tensor<2xF>):
              %d = tenon.mul %u, %v : tensor<2xF>
              %e = tenon.sin %d : tensor<2xF>
              tenon.yield %e : tensor<2xF>
            } : (tensor<2xF>), (tensor<2xF>) -> (tensor<2xF>, tensor<2xF>)
            %n = tenon.sub %w, %g#1 : tensor<2xF>
            tenon.yield %n : tensor<2xF>
          } : (tensor<2xF>, tensor<3x2xF>) -> tensor<2xF>
          tenon.yield %s : tensor<2xF>)"});
  return rows;
}
