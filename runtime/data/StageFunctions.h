/// Functions of the program that are stages of fields.
#pragma once

#include "runtime/data/Npy.h"
#include "runtime/data/Result.h"

#include <cstdint>
#include <span>
#include <string>

namespace tenon::data {

/// What the draws of a batch depend on, beside each row.
struct Draws {
  bool training = false; ///< as `training` is in the program
  uint64_t seed = 0;
  int64_t epoch = 0;
};

/// Applies them to rows. Safe from several threads.
class StageFunctions {
public:
  virtual ~StageFunctions() = default;

  /// The dtype of the values that a function takes.
  virtual Result<int32_t> inputDtype(const std::string &entry) const = 0;
  /// The function's values for `values`, whose first axis goes over `rows`. Draws depend on each
  /// row's number, not on the rows beside it.
  virtual Result<Array> run(const std::string &entry, std::span<const uint32_t> rows,
                            const Array &values, const Draws &draws) const = 0;
};

} // namespace tenon::data
