//===- Dump.cpp - The tree as text ----------------------------------------===//
//
// The text is a program of the language itself with every operation in parentheses and every call
// in its plain form, so that parsing it gives the same text again.
//
//===----------------------------------------------------------------------===//
#include "frontend/syntax/Parse.h"

#include <cstdio>

namespace tenon {

using namespace ast;

namespace {

std::string_view spelling(BinaryOp op) {
  constexpr std::string_view texts[] = {
      "or", "and", "==", "!=", "<", "<=", ">", ">=", "+", "-", "*", "/", "%", "@", "**"};
  return texts[static_cast<size_t>(op)];
}

std::string_view spelling(Reduction reduction) {
  constexpr std::string_view texts[] = {"sum",    "mean",   "prod",      "max", "min",
                                        "argmax", "argmin", "logsumexp", "any", "all"};
  return texts[static_cast<size_t>(reduction)];
}

class Dumper {
public:
  explicit Dumper(std::string &out) : out_(out) {}

  void decl(const Decl &decl);
  void path(const Path &path) { out_ += path.str(); }

private:
  template <typename Items, typename Each>
  void separated(const Items &items, Each each, std::string_view separator = ", ") {
    bool first = true;
    for (const auto &item : items) {
      if (!first)
        out_ += separator;
      first = false;
      each(item);
    }
  }
  void line(std::string_view text = "") {
    out_ += "\n" + std::string(2 * indent_, ' ');
    out_ += text;
  }
  void doc(std::string_view text);
  void quoted(std::string_view text);
  void expr(const Expr *expr);
  void number(const NumberExpr &number);
  void subscript(const SubscriptExpr &subscript);
  void ifExpr(const IfExpr &choice);
  void loopHead(const Expr &expr);
  void binary(const Expr *lhs, std::string_view op, const Expr *rhs);
  void args(List<Arg> args);
  void indices(List<Index> indices);
  void pattern(const Pattern &pattern);
  void type(const Type *type);
  void block(const Block *block);
  void stmt(const Stmt &stmt);
  void params(List<Param> params);
  void functionFromName(const Function &function);
  void member(const Member &member);
  void model(const Model &model);
  void dataset(const Dataset &dataset);
  void train(const Train &train);
  void alias(const Alias &alias);

  std::string &out_;
  unsigned indent_ = 0;
};

void Dumper::doc(std::string_view text) {
  while (!text.empty()) {
    size_t end = std::min(text.find('\n'), text.size());
    out_ += "/// " + std::string(text.substr(0, end));
    line();
    text.remove_prefix(std::min(end + 1, text.size()));
  }
}

void Dumper::quoted(std::string_view text) {
  out_ += '"';
  for (char c : text) {
    if (c == '\n' || c == '\t')
      out_ += c == '\n' ? "\\n" : "\\t";
    else
      out_ += (c == '"' || c == '\\' ? "\\" : "") + std::string(1, c);
  }
  out_ += '"';
}

void Dumper::number(const NumberExpr &number) {
  if (number.isInteger) {
    out_ += std::to_string(number.integer);
    return;
  }
  char text[40];
  std::snprintf(text, sizeof text, "%.17g", number.real);
  out_ += text;
  if (std::string_view(text).find_first_of(".e") == std::string_view::npos)
    out_ += ".0";
}

void Dumper::binary(const Expr *lhs, std::string_view op, const Expr *rhs) {
  out_ += "(";
  expr(lhs);
  out_ += " " + std::string(op) + " ";
  expr(rhs);
  out_ += ")";
}

void Dumper::args(List<Arg> args) {
  separated(args, [&](const Arg &arg) {
    if (arg.name)
      out_ += std::string(arg.name.text) + " = ";
    expr(arg.value);
  });
}

void Dumper::indices(List<Index> indices) {
  out_ += "[";
  separated(indices, [&](const Index &index) {
    out_ += index.ellipsis ? "..." : index.name.text;
    if (index.extent) {
      out_ += ": ";
      expr(index.extent);
    }
  });
  out_ += "]";
}

void Dumper::subscript(const SubscriptExpr &subscript) {
  expr(subscript.base);
  out_ += "[";
  separated(subscript.slots, [&](const Slot &slot) {
    if (slot.kind == Slot::Ellipsis)
      out_ += "...";
    if (slot.at)
      expr(slot.at);
    if (slot.begin)
      expr(slot.begin);
    if (slot.kind == Slot::Slice)
      out_ += ":";
    if (slot.end)
      expr(slot.end);
  });
  out_ += "]";
}

void Dumper::pattern(const Pattern &pattern) {
  if (!pattern.tuple) {
    out_ += pattern.name.text;
    return;
  }
  out_ += "(";
  separated(pattern.parts, [&](const Pattern *part) { this->pattern(*part); });
  out_ += pattern.parts.size() == 1 ? ",)" : ")";
}

void Dumper::ifExpr(const IfExpr &choice) {
  out_ += "(if ";
  expr(choice.condition);
  out_ += " ";
  block(choice.thenBlock);
  if (choice.elseBlock) {
    out_ += " else ";
    block(choice.elseBlock);
  }
  out_ += ")";
}

void Dumper::loopHead(const Expr &loop) {
  if (const auto *scan = dynCast<ScanExpr>(&loop)) {
    out_ += "scan ";
    if (scan->state) {
      pattern(*scan->state);
      out_ += " = ";
      expr(scan->init);
      out_ += " ";
    }
    out_ += "over ";
    pattern(*scan->over);
    out_ += " in ";
    expr(scan->sequence);
    if (scan->along)
      out_ += " along " + std::string(scan->along.text);
  } else if (const auto *repeat = dynCast<LoopExpr>(&loop)) {
    out_ += "loop ";
    pattern(*repeat->state);
    out_ += " = ";
    expr(repeat->init);
    out_ += " while ";
    expr(repeat->condition);
    if (repeat->bound) {
      out_ += " at most ";
      expr(repeat->bound);
    }
  } else {
    const auto &each = cast<ForExpr>(&loop);
    out_ += "for ";
    pattern(*each.over);
    out_ += " in ";
    expr(each.sequence);
  }
  out_ += " ";
}

void Dumper::expr(const Expr *node) {
  switch (node->kind) {
  case ExprKind::Name:
    out_ += cast<NameExpr>(node).name;
    break;
  case ExprKind::Number:
    number(cast<NumberExpr>(node));
    break;
  case ExprKind::String:
    quoted(cast<StringExpr>(node).value);
    break;
  case ExprKind::Bool:
    out_ += cast<BoolExpr>(node).value ? "true" : "false";
    break;
  case ExprKind::Wildcard:
    out_ += "_";
    break;
  case ExprKind::Tuple: {
    const auto &tuple = cast<TupleExpr>(node);
    out_ += "(";
    separated(tuple.items, [&](const Expr *item) { expr(item); });
    out_ += tuple.items.size() == 1 ? ",)" : ")";
    break;
  }
  case ExprKind::ListOf:
    out_ += "[";
    separated(cast<ListExpr>(node).items, [&](const Expr *item) { expr(item); });
    out_ += "]";
    break;
  case ExprKind::Record:
    out_ += "{ ";
    separated(cast<RecordExpr>(node).fields, [&](const Arg &field) {
      out_ += std::string(field.name.text) + ": ";
      expr(field.value);
    });
    out_ += " }";
    break;
  case ExprKind::If:
    ifExpr(cast<IfExpr>(node));
    break;
  case ExprKind::Unary: {
    const auto &unary = cast<UnaryExpr>(node);
    out_ += unary.op == UnaryOp::Negate ? "(-" : "(not ";
    expr(unary.operand);
    out_ += ")";
    break;
  }
  case ExprKind::Binary: {
    const auto &operation = cast<BinaryExpr>(node);
    binary(operation.lhs, spelling(operation.op), operation.rhs);
    break;
  }
  case ExprKind::Call: {
    const auto &call = cast<CallExpr>(node);
    expr(call.callee);
    out_ += "(";
    args(call.args);
    out_ += ")";
    break;
  }
  case ExprKind::Subscript:
    subscript(cast<SubscriptExpr>(node));
    break;
  case ExprKind::Field: {
    const auto &field = cast<FieldExpr>(node);
    expr(field.base);
    out_ += "." + std::string(field.name.text);
    break;
  }
  case ExprKind::Default: {
    const auto &choice = cast<DefaultExpr>(node);
    binary(choice.value, "else", choice.otherwise);
    break;
  }
  case ExprKind::Range: {
    const auto &range = cast<RangeExpr>(node);
    binary(range.begin, "..", range.end);
    break;
  }
  case ExprKind::Reduce: {
    const auto &reduce = cast<ReduceExpr>(node);
    out_ += "(" + std::string(spelling(reduce.reduction));
    indices(reduce.indices);
    out_ += " ";
    // An operand that begins with a bracket of another kind would be part of the reduction's name.
    bool bracket = reduce.body->kind == ExprKind::ListOf || reduce.body->kind == ExprKind::Record ||
                   reduce.body->kind == ExprKind::Wildcard;
    out_ += bracket ? "(" : "";
    expr(reduce.body);
    out_ += bracket ? "))" : ")";
    break;
  }
  case ExprKind::Scan:
    loopHead(*node);
    block(cast<ScanExpr>(node).body);
    break;
  case ExprKind::Loop:
    loopHead(*node);
    block(cast<LoopExpr>(node).body);
    break;
  case ExprKind::For:
    loopHead(*node);
    block(cast<ForExpr>(node).body);
    break;
  case ExprKind::Error:
    out_ += "<error>";
    break;
  }
}

void Dumper::type(const Type *node) {
  switch (node->kind) {
  case TypeKind::Named: {
    const auto &named = cast<NamedType>(node);
    path(named.path);
    if (!named.hasDims)
      break;
    out_ += "[";
    separated(named.dims, [&](const TypeDim &dim) {
      if (dim.ellipsis)
        out_ += "...";
      else
        expr(dim.extent);
    });
    out_ += "]";
    break;
  }
  case TypeKind::Tuple: {
    const auto &tuple = cast<TupleType>(node);
    out_ += "(";
    separated(tuple.items, [&](const Type *item) { type(item); });
    out_ += tuple.items.size() == 1 ? ",)" : ")";
    break;
  }
  case TypeKind::List:
    out_ += "[";
    type(cast<ListType>(node).item);
    out_ += "]";
    break;
  case TypeKind::Record:
    out_ += "{ ";
    separated(cast<RecordType>(node).fields, [&](const Param &field) {
      out_ += std::string(field.name.text) + ": ";
      type(field.type);
    });
    out_ += " }";
    break;
  case TypeKind::Function: {
    const auto &function = cast<FunctionType>(node);
    out_ += "fn(";
    separated(function.params, [&](const Type *param) { type(param); });
    out_ += ") -> ";
    type(function.result);
    break;
  }
  case TypeKind::Like:
    out_ += "like " + std::string(cast<LikeType>(node).name.text);
    break;
  case TypeKind::Strings:
    separated(
        cast<StringsType>(node).values, [&](std::string_view value) { quoted(value); }, " | ");
    break;
  case TypeKind::Error:
    out_ += "<error>";
    break;
  }
}

void Dumper::block(const Block *block) {
  out_ += "{";
  ++indent_;
  for (const Stmt *each : block->stmts) {
    line();
    stmt(*each);
  }
  if (block->value || block->yielded)
    line();
  if (block->value)
    expr(block->value);
  if (block->yielded) {
    out_ += block->value ? " yield " : "yield ";
    expr(block->yielded);
  }
  --indent_;
  line("}");
}

void Dumper::params(List<Param> params) {
  out_ += "(";
  separated(params, [&](const Param &param) {
    out_ += param.name.text;
    if (param.type) {
      out_ += ": ";
      type(param.type);
    }
    if (param.value) {
      out_ += " = ";
      expr(param.value);
    }
  });
  out_ += ")";
}

void Dumper::functionFromName(const Function &function) {
  out_ += function.name.text;
  params(function.params);
  if (function.result) {
    out_ += " -> ";
    type(function.result);
  }
  out_ += function.expr ? " = " : " ";
  if (function.expr)
    expr(function.expr);
  else if (function.block)
    block(function.block);
}

void Dumper::stmt(const Stmt &node) {
  switch (node.kind) {
  case StmtKind::Let: {
    const auto &let = cast<LetStmt>(&node);
    out_ += "let ";
    pattern(*let.pattern);
    if (let.type) {
      out_ += ": ";
      type(let.type);
    }
    out_ += " = ";
    expr(let.value);
    break;
  }
  case StmtKind::LetIndexed: {
    const auto &let = cast<LetIndexedStmt>(&node);
    out_ += "let " + std::string(let.name.text);
    indices(let.indices);
    out_ += " = ";
    expr(let.value);
    break;
  }
  case StmtKind::LetFunction:
    out_ += "let ";
    functionFromName(*cast<LetFunctionStmt>(&node).function);
    break;
  case StmtKind::Set: {
    const auto &set = cast<SetStmt>(&node);
    out_ += "set " + std::string(set.name.text);
    if (set.indexed)
      indices(set.indices);
    out_ += " = ";
    expr(set.value);
    break;
  }
  case StmtKind::Assign:
    out_ += std::string(cast<AssignStmt>(&node).name.text) + " = ";
    expr(cast<AssignStmt>(&node).value);
    break;
  case StmtKind::Require:
    out_ += "require ";
    expr(cast<RequireStmt>(&node).condition);
    out_ += ", ";
    quoted(cast<RequireStmt>(&node).message);
    break;
  case StmtKind::Expr:
    expr(cast<ExprStmt>(&node).expr);
    break;
  }
}

void Dumper::member(const Member &member) {
  if (member.kind != MemberKind::Function)
    doc(member.doc);
  switch (member.kind) {
  case MemberKind::Param:
  case MemberKind::State:
    out_ += member.kind == MemberKind::Param ? "param " : "state ";
    out_ += member.name.text;
    if (member.indexed) {
      out_ += "[";
      separated(member.indices, [&](const Ident &index) { out_ += index.text; });
      out_ += "]";
    }
    out_ += ": ";
    type(member.type);
    if (member.value) {
      out_ += " = ";
      expr(member.value);
    }
    break;
  case MemberKind::Field:
    out_ += std::string(member.name.text) + " = ";
    expr(member.value);
    break;
  case MemberKind::Function:
    decl(*member.function);
    break;
  case MemberKind::Alias:
    alias(*member.alias);
    break;
  case MemberKind::Require:
    stmt(*member.require);
    break;
  }
}

void Dumper::model(const Model &model) {
  out_ += "model " + std::string(model.name.text);
  if (!model.params.empty())
    params(model.params);
  out_ += " {";
  ++indent_;
  for (const Member *each : model.members) {
    line();
    member(*each);
  }
  --indent_;
  line("}");
}

void Dumper::dataset(const Dataset &dataset) {
  out_ += "dataset " + std::string(dataset.name.text) + " {";
  ++indent_;
  for (const DatasetSource &source : dataset.sources) {
    line(source.split.text);
    out_ += source.split ? " from " : "from ";
    expr(source.source);
  }
  for (const DatasetField &field : dataset.fields) {
    line();
    doc(field.doc);
    out_ += std::string(field.name.text) + ": ";
    type(field.type);
    out_ += " = ";
    expr(field.value);
  }
  if (!dataset.splits.empty()) {
    line("split ");
    separated(dataset.splits, [&](const DatasetSplit &split) {
      out_ += std::string(split.name.text) + " ";
      expr(split.fraction);
    });
  }
  --indent_;
  line("}");
}

void Dumper::train(const Train &train) {
  out_ += "train " + train.model.str();
  if (train.hasArgs) {
    out_ += "(";
    args(train.args);
    out_ += ")";
  }
  out_ += " on " + std::string(train.dataset.text) + " {";
  ++indent_;
  for (const Stmt *each : train.stmts) {
    line();
    stmt(*each);
  }
  --indent_;
  line("}");
}

void Dumper::alias(const Alias &alias) {
  out_ += "type " + std::string(alias.name.text);
  if (!alias.dims.empty()) {
    out_ += "[";
    separated(alias.dims, [&](const Ident &name) { out_ += name.text; });
    out_ += "]";
  }
  out_ += " = ";
  type(alias.type);
}

void Dumper::decl(const Decl &node) {
  doc(node.doc);
  switch (node.kind) {
  case DeclKind::Function: {
    const auto &function = cast<Function>(&node);
    if (function.customGradient)
      out_ += "@custom_gradient(" + std::string(function.customGradient.text) + ") ";
    out_ += "fn ";
    functionFromName(function);
    break;
  }
  case DeclKind::Model:
    model(cast<Model>(&node));
    break;
  case DeclKind::Dataset:
    dataset(cast<Dataset>(&node));
    break;
  case DeclKind::Train:
    train(cast<Train>(&node));
    break;
  case DeclKind::Alias:
    alias(cast<Alias>(&node));
    break;
  case DeclKind::Let:
    stmt(*cast<TopLet>(&node).let);
    break;
  }
}

} // namespace

std::string dump(const File &file) {
  std::string out;
  for (const Path &import : file.imports)
    out += "import " + import.str() + "\n";
  Dumper dumper(out);
  for (const Decl *decl : file.decls) {
    dumper.decl(*decl);
    out += "\n";
  }
  return out;
}

} // namespace tenon
