//===- EntryLowering.h - One entry of the program, op by op -----*- C++ -*-===//
#pragma once

#include "frontend/lower/Nodes.h"

namespace tenon {
class SourceManager;
}

namespace tenon::lowering {

/// Lowers the body of one entry into a function. Outside index notation every value is a tensor at
/// once; within it, a Node (Nodes.h).
class EntryLowering {
public:
  EntryLowering(const check::Entry &entry, const SourceManager &sources, mlir::OpBuilder &builder)
      : entry(entry), sources(sources), builder(builder) {}

  /// Builds the function at the builder's place.
  mlir::func::FuncOp lower();

private:
  // EntryLowering.cpp: entries, and ops outside of families.
  void lowerRegion(const check::Region &region);
  void lowerOp(const check::Op &op);
  void lowerMap(const check::Op &op);
  void lowerConstant(const check::Op &op);
  void lowerMovement(const check::Op &op);
  void lowerDraw(const check::Op &op);
  void lowerCheck(const check::Op &op);
  void checkLoss(ArrayRef<Value> results);

  // ControlFlow.cpp
  void lowerIf(const check::Op &op);
  void selectBranches(const check::Op &op);
  void lowerScan(const check::Op &op);
  // LoopStatements.cpp
  void lowerLoop(const check::Op &op);
  Node *askCondition(const check::Op &op, Node *iteration, ArrayRef<Node *> state, Node *limit);
  SmallVector<Value> lowerStep(const check::Op &op, mlir::Block &body, Node *limit,
                               bool elementsStop);
  void lowerVjp(const check::Op &op);
  void lowerJvp(const check::Op &op);
  void lowerCustomGradient(const check::Op &op);
  /// The region into `block`. Argument i has axes for `arguments[i]` in front, each result for
  /// `results`.
  void lowerInto(mlir::Block &block, const check::Region &region, ArrayRef<Loops> arguments,
                 const Loops &results);
  void bindResults(const check::Op &op, ValueRange values, const Loops &loops);
  mlir::Block &openBlock(mlir::Region &region, mlir::TypeRange types);
  SmallVector<Value> materialiseAll(ArrayRef<check::ValueId> values, const Loops &loops);

  // Reads.cpp
  void lowerRead(const check::Op &op);
  Node *gatherRows(Node *table, const check::ReadAttr &read, llvm::SmallVectorImpl<int> &axisOf);
  void widen(Node *read, unsigned axis, Position &target, Node *fill);
  /// 0 <= index < extent, a bool node.
  Node *insideNode(Node *index, const Dim &extent);
  /// The place that `position` gives, an i32.
  Node *indexNode(mlir::Location at, const Position &position);
  /// Fails with the message where the condition doesn't hold, in the branches that are taken.
  void require(mlir::Location at, Node *condition, StringRef message);

  // Reductions.cpp
  void lowerNest(const check::Op &op);
  void lowerReduce(const check::Op &op);
  Node *evaluateLoops(const check::Op &op, Loops &loops);
  /// One contraction over the root's loops and `reduced`; the result's loops are those that remain.
  void requireElements(mlir::Location at, const Dim &extent);
  Node *contract(mlir::Location location, Combiner combiner, Node *root, const Loops &reduced);

  // Materialise.cpp
  /// A tensor: axes are the node's loops, then its own.
  Value materialise(Node *node);
  /// The same with axes for `loops`, which include the node's.
  Value materialise(Node *node, const Loops &loops);
  /// A scalar node repeated for extents of its own.
  Node *spread(Node *scalar, ArrayRef<Dim> own);
  Value readElement(Node *node);
  Value readByContraction(Node *node);
  bool isUsable(Value value) const;

  // Nodes
  Node *make(mlir::Location location) { return &nodes.emplace_back(location); }
  /// All of a tensor whose first axes are `loops`.
  Node *elementNode(Value tensor, const Loops &loops = {});
  Node *mapNode(mlir::Location location, check::MapKind map, ArrayRef<Node *> operands,
                Type element);
  Node *constantNode(mlir::Location location, Type element, int64_t integer, double real);
  Node *dimensionNode(mlir::Location location, Type element, const Dim &dim);
  void bind(check::ValueId id, Node *node) { values[id] = node; }
  Node *node(check::ValueId id) const;

  // Types and places
  mlir::Location place(const SourceRange &range) const;
  Type elementType(check::DType dtype) const;
  Type elementType(check::ValueId id) const { return elementType(entry.type(id).dtype); }
  /// The type of `type` with axes for `loops` in front.
  RankedTensorType tensorTypeOf(const check::TensorType &type, const Loops &loops = {}) const;
  SmallVector<Type> typesOf(ArrayRef<check::ValueId> ids, const Loops &loops) const;
  SmallVector<Dim> extentsOf(const Loops &loops) const;
  mlir::MLIRContext *context() const { return builder.getContext(); }

  const check::Entry &entry;
  const SourceManager &sources;
  mlir::OpBuilder &builder;
  std::deque<Node> nodes;
  llvm::DenseMap<check::ValueId, Node *> values;
  llvm::DenseMap<check::ValueId, LoopId> indices; // loop indices
  SmallVector<Dim> extents;                       // of all loops ever opened
  Loops open;                                     // those around the place at hand
  Node *mask = nullptr; // what the conditions around the place at hand say; null: it is reached
  Value seed, step;
};

/// A constant of a tensor's or element's type; reals are rounded to it.
mlir::TypedAttr constantAttr(Type type, int64_t integer, double real);

} // namespace tenon::lowering
