//===- StepWork.h - How much a step of a scan computes ----------*- C++ -*-===//
#pragma once

#include "ir/dialect/Dialect.h"

#include <optional>

namespace tenon {

/// Elements that a kernel computes or adds up.
Dim workOf(KernelOp kernel);

/// The work of one step of a scan, in elements computed or added up, less what pays for the threads
/// meeting after each kernel: below zero, one thread is done sooner than several that wait for each
/// other. nullopt where one thread can't run the scan alone: something in it, or before each step
/// of a loop in it, must first hear whether all threads' checks have held.
std::optional<Dim> stepWorkBeyondMeeting(ScanOp scan);

} // namespace tenon
