//===- Segments.cpp - A loop as a loop over shorter loops -----------------===//
#include "passes/differentiate/Segments.h"

#include "ir/dialect/Derivatives.h"
#include "ir/dialect/NamedDims.h"

using namespace mlir;
using namespace tenon;

static constexpr StringLiteral segmentMark = "tenon.segment";

bool tenon::isSegment(Operation *op) { return op->hasAttr(segmentMark); }

bool tenon::canSplit(Repetition loop) {
  auto open = dyn_cast<LoopOp>(loop.getOperation());
  return !open || !open.getSteps();
}

namespace {
class Splitter {
public:
  Splitter(Repetition loop, int64_t length)
      : loop(loop), length(length), loc(loop.getLoc()), builder(loop) {}

  SmallVector<Operation *> split(SmallVectorImpl<Value> &results) {
    Operation *before = loop->getPrevNode();
    if (auto scan = dyn_cast<ScanOp>(loop.getOperation()))
      splitScan(scan, results);
    else
      splitLoop(cast<LoopOp>(loop.getOperation()), results);
    SmallVector<Operation *> made;
    Operation *op = before ? before->getNextNode() : &loop->getBlock()->front();
    for (; op != loop; op = op->getNextNode())
      made.push_back(op);
    loop->replaceAllUsesWith(results);
    loop->erase();
    return made;
  }

private:
  void splitScan(ScanOp scan, SmallVectorImpl<Value> &results);
  ScanOp part(ScanOp scan, ValueRange init, ValueRange inputs, const Dim &extent);
  void splitLoop(LoopOp open, SmallVectorImpl<Value> &results);
  void fillBody(Repetition target, Value start, bool takesOver);

  RankedTensorType typeOf(Value value) { return cast<RankedTensorType>(value.getType()); }
  Value dimension(OpBuilder &at, const Dim &dim) {
    auto type = RankedTensorType::get({}, builder.getI64Type());
    return DimensionOp::create(at, loc, type, DimsAttr::get(loop.getContext(), ArrayRef<Dim>(dim)));
  }
  Value slice(Value value, int64_t axis, const Dim &from, const Dim &extent);
  Value reshape(Value value, ArrayRef<Dim> dims);
  Value divided(Value value, int64_t axis, const Dim &segments);
  Value joined(Value value, int64_t axis);
  Value concat(Value first, Value second, int64_t axis);

  Repetition loop;
  int64_t length;
  Location loc;
  OpBuilder builder;
};
} // namespace

//===----------------------------------------------------------------------===//
// Axes
//===----------------------------------------------------------------------===//

/// Places [from, from + extent) of an axis.
Value Splitter::slice(Value value, int64_t axis, const Dim &from, const Dim &extent) {
  auto dims = dimsOf(typeOf(value));
  if (dims[axis] == extent)
    return value;
  dims[axis] = extent;
  SmallVector<Dim> offsets(dims.size());
  offsets[axis] = from;
  auto type = tensorType(loop.getContext(), dims, typeOf(value).getElementType());
  return SliceOp::create(builder, loc, type, value,
                         DimsAttr::get(loop.getContext(), ArrayRef<Dim>(offsets)),
                         SmallVector<int64_t>(dims.size(), 1));
}

Value Splitter::reshape(Value value, ArrayRef<Dim> dims) {
  auto type = tensorType(loop.getContext(), dims, typeOf(value).getElementType());
  return ReshapeOp::create(builder, loc, type, value);
}

/// An axis as two: the segment, and the step in it.
Value Splitter::divided(Value value, int64_t axis, const Dim &segments) {
  auto dims = dimsOf(typeOf(value));
  dims[axis] = Dim(length);
  dims.insert(dims.begin() + axis, segments);
  return reshape(value, dims);
}

/// The opposite of `divided`.
Value Splitter::joined(Value value, int64_t axis) {
  auto dims = dimsOf(typeOf(value));
  dims[axis] = dims[axis] * dims[axis + 1];
  dims.erase(dims.begin() + axis + 1);
  return reshape(value, dims);
}

Value Splitter::concat(Value first, Value second, int64_t axis) {
  auto dims = dimsOf(typeOf(first));
  dims[axis] = dims[axis] + dimsOf(typeOf(second))[axis];
  auto type = tensorType(loop.getContext(), dims, typeOf(first).getElementType());
  return ConcatOp::create(builder, loc, type, ValueRange{first, second}, axis);
}

//===----------------------------------------------------------------------===//
// Bodies
//===----------------------------------------------------------------------===//

/// The loop's body in `target`, whose iteration 0 is the loop's `start`: itself or a copy.
void Splitter::fillBody(Repetition target, Value start, bool takesOver) {
  Block &from = loop.getBodyBlock(), &to = target.getBodyBlock();
  auto inside = OpBuilder::atBlockBegin(&to);
  IRMapping mapping;
  Value iteration =
      AddOp::create(inside, loc, target.getIteration().getType(), start, target.getIteration());
  mapping.map(loop.getIteration(), iteration);
  for (auto [old, now] :
       llvm::zip_equal(from.getArguments().drop_front(), to.getArguments().drop_front()))
    mapping.map(old, now);
  if (!takesOver) {
    SmallVector<Operation *> copies;
    for (Operation &op : from)
      copies.push_back(inside.clone(op, mapping));
    renameBoundDims(copies);
    return;
  }
  for (BlockArgument old : from.getArguments())
    old.replaceAllUsesWith(mapping.lookup(old));
  to.getOperations().splice(to.end(), from.getOperations());
}

//===----------------------------------------------------------------------===//
// Scans
//===----------------------------------------------------------------------===//

ScanOp Splitter::part(ScanOp scan, ValueRange init, ValueRange inputs, const Dim &extent) {
  SmallVector<Type> slices(scan.getStackedYields().getTypes());
  return ScanOp::create(builder, loc, init, inputs, extent, scan.getInputAxes(), slices,
                        scan.getOutputAxes(), scan.getReverse());
}

void Splitter::splitScan(ScanOp scan, SmallVectorImpl<Value> &results) {
  Dim total = scan.getExtentDim(), segments = *Dim::floorDiv(total, Dim(length));
  Dim covered = segments * Dim(length), rest = total - covered;
  bool fromBack = scan.getReverse();
  SmallVector<Value> inputs, others;
  for (auto [input, axis] : llvm::zip(scan.getInputs(), scan.getInputAxes())) {
    Value whole = slice(input, axis, fromBack ? rest : Dim(0), covered);
    inputs.push_back(divided(whole, axis, segments));
    if (!rest.isConstant(0))
      others.push_back(slice(input, axis, fromBack ? Dim(0) : covered, rest));
  }

  SmallVector<Type> outerSlices;
  for (auto [yield, axis] : llvm::zip(scan.getStackedYields(), scan.getOutputAxes()))
    outerSlices.push_back(ScanOp::stackedType(typeOf(yield), axis, Dim(length)));
  auto outer = ScanOp::create(builder, loc, scan.getInit(), inputs, segments, scan.getInputAxes(),
                              outerSlices, scan.getOutputAxes(), fromBack);
  OpBuilder::InsertPoint after = builder.saveInsertionPoint();
  builder.setInsertionPointToEnd(&outer.getBody().front());
  auto inner = part(scan, outer.getCarriedArguments(), outer.getSliceArguments(), Dim(length));
  inner->setAttr(segmentMark, builder.getUnitAttr());
  YieldOp::create(builder, loc, inner.getResults());
  builder.setInsertionPoint(inner);
  Value start = MulOp::create(builder, loc, outer.getIteration().getType(), outer.getIteration(),
                              dimension(builder, Dim(length)));
  builder.restoreInsertionPoint(after);

  bool isWhole = rest.isConstant(0);
  fillBody(inner, start, /*takesOver=*/isWhole);
  SmallVector<Value> last(outer.getCarriedResults());
  ScanOp remainder;
  if (!isWhole) {
    Value begin = dimension(builder, covered);
    remainder = part(scan, last, others, rest);
    fillBody(remainder, begin, /*takesOver=*/true);
    last.assign(remainder.getCarriedResults().begin(), remainder.getCarriedResults().end());
  }
  results.append(last);
  for (auto [i, axis] : llvm::enumerate(scan.getOutputAxes())) {
    Value all = joined(outer.getStackedResults()[i], axis);
    if (remainder) {
      Value other = remainder.getStackedResults()[i];
      all = fromBack ? concat(other, all, axis) : concat(all, other, axis);
    }
    results.push_back(all);
  }
}

//===----------------------------------------------------------------------===//
// Loops
//===----------------------------------------------------------------------===//

void Splitter::splitLoop(LoopOp open, SmallVectorImpl<Value> &results) {
  auto dims = [&](const Dim &dim) { return DimsAttr::get(loop.getContext(), ArrayRef<Dim>(dim)); };
  DimsAttr bound;
  if (auto most = open.getBoundDim())
    bound = dims(*Dim::floorDiv(*most + Dim(length - 1), Dim(length)));
  auto i64 = RankedTensorType::get({}, builder.getI64Type());
  Value most;
  if (open.getLimit())
    most = DivOp::create(
        builder, loc, i64,
        AddOp::create(builder, loc, i64, open.getLimit(), dimension(builder, Dim(length - 1))),
        dimension(builder, Dim(length)));
  auto outer =
      LoopOp::create(builder, loc, open.getInit(), bound, most, StringAttr(), ArrayRef<Type>());
  // How many segments there are isn't known without a bound, so that they aren't divided again.
  if (!bound)
    outer->setAttr(segmentMark, builder.getUnitAttr());
  OpBuilder inside = OpBuilder::atBlockEnd(&outer.getBody().front());
  Value start =
      MulOp::create(inside, loc, i64, outer.getIteration(), dimension(inside, Dim(length)));
  // What is left of all steps.
  Value total = open.getBoundDim() ? dimension(inside, *open.getBoundDim()) : open.getLimit();
  Value left = total ? SubOp::create(inside, loc, i64, total, start).getResult() : Value();
  // A segment begins only where a step is to be made.
  SmallVector<Value> init(outer.getCarriedArguments());
  init[0] = ConstantOp::create(
      inside, loc,
      DenseElementsAttr::get(cast<RankedTensorType>(init[0].getType()), builder.getBoolAttr(true)));
  auto inner =
      LoopOp::create(inside, loc, init, dims(Dim(length)), left, StringAttr(), ArrayRef<Type>());
  inner->setAttr(segmentMark, builder.getUnitAttr());
  fillBody(inner, start, /*takesOver=*/true);
  YieldOp::create(inside, loc, inner.getResults());
  results.append(outer.getResults().begin(), outer.getResults().end());
}

SmallVector<Operation *> tenon::splitIntoSegments(Repetition loop, int64_t length,
                                                  SmallVectorImpl<Value> &results) {
  return Splitter(loop, length).split(results);
}
