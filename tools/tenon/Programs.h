//===- Programs.h - From a file to a program that runs ----------*- C++ -*-===//
#pragma once

#include "codegen/jit/Compile.h"
#include "codegen/jit/Load.h"
#include "frontend/check/Check.h"
#include "tools/tenon/Commands.h"

#include "mlir/IR/MLIRContext.h"
#include "mlir/IR/OwningOpRef.h"

#include <memory>
#include <optional>
#include <string>

namespace tenon::tool {

/// What of a file is wanted: its `train` block, or one function with what the caller fixes.
struct Request {
  std::string function; ///< empty: the `train` block
  check::FunctionInputs inputs;
  /// Dimensions that are read from the data. Where a `train` block needs some and there are none,
  /// nothing but the functions that are stages is compiled.
  std::map<std::string, int64_t> dataDims;
  /// The columns of its data set are compared with the files; nothing that is compiled depends on
  /// it.
  bool looksAtData = false;
  /// Of the `train` block, instead of its entries those that attribute a prediction
  /// (runtime/train/Attribution.h).
  bool attributes = false;
  /// Of a `train` block, nothing but the functions that are stages.
  bool stagesAlone = false;
};

/// Looks at files beside the program. Those that aren't there are added to `absent`, if given.
data::LookAtData dataBeside(const Common &common, std::vector<std::string> *absent = nullptr);

/// A file that has been read and checked. Diagnostics have been printed.
struct Checked {
  SourceManager sources;
  DiagnosticEngine engine;
  std::unique_ptr<check::Modules> modules;
  check::Module *module = nullptr;
  std::optional<check::Program> program; ///< of the request, if there was no error

  /// All files that were read. What the standard library's texts are, the build's identity tells.
  std::vector<std::string> files() const;
};

/// Reads, checks and elaborates. Null after an error, which is on standard error.
std::unique_ptr<Checked> checkProgram(const Common &common, const Request &request);
/// The graph IR of a checked program.
mlir::OwningOpRef<mlir::ModuleOp> lowerProgram(const Checked &checked, mlir::MLIRContext &context);

/// A compiled program in this process, and how it came to be.
struct Compiled {
  std::unique_ptr<LoadedProgram> loaded;
  CompileReport report;
  bool fromCache = false;
  double seconds = 0; ///< from reading the file to the last symbol

  const tenon_program &program() const { return *loaded->program(); }
};

/// Compiles a request, or takes it from the cache without parsing anything. Null after an error,
/// which is on standard error. The image's metadata is the training's description as JSON, if there
/// is one (runtime/train/Training.h).
std::unique_ptr<Compiled> compileProgram(const Common &common, const Request &request);

std::optional<CompileOptions> compileOptions(const Common &common);
/// What the runtime is told of a program's `train` block, as JSON.
std::string describeTraining(const Checked &checked);

} // namespace tenon::tool
