//===- check_golden.cpp - Prints what the checker says --------------------===//
//
// check_golden FILE              all diagnostics of a program
// check_golden FILE train        the entries of its `train` block
// check_golden FILE FUNCTION     the entry of one function
//
//===----------------------------------------------------------------------===//
#include "tests/check/Harness.h"

#include <cstdio>
#include <filesystem>

using namespace tenon;
using namespace tenon::check;

int main(int argc, char **argv) {
  if (argc < 2) {
    fprintf(stderr, "usage: check_golden FILE [train | FUNCTION]\n");
    return 2;
  }
  // Messages name the file without its folder, so that goldens don't depend on where they lie.
  std::filesystem::path path(argv[1]);
  if (path.has_parent_path())
    std::filesystem::current_path(path.parent_path());
  auto checking = Checking::file(path.filename());
  if (argc == 2)
    checking->check();
  std::optional<Program> program;
  if (checking->module && argc > 2)
    program = std::string(argv[2]) == "train"
                  ? elaborateTraining(checking->modules, *checking->module, checking->engine)
                  : elaborateFunction(checking->modules, *checking->module, argv[2], {},
                                      checking->engine);
  fputs(checking->diagnostics().c_str(), stdout);
  if (program)
    for (const Entry &entry : program->entries)
      fputs(print(entry).c_str(), stdout);
  return checking->engine.hasErrors() ? 1 : 0;
}
