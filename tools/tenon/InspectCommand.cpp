//===- InspectCommand.cpp - tenon inspect: a program at each of its stages ===//
#include "passes/Passes.h"
#include "tools/tenon/Arguments.h"
#include "tools/tenon/InspectData.h"
#include "tools/tenon/Sessions.h"

#include "mlir/Pass/PassManager.h"
#include "mlir/Pass/PassRegistry.h"

#include <CLI/CLI.hpp>

using namespace tenon;
using namespace tenon::tool;

namespace {

struct InspectOptions {
  std::string stage = "graph";
  std::string function, entry;
  std::vector<std::string> inputs;
  bool places = false;
  bool data = false;
  DataView view;
};

/// A textual pass pipeline that ends where the stage is looked at; null for those behind passes.
const char *pipelineOf(const std::string &stage) {
  if (stage == "graph")
    return "";
  if (stage == "derivative")
    return "func.func(differentiate)";
  return stage == "fused" ? "tenon-graph,func.func(split-windows,form-kernels)" : nullptr;
}

llvm::Error runPipeline(mlir::ModuleOp module, const char *text) {
  registerTenonPasses();
  mlir::PassManager manager(module.getContext());
  if (mlir::failed(mlir::parsePassPipeline(text, manager)) || mlir::failed(manager.run(module)))
    return llvm::createStringError("the pipeline `%s` failed", text);
  return llvm::Error::success();
}

void keepOnly(mlir::ModuleOp module, const std::string &entry) {
  for (auto function : llvm::make_early_inc_range(module.getOps<mlir::func::FuncOp>()))
    if (!entry.empty() && function.getName() != entry)
      function.erase();
}

llvm::Expected<std::string> printModule(mlir::ModuleOp module, bool places) {
  std::string text;
  llvm::raw_string_ostream out(text);
  mlir::OpPrintingFlags flags;
  if (places)
    flags.enableDebugInfo(true, true);
  module.print(out, flags);
  return text;
}

llvm::Expected<std::string> describeMemory(mlir::ModuleOp module, const CompileOptions &options) {
  const TargetInfo &target = options.target;
  if (llvm::Error error = runPasses(module, options.graph))
    return std::move(error);
  std::string text;
  for (auto function : module.getOps<mlir::func::FuncOp>()) {
    auto plan = planEntry(function, target);
    if (!plan)
      return plan.takeError();
    text += function.getName().str() + "\n" + plan->memory.describe() + "\n";
  }
  return text;
}

llvm::Expected<std::string> show(mlir::ModuleOp module, const InspectOptions &options,
                                 const CompileOptions &compiling) {
  if (options.stage == "llvm")
    return printCode(module, compiling, CodeText::Llvm);
  if (options.stage == "asm")
    return printCode(module, compiling, CodeText::Assembly);
  if (options.stage == "memory")
    return describeMemory(module, compiling);
  const char *pipeline = pipelineOf(options.stage);
  if (llvm::Error error =
          pipeline ? runPipeline(module, pipeline) : runPasses(module, compiling.graph))
    return std::move(error);
  return printModule(module, options.places);
}

int inspect(const Common &common, const InspectOptions &options) {
  if (options.data)
    return inspectData(common, options.view);
  auto compiling = compileOptions(common);
  if (!compiling)
    return Exit::Failed;
  Arguments arguments;
  if (!readArguments(options.inputs, arguments))
    return Exit::Failed;
  auto checked = checkProgram(common, {options.function, arguments.fixed, {}});
  if (!checked)
    return Exit::Failed;
  // Code is made for the extents that the data tells; up to the kernels they are names.
  bool isCode = options.stage == "llvm" || options.stage == "asm" || options.stage == "memory";
  const auto &training = checked->program->training;
  if (isCode && training && data::hasOpenExtents(training->dataset)) {
    auto opened = openTraining(common, nullptr, /*steps=*/false);
    if (!opened)
      return Exit::Failed;
    checked = checkProgram(common, {"", {}, opened->table.extents()});
    if (!checked)
      return Exit::Failed;
  }
  mlir::MLIRContext context(mlir::MLIRContext::Threading::DISABLED);
  auto module = lowerProgram(*checked, context);
  keepOnly(*module, options.entry);
  if (module->getOps<mlir::func::FuncOp>().empty())
    return fail("there is no entry `" + options.entry + "`",
                "a train block has init, train_step, evaluate_step, reset_metrics and predict");
  auto text = show(*module, options, *compiling);
  if (!text)
    return fail(llvm::toString(text.takeError()));
  fputs(text->c_str(), stdout);
  return Exit::Done;
}

} // namespace

void tool::addInspect(CLI::App &app, Common &common, int &exit) {
  auto options = std::make_shared<InspectOptions>();
  CLI::App *command = app.add_subcommand("inspect", "Show a program as the compiler sees it");
  addCommon(*command, common);
  command->add_option("function", options->function,
                      "A function of the program (default: its train block)");
  addMemoryBudget(*command, common);
  command
      ->add_option("--stage", options->stage,
                   "graph: as lowered; derivative: after differentiation; fused: simplified and "
                   "grouped; kernels: as compiled; llvm, asm: the code; memory: the arena")
      ->check(CLI::IsMember({"graph", "derivative", "fused", "kernels", "llvm", "asm", "memory"}))
      ->capture_default_str();
  command->add_option("--input", options->inputs,
                      "The function's arguments, as `tenon run` takes them; dimensions and numbers "
                      "that aren't given stay open");
  command->add_option("--entry", options->entry, "Only this entry: train_step, predict, ...");
  auto *data = command->add_flag(
      "--data", options->data,
      "Show rows of the data set as the model gets them: pictures in a file, the rest as text");
  command->add_option("--split", options->view.split, "Which rows; those of `train` are augmented")
      ->needs(data)
      ->capture_default_str();
  command->add_option("--rows", options->view.rows, "How many")
      ->needs(data)
      ->check(CLI::Range(1, 10000))
      ->capture_default_str();
  command->add_option("--output", options->view.output, "A file.png for pictures")
      ->needs(data)
      ->capture_default_str();
  command->add_option("--seed", options->view.seed, "Seed of random draws")
      ->needs(data)
      ->capture_default_str();
  command->add_flag("--places", options->places, "Print the source place of every op");
  command->callback([&common, &exit, options] { exit = inspect(common, *options); });
}
