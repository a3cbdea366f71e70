//===- DimCode.h - Extents as LLVM values -----------------------*- C++ -*-===//
#pragma once

#include "ir/dim/Dim.h"

#include "llvm/ADT/ArrayRef.h"
#include "llvm/IR/IRBuilder.h"

#include <string>

namespace tenon {

/// Emits the value of `dim` as an i64. `symbols` points to the values of the named dimensions, in
/// the order of `names`; every name in `dim` is among them.
llvm::Value *emitDim(llvm::IRBuilderBase &builder, const Dim &dim, llvm::Value *symbols,
                     llvm::ArrayRef<std::string> names);

} // namespace tenon
