//===- Activity.h - Which values derivatives flow through -------*- C++ -*-===//
#pragma once

#include "ir/dialect/Dialect.h"

#include "llvm/ADT/DenseSet.h"

namespace tenon {

using ValueSet = llvm::DenseSet<Value>;

/// Adds the values in (and under) `block` that depend on those in `values` through real numbers.
void addVaried(Block &block, ValueSet &values);
void addVaried(mlir::Operation *op, ValueSet &values);

/// Adds the values that those in `values` depend on, as far as ops in (and under) `block` tell;
/// values from outside that are used there are among them.
void addUseful(Block &block, ValueSet &values);
void addUseful(mlir::Operation *op, ValueSet &values);

/// Values from outside that the regions of `op` use, each once.
SmallVector<Value> capturedValues(mlir::Operation *op);
/// Operands and captured values.
SmallVector<Value> usedValues(mlir::Operation *op);

} // namespace tenon
