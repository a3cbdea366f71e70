//===- ProgramBuilder.h - Adds random ops to a function ---------*- C++ -*-===//
//
// Private to the generator. A step picks operands from the values in scope, adds one op (with the
// ops it needs around it) and enters the result with what is known of it. A step that finds no
// operands adds nothing.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "tests/fuzz/Facts.h"
#include "tests/fuzz/RandomProgram.h"
#include "tests/fuzz/Rng.h"

#include <functional>

namespace tenon::fuzz {

class ProgramBuilder {
public:
  ProgramBuilder(mlir::MLIRContext &context, uint64_t seed, const ProgramOptions &options);
  RandomProgram build();

private:
  using Dims = SmallVector<Dim>;
  using Test = llvm::function_ref<bool(Value)>;

  // The program (ProgramBuilder.cpp).
  void chooseExtents();
  void step();
  RandomProgram finish();

  // Values (ProgramBuilder.cpp).
  static RankedTensorType typeOf(Value value) {
    return mlir::cast<RankedTensorType>(value.getType());
  }
  static tenon_dtype dtype(Value value);
  int64_t extent(const Dim &dim) const;
  int64_t count(ArrayRef<Dim> dims) const;
  Dims randomDims(int maxRank);
  tenon_dtype randomDtype();
  /// A value in scope that passes the test, the newer ones more often; null if there is none.
  Value pick(Test test);
  /// A value in scope of this type or a new argument.
  Value valueOf(ArrayRef<Dim> dims, tenon_dtype dtype);
  Value argument(ArrayRef<Dim> dims, tenon_dtype dtype);
  Value constant(ArrayRef<Dim> dims, tenon_dtype dtype, double number);
  mlir::Type element(tenon_dtype dtype);
  RankedTensorType tensor(ArrayRef<Dim> dims, tenon_dtype dtype);
  /// Enters a result if it is of use to later steps.
  Value enter(Value value, Facts facts);
  const Facts &factsOf(Value value) const { return facts.find(value)->second; }
  bool isUsable(Value value) const { return factsOf(value).isFinite; }

  template <typename OpTy, typename... Args> Value create(Args &&...args) {
    return OpTy::create(builder, builder.getUnknownLoc(), std::forward<Args>(args)...)
        ->getResult(0);
  }

  // Steps (MapSteps.cpp).
  void addBinary();
  void addQuotient();
  void addUnary();
  void addWhole();
  void addLogic();
  void addConvert();
  Value clamped(Value value, double limit);

  // Steps (MovementSteps.cpp).
  void addBroadcast();
  void addReshape();
  void addTranspose();
  void addSlice();
  void addPad();
  void addConcat();
  void addSource();
  void addGather();
  void addScatter();
  void addArgsort();

  // Steps (ContractSteps.cpp).
  struct Nest;
  void addContract();
  void addArgument(Nest &nest, tenon_dtype dtype);
  void chooseResult(Nest &nest, bool mayScatter);
  void makeProduct(Nest &nest);
  void fillBody(ContractOp op, Nest &nest, bool isProduct);
  Facts combinedFacts(const Nest &nest, Combiner combiner, tenon_dtype dtype, double terms);

  // Steps (ControlSteps.cpp).
  void addScan();
  void addLoop();
  void addWalkBack(LoopOp loop, Value otherwise, Facts facts);
  void addIf();
  void addDraw();
  void addCheck();
  Value yieldOf(RankedTensorType type);

  mlir::MLIRContext &context;
  ProgramOptions options;
  Rng rng;
  uint64_t seed;
  mlir::OpBuilder builder;
  mlir::OwningOpRef<mlir::ModuleOp> module;
  mlir::func::FuncOp function;
  Block *entry;
  tenon_dtype mainReal = TENON_F32;
  bool hasSpecials = false; // NaN and infinities among the inputs
  bool hasCheck = false;
  int depth = 0;
  int namedSteps = 0;
  Dims extents;
  llvm::StringMap<int64_t> symbols;
  std::vector<Value> scope;
  SmallVector<Value> iterations;
  llvm::DenseMap<Value, Facts> facts;
  std::vector<HostTensor> inputs;
};

} // namespace tenon::fuzz
