//===- Segments.h - A loop as a loop over shorter loops ---------*- C++ -*-===//
//
// A scan of T steps is a scan over T / k segments of k steps each, and of what is left; a loop is a
// loop over loops of at most k steps. In reverse a segment is run again from the state it began
// with, so that T / k states are kept and what k steps leave behind, where T steps' would be.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "ir/dialect/Dialect.h"

namespace tenon {

/// Puts in front of `loop` ops that compute the same, with segments of `length` steps, moves its
/// body there and erases it. Answers the ops in order; `results` are the values that replace the
/// loop's.
SmallVector<mlir::Operation *> splitIntoSegments(Repetition loop, int64_t length,
                                                 llvm::SmallVectorImpl<Value> &results);

/// True for the inner loop of a split one: what it leaves behind isn't kept for the reverse. Also
/// for an outer one that isn't to be split again.
bool isSegment(mlir::Operation *op);

/// False for a loop whose steps have a name already: others count them.
bool canSplit(Repetition loop);

} // namespace tenon
