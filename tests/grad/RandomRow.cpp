#include "tests/grad/Row.h"

#include <random>

using namespace tenon::grad;

namespace {
const std::string matrix = "tensor<3x3xF>", sequence = "tensor<4x3x3xF>";

/// Writes a smooth function of matrices, with scans and ifs inside each other.
class Generator {
public:
  explicit Generator(uint64_t seed) : random(seed) {}

  Row row(const std::string &name) {
    Row row;
    row.name = name;
    row.types = {matrix, matrix, matrix, sequence};
    row.held = {{"tensor<i1>", {double(random() % 2)}}};
    row.tolerance = 1e-6;
    matrices = {"%x0", "%x1", "%x2"};
    sequences = {"%x3"};
    truths = {"%k0"};
    statements(3 + pick(4), 2);
    std::string last = matrices.back(), stacked = sequences.back();
    row.body = text + "tenon.yield " + last + ", " + stacked + " : " + matrix + ", " + sequence;
    return row;
  }

private:
  using Names = std::vector<std::string>;
  size_t pick(size_t count) { return random() % count; }
  /// Later values twice as often.
  std::string any(const Names &names) {
    return names[std::max(pick(names.size()), pick(names.size()))];
  }
  std::string fresh() { return "%v" + std::to_string(counter++); }

  void statements(size_t count, int depth) {
    for (size_t i = 0; i < count; ++i)
      statement(depth);
  }
  void statement(int depth) {
    switch (pick(depth > 0 ? 9 : 6)) {
    case 0:
    case 1:
      return unary();
    case 2:
      return binary();
    case 3:
      return product();
    case 4:
      return spread();
    case 5:
      return moved();
    case 6:
      return branch(depth - 1);
    default:
      return scan(depth - 1);
    }
  }

  void unary() {
    static const char *ops[] = {"sin", "cos", "tanh", "sigmoid", "softplus", "erf"};
    std::string operand = any(matrices), result = fresh();
    text += result + " = tenon." + ops[pick(6)] + " " + operand + " : " + matrix + "\n";
    matrices.push_back(result);
  }
  void binary() {
    static const char *ops[] = {"add", "sub", "mul"};
    std::string a = any(matrices), b = any(matrices), raw = fresh(), result = fresh();
    text += raw + " = tenon." + ops[pick(3)] + " " + a + ", " + b + " : " + matrix + "\n";
    text += result + " = tenon.sin " + raw + " : " + matrix + "\n";
    matrices.push_back(result);
  }
  void product() {
    std::string a = any(matrices), b = any(matrices), raw = fresh(), result = fresh();
    text += contract("sum", "i, j, k", "3, 3, 3", {{a, matrix, "i, k"}, {b, matrix, "k, j"}},
                     {raw, matrix, "i, j"}, "%m = tenon.mul %a, %b : F\ntenon.yield %m : F");
    text += result + " = tenon.tanh " + raw + " : " + matrix + "\n";
    matrices.push_back(result);
  }
  /// A reduction, spread again along the axis it reduced.
  void spread() {
    static const char *combiners[] = {"sum", "logsumexp", "prod"};
    std::string operand = any(matrices), row = fresh(), raw = fresh(), result = fresh();
    text += contract(combiners[pick(3)], "i, j", "3, 3", {{operand, matrix, "i, j"}},
                     {row, "tensor<3xF>", "i"}, "%e = tenon.sin %a : F\ntenon.yield %e : F");
    text += raw + " = tenon.broadcast " + row + " axes [" + std::to_string(pick(2)) +
            "] : tensor<3xF> -> " + matrix + "\n";
    text += result + " = tenon.cos " + raw + " : " + matrix + "\n";
    matrices.push_back(result);
  }
  void moved() {
    std::string operand = any(matrices), other = any(matrices), part = fresh(), turned = fresh(),
                rest = fresh(), result = fresh();
    text += turned + " = tenon.transpose " + operand + " [1, 0] : " + matrix + " -> " + matrix +
            "\n" + part + " = tenon.slice " + turned +
            " offsets #tenon.dims<1, 0> strides [1, 1] : " + matrix + " -> tensor<2x3xF>\n" + rest +
            " = tenon.slice " + other + " offsets #tenon.dims<0, 0> strides [1, 1] : " + matrix +
            " -> tensor<1x3xF>\n" + result + " = tenon.concat " + part + ", " + rest +
            " axis 0 : tensor<2x3xF>, tensor<1x3xF> -> " + matrix + "\n";
    matrices.push_back(result);
  }

  /// What a region defines isn't seen after it.
  template <typename Write> void scope(Write write) {
    Names outer[] = {matrices, sequences, truths};
    write();
    matrices = outer[0], sequences = outer[1], truths = outer[2];
  }

  void branch(int depth) {
    std::string result = fresh(), types = matrix + ", " + matrix;
    text += result + ":2 = tenon.if " + any(truths) + " -> " + types + " {\n";
    for (const char *end : {"} else {\n", "}\n"})
      scope([&] {
        statements(1 + pick(3), depth);
        text += "tenon.yield " + any(matrices) + ", " + any(matrices) + " : " + types + "\n" + end;
      });
    matrices.push_back(result + "#0");
    matrices.push_back(result + "#1");
  }

  void scan(int depth) {
    const size_t carried = pick(3);
    std::string result = fresh(), it = fresh(), init, over = any(sequences), arguments, types;
    Names inside;
    for (size_t i = 0; i < carried; ++i) {
      init += (i ? ", " : "") + any(matrices);
      inside.push_back(fresh());
      arguments += ", " + inside.back() + ": " + matrix;
      types += matrix + ", ";
    }
    inside.push_back(fresh());
    arguments += ", " + inside.back() + ": " + matrix;
    text += result + ":" + std::to_string(carried + 1) + " = tenon.scan extent <4> " +
            (pick(2) ? "reverse " : "") + "init(" + init + ") over(" + over +
            ") axes [0] stack axes [0] {\n^bb0(" + it + ": tensor<i64>" + arguments + "):\n";
    scope([&] {
      matrices.insert(matrices.end(), inside.begin(), inside.end());
      std::string one = fresh(), early = fresh();
      text += one + " = tenon.constant dense<1> : tensor<i64>\n" + early + " = tenon.compare le " +
              it + ", " + one + " : tensor<i64> -> tensor<i1>\n";
      truths.push_back(early);
      statements(1 + pick(4), depth);
      text += "tenon.yield ";
      for (size_t i = 0; i < carried; ++i)
        text += any(matrices) + ", ";
      text += any(matrices) + " : " + types + matrix + "\n}";
    });
    text += " : (" + types + sequence + ") -> (" + types + sequence + ")\n";
    for (size_t i = 0; i < carried; ++i)
      matrices.push_back(result + "#" + std::to_string(i));
    sequences.push_back(result + "#" + std::to_string(carried));
  }

  std::mt19937_64 random;
  Names matrices, sequences, truths;
  std::string text;
  int counter = 0;
};
} // namespace

std::vector<Row> tenon::grad::randomRows(size_t count) {
  std::vector<Row> rows;
  for (size_t i = 0; i < count; ++i)
    rows.push_back(Generator(i).row("random_" + std::to_string(i)));
  return rows;
}
