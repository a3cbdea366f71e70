#include "tests/grad/Row.h"

using namespace tenon::grad;

static Row unary(const std::string &op, double low, double high) {
  return {op,
          {"tensor<2x3xF>"},
          "%r = tenon." + op + " %x0 : tensor<2x3xF>\ntenon.yield %r : tensor<2x3xF>",
          low,
          high};
}

static Row binary(const std::string &op, double low, double high) {
  return {op,
          {"tensor<2x3xF>", "tensor<2x3xF>"},
          "%r = tenon." + op + " %x0, %x1 : tensor<2x3xF>\ntenon.yield %r : tensor<2x3xF>",
          low,
          high};
}

std::vector<Row> tenon::grad::mapRows() {
  std::vector<Row> rows = {
      binary("add", -2, 2),  binary("sub", -2, 2),    binary("mul", -2, 2),
      binary("div", 0.5, 2), binary("rem", 0.4, 2.5), binary("max", -2, 2),
      binary("min", -2, 2),  binary("pow", 0.3, 2),   unary("neg", -2, 2),
      unary("abs", -2, 2),   unary("sign", -2, 2),    unary("exp", -1, 1),
      unary("expm1", -1, 1), unary("log", 0.3, 2),    unary("log1p", -0.6, 2),
      unary("sqrt", 0.3, 2), unary("sin", -3, 3),     unary("cos", -3, 3),
      unary("tanh", -2, 2),  unary("sigmoid", -4, 4), unary("softplus", -4, 4),
      unary("erf", -2, 2),   unary("floor", -4, 4),   unary("round", -4, 4),
  };
  rows.push_back({"square",
                  {"tensor<4xF>"},
                  "%r = tenon.mul %x0, %x0 : tensor<4xF>\ntenon.yield %r : tensor<4xF>"});
  rows.push_back({"select",
                  {"tensor<4xF>", "tensor<4xF>"},
                  R"(%c = tenon.compare lt %x0, %x1 : tensor<4xF> -> tensor<4xi1>
                     %a = tenon.sin %x0 : tensor<4xF>
                     %b = tenon.mul %x0, %x1 : tensor<4xF>
                     %r = tenon.select %c, %a, %b : tensor<4xi1>, tensor<4xF>
                     tenon.yield %r : tensor<4xF>)"});
  rows.push_back({"convert",
                  {"tensor<4xF>"},
                  R"(%n = tenon.convert %x0 : tensor<4xF> -> tensor<4xi32>
                     %s = tenon.convert %n : tensor<4xi32> -> tensor<4xF>
                     %w = tenon.convert %x0 : tensor<4xF> -> tensor<4xf64>
                     %v = tenon.sin %w : tensor<4xf64>
                     %u = tenon.convert %v : tensor<4xf64> -> tensor<4xF>
                     %r = tenon.mul %u, %s : tensor<4xF>
                     tenon.yield %r : tensor<4xF>)",
                  -4,
                  4});
  // Derivatives stop at one factor only, so differences would see more: d (x * stop(x)) is x dx.
  rows.push_back({"stop_gradient",
                  {"tensor<4xF>"},
                  R"(%s = tenon.stop_gradient %k0 : tensor<4xF>
                     %r = tenon.mul %x0, %s : tensor<4xF>
                     tenon.yield %r : tensor<4xF>)",
                  -1,
                  1,
                  {},
                  {{"tensor<4xF>", {1, 2, 3, 4}}}});
  rows.push_back({"scalars",
                  {"tensor<F>", "tensor<F>"},
                  R"(%e = tenon.exp %x0 : tensor<F>
                     %p = tenon.mul %e, %x1 : tensor<F>
                     %r = tenon.tanh %p : tensor<F>
                     tenon.yield %r : tensor<F>)"});
  rows.push_back({"several_results_and_uses",
                  {"tensor<3xF>", "tensor<3xF>", "tensor<3xF>"},
                  R"(%a = tenon.mul %x0, %x1 : tensor<3xF>
                     %b = tenon.sin %a : tensor<3xF>
                     %d = tenon.add %a, %b : tensor<3xF>
                     %e = tenon.mul %d, %b : tensor<3xF>
                     tenon.yield %e, %b, %x1 : tensor<3xF>, tensor<3xF>, tensor<3xF>)"});
  // A derivative inside the function: cos(x) * x1, differentiated twice more.
  rows.push_back({"nested",
                  {"tensor<3xF>", "tensor<3xF>"},
                  R"(%g:2 = tenon.vjp (%x0) cotangents (%x1) {
                     ^bb0(%y: tensor<3xF>):
                       %s = tenon.sin %y : tensor<3xF>
                       tenon.yield %s : tensor<3xF>
                     } : (tensor<3xF>), (tensor<3xF>) -> (tensor<3xF>, tensor<3xF>)
                     %h:2 = tenon.jvp (%g#1) tangents (%x0) {
                     ^bb0(%y: tensor<3xF>):
                       %s = tenon.mul %y, %x1 : tensor<3xF>
                       %u = tenon.exp %s : tensor<3xF>
                       tenon.yield %u : tensor<3xF>
                     } : (tensor<3xF>), (tensor<3xF>) -> (tensor<3xF>, tensor<3xF>)
                     tenon.yield %h#1 : tensor<3xF>)"});
  return rows;
}
