//===- Parser.h - Recursive descent over tokens -----------------*- C++ -*-===//
//
// After an error the parser is in panic: nothing is reported until it has found its place again, at
// the end of the bracket or of the statement it is in. So one mistake gives one error, and several
// mistakes several.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "frontend/syntax/Lexer.h"
#include "frontend/syntax/Parse.h"

#include <algorithm>
#include <optional>
#include <string>

namespace tenon {

class Parser {
public:
  Parser(const SourceManager &sources, FileId file, DiagnosticEngine &engine);

  std::unique_ptr<ast::File> run();

private:
  // Cursor (Parser.cpp).
  const Token &token(size_t ahead = 0) const;
  TokenKind kind(size_t ahead = 0) const { return token(ahead).kind; }
  bool at(TokenKind kind) const { return token().kind == kind; }
  bool atWord(std::string_view word, size_t ahead = 0) const;
  std::string_view text(const Token &token) const;
  SourceRange range(const Token &token) const { return {file_->id, token.begin, token.end}; }
  /// From the start of a token before to the end of the last one taken.
  SourceRange rangeFrom(uint32_t begin) const;
  const Token &take();
  bool accept(TokenKind kind);
  void skipNewlines();

  // Errors and recovery (Parser.cpp).
  /// Reports what was found where `expected` should be, unless in panic; now in panic.
  void unexpected(const std::string &expected, std::string_view help = "");
  void error(Code code, SourceRange range, std::string message, std::string_view help = "");
  bool expect(TokenKind kind, const std::string &expected = "");
  ast::Ident expectName(const std::string &what);
  ast::Ident identOf(const Token &token) const { return {text(token), range(token)}; }
  /// Ends a bracket that was opened by token `open`: takes its other half, or after an error goes
  /// behind it. True if all is well.
  bool closeBracket(uint32_t open);
  /// Goes to the end of the statement, stepping over brackets whole.
  void skipStatement();
  void skipToDeclaration();
  /// After a statement: the line must end here. False after an error.
  bool endStatement();
  bool atStatementEnd() const;
  bool atDeclaration() const;
  /// Counts a level of recursion; false where there are too many, which is reported.
  class Level;
  bool tooDeep();

  // Declarations (ParseDecl.cpp).
  std::string_view docHere() const;
  void import(std::vector<ast::Path> &imports);
  const ast::Decl *declaration();
  const ast::Function *function(ast::Ident customGradient, uint32_t begin, std::string_view doc);
  const ast::Function *decoratedFunction();
  void functionTail(ast::Function &function, uint32_t begin);
  const ast::Model *model();
  const ast::Member *member();
  const ast::Dataset *dataset();
  const ast::Train *train();
  const ast::Alias *alias();
  const ast::Decl *topLet();
  ast::Path path(const std::string &what);
  ast::List<ast::Param> params();
  ast::Param param();
  ast::List<ast::Ident> names();
  ast::List<ast::Arg> args(const ast::Expr *piped, uint16_t &height);

  // Types (ParseType.cpp).
  const ast::Type *type();
  const ast::Type *namedType();
  const ast::Type *recordType();
  const ast::Type *functionType();
  const ast::Type *stringsType();
  ast::TypeDim typeDim();
  const ast::Type *errorType();

  // Statements (ParseStmt.cpp).
  const ast::Block *block();
  void blockLines(ast::Block &block, uint32_t open);
  const ast::Stmt *statement();
  const ast::Stmt *let();
  const ast::Stmt *letFunction(uint32_t begin);
  const ast::Stmt *setStatement();
  const ast::RequireStmt *require();
  const ast::Expr *value();
  const ast::Expr *scan();
  const ast::Expr *loop();
  const ast::Expr *forLoop();
  const ast::Pattern *pattern();
  bool startsIndexed() const;
  ast::List<ast::Index> indices();
  ast::Index index();
  std::string_view stringValue(const Token &token);

  // Expressions (ParseExpr.cpp).
  const ast::Expr *expr();
  const ast::Expr *defaultExpr();
  const ast::Expr *rangeExpr();
  const ast::Expr *binary(unsigned least);
  const ast::Expr *unary();
  const ast::Expr *power();
  const ast::Expr *postfix();
  const ast::Expr *primary();
  const ast::Expr *subscript(const ast::Expr *base);
  ast::Slot slot(uint16_t &height);
  const ast::Expr *parentheses();
  const ast::Expr *list();
  const ast::Expr *record();
  const ast::Expr *ifExpr();
  const ast::Expr *number();
  const ast::Expr *string();
  const ast::Expr *misplacedLoop();
  const ast::Expr *reduction();
  bool startsReduction() const;
  bool startsOperand(size_t index) const;
  void checkReductionEnd(const ast::ReduceExpr &reduce);
  void checkDivisor(const ast::BinaryExpr &binary);
  const ast::Expr *errorExpr();

  /// A node of the arena with its kind and range.
  template <typename T> T *node(SourceRange range) {
    T *result = file_->arena.make<T>();
    result->kind = T::kindOf;
    result->range = range;
    return result;
  }
  /// The expression with the height that its parts give it, or an error where that is too much.
  const ast::Expr *grown(ast::Expr *expr, uint16_t below);
  template <typename T> ast::List<T> keep(const std::vector<T> &items) {
    return file_->arena.copy(items);
  }

  const SourceManager &sources_;
  DiagnosticEngine &engine_;
  std::unique_ptr<ast::File> file_;
  TokenStream stream_;
  size_t at_ = 0;
  uint32_t lastEnd_ = 0;
  bool panic_ = false;
  bool quiet_ = false; ///< in a bracket that has been reported
  unsigned level_ = 0;
  bool tooDeepReported_ = false;
  /// In the head of a scan or loop, outside brackets, `over`, `along` and `at most` end an
  /// expression.
  bool inHead_ = false;
  /// The tallest expression of the block being read.
  uint16_t blockHeight_ = 0;
};

class Parser::Level {
public:
  explicit Level(Parser &parser) : parser_(parser) { ++parser_.level_; }
  ~Level() { --parser_.level_; }
  Level(const Level &) = delete;
  Level &operator=(const Level &) = delete;

private:
  Parser &parser_;
};

/// Sets a value and puts the old one back.
template <typename T> class Restore {
public:
  Restore(T &place, T value) : place_(place), old_(place) { place = value; }
  ~Restore() { place_ = old_; }
  Restore(const Restore &) = delete;
  Restore &operator=(const Restore &) = delete;

private:
  T &place_;
  T old_;
};

} // namespace tenon
