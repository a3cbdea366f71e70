//===- Splat.h - Values that are one number everywhere ----------*- C++ -*-===//
#pragma once

#include "ir/dialect/Dialect.h"

#include <optional>

namespace tenon {

/// The number that every element of `value` is, a FloatAttr or IntegerAttr: a constant seen through
/// broadcasts, reshapes, transposes and slices; null if it isn't one.
mlir::TypedAttr splatOf(mlir::Value value);
/// True if every element is this number. Zero means +0; for -0 see `isNegativeZero`.
bool isSplat(mlir::Value value, double number);
bool isNegativeZero(mlir::Value value);

/// A value of `type` (a tensor or a single element) that is `number` everywhere.
mlir::Value splat(mlir::OpBuilder &builder, mlir::Location loc, mlir::Type type,
                  mlir::TypedAttr number);
mlir::Value splat(mlir::OpBuilder &builder, mlir::Location loc, mlir::Type type, double number);

/// `op`, a map, on other operands of extents `dims`.
mlir::Value mapOver(mlir::OpBuilder &builder, mlir::Operation *op,
                    llvm::ArrayRef<mlir::Value> operands, llvm::ArrayRef<Dim> dims);

} // namespace tenon
