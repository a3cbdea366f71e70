#include "frontend/syntax/Parser.h"

namespace tenon {

using namespace ast;

//===----------------------------------------------------------------------===//
// Parts
//===----------------------------------------------------------------------===//

/// The doc comment right above the token at hand.
std::string_view Parser::docHere() const {
  auto doc = std::lower_bound(stream_.docs.begin(), stream_.docs.end(), at_,
                              [](const auto &entry, size_t index) { return entry.first < index; });
  return doc != stream_.docs.end() && doc->first == at_ ? doc->second : std::string_view();
}

Path Parser::path(const std::string &what) {
  Path result;
  uint32_t begin = token().begin;
  std::vector<Ident> names{expectName(what)};
  while (!panic_ && accept(TokenKind::Dot))
    names.push_back(expectName("after `.`"));
  result.names = keep(names);
  result.range = rangeFrom(begin);
  return result;
}

Param Parser::param() {
  Param result;
  result.name = expectName("of a parameter");
  if (!panic_ && accept(TokenKind::Colon))
    result.type = type();
  if (!panic_ && accept(TokenKind::Equals))
    result.value = expr();
  result.range = rangeFrom(result.name.range.begin);
  if (!panic_ && !result.type && !result.value) {
    std::string name(result.name.text);
    error(Code::MissingType, result.range, "the parameter `" + name + "` has no type",
          "write `" + name + ": f32[...]`, or give it a default whose type it takes");
    panic_ = false;
  }
  return result;
}

List<Param> Parser::params() {
  auto open = static_cast<uint32_t>(at_);
  if (!expect(TokenKind::LeftParen))
    return {};
  Restore<bool> head(inHead_, false);
  std::vector<Param> result;
  while (!panic_ && !at(TokenKind::RightParen)) {
    result.push_back(param());
    if (!accept(TokenKind::Comma))
      break;
  }
  closeBracket(open);
  return keep(result);
}

List<Ident> Parser::names() {
  auto open = static_cast<uint32_t>(at_);
  take();
  std::vector<Ident> result;
  while (!panic_ && !at(TokenKind::RightBracket)) {
    result.push_back(expectName(""));
    if (!accept(TokenKind::Comma))
      break;
  }
  closeBracket(open);
  return keep(result);
}

//===----------------------------------------------------------------------===//
// Functions
//===----------------------------------------------------------------------===//

/// From the name on; `begin` is where the declaration starts.
void Parser::functionTail(Function &function, uint32_t begin) {
  function.name = expectName("of a function");
  function.params = panic_ ? List<Param>() : params();
  if (!panic_ && accept(TokenKind::Arrow))
    function.result = type();
  function.head = rangeFrom(begin);
  if (!panic_ && accept(TokenKind::Equals))
    function.expr = expr();
  else if (!panic_ && at(TokenKind::LeftBrace))
    function.block = block();
  else
    unexpected("`=` or `{`", at(TokenKind::Newline) && kind(1) == TokenKind::LeftBrace
                                 ? "the `{` stands on the line before"
                                 : "");
  function.range = rangeFrom(begin);
}

const Function *Parser::function(Ident customGradient, uint32_t begin, std::string_view doc) {
  auto *result = file_->arena.make<Function>();
  result->kind = DeclKind::Function;
  result->doc = doc;
  result->customGradient = customGradient;
  take();
  functionTail(*result, begin);
  return result;
}

/// `@custom_gradient(name)`, perhaps on a line of its own, and the function.
const Function *Parser::decoratedFunction() {
  std::string_view doc = docHere();
  uint32_t begin = take().begin;
  if (!atWord("custom_gradient")) {
    unexpected("`custom_gradient`", "it is the only word that stands after `@`");
    return nullptr;
  }
  take();
  auto open = static_cast<uint32_t>(at_);
  Ident name;
  if (expect(TokenKind::LeftParen)) {
    name = expectName("of a function");
    closeBracket(open);
  }
  skipNewlines();
  if (!at(TokenKind::Fn)) {
    unexpected("`fn`");
    return nullptr;
  }
  return function(name, begin, doc);
}

const Alias *Parser::alias() {
  auto *result = file_->arena.make<Alias>();
  result->kind = DeclKind::Alias;
  result->doc = docHere();
  uint32_t begin = take().begin;
  result->name = expectName("of a type");
  if (!panic_ && at(TokenKind::LeftBracket))
    result->dims = names();
  expect(TokenKind::Equals);
  result->type = type();
  result->range = rangeFrom(begin);
  return result;
}

//===----------------------------------------------------------------------===//
// Models
//===----------------------------------------------------------------------===//

const Member *Parser::member() {
  auto *result = file_->arena.make<Member>();
  result->doc = docHere();
  uint32_t begin = token().begin;
  bool named = kind(1) == TokenKind::Name;
  if (at(TokenKind::Fn) || at(TokenKind::At)) {
    result->kind = MemberKind::Function;
    result->function = at(TokenKind::Fn) ? function({}, begin, result->doc) : decoratedFunction();
    if (!result->function)
      return nullptr;
    result->name = result->function->name;
  } else if ((atWord("param") || atWord("state")) && named) {
    result->kind = atWord("param") ? MemberKind::Param : MemberKind::State;
    take();
    result->name = identOf(take());
    if (at(TokenKind::LeftBracket)) {
      result->indexed = true;
      result->indices = names();
    }
    if (expect(TokenKind::Colon, "`:` and a type"))
      result->type = type();
    else
      result->type = errorType();
    if (!panic_ && accept(TokenKind::Equals))
      result->value = expr();
  } else if (atWord("type") && named) {
    result->kind = MemberKind::Alias;
    result->alias = alias();
    result->name = result->alias->name;
  } else if (at(TokenKind::Name) && kind(1) == TokenKind::Equals) {
    result->kind = MemberKind::Field;
    result->name = identOf(take());
    take();
    result->value = value();
  } else if (atWord("require")) {
    result->kind = MemberKind::Require;
    result->require = require();
  } else {
    unexpected("a member of the model", at(TokenKind::Let) ? "a field is written without `let`"
                                                           : "members are `param`, `state`, "
                                                             "`name = value`, `fn`, `type` "
                                                             "and `require`");
    return nullptr;
  }
  result->range = rangeFrom(begin);
  return result;
}

const Model *Parser::model() {
  auto *result = file_->arena.make<Model>();
  result->kind = DeclKind::Model;
  result->doc = docHere();
  uint32_t begin = take().begin;
  result->name = expectName("of a model");
  if (at(TokenKind::LeftParen))
    result->params = params();
  auto open = static_cast<uint32_t>(at_);
  std::vector<const Member *> members;
  if (expect(TokenKind::LeftBrace)) {
    for (skipNewlines(); !atStatementEnd() && !engine_.isFull(); skipNewlines()) {
      size_t before = at_;
      const Member *next = member();
      if (next)
        members.push_back(next);
      endStatement();
      if (at_ == before)
        take();
    }
    closeBracket(open);
  }
  result->members = keep(members);
  result->range = rangeFrom(begin);
  return result;
}

//===----------------------------------------------------------------------===//
// Data and training
//===----------------------------------------------------------------------===//

const Dataset *Parser::dataset() {
  auto *result = file_->arena.make<Dataset>();
  result->kind = DeclKind::Dataset;
  result->doc = docHere();
  uint32_t begin = take().begin;
  result->name = expectName("of a data set");
  std::vector<DatasetSource> sources;
  std::vector<DatasetField> fields;
  std::vector<DatasetSplit> splits;

  auto splitLine = [&] {
    take();
    do {
      DatasetSplit split;
      split.name = expectName("of a split");
      if (panic_)
        break;
      if (!at(TokenKind::Integer) && !at(TokenKind::Real)) {
        unexpected("a number, the split's part of the rows");
        break;
      }
      split.fraction = number();
      split.range = rangeFrom(split.name.range.begin);
      splits.push_back(split);
    } while (accept(TokenKind::Comma));
  };
  auto line = [&] {
    uint32_t lineBegin = token().begin;
    std::string_view doc = docHere();
    if (at(TokenKind::Name) && kind(1) == TokenKind::Colon) {
      DatasetField field;
      field.doc = doc;
      field.name = identOf(take());
      take();
      field.type = type();
      field.value = expect(TokenKind::Equals) ? expr() : errorExpr();
      field.range = rangeFrom(lineBegin);
      fields.push_back(field);
    } else if (atWord("from") || (at(TokenKind::Name) && atWord("from", 1))) {
      DatasetSource source;
      if (!atWord("from") || atWord("from", 1))
        source.split = identOf(take());
      take();
      source.source = expr();
      source.range = rangeFrom(lineBegin);
      sources.push_back(source);
    } else if (atWord("split")) {
      splitLine();
    } else {
      unexpected("a line of a data set",
                 "lines are `from source`, `name: type = column(...)` and `split train 0.8, ...`");
    }
  };

  auto open = static_cast<uint32_t>(at_);
  if (expect(TokenKind::LeftBrace)) {
    for (skipNewlines(); !atStatementEnd() && !engine_.isFull(); skipNewlines()) {
      size_t before = at_;
      line();
      endStatement();
      if (at_ == before)
        take();
    }
    closeBracket(open);
  }
  result->sources = keep(sources);
  result->fields = keep(fields);
  result->splits = keep(splits);
  result->range = rangeFrom(begin);
  return result;
}

const Train *Parser::train() {
  auto *result = file_->arena.make<Train>();
  result->kind = DeclKind::Train;
  result->doc = docHere();
  uint32_t begin = take().begin;
  result->model = path("of a model");
  if (!panic_ && at(TokenKind::LeftParen)) {
    uint16_t height = 0;
    result->hasArgs = true;
    result->args = args(nullptr, height);
  }
  if (!panic_ && !atWord("on"))
    unexpected("`on` and a data set");
  else if (!panic_)
    take();
  result->dataset = expectName("of a data set");
  result->head = rangeFrom(begin);
  auto open = static_cast<uint32_t>(at_);
  std::vector<const Stmt *> stmts;
  if (expect(TokenKind::LeftBrace)) {
    for (skipNewlines(); !atStatementEnd() && !engine_.isFull(); skipNewlines()) {
      size_t before = at_;
      bool entry = at(TokenKind::Name) && kind(1) == TokenKind::Equals;
      if (at(TokenKind::Let) || entry)
        stmts.push_back(statement());
      else
        unexpected("an entry, such as `loss = ...`, or a `let`");
      endStatement();
      if (at_ == before)
        take();
    }
    closeBracket(open);
  }
  result->stmts = keep(stmts);
  result->range = rangeFrom(begin);
  return result;
}

//===----------------------------------------------------------------------===//
// The file's level
//===----------------------------------------------------------------------===//

void Parser::import(std::vector<Path> &imports) {
  take();
  do {
    Path next = path("of a file");
    if (panic_)
      return;
    imports.push_back(next);
  } while (accept(TokenKind::Comma));
}

const Decl *Parser::topLet() {
  auto *result = file_->arena.make<TopLet>();
  result->kind = DeclKind::Let;
  result->doc = docHere();
  const Stmt *stmt = let();
  result->let = stmt;
  result->range = stmt->range;
  if (const auto *declared = dynCast<LetFunctionStmt>(stmt))
    result->name = declared->function->name;
  return result;
}

const Decl *Parser::declaration() {
  switch (kind()) {
  case TokenKind::Fn:
    return function({}, token().begin, docHere());
  case TokenKind::At:
    return decoratedFunction();
  case TokenKind::Let:
    return topLet();
  case TokenKind::Name:
    if (atDeclaration()) {
      if (atWord("model"))
        return model();
      if (atWord("dataset"))
        return dataset();
      return atWord("train") ? static_cast<const Decl *>(train()) : alias();
    }
    break;
  default:
    break;
  }
  std::string_view help =
      "a file holds `import`, `fn`, `let`, `model`, `dataset`, `train` and `type`";
  if (at(TokenKind::Name) && kind(1) == TokenKind::Equals)
    help = "a constant is written `let name = ...`";
  unexpected("a declaration", help);
  return nullptr;
}

} // namespace tenon
