//===- KernelHarness.cpp - Kernels run in this process --------------------===//
#include "tests/codegen/KernelHarness.h"

#include "passes/Passes.h"

#include "mlir/Parser/Parser.h"
#include "mlir/Pass/PassManager.h"
#include "llvm/ExecutionEngine/Orc/AbsoluteSymbols.h"
#include "llvm/Support/TargetSelect.h"

#include <ctime>
#include <set>

using namespace tenon;
using namespace tenon::test;

std::vector<TargetInfo> tenon::test::runnableTargets() {
  std::vector<TargetInfo> targets;
  for (auto level :
       {TargetInfo::Level::Baseline, TargetInfo::Level::Avx2, TargetInfo::Level::Avx512})
    if (auto target = TargetInfo::host().lowered(level))
      targets.push_back(*target);
    else
      llvm::consumeError(target.takeError());
  return targets;
}

/// Memory of one value, with room around it that must stay as it is.
struct KernelProgram::Buffer {
  static constexpr size_t guard = 64;
  std::vector<uint8_t> bytes;
  uint8_t *data = nullptr;
  size_t size = 0;

  void allocate(size_t wanted, bool isAligned) {
    size = wanted;
    bytes.assign(size + 2 * guard + 64, 0xA5);
    data = bytes.data() + guard;
    if (isAligned)
      data += -reinterpret_cast<uintptr_t>(data) % 64;
  }
  bool isIntact() const {
    for (const uint8_t *p = bytes.data(); p < bytes.data() + bytes.size(); ++p)
      if ((p < data || p >= data + size) && *p != 0xA5)
        return false;
    return true;
  }
};

struct KernelProgram::Step {
  KernelRequest request;
  EmittedKernel kernel;
  Dim bytes; // of a packed result
  void (*function)(void *, const int64_t *, void **, int64_t, int64_t, void *) = nullptr;
};

KernelProgram::~KernelProgram() = default;

/// Of this thread on its processor, so that a machine shared with others still measures.
static double processorSeconds() {
  timespec time;
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
  return double(time.tv_sec) + double(time.tv_nsec) * 1e-9;
}

static mlir::func::FuncOp functionOf(mlir::ModuleOp module) {
  return *module.getOps<mlir::func::FuncOp>().begin();
}

//===----------------------------------------------------------------------===//
// Compilation
//===----------------------------------------------------------------------===//

namespace {
struct Failure {
  std::optional<std::pair<int64_t, int64_t>> lowest;
};
} // namespace

static void recordFailure(void *frame, int64_t index, int64_t where) {
  auto &failure = *static_cast<Failure *>(frame);
  auto found = std::pair(index, where);
  failure.lowest = failure.lowest ? std::min(*failure.lowest, found) : found;
}

/// Row-major, with `padding` elements after each stretch of the innermost axis.
static llvm::SmallVector<Dim> stridesOf(RankedTensorType type, int64_t padding) {
  auto dims = dimsOf(type);
  llvm::SmallVector<Dim> strides(dims.size());
  Dim stride(1);
  for (int i = dims.size() - 1; i >= 0; --i) {
    strides[i] = stride;
    stride = stride * dims[i];
    if (i + 1 == int(dims.size()) && i > 0)
      stride = stride + Dim(padding);
  }
  return strides;
}

llvm::Expected<std::unique_ptr<KernelProgram>>
KernelProgram::compile(llvm::StringRef text, const TargetInfo &target,
                       const KernelOptions &options) {
  std::unique_ptr<KernelProgram> program(new KernelProgram);
  program->options = options;
  program->context = std::make_unique<mlir::MLIRContext>();
  program->context->loadDialect<TenonDialect, mlir::func::FuncDialect>();
  program->source = mlir::parseSourceString<mlir::ModuleOp>(text, program->context.get());
  if (!program->source)
    return llvm::createStringError("the test's program doesn't parse");
  program->module = mlir::OwningOpRef<mlir::ModuleOp>(program->source->clone());
  auto function = functionOf(*program->module);
  if (function.getOps<KernelOp>().empty()) {
    mlir::PassManager manager(program->context.get());
    buildKernelPipeline(manager);
    if (mlir::failed(manager.run(*program->module)))
      return llvm::createStringError("fusion failed");
  }
  double start = processorSeconds();
  if (auto error = program->compileKernels(target))
    return std::move(error);
  program->compileSeconds = processorSeconds() - start;
  return program;
}

llvm::Error KernelProgram::compileKernels(const TargetInfo &target) {
  auto function = functionOf(*module);
  std::set<std::string> names;
  function->walk([&](mlir::Operation *op) {
    auto note = [&](mlir::Type type) {
      if (auto tensor = mlir::dyn_cast<RankedTensorType>(type))
        for (const Dim &dim : dimsOf(tensor))
          for (const std::string &name : dim.symbols())
            names.insert(name);
    };
    for (mlir::Type type : op->getResultTypes())
      note(type);
    for (mlir::Type type : op->getOperandTypes())
      note(type);
  });
  symbols.assign(names.begin(), names.end());

  llvm::InitializeNativeTarget();
  auto made = llvm::orc::LLJITBuilder().create();
  if (!made)
    return made.takeError();
  jit = std::move(*made);
  llvm::orc::SymbolMap own;
  own[jit->mangleAndIntern("tenon_check_failed")] = {
      llvm::orc::ExecutorAddr::fromPtr(&recordFailure), llvm::JITSymbolFlags::Exported};
  if (auto error = jit->getMainJITDylib().define(llvm::orc::absoluteSymbols(own)))
    return error;

  int64_t nextCheck = 0;
  function->walk([&](CheckOp check) {
    mlir::Builder b(context.get());
    check->setAttr("tenon.check_index", b.getI64IntegerAttr(nextCheck++));
  });
  std::map<std::string, std::string> compiled; // by key
  for (KernelOp op : function.getOps<KernelOp>()) {
    Step step;
    step.request.op = op;
    step.request.symbols.assign(symbols.begin(), symbols.end());
    auto layout = [&](mlir::Value value) {
      auto type = mlir::cast<RankedTensorType>(value.getType());
      step.request.partitionAxis =
          op.getKind() == KernelKind::pack ? std::nullopt : options.partitionAxis;
      return BufferLayout{type, stridesOf(type, options.padding)};
    };
    for (mlir::Value input : op.getInputs())
      step.request.inputs.push_back(layout(input));
    for (mlir::Value result : op.getResults())
      step.request.outputs.push_back(layout(result));
    llvm::LLVMContext llvmContext;
    llvm::Module code("kernel", llvmContext);
    auto emitted = emitKernel(step.request, target, code);
    if (!emitted)
      return emitted.takeError();
    step.kernel = *emitted;
    if (op.getKind() == KernelKind::pack)
      step.bytes = packedBytes(op, target);
    if (getenv("TENON_DUMP"))
      llvm::errs() << op << "\n" << code;
    if (compiled.try_emplace(kernelKey(step.request, target), emitted->symbol).second) {
      if (auto error = optimize(code, target))
        return error;
      auto object = emitObject(code, target);
      if (!object)
        return object.takeError();
      if (auto error = jit->addObjectFile(llvm::MemoryBuffer::getMemBufferCopy(*object)))
        return error;
    }
    auto symbol = jit->lookup(emitted->symbol);
    if (!symbol)
      return symbol.takeError();
    step.function = symbol->toPtr<decltype(step.function)>();
    steps.push_back(step);
  }
  return llvm::Error::success();
}

//===----------------------------------------------------------------------===//
// Running
//===----------------------------------------------------------------------===//

static void copyElements(const std::vector<int64_t> &shape, const std::vector<int64_t> &strides,
                         size_t bytes, uint8_t *strided, uint8_t *dense, bool toDense) {
  int64_t count = 1;
  for (int64_t extent : shape)
    count *= extent;
  for (int64_t i = 0; i < count; ++i) {
    int64_t rest = i, offset = 0;
    for (int axis = shape.size() - 1; axis >= 0; --axis) {
      offset += rest % shape[axis] * strides[axis];
      rest /= shape[axis];
    }
    if (toDense)
      std::memcpy(dense + i * bytes, strided + offset * bytes, bytes);
    else
      std::memcpy(strided + offset * bytes, dense + i * bytes, bytes);
  }
}

llvm::Expected<KernelRun> KernelProgram::run(llvm::ArrayRef<HostTensor> inputs, int parts) {
  auto function = functionOf(*module);
  auto solved = solveSymbols(function, inputs);
  if (!solved)
    return solved.takeError();
  symbolValues.clear();
  for (const std::string &name : symbols)
    symbolValues.push_back(solved->lookup(name));
  auto value = [&](const Dim &dim) {
    return *dim.evaluate(
        [&](const std::string &name) { return std::optional(solved->lookup(name)); });
  };
  auto numbers = [&](llvm::ArrayRef<Dim> dims) {
    std::vector<int64_t> result;
    for (const Dim &dim : dims)
      result.push_back(value(dim));
    return result;
  };
  auto typeOf = [](mlir::Value v) { return mlir::cast<RankedTensorType>(v.getType()); };
  auto allocate = [&](mlir::Value v, std::optional<int64_t> bytes) -> Buffer & {
    auto &buffer = buffers[v.getAsOpaquePointer()];
    buffer = std::make_unique<Buffer>();
    int64_t reach = 1;
    auto shape = numbers(dimsOf(typeOf(v))),
         strides = numbers(stridesOf(typeOf(v), options.padding));
    for (auto [extent, stride] : llvm::zip(shape, strides))
      reach = extent == 0 ? 0 : reach == 0 ? 0 : reach + (extent - 1) * stride;
    buffer->allocate(bytes.value_or(reach * tenon_dtype_bytes(dtypeOf(typeOf(v)))),
                     bytes.has_value());
    return *buffer;
  };

  buffers.clear();
  for (auto [argument, tensor] : llvm::zip(function.getArguments(), inputs)) {
    Buffer &buffer = allocate(argument, std::nullopt);
    HostTensor copy = tensor;
    copyElements(tensor.shape(), numbers(stridesOf(typeOf(argument), options.padding)),
                 tenon_dtype_bytes(tensor.dtype()), buffer.data,
                 static_cast<uint8_t *>(copy.data()), false);
  }
  KernelRun result;
  size_t scratchBytes = 0;
  for (Step &step : steps) {
    result.kinds.push_back(stringifyKernelKind(step.request.op.getKind()).str());
    bool isPack = step.request.op.getKind() == KernelKind::pack;
    for (mlir::Value output : step.request.op.getResults())
      allocate(output, isPack ? std::optional(value(step.bytes)) : std::nullopt);
    scratchBytes = std::max<size_t>(scratchBytes, step.kernel.scratchBytes);
  }
  scratch.assign(scratchBytes + 64, 0xFF); // NaN
  Failure failure;
  for (Step &step : steps) {
    int64_t tasks = value(step.kernel.tasks), grain = step.kernel.grain;
    std::vector<void *> pointers;
    auto pass = [&](mlir::Value v) {
      while (auto reshape = v.getDefiningOp<ReshapeOp>())
        v = reshape.getOperand();
      pointers.push_back(buffers.at(v.getAsOpaquePointer())->data);
    };
    llvm::for_each(step.request.op.getInputs(), pass);
    llvm::for_each(step.request.op.getResults(), pass);
    if (options.partitionAxis)
      grain = 1;
    int64_t grains = (tasks + grain - 1) / grain;
    auto cut = [&](int64_t part) { return std::min(tasks, grains * part / parts * grain); };
    uint8_t *aligned = scratch.data() + -reinterpret_cast<uintptr_t>(scratch.data()) % 64;
    FloatMode mode;
    for (int part = parts - 1; part >= 0; --part)
      if (cut(part) < cut(part + 1))
        step.function(&failure, symbolValues.data(), pointers.data(), cut(part), cut(part + 1),
                      aligned);
  }
  for (auto &[v, buffer] : buffers)
    if (!buffer->isIntact())
      return llvm::createStringError("a kernel wrote outside its buffers");
  result.failedCheck = failure.lowest;
  for (mlir::Value returned : functionOf(*module).front().getTerminator()->getOperands()) {
    mlir::Value storage = returned;
    while (auto reshape = storage.getDefiningOp<ReshapeOp>())
      storage = reshape.getOperand();
    HostTensor tensor(dtypeOf(typeOf(returned)), numbers(dimsOf(typeOf(returned))));
    copyElements(numbers(dimsOf(typeOf(storage))),
                 numbers(stridesOf(typeOf(storage), options.padding)),
                 tenon_dtype_bytes(tensor.dtype()), buffers.at(storage.getAsOpaquePointer())->data,
                 static_cast<uint8_t *>(tensor.data()), true);
    result.results.push_back(std::move(tensor));
  }
  return result;
}

double KernelProgram::seconds(int times) {
  FloatMode mode;
  Failure failure;
  uint8_t *aligned = scratch.data() + -reinterpret_cast<uintptr_t>(scratch.data()) % 64;
  double start = processorSeconds();
  for (int i = 0; i < times; ++i)
    for (Step &step : steps) {
      std::vector<void *> pointers;
      for (mlir::Value v : step.request.op.getInputs())
        pointers.push_back(buffers.at(v.getAsOpaquePointer())->data);
      for (mlir::Value v : step.request.op.getResults())
        pointers.push_back(buffers.at(v.getAsOpaquePointer())->data);
      int64_t tasks = *step.kernel.tasks.evaluate([&](const std::string &name) {
        auto at = llvm::find(symbols, name) - symbols.begin();
        return std::optional(symbolValues[at]);
      });
      step.function(&failure, symbolValues.data(), pointers.data(), 0, tasks, aligned);
    }
  return (processorSeconds() - start) / times;
}

llvm::Expected<std::vector<HostTensor>> KernelProgram::interpret(llvm::ArrayRef<HostTensor> inputs,
                                                                 const EvalOptions &evalOptions) {
  return tenon::interpret(functionOf(*source), inputs, evalOptions);
}
