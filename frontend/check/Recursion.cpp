//===- Recursion.cpp - Functions and types that lead to themselves --------===//
#include "frontend/check/Circles.h"
#include "frontend/check/Elaborator.h"
#include "frontend/check/NameWalker.h"

#include <algorithm>

using namespace tenon;
using namespace tenon::check;

/// The one-word types in a type.
static void namedTypes(const ast::Type *type, std::vector<std::string_view> &out) {
  if (auto *named = ast::dynCast<ast::NamedType>(type); named && named->path.names.size() == 1)
    out.push_back(named->path.names[0].text);
  else if (auto *tuple = ast::dynCast<ast::TupleType>(type))
    for (const ast::Type *item : tuple->items)
      namedTypes(item, out);
  else if (auto *list = ast::dynCast<ast::ListType>(type))
    namedTypes(list->item, out);
  else if (auto *record = ast::dynCast<ast::RecordType>(type))
    for (const ast::Param &field : record->fields)
      namedTypes(field.type, out);
}

void Elaborator::findRecursiveAliases(
    ast::List<const ast::Alias *> aliases,
    const std::map<std::string_view, const ast::Alias *> &byName) {
  std::map<const ast::Alias *, std::vector<const ast::Alias *>> edges;
  std::vector<const ast::Alias *> queue(aliases.begin(), aliases.end());
  for (size_t i = 0; i < queue.size(); ++i) {
    auto [place, isNew] = edges.try_emplace(queue[i]);
    if (!isNew || !spend(1))
      continue;
    std::vector<std::string_view> names;
    namedTypes(queue[i]->type, names);
    for (std::string_view name : names)
      if (auto found = byName.find(name); found != byName.end() && found->second) {
        place->second.push_back(found->second);
        queue.push_back(found->second);
      }
  }
  std::set<const ast::Alias *> circular = inCircles(edges);
  for (const ast::Alias *alias : aliases) {
    if (circular.count(alias) && recursiveAliases.insert(alias).second)
      error(Code::Recursion, alias->name.range,
            "the type `" + std::string(alias->name.text) + "` contains itself, without end")
          .done();
  }
}

void Elaborator::findRecursion(Module &module) {
  std::map<const ast::Function *, std::vector<const ast::Function *>> calls;
  auto visit = [&](const ast::Function &function, const ast::Model *model) {
    std::set<std::string, std::less<>> local;
    for (const ast::Param &param : function.params)
      local.emplace(param.name.text);
    auto &edges = calls[&function];
    NameWalker walker([&](std::string_view name, SourceRange) {
      if (auto *member = model ? memberNamed(*model, name) : nullptr) {
        if (member->function)
          edges.push_back(member->function);
        return;
      }
      if (auto found = module.decls.find(name); found != module.decls.end())
        if (auto *other = ast::dynCast<ast::Function>(found->second))
          edges.push_back(other);
    });
    if (function.block)
      walker.block(function.block, local);
    if (function.expr)
      walker.expr(function.expr, local);
  };
  for (const ast::Decl *decl : module.syntax->decls) {
    if (auto *function = ast::dynCast<ast::Function>(decl))
      visit(*function, nullptr);
    if (auto *model = ast::dynCast<ast::Model>(decl))
      for (const ast::Member *member : model->members)
        if (member->function)
          visit(*member->function, model);
  }
  std::set<const ast::Function *> circular = inCircles(calls);
  for (auto &[start, edges] : calls) {
    if (misdeclared.count(start) || !circular.count(start) || engine.isFull())
      continue;
    // The shortest way back to where it began.
    std::map<const ast::Function *, const ast::Function *> from;
    std::vector<const ast::Function *> queue{start};
    bool found = false;
    for (size_t i = 0; i < queue.size() && !found; ++i)
      for (const ast::Function *next : calls[queue[i]]) {
        if (next == start) {
          from[start] = queue[i];
          found = true;
          break;
        }
        if (circular.count(next) && from.try_emplace(next, queue[i]).second)
          queue.push_back(next);
      }
    if (!found)
      continue;
    std::vector<const ast::Function *> circle{start};
    for (const ast::Function *at = from[start]; at != start; at = from[at])
      circle.push_back(at);
    std::reverse(circle.begin() + 1, circle.end());
    const ast::Function *first =
        *std::min_element(circle.begin(), circle.end(), [](auto *a, auto *b) {
          return a->name.range.begin < b->name.range.begin;
        });
    std::string chain = "`" + std::string(first->name.text) + "`";
    auto at = std::find(circle.begin(), circle.end(), first) - circle.begin();
    for (size_t i = 1; i <= circle.size(); ++i)
      chain += " calls `" + std::string(circle[(at + i) % circle.size()]->name.text) + "`";
    auto report =
        error(Code::Recursion, first->name.range, "functions can't call themselves: " + chain);
    for (const ast::Function *each : circle) {
      misdeclared.insert(each);
      if (each != first)
        report.secondary(each->name.range, "in the circle");
    }
    report.help("repeat with `scan`, `loop` or `for`");
  }
}
