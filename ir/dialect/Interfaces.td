//===- Interfaces.td - What every op of the dialect answers ---------------===//
#ifndef TENON_INTERFACES_TD
#define TENON_INTERFACES_TD

include "mlir/IR/OpBase.td"

def Tenon_Differentiable : OpInterface<"Differentiable"> {
  let cppNamespace = "::tenon";
  let description = [{
    Rules of differentiation. A null Value stands for a zero tangent or cotangent, which is never
    materialised. Values of integer type carry none. A rule only builds ops; it walks no graph.
    Ops with regions (`scan`, `loop`, `if`) have no rule: the pass `differentiate` rebuilds them.
  }];
  let methods = [
    InterfaceMethod<[{
      The cotangents of the operands, one for each, null where it is zero or the operand carries
      none. `cotangents` has one entry for each result; at least one isn't null. `needed[i]` tells
      whether operand i's cotangent will be used; others may be null.
    }], "::llvm::SmallVector<::mlir::Value>", "vjp",
    (ins "::mlir::OpBuilder &":$builder, "::llvm::ArrayRef<::mlir::Value>":$cotangents,
         "::llvm::ArrayRef<bool>":$needed)>,
    InterfaceMethod<[{
      The tangents of the results, one for each. `tangents` has one entry for each operand; at
      least one isn't null.
    }], "::llvm::SmallVector<::mlir::Value>", "jvp",
    (ins "::mlir::OpBuilder &":$builder, "::llvm::ArrayRef<::mlir::Value>":$tangents)>
  ];
}

def Tenon_Map : OpInterface<"MapOp"> {
  let cppNamespace = "::tenon";
  let description = [{
    An elementwise operation with one result: the same on tensors of one shape and on single
    elements. Its derivative is a list of partial derivatives.
  }];
  let methods = [
    InterfaceMethod<[{
      d result / d operand `index`, as a value of the result's type, or null where it is zero
      everywhere (a step function, an integer).
    }], "::mlir::Value", "partial", (ins "::mlir::OpBuilder &":$builder, "unsigned":$index)>
  ];
}

def Tenon_Repetition : OpInterface<"Repetition"> {
  let cppNamespace = "::tenon";
  let description = [{
    A body that is run again and again, `scan` and `loop`. Its arguments are the iteration (a scalar
    i64, 0 for the first one run), the carried values, and one slice of each input; it yields the
    next carried values, then one slice for each stacked result. The results are the carried values
    after the last iteration, then the stacked ones.
  }];
  let methods = [
    InterfaceMethod<"The first carried values.", "::mlir::OperandRange", "getInit">,
    InterfaceMethod<"What it runs over; a `loop` has none.", "::mlir::OperandRange", "getInputs">,
    InterfaceMethod<"The axis of each input that is removed.", "::llvm::SmallVector<int64_t>",
                    "getSliceAxes">,
    InterfaceMethod<"The axis of each stacked result that is added.",
                    "::llvm::SmallVector<int64_t>", "getStackAxes">,
    InterfaceMethod<[{
      The number of iterations: the extent of slices and stacked results. Of a `loop` it is the
      dimension `steps`, which must have been named.
    }], "::tenon::Dim", "getExtentDim">,
    InterfaceMethod<"True if the first iteration has the last slice.", "bool", "isReversed">,
    InterfaceMethod<[{
      Another one that runs as often, with other values, an empty body and the same attributes. Of a
      `loop` the first carried value stays and there are no inputs.
    }], "::tenon::Repetition", "rebuild",
    (ins "::mlir::OpBuilder &":$builder, "::mlir::ValueRange":$init, "::mlir::ValueRange":$inputs,
         "::llvm::ArrayRef<int64_t>":$sliceAxes, "::llvm::ArrayRef<::mlir::Type>":$stackedSlices,
         "::llvm::ArrayRef<int64_t>":$stackAxes)>
  ];
  let extraSharedClassDeclaration = [{
    ::mlir::Block &getBodyBlock() { return $_op->getRegion(0).front(); }
    unsigned getNumCarried() { return unsigned($_op.getInit().size()); }
    ::mlir::BlockArgument getIteration() { return getBodyBlock().getArgument(0); }
    ::mlir::Block::BlockArgListType getCarriedArguments() {
      return getBodyBlock().getArguments().slice(1, getNumCarried());
    }
    ::mlir::Block::BlockArgListType getSliceArguments() {
      return getBodyBlock().getArguments().drop_front(1 + getNumCarried());
    }
    ::mlir::ResultRange getCarriedResults() {
      return $_op->getResults().take_front(getNumCarried());
    }
    ::mlir::ResultRange getStackedResults() {
      return $_op->getResults().drop_front(getNumCarried());
    }
    ::mlir::OperandRange getCarriedYields() {
      return ::mlir::OperandRange(getBodyBlock().getTerminator()->getOperands())
          .take_front(getNumCarried());
    }
    ::mlir::OperandRange getStackedYields() {
      return ::mlir::OperandRange(getBodyBlock().getTerminator()->getOperands())
          .drop_front(getNumCarried());
    }
  }];
}

#endif
