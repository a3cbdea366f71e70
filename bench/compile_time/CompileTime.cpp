//===- CompileTime.cpp - How long compiling and loading take --------------===//
//
// compile_time [THREADS] MODULE.mlir: compiles the module without a cache, with a warm cache of
// kernels, and loads the program's image; prints the median of five of each in milliseconds, and
// where a cold compilation spends its time.
//
//===----------------------------------------------------------------------===//
#include "codegen/jit/Compile.h"
#include "codegen/jit/Load.h"
#include "ir/dialect/Dialect.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Parser/Parser.h"

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <filesystem>
#include <functional>

using namespace tenon;

namespace {

double milliseconds(const std::function<void()> &work) {
  auto start = std::chrono::steady_clock::now();
  work();
  return std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - start)
      .count();
}

double median(const std::function<void()> &work) {
  std::vector<double> times;
  for (int i = 0; i < 5; ++i)
    times.push_back(milliseconds(work));
  std::sort(times.begin(), times.end());
  return times[2];
}

[[noreturn]] void fail(const std::string &why) {
  std::fprintf(stderr, "compile_time: %s\n", why.c_str());
  std::exit(1);
}

ProgramImage compileFile(const char *path, const CompileOptions &options, CompileReport &report) {
  mlir::MLIRContext context(mlir::MLIRContext::Threading::DISABLED);
  context.loadDialect<TenonDialect, mlir::func::FuncDialect>();
  auto module = mlir::parseSourceFile<mlir::ModuleOp>(path, &context);
  if (!module)
    fail(std::string(path) + " isn't a module");
  auto image = compile(*module, options, &report);
  if (!image)
    fail(llvm::toString(image.takeError()));
  return std::move(*image);
}

} // namespace

int main(int argc, char **argv) {
  if (argc < 2 || argc > 3)
    fail("usage: compile_time [THREADS] MODULE.mlir");
  const char *path = argv[argc - 1];
  CompileOptions options;
  options.threads = argc == 3 ? std::max(1, std::atoi(argv[1])) : 1;
  CompileReport report;
  std::string bytes;
  double cold = median([&] { bytes = serialize(compileFile(path, options, report)); });
  std::printf("cold      %8.1f ms, %u threads: passes %.1f, %u kernels (%u distinct) %.1f\n", cold,
              options.threads, report.passSeconds * 1e3, report.kernels, report.distinct,
              report.kernelSeconds * 1e3);
  std::clock_t before = std::clock();
  compileFile(path, options, report);
  std::printf("          %8.1f ms of processor time\n",
              1e3 * (std::clock() - before) / CLOCKS_PER_SEC);

  std::string pattern = std::filesystem::temp_directory_path() / "tenon-bench-XXXXXX";
  if (!::mkdtemp(pattern.data()))
    fail("no folder for a cache");
  DiskCache cache(pattern);
  options.cache = &cache;
  CompileReport filled;
  compileFile(path, options, filled);
  double warm = median([&] { compileFile(path, options, report); });
  std::filesystem::remove_all(pattern);
  std::printf("cached    %8.1f ms: passes %.1f, %u of %u kernels found\n", warm,
              report.passSeconds * 1e3, report.cached, report.distinct);

  double load = median([&] {
    auto image = deserialize(bytes);
    if (!image)
      fail("the image doesn't come back");
    auto program = LoadedProgram::load(std::move(*image));
    if (!program)
      fail(llvm::toString(program.takeError()));
  });
  std::printf("load      %8.1f ms: %zu KiB\n", load, bytes.size() / 1024);
}
