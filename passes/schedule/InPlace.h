//===- InPlace.h - Kernels that write one row of what they are given ------===//
#pragma once

#include "ir/dialect/Dialect.h"

#include <optional>

namespace tenon {

/// The attribute of an update kernel, an axis. Its operands are a tensor, a row (the tensor's type
/// without that axis) and the place of the row, an integer scalar; its result is the tensor with
/// the row at that place, and the tensor unchanged where the place is outside. Its region says the
/// same element by element.
inline constexpr llvm::StringLiteral updateAttribute = "update";

/// The axis of an update kernel; nullopt for any other.
std::optional<unsigned> updatedAxis(KernelOp kernel);

/// A value behind broadcasts: axis i of it is axis axes[i] of what was asked for.
struct Unrepeated {
  mlir::Value value;
  llvm::SmallVector<int64_t> axes;
};
Unrepeated withoutRepetition(mlir::Value value);

/// `select(iota along `axis` == at, changed, the state)`: the next state differs in one row.
struct RowUpdate {
  SelectOp select;
  int64_t axis;
  mlir::Value at, changed;
};
std::optional<RowUpdate> matchRowUpdate(Repetition loop, unsigned carried);

/// True if a loop's carried value keeps its memory from iteration to iteration: an update kernel
/// makes its next value, and nothing else sees the old one.
bool isUpdatedInPlace(Repetition loop, unsigned carried);
/// True if the kernel makes the next value of such a carried value.
bool writesInPlace(KernelOp kernel);

} // namespace tenon
