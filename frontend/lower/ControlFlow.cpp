//===- ControlFlow.cpp - if, scan and derivatives -------------------------===//
//
// Inside index notation a region runs for all combinations of the open loops at once: what goes in
// and out has an axis for each of them in front.
//
//===----------------------------------------------------------------------===//
#include "frontend/lower/EntryLowering.h"

using namespace mlir;
using namespace tenon;
using namespace tenon::lowering;
using check::MapKind;

Block &EntryLowering::openBlock(Region &region, TypeRange types) {
  Block &block = region.emplaceBlock();
  for (Type type : types)
    block.addArgument(type, region.getLoc());
  return block;
}

void EntryLowering::lowerInto(Block &block, const check::Region &region, ArrayRef<Loops> arguments,
                              const Loops &results) {
  OpBuilder::InsertionGuard guard(builder);
  builder.setInsertionPointToEnd(&block);
  for (auto [id, value, loops] : llvm::zip_equal(region.arguments, block.getArguments(), arguments))
    bind(id, elementNode(value, loops));
  lowerRegion(region);
  YieldOp::create(builder, block.getParent()->getLoc(), materialiseAll(region.results, results));
}

void EntryLowering::bindResults(const check::Op &op, ValueRange values, const Loops &loops) {
  for (auto [id, value] : llvm::zip_equal(op.results, values))
    bind(id, elementNode(value, loops));
}

SmallVector<Type> EntryLowering::typesOf(ArrayRef<check::ValueId> ids, const Loops &loops) const {
  SmallVector<Type> types;
  for (check::ValueId id : ids)
    types.push_back(tensorTypeOf(entry.type(id), loops));
  return types;
}

//===----------------------------------------------------------------------===//
// if
//===----------------------------------------------------------------------===//

void EntryLowering::lowerIf(const check::Op &op) {
  if (!open.empty())
    return selectBranches(op);
  Value condition = materialise(node(op.operands[0]));
  auto branches = IfOp::create(builder, place(op.range), typesOf(op.results, {}), condition);
  lowerInto(openBlock(branches.getThenRegion(), {}), op.regions[0], {}, {});
  lowerInto(openBlock(branches.getElseRegion(), {}), op.regions[1], {}, {});
  bindResults(op, branches.getResults(), {});
}

// Elements choose for themselves, so both branches are computed and their checks hold only where
// they were chosen.
void EntryLowering::selectBranches(const check::Op &op) {
  Location at = place(op.range);
  Type boolean = builder.getI1Type();
  Node *condition = node(op.operands[0]);
  Node *around = mask;
  for (auto [branch, region] : llvm::enumerate(op.regions)) {
    Node *taken = branch == 0 ? condition : mapNode(at, MapKind::Not, {condition}, boolean);
    mask = around ? mapNode(at, MapKind::And, {around, taken}, boolean) : taken;
    lowerRegion(region);
  }
  mask = around;
  for (auto [id, yes, no] : llvm::zip(op.results, op.regions[0].results, op.regions[1].results)) {
    Node *chosen = node(yes);
    bind(id, mapNode(at, MapKind::Select, {spread(condition, chosen->own), chosen, node(no)},
                     chosen->element));
  }
}

//===----------------------------------------------------------------------===//
// scan
//===----------------------------------------------------------------------===//

void EntryLowering::lowerScan(const check::Op &op) {
  const auto &scan = op.as<check::ScanAttr>();
  ArrayRef<check::ValueId> operands(op.operands);
  SmallVector<Value> init = materialiseAll(operands.take_front(scan.carried), open);

  // A slice depends on the loops of what it is a slice of; the state on all.
  SmallVector<Loops> arguments{Loops()};
  arguments.append(scan.carried, open);
  SmallVector<Value> inputs;
  SmallVector<int64_t> inputAxes, outputAxes;
  for (auto [id, axis] : llvm::zip(operands.drop_front(scan.carried), scan.inputAxes)) {
    arguments.push_back(node(id)->loops);
    inputs.push_back(materialise(node(id)));
    inputAxes.push_back(axis + int64_t(node(id)->loops.size()));
  }
  for (int64_t axis : scan.outputAxes)
    outputAxes.push_back(axis + int64_t(open.size()));

  const check::Region &region = op.regions[0];
  SmallVector<Type> slices = typesOf(ArrayRef(region.results).drop_front(scan.carried), open);
  auto loop = ScanOp::create(builder, place(op.range), init, inputs, scan.extent, inputAxes, slices,
                             outputAxes, /*reverse=*/false);
  lowerInto(loop.getBody().front(), region, arguments, open);
  bindResults(op, loop.getResults(), open);
}

//===----------------------------------------------------------------------===//
// Derivatives
//===----------------------------------------------------------------------===//

void EntryLowering::lowerVjp(const check::Op &op) {
  ArrayRef<check::ValueId> operands(op.operands);
  unsigned count = op.as<check::VjpAttr>().inputs;
  SmallVector<Value> inputs = materialiseAll(operands.take_front(count), open);
  SmallVector<Value> cotangents = materialiseAll(operands.drop_front(count), open);
  auto vjp = VjpOp::create(builder, place(op.range), typesOf(op.results, open), inputs, cotangents);
  lowerInto(openBlock(vjp.getBody(), ValueRange(inputs).getTypes()), op.regions[0],
            SmallVector<Loops>(count, open), open);
  bindResults(op, vjp.getResults(), open);
}

void EntryLowering::lowerJvp(const check::Op &op) {
  ArrayRef<check::ValueId> operands(op.operands);
  size_t count = operands.size() / 2;
  SmallVector<Value> inputs = materialiseAll(operands.take_front(count), open);
  SmallVector<Value> tangents = materialiseAll(operands.drop_front(count), open);
  auto jvp = JvpOp::create(builder, place(op.range), typesOf(op.results, open), inputs, tangents);
  lowerInto(openBlock(jvp.getBody(), ValueRange(inputs).getTypes()), op.regions[0],
            SmallVector<Loops>(count, open), open);
  bindResults(op, jvp.getResults(), open);
}

void EntryLowering::lowerCustomGradient(const check::Op &op) {
  SmallVector<Value> inputs = materialiseAll(op.operands, open);
  auto custom =
      CustomGradientOp::create(builder, place(op.range), typesOf(op.results, open), inputs);
  const check::Region &body = op.regions[0], &back = op.regions[1];
  for (auto [region, target] : {std::pair(&body, &custom.getBody()), {&back, &custom.getBack()}}) {
    SmallVector<Type> types = typesOf(region->arguments, open);
    lowerInto(openBlock(*target, types), *region, SmallVector<Loops>(types.size(), open), open);
  }
  bindResults(op, custom.getResults(), open);
}
