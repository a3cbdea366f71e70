//===- Dialect.h - The graph IR ---------------------------------*- C++ -*-===//
#pragma once

#include "ir/dim/Dim.h"

#include "mlir/Bytecode/BytecodeOpInterface.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/Builders.h"
#include "mlir/IR/BuiltinAttributes.h"
#include "mlir/IR/BuiltinTypes.h"
#include "mlir/IR/Dialect.h"
#include "mlir/IR/OpDefinition.h"
#include "mlir/IR/OpImplementation.h"
#include "mlir/IR/TensorEncoding.h"
#include "mlir/Interfaces/ControlFlowInterfaces.h"
#include "mlir/Interfaces/InferTypeOpInterface.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"

namespace tenon {
using mlir::AffineMap;
using mlir::ArrayRef;
using mlir::Block;
using mlir::BlockArgument;
using mlir::OperandRange;
using mlir::RankedTensorType;
using mlir::ResultRange;
using mlir::SmallVector;
using mlir::StringRef;
using mlir::Type;
using mlir::Value;
using mlir::ValueRange;

/// True for tensors whose extents are all known by number or `#tenon.dims`: those of the dialect.
bool hasExtents(Type type);
/// The extents of a tensor, whether or not they are numbers.
SmallVector<Dim> dimsOf(RankedTensorType type);
/// A tensor type of these extents; it carries them as `#tenon.dims` unless all are numbers.
RankedTensorType tensorType(mlir::MLIRContext *context, ArrayRef<Dim> dims, Type element);
/// The same extents with another element type.
RankedTensorType withElement(RankedTensorType type, Type element);
/// The element type of a tensor, or of a single element in a contraction's body: the type itself.
Type elementOf(Type type);
/// True for f16, bf16, f32 and f64, and tensors of them.
bool isReal(Type type);
/// The number of elements.
Dim elementsOf(RankedTensorType type);
} // namespace tenon

#include "ir/dialect/TenonDialect.h.inc"
#include "ir/dialect/TenonEnums.h.inc"
#include "ir/dialect/TenonInterfaces.h.inc"

#define GET_ATTRDEF_CLASSES
#include "ir/dialect/TenonAttributes.h.inc"

#define GET_OP_CLASSES
#include "ir/dialect/TenonOps.h.inc"
