//===- Elementwise.h - How a kernel reads its operands ----------*- C++ -*-===//
#pragma once

#include "ir/dialect/Dialect.h"

#include <optional>

namespace tenon {

/// True if the kernel, to compute an element of its results, reads operand `index` at that element
/// only. Then a result may share the operand's memory.
bool readsOnlyElementwise(KernelOp kernel, unsigned index);

/// How the kernel reads its operands when its results are computed for one place of an axis.
struct RowReads {
  enum Kind {
    Whole, /// anywhere: no relation to the place
    Row    /// at that same place of axis `axis` only
  };
  struct Operand {
    Kind kind = Whole;
    unsigned axis = 0;
    bool read = false;
  };
  llvm::SmallVector<Operand> operands;
};

/// Follows axis `axis` of all results through the kernel to its operands; nullopt if the kernel
/// can't be computed one place of that axis at a time (it reduces over it, or results differ in
/// extent there). An operand read both ways is `Whole`.
std::optional<RowReads> readsByRow(KernelOp kernel, unsigned axis);

} // namespace tenon
