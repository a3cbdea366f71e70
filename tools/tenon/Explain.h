//===- Explain.h - Which line made a step's loss not finite -----*- C++ -*-===//
#pragma once

#include "runtime/data/Result.h"
#include "runtime/train/Trainer.h"
#include "tools/tenon/Programs.h"

namespace tenon::tool {

/// Repeats a failed step, whose arguments are untouched, as a program that answers which op makes
/// the first value that isn't finite, and tells its place in the source. Nothing if all values are
/// finite, that is, if the step failed for another reason.
std::optional<Failure> explainFailedStep(const Common &common, const data::Extents &extents,
                                         const train::FailedStep &step);

} // namespace tenon::tool
