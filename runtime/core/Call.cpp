// Calls of compiled functions: solve the named dimensions, check everything the caller handed over,
// run the body, answer by status.
#include "runtime/core/Context.h"
#include "runtime/core/FloatMode.h"
#include "runtime/core/Tensor.h"

#include <algorithm>

using namespace tenon;

namespace {

long long shown(int64_t number) { return static_cast<long long>(number); }

/// One call's view of context and entry; every step answers by status and sets the message.
class Caller {
public:
  Caller(tenon_context &context, const tenon_entry &entry) : context(context), entry(entry) {}

  tenon_status prepare();
  tenon_status solve(const tenon_tensor *inputs);
  tenon_status plan();
  tenon_status checkOutputs(const tenon_tensor *outputs);
  tenon_status checkOverlap(const tenon_tensor *inputs, const tenon_tensor *outputs);
  tenon_status run(const tenon_tensor *inputs, const tenon_tensor *outputs);

  const int64_t *outputDims() const { return dims; }
  int64_t outputDimCount() const;

private:
  tenon_status checkTensor(const tenon_tensor &tensor, const tenon_binding &binding);
  tenon_status solveDim(int32_t input, int32_t axis, int64_t extent);
  tenon_status checkExpressions(const tenon_tensor *inputs);
  tenon_status mismatch(const tenon_tensor &tensor, const tenon_binding &binding);
  tenon_status outOfMemory(int64_t bytes);
  tenon_status exhausted(int32_t index);
  bool has(size_t endOfField) const { return entry.size >= endOfField; }

  tenon_context &context;
  const tenon_entry &entry;
  int64_t *symbols = nullptr;
  int64_t *sources = nullptr; // the input that decided a symbol, -1 while open
  int64_t *dims = nullptr;
  int64_t arenaBytes = 0;
};

int64_t Caller::outputDimCount() const {
  int64_t count = 0;
  for (int32_t i = 0; i < entry.n_outputs; ++i)
    count += entry.outputs[i].rank;
  return count;
}

tenon_status Caller::outOfMemory(int64_t bytes) {
  context.message.append("`%s` needs %lld bytes of memory, which the system doesn't give",
                         entry.name, shown(bytes));
  return TENON_OUT_OF_MEMORY;
}

/// A loop's steps didn't find room in grown memory `index`.
tenon_status Caller::exhausted(int32_t index) {
  context.message.append("%s: what the derivative of this loop keeps of its steps doesn't fit the "
                         "%lld bytes that such loops may have; a bound (`at most`) or fewer steps "
                         "would help",
                         entry.grown[index], shown(context.grown.limit()));
  return TENON_OUT_OF_MEMORY;
}

tenon_status Caller::prepare() {
  context.message.clear();
  if (entry.size < offsetof(tenon_entry, input_dims) || !entry.plan || !entry.body) {
    context.message.append("the function is not of a version that this runtime knows");
    return TENON_INVALID_ARGUMENT;
  }
  int64_t inputDimCount = 0;
  for (int32_t i = 0; i < entry.n_inputs; ++i)
    inputDimCount += entry.inputs[i].rank;
  symbols = context.symbols.reserve(size_t(entry.n_symbols));
  sources = context.symbolSources.reserve(size_t(entry.n_symbols));
  dims = context.dims.reserve(size_t(std::max(inputDimCount, outputDimCount())));
  if (!symbols || !sources || !dims)
    return outOfMemory(int64_t(entry.n_symbols) * 16 + (inputDimCount + outputDimCount()) * 8);
  std::fill(sources, sources + entry.n_symbols, -1);
  return TENON_OK;
}

/// "`tokens` is f32[32], but i32[batch, time] is expected".
tenon_status Caller::mismatch(const tenon_tensor &tensor, const tenon_binding &binding) {
  context.message.append("`%s` is ", binding.name);
  appendType(context.message, tensor);
  context.message.append(", but ");
  appendType(context.message, entry, binding);
  context.message.append(" is expected");
  return TENON_INVALID_ARGUMENT;
}

tenon_status Caller::checkTensor(const tenon_tensor &tensor, const tenon_binding &binding) {
  int64_t count = 0;
  if (!isDtype(tensor.dtype) || tensor.rank < 0 || tensor.rank > TENON_MAX_RANK ||
      (tensor.rank > 0 && !tensor.dims) || !elementCount(tensor.rank, tensor.dims, count)) {
    context.message.append("`%s` is not a tensor: its dtype, rank or extents are impossible",
                           binding.name);
    return TENON_INVALID_ARGUMENT;
  }
  if (tensor.dtype != binding.dtype || tensor.rank != binding.rank)
    return mismatch(tensor, binding);
  if (!isRowMajor(tensor)) {
    int64_t wanted[TENON_MAX_RANK];
    for (int64_t i = tensor.rank, stride = 1; i-- > 0; stride *= tensor.dims[i])
      wanted[i] = stride;
    context.message.append("`%s` has strides ", binding.name);
    appendNumbers(context.message, tensor.rank, tensor.strides);
    context.message.append(", but must be contiguous with strides ");
    appendNumbers(context.message, tensor.rank, wanted);
    return TENON_INVALID_ARGUMENT;
  }
  return TENON_OK;
}

tenon_status Caller::solveDim(int32_t input, int32_t axis, int64_t extent) {
  const tenon_binding &binding = entry.inputs[input];
  int64_t dim = binding.dims[axis];
  if (dim == TENON_DIM_EXPRESSION)
    return TENON_OK;
  if (dim >= 0) {
    if (extent == dim)
      return TENON_OK;
    context.message.append(": its dimension %d is %lld, not %lld", axis, shown(extent), shown(dim));
    return TENON_INVALID_ARGUMENT;
  }
  int64_t symbol = -(dim + 1);
  if (sources[symbol] < 0) {
    sources[symbol] = input;
    symbols[symbol] = extent;
  } else if (symbols[symbol] != extent) {
    context.message.append(": its dimension %d is %lld, but `%s` is %lld (from `%s`)", axis,
                           shown(extent), entry.symbols[symbol], shown(symbols[symbol]),
                           entry.inputs[sources[symbol]].name);
    return TENON_INVALID_ARGUMENT;
  }
  return TENON_OK;
}

tenon_status Caller::solve(const tenon_tensor *inputs) {
  bool expressions = false;
  for (int32_t i = 0; i < entry.n_inputs; ++i) {
    const tenon_binding &binding = entry.inputs[i];
    if (tenon_status status = checkTensor(inputs[i], binding))
      return status;
    for (int32_t axis = 0; axis < binding.rank; ++axis) {
      expressions |= binding.dims[axis] == TENON_DIM_EXPRESSION;
      if (solveDim(i, axis, inputs[i].dims[axis])) {
        Message reason = context.message;
        context.message.clear();
        mismatch(inputs[i], binding);
        context.message.append("%s", reason.text());
        return TENON_INVALID_ARGUMENT;
      }
    }
  }
  for (int32_t i = 0; i < entry.n_symbols; ++i)
    if (sources[i] < 0) {
      context.message.append("`%s` can't be worked out: no argument of `%s` has it as a dimension",
                             entry.symbols[i], entry.name);
      return TENON_INVALID_ARGUMENT;
    }
  return expressions ? checkExpressions(inputs) : TENON_OK;
}

/// Extents that only the compiled code can evaluate.
tenon_status Caller::checkExpressions(const tenon_tensor *inputs) {
  if (!has(offsetof(tenon_entry, input_dims) + sizeof(entry.input_dims)) || !entry.input_dims) {
    context.message.append("`%s` has computed extents and no function that computes them",
                           entry.name);
    return TENON_INVALID_ARGUMENT;
  }
  entry.input_dims(symbols, dims);
  const int64_t *expected = dims;
  for (int32_t i = 0; i < entry.n_inputs; ++i) {
    for (int32_t axis = 0; axis < entry.inputs[i].rank; ++axis) {
      if (inputs[i].dims[axis] == expected[axis])
        continue;
      mismatch(inputs[i], entry.inputs[i]);
      context.message.append(": its dimension %d is %lld, not %lld", axis,
                             shown(inputs[i].dims[axis]), shown(expected[axis]));
      return TENON_INVALID_ARGUMENT;
    }
    expected += entry.inputs[i].rank;
  }
  return TENON_OK;
}

tenon_status Caller::plan() {
  entry.plan(symbols, &arenaBytes, dims);
  const int64_t *at = dims;
  for (int32_t i = 0; i < entry.n_outputs; at += entry.outputs[i++].rank) {
    int64_t count = 0;
    if (elementCount(entry.outputs[i].rank, at, count))
      continue;
    context.message.append("`%s` would have the extents ", entry.outputs[i].name);
    appendNumbers(context.message, entry.outputs[i].rank, at);
    context.message.append(", which no tensor can have");
    return TENON_INVALID_ARGUMENT;
  }
  return TENON_OK;
}

tenon_status Caller::checkOutputs(const tenon_tensor *outputs) {
  const int64_t *expected = dims;
  for (int32_t i = 0; i < entry.n_outputs; expected += entry.outputs[i++].rank) {
    const tenon_binding &binding = entry.outputs[i];
    if (tenon_status status = checkTensor(outputs[i], binding))
      return status;
    if (std::equal(expected, expected + binding.rank, outputs[i].dims))
      continue;
    mismatch(outputs[i], binding);
    context.message.append(", here ");
    appendNumbers(context.message, binding.rank, expected);
    return TENON_INVALID_ARGUMENT;
  }
  return TENON_OK;
}

/// What is written may overlap nothing else, but for an output that has its own input's memory.
tenon_status Caller::checkOverlap(const tenon_tensor *inputs, const tenon_tensor *outputs) {
  int32_t total = entry.n_inputs + entry.n_outputs;
  Extent *extents = context.extents.reserve(size_t(total));
  if (!extents)
    return outOfMemory(int64_t(total) * int64_t(sizeof(Extent)));
  uint8_t *donated = context.donated.reserve(size_t(entry.n_inputs));
  if (!donated)
    return outOfMemory(entry.n_inputs);
  std::fill(donated, donated + entry.n_inputs, uint8_t(0));
  for (int32_t i = 0; i < entry.n_outputs; ++i) {
    int32_t alias = entry.outputs[i].alias;
    if (alias >= 0 && alias < entry.n_inputs && outputs[i].data == inputs[alias].data)
      donated[alias] = 1; // the output stands for the input whose memory it has
  }
  int32_t used = 0;
  for (int32_t i = 0; i < total; ++i) {
    bool written = i >= entry.n_inputs;
    const tenon_tensor &tensor = written ? outputs[i - entry.n_inputs] : inputs[i];
    const char *name = written ? entry.outputs[i - entry.n_inputs].name : entry.inputs[i].name;
    int64_t count = 0;
    elementCount(tensor.rank, tensor.dims, count);
    if (count == 0)
      continue;
    uintptr_t begin = reinterpret_cast<uintptr_t>(tensor.data);
    uintptr_t element = uintptr_t(tenon_dtype_bytes(tensor.dtype));
    if (!tensor.data || begin % element) {
      context.message.append(
          tensor.data ? "`%s` is not aligned to its elements" : "`%s` has no memory", name);
      return TENON_INVALID_ARGUMENT;
    }
    uintptr_t end = 0;
    if (__builtin_mul_overflow(uintptr_t(count), element, &end) ||
        __builtin_add_overflow(begin, end, &end)) {
      context.message.append("`%s` is larger than the memory there can be", name);
      return TENON_INVALID_ARGUMENT;
    }
    if (written || !donated[i])
      extents[used++] = {begin, end, i, written};
  }
  std::sort(extents, extents + used, [](const Extent &a, const Extent &b) {
    return a.begin != b.begin ? a.begin < b.begin : a.index < b.index;
  });
  const Extent *read = nullptr, *written = nullptr; // those that reach furthest so far
  for (int32_t i = 0; i < used; ++i) {
    const Extent &extent = extents[i];
    const Extent *other = nullptr;
    if (written && extent.begin < written->end)
      other = written;
    else if (extent.written && read && extent.begin < read->end)
      other = read;
    if (other) {
      auto name = [&](const Extent &e) {
        return e.written ? entry.outputs[e.index - entry.n_inputs].name
                         : entry.inputs[e.index].name;
      };
      context.message.append("the memory of the result `%s` overlaps that of `%s`",
                             name(extent.written ? extent : *other),
                             name(extent.written ? *other : extent));
      return TENON_INVALID_ARGUMENT;
    }
    const Extent *&furthest = extent.written ? written : read;
    if (!furthest || extent.end > furthest->end)
      furthest = &extent;
  }
  return TENON_OK;
}

struct BodyCall {
  const tenon_entry *entry;
  const tenon_frame *frame;
  int32_t threads;
};

void runBody(void *argument, int32_t thread) {
  auto *call = static_cast<const BodyCall *>(argument);
  FloatMode mode;
  call->entry->body(call->frame, thread, call->threads);
}

tenon_status Caller::run(const tenon_tensor *inputs, const tenon_tensor *outputs) {
  int32_t threads = context.threads.count;
  int64_t bytes = 0;
  bool overflow = arenaBytes < 0 || entry.scratch_bytes < 0 ||
                  __builtin_mul_overflow(int64_t(threads), entry.scratch_bytes, &bytes) ||
                  __builtin_add_overflow(bytes, arenaBytes, &bytes);
  uint8_t *arena = overflow ? nullptr : context.arena.reserve(bytes);
  void **pointers = context.pointers.reserve(size_t(entry.n_inputs) + size_t(entry.n_outputs));
  int32_t grown = has(offsetof(tenon_entry, grown) + sizeof(entry.grown)) ? entry.n_grown : 0;
  if (!arena || !pointers || !context.grown.prepare(grown))
    return outOfMemory(overflow ? INT64_MAX : bytes);
  for (int32_t i = 0; i < entry.n_inputs; ++i)
    pointers[i] = inputs[i].data;
  for (int32_t i = 0; i < entry.n_outputs; ++i)
    pointers[entry.n_inputs + i] = outputs[i].data;
  CallState &state = context.state;
  state.check = state.where = INT64_MAX;
  state.barrier.reset(threads, context.gang.spinLimit());
  state.grown = &context.grown;
  state.interrupt = &context.interrupt;
  state.mustStop = state.stopped = false;
  state.exhausted = -1;
  tenon_frame frame{pointers, pointers + entry.n_inputs, arena, symbols, &state.check, &state.where,
                    &state,   context.grown.table()};
  BodyCall call{&entry, &frame, threads};
  if (threads == 1)
    runBody(&call, 0);
  else
    context.threads.run(context.threads.self, threads, runBody, &call);
  context.interrupt.store(0, std::memory_order_relaxed);
  if (state.exhausted >= 0)
    return exhausted(state.exhausted);
  if (state.check == INT64_MAX && state.stopped) {
    context.message.append("`%s` was interrupted", entry.name);
    return TENON_INTERRUPTED;
  }
  if (state.check == INT64_MAX)
    return TENON_OK;
  if (state.check < 0 || state.check >= entry.n_checks) {
    context.message.append("a check of `%s` failed that it doesn't list (%lld)", entry.name,
                           shown(state.check));
    return TENON_CHECK_FAILED;
  }
  const tenon_check_info &check = entry.checks[state.check];
  context.message.append("%s: %s (element %lld)", check.location, check.message,
                         shown(state.where));
  return TENON_CHECK_FAILED;
}

} // namespace

extern "C" {

tenon_status tenon_infer(tenon_context *context, const tenon_entry *entry,
                         const tenon_tensor *inputs, int64_t *dims) {
  if (!context || !entry || (entry->n_inputs > 0 && !inputs))
    return TENON_INVALID_ARGUMENT;
  Caller caller(*context, *entry);
  if (tenon_status status = caller.prepare())
    return status;
  if (tenon_status status = caller.solve(inputs))
    return status;
  if (tenon_status status = caller.plan())
    return status;
  std::copy_n(caller.outputDims(), caller.outputDimCount(), dims);
  return TENON_OK;
}

tenon_status tenon_call(tenon_context *context, const tenon_entry *entry,
                        const tenon_tensor *inputs, const tenon_tensor *outputs) {
  if (!context || !entry || (entry->n_inputs > 0 && !inputs) || (entry->n_outputs > 0 && !outputs))
    return TENON_INVALID_ARGUMENT;
  Caller caller(*context, *entry);
  if (tenon_status status = caller.prepare())
    return status;
  if (tenon_status status = caller.solve(inputs))
    return status;
  if (tenon_status status = caller.plan())
    return status;
  if (tenon_status status = caller.checkOutputs(outputs))
    return status;
  if (tenon_status status = caller.checkOverlap(inputs, outputs))
    return status;
  return caller.run(inputs, outputs);
}
}
