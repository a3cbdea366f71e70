//===- Patterns.h - Rewrites that make a graph smaller ----------*- C++ -*-===//
//
// Every rewrite keeps the bits of every element, NaN, infinities and the sign of zeros included,
// unless its equation says otherwise; the equations stand at the top of each file. All of them
// leave the graph smaller or closer to constants, so that a greedy application ends.
//
//===----------------------------------------------------------------------===//
#pragma once

namespace mlir {
class RewritePatternSet;
}

namespace tenon {
void addMapSimplifications(mlir::RewritePatternSet &patterns);
void addMovementSimplifications(mlir::RewritePatternSet &patterns);
void addContractSimplifications(mlir::RewritePatternSet &patterns);
void addScatterSimplifications(mlir::RewritePatternSet &patterns);
void addControlSimplifications(mlir::RewritePatternSet &patterns);
} // namespace tenon
