/// Small files of a run folder.
#pragma once

#include "runtime/data/Result.h"
#include "runtime/data/Schema.h"

#include <string>
#include <vector>

namespace tenon::train {

/// Replaces a file atomically.
Status writeText(const std::string &path, const std::string &text);

/// loss.svg and <metric>.svg from metrics.jsonl in `folder`.
Status writeCurves(const std::string &folder, const std::vector<std::string> &metrics);

/// Empties every `place`: what remains is the declaration itself.
void forgetPlaces(data::Dataset &dataset);

} // namespace tenon::train
