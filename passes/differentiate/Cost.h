//===- Cost.h - What saving and recomputing a value costs -------*- C++ -*-===//
//
// In quarters of the time to move a byte. A named dimension counts as `nominalExtent`: only
// proportions matter, and values compared with each other mostly share their named dimensions. A
// loop is taken to make that many steps at most.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "ir/dialect/Dialect.h"

namespace tenon {

inline constexpr int64_t nominalExtent = 64;

/// Writing the value once and reading it once.
int64_t savingCost(Value value);
/// Computing the op's results again from its operands.
int64_t recomputingCost(mlir::Operation *op);

} // namespace tenon
