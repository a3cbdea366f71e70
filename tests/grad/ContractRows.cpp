#include "tests/grad/Row.h"

using namespace tenon::grad;

/// "tensor<2x3xF>" to "F".
static std::string elementOf(const std::string &type) {
  size_t end = type.find_first_of(",>");
  size_t cross = type.rfind('x', end);
  size_t from = cross == std::string::npos ? type.find('<') + 1 : cross + 1;
  return type.substr(from, end - from);
}

std::string tenon::grad::contract(const std::string &combiner, const std::string &loops,
                                  const std::string &extents, const std::vector<Place> &operands,
                                  const Place &result, const std::string &body,
                                  const std::string &symbols) {
  std::string values, maps, arguments, types;
  std::string names = symbols.empty() ? "(" + loops + ")" : "(" + loops + ")[s]";
  for (size_t i = 0; i < operands.size(); ++i) {
    std::string comma = i ? ", " : "";
    values += comma + operands[i].value;
    maps += "affine_map<" + names + " -> (" + operands[i].map + ")>, ";
    arguments += comma + "%" + char('a' + i) + ": " + elementOf(operands[i].type);
    types += comma + operands[i].type;
  }
  maps += "affine_map<" + names + " -> (" + result.map + ")>";
  return result.value + " = tenon.contract " + combiner + " over <" + extents + ">" +
         (symbols.empty() ? "" : " symbols <" + symbols + ">") + " (" + values + ") maps [" + maps +
         "] {\n^bb0(" + arguments + "):\n" + body + "\n} : (" + types + ") -> " + result.type +
         "\n";
}

static const std::string product = "%m = tenon.mul %a, %b : F\ntenon.yield %m : F";
static const std::string itself = "tenon.yield %a : F";

/// A row of one contraction whose operands are its inputs.
static Row of(const std::string &name, const std::string &combiner, const std::string &loops,
              const std::string &extents, std::vector<Place> operands, Place result,
              const std::string &body, const std::string &symbols = "") {
  Row row;
  row.name = name;
  for (size_t i = 0; i < operands.size(); ++i) {
    operands[i].value = "%x" + std::to_string(i);
    row.types.push_back(operands[i].type);
  }
  result.value = "%r";
  row.body = contract(combiner, loops, extents, operands, result, body, symbols) +
             "tenon.yield %r : " + result.type;
  return row;
}

static std::vector<Row> sums() {
  return {
      of("matmul", "sum", "i, j, k", "2, 3, 4",
         {{"", "tensor<2x4xF>", "i, k"}, {"", "tensor<4x3xF>", "k, j"}},
         {"", "tensor<2x3xF>", "i, j"}, product),
      of("matmul_dynamic", "sum", "i, j, k", "n, 3, 4",
         {{"", "tensor<?x4xF, #tenon.dims<n, 4>>", "i, k"}, {"", "tensor<4x3xF>", "k, j"}},
         {"", "tensor<?x3xF, #tenon.dims<n, 3>>", "i, j"}, product),
      of("three_factors", "sum", "b, i, j, k", "2, 2, 3, 2",
         {{"", "tensor<2x2x2xF>", "b, i, k"},
          {"", "tensor<2x3xF>", "k, j"},
          {"", "tensor<2xF>", "b"}},
         {"", "tensor<2x3xF>", "i, j"},
         "%m = tenon.mul %a, %b : F\n%n = tenon.mul %m, %c : F\ntenon.yield %n : F"),
      of("convolution_strided", "sum", "h, r, o", "3, 3, 2",
         {{"", "tensor<7xF>", "2*h + r"}, {"", "tensor<3x2xF>", "r, o"}},
         {"", "tensor<3x2xF>", "h, o"}, product),
      of("convolution_dilated_2d", "sum", "h, w, r, s", "2, 2, 2, 2",
         {{"", "tensor<4x3xF>", "h + 2*r, w + s"}, {"", "tensor<2x2xF>", "r, s"}},
         {"", "tensor<2x2xF>", "h, w"}, product),
      of("convolution_transposed", "sum", "h, r", "3, 3",
         {{"", "tensor<3xF>", "h"}, {"", "tensor<3xF>", "r"}}, {"", "tensor<7xF>", "2*h + r"},
         product),
      of("diagonal", "sum", "i", "3", {{"", "tensor<3x3xF>", "i, i"}}, {"", "tensor<3xF>", "i"},
         itself),
      of("trace", "sum", "i", "3", {{"", "tensor<3x3xF>", "i, i"}}, {"", "tensor<F>", ""}, itself),
      of("permuted_stride", "sum", "i, j", "2, 3", {{"", "tensor<3x4xF>", "j, 2*i"}},
         {"", "tensor<2x3xF>", "i, j"}, itself),
      of("windows_shifted_by_symbol", "sum", "i, j", "2, 2", {{"", "tensor<6xF>", "i + j + s"}},
         {"", "tensor<2xF>", "i"}, itself, "n - 1"),
      of("reversed", "sum", "i", "4", {{"", "tensor<4xF>", "3 - i"}}, {"", "tensor<4xF>", "i"},
         itself),
      of("sum_of_body", "sum", "i, j", "2, 3",
         {{"", "tensor<2x3xF>", "i, j"}, {"", "tensor<3xF>", "j"}}, {"", "tensor<2xF>", "i"},
         R"(%p = tenon.mul %a, %b : F
            %e = tenon.exp %p : F
            %d = tenon.sub %e, %b : F
            %q = tenon.mul %d, %d : F
            tenon.yield %q : F)"),
      of("sum_of_choices", "sum", "i, j", "2, 3",
         {{"", "tensor<2x3xF>", "i, j"}, {"", "tensor<3xF>", "j"}}, {"", "tensor<2xF>", "i"},
         R"(%c = tenon.compare lt %a, %b : F -> i1
            %m = tenon.max %a, %b : F
            %s = tenon.sin %m : F
            %n = tenon.dimension <n> : F
            %t = tenon.mul %a, %n : F
            %r = tenon.select %c, %s, %t : i1, F
            tenon.yield %r : F)"),
      of("no_loops", "sum", "", "", {{"", "tensor<F>", ""}, {"", "tensor<F>", ""}},
         {"", "tensor<F>", ""}, product),
  };
}

static std::vector<Row> extremes() {
  const std::string cubed = R"(%p = tenon.mul %a, %b : F
                               %q = tenon.mul %p, %a : F
                               tenon.yield %q : F)";
  return {
      of("max_reduction", "max", "i, j", "3, 4", {{"", "tensor<3x4xF>", "i, j"}},
         {"", "tensor<3xF>", "i"}, itself),
      of("max_of_all", "max", "i, j", "3, 4", {{"", "tensor<3x4xF>", "i, j"}},
         {"", "tensor<F>", ""}, itself),
      of("max_pooling", "max", "h, w, r, s", "2, 2, 2, 3",
         {{"", "tensor<4x5xF>", "2*h + r, w + s"}}, {"", "tensor<2x2xF>", "h, w"}, itself),
      of("max_of_body", "max", "i, j", "3, 4",
         {{"", "tensor<3x4xF>", "i, j"}, {"", "tensor<4xF>", "j"}}, {"", "tensor<3xF>", "i"},
         cubed),
      of("min_reduction", "min", "i, j", "3, 4", {{"", "tensor<3x4xF>", "i, j"}},
         {"", "tensor<4xF>", "j"}, itself),
      of("min_of_body", "min", "i, j, k", "2, 2, 3",
         {{"", "tensor<2x3xF>", "i, k"}, {"", "tensor<2x3xF>", "j, k"}}, {"", "tensor<2xF>", "i"},
         cubed),
      of("max_not_reduced", "max", "i, j", "2, 3", {{"", "tensor<3x2xF>", "j, i"}},
         {"", "tensor<2x3xF>", "i, j"}, itself),
      of("logsumexp", "logsumexp", "i, j", "3, 4", {{"", "tensor<3x4xF>", "i, j"}},
         {"", "tensor<3xF>", "i"}, itself),
      of("logsumexp_of_body", "logsumexp", "i, j, k", "2, 2, 3",
         {{"", "tensor<2x3xF>", "i, k"}, {"", "tensor<2x3xF>", "j, k"}}, {"", "tensor<2xF>", "i"},
         cubed),
      of("prod", "prod", "i, j", "2, 4", {{"", "tensor<2x4xF>", "i, j"}}, {"", "tensor<2xF>", "i"},
         itself),
      of("prod_permuted", "prod", "i, j, k", "2, 2, 3",
         {{"", "tensor<2x2x3xF>", "i, j, k"}, {"", "tensor<3xF>", "k"}}, {"", "tensor<3xF>", "k"},
         cubed),
      of("prod_of_all_dynamic", "prod", "i, j", "n, 2",
         {{"", "tensor<?x2xF, #tenon.dims<n, 2>>", "i, j"}}, {"", "tensor<F>", ""}, itself),
  };
}

std::vector<Row> tenon::grad::contractRows() {
  std::vector<Row> rows = sums();
  for (Row &row : extremes())
    rows.push_back(row);

  // A product is a polynomial: its differences are right at zeros too.
  Row zeros = of("prod_with_zeros", "prod", "i, j", "3, 3", {{"", "tensor<3x3xF>", "i, j"}},
                 {"", "tensor<3xF>", "i"}, itself);
  zeros.at = {{0, 2, 3, 0, 0.5, 0, 1, -2, 0.25}};
  rows.push_back(zeros);

  Row masked = of("logsumexp_masked", "logsumexp", "i, j", "2, 3", {{"", "tensor<2x3xF>", "i, j"}},
                  {"", "tensor<2xF>", "i"}, "");
  masked.held = {{"tensor<3xi1>", {1, 0, 1}}};
  masked.body = contract("logsumexp", "i, j", "2, 3",
                         {{"%x0", "tensor<2x3xF>", "i, j"}, {"%k0", "tensor<3xi1>", "j"}},
                         {"%r", "tensor<2xF>", "i"},
                         R"(%z = tenon.constant 0xFF800000 : f32
                            %y = tenon.convert %z : f32 -> F
                            %s = tenon.select %b, %a, %y : i1, F
                            tenon.yield %s : F)") +
                "tenon.yield %r : tensor<2xF>";
  rows.push_back(masked);

  Row histogram;
  histogram.name = "sum_by_label";
  histogram.types = {"tensor<4xF>"};
  histogram.held = {{"tensor<4xi32>", {1, 0, 2, 1}}};
  histogram.body = "%n = tenon.iota axis 0 : tensor<3xi32>\n" +
                   contract("sum", "c, i", "3, 4",
                            {{"%x0", "tensor<4xF>", "i"},
                             {"%k0", "tensor<4xi32>", "i"},
                             {"%n", "tensor<3xi32>", "c"}},
                            {"%r", "tensor<3xF>", "c"},
                            R"(%s = tenon.compare eq %b, %c : i32 -> i1
                               %q = tenon.mul %a, %a : F
                               %z = tenon.constant 0.0 : F
                               %v = tenon.select %s, %q, %z : i1, F
                               tenon.yield %v : F)") +
                   "tenon.yield %r : tensor<3xF>";
  rows.push_back(histogram);

  Row gram;
  gram.name = "operand_used_twice";
  gram.types = {"tensor<3x2xF>"};
  gram.body = contract("sum", "i, j, k", "3, 3, 2",
                       {{"%x0", "tensor<3x2xF>", "i, k"}, {"%x0", "tensor<3x2xF>", "j, k"}},
                       {"%r", "tensor<3x3xF>", "i, j"}, product) +
              "tenon.yield %r : tensor<3x3xF>";
  rows.push_back(gram);

  Row softmax;
  softmax.name = "softmax_cross_entropy";
  softmax.types = {"tensor<2x4xF>", "tensor<2x4xF>"};
  softmax.body = contract("logsumexp", "i, j", "2, 4", {{"%x0", "tensor<2x4xF>", "i, j"}},
                          {"%l", "tensor<2xF>", "i"}, itself) +
                 R"(%w = tenon.broadcast %l axes [0] : tensor<2xF> -> tensor<2x4xF>
                    %d = tenon.sub %x0, %w : tensor<2x4xF>
                    )" +
                 contract("sum", "i, j", "2, 4",
                          {{"%d", "tensor<2x4xF>", "i, j"}, {"%x1", "tensor<2x4xF>", "i, j"}},
                          {"%r", "tensor<F>", ""}, product) +
                 "tenon.yield %r : tensor<F>";
  rows.push_back(softmax);
  return rows;
}
