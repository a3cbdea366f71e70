#include "frontend/format/Format.h"

#include "frontend/format/Formatter.h"
#include "frontend/syntax/Parse.h"

#include <algorithm>

namespace tenon::format {

std::optional<std::string> format(const SourceManager &sources, FileId file,
                                  DiagnosticEngine &engine) {
  size_t errorsBefore = engine.errorCount();
  std::unique_ptr<ast::File> tree = parse(sources, file, engine);
  if (engine.errorCount() != errorsBefore)
    return std::nullopt;
  // The tree knows where things are; what they are written with, the tokens know.
  Arena arena;
  DiagnosticEngine silent;
  TokenStream stream = lex(sources, file, arena, silent);
  std::string text = Formatter(sources.text(file), stream).file(*tree);
  if (text.size() <= SourceManager::maxFileSize)
    return text;
  engine.error(Code::FileTooLarge, {file, 0, 0}, "laid out, this file would have more than 1 MiB")
      .help("divide it into files that are imported")
      .done();
  return std::nullopt;
}

bool sameMeaning(const std::string &before, const std::string &after) {
  SourceManager sources;
  DiagnosticEngine engine;
  auto read = [&](const std::string &text) {
    return parse(sources, sources.add("program.tn", text), engine);
  };
  std::unique_ptr<ast::File> first = read(before), second = read(after);
  auto sameText = [&](const ast::Comment &a, const ast::Comment &b) {
    return sources.text(a.range) == sources.text(b.range);
  };
  return !engine.hasErrors() && dump(*first) == dump(*second) &&
         std::equal(first->comments.begin(), first->comments.end(), second->comments.begin(),
                    second->comments.end(), sameText);
}

} // namespace tenon::format
