//===- Interfaces.td - What every op of the dialect answers ---------------===//
#ifndef TENON_INTERFACES_TD
#define TENON_INTERFACES_TD

include "mlir/IR/OpBase.td"

def Tenon_Differentiable : OpInterface<"Differentiable"> {
  let cppNamespace = "::tenon";
  let description = [{
    Rules of differentiation. A null Value stands for a zero tangent or cotangent, which is never
    materialised. Values of integer type carry none. A rule only builds ops; it walks no graph.
    Ops with regions (`scan`, `if`) have no rule: the pass `differentiate` rebuilds them.
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

#endif
