// Programs that are made to break the compiler: each ends with a diagnostic, soon and in bounded
// memory. Each runs in a process of its own. TENON_HOSTILE_SECONDS=1 asks for what is promised of a
// quiet machine; TENON_HOSTILE_WRITE=FOLDER writes the programs there instead, to be given to
// `tenon check` and `tenon fmt`.
#include "tests/hostile/Programs.h"

#include "frontend/check/Check.h"
#include "frontend/format/Format.h"

#include <gtest/gtest.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

using namespace tenon;
using namespace tenon::test;
namespace fs = std::filesystem;

namespace {

#if __has_feature(address_sanitizer)
constexpr bool isSanitized = true;
#else
constexpr bool isSanitized = false;
#endif

/// Ten times what is promised of a quiet machine, so that a busy one doesn't fail.
double secondsAllowed() {
  const char *text = std::getenv("TENON_HOSTILE_SECONDS");
  return text ? std::strtod(text, nullptr) : isSanitized ? 100 : 10;
}
constexpr long kilobytesAllowed = 500 * 1024;

enum Exit { Clean = 0, Mistaken = 1, Wrong = 2 };

struct Usage {
  int status = 0;
  double seconds = 0;
  long kilobytes = 0;
};

/// Runs `body` in a process of its own, whose exit status is what it answers.
template <typename Body> Usage inChild(Body body) {
  pid_t child = fork();
  if (child == 0) {
    rlimit limit{static_cast<rlim_t>(4 * secondsAllowed()),
                 static_cast<rlim_t>(4 * secondsAllowed())};
    setrlimit(RLIMIT_CPU, &limit);
    rlimit memory{rlim_t(4) << 30, rlim_t(4) << 30};
    if (!isSanitized)
      setrlimit(RLIMIT_AS, &memory);
    _exit(body());
  }
  Usage run;
  rusage usage{};
  wait4(child, &run.status, 0, &usage);
  run.seconds = double(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
                1e-6 * double(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec);
  run.kilobytes = usage.ru_maxrss;
  return run;
}

void write(const Files &files, const fs::path &folder) {
  fs::remove_all(folder);
  for (auto &[name, text] : files) {
    fs::create_directories((folder / name).parent_path());
    std::ofstream(folder / name, std::ios::binary) << text;
  }
}

/// A diagnostic that takes this much room isn't read by anybody.
constexpr size_t bytesAllowed = 1'000'000;

int checked(const fs::path &file) {
  SourceManager sources;
  DiagnosticEngine engine;
  check::Modules modules(sources, engine);
  if (check::Module *module = modules.load(file))
    check::checkFile(modules, *module, engine);
  std::string shown = renderAll(sources, engine), json = toJson(sources, engine);
  if (shown.size() > bytesAllowed || json.size() > bytesAllowed) {
    fprintf(stderr, "%zu bytes of messages, %zu of JSON\n", shown.size(), json.size());
    return Exit::Wrong;
  }
  return engine.hasErrors() ? Exit::Mistaken : Exit::Clean;
}

int formatted(const fs::path &file) {
  SourceManager sources;
  DiagnosticEngine engine;
  std::string error;
  FileId id = sources.load(file, error);
  if (!id.isValid())
    return Exit::Mistaken;
  auto text = format::format(sources, id, engine);
  if (!text)
    return engine.hasErrors() ? Exit::Mistaken : Exit::Wrong;
  return format::sameMeaning(std::string(sources.text(id)), *text) ? Exit::Clean : Exit::Wrong;
}

void expectBounded(const Usage &run, const std::string &what) {
  if (WIFSIGNALED(run.status))
    ADD_FAILURE() << what << " was ended by signal " << WTERMSIG(run.status);
  else
    EXPECT_NE(WEXITSTATUS(run.status), Exit::Wrong) << what;
  EXPECT_LT(run.seconds, secondsAllowed()) << what;
  if (!isSanitized)
    EXPECT_LT(run.kilobytes, kilobytesAllowed) << what;
}

class Hostile : public testing::TestWithParam<HostileProgram> {};

TEST_P(Hostile, EndsWithADiagnostic) {
  const HostileProgram &program = GetParam();
  fs::path folder = fs::temp_directory_path() / ("tenon-hostile-" + std::to_string(getpid()));
  // Made in a process of its own too, so that this one stays small and each begins small.
  Usage making = inChild([&] { return write(program.files(), folder), 0; });
  ASSERT_TRUE(WIFEXITED(making.status) && WEXITSTATUS(making.status) == 0);
  Usage check = inChild([&] { return checked(folder / "main.tn"); });
  Usage format = inChild([&] { return formatted(folder / "main.tn"); });
  expectBounded(check, "check");
  expectBounded(format, "fmt");
  if (WIFEXITED(check.status))
    EXPECT_EQ(WEXITSTATUS(check.status), program.isLegal ? Exit::Clean : Exit::Mistaken);
  printf("%-50s check %6.2f s %5ld MB   fmt %6.2f s %5ld MB\n", program.name.c_str(), check.seconds,
         check.kilobytes / 1024, format.seconds, format.kilobytes / 1024);
  fs::remove_all(folder);
}

INSTANTIATE_TEST_SUITE_P(Programs, Hostile, testing::ValuesIn(hostilePrograms()),
                         [](const auto &info) { return info.param.name; });

} // namespace

int main(int argc, char **argv) {
  if (const char *folder = getenv("TENON_HOSTILE_WRITE")) {
    for (const HostileProgram &program : hostilePrograms())
      write(program.files(), fs::path(folder) / program.name);
    return 0;
  }
  testing::InitGoogleTest(&argc, argv);
  return RUN_ALL_TESTS();
}
