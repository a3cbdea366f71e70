//===- MapOps.td - Elementwise operations ---------------------------------===//
#ifndef TENON_MAP_OPS_TD
#define TENON_MAP_OPS_TD

include "ir/dialect/TenonBase.td"

class Tenon_MapOp<string mnemonic, list<Trait> traits = []>
    : Tenon_Op<mnemonic, traits # [Pure, DeclareOpInterfaceMethods<Tenon_Map>,
                                   DeclareOpInterfaceMethods<Tenon_Differentiable>]>;

class Tenon_UnaryOp<string mnemonic, Type type, list<Trait> traits = []>
    : Tenon_MapOp<mnemonic, traits # [SameOperandsAndResultType]> {
  let arguments = (ins type:$operand);
  let results = (outs type:$result);
  let assemblyFormat = "$operand attr-dict `:` type($result)";
}

class Tenon_BinaryOp<string mnemonic, Type type, list<Trait> traits = []>
    : Tenon_MapOp<mnemonic, traits # [SameOperandsAndResultType]> {
  let arguments = (ins type:$lhs, type:$rhs);
  let results = (outs type:$result);
  let assemblyFormat = "$lhs `,` $rhs attr-dict `:` type($result)";
}

//===----------------------------------------------------------------------===//
// Arithmetic
//===----------------------------------------------------------------------===//

def Tenon_AddOp : Tenon_BinaryOp<"add", Tenon_NumberMapValue, [Commutative]> {
  let hasFolder = 1;
  let summary = "sum";
  let description = "`%r = tenon.add %a, %b : tensor<4xf32>`. Integers wrap.";
}
def Tenon_SubOp : Tenon_BinaryOp<"sub", Tenon_NumberMapValue> {
  let hasFolder = 1;
  let summary = "difference";
  let description = "`%r = tenon.sub %a, %b : tensor<4xf32>`. Integers wrap.";
}
def Tenon_MulOp : Tenon_BinaryOp<"mul", Tenon_NumberMapValue, [Commutative]> {
  let hasFolder = 1;
  let summary = "product";
  let description = "`%r = tenon.mul %a, %b : tensor<4xf32>`. Integers wrap.";
}
def Tenon_DivOp : Tenon_BinaryOp<"div", Tenon_NumberMapValue> {
  let hasFolder = 1;
  let summary = "quotient";
  let description = [{
    `%r = tenon.div %a, %b : tensor<4xi32>`. Integers round down; by zero gives 0; the smallest
    number by -1 wraps.
  }];
}
def Tenon_RemOp : Tenon_BinaryOp<"rem", Tenon_NumberMapValue> {
  let summary = "remainder of the division that rounds down";
  let description = [{
    `%r = tenon.rem %a, %b : tensor<4xi32>`. Takes the divisor's sign: a - b * floor(a / b).
    Integers by zero give 0, reals NaN.
  }];
}
def Tenon_MaxOp : Tenon_BinaryOp<"max", Tenon_NumberMapValue> {
  let summary = "the larger; NaN if either is";
  let description = "`%r = tenon.max %a, %b : tensor<4xf32>`. At a tie the gradient goes to %a.";
}
def Tenon_MinOp : Tenon_BinaryOp<"min", Tenon_NumberMapValue> {
  let summary = "the smaller; NaN if either is";
  let description = "`%r = tenon.min %a, %b : tensor<4xf32>`. At a tie the gradient goes to %a.";
}
def Tenon_PowOp : Tenon_BinaryOp<"pow", Tenon_NumberMapValue> {
  let summary = "power";
  let description = [{
    `%r = tenon.pow %a, %b : tensor<4xf32>`. Reals as C's `pow`. Integers wrap; a negative exponent
    gives the quotient 1 / a^-b rounded down (0 base: 0).
  }];
}
def Tenon_NegOp : Tenon_UnaryOp<"neg", Tenon_NumberMapValue> {
  let hasFolder = 1;
  let summary = "the number with the other sign";
  let description = "`%r = tenon.neg %a : tensor<4xf32>`";
}
def Tenon_AbsOp : Tenon_UnaryOp<"abs", Tenon_NumberMapValue> {
  let summary = "absolute value; its derivative at 0 is 0";
  let description = "`%r = tenon.abs %a : tensor<4xf32>`";
}
def Tenon_SignOp : Tenon_UnaryOp<"sign", Tenon_NumberMapValue> {
  let summary = "-1, 0 or 1; NaN for NaN";
  let description = "`%r = tenon.sign %a : tensor<4xf32>`";
}

//===----------------------------------------------------------------------===//
// Elementary functions of reals
//===----------------------------------------------------------------------===//

class Tenon_FunctionOp<string mnemonic, string meaning>
    : Tenon_UnaryOp<mnemonic, Tenon_RealMapValue> {
  let summary = meaning;
  let description = "`%r = tenon." # mnemonic # " %a : tensor<4xf32>`";
}
def Tenon_ExpOp : Tenon_FunctionOp<"exp", "e to the power of a">;
def Tenon_Expm1Op : Tenon_FunctionOp<"expm1", "exp(a) - 1, exact near 0">;
def Tenon_LogOp : Tenon_FunctionOp<"log", "natural logarithm">;
def Tenon_Log1pOp : Tenon_FunctionOp<"log1p", "log(1 + a), exact near 0">;
def Tenon_SqrtOp : Tenon_FunctionOp<"sqrt", "square root">;
def Tenon_SinOp : Tenon_FunctionOp<"sin", "sine of radians">;
def Tenon_CosOp : Tenon_FunctionOp<"cos", "cosine of radians">;
def Tenon_TanhOp : Tenon_FunctionOp<"tanh", "hyperbolic tangent">;
def Tenon_SoftplusOp : Tenon_FunctionOp<"softplus", "log(1 + exp(a)), without overflow">;
def Tenon_SigmoidOp : Tenon_FunctionOp<"sigmoid", "1 / (1 + exp(-a))">;
def Tenon_ErfOp : Tenon_FunctionOp<"erf", "error function">;
def Tenon_FloorOp : Tenon_FunctionOp<"floor", "largest whole number not above a">;
def Tenon_RoundOp : Tenon_FunctionOp<"round", "nearest whole number, halves to even">;
def Tenon_StopGradientOp : Tenon_UnaryOp<"stop_gradient", Tenon_MapValue> {
  let summary = "the operand, held constant by differentiation";
  let description = "`%r = tenon.stop_gradient %a : tensor<4xf32>`";
}

//===----------------------------------------------------------------------===//
// Truth values and conversion
//===----------------------------------------------------------------------===//

def Tenon_CompareOp : Tenon_MapOp<"compare", [AllTypesMatch<["lhs", "rhs"]>]> {
  let summary = "comparison; with NaN everything but `ne` is false";
  let description = "`%r = tenon.compare lt %a, %b : tensor<4xf32> -> tensor<4xi1>`";
  let arguments = (ins Tenon_Predicate:$predicate, Tenon_MapValue:$lhs, Tenon_MapValue:$rhs);
  let results = (outs Tenon_BoolMapValue:$result);
  let assemblyFormat = "$predicate $lhs `,` $rhs attr-dict `:` type($lhs) `->` type($result)";
  let hasVerifier = 1;
}
def Tenon_AndOp : Tenon_BinaryOp<"and", Tenon_BoolMapValue, [Commutative]> {
  let hasFolder = 1;
  let summary = "both";
  let description = "`%r = tenon.and %a, %b : tensor<4xi1>`";
}
def Tenon_OrOp : Tenon_BinaryOp<"or", Tenon_BoolMapValue, [Commutative]> {
  let hasFolder = 1;
  let summary = "either";
  let description = "`%r = tenon.or %a, %b : tensor<4xi1>`";
}
def Tenon_NotOp : Tenon_UnaryOp<"not", Tenon_BoolMapValue> {
  let hasFolder = 1;
  let summary = "the other truth value";
  let description = "`%r = tenon.not %a : tensor<4xi1>`";
}
def Tenon_IsFiniteOp : Tenon_MapOp<"is_finite", []> {
  let summary = "neither infinite nor NaN";
  let description = "`%r = tenon.is_finite %a : tensor<4xf32> -> tensor<4xi1>`";
  let arguments = (ins Tenon_RealMapValue:$operand);
  let results = (outs Tenon_BoolMapValue:$result);
  let assemblyFormat = "$operand attr-dict `:` type($operand) `->` type($result)";
  let hasVerifier = 1;
}
def Tenon_SelectOp : Tenon_MapOp<"select", [AllTypesMatch<["ifTrue", "ifFalse", "result"]>]> {
  let hasFolder = 1;
  let summary = "one of two, element by element";
  let description = [{
    `%r = tenon.select %c, %a, %b : tensor<4xi1>, tensor<4xf32>`. The operand that isn't chosen has
    a cotangent of exactly zero there, whatever its value.
  }];
  let arguments = (ins Tenon_BoolMapValue:$condition, Tenon_MapValue:$ifTrue,
                       Tenon_MapValue:$ifFalse);
  let results = (outs Tenon_MapValue:$result);
  let assemblyFormat = [{
    $condition `,` $ifTrue `,` $ifFalse attr-dict `:` type($condition) `,` type($result)
  }];
  let hasVerifier = 1;
}
def Tenon_ConvertOp : Tenon_MapOp<"convert", []> {
  let hasFolder = 1;
  let summary = "conversion between element types";
  let description = [{
    `%r = tenon.convert %a : tensor<4xf32> -> tensor<4xi32>`. To integers: towards zero,
    saturating, NaN gives 0. To bool: not equal to 0. From bool: 0 or 1. Integers to a narrower
    integer wrap.
  }];
  let arguments = (ins Tenon_MapValue:$operand);
  let results = (outs Tenon_MapValue:$result);
  let assemblyFormat = "$operand attr-dict `:` type($operand) `->` type($result)";
  let hasVerifier = 1;
}

#endif
