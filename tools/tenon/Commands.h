//===- Commands.h - What `tenon` can be told to do --------------*- C++ -*-===//
#pragma once

#include <cstdint>
#include <string>

namespace CLI {
class App;
}

namespace tenon::tool {

/// Exit codes: done; a mistake of the user's or of the data's, told on standard error; a command
/// line that makes no sense; done, but what was required isn't reached; stopped by Ctrl-C after
/// saving.
enum Exit { Done = 0, Failed = 1, Misused = 2, Unmet = 3, Interrupted = 130 };

/// Options that every command has.
struct Common {
  std::string file;
  std::string real = "f32"; ///< what `float` is
  std::string isa;          ///< empty: the machine's own, or $TENON_ISA
  bool noCache = false;
  bool json = false;
  int threads = 0; ///< 0: as many as there are processors
  /// Bytes that a loop may keep for its derivative; 0: no limit.
  int64_t memoryBudget = 0;
};

// Each adds its command to the application; a parsed command leaves its exit code in `exit`.
void addCheck(CLI::App &app, Common &common, int &exit);
void addExplain(CLI::App &app, int &exit);
void addFormat(CLI::App &app, int &exit);
void addInspect(CLI::App &app, Common &common, int &exit);
void addRun(CLI::App &app, Common &common, int &exit);
void addTrain(CLI::App &app, Common &common, int &exit);
void addEvaluate(CLI::App &app, Common &common, int &exit);
void addPredict(CLI::App &app, Common &common, int &exit);
void addAttribute(CLI::App &app, Common &common, int &exit);
void addBench(CLI::App &app, Common &common, int &exit);

/// Adds the program's file and the options of compiling.
void addCommon(CLI::App &command, Common &common);
/// Adds `--memory-budget`.
void addMemoryBudget(CLI::App &command, Common &common);
/// "error: …" on standard error, with help lines below; answers Exit::Failed.
int fail(const std::string &message, const std::string &help = {});

} // namespace tenon::tool
