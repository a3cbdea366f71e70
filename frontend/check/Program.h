//===- Program.h - The checked program: typed, elaborated values -*- C++ -*-===//
//
// What the checker hands to lowering. Every call has been checked and elaborated in place for its
// actual argument types, every fixed `if`, `for` and argument is gone, trees are flattened to their
// leaves, and every number has a dtype. What remains is a list of entries, each a graph in single
// assignment form whose values are tensors; lowering decides nothing about the language.
//
// The operations follow the `tenon` dialect where it has a counterpart. The exceptions are those of
// index notation: `Nest`, `Reduce`, `Read`, and the loop indices they use.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "frontend/diagnostics/Source.h"
#include "ir/dim/Dim.h"
#include "runtime/data/Schema.h"

#include <deque>
#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace tenon::check {

//===----------------------------------------------------------------------===//
// Values
//===----------------------------------------------------------------------===//

enum class DType : uint8_t { Bool, I8, U8, I32, I64, F16, BF16, F32, F64 };

/// "f32", as in the language.
const char *name(DType dtype);
bool isReal(DType dtype);
/// i8, u8, i32 or i64.
bool isInteger(DType dtype);

/// A tensor's type. A scalar has no dims. In a function checked with its `...` open, the leading
/// dimensions are one symbol named "...".
struct TensorType {
  DType dtype = DType::F32;
  std::vector<Dim> dims;

  bool operator==(const TensorType &) const = default;
  /// "f32[batch, 128]", "i32" for a scalar.
  std::string str() const;
};

/// An index into `Entry::values`.
using ValueId = uint32_t;
inline constexpr ValueId kNoValue = ~ValueId(0);

struct Op;

/// Operations in the order they run. Values from outside may be used.
struct Region {
  std::vector<ValueId> arguments;
  std::vector<Op> ops;
  std::vector<ValueId> results;
};

//===----------------------------------------------------------------------===//
// Operations
//===----------------------------------------------------------------------===//

enum class OpKind : uint8_t {
  Map,       ///< elementwise: operands of one shape (`Select`'s condition included); `MapKind`
  Constant,  ///< no operands, a scalar: `ConstantAttr`
  Dimension, ///< no operands, a scalar of the result's dtype: `DimAttr`
  Iota,      ///< no operands: `AxisAttr`; i32
  Broadcast, ///< `AxesAttr`: axis i of the operand is axis axes[i] of the result
  Reshape,   ///< same elements in row-major order
  Transpose, ///< `AxesAttr`: axis i of the result is axis axes[i] of the operand
  Slice,     ///< `SliceAttr`
  Concat,    ///< `AxisAttr`; two or more operands
  Argsort,   ///< places of the elements of each row (the last axis) in order: `SortAttr`; i32
  Read,      ///< one element, or a part with some axes left: `ReadAttr`
  Nest,      ///< `let y[i, j] = ...`: `LoopsAttr`, one region, one result
  Reduce,    ///< `sum[i] ...`: `LoopsAttr`, one region, one result
  If,        ///< operand: a bool scalar; regions then and else without arguments
  Scan,      ///< `ScanAttr`, one region
  Loop,      ///< `LoopAttr`, regions condition and body
  Vjp,       ///< `VjpAttr`, one region
  Jvp,       ///< operands: inputs, then as many tangents; one region
  /// A call with a derivative of its own; operands: its inputs. Regions: the body (arguments: the
  /// inputs; results: the op's), and `back` (arguments: inputs, results, a cotangent for each real
  /// result; results: a cotangent for each real input).
  CustomGradient,
  Draw,  ///< `DrawAttr`; operands: the distribution's scalar parameters
  Check, ///< operand: a bool tensor, all of which must be true: `CheckAttr`; no result
};

enum class MapKind : uint8_t {
  Add,
  Sub,
  Mul,
  Div,
  Rem,
  Max,
  Min,
  Pow,
  Neg,
  Abs,
  Sign,
  Exp,
  Expm1,
  Log,
  Log1p,
  Sqrt,
  Sin,
  Cos,
  Tanh,
  Sigmoid,
  Erf,
  Floor,
  Round,
  StopGradient,
  Equal,
  NotEqual,
  Less,
  LessEqual,
  Greater,
  GreaterEqual, ///< result: bool
  And,
  Or,
  Not,
  IsFinite,
  Select,  ///< condition, if true, if false
  Convert, ///< to the result's dtype
};

/// The number in both forms; the result's dtype says which counts. A truth value is 0 or 1. What a
/// nest uses may be made before it, constants too.
struct ConstantAttr {
  int64_t integer = 0;
  double real = 0;
};
struct DimAttr {
  Dim dim;
};
struct AxisAttr {
  int64_t axis = 0;
};
struct SortAttr {
  bool descending = false;
};
struct AxesAttr {
  std::vector<int64_t> axes;
};
/// Element i of an axis of the result is element offset + i * stride of the operand's.
struct SliceAttr {
  std::vector<Dim> offsets;
  std::vector<int64_t> strides; ///< positive
};

/// `sum of coefficient * index + offset`, over loop indices of enclosing `Nest` and `Reduce`.
struct Affine {
  std::vector<std::pair<ValueId, int64_t>> terms; ///< distinct indices, no zero coefficient
  Dim offset;
};

/// What stands at one axis of a `Read`.
struct ReadPosition {
  enum class Kind : uint8_t {
    Whole, ///< the axis stays, an axis of the result (in order)
    Index, ///< one element, at `value`
  };
  Kind kind = Kind::Whole;
  /// An i32 or i64 scalar, always there for `Index`; if it is affine in loop indices, `affine` says
  /// so too and `value` may be left unused.
  ValueId value = kNoValue;
  std::optional<Affine> affine;
  /// True if it was proved that 0 <= position < extent whenever it is evaluated. Otherwise, with a
  /// fallback, positions outside give the fallback; without, lowering adds a check (which holds
  /// only under the conditions of the `If`s around it) and clamps.
  bool inside = false;
  /// True if it was proved inside under what is required and under the conditions of the `If`s
  /// around it: it needs no check, but lowering may also read where these don't hold.
  bool guarded = false;
};

/// Operands: the tensor, then the fallback of `x[...] else v` if `hasFallback` (of the result's
/// type; its own reads are evaluated only where it is used). Negative fixed positions have been
/// resolved already.
struct ReadAttr {
  std::vector<ReadPosition> positions; ///< one for each axis of the tensor
  bool hasFallback = false;
};

/// How a reduction joins values. `mean` is a sum and a quotient.
enum class Combiner : uint8_t { Sum, Prod, Max, Min, ArgMax, ArgMin, LogSumExp, Any, All };

/// The region's arguments are the loop indices, i32 scalars; argument k runs over [0, extents[k]).
/// `Nest`: result dims = extents, then the dims of the region's result.
/// `Reduce`: result dims = the dims of the region's result; `ArgMax` and `ArgMin` give an i32.
struct LoopsAttr {
  std::vector<Dim> extents;
  std::vector<std::string> names;    ///< as written, for messages and dumps
  Combiner combiner = Combiner::Sum; ///< of `Reduce`
};

/// Operands: the carried values' initial ones, then the inputs. Region arguments: the iteration
/// (i64 scalar), the carried values, one slice of each input. Region results: the next carried
/// values, then one slice for each stacked result. Results: carried, stacked.
struct ScanAttr {
  Dim extent;
  unsigned carried = 0;
  std::vector<int64_t> inputAxes;  ///< axis of each input that is walked along
  std::vector<int64_t> outputAxes; ///< axis of each stacked result that is added
};

/// Operands: the state's initial values, then with `hasLimit` the most steps, an i64 scalar;
/// `bound` is the same where it is fixed. Arguments of both regions: the iteration (i64 scalar),
/// the state. Region results: whether to make a step (a bool scalar), which isn't asked once the
/// steps are used up; the next state. Results: the state after the last step.
struct LoopAttr {
  unsigned carried = 0;
  std::optional<Dim> bound;
  bool hasLimit = false;
};

/// Operands: `inputs` values of real dtype, then one cotangent for each of the region's first
/// results. Results: the region's results, then the cotangent of each input. Values used from
/// outside are held constant.
struct VjpAttr {
  unsigned inputs = 0;
};

enum class Distribution : uint8_t { Uniform, Normal, Bernoulli, Integers };

/// Parameters: `Uniform` low, high; `Normal` mean, scale; `Bernoulli` p; `Integers` low, high
/// (exclusive). Seed and step are the entry's.
struct DrawAttr {
  Distribution distribution = Distribution::Uniform;
  /// Names the draw in the program: the model's path and the ordinal under it, "lstm#2".
  std::string stream;
  /// Iteration arguments of the scans around it, the outermost first (i64 scalars), and the indices
  /// of unrolled loops don't count.
  std::vector<ValueId> iterations;
};
struct CheckAttr {
  std::string message;
};

struct Op {
  OpKind kind = OpKind::Map;
  MapKind map = MapKind::Add; ///< of `Map`
  std::vector<ValueId> operands;
  std::vector<ValueId> results;
  std::variant<std::monostate, ConstantAttr, DimAttr, AxisAttr, AxesAttr, SliceAttr, ReadAttr,
               LoopsAttr, ScanAttr, LoopAttr, VjpAttr, DrawAttr, CheckAttr, SortAttr>
      attr;
  std::vector<Region> regions;
  SourceRange range; ///< the expression it comes from

  template <typename Attr> const Attr &as() const { return std::get<Attr>(attr); }
  template <typename Attr> Attr &as() { return std::get<Attr>(attr); }
};

//===----------------------------------------------------------------------===//
// Entries
//===----------------------------------------------------------------------===//

/// Roles of an entry's arguments and results, as in docs/architecture.md.
enum class Role : uint8_t {
  Parameter,
  State,
  Optimizer,
  Metric,
  Field,
  Seed,
  Step,
  Steps,
  Input, // arguments
  Loss,
  MetricValue,
  Result, // results
};

struct Argument {
  std::string name; ///< path of a parameter or state; a field's name; "seed", "step", "steps"
  Role role = Role::Input;
  ValueId value = kNoValue;
  SourceRange range;
};

struct Result {
  std::string name; ///< of a tree's leaf: "0.k"; of a single result: "result"
  Role role = Role::Result;
  ValueId value = kNoValue;
  /// The argument whose buffer it may take: the same variable's current value.
  std::optional<unsigned> alias;
};

/// One function of the compiled module.
struct Entry {
  std::string name; ///< "train_step", or the function's own
  std::vector<Argument> arguments;
  Region body; ///< its arguments are those of `arguments`, its results those of `results`
  std::vector<Result> results;
  /// Named dimensions that stay open, in order of appearance.
  std::vector<std::string> symbols;
  /// Types of all values; ids are places in it.
  std::deque<TensorType> values;
  SourceRange range;

  const TensorType &type(ValueId id) const { return values[id]; }
  /// The argument with this role (`Seed`, `Step`, `Steps`); kNoValue if there is none. An entry
  /// with a draw has `Seed` and `Step` (i64 scalars); `Steps` is an i32.
  ValueId argumentOf(Role role) const;
  /// Whether a result or a check depends on this value.
  bool uses(ValueId value) const;
};

/// A tensor kept between calls.
struct Variable {
  std::string name; ///< the path: "lstm.kernel"; of an optimizer "first/lstm.kernel"
  Role role = Role::Parameter;
  TensorType type;
  /// False for a `param` without an initial value: a weights file must give it.
  bool hasInitialiser = true;
  SourceRange range;
};

/// What `start = { backbone: safetensors("file") }` loads.
struct StartFrom {
  std::string target; ///< path of the part of the model
  std::string file;
  std::vector<std::pair<std::string, std::string>> rename;
  SourceRange range;
};

/// A part of the program that a training is made of, for a later run that goes on with it.
struct Ingredient {
  std::string name;  ///< "optimizer.learning_rate"; "`model Classifier`"
  std::string value; ///< a setting's; of a declaration, its words without space and comments
  std::string part;  ///< of a setting: the declaration in which its value stands
  SourceRange range;
};

/// A `train` block. Its entries are `init` (Seed -> parameters, states, optimizer states),
/// `train_step`, `evaluate_step`, `reset_metrics` (if there is a metric with state) and `predict`
/// (if the model has such a function; it takes fields without `batch` fixed).
struct Training {
  std::string model;
  data::Dataset dataset;
  std::vector<Variable> variables;  ///< parameters, states, optimizer, metrics; in order of path
  std::vector<std::string> metrics; ///< names, in the order of the `MetricValue` results
  /// For each metric: true if it has state, so that its last value is the epoch's; else batches are
  /// averaged, weighted by rows.
  std::vector<bool> metricHasState;
  std::string predicts; ///< the field whose raw form `predict` shows; may be empty
  std::vector<std::string> predictFields; ///< arguments of `predict`, in order
  int64_t epochs = 1;
  int64_t batch = 32;
  int64_t accumulate = 1;
  std::optional<int64_t> patience;
  bool keepBest = false;
  std::vector<StartFrom> start;
  std::vector<std::string> freeze; ///< paths
  /// Fixed arguments of the model's, the optimizer's and the metrics' parts.
  std::vector<Ingredient> settings;
  /// The program's own declarations that the block uses, and its own lines.
  std::vector<Ingredient> declarations;
  /// A step asks how many steps are planned.
  bool followsSteps = false;
  SourceRange range;
};

struct Program {
  std::vector<Entry> entries;
  std::optional<Training> training;

  const Entry *find(const std::string &name) const;
};

/// Text of an entry, for tests and `tenon inspect`.
std::string print(const Entry &entry);

} // namespace tenon::check
