//===- Dialect.cpp - The graph IR -----------------------------------------===//
#include "ir/dialect/Dialect.h"

#include "mlir/IR/DialectImplementation.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using namespace tenon;

#include "ir/dialect/TenonDialect.cpp.inc"
#include "ir/dialect/TenonEnums.cpp.inc"
#include "ir/dialect/TenonInterfaces.cpp.inc"

void TenonDialect::initialize() {
  registerAttributes();
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
