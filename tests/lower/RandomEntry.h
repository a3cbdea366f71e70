//===- RandomEntry.h - Random programs of index notation --------*- C++ -*-===//
#pragma once

#include "EntryBuilder.h"
#include "Reference.h"

#include <random>

namespace tenon::test {

/// An entry with nests, reductions, reads, branches and loops over arguments with the dimensions n
/// and m. Numbers are whole and mostly small, so that comparisons don't hang on rounding.
class RandomEntry {
public:
  explicit RandomEntry(uint32_t seed) : random_(seed) { build(); }

  const Entry &entry() const { return builder_.entry; }
  /// Arguments for these sizes; whole numbers from -3 to 3.
  std::vector<Array> arguments(const std::map<std::string, int64_t> &symbols);

private:
  struct Loop {
    ValueId index;
    Dim extent;
  };

  void build();
  int pick(int count) { return int(random_() % unsigned(count)); }
  Dim extent();
  /// An f64 scalar.
  ValueId scalar(int depth);
  /// An f64 of dims {own}.
  ValueId vector(int depth, const Dim &own);
  ValueId condition(int depth);
  ValueId readScalar(int depth);
  ReadPosition position(const Dim &axis, int depth);
  ValueId reduction(int depth);
  ValueId local(int depth);
  ValueId scan(int depth);
  ValueId loop(int depth);
  ValueId real(ValueId integer) { return builder_.map(MapKind::Convert, {integer}, DType::F64); }
  ValueId movement(ValueId value);

  std::mt19937 random_;
  EntryBuilder builder_;
  std::vector<Loop> loops_;
  std::vector<ValueId> tables_; ///< real tensors
  ValueId ids_ = kNoValue;
};

} // namespace tenon::test
