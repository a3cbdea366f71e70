//===- MapKernel.cpp - Kernels without a contraction ----------------------===//
#include "codegen/cpu/kernel/ElementLoops.h"
#include "codegen/cpu/kernel/Kernels.h"

namespace tenon::cpu {

KernelValues::KernelValues(KernelOp op) {
  m::Block &body = op.getBody().front();
  llvm::append_range(yields, body.getTerminator()->getOperands());
  for (auto check : body.getOps<CheckOp>())
    checks.push_back(check);
  all = yields;
  for (CheckOp check : checks)
    all.push_back(check.getCondition());
  domain = m::cast<RankedTensorType>(all.front().getType());
}

void emitElements(Pull &pull, const KernelValues &values, const Place &place, Value *lanes) {
  const Mask *mask = pull.mask(lanes);
  Values elements;
  for (m::Value yield : values.yields)
    elements.push_back(pull.element(yield, place, mask));
  for (CheckOp check : values.checks)
    emitCheck(pull, check, place, mask);
  for (auto [i, element] : llvm::enumerate(elements))
    pull.storeResult(element, i, place, mask);
}

llvm::Error cannot(m::Operation *op, const llvm::Twine &why) {
  std::string text;
  llvm::raw_string_ostream out(text);
  out << op->getName() << " at " << op->getLoc() << ": " << why;
  return llvm::createStringError(text);
}

llvm::Error finish(const Pull &pull) {
  return pull.unknown ? cannot(pull.unknown, "no code for this op in a kernel")
                      : llvm::Error::success();
}

llvm::Expected<EmittedKernel> emitMapKernel(Emission &e) {
  KernelValues values(e.request.op);
  auto partition = e.request.partitionAxis;
  auto survey = [&](llvm::ArrayRef<LoopGroup> groups) {
    return surveyAccess(e.request, values.all, surveyPlace(groups, groups.size() - 1));
  };
  auto groups = mergeAxes(dimsOf(values.domain), survey,
                          [&](unsigned axis) { return e.request.isBorder(axis); });
  unsigned lanes = vectorLanes(e.request, e.target);
  if (!groups.empty())
    lanes = narrowedLanes(lanes, groups.back().extent);
  int64_t work = groups.empty() ? 1 : survey(groups).total();
  ElementLoops loops(groups, partition, lanes, work);
  Pull pull(e, lanes);
  loops.emit(e, pull.math,
             [&](const Place &place, Value *mask) { emitElements(pull, values, place, mask); });
  if (auto error = finish(pull))
    return std::move(error);
  return EmittedKernel{"", loops.tasks, loops.grain, 0};
}

} // namespace tenon::cpu
