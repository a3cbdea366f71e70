/// Calls of compiled entries with their arguments found by name and role.
#pragma once

#include "runtime/core/abi.h"
#include "runtime/data/Result.h"
#include "runtime/train/Tensors.h"

#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace tenon::train {

struct ContextDeleter {
  void operator()(tenon_context *context) const { tenon_context_destroy(context); }
};
using Context = std::unique_ptr<tenon_context, ContextDeleter>;

/// `threads` <= 0: as many as there are processors.
Result<Context> makeContext(int32_t threads);

/// The entry of this name; a Failure names those there are.
Result<const tenon_entry *> findEntry(const tenon_program &program, const std::string &name);

/// Calls an entry once. `argument` answers the tensor for a binding (nullptr is a Failure that
/// names it); what it answers must live during the call. Results come in the entry's order, in
/// memory of their own.
Result<std::vector<NamedTensor>>
runEntry(tenon_context *context, const tenon_entry &entry,
         const std::function<const OwnedTensor *(const tenon_binding &)> &argument);

/// Adds a variable of zeros for each kept result of `init` and `reset_metrics`, without running
/// them.
Status declareVariables(tenon_context *context, const tenon_program &program, TensorStore &store);
/// Runs `init`: parameters, states and optimizer memory for this seed.
Status initialise(tenon_context *context, const tenon_program &program, uint64_t seed,
                  TensorStore &store);

/// The arguments of a step that aren't variables.
struct StepInputs {
  const data::Batch *batch = nullptr;
  int64_t seed = 0;
  int64_t step = 0;
  int32_t steps = 0;
  double loss = 0; ///< of the validation, for an optimizer that is told
};

/// One entry that is called again and again with the variables of a store and a batch.
class EntryCall {
public:
  /// `Update`: kept results replace the variables; `Discard`: they go to memory that nobody reads,
  /// but for metrics, which accumulate.
  enum class Writes : uint8_t { Update, Discard };

  /// Finds every argument. Fails where a variable isn't in `store`, which must outlive this.
  static Result<EntryCall> bind(tenon_context *context, const tenon_entry &entry,
                                TensorStore &store, Writes writes);

  /// After TENON_OK variables and results are those of this step. After any other answer the
  /// variables are untouched and the context's message says why.
  tenon_status run(const StepInputs &inputs);

  /// The scalar result of this role and name, after run(); `loss` has one only.
  double scalar(const std::string &role, const std::string &name) const;
  /// A result of the last run that isn't a variable.
  const OwnedTensor &result(size_t index) const { return outputs[index].memory; }
  bool hasResult(const std::string &role, const std::string &name) const;
  /// What went wrong in the last run.
  Failure failure() const;
  const tenon_entry &entry() const { return *function; }
  /// The arguments of the last run.
  const std::vector<tenon_tensor> &arguments() const { return inputTensors; }

private:
  enum class Source : uint8_t { Variable, Field, Seed, Step, Steps, Loss };
  struct Input {
    Source source;
    Variable *variable = nullptr;
  };
  struct Output {
    Variable *variable = nullptr; // kept and written back
    bool inPlace = false;
    OwnedTensor memory; // everything else
  };

  EntryCall() = default;
  Status bindInput(const tenon_binding &binding, TensorStore &store);
  Status bindOutput(const tenon_binding &binding, TensorStore &store, Writes writes);
  tenon_status setInputs(const StepInputs &inputs);
  tenon_status setOutputs();
  int32_t resultIndex(const std::string &role, const std::string &name) const;

  tenon_context *context = nullptr;
  const tenon_entry *function = nullptr;
  std::vector<Input> inputs;
  std::vector<Output> outputs;
  std::vector<tenon_tensor> inputTensors, outputTensors;
  std::vector<std::vector<int64_t>> plannedFor; // extents of the inputs at the last setOutputs
  std::string missing;                          // a field that the batch doesn't have
  int64_t seed = 0, step = 0;
  int32_t steps = 0;
  double loss = 0;
  float singleLoss = 0;
};

} // namespace tenon::train
