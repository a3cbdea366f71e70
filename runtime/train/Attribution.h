/// Which parts of an input a prediction is due to.
#pragma once

#include "runtime/train/EntryCall.h"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace tenon::train {

/// Each weighs a gradient of the output g by the input's distance from a baseline, (x - b) · g:
/// - IntegratedGradients: g is the mean along the straight line from the baseline to the input
///   (Sundararajan, Taly and Yan, 2017), so that the attributions add up to the output's change;
///   `steps` points of Gauss and Legendre.
/// - GradientTimesInput: g is taken at the input.
/// - SmoothGrad: g is the mean over `steps` inputs with noise, normal, of `noise` times the range
///   of their values (Smilkov, Thorat, Kim, Viégas and Wattenberg, 2017).
struct AttributionOptions {
  enum class Method : uint8_t { IntegratedGradients, GradientTimesInput, SmoothGrad };
  Method method = Method::IntegratedGradients;
  int64_t steps = 128;
  double noise = 0.15;
  uint64_t seed = 0; ///< of the noise
  /// The class to explain, by its name; the likeliest unless given.
  std::optional<std::string> className;
};

struct FieldAttribution {
  enum class Form : uint8_t { Numbers, Words, Picture };
  std::string name;
  Form form = Form::Numbers;
  std::vector<int64_t> dims; ///< of a row
  std::vector<double> values, attributions;
  std::vector<std::string> labels; ///< of elements: words, classes, columns; empty without names
};

/// One row's.
struct Attribution {
  std::string explained; ///< the class; empty where the model gives one number
  double output = 0;     ///< that is explained
  double baseline = 0;   ///< the same of the baseline
  std::vector<FieldAttribution> fields;
  double elsewhere = 0; ///< of what is made beside the input's own elements, such as padding

  double change() const { return output - baseline; }
  /// Of all attributions.
  double sum() const;
  /// How far the sum may be from the change: `part` of the change, or of a tenth of the outputs
  /// where that is more.
  double tolerance(double part) const;
};

struct Explanation {
  std::vector<Attribution> rows;
  /// Fields that nothing is attributed to, since they are whole numbers that the model does
  /// something else with than reading tables at them or converting them.
  std::vector<std::string> unattributed;
  /// Fields that also decide what is held as it is: masks, comparisons.
  std::vector<std::string> held;
};

/// Gradients of predictions for single rows, by the entries of the pass `attribute-prediction`.
class Attributor {
public:
  /// `variable` answers parameters and states, as for runEntry.
  Attributor(tenon_context *context, const tenon_program &program,
             std::function<const OwnedTensor *(const tenon_binding &)> variable)
      : context(context), program(program), variable(std::move(variable)) {}

  /// The entries are there, and something to attribute to.
  Status check() const;
  std::vector<std::string> unattributed() const;
  std::vector<std::string> held() const;

  /// `fields`: the values of one row (batch 1), whole numbers and reals. The result's element
  /// `index` is explained. The baseline is the input of zeros: ids of padding, of unknown values.
  Result<Attribution> attribute(const std::vector<NamedTensor> &fields, int64_t index,
                                const AttributionOptions &options);

private:
  struct Input; // that derivatives are taken of
  Result<std::vector<Input>> inputs(const std::vector<NamedTensor> &fields);
  Result<std::vector<NamedTensor>> points(const std::vector<NamedTensor> &fields);
  Result<double> gradients(const std::vector<NamedTensor> &fields, std::vector<Input> &inputs,
                           int64_t index);
  Status accumulate(const std::vector<NamedTensor> &fields, std::vector<Input> &inputs,
                    int64_t index, const AttributionOptions &options);

  tenon_context *context;
  const tenon_program &program;
  std::function<const OwnedTensor *(const tenon_binding &)> variable;
};

/// Nodes and weights on [0, 1] of the rule of Gauss and Legendre with n points (Abramowitz and
/// Stegun, 25.4.30).
std::vector<std::pair<double, double>> gaussLegendre(int64_t n);

} // namespace tenon::train
