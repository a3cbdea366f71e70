//===- JitProgram.h - Text to a program that runs, beside the oracle ------===//
#pragma once

#include "codegen/jit/Compile.h"
#include "codegen/jit/Load.h"
#include "ir/eval/Interpreter.h"
#include "runtime/core/abi.h"

#include "mlir/IR/OwningOpRef.h"

namespace tenon::test {

using Tensors = std::vector<HostTensor>;

/// A module of the graph IR that is run twice: by the interpreter as it stands (derivatives made
/// plain ops), and as machine code.
class JitProgram {
public:
  /// Fails the running test if the text isn't a module or doesn't compile.
  explicit JitProgram(llvm::StringRef text, const CompileOptions &options = {});
  ~JitProgram();
  bool isValid() const { return bool(loaded); }

  /// The interpreter's results for the function.
  llvm::Expected<Tensors> expected(llvm::StringRef function, const Tensors &inputs,
                                   const EvalOptions &options = {}) const;
  /// The machine code's, with that many threads. An error is the runtime's message.
  llvm::Expected<Tensors> actual(llvm::StringRef function, Tensors inputs, int threads) const;
  /// Compares both for 1, 2 and 3 threads, and these bit by bit.
  void check(llvm::StringRef function, const Tensors &inputs, Tolerance tolerance = {}) const;
  /// Numbers uniform in [-1, 1] (integers in [0, 4)) for the function's arguments.
  Tensors randomInputs(llvm::StringRef function, const llvm::StringMap<int64_t> &symbols,
                       uint64_t seed) const;

private:
  mlir::func::FuncOp function(llvm::StringRef name) const;
  std::unique_ptr<mlir::MLIRContext> context;
  mlir::OwningOpRef<mlir::ModuleOp> oracle;
  std::unique_ptr<LoadedProgram> loaded;
};

/// A context with the dialects that modules use.
std::unique_ptr<mlir::MLIRContext> makeContext();

} // namespace tenon::test
