//===- Formatter.h - Walks a tree and writes its tokens ---------*- C++ -*-===//
//
// A function for each form of the grammar: it writes the form's tokens, which stand next in the
// writer, and says where lines may break. Parentheses that the tree doesn't show are found by the
// tokens.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "frontend/format/Writer.h"

namespace tenon::format {

class Formatter {
public:
  Formatter(std::string_view text, const TokenStream &stream) : w_(text, stream) {}

  std::string file(const ast::File &file);

private:
  // Declarations (FormatDecl.cpp).
  void import();
  void decl(const ast::Decl &decl);
  void function(const ast::Function &function);
  void functionTail(const ast::Function &function);
  void alias(const ast::Alias &alias);
  void model(const ast::Model &model);
  void members(ast::List<const ast::Member *> members);
  void member(const ast::Member &member, class Columns &columns);
  void dataset(const ast::Dataset &dataset);
  void train(const ast::Train &train);
  void path(const ast::Path &path);
  void params(ast::List<ast::Param> params);
  void names(size_t count);

  // Types (FormatDecl.cpp).
  void type(const ast::Type *type);

  // Statements (FormatStmt.cpp).
  void block(const ast::Block &block);
  void blockInGroup(const ast::Block &block);
  void blockLines(const ast::Block &block);
  void stmt(const ast::Stmt &stmt, class Columns *columns = nullptr);
  void assigned(const ast::Expr *value);
  void value(const ast::Expr *value);
  void loopHead(const ast::Expr &loop);
  void pattern(const ast::Pattern &pattern);
  void indices(ast::List<ast::Index> indices);

  // Expressions (FormatExpr.cpp).
  /// `chainIndent`: levels by which the further lines of a chain of operators stand in.
  void expr(const ast::Expr *expr, unsigned chainIndent = 1);
  void bare(const ast::Expr &expr, unsigned chainIndent);
  size_t parenthesesAround(const ast::Expr &expr) const;
  void chain(const ast::BinaryExpr &last, unsigned indent);
  void pipes(const ast::CallExpr &last, bool keepBreaks);
  void args(ast::List<ast::Arg> args);
  void arg(const ast::Arg &arg);
  void listItems(ast::List<const ast::Expr *> items);
  void slot(const ast::Slot &slot);
  void ifExpr(const ast::IfExpr &choice);
  void record(ast::List<ast::Arg> fields);

  // Parts of all of them.
  void word() {
    w_.token();
    w_.space();
  }
  /// Tokens of a bracketed list; `each(i)` writes an item.
  template <typename Each>
  void bracketed(Group group, size_t count, Each each, bool filled = false, bool keepComma = false);
  /// `{ a: x, b: y }`; `each(i)` writes a field.
  template <typename Each> void braced(size_t count, Each each);

  Writer w_;
};

/// The columns of consecutive lines of one kind, in which types or `=` stand below each other.
class Columns {
public:
  explicit Columns(Layout &layout) : layout_(layout) {}
  ~Columns() { finish(); }
  Columns(const Columns &) = delete;
  Columns &operator=(const Columns &) = delete;

  void row() { rows_.push_back({layout_.position(), {}}); }
  /// A space, at least, before the next column of the row; `number` tells which it is.
  void tab(size_t number) { rows_.back().tabs.emplace_back(number, layout_.tab()); }
  /// Sets all spaces; what follows is another table.
  void finish();

private:
  /// A cell that is longer than the shortest by more than this stands out of the table.
  static constexpr uint32_t mostSpaces = 24;
  /// What ends behind this column does so too; with the spaces it might not fit on its line.
  static constexpr uint32_t mostColumns = 70;
  struct Row {
    size_t begin;
    std::vector<std::pair<size_t, size_t>> tabs; ///< column, position
  };
  Layout &layout_;
  std::vector<Row> rows_;
};

template <typename Each>
void Formatter::bracketed(Group group, size_t count, Each each, bool filled, bool keepComma) {
  w_.layout.open(group);
  w_.token();
  w_.layout.indent();
  if (count != 0)
    w_.line("");
  for (size_t i = 0; i < count; ++i) {
    each(i);
    if (i + 1 < count) {
      w_.comma();
      filled ? w_.fill() : w_.line();
    } else if (keepComma) {
      w_.comma();
    } else {
      if (w_.at(TokenKind::Comma))
        w_.skipComma();
      w_.layout.ifBroken(",");
    }
  }
  bool lineEnds = w_.commentsBeforeClosing();
  w_.layout.dedent();
  if (lineEnds)
    w_.layout.hard();
  else if (count != 0)
    w_.layout.line("");
  w_.token();
  w_.layout.close();
}

template <typename Each> void Formatter::braced(size_t count, Each each) {
  bool onOwn = w_.endsLine();
  w_.layout.open(Group::Exposed);
  w_.token();
  w_.layout.indent();
  if (count != 0)
    onOwn ? w_.hard() : w_.line();
  for (size_t i = 0; i < count; ++i) {
    each(i);
    if (w_.at(TokenKind::Comma))
      w_.skipComma();
    if (i + 1 < count)
      onOwn ? w_.hard() : w_.line(", ");
  }
  bool lineEnds = w_.commentsBeforeClosing();
  w_.layout.dedent();
  if (lineEnds || (onOwn && count != 0))
    w_.layout.hard();
  else if (count != 0)
    w_.layout.line();
  w_.token();
  w_.layout.close();
}

} // namespace tenon::format
