/// A hand-written program as the compiler would give it: logistic regression on four columns with
/// input dropout, SGD with momentum, a running mean as state, `accuracy` (a function) and `seen` (a
/// metric with state).
#pragma once

#include "runtime/core/abi.h"
#include "runtime/train/Training.h"

#include <atomic>
#include <functional>
#include <string>

namespace fake {

/// The program; `wide` has five weights instead of four, as another model would.
const tenon_program &program(bool wide = false);

/// Called by thread 0 at the start of each training step; may answer the check to fail (0 or 1), or
/// -1.
extern std::function<int64_t(int64_t step)> onStep;

/// The declaration that goes with it, over `a.csv` with columns text, x1 … x4, label.
tenon::train::Training training();
/// Rows that this model learns; the first `text` is long and quoted.
std::string csv(int rows);

} // namespace fake
