//===- MapCode.h - Elementwise ops on scalars and vectors -------*- C++ -*-===//
#pragma once

#include "codegen/cpu/kernel/Emission.h"

namespace tenon::cpu {

/// The result of a map op (or a constant, or an extent) for these operands, all scalars or all
/// vectors of one width, in register types. Null if the op isn't known here.
Value *emitMap(Emission &e, m::Operation *op, llvm::ArrayRef<Value *> operands);

/// Scalars become vectors where one of the values is one.
void splatToWidest(Emission &e, llvm::MutableArrayRef<Value *> values);

/// Pieces that combiners use too.
Value *emitMaximum(Emission &e, Value *a, Value *c, m::Type element);
Value *emitMinimum(Emission &e, Value *a, Value *c, m::Type element);
/// The scalar that an attribute of a constant holds, in its register type.
llvm::Constant *constantElement(Emission &e, m::Attribute value, m::Type element);

} // namespace tenon::cpu
