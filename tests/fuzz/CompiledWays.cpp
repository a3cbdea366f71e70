//===- CompiledWays.cpp - Calling the machine code of a program -----------===//
#include "tests/fuzz/Ways.h"

#include "codegen/jit/Compile.h"
#include "codegen/jit/Load.h"

#include "llvm/Support/Error.h"

#include <numeric>

using namespace mlir;
using namespace tenon;
using namespace tenon::fuzz;

namespace {

/// A context of the runtime with its threads.
class Context {
public:
  explicit Context(int32_t threads) { status = tenon_context_create(nullptr, threads, &context); }
  ~Context() { tenon_context_destroy(context); }
  Context(const Context &) = delete;

  tenon_context *context = nullptr;
  tenon_status status;
};

Outcome failed(std::string message) {
  Outcome outcome;
  outcome.error = std::move(message);
  return outcome;
}

/// The outputs of a call, those of donated inputs in the inputs' memory.
std::vector<tenon_tensor> outputViews(const tenon_entry &entry, std::vector<HostTensor> &results,
                                      std::vector<HostTensor> &inputs) {
  std::vector<tenon_tensor> views;
  for (int32_t i = 0; i < entry.n_outputs; ++i) {
    views.push_back(results[size_t(i)].view());
    if (int32_t alias = entry.outputs[i].alias; alias >= 0)
      views.back().data = inputs[size_t(alias)].data();
  }
  return views;
}

Outcome call(const tenon_entry &entry, std::vector<HostTensor> inputs, int32_t threads) {
  Context context(threads);
  if (context.status != TENON_OK)
    return failed("no context");
  std::vector<tenon_tensor> inputViews;
  for (HostTensor &input : inputs)
    inputViews.push_back(input.view());
  int64_t rank = 0;
  for (int32_t i = 0; i < entry.n_outputs; ++i)
    rank += entry.outputs[i].rank;
  std::vector<int64_t> dims(size_t(rank) + 1);
  if (tenon_infer(context.context, &entry, inputViews.data(), dims.data()) != TENON_OK)
    return failed(tenon_context_message(context.context));

  std::vector<HostTensor> results;
  for (int32_t i = 0, at = 0; i < entry.n_outputs; at += entry.outputs[i++].rank)
    results.emplace_back(
        tenon_dtype(entry.outputs[i].dtype),
        std::vector<int64_t>(dims.begin() + at, dims.begin() + at + entry.outputs[i].rank));
  auto views = outputViews(entry, results, inputs);
  Outcome outcome;
  switch (tenon_call(context.context, &entry, inputViews.data(), views.data())) {
  case TENON_OK:
    for (int32_t i = 0; i < entry.n_outputs; ++i)
      outcome.results.push_back(
          entry.outputs[i].alias < 0 ? results[size_t(i)] : inputs[size_t(entry.outputs[i].alias)]);
    return outcome;
  case TENON_CHECK_FAILED: {
    // "place: message (element 3)"
    llvm::StringRef text = tenon_context_message(context.context);
    outcome.failedCheck = "a condition at " + text.rsplit(" (element ").second.rtrim(')').str();
    return outcome;
  }
  default:
    return failed(tenon_context_message(context.context));
  }
}

/// The same on one thread and on three, which must give the same bits.
Outcome compiled(ModuleOp module, llvm::ArrayRef<HostTensor> inputs) {
  auto image = compile(module, CompileOptions());
  if (!image)
    return failed("compile: " + llvm::toString(image.takeError()));
  auto program = LoadedProgram::load(std::move(*image));
  if (!program)
    return failed("load: " + llvm::toString(program.takeError()));
  const tenon_entry *entry = tenon_find((*program)->program(), "fuzzed");
  if (!entry)
    return failed("no entry");
  Outcome one = call(*entry, inputs.vec(), 1), three = call(*entry, inputs.vec(), 3);
  if (one.error.empty() && (one.results != three.results || one.failedCheck != three.failedCheck ||
                            !three.error.empty()))
    return failed("three threads give other results than one" + three.error);
  return one;
}

} // namespace

std::vector<Way> tenon::fuzz::allWays() { return {{"compiled", 25, true, compiled}}; }
