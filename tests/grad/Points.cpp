#include "tests/grad/Row.h"

#include <limits>

using namespace tenon::grad;

static constexpr double inf = std::numeric_limits<double>::infinity();

/// `body` on one or two vectors of `at`'s length.
static Point vectors(const std::string &name, const std::string &body,
                     std::vector<std::vector<double>> at,
                     std::vector<std::vector<double>> expected) {
  const std::string type = "tensor<" + std::to_string(at[0].size()) + "xF>";
  Row row;
  row.name = name;
  row.types.assign(at.size(), type);
  row.body = body;
  for (size_t place; (place = row.body.find("TYPE")) != std::string::npos;)
    row.body.replace(place, 4, type);
  row.at = std::move(at);
  return {row, std::move(expected)};
}

std::vector<Point> tenon::grad::points() {
  std::vector<Point> points;
  auto binary = [&](const std::string &op, std::vector<double> a, std::vector<double> b,
                    std::vector<double> da, std::vector<double> db) {
    points.push_back(vectors(op, "%r = tenon." + op + " %x0, %x1 : TYPE\ntenon.yield %r : TYPE",
                             {a, b}, {da, db}));
  };
  binary("max", {1, 2, inf}, {1, 3, 0}, {1, 0, 1}, {0, 1, 0});
  binary("min", {1, 2, 0}, {1, 3, -inf}, {1, 1, 0}, {0, 0, 1});
  // 0^0, 0^1, 0^2 and 2^0.
  binary("pow", {0, 0, 0, 2}, {0, 1, 2, 0}, {0, 1, 0, 0}, {0, 0, 0, 0.69314718055994530942});
  points.push_back(vectors("abs", "%r = tenon.abs %x0 : TYPE\ntenon.yield %r : TYPE", {{-2, 0, 3}},
                           {{-1, 0, 1}}));
  points.push_back(vectors("sqrt", "%r = tenon.sqrt %x0 : TYPE\ntenon.yield %r : TYPE", {{0, 4}},
                           {{inf, 0.25}}));
  points.push_back(vectors("stop_gradient",
                           R"(%s = tenon.stop_gradient %x0 : TYPE
                              %r = tenon.mul %x0, %s : TYPE
                              tenon.yield %r : TYPE)",
                           {{3, 5}}, {{3, 5}}));
  // What isn't chosen has a cotangent of zero, though its own derivative is infinite.
  points.push_back(vectors("select_guards_a_root",
                           R"(%z = tenon.constant dense<0.0> : tensor<F>
                              %b = tenon.broadcast %z axes [] : tensor<F> -> TYPE
                              %c = tenon.compare gt %x0, %b : TYPE -> tensor<3xi1>
                              %s = tenon.sqrt %x0 : TYPE
                              %r = tenon.select %c, %s, %x0 : tensor<3xi1>, TYPE
                              tenon.yield %r : TYPE)",
                           {{0, 4, -1}}, {{1, 0.25, 1}}));
  points.push_back(vectors("select_guards_a_chain",
                           R"(%z = tenon.constant dense<0.0> : tensor<F>
                              %b = tenon.broadcast %z axes [] : tensor<F> -> TYPE
                              %c = tenon.compare le %x0, %b : TYPE -> tensor<3xi1>
                              %l = tenon.log %x0 : TYPE
                              %q = tenon.div %x0, %l : TYPE
                              %m = tenon.mul %q, %l : TYPE
                              %r = tenon.select %c, %x0, %m : tensor<3xi1>, TYPE
                              tenon.yield %r : TYPE)",
                           {{0, 4, -1}}, {{1, 1, 1}}));
  auto reduction = [&](const std::string &name, const std::string &combiner,
                       const std::string &body, std::vector<double> at,
                       std::vector<double> expected) {
    const std::string count = std::to_string(at.size());
    points.push_back(
        vectors(name,
                contract(combiner, "i", count, {{"%x0", "tensor<" + count + "xF>", "i"}},
                         {"%r", "tensor<F>", ""}, body) +
                    "tenon.yield %r : tensor<F>",
                {at}, {expected}));
  };
  const std::string itself = "tenon.yield %a : F";
  reduction("max_goes_to_the_first", "max", itself, {1, 3, 3, 2}, {0, 1, 0, 0});
  reduction("min_goes_to_the_first", "min", itself, {1, 3, 1}, {1, 0, 0});
  // The select stands in the body; the result isn't chosen; both.
  const std::string guarded = R"(%z = tenon.constant 0.0 : F
                                 %c = tenon.compare gt %a, %z : F -> i1
                                 %l = tenon.log %a : F
                                 %s = tenon.select %c, %l, %z : i1, F
                                 tenon.yield %s : F)";
  reduction("select_guards_in_a_body", "sum", guarded, {0, 4, -1}, {0, 0.25, 0});
  points.push_back(
      vectors("select_guards_a_reduction",
              contract("sum", "i", "2", {{"%x0", "tensor<2xF>", "i"}}, {"%s", "tensor<F>", ""},
                       "%l = tenon.log %a : F\ntenon.yield %l : F") +
                  R"(%z = tenon.constant dense<0.0> : tensor<F>
                                  %no = tenon.constant dense<false> : tensor<i1>
                                  %r = tenon.select %no, %s, %z : tensor<i1>, tensor<F>
                                  tenon.yield %r : tensor<F>)",
              {{0, 4}}, {{0, 0}}));
  reduction("max_of_infinite_slopes", "max", "%s = tenon.log %a : F\ntenon.yield %s : F", {0, 4, 0},
            {0, 0.25, 0});
  reduction("prod_of_one_zero", "prod", itself, {2, 0, 3}, {0, 6, 0});
  reduction("prod_of_two_zeros", "prod", itself, {0, 0, 3}, {0, 0, 0});
  reduction("logsumexp_of_minus_infinity", "logsumexp", itself, {-inf, 0, 0}, {0, 0.5, 0.5});
  reduction("logsumexp_of_nothing_else", "logsumexp", itself, {-inf, -inf}, {0, 0});
  return points;
}
