//===- StoredValues.h - Which values of a block are in memory ---*- C++ -*-===//
#pragma once

#include "ir/dialect/Dialect.h"

namespace tenon {

/// Chooses the values of a block that have memory; changes nothing.
///
/// A value is stored where control flow, a nested region or a terminator uses it, where it is a
/// reduction or a scatter, and where computing it again for every reader costs more than a store
/// and a load (transcendental functions and draws that several readers or a broadcast would
/// repeat). Of large tensors more is computed again. Everything else is computed inside its
/// readers.
llvm::DenseSet<mlir::Value> storedValues(mlir::Block &block);

/// True if `value` is computed where it is read instead of loaded.
bool isInlined(mlir::Value value, mlir::Block &block, const llvm::DenseSet<mlir::Value> &stored);

/// True for the ops that decide the loops of their kernel.
bool isHeavy(mlir::Operation *op);

/// The kind of kernel that makes such an op.
KernelKind kindOf(mlir::Operation *heavy);

/// True if the op needs no memory and nothing but constants: it is copied into every reader.
bool isFreeExpression(mlir::Value value);

/// True for the ops that a kernel may hold besides its contraction or scatter.
bool isFusible(mlir::Operation *op);

} // namespace tenon
