//===- CheckCommand.cpp - tenon check: all errors, nothing run ------------===//
#include "runtime/data/Text.h"
#include "tools/tenon/Programs.h"

#include <CLI/CLI.hpp>

#include <unistd.h>

using namespace tenon;
using namespace tenon::tool;

static int checkOnly(const Common &common) {
  SourceManager sources;
  DiagnosticEngine engine;
  check::Modules modules(sources, engine);
  check::Module *module = modules.load(common.file);
  check::CheckOptions options;
  options.real = common.real == "f64" ? check::DType::F64 : check::DType::F32;
  std::vector<std::string> absent;
  options.lookAtData = dataBeside(common, &absent);
  if (module)
    check::checkFile(modules, *module, engine, options);
  if (common.json) {
    puts(toJson(sources, engine).c_str());
  } else {
    RenderOptions rendering;
    rendering.colour = isatty(STDERR_FILENO) && !getenv("NO_COLOR");
    fputs(renderAll(sources, engine, rendering).c_str(), stderr);
    if (size_t errors = engine.errorCount())
      fprintf(stderr, "\n%zu error%s in %s\n", errors, errors == 1 ? "" : "s", common.file.c_str());
    else
      printf("%s: no errors\n", common.file.c_str());
    if (!absent.empty())
      printf("columns not checked, since there is no %s\n", data::listOf(absent).c_str());
  }
  return engine.hasErrors() ? Exit::Failed : Exit::Done;
}

void tool::addCheck(CLI::App &app, Common &common, int &exit) {
  CLI::App *command = app.add_subcommand("check", "Report every error of a program; run nothing");
  addCommon(*command, common);
  command->add_flag("--json", common.json, "Diagnostics as JSON, on standard output");
  command->callback([&] { exit = checkOnly(common); });
}
