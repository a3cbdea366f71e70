//===- AST.h - The syntax tree ----------------------------------*- C++ -*-===//
//
// One struct for each form of the grammar in docs/language.md. Nodes live in their file's arena and
// are not changed after parsing; names and texts are views into the source or the arena. A node's
// range covers all of its text, parentheses of its own included. What the parser could not read is
// an ErrorExpr or ErrorType, for which an error has already been reported: later stages are silent
// about it.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "frontend/diagnostics/Source.h"
#include "frontend/syntax/Arena.h"

#include <cassert>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace tenon::ast {

template <typename T> using List = std::span<const T>;

/// A name where it is written. Empty text: the parser found none and has reported that.
struct Ident {
  std::string_view text;
  SourceRange range;

  explicit operator bool() const { return !text.empty(); }
};

/// `a.b.c`; at least one name.
struct Path {
  List<Ident> names;
  SourceRange range;

  std::string str() const;
};

struct Expr;
struct Type;
struct Stmt;
struct Function;

/// The node as a T if it is one, else null.
template <typename T, typename Base> const T *dynCast(const Base *node) {
  return node && node->kind == T::kindOf ? static_cast<const T *>(node) : nullptr;
}
/// The node, which is a T.
template <typename T, typename Base> const T &cast(const Base *node) {
  assert(node && node->kind == T::kindOf);
  return *static_cast<const T *>(node);
}

//===----------------------------------------------------------------------===//
// Parts shared by several forms
//===----------------------------------------------------------------------===//

/// `...`, or an index with, perhaps, its range: `r: 2`.
struct Index {
  bool ellipsis = false;
  Ident name; ///< empty for `...`
  const Expr *extent = nullptr;
  SourceRange range;
};

/// A name, `_`, or names in parentheses.
struct Pattern {
  bool tuple = false;
  Ident name;                  ///< of a pattern that is one name; "_" binds nothing
  List<const Pattern *> parts; ///< of a tuple
  SourceRange range;
};

/// `name: type = default`; at least in a declaration one of type and default stands.
struct Param {
  Ident name;
  const Type *type = nullptr;
  const Expr *value = nullptr;
  SourceRange range;
};

/// An argument of a call; positional where `name` is empty.
struct Arg {
  Ident name;
  const Expr *value = nullptr;
  SourceRange range;
};

/// `{ stmt... value }`, `{ stmt... value yield yielded }`.
struct Block {
  List<const Stmt *> stmts;
  /// The last line if it is a value (also an `if`, `scan` or `for`, which may turn out to have
  /// none); in a scan or loop the next state. Null if there is none.
  const Expr *value = nullptr;
  const Expr *yielded = nullptr;
  SourceRange yieldRange; ///< of the word `yield`
  uint16_t height = 1;    ///< of the tallest expression in it
  SourceRange range;      ///< braces included
};

//===----------------------------------------------------------------------===//
// Expressions
//===----------------------------------------------------------------------===//

enum class ExprKind : uint8_t {
  Name,
  Number,
  String,
  Bool,
  Wildcard,
  Tuple,
  ListOf,
  Record,
  If,
  Unary,
  Binary,
  Call,
  Subscript,
  Field,
  Default,
  Range,
  Reduce,
  Scan,
  Loop,
  For,
  Error
};

struct Expr {
  ExprKind kind;
  bool parenthesised = false; ///< written in parentheses of its own
  uint16_t height = 1;        ///< of the tree below, blocks included; at most maxNesting
  SourceRange range;
};

#define TENON_EXPR(NAME) static constexpr ExprKind kindOf = ExprKind::NAME;

struct NameExpr : Expr {
  TENON_EXPR(Name)
  std::string_view name;
};
struct NumberExpr : Expr {
  TENON_EXPR(Number)
  bool isInteger = true; ///< written without point and exponent
  int64_t integer = 0;   ///< its value if isInteger
  double real = 0;       ///< its value in any case
};
struct StringExpr : Expr {
  TENON_EXPR(String)
  std::string_view value; ///< escapes resolved
};
struct BoolExpr : Expr {
  TENON_EXPR(Bool)
  bool value = false;
};
/// `_`
struct WildcardExpr : Expr {
  TENON_EXPR(Wildcard)
};
/// `(a, b)`, `(a,)`, `()`
struct TupleExpr : Expr {
  TENON_EXPR(Tuple)
  List<const Expr *> items;
};
/// `[a, b]`
struct ListExpr : Expr {
  TENON_EXPR(ListOf)
  List<const Expr *> items;
};
/// `{ k: a, v: b }`
struct RecordExpr : Expr {
  TENON_EXPR(Record)
  List<Arg> fields;
};
struct IfExpr : Expr {
  TENON_EXPR(If)
  const Expr *condition = nullptr;
  const Block *thenBlock = nullptr;
  const Block *elseBlock =
      nullptr; ///< an `else if` is a block that holds the `if`; null after an error
};

enum class UnaryOp : uint8_t { Negate, Not };
struct UnaryExpr : Expr {
  TENON_EXPR(Unary)
  UnaryOp op = UnaryOp::Negate;
  const Expr *operand = nullptr;
};

enum class BinaryOp : uint8_t {
  Or,
  And,
  Equal,
  NotEqual,
  Less,
  LessEqual,
  Greater,
  GreaterEqual,
  Add,
  Subtract,
  Multiply,
  Divide,
  Remainder,
  MatMul,
  Power
};
struct BinaryExpr : Expr {
  TENON_EXPR(Binary)
  BinaryOp op = BinaryOp::Add;
  const Expr *lhs = nullptr;
  const Expr *rhs = nullptr;
  SourceRange opRange;
};

/// `f(a, k = b)`, and `x |> f(a)` as `f(x, a)`.
struct CallExpr : Expr {
  TENON_EXPR(Call)
  const Expr *callee = nullptr;
  List<Arg> args;
  bool piped = false; ///< args[0] stood before `|>`
};

/// One place between the brackets of a subscript.
struct Slot {
  enum Kind : uint8_t { Ellipsis, At, Slice } kind = At;
  const Expr *at = nullptr;    ///< At
  const Expr *begin = nullptr; ///< Slice; null: from the start
  const Expr *end = nullptr;   ///< Slice; null: to the end
  SourceRange range;
};
struct SubscriptExpr : Expr {
  TENON_EXPR(Subscript)
  const Expr *base = nullptr;
  List<Slot> slots;
};
/// `base.name`: a record's field, a model's member, a module's declaration.
struct FieldExpr : Expr {
  TENON_EXPR(Field)
  const Expr *base = nullptr;
  Ident name;
};
/// `x[...] else v`
struct DefaultExpr : Expr {
  TENON_EXPR(Default)
  const Expr *value = nullptr;
  const Expr *otherwise = nullptr;
};
/// `a..b`
struct RangeExpr : Expr {
  TENON_EXPR(Range)
  const Expr *begin = nullptr;
  const Expr *end = nullptr;
};

enum class Reduction : uint8_t { Sum, Mean, Prod, Max, Min, Argmax, Argmin, LogSumExp, Any, All };
/// `sum[i, j: 2] body`
struct ReduceExpr : Expr {
  TENON_EXPR(Reduce)
  Reduction reduction = Reduction::Sum;
  List<Index> indices;
  const Expr *body = nullptr;
  SourceRange head; ///< `sum[i, j: 2]`
};

// The following three stand only as a statement, after `=` or last in a block.

/// `scan state = init over pattern in sequence along dimension { ... }`
struct ScanExpr : Expr {
  TENON_EXPR(Scan)
  const Pattern *state = nullptr; ///< null: a scan without state
  const Expr *init = nullptr;
  const Pattern *over = nullptr;
  const Expr *sequence = nullptr;
  Ident along; ///< empty if not written
  const Block *body = nullptr;
  SourceRange head; ///< up to the body
};
/// `loop state = init while condition at most bound { ... }`; only as a statement.
struct LoopExpr : Expr {
  TENON_EXPR(Loop)
  const Pattern *state = nullptr;
  const Expr *init = nullptr;
  const Expr *condition = nullptr;
  const Expr *bound = nullptr; ///< null if not written
  const Block *body = nullptr;
  SourceRange head;
};
/// `for pattern in sequence { ... }`
struct ForExpr : Expr {
  TENON_EXPR(For)
  const Pattern *over = nullptr;
  const Expr *sequence = nullptr;
  const Block *body = nullptr;
  SourceRange head;
};
struct ErrorExpr : Expr {
  TENON_EXPR(Error)
};
#undef TENON_EXPR

//===----------------------------------------------------------------------===//
// Types as they are written
//===----------------------------------------------------------------------===//

enum class TypeKind : uint8_t { Named, Tuple, List, Record, Function, Like, Strings, Error };

struct Type {
  TypeKind kind;
  SourceRange range;
};

/// `...`, or an expression (`_` is a WildcardExpr).
struct TypeDim {
  bool ellipsis = false;
  const Expr *extent = nullptr;
  SourceRange range;
};

#define TENON_TYPE(NAME) static constexpr TypeKind kindOf = TypeKind::NAME;

/// `f32`, `f32[batch, ...]`, `int`, `tree`, `nn.Dense`, `Cache[b, s]`
struct NamedType : Type {
  TENON_TYPE(Named)
  Path path;
  bool hasDims = false; ///< brackets were written
  List<TypeDim> dims;
};
struct TupleType : Type {
  TENON_TYPE(Tuple)
  List<const Type *> items;
};
struct ListType : Type {
  TENON_TYPE(List)
  const Type *item = nullptr;
};
struct RecordType : Type {
  TENON_TYPE(Record)
  List<Param> fields; ///< name and type
};
struct FunctionType : Type {
  TENON_TYPE(Function)
  List<const Type *> params;
  const Type *result = nullptr;
};
/// `like params`
struct LikeType : Type {
  TENON_TYPE(Like)
  Ident name;
};
/// `"valid" | "same"`
struct StringsType : Type {
  TENON_TYPE(Strings)
  List<std::string_view> values;
};
struct ErrorType : Type {
  TENON_TYPE(Error)
};
#undef TENON_TYPE

//===----------------------------------------------------------------------===//
// Statements
//===----------------------------------------------------------------------===//

enum class StmtKind : uint8_t { Let, LetIndexed, LetFunction, Set, Assign, Require, Expr };

struct Stmt {
  StmtKind kind;
  SourceRange range;
};

#define TENON_STMT(NAME) static constexpr StmtKind kindOf = StmtKind::NAME;

/// `let x: f32[n] = value`, `let (a, b) = value`
struct LetStmt : Stmt {
  TENON_STMT(Let)
  const Pattern *pattern = nullptr;
  const Type *type = nullptr;
  const Expr *value = nullptr;
};
/// `let y[b, o: 3] = value`
struct LetIndexedStmt : Stmt {
  TENON_STMT(LetIndexed)
  Ident name;
  List<Index> indices;
  const Expr *value = nullptr;
};
/// `let f(x: f32) = x`
struct LetFunctionStmt : Stmt {
  TENON_STMT(LetFunction)
  const Function *function = nullptr;
};
/// `set name = value`, `set name[i] = value`
struct SetStmt : Stmt {
  TENON_STMT(Set)
  Ident name;
  bool indexed = false;
  List<Index> indices;
  const Expr *value = nullptr;
};
/// `name = value`, in a `for`
struct AssignStmt : Stmt {
  TENON_STMT(Assign)
  Ident name;
  const Expr *value = nullptr;
};
/// `require condition, "message"`
struct RequireStmt : Stmt {
  TENON_STMT(Require)
  const Expr *condition = nullptr;
  std::string_view message;
  SourceRange messageRange;
};
/// An `if`, `scan`, `loop` or `for` that isn't the block's value.
struct ExprStmt : Stmt {
  TENON_STMT(Expr)
  const Expr *expr = nullptr;
};
#undef TENON_STMT

//===----------------------------------------------------------------------===//
// Declarations
//===----------------------------------------------------------------------===//

enum class DeclKind : uint8_t { Function, Model, Dataset, Train, Alias, Let };

/// A declaration of a file, and a function or alias within a model.
struct Decl {
  DeclKind kind;
  SourceRange range;
  Ident name;           ///< empty for Train and Let
  std::string_view doc; ///< the lines of `///` above it, without the slashes
};

#define TENON_DECL(NAME) static constexpr DeclKind kindOf = DeclKind::NAME;

struct Function : Decl {
  TENON_DECL(Function)
  Ident customGradient; ///< the argument of `@custom_gradient`, empty without
  List<Param> params;
  const Type *result = nullptr; ///< null if not written
  /// Exactly one of the two, unless the parser reported an error.
  const Block *block = nullptr;
  const Expr *expr = nullptr;
  SourceRange head; ///< up to the body
};

/// `type Name[a, b] = type`
struct Alias : Decl {
  TENON_DECL(Alias)
  List<Ident> dims;
  const Type *type = nullptr;
};

enum class MemberKind : uint8_t { Param, State, Field, Function, Alias, Require };

struct Member {
  MemberKind kind;
  SourceRange range;
  Ident name; ///< but for Require
  std::string_view doc;
  bool indexed = false;                 ///< Param, State: indices were written
  List<Ident> indices;                  ///< Param, State
  const Type *type = nullptr;           ///< Param, State
  const Expr *value = nullptr;          ///< Param, State (null if none), Field
  const Function *function = nullptr;   ///< Function
  const Alias *alias = nullptr;         ///< Alias
  const RequireStmt *require = nullptr; ///< Require
};

struct Model : Decl {
  TENON_DECL(Model)
  List<Param> params;
  List<const Member *> members;
};

/// `from expr`, `train from expr`
struct DatasetSource {
  Ident split; ///< empty: the dataset's own
  const Expr *source = nullptr;
  SourceRange range;
};
/// `name: type = expr`
struct DatasetField {
  Ident name;
  const Type *type = nullptr;
  const Expr *value = nullptr;
  std::string_view doc;
  SourceRange range;
};
/// A name and its part, of `split train 0.8, test 0.2`.
struct DatasetSplit {
  Ident name;
  const Expr *fraction = nullptr; ///< a number
  SourceRange range;
};
struct Dataset : Decl {
  TENON_DECL(Dataset)
  List<DatasetSource> sources;
  List<DatasetField> fields;
  List<DatasetSplit> splits; ///< of all `split` lines, in order
};

/// An entry is an AssignStmt; all else in a `train` block is a form of `let`.
struct Train : Decl {
  TENON_DECL(Train)
  Path model;
  bool hasArgs = false;
  List<Arg> args;
  Ident dataset;
  List<const Stmt *> stmts;
  SourceRange head;
};

/// A constant, or a function in the form of a `let`.
struct TopLet : Decl {
  TENON_DECL(Let)
  const Stmt *let = nullptr; ///< LetStmt, LetIndexedStmt or LetFunctionStmt
};
#undef TENON_DECL

//===----------------------------------------------------------------------===//
// Files
//===----------------------------------------------------------------------===//

struct Comment {
  bool doc = false;
  SourceRange range; ///< slashes included, without spaces at the line's end
};

/// A parsed file; owns its tree.
struct File {
  FileId id;
  List<Path> imports;
  List<const Decl *> decls;
  List<Comment> comments; ///< all of them, in order
  Arena arena;
};

} // namespace tenon::ast
