//===- Compile.cpp - From the graph IR to machine code --------------------===//
#include "codegen/jit/Compile.h"

#include "codegen/cpu/Driver.h"
#include "codegen/cpu/Optimize.h"
#include "passes/Passes.h"

#include "mlir/Pass/PassManager.h"
#include "llvm/IR/LLVMContext.h"
#include "llvm/IR/Module.h"
#include "llvm/Support/raw_ostream.h"

#include <atomic>
#include <chrono>
#include <map>
#include <nlohmann/json.hpp>
#include <thread>

using namespace tenon;
using namespace llvm;

namespace {

double secondsSince(std::chrono::steady_clock::time_point start) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

/// A kernel to compile, and what becomes of it.
struct KernelJob {
  const KernelRequest *request = nullptr;
  std::string key;
  EmittedKernel emitted;
  std::string object; // machine code, or text where that was asked for
  bool fromCache = false;
  std::string failure;
};

/// The kernels of a program, equal ones once.
class KernelSet {
public:
  KernelSet(const CompileOptions &options, std::optional<CodeText> text)
      : options(options), text(text) {}

  void add(const KernelRequest &request) {
    std::string key = kernelKey(request, options.target);
    auto [place, isNew] = index.try_emplace(key, jobs.size());
    if (isNew) {
      jobs.emplace_back();
      jobs.back().request = &request;
      jobs.back().key = key;
    }
    of.push_back(place->second);
  }

  Error run() {
    std::atomic<size_t> next = 0;
    auto work = [&] {
      for (size_t i; (i = next++) < jobs.size();)
        compileOne(jobs[i]);
    };
    std::vector<std::thread> helpers;
    for (unsigned t = 1; t < options.threads; ++t)
      helpers.emplace_back(work);
    work();
    for (std::thread &helper : helpers)
      helper.join();
    for (const KernelJob &job : jobs)
      if (!job.failure.empty())
        return createStringError(job.failure);
    return Error::success();
  }

  /// What the i-th added request became.
  const EmittedKernel &emitted(size_t i) const { return jobs[of[i]].emitted; }
  std::vector<KernelJob> jobs;

private:
  void compileOne(KernelJob &job) {
    std::string cacheKey = "kernel\n" + buildId() + "\n" + job.key;
    if (options.cache && !text && readCached(job, cacheKey))
      return;
    LLVMContext context;
    Module module("kernel", context);
    auto emitted = emitKernel(*job.request, options.target, module);
    if (!emitted) {
      job.failure = toString(emitted.takeError());
      return;
    }
    job.emitted = *emitted;
    auto code = finish(module, options.target, text);
    if (!code) {
      job.failure = toString(code.takeError());
      return;
    }
    job.object = std::move(*code);
    if (options.cache && !text) {
      nlohmann::json info = {{"symbol", job.emitted.symbol},
                             {"tasks", job.emitted.tasks.str()},
                             {"grain", job.emitted.grain},
                             {"scratch", job.emitted.scratchBytes}};
      options.cache->store(cacheKey, info.dump() + "\n" + job.object);
    }
  }

  bool readCached(KernelJob &job, const std::string &cacheKey) {
    auto found = options.cache->find(cacheKey);
    if (!found)
      return false;
    size_t line = found->find('\n');
    auto info = nlohmann::json::parse(found->substr(0, line), nullptr, /*allow_exceptions=*/false);
    if (line == std::string::npos || info.is_discarded())
      return false;
    auto tasks = Dim::parse(info.value("tasks", ""));
    if (!tasks)
      return false;
    job.emitted = {info.value("symbol", ""), *tasks, info.value("grain", int64_t(1)),
                   info.value("scratch", int64_t(0))};
    job.object = found->substr(line + 1);
    job.fromCache = true;
    return true;
  }

public:
  static Expected<std::string> finish(Module &module, const TargetInfo &target,
                                      std::optional<CodeText> text) {
    if (Error error = optimize(module, target))
      return std::move(error);
    if (!text)
      return emitObject(module, target);
    if (*text == CodeText::Assembly)
      return emitAssembly(module, target);
    std::string result;
    raw_string_ostream(result) << module;
    return result;
  }

private:
  const CompileOptions &options;
  std::optional<CodeText> text;
  std::map<std::string, size_t> index;
  std::vector<size_t> of;
};

/// What `compile` and `printCode` share: everything up to objects or text.
Expected<ProgramImage> generate(mlir::ModuleOp module, const CompileOptions &options,
                                std::optional<CodeText> text, CompileReport *report) {
  auto start = std::chrono::steady_clock::now();
  if (Error error = runPasses(module, options.graph))
    return std::move(error);
  std::vector<EntryPlan> plans;
  for (auto function : module.getOps<mlir::func::FuncOp>()) {
    if (function.isPrivate())
      continue;
    auto plan = planEntry(function, options.target);
    if (!plan)
      return plan.takeError();
    plans.push_back(std::move(*plan));
  }
  double passSeconds = secondsSince(start);
  start = std::chrono::steady_clock::now();

  KernelSet kernels(options, text);
  for (const EntryPlan &plan : plans)
    for (auto &[op, request] : plan.kernels)
      kernels.add(request);
  if (Error error = kernels.run())
    return std::move(error);

  ProgramImage image;
  image.numericMode = options.target.numericMode();
  unsigned cached = 0;
  for (KernelJob &job : kernels.jobs) {
    cached += job.fromCache;
    image.objects.push_back({job.emitted.symbol, std::move(job.object)});
  }
  LLVMContext context;
  Module drivers("drivers", context);
  size_t at = 0;
  for (EntryPlan &plan : plans) {
    std::vector<EmittedKernel> emitted;
    for (size_t i = 0; i < plan.kernels.size(); ++i) {
      emitted.push_back(kernels.emitted(at++));
      plan.info.scratchBytes =
          std::max(plan.info.scratchBytes, (emitted.back().scratchBytes + 63) / 64 * 64);
    }
    emitDriver(plan, emitted, drivers);
    image.entries.push_back(plan.info);
  }
  auto object = KernelSet::finish(drivers, options.target, text);
  if (!object)
    return object.takeError();
  image.objects.push_back({"drivers", std::move(*object)});
  if (report) {
    report->kernels = at;
    report->distinct = kernels.jobs.size();
    report->cached = cached;
    report->passSeconds = passSeconds;
    report->kernelSeconds = secondsSince(start);
  }
  return image;
}

} // namespace

Error tenon::runPasses(mlir::ModuleOp module, const GraphOptions &options) {
  mlir::PassManager manager(module.getContext());
#ifdef NDEBUG
  manager.enableVerifier(false);
#endif
  buildGraphPipeline(manager, options);
  buildKernelPipeline(manager);
  std::string failure;
  mlir::ScopedDiagnosticHandler handler(module.getContext(), [&](mlir::Diagnostic &diagnostic) {
    if (diagnostic.getSeverity() == mlir::DiagnosticSeverity::Error) {
      raw_string_ostream(failure) << diagnostic.getLocation() << ": " << diagnostic << "\n";
      return mlir::success();
    }
    return mlir::failure();
  });
  if (mlir::failed(manager.run(module)))
    return createStringError(failure.empty() ? "a pass failed" : failure);
  return Error::success();
}

std::string tenon::programKey(std::string_view identity, const TargetInfo &target) {
  // Tiles follow from the caches' sizes.
  return "program\n" + buildId() + "\n" + target.key() + "/" + std::to_string(target.l1Bytes) +
         "/" + std::to_string(target.l2Bytes) + "\n" + std::string(identity);
}

Expected<ProgramImage> tenon::compile(mlir::ModuleOp module, const CompileOptions &options,
                                      CompileReport *report) {
  return generate(module, options, std::nullopt, report);
}

Expected<std::string> tenon::printCode(mlir::ModuleOp module, const CompileOptions &options,
                                       CodeText kind) {
  auto image = generate(module, options, kind, nullptr);
  if (!image)
    return image.takeError();
  std::string result;
  for (const ObjectFile &object : image->objects)
    result += object.bytes;
  return result;
}
