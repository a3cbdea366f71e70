#include "runtime/train/StageEntries.h"

#include <cstring>

namespace tenon::train {

Result<std::unique_ptr<StageEntries>> StageEntries::make(const tenon_program &program) {
  std::unique_ptr<StageEntries> stages(new StageEntries(program));
  Result<Context> context = stages->takeContext();
  if (!context)
    return context.takeFailure();
  stages->idle.push_back(std::move(*context));
  return stages;
}

Result<Context> StageEntries::takeContext() const {
  {
    std::lock_guard lock(mutex);
    if (!idle.empty()) {
      Context context = std::move(idle.back());
      idle.pop_back();
      return context;
    }
  }
  // Rows are few and batches are made beside the training: one thread.
  return makeContext(1);
}

Result<int32_t> StageEntries::inputDtype(const std::string &name) const {
  Result<const tenon_entry *> entry = findEntry(*program, name);
  if (!entry)
    return entry.takeFailure();
  for (int32_t i = 0; i < (*entry)->n_inputs; ++i)
    if (std::string((*entry)->inputs[i].name) == "value")
      return (*entry)->inputs[i].dtype;
  return Failure{"`" + name + "` takes no value", "", ""};
}

Result<data::Array> StageEntries::run(const std::string &name, std::span<const uint32_t> rows,
                                      const data::Array &values, const data::Draws &draws) const {
  Result<const tenon_entry *> entry = findEntry(*program, name);
  if (!entry)
    return entry.takeFailure();
  OwnedTensor seed(TENON_I64, {}), epoch(TENON_I64, {});
  OwnedTensor row(TENON_I64, {int64_t(rows.size())}), value(values.dtype, values.dims);
  memcpy(seed.bytes.data(), &draws.seed, sizeof draws.seed);
  memcpy(epoch.bytes.data(), &draws.epoch, sizeof draws.epoch);
  for (size_t i = 0; i < rows.size(); ++i)
    reinterpret_cast<int64_t *>(row.bytes.data())[i] = rows[i];
  if (!values.bytes.empty())
    memcpy(value.bytes.data(), values.bytes.data(), values.bytes.size());
  auto argument = [&](const tenon_binding &binding) -> const OwnedTensor * {
    std::string role = binding.role, which = binding.name;
    if (role == "seed" || role == "step")
      return role == "seed" ? &seed : &epoch;
    return which == "row" ? &row : which == "value" ? &value : nullptr;
  };
  Result<Context> context = takeContext();
  if (!context)
    return context.takeFailure();
  Result<std::vector<NamedTensor>> results = runEntry(context->get(), **entry, argument);
  {
    std::lock_guard lock(mutex);
    idle.push_back(std::move(*context));
  }
  if (!results)
    return results.takeFailure();
  const OwnedTensor &made = results->front().tensor;
  return data::Array{
      made.dtype, made.dims,
      std::vector<uint8_t>(made.bytes.data(), made.bytes.data() + made.bytes.size())};
}

} // namespace tenon::train
