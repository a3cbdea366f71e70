//===- PackOperands.cpp - Right operands of contractions into panels ------===//
//
// A contraction reads its right operand in panels of a few columns. Bringing it there is a kernel
// of its own, so that it is done once for all threads, and once for a whole scan where the operand
// doesn't change.
//
//===----------------------------------------------------------------------===//
#include "ir/dialect/NamedDims.h"
#include "passes/Passes.h"
#include "passes/fuse/ContractionShape.h"
#include "passes/fuse/FusionPlan.h"

namespace tenon {
#define GEN_PASS_DEF_PACKOPERANDS
#include "passes/Passes.h.inc"
} // namespace tenon

using namespace mlir;
using namespace tenon;

namespace {

/// The contraction of a kernel of that kind.
ContractOp contractionOf(KernelOp kernel) {
  ContractOp found;
  for (Operation &op : kernel.getBody().front())
    if (auto contract = dyn_cast<ContractOp>(op))
      if (auto shape = classifyContraction(contract); shape && isWorthTiling(contract, *shape))
        found = contract;
  return found;
}

struct PackOperands : tenon::impl::PackOperandsBase<PackOperands> {
  void runOnOperation() override {
    SmallVector<KernelOp> kernels;
    getOperation().walk([&](KernelOp kernel) {
      if (kernel.getKind() == KernelKind::contraction)
        kernels.push_back(kernel);
    });
    for (KernelOp kernel : kernels)
      hoist(pack(kernel));
  }

  /// Moves what computes the right operand into a `pack` kernel in front.
  KernelOp pack(KernelOp kernel) {
    ContractOp contract = contractionOf(kernel);
    ContractionShape shape = *classifyContraction(contract);
    OpOperand &operand = contract->getOpOperand(shape.rhs);
    Block &body = kernel.getBody().front();

    llvm::SetVector<Operation *> slice;
    llvm::SetVector<Value> arguments;
    collect(operand.get(), slice, arguments);

    OpBuilder builder(kernel);
    SmallVector<Value> inputs;
    for (Value argument : arguments)
      inputs.push_back(kernel.getInputs()[cast<BlockArgument>(argument).getArgNumber()]);
    auto packed = KernelOp::create(builder, kernel.getLoc(), operand.get().getType(), inputs,
                                   KernelKind::pack, "pack");
    Block *region =
        packed.getBody().empty() ? &packed.getBody().emplaceBlock() : &packed.getBody().front();
    IRMapping mapping;
    for (Value argument : arguments)
      mapping.map(argument, region->addArgument(argument.getType(), argument.getLoc()));
    builder.setInsertionPointToStart(region);
    for (Operation *op : slice)
      builder.clone(*op, mapping);
    YieldOp::create(builder, kernel.getLoc(), mapping.lookup(operand.get()));
    copyLayout(contract, shape, packed);

    BlockArgument panels = body.addArgument(operand.get().getType(), operand.get().getLoc());
    kernel.getInputsMutable().append(packed.getResult(0));
    operand.set(panels);
    eraseUnused(kernel);
    return packed;
  }

  void collect(Value value, llvm::SetVector<Operation *> &slice,
               llvm::SetVector<Value> &arguments) {
    Operation *op = value.getDefiningOp();
    if (!op) {
      arguments.insert(value);
      return;
    }
    for (Value operand : op->getOperands())
      collect(operand, slice, arguments);
    slice.insert(op);
  }

  /// The generator lays the panels out by how the contraction reads them.
  void copyLayout(ContractOp contract, const ContractionShape &shape, KernelOp packed) {
    MLIRContext *context = packed.getContext();
    auto loops = [&](ArrayRef<unsigned> list) {
      SmallVector<int64_t> numbers(list.begin(), list.end());
      return DenseI64ArrayAttr::get(context, numbers);
    };
    packed->setAttr("map", AffineMapAttr::get(contract.getInputMap(shape.rhs)));
    packed->setAttr("extents", contract.getExtents());
    if (auto symbols = contract.getSymbols())
      packed->setAttr("symbols", *symbols);
    packed->setAttr("batch", loops(shape.batch));
    packed->setAttr("n", loops(shape.n));
    packed->setAttr("k", loops(shape.k));
  }

  /// Operands that only the packed side read.
  void eraseUnused(KernelOp kernel) {
    Block &body = kernel.getBody().front();
    for (Operation &op : llvm::make_early_inc_range(llvm::reverse(body)))
      if (op.use_empty() && isFusible(&op))
        op.erase();
    for (int i = body.getNumArguments() - 1; i >= 0; --i)
      if (body.getArgument(i).use_empty()) {
        body.eraseArgument(i);
        kernel.getInputsMutable().erase(i);
      }
  }

  /// Out of every loop in which its operands don't change.
  void hoist(KernelOp kernel) {
    while (auto scan = dyn_cast<Repetition>(kernel->getParentOp())) {
      for (Value input : kernel.getInputs())
        if (input.getParentBlock() == &scan.getBodyBlock())
          return;
      if (!BoundDims(scan.getBodyBlock(), BoundDims::Depth::Nested).usedBy(kernel).empty())
        return;
      kernel->moveBefore(scan);
    }
  }
};

} // namespace
