//===- tenon.cpp - The command line ---------------------------------------===//
#include "tools/tenon/Commands.h"

#include <CLI/CLI.hpp>

#include <csignal>

#include <cstdio>

using namespace tenon::tool;

int tenon::tool::fail(const std::string &message, const std::string &help) {
  fprintf(stderr, "error: %s\n", message.c_str());
  if (!help.empty())
    fprintf(stderr, "help: %s\n", help.c_str());
  return Exit::Failed;
}

void tenon::tool::addCommon(CLI::App &command, Common &common) {
  command.add_option("file", common.file, "The program, a .tn file")->required();
  command.add_option("--float", common.real, "What `float` is where nothing decides")
      ->check(CLI::IsMember({"f32", "f64"}))
      ->capture_default_str();
  command
      .add_option("--isa", common.isa,
                  "Instruction set to compile for, at most this machine's (default: $TENON_ISA, "
                  "else the machine's)")
      ->check(CLI::IsMember({"baseline", "avx2", "avx512"}));
  command.add_option("--threads", common.threads, "Threads (default: one a processor)")
      ->check(CLI::Range(1, 4096));
  command.add_flag("--no-cache", common.noCache, "Compile everything, keep nothing");
}

void tenon::tool::addMemoryBudget(CLI::App &command, Common &common) {
  command
      .add_option(
          "--memory-budget", common.memoryBudget,
          "Bytes (64M, 2G) that a scan or loop may keep for its derivative: a longer one is run "
          "again in segments (default: no limit)")
      ->transform(CLI::AsSizeValue(false));
}

int main(int argc, char **argv) {
  // A file that may not grow is an error of the write, not the end of the process.
  std::signal(SIGXFSZ, SIG_IGN);
  CLI::App app("Compiles and runs Tenon programs: models with their data and training.", "tenon");
  app.require_subcommand(1);
  app.set_version_flag("--version", TENON_VERSION);
  Common common;
  int exit = Exit::Done;
  addTrain(app, common, exit);
  addEvaluate(app, common, exit);
  addPredict(app, common, exit);
  addAttribute(app, common, exit);
  addRun(app, common, exit);
  addCheck(app, common, exit);
  addFormat(app, exit);
  addExplain(app, exit);
  addInspect(app, common, exit);
  addBench(app, common, exit);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError &error) {
    return app.exit(error) == 0 ? Exit::Done : Exit::Misused;
  }
  return exit;
}
