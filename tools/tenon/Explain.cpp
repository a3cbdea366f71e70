//===- Explain.cpp - Which line made a step's loss not finite -------------===//
#include "tools/tenon/Explain.h"

#include "passes/Passes.h"
#include "runtime/train/EntryCall.h"

#include "mlir/Pass/PassManager.h"

using namespace tenon;
using namespace tenon::tool;

/// Turns the module into its one function `name`, guarded; the places that its answer counts.
static mlir::ArrayAttr guard(mlir::ModuleOp module, llvm::StringRef name) {
  for (auto function : llvm::make_early_inc_range(module.getOps<mlir::func::FuncOp>()))
    if (function.getName() != name)
      function.erase();
  mlir::PassManager manager(module.getContext());
  buildGraphPipeline(manager);
  manager.nest<mlir::func::FuncOp>().addPass(createGuardFinite());
  if (mlir::failed(manager.run(module)))
    return {};
  auto function = module.lookupSymbol<mlir::func::FuncOp>(name);
  auto places = function->getAttrOfType<mlir::ArrayAttr>("tenon.guards");
  function->removeAttr("tenon.guards");
  return places;
}

static std::string describe(mlir::Attribute place) {
  std::string text;
  mlir::Location(cast<mlir::LocationAttr>(place))->walk([&](mlir::Location location) {
    if (auto line = dyn_cast<mlir::FileLineColLoc>(location); line && text.empty())
      text = (line.getFilename().getValue() + ":" + llvm::Twine(line.getLine()) + ":" +
              llvm::Twine(line.getColumn()))
                 .str();
    return mlir::WalkResult::advance();
  });
  return text;
}

std::optional<Failure> tool::explainFailedStep(const Common &common, const data::Extents &extents,
                                               const train::FailedStep &step) {
  auto options = compileOptions(common);
  auto checked = checkProgram(common, {"", {}, extents});
  if (!options || !checked)
    return std::nullopt;
  mlir::MLIRContext context(mlir::MLIRContext::Threading::DISABLED);
  auto module = lowerProgram(*checked, context);
  mlir::ArrayAttr places = guard(*module, step.entry.name);
  if (!places)
    return std::nullopt;
  auto image = compile(*module, *options);
  if (!image) {
    llvm::consumeError(image.takeError());
    return std::nullopt;
  }
  auto loaded = LoadedProgram::load(std::move(*image));
  if (!loaded) {
    llvm::consumeError(loaded.takeError());
    return std::nullopt;
  }
  auto runtime = train::makeContext(common.threads);
  if (!runtime)
    return std::nullopt;
  int32_t answer = 0;
  tenon_tensor output{&answer, TENON_I32, 0, nullptr, nullptr};
  if (tenon_call(runtime->get(), &(*loaded)->program()->entries[0], step.inputs.data(), &output) !=
          TENON_OK ||
      answer == 0)
    return std::nullopt;
  return Failure{step.message + "; the first value that is not finite is made here",
                 describe(places[size_t(answer) - 1]), ""};
}
