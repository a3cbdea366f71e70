//===- Row.h - The table of differentiated functions ------------*- C++ -*-===//
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace tenon::grad {

/// An argument that no derivative is taken for.
struct Held {
  std::string type;
  std::vector<double> values;
};

/// A function, and at which points its derivatives are tested.
struct Row {
  std::string name;
  /// Types of the arguments %x0, %x1, ... ; `F` stands for the element type.
  std::vector<std::string> types;
  /// Graph IR that ends in `tenon.yield VALUES : TYPES`; all of them real.
  std::string body;
  /// Arguments are uniform in [low, high].
  double low = -1, high = 1;
  /// Instead of random numbers, for the arguments it has entries for.
  std::vector<std::vector<double>> at = {};
  /// %k0, %k1, ...
  std::vector<Held> held = {};
  /// The highest order tested.
  int order = 2;
  double tolerance = 1e-7;
  /// Extents of named dimensions.
  std::map<std::string, int64_t> symbols = {{"n", 4}, {"time", 5}};
};

std::vector<Row> mapRows();
std::vector<Row> contractRows();
std::vector<Row> movementRows();
std::vector<Row> controlRows();
std::vector<Row> loopRows();
/// Functions made at random, the same ones at each call.
std::vector<Row> randomRows(size_t count);

/// The first-order derivative where it needs care: expected cotangents for cotangents of 1.
struct Point {
  Row row;
  std::vector<std::vector<double>> expected;
};
std::vector<Point> points();

/// An operand of a contraction, or its result.
struct Place {
  std::string value, type, map;
};
/// `%VALUE = tenon.contract ...` over `loops` ("i, j") with `extents`; the body gets %a, %b, ... of
/// the element types of `operands`.
std::string contract(const std::string &combiner, const std::string &loops,
                     const std::string &extents, const std::vector<Place> &operands,
                     const Place &result, const std::string &body, const std::string &symbols = "");

} // namespace tenon::grad
