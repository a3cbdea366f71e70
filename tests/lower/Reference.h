//===- Reference.h - What a checked entry means -----------------*- C++ -*-===//
//
// Runs the operations of a check::Entry as frontend/check/Program.h describes them, loops as loops
// and branches as branches: the oracle for lowering, with which it shares no code. Real numbers are
// computed in f64. Without derivatives and draws.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "frontend/check/Program.h"

#include <map>
#include <stdexcept>
#include <string>
#include <vector>

namespace tenon::test {

/// Row-major; truth values are 0 and 1.
struct Array {
  std::vector<int64_t> shape;
  std::vector<double> elements;

  static Array scalar(double value) { return {{}, {value}}; }
  Array(std::vector<int64_t> shape = {}, std::vector<double> elements = {})
      : shape(std::move(shape)), elements(std::move(elements)) {}
};

/// A check that doesn't hold.
struct CheckFailed : std::runtime_error {
  using std::runtime_error::runtime_error;
};

/// The entry's results for these arguments, in order. Throws CheckFailed.
std::vector<Array> run(const check::Entry &entry, const std::vector<Array> &arguments,
                       const std::map<std::string, int64_t> &symbols);

} // namespace tenon::test
