//===- KernelEmitter.cpp - Machine code for one kernel --------------------===//
#include "codegen/cpu/KernelEmitter.h"

#include "codegen/cpu/kernel/ContractPlace.h"
#include "codegen/cpu/kernel/Kernels.h"
#include "codegen/cpu/kernel/Panels.h"
#include "passes/fuse/ContractionShape.h"

#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/xxhash.h"

namespace tenon {

using namespace cpu;

static llvm::Expected<EmittedKernel> dispatch(Emission &e) {
  KernelOp op = e.request.op;
  m::Block &body = op.getBody().front();
  ContractOp contract, fold;
  for (auto found : body.getOps<ContractOp>()) {
    if (fold || (contract && !joinsRows(found, contract)))
      return cannot(found, "a second contraction in one kernel");
    (contract ? fold : contract) = found;
  }
  switch (op.getKind()) {
  case KernelKind::pack:
    return emitPackKernel(e);
  case KernelKind::scatter:
    return emitScatterKernel(e);
  case KernelKind::sort: {
    auto sorts = body.getOps<ArgsortOp>();
    if (sorts.empty())
      return cannot(op, "a sort kernel without argsort");
    return emitSortKernel(e, *sorts.begin());
  }
  case KernelKind::map:
  case KernelKind::copy:
    if (contract)
      return cannot(contract, "a contraction in a map kernel");
    return e.request.inPlace ? emitUpdateKernel(e) : emitMapKernel(e);
  case KernelKind::reduction:
  case KernelKind::contraction:
    if (!contract)
      return cannot(op, "a reduction kernel without a contraction");
    if (op.getKind() == KernelKind::contraction && packedOperand(op, contract))
      return emitContractionKernel(e, contract, fold);
    if (fold)
      return cannot(fold, "a second contraction in one kernel");
    return ContractPlace::fits(contract) ? emitReductionKernel(e, contract)
                                         : emitAccumulationKernel(e, contract);
  }
  llvm_unreachable("an unknown kind of kernel");
}

llvm::Expected<EmittedKernel> emitKernel(const KernelRequest &request, const TargetInfo &target,
                                         llvm::Module &module) {
  std::string symbol =
      "tenon_kernel_" + llvm::utohexstr(llvm::xxh3_64bits(kernelKey(request, target)),
                                        /*LowerCase=*/true);
  Emission e(request, target, module, symbol);
  auto emitted = dispatch(e);
  if (!emitted) {
    e.function->eraseFromParent();
    return emitted.takeError();
  }
  e.b.CreateRetVoid();
  emitted->symbol = symbol;
  return emitted;
}

//===----------------------------------------------------------------------===//
// The key
//===----------------------------------------------------------------------===//

namespace {

/// Writes ops with numbered values and without locations.
class KeyWriter {
public:
  explicit KeyWriter(std::string &text) : out(text) {}

  void layout(const BufferLayout &buffer) {
    out << buffer.type << " strides";
    for (const Dim &stride : buffer.strides)
      out << " " << stride.str();
    out << "\n";
  }

  void block(m::Block &block) {
    for (m::BlockArgument argument : block.getArguments())
      out << number(argument) << ":" << argument.getType() << " ";
    out << "\n";
    for (m::Operation &op : block)
      write(op);
  }

  void attributes(m::Operation &op) {
    for (m::NamedAttribute attribute : op.getAttrs()) {
      // What a check says and what a kernel is called aren't in the code.
      llvm::StringRef name = attribute.getName();
      if (name != "message" && name != "symName" && name != "commit")
        out << " " << name << "=" << attribute.getValue();
    }
  }

  llvm::raw_string_ostream out;

private:
  void write(m::Operation &op) {
    out << op.getName();
    attributes(op);
    for (m::Value operand : op.getOperands())
      out << " " << number(operand);
    for (m::Value result : op.getResults())
      out << " -> " << number(result) << ":" << result.getType();
    out << "\n";
    for (m::Region &region : op.getRegions())
      for (m::Block &inner : region) {
        out << "{";
        block(inner);
        out << "}\n";
      }
  }
  unsigned number(m::Value value) {
    return numbers.try_emplace(value, numbers.size()).first->second;
  }

  llvm::DenseMap<m::Value, unsigned> numbers;
};

} // namespace

std::string kernelKey(const KernelRequest &request, const TargetInfo &target) {
  std::string text;
  KeyWriter writer(text);
  KernelOp op = request.op;
  writer.out << target.key() << "\n" << stringifyKernelKind(op.getKind());
  writer.attributes(*op.getOperation());
  if (request.inPlace)
    writer.out << " in place";
  if (request.partitionAxis)
    writer.out << " partition " << *request.partitionAxis;
  for (const std::string &symbol : request.symbols)
    writer.out << " " << symbol;
  writer.out << "\n";
  for (auto [i, buffer] : llvm::enumerate(request.inputs)) {
    if (isPacked(op, i))
      writer.out << "packed ";
    writer.layout(buffer);
  }
  for (const BufferLayout &buffer : request.outputs)
    writer.layout(buffer);
  writer.block(op.getBody().front());
  return text;
}

} // namespace tenon
