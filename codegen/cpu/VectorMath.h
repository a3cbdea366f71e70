//===- VectorMath.h - Elementary functions as LLVM IR -----------*- C++ -*-===//
#pragma once

#include "codegen/cpu/TargetInfo.h"

#include "llvm/IR/IRBuilder.h"

namespace tenon {

/// Functions of one real number. `Round` rounds halves to even.
enum class MathFunction {
  Exp,
  Expm1,
  Log,
  Log1p,
  Tanh,
  Sigmoid,
  Erf,
  Sin,
  Cos,
  Sqrt,
  Floor,
  Round
};

/// Everything below works on a scalar or a fixed vector of any width and gives an element the same
/// bits at every width and on every target with the same numeric mode. No library is called. Errors
/// and special values: docs/numerics.md. The code assumes, as all compiled code, that denormals are
/// flushed (runtime/core/FloatMode.h).

/// `function` of f16, bf16, f32 or f64. The small functions are written in place; the large ones
/// (sin, cos, pow) become internal functions of the module, one for each type.
llvm::Value *emitMath(llvm::IRBuilderBase &builder, const TargetInfo &target, MathFunction function,
                      llvm::Value *x);

/// x to the power y as C's `pow`, of f16, bf16, f32 or f64.
llvm::Value *emitPow(llvm::IRBuilderBase &builder, const TargetInfo &target, llvm::Value *x,
                     llvm::Value *y);

/// a * b + c of f32 or f64: rounded once where the target has FMA, else twice.
llvm::Value *emitFma(llvm::IRBuilderBase &builder, const TargetInfo &target, llvm::Value *a,
                     llvm::Value *b, llvm::Value *c);

/// f16 or bf16 to f32 (exact), and f32 to f16 or bf16 (nearest, ties to even). Any other type is
/// answered as it is.
llvm::Value *emitWiden(llvm::IRBuilderBase &builder, const TargetInfo &target, llvm::Value *x);
llvm::Value *emitNarrow(llvm::IRBuilderBase &builder, const TargetInfo &target, llvm::Value *x,
                        llvm::Type *element);

} // namespace tenon
