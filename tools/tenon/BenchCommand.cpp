//===- BenchCommand.cpp - tenon bench: training steps and functions, timed ===//
//
// For benchmarks and for comparing losses with other systems: the steps take their batches from
// .npy files and their first weights, where wanted, from a safetensors file. Any other function is
// called again and again with the same inputs.
//
//===----------------------------------------------------------------------===//
#include "runtime/core/Safetensors.h"
#include "runtime/data/Npy.h"
#include "runtime/train/EntryCall.h"
#include "tools/tenon/Arguments.h"
#include "tools/tenon/Sessions.h"

#include <CLI/CLI.hpp>

#include <chrono>
#include <fstream>
#include <iostream>

using namespace tenon;
using namespace tenon::tool;

namespace {

struct BenchOptions {
  std::vector<std::string> inputs;
  std::string function; ///< empty: training steps
  std::string weights, losses;
  int64_t rounds = 3, seed = 0;
  double seconds = 0; ///< what a round takes at least
  bool turns = false;
};

/// Batches of all fields, the same number for each.
std::optional<std::vector<data::Batch>> readBatches(const std::vector<std::string> &inputs) {
  std::vector<data::Batch> batches;
  for (const std::string &option : inputs) {
    size_t equal = option.find('=');
    if (equal == std::string::npos) {
      fail("`--input " + option + "` is not of the form name=file.npy");
      return std::nullopt;
    }
    auto array = data::readNpy(option.substr(equal + 1));
    if (!array) {
      fail(array.failure().str());
      return std::nullopt;
    }
    if (array->dims.size() < 2 || array->dims[0] == 0 ||
        (!batches.empty() && size_t(array->dims[0]) != batches.size())) {
      fail("`--input " + option +
           "`: its first axis must count batches, as many as the other "
           "fields have, and its second the rows of a batch");
      return std::nullopt;
    }
    batches.resize(size_t(array->dims[0]));
    size_t bytes = array->bytes.size() / batches.size();
    for (size_t k = 0; k < batches.size(); ++k) {
      data::FieldBatch field{option.substr(0, equal),
                             array->dtype,
                             {array->dims.begin() + 1, array->dims.end()},
                             data::AlignedBytes(bytes)};
      memcpy(field.bytes.data(), array->bytes.data() + k * bytes, bytes);
      batches[k].index = int64_t(k);
      batches[k].rows = array->dims[1];
      batches[k].fields.push_back(std::move(field));
    }
  }
  if (batches.empty())
    fail("training steps need batches", "give --input NAME=FILE.npy for every field");
  return batches.empty() ? std::nullopt : std::optional(std::move(batches));
}

/// One batch of a function's inputs, which take the place of fields.
std::vector<data::Batch> batchOf(const Arguments &arguments) {
  std::vector<data::Batch> batches(1);
  for (auto &[name, tensor] : arguments.tensors) {
    data::FieldBatch field{name, tensor.dtype, tensor.dims,
                           data::AlignedBytes(tensor.bytes.size())};
    memcpy(field.bytes.data(), tensor.bytes.data(), tensor.bytes.size());
    batches[0].fields.push_back(std::move(field));
  }
  return batches;
}

/// Parameters (and whatever else the file has) instead of the initial ones.
bool loadWeights(const std::string &path, train::TensorStore &store) {
  SafetensorsFile file;
  std::string error;
  if (file.open(path, error) != TENON_OK) {
    fail(error);
    return false;
  }
  for (train::Variable &variable : store.variables()) {
    const SafetensorsEntry *entry = file.find(variable.savedName());
    if (!entry && variable.role != "parameter")
      continue;
    if (!entry) {
      fail("`" + path + "` has no `" + variable.savedName() + "`");
      return false;
    }
    if (entry->dtype != variable.tensor.dtype || entry->dims != variable.tensor.dims) {
      fail("`" + path + "`: `" + variable.savedName() + "` is " +
           train::typeName(entry->dtype, entry->dims) + ", the program has " +
           train::typeName(variable.tensor.dtype, variable.tensor.dims));
      return false;
    }
    if (file.read(*entry, variable.tensor.bytes.data(), error) != TENON_OK) {
      fail(error);
      return false;
    }
  }
  return true;
}

/// The most memory that was resident, of this program alone (getrusage counts what was there before
/// exec).
long peakMegabytes() {
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);)
    if (line.starts_with("VmHWM:"))
      return std::strtol(line.c_str() + 6, nullptr, 10) / 1024;
  return 0;
}

class Bench {
public:
  Bench(const BenchOptions &options, const Compiled &compiled, std::vector<data::Batch> batches)
      : options(options), compiled(compiled), batches(std::move(batches)) {}

  int run(int threads) {
    auto context = train::makeContext(threads);
    if (!context)
      return fail(context.failure().str());
    train::TensorStore store;
    if (options.function.empty() ? !prepareTraining(context->get(), store) : !giveWeights(store))
      return Exit::Failed;
    auto entry = options.function.empty()
                     ? train::findEntry(compiled.program(), "train_step")
                     : Result<const tenon_entry *>(&compiled.program().entries[0]);
    if (!entry)
      return fail(entry.failure().str());
    auto call =
        train::EntryCall::bind(context->get(), **entry, store, train::EntryCall::Writes::Update);
    if (!call)
      return fail(call.failure().str());
    return rounds(*call);
  }

private:
  /// What a function of a model takes beside its arguments.
  bool giveWeights(train::TensorStore &store) {
    std::vector<train::NamedTensor> weights;
    if (!options.weights.empty() &&
        !readWeights(options.weights, compiled.program().entries[0], weights))
      return false;
    for (train::NamedTensor &weight : weights)
      store.add(weight.name, weight.role, std::move(weight.tensor));
    return true;
  }

  bool prepareTraining(tenon_context *context, train::TensorStore &store) {
    if (auto status = train::declareVariables(context, compiled.program(), store); !status) {
      fail(status.failure().str());
      return false;
    }
    if (auto status = train::initialise(context, compiled.program(), uint64_t(options.seed), store);
        !status) {
      fail(status.failure().str());
      return false;
    }
    return options.weights.empty() || loadWeights(options.weights, store);
  }

  /// All batches, again and again until `options.seconds` have passed.
  bool round(train::EntryCall &call) {
    auto start = std::chrono::steady_clock::now();
    calls = 0;
    do {
      for (const data::Batch &batch : batches) {
        train::StepInputs inputs{&batch, options.seed, step++, int32_t(batches.size())};
        if (call.run(inputs) != TENON_OK) {
          fail(call.failure().str());
          return false;
        }
        ++calls;
        if (!options.losses.empty())
          losses.push_back(call.scalar("loss", ""));
      }
      seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
    } while (seconds < options.seconds);
    return true;
  }

  int rounds(train::EntryCall &call) {
    if (options.losses.empty() && !round(call)) // warm-up
      return Exit::Failed;
    if (options.turns)
      return takeTurns(call);
    for (int64_t k = 0; k < options.rounds; ++k) {
      if (!round(call))
        return Exit::Failed;
      printf("%zu %s, %.4f ms each\n", calls, options.function.empty() ? "steps" : "calls",
             1e3 * seconds / double(calls));
    }
    printf("compiled in %.3f s (%s: %u kernels, %u distinct, %u cached), %ld MB at the peak\n",
           compiled.seconds, compiled.fromCache ? "from the cache" : "from source",
           compiled.report.kernels, compiled.report.distinct, compiled.report.cached,
           peakMegabytes());
    return saveLosses();
  }

  int takeTurns(train::EntryCall &call) {
    printf("{\"name\": \"Tenon\", \"prepare\": %.6f, \"megabytes\": %ld}\n", compiled.seconds,
           peakMegabytes());
    fflush(stdout);
    for (std::string line; std::getline(std::cin, line);) {
      if (!round(call))
        return Exit::Failed;
      printf("{\"seconds\": %.9f, \"calls\": %zu, \"megabytes\": %ld}\n", seconds, calls,
             peakMegabytes());
      fflush(stdout);
    }
    return Exit::Done;
  }

  int saveLosses() {
    if (options.losses.empty())
      return Exit::Done;
    auto status =
        data::writeNpy(options.losses, TENON_F64, {int64_t(losses.size())}, losses.data());
    return status ? Exit::Done : fail(status.failure().str());
  }

  const BenchOptions &options;
  const Compiled &compiled;
  std::vector<data::Batch> batches;
  std::vector<double> losses;
  int64_t step = 0;
  size_t calls = 0;   // of the last round
  double seconds = 0; // that the last round took
};

/// Sizes that a `train` block takes from its data, as the arrays of a batch have them.
std::optional<data::Extents> extentsOf(const Common &common, const data::Batch &batch) {
  auto program = compileTraining(common, {}, false, true);
  if (!program)
    return std::nullopt;
  data::Extents extents;
  for (const data::Field &field : program->training.dataset.fields)
    if (const data::FieldBatch *given = batch.find(field.name))
      for (size_t i = 0; i < field.dims.size() && i + 1 < given->dims.size(); ++i)
        if (field.dims[i].extent < 0)
          extents.emplace(field.dims[i].name, given->dims[i + 1]);
  return extents;
}

int bench(const Common &common, const BenchOptions &options) {
  std::optional<std::vector<data::Batch>> batches;
  Request request{options.function, {}, {}};
  if (options.function.empty()) {
    batches = readBatches(options.inputs);
    auto extents = batches && !batches->empty() ? extentsOf(common, batches->front())
                                                : std::optional(data::Extents());
    if (!extents)
      return Exit::Failed;
    request.dataDims = std::move(*extents);
  } else if (Arguments arguments; readArguments(options.inputs, arguments)) {
    batches = batchOf(arguments);
    request.inputs = arguments.fixed;
  }
  if (!batches)
    return Exit::Failed;
  auto compiled = compileProgram(common, request);
  if (!compiled)
    return Exit::Failed;
  return Bench(options, *compiled, std::move(*batches)).run(common.threads);
}

} // namespace

void tool::addBench(CLI::App &app, Common &common, int &exit) {
  auto options = std::make_shared<BenchOptions>();
  CLI::App *command =
      app.add_subcommand("bench", "Time training steps on batches from .npy files, or a function");
  addCommon(*command, common);
  command->add_option("--function", options->function,
                      "Time calls of this function instead of training steps");
  command->add_option("--input", options->inputs,
                      "field=file.npy, the batches of a field stacked along the first axis; for a "
                      "function its arguments, as `tenon run` takes them");
  command->add_option(
      "--weights", options->weights,
      "Parameters to begin with, or a function's parameters and states: safetensors");
  command->add_option("--losses", options->losses,
                      "Write the loss of every step to this .npy file (no warm-up then)");
  command->add_option("--rounds", options->rounds, "How often to go through all batches")
      ->capture_default_str();
  command
      ->add_option("--seconds", options->seconds,
                   "Repeat within a round until this much time has passed")
      ->capture_default_str();
  command->add_option("--seed", options->seed)->capture_default_str();
  command->add_flag("--turns", options->turns,
                    "One round for every line on standard input, answered as JSON: for benchmarks "
                    "whose contestants take turns");
  command->callback([&common, &exit, options] { exit = bench(common, *options); });
}
