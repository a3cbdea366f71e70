/// Parameters that a training begins with from files.
#pragma once

#include "runtime/data/Result.h"
#include "runtime/train/Tensors.h"
#include "runtime/train/Training.h"

#include <string>

namespace tenon::train {

/// Puts the tensors of a file into the parameters and states under `start.target`, all of which it
/// must have; what it has beyond them is left. Reals are converted to the variable's dtype.
/// Relative paths start from `folder`.
Status loadStart(const StartFrom &start, const std::string &folder, TensorStore &store);

} // namespace tenon::train
