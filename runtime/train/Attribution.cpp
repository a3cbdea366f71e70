#include "runtime/train/Attribution.h"

#include "runtime/core/Philox.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <numbers>
#include <numeric>

namespace tenon::train {

namespace {

constexpr char kPoints[] = "attribution_points";
constexpr char kGradient[] = "attribution_gradient";

bool isDifferentiable(int32_t dtype) { return dtype == TENON_F32 || dtype == TENON_F64; }

void setElement(OwnedTensor &tensor, int64_t i, double value) {
  if (tensor.dtype == TENON_F64) {
    memcpy(tensor.bytes.data() + i * 8, &value, sizeof value);
    return;
  }
  auto single = float(value);
  memcpy(tensor.bytes.data() + i * 4, &single, sizeof single);
}

std::vector<double> numbersOf(const OwnedTensor &tensor) {
  std::vector<double> numbers(static_cast<size_t>(tensor.count()));
  for (size_t i = 0; i < numbers.size(); ++i)
    numbers[i] = tensor.at(int64_t(i));
  return numbers;
}

const OwnedTensor *find(const std::vector<NamedTensor> &tensors, const std::string &name) {
  for (const NamedTensor &each : tensors)
    if (each.name == name)
      return &each.tensor;
  return nullptr;
}

/// A standard normal number, known by its coordinates (Box and Muller).
double normal(uint64_t seed, uint64_t element, uint32_t sample, uint32_t input) {
  uint64_t mixed = splitmix64(seed);
  PhiloxBlock words = philox4x32({uint32_t(element), uint32_t(element >> 32), sample, input},
                                 {uint32_t(mixed), uint32_t(mixed >> 32)});
  double first = (double(words[0]) + 1) * 0x1p-32, second = double(words[1]) * 0x1p-32;
  return std::sqrt(-2 * std::log(first)) * std::cos(2 * std::numbers::pi * second);
}

} // namespace

std::vector<std::pair<double, double>> gaussLegendre(int64_t n) {
  std::vector<std::pair<double, double>> rule;
  for (int64_t i = 0; i < n; ++i) {
    double x = std::cos(std::numbers::pi * (double(i) + 0.75) / (double(n) + 0.5)), slope = 1;
    for (int round = 0; round < 100; ++round) {
      double last = 0, value = 1; // of the polynomials of degree k - 1 and k
      for (int64_t k = 0; k < n; ++k) {
        double next = ((2 * double(k) + 1) * x * value - double(k) * last) / (double(k) + 1);
        last = value;
        value = next;
      }
      slope = double(n) * (x * value - last) / (x * x - 1);
      double step = value / slope;
      x -= step;
      if (std::fabs(step) < 1e-15)
        break;
    }
    rule.emplace_back((1 - x) / 2, 1 / ((1 - x * x) * slope * slope));
  }
  return rule;
}

double Attribution::sum() const {
  double total = elsewhere;
  for (const FieldAttribution &field : fields)
    total = std::accumulate(field.attributions.begin(), field.attributions.end(), total);
  return total;
}

double Attribution::tolerance(double part) const {
  return part * std::max({std::fabs(change()), 0.1 * std::fabs(output), 0.1 * std::fabs(baseline)});
}

/// A real field, or a point.
struct Attributor::Input {
  std::string name;  ///< of the entry's argument
  std::string field; ///< that its elements belong to
  std::vector<double> value, baseline, gradient;
  std::vector<int64_t> places; ///< of the elements, or of those along the first axes; of a point
  OwnedTensor at;              ///< where the gradient is taken
  std::vector<double> found;   ///< the gradient there
};

Status Attributor::check() const {
  const tenon_entry *entry = tenon_find(&program, kGradient);
  if (!entry)
    return Failure{"`predict` gives whole numbers, which have no derivative", "",
                   "let it give the scores that it chooses by"};
  for (int32_t i = 0; i < entry->n_outputs; ++i)
    if (std::string(entry->outputs[i].role) == "gradient") {
      if (isDifferentiable(entry->outputs[i].dtype))
        continue;
      return Failure{"inputs of f16 and bf16 can't be attributed to", "", ""};
    }
  if (unattributed().size() == 0)
    return {};
  bool any = false;
  for (int32_t i = 0; i < entry->n_outputs; ++i)
    any |= std::string(entry->outputs[i].role) == "gradient";
  return any ? Status()
             : Status(Failure{"nothing that `predict` takes can be attributed to: no table is read "
                              "at its numbers, outside of loops and branches",
                              "", ""});
}

std::vector<std::string> Attributor::held() const {
  std::vector<std::string> names;
  if (const tenon_entry *entry = tenon_find(&program, kGradient))
    for (int32_t i = 0; i < entry->n_inputs; ++i)
      if (std::string(entry->inputs[i].role) == "held")
        names.emplace_back(entry->inputs[i].name);
  return names;
}

std::vector<std::string> Attributor::unattributed() const {
  std::vector<std::string> names = held();
  const tenon_entry *entry = tenon_find(&program, kGradient);
  std::erase_if(names, [&](const std::string &name) {
    for (int32_t i = 0; i < entry->n_outputs; ++i) {
      std::string other = entry->outputs[i].name;
      if (other == name + "#gradient" || other.starts_with(name + "#"))
        return true;
    }
    return false;
  });
  return names;
}

Result<std::vector<NamedTensor>> Attributor::points(const std::vector<NamedTensor> &fields) {
  Result<const tenon_entry *> entry = findEntry(program, kPoints);
  if (!entry)
    return entry.takeFailure();
  std::vector<NamedTensor> places;
  for (const NamedTensor &field : fields) {
    OwnedTensor numbers(TENON_I64, field.tensor.dims);
    for (int64_t i = 0; i < numbers.count(); ++i)
      memcpy(numbers.bytes.data() + i * 8, &i, sizeof i);
    places.push_back({field.name + "#places", "places", std::move(numbers)});
  }
  return runEntry(context, **entry, [&](const tenon_binding &binding) {
    std::string role = binding.role;
    return role == "field"    ? find(fields, binding.name)
           : role == "places" ? find(places, binding.name)
                              : variable(binding);
  });
}

/// Real fields and points, at the input and at the baseline.
Result<std::vector<Attributor::Input>> Attributor::inputs(const std::vector<NamedTensor> &fields) {
  std::vector<NamedTensor> zeros;
  for (const NamedTensor &field : fields)
    zeros.push_back({field.name, field.role, OwnedTensor(field.tensor.dtype, field.tensor.dims)});
  std::vector<Input> result;
  for (const NamedTensor &field : fields)
    if (isDifferentiable(field.tensor.dtype)) {
      Input input{field.name, field.name, numbersOf(field.tensor), {}, {}, {}, {}, {}};
      input.baseline.resize(input.value.size());
      input.at = field.tensor.copy();
      result.push_back(std::move(input));
    }
  Result<std::vector<NamedTensor>> here = points(fields), there = points(zeros);
  if (!here || !there)
    return here ? there.takeFailure() : here.takeFailure();
  for (size_t i = 0; i + 1 < here->size(); i += 2) {
    const NamedTensor &value = (*here)[i], &place = (*here)[i + 1];
    Input input{value.name,
                value.name.substr(0, value.name.rfind('#')),
                numbersOf(value.tensor),
                numbersOf((*there)[i].tensor),
                {},
                {},
                value.tensor.copy(),
                {}};
    for (double each : numbersOf(place.tensor))
      input.places.push_back(int64_t(each));
    result.push_back(std::move(input));
  }
  for (Input &input : result)
    input.gradient.resize(input.value.size());
  return result;
}

/// Takes the gradient where the inputs are `at`; answers the output there.
Result<double> Attributor::gradients(const std::vector<NamedTensor> &fields,
                                     std::vector<Input> &inputs, int64_t index) {
  const tenon_entry *entry = tenon_find(&program, kGradient);
  OwnedTensor cotangent;
  auto argument = [&](const tenon_binding &binding) -> const OwnedTensor * {
    std::string role = binding.role;
    for (const Input &input : inputs)
      if ((role == "field" || role == "point") && input.name == binding.name)
        return &input.at;
    if (role == "field" || role == "held")
      return find(fields, binding.name);
    if (role != "cotangent")
      return variable(binding);
    // One row's: the batch is 1, and what else is open no one knows but the data.
    std::vector<int64_t> dims;
    for (int32_t i = 0; i < binding.rank; ++i)
      dims.push_back(binding.dims[i] >= 0 ? binding.dims[i] : 1);
    cotangent = OwnedTensor(binding.dtype, dims);
    setElement(cotangent, index, 1);
    return &cotangent;
  };
  Result<std::vector<NamedTensor>> results = runEntry(context, *entry, argument);
  if (!results)
    return results.takeFailure();
  for (Input &input : inputs)
    if (const OwnedTensor *gradient = find(*results, input.name + "#gradient"))
      input.found = numbersOf(*gradient);
    else
      input.found.assign(input.value.size(), 0);
  return results->front().tensor.at(index);
}

/// Adds up the gradients that the method asks for.
Status Attributor::accumulate(const std::vector<NamedTensor> &fields, std::vector<Input> &inputs,
                              int64_t index, const AttributionOptions &options) {
  using Method = AttributionOptions::Method;
  auto add = [&](double weight) -> Status {
    Result<double> output = gradients(fields, inputs, index);
    if (!output)
      return output.takeFailure();
    for (Input &input : inputs)
      for (size_t i = 0; i < input.found.size(); ++i)
        input.gradient[i] += weight * input.found[i];
    return {};
  };
  auto place = [&](const auto &at) {
    for (size_t k = 0; k < inputs.size(); ++k)
      for (size_t i = 0; i < inputs[k].value.size(); ++i)
        setElement(inputs[k].at, int64_t(i), at(k, i));
  };
  if (options.method == Method::IntegratedGradients) {
    for (auto [node, weight] : gaussLegendre(options.steps)) {
      place([&, node = node](size_t k, size_t i) {
        return inputs[k].baseline[i] + node * (inputs[k].value[i] - inputs[k].baseline[i]);
      });
      if (Status status = add(weight); !status)
        return status;
    }
    return {};
  }
  int64_t samples = options.method == Method::SmoothGrad ? options.steps : 1;
  std::vector<double> deviations;
  for (const Input &input : inputs) {
    auto [least, most] = std::minmax_element(input.value.begin(), input.value.end());
    bool isSmooth = options.method == Method::SmoothGrad && !input.value.empty();
    deviations.push_back(isSmooth ? options.noise * (*most - *least) : 0);
  }
  for (int64_t sample = 0; sample < samples; ++sample) {
    place([&](size_t k, size_t i) {
      double noise =
          deviations[k] == 0 ? 0 : normal(options.seed, i, uint32_t(sample), uint32_t(k));
      return inputs[k].value[i] + deviations[k] * noise;
    });
    if (Status status = add(1 / double(samples)); !status)
      return status;
  }
  return {};
}

Result<Attribution> Attributor::attribute(const std::vector<NamedTensor> &fields, int64_t index,
                                          const AttributionOptions &options) {
  Result<std::vector<Input>> made = inputs(fields);
  if (!made)
    return made.takeFailure();
  std::vector<Input> &all = *made;
  Attribution result;
  for (bool isBaseline : {true, false}) {
    for (Input &input : all)
      for (size_t i = 0; i < input.value.size(); ++i)
        setElement(input.at, int64_t(i), isBaseline ? input.baseline[i] : input.value[i]);
    Result<double> output = gradients(fields, all, index);
    if (!output)
      return output.takeFailure();
    (isBaseline ? result.baseline : result.output) = *output;
  }
  if (Status status = accumulate(fields, all, index, options); !status)
    return status.takeFailure();
  for (const NamedTensor &field : fields) {
    FieldAttribution one{field.name,
                         FieldAttribution::Form::Numbers,
                         {field.tensor.dims.begin() + 1, field.tensor.dims.end()},
                         numbersOf(field.tensor),
                         {},
                         {}};
    one.attributions.resize(one.values.size());
    bool isAttributed = false;
    for (const Input &input : all) {
      if (input.field != field.name)
        continue;
      isAttributed = true;
      // The elements along a point's last axes belong to one place.
      size_t width = input.places.empty() ? 1 : input.value.size() / input.places.size();
      for (size_t i = 0; i < input.value.size(); ++i) {
        int64_t place = input.places.empty() ? int64_t(i) : input.places[i / width];
        double part = (input.value[i] - input.baseline[i]) * input.gradient[i];
        (place < 0 ? result.elsewhere : one.attributions[size_t(place)]) += part;
      }
    }
    if (isAttributed)
      result.fields.push_back(std::move(one));
  }
  return result;
}

} // namespace tenon::train
