//===- ContractOps.td - Contractions and reductions -----------------------===//
#ifndef TENON_CONTRACT_OPS_TD
#define TENON_CONTRACT_OPS_TD

include "ir/dialect/TenonBase.td"

def Tenon_ContractOp : Tenon_Op<"contract", [Pure, SingleBlock,
      DeclareOpInterfaceMethods<Tenon_Differentiable>]> {
  let summary = "a loop nest that reads elements, computes a scalar and combines";
  let description = [{
    For every point of the loops `extents`, in lexicographic order, reads one element of each
    operand at the place its map gives, computes the body, and combines the value into the
    element of the result at the place the last map gives. Every element of the result starts at the combiner's neutral value
    (`sum` 0, `prod` 1, `max`, `logsumexp` -inf, `min` inf, `any` false, `all` true; of integers the
    least and the greatest value). `argmax` and `argmin` take exactly one reduced loop and give its index as i32
    (the first NaN, else the first largest), of nothing 0; a separate `check` reports it.

    Maps are affine in the loops; their symbols are the entries of `symbols`. All reads are inside
    their operand. Matrix products, convolutions, their gradients, pooling and reductions are this op;
    without a reduced loop it is a permuted or strided read.

    A floating-point `sum` of one product is one ascending chain of fused multiply-adds over the
    reduced loops where the code generator doesn't state a cut (docs/architecture.md, "Bits").

    ```mlir
    %c = tenon.contract sum over <m, 64, 128> (%a, %b)
           maps [affine_map<(i, j, k) -> (i, k)>, affine_map<(i, j, k) -> (k, j)>,
                 affine_map<(i, j, k) -> (i, j)>] {
    ^bb0(%x: f32, %y: f32):
      %p = tenon.mul %x, %y : f32
      tenon.yield %p : f32
    } : (tensor<?x128xf32, #tenon.dims<m, 128>>, tensor<128x64xf32>)
        -> tensor<?x64xf32, #tenon.dims<m, 64>>
    ```
  }];
  let arguments = (ins Variadic<Tenon_Tensor>:$inputs, Tenon_Combiner:$combiner,
                       Tenon_DimsAttr:$extents, AffineMapArrayAttr:$maps,
                       OptionalAttr<Tenon_DimsAttr>:$symbols);
  let results = (outs Tenon_Tensor:$result);
  let regions = (region SizedRegion<1>:$body);
  let hasCustomAssemblyFormat = 1;
  let hasVerifier = 1;
  let hasRegionVerifier = 1;
  let extraClassDeclaration = [{
    AffineMap getInputMap(unsigned index);
    AffineMap getResultMap();
    /// Loops that the result's map doesn't mention, ascending.
    SmallVector<unsigned> getReducedLoops();
    SmallVector<Dim> getExtentDims() { return getExtents().getDims(); }
    /// True if the body is the product of all inputs (of one input: the input itself) and the
    /// combiner is `sum`.
    bool isSumOfProducts();
  }];
}

#endif
