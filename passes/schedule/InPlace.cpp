//===- InPlace.cpp - Kernels that write one row of what they are given ----===//
#include "passes/schedule/InPlace.h"

using namespace mlir;
using namespace tenon;

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
