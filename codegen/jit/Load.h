//===- Load.h - A compiled program in this process --------------*- C++ -*-===//
#pragma once

#include "codegen/jit/Image.h"
#include "runtime/core/abi.h"

#include <memory>

namespace tenon {

/// Machine code linked into this process by ORC, described for the C ABI. The program and all that
/// it points to live as long as this.
class LoadedProgram {
public:
  static llvm::Expected<std::unique_ptr<LoadedProgram>> load(ProgramImage image);
  ~LoadedProgram();

  const tenon_program *program() const;
  const ProgramImage &image() const;

private:
  struct Impl;
  explicit LoadedProgram(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl;
};

} // namespace tenon
