//===- Evaluation.h - A run of the interpreter, and the rules of ops ------===//
//
// Private to ir/eval. An op has one rule, found by name: elementwise ops a `MapRule` on numbers,
// which serves tensors and the bodies of contractions alike, all others an `OpRule` on tensors.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "ir/eval/Interpreter.h"

namespace tenon {

/// What a map's rule may know besides its operands.
struct MapCall {
  mlir::Operation *op;
  tenon_dtype from; // of the last operand
  tenon_dtype to;   // of the result
  bool isReal() const { return isRealDtype(to); }
};

/// Computes one element. Real results are rounded and integers wrapped by the caller, so a rule
/// answers the exact real number, or the nearest double, and an integer modulo 2^64.
using MapRule = Number (*)(const MapCall &call, llvm::ArrayRef<Number> operands);

/// One run of a function: the tensors computed so far.
class Evaluation {
public:
  Evaluation(const EvalOptions &options, llvm::StringMap<int64_t> symbols)
      : options(options), symbols(std::move(symbols)) {}

  const HostTensor &get(Value value) const { return values.find(value)->second; }
  void set(Value value, HostTensor tensor) { values.insert_or_assign(value, std::move(tensor)); }

  /// Gives a named dimension its number: the steps that a loop has made.
  void setSymbol(StringRef name, int64_t value) { symbols[name] = value; }

  /// Runs a block's ops and answers the operands of its terminator.
  llvm::Expected<std::vector<HostTensor>> run(Block &block);

  /// The dtype that values of this type are kept in.
  tenon_dtype storageOf(Type type) const;
  /// A number rounded, or wrapped, to `dtype`; real ones stay as they are in a wide run.
  Number round(tenon_dtype dtype, Number value) const;
  /// A rounded number as `EvalOptions::noise` has it, but for one that is exact because it is 0 or
  /// one of the operands.
  Number blurred(tenon_dtype dtype, Number value, ArrayRef<Number> operands) const;
  /// What a map's rule answers for these operands: rounded, and blurred where the map rounds.
  Number element(MapRule rule, const MapCall &call, ArrayRef<Number> operands) const;
  llvm::Expected<int64_t> extent(const Dim &dim, mlir::Operation *op) const;
  llvm::Expected<std::vector<int64_t>> extents(ArrayRef<Dim> dims, mlir::Operation *op) const;
  llvm::Expected<std::vector<int64_t>> shapeOf(Type type, mlir::Operation *op) const;
  /// Zeros of this type.
  llvm::Expected<HostTensor> zeros(Type type, mlir::Operation *op) const;

  const EvalOptions &options;

private:
  llvm::Error runOp(mlir::Operation &op);

  llvm::StringMap<int64_t> symbols;
  llvm::DenseMap<Value, HostTensor> values;
};

/// Computes an op's results and sets them.
using OpRule = llvm::Error (*)(mlir::Operation *op, Evaluation &run);

using MapRules = llvm::StringMap<MapRule>;
using OpRules = llvm::StringMap<OpRule>;
/// Each family enters its rules, by the names of its ops.
void addArithmeticRules(MapRules &rules);
void addFunctionRules(MapRules &rules);
void addLogicRules(MapRules &rules);
void addContractRules(OpRules &rules);
void addMovementRules(OpRules &rules);
void addTableRules(OpRules &rules);
void addOrderRules(OpRules &rules);
void addControlRules(OpRules &rules);
void addDrawRules(OpRules &rules);
const MapRules &mapRules();
const OpRules &opRules();

/// An error at an op: its place, its name and the message.
llvm::Error errorAt(mlir::Operation *op, const llvm::Twine &message);
/// Element `index` of an attribute of numbers (a splat, a dense tensor, or a single number).
Number attributeNumber(mlir::Attribute attribute, int64_t index);

//===----------------------------------------------------------------------===//
// Places in row-major order
//===----------------------------------------------------------------------===//

/// The number of elements; 1 without extents.
int64_t countOf(llvm::ArrayRef<int64_t> shape);
/// The place of `index`, whose entries must be inside; nullopt if one isn't.
std::optional<int64_t> placeOf(llvm::ArrayRef<int64_t> index, llvm::ArrayRef<int64_t> shape);
/// Calls `visit` for every index of `shape` in lexicographic order, until it answers false.
void forEachIndex(llvm::ArrayRef<int64_t> shape,
                  llvm::function_ref<bool(llvm::ArrayRef<int64_t>)> visit);

} // namespace tenon
