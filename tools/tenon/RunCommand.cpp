//===- RunCommand.cpp - tenon run: one function on .npy files -------------===//
#include "runtime/data/Npy.h"
#include "runtime/train/EntryCall.h"
#include "tools/tenon/Arguments.h"

#include <CLI/CLI.hpp>

using namespace tenon;
using namespace tenon::tool;

namespace {

struct RunOptions {
  std::string function;
  std::vector<std::string> inputs, outputs;
  std::string weights;
  int64_t seed = 0, step = 0;
};

train::OwnedTensor scalar64(int64_t value) {
  train::OwnedTensor tensor(TENON_I64, {});
  memcpy(tensor.bytes.data(), &value, sizeof value);
  return tensor;
}

void print(const train::NamedTensor &result) {
  constexpr int64_t limit = 64;
  printf("%s: %s", result.name.c_str(),
         train::typeName(result.tensor.dtype, result.tensor.dims).c_str());
  for (int64_t i = 0; i < std::min(result.tensor.count(), limit); ++i)
    printf("%s%.9g", i ? " " : " = ", result.tensor.at(i));
  printf("%s\n", result.tensor.count() > limit ? " ..." : "");
}

/// `--output y.npy` takes the only result; `--output name=y.npy` the one of that name.
int writeOutputs(const RunOptions &options, const std::vector<train::NamedTensor> &results) {
  for (const std::string &option : options.outputs) {
    size_t equal = option.find('=');
    std::string path = equal == std::string::npos ? option : option.substr(equal + 1);
    const train::NamedTensor *chosen = results.size() == 1 ? &results[0] : nullptr;
    if (equal != std::string::npos) {
      chosen = nullptr;
      for (const auto &result : results)
        if (result.name == option.substr(0, equal))
          chosen = &result;
    }
    if (!chosen) {
      std::string names;
      for (const auto &result : results)
        names += (names.empty() ? "" : ", ") + result.name;
      return fail("`--output " + option + "` names no result of `" + options.function + "`",
                  "write --output NAME=FILE.npy; the results are " + names);
    }
    auto status = data::writeNpy(path, chosen->tensor.dtype, chosen->tensor.dims,
                                 chosen->tensor.bytes.data());
    if (!status)
      return fail(status.failure().str());
  }
  if (options.outputs.empty())
    for (const auto &result : results)
      print(result);
  return Exit::Done;
}

int runFunction(const Common &common, const RunOptions &options) {
  Arguments arguments;
  if (!readArguments(options.inputs, arguments))
    return Exit::Failed;
  auto compiled = compileProgram(common, {options.function, arguments.fixed, {}});
  if (!compiled)
    return Exit::Failed;
  const tenon_entry &entry = compiled->program().entries[0];
  std::vector<train::NamedTensor> weights;
  if (!options.weights.empty() && !readWeights(options.weights, entry, weights))
    return Exit::Failed;
  for (train::NamedTensor &weight : weights)
    arguments.tensors.emplace(weight.name, std::move(weight.tensor));

  auto context = train::makeContext(common.threads);
  if (!context)
    return fail(context.failure().str());
  tenon_context_limit_grown(context->get(), common.memoryBudget);
  train::OwnedTensor seed = scalar64(options.seed), step = scalar64(options.step);
  auto results = train::runEntry(
      context->get(), entry, [&](const tenon_binding &binding) -> const train::OwnedTensor * {
        if (std::string_view(binding.role) == "seed")
          return &seed;
        if (std::string_view(binding.role) == "step")
          return &step;
        auto found = arguments.tensors.find(binding.name);
        return found == arguments.tensors.end() ? nullptr : &found->second;
      });
  if (!results)
    return fail(results.failure().str());
  return writeOutputs(options, *results);
}

} // namespace

void tool::addRun(CLI::App &app, Common &common, int &exit) {
  auto options = std::make_shared<RunOptions>();
  CLI::App *command = app.add_subcommand("run", "Run any function of a program");
  addCommon(*command, common);
  command->add_option("function", options->function, "NAME, or MODEL.NAME")->required();
  command->add_option("--input", options->inputs,
                      "name=file.npy for a tensor, name=3 or name=text for a fixed argument");
  command->add_option(
      "--output", options->outputs,
      "file.npy, or name=file.npy if there are several results; without it they are "
      "printed");
  command->add_option("--weights", options->weights, "Parameters and states: a safetensors file");
  addMemoryBudget(*command, common);
  command->add_option("--seed", options->seed, "Seed of random draws")->capture_default_str();
  command->add_option("--step", options->step, "Step of random draws")->capture_default_str();
  command->callback([&common, &exit, options] { exit = runFunction(common, *options); });
}
