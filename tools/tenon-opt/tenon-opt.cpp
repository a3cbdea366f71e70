//===- tenon-opt.cpp - Runs passes on graph IR in text form ---------------===//
#include "ir/dialect/Dialect.h"
#include "passes/Passes.h"
#include "tools/tenon-opt/EvaluatePass.h"

#include "mlir/Tools/mlir-opt/MlirOptMain.h"
#include "mlir/Transforms/Passes.h"

int main(int argc, char **argv) {
  mlir::DialectRegistry registry;
  registry.insert<tenon::TenonDialect, mlir::func::FuncDialect>();
  mlir::registerTransformsPasses();
  tenon::registerTenonPasses();
  registerEvaluatePass();
  return mlir::asMainReturnCode(mlir::MlirOptMain(argc, argv, "Tenon's pass driver\n", registry));
}
