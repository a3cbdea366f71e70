#include "frontend/format/Formatter.h"

#include <algorithm>

namespace tenon::format {

using namespace ast;

//===----------------------------------------------------------------------===//
// Columns
//===----------------------------------------------------------------------===//

void Columns::finish() {
  uint32_t widest = layout_.indentation() < mostColumns ? mostColumns - layout_.indentation() : 0;
  size_t count = 0;
  for (const Row &row : rows_)
    for (auto [number, position] : row.tabs)
      count = std::max(count, number + 1);
  for (size_t column = 0; column < count; ++column) {
    // The place of the tab in a line, and how wide the line is up to there.
    std::vector<std::pair<size_t, uint32_t>> cells;
    for (const Row &row : rows_)
      for (auto [number, position] : row.tabs)
        if (uint32_t width = layout_.flatWidth(row.begin, position);
            number == column && width <= widest)
          cells.emplace_back(position, width);
    if (cells.empty())
      continue;
    auto byWidth = [](const auto &a, const auto &b) { return a.second < b.second; };
    uint32_t least = std::min_element(cells.begin(), cells.end(), byWidth)->second;
    uint32_t most = 0;
    for (auto [position, width] : cells)
      if (width <= least + mostSpaces)
        most = std::max(most, width);
    for (auto [position, width] : cells)
      layout_.setTab(position, width < most ? most - width + 1 : 1);
  }
  rows_.clear();
}

//===----------------------------------------------------------------------===//
// Files
//===----------------------------------------------------------------------===//

std::string Formatter::file(const File &file) {
  std::string out;
  size_t next = 0;
  Columns constants(w_.layout);
  while (w_.at(TokenKind::Import) || next < file.decls.size()) {
    bool imports = w_.at(TokenKind::Import);
    const Decl *declaration = imports ? nullptr : file.decls[next++];
    const auto *let = dynCast<TopLet>(declaration);
    bool isConstant = let && let->let->kind == StmtKind::Let;
    if (!isConstant || w_.startsAnew()) {
      constants.finish();
      w_.hard();
      w_.layout.print(out); // what is complete needn't be kept
    } else {
      w_.hard();
    }
    if (imports)
      import();
    else if (isConstant)
      stmt(*let->let, &constants);
    else
      decl(*declaration);
  }
  constants.finish();
  w_.commentsBeforeClosing();
  w_.layout.print(out);
  return out;
}

void Formatter::path(const Path &path) {
  for (size_t i = 0; i < 2 * path.names.size() - 1; ++i)
    w_.token();
}

void Formatter::import() {
  w_.layout.open(Group::Plain);
  word();
  w_.layout.indent();
  for (;;) {
    w_.token();
    while (w_.at(TokenKind::Dot)) {
      w_.token();
      w_.token();
    }
    if (!w_.at(TokenKind::Comma))
      break;
    w_.token();
    w_.fill();
  }
  w_.layout.dedent();
  w_.layout.close();
}

void Formatter::decl(const Decl &node) {
  switch (node.kind) {
  case DeclKind::Function:
    return function(cast<Function>(&node));
  case DeclKind::Model:
    return model(cast<Model>(&node));
  case DeclKind::Dataset:
    return dataset(cast<Dataset>(&node));
  case DeclKind::Train:
    return train(cast<Train>(&node));
  case DeclKind::Alias:
    return alias(cast<Alias>(&node));
  case DeclKind::Let:
    return stmt(*cast<TopLet>(&node).let);
  }
}

//===----------------------------------------------------------------------===//
// Functions
//===----------------------------------------------------------------------===//

void Formatter::function(const Function &function) {
  if (function.customGradient) {
    for (int i = 0; i < 5; ++i) // @custom_gradient(name)
      w_.token();
    w_.hard(false);
  }
  word();
  functionTail(function);
}

/// From the name on.
void Formatter::functionTail(const Function &function) {
  w_.token();
  params(function.params);
  w_.space();
  if (function.result) {
    word();
    type(function.result);
    w_.space();
  }
  if (function.expr) {
    w_.token();
    assigned(function.expr);
  } else {
    block(*function.block);
  }
}

void Formatter::params(List<Param> params) {
  bracketed(Group::Plain, params.size(), [&](size_t i) {
    w_.token();
    if (params[i].type) {
      word();
      type(params[i].type);
    }
    if (params[i].value) {
      w_.space();
      word();
      expr(params[i].value);
    }
  });
}

void Formatter::names(size_t count) {
  bracketed(Group::Reluctant, count, [&](size_t) { w_.token(); });
}

void Formatter::alias(const Alias &alias) {
  word();
  w_.token();
  if (w_.at(TokenKind::LeftBracket))
    names(alias.dims.size());
  w_.space();
  w_.token();
  w_.openAssigned(Group::AssignedHere);
  type(alias.type);
  w_.layout.close();
}

//===----------------------------------------------------------------------===//
// Models, data and training
//===----------------------------------------------------------------------===//

void Formatter::model(const Model &model) {
  word();
  w_.token();
  if (w_.at(TokenKind::LeftParen))
    params(model.params);
  w_.space();
  w_.token();
  w_.layout.indent();
  members(model.members);
  bool any = w_.commentsBeforeClosing() || !model.members.empty();
  w_.layout.dedent();
  if (any)
    w_.layout.hard();
  w_.token();
}

namespace {

/// Members that stand in one table.
int tableOf(const Member &member) {
  switch (member.kind) {
  case MemberKind::Param:
  case MemberKind::State:
    return 1;
  case MemberKind::Field:
    return 2;
  default:
    return 0;
  }
}

} // namespace

void Formatter::members(List<const Member *> members) {
  Columns columns(w_.layout);
  for (size_t i = 0; i < members.size(); ++i) {
    if (i == 0 || tableOf(*members[i]) != tableOf(*members[i - 1]) || w_.startsAnew())
      columns.finish();
    w_.hard();
    member(*members[i], columns);
  }
}

void Formatter::member(const Member &member, Columns &columns) {
  switch (member.kind) {
  case MemberKind::Param:
  case MemberKind::State:
    columns.row();
    word();
    w_.token();
    if (member.indexed)
      names(member.indices.size());
    w_.token();
    columns.tab(0);
    type(member.type);
    if (member.value) {
      columns.tab(1);
      w_.token();
      assigned(member.value);
    }
    break;
  case MemberKind::Field:
    columns.row();
    w_.token();
    columns.tab(0);
    w_.token();
    assigned(member.value);
    break;
  case MemberKind::Function:
    function(*member.function);
    break;
  case MemberKind::Alias:
    alias(*member.alias);
    break;
  case MemberKind::Require:
    stmt(*member.require);
    break;
  }
}

void Formatter::dataset(const Dataset &dataset) {
  word();
  word();
  w_.token();
  w_.layout.indent();
  {
    Columns columns(w_.layout);
    enum class Line { Source, Field, Split, None } before = Line::None;
    size_t source = 0, field = 0;
    while (!w_.at(TokenKind::RightBrace) && !w_.at(TokenKind::End)) {
      Line here =
          field < dataset.fields.size() && dataset.fields[field].name.range.begin == w_.next().begin
              ? Line::Field
          : source < dataset.sources.size() &&
                  dataset.sources[source].range.begin == w_.next().begin
              ? Line::Source
              : Line::Split;
      if (here != before || w_.startsAnew())
        columns.finish();
      before = here;
      w_.hard();
      if (here == Line::Field) {
        const DatasetField &entry = dataset.fields[field++];
        columns.row();
        w_.token();
        w_.token();
        columns.tab(0);
        type(entry.type);
        columns.tab(1);
        w_.token();
        assigned(entry.value);
      } else if (here == Line::Source) {
        const DatasetSource &entry = dataset.sources[source++];
        columns.row();
        if (entry.split) {
          w_.token();
          columns.tab(0);
        }
        word();
        value(entry.source);
      } else {
        w_.layout.open(Group::Plain);
        word();
        w_.layout.indent();
        for (bool more = true; more && !w_.at(TokenKind::End);) {
          word();
          w_.token();
          more = w_.at(TokenKind::Comma);
          if (more) {
            w_.token();
            w_.fill();
          }
        }
        w_.layout.dedent();
        w_.layout.close();
      }
    }
  }
  bool any = w_.commentsBeforeClosing() || !dataset.fields.empty() || !dataset.sources.empty() ||
             !dataset.splits.empty();
  w_.layout.dedent();
  if (any)
    w_.layout.hard();
  w_.token();
}

void Formatter::train(const Train &train) {
  word();
  path(train.model);
  if (train.hasArgs)
    args(train.args);
  w_.space();
  word();
  word();
  w_.token();
  w_.layout.indent();
  {
    Columns entries(w_.layout);
    for (const Stmt *each : train.stmts) {
      bool entry = each->kind == StmtKind::Assign;
      if (!entry || w_.startsAnew())
        entries.finish();
      w_.hard();
      stmt(*each, entry ? &entries : nullptr);
    }
  }
  bool any = w_.commentsBeforeClosing() || !train.stmts.empty();
  w_.layout.dedent();
  if (any)
    w_.layout.hard();
  w_.token();
}

//===----------------------------------------------------------------------===//
// Types
//===----------------------------------------------------------------------===//

void Formatter::type(const Type *node) {
  // `(A)` is `A`, whose place is its own.
  if (w_.next().begin < node->range.begin) {
    w_.token();
    type(node);
    w_.token();
    return;
  }
  auto each = [&](List<const Type *> items) { return [this, items](size_t i) { type(items[i]); }; };
  switch (node->kind) {
  case TypeKind::Named: {
    const auto &named = cast<NamedType>(node);
    path(named.path);
    if (!named.hasDims)
      break;
    bracketed(Group::Reluctant, named.dims.size(), [&](size_t i) {
      if (named.dims[i].ellipsis)
        w_.token();
      else
        expr(named.dims[i].extent);
    });
    break;
  }
  case TypeKind::Tuple: {
    List<const Type *> items = cast<TupleType>(node).items;
    bracketed(Group::Plain, items.size(), each(items), false, items.size() == 1);
    break;
  }
  case TypeKind::List:
    w_.token();
    type(cast<ListType>(node).item);
    w_.token();
    break;
  case TypeKind::Record: {
    List<Param> fields = cast<RecordType>(node).fields;
    braced(fields.size(), [&](size_t i) {
      w_.token();
      word();
      type(fields[i].type);
    });
    break;
  }
  case TypeKind::Function: {
    const auto &function = cast<FunctionType>(node);
    w_.token();
    bracketed(Group::Plain, function.params.size(), each(function.params));
    w_.space();
    word();
    type(function.result);
    break;
  }
  case TypeKind::Like:
    word();
    w_.token();
    break;
  case TypeKind::Strings:
    w_.token();
    while (w_.at(TokenKind::Bar)) {
      w_.space();
      word();
      w_.token();
    }
    break;
  case TypeKind::Error:
    break;
  }
}

} // namespace tenon::format
