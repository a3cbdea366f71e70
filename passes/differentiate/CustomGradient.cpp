//===- CustomGradient.cpp - Derivatives that the program gives ------------===//
//
// The op itself stays for derivatives further out, which meet its rule in turn: orders above the
// first go through `back`, never through the body.
//
//===----------------------------------------------------------------------===//
#include "passes/differentiate/CustomGradient.h"

#include "ir/dialect/Derivatives.h"

using namespace mlir;
using namespace tenon;

/// Clones `back` for these cotangents; answers its yields.
static SmallVector<Value> cloneBack(OpBuilder &builder, CustomGradientOp op,
                                    ValueRange cotangents) {
  Block &back = op.getBack().front();
  SmallVector<Value> given(op.getInputs());
  llvm::append_range(given, op.getResults());
  llvm::append_range(given, cotangents);
  IRMapping mapping;
  mapping.map(back.getArguments(), given);
  for (Operation &inner : back.without_terminator())
    builder.clone(inner, mapping);
  SmallVector<Value> yields;
  for (Value yield : back.getTerminator()->getOperands())
    yields.push_back(mapping.lookupOrDefault(yield));
  return yields;
}

void tenon::reverseCustom(CustomGradientOp op, ArrayRef<Value> cotangents, ReverseState &state) {
  SmallVector<Value> given;
  for (auto [result, cotangent] : llvm::zip_equal(op.getResults(), cotangents))
    if (isReal(result.getType()))
      given.push_back(cotangent ? cotangent
                                : filled(state.builder, op.getLoc(), result.getType(), 0));
  SmallVector<Value> yields = cloneBack(state.builder, op, given);
  unsigned next = 0;
  for (Value input : op.getInputs())
    if (isReal(input.getType())) {
      Value part = yields[next++];
      if (state.varied.contains(input) && knownNumber(part) != 0.0)
        state.accumulate(op.getLoc(), input, part);
    }
}

LogicalResult tenon::forwardCustom(CustomGradientOp op, TangentMap &tangents) {
  OpBuilder builder(op->getContext());
  builder.setInsertionPointAfter(op);
  Location loc = op.getLoc();
  SmallVector<Value> realResults, points, seeds;
  for (Value result : op.getResults())
    if (isReal(result.getType())) {
      realResults.push_back(result);
      points.push_back(filled(builder, loc, result.getType(), 0));
    }
  for (Value input : op.getInputs())
    if (isReal(input.getType())) {
      Value tangent = tangents.lookup(input);
      seeds.push_back(tangent ? tangent : filled(builder, loc, input.getType(), 0));
    }
  SmallVector<Type> types(ValueRange(seeds).getTypes());
  llvm::append_range(types, ValueRange(points).getTypes());
  auto transpose = VjpOp::create(builder, loc, types, points, seeds);
  Block &block = transpose.getBody().emplaceBlock();
  for (Value point : points)
    block.addArgument(point.getType(), loc);
  builder.setInsertionPointToEnd(&block);
  YieldOp::create(builder, loc, cloneBack(builder, op, block.getArguments()));
  auto results = expandVjp(transpose, DeriveOptions());
  if (failed(results))
    return failure();
  transpose.erase();
  for (auto [result, tangent] :
       llvm::zip_equal(realResults, ArrayRef(*results).drop_front(seeds.size())))
    if (tangent)
      tangents[result] = tangent;
  return success();
}
