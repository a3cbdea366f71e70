//===- Derivatives.h - What rules of differentiation are built from -*- C++ -*-===//
#pragma once

#include "ir/dialect/Dialect.h"

#include <optional>

namespace tenon {

/// `number` in every element of `type`: a tensor is a broadcast scalar constant.
Value filled(mlir::OpBuilder &builder, mlir::Location loc, Type type, double number);
/// The number that every element of `value` is, where that is known from constants and broadcasts.
std::optional<double> knownNumber(Value value);
/// a + b, where null is zero.
Value addTangents(mlir::OpBuilder &builder, mlir::Location loc, Value a, Value b);
/// tangent * partial. A partial that is 0, 1 or -1, a reciprocal, or a choice between such is
/// applied as what it is, so that a choice's other side is exactly zero and never 0 * inf.
/// Null where it is zero everywhere.
Value scaledTangent(mlir::OpBuilder &builder, mlir::Location loc, Value tangent, Value partial);
/// A tangent that is zero where `choice` chooses its zero side.
///
/// Rules with products apply themselves to `value` and choose afterwards: where a branch wasn't
/// taken its own partial derivatives may be infinite, and 0 * inf must not come of it.
struct MaskedTangent {
  /// Null if the tangent isn't masked; then `value` is all of it.
  SelectOp choice;
  Value value;
  bool keepsWhenTrue = true;

  explicit MaskedTangent(Value tangent);
  /// `scaled` where this tangent isn't masked, else 0.
  Value apply(mlir::OpBuilder &builder, mlir::Location loc, Value condition, Value scaled) const;
};
/// The sum over all axes of `value` but `axes` (ascending), which become the result's.
Value sumOverOthers(mlir::OpBuilder &builder, mlir::Location loc, Value value,
                    ArrayRef<int64_t> axes, RankedTensorType result);
/// Erases `op` and what only it used, as far as these are pure and not `keep`.
void eraseIfUnused(mlir::Operation *op, mlir::Operation *keep = nullptr);

} // namespace tenon
