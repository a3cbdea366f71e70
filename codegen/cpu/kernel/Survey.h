//===- Survey.h - How a kernel would read memory ----------------*- C++ -*-===//
#pragma once

#include "codegen/cpu/kernel/Place.h"

namespace tenon::cpu {

/// An index seen from afar: the same for all lanes, apart by a stride, or anything.
struct LaneStride {
  enum Kind { Uniform, Strided, Any };
  Kind kind = Uniform;
  Dim stride;

  bool isUniform() const { return kind == Uniform; }
  bool operator==(const LaneStride &) const = default;
};

/// Counts what an arithmetic on indices would emit, without emitting it.
class SurveyMath {
public:
  using Index = LaneStride;

  Index constant(const Dim &) { return {}; }
  Index add(const Index &a, const Index &c);
  Index scale(const Index &a, const Dim &factor);
  Index floorDiv(const Index &a, const Dim &) { return divided(a); }
  Index mod(const Index &a, const Dim &) { return divided(a); }
  std::pair<Index, Index> divide(const Index &a, const Dim &extent);

  int divisions = 0, laneDivisions = 0;
  /// Lanes are taken to start at multiples of their number.
  bool isAligned = true;

private:
  Index divided(const Index &a);
};

/// What reading the elements of some values for one vector of lanes takes. Nothing here depends on
/// the target, so that what is decided by it is the same on every one.
struct AccessCosts {
  int divisions = 0, laneDivisions = 0;
  int uniform = 0, contiguous = 0, scattered = 0;
  /// Arithmetic, in additions.
  int work = 0;

  int total() const {
    return work + 2 * divisions + 6 * laneDivisions + contiguous + 12 * scattered;
  }
};

/// A contraction inside the surveyed values: its place is taken over by this domain.
struct SurveyedContraction {
  ContractOp op;
  /// Places of the reduced loops; the domain is the result's axes, then these.
  llvm::SmallVector<LaneStride> reduced;
  /// How the reduced loops are grouped.
  llvm::SmallVector<unsigned> groups;
};

/// Follows `values` from `place` to the kernel's operands, and (with `writes`) writes the results
/// there.
AccessCosts surveyAccess(const KernelRequest &request, llvm::ArrayRef<m::Value> values,
                         const PlaceOf<LaneStride> &place,
                         std::optional<SurveyedContraction> contraction = std::nullopt,
                         bool writes = true);

/// What a loop nest runs over: groups of neighbouring axes of a domain, each one loop.
struct LoopGroup {
  unsigned first, count;
  Dim extent;
};

/// Joins neighbouring axes into one loop where that makes no kernel operand harder to read.
/// `survey` answers the costs for a grouping; `border(i)` forbids a group to begin before axis i
/// and end after it.
llvm::SmallVector<LoopGroup>
mergeAxes(llvm::ArrayRef<Dim> extents,
          llvm::function_ref<AccessCosts(llvm::ArrayRef<LoopGroup>)> survey,
          llvm::function_ref<bool(unsigned)> border);

/// A place with the lanes along group `lane` (none if it is beyond the groups).
PlaceOf<LaneStride> surveyPlace(llvm::ArrayRef<LoopGroup> groups, unsigned lane);

} // namespace tenon::cpu
