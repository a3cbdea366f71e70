//===- Load.cpp - A compiled program in this process ----------------------===//
#include "codegen/jit/Load.h"

#include "llvm/ExecutionEngine/Orc/AbsoluteSymbols.h"
#include "llvm/ExecutionEngine/Orc/LLJIT.h"
#include "llvm/ExecutionEngine/Orc/ObjectLinkingLayer.h"
#include "llvm/Support/TargetSelect.h"

#include <cstring>
#include <deque>
#include <mutex>

using namespace tenon;
using namespace llvm;

struct LoadedProgram::Impl {
  ProgramImage image;
  // Before the session that reports into it.
  std::mutex failureMutex;
  std::string failures;
  std::unique_ptr<orc::LLJIT> jit;
  std::vector<tenon_entry> entries;
  tenon_program program{};
  // Storage that the C structs point to; addresses in a deque are stable.
  std::deque<std::vector<tenon_binding>> bindings;
  std::deque<std::vector<int64_t>> dims;
  std::deque<std::vector<const char *>> names;
  std::deque<std::vector<tenon_check_info>> checks;
  Error link();
  Error describe();
  std::vector<tenon_binding> &describe(const std::vector<BindingInfo> &infos,
                                       ArrayRef<std::string> symbols);
};

static orc::ExecutorSymbolDef hostSymbol(void *address) {
  return {orc::ExecutorAddr::fromPtr(address), JITSymbolFlags::Exported};
}

Error LoadedProgram::Impl::link() {
  InitializeNativeTarget();
  // Objects only, that need five symbols: no platform runtime, no symbols of the process.
  auto made = orc::LLJITBuilder()
                  .setPlatformSetUp(orc::setUpInactivePlatform)
                  .setLinkProcessSymbolsByDefault(false)
                  .setObjectLinkingLayerCreator([](orc::ExecutionSession &session) {
                    return std::make_unique<orc::ObjectLinkingLayer>(session);
                  })
                  .create();
  if (!made)
    return made.takeError();
  jit = std::move(*made);
  // What goes wrong inside ORC is told apart from the lookup that fails by it.
  jit->getExecutionSession().setErrorReporter([this](Error error) {
    std::lock_guard<std::mutex> lock(failureMutex);
    failures += toString(std::move(error)) + "\n";
  });
  orc::SymbolMap host;
  auto name = [&](const char *text) { return jit->mangleAndIntern(text); };
  host[name("tenon_barrier")] = hostSymbol(reinterpret_cast<void *>(&tenon_barrier));
  host[name("tenon_grow")] = hostSymbol(reinterpret_cast<void *>(&tenon_grow));
  host[name("tenon_must_stop")] = hostSymbol(reinterpret_cast<void *>(&tenon_must_stop));
  host[name("tenon_check_failed")] = hostSymbol(reinterpret_cast<void *>(&tenon_check_failed));
  host[name("memcpy")] = hostSymbol(reinterpret_cast<void *>(&std::memcpy));
  host[name("memmove")] = hostSymbol(reinterpret_cast<void *>(&std::memmove));
  host[name("memset")] = hostSymbol(reinterpret_cast<void *>(&std::memset));
  if (Error error = jit->getMainJITDylib().define(orc::absoluteSymbols(std::move(host))))
    return error;
  for (const ObjectFile &object : image.objects)
    if (Error error = jit->addObjectFile(MemoryBuffer::getMemBuffer(
            StringRef(object.bytes), object.name, /*RequiresNullTerminator=*/false)))
      return error;
  return Error::success();
}

std::vector<tenon_binding> &LoadedProgram::Impl::describe(const std::vector<BindingInfo> &infos,
                                                          ArrayRef<std::string> symbols) {
  auto &list = bindings.emplace_back();
  for (const BindingInfo &info : infos) {
    auto &extents = dims.emplace_back();
    for (const Dim &dim : info.dims) {
      int64_t code = TENON_DIM_EXPRESSION;
      if (auto constant = dim.constant())
        code = *constant;
      else if (auto name = dim.symbolName())
        code = TENON_DIM_SYMBOL(llvm::find(symbols, *name) - symbols.begin());
      extents.push_back(code);
    }
    list.push_back({info.name.c_str(), info.role.c_str(), info.dtype, int32_t(extents.size()),
                    extents.data(), info.alias});
  }
  return list;
}

Error LoadedProgram::Impl::describe() {
  for (const EntryInfo &info : image.entries) {
    auto body = jit->lookup(info.bodySymbol), plan = jit->lookup(info.planSymbol),
         inputDims = jit->lookup(info.inputDimsSymbol);
    if (!body || !plan || !inputDims)
      return joinErrors(joinErrors(body.takeError(), plan.takeError()), inputDims.takeError());
    auto &symbols = names.emplace_back();
    for (const std::string &symbol : info.symbols)
      symbols.push_back(symbol.c_str());
    auto &places = names.emplace_back();
    for (const std::string &place : info.grown)
      places.push_back(place.c_str());
    auto &failing = checks.emplace_back();
    for (const CheckInfo &check : info.checks)
      failing.push_back({check.message.c_str(), check.location.c_str()});
    auto &inputs = describe(info.inputs, info.symbols);
    auto &outputs = describe(info.outputs, info.symbols);
    tenon_entry entry{};
    entry.size = sizeof(tenon_entry);
    entry.name = info.name.c_str();
    entry.n_symbols = symbols.size();
    entry.symbols = symbols.data();
    entry.n_inputs = inputs.size();
    entry.inputs = inputs.data();
    entry.n_outputs = outputs.size();
    entry.outputs = outputs.data();
    entry.n_checks = failing.size();
    entry.checks = failing.data();
    entry.scratch_bytes = info.scratchBytes;
    entry.n_grown = int32_t(places.size());
    entry.grown = places.data();
    entry.plan = plan->toPtr<decltype(entry.plan)>();
    entry.body = body->toPtr<decltype(entry.body)>();
    entry.input_dims = inputDims->toPtr<decltype(entry.input_dims)>();
    entries.push_back(entry);
  }
  program = {sizeof(tenon_program), TENON_ABI_VERSION, image.numericMode.c_str(),
             int32_t(entries.size()), entries.data()};
  return Error::success();
}

LoadedProgram::LoadedProgram(std::unique_ptr<Impl> made) : impl(std::move(made)) {}
LoadedProgram::~LoadedProgram() = default;
const tenon_program *LoadedProgram::program() const { return &impl->program; }
const ProgramImage &LoadedProgram::image() const { return impl->image; }

Expected<std::unique_ptr<LoadedProgram>> LoadedProgram::load(ProgramImage image) {
  auto impl = std::make_unique<Impl>();
  impl->image = std::move(image);
  if (Error error = impl->link())
    return std::move(error);
  if (Error error = impl->describe())
    return joinErrors(std::move(error), createStringError(impl->failures));
  return std::unique_ptr<LoadedProgram>(new LoadedProgram(std::move(impl)));
}
