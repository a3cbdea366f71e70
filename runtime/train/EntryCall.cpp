#include "runtime/train/EntryCall.h"

#include "runtime/data/Text.h"

#include <algorithm>
#include <cstring>

namespace tenon::train {

namespace {

std::string quoted(const char *name) { return "`" + std::string(name) + "`"; }

/// Output extents for these inputs, one list for each output.
tenon_status inferOutputs(tenon_context *context, const tenon_entry &entry,
                          const tenon_tensor *inputs, std::vector<std::vector<int64_t>> &dims) {
  size_t count = 0;
  for (int32_t i = 0; i < entry.n_outputs; ++i)
    count += size_t(entry.outputs[i].rank);
  std::vector<int64_t> flat(count + 1);
  if (tenon_status status = tenon_infer(context, &entry, inputs, flat.data()))
    return status;
  dims.clear();
  const int64_t *at = flat.data();
  for (int32_t i = 0; i < entry.n_outputs; at += entry.outputs[i++].rank)
    dims.emplace_back(at, at + entry.outputs[i].rank);
  return TENON_OK;
}

Failure callFailure(tenon_context *context, const tenon_entry &entry) {
  std::string message = tenon_context_message(context);
  return {message.empty() ? "the call of " + quoted(entry.name) + " failed" : message, "", ""};
}

/// Answers `seed` and `step` bindings.
struct SeedArgument {
  OwnedTensor tensor{TENON_I64, {}};
  explicit SeedArgument(int64_t seed) { memcpy(tensor.bytes.data(), &seed, sizeof seed); }
  const OwnedTensor *operator()(const tenon_binding &binding) const {
    std::string role = binding.role;
    return role == "seed" || role == "step" ? &tensor : nullptr;
  }
};

} // namespace

Result<Context> makeContext(int32_t threads) {
  tenon_context *made = nullptr;
  if (tenon_status status = tenon_context_create(nullptr, threads, &made))
    return Failure{status == TENON_INVALID_ARGUMENT
                       ? std::to_string(threads) + " threads are more than a run can have"
                       : "the system gives no memory or no threads for the run",
                   "", ""};
  return Context(made);
}

Result<const tenon_entry *> findEntry(const tenon_program &program, const std::string &name) {
  if (const tenon_entry *entry = tenon_find(&program, name.c_str()))
    return entry;
  std::vector<std::string> names;
  const char *at = reinterpret_cast<const char *>(program.entries);
  for (int32_t i = 0; i < program.n_entries; ++i, at += program.entries->size)
    names.emplace_back(reinterpret_cast<const tenon_entry *>(at)->name);
  std::optional<std::string> meant = data::closest(name, names);
  return Failure{"the program has no entry `" + name + "`; it has " + data::listOf(names), "",
                 meant ? "did you mean `" + *meant + "`?" : ""};
}

Result<std::vector<NamedTensor>>
runEntry(tenon_context *context, const tenon_entry &entry,
         const std::function<const OwnedTensor *(const tenon_binding &)> &argument) {
  std::vector<tenon_tensor> inputs;
  for (int32_t i = 0; i < entry.n_inputs; ++i) {
    const OwnedTensor *tensor = argument(entry.inputs[i]);
    if (!tensor)
      return Failure{quoted(entry.name) + " needs " + quoted(entry.inputs[i].name) + " (" +
                         entry.inputs[i].role + "), which is not given",
                     "", ""};
    inputs.push_back(tensor->view());
  }
  std::vector<std::vector<int64_t>> dims;
  if (inferOutputs(context, entry, inputs.data(), dims))
    return callFailure(context, entry);
  std::vector<NamedTensor> results;
  std::vector<tenon_tensor> outputs;
  for (int32_t i = 0; i < entry.n_outputs; ++i) {
    const tenon_binding &binding = entry.outputs[i];
    results.push_back(
        {binding.name, binding.role, OwnedTensor(binding.dtype, std::move(dims[size_t(i)]))});
  }
  for (const NamedTensor &result : results)
    outputs.push_back(result.tensor.view());
  if (tenon_call(context, &entry, inputs.data(), outputs.data()))
    return callFailure(context, entry);
  return results;
}

//===----------------------------------------------------------------------===//
// Variables
//===----------------------------------------------------------------------===//

Status declareVariables(tenon_context *context, const tenon_program &program, TensorStore &store) {
  SeedArgument seed(0);
  for (const char *name : {"init", "reset_metrics"}) {
    const tenon_entry *entry = tenon_find(&program, name);
    if (!entry)
      continue;
    std::vector<tenon_tensor> inputs;
    for (int32_t i = 0; i < entry->n_inputs; ++i) {
      const OwnedTensor *tensor = seed(entry->inputs[i]);
      if (!tensor)
        return Failure{quoted(name) + " needs " + quoted(entry->inputs[i].name) +
                           ", which nothing gives",
                       "", ""};
      inputs.push_back(tensor->view());
    }
    std::vector<std::vector<int64_t>> dims;
    if (inferOutputs(context, *entry, inputs.data(), dims))
      return callFailure(context, *entry);
    for (int32_t i = 0; i < entry->n_outputs; ++i) {
      const tenon_binding &binding = entry->outputs[i];
      if (isKept(binding.role) && !store.find(binding.name, binding.role))
        store.add(binding.name, binding.role,
                  OwnedTensor(binding.dtype, std::move(dims[size_t(i)])));
    }
  }
  return {};
}

Status initialise(tenon_context *context, const tenon_program &program, uint64_t seed,
                  TensorStore &store) {
  Result<const tenon_entry *> entry = findEntry(program, "init");
  if (!entry)
    return entry.takeFailure();
  SeedArgument argument{int64_t(seed)};
  Result<std::vector<NamedTensor>> results = runEntry(context, **entry, std::cref(argument));
  if (!results)
    return results.takeFailure();
  for (NamedTensor &result : *results)
    if (Variable *variable = store.find(result.name, result.role))
      variable->tensor = std::move(result.tensor);
    else if (isKept(result.role))
      store.add(result.name, result.role, std::move(result.tensor));
  return {};
}

//===----------------------------------------------------------------------===//
// EntryCall
//===----------------------------------------------------------------------===//

Status EntryCall::bindInput(const tenon_binding &binding, TensorStore &store) {
  std::string role = binding.role;
  if (isKept(role)) {
    Variable *variable = store.find(binding.name, role);
    if (!variable)
      return Failure{"the " + role + " " + quoted(binding.name) +
                         " has no value: nothing initialises it",
                     "", ""};
    inputs.push_back({Source::Variable, variable});
  } else if (role == "field" || role == "input") {
    inputs.push_back({Source::Field});
  } else if (role == "seed" || role == "step") {
    inputs.push_back({role == "seed" ? Source::Seed : Source::Step});
  } else if (role == "steps") {
    inputs.push_back({Source::Steps});
  } else if (role == "loss" && binding.rank == 0 &&
             (binding.dtype == TENON_F32 || binding.dtype == TENON_F64)) {
    inputs.push_back({Source::Loss});
  } else {
    return Failure{quoted(function->name) + " has an argument " + quoted(binding.name) +
                       " of the role `" + role + "`, which this runtime doesn't know",
                   "", ""};
  }
  return {};
}

Status EntryCall::bindOutput(const tenon_binding &binding, TensorStore &store, Writes writes) {
  std::string role = binding.role;
  Output &output = outputs.emplace_back();
  if (!isKept(role) || (writes == Writes::Discard && role != "metric"))
    return {};
  output.variable = store.find(binding.name, role);
  if (!output.variable)
    return Failure{quoted(function->name) + " gives the " + role + " " + quoted(binding.name) +
                       ", which nothing initialises",
                   "", ""};
  output.inPlace = binding.alias >= 0 && binding.alias < function->n_inputs &&
                   inputs[size_t(binding.alias)].variable == output.variable;
  if (!output.inPlace)
    output.variable->spare =
        OwnedTensor(output.variable->tensor.dtype, output.variable->tensor.dims);
  return {};
}

Result<EntryCall> EntryCall::bind(tenon_context *context, const tenon_entry &entry,
                                  TensorStore &store, Writes writes) {
  EntryCall call;
  call.context = context;
  call.function = &entry;
  for (int32_t i = 0; i < entry.n_inputs; ++i)
    if (Status status = call.bindInput(entry.inputs[i], store); !status)
      return status.takeFailure();
  for (int32_t i = 0; i < entry.n_outputs; ++i)
    if (Status status = call.bindOutput(entry.outputs[i], store, writes); !status)
      return status.takeFailure();
  return call;
}

tenon_status EntryCall::setInputs(const StepInputs &given) {
  seed = given.seed;
  step = given.step;
  steps = given.steps;
  loss = given.loss;
  singleLoss = float(loss);
  missing.clear();
  inputTensors.clear();
  for (size_t i = 0; i < inputs.size(); ++i) {
    switch (inputs[i].source) {
    case Source::Variable:
      inputTensors.push_back(inputs[i].variable->tensor.view());
      break;
    case Source::Field: {
      const data::FieldBatch *field =
          given.batch ? given.batch->find(function->inputs[i].name) : nullptr;
      if (!field) {
        missing = function->inputs[i].name;
        return TENON_INVALID_ARGUMENT;
      }
      inputTensors.push_back({const_cast<uint8_t *>(field->bytes.data()), field->dtype,
                              int32_t(field->dims.size()), field->dims.data(), nullptr});
      break;
    }
    case Source::Seed:
      inputTensors.push_back({&seed, TENON_I64, 0, nullptr, nullptr});
      break;
    case Source::Step:
      inputTensors.push_back({&step, TENON_I64, 0, nullptr, nullptr});
      break;
    case Source::Steps:
      inputTensors.push_back({&steps, TENON_I32, 0, nullptr, nullptr});
      break;
    case Source::Loss:
      if (function->inputs[i].dtype == TENON_F64)
        inputTensors.push_back({&loss, TENON_F64, 0, nullptr, nullptr});
      else
        inputTensors.push_back({&singleLoss, TENON_F32, 0, nullptr, nullptr});
      break;
    }
  }
  return TENON_OK;
}

/// Results get the extents that these inputs give; worked out anew only when an input's change.
tenon_status EntryCall::setOutputs() {
  bool same = plannedFor.size() == inputTensors.size();
  for (size_t i = 0; same && i < inputTensors.size(); ++i)
    same = std::equal(plannedFor[i].begin(), plannedFor[i].end(), inputTensors[i].dims,
                      inputTensors[i].dims + inputTensors[i].rank);
  if (!same) {
    plannedFor.clear();
    std::vector<std::vector<int64_t>> dims;
    if (tenon_status status = inferOutputs(context, *function, inputTensors.data(), dims))
      return status;
    for (const tenon_tensor &tensor : inputTensors)
      plannedFor.emplace_back(tensor.dims, tensor.dims + tensor.rank);
    for (size_t i = 0; i < outputs.size(); ++i)
      if (!outputs[i].variable)
        outputs[i].memory = OwnedTensor(function->outputs[i].dtype, std::move(dims[i]));
  }
  outputTensors.clear();
  for (const Output &output : outputs)
    outputTensors.push_back(output.variable ? output.inPlace ? output.variable->tensor.view()
                                                             : output.variable->spare.view()
                                            : output.memory.view());
  return TENON_OK;
}

tenon_status EntryCall::run(const StepInputs &given) {
  if (tenon_status status = setInputs(given))
    return status;
  if (tenon_status status = setOutputs())
    return status;
  if (tenon_status status =
          tenon_call(context, function, inputTensors.data(), outputTensors.data()))
    return status;
  for (Output &output : outputs)
    if (output.variable && !output.inPlace)
      std::swap(output.variable->tensor, output.variable->spare);
  return TENON_OK;
}

Failure EntryCall::failure() const {
  if (!missing.empty())
    return {quoted(function->name) + " needs the field `" + missing +
                "`, which the dataset doesn't have",
            "", ""};
  return callFailure(context, *function);
}

int32_t EntryCall::resultIndex(const std::string &role, const std::string &name) const {
  for (int32_t i = 0; i < function->n_outputs; ++i)
    if (function->outputs[i].role == role && (role == "loss" || function->outputs[i].name == name))
      return i;
  return -1;
}

bool EntryCall::hasResult(const std::string &role, const std::string &name) const {
  return resultIndex(role, name) >= 0;
}

double EntryCall::scalar(const std::string &role, const std::string &name) const {
  int32_t index = resultIndex(role, name);
  return index < 0 ? 0 : outputs[size_t(index)].memory.at(0);
}

} // namespace tenon::train
