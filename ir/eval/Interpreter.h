//===- Interpreter.h - What a function of the graph IR computes -*- C++ -*-===//
//
// The oracle: every pass and code generator is compared with it. It runs op by op in program order,
// element by element, and shares no formula with code generation.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "ir/dialect/Dialect.h"
#include "ir/eval/HostTensor.h"

#include "llvm/ADT/StringMap.h"
#include "llvm/Support/Error.h"

#include <vector>

namespace tenon {

struct EvalOptions {
  /// Computes all real numbers in f64 without rounding to their dtype; results of real dtype are
  /// f64. Draws keep the uniforms of their own dtype.
  bool wide = false;
  /// A sum of the products of two operands is one ascending chain of fused multiply-adds, from 0;
  /// without it products are rounded before they are added. Without meaning in `wide`.
  bool fusedChains = true;
  /// Moves every real number that had to be rounded by up to four units more, each number always to
  /// the same one, as this seed has it; 0 moves nothing. What a result moves by is what rounding
  /// can do to it (stochastic arithmetic; Vignes, 1993), and so what two right ways to compute it
  /// may differ by.
  uint64_t noise = 0;
  /// Values of named dimensions that the inputs' shapes don't tell.
  llvm::StringMap<int64_t> symbols;
};

/// A condition of the program that didn't hold: a failed `tenon.check`.
class CheckFailure : public llvm::ErrorInfo<CheckFailure> {
public:
  static char ID;
  CheckFailure(std::string message, mlir::Location location, int64_t index)
      : message(std::move(message)), location(location), index(index) {}
  void log(llvm::raw_ostream &out) const override;
  std::error_code convertToErrorCode() const override;

  std::string message;
  mlir::Location location;
  /// The first element, in row-major order, of the condition (or result) it failed for.
  int64_t index;
};

/// Runs a function. `inputs` are its arguments; they must fit its types for one choice of the named
/// dimensions, which is found from their shapes. Errors: inputs that don't fit, `CheckFailure` for
/// the first check that fails in program order, ops that have no evaluation (`vjp` and `jvp`:
/// differentiate first), and a broken invariant of the IR (a read outside its operand, a result
/// that isn't of its type), each with the op's place.
llvm::Expected<std::vector<HostTensor>> interpret(mlir::func::FuncOp function,
                                                  llvm::ArrayRef<HostTensor> inputs,
                                                  const EvalOptions &options = {});

/// The values of the named dimensions for which inputs of these shapes fit the function, with those
/// of `given`. The error names the first argument that doesn't fit.
llvm::Expected<llvm::StringMap<int64_t>> solveSymbols(mlir::func::FuncOp function,
                                                      llvm::ArrayRef<HostTensor> inputs,
                                                      const llvm::StringMap<int64_t> &given = {});

/// The dtype of a tensor's element or of a single one: of the dialect's element types.
tenon_dtype dtypeOf(mlir::Type type);
/// The element type that holds `dtype`.
mlir::Type elementType(mlir::MLIRContext *context, tenon_dtype dtype);

/// True if the interpreter has a rule for ops of this name.
bool hasEvaluation(llvm::StringRef opName);

} // namespace tenon
