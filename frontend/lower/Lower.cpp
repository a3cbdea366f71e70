//===- Lower.cpp - From the checked program to the graph IR ---------------===//
#include "frontend/lower/Lower.h"

#include "frontend/lower/EntryLowering.h"

using namespace mlir;
using namespace tenon;

OwningOpRef<ModuleOp> tenon::lower(const check::Program &program, const SourceManager &sources,
                                   MLIRContext &context) {
  context.loadDialect<TenonDialect, func::FuncDialect>();
  OpBuilder builder(&context);
  OwningOpRef<ModuleOp> module = ModuleOp::create(builder, UnknownLoc::get(&context));
  builder.setInsertionPointToEnd(module->getBody());
  for (const check::Entry &entry : program.entries)
    lowering::EntryLowering(entry, sources, builder).lower();
  return module;
}
