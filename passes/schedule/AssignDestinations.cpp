//===- AssignDestinations.cpp - Every result of a block gets its writer ---===//
//
// After this pass, whatever a block hands out (returns of the function, yields of a loop or an if)
// is the result of a kernel that has no other destination, a stacked result of a scan or a result
// of an if; so each kernel writes straight to where its result belongs. A kernel whose result goes
// to two places writes it twice; a carried value or slice that is handed out as it stands is
// written by a map kernel of the same extents, if there is one; anything else is copied.
//
// Kernels that overwrite a donated argument stand last in their function and carry `commit`: when
// they run, every check has been made, and nobody reads the old value afterwards.
//
//===----------------------------------------------------------------------===//
#include "passes/Passes.h"
#include "passes/fuse/FusionPlan.h"
#include "passes/schedule/Elementwise.h"
#include "passes/schedule/InPlace.h"

namespace tenon {
#define GEN_PASS_DEF_ASSIGNDESTINATIONS
#include "passes/Passes.h.inc"
} // namespace tenon

using namespace mlir;
using namespace tenon;

namespace {

/// Clones what computes a value from nothing.
Value clonedExpression(Value value, OpBuilder &builder) {
  Operation *op = value.getDefiningOp();
  IRMapping mapping;
  for (Value operand : op->getOperands())
    mapping.map(operand, clonedExpression(operand, builder));
  return builder.clone(*op, mapping)->getResult(0);
}

/// A kernel that writes the value; an expression of constants, which has no memory, is computed.
KernelOp copyOf(Value value, OpBuilder &builder) {
  if (isFreeExpression(value)) {
    auto kernel = KernelOp::create(builder, value.getLoc(), value.getType(), ValueRange(),
                                   KernelKind::map, "constant");
    Block *body =
        kernel.getBody().empty() ? &kernel.getBody().emplaceBlock() : &kernel.getBody().front();
    OpBuilder inside = OpBuilder::atBlockEnd(body);
    YieldOp::create(inside, value.getLoc(), clonedExpression(value, inside));
    return kernel;
  }
  auto kernel = KernelOp::create(builder, value.getLoc(), value.getType(), ValueRange(value),
                                 KernelKind::copy, "copy");
  Block *body =
      kernel.getBody().empty() ? &kernel.getBody().emplaceBlock() : &kernel.getBody().front();
  auto argument = body->addArgument(value.getType(), value.getLoc());
  OpBuilder inside = OpBuilder::atBlockEnd(body);
  YieldOp::create(inside, value.getLoc(), ValueRange(argument));
  return kernel;
}

/// The kernel again, with result `index` a second time at its end.
KernelOp withSecondResult(KernelOp kernel, unsigned index) {
  OpBuilder builder(kernel);
  SmallVector<Type> types(kernel.getResultTypes());
  types.push_back(types[index]);
  auto wider = KernelOp::create(builder, kernel.getLoc(), types, kernel.getInputs(),
                                kernel.getKind(), kernel.getSymName());
  wider->setDiscardableAttrs(kernel->getDiscardableAttrDictionary());
  wider.getBody().takeBody(kernel.getBody());
  Operation *yield = wider.getBody().front().getTerminator();
  Value again = yield->getOperand(index);
  yield->insertOperands(yield->getNumOperands(), again);
  for (auto [old, now] : llvm::zip(kernel.getResults(), wider.getResults()))
    old.replaceAllUsesWith(now);
  kernel.erase();
  return wider;
}

/// A map kernel of the block with results of the same extents as `value`, which may write it too.
KernelOp carrierOf(Value value, Block &block) {
  auto dims = dimsOf(cast<RankedTensorType>(value.getType()));
  KernelOp carrier;
  for (auto kernel : block.getOps<KernelOp>())
    if (kernel.getKind() == KernelKind::map && kernel.getNumResults() > 0 && !updatedAxis(kernel) &&
        dimsOf(cast<RankedTensorType>(kernel.getResult(0).getType())) == dims)
      carrier = kernel;
  return carrier;
}

/// The kernel again, with `value` as one more result.
KernelOp withPassedOn(KernelOp kernel, Value value) {
  OpBuilder builder(kernel);
  SmallVector<Type> types(kernel.getResultTypes());
  types.push_back(value.getType());
  SmallVector<Value> inputs(kernel.getInputs());
  size_t place = llvm::find(inputs, value) - inputs.begin();
  if (place == inputs.size())
    inputs.push_back(value);
  auto wider = KernelOp::create(builder, kernel.getLoc(), types, inputs, kernel.getKind(),
                                kernel.getSymName());
  wider->setDiscardableAttrs(kernel->getDiscardableAttrDictionary());
  wider.getBody().takeBody(kernel.getBody());
  Block &body = wider.getBody().front();
  if (place == body.getNumArguments())
    body.addArgument(value.getType(), value.getLoc());
  Operation *yield = body.getTerminator();
  yield->insertOperands(yield->getNumOperands(), Value(body.getArgument(place)));
  for (auto [old, now] : llvm::zip(kernel.getResults(), wider.getResults()))
    old.replaceAllUsesWith(now);
  kernel.erase();
  return wider;
}

/// The value behind reshapes: another name for the same memory.
Value storage(Value value) {
  while (auto reshape = value.getDefiningOp<ReshapeOp>())
    value = reshape.getOperand();
  return value;
}

struct AssignDestinations : tenon::impl::AssignDestinationsBase<AssignDestinations> {
  void runOnOperation() override {
    SmallVector<Block *> blocks;
    getOperation().walk([&](Operation *op) {
      if (isa<Repetition, IfOp>(op))
        for (Region &region : op->getRegions())
          blocks.push_back(&region.front());
    });
    for (Block *block : blocks)
      assign(*block, /*isFunction=*/false);
    Block &body = getOperation().front();
    assign(body, /*isFunction=*/true);
    commitLast(body);
    for (Operation &op : llvm::make_early_inc_range(llvm::reverse(body)))
      if (op.use_empty() && op.getNumResults() == 1 && isFreeExpression(op.getResult(0)))
        op.erase();
  }

  void assign(Block &block, bool isFunction) {
    Operation *terminator = block.getTerminator();
    llvm::DenseSet<Value> taken;
    for (OpOperand &operand : terminator->getOpOperands()) {
      OpBuilder builder(terminator);
      Value value = isFunction ? storage(operand.get()) : operand.get();
      Operation *op = value.getDefiningOp();
      bool isHere = op && op->getBlock() == &block;
      bool isPlain =
          isHere && (isa<KernelOp>(op) || (isFunction && (isa<IfOp>(op) || isStacked(value))));
      // What control flow computes may be read after it, and it may read the argument to the end.
      if (isPlain && isa<KernelOp>(op))
        isPlain =
            cast<KernelOp>(op).getKind() != KernelKind::pack && !escapesCommit(value, operand);
      else if (donor(operand))
        isPlain = false;
      if (isPlain && taken.insert(value).second)
        continue;
      auto kernel = isHere ? dyn_cast<KernelOp>(op) : KernelOp();
      if (isPlain && kernel && operand.get() == value && kernel.getKind() != KernelKind::scatter &&
          kernel.getKind() != KernelKind::sort && !updatedAxis(kernel)) {
        auto wider = withSecondResult(kernel, cast<OpResult>(value).getResultNumber());
        Value again = wider.getResults().back();
        operand.set(again);
        taken = takenBefore(operand, isFunction);
        continue;
      }
      KernelOp carrier =
          isa<BlockArgument>(value) && value.getParentBlock() == &block && !isFunction
              ? carrierOf(value, block)
              : KernelOp();
      if (carrier) {
        operand.set(withPassedOn(carrier, value).getResults().back());
        taken = takenBefore(operand, isFunction);
        continue;
      }
      Value copied = copyOf(operand.get(), builder).getResult(0);
      // Two donated arguments may trade places: the first copy still has the old value.
      auto argument = donor(operand);
      if (argument && isa<BlockArgument>(value) && value != getOperation().getArgument(*argument))
        copied = copyOf(copied, builder).getResult(0);
      operand.set(copied);
      taken.insert(copied);
    }
  }

  /// What the terminator's operands up to `last` hand out; asked again where a kernel was rebuilt.
  static llvm::DenseSet<Value> takenBefore(OpOperand &last, bool isFunction) {
    llvm::DenseSet<Value> taken;
    for (OpOperand &operand : last.getOwner()->getOpOperands()) {
      taken.insert(isFunction ? storage(operand.get()) : operand.get());
      if (&operand == &last)
        break;
    }
    return taken;
  }

  static bool isStacked(Value value) {
    auto scan = value.getDefiningOp<ScanOp>();
    return scan && cast<OpResult>(value).getResultNumber() >= scan.getNumCarried();
  }

  /// The argument whose memory a returned value takes over, if any.
  std::optional<unsigned> donor(OpOperand &returned) {
    auto function = getOperation();
    if (!isa<func::ReturnOp>(returned.getOwner()))
      return std::nullopt;
    auto alias =
        function.getResultAttrOfType<IntegerAttr>(returned.getOperandNumber(), "tenon.alias");
    return alias ? std::optional<unsigned>(alias.getInt()) : std::nullopt;
  }

  /// True if a kernel can't overwrite the donated argument itself: somebody reads its result, or
  /// others read the argument when it may be gone, or it reads other elements than it writes.
  bool escapesCommit(Value value, OpOperand &returned) {
    auto argument = donor(returned);
    if (!argument)
      return false;
    auto kernel = value.getDefiningOp<KernelOp>();
    for (Operation *user : kernel->getUsers())
      if (user != returned.getOwner())
        return true;
    // What is returned twice is written twice, or copied.
    if (kernel.getKind() == KernelKind::scatter && !value.hasOneUse())
      return true;
    if (!kernel.getBody().front().getOps<CheckOp>().empty())
      return true;
    Value old = getOperation().getArgument(*argument);
    for (OpOperand &use : old.getUses()) {
      Operation *user = use.getOwner();
      if (user == kernel) {
        if (!readsOnlyElementwise(kernel, use.getOperandNumber()))
          return true;
      } else if (isa<ReshapeOp, func::ReturnOp>(user) || mustPrecede(kernel, user)) {
        return true;
      }
    }
    return returned.get() != value;
  }

  /// The kernels that read an argument which `writer` overwrites: they come before it.
  SmallVector<Operation *> readersOfOverwritten(Operation *writer) {
    SmallVector<Operation *> readers;
    for (OpOperand &operand : getOperation().front().getTerminator()->getOpOperands())
      if (auto argument = donor(operand); argument && operand.get().getDefiningOp() == writer)
        for (Operation *user : getOperation().getArgument(*argument).getUsers())
          if (user != writer && !llvm::is_contained(readers, user))
            readers.push_back(user);
    return readers;
  }

  /// True if `first` reads what `second`, or a kernel that has to come before it, overwrites.
  bool mustPrecede(Operation *first, Operation *second) {
    llvm::DenseSet<Operation *> seen;
    SmallVector<Operation *> work{second};
    while (!work.empty()) {
      Operation *op = work.pop_back_val();
      for (Operation *reader : readersOfOverwritten(op)) {
        if (reader == first)
          return true;
        if (seen.insert(reader).second)
          work.push_back(reader);
      }
    }
    return false;
  }

  static bool isCopy(Operation *op) {
    auto kernel = dyn_cast<KernelOp>(op);
    return kernel && kernel.getKind() == KernelKind::copy;
  }

  void commitLast(Block &body) {
    Operation *terminator = body.getTerminator();
    SmallVector<Operation *> writers;
    for (OpOperand &operand : terminator->getOpOperands()) {
      Operation *op = operand.get().getDefiningOp();
      if (donor(operand) && op && !llvm::is_contained(writers, op))
        writers.push_back(op);
    }
    // In block order, copies at the very end: they overwrite what the others still need.
    llvm::sort(writers, [](Operation *a, Operation *b) {
      if (isCopy(a) != isCopy(b))
        return isCopy(b);
      return a->isBeforeInBlock(b);
    });
    // Each behind those that read what it overwrites; `escapesCommit` has ruled circles out.
    llvm::SetVector<Operation *> order;
    std::function<void(Operation *)> place = [&](Operation *op) {
      if (order.contains(op))
        return;
      for (Operation *reader : readersOfOverwritten(op))
        if (llvm::is_contained(writers, reader) && !isCopy(op))
          place(reader);
      order.insert(op);
    };
    for (Operation *op : writers)
      place(op);
    for (Operation *op : order) {
      op->moveBefore(terminator);
      op->setAttr("commit", UnitAttr::get(op->getContext()));
    }
  }
};

} // namespace
