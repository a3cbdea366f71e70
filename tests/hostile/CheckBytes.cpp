#include "tests/hostile/CheckBytes.h"

#include "frontend/check/Check.h"
#include "frontend/format/Format.h"

#include <cstdio>
#include <cstdlib>
#include <optional>

namespace tenon::test {

namespace {

void require(bool holds, const char *what, const std::string &shown) {
  if (holds)
    return;
  fprintf(stderr, "%s\n%s\n", what, shown.c_str());
  abort();
}

std::optional<std::string> formatted(const std::string &text) {
  SourceManager sources;
  DiagnosticEngine engine;
  return format::format(sources, sources.add("program.tn", text), engine);
}

} // namespace

void checkBytes(const std::string &text) {
  if (std::optional<std::string> once = formatted(text)) {
    require(format::sameMeaning(text, *once), "the layout changes the meaning", *once);
    require(formatted(*once) == once, "the layout isn't its own", *once);
  }
  SourceManager sources;
  DiagnosticEngine engine;
  check::Modules modules(sources, engine);
  if (check::Module *module = modules.loadText("program.tn", text))
    check::checkFile(modules, *module, engine);
  std::string shown = renderAll(sources, engine);
  require(shown.empty() != engine.hasErrors(), "errors without a message", shown);
  require(!toJson(sources, engine).empty(), "no JSON", shown);
}

} // namespace tenon::test
