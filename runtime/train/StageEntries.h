/// Functions of the program that are stages, as its compiled entries.
#pragma once

#include "runtime/data/StageFunctions.h"
#include "runtime/train/EntryCall.h"

#include <mutex>

namespace tenon::train {

/// An entry of a stage takes the fields `row` (i64, each row's number) and `value`, the seed and
/// the step, which is the epoch, and gives one result. Each call has a context of its own.
class StageEntries : public data::StageFunctions {
public:
  /// `program` must outlive this.
  static Result<std::unique_ptr<StageEntries>> make(const tenon_program &program);
  /// The same functions compiled anew, for other sizes elsewhere in the program.
  void setProgram(const tenon_program &anew) { program = &anew; }

  Result<int32_t> inputDtype(const std::string &entry) const override;
  Result<data::Array> run(const std::string &entry, std::span<const uint32_t> rows,
                          const data::Array &values, const data::Draws &draws) const override;

private:
  explicit StageEntries(const tenon_program &program) : program(&program) {}

  Result<Context> takeContext() const;

  const tenon_program *program;
  mutable std::mutex mutex;
  mutable std::vector<Context> idle; ///< with the memory of earlier calls
};

} // namespace tenon::train
