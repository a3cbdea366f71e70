//===- Kernels.h - One generator for each kind of kernel --------*- C++ -*-===//
#pragma once

#include "codegen/cpu/kernel/Pull.h"

namespace tenon::cpu {

/// Each writes the kernel's function and answers its tasks; `symbol` stays empty. An error names an
/// op that can't be done.
llvm::Expected<EmittedKernel> emitMapKernel(Emission &e);
llvm::Expected<EmittedKernel> emitUpdateKernel(Emission &e);
llvm::Expected<EmittedKernel> emitReductionKernel(Emission &e, ContractOp contract);
/// `fold`: a reduction of neighbouring rows of what becomes of the product; null if there is none.
llvm::Expected<EmittedKernel> emitContractionKernel(Emission &e, ContractOp contract,
                                                    ContractOp fold);
llvm::Expected<EmittedKernel> emitAccumulationKernel(Emission &e, ContractOp contract);
llvm::Expected<EmittedKernel> emitPackKernel(Emission &e);
llvm::Expected<EmittedKernel> emitScatterKernel(Emission &e);
llvm::Expected<EmittedKernel> emitSortKernel(Emission &e, ArgsortOp sort);

/// The values a kernel computes for each element of its results: its yields, then the conditions
/// of its checks; and the type whose elements they are.
struct KernelValues {
  explicit KernelValues(KernelOp op);
  llvm::SmallVector<m::Value> yields;
  llvm::SmallVector<CheckOp> checks;
  llvm::SmallVector<m::Value> all;
  RankedTensorType domain;
};

/// Computes and stores everything at one place. All elements are read before the first is written.
void emitElements(Pull &pull, const KernelValues &values, const Place &place, Value *mask);

/// An error if `pull` met an op it doesn't know.
llvm::Error finish(const Pull &pull);
llvm::Error cannot(m::Operation *op, const llvm::Twine &why);

} // namespace tenon::cpu
