//===- Passes.td - Graph to graph transformations -------------------------===//
#ifndef TENON_PASSES_TD
#define TENON_PASSES_TD

include "mlir/Pass/PassBase.td"

//===----------------------------------------------------------------------===//
// Differentiation
//===----------------------------------------------------------------------===//

def Differentiate : Pass<"differentiate", "::mlir::func::FuncOp"> {
  let summary = "Replaces derivatives by plain ops";
  let description = [{
    Every `tenon.vjp` and `tenon.jvp`, innermost first, becomes its region's ops and what the rules of
    the ops (`Differentiable`) build for those that a derivative flows through; zero cotangents are
    never materialised where they needn't be. A scan in reverse mode becomes one that also stacks
    residuals, and one in the other direction; what is saved and what is computed again is a minimum
    cut of bytes against arithmetic. A `loop` is treated alike, its reverse being a scan along its
    steps. Checks stay with the computation itself.

    A loop that keeps more than `budget` bytes for its reverse is divided into segments, which are run
    again from the states they begin with.
  }];
  let options = [
    Option<"budget", "budget", "int64_t", "0",
           "bytes that a loop may keep for its reverse; 0: no limit">,
    ListOption<"extents", "extents", "std::string",
               "what named dimensions are taken to be, as `n=100`">
  ];
  let dependentDialects = ["::tenon::TenonDialect"];
}

//===----------------------------------------------------------------------===//
// Explaining
//===----------------------------------------------------------------------===//

def AttributePrediction : Pass<"attribute-prediction", "::mlir::ModuleOp"> {
  let summary = "Adds the functions by which a prediction is attributed to its inputs";
  let description = [{
    Beside `predict`, whose first result is real. A *point* is the first real value made of a field of
    whole numbers: rows of a table at these places, numbers converted, a choice between constants.

    `attribution_points` also takes, for each such field, the numbers of its places (role `places`),
    and gives each point (role `point`, named `tokens#0`) with the places that its elements, or those
    along its first axes, come from (role `place`): -1 for none.

    `attribution_gradient` takes the points as arguments, which come in place of what `predict` would
    compute, and a cotangent of the first result; it gives the results and the derivatives with
    respect to real fields and to points (role `gradient`). What else depends on whole numbers,
    such as masks, is held as the fields say; a field whose numbers then still count has the role
    `held`.
  }];
  let dependentDialects = ["::tenon::TenonDialect"];
}

//===----------------------------------------------------------------------===//
// Guards
//===----------------------------------------------------------------------===//

def GuardFinite : Pass<"guard-finite", "::mlir::func::FuncOp"> {
  let summary = "Makes a function answer which op makes the first value that isn't finite";
  let description = [{
    The function's only result becomes an i32 scalar: 0 if every value is finite, else n where entry
    n - 1 of the attribute `tenon.guards` is the location of the op that, of finite operands, made
    the first NaN or infinity. Checks are dropped. For repeating a step that failed.
  }];
  let dependentDialects = ["::tenon::TenonDialect"];
}

//===----------------------------------------------------------------------===//
// Simplification
//===----------------------------------------------------------------------===//

def Simplify : Pass<"simplify", "::mlir::func::FuncOp"> {
  let summary = "Rewrites to equal, smaller graphs";
  let description = [{
    Applies the equations that stand at the top of `passes/simplify/Simplify*.cpp` until none fits.
    Every element keeps its bits, NaN, infinities and signs of zero included, unless an equation says
    otherwise.
  }];
  let dependentDialects = ["::tenon::TenonDialect"];
}

def Stabilize : Pass<"stabilize", "::mlir::func::FuncOp"> {
  let summary = "Replaces formulas that lose digits or overflow by equal ones that don't";
  let description = [{
    Logarithms of a sigmoid, of a softmax and of a sum of exponentials, and the cross-entropies made
    of them. Before `differentiate`, so that derivatives come out of the stable form.
  }];
  let dependentDialects = ["::tenon::TenonDialect"];
}

def ExpandMaps : Pass<"expand-maps", "::mlir::func::FuncOp"> {
  let summary = "Writes maps that the code generator doesn't have by those it has";
  let dependentDialects = ["::tenon::TenonDialect"];
}

def SplitContractions : Pass<"split-contractions", "::mlir::func::FuncOp"> {
  let summary = "Brings contractions to sums of products of two operands";
  let description = [{
    Functions of one operand and constants leave the body; a product of more than two operands is
    multiplied pair by pair, in the order that costs least.
  }];
  let dependentDialects = ["::tenon::TenonDialect"];
}

def GatherResults : Pass<"gather-results", "::mlir::func::FuncOp"> {
  let summary = "Makes every axis of a contraction's result a loop of its own";
  let description = [{
    Contractions that add to places computed from several loops, as the input's gradient of a
    convolution does, are solved for the place; strides are split into residue classes.
  }];
  let dependentDialects = ["::tenon::TenonDialect"];
}

def ReuseProducts : Pass<"reuse-products", "::mlir::func::FuncOp"> {
  let summary = "Sums products by a product that is computed anyway";
  let description = [{
    Where a sum's factor is a product of two tensors, and the sum of its other factor with one of
    them is there, that is multiplied with what is left.
  }];
  let dependentDialects = ["::tenon::TenonDialect"];
}

def SumRowsFirst : Pass<"sum-rows-first", "::mlir::func::FuncOp"> {
  let summary = "Adds up what meets the same row of a table before multiplying it";
  let description = [{
    The derivatives of a product of gathered rows: where the table is known to have at most half as
    many rows as are gathered, the other factor is scattered first, and the product is one of rows.
  }];
  let dependentDialects = ["::tenon::TenonDialect"];
}

//===----------------------------------------------------------------------===//
// Loops
//===----------------------------------------------------------------------===//

def HoistInvariants : Pass<"hoist-invariants", "::mlir::func::FuncOp"> {
  let summary = "Computes contractions of a scan's slices before the scan, for all iterations at once";
  let dependentDialects = ["::tenon::TenonDialect"];
}

def GatherAccumulated : Pass<"gather-accumulated", "::mlir::func::FuncOp"> {
  let summary = "Computes what a scan only accumulates or hands out after the scan";
  let description = [{
    A carried value that each iteration adds a contraction to becomes one contraction over all
    iterations, and so does a stacked result that is a contraction. The operands that the scan
    computes itself become stacked results.
  }];
  let dependentDialects = ["::tenon::TenonDialect"];
}

//===----------------------------------------------------------------------===//
// Fusion
//===----------------------------------------------------------------------===//

def FormKernels : Pass<"form-kernels", "::mlir::func::FuncOp"> {
  let summary = "Groups ops into kernels";
  let description = [{
    Plans which ops become one loop nest and puts each group into a `tenon.kernel`. Afterwards a
    function holds kernels, control flow, and reshapes that rename memory.
  }];
  let dependentDialects = ["::tenon::TenonDialect"];
}

def SplitWindows : Pass<"split-windows", "::mlir::func::FuncOp"> {
  let summary = "Computes products that are pooled window by window";
  let description = [{
    A product whose result is read by nothing but a reduction over small windows that don't overlap
    gets the windows as axes of its own, behind its rows. `form-kernels` can then put the reduction
    into the product's kernel.
  }];
  let dependentDialects = ["::tenon::TenonDialect"];
}

def FormUpdates : Pass<"form-updates", "::mlir::func::FuncOp"> {
  let summary = "Finds carried tensors of which a scan's body changes one row";
  let description = [{
    A next state that is `select(place == at, row, state)` becomes a kernel with the attribute
    `update`, the axis of the row, if nothing else reads the old state. It is written in place.
  }];
  let dependentDialects = ["::tenon::TenonDialect"];
}

def PackOperands : Pass<"pack-operands", "::mlir::func::FuncOp"> {
  let summary = "Gives the right operand of each contraction a kernel that packs it";
  let description = [{
    What computes the right operand moves into a `pack` kernel, and that out of the scans in which it
    doesn't change.
  }];
  let dependentDialects = ["::tenon::TenonDialect"];
}

//===----------------------------------------------------------------------===//
// Schedule
//===----------------------------------------------------------------------===//

def AssignDestinations : Pass<"assign-destinations", "::mlir::func::FuncOp"> {
  let summary = "Gives everything a block hands out a kernel that writes it in place";
  let description = [{
    Results that go to two places are written twice, others are copied. Kernels that overwrite
    donated arguments go last and carry `commit`.
  }];
  let dependentDialects = ["::tenon::TenonDialect"];
}

def PrintPlans : Pass<"print-plans", "::mlir::func::FuncOp"> {
  let summary = "Prints where values live and how scans are shared among threads";
  let description = [{
    After `assign-destinations`. Packed operands count with their plain size, for their own depends on
    the target.
  }];
}

#endif
