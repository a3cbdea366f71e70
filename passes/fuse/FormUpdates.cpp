//===- FormUpdates.cpp - Carried tensors of which one row changes ---------===//
//
// The body of a scan whose next state is
//
//   select(compare eq (iota along k) (scalar at)) (row, repeated along k) (the state)
//
// changes one row of the state. That becomes an update kernel, which the code generator lets write
// the row into the state's own memory. Only where nothing else reads the old state: else both are
// needed, and the select stays what it is.
//
//===----------------------------------------------------------------------===//
#include "passes/Passes.h"
#include "passes/schedule/InPlace.h"

#include "mlir/IR/IRMapping.h"

namespace tenon {
#define GEN_PASS_DEF_FORMUPDATES
#include "passes/Passes.h.inc"
} // namespace tenon

using namespace mlir;
using namespace tenon;

namespace {

/// The value without axis `axis`, along which it repeats; null if it doesn't.
Value rowOf(Value value, int64_t axis, OpBuilder &builder) {
  auto [row, axes] = withoutRepetition(value);
  if (llvm::is_contained(axes, axis))
    return nullptr;
  auto type = cast<RankedTensorType>(value.getType());
  SmallVector<Dim> dims = dimsOf(type);
  dims.erase(dims.begin() + axis);
  for (int64_t &at : axes)
    at -= at > axis;
  if (axes.size() == dims.size())
    return row;
  return BroadcastOp::create(builder, value.getLoc(),
                             tensorType(type.getContext(), dims, type.getElementType()), row, axes);
}

struct FormUpdates : tenon::impl::FormUpdatesBase<FormUpdates> {
  void runOnOperation() override {
    getOperation().walk([&](Repetition loop) {
      for (unsigned i = 0; i < loop.getNumCarried(); ++i)
        form(loop, i);
    });
  }

  void form(Repetition loop, unsigned carried) {
    Value old = loop.getCarriedArguments()[carried];
    auto match = matchRowUpdate(loop, carried);
    if (!match || !old.hasOneUse())
      return;
    SelectOp select = match->select;
    OpBuilder builder(select);
    if (Value row = rowOf(match->changed, match->axis, builder))
      select.replaceAllUsesWith(update(select, old, row, *match, builder).getResult(0));
  }

  /// The kernel, its region in terms of the row and the place.
  KernelOp update(SelectOp select, Value old, Value row, const RowUpdate &where,
                  OpBuilder &builder) {
    Location at = select.getLoc();
    auto type = cast<RankedTensorType>(old.getType());
    auto kernel = KernelOp::create(builder, at, TypeRange(type), ValueRange{old, row, where.at},
                                   KernelKind::map, "update");
    kernel->setAttr(updateAttribute, builder.getI64IntegerAttr(where.axis));
    Block *body =
        kernel.getBody().empty() ? &kernel.getBody().emplaceBlock() : &kernel.getBody().front();
    for (Value input : kernel.getInputs())
      body->addArgument(input.getType(), input.getLoc());
    OpBuilder inside = OpBuilder::atBlockEnd(body);
    auto dims = dimsOf(type);
    auto ofType = [&](Type element) { return tensorType(type.getContext(), dims, element); };
    Type index = elementOf(where.at.getType());
    Value places = IotaOp::create(inside, at, ofType(index), where.axis);
    Value place =
        BroadcastOp::create(inside, at, ofType(index), body->getArgument(2), ArrayRef<int64_t>());
    Value here =
        CompareOp::create(inside, at, ofType(inside.getI1Type()), Predicate::eq, places, place);
    SmallVector<int64_t> axes;
    for (int64_t i = 0; i < type.getRank(); ++i)
      if (i != where.axis)
        axes.push_back(i);
    Value repeated = BroadcastOp::create(inside, at, type, body->getArgument(1), axes);
    Value result = SelectOp::create(inside, at, type, here, repeated, Value(body->getArgument(0)));
    YieldOp::create(inside, at, result);
    return kernel;
  }
};

} // namespace
