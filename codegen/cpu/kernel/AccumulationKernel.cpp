//===- AccumulationKernel.cpp - Contractions that write all over ----------===//
#include "codegen/cpu/kernel/Kernels.h"

namespace tenon::cpu {

llvm::Expected<EmittedKernel> emitAccumulationKernel(Emission &, ContractOp contract) {
  return cannot(contract, "a result map that isn't a list of loops is not there yet");
}

} // namespace tenon::cpu
