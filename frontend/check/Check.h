//===- Check.h - Checks programs --------------------------------*- C++ -*-===//
//
// The checker's interface. Mistakes go to the diagnostic engine; a result is there only if there
// was none.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "frontend/check/Modules.h"
#include "frontend/check/Program.h"
#include "frontend/diagnostics/Diagnostics.h"

#include <map>
#include <optional>
#include <string>

namespace tenon::check {

struct CheckOptions {
  /// What `float` is where nothing decides: f32, or f64 under `--float f64`.
  DType real = DType::F32;
  /// Dimensions that are read from the data ("classes"), where the data has been read.
  std::map<std::string, int64_t> dataDims;
  /// Tells how declarations of data sets fit their files; null: nobody looks.
  data::LookAtData lookAtData;
};

/// What a caller of one function fixes.
struct FunctionInputs {
  /// Types of tensors, by parameter (of a tree: by leaf, "cache.k"). Those not given keep the
  /// dimensions of the signature open; a parameter with `...` must be given.
  std::map<std::string, TensorType> tensors;
  /// Values of `int` and `real` parameters.
  std::map<std::string, double> numbers;
  std::map<std::string, std::string> strings;
};

/// Everything in a file: each function and model by itself, data sets, train blocks. All errors go
/// to `engine`; false if there was one.
bool checkFile(Modules &modules, Module &module, DiagnosticEngine &engine,
               const CheckOptions &options = {});

/// One function for `tenon run`: "name", or "Model.name" of a model whose arguments have defaults
/// (its parameters and states become arguments of the entry).
std::optional<Program> elaborateFunction(Modules &modules, Module &module, const std::string &name,
                                         const FunctionInputs &inputs, DiagnosticEngine &engine,
                                         const CheckOptions &options = {});

/// The file's `train` block.
std::optional<Program> elaborateTraining(Modules &modules, Module &module, DiagnosticEngine &engine,
                                         const CheckOptions &options = {});

} // namespace tenon::check
