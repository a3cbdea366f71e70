//===- Programs.cpp - From a file to a program that runs ------------------===//
#include "tools/tenon/Programs.h"

#include "frontend/lower/Lower.h"
#include "runtime/data/Sources.h"
#include "runtime/train/Training.h"
#include "tools/tenon/Sessions.h"
#include "tools/tenon/SourceIdentity.h"

#include "mlir/Pass/PassManager.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Path.h"

#include <algorithm>
#include <chrono>
#include <set>
#include <thread>
#include <unistd.h>

using namespace tenon;
using namespace tenon::tool;

//===----------------------------------------------------------------------===//
// Checking
//===----------------------------------------------------------------------===//

std::vector<std::string> Checked::files() const {
  std::vector<std::string> paths;
  for (size_t i = 0; i < sources.size(); ++i)
    if (const std::string &path = sources.path(FileId{uint32_t(i)}); !path.starts_with('<'))
      paths.push_back(path);
  return paths;
}

data::LookAtData tool::dataBeside(const Common &common, std::vector<std::string> *absent) {
  return [folder = programFolder(common), absent](const data::Dataset &dataset) {
    data::DataReport report = data::lookAtData(dataset, folder);
    if (absent)
      for (const std::string &file : report.absent)
        if (!std::count(absent->begin(), absent->end(), file))
          absent->push_back(file);
    return report;
  };
}

std::unique_ptr<Checked> tool::checkProgram(const Common &common, const Request &request) {
  auto checked = std::make_unique<Checked>();
  checked->modules = std::make_unique<check::Modules>(checked->sources, checked->engine);
  checked->module = checked->modules->load(common.file);
  check::CheckOptions options;
  options.real = common.real == "f64" ? check::DType::F64 : check::DType::F32;
  options.dataDims = request.dataDims;
  if (request.looksAtData)
    options.lookAtData = dataBeside(common);
  if (checked->module) {
    if (request.function.empty())
      checked->program =
          check::elaborateTraining(*checked->modules, *checked->module, checked->engine, options);
    else
      checked->program =
          check::elaborateFunction(*checked->modules, *checked->module, request.function,
                                   request.inputs, checked->engine, options);
  }
  RenderOptions rendering;
  rendering.colour = isatty(STDERR_FILENO) && !getenv("NO_COLOR");
  fputs(renderAll(checked->sources, checked->engine, rendering).c_str(), stderr);
  if (checked->engine.hasErrors() || !checked->program)
    return nullptr;
  return checked;
}

mlir::OwningOpRef<mlir::ModuleOp> tool::lowerProgram(const Checked &checked,
                                                     mlir::MLIRContext &context) {
  return lower(*checked.program, checked.sources, context);
}

//===----------------------------------------------------------------------===//
// Compiling
//===----------------------------------------------------------------------===//

/// The program's own declarations by hashes of their words, its entries by one of what they
/// compute.
static train::Ingredients describeIngredients(const Checked &checked) {
  const check::Training &training = *checked.program->training;
  const SourceManager &sources = checked.sources;
  auto place = [&](SourceRange range) {
    bool own = range.isValid() && !sources.path(range.file).starts_with('<');
    return own ? sources.describe(range) : std::string();
  };
  train::Ingredients result;
  for (const check::Ingredient &each : training.settings)
    result.settings.push_back({each.name, each.value, each.part, place(each.range)});
  for (const check::Ingredient &each : training.declarations)
    result.parts.push_back({each.name, hashText(each.value), "", place(each.range)});
  std::string graph;
  for (const check::Entry &entry : checked.program->entries)
    if (entry.name != "init" && entry.name != "predict")
      graph += check::print(entry);
  result.graph = hashText(graph);
  result.followsSteps = training.followsSteps;
  return result;
}

std::string tool::describeTraining(const Checked &checked) {
  const check::Training &training = *checked.program->training;
  train::Training description;
  description.model = training.model;
  description.dataset = training.dataset;
  description.metrics = training.metrics;
  description.metricHasState = training.metricHasState;
  description.predicts = training.predicts;
  description.predictFields = training.predictFields;
  description.epochs = training.epochs;
  description.batch = training.batch;
  description.patience = training.patience.value_or(0);
  description.keepBest = training.keepBest;
  for (const check::StartFrom &start : training.start)
    description.start.push_back(
        {start.target, start.file, start.rename, checked.sources.describe(start.range)});
  description.ingredients = describeIngredients(checked);
  return train::toJson(description);
}

std::optional<CompileOptions> tool::compileOptions(const Common &common) {
  CompileOptions options;
  options.graph.budget = common.memoryBudget;
  options.threads = common.threads > 0 ? unsigned(common.threads)
                                       : std::max(1u, std::thread::hardware_concurrency());
  const char *environment = getenv("TENON_ISA");
  std::string isa = !common.isa.empty() ? common.isa : environment ? environment : "";
  if (isa.empty())
    return options;
  auto level = TargetInfo::parseLevel(isa);
  if (!level) {
    fail("TENON_ISA is `" + isa + "`", "it may be baseline, avx2 or avx512");
    return std::nullopt;
  }
  auto target = options.target.lowered(*level);
  if (!target) {
    fail(llvm::toString(target.takeError()));
    return std::nullopt;
  }
  options.target = *target;
  return options;
}

/// The image from the cache, if all files are as they were.
static std::optional<ProgramImage> findImage(const DiskCache &cache, const std::string &identity,
                                             const TargetInfo &target) {
  auto files = recallFiles(cache, identity);
  if (!files)
    return std::nullopt;
  auto program = programIdentity(identity, *files);
  if (!program)
    return std::nullopt;
  auto bytes = cache.find(programKey(*program, target));
  return bytes ? deserialize(*bytes) : std::nullopt;
}

/// Where extents are still to be read, nothing but what reading the data takes: functions that are
/// stages.
static void keepStages(mlir::ModuleOp module, const data::Dataset &dataset) {
  std::set<std::string> kept;
  for (const data::Field &field : dataset.fields)
    for (const data::Stage &stage : field.stages)
      kept.insert({stage.entry, stage.entry + data::kEvaluating});
  for (auto function : llvm::make_early_inc_range(module.getOps<mlir::func::FuncOp>()))
    if (!kept.count(function.getName().str()))
      function.erase();
}

/// Puts in place of all functions those that attribute a prediction.
static void attributePrediction(mlir::ModuleOp module) {
  mlir::PassManager manager(module.getContext());
  manager.addPass(createAttributePrediction());
  if (mlir::failed(manager.run(module)))
    llvm_unreachable("the pass has nothing that fails");
  for (auto function : llvm::make_early_inc_range(module.getOps<mlir::func::FuncOp>()))
    if (!function.getName().starts_with("attribution_"))
      function.erase();
}

static std::optional<ProgramImage> makeImage(const Common &common, const Request &request,
                                             const std::string &identity, CompileOptions options,
                                             CompileReport &report) {
  auto checked = checkProgram(common, request);
  if (!checked)
    return std::nullopt;
  mlir::MLIRContext context(mlir::MLIRContext::Threading::DISABLED);
  auto module = lowerProgram(*checked, context);
  if (const auto &training = checked->program->training) {
    bool open = request.dataDims.empty() && data::hasOpenExtents(training->dataset);
    if (open || request.stagesAlone)
      keepStages(*module, training->dataset);
    if (request.attributes)
      attributePrediction(*module);
    options.graph.extents.push_back("batch=" + std::to_string(training->batch));
  }
  auto image = compile(*module, options, &report);
  if (!image) {
    fail(llvm::toString(image.takeError()));
    return std::nullopt;
  }
  if (checked->program->training)
    image->metadata = describeTraining(*checked);
  if (options.cache) {
    std::vector<std::string> files = checked->files();
    rememberFiles(*options.cache, identity, files);
    if (auto program = programIdentity(identity, files))
      options.cache->store(programKey(*program, options.target), serialize(*image));
  }
  return std::move(*image);
}

std::unique_ptr<Compiled> tool::compileProgram(const Common &common, const Request &request) {
  auto start = std::chrono::steady_clock::now();
  auto options = compileOptions(common);
  if (!options)
    return nullptr;
  DiskCache cache(common.noCache ? "" : DiskCache::defaultFolder());
  options->cache = common.noCache ? nullptr : &cache;
  std::string identity = requestIdentity(common, request);

  auto compiled = std::make_unique<Compiled>();
  std::optional<ProgramImage> image;
  if (options->cache && !identity.empty())
    image = findImage(cache, identity, options->target);
  compiled->fromCache = image.has_value();
  if (!image)
    image = makeImage(common, request, identity, *options, compiled->report);
  if (!image)
    return nullptr;
  auto loaded = LoadedProgram::load(std::move(*image));
  if (!loaded) {
    fail(llvm::toString(loaded.takeError()));
    return nullptr;
  }
  compiled->loaded = std::move(*loaded);
  compiled->seconds =
      std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  return compiled;
}
