//===- Lower.h - From the checked program to the graph IR -------*- C++ -*-===//
#pragma once

#include "frontend/check/Program.h"

#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/MLIRContext.h"
#include "mlir/IR/OwningOpRef.h"

namespace tenon {

class SourceManager;

/// A module with one `func.func` for each entry of `program`, attributed as docs/architecture.md,
/// "Entries and roles", says. The module verifies; ops carry the places (file, line, column) of the
/// expressions that they come from. `context` gets the dialects it needs.
mlir::OwningOpRef<mlir::ModuleOp> lower(const check::Program &program, const SourceManager &sources,
                                        mlir::MLIRContext &context);

/// What a draw's name in the program is in the graph: the same number for the same text, for ever.
int64_t drawStream(llvm::StringRef name);

} // namespace tenon
