//===- ExplainCommand.cpp - tenon explain: what a diagnostic means --------===//
#include "frontend/explain/Explain.h"
#include "tools/tenon/Commands.h"

#include <CLI/CLI.hpp>

#include <cstdio>

using namespace tenon;
using namespace tenon::tool;

static int explainCode(const std::string &asked) {
  if (asked.empty()) {
    fputs(listCodes().c_str(), stdout);
    return Exit::Done;
  }
  std::optional<Code> code = findCode(asked);
  if (!code)
    return fail("there is no diagnostic `" + asked + "`",
                "the nearest is " + std::string(codeText(nearestCode(asked))) +
                    "; `tenon explain` lists all");
  fputs(explain(*code).c_str(), stdout);
  return Exit::Done;
}

void tool::addExplain(CLI::App &app, int &exit) {
  CLI::App *command =
      app.add_subcommand("explain", "Say what a diagnostic means, with an example; list all");
  auto code = std::make_shared<std::string>();
  command->add_option("code", *code, "Such as E0203; without it, all are listed");
  command->callback([code, &exit] { exit = explainCode(*code); });
}
