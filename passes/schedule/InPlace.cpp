//===- InPlace.cpp - Kernels that write one row of what they are given ----===//
#include "passes/schedule/InPlace.h"

using namespace mlir;
using namespace tenon;

std::optional<unsigned> tenon::updatedAxis(KernelOp kernel) {
  auto axis = kernel->getAttrOfType<IntegerAttr>(updateAttribute);
  return axis ? std::optional<unsigned>(axis.getInt()) : std::nullopt;
}

bool tenon::isUpdatedInPlace(ScanOp scan, unsigned carried) {
  Value yield = scan.getCarriedYields()[carried];
  Value old = scan.getCarriedArguments()[carried];
  auto kernel = yield.getDefiningOp<KernelOp>();
  return kernel && updatedAxis(kernel) && kernel->getBlock() == &scan.getBody().front() &&
         kernel.getInputs()[0] == old && old.hasOneUse();
}

bool tenon::writesInPlace(KernelOp kernel) {
  auto scan = dyn_cast<ScanOp>(kernel->getParentOp());
  if (!scan || !updatedAxis(kernel))
    return false;
  for (unsigned i = 0; i < scan.getNumCarried(); ++i)
    if (scan.getCarriedYields()[i] == kernel.getResult(0) && isUpdatedInPlace(scan, i))
      return true;
  return false;
}
