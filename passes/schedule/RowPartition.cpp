//===- RowPartition.cpp - Scans whose rows don't meet ---------------------===//
#include "passes/schedule/RowPartition.h"

#include "passes/schedule/Elementwise.h"

using namespace mlir;
using namespace tenon;

namespace {

/// Tries one axis of one carried value as the row and follows the consequences.
class Attempt {
public:
  explicit Attempt(ScanOp scan) : scan(scan) {}

  bool run(BlockArgument carried, unsigned carriedAxis) {
    partition.rows = dimsOf(cast<RankedTensorType>(carried.getType()))[carriedAxis];
    if (!label(carried, carriedAxis))
      return false;
    // Labels spread over carries and kernels until nothing is new.
    for (bool changed = true; changed;) {
      size_t before = labels.size();
      for (auto [argument, yield] :
           llvm::zip(scan.getCarriedArguments(), scan.getCarriedYields())) {
        if (auto known = labels.find(argument);
            known != labels.end() && !label(yield, known->second))
          return false;
        if (auto known = labels.find(yield);
            known != labels.end() && !label(argument, known->second))
          return false;
      }
      for (Operation &op : scan.getBody().front())
        if (!spread(op))
          return false;
      changed = labels.size() != before;
    }
    return everyKernelHasARow();
  }

  RowPartition partition;

private:
  /// Values that every thread writes a part of: carries and what the body computes.
  bool isLocal(Value value) {
    if (auto argument = dyn_cast<BlockArgument>(value))
      return argument.getOwner() == &scan.getBody().front() &&
             llvm::is_contained(scan.getCarriedArguments(), argument);
    return value.getParentRegion() == &scan.getBody();
  }

  bool label(Value value, unsigned axis) {
    if (!isLocal(value))
      return true;
    auto type = cast<RankedTensorType>(value.getType());
    if (axis >= type.getRank() || !(dimsOf(type)[axis] == partition.rows))
      return false;
    auto [place, isNew] = labels.try_emplace(value, axis);
    return isNew || place->second == axis;
  }

  bool spread(Operation &op) {
    if (auto kernel = dyn_cast<KernelOp>(op)) {
      std::optional<unsigned> axis;
      for (Value result : kernel.getResults())
        if (auto known = labels.find(result); known != labels.end())
          axis = known->second;
      if (!axis)
        axis = axisFromOperands(kernel);
      return !axis || spreadKernel(kernel, *axis);
    }
    return isa<YieldOp>(op);
  }

  /// An axis of the results under which the labelled operands are read row by row.
  std::optional<unsigned> axisFromOperands(KernelOp kernel) {
    if (kernel.getNumResults() == 0)
      return std::nullopt;
    unsigned rank = cast<RankedTensorType>(kernel.getResult(0).getType()).getRank();
    for (unsigned axis = 0; axis < rank; ++axis) {
      if (!(dimsOf(cast<RankedTensorType>(kernel.getResult(0).getType()))[axis] == partition.rows))
        continue;
      auto reads = readsByRow(kernel, axis);
      bool fits = reads.has_value(), any = false;
      for (unsigned i = 0; fits && i < kernel.getInputs().size(); ++i) {
        auto known = labels.find(kernel.getInputs()[i]);
        if (known == labels.end() || !reads->operands[i].read)
          continue;
        any = true;
        fits = reads->operands[i].kind == RowReads::Row && reads->operands[i].axis == known->second;
      }
      if (fits && any)
        return axis;
    }
    return std::nullopt;
  }

  bool spreadKernel(KernelOp kernel, unsigned axis) {
    auto reads = readsByRow(kernel, axis);
    if (!reads)
      return false;
    for (Value result : kernel.getResults())
      if (!label(result, axis))
        return false;
    for (auto [operand, read] : llvm::zip(kernel.getInputs(), reads->operands)) {
      if (!read.read || !isLocal(operand))
        continue;
      if (read.kind != RowReads::Row || !label(operand, read.axis))
        return false;
    }
    partition.axis[kernel] = axis;
    return true;
  }

  bool everyKernelHasARow() {
    for (Operation &op : scan.getBody().front())
      if (isa<KernelOp>(op) && !partition.axis.contains(&op))
        return false;
    return llvm::all_of(scan.getCarriedArguments(),
                        [&](BlockArgument a) { return labels.contains(a); });
  }

  ScanOp scan;
  llvm::DenseMap<Value, unsigned> labels;
};

} // namespace

std::optional<RowPartition> tenon::partitionRows(ScanOp scan) {
  for (Operation &op : scan.getBody().front())
    if (!isa<KernelOp, YieldOp>(op))
      return std::nullopt;
  auto carried = scan.getCarriedArguments();
  if (carried.empty())
    return std::nullopt;
  unsigned rank = cast<RankedTensorType>(carried.front().getType()).getRank();
  for (unsigned axis = 0; axis < rank; ++axis) {
    Attempt attempt(scan);
    if (attempt.run(carried.front(), axis))
      return attempt.partition;
  }
  return std::nullopt;
}
