//===- Value.h - What expressions mean while checking -----------*- C++ -*-===//
//
// The checker elaborates a program by evaluating it: a tensor evaluates to a value of the entry
// being built, everything else (numbers without a dtype, functions, models, trees) to what it is.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "frontend/check/Program.h"
#include "frontend/syntax/AST.h"

#include <map>
#include <memory>
#include <string>
#include <variant>
#include <vector>

namespace tenon::check {

struct Module;
struct ModelInstance;
struct Scope;
using ScopePtr = std::shared_ptr<Scope>;

/// A dtype, or a variable for one that is not known yet: that of literals and of what is computed
/// from literals alone.
struct Dt {
  DType fixed = DType::F32;
  int variable = -1; ///< a place in DtypeTable, -1 if fixed

  Dt() = default;
  Dt(DType dtype) : fixed(dtype) {}
  static Dt var(int id) {
    Dt result;
    result.variable = id;
    return result;
  }
};

/// The unknown dtypes, joined as they meet (union-find).
class DtypeTable {
public:
  /// An unknown dtype: of reals only (a literal with a point), or any number's.
  Dt fresh(bool real);
  /// Of anything, truth values included.
  Dt freshAny();
  /// Follows what is known.
  Dt find(Dt dtype) const;
  /// Makes the two equal; false if they can't be.
  bool unify(Dt a, Dt b);
  /// Whether it is, or can only become, a real.
  bool mustBeReal(Dt dtype) const;
  /// The dtype; where nothing decided, i32 or `real`.
  DType resolve(Dt dtype, DType real) const;

private:
  struct Node {
    int parent = -1;
    bool real = false;
    bool any = false;
    std::optional<DType> dtype;
  };
  int root(int variable) const;
  std::vector<Node> nodes_;
};

/// Who says how large a dimension is: a signature's variable, solved for each call; a model's
/// argument, a constant or a number; or something else, such as arithmetic on shapes.
enum class Decided : uint8_t { Elsewhere, ByCall, Fixed };

/// One dimension of a value, and where its size was written.
struct Axis {
  Dim dim;
  SourceRange origin;
  Decided decided = Decided::Elsewhere;
  bool fromEllipsis = false; ///< stands for a `...` of the signature being elaborated
  std::string_view name;     ///< what that signature calls it; empty if it has no name there

  Axis(Dim d, SourceRange o = {}) : dim(std::move(d)), origin(o) {}
};

struct Tensor {
  ValueId id = kNoValue;
  Dt dtype;
  std::vector<Axis> axes;

  size_t rank() const { return axes.size(); }
  bool isScalar() const { return axes.empty(); }
};

/// The parts of a tuple, list, record or formula. Copies share them until one is changed, so that
/// what is made of itself twice takes no more room than itself; how large and how deep it is when
/// written out is counted as it is made.
template <typename T> class Parts {
public:
  Parts() = default;
  Parts(std::initializer_list<T> items) {
    for (const T &item : items)
      push_back(item);
  }

  explicit Parts(std::vector<T> items) {
    for (T &item : items)
      push_back(std::move(item));
  }

  const T *begin() const { return held_ ? held_->items.data() : nullptr; }
  const T *end() const { return begin() + size(); }
  size_t size() const { return held_ ? held_->items.size() : 0; }
  bool empty() const { return size() == 0; }
  const T &operator[](size_t i) const { return held_->items[i]; }
  /// Whether another one has the same parts.
  bool isShared() const { return held_.use_count() > 1; }
  /// The sum of the parts' sizes.
  size_t total() const { return held_ ? held_->total : 0; }
  /// Of the deepest part; 0 if there is none.
  size_t depth() const { return held_ ? held_->depth : 0; }

  void push_back(T item) {
    if (!held_)
      held_ = std::make_shared<Held>();
    else if (held_.use_count() > 1)
      held_ = std::make_shared<Held>(*held_);
    size_t size = sizeOf(item), below = depthOf(item);
    held_->total = std::max(held_->total, held_->total + size); // at most all that can be counted
    held_->depth = std::max(held_->depth, below);
    held_->items.push_back(std::move(item));
  }
  template <typename... Args> void emplace_back(Args &&...args) {
    push_back(T(std::forward<Args>(args)...));
  }

private:
  struct Held {
    std::vector<T> items;
    size_t total = 0, depth = 0;
  };
  std::shared_ptr<Held> held_;
};

/// A number that is fixed before anything runs, or a whole-number expression over named dimensions,
/// or a real computed from such. It has no dtype.
struct Number {
  bool isReal = false;
  Dim whole;                  ///< if not isReal
  double real = 0;            ///< if isReal and there are no operands
  MapKind map = MapKind::Add; ///< of the operands
  Parts<Number> operands;     ///< a real that depends on named dimensions
  SourceRange quotient;       ///< of the integer division that made it, in this expression

  static Number integer(Dim dim) {
    Number n;
    n.whole = std::move(dim);
    return n;
  }
  static Number point(double value) {
    Number n;
    n.isReal = true;
    n.real = value;
    return n;
  }
  /// The value, if it is a number and not an expression over names.
  std::optional<double> constant() const;
};

struct ErrorValue {}; ///< a mistake was reported; absorbs everything
struct Hole {};       ///< `_`
struct NoValue {};    ///< a block that has none
struct FixedBool {
  bool value = false;
};
struct Text {
  std::string value;
};
struct Value;
/// `(a, b)` or `[a, b]`
struct Sequence {
  bool isList = false;
  Parts<Value> items;
};
struct Record {
  Parts<std::pair<std::string, Value>> fields;
};

/// Something to call.
struct FunctionValue {
  enum class Kind { Declared, Builtin, Grad, ValueAndGrad, Vjp, Jvp, Hessian };
  Kind kind = Kind::Declared;
  const ast::Function *decl = nullptr;     ///< Declared
  ScopePtr scope;                          ///< Declared: where it was made
  ModelInstance *self = nullptr;           ///< Declared: the model it is a member of
  std::string builtin;                     ///< Builtin
  std::shared_ptr<const FunctionValue> of; ///< the others: what is differentiated
  std::vector<std::string> wrt;
  SourceRange made;
};
/// A `model` declaration, to be given arguments.
struct ModelType {
  const ast::Model *decl = nullptr;
  Module *module = nullptr;
};
struct ModelRef {
  ModelInstance *instance = nullptr;
};
struct ModuleRef {
  Module *module = nullptr;
};
struct DatasetRef {
  const ast::Dataset *decl = nullptr;
  Module *module = nullptr;
};
/// `f32` as a function.
struct DtypeName {
  DType dtype = DType::F32;
};
/// `zeros()`, `random.normal()`: a value that takes the shape of the place it goes to.
struct Fill {
  enum class Kind { Number, Draw, Orthogonal };
  Kind kind = Kind::Number;
  Number number;
  Distribution distribution = Distribution::Uniform;
  std::vector<Value> parameters;
  SourceRange range;
};

struct Value {
  std::variant<ErrorValue, NoValue, Hole, Tensor, Number, FixedBool, Text, Sequence, Record,
               FunctionValue, ModelType, ModelRef, ModuleRef, DatasetRef, DtypeName, Fill>
      data;
  /// Where a fixed value was written, to explain a dimension it becomes.
  SourceRange origin;

  Value() = default;
  template <typename T>
    requires(!std::is_same_v<std::decay_t<T>, Value>)
  Value(T &&held, SourceRange origin = {}) : data(std::forward<T>(held)), origin(origin) {}

  template <typename T> const T *get() const { return std::get_if<T>(&data); }
  template <typename T> T *get() { return std::get_if<T>(&data); }
  template <typename T> bool is() const { return std::holds_alternative<T>(data); }
  bool isError() const { return is<ErrorValue>(); }
};

/// How much there is in a value when it is written out: at least 1 for each number and tensor, and
/// what their dimensions' formulas add. At most `SIZE_MAX`.
size_t sizeOf(const Number &number);
size_t sizeOf(const Value &value);
size_t sizeOf(const std::pair<std::string, Value> &field);
/// How many levels of parts it has: 1 for a number or tensor.
size_t depthOf(const Number &number);
size_t depthOf(const Value &value);
size_t depthOf(const std::pair<std::string, Value> &field);

/// A type as it stands in a signature, all its names replaced by what they are.
struct ResolvedType {
  enum class Kind {
    Error,
    Tensor,
    Int,
    Real,
    String,
    Strings,
    Tuple,
    List,
    Record,
    Function,
    Model,
    Tree,
    Like
  };
  Kind kind = Kind::Error;
  Dt dtype;               ///< Tensor
  std::vector<Axis> axes; ///< Tensor
  std::vector<ResolvedType> items;
  std::vector<std::string> names; ///< of a record's items, or the strings
  Value like;                     ///< Like
};

//===----------------------------------------------------------------------===//
// Scopes, models, modules
//===----------------------------------------------------------------------===//

struct Binding {
  Value value;
  SourceRange declared;
};

/// The `...` and the dtypes that a signature leaves open.
struct TypeVars {
  std::optional<std::vector<Axis>> ellipsis;
  std::optional<Dt> real, integer, any;
};

/// Names of a block, a function, a model (`self`) or a file (`module`), looked up outwards.
struct Scope {
  ScopePtr parent;
  std::map<std::string, Binding, std::less<>> names;
  /// Of a function: the dimensions that its call solved, and who decided them there.
  std::map<std::string, Decided, std::less<>> dims;
  ModelInstance *self = nullptr;
  bool seesFunctions = false; ///< of `self`, nothing but its functions
  Module *module = nullptr;
  TypeVars *types = nullptr; ///< of the function whose scope it is
  bool isFunction = false;   ///< assignment doesn't look further out
  bool isFor = false;        ///< a repetition of a `for`
  bool isRegion = false;     ///< a branch or body that runs, or doesn't, at run time
  bool isBranch = false;     ///< such a region, and a branch

  explicit Scope(ScopePtr parent = nullptr) : parent(std::move(parent)) {}
};

/// A `param` or `state` of an instance.
struct Slot {
  std::string path; ///< with the model's: "lstm.kernel"
  const ast::Member *member = nullptr;
  ModelInstance *owner = nullptr;
  Role role = Role::Parameter;
  unsigned ordinal = 0; ///< in order of making, so that nothing depends on addresses
};
struct SlotLess {
  bool operator()(const Slot *a, const Slot *b) const { return a->ordinal < b->ordinal; }
};
using SlotValues = std::map<const Slot *, struct Value, SlotLess>;

/// A model with its arguments.
struct ModelInstance {
  const ast::Model *decl = nullptr;
  Module *module = nullptr;
  std::string path; ///< "", "lstm", "blocks.3"
  ScopePtr scope;   ///< its arguments, then (by `self`) its members, then its file
  std::map<std::string, Value, std::less<>> fields;
  std::vector<std::string> evaluating; ///< fields being evaluated, to find circles
  std::vector<std::unique_ptr<Slot>> slots;
  std::map<const ast::Member *, Slot *> slotOfMember;
  SourceRange made;    ///< the call that made it
  bool isOpen = false; ///< its uses decide a width, or it holds a model it was given
  Role parameterRole = Role::Parameter; ///< of its slots
  Role stateRole = Role::State;

  /// Null if the member is none of a slot, or there is no such slot.
  Slot *slotOf(const ast::Member *member) const {
    auto found = slotOfMember.find(member);
    return found == slotOfMember.end() ? nullptr : found->second;
  }
};

/// A file.
struct Module {
  std::string name; ///< as it is imported: "nn", "models.resnet"
  FileId file;
  const ast::File *syntax = nullptr;
  bool isLibrary = false;
  std::map<std::string, const ast::Decl *, std::less<>> decls;
  std::map<std::string, Module *, std::less<>> imports; ///< by the last name of their path; null if
                                                        ///< it couldn't be read, which was reported
  ScopePtr scope;
  std::vector<const ast::Decl *> evaluating;
};

} // namespace tenon::check
