//===- Nodes.h - Values of index notation before they are tensors -*- C++ -*-===//
//
// Within `let y[i, j] = …` and `sum[k] …` a value is one for each combination of the loops that it
// depends on. A `Node` says how: an element of a tensor at places affine in the loops, a loop's
// index, or a map of other nodes. Nodes stay unevaluated until a reduction takes a whole tree of
// them into the body of one contraction, or something needs a tensor.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "frontend/check/Program.h"
#include "ir/dialect/Dialect.h"

#include <deque>

namespace tenon::lowering {

/// Loops are numbered from the outermost; a loop that is opened later has a larger number.
using LoopId = unsigned;
using Loops = SmallVector<LoopId, 4>;

/// Where an axis of a tensor is read: at `sum of coefficient * loop + offset`, or all along, as
/// axis `ownAxis` of the node.
struct Position {
  SmallVector<std::pair<LoopId, int64_t>, 2> terms; // ascending loops, no zero coefficient
  Dim offset;
  int ownAxis = -1;

  static Position whole(int ownAxis);
  static Position loop(LoopId loop);
};

/// One value for each combination of `loops` (ascending), each a tensor of extents `own`.
/// Materialised, it is a tensor whose axes are the loops and then its own.
struct Node {
  enum class Kind { Element, Index, Map } kind = Kind::Element;
  Loops loops;
  SmallVector<Dim> own;
  mlir::Type element;
  mlir::Location location;

  Value tensor;                             // Element
  SmallVector<Position> positions;          // Element: one for each axis of `tensor`
  check::MapKind map = check::MapKind::Add; // Map
  SmallVector<Node *, 3> operands;          // Map: of this node's own extents
  Value materialised;                       // the last answer of `materialise`

  explicit Node(mlir::Location location) : location(location) {}
  /// A rank-0 constant or extent, which a contraction's body can have for itself.
  bool isConstant() const;
};

/// The loops in either list.
Loops unite(const Loops &a, const Loops &b);
Loops without(const Loops &a, const Loops &b);

/// The op of the dialect for `kind`, on tensors or on elements; `result` is its type.
Value createMap(mlir::OpBuilder &builder, mlir::Location location, check::MapKind kind,
                ValueRange operands, Type result);

} // namespace tenon::lowering
