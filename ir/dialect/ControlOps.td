//===- ControlOps.td - Control flow, derivatives, draws, checks, kernels --===//
#ifndef TENON_CONTROL_OPS_TD
#define TENON_CONTROL_OPS_TD

include "ir/dialect/TenonBase.td"

def Tenon_YieldOp : Tenon_Op<"yield", [Pure, Terminator]> {
  let summary = "hands values out of a region";
  let description = "`tenon.yield %a, %b : tensor<4xf32>, tensor<f32>`";
  let arguments = (ins Variadic<AnyType>:$operands);
  let assemblyFormat = "attr-dict ($operands^ `:` type($operands))?";
  let builders = [OpBuilder<(ins), [{ build($_builder, $_state, ::mlir::ValueRange()); }]>];
}

def Tenon_ScanOp : Tenon_Op<"scan", [AttrSizedOperandSegments, RecursiveMemoryEffects, RecursivelySpeculatable,
      SingleBlock, Tenon_Repetition]> {
  let summary = "a loop along one dimension that carries state";
  let description = [{
    Runs its body `extent` times. The body's arguments are the iteration (a scalar i64 tensor, 0 for
    the first one run), the carried values, and one slice of each of `inputs` (axis `inputAxes[k]`
    removed). It yields the next carried values, then one slice for each stacked result (axis
    `outputAxes[k]` added). With `reverse` the first iteration has the last slice. Results: the
    carried values after the last iteration, then the stacked results. The body may use values from
    outside.

    ```mlir
    %h, %hs = tenon.scan extent <time> init(%h0) over(%x) axes [1] stack axes [1] {
    ^bb0(%t: tensor<i64>, %h: tensor<4x8xf32>, %x_t: tensor<4x8xf32>):
      ...
      tenon.yield %next, %next : tensor<4x8xf32>, tensor<4x8xf32>
    } : (tensor<4x8xf32>, tensor<4x?x8xf32, #tenon.dims<4, time, 8>>)
        -> (tensor<4x8xf32>, tensor<4x?x8xf32, #tenon.dims<4, time, 8>>)
    ```
  }];
  let arguments = (ins Variadic<Tenon_Tensor>:$init, Variadic<Tenon_Tensor>:$inputs,
                       Tenon_DimsAttr:$extent, DenseI64ArrayAttr:$inputAxes,
                       DenseI64ArrayAttr:$outputAxes, UnitAttr:$reverse);
  let results = (outs Variadic<Tenon_Tensor>:$results);
  let regions = (region SizedRegion<1>:$body);
  let hasCustomAssemblyFormat = 1;
  let hasVerifier = 1;
  let hasRegionVerifier = 1;
  let skipDefaultBuilders = 1;
  let builders = [OpBuilder<(ins "ValueRange":$init, "ValueRange":$inputs, "const Dim &":$extent,
      "ArrayRef<int64_t>":$inputAxes, "ArrayRef<Type>":$stackedSlices,
      "ArrayRef<int64_t>":$outputAxes, "bool":$reverse)>];
  let extraClassDeclaration = [{
    // Repetition.
    SmallVector<int64_t> getSliceAxes();
    SmallVector<int64_t> getStackAxes();
    Dim getExtentDim();
    bool isReversed();
    Repetition rebuild(::mlir::OpBuilder &builder, ValueRange init, ValueRange inputs,
                       ArrayRef<int64_t> sliceAxes, ArrayRef<Type> stackedSlices,
                       ArrayRef<int64_t> stackAxes);

    /// `tensor` without axis `axis` and with one of extent `extent` there.
    static RankedTensorType sliceType(RankedTensorType tensor, int64_t axis);
    static RankedTensorType stackedType(RankedTensorType slice, int64_t axis, const Dim &extent);
  }];
}

def Tenon_LoopOp : Tenon_Op<"loop", [AttrSizedOperandSegments, RecursiveMemoryEffects, SingleBlock,
      DeclareOpInterfaceMethods<MemoryEffectsOpInterface>, Tenon_Repetition]> {
  let summary = "a loop for as long as a value says";
  let description = [{
    Runs its body while the first carried value, a bool scalar, is true, and at most `at_most` and
    `limit` times, as far as they are given; less than 0 is 0. The body's arguments are the iteration (a scalar i64, from 0) and the carried values. It yields the next carried values, then
    one slice for each stacked result, whose axis 0 is the iteration. Results: the carried values
    after the last iteration, then the stacked results. The body may use values from outside.

    `steps` names a dimension: the number of times that the body has run. Behind the loop it stands
    for that number, in the types of its stacked results and in everything made of them, up to the
    end of the block around it; what knows the dimension therefore needs no bound. A loop that names
    one isn't removed because nobody uses its results.

    ```mlir
    %more, %x = tenon.loop init(%c, %x0) at_most <100> {
    ^bb0(%i: tensor<i64>, %go: tensor<i1>, %v: tensor<f64>):
      ...
      tenon.yield %again, %next : tensor<i1>, tensor<f64>
    } : (tensor<i1>, tensor<f64>) -> (tensor<i1>, tensor<f64>)

    %last, %y, %ys = tenon.loop init(%c, %y0) steps "steps.0" {
    ^bb0(%i: tensor<i64>, %go: tensor<i1>, %v: tensor<f64>):
      ...
      tenon.yield %again, %next, %v : tensor<i1>, tensor<f64>, tensor<f64>
    } : (tensor<i1>, tensor<f64>)
        -> (tensor<i1>, tensor<f64>, tensor<?xf64, #tenon.dims<steps.0>>)
    ```
  }];
  let arguments = (ins Variadic<Tenon_Tensor>:$init, Optional<Tenon_ScalarI64>:$limit,
                       OptionalAttr<Tenon_DimsAttr>:$bound, OptionalAttr<StrAttr>:$steps);
  let results = (outs Variadic<Tenon_Tensor>:$results);
  let regions = (region SizedRegion<1>:$body);
  let assemblyFormat = [{
    `init` `(` $init `)` (`at_most` $bound^)? (`limit` $limit^)? (`steps` $steps^)?
    attr-dict-with-keyword $body `:` functional-type($init, $results)
  }];
  let hasVerifier = 1;
  let hasRegionVerifier = 1;
  let skipDefaultBuilders = 1;
  let builders = [OpBuilder<(ins "ValueRange":$init, "DimsAttr":$bound, "Value":$limit,
      "::mlir::StringAttr":$steps, "ArrayRef<Type>":$stackedSlices)>];
  let extraClassDeclaration = [{
    // Repetition.
    OperandRange getInputs();
    SmallVector<int64_t> getSliceAxes();
    SmallVector<int64_t> getStackAxes();
    Dim getExtentDim();
    bool isReversed();
    Repetition rebuild(::mlir::OpBuilder &builder, ValueRange init, ValueRange inputs,
                       ArrayRef<int64_t> sliceAxes, ArrayRef<Type> stackedSlices,
                       ArrayRef<int64_t> stackAxes);

    /// The most times that the body may run, where that is known before anything has run.
    std::optional<Dim> getBoundDim() {
      return getBound() ? std::optional(getBound()->getDims()[0]) : std::nullopt;
    }
    /// Names the number of steps if they have no name: one that the function doesn't have yet.
    void nameSteps();
  }];
}

def Tenon_IfOp : Tenon_Op<"if", [RecursiveMemoryEffects, RecursivelySpeculatable,
      NoRegionArguments]> {
  let summary = "one of two regions, chosen by a scalar";
  let description = [{
    Only the chosen region runs. Regions may use values from outside.

    ```mlir
    %r = tenon.if %c -> tensor<4xf32> { tenon.yield %a : tensor<4xf32> }
         else { tenon.yield %b : tensor<4xf32> }
    ```
  }];
  let arguments = (ins Tenon_ScalarI1:$condition);
  let results = (outs Variadic<Tenon_Tensor>:$results);
  let regions = (region SizedRegion<1>:$thenRegion, SizedRegion<1>:$elseRegion);
  let assemblyFormat = [{
    $condition (`->` type($results)^)? $thenRegion `else` $elseRegion attr-dict
  }];
  let hasVerifier = 1;
}

def Tenon_VjpOp : Tenon_Op<"vjp", [RecursiveMemoryEffects, SingleBlock, AttrSizedOperandSegments]> {
  let summary = "a region's values and the cotangents of its arguments";
  let description = [{
    Runs the region with `inputs` as its arguments. Results: the region's yields, then the cotangent
    of each input, given `cotangents` for the first yields (as many as there are cotangents; the
    other yields are carried along without one). Values used from outside are held constant. Every
    input is of real numbers. The pass `differentiate` replaces it by plain ops; nested ones from
    the inside out.

    ```mlir
    %loss, %dw = tenon.vjp (%w) cotangents (%one) {
    ^bb0(%v: tensor<8xf32>):
      ...
      tenon.yield %l : tensor<f32>
    } : (tensor<8xf32>), (tensor<f32>) -> (tensor<f32>, tensor<8xf32>)
    ```
  }];
  let arguments = (ins Variadic<Tenon_RealTensor>:$inputs, Variadic<Tenon_RealTensor>:$cotangents);
  let results = (outs Variadic<Tenon_Tensor>:$results);
  let regions = (region SizedRegion<1>:$body);
  let hasCustomAssemblyFormat = 1;
  let hasVerifier = 1;
}

def Tenon_JvpOp : Tenon_Op<"jvp", [RecursiveMemoryEffects, SingleBlock, AttrSizedOperandSegments]> {
  let summary = "a region's values and the tangents of its results";
  let description = [{
    Runs the region with `inputs` as its arguments. Results: the region's yields, then the tangent
    of each yield of real numbers, in order, for the `tangents` of the inputs. Values used from
    outside are held constant. The pass `differentiate` replaces it by plain ops.

    ```mlir
    %y, %dy = tenon.jvp (%x) tangents (%dx) {
    ^bb0(%v: tensor<8xf32>):
      ...
      tenon.yield %r : tensor<8xf32>
    } : (tensor<8xf32>) -> (tensor<8xf32>, tensor<8xf32>)
    ```
  }];
  let arguments = (ins Variadic<Tenon_RealTensor>:$inputs, Variadic<Tenon_RealTensor>:$tangents);
  let results = (outs Variadic<Tenon_Tensor>:$results);
  let regions = (region SizedRegion<1>:$body);
  let hasCustomAssemblyFormat = 1;
  let hasVerifier = 1;
}

def Tenon_CustomGradientOp : Tenon_Op<"custom_gradient", [RecursiveMemoryEffects,
      RecursivelySpeculatable]> {
  let summary = "a computation with a derivative of its own";
  let description = [{
    Runs `body` with `inputs` as its arguments; its yields are the results. The derivative isn't that
    of the body: `back` takes the inputs, the results and a cotangent for each result of real
    numbers, and yields the cotangent of each input of real numbers; it is linear in the cotangents.
    Reverse mode is `back` itself, forward mode its transpose (where `back` isn't linear, that of its
    linear part at zero), and higher orders go through `back`. Values used from outside are held
    constant. The pass `differentiate` leaves the body's ops in its place.

    ```mlir
    %y = tenon.custom_gradient (%x) {
    ^bb0(%v: tensor<4xf32>):
      %r = tenon.round %v : tensor<4xf32>
      tenon.yield %r : tensor<4xf32>
    } back {
    ^bb0(%v: tensor<4xf32>, %r: tensor<4xf32>, %dr: tensor<4xf32>):
      tenon.yield %dr : tensor<4xf32>
    } : (tensor<4xf32>) -> tensor<4xf32>
    ```
  }];
  let arguments = (ins Variadic<Tenon_Tensor>:$inputs);
  let results = (outs Variadic<Tenon_Tensor>:$results);
  let regions = (region SizedRegion<1>:$body, SizedRegion<1>:$back);
  let assemblyFormat = [{
    `(` $inputs `)` $body `back` $back attr-dict `:` functional-type($inputs, $results)
  }];
  let hasVerifier = 1;
}

def Tenon_DrawOp : Tenon_Op<"draw", [Pure, AttrSizedOperandSegments, DeclareOpInterfaceMethods<Tenon_Differentiable>]> {
  let summary = "random numbers that are a function of operands";
  let description = [{
    Element e (row-major) of the result is drawn from Philox for (seed, step, stream, iteration, e) as
    `runtime/core/Philox.h` defines, so that copying, recomputing or fusing a draw changes nothing.
    `stream` identifies the draw in the program (a hash of the model's path and the ordinal in its
    function); `iterations` are the counters of the loops around it, the outermost first.
    `parameters`: `uniform` low, high; `normal` mean, scale; `bernoulli` p (result 0 or 1);
    `integers` low, high (exclusive). All scalars of the result's element type.

    ```mlir
    %m = tenon.draw bernoulli(%p : tensor<f32>) seed %s step %n stream 17 : tensor<4x8xf32>
    ```
  }];
  let arguments = (ins Tenon_Distribution:$distribution, Variadic<Tenon_Scalar>:$parameters,
                       Tenon_ScalarI64:$seed, Tenon_ScalarI64:$step, I64Attr:$stream,
                       Variadic<Tenon_ScalarI64>:$iterations);
  let results = (outs Tenon_Tensor:$result);
  let assemblyFormat = [{
    $distribution `(` ($parameters^ `:` type($parameters))? `)` `seed` $seed `step` $step
    `stream` $stream (`iterations` `(` $iterations^ `)`)? attr-dict `:` type($result)
  }];
  let hasVerifier = 1;
}

def Tenon_CheckOp : Tenon_Op<"check", [MemoryEffects<[MemWrite]>]> {
  let summary = "reports where a condition doesn't hold";
  let description = [{
    If an element of `condition` is false the call fails with `message`, this op's location and the
    element's index; nothing is written to donated arguments. Never traps.
    `tenon.check %inside, "index out of range" : tensor<4xi1>`
  }];
  let arguments = (ins Tenon_BoolTensor:$condition, StrAttr:$message);
  let assemblyFormat = "$condition `,` $message attr-dict `:` type($condition)";
}

def Tenon_KernelOp : Tenon_Op<"kernel", [RecursiveMemoryEffects, IsolatedFromAbove, SingleBlock]> {
  let summary = "ops that become one loop nest";
  let description = [{
    What fusion has put together: the region's arguments are the operands, its yields the
    results; nothing inside is written to memory but the yields. `kind` says which generator takes it:

    - `map`: maps, movements, draws and gathers; all yields have one shape.
    - `reduction`: one `contract` (any kind), ops that feed it, maps on its result.
    - `contraction`: one `contract` that is a sum of products of two operands, ops that feed them
      (computed while packing), maps on its result (computed at the store).
    - `pack`: ops that compute the right operand of a contraction; the value is the operand itself,
      its buffer is laid out in panels (a matter of the code generator, not of the value).
    - `scatter`: `scatter_add`s at the same indices into tables of equally many rows, and ops that feed
      them.
    - `sort`: one `argsort` and ops that feed it; a second result is memory that it works in.
    - `copy`: the operand, elsewhere.

    ```mlir
    %r = tenon.kernel map "add_relu" (%a, %b) {
    ^bb0(%x: tensor<8xf32>, %y: tensor<8xf32>):
      ...
      tenon.yield %z : tensor<8xf32>
    } : (tensor<8xf32>, tensor<8xf32>) -> tensor<8xf32>
    ```
  }];
  let arguments = (ins Variadic<Tenon_Tensor>:$inputs, Tenon_KernelKind:$kind, StrAttr:$symName);
  let results = (outs Variadic<Tenon_Tensor>:$results);
  let regions = (region SizedRegion<1>:$body);
  let hasCustomAssemblyFormat = 1;
  let hasVerifier = 1;
}

#endif
