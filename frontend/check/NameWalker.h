//===- NameWalker.h - The names that a piece of syntax uses -----*- C++ -*-===//
#pragma once

#include "frontend/syntax/AST.h"

#include <functional>
#include <set>
#include <string>

namespace tenon::check {

/// Walks an expression and asks for each name; names that the walk passes by are bound to nothing
/// in particular.
class NameWalker {
public:
  NameWalker(std::function<void(std::string_view, SourceRange)> ask) : ask_(std::move(ask)) {}

  void expr(const ast::Expr *e, std::set<std::string, std::less<>> local);
  void block(const ast::Block *b, std::set<std::string, std::less<>> local);

private:
  using Local = std::set<std::string, std::less<>>;
  void pattern(const ast::Pattern *p, Local &local) {
    if (!p)
      return;
    if (!p->tuple)
      local.emplace(p->name.text);
    for (const ast::Pattern *part : p->parts)
      pattern(part, local);
  }
  void indices(ast::List<ast::Index> head, Local &local) {
    for (const ast::Index &index : head) {
      expr(index.extent, local);
      local.emplace(index.name.text);
    }
  }
  void stmt(const ast::Stmt *s, Local &local);
  std::function<void(std::string_view, SourceRange)> ask_;
};

} // namespace tenon::check
