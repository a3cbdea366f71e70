//===- Elaborator.h - Checks a program by evaluating it ---------*- C++ -*-===//
//
// One class, its parts in one file each: names and declarations (Declarations.cpp), expressions
// (Expressions.cpp), arithmetic (Arithmetic.cpp), what a type says (Types.cpp), calls (Calls.cpp,
// Signatures.cpp), index notation (Indices.cpp, Subscripts.cpp), control flow (Control.cpp,
// Scans.cpp), models (Models.cpp), derivatives (Gradients.cpp), built-in functions (Builtins*.cpp),
// data (Datasets.cpp), entries and what they are given (Entries.cpp, Inputs.cpp)
// and training (Training.cpp).
//
// A mistake is reported once, where it is; its value is an ErrorValue, which every operation
// absorbs in silence.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "frontend/check/Builder.h"
#include "frontend/check/Check.h"
#include "frontend/check/Limits.h"
#include "frontend/check/Modules.h"
#include "frontend/diagnostics/Diagnostics.h"
#include "ir/dim/DimFacts.h"

#include <deque>
#include <set>
#include <unordered_map>

namespace tenon::check {

/// An argument of a call, evaluated.
struct CallArg {
  ast::Ident name; ///< empty if positional
  Value value;
  const ast::Expr *expr = nullptr;
  SourceRange range;
  SourceRange shown; ///< the last step, where it is a pipeline
};

/// What is being called, and from where: for messages.
struct CallSite {
  SourceRange range;  ///< the whole call
  SourceRange callee; ///< what stands for the function
  std::string name;   ///< as written
  const ResolvedType *expected = nullptr;
  bool piped = false;
  bool isStage = false; ///< of a data set's field: what is given is converted by a stage, too
};

/// A dimension's expression in an alias is one in terms of the alias's arguments.
struct DimEnv {
  ScopePtr scope;
  TypeVars *vars = nullptr;
  std::map<std::string, const ast::Expr *, std::less<>> args;
  const DimEnv *outer = nullptr;
  std::set<std::string, std::less<>> ellipses = {}; ///< arguments that are `...`

  /// `...`, or a name that the alias was given `...` for.
  bool isEllipsis(const ast::TypeDim &dim) const {
    auto *name = dim.ellipsis ? nullptr : ast::dynCast<ast::NameExpr>(dim.extent);
    return dim.ellipsis || (name && ellipses.count(name->name));
  }
};

/// An index of a nest or reduction that is being built.
struct LoopIndex {
  std::string name;
  ValueId value = kNoValue;
  SourceRange written;
  std::optional<Dim> extent;
  Axis axis{Dim()};       ///< the dimension that gave it its range
  bool given = false;     ///< its range is written
  bool isHead = false;    ///< of a nest, not of a reduction
  bool conflict = false;  ///< two positions disagree, which was reported
  size_t activeDepth = 0; ///< the call in which it stands
  struct Use {
    Affine affine;
    Axis axis;
    SourceRange range;
    std::string name; ///< the tensor that is read
    bool conditional; ///< in a branch
    bool alone;
    bool guarded; ///< of `x[...] else v`
  };
  std::vector<Use> uses;
};

/// The indices that a bracket binds; `...` becomes indices when it is first used.
struct IndexBinder {
  std::vector<std::shared_ptr<LoopIndex>> indices; ///< in order, those of `...` included
  bool isHead = false;
  bool hasEllipsis = false;
  bool ellipsisKnown = false;
  size_t ellipsisAt = 0, ellipsisCount = 0;
  SourceRange ellipsisRange, ellipsisUse;
  size_t frameDepth = 0;
  size_t activeDepth = 0;
};

/// What a `scan` or `loop` carries, as leaves.
struct CarriedState {
  const char *word; ///< "scan" or "loop"
  const ast::Pattern *pattern = nullptr;
  Value init;
  SourceRange initRange;
  std::vector<Tensor> tensors;
  std::vector<std::string> names;
  /// States of models that the body sets; they are known once it has been seen.
  std::vector<const Slot *> slots;
};

/// `value >= 0`, or `value == 0`.
struct DimFact {
  Dim value;
  bool isZero = false;
};
/// What follows from a truth value.
struct Condition {
  std::vector<DimFact> ifTrue, ifFalse;
};

/// A new value that a branch gives a name from outside.
struct Assignment {
  Binding *binding = nullptr;
  std::string name;
  SourceRange range;
  Value before, after;
};
using Assignments = std::vector<Assignment>;

struct BlockResult {
  Value value;
  std::optional<Value> yielded;
};

class Elaborator {
public:
  Elaborator(Modules &modules, DiagnosticEngine &engine, const CheckOptions &options);

  /// Declarations, every function and model by itself, data sets and train blocks of a file.
  void checkFile(Module &module);
  std::optional<Program> elaborateFunction(Module &module, const std::string &name,
                                           const FunctionInputs &inputs);
  std::optional<Program> elaborateTraining(Module &module);

private:
  //===--- Limits (Limits.cpp) ---===//
  /// Counts steps; false, once reported, where there have been too many, or anything else ended it.
  bool spend(uint64_t steps);
  /// Whether an expression or statement is still worth evaluating.
  bool mayGoOn(SourceRange range);
  /// The value, or an error where it is larger than any that is made in earnest.
  Value bounded(Value value, SourceRange range);

  //===--- Reporting (Reporting.cpp) ---===//
  DiagnosticBuilder error(Code code, SourceRange range, std::string message);
  /// Whether such a mistake at this place has been reported: then its help needn't be looked for.
  bool isReported(Code code, SourceRange range) const;
  /// Where a mistake at this place is shown.
  SourceRange shownAt(SourceRange range) const;
  bool isLibrary(SourceRange range) const;
  /// The call in the program that everything here happens in; `otherwise` if there is none.
  SourceRange outermostCall(SourceRange otherwise) const;
  /// Reports that a limit is reached; nothing more is elaborated.
  Value exhaust(Code code, SourceRange range, std::string message);
  Value fail(Code code, SourceRange range, std::string message);
  Value notYet(SourceRange range, const std::string &what);
  /// What stands there; its beginning, if it is too long to be quoted.
  std::string text(SourceRange range) const;
  /// Without parentheses around it.
  std::string bareText(SourceRange range) const;
  std::string typeText(const Value &value) const;
  std::string typeText(const ResolvedType &type) const;
  std::string typeText(const Tensor &tensor) const;
  std::string dtypeText(Dt dtype) const;
  std::string dimText(const Dim &dim) const;

  //===--- Names (Declarations.cpp) ---===//
  void declare(Module &module);
  /// Reports parameters of one name; false if there are any.
  bool checkParameterNames(ast::List<ast::Param> params);
  void prepare(Module &module);
  void findRecursion(Module &module);
  /// Reports those of `aliases` that contain themselves; of two with one name `inner` counts.
  void findRecursiveAliases(ast::List<const ast::Alias *> aliases,
                            const std::map<std::string_view, const ast::Alias *> &byName);
  void checkRoots(Module &module);
  void checkFunction(const FunctionValue &function);
  void checkMemberFunctions(ModelInstance &instance);
  std::optional<Value> lookup(const Scope &scope, std::string_view name, SourceRange at);
  std::optional<Value> lookupMember(ModelInstance &instance, std::string_view name, SourceRange at);
  /// The first member of this name; null if there is none.
  const ast::Member *memberNamed(const ast::Model &model, std::string_view name);
  Value constantNamed(Module &module, const ast::TopLet &let, std::string_view name,
                      SourceRange at);
  /// All of it, where it is a tuple with a pattern.
  Value evaluateConstant(Module &module, const ast::TopLet &let, std::string_view name);
  bool isFixed(const Value &value);
  std::optional<Value> lookupDecl(Module &module, std::string_view name, SourceRange at);
  Value builtinValue(std::string_view name);
  Value unknownName(const Scope &scope, std::string_view name, SourceRange at);
  std::vector<std::string> visibleNames(const Scope &scope);
  bool isNameKnown(const Scope &scope, std::string_view name);
  void resolveNames(const ast::Block *block, ScopePtr scope);
  void bind(Scope &scope, std::string_view name, Value value, SourceRange at);

  //===--- Expressions (Expressions.cpp) ---===//
  Value evaluate(const ast::Expr *expr, ScopePtr scope, const ResolvedType *expected = nullptr);
  /// The same without the bounds.
  Value evaluateUnbounded(const ast::Expr *expr, ScopePtr scope, const ResolvedType *expected);
  Value evaluateRecord(const ast::RecordExpr &expr, ScopePtr scope, const ResolvedType *expected);
  Value evaluateField(const ast::FieldExpr &expr, ScopePtr scope);
  Value evaluateIf(const ast::IfExpr &expr, ScopePtr scope, const ResolvedType *expected);
  BlockResult evaluateBlock(const ast::Block *block, ScopePtr scope, const ResolvedType *expected,
                            const ResolvedType *expectedYield = nullptr);
  void execute(const ast::Stmt *stmt, ScopePtr scope);
  void executeSet(const ast::SetStmt &stmt, ScopePtr scope);
  void executeRequire(const ast::RequireStmt &stmt, ScopePtr scope, SourceRange blame);
  bool bindPattern(const ast::Pattern *pattern, const Value &value, Scope &scope);
  void assign(const ast::AssignStmt &stmt, ScopePtr scope);
  void takeBack(Assignments &assignments);
  /// What either branch gave names from outside becomes one value each: pairs of leaves, to be
  /// joined in this order; false after an error.
  bool pairAssignments(Assignments (&assigned)[2], SourceRange range,
                       std::vector<std::pair<Value, Value>> &pairs);
  /// The names' new values; without any, after a mistake, they stand for nothing.
  void giveAssignments(const Assignments &assigned, const std::vector<Value> &joined);

  //===--- Arithmetic (Arithmetic.cpp) ---===//
  Value binary(ast::BinaryOp op, Value a, Value b, SourceRange range, SourceRange aRange,
               SourceRange bRange);
  Value numbers(ast::BinaryOp op, const Number &a, const Number &b, SourceRange range);
  Value tensors(MapKind map, Tensor a, Tensor b, SourceRange range, SourceRange aRange,
                SourceRange bRange);
  Value unary(MapKind map, Value value, SourceRange range);
  Value leafwise(const Value &a, const Value &b, SourceRange range, SourceRange aRange,
                 SourceRange bRange,
                 const std::function<Value(const Value &, const Value &)> &each);
  Value matmul(const Tensor &a, const Tensor &b, SourceRange range, SourceRange aRange,
               SourceRange bRange);
  std::optional<bool> decide(ast::BinaryOp op, const Number &a, const Number &b);
  /// Gives both one shape, by the rules of "Nothing broadcasts silently"; false after an error.
  bool meet(Tensor &a, Tensor &b, SourceRange range, SourceRange aRange, SourceRange bRange);
  bool meetDtypes(const Tensor &a, const Tensor &b, SourceRange range, SourceRange aRange,
                  SourceRange bRange);
  Tensor broadcast(const Tensor &tensor, const std::vector<Axis> &axes,
                   const std::vector<int64_t> &places, SourceRange range);
  /// A scalar of this dtype; nullopt after an error.
  std::optional<Tensor> materialise(const Number &number, Dt dtype, SourceRange range);
  Tensor constant(double value, Dt dtype, SourceRange range);
  /// As a tensor with a dtype of its own or still open; nullopt after an error.
  std::optional<Tensor> asTensor(const Value &value, SourceRange range);
  std::optional<Number> asNumber(const Value &value) const;
  std::optional<Dim> asDim(const Value &value) const;
  std::optional<Affine> affineOf(const Value &value) const;
  Tensor convert(const Tensor &tensor, DType dtype, SourceRange range);

  //===--- Types (Types.cpp) ---===//
  /// Counts a level of types that stand for types.
  struct AliasDepth {
    unsigned &count;
    explicit AliasDepth(unsigned &c) : count(c) { ++count; }
    ~AliasDepth() { --count; }
  };
  bool mayEnterAlias(SourceRange range);
  ResolvedType resolveType(const ast::Type *type, const DimEnv &env);
  /// True if the dimensions of a type have several `...`, with a report.
  bool reportSecondEllipsis(const ast::NamedType &type, const DimEnv &env);
  ResolvedType resolveNamed(const ast::NamedType &type, const DimEnv &env);
  const ast::Alias *findAlias(const Scope &scope, const ast::Path &path, ScopePtr &aliasScope);
  bool enterAlias(const ast::NamedType &type, const ast::Alias &alias, const DimEnv &outer,
                  DimEnv &inner);
  std::optional<Dt> dtypeVariable(std::string_view name, TypeVars *vars);
  SourceRange originOf(const ast::Expr *expr, const DimEnv &env);
  Decided decidedBy(const ast::Expr *expr, const DimEnv &env);
  /// Names in a dimension's expression that nothing is known about yet.
  void unknownDims(const ast::Expr *expr, const DimEnv &env, std::vector<std::string> &out);
  Value coerceTensor(Value value, const ResolvedType &type, SourceRange range,
                     const std::string &what, Code code, SourceRange typeRange);
  /// Makes the value one of this type, or reports why it isn't.
  Value coerce(Value value, const ResolvedType &type, SourceRange range, const std::string &what,
               Code code, SourceRange typeRange);
  Value fill(const Fill &fill, Dt dtype, std::vector<Axis> axes);
  std::optional<Dim> evaluateDim(const ast::Expr *expr, const DimEnv &env);
  std::optional<DType> dtypeNamed(std::string_view name) const;
  TypeVars *typeVars(const Scope &scope);

  //===--- Dimensions ---===//
  Dim known(const Dim &dim) const;
  bool equal(const Dim &a, const Dim &b);
  Dim freshHole(SourceRange range);

  //===--- Calls (Calls.cpp, Signatures.cpp) ---===//
  Value evaluateCall(const ast::CallExpr &expr, ScopePtr scope, const ResolvedType *expected);
  Value call(const Value &callee, std::vector<CallArg> args, const CallSite &site);
  Value callDeclared(const FunctionValue &function, std::vector<CallArg> args,
                     const CallSite &site);
  Value callBuiltin(const std::string &name, std::vector<CallArg> args, const CallSite &site);
  /// One argument for each parameter, in order; nullopt where the default stands. False after an
  /// error.
  bool matchArguments(ast::List<ast::Param> params, std::vector<CallArg> args, const CallSite &site,
                      SourceRange declared, std::vector<std::optional<CallArg>> &matched);
  bool matchNames(const std::vector<std::string> &names, const std::vector<bool> &optional,
                  std::vector<CallArg> args, const CallSite &site, SourceRange declared,
                  std::vector<std::optional<CallArg>> &matched);
  /// Runs a function whose parameters are bound in `scope`.
  Value evaluateBody(const FunctionValue &function, ScopePtr scope, TypeVars &vars,
                     const ResolvedType *expected);
  bool checkUntyped(const Value &value, const ast::Param &param, SourceRange range,
                    const std::string &what);
  bool bindParameters(const ast::Function &function, std::vector<std::optional<CallArg>> matched,
                      ScopePtr scope, TypeVars &vars, const CallSite &site, ModelInstance *self);
  /// A dimension of a parameter that isn't a name to be solved: to be compared or solved later.
  struct Pending {
    const ast::Expr *expr;
    const DimEnv *env;
    Axis actual;
    const ast::Param *param;
    size_t place, rank; ///< counted from 1
    SourceRange range;
    Tensor tensor;
    const ast::NamedType *type;
  };
  bool bindType(const ast::Type *type, const Value &value, const DimEnv &env,
                const ast::Param &param, SourceRange range, const CallSite &site,
                std::vector<Pending> &pending);
  bool bindTensor(const ast::NamedType &type, const Value &value, const DimEnv &env,
                  const ast::Param &param, SourceRange range, const CallSite &site,
                  std::vector<Pending> &pending);
  bool solvePending(std::vector<Pending> &pending, const CallSite &site, ModelInstance *self);
  void reportDimension(const Pending &pending, const Dim &wanted, SourceRange wantedOrigin,
                       const CallSite &site, ModelInstance *self);
  std::string signatureText(const ast::NamedType &type, const DimEnv &env);
  std::vector<std::string> parameterNames(const FunctionValue &function) const;

  //===--- Index notation (Indices.cpp, Subscripts.cpp) ---===//
  /// `extents`: the ranges, where a type gives them.
  Value evaluateNest(ast::List<ast::Index> head, const ast::Expr *body, SourceRange range,
                     ScopePtr scope, const std::vector<Axis> *extents = nullptr);
  Value evaluateReduce(const ast::ReduceExpr &expr, ScopePtr scope);
  Value reduceAll(ast::Reduction reduction, const Tensor &tensor, SourceRange range);
  /// A bracket's loops and their body, closed.
  struct Loops {
    std::vector<std::shared_ptr<LoopIndex>> indices;
    LoopsAttr attr;
    std::vector<Axis> axes;
    Region region;
    Tensor body;
  };
  std::optional<Loops> evaluateLoops(ast::List<ast::Index> head, const ast::Expr *body,
                                     ScopePtr scope, bool isHead,
                                     const std::vector<Axis> *extents = nullptr);
  bool checkReduced(ast::Reduction reduction, const Tensor &body, SourceRange range);
  std::shared_ptr<LoopIndex> makeIndex(const std::string &name, SourceRange written, size_t frame);
  bool openIndices(ast::List<ast::Index> head, ScopePtr outer, Scope &inner, IndexBinder &binder);
  bool solveIndex(LoopIndex &index);
  /// Of two positions where an index of a head stands alone, one decided by the call and one fixed,
  /// the first gives the range and the other must reach as far. Null if they are no such pair.
  const LoopIndex::Use *callDecides(LoopIndex &index, const LoopIndex::Use &a,
                                    const LoopIndex::Use &b);
  void emitReaches();
  /// Finds ranges; with `report`, an index without one is an error.
  bool solveIndices(std::vector<std::shared_ptr<LoopIndex>> &indices, bool report);
  std::optional<Dim> largest(const Affine &affine, ValueId except) const;

  //===--- Proofs (Proofs.cpp) ---===//
  /// The scalar in terms of named dimensions, loop indices ("%i7") and other scalars ("%v9");
  /// nullopt if it is no i32 or i64.
  std::optional<Dim> formOf(const Tensor &scalar);
  Dim formOf(const Affine &affine) const;
  /// Writes down what is known of the result of a map of scalars.
  void noteForm(MapKind map, const Tensor &a, const Tensor &b, const Tensor &result);
  void noteNot(const Tensor &operand, const Tensor &result);
  /// 0 <= scalar < extent.
  void assumeBelow(ValueId scalar, const Dim &extent);
  /// What the truth value says is known from here on.
  void assume(ValueId condition, bool truth);
  /// Marks the position where it is proved that it is inside.
  void proveInside(ReadPosition &position, const Dim &extent);
  void settle(Region &region);
  Value evaluateSubscript(const ast::SubscriptExpr &expr, ScopePtr scope,
                          const Value *fallback = nullptr, SourceRange fallbackRange = {});
  Value subscriptTensor(const ast::SubscriptExpr &expr, Tensor tensor, ScopePtr scope,
                        const Value *fallback, SourceRange fallbackRange);
  Value subscriptSequence(const ast::SubscriptExpr &expr, const Sequence &sequence, ScopePtr scope);
  std::optional<ReadPosition> indexPosition(const ast::Slot &slot, const Tensor &tensor,
                                            size_t axis, const std::string &name, ScopePtr scope,
                                            bool guarded);
  bool sliceBounds(const ast::Slot &slot, const Axis &axis, ScopePtr scope, Dim &begin,
                   Dim &length);
  bool expandEllipsis(IndexBinder &binder, const Tensor &tensor, size_t from, size_t count,
                      SourceRange range, const std::string &name);
  void constrain(const Affine &affine, const Axis &axis, SourceRange range, const std::string &name,
                 bool guarded);

  //===--- Control flow (Control.cpp) ---===//
  Value evaluateScan(const ast::ScanExpr &expr, ScopePtr scope, const ResolvedType *expected);
  Value evaluateLoop(const ast::LoopExpr &expr, ScopePtr scope);
  std::optional<Tensor> loopCondition(const ast::LoopExpr &expr, ScopePtr scope);
  bool loopBound(const ast::LoopExpr &expr, ScopePtr scope, LoopAttr &attr,
                 std::optional<Tensor> &limit);
  /// The state's first leaves as tensors; false after an error.
  bool beginState(CarriedState &state);
  /// Arguments of the region that is open, bound in `scope`, for the state and the slots; these
  /// have then the values of arguments. Answers what the slots were at first.
  std::vector<Tensor> enterState(const CarriedState &state, Scope &scope);
  /// The next state, leaf by leaf of the type it had; false after an error.
  bool nextState(const CarriedState &state, const ast::Block *block, const Value &next,
                 SourceRange range, std::vector<ValueId> &results);
  /// Slots, beyond those of the state, that have other values than at the start of the region.
  std::vector<const Slot *> newlySet(const CarriedState &state, const SlotValues &atStart);
  /// Binds the state's names and slots to their values after the loop.
  void leaveState(const CarriedState &state, const SlotValues &before,
                  const std::vector<Value> &finals, Scope &scope);
  /// One truth value to decide by; nullopt after an error.
  std::optional<Tensor> decision(const Value &condition, SourceRange range);
  Value evaluateFor(const ast::ForExpr &expr, ScopePtr scope);
  Value dynamicIf(const ast::IfExpr &expr, const Tensor &condition, ScopePtr scope,
                  const ResolvedType *expected);
  bool joinLeaves(Value &a, Value &b);
  bool sameTensors(const Value &a, const Value &b);
  std::optional<size_t> scanAxis(const Tensor &tensor, const ast::ScanExpr &expr, ScopePtr scope);
  Value poison(const ast::Pattern *state, ScopePtr scope);

  //===--- Trees ---===//
  /// The tensors in a value, in order, with their names ("0.k"); false if something else is in it.
  bool leaves(const Value &value, std::vector<Value> &out,
              std::vector<std::string> *names = nullptr, const std::string &prefix = "");
  /// The value with its leaves replaced, in the same order.
  Value rebuild(const Value &value, const std::vector<Value> &leaves, size_t &next);
  Value mapTensors(const Value &value, const std::function<Tensor(Tensor)> &each);
  Value mapLeaves(const Value &value, const std::function<Value(const Value &)> &each);

  //===--- Models (Models.cpp) ---===//
  Value makeModel(const ModelType &type, std::vector<CallArg> args, const CallSite &site);
  ModelInstance *instantiate(const ModelType &type, std::vector<CallArg> args, const CallSite &site,
                             const std::string &path);
  bool bindModelArguments(ModelInstance &instance, std::vector<std::optional<CallArg>> matched,
                          const CallSite &site);
  void evaluateMembers(ModelInstance &instance);
  Value evaluateFieldOf(ModelInstance &instance, const ast::Member &member);
  Value readSlot(const Slot &slot, SourceRange at);
  ResolvedType slotType(const Slot &slot);
  Value initialValue(const Slot &slot);
  /// All slots of a model and the models in its fields, in order of declaration.
  void collectSlots(const ModelInstance &instance, std::vector<const Slot *> &out) const;
  /// Makes the slots' current values arguments of the entry.
  void declareSlots(const ModelInstance &instance);
  void declareSlot(const Slot &slot);
  /// Names of a slot's leaves: its path, or "first/lstm.kernel" for each leaf of a tree.
  std::vector<std::string> leafNames(const Slot &slot, const Value &value);
  Value parameterTree(const ModelInstance &instance);

  //===--- Derivatives (Gradients.cpp) ---===//
  Value makeGradient(const std::string &name, const ast::CallExpr &expr, ScopePtr scope,
                     const CallSite &site);
  Value callGradient(const FunctionValue &function, std::vector<CallArg> args,
                     const CallSite &site);
  struct Derivative {
    std::vector<Tensor> results;     ///< what the body gave
    std::vector<Tensor> derivatives; ///< cotangents of the inputs, or tangents of the results
  };
  using DifferentiatedBody =
      std::function<std::optional<std::vector<Tensor>>(const std::vector<Tensor> &)>;
  /// True if the tangents, or cotangents, are of the types that they belong to; else says so.
  bool fitTangents(const std::vector<Tensor> &tangents, const std::vector<Tensor> &of,
                   const std::string &what, const std::string &ofWhat, SourceRange range,
                   SourceRange ofRange);
  /// Runs `body` in a region whose arguments stand for `inputs`; changed states leave it, too.
  /// Forward with as many `tangents` as inputs; backward with cotangents for the first results, 1
  /// of the first one if there are none.
  std::optional<Derivative> differentiate(bool forward, const std::vector<Tensor> &inputs,
                                          std::vector<Tensor> tangents, SourceRange range,
                                          const DifferentiatedBody &body);

  /// Second derivatives of the one number that `body` gives by all leaves of `wrt`: for each leaf
  /// the structure of `wrt`, whose leaves have the first one's dimensions, then their own.
  Value hessian(const std::vector<Tensor> &inputs, const std::vector<Value> &wrt, SourceRange range,
                const DifferentiatedBody &body);
  /// The matrix of second derivatives by all elements of the inputs, one after the other.
  std::optional<Tensor> secondDerivatives(const std::vector<Tensor> &inputs,
                                          const std::vector<Axis> &sizes, SourceRange range,
                                          const DifferentiatedBody &body);
  Tensor mirrored(const Tensor &matrix, SourceRange range);

  //===--- Functions with a derivative of their own (CustomGradients.cpp) ---===//
  struct OwnGradient;
  /// Runs a function whose parameters are bound in `scope`, with what `back` says about it.
  Value callWithOwnGradient(const FunctionValue &function, ScopePtr scope, TypeVars &vars,
                            const CallSite &site, bool usesIndex);
  bool ownBody(OwnGradient &own);
  bool ownBack(OwnGradient &own);
  bool ownCotangents(OwnGradient &own, const Value &given, std::vector<ValueId> &out);
  bool checkCaptures(const Region &region, size_t depth, const OwnGradient &own);

  //===--- Built-in functions (Builtins.cpp, Shapes.cpp, Random.cpp) ---===//
  Value draw(Distribution distribution, std::vector<Tensor> parameters, Dt dtype,
             std::vector<Axis> axes, SourceRange range);
  /// Reports named arguments and a wrong number of them.
  bool positional(const std::vector<CallArg> &args, size_t least, size_t most,
                  const CallSite &site);
  Value elementary(MapKind map, bool realOnly, double (*fold)(double), const Value &value,
                   const std::string &name, SourceRange range);
  Value larger(MapKind map, const Value &a, const Value &b, SourceRange range, SourceRange aRange,
               SourceRange bRange);
  Value reduceTree(ast::Reduction reduction, const Value &value, SourceRange range);
  Value builtinRandom(const std::string &name, std::vector<CallArg> args, const CallSite &site);
  Value builtinFill(const std::string &name, std::vector<CallArg> args, const CallSite &site);
  Value builtinShape(const std::string &name, std::vector<CallArg> args, const CallSite &site);
  Value builtinList(const std::string &name, std::vector<CallArg> args, const CallSite &site);
  Value convertTo(DType dtype, std::vector<CallArg> args, const CallSite &site);
  Value joinTensors(bool stack, std::vector<CallArg> args, const CallSite &site);
  Value reshape(const Tensor &tensor, std::vector<Axis> axes, SourceRange range);
  std::optional<std::vector<Axis>> dimensions(const std::vector<CallArg> &args);
  Value orthogonal(const Fill &fill, Dt dtype, std::vector<Axis> axes);
  Value builtinAlong(const std::string &name, std::vector<CallArg> args, const CallSite &site);
  Value builtinArgsort(std::vector<CallArg> args, const CallSite &site);
  /// Calls a function of the prelude for a built-in one.
  Value callPrelude(const std::string &name, const Value &argument, const CallArg &given,
                    const CallSite &site);

  //===--- Entries (Entries.cpp, Inputs.cpp) ---===//
  /// Starts the elaboration of an entry; what belongs to one is fresh.
  void begin(Entry &entry, const std::string &path);
  /// Resolves what is open and closes the entry.
  void finish();
  /// Arguments for a parameter of this type; false if it can't be an input.
  Value inputOfType(const ast::Type *type, const DimEnv &env, const std::string &name, Role role,
                    SourceRange range, const FunctionInputs &inputs);
  Value inputTensor(const ast::NamedType &type, const DimEnv &env, const std::string &name,
                    Role role, SourceRange range, const FunctionInputs &inputs);
  /// Arguments for all parameters, bound in `scope`; false if one can't be an input.
  bool bindInputs(const ast::Function &function, ScopePtr scope, TypeVars &vars, Role role,
                  const FunctionInputs &inputs, bool report);
  /// What is given for a parameter of this type, in its structure: tensors that have a shape and no
  /// value yet, and nothing (`NoValue`) for what isn't given.
  Value givenShape(const ast::Type *type, const Scope &scope, const std::string &name,
                   const FunctionInputs &inputs);
  /// Whether the function has a parameter, or its model a variable, of each name that is given.
  /// Reports those it hasn't. Of trees the leaves are looked at by themselves, once they are bound.
  bool hasInputs(const FunctionValue &function, const FunctionInputs &inputs,
                 const std::string &name);
  bool hasLeaves(const ast::Function &function, const FunctionInputs &inputs,
                 const std::string &name);
  void reportUnknownInput(const ast::Function &function, const std::string &name,
                          const std::string &given, const std::vector<std::string> &known);
  /// As `bindInputs`, with tensors of given types matched against the signature.
  bool bindGivenInputs(const ast::Function &function, ScopePtr scope, TypeVars &vars,
                       const FunctionInputs &inputs, const std::string &name,
                       Role role = Role::Input);
  /// The slots' values at the end, in place of those at the start.
  void addSlotResults(const std::set<Role> &roles);
  void addResults(const Value &value, const std::string &name, Role role, SourceRange range);
  /// The entry's seed (i64), step (i64) or steps (i32), made when first asked for.
  Tensor stepArgument(Role role);
  ModelInstance *rootInstance(Module &module, const ast::Model &model, bool open);

  //===--- Data and training (Datasets.cpp, Training.cpp) ---===//
  /// A dimension that a field names and the data decides.
  std::optional<Dim> datasetDim(const DatasetRef &dataset, std::string_view name);
  std::optional<data::Dataset> evaluateDataset(const ast::Dataset &dataset, Module &module);
  /// Reports where the data isn't what the declaration says. `fields` and the sources are those of
  /// `made`, as they were written.
  void lookAtData(const ast::Dataset &written, const std::vector<const ast::DatasetField *> &fields,
                  const data::Dataset &made);
  std::optional<std::vector<data::Argument>> dataArguments(ast::List<ast::Arg> args, size_t from,
                                                           Module &module);
  std::optional<data::Source> dataSource(const ast::DatasetSource &source, Module &module);
  bool dataSplits(const ast::Dataset &dataset, std::vector<data::Split> &out);
  bool checkSourceOption(const std::string &kind, const data::Argument &option,
                         const ast::Arg &arg);
  bool sourcesAreDistinct(const ast::Dataset &dataset);
  /// Fields and their stages (DataFields.cpp, DataStages.cpp).
  struct FieldBuilding;
  std::string streamText(const struct FieldStream &stream) const;
  Dt wantedDtype(const FunctionValue &function);
  std::optional<data::Field> dataField(const ast::Dataset &dataset, const ast::DatasetField &field,
                                       Module &module);
  bool fieldColumns(FieldBuilding &building);
  bool fieldType(FieldBuilding &building);
  /// Whether a stage of this name is the runtime's, and no function of the program.
  bool isBuiltinStage(const std::string &name) const;
  void beginWithPicture(FieldBuilding &building);
  void settlePicture(FieldBuilding &building);
  std::vector<int64_t> pictureChannels(const FieldBuilding &building);
  bool setExtents(FieldBuilding &building, const ast::Expr *callee, const ast::CallExpr &call,
                  const data::Stage &stage);
  bool fieldFits(FieldBuilding &building);
  bool addStage(FieldBuilding &building, const ast::Expr *callee, const ast::CallExpr &call);
  bool addFunction(FieldBuilding &building, const ast::Expr *callee, const ast::CallExpr &call);
  /// Elaborates the entry that applies a function to rows; its value for a row.
  std::optional<Tensor> functionEntry(FieldBuilding &building, const ast::Expr *callee,
                                      const ast::CallExpr &call, const std::string &name, Dt dtype,
                                      const std::vector<Axis> &axes);
  std::optional<data::Stage> dataStage(const std::string &name,
                                       const std::vector<std::string> &parameters, size_t required,
                                       const ast::Expr *callee, const ast::CallExpr &call,
                                       Module &module);
  bool isFrozen(const std::string &path) const;

  struct TrainBlock;
  bool isValidated(const TrainBlock &block) const;
  /// Entries of the block beside loss, metrics and optimizer (TrainEntries.cpp).
  void readFreeze(TrainBlock &block);
  void readStart(TrainBlock &block);
  void readStartOf(TrainBlock &block, const std::string &target, const ast::Expr *expr);
  bool isStarted(const TrainBlock &block, const std::string &path) const;
  bool isPart(const TrainBlock &block, const std::string &path, SourceRange range);
  void readKeep(TrainBlock &block, Training &result);
  ModelInstance *toldOfEpochs(ModelInstance &optimizer);
  bool epochEntry(TrainBlock &block, Entry &entry);
  /// Gradients added up over several steps; an update after the last of them.
  bool accumulate(TrainBlock &block, const std::vector<const Slot *> &parameters,
                  std::vector<Tensor> gradients);
  std::optional<Program> elaborateTrain(Module &module, const ast::Train &train);
  bool readTrainBlock(TrainBlock &block);
  bool resolveTrain(TrainBlock &block);
  std::optional<int64_t> trainNumber(TrainBlock &block, std::string_view name,
                                     std::optional<int64_t> otherwise);
  /// An extent of a field, by number where it is known.
  Dim fieldDim(const data::Extent &extent) const;
  FunctionInputs fieldInputs(const TrainBlock &block) const;
  ScopePtr trainScope(TrainBlock &block);
  std::optional<std::vector<Tensor>> lossAndMetrics(TrainBlock &block, ScopePtr scope);
  void addLossResults(const TrainBlock &block, const std::vector<Tensor> &values);
  bool makeOptimizer(TrainBlock &block);
  void giveParameters(TrainBlock &block);
  /// The optimizer (TrainUpdate.cpp).
  Value trainedTree(const TrainBlock &block);
  void nameOptimizers(ModelInstance &optimizer, const std::string &path);
  bool updateParameters(TrainBlock &block, const std::vector<const Slot *> &parameters,
                        const std::vector<Tensor> &gradients);
  bool trainStep(TrainBlock &block, Entry &entry);
  bool initialValues(TrainBlock &block, Entry &entry, bool metrics);
  bool predictEntry(TrainBlock &block, Entry &entry, Training &result);
  void describeTraining(TrainBlock &block, const Entry &step, Training &result);
  /// What the training is made of (Ingredients.cpp).
  void addSettings(const TrainBlock &block, Training &result);
  void addDeclarations(const TrainBlock &block, Training &result);

  struct Active {
    SourceRange range;
    const ast::Function *decl = nullptr;
    ModelInstance *self = nullptr;
    bool usesIndex = false;
  };

  Modules &modules;
  SourceManager &sources;
  DiagnosticEngine &engine;
  DiagnosticEngine discarded{1}; ///< takes what has been said already
  CheckOptions options;

  DtypeTable dtypes;
  std::map<std::string, Dim> holes; ///< solved `_`
  DimFacts facts;                   ///< what is required, and the conditions around here
  unsigned nextHole = 0;
  std::map<std::string, SourceRange> holeRanges;

  std::vector<std::unique_ptr<ModelInstance>> instances;
  std::set<const ModelInstance *> checkedInstances;
  std::set<std::pair<const ModelInstance *, const ast::Function *>> calledMembers;
  std::vector<const ast::Model *> constructing;
  std::vector<Active> active;
  std::vector<std::unique_ptr<TypeVars>> ownedVars;
  std::string fieldPath; ///< path of the field being evaluated; models may be made in it
  bool mayMakeModels = false;
  Role madeParameterRole = Role::Parameter, madeStateRole = Role::State;
  std::set<std::pair<Code, SourceRange>> reported;
  size_t calls = 0;
  /// Recursive, or with two parameters of one name, which was reported: nothing is made of them.
  std::set<const ast::Function *> misdeclared;
  std::set<const ast::Model *> misdeclaredModels;
  std::set<const ast::Alias *> recursiveAliases;
  std::vector<std::unique_ptr<DimEnv>> environments;
  unsigned depth = 0;
  unsigned aliasDepth = 0;
  Budget budget;
  size_t operationsCounted = 0; ///< of the entry being built
  uint64_t proofWork = 0;       ///< of `facts`, as far as it has been counted
  SourceRange evaluating;       ///< the expression that began last
  std::map<const ast::Model *, std::unordered_map<std::string_view, const ast::Member *>> members;
  std::map<std::pair<const ast::TopLet *, std::string>, Value, std::less<>> constants;
  std::set<const ast::Model *> instantiated;
  /// How much derivatives may still ask of a function with one of its own: `back` is made with one
  /// less. Reverse mode takes one from it; forward mode, which derives `back` in reverse, two.
  unsigned derivatives = 0;
  std::string drawnBy; ///< ends the names of draws that a `back` makes

  // What belongs to the entry being built.
  std::unique_ptr<Builder> builder;
  bool training = false;
  bool isLowered = false; ///< the entry will be lowered, where equal types have equal dimensions
  SlotValues slotValues;
  unsigned nextSlot = 0;
  std::map<std::string, unsigned> drawOrdinals;
  std::vector<IndexBinder *> binders;
  std::map<ValueId, Affine> affines;
  std::map<ValueId, Dim> forms;
  std::map<ValueId, Condition> conditions;
  std::map<ValueId, Dim> iotas;                 ///< their extents
  std::vector<Assignments *> branchAssignments; ///< of the branches around here, innermost last
  std::map<ValueId, std::shared_ptr<LoopIndex>> loopIndices;
  std::map<ValueId, std::vector<std::shared_ptr<LoopIndex>>> pendingCounts;
  std::vector<std::shared_ptr<LoopIndex>> unsolved; ///< of reductions, until their nest is done
  /// What an index's range, decided by the call, asks of a fixed size.
  struct Reach {
    Dim range, size;
    SourceRange at;
    std::string message;
  };
  std::vector<Reach> reaches;  ///< to be checked once their nest is done
  bool silentIndices = false;  ///< after a mistake in the body, missing ranges aren't reported
  bool opaquePosition = false; ///< some position isn't affine, so it gives no range
  unsigned conditional = 0;    ///< branches of dynamic `if`s around here, within a nest
  std::string rootPath;
  bool openInts = false;  ///< some `int`s are only names: what depends on them may stay undecided
  bool exhausted = false; ///< a limit was reached, which was reported: nothing more is unfolded

  // The train block: equal calls are one value.
  bool memoCalls = false;
  std::map<std::string, Value> memo;
  std::map<const ast::Expr *, ModelInstance *> trainInstances;
  std::vector<ModelInstance *> optimizers;
  std::set<std::pair<const ModelInstance *, std::string>> treeArguments;
  std::map<const ast::Dataset *, std::optional<data::Dataset>> datasets;
  /// Of each data set: what applies its functions to rows.
  std::map<const ast::Dataset *, std::deque<Entry>> stageEntries;
  bool arrayTable = false;         ///< the data set's columns may hold arrays
  bool pictureTable = false;       ///< it has a column of pictures
  bool askedTraining = false;      ///< `training` has been read
  std::vector<std::string> frozen; ///< paths of parts of the model that are held as they are
  const data::Dataset *trainFields = nullptr; ///< in a train block: whose fields stand there
  bool plainTable = true; ///< the data set's columns hold one text or number a row
};

/// The nearest of the names by edit distance, empty if none is near.
/// Whether one range lies in the other.
bool contains(SourceRange outer, SourceRange inner);
/// "an Encoder"
std::string withArticle(std::string_view name);
std::string nearest(std::string_view name, const std::vector<std::string> &names);
/// A constant with a pattern declares several.
std::vector<ast::Ident> declaredNames(const ast::Decl &decl);

} // namespace tenon::check
