//===- UpdateKernel.cpp - Writing one row in place ------------------------===//
//
// The result's memory is the first operand's, so everything but the row is there already. The
// kernel's elements are those of the row; a place outside writes nothing.
//
//===----------------------------------------------------------------------===//
#include "codegen/cpu/kernel/ElementLoops.h"
#include "codegen/cpu/kernel/Kernels.h"
#include "passes/schedule/InPlace.h"

namespace tenon::cpu {

llvm::Expected<EmittedKernel> emitUpdateKernel(Emission &e) {
  KernelOp op = e.request.op;
  m::Block &body = op.getBody().front();
  unsigned axis = *updatedAxis(op);
  m::Value row = body.getArgument(1), at = body.getArgument(2);
  auto extents = dimsOf(m::cast<RankedTensorType>(op.getResult(0).getType()));
  auto inRow = [&](unsigned a) { return a - (a > axis); };
  std::optional<unsigned> partition;
  if (e.request.partitionAxis)
    partition = inRow(*e.request.partitionAxis);

  auto survey = [&](llvm::ArrayRef<LoopGroup> groups) {
    return surveyAccess(e.request, {row}, surveyPlace(groups, groups.size() - 1), std::nullopt,
                        /*writes=*/false);
  };
  // The axis that the row lacks parts its neighbours in memory.
  auto groups =
      mergeAxes(dimsOf(m::cast<RankedTensorType>(row.getType())), survey, [&](unsigned a) {
        return a == axis || (partition && (a == *partition || a == *partition + 1));
      });
  unsigned lanes = vectorLanes(e.request, e.target);
  if (!groups.empty())
    lanes = narrowedLanes(lanes, groups.back().extent);
  ElementLoops loops(groups, partition, lanes, groups.empty() ? 1 : survey(groups).total());
  Pull pull(e, lanes);

  Value *place = pull.element(at, Place());
  bool natural = elementOf(at.getType()).isUnsignedInteger();
  place =
      natural ? e.b.CreateZExt(place, e.b.getInt64Ty()) : e.b.CreateSExt(place, e.b.getInt64Ty());
  Value *inside = e.b.CreateAnd(e.b.CreateICmpSGE(place, e.number(0)),
                                e.b.CreateICmpSLT(place, e.dim(extents[axis])));
  e.when(inside, [&] {
    loops.emit(e, pull.math, [&](const Place &elements, Value *lanesOn) {
      const Mask *mask = pull.mask(lanesOn);
      Place target;
      bool isPlaced = false;
      for (auto &group : elements.groups) {
        if (group.first == axis) {
          target.append(Index::uniform(place));
          isPlaced = true;
        }
        target.append(group.at, group.count);
      }
      if (!isPlaced)
        target.append(Index::uniform(place));
      pull.storeResult(pull.element(row, elements, mask), 0, target, mask);
    });
  });
  if (auto error = finish(pull))
    return std::move(error);
  return EmittedKernel{"", loops.tasks, loops.grain, 0};
}

} // namespace tenon::cpu
