//===- Builder.h - Makes the operations of an entry -------------*- C++ -*-===//
#pragma once

#include "frontend/check/Value.h"

#include <functional>
#include <unordered_map>
#include <utility>

namespace tenon::check {

/// Appends operations to the regions of one entry. An operation inside a nest that uses none of its
/// indices is put before the nest, so that a call without an index is made once.
class Builder {
public:
  enum class Frame { Entry, Nest, Branch, Body };

  Builder(Entry &entry, DtypeTable &dtypes) : entry_(entry), dtypes_(dtypes) {
    frames_.push_back({Frame::Entry, {}});
  }

  Entry &entry() { return entry_; }

  /// A value that no operation makes: an argument of the innermost region, or of the entry.
  Tensor argument(Dt dtype, std::vector<Axis> axes);
  /// An argument of the entry itself.
  Tensor entryArgument(Dt dtype, std::vector<Axis> axes);
  /// A scalar argument of the region opened as the `depth`-th.
  Tensor argumentAt(size_t depth, Dt dtype);
  /// Appends an operation with one result.
  Tensor emit(OpKind kind, std::vector<ValueId> operands, Dt dtype, std::vector<Axis> axes,
              SourceRange range, decltype(Op::attr) attr = {}, std::vector<Region> regions = {});
  Tensor emitMap(MapKind map, std::vector<ValueId> operands, Dt dtype, std::vector<Axis> axes,
                 SourceRange range);
  /// Appends an operation whose results have been made with `result`.
  void append(Op op);
  /// A value that `append` is about to define.
  Tensor result(Dt dtype, std::vector<Axis> axes);

  /// Opens a region; what is emitted goes there until `close`, which hands it over.
  void open(Frame frame);
  Region close(std::vector<ValueId> results);
  /// How many regions are open around what is emitted now.
  size_t depth() const { return frames_.size(); }
  /// The region depth of a value: it is available in all regions inside that one.
  size_t depthOf(ValueId value) const { return depths_[value]; }
  /// Whether a loop index of a nest around here stands behind the value.
  bool usesIndex(ValueId value) const;
  bool inNest() const;

  /// The iteration counters of the scans around here, the outermost first.
  std::vector<ValueId> iterations;

  Dt dtypeOf(ValueId value) const { return valueTypes_[value]; }
  /// Replaces unknown dtypes and dimensions in the types of all values.
  void finish(DType real, const std::function<Dim(const Dim &)> &resolve);
  size_t operationCount() const { return operations_; }
  /// Whether a value since the last time it was asked has more elements than 64 bits can count, or
  /// too many dimensions.
  bool madeUncountable() { return std::exchange(uncountable_, false); }

private:
  struct OpenRegion {
    Frame frame;
    Region region;
  };
  /// The deepest region whose values the operation uses, its own regions' included.
  size_t deepestUse(const Op &op, size_t limit) const;
  ValueId newValue(Dt dtype, const std::vector<Axis> &axes, size_t depth);
  /// The open region that an operation belongs in.
  size_t target(const Op &op, size_t used) const;

  Entry &entry_;
  DtypeTable &dtypes_;
  std::vector<OpenRegion> frames_;
  std::vector<size_t> depths_;
  std::vector<Dt> valueTypes_;
  size_t operations_ = 0;
  bool uncountable_ = false;
};

} // namespace tenon::check
