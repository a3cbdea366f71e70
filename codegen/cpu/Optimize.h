//===- Optimize.h - LLVM IR to machine code ---------------------*- C++ -*-===//
#pragma once

#include "codegen/cpu/TargetInfo.h"

namespace llvm {
class Module;
}

namespace tenon {

/// Gives `module` the target's data layout and its functions the attributes that all compiled code
/// has, verifies it, and runs the passes that emitted code gains from. A module that doesn't verify
/// is the error.
llvm::Error optimize(llvm::Module &module, const TargetInfo &target);

/// A relocatable object file, and assembly text. The module is used up.
llvm::Expected<std::string> emitObject(llvm::Module &module, const TargetInfo &target);
llvm::Expected<std::string> emitAssembly(llvm::Module &module, const TargetInfo &target);

} // namespace tenon
