//===- PackKernel.cpp - Right operands of contractions in panels ----------===//
#include "codegen/cpu/kernel/ElementLoops.h"
#include "codegen/cpu/kernel/Kernels.h"
#include "codegen/cpu/kernel/Panels.h"

#include "passes/fuse/ContractionShape.h"

namespace tenon::cpu {

unsigned sumBytes(mlir::Type element) { return element.isF64() ? 8 : 4; }

unsigned panelWidth(const TargetInfo &target, unsigned elementBytes) {
  return 2 * target.lanes(elementBytes);
}

static llvm::SmallVector<unsigned> loopsOf(KernelOp pack, llvm::StringRef name) {
  auto list = pack->getAttrOfType<mlir::DenseI64ArrayAttr>(name);
  return llvm::SmallVector<unsigned>(list.asArrayRef());
}

Panels::Panels(KernelOp pack, const TargetInfo &target)
    : batch(loopsOf(pack, "batch")), n(loopsOf(pack, "n")), k(loopsOf(pack, "k")),
      extents(pack->getAttrOfType<DimsAttr>("extents").getDims()),
      elementBytes(sumBytes(elementOf(pack.getResult(0).getType()))),
      width(panelWidth(target, elementBytes)) {}

Dim Panels::product(llvm::ArrayRef<unsigned> loops) const {
  Dim result(1);
  for (unsigned loop : loops)
    result = result * extents[loop];
  return result;
}

bool isPacked(KernelOp kernel, unsigned input) {
  auto producer = kernel.getInputs()[input].getDefiningOp<KernelOp>();
  return producer && producer.getKind() == KernelKind::pack;
}

std::optional<unsigned> packedOperand(KernelOp kernel, ContractOp contract) {
  auto shape = classifyContraction(contract);
  if (!shape)
    return std::nullopt;
  auto argument = m::dyn_cast<m::BlockArgument>(contract.getInputs()[shape->rhs]);
  if (!argument || argument.getOwner() != &kernel.getBody().front() ||
      !isPacked(kernel, argument.getArgNumber()))
    return std::nullopt;
  return argument.getArgNumber();
}

/// A task is a panel: its rows one after the other, all columns of one at once.
llvm::Expected<EmittedKernel> emitPackKernel(Emission &e) {
  KernelOp op = e.request.op;
  Panels panels(op, e.target);
  m::Value value = op.getBody().front().getTerminator()->getOperand(0);
  m::Type element = elementOf(value.getType());
  auto map = op->getAttrOfType<m::AffineMapAttr>("map").getValue();
  llvm::SmallVector<Dim> symbols;
  if (auto list = op->getAttrOfType<DimsAttr>("symbols"))
    symbols = list.getDims();

  // The domain: batch, columns, rows.
  llvm::SmallVector<unsigned> position(panels.extents.size(), 0);
  llvm::SmallVector<Dim> domain;
  for (auto *group : {&panels.batch, &panels.n, &panels.k})
    for (unsigned loop : *group) {
      position[loop] = domain.size();
      domain.push_back(panels.extents[loop]);
    }

  unsigned width = panels.width;
  Pull pull(e, width);
  auto &b = e.b;
  Dim columns = panels.product(panels.n), rows = panels.product(panels.k);
  llvm::Type *number = e.registerType(element);
  llvm::Align align(std::min(64u, width * panels.elementBytes));
  e.loop(e.lo, e.hi, e.number(1), [&](Value *task) {
    Value *count = e.dim(panels.count());
    Value *first = b.CreateNSWMul(b.CreateURem(task, count), e.number(width));
    Place outer;
    if (!panels.batch.empty())
      outer.append(Index::uniform(b.CreateUDiv(task, count)), panels.batch.size());
    outer.append(Index::strided(first, e.number(1), width), panels.n.size());
    Value *lanes = isMultipleOf(columns, width)
                       ? nullptr
                       : pull.math.below(b.CreateSub(e.dim(columns), first));
    const Mask *mask = pull.mask(lanes);
    Value *panel = b.CreateGEP(number, e.outputPointer(0),
                               b.CreateNSWMul(task, b.CreateNSWMul(e.dim(rows), e.number(width))));

    auto nest = [&](auto &self, const Place &place, unsigned depth, Value *row) -> void {
      if (depth == panels.k.size()) {
        Place at = pull.move.affine(map, symbols, position, domain,
                                    m::cast<RankedTensorType>(value.getType()), place);
        Value *numbers = pull.lanesOf(value, at, mask);
        if (lanes)
          numbers =
              b.CreateSelect(lanes, numbers, llvm::Constant::getNullValue(numbers->getType()));
        Value *to = b.CreateGEP(number, panel, b.CreateNSWMul(row, e.number(width)));
        e.markStore(b.CreateAlignedStore(numbers, to, align), 0);
        return;
      }
      Value *extent = e.dim(panels.extents[panels.k[depth]]);
      Value *start = b.CreateNSWMul(row, extent);
      e.loop(e.number(0), extent, e.number(1), [&](Value *k) {
        Place inner = place;
        inner.append(Index::uniform(k));
        self(self, inner, depth + 1, b.CreateNSWAdd(start, k));
      });
    };
    nest(nest, outer, 0, e.number(0));
  });
  if (auto error = finish(pull))
    return std::move(error);
  auto constant = rows.constant();
  int64_t grain =
      constant ? std::max<int64_t>(1, 16384 / (std::max<int64_t>(*constant, 1) * width)) : 1;
  return EmittedKernel{"", panels.product(panels.batch) * panels.count(), grain, 0};
}

} // namespace tenon::cpu

namespace tenon {

Dim packedBytes(KernelOp pack, const TargetInfo &target) {
  cpu::Panels panels(pack, target);
  Dim numbers =
      panels.product(panels.batch) * panels.count() * panels.product(panels.k) * Dim(panels.width);
  // A row of a panel is two registers of at least 16 bytes each.
  Dim bytes = numbers * Dim(panels.elementBytes);
  return *Dim::floorDiv(bytes + Dim(63), Dim(64)) * Dim(64);
}

} // namespace tenon
