//===- Ways.h - Ways to compute a program -----------------------*- C++ -*-===//
#pragma once

#include "tests/fuzz/RandomProgram.h"

#include "llvm/ADT/ArrayRef.h"

#include <functional>
#include <ostream>
#include <string>

namespace tenon::fuzz {

/// What running a function gave: results, or a failure.
struct Outcome {
  std::vector<HostTensor> results;
  /// A check that failed: its message and the element.
  std::string failedCheck;
  /// Anything else that went wrong; never expected.
  std::string error;
};

/// Changes the module as it likes and computes its function.
struct Way {
  std::string name;
  int64_t programs; // by default
  bool scatteredResults;
  std::function<Outcome(mlir::ModuleOp, llvm::ArrayRef<HostTensor>)> run;
};

inline void PrintTo(const Way &way, std::ostream *out) { *out << way.name; }

std::vector<Way> allWays();

/// What the function computes as it stands.
Outcome interpreted(mlir::func::FuncOp function, llvm::ArrayRef<HostTensor> inputs,
                    bool wide = false);

/// Empty if two outcomes agree, with real elements within the errors; else the first difference.
std::string compare(const Outcome &actual, const Outcome &expected, llvm::ArrayRef<double> errors);

} // namespace tenon::fuzz
