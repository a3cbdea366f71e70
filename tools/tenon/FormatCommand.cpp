//===- FormatCommand.cpp - tenon fmt: one layout --------------------------===//
#include "frontend/format/Format.h"
#include "runtime/core/AtomicFile.h"
#include "tools/tenon/Commands.h"

#include <CLI/CLI.hpp>

#include <filesystem>
#include <iostream>
#include <iterator>
#include <unistd.h>

using namespace tenon;
using namespace tenon::tool;

namespace {

struct Request {
  std::vector<std::string> files;
  bool check = false;
};

/// Answers through standard output ("-"), or in the file's place. `changed`: it was or would be.
int formatOne(const std::string &path, bool check, bool &changed) {
  SourceManager sources;
  DiagnosticEngine engine;
  bool stream = path == "-";
  FileId file;
  if (stream) {
    std::string text(std::istreambuf_iterator<char>(std::cin), {});
    file = sources.add("standard input", std::move(text));
  } else {
    std::string error;
    file = sources.load(path, error);
    if (!file.isValid())
      return fail("cannot read `" + path + "`: " + error);
  }
  std::optional<std::string> result = format::format(sources, file, engine);
  if (!result) {
    RenderOptions rendering;
    rendering.colour = isatty(STDERR_FILENO) && !getenv("NO_COLOR");
    fputs(renderAll(sources, engine, rendering).c_str(), stderr);
    return Exit::Failed;
  }
  std::string before(sources.text(file));
  changed = *result != before;
  if (changed && !format::sameMeaning(before, *result))
    return fail("the layout of " + path + " would change its meaning, so it stays as it is",
                "this is a mistake in tenon; please report it with the file");
  if (check)
    return Exit::Done;
  if (stream) {
    fwrite(result->data(), 1, result->size(), stdout);
    return Exit::Done;
  }
  if (!changed)
    return Exit::Done;
  // A link stays one.
  std::error_code ignored;
  std::filesystem::path place = std::filesystem::canonical(path, ignored);
  std::filesystem::perms access = std::filesystem::status(place, ignored).permissions();
  Bytes bytes{result->data(), result->size()};
  std::string error;
  if (writeFileAtomically(place.string(), &bytes, 1, error) != TENON_OK)
    return fail(error);
  std::filesystem::permissions(place, access, ignored);
  return Exit::Done;
}

int formatAll(const Request &request) {
  int exit = Exit::Done;
  for (const std::string &path : request.files) {
    bool changed = false;
    if (formatOne(path, request.check, changed) != Exit::Done)
      exit = Exit::Failed;
    if (!changed || !request.check)
      continue;
    printf("%s\n", path.c_str());
    exit = Exit::Failed;
  }
  return exit;
}

} // namespace

void tool::addFormat(CLI::App &app, int &exit) {
  CLI::App *command = app.add_subcommand("fmt", "Give programs their layout, in place");
  auto request = std::make_shared<Request>();
  command->add_option("files", request->files, "Programs; - is standard input, to standard output")
      ->required();
  command->add_flag("--check", request->check,
                    "Change nothing; name the files that would change and fail if there are any");
  command->callback([request, &exit] { exit = formatAll(*request); });
}
