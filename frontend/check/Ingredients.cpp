//===- Ingredients.cpp - What a training is made of -----------------------===//
//
// A run that goes on with a training compares what it is made of with what the checkpoint was made
// of, and names what has changed. Parts are compared by their words, so that comments and layout
// change nothing.
//
//===----------------------------------------------------------------------===//
#include "frontend/check/TrainBlock.h"
#include "frontend/syntax/Lexer.h"

#include <algorithm>
#include <deque>
#include <sstream>

using namespace tenon;
using namespace tenon::check;

namespace {

/// Entries of a `train` block that change nothing in what a step computes, or that are compared as
/// numbers.
constexpr std::string_view kWithoutEffect[] = {"epochs",   "batch", "predicts",
                                               "patience", "keep",  "start"};

/// The words of a file, and those of a range in it.
class Words {
public:
  explicit Words(const SourceManager &sources) : sources(sources) {}

  std::vector<std::string_view> in(SourceRange range) {
    std::vector<std::string_view> words;
    for (const Token &token : tokens(range.file))
      if (token.begin >= range.begin && token.end <= range.end &&
          token.kind != TokenKind::Newline && token.kind != TokenKind::End)
        words.push_back(sources.text({range.file, token.begin, token.end}));
    return words;
  }
  std::string joined(SourceRange range) {
    std::string text;
    for (std::string_view word : in(range))
      text += (text.empty() ? "" : " ") + std::string(word);
    return text;
  }

private:
  const std::vector<Token> &tokens(FileId file) {
    auto [found, isNew] = files.try_emplace(file.index);
    if (isNew) {
      DiagnosticEngine silent(1);
      found->second = lex(sources, file, arena, silent).tokens;
    }
    return found->second;
  }

  const SourceManager &sources;
  Arena arena;
  std::map<uint32_t, std::vector<Token>> files;
};

/// "`model Classifier`", "`fn blocks.smooth`"
std::string declarationName(const Module &module, const ast::Decl &decl, const std::string &name,
                            const Module &root) {
  std::string kind;
  switch (decl.kind) {
  case ast::DeclKind::Function:
    kind = "fn";
    break;
  case ast::DeclKind::Model:
    kind = "model";
    break;
  case ast::DeclKind::Alias:
    kind = "type";
    break;
  case ast::DeclKind::Let:
    kind = "let";
    break;
  case ast::DeclKind::Dataset:
  case ast::DeclKind::Train:
    break;
  }
  return "`" + kind + " " + (&module == &root ? "" : module.name + ".") + name + "`";
}

} // namespace

/// A fixed value as it would be written; empty if it has no such form.
static std::string writtenValue(const Value &value) {
  if (auto *truth = value.get<FixedBool>())
    return truth->value ? "true" : "false";
  if (auto *text = value.get<Text>())
    return "\"" + text->value + "\"";
  if (auto *function = value.get<FunctionValue>())
    return function->decl ? std::string(function->decl->name.text) : function->builtin;
  if (auto *number = value.get<Number>()) {
    auto constant = number->constant();
    if (!constant)
      return "";
    if (!number->isReal)
      return number->whole.str();
    std::ostringstream text;
    text.precision(15);
    text << *constant;
    return text.str();
  }
  if (auto *sequence = value.get<Sequence>()) {
    std::string text;
    for (const Value &item : sequence->items) {
      std::string part = writtenValue(item);
      if (part.empty())
        return "";
      text += (text.empty() ? "" : ", ") + part;
    }
    return (sequence->isList ? "[" : "(") + text + (sequence->isList ? "]" : ")");
  }
  return "";
}

void Elaborator::addSettings(const TrainBlock &block, Training &result) {
  for (const auto &instance : instances) {
    std::string path = instance->path;
    if (instance->stateRole == Role::Optimizer)
      path = path.empty() ? "optimizer" : "optimizer." + path;
    else if (instance->stateRole == Role::Metric)
      path = "metrics." + path;
    for (const ast::Param &param : instance->decl->params) {
      auto found = instance->scope->names.find(param.name.text);
      if (found == instance->scope->names.end())
        continue;
      Value value = found->second.value;
      if (auto *number = value.get<Number>(); number && !number->isReal)
        value = Number::integer(known(number->whole));
      std::string text = writtenValue(value);
      if (text.empty())
        continue;
      std::string name = (path.empty() ? "" : path + ".") + std::string(param.name.text);
      auto same = [&](const Ingredient &each) { return each.name == name; };
      if (!std::any_of(result.settings.begin(), result.settings.end(), same))
        result.settings.push_back({name, text, "", found->second.value.origin});
    }
  }
}

void Elaborator::addDeclarations(const TrainBlock &block, Training &result) {
  Words words(sources);
  struct Used {
    Module *module;
    const ast::Decl *decl;
  };
  std::deque<Used> left;
  std::set<const ast::Decl *> seen;
  auto use = [&](Module &module, std::string_view name) {
    auto found = module.decls.find(name);
    if (found != module.decls.end() && !module.isLibrary && seen.insert(found->second).second)
      left.push_back({&module, found->second});
  };
  // Every word that names a declaration counts as a use of it.
  auto visit = [&](Module &module, SourceRange range) {
    std::vector<std::string_view> text = words.in(range);
    for (size_t i = 0; i < text.size(); ++i) {
      auto import = module.imports.find(text[i]);
      if (import != module.imports.end() && import->second && i + 2 < text.size() &&
          text[i + 1] == ".")
        use(*import->second, text[i + 2]);
      else
        use(module, text[i]);
    }
  };
  auto add = [&](std::string name, SourceRange range) {
    for (Ingredient &setting : result.settings)
      if (contains(range, setting.range))
        setting.part = name;
    result.declarations.push_back({std::move(name), words.joined(range), "", range});
  };
  seen.insert(block.syntax);
  visit(*block.module, block.syntax->range);
  for (const ast::Stmt *let : block.lets)
    add("`" + text(let->range).substr(0, text(let->range).find_first_of("=\n")) + "…` of `train`",
        let->range);
  for (const auto &[name, entry] : block.entries)
    if (std::find(std::begin(kWithoutEffect), std::end(kWithoutEffect), name) ==
        std::end(kWithoutEffect))
      add("`" + name + "` of `train`", entry->range);
  while (!left.empty()) {
    auto [module, decl] = left.front();
    left.pop_front();
    visit(*module, decl->range);
    // A data set is compared by what it declares, not by its words.
    if (decl->kind == ast::DeclKind::Dataset || decl->kind == ast::DeclKind::Train)
      continue;
    std::string name;
    for (const auto &[each, other] : module->decls)
      if (other == decl)
        name = each;
    add(declarationName(*module, *decl, name, *block.module), decl->range);
  }
}
