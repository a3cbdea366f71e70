//===- Panels.h - How packed operands lie in memory -------------*- C++ -*-===//
#pragma once

#include "codegen/cpu/KernelEmitter.h"
#include "codegen/cpu/TargetInfo.h"

namespace tenon::cpu {

/// The right operand of a contraction in panels of `width` columns: element (batch, k, n) is at
/// ((batch * panels + n / width) * K + k) * width + n % width, in numbers of the type that sums are
/// computed in. Columns beyond the last are 0.
struct Panels {
  Panels(KernelOp pack, const TargetInfo &target);

  /// Loops of the contraction, as groups and with their extents.
  llvm::SmallVector<unsigned> batch, n, k;
  llvm::SmallVector<Dim> extents;
  unsigned elementBytes, width;

  Dim product(llvm::ArrayRef<unsigned> loops) const;
  Dim count() const { return *Dim::floorDiv(product(n) + Dim(width - 1), Dim(width)); }
};

/// Columns of a panel: two registers.
unsigned panelWidth(const TargetInfo &target, unsigned elementBytes);
/// The bytes of a number that sums of `element` are computed in.
unsigned sumBytes(mlir::Type element);

/// True if an input of a kernel comes in panels.
bool isPacked(KernelOp kernel, unsigned input);
/// The input that has the packed right operand of this contraction; nullopt if there is none.
std::optional<unsigned> packedOperand(KernelOp kernel, ContractOp contract);

} // namespace tenon::cpu
