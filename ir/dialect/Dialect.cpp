//===- Dialect.cpp - The graph IR -----------------------------------------===//
#include "ir/dialect/Dialect.h"

#include "mlir/IR/DialectImplementation.h"
#include "mlir/Interfaces/FoldInterfaces.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using namespace tenon;

#include "ir/dialect/TenonDialect.cpp.inc"
#include "ir/dialect/TenonEnums.cpp.inc"
#include "ir/dialect/TenonInterfaces.cpp.inc"

namespace {
/// The body of a contraction works on single elements, which have no place outside of it.
struct KeepBodyConstants : DialectFoldInterface {
  using DialectFoldInterface::DialectFoldInterface;
  bool shouldMaterializeInto(Region *region) const override {
    return isa<ContractOp>(region->getParentOp());
  }
};
} // namespace

void TenonDialect::initialize() {
  registerAttributes();
  addInterfaces<KeepBodyConstants>();
  addOperations<
#define GET_OP_LIST
#include "ir/dialect/TenonOps.cpp.inc"
      >();
}

Operation *TenonDialect::materializeConstant(OpBuilder &builder, Attribute value, Type type,
                                             Location loc) {
  auto typed = dyn_cast<TypedAttr>(value);
  if (!typed || typed.getType() != type)
    return nullptr;
  return ConstantOp::create(builder, loc, typed);
}

#define GET_OP_CLASSES
#include "ir/dialect/TenonOps.cpp.inc"
