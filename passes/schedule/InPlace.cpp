//===- InPlace.cpp - Kernels that write one row of what they are given ----===//
#include "passes/schedule/InPlace.h"

using namespace mlir;
using namespace tenon;

Unrepeated tenon::withoutRepetition(Value value) {
  Unrepeated result{value, {}};
  unsigned rank = cast<RankedTensorType>(value.getType()).getRank();
  for (unsigned i = 0; i < rank; ++i)
    result.axes.push_back(i);
  while (auto broadcast = result.value.getDefiningOp<BroadcastOp>()) {
    SmallVector<int64_t> axes;
    for (int64_t axis : broadcast.getAxes())
      axes.push_back(result.axes[axis]);
    result = {broadcast.getOperand(), axes};
  }
  return result;
}

std::optional<RowUpdate> tenon::matchRowUpdate(Repetition loop, unsigned carried) {
  auto select = loop.getCarriedYields()[carried].getDefiningOp<SelectOp>();
  if (!select || select->getBlock() != &loop.getBodyBlock())
    return std::nullopt;
  auto [value, axes] = withoutRepetition(select.getCondition());
  auto compare = value.getDefiningOp<CompareOp>();
  if (!compare ||
      (compare.getPredicate() != Predicate::eq && compare.getPredicate() != Predicate::ne))
    return std::nullopt;
  bool isEqual = compare.getPredicate() == Predicate::eq;
  Value kept = isEqual ? select.getIfFalse() : select.getIfTrue();
  Value changed = isEqual ? select.getIfTrue() : select.getIfFalse();
  if (kept != loop.getCarriedArguments()[carried])
    return std::nullopt;
  for (auto [place, other] : {std::pair(compare.getLhs(), compare.getRhs()),
                              std::pair(compare.getRhs(), compare.getLhs())}) {
    Unrepeated numbers = withoutRepetition(place), at = withoutRepetition(other);
    auto iota = numbers.value.getDefiningOp<IotaOp>();
    if (iota && at.axes.empty())
      return RowUpdate{select, axes[numbers.axes[iota.getAxis()]], at.value, changed};
  }
  return std::nullopt;
}

std::optional<unsigned> tenon::updatedAxis(KernelOp kernel) {
  auto axis = kernel->getAttrOfType<IntegerAttr>(updateAttribute);
  return axis ? std::optional<unsigned>(axis.getInt()) : std::nullopt;
}

bool tenon::isUpdatedInPlace(Repetition loop, unsigned carried) {
  Value yield = loop.getCarriedYields()[carried];
  Value old = loop.getCarriedArguments()[carried];
  auto kernel = yield.getDefiningOp<KernelOp>();
  return kernel && updatedAxis(kernel) && kernel->getBlock() == &loop.getBodyBlock() &&
         kernel.getInputs()[0] == old && old.hasOneUse();
}

bool tenon::writesInPlace(KernelOp kernel) {
  auto loop = dyn_cast<Repetition>(kernel->getParentOp());
  if (!loop || !updatedAxis(kernel))
    return false;
  for (unsigned i = 0; i < loop.getNumCarried(); ++i)
    if (loop.getCarriedYields()[i] == kernel.getResult(0) && isUpdatedInPlace(loop, i))
      return true;
  return false;
}
