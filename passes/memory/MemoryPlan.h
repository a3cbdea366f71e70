//===- MemoryPlan.h - Where every value of a function lives -----*- C++ -*-===//
#pragma once

#include "ir/dialect/Dialect.h"

#include <string>
#include <vector>

namespace tenon {

/// A stretch of the arena that several buffers use one after the other, or memory of its own.
struct ArenaSlot {
  Dim bytes;  // a multiple of 64
  Dim offset; // from the arena's start
  /// Not in the arena: memory number `grown` of those that grow while the function runs, -1 else.
  int grown = -1;
};

/// Memory for one value of the function, or one half of a carried value.
struct ArenaBuffer {
  /// At most, for all numbers of steps that loops may make; if it grows, what it has now.
  Dim bytes;
  /// Its size depends on the steps of a loop without a bound.
  bool grows = false;
  unsigned slot = 0;
  int firstUse = 0, lastUse = 0; // program points, both included
  std::string name;
};

/// Buffers of a function whose ops are kernels, control flow and reshapes, after
/// `assign-destinations`.
///
/// Who owns memory: a kernel's result that goes nowhere else, a stacked result of a scan, a carried
/// value of a scan (two buffers, written in turn, or one that is updated in place), a result of an
/// if; but not what is returned by the function, for that is the caller's. Sizes are polynomials
/// over the named dimensions, and a slot is used again only by a buffer that is provably not
/// larger, so the offsets hold for every value of the dimensions.
///
/// The steps of a loop are a named dimension too, but no number until the loop has run. Where the
/// loop has a bound, a buffer along them has room for that many; else it has memory of its own that
/// grows.
struct MemoryPlan {
  std::vector<ArenaBuffer> buffers;
  std::vector<ArenaSlot> slots;
  Dim arenaBytes;
  /// How many memories of their own there are.
  int grown = 0;
  /// The buffer of a value; carried results of a loop that aren't updated in place have two, side
  /// by side: this one and the next.
  llvm::DenseMap<mlir::Value, unsigned> bufferOf;
  /// The largest sum of buffers alive at one program point when every named dimension has this
  /// extent: what no placement can go below. nullopt if it doesn't fit 64 bits.
  std::optional<int64_t> largestLiveSet(int64_t named) const;
  /// A table for people.
  std::string describe() const;
};

/// The bytes of a row-major tensor, rounded up to a multiple of 64.
Dim bufferBytes(mlir::RankedTensorType type);

/// Plans the arena. `packedBytes` answers the size of a `pack` kernel's result, which depends on
/// the target.
MemoryPlan planMemory(mlir::func::FuncOp function, llvm::function_ref<Dim(KernelOp)> packedBytes);

} // namespace tenon
