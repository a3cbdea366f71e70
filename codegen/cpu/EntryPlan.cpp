//===- EntryPlan.cpp - What the driver of an entry needs to know ----------===//
#include "codegen/cpu/EntryPlan.h"

#include "passes/schedule/InPlace.h"
#include "runtime/core/abi.h"

using namespace mlir;
using namespace tenon;

static int32_t dtypeOf(Type element) {
  if (element.isInteger(1))
    return TENON_BOOL;
  if (element.isUnsignedInteger(8))
    return TENON_U8;
  if (element.isInteger(8))
    return TENON_I8;
  if (element.isInteger(32))
    return TENON_I32;
  if (element.isInteger(64))
    return TENON_I64;
  if (element.isF16())
    return TENON_F16;
  if (element.isBF16())
    return TENON_BF16;
  return element.isF32() ? TENON_F32 : TENON_F64;
}

/// "file.tn:12:8" of the innermost source position in a location.
static std::string describe(Location loc) {
  std::string text;
  loc->walk([&](Location part) {
    auto file = dyn_cast<FileLineColLoc>(part);
    if (!file)
      return WalkResult::advance();
    text = (file.getFilename().getValue() + ":" + Twine(file.getLine()) + ":" +
            Twine(file.getColumn()))
               .str();
    return WalkResult::interrupt();
  });
  return text;
}

namespace {

class Planner {
public:
  Planner(func::FuncOp function, const TargetInfo &target) : function(function), target(target) {}

  llvm::Expected<EntryPlan> run() {
    plan.function = function;
    readSignature();
    numberChecks();
    function->walk([&](ScanOp scan) {
      if (auto rows = partitionRows(scan))
        plan.rows[scan] = *rows;
    });
    plan.memory = planMemory(function, [&](KernelOp pack) { return packedBytes(pack, target); });
    placeGrown();
    function->walk([&](KernelOp kernel) { plan.kernels.push_back({kernel, request(kernel)}); });
    return std::move(plan);
  }

private:
  BindingInfo binding(Type type, StringAttr name, StringAttr role, StringRef fallback) {
    auto tensor = cast<RankedTensorType>(type);
    BindingInfo info;
    info.name = name ? name.str() : fallback.str();
    info.role = role ? role.str() : "";
    info.dtype = dtypeOf(tensor.getElementType());
    for (const Dim &dim : dimsOf(tensor))
      info.dims.push_back(dim);
    return info;
  }

  void readSignature() {
    EntryInfo &info = plan.info;
    info.name = function.getName().str();
    info.bodySymbol = "tenon_body_" + info.name;
    info.planSymbol = "tenon_plan_" + info.name;
    info.inputDimsSymbol = "tenon_input_dims_" + info.name;
    for (unsigned i = 0; i < function.getNumArguments(); ++i) {
      info.inputs.push_back(binding(
          function.getArgumentTypes()[i], function.getArgAttrOfType<StringAttr>(i, "tenon.name"),
          function.getArgAttrOfType<StringAttr>(i, "tenon.role"), "argument" + std::to_string(i)));
      if (!info.inputs.back().role.size())
        info.inputs.back().role = "input";
    }
    for (unsigned i = 0; i < function.getNumResults(); ++i) {
      info.outputs.push_back(binding(
          function.getResultTypes()[i], function.getResultAttrOfType<StringAttr>(i, "tenon.name"),
          function.getResultAttrOfType<StringAttr>(i, "tenon.role"), "result" + std::to_string(i)));
      if (!info.outputs.back().role.size())
        info.outputs.back().role = "result";
      if (auto alias = function.getResultAttrOfType<IntegerAttr>(i, "tenon.alias"))
        info.outputs.back().alias = alias.getInt();
    }
    auto add = [&](const std::string &name) {
      if (!llvm::is_contained(info.symbols, name))
        info.symbols.push_back(name);
    };
    if (auto names = function->getAttrOfType<ArrayAttr>("tenon.symbols"))
      for (auto name : names.getAsRange<StringAttr>())
        add(name.str());
    for (const BindingInfo &input : info.inputs)
      for (const Dim &dim : input.dims)
        for (const std::string &name : dim.symbols())
          add(name);
    plan.names = info.symbols;
    function->walk([&](LoopOp loop) {
      if (auto steps = loop.getSteps())
        plan.names.push_back(steps->str());
    });
    symbols.assign(plan.names.begin(), plan.names.end());
  }

  /// Says of each growing memory which loop it belongs to: the first in its size without a bound.
  void placeGrown() {
    llvm::StringMap<Location> places;
    function->walk([&](LoopOp loop) {
      if (loop.getSteps() && !loop.getBound())
        places.try_emplace(*loop.getSteps(), loop.getLoc());
    });
    for (const ArenaSlot &slot : plan.memory.slots)
      if (slot.grown >= 0) {
        std::string &place = plan.info.grown.emplace_back();
        for (const std::string &name : slot.bytes.symbols())
          if (auto found = places.find(name); place.empty() && found != places.end())
            place = describe(found->second);
      }
  }

  void numberChecks() {
    int64_t next = 0;
    function->walk([&](CheckOp check) {
      check->setAttr("tenon.check_index",
                     IntegerAttr::get(IntegerType::get(check.getContext(), 64), next++));
      plan.info.checks.push_back({check.getMessage().str(), describe(check.getLoc())});
    });
  }

  KernelRequest request(KernelOp kernel) {
    KernelRequest request;
    request.op = kernel;
    request.inPlace = writesInPlace(kernel);
    for (Value input : kernel.getInputs())
      request.inputs.push_back({cast<RankedTensorType>(input.getType()), stridesOf(input)});
    for (Value result : kernel.getResults())
      request.outputs.push_back({cast<RankedTensorType>(result.getType()), stridesOf(result)});
    if (auto rows = plan.rows.find(kernel->getParentOp()); rows != plan.rows.end())
      request.partitionAxis = rows->second.axis.lookup(kernel);
    request.symbols = symbols;
    return request;
  }

  static SmallVector<Dim> rowMajor(RankedTensorType type) {
    auto dims = dimsOf(type);
    SmallVector<Dim> strides(dims.size());
    Dim stride(1);
    for (int i = dims.size() - 1; i >= 0; --i) {
      strides[i] = stride;
      stride = stride * dims[i];
    }
    return strides;
  }

  /// Elements from one place of an axis to the next, for every axis of a value's memory.
  SmallVector<Dim> stridesOf(Value value) {
    auto type = cast<RankedTensorType>(value.getType());
    if (auto argument = dyn_cast<BlockArgument>(value)) {
      auto scan = dyn_cast<ScanOp>(argument.getOwner()->getParentOp());
      if (!scan || argument.getArgNumber() <= scan.getNumCarried())
        return rowMajor(type);
      unsigned k = argument.getArgNumber() - 1 - scan.getNumCarried();
      return without(stridesOf(scan.getInputs()[k]), scan.getInputAxes()[k]);
    }
    if (isa<KernelOp>(value.getDefiningOp()))
      for (OpOperand &use : value.getUses())
        if (auto scan = dyn_cast<ScanOp>(use.getOwner()->getParentOp());
            scan && isa<YieldOp>(use.getOwner()) &&
            use.getOperandNumber() >= scan.getNumCarried()) {
          unsigned k = use.getOperandNumber() - scan.getNumCarried();
          return without(stridesOf(scan.getStackedResults()[k]), scan.getOutputAxes()[k]);
        }
    return rowMajor(type);
  }
  static SmallVector<Dim> without(SmallVector<Dim> strides, int64_t axis) {
    strides.erase(strides.begin() + axis);
    return strides;
  }

  func::FuncOp function;
  const TargetInfo &target;
  EntryPlan plan;
  SmallVector<std::string> symbols;
};

} // namespace

llvm::Expected<EntryPlan> tenon::planEntry(func::FuncOp function, const TargetInfo &target) {
  return Planner(function, target).run();
}
