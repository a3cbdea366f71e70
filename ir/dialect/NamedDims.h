//===- NamedDims.h - Named dimensions that loops bind -----------*- C++ -*-===//
//
// A loop's `steps` is a name that types and attributes behind it may contain. No operand says that
// an op needs it, so whoever moves ops asks here.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "ir/dialect/Dialect.h"

namespace tenon {

/// Calls `visit` for every named dimension in the types and attributes of `op`, of its operands and
/// of what is in its regions; some more than once.
void forEachNamedDim(mlir::Operation *op, llvm::function_ref<void(StringRef)> visit);
void forEachNamedDim(Type type, llvm::function_ref<void(StringRef)> visit);

/// The loops of a block, or of the blocks in it as well, by the names of their steps.
class BoundDims {
public:
  enum class Depth { Block, Nested };
  BoundDims(Block &block, Depth depth);

  bool empty() const { return loops.empty(); }
  /// The loops whose steps `op` uses, each once; `op` itself and those in it aren't among them.
  SmallVector<mlir::Operation *> usedBy(mlir::Operation *op) const;
  /// True if the type has a dimension that one of the loops binds.
  bool areIn(Type type) const;

private:
  llvm::StringMap<mlir::Operation *> loops;
};

/// Gives the steps of all loops in (and under) `ops` new names, there and in what uses them among
/// `ops`: for a copy of ops that bind names.
void renameBoundDims(ArrayRef<mlir::Operation *> ops);

} // namespace tenon
