//===- NamedDims.cpp - Named dimensions that loops bind -------------------===//
#include "ir/dialect/NamedDims.h"

#include "mlir/IR/AttrTypeSubElements.h"

using namespace mlir;
using namespace tenon;

static void namesIn(DimsAttr dims, llvm::function_ref<void(StringRef)> visit) {
  for (const Dim &dim : dims.getDims())
    for (const std::string &name : dim.symbols())
      visit(name);
}

void tenon::forEachNamedDim(Type type, llvm::function_ref<void(StringRef)> visit) {
  type.walk([&](DimsAttr dims) { namesIn(dims, visit); });
}

void tenon::forEachNamedDim(Operation *op, llvm::function_ref<void(StringRef)> visit) {
  op->walk([&](Operation *inner) {
    for (Type type : inner->getResultTypes())
      forEachNamedDim(type, visit);
    for (Type type : inner->getOperandTypes())
      forEachNamedDim(type, visit);
    inner->getAttrDictionary().walk([&](DimsAttr dims) { namesIn(dims, visit); });
  });
}

BoundDims::BoundDims(Block &block, Depth depth) {
  auto add = [&](LoopOp loop) {
    if (auto name = loop.getSteps())
      loops[*name] = loop;
  };
  if (depth == Depth::Nested)
    block.walk(add);
  else
    llvm::for_each(block.getOps<LoopOp>(), add);
}

SmallVector<Operation *> BoundDims::usedBy(Operation *op) const {
  llvm::SetVector<Operation *> used;
  if (!empty())
    forEachNamedDim(op, [&](StringRef name) {
      if (Operation *loop = loops.lookup(name); loop && !op->isAncestor(loop))
        used.insert(loop);
    });
  return used.takeVector();
}

bool BoundDims::areIn(Type type) const {
  bool found = false;
  if (!empty())
    forEachNamedDim(type, [&](StringRef name) { found |= loops.contains(name); });
  return found;
}

void tenon::renameBoundDims(ArrayRef<Operation *> ops) {
  llvm::StringMap<std::string> names;
  for (Operation *op : ops)
    op->walk([&](LoopOp loop) {
      auto old = loop.getStepsAttr();
      if (!old)
        return;
      loop.removeStepsAttr();
      loop.nameSteps();
      names[old.getValue()] = loop.getSteps()->str();
    });
  if (names.empty())
    return;
  AttrTypeReplacer replacer;
  replacer.addReplacement([&](DimsAttr dims) {
    SmallVector<Dim> renamed;
    for (const Dim &dim : dims.getDims())
      renamed.push_back(dim.substitute([&](const std::string &name) -> std::optional<Dim> {
        auto found = names.find(name);
        return found == names.end() ? std::nullopt : std::optional(Dim::symbol(found->second));
      }));
    return DimsAttr::get(dims.getContext(), renamed);
  });
  for (Operation *op : ops)
    replacer.recursivelyReplaceElementsIn(op, /*replaceAttrs=*/true, /*replaceLocs=*/false,
                                          /*replaceTypes=*/true);
}
