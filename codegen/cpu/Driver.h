//===- Driver.h - The function that runs an entry's kernels -----*- C++ -*-===//
#pragma once

#include "codegen/cpu/EntryPlan.h"

namespace llvm {
class Module;
}

namespace tenon {

/// Emits into `module` the three functions of an entry that the C ABI names: `body`, `plan` and
/// `input_dims`.
///
/// `kernels[i]` is what became of `plan.kernels[i]`. The body is run by every thread of a call: it
/// evaluates offsets, walks the function's ops, gives each kernel this thread's part of its tasks,
/// and puts a barrier where a kernel touches memory that another thread may still be using. A scan
/// with rows runs from its first iteration to its last on one part of the rows; one whose steps are
/// so small that waiting would cost more than it gains runs on the first thread alone. Before the
/// first kernel that overwrites a donated argument all threads look whether a check has failed, and
/// return if so.
void emitDriver(const EntryPlan &plan, llvm::ArrayRef<EmittedKernel> kernels, llvm::Module &module);

} // namespace tenon
