//===- NameWalker.h - The names that a piece of syntax uses -----*- C++ -*-===//
#pragma once

#include "frontend/syntax/AST.h"

#include <functional>
#include <set>
#include <string>
#include <unordered_map>
#include <vector>

namespace tenon::check {

/// Walks an expression and asks for each name; names that the walk passes by are bound to nothing
/// in particular.
class NameWalker {
public:
  using Names = std::set<std::string, std::less<>>;
  NameWalker(std::function<void(std::string_view, SourceRange)> ask) : ask_(std::move(ask)) {}

  /// `local`: names that aren't asked for.
  void expr(const ast::Expr *e, const Names &local);
  void block(const ast::Block *b, const Names &local);
  /// How much has been walked over, for whoever bounds it.
  uint64_t visited() const { return visited_; }

private:
  /// Names bound while it lives are forgotten with it.
  class Inner;
  void bind(std::string_view name) {
    ++bound_[name];
    order_.push_back(name);
  }
  void walk(const ast::Expr *e);
  void walk(const ast::Block *b);
  void stmt(const ast::Stmt *s);
  void pattern(const ast::Pattern *p);
  void indices(ast::List<ast::Index> head);

  std::function<void(std::string_view, SourceRange)> ask_;
  std::unordered_map<std::string_view, unsigned> bound_;
  std::vector<std::string_view> order_;
  uint64_t visited_ = 0;
};

} // namespace tenon::check
