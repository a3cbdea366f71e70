//===- MovementOps.td - Moving elements without computing -----------------===//
#ifndef TENON_MOVEMENT_OPS_TD
#define TENON_MOVEMENT_OPS_TD

include "ir/dialect/TenonBase.td"

class Tenon_MovementOp<string mnemonic, list<Trait> traits = []>
    : Tenon_Op<mnemonic, traits # [Pure, DeclareOpInterfaceMethods<Tenon_Differentiable>]> {
  let hasVerifier = 1;
}

def Tenon_ConstantOp : Tenon_Op<"constant", [Pure, ConstantLike, AllTypesMatch<["value", "result"]>,
      DeclareOpInterfaceMethods<Tenon_Differentiable>]> {
  let summary = "numbers known when compiling";
  let description = [{
    `%r = tenon.constant dense<1.0> : tensor<f32>` or, in a body, `tenon.constant 1.0 : f32`.
    Small: weights and data are arguments. A constant of dynamic shape is a broadcast scalar.
  }];
  let arguments = (ins TypedAttrInterface:$value);
  let results = (outs Tenon_MapValue:$result);
  let assemblyFormat = "$value attr-dict";
  let hasFolder = 1;
  let extraClassDeclaration = [{
    static bool isBuildableWith(::mlir::Attribute value, ::mlir::Type type);
  }];
  let builders = [OpBuilder<(ins "::mlir::TypedAttr":$value), [{
    build($_builder, $_state, value.getType(), value);
  }]>];
}

def Tenon_DimensionOp : Tenon_Op<"dimension", [Pure,
      DeclareOpInterfaceMethods<Tenon_Differentiable>]> {
  let summary = "an extent as a number";
  let description = [{
    `%n = tenon.dimension <2*time + 1> : tensor<i32>`: exactly one entry; a real result
    is the nearest one.
  }];
  let arguments = (ins Tenon_DimsAttr:$dimension);
  let results = (outs Tenon_MapValue:$result);
  let assemblyFormat = "$dimension attr-dict `:` type($result)";
  let hasVerifier = 1;
}

def Tenon_IotaOp : Tenon_MovementOp<"iota"> {
  let summary = "each element's place along one axis";
  let description = "`%r = tenon.iota axis 0 : tensor<4xi32>` is [0, 1, 2, 3].";
  let arguments = (ins I64Attr:$axis);
  let results = (outs Tenon_Tensor:$result);
  let assemblyFormat = "`axis` $axis attr-dict `:` type($result)";
}

def Tenon_BroadcastOp : Tenon_MovementOp<"broadcast"> {
  let summary = "repeats elements along new axes";
  let description = [{
    Axis i of the operand is axis `axes[i]` of the result (strictly ascending); the others repeat.
    `%r = tenon.broadcast %bias axes [1] : tensor<8xf32> -> tensor<4x8xf32>`
  }];
  let arguments = (ins Tenon_Tensor:$operand, DenseI64ArrayAttr:$axes);
  let results = (outs Tenon_Tensor:$result);
  let assemblyFormat = "$operand `axes` $axes attr-dict `:` type($operand) `->` type($result)";
  let hasFolder = 1;
}

def Tenon_ReshapeOp : Tenon_MovementOp<"reshape"> {
  let summary = "the same elements in row-major order under other extents";
  let description = "`%r = tenon.reshape %x : tensor<4x2xf32> -> tensor<8xf32>`";
  let arguments = (ins Tenon_Tensor:$operand);
  let results = (outs Tenon_Tensor:$result);
  let assemblyFormat = "$operand attr-dict `:` type($operand) `->` type($result)";
  let hasFolder = 1;
}

def Tenon_TransposeOp : Tenon_MovementOp<"transpose"> {
  let summary = "axes in another order: axis i of the result is axis permutation[i] of the operand";
  let description = "`%r = tenon.transpose %x [1, 0] : tensor<4x2xf32> -> tensor<2x4xf32>`";
  let arguments = (ins Tenon_Tensor:$operand, DenseI64ArrayAttr:$permutation);
  let results = (outs Tenon_Tensor:$result);
  let assemblyFormat = "$operand $permutation attr-dict `:` type($operand) `->` type($result)";
  let hasFolder = 1;
}

def Tenon_SliceOp : Tenon_MovementOp<"slice"> {
  let summary = "a part: element i of an axis is the operand's offset + i * stride";
  let description = [{
    `%r = tenon.slice %x offsets <0, 1> strides [1, 2] : tensor<4x8xf32> ->
    tensor<4x3xf32>`. Strides are positive. The part lies inside the operand.
  }];
  let arguments = (ins Tenon_Tensor:$operand, Tenon_DimsAttr:$offsets, DenseI64ArrayAttr:$strides);
  let results = (outs Tenon_Tensor:$result);
  let assemblyFormat = [{
    $operand `offsets` $offsets `strides` $strides attr-dict `:` type($operand) `->` type($result)
  }];
  let hasFolder = 1;
}

def Tenon_PadOp : Tenon_MovementOp<"pad"> {
  let summary = "puts the operand into a larger tensor: the inverse of `slice`, a value elsewhere";
  let description = [{
    Element i of an operand's axis goes to offset + i * stride of the result; all other elements are
    the scalar `value`.
    `%r = tenon.pad %x, %v offsets <1> strides [1] : tensor<4xf32>, tensor<f32>
    -> tensor<6xf32>`
  }];
  let arguments = (ins Tenon_Tensor:$operand, Tenon_Scalar:$value, Tenon_DimsAttr:$offsets,
                       DenseI64ArrayAttr:$strides);
  let results = (outs Tenon_Tensor:$result);
  let assemblyFormat = [{
    $operand `,` $value `offsets` $offsets `strides` $strides attr-dict `:` type($operand) `,`
    type($value) `->` type($result)
  }];
}

def Tenon_ConcatOp : Tenon_MovementOp<"concat"> {
  let summary = "tensors one after the other along an axis";
  let description = [{
    `%r = tenon.concat %a, %b axis 1 : tensor<4x2xf32>, tensor<4x3xf32> -> tensor<4x5xf32>`
  }];
  let arguments = (ins Variadic<Tenon_Tensor>:$inputs, I64Attr:$axis);
  let results = (outs Tenon_Tensor:$result);
  let assemblyFormat = "$inputs `axis` $axis attr-dict `:` type($inputs) `->` type($result)";
}

def Tenon_GatherOp : Tenon_MovementOp<"gather"> {
  let summary = "rows of a table: result[i..., r...] = table[indices[i...], r...]";
  let description = [{
    An index outside the table reads the nearest row, of a table without rows 0; a separate `check`
    reports it.
    `%r = tenon.gather %table[%ids] : tensor<100x8xf32>, tensor<4xi32> -> tensor<4x8xf32>`
  }];
  let arguments = (ins Tenon_Tensor:$table, Tenon_IntegerTensor:$indices);
  let results = (outs Tenon_Tensor:$result);
  let assemblyFormat = [{
    $table `[` $indices `]` attr-dict `:` type($table) `,` type($indices) `->` type($result)
  }];
}

def Tenon_ScatterAddOp : Tenon_MovementOp<"scatter_add"> {
  let summary = "adds rows into a table of zeros: result[indices[i...], r...] += updates[i..., r...]";
  let description = [{
    Rows are added in ascending order of i, so the result doesn't depend on threads. An index
    outside the result adds to the nearest row, if there is one. The transpose of `gather`.
    `%r = tenon.scatter_add %u at %ids : tensor<4x8xf32>, tensor<4xi32> -> tensor<100x8xf32>`
  }];
  let arguments = (ins Tenon_Tensor:$updates, Tenon_IntegerTensor:$indices);
  let results = (outs Tenon_Tensor:$result);
  let assemblyFormat = [{
    $updates `at` $indices attr-dict `:` type($updates) `,` type($indices) `->` type($result)
  }];
}

def Tenon_ArgsortOp : Tenon_MovementOp<"argsort"> {
  let summary = "the places of each row's elements in ascending order";
  let description = [{
    result[r..., k] is the place, along the last axis, of the element that comes k-th when the row is
    sorted. Equal elements (0.0 and -0.0 among them) keep their order, with `descending` too; NaN
    comes last either way; false comes before true.
    `%r = tenon.argsort %x : tensor<4x8xf32> -> tensor<4x8xi32>`
  }];
  let arguments = (ins Tenon_Tensor:$operand, UnitAttr:$descending);
  let results = (outs Tenon_Tensor:$result);
  let assemblyFormat = "$operand (`descending` $descending^)? attr-dict `:` type($operand) `->` type($result)";
}

#endif
